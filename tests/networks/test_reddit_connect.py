"""Connecting Reddit: consent, code, refresh, revoke, who it is, where it may post."""

from datetime import timedelta

import httpx2 as httpx
import pytest
import time_machine

from app.clock import now
from app.config import Config, NetworkSettings
from app.networks.base import AppKeys, Category, NetworkError, Tokens
from app.networks.reddit import Reddit
from app.networks.reddit_about import ABOUT, SCOPES
from app.sandbox.store import Store
from tests.networks.reddit_helpers import BACK, consent, person, played, sandbox, store

__all__ = ["played", "sandbox", "store"]


@pytest.fixture
def reddit(http: httpx.Client, config: Config) -> Reddit:
    return Reddit(http, config)


@pytest.fixture
def keys(reddit: Reddit) -> AppKeys:
    return reddit.register("", BACK)


def connect(reddit: Reddit, http: httpx.Client, keys: AppKeys, handle: str = "alice") -> Tokens:
    begun = reddit.authorize(keys, server="", hint="", redirect_uri=BACK, state="s" * 43)
    answer = consent(http, begun.url, handle)
    assert answer["state"] == "s" * 43
    return reddit.exchange(keys, begun.keep, answer, BACK)


def test_a_person_connects_through_the_consent_page(
    reddit: Reddit, http: httpx.Client, keys: AppKeys
) -> None:
    tokens = connect(reddit, http, keys)
    assert tokens.refresh and set(tokens.scopes) == set(SCOPES)
    assert tokens.expires_at is not None
    assert timedelta(hours=23) < tokens.expires_at - now() <= timedelta(hours=24)
    (me,) = reddit.identities(tokens, "")
    assert (me.handle, me.name, me.kind, me.note) == ("alice", "Alice", "account", "")
    assert me.url.endswith("/reddit/user/alice") and me.external_id.isalnum()
    assert "&amp;" not in me.avatar_url and "s=256&v=1" in me.avatar_url
    assert me.extras["total_karma"] == 15


def test_refusing_is_said_plainly(reddit: Reddit, http: httpx.Client, keys: AppKeys) -> None:
    begun = reddit.authorize(keys, server="", hint="", redirect_uri=BACK, state="s")
    answer = consent(http, begun.url, "alice", decision="refuse")
    with pytest.raises(NetworkError, match="did not allow") as told:
        reddit.exchange(keys, begun.keep, answer, BACK)
    assert told.value.category is Category.AUTH_ERROR


@pytest.mark.parametrize("spoiled", ["again", "late", "redirect"])
def test_a_code_that_opens_nothing_is_refused_with_a_200_that_we_read(
    reddit: Reddit, http: httpx.Client, keys: AppKeys, spoiled: str
) -> None:
    begun = reddit.authorize(keys, server="", hint="", redirect_uri=BACK, state="s")
    answer = consent(http, begun.url, "alice")
    if spoiled == "again":
        reddit.exchange(keys, begun.keep, answer, BACK)
    back = BACK + "x" if spoiled == "redirect" else BACK
    wait = timedelta(minutes=11 if spoiled == "late" else 0)
    with time_machine.travel(now() + wait), pytest.raises(NetworkError) as told:
        reddit.exchange(keys, begun.keep, answer, back)
    assert told.value.category is Category.AUTH_ERROR
    assert (told.value.code, told.value.status) == ("invalid_grant", 200)


def test_the_refresh_token_stays_while_access_tokens_come_and_go(
    reddit: Reddit, http: httpx.Client, keys: AppKeys
) -> None:
    first = connect(reddit, http, keys)
    with time_machine.travel(now() + timedelta(hours=25)):
        with pytest.raises(NetworkError) as told:
            reddit.identities(first, "")
        assert told.value.expired
        second = reddit.refresh(keys, first, "")
        assert second.refresh == first.refresh and second.access != first.access
        assert reddit.identities(reddit.refresh(keys, second, ""), "")[0].handle == "alice"


