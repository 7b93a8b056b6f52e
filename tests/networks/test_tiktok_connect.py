"""Connecting TikTok: consent, code, refresh, revoke, who it is and what it may do."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import httpx2 as httpx
import pytest
import time_machine

from app.clock import now
from app.config import Config, NetworkSettings
from app.networks import NETWORKS, build
from app.networks.base import AppKeys, Category, NetworkError, Tokens
from app.networks.tiktok import TikTok
from app.networks.tiktok_oauth import challenge
from app.sandbox.store import Store
from tests.networks.tiktok_fixtures import sandbox, store, tiktok, wire
from tests.networks.tiktok_helpers import BACK, HERE, consent

__all__ = ["sandbox", "store", "tiktok", "wire"]


@pytest.fixture
def keys(tiktok: TikTok) -> AppKeys:
    return tiktok.register("", BACK)


def connect(
    tiktok: TikTok, http: httpx.Client, keys: AppKeys, back: str = BACK, handle: str = "alice"
) -> Tokens:
    begun = tiktok.authorize(keys, server="", hint="", redirect_uri=back, state="s" * 43)
    answer = consent(http, begun.url, handle)
    assert answer["state"] == "s" * 43
    return tiktok.exchange(keys, begun.keep, answer, back)


@pytest.mark.parametrize("back", [BACK, HERE])
def test_a_person_connects_through_the_consent_page(
    tiktok: TikTok, http: httpx.Client, keys: AppKeys, back: str
) -> None:
    tokens = connect(tiktok, http, keys, back)
    assert tokens.refresh.startswith("rft.") and "video.publish" in tokens.scopes
    assert tokens.expires_at is not None
    assert timedelta(hours=23.9) < tokens.expires_at - now() <= timedelta(hours=24)
    (me,) = tiktok.identities(tokens, "")
    assert (me.handle, me.name, me.note) == ("alice", "Alice", "")
    assert me.external_id.startswith("-000") and me.url.endswith("/tiktok/@alice")
    assert me.extras == {
        "creator_nickname": "Alice", "creator_username": "alice", "comment_disabled": False,
        "duet_disabled": False, "stitch_disabled": False, "max_video_post_duration_sec": 600,
        "privacy_level_options": ["PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"],
        "scopes": list(tokens.scopes),
    }  # fmt: skip
    assert "video.upload" in tokens.scopes


def test_pkce_is_tiktoks_own_and_only_for_this_machine(tiktok: TikTok, keys: AppKeys) -> None:
    here = tiktok.authorize(keys, server="", hint="", redirect_uri=HERE, state="s")
    asked = dict(parse_qsl(urlsplit(here.url).query))
    assert asked["client_key"] == keys.client_id and "," in asked["scope"]
    assert asked["code_challenge"] == challenge(here.keep["verifier"])
    # RFC 7636's own verifier, its digest in hex
    assert challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").startswith("13d31e961a1ad8ec")
    away = tiktok.authorize(keys, server="", hint="", redirect_uri=BACK, state="s")
    assert "code_challenge" not in away.url and not away.keep


@pytest.mark.parametrize("spoiled", ["verifier", "redirect", "used"])
def test_a_code_goes_once_to_who_asked_for_it(
    tiktok: TikTok, http: httpx.Client, keys: AppKeys, spoiled: str
) -> None:
    begun = tiktok.authorize(keys, server="", hint="", redirect_uri=HERE, state="s")
    answer = consent(http, begun.url)
    keep = {"verifier": "v" * 64} if spoiled == "verifier" else begun.keep
    if spoiled == "used":
        tiktok.exchange(keys, keep, answer, HERE)
    with pytest.raises(NetworkError) as told:
        tiktok.exchange(keys, keep, answer, HERE + ("x" if spoiled == "redirect" else ""))
    assert (told.value.category, told.value.code) == (Category.AUTH_ERROR, "invalid_grant")


def test_refusing_is_said_plainly(tiktok: TikTok, http: httpx.Client, keys: AppKeys) -> None:
    begun = tiktok.authorize(keys, server="", hint="", redirect_uri=BACK, state="s")
    answer = consent(http, begun.url, decision="refuse")
    with pytest.raises(NetworkError, match="did not allow"):
        tiktok.exchange(keys, begun.keep, answer, BACK)


def test_a_person_may_tick_less(
    tiktok: TikTok, http: httpx.Client, keys: AppKeys, store: Store
) -> None:
    extras = store.accounts.get("tiktok", "alice").extras
    extras["grants"] = "user.info.basic"
    with pytest.raises(NetworkError, match="permission to post is missing"):
        connect(tiktok, http, keys)
    extras["grants"] = "user.info.basic,video.publish"
    tokens = connect(tiktok, http, keys)
    (me,) = tiktok.identities(tokens, "")
    assert me.handle == "alice"  # by the creator info: the profile was not ticked
    assert tiktok.identities(replace(tokens, scopes=()), "")[0].handle == "alice"


def test_an_account_that_may_not_post_now_can_be_connected(tiktok: TikTok, store: Store) -> None:
    store.accounts.get("tiktok", "alice").extras["refuse"] = "spam_risk_too_many_posts"
    assert tiktok.identities(Tokens("sandbox-alice"), "")[0].extras == {}


def test_refreshing_gives_a_new_pair_and_its_refusal_comes_with_status_200(
    tiktok: TikTok, http: httpx.Client, keys: AppKeys
) -> None:
    first = connect(tiktok, http, keys)
    with time_machine.travel(now() + timedelta(hours=24, seconds=1)):
        with pytest.raises(NetworkError) as told:
            tiktok.identities(first, "")
        assert told.value.expired
        second = tiktok.refresh(keys, first, "")
        assert second.refresh != first.refresh and second.scopes == first.scopes
        assert tiktok.identities(second, "")[0].handle == "alice"
        with pytest.raises(NetworkError, match="Connect the account again") as told:
            tiktok.refresh(keys, first, "")
    error = told.value
    assert (error.category, error.status, error.retryable) == (Category.AUTH_ERROR, 200, False)


def test_revoking_ends_everything_and_may_be_repeated(
    tiktok: TikTok, http: httpx.Client, keys: AppKeys
) -> None:
    tokens = connect(tiktok, http, keys)
    tiktok.revoke(keys, tokens, "")
    tiktok.revoke(keys, tokens, "")
    with pytest.raises(NetworkError):
        tiktok.identities(tokens, "")
    with pytest.raises(NetworkError):
        tiktok.refresh(keys, tokens, "")
    tiktok.revoke(AppKeys(""), Tokens("sandbox-alice"), "")


@pytest.mark.parametrize("fault", ["http_500", "http_429", "invalid_json"])
def test_trouble_at_the_token_endpoint_is_not_the_persons(
    tiktok: TikTok, http: httpx.Client, keys: AppKeys, store: Store, fault: str
) -> None:
    tokens = connect(tiktok, http, keys)
    store.faults.order({"network": "tiktok", "operation": "token", "fault": fault})
    with pytest.raises(NetworkError) as told:
        tiktok.refresh(keys, tokens, "")
    assert told.value.retryable and told.value.category is not Category.AUTH_ERROR


def test_the_operator_is_told_what_is_wrong_with_the_app(
    tiktok: TikTok, http: httpx.Client, keys: AppKeys
) -> None:
    tokens = connect(tiktok, http, keys)
    with pytest.raises(NetworkError, match="operator"):
        tiktok.refresh(AppKeys(keys.client_id, "wrong"), tokens, "")
    bare = TikTok(http, Config(networks={"tiktok": NetworkSettings(api_url="https://x.example")}))
    with pytest.raises(NetworkError, match="TIKTOK_CLIENT_ID"):
        bare.register("", BACK)


def test_other_ways_in(tiktok: TikTok, http: httpx.Client, config: Config) -> None:
    with pytest.raises(NetworkError):
        tiktok.login("", "alice", "secret")
    with pytest.raises(NetworkError) as told:
        tiktok.identities(Tokens("invented"), "")
    assert (told.value.category, told.value.expired) == (Category.AUTH_ERROR, True)
    assert NETWORKS["tiktok"] == ("tiktok", "TikTok")
    assert build("tiktok", http, config).about.refusals
