"""Connecting YouTube: consent, code, refresh, revoke, which channel it is."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pytest
import time_machine

from app.clock import now
from app.config import Config, NetworkSettings
from app.networks.base import AppKeys, Category, NetworkError, Tokens
from app.networks.youtube import YouTube
from app.networks.youtube_about import COMMENT, MANAGE, SCOPES, UPLOAD
from app.sandbox.store import Store
from tests.networks.youtube_fixtures import *  # noqa: F403
from tests.networks.youtube_helpers import BACK, consent, order, person


@pytest.fixture
def keys(youtube: YouTube) -> AppKeys:
    return youtube.register("", BACK)


def connect(youtube: YouTube, http: httpx.Client, keys: AppKeys, handle: str = "alice") -> Tokens:
    begun = youtube.authorize(keys, server="", hint="", redirect_uri=BACK, state="s" * 43)
    answer = consent(http, begun.url, handle)
    assert answer["state"] == "s" * 43
    return youtube.exchange(keys, begun.keep, answer, BACK)


def test_a_person_connects_a_channel(youtube: YouTube, http: httpx.Client, keys: AppKeys) -> None:
    tokens = connect(youtube, http, keys)
    assert tokens.refresh and set(tokens.scopes) == set(SCOPES)
    assert tokens.expires_at is not None
    assert timedelta(minutes=59) < tokens.expires_at - now() <= timedelta(hours=1)
    (me,) = youtube.identities(tokens, "")
    assert (me.handle, me.name, me.kind) == ("alice", "Alice", "channel")
    assert me.external_id.startswith("UC") and len(me.external_id) == 24
    assert me.extras["uploads"] == "UU" + me.external_id[2:]
    assert me.extras["subscriberCount"] == 120 and me.extras["comments"] is True
    assert me.avatar_url.endswith("/alice.png") and me.url.endswith(f"/channel/{me.external_id}")


def test_what_is_asked_for_on_the_consent_page(
    youtube: YouTube, http: httpx.Client, keys: AppKeys
) -> None:
    url = youtube.authorize(keys, server="", hint="", redirect_uri=BACK, state="s").url
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert query["access_type"] == "offline" and query["prompt"] == "consent"
    assert query["code_challenge_method"] == "S256"
    assert query["scope"].split() == [UPLOAD, MANAGE, COMMENT]
    assert "Upload videos to your channel" in http.get(url).text


def test_a_second_consent_brings_a_refresh_token_too(
    youtube: YouTube, http: httpx.Client, keys: AppKeys
) -> None:
    assert connect(youtube, http, keys).refresh != connect(youtube, http, keys).refresh


@pytest.mark.parametrize(
    ("decision", "unticked", "words"),
    [
        ("refuse", (), "did not allow"),
        ("allow", (UPLOAD, MANAGE, COMMENT), "left out"),
        ("allow", (MANAGE, COMMENT), "left out"),
    ],
)
def test_what_was_not_allowed_is_said_plainly(
    youtube: YouTube, http: httpx.Client, keys: AppKeys, store: Store,
    decision: str, unticked: tuple[str, ...], words: str,
) -> None:  # fmt: skip
    person(store, unticked=list(unticked))
    begun = youtube.authorize(keys, server="", hint="", redirect_uri=BACK, state="s")
    with pytest.raises(NetworkError, match=words) as told:
        youtube.exchange(keys, begun.keep, consent(http, begun.url, "alice", decision), BACK)
    assert told.value.category is Category.AUTH_ERROR


def test_without_the_comment_permission_everything_else_works(
    youtube: YouTube, http: httpx.Client, keys: AppKeys, store: Store
) -> None:
    person(store, unticked=[COMMENT])
    (me,) = youtube.identities(connect(youtube, http, keys), "")
    assert youtube.capabilities(me.extras).comment_limit == 0
    assert youtube.capabilities({}).comment_limit == 10_000


def test_refreshing_keeps_the_refresh_token(
    youtube: YouTube, http: httpx.Client, keys: AppKeys
) -> None:
    old = connect(youtube, http, keys)
    with time_machine.travel(now() + timedelta(hours=2), tick=False):
        with pytest.raises(NetworkError) as told:
            youtube.identities(old, "")
        assert told.value.expired
        new = youtube.refresh(keys, old, "")
        assert (new.refresh, set(new.scopes)) == (old.refresh, set(old.scopes))
        assert new.access != old.access and youtube.identities(new, "")[0].handle == "alice"


def test_revoking_ends_both_tokens_and_is_harmless_twice(
    youtube: YouTube, http: httpx.Client, keys: AppKeys
) -> None:
    tokens = connect(youtube, http, keys)
    youtube.revoke(keys, tokens, "")
    youtube.revoke(keys, tokens, "")
    with pytest.raises(NetworkError):
        youtube.identities(tokens, "")
    with pytest.raises(NetworkError, match="Connect the channel again") as told:
        youtube.refresh(keys, tokens, "")
    assert (told.value.category, told.value.code) == (Category.AUTH_ERROR, "invalid_grant")


def test_a_google_account_without_a_channel_is_told_so(youtube: YouTube, store: Store) -> None:
    person(store, "nobody", channel=False)
    with pytest.raises(NetworkError, match="no YouTube channel") as told:
        youtube.identities(Tokens("sandbox-nobody"), "")
    assert (told.value.category, told.value.retryable) == (Category.AUTH_ERROR, False)


def test_a_channel_that_hides_its_subscribers_has_no_such_number(
    youtube: YouTube, store: Store
) -> None:
    person(store, hidden=["subscriberCount"])
    (me,) = youtube.identities(Tokens("sandbox-alice"), "")
    assert "subscriberCount" not in me.extras and me.extras["viewCount"] == 4200


@pytest.mark.parametrize(
    ("fault", "category", "retried"),
    [("http_500", Category.NETWORK_ERROR, True), ("http_429", Category.RATE_LIMITED, True),
     ("revoked", Category.AUTH_ERROR, False)],
)  # fmt: skip
def test_trouble_at_the_token_endpoint(
    youtube: YouTube, http: httpx.Client, keys: AppKeys, store: Store,
    fault: str, category: Category, retried: bool,
) -> None:  # fmt: skip
    tokens = connect(youtube, http, keys)
    order(store, "token", fault)
    with pytest.raises(NetworkError) as told:
        youtube.refresh(keys, tokens, "")
    assert (told.value.category, told.value.retryable) == (category, retried)


def test_keys_that_google_does_not_know_are_the_operators_business(
    youtube: YouTube, http: httpx.Client, keys: AppKeys
) -> None:
    tokens = connect(youtube, http, keys)
    with pytest.raises(NetworkError, match="operator") as told:
        youtube.refresh(AppKeys(keys.client_id, "wrong"), tokens, "")
    assert told.value.code == "invalid_client"


def test_without_keys_the_operator_is_named(http: httpx.Client) -> None:
    bare = Config(networks={"youtube": NetworkSettings(api_url="https://www.googleapis.com")})
    with pytest.raises(NetworkError, match="YOUTUBE_CLIENT_ID"):
        YouTube(http, bare).register("", BACK)


@pytest.mark.parametrize(
    ("auth_url", "site"),
    [("https://accounts.google.com", "https://www.youtube.com"),
     ("http://127.0.0.1:8090/youtube", "http://127.0.0.1:8090/youtube")],
)  # fmt: skip
def test_permalinks_are_where_people_watch(http: httpx.Client, auth_url: str, site: str) -> None:
    made = YouTube(http, Config(networks={"youtube": NetworkSettings("id", auth_url=auth_url)}))
    assert made._permalink("a-b_c", "video") == f"{site}/watch?v=a-b_c"
    assert made._permalink("a-b_c", "short") == f"{site}/shorts/a-b_c"
