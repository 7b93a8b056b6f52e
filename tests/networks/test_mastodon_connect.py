"""Connecting: registration, consent, tokens, whom they act for (§1)."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pytest

from app.config import Config
from app.networks import cls
from app.networks.base import AppKeys, Category, NetworkError, Tokens
from app.networks.mastodon import Mastodon
from app.sandbox.store import Store
from tests.networks.mastodon_helpers import CALLBACK, Canned, agree, fault

SANDBOX = "http://127.0.0.1:8090/mastodon"
ELSEWHERE = "http://127.0.0.1:9999/mastodon"  # the same room, but not the configured server


@pytest.fixture
def client(http: httpx.Client, config: Config) -> Mastodon:
    return Mastodon(http, config)


@pytest.fixture
def keys(client: Mastodon) -> AppKeys:
    return client.register(ELSEWHERE, CALLBACK)


def walk(client: Mastodon, keys: AppKeys, handle: str = "ana") -> Tokens:
    consent = client.authorize(keys, server=ELSEWHERE, hint="", redirect_uri=CALLBACK, state="s-1")
    answer = agree(client.http, consent.url, handle)
    assert answer["state"] == "s-1"
    return client.exchange(keys, consent.keep, answer, CALLBACK)


def refused(client: Mastodon, *args: object) -> NetworkError:
    with pytest.raises(NetworkError) as caught:
        client.exchange(*args)  # type: ignore[arg-type]
    assert caught.value.category is Category.AUTH_ERROR
    assert not caught.value.retryable
    return caught.value


def test_the_network_is_found_by_its_name() -> None:
    assert cls("mastodon") is Mastodon
    assert (Mastodon.title, Mastodon.user_hosts) == ("Mastodon", True)
    assert Mastodon.ways == ("oauth", "token")


def test_a_whole_walk_ends_with_an_account(client: Mastodon, keys: AppKeys) -> None:
    tokens = walk(client, keys)
    assert (tokens.refresh, tokens.expires_at) == ("", None)
    who = client.identities(tokens, ELSEWHERE)[0]
    assert who.external_id.endswith("@127.0.0.1:9999")
    assert (who.handle, who.name, who.server) == ("ana@mastodon.sandbox", "Ana", ELSEWHERE)
    assert who.extras["software"] == "mastodon"
    assert who.extras["configuration"]["statuses"]["max_characters"] == 500
    assert who.avatar_url.endswith("/_sandbox/avatar/ana.png")


def test_the_sandboxs_own_app_walks_too(client: Mastodon) -> None:
    keys = client.register(SANDBOX, CALLBACK)
    assert keys.client_id == "sandbox-mastodon"
    consent = client.authorize(keys, server=SANDBOX, hint="", redirect_uri=CALLBACK, state="s")
    tokens = client.exchange(keys, consent.keep, agree(client.http, consent.url, "bob"), CALLBACK)
    assert client.identities(tokens, SANDBOX)[0].handle == "bob@mastodon.sandbox"


def test_an_app_is_registered_for_a_server_and_an_address(client: Mastodon, store: Store) -> None:
    keys = client.register(ELSEWHERE, CALLBACK)
    ((_, row),) = store.table("mastodon.apps").items()
    assert (row["name"], row["redirect_uris"]) == ("Carillon", [CALLBACK])
    assert row["scopes"] == ["profile", "read:statuses", "write:statuses", "write:media"]
    assert keys.more["scopes"] == " ".join(row["scopes"])
    assert (keys.client_id, keys.client_secret) == (row["client_id"], row["client_secret"])


def test_consent_is_asked_with_state_and_pkce(client: Mastodon, keys: AppKeys) -> None:
    consent = client.authorize(keys, server=ELSEWHERE, hint="", redirect_uri=CALLBACK, state="st")
    query = {k: v[0] for k, v in parse_qs(urlsplit(consent.url).query).items()}
    assert query["state"] == "st"
    assert query["code_challenge_method"] == "S256"
    assert query["scope"] == keys.more["scopes"]
    assert query["redirect_uri"] == CALLBACK
    assert consent.keep["verifier"] not in consent.url


def test_pkce_is_sent_to_older_servers_as_well(client: Mastodon, store: Store) -> None:
    store.table("mastodon.server").put("is", {"lacks": ["metadata", "v2"], "version": "4.0.2"})
    keys = client.register(ELSEWHERE, CALLBACK)
    consent = client.authorize(keys, server=ELSEWHERE, hint="", redirect_uri=CALLBACK, state="s")
    assert "code_challenge=" in consent.url
    assert "read%3Aaccounts" in consent.url
    tokens = client.exchange(keys, consent.keep, agree(client.http, consent.url, "ana"), CALLBACK)
    assert client.identities(tokens, ELSEWHERE)[0].extras["version"] == "4.0.2"


def test_a_person_who_refuses_connects_nothing(client: Mastodon, keys: AppKeys) -> None:
    consent = client.authorize(keys, server=ELSEWHERE, hint="", redirect_uri=CALLBACK, state="s")
    answer = agree(client.http, consent.url, "ana", "refuse")
    error = refused(client, keys, consent.keep, answer, CALLBACK)
    assert error.code == "access_denied"
    assert "did not allow" in error.message


def test_a_code_works_once(client: Mastodon, keys: AppKeys) -> None:
    consent = client.authorize(keys, server=ELSEWHERE, hint="", redirect_uri=CALLBACK, state="s")
    answer = agree(client.http, consent.url, "ana")
    tokens = client.exchange(keys, consent.keep, answer, CALLBACK)
    error = refused(client, keys, consent.keep, answer, CALLBACK)
    assert error.code == "invalid_grant"
    with pytest.raises(NetworkError):  # and what came of it has ended (RFC 6749 §4.1.2)
        client.identities(tokens, ELSEWHERE)


def test_a_wrong_verifier_is_refused(client: Mastodon, keys: AppKeys) -> None:
    consent = client.authorize(keys, server=ELSEWHERE, hint="", redirect_uri=CALLBACK, state="s")
    answer = agree(client.http, consent.url, "ana")
    keep = {**consent.keep, "verifier": "x" * 64}
    assert refused(client, keys, keep, answer, CALLBACK).code == "invalid_grant"


def test_another_redirect_address_is_refused(client: Mastodon, keys: AppKeys) -> None:
    consent = client.authorize(keys, server=ELSEWHERE, hint="", redirect_uri=CALLBACK, state="s")
    answer = agree(client.http, consent.url, "ana")
    other = CALLBACK + "/other"
    assert refused(client, keys, consent.keep, answer, other).code == "invalid_grant"


def test_a_forgotten_registration_is_told_by_its_code(
    client: Mastodon, keys: AppKeys, store: Store
) -> None:
    consent = client.authorize(keys, server=ELSEWHERE, hint="", redirect_uri=CALLBACK, state="s")
    answer = agree(client.http, consent.url, "ana")
    store.table("mastodon.apps").pop(keys.client_id)
    assert refused(client, keys, consent.keep, answer, CALLBACK).code == "invalid_client"


def test_an_answer_of_another_server_is_refused(client: Mastodon, keys: AppKeys) -> None:
    consent = client.authorize(keys, server=ELSEWHERE, hint="", redirect_uri=CALLBACK, state="s")
    answer = {**agree(client.http, consent.url, "ana"), "iss": "https://evil.example"}
    assert refused(client, keys, consent.keep, answer, CALLBACK).code == "iss"
    same = {**answer, "iss": ELSEWHERE + "/"}
    assert client.exchange(keys, consent.keep, same, CALLBACK).access


def test_a_token_that_may_not_post_is_refused(config: Config) -> None:
    said = {"access_token": "t" * 20, "token_type": "Bearer", "scope": "profile"}
    client = Mastodon(Canned({"POST /oauth/token": (200, {}, said)}).http(), config)
    keep = {"verifier": "v" * 64, "server": "https://m.example"}
    assert refused(client, AppKeys("i", "s"), keep, {"code": "c"}, CALLBACK).code == "scope"


def test_a_token_endpoint_that_fails_is_not_called_a_refusal(
    client: Mastodon, keys: AppKeys, http: httpx.Client
) -> None:
    consent = client.authorize(keys, server=ELSEWHERE, hint="", redirect_uri=CALLBACK, state="s")
    answer = agree(client.http, consent.url, "ana")
    for kind, category in (
        ("http_500", Category.UNKNOWN), ("http_429", Category.RATE_LIMITED),
        ("revoked", Category.AUTH_ERROR),
    ):  # fmt: skip
        fault(http, "token", kind)
        with pytest.raises(NetworkError) as caught:
            client.exchange(keys, consent.keep, answer, CALLBACK)
        assert caught.value.category is category
    assert client.exchange(keys, consent.keep, answer, CALLBACK).access


def test_a_pasted_token_is_looked_at(client: Mastodon) -> None:
    who = client.identities(Tokens("sandbox-ana"), SANDBOX)
    assert [w.handle for w in who] == ["ana@mastodon.sandbox"]


def test_a_wrong_token_is_an_auth_error(client: Mastodon) -> None:
    with pytest.raises(NetworkError) as caught:
        client.identities(Tokens("nonsense"), SANDBOX)
    error = caught.value
    assert (error.category, error.status, error.expired) == (Category.AUTH_ERROR, 401, False)


def test_a_frozen_account_is_an_auth_error(client: Mastodon, store: Store) -> None:
    store.accounts.get("mastodon", "ana").extras["disabled"] = True
    with pytest.raises(NetworkError) as caught:
        client.identities(Tokens("sandbox-ana"), SANDBOX)
    assert (caught.value.category, caught.value.status) == (Category.AUTH_ERROR, 403)


def test_accounts_of_two_servers_are_two_accounts(client: Mastodon) -> None:
    one = client.identities(Tokens("sandbox-ana"), SANDBOX)[0]
    other = client.identities(Tokens("sandbox-ana"), ELSEWHERE)[0]
    assert one.external_id != other.external_id


def test_revoking_ends_the_token(client: Mastodon, keys: AppKeys) -> None:
    tokens = walk(client, keys)
    client.revoke(keys, tokens, ELSEWHERE)
    with pytest.raises(NetworkError) as caught:
        client.identities(tokens, ELSEWHERE)
    assert caught.value.status == 401
    client.revoke(keys, tokens, ELSEWHERE)  # once more is no error


def test_a_pasted_token_is_not_revoked_for_its_owner(client: Mastodon) -> None:
    client.revoke(AppKeys(""), Tokens("sandbox-ana"), SANDBOX)
    client.revoke(
        AppKeys("sandbox-mastodon", "sandbox-mastodon-secret"), Tokens("sandbox-ana"), SANDBOX
    )
    assert client.identities(Tokens("sandbox-ana"), SANDBOX)


def test_revoking_says_so_when_the_server_is_away(config: Config) -> None:
    client = Mastodon(Canned({"POST /oauth/revoke": (502, {}, "")}).http(), config)
    with pytest.raises(NetworkError) as caught:
        client.revoke(AppKeys("i", "s"), Tokens("t"), "https://m.example")
    assert caught.value.category is Category.NETWORK_ERROR


def test_there_is_nothing_to_refresh_and_no_password(client: Mastodon, keys: AppKeys) -> None:
    with pytest.raises(NetworkError) as caught:
        client.refresh(keys, Tokens("t"), ELSEWHERE)
    assert (caught.value.category, caught.value.code) == (Category.AUTH_ERROR, "no_refresh")
    with pytest.raises(NetworkError) as caught:
        client.login(ELSEWHERE, "ana", "password")
    assert caught.value.category is Category.VALIDATION


def test_a_server_that_registers_nobody_is_told_in_words(config: Config) -> None:
    document = (200, {}, {"version": "4.5.0"})
    for reply in [(422, {}, {"error": "no"}), (404, {}, "no"), (200, {}, {"id": "1"})]:
        canned = Canned({"GET /api/v2/instance": document, "POST /api/v1/apps": reply})
        with pytest.raises(NetworkError) as caught:
            Mastodon(canned.http(), config).register("https://m.example", CALLBACK)
        assert (caught.value.category, caught.value.code) == (Category.VALIDATION, "registration")


def test_secrets_show_nowhere(client: Mastodon, keys: AppKeys) -> None:
    tokens = walk(client, keys)
    consent = client.authorize(keys, server=ELSEWHERE, hint="", redirect_uri=CALLBACK, state="s")
    shown = repr((tokens, keys, consent))
    for secret in (tokens.access, keys.client_secret, consent.keep["verifier"]):
        assert secret not in shown
