"""Connecting to Instagram by either login, renewing and letting go."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pytest
from flask import Response

from app.clock import now
from app.config import Config
from app.networks.base import AppKeys, Category, Consent, NetworkError, Tokens
from app.networks.instagram import Instagram
from app.networks.instagram_login import FACEBOOK_SCOPES, SCOPES
from app.sandbox import meta
from app.sandbox.store import Store
from tests.networks.instagram_helpers import BACK, BASE, consent, person


@pytest.fixture
def instagram(http: httpx.Client, config: Config) -> Instagram:
    return Instagram(http, config)


@pytest.fixture
def by_facebook(http: httpx.Client, tmp_path: Path) -> Instagram:
    return Instagram(http, facebook_config(tmp_path))


def facebook_config(folder: Path) -> Config:
    return Config.from_env(
        {
            "INSTANCE_DIR": str(folder), "INSTAGRAM_LOGIN": "facebook",
            "FACEBOOK_CLIENT_ID": "sandbox-facebook", "FACEBOOK_API_URL": BASE,
            "FACEBOOK_CLIENT_SECRET": "sandbox-facebook-secret", "FACEBOOK_AUTH_URL": BASE,
        }
    )  # fmt: skip


def begin(instagram: Instagram) -> tuple[AppKeys, Consent]:
    app = instagram.register("", BACK)
    found = instagram.authorize(app, server="", hint="", redirect_uri=BACK, state="s" * 43)
    return app, found


def connect(instagram: Instagram, http: httpx.Client, handle: str = "carol") -> Tokens:
    app, begun = begin(instagram)
    answer = consent(http, begun.url, handle)
    assert answer["state"] == "s" * 43
    return instagram.exchange(app, begun.keep, answer, BACK)


def test_a_consent_becomes_a_token_for_60_days_and_one_account(
    instagram: Instagram, http: httpx.Client
) -> None:
    tokens = connect(instagram, http)
    assert set(tokens.scopes) == set(SCOPES)
    # Renewed from the middle of its life on.
    assert tokens.refresh and tokens.expires_at is not None
    assert timedelta(days=29) < tokens.expires_at - now() < timedelta(days=31)
    (found,) = instagram.identities(tokens, "")
    assert (found.handle, found.note, found.tokens) == ("carol", "", None)
    assert found.external_id.startswith("1784") and found.url == f"{BASE}/carol/"
    assert found.extras == {"login": "instagram", "account_type": "BUSINESS",
                            "followers_count": 120}  # fmt: skip


def test_the_address_asks_for_the_scopes_between_commas(instagram: Instagram) -> None:
    query = parse_qs(urlsplit(begin(instagram)[1].url).query)
    assert query["scope"] == [",".join(SCOPES)] and "code_challenge" not in query


def test_a_renewed_token_works_and_keeps_its_scopes(
    instagram: Instagram, http: httpx.Client, store: Store
) -> None:
    tokens = connect(instagram, http)
    app = instagram.register("", BACK)
    with pytest.raises(NetworkError):  # not a day old yet
        instagram.refresh(app, tokens, "")
    grant = store.grants.find("instagram", "access", tokens.access)
    assert grant is not None
    grant.extras["at"] = time.time() - 90_000
    fresh = instagram.refresh(app, tokens, "")
    assert fresh.access != tokens.access and set(fresh.scopes) == set(SCOPES)
    assert instagram.identities(fresh, "")[0].handle == "carol"
    grant.expires = time.time() - 1
    with pytest.raises(NetworkError) as told:
        instagram.refresh(app, tokens, "")
    assert (told.value.category, told.value.retryable) == (Category.AUTH_ERROR, False)


@pytest.mark.parametrize("way", ["instagram", "facebook"])
def test_whoever_refuses_is_told_that_nothing_was_connected(
    way: str, instagram: Instagram, by_facebook: Instagram, http: httpx.Client
) -> None:
    network = by_facebook if way == "facebook" else instagram
    app, begun = begin(network)
    answer = consent(http, begun.url, "carol", decision="refuse")
    with pytest.raises(NetworkError, match="did not allow") as told:
        network.exchange(app, begun.keep, answer, BACK)
    assert told.value.category is Category.AUTH_ERROR


@pytest.mark.parametrize("way", ["instagram", "facebook"])
def test_a_code_works_once_and_only_for_its_redirect_address(
    way: str, instagram: Instagram, by_facebook: Instagram, http: httpx.Client
) -> None:
    network = by_facebook if way == "facebook" else instagram
    app, begun = begin(network)
    answer = consent(http, begun.url, "carol")
    network.exchange(app, begun.keep, answer, BACK)
    other = consent(http, begun.url, "carol")
    for again, uri in ((answer, BACK), (other, BACK + "/x")):
        with pytest.raises(NetworkError) as told:
            network.exchange(app, begun.keep, again, uri)
        assert (told.value.category, told.value.retryable) == (Category.AUTH_ERROR, False)
        assert again["code"] not in told.value.message + told.value.raw


def test_a_wrong_app_secret_is_said_to_be_the_operator_s(
    instagram: Instagram, http: httpx.Client
) -> None:
    app, begun = begin(instagram)
    answer = consent(http, begun.url, "carol")
    with pytest.raises(NetworkError, match="operator"):
        instagram.exchange(AppKeys(app.client_id, "wrong"), begun.keep, answer, BACK)


def test_the_code_s_tail_and_a_wrapped_answer_are_understood(
    instagram: Instagram, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, begun = begin(instagram)
    answer = consent(http, begun.url, "carol")

    def wrapped(body: Any, status: int = 200) -> Response:
        return meta.say({"data": [body]} if "user_id" in body else body, status)

    monkeypatch.setattr("app.sandbox.instagram.login.say", wrapped)
    tokens = instagram.exchange(app, begun.keep, {**answer, "code": answer["code"] + "#_"}, BACK)
    assert set(tokens.scopes) == set(SCOPES)


def test_a_personal_account_cannot_be_connected(
    instagram: Instagram, http: httpx.Client, store: Store
) -> None:
    store.accounts.get("instagram", "paul").extras["account_type"] = "PERSONAL"
    with pytest.raises(NetworkError) as told:
        instagram.identities(Tokens("sandbox-paul"), "")
    assert told.value.category is Category.AUTH_ERROR
    with pytest.raises(AssertionError, match="professional account"):
        consent(http, begin(instagram)[1].url, "paul")


def test_without_keys_the_operator_is_told_which(http: httpx.Client, tmp_path: Path) -> None:
    env = {"INSTANCE_DIR": str(tmp_path), "SANDBOX": "0", "SECRET_KEY": "k" * 40,
           "ENCRYPTION_KEYS": "k1:x"}  # fmt: skip
    for way in ("instagram", "facebook"):
        network = Instagram(http, Config.from_env({**env, "INSTAGRAM_LOGIN": way}))
        with pytest.raises(NetworkError, match=f"{way.upper()}_CLIENT_ID") as told:
            network.register("", BACK)
        assert told.value.code == "not_configured"


def test_the_facebook_login_finds_every_linked_account_with_its_page_s_token(
    by_facebook: Instagram, http: httpx.Client, store: Store
) -> None:
    extras = store.accounts.get("instagram", "carol").extras
    extras |= {"pages": 5, "page_size": 2, "tasks": ["ANALYZE"]}
    tokens = connect(by_facebook, http)
    assert set(tokens.scopes) == set(FACEBOOK_SCOPES)
    (found,) = by_facebook.identities(tokens, "")  # the other four Pages have none
    assert found.handle == "carol" and "does not let you publish" in found.note
    assert found.tokens is not None and found.tokens.expires_at is None
    assert found.tokens.access != tokens.access
    # The stored Page token is its own health check.
    (again,) = by_facebook.identities(found.tokens, "")
    assert (again.external_id, again.tokens) == (found.external_id, None)
    with pytest.raises(NetworkError, match="Connect the account again"):
        by_facebook.refresh(by_facebook.register("", BACK), found.tokens, "")


def test_the_sandbox_plays_the_facebook_login_without_any_settings(
    http: httpx.Client, tmp_path: Path
) -> None:
    env = {"INSTANCE_DIR": str(tmp_path), "INSTAGRAM_LOGIN": "facebook"}
    network = Instagram(http, Config.from_env(env))
    (found,) = network.identities(connect(network, http), "")
    assert found.handle == "carol" and found.tokens is not None


def test_letting_go_ends_a_person_s_token_but_not_that_of_another_account(
    by_facebook: Instagram, http: httpx.Client
) -> None:
    app = by_facebook.register("", BACK)
    person_s = connect(by_facebook, http)
    page_s = by_facebook.identities(person_s, "")[0].tokens
    assert page_s is not None
    by_facebook.revoke(app, page_s, "")
    assert by_facebook.identities(page_s, "")
    longer = by_facebook.refresh(app, person_s, "")
    assert longer.access != person_s.access
    by_facebook.revoke(app, person_s, "")
    by_facebook.revoke(app, person_s, "")
    for tokens in (person_s, page_s):
        with pytest.raises(NetworkError) as told:
            by_facebook.identities(tokens, "")
        assert told.value.category is Category.AUTH_ERROR


def test_an_account_keeps_its_login_when_the_installation_changes_it(
    instagram: Instagram, by_facebook: Instagram
) -> None:
    account = person(instagram)
    assert not by_facebook.capabilities(account.extras).deletes
    assert by_facebook.capabilities({}).deletes


def test_pasted_tokens_stay_alive_when_an_account_is_disconnected(instagram: Instagram) -> None:
    tokens = Tokens("sandbox-alice")
    instagram.revoke(AppKeys(""), tokens, "")
    assert instagram.identities(tokens, "")[0].handle == "alice"
