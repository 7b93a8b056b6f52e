"""Connecting a Bluesky account: both kinds of session, over the sandbox."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import httpx2 as httpx
import pytest
from flask import Flask
from joserfc.jwk import ECKey

from app.config import Config, ConfigError
from app.networks.base import Category, NetworkError
from app.networks.bluesky import Bluesky
from app.networks.bluesky_dpop import new_key
from app.networks.bluesky_oauth import client_metadata, jwks
from app.sandbox.store import Store
from tests.networks.bluesky_parts import CALLBACK, STATE, decided, signed_in


@pytest.fixture
def bluesky(http: httpx.Client, config: Config) -> Bluesky:
    return Bluesky(http, config)


def refusal(call: object, *args: object, **kwargs: object) -> NetworkError:
    with pytest.raises(NetworkError) as refused:
        call(*args, **kwargs)  # type: ignore[operator]
    return refused.value


# Servers
@pytest.mark.parametrize(
    ("typed", "server"),
    [
        ("", "http://127.0.0.1:8090/bluesky"),
        ("bsky.app", "http://127.0.0.1:8090/bluesky"),
        ("pds.example.org", "https://pds.example.org"),
        ("https://PDS.example.org/", "https://pds.example.org"),
        ("http://pds.example.org", "https://pds.example.org"),
        ("pds.example.org:8443", "https://pds.example.org:8443"),
        ("localhost:2583", "http://localhost:2583"),
        ("http://127.0.0.1:9000/bluesky", "http://127.0.0.1:9000/bluesky"),
    ],
)
def test_a_server_is_named_in_any_usual_way(bluesky: Bluesky, typed: str, server: str) -> None:
    assert bluesky.server(typed) == server


@pytest.mark.parametrize(
    "typed",
    ["ftp://pds.example.org", "https://me:pw@pds.example.org", "pds", "a b.example", "https://",
     "https://pds.example.org/path", "https://pds.example.org?x", "https://[::1", "x:99999999"],
)  # fmt: skip
def test_what_is_no_server_is_told(bluesky: Bluesky, typed: str) -> None:
    assert refusal(bluesky.server, typed).category is Category.VALIDATION


# App passwords
@pytest.mark.parametrize(
    "identifier", ["maya", "@Maya.bsky.social", "\u202amaya.bsky.social\u202c"]
)
def test_an_app_password_connects_the_account(bluesky: Bluesky, identifier: str) -> None:
    tokens = bluesky.login("", identifier, "sandbox-maya")
    (who,) = bluesky.identities(tokens, "")
    assert who.external_id.startswith("did:plc:") and who.handle == "maya.bsky.social"
    assert (who.name, who.server) == ("Maya", bluesky.entry)
    assert who.avatar_url.endswith("/_sandbox/avatar/maya.png")
    assert tokens.expires_at is not None and tokens.access not in repr(tokens)


def test_a_handle_of_an_own_domain_connects_too(bluesky: Bluesky) -> None:
    tokens = bluesky.login("", "cafe.example.com", "sandbox-cafe.example.com")
    assert bluesky.identities(tokens, "")[0].handle == "cafe.example.com"


def test_a_wrong_app_password_is_told_in_words(bluesky: Bluesky) -> None:
    error = refusal(bluesky.login, "", "maya", "sandbox-other")
    assert error.category is Category.AUTH_ERROR and not error.retryable
    assert "app password is not right" in error.message


def test_the_main_password_of_a_guarded_account_is_answered_with_advice(
    bluesky: Bluesky, http: httpx.Client
) -> None:
    http.post(
        "http://127.0.0.1:8090/_sandbox/accounts",
        json={"network": "bluesky", "handle": "maya", "extras": {"two_factor": True}},
    )
    error = refusal(bluesky.login, "", "maya", "maya-password")
    assert error.code == "AuthFactorTokenRequired" and "app password" in error.message


@pytest.mark.parametrize(
    ("status", "words"), [("takendown", "suspended"), ("deactivated", "deactivated")]
)
def test_an_account_that_may_not_post_is_not_connected(
    bluesky: Bluesky, http: httpx.Client, status: str, words: str
) -> None:
    tokens = bluesky.login("", "maya", "sandbox-maya")
    http.post(
        "http://127.0.0.1:8090/_sandbox/accounts",
        json={"network": "bluesky", "handle": "maya", "extras": {"status": status}},
    )
    error = refusal(bluesky.identities, tokens, "")
    assert error.category is Category.AUTH_ERROR and words in error.message


def test_a_refreshed_session_goes_on_and_an_ended_one_does_not(bluesky: Bluesky) -> None:
    app = bluesky.register("", CALLBACK)
    old = bluesky.login("", "maya", "sandbox-maya")
    fresh = bluesky.refresh(app, old, "")
    again = bluesky.refresh(app, old, "")  # as when the first answer was lost
    assert fresh.refresh == again.refresh != old.refresh
    assert bluesky.identities(fresh, "")[0].handle == "maya.bsky.social"
    bluesky.revoke(app, fresh, "")
    bluesky.revoke(app, fresh, "")
    error = refusal(bluesky.refresh, app, fresh, "")
    assert error.category is Category.AUTH_ERROR and not error.expired and not error.retryable


def test_an_expired_access_token_asks_for_one_refresh(bluesky: Bluesky, store: Store) -> None:
    tokens = bluesky.login("", "maya", "sandbox-maya")
    grant = store.grants.find("bluesky", "access", tokens.access)
    assert grant is not None
    grant.expires = 1.0
    error = refusal(bluesky.identities, tokens, "")
    assert (error.category, error.code, error.expired) == (
        Category.AUTH_ERROR,
        "ExpiredToken",
        True,
    )


def test_a_garbled_token_does_not_ask_for_a_refresh(bluesky: Bluesky) -> None:
    tokens = bluesky.login("", "maya", "sandbox-maya")
    error = refusal(bluesky.identities, replace(tokens, access="x.y.z"), "")
    assert (error.code, error.expired) == ("InvalidToken", False)


# OAuth
def test_consent_connects_the_account_that_agreed(bluesky: Bluesky) -> None:
    app, tokens = signed_in(bluesky)
    (who,) = bluesky.identities(tokens, "")
    assert (who.handle, who.server) == ("maya.bsky.social", bluesky.entry)
    assert tokens.scopes == ("atproto", "transition:generic")
    assert app.client_id.startswith("http://localhost?redirect_uri=http%3A%2F%2F127.0.0.1%3A8000")
    assert set(tokens.more) == {
        "dpop_key", "issuer", "token_endpoint", "revocation_endpoint", "did", "pds"
    }  # fmt: skip


def test_consent_may_begin_without_a_handle(bluesky: Bluesky) -> None:
    app = bluesky.register("", CALLBACK)
    asked = bluesky.authorize(app, server="", hint="", redirect_uri=CALLBACK, state=STATE)
    answer = decided(bluesky.xrpc.http, asked.url, "noor")
    assert answer["state"] == STATE
    tokens = bluesky.exchange(app, asked.keep, answer, CALLBACK)
    assert bluesky.identities(tokens, "")[0].handle == "noor.bsky.social"


def test_refusing_consent_is_told_as_that(bluesky: Bluesky) -> None:
    app = bluesky.register("", CALLBACK)
    asked = bluesky.authorize(app, server="", hint="maya", redirect_uri=CALLBACK, state=STATE)
    answer = decided(bluesky.xrpc.http, asked.url, "maya", "refuse")
    error = refusal(bluesky.exchange, app, asked.keep, answer, CALLBACK)
    assert error.category is Category.AUTH_ERROR and "did not allow" in error.message


@pytest.mark.parametrize("iss", [None, "https://elsewhere.example"])
def test_an_answer_of_another_issuer_is_not_taken(bluesky: Bluesky, iss: str | None) -> None:
    app = bluesky.register("", CALLBACK)
    asked = bluesky.authorize(app, server="", hint="maya", redirect_uri=CALLBACK, state=STATE)
    answer = decided(bluesky.xrpc.http, asked.url, "maya")
    answer.pop("iss")
    if iss:
        answer["iss"] = iss
    error = refusal(bluesky.exchange, app, asked.keep, answer, CALLBACK)
    assert "own server" in error.message


def test_a_server_that_claims_somebody_elses_account_is_not_believed(
    bluesky: Bluesky, store: Store, sandbox: Flask
) -> None:
    app = bluesky.register("", CALLBACK)
    asked = bluesky.authorize(app, server="", hint="maya", redirect_uri=CALLBACK, state=STATE)
    answer = decided(bluesky.xrpc.http, asked.url, "maya")
    # The directory now says that the account lives on a server with another issuer.
    elsewhere = {"issuer": "https://other.example", "authorization_endpoint": "https://other.example/a",
                 "token_endpoint": "https://other.example/t",
                 "pushed_authorization_request_endpoint": "https://other.example/p"}  # fmt: skip

    def moved(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/plc/"):
            did = request.url.path.removeprefix("/plc/")
            pds = {"id": "#atproto_pds", "serviceEndpoint": "https://other.example"}
            return httpx.Response(200, json={"id": did, "service": [pds]})
        if request.url.host == "other.example":
            if request.url.path.endswith("oauth-protected-resource"):
                return httpx.Response(
                    200, json={"authorization_servers": ["https://other.example"]}
                )
            return httpx.Response(200, json=elsewhere)
        return httpx.WSGITransport(app=sandbox).handle_request(request)

    other = Bluesky(httpx.Client(transport=httpx.MockTransport(moved)), bluesky.config)
    error = refusal(other.exchange, app, asked.keep, answer, CALLBACK)
    assert "own server" in error.message


def test_an_unknown_handle_is_told_before_anybody_leaves(bluesky: Bluesky) -> None:
    app = bluesky.register("", CALLBACK)
    for hint, words in (("nobody.example.com", "@nobody.example.com"), ("not a handle!", "whole")):
        error = refusal(
            bluesky.authorize, app, server="", hint=hint, redirect_uri=CALLBACK, state=STATE
        )
        assert error.category is Category.VALIDATION and words in error.message


def test_an_oauth_refresh_turns_both_tokens_over_and_a_replay_ends_the_session(
    bluesky: Bluesky,
) -> None:
    app, old = signed_in(bluesky)
    fresh = bluesky.refresh(app, old, "")
    assert bluesky.identities(fresh, "")[0].handle == "maya.bsky.social"
    for tokens in (old, fresh):
        error = refusal(bluesky.refresh, app, tokens, "")
        assert (error.category, error.code) == (Category.AUTH_ERROR, "invalid_grant")


def test_a_revoked_oauth_session_is_over(bluesky: Bluesky) -> None:
    app, tokens = signed_in(bluesky)
    bluesky.revoke(app, tokens, "")
    bluesky.revoke(app, tokens, "")
    # An expired token is told in the same words; the refresh tells which it was.
    assert refusal(bluesky.identities, tokens, "").expired
    assert not refusal(bluesky.refresh, app, tokens, "").expired


def test_a_nonce_that_became_stale_is_asked_for_once_more(bluesky: Bluesky, store: Store) -> None:
    _, tokens = signed_in(bluesky)
    store.table("bluesky.server").pop("nonces")
    assert bluesky.identities(tokens, "")[0].handle == "maya.bsky.social"


def test_tokens_are_of_no_use_without_their_key(bluesky: Bluesky) -> None:
    _, tokens = signed_in(bluesky)
    stolen = replace(tokens, more={**tokens.more, "dpop_key": new_key()})
    assert refusal(bluesky.identities, stolen, "").category is Category.AUTH_ERROR


# Who we are
def test_a_loopback_name_is_told_to_become_an_address(http: httpx.Client, config: Config) -> None:
    named = Bluesky(http, replace(config, APP_URL="http://localhost:8000"))
    error = refusal(named.register, "", "http://localhost:8000/oauth/bluesky/callback")
    assert "http://127.0.0.1:8000" in error.message and "app password" in error.message


def test_plain_http_in_a_network_offers_app_passwords(http: httpx.Client, config: Config) -> None:
    intranet = Bluesky(http, replace(config, APP_URL="http://carillon.intern"))
    error = refusal(intranet.register, "", "http://carillon.intern/oauth/bluesky/callback")
    assert error.category is Category.VALIDATION and "https" in error.message


def test_the_client_document_names_itself(config: Config) -> None:
    public = replace(config, APP_URL="https://social.example.org")
    found = client_metadata(public)
    assert found["client_id"] == "https://social.example.org/oauth/bluesky/client-metadata.json"
    assert found["redirect_uris"] == ["https://social.example.org/oauth/bluesky/callback"]
    assert found["dpop_bound_access_tokens"] is True


def test_without_a_key_of_its_own_an_installation_signs_with_one_made_of_its_secret(
    config: Config,
) -> None:
    one, other = (replace(config, SECRET_KEY=text * 32) for text in "ab")
    assert client_metadata(one)["token_endpoint_auth_method"] == "private_key_jwt"
    assert jwks(one) == jwks(replace(one)) != jwks(other)
    bare = replace(config, SECRET_KEY="")
    assert client_metadata(bare)["token_endpoint_auth_method"] == "none"
    assert jwks(bare) == {"keys": []}


def test_with_a_key_the_client_is_confidential_and_shows_the_public_half(config: Config) -> None:
    secret = new_key()
    public = replace(config, APP_URL="https://social.example.org", BLUESKY_CLIENT_KEY=secret)
    found = client_metadata(public)
    assert found["token_endpoint_auth_method"] == "private_key_jwt"
    assert found["jwks_uri"] == "https://social.example.org/oauth/bluesky/jwks.json"
    (key,) = jwks(public)["keys"]
    assert "d" not in key and key["x"] == json.loads(secret)["x"] and key["kid"]


@pytest.mark.parametrize(
    "key",
    ["nonsense", "{}", "[]", json.dumps(ECKey.generate_key("P-384").as_dict(private=True)),
     json.dumps(ECKey.generate_key("P-256").as_dict(private=False))],
)  # fmt: skip
def test_a_key_that_cannot_sign_is_a_clear_setting_error(config: Config, key: str) -> None:
    with pytest.raises(ConfigError, match="BLUESKY_CLIENT_KEY"):
        jwks(replace(config, BLUESKY_CLIENT_KEY=key))


@pytest.fixture(params=["own key", "made of the secret"])
def public(request: pytest.FixtureRequest, config: Config) -> Config:
    key = new_key() if request.param == "own key" else ""
    return replace(config, APP_URL="https://social.example.org", BLUESKY_CLIENT_KEY=key)


def test_a_confidential_client_signs_every_request(public: Config, http: httpx.Client) -> None:
    http.post(
        f"{public.network('bluesky').api_url}/oauth/clients",
        json={"document": client_metadata(public), "jwks": jwks(public)},
    )
    bluesky = Bluesky(http, public)
    callback = f"{public.APP_URL}/oauth/bluesky/callback"
    app = bluesky.register("", callback)
    asked = bluesky.authorize(app, server="", hint="maya", redirect_uri=callback, state=STATE)
    tokens = bluesky.exchange(app, asked.keep, decided(http, asked.url, "maya"), callback)
    fresh = bluesky.refresh(app, tokens, "")
    assert bluesky.identities(fresh, "")[0].handle == "maya.bsky.social"

    forged = Bluesky(http, replace(public, BLUESKY_CLIENT_KEY=new_key()))
    error = refusal(forged.refresh, app, fresh, "")
    assert error.code == "invalid_client"


def test_the_sandbox_has_its_own_directory_and_other_servers_the_public_one(
    tmp_path: Path,
) -> None:
    base = {"INSTANCE_DIR": str(tmp_path)}
    played = Config.from_env({**base, "SANDBOX_PORT": "8190"})
    assert played.PLC_URL == "http://127.0.0.1:8190/plc"
    own = Config.from_env({**base, "BLUESKY_API_URL": "https://pds.example.org"})
    assert own.PLC_URL == "https://plc.directory"
    named = Config.from_env({**base, "PLC_URL": "https://plc.example.org/"})
    assert named.PLC_URL == "https://plc.example.org"