def test_revoking_ends_everything_and_may_be_repeated(
    reddit: Reddit, http: httpx.Client, keys: AppKeys
) -> None:
    tokens = connect(reddit, http, keys)
    reddit.revoke(keys, tokens, "")
    reddit.revoke(keys, tokens, "")
    with pytest.raises(NetworkError) as told:
        reddit.identities(tokens, "")
    assert told.value.expired
    with pytest.raises(NetworkError, match="Connect the account again") as told:
        reddit.refresh(keys, tokens, "")
    assert (told.value.category, told.value.retryable) == (Category.AUTH_ERROR, False)


def test_a_wrong_secret_is_the_operators_trouble(
    reddit: Reddit, http: httpx.Client, keys: AppKeys
) -> None:
    tokens = connect(reddit, http, keys)
    with pytest.raises(NetworkError, match="operator"):
        reddit.refresh(AppKeys(keys.client_id, "wrong"), tokens, "")


def test_without_an_app_the_operator_is_told_what_to_set(http: httpx.Client) -> None:
    bare = NetworkSettings(client_id="only-an-id", api_url="https://oauth.reddit.com")
    with pytest.raises(NetworkError, match="REDDIT_CLIENT_SECRET"):
        Reddit(http, Config(networks={"reddit": bare})).register("", BACK)


@pytest.mark.parametrize(
    ("fault", "category"),
    [("http_500", Category.NETWORK_ERROR), ("http_429", Category.RATE_LIMITED)],
)
def test_trouble_at_the_token_endpoint_is_not_the_persons(
    reddit: Reddit, http: httpx.Client, keys: AppKeys, store: Store, fault: str, category: Category
) -> None:
    tokens = connect(reddit, http, keys)
    store.faults.order({"network": "reddit", "operation": "token", "fault": fault})
    with pytest.raises(NetworkError) as told:
        reddit.refresh(keys, tokens, "")
    assert told.value.retryable and told.value.category is category
    assert reddit.refresh(keys, tokens, "").access


def test_a_suspended_account_can_be_seen_but_not_chosen(reddit: Reddit, store: Store) -> None:
    store.accounts.get("reddit", "gone").extras["is_suspended"] = True
    (me,) = reddit.identities(Tokens("sandbox-gone"), "")
    assert "suspended" in me.note


def test_a_client_without_a_name_of_its_own_is_told_so_at_every_call(http: httpx.Client) -> None:
    named = Config.from_env({"REDDIT_USER_AGENT": "python-requests/2.34", "SECRET_KEY": "x" * 40})
    reddit = Reddit(http, named)
    keys = reddit.register("", BACK)
    for call in (
        lambda: reddit.identities(Tokens("sandbox-alice"), ""),
        lambda: reddit.refresh(keys, Tokens("a", "b"), ""),
    ):
        with pytest.raises(NetworkError, match="REDDIT_USER_AGENT") as told:
            call()
        assert (told.value.category, told.value.code) == (Category.NETWORK_ERROR, "blocked")


def test_places_come_with_their_rules_and_flairs(reddit: Reddit) -> None:
    found = {one.external_id: one for one in reddit.destinations(person(reddit))}
    assert list(found)[:2] == ["u_alice", "alice_club"]
    assert (found["u_alice"].name, found["u_alice"].kind) == ("u/alice", "profile")
    strict = found["strict"]
    assert (strict.name, strict.kind) == ("r/strict", "subreddit")
    assert strict.extras["requirements"]["title_text_min_length"] == 10
    assert strict.extras["flairs"][0] == {"id": "f-news", "text": "News", "editable": False}
    assert found["textonly"].extras["about"]["submission_type"] == "self"
    assert not found["closed"].writable and "may not post" in found["closed"].note


def test_any_place_can_be_looked_up_by_the_name_people_write(reddit: Reddit) -> None:
    alice = person(reddit)
    assert reddit.destination(alice, "/r/flaired/").extras["flairs"][1]["editable"]
    assert reddit.destination(alice, "u/alice").external_id == "u_alice"
    for wrong in ("r/nosuchplace", "not a name"):
        with pytest.raises(NetworkError) as told:
            reddit.destination(alice, wrong)
        assert told.value.category is Category.VALIDATION


def test_what_the_catalogue_says_is_whole() -> None:
    assert ABOUT.console and len(ABOUT.refusals) >= 10 and ABOUT.setup
