"""Connecting X: consent, code, refresh, revoke, who it is."""

from datetime import timedelta

import httpx2 as httpx
import pytest
import time_machine

from app.clock import now
from app.config import Config, NetworkSettings
from app.networks.base import AppKeys, Category, NetworkError, Tokens
from app.networks.x import X
from app.sandbox.store import Store
from tests.networks.x_helpers import BACK, consent


@pytest.fixture
def x(http: httpx.Client, config: Config) -> X:
    return X(http, config)


@pytest.fixture
def keys(x: X) -> AppKeys:
    return x.register("", BACK)


def connect(x: X, http: httpx.Client, keys: AppKeys, handle: str = "alice") -> Tokens:
    begun = x.authorize(keys, server="", hint="", redirect_uri=BACK, state="s" * 43)
    answer = consent(http, begun.url, handle)
    assert answer["state"] == "s" * 43
    return x.exchange(keys, begun.keep, answer, BACK)


def test_a_person_connects_through_the_consent_page(
    x: X, http: httpx.Client, keys: AppKeys
) -> None:
    tokens = connect(x, http, keys)
    assert tokens.refresh and set(tokens.scopes) >= {"tweet.write", "media.write"}
    assert tokens.expires_at is not None
    assert timedelta(hours=1.9) < tokens.expires_at - now() <= timedelta(hours=2)
    (me,) = x.identities(tokens, "")
    assert (me.handle, me.name) == ("alice", "Alice")
    assert me.external_id.isdigit() and me.url.endswith("/x/alice")
    assert me.extras["subscription_type"] == "None" and me.extras["verified"] is False


def test_the_consent_page_says_who_asks_for_what(x: X, http: httpx.Client, keys: AppKeys) -> None:
    url = x.authorize(keys, server="", hint="", redirect_uri=BACK, state="s").url
    page = http.get(url)
    assert "Allow Carillon to use your X account?" in page.text
    assert "Post and repost for you" in page.text and "media.write" in page.text
    assert "form-action 'self' http://127.0.0.1:8000" in page.headers["content-security-policy"]


def test_refusing_is_said_plainly(x: X, http: httpx.Client, keys: AppKeys) -> None:
    begun = x.authorize(keys, server="", hint="", redirect_uri=BACK, state="s")
    answer = consent(http, begun.url, "alice", decision="refuse")
    with pytest.raises(NetworkError, match="did not allow") as told:
        x.exchange(keys, begun.keep, answer, BACK)
    assert told.value.category is Category.AUTH_ERROR


def test_a_code_is_good_once_and_its_second_use_ends_what_it_gave(
    x: X, http: httpx.Client, keys: AppKeys
) -> None:
    begun = x.authorize(keys, server="", hint="", redirect_uri=BACK, state="s")
    answer = consent(http, begun.url, "alice")
    tokens = x.exchange(keys, begun.keep, answer, BACK)
    with pytest.raises(NetworkError) as told:
        x.exchange(keys, begun.keep, answer, BACK)
    assert (told.value.category, told.value.code) == (Category.AUTH_ERROR, "invalid_request")
    with pytest.raises(NetworkError) as told:
        x.identities(tokens, "")
    assert told.value.expired


def test_a_code_lives_thirty_seconds(x: X, http: httpx.Client, keys: AppKeys) -> None:
    begun = x.authorize(keys, server="", hint="", redirect_uri=BACK, state="s")
    answer = consent(http, begun.url, "alice")
    with time_machine.travel(now() + timedelta(seconds=31)), pytest.raises(NetworkError) as told:
        x.exchange(keys, begun.keep, answer, BACK)
    assert told.value.category is Category.AUTH_ERROR


@pytest.mark.parametrize("spoiled", ["verifier", "redirect"])
def test_the_verifier_and_the_address_must_be_the_ones_of_the_beginning(
    x: X, http: httpx.Client, keys: AppKeys, spoiled: str
) -> None:
    begun = x.authorize(keys, server="", hint="", redirect_uri=BACK, state="s")
    answer = consent(http, begun.url, "alice")
    keep = {"verifier": "v" * 64} if spoiled == "verifier" else begun.keep
    with pytest.raises(NetworkError) as told:
        x.exchange(keys, keep, answer, BACK + ("x" if spoiled == "redirect" else ""))
    assert told.value.category is Category.AUTH_ERROR


