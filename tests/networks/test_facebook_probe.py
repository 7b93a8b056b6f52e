"""Finding a post, a story or a comment whose creation nobody saw the answer of."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.networks.base import (
    Account,
    Category,
    Item,
    NetworkError,
    Probe,
    Probed,
    Published,
    Verdict,
)
from app.networks.facebook import Facebook
from app.networks.facebook_probe import Sought, post
from app.networks.wire import Answer
from app.sandbox.store import Store
from tests.networks.facebook_helpers import (
    alice,
    comment,
    facebook,
    http,
    item,
    page,
    picture,
    played,
    prepared,
    public,
    publish,
    store,
)

__all__ = ["alice", "facebook", "http", "played", "store"]  # fixtures


def lost(facebook: Facebook, account: Account, one: Item, store: Store) -> dict[str, Any]:
    """Commit; it is accepted, and the answer never arrives. What prepare left."""
    resume = prepared(facebook, account, one)
    store.faults.order({"network": "facebook", "operation": "publish",
                        "fault": "http_500_after_accept"})  # fmt: skip
    with pytest.raises(NetworkError):
        facebook.commit(account, one, resume)
    return resume


def asked(
    facebook: Facebook, account: Account, one: Item, resume: dict[str, Any], *known: str
) -> Probed:
    assert facebook.probe_by(account, 0.0) is Probe.LISTING
    return facebook.probe(account, one, resume, one.at, frozenset(known))


@pytest.mark.parametrize("photos", [0, 1, 3])
@pytest.mark.parametrize("form", ["feed", "story"])
def test_exactly_the_lost_post_is_found(
    facebook: Facebook, alice: Account, store: Store, tmp_path: Path, photos: int, form: str
) -> None:
    if form == "story" and photos != 1:
        return
    publish(facebook, alice, item("Another"))
    publish(facebook, alice, item("Same words", picture(tmp_path)))
    publish(facebook, page(facebook, "bob"), item("Same words"))
    one = item("Same  words\n", *(picture(tmp_path) for _ in range(photos)), placement=form)
    resume = lost(facebook, alice, one, store)
    last = public(store)[-1]
    found = asked(facebook, alice, one, resume)
    assert found.verdict is Verdict.PUBLISHED and found.published is not None
    assert found.published.external_id == last.id and found.published.url == last.url


def test_a_lost_comment_is_found_under_its_post(
    facebook: Facebook, alice: Account, store: Store
) -> None:
    parent = publish(facebook, alice, item("Post"))
    publish(facebook, page(facebook, "bob"), comment("First!", parent))
    one = comment("First!", parent)
    assert asked(facebook, alice, one, {}).verdict is Verdict.ABSENT
    lost(facebook, alice, one, store)
    found = asked(facebook, alice, one, {})
    assert found.published is not None and found.published.external_id == public(store)[-1].id
    assert asked(facebook, alice, one, {}, public(store)[-1].id).verdict is Verdict.ABSENT


def test_earlier_known_and_strange_posts_are_not_it(
    facebook: Facebook, alice: Account, store: Store
) -> None:
    earlier = publish(facebook, alice, item("Daily words"))
    old = store.posts.get("facebook", earlier.external_id)
    assert old is not None
    one = item("Daily words")
    assert asked(facebook, alice, one, {}, earlier.external_id).verdict is Verdict.ABSENT
    assert asked(facebook, alice, one, {}).verdict is Verdict.PUBLISHED
    old.at -= 120
    assert asked(facebook, alice, one, {}).verdict is Verdict.ABSENT


def test_two_that_look_alike_are_for_a_person(facebook: Facebook, alice: Account) -> None:
    one = item("Twin")
    publish(facebook, alice, one)
    publish(facebook, alice, item("Between"))
    publish(facebook, alice, one)
    assert asked(facebook, alice, one, {}).verdict is Verdict.UNSURE


def test_it_is_found_beyond_the_first_page_of_posts(
    facebook: Facebook, alice: Account, store: Store
) -> None:
    one = item("The one")
    made = publish(facebook, alice, one)
    for number in range(60):
        publish(facebook, alice, item(f"Post {number}"))
    found = asked(facebook, alice, one, {})
    assert found.published is not None and found.published.external_id == made.external_id


@pytest.mark.parametrize(
    ("fault", "category"),
    [("revoked", Category.AUTH_ERROR), ("http_500", Category.NETWORK_ERROR),
     ("http_429", Category.RATE_LIMITED), ("invalid_json", Category.UNKNOWN)],
)  # fmt: skip
def test_a_question_nobody_answers_is_no_answer(
    facebook: Facebook, alice: Account, store: Store, fault: str, category: Category
) -> None:
    one = item("x")
    publish(facebook, alice, one)
    store.faults.order({"network": "facebook", "operation": "lookup", "fault": fault})
    with pytest.raises(NetworkError) as told:
        asked(facebook, alice, one, {})
    assert told.value.category is category


BEGAN = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)


def row(post_id: str, text: str, *attachments: dict[str, Any]) -> dict[str, Any]:
    at = (BEGAN + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S+0000")
    found = {"id": post_id, "message": text, "created_time": at}
    return {**found, "attachments": {"data": list(attachments)}} if attachments else found


def hung(kind: str, *ids: str) -> dict[str, Any]:
    parts = [{"target": {"id": one}} for one in ids[1:]]
    return {"media_type": kind, "target": {"id": ids[0]} if ids else {},
            "subattachments": {"data": parts}}  # fmt: skip


@pytest.mark.parametrize(
    ("photos", "rows", "found"),
    [
        (("1", "2"), [row("a", "T", hung("album", "9"))], "a"),
        (("1", "2"), [row("a", "T", hung("album", "9", "7", "8"))], ""),
        (("1", "2"), [row("a", "T", hung("album", "9")),
                      row("b", "Other words", hung("album", "5", "1"))], "b"),
        (("1",), [row("a", "T", hung("photo"))], "a"),
        (("1",), [row("a", "T", hung("photo", "7"))], ""),
        ((), [row("a", "T", hung("photo", "7"))], ""),
        ((), [row("a", "T", hung("share", "7"))], "a"),
        ((), [{"id": "a", "message": "T"}, row("", "T"), row("b", "t")], ""),
    ],
)  # fmt: skip
def test_what_hangs_on_a_post_tells_it_from_others_of_the_same_words(
    photos: tuple[str, ...], rows: list[dict[str, Any]], found: str
) -> None:
    sought = Sought("T", photos, BEGAN, frozenset())
    body = json.dumps({"data": rows}).encode()
    told = post(sought, "1", lambda *_: Answer(200, {}, body), lambda made, url: Published(made))
    assert (told.published.external_id if told.published else "") == found
