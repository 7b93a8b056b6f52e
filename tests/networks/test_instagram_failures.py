"""What goes wrong on Instagram, in whose words it is told, and what a crash leaves behind."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2 as httpx
import pytest

from app.clock import now
from app.config import Config
from app.networks.base import (
    Account,
    Category,
    Effect,
    NetworkError,
    Probe,
    Probed,
    Tokens,
    Verdict,
)
from app.networks.instagram import Instagram
from app.sandbox.store import Store
from tests.networks.instagram_helpers import (
    BASE,
    Files,
    files,
    item,
    person,
    prepared,
    public,
    publish,
    quick,
)
from tests.playing import order

__all__ = ["files"]
CONTAINERS = "instagram.containers"


@pytest.fixture
def instagram(http: httpx.Client, config: Config) -> Instagram:
    return quick(Instagram(http, config))


@pytest.fixture
def alice(instagram: Instagram) -> Account:
    return person(instagram)


def refused(instagram: Instagram, account: Account, one: Any) -> NetworkError:
    with pytest.raises(NetworkError) as told:
        publish(instagram, account, one)
    return told.value


def test_a_picture_that_cannot_be_fetched_is_tried_once_more_and_then_explained(
    instagram: Instagram, alice: Account, files: Files
) -> None:
    one = item("Look", replace(files.image(), url=f"{files.url}/gone.jpg"))
    resume: dict[str, Any] = {}
    for retryable in (True, False):
        with pytest.raises(NetworkError, match="reachable from the internet") as told:
            for step in instagram.prepare(alice, one, resume):
                resume = step
        error = told.value
        assert (error.category, error.retryable) == (Category.MEDIA_ERROR, retryable)
        assert error.code == "9004/2207052"


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (lambda f: f.image(kind="png"), "36001/2207005"),
        (lambda f: f.image((40, 100)), "36003/2207009"),
    ],
)
def test_pictures_that_are_not_taken_are_refused_for_good(
    instagram: Instagram, alice: Account, files: Files, made: Any, code: str
) -> None:
    error = refused(instagram, alice, item("Look", made(files)))
    assert (error.category, error.effect, error.retryable, error.code) == (
        Category.VALIDATION, Effect.NONE, False, code,
    )  # fmt: skip


def test_a_long_caption_is_refused_in_instagram_s_words(
    instagram: Instagram, alice: Account, files: Files
) -> None:
    error = refused(instagram, alice, item("x" * 2201, files.image()))
    assert error.category is Category.VALIDATION and "2,200 characters" in error.message


@pytest.mark.parametrize(
    ("ends", "category", "expired"), [("expired", Category.AUTH_ERROR, True),
                                      ("ended", Category.AUTH_ERROR, False)],
)  # fmt: skip
def test_a_token_that_ended_asks_to_be_renewed_or_to_connect_again(
    instagram: Instagram, files: Files, store: Store, ends: str,
    category: Category, expired: bool,
) -> None:  # fmt: skip
    scopes = ["instagram_business_basic", "instagram_business_content_publish"]
    grant = store.grants.issue("instagram", "access", "dora", scopes=scopes, login="instagram")
    dora = person(instagram, "dora", Tokens(grant.token))
    one = item("Look", files.image())
    resume = prepared(instagram, dora, one)
    grant.expires, grant.ended = (time.time() - 1 if ends == "expired" else 0), ends == "ended"
    with pytest.raises(NetworkError) as told:
        instagram.commit(dora, one, resume)
    error = told.value
    assert (error.category, error.effect, error.expired) == (category, Effect.NONE, expired)
    assert grant.token not in error.message + error.raw


def test_a_missing_permission_is_named_as_one(
    instagram: Instagram, files: Files, store: Store
) -> None:
    scopes = ["instagram_business_basic"]
    grant = store.grants.issue("instagram", "access", "dora", scopes=scopes, login="instagram")
    error = refused(
        instagram, person(instagram, "dora", Tokens(grant.token)), item("Look", files.image())
    )
    assert error.category is Category.AUTH_ERROR and "permission" in error.message


def test_the_wait_of_the_network_s_own_header_is_kept(
    instagram: Instagram, alice: Account, files: Files, store: Store
) -> None:
    order(store, network="instagram", operation="publish", fault="http_429", retry_after_s=1200)
    error = refused(instagram, alice, item("Look", files.image()))
    assert (error.category, error.effect) == (Category.RATE_LIMITED, Effect.NONE)
    assert error.retry_at is not None
    assert timedelta(minutes=19) < error.retry_at - now() <= timedelta(minutes=20)
    assert public(store) == []


def test_the_day_s_cap_is_a_rate_limit_of_an_hour(
    instagram: Instagram, alice: Account, files: Files, store: Store
) -> None:
    store.limits.set_limit("instagram", "alice", "publish", 0)
    error = refused(instagram, alice, item("Look", files.image()))
    assert (error.category, error.code) == (Category.RATE_LIMITED, "9/2207042")
    assert error.retry_at is not None and error.retry_at > now() + timedelta(minutes=59)


# The call that makes it public ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "effect", "there"),
    [
        ("http_500", Effect.UNKNOWN, 0),
        ("http_500_after_accept", Effect.UNKNOWN, 1),
        ("hang_after_accept", Effect.UNKNOWN, 1),
        ("timeout", Effect.UNKNOWN, 0),
        ("invalid_json", Effect.DONE, 1),
        ("processing", Effect.NONE, 0),
        ("revoked", Effect.NONE, 0),
    ],
)
def test_after_an_unread_answer_the_container_tells_whether_it_is_public(
    instagram: Instagram, alice: Account, files: Files, store: Store,
    fault: str, effect: Effect, there: int,
) -> None:  # fmt: skip
    one = item("Once only", files.image())
    resume = prepared(instagram, alice, one)
    order(store, network="instagram", operation="publish", fault=fault, delay_ms=1)
    with pytest.raises(NetworkError) as told:
        instagram.commit(alice, one, resume)
    assert told.value.effect is effect
    assert len(public(store)) == there
    assert instagram.probe_by(alice, 0) is Probe.HANDLE
    found = instagram.probe(alice, one, resume, one.at, frozenset())
    if not there:
        assert found.verdict is Verdict.ABSENT
        resume = prepared(instagram, alice, one, resume)
        instagram.commit(alice, one, resume)
        assert len(store.table(CONTAINERS).items()) == 1  # the same one was published
        found = instagram.probe(alice, one, resume, one.at, frozenset())
    assert found.verdict is Verdict.PUBLISHED and found.published is not None
    (post,) = public(store)
    assert (found.published.external_id, found.published.url) == (post.id, post.url)


def test_a_publish_that_is_not_ready_yet_is_asked_again_soon(
    instagram: Instagram, alice: Account, files: Files, store: Store
) -> None:
    order(store, network="instagram", operation="publish", fault="processing")
    error = refused(instagram, alice, item("Soon", files.image()))
    assert (error.category, error.effect, error.code) == (
        Category.MEDIA_PROCESSING, Effect.NONE, "9007/2207027",
    )  # fmt: skip
    assert error.retry_at is not None


def test_of_two_posts_with_one_caption_the_known_one_does_not_count(
    instagram: Instagram, alice: Account, files: Files
) -> None:
    one, two = item("Twins", files.image()), item("Twins", files.image())
    first = publish(instagram, alice, one)
    resume = prepared(instagram, alice, two)
    second = instagram.commit(alice, two, resume)
    found = instagram.probe(alice, two, resume, two.at, frozenset({first.external_id}))
    assert found.published is not None and found.published.external_id == second.external_id
    found = instagram.probe(alice, two, resume, two.at, frozenset())
    assert found.verdict is Verdict.UNSURE and "Do not send it again" in found.message


def test_a_published_container_without_a_listed_post_is_never_published_again(
    instagram: Instagram, alice: Account, files: Files, store: Store
) -> None:
    one = item("Hidden", files.image(), placement="story")
    resume = prepared(instagram, alice, one)
    made = instagram.commit(alice, one, resume)
    store.posts.remove("instagram", made.external_id)
    found = instagram.probe(alice, one, resume, now(), frozenset())
    assert found.verdict is Verdict.PROCESSING
    late = now() - timedelta(minutes=11)
    found = instagram.probe(alice, one, resume, late, frozenset())
    assert found.verdict is Verdict.PUBLISHED and found.published is not None
    again = prepared(instagram, alice, one, resume)
    assert again["boxes"]["post"]["state"] == "published"
    with pytest.raises(NetworkError) as told:
        instagram.commit(alice, one, again)
    assert (told.value.category, told.value.effect) == (Category.MEDIA_PROCESSING, Effect.DONE)


@pytest.mark.parametrize(("fault", "there"), [("reset_after_accept", 1), ("reset", 0)])
def test_a_comment_whose_answer_was_lost_is_looked_for_under_its_post(
    instagram: Instagram, alice: Account, files: Files, store: Store, fault: str, there: int
) -> None:
    first = publish(instagram, alice, item("Look", files.image()))
    one = item("More below", parent=first, comment=True)
    order(store, network="instagram", operation="publish", fault=fault)
    with pytest.raises(NetworkError) as told:
        instagram.commit(alice, one, {})
    assert told.value.effect is Effect.UNKNOWN and len(public(store)) == 1 + there
    found = instagram.probe(alice, one, {}, one.at, frozenset())
    late = instagram.probe(alice, one, {}, one.at - timedelta(minutes=20), frozenset())
    if there:
        assert found.verdict is late.verdict is Verdict.PUBLISHED
    else:
        # The engine believes a list late and at the second look.
        assert found == late == Probed(Verdict.ABSENT, by=Probe.LISTING)


# Before it ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["picture", "carousel", "mixed", "reel"])
def test_whatever_step_a_crash_follows_no_step_is_done_twice(
    instagram: Instagram, alice: Account, files: Files, store: Store, kind: str
) -> None:
    media = [files.video() if kind == "reel" else files.image()]
    if kind in ("carousel", "mixed"):
        media.append(files.image() if kind == "carousel" else files.video())
    one = item(f"A {kind}", *media)
    resume: dict[str, Any] = {}
    for _ in range(20):  # a new process after every single step
        step = next(iter(instagram.prepare(alice, one, resume)), None)
        if step is None:
            break
        resume = json.loads(json.dumps(step, sort_keys=True))
    instagram.commit(alice, one, resume)
    assert len(public(store)) == 1
    assert len(store.table(CONTAINERS).items()) == {"carousel": 3, "mixed": 3}.get(kind, 1)
    assert len(files.asked) == {"carousel": 2, "mixed": 2, "reel": 0}.get(kind, 1)
    if kind == "reel":
        assert resume["secret"]["uri"] and "uri" not in str(resume["boxes"])


def test_a_video_still_being_prepared_is_asked_about_later_with_the_same_container(
    instagram: Instagram, alice: Account, files: Files, store: Store
) -> None:
    order(store, network="instagram", operation="upload", fault="processing")
    instagram.sleep = lambda seconds: None
    one = item("Slow", files.video())
    resume: dict[str, Any] = {}
    with pytest.raises(NetworkError, match="still preparing") as told:
        for step in instagram.prepare(alice, one, resume):
            resume = step
    assert told.value.category is Category.MEDIA_PROCESSING
    assert told.value.retry_at is not None and told.value.retry_at > now() + timedelta(seconds=4)
    ((node, container),) = store.table(CONTAINERS).items()
    store.table(CONTAINERS).put(node, {**container, "ready_at": 0.0})
    instagram.commit(alice, one, prepared(instagram, alice, one, resume))
    assert len(store.table(CONTAINERS).items()) == len(public(store)) == 1


def test_a_video_never_ready_is_given_up_in_words(
    instagram: Instagram, alice: Account, files: Files, store: Store
) -> None:
    order(store, network="instagram", operation="upload", fault="processing", times=-1)
    instagram.sleep = lambda seconds: None
    one = item("Stuck", files.image())
    resume: dict[str, Any] = {}
    for _ in range(2):  # the second container counts as well
        with pytest.raises(NetworkError) as told:
            for step in instagram.prepare(alice, one, resume):
                resume = step
        resume["boxes"]["post"]["at"] -= 1000
    with pytest.raises(NetworkError, match="did not finish preparing") as told:
        prepared(instagram, alice, one, resume)
    assert (told.value.category, told.value.retryable) == (Category.MEDIA_ERROR, False)


def test_a_video_whose_format_fails_in_processing_is_refused_in_words(
    instagram: Instagram, alice: Account, files: Files
) -> None:
    error = refused(instagram, alice, item("Bad", files.video(head=b"not a video")))
    assert (error.category, error.retryable, error.code) == (Category.VALIDATION, False, "2207026")
    assert "MP4 or MOV" in error.message


@pytest.mark.parametrize(("times", "well"), [(1, True), (2, False)])
def test_a_failed_container_is_replaced_once(
    instagram: Instagram, alice: Account, files: Files, store: Store, times: int, well: bool
) -> None:
    order_ = {"fails": {"subcode": 2207053, "times": times}}
    store.accounts.get("instagram", "alice").extras |= order_
    one = item("Again", files.image())
    if well:
        assert publish(instagram, alice, one).external_id
    else:
        error = refused(instagram, alice, one)
        assert (error.category, error.retryable) == (Category.MEDIA_ERROR, False)
    assert len(store.table(CONTAINERS).items()) == 2


@pytest.mark.parametrize(("times", "well"), [(1, True), (2, False)])
def test_of_a_carousel_the_failed_item_alone_is_replaced_once(
    instagram: Instagram, alice: Account, files: Files, store: Store, times: int, well: bool
) -> None:
    order_ = {"fails": {"subcode": 2207053, "times": times, "kind": "VIDEO"}}
    store.accounts.get("instagram", "alice").extras |= order_
    one = item("Again", files.image(), files.video(), files.image())
    if well:
        publish(instagram, alice, one)
        (post,) = public(store)
        assert [media["mime"][:5] for media in post.media] == ["image", "video", "image"]
    else:
        error = refused(instagram, alice, one)
        assert error.message == "Item 2 of the carousel: Instagram could not process the media."
        assert (error.category, error.retryable) == (Category.MEDIA_ERROR, False)
    assert len(files.asked) == 4  # the video twice


def test_the_item_that_is_not_taken_is_named(
    instagram: Instagram, alice: Account, files: Files
) -> None:
    error = refused(instagram, alice, item("Look", files.video(), files.image((40, 100))))
    assert error.message.startswith("Item 2 of the carousel: The submitted image with aspect")
    error = refused(instagram, alice, item("Look", files.image(), files.video(head=b"not a video")))
    assert error.message.startswith("Item 2 of the carousel: ") and "MP4 or MOV" in error.message
    assert (error.category, error.retryable, error.code) == (Category.VALIDATION, False, "2207026")


@pytest.mark.parametrize("more", [{"alt_text": "Waves"}, {"upload_type": "resumable"}])
def test_the_played_instagram_takes_a_carousels_video_by_address_and_without_description(
    alice: Account, files: Files, http: httpx.Client, more: dict[str, str]
) -> None:
    asked = {"media_type": "VIDEO", "video_url": files.video().url, "is_carousel_item": True}
    answer = http.post(
        f"{BASE}/v25.0/{alice.external_id}/media", json={**asked, **more},
        headers={"Authorization": "Bearer sandbox-alice"},
    )  # fmt: skip
    assert answer.status_code == 400 and next(iter(more)) in answer.text


def test_an_expired_container_is_replaced(
    instagram: Instagram, alice: Account, files: Files, store: Store
) -> None:
    one = item("Old", files.image(), files.image())
    resume = prepared(instagram, alice, one)
    for node, container in store.table(CONTAINERS).items():
        store.table(CONTAINERS).put(node, {**container, "at": time.time() - 90_000})
    with pytest.raises(NetworkError) as told:
        instagram.commit(alice, one, resume)
    assert (told.value.category, told.value.effect, told.value.retryable) == (
        Category.MEDIA_ERROR, Effect.NONE, True,
    )  # fmt: skip
    instagram.commit(alice, one, prepared(instagram, alice, one, resume))
    assert len(public(store)) == 1


def test_a_container_that_is_not_found_is_waited_for_and_then_made_again(
    instagram: Instagram, alice: Account, files: Files, store: Store
) -> None:
    one = item("Lost", files.image())
    resume = prepared(instagram, alice, one)
    store.table(CONTAINERS).pop(resume["boxes"]["post"]["id"])
    for _ in range(2):
        with pytest.raises(NetworkError) as told:
            for step in instagram.prepare(alice, one, resume):
                resume = step
        assert told.value.category is Category.MEDIA_PROCESSING
        assert told.value.retry_at is not None
    instagram.commit(alice, one, prepared(instagram, alice, one, resume))
    assert len(public(store)) == 1


@pytest.mark.parametrize("fault", ["reset_after_accept", "http_500"])
def test_an_upload_that_broke_is_sent_again_to_the_same_container(
    instagram: Instagram, alice: Account, files: Files, store: Store, fault: str
) -> None:
    one = item("Broken off", files.video())
    steps = instagram.prepare(alice, one, {})
    resume = next(steps)
    order(store, network="instagram", operation="upload", fault=fault)
    with pytest.raises(NetworkError) as told:
        next(steps)
    assert told.value.category is not Category.VALIDATION and told.value.retryable
    time.sleep(0.21 if fault == "reset_after_accept" else 0)
    instagram.commit(alice, one, prepared(instagram, alice, one, resume))
    assert len(store.table(CONTAINERS).items()) == len(public(store)) == 1


def test_html_in_place_of_json_decides_nothing(
    alice: Account, config: Config, files: Files
) -> None:
    def page(request: httpx.Request) -> httpx.Response:
        return httpx.Response(502, html="<h1>Bad gateway</h1>")

    with httpx.Client(transport=httpx.MockTransport(page)) as http:
        network = Instagram(http, config)
        with pytest.raises(NetworkError) as told:
            network.commit(alice, item("x", files.image()), {"boxes": {"post": {"id": "1"}}})
        assert told.value.effect is Effect.UNKNOWN
        with pytest.raises(NetworkError) as told:
            network.probe(alice, item("x"), {"boxes": {"post": {"id": "1"}}}, now(), frozenset())
        assert told.value.category is Category.NETWORK_ERROR
