"""Finding a post on X whose creation nobody saw the answer of."""

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from app.clock import now
from app.config import Config
from app.networks.base import Account, Category, Item, NetworkError, Probe, Verdict
from app.networks.x import X
from app.networks.x_probe import Sought, address, canonical, restored
from app.sandbox.records import Post
from app.sandbox.store import Store
from tests.networks.x_helpers import item, person, picture, prepared, publish


@pytest.fixture
def x(http: httpx.Client, config: Config) -> X:
    return X(http, config)


@pytest.fixture
def alice(x: X) -> Account:
    return person(x)


def lost(x: X, account: Account, one: Item, store: Store, fault: str) -> dict[str, Any]:
    """Commit with an answer that never arrives; what prepare left."""
    resume = prepared(x, account, one)
    store.faults.order({"network": "twitter", "operation": "publish", "fault": fault})
    with pytest.raises(NetworkError):
        x.commit(account, one, resume)
    return resume


TEXTS = [
    "Plain words",
    "Tom & Jerry <3 https://Example.com/ and example.org/a?b=c&d=e, see foo.com.",
    "漢字 👨\u200d👩\u200d👧 @someone #tag …",
    "Lines\n\nand   spaces",
    "https://example.com/Русские_слова",
    "one https://a.com two https://a.com three https://a.com/x",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("pictures", [0, 2])
def test_a_post_is_found_whatever_x_made_of_its_text(
    x: X, alice: Account, store: Store, tmp_path: Path, text: str, pictures: int
) -> None:
    one = item(text, *[picture(tmp_path) for _ in range(pictures)])
    resume = lost(x, alice, one, store, "http_500_after_accept")
    found = x.probe(alice, one, resume, one.at, frozenset())
    (post,) = store.posts.newest()
    assert found.verdict is Verdict.PUBLISHED and found.published is not None
    assert (found.published.external_id, found.published.url) == (post.id, post.url)


def test_a_picture_without_words_is_found_by_its_media(
    x: X, alice: Account, store: Store, tmp_path: Path
) -> None:
    publish(x, alice, item("", picture(tmp_path)))
    one = item("", picture(tmp_path))
    resume = lost(x, alice, one, store, "http_500_after_accept")
    found = x.probe(alice, one, resume, one.at, frozenset())
    assert found.published is not None
    assert found.published.external_id == next(store.posts.newest()).id


def test_what_was_not_executed_is_absent(x: X, alice: Account, store: Store) -> None:
    publish(x, alice, item("Something else"))
    one = item("Never there")
    resume = lost(x, alice, one, store, "http_500")
    assert x.probe(alice, one, resume, one.at, frozenset()).verdict is Verdict.ABSENT


def test_an_answer_is_not_taken_for_the_post_it_repeats(x: X, alice: Account, store: Store) -> None:
    first = publish(x, alice, item("Same words"))
    one = item("Same words", parent=first)
    assert x.probe(alice, one, {}, one.at, frozenset()).verdict is Verdict.ABSENT
    lost(x, alice, one, store, "http_500_after_accept")
    found = x.probe(alice, one, {}, one.at, frozenset())
    assert found.published is not None and found.published.external_id != first.external_id


def test_ids_of_other_posts_do_not_count(x: X, alice: Account) -> None:
    one = item("Known already")
    published = publish(x, alice, one)
    known = frozenset({published.external_id})
    assert x.probe(alice, one, {}, one.at, known).verdict is Verdict.ABSENT


def add(store: Store, text: str, ago: float = 0.0) -> None:
    number = str(store.serial(epoch_ms=1288834974657, bits=22))
    store.posts.add(Post("twitter", "alice", number, text, time.time() - ago))


def test_two_that_look_alike_are_for_a_person(x: X, alice: Account, store: Store) -> None:
    add(store, "Twins")
    add(store, "Twins")
    one = item("Twins")
    assert x.probe(alice, one, {}, one.at, frozenset()).verdict is Verdict.UNSURE


def test_an_old_post_with_the_same_words_is_not_it(x: X, alice: Account, store: Store) -> None:
    add(store, "Every morning", ago=600)
    one = item("Every morning")
    assert x.probe(alice, one, {}, one.at, frozenset()).verdict is Verdict.ABSENT


def test_reading_goes_back_past_the_beginning_by_pages(x: X, alice: Account, store: Store) -> None:
    one = item("The first of many")
    add(store, "The first of many")
    for number in range(70):
        add(store, f"Later {number}")
    found = x.probe(alice, one, {}, one.at, frozenset())
    assert found.verdict is Verdict.PUBLISHED


def test_an_account_too_busy_to_read_back_cannot_be_decided(
    x: X, alice: Account, store: Store
) -> None:
    for number in range(521):
        add(store, f"Busy {number}")
    one = item("Nowhere")
    assert x.probe(alice, one, {}, one.at, frozenset()).verdict is Verdict.UNSURE


@pytest.mark.parametrize(
    ("fault", "category"),
    [
        ("http_500", Category.NETWORK_ERROR),
        ("http_429", Category.RATE_LIMITED),
        ("revoked", Category.AUTH_ERROR),
        ("invalid_json", Category.UNKNOWN),
    ],
)
def test_a_look_that_fails_decides_nothing(
    x: X, alice: Account, store: Store, fault: str, category: Category
) -> None:
    store.faults.order({"network": "twitter", "operation": "lookup", "fault": fault})
    one = item("Hello")
    with pytest.raises(NetworkError) as told:
        x.probe(alice, one, {}, one.at, frozenset())
    assert told.value.category is category


def test_a_list_x_does_not_show_says_nothing(x: X, alice: Account) -> None:
    stranger = Account("123", "alice", alice.tokens)
    one = item("Hello")
    assert x.probe(stranger, one, {}, one.at, frozenset()).verdict is Verdict.UNSURE


def test_only_a_listing_can_tell(x: X, alice: Account) -> None:
    assert x.probe_by(alice, 0.0) is Probe.LISTING
    assert x.probe_by(alice, 10_000.0) is Probe.LISTING


def test_new_names_are_read_like_old_ones() -> None:
    listed = {
        "id": "9", "text": "Hi https://t.co/abc",
        "entities": {"urls": [{"url": "https://t.co/abc", "expanded_url": "http://a.com/"}]},
        "referenced_posts": [{"type": "replied_to", "id": "5"}],
    }  # fmt: skip
    sought = Sought("Hi a.com", "5", (), now(), frozenset())
    assert sought.is_this(listed)
    assert not Sought("Hi a.com", "", (), now(), frozenset()).is_this(listed)


def test_texts_are_compared_in_one_spelling() -> None:
    assert canonical("See  Example.com/\nok") == "See http://example.com ok"
    assert address("HTTPS://A.com/%C3%A9?x=%20#Y") == "https://a.com/é?x= #Y"
    longer = {"urls": [
        {"url": "https://t.co/ab", "expanded_url": "https://one.com"},
        {"url": "https://t.co/abc", "expanded_url": "https://two.com"},
    ]}  # fmt: skip
    post = {"text": "https://t.co/abc https://t.co/ab", "entities": longer}
    assert restored(post) == "https://two.com https://one.com"


def test_the_look_reaches_a_minute_back() -> None:
    at = now()
    start = Sought("x", "", (), at, frozenset()).params()["start_time"]
    assert start == (at - timedelta(seconds=60)).strftime("%Y-%m-%dT%H:%M:%SZ")
