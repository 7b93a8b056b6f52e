"""Everything Threads takes, published through the client and seen in the feed."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from app.config import Config
from app.networks.base import Account, Card, Category, Metrics, NetworkError, Published
from app.networks.threads import Threads
from app.sandbox.records import Post
from app.sandbox.store import Store
from tests.networks.threads_helpers import Shelf, client, item, person, prepared, publish, shelf


@pytest.fixture
def threads(http: httpx.Client, config: Config, store: Store) -> Threads:
    return client(http, config, store)


@pytest.fixture
def alice(threads: Threads) -> Account:
    return person(threads)


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Shelf]:
    with shelf(tmp_path) as found:
        yield found


def only(store: Store) -> Post:
    (post,) = store.posts.newest()
    return post


def test_a_text_goes_out_with_its_address(
    threads: Threads, alice: Account, store: Store, http: httpx.Client
) -> None:
    found = publish(threads, alice, item("Hello, #world 👋"))
    post = only(store)
    assert (found.external_id, found.url, post.text) == (post.id, post.url, "Hello, #world 👋")
    assert "/@alice/post/" in found.url and http.get(found.url).status_code == 200
    assert post.extras["media_type"] == "TEXT_POST"


def test_a_link_card_belongs_to_a_text(threads: Threads, alice: Account, store: Store) -> None:
    publish(threads, alice, item("Read this", card=Card("https://example.org/a")))
    assert only(store).extras["card"] == {"url": "https://example.org/a"}


def test_options_are_sent_for_what_they_hold_for(
    threads: Threads, alice: Account, store: Store
) -> None:
    options: Any = {"replyControl": "followers_only", "topicTag": "#Bakery"}
    first = publish(threads, alice, item("One", **options))
    second = publish(threads, alice, item("Two", parent=first, **options))
    publish(threads, alice, item("Comment", parent=first, comment=True, **options))
    found = {post.text: post for post in store.posts.newest()}
    assert found["One"].extras["topic_tag"] == "Bakery"
    assert found["One"].extras["reply_control"] == "followers_only"
    assert found["Two"].extras["reply_control"] == "followers_only"
    assert "topic_tag" not in found["Two"].extras
    assert "reply_control" not in found["Comment"].extras
    assert found["Two"].parent == found["Comment"].parent == first.external_id
    assert second.external_id == found["Two"].id


@pytest.mark.parametrize(
    ("kinds", "media_type"),
    [("p", "IMAGE"), ("v", "VIDEO"), ("pp", "CAROUSEL_ALBUM"), ("pvp", "CAROUSEL_ALBUM")],
)
def test_pictures_and_videos_go_out_in_order(
    threads: Threads, alice: Account, store: Store, files: Shelf, kinds: str, media_type: str
) -> None:
    media = [
        files.picture(f"Number {n}") if kind == "p" else files.video(f"Number {n}")
        for n, kind in enumerate(kinds)
    ]
    publish(threads, alice, item("Look", *media))
    post = only(store)
    assert post.extras["media_type"] == media_type
    assert [(one["alt"], one["mime"]) for one in post.media] == [
        (one.alt, one.mime) for one in media
    ]
    for one, sent in zip(post.media, media, strict=True):
        kept = store.blob(one["blob"])
        assert kept is not None and kept[1] == sent.path.read_bytes()


def test_a_picture_needs_no_words(
    threads: Threads, alice: Account, store: Store, files: Shelf
) -> None:
    publish(threads, alice, item("", files.picture(alt="")))
    assert only(store).text == ""


def steps(threads: Threads, alice: Account, one: Any) -> int:
    return sum(1 for _ in threads.prepare(alice, one, {}))


def test_a_stop_after_any_step_repeats_none(
    threads: Threads, alice: Account, store: Store, files: Shelf
) -> None:
    one = item("All of it", files.picture(), files.video())
    whole = steps(threads, alice, one)
    assert whole >= 6  # two items made, both ready, the carousel made, and ready
    made = len(store.table("threads.containers").items())
    for stop in range(1, whole + 1):
        kept: dict[str, Any] = {}
        for number, step in enumerate(threads.prepare(alice, one, {}), 1):
            kept = step
            if number == stop:
                break
        kept = prepared(threads, alice, one, kept)
        made += 3
        assert len(store.table("threads.containers").items()) == made, stop
    threads.commit(alice, one, kept)
    assert len(list(store.posts.newest())) == 1


def test_a_container_published_meanwhile_is_never_published_again(
    threads: Threads, alice: Account, store: Store
) -> None:
    one = item("Only once")
    resume = prepared(threads, alice, one)
    first = threads.commit(alice, one, resume)
    again = prepared(threads, alice, one, resume)
    assert again["container"]["state"] == "published"
    assert threads.commit(alice, one, again).external_id == first.external_id
    assert only(store).id == first.external_id


def test_a_container_of_yesterday_is_made_anew(
    threads: Threads, alice: Account, store: Store, files: Shelf
) -> None:
    one = item("Late", files.picture(), files.picture())
    resume = prepared(threads, alice, one)
    table = store.table("threads.containers")
    for key, row in table.items():
        table.put(key, {**row, "at": time.time() - 25 * 3600})
    fresh = prepared(threads, alice, one, resume)
    assert fresh["container"]["id"] != resume["container"]["id"]
    threads.commit(alice, one, fresh)
    assert len(only(store).media) == 2


def test_a_ready_container_that_is_refused_again_and_again_is_replaced(
    threads: Threads, alice: Account
) -> None:
    one = item("Lost by Meta")
    resume = prepared(threads, alice, one)
    ids = []
    for _ in range(5):
        ids.append(resume["container"]["id"])
        resume = prepared(threads, alice, one, resume)
    assert ids[0] == ids[3] and ids[4] != ids[3]


def test_taking_down_twice_is_done(threads: Threads, alice: Account, store: Store) -> None:
    found = publish(threads, alice, item("Away with it"))
    threads.delete(alice, found)
    threads.delete(alice, found)
    assert store.posts.get("threads", found.external_id) is None


def test_what_threads_never_named_cannot_be_taken_down_or_answered(
    threads: Threads, alice: Account
) -> None:
    nameless = Published("", "", {"container": "1"})
    with pytest.raises(NetworkError) as told:
        threads.delete(alice, nameless)
    assert told.value.category is Category.VALIDATION
    with pytest.raises(NetworkError) as told:
        list(threads.prepare(alice, item("Two", parent=nameless), {}))
    assert told.value.code == "no_parent"


def test_numbers_are_told_and_never_made_up(threads: Threads, alice: Account, store: Store) -> None:
    counts = {"likes": 5, "shares": 2, "quotes": 1, "impressions": 70, "saves": 3}
    found = publish(threads, alice, item("Count me"))
    post = only(store)
    post.extras["counts"] = counts
    store.posts.save(post)
    gone = publish(threads, alice, item("Gone"))
    threads.delete(alice, gone)
    told = threads.metrics(alice, [found.external_id, gone.external_id])
    assert told == {
        found.external_id: Metrics(likes=5, shares=2, comments=0, quotes=1, impressions=70),
        gone.external_id: Metrics(gone=True),
    }