def test_refreshing_gives_a_new_pair_and_kills_the_old_refresh_token(
    x: X, http: httpx.Client, keys: AppKeys
) -> None:
    first = connect(x, http, keys)
    second = x.refresh(keys, first, "")
    assert second.access != first.access and second.refresh != first.refresh
    assert x.identities(second, "")[0].handle == "alice"
    with pytest.raises(NetworkError) as told:
        x.refresh(keys, first, "")
    assert (told.value.category, told.value.retryable) == (Category.AUTH_ERROR, False)


def test_an_access_token_ends_after_two_hours(x: X, http: httpx.Client, keys: AppKeys) -> None:
    tokens = connect(x, http, keys)
    with time_machine.travel(now() + timedelta(hours=2, seconds=1)):
        with pytest.raises(NetworkError) as told:
            x.identities(tokens, "")
        assert told.value.expired
        assert x.identities(x.refresh(keys, tokens, ""), "")[0].handle == "alice"


def test_revoking_ends_both_tokens_and_may_be_repeated(
    x: X, http: httpx.Client, keys: AppKeys
) -> None:
    tokens = connect(x, http, keys)
    x.revoke(keys, tokens, "")
    x.revoke(keys, tokens, "")
    with pytest.raises(NetworkError):
        x.identities(tokens, "")
    with pytest.raises(NetworkError):
        x.refresh(keys, tokens, "")


def test_a_wrong_secret_is_the_operators_trouble(x: X, http: httpx.Client, keys: AppKeys) -> None:
    tokens = connect(x, http, keys)
    with pytest.raises(NetworkError, match="operator") as told:
        x.refresh(AppKeys(keys.client_id, "wrong"), tokens, "")
    assert told.value.code == "unauthorized_client"


def test_a_client_without_a_secret_connects_too(http: httpx.Client, config: Config) -> None:
    at = config.network("twitter")
    public = NetworkSettings("sandbox-twitter-public", "", at.api_url, at.auth_url)
    x = X(http, Config(networks={"twitter": public}))
    keys = x.register("", BACK)
    tokens = connect(x, http, keys, "bob")
    assert x.identities(x.refresh(keys, tokens, ""), "")[0].handle == "bob"
    x.revoke(keys, tokens, "")


def test_without_an_app_the_operator_is_told_what_to_set(http: httpx.Client) -> None:
    x = X(http, Config(networks={"twitter": NetworkSettings(api_url="https://api.x.com")}))
    with pytest.raises(NetworkError, match="X_CLIENT_ID") as told:
        x.register("", BACK)
    assert told.value.category is Category.VALIDATION


def test_a_pasted_token_cannot_be_refreshed_and_is_left_alone(x: X, keys: AppKeys) -> None:
    pasted = Tokens("sandbox-alice")
    with pytest.raises(NetworkError, match="Connect the account again"):
        x.refresh(keys, pasted, "")
    x.revoke(AppKeys(""), pasted, "")
    assert x.identities(pasted, "")[0].handle == "alice"


def test_an_invented_token_is_refused(x: X) -> None:
    with pytest.raises(NetworkError) as told:
        x.identities(Tokens("invented"), "")
    assert (told.value.category, told.value.expired) == (Category.AUTH_ERROR, True)


def test_passwords_are_not_a_way_in(x: X) -> None:
    with pytest.raises(NetworkError):
        x.login("", "alice", "secret")
    assert x.ways == ("oauth", "token")


def test_a_subscription_is_kept_with_the_account(x: X, store: Store) -> None:
    store.accounts.get("twitter", "rich").extras["subscription_type"] = "Premium"
    extras = x.identities(Tokens("sandbox-rich"), "")[0].extras
    assert x.capabilities(extras).text_limit == 25_000
    assert x.capabilities(extras).max_video_seconds == 4 * 3600


@pytest.mark.parametrize("fault", ["http_500", "http_429"])
def test_trouble_at_the_token_endpoint_is_not_the_persons(
    x: X, http: httpx.Client, keys: AppKeys, store: Store, fault: str
) -> None:
    tokens = connect(x, http, keys)
    store.faults.order({"network": "twitter", "operation": "token", "fault": fault})
    with pytest.raises(NetworkError) as told:
        x.refresh(keys, tokens, "")
    assert told.value.retryable
    assert told.value.category in (Category.NETWORK_ERROR, Category.RATE_LIMITED)
    assert x.refresh(keys, tokens, "").access
