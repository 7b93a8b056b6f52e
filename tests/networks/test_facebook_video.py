"""Films, Reels and video stories: sent as bytes, resumed, processed, told apart by their id."""

from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from app.networks.base import (
    Account,
    Category,
    Effect,
    Item,
    NetworkError,
    Probed,
    Published,
    Verdict,
)
from app.networks.facebook import Facebook
from app.networks.facebook_probe import video
from app.sandbox.store import Store
from tests.networks.facebook_helpers import (
    MP4,
    alice,
    comment,
    facebook,
    film,
    http,
    item,
    played,
    prepared,
    public,
    publish,
    store,
)
from tests.workshops import Ahead

__all__ = ["alice", "facebook", "http", "played", "store"]  # fixtures

FORMS = ("feed", "reel", "story")
KINDS = {"feed": "video", "reel": "reel", "story": "story"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Facebook is done at once, unless a test says otherwise."""
    monkeypatch.setattr("app.sandbox.facebook.videos.PROCESSING_SECONDS", 0.0)


def accepted(facebook: Facebook, account: Account, one: Item) -> dict[str, Any]:
    """Prepare and commit: it is taken, and not out yet."""
    resume = prepared(facebook, account, one)
    with pytest.raises(NetworkError) as told:
        facebook.commit(account, one, resume)
    assert (told.value.category, told.value.effect) == (Category.MEDIA_PROCESSING, Effect.DONE)
    return resume


def asked(facebook: Facebook, account: Account, one: Item, resume: dict[str, Any]) -> Probed:
    return facebook.probe(account, one, resume, one.at, frozenset())


@pytest.mark.parametrize("form", FORMS)
def test_a_video_is_out_once_it_is_processed(
    facebook: Facebook, alice: Account, store: Store, http: httpx.Client, tmp_path: Path,
    form: str, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("app.sandbox.facebook.videos.PROCESSING_SECONDS", 20)
    workshop = Ahead(monkeypatch)
    clip = film(tmp_path)
    one = item("Look", clip, placement=form, videoTitle="A harbour")
    resume = accepted(facebook, alice, one)
    assert asked(facebook, alice, one, resume).verdict is Verdict.PROCESSING
    workshop.move(20)
    found = asked(facebook, alice, one, resume)
    assert found.verdict is Verdict.PUBLISHED and found.published is not None
    (post,) = public(store)
    assert post.id == found.published.external_id and post.extras["kind"] == KINDS[form]
    assert (post.text, post.extras["title"]) == (
        ("", "") if form == "story" else ("Look", "A harbour")
    )
    assert store.blob(post.media[0]["blob"]) == ("video/mp4", clip.path.read_bytes())
    assert http.get(found.published.url).status_code == 200
    if form != "story":
        publish(facebook, alice, comment("First", found.published))
        assert public(store)[1].parent == post.id
        assert facebook.metrics(alice, [post.id])[post.id].comments == 1
    facebook.delete(alice, found.published)
    facebook.delete(alice, found.published)
    assert store.posts.get("facebook", post.id) is None


@pytest.mark.parametrize("form", FORMS)
def test_a_preparation_may_stop_anywhere(
    facebook: Facebook, alice: Account, store: Store, tmp_path: Path, form: str
) -> None:
    one = item("Look", film(tmp_path), placement=form)
    resume: dict[str, Any] = {}
    for _ in range(10):
        step = next(facebook.prepare(alice, one, resume), None)
        if step is None:
            break
        resume = step
    ((_, row),) = store.table("facebook.videos").items()
    assert row["size"] == one.part.media[0].size
    # The address and the session are nobody's to read.
    assert set(resume) == {"video", "secret"} and resume["secret"]["upload"]
    assert resume["secret"]["upload"] not in str(resume["video"])
    with pytest.raises(NetworkError):
        facebook.commit(alice, one, resume)
    assert len(public(store)) == 1


def test_a_reel_that_broke_off_goes_on_with_the_missing_bytes(
    facebook: Facebook, alice: Account, store: Store, http: httpx.Client, tmp_path: Path
) -> None:
    clip = film(tmp_path)
    one = item("Look", clip, placement="reel")
    resume = next(facebook.prepare(alice, one, {}))
    headers = {"Authorization": f"OAuth {alice.tokens.access}", "offset": "0",
               "file_size": str(clip.size)}  # fmt: skip
    part = clip.path.read_bytes()[:1_000_000]
    http.post(resume["secret"]["upload"], content=part, headers=headers)
    accepted_bytes = prepared(facebook, alice, one, **resume)
    ((_, row),) = store.table("facebook.videos").items()
    assert len(row["blobs"]) == 2 and row["size"] == clip.size
    assert accepted_bytes["video"]["whole"]


@pytest.mark.parametrize("form", FORMS)
def test_an_upload_that_was_forgotten_is_begun_anew(
    facebook: Facebook, alice: Account, store: Store, tmp_path: Path, form: str
) -> None:
    one = item("Look", film(tmp_path), placement=form)
    resume = next(facebook.prepare(alice, one, {}))
    store.table("facebook.videos").pop(resume["video"]["id"])
    again = prepared(facebook, alice, one, **resume)
    assert again["video"]["id"] != resume["video"]["id"] and again["video"]["whole"]


def test_a_piece_facebook_has_already_starts_the_upload_over(
    facebook: Facebook, alice: Account, store: Store, tmp_path: Path
) -> None:
    one = item("Look", film(tmp_path))
    begun = next(facebook.prepare(alice, one, {}))
    next(facebook.prepare(alice, one, begun))  # the piece went through, nobody noted it
    again = prepared(facebook, alice, one, **begun)
    assert again["video"]["id"] != begun["video"]["id"]
    with pytest.raises(NetworkError):
        facebook.commit(alice, one, again)
    assert len(public(store)) == 1


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("fault", ["http_500", "http_500_after_accept", "invalid_json", "reset"])
def test_a_lost_answer_to_finish_is_asked_for_by_the_videos_id(
    facebook: Facebook, alice: Account, store: Store, tmp_path: Path, form: str, fault: str
) -> None:
    one = item("Look", film(tmp_path, 50_000), placement=form)
    resume = prepared(facebook, alice, one)
    store.faults.order({"network": "facebook", "operation": "publish", "fault": fault})
    with pytest.raises(NetworkError) as told:
        facebook.commit(alice, one, resume)
    assert told.value.effect is not Effect.NONE
    out = len(public(store))
    found = asked(facebook, alice, one, resume)
    assert found.verdict is (Verdict.PUBLISHED if out else Verdict.ABSENT)
    if not out:
        with pytest.raises(NetworkError):
            facebook.commit(alice, one, resume)
    with pytest.raises(NetworkError):  # once more than once: still one video
        facebook.commit(alice, one, resume)
    assert len(public(store)) == 1


@pytest.mark.parametrize("form", FORMS)
def test_a_video_facebook_cannot_read_fails_in_words(
    facebook: Facebook, alice: Account, store: Store, tmp_path: Path, form: str
) -> None:
    one = item("Look", film(tmp_path, 50_000, head=b"<html>"), placement=form)
    resume = accepted(facebook, alice, one)
    found = asked(facebook, alice, one, resume)
    assert found.verdict is Verdict.FAILED and found.error is not None
    assert (found.error.category, found.error.retryable) == (Category.MEDIA_ERROR, False)
    assert "format that we don't support" in found.error.message
    assert public(store) == []


def test_a_reel_of_two_hours_is_refused_while_it_is_processed(
    facebook: Facebook, alice: Account, tmp_path: Path
) -> None:
    mvhd = (
        b"\0\0\0\x6cmvhd" + bytes(12) + (1000).to_bytes(4, "big") + (7_200_000).to_bytes(4, "big")
    )
    clip = film(tmp_path, 50_000, head=MP4 + mvhd + bytes(80))
    resume = accepted(facebook, alice, item("Look", clip, placement="reel"))
    found = asked(facebook, alice, item("Look", clip, placement="reel"), resume)
    assert found.error is not None and "3 to 90 seconds" in found.error.message


def test_processing_that_never_ends_is_said_each_time(
    facebook: Facebook, alice: Account, store: Store, tmp_path: Path
) -> None:
    store.faults.order({"network": "facebook", "operation": "publish", "fault": "processing"})
    one = item("Look", film(tmp_path, 50_000), placement="reel")
    resume = accepted(facebook, alice, one)
    for _ in range(3):
        assert asked(facebook, alice, one, resume).verdict is Verdict.PROCESSING
    assert public(store) == []


def test_bytes_that_take_long_to_arrive_use_up_no_try(
    facebook: Facebook, alice: Account, store: Store, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("app.networks.facebook_media.Staging.arrived", lambda *_: (0, False))
    with pytest.raises(NetworkError) as told:
        prepared(facebook, alice, item("Look", film(tmp_path, 50_000), placement="reel"))
    error = told.value
    assert (error.category, error.effect) == (Category.MEDIA_PROCESSING, Effect.NONE)
    assert error.retry_at is not None


def test_the_token_is_sent_to_no_strange_address(
    facebook: Facebook, alice: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.networks.facebook_media._told", lambda *_: "https://evil.example/x")
    with pytest.raises(NetworkError, match="strange address"):
        prepared(facebook, alice, item("Look", film(tmp_path, 50_000), placement="reel"))


def test_the_thirty_first_reel_of_a_day_waits(
    facebook: Facebook, alice: Account, store: Store, tmp_path: Path
) -> None:
    store.limits.set_limit("facebook", "alice", "reels", 1)
    accepted(facebook, alice, item("One", film(tmp_path, 50_000), placement="reel"))
    with pytest.raises(NetworkError) as told:
        publish(facebook, alice, item("Two", film(tmp_path, 50_000), placement="reel"))
    assert (told.value.category, told.value.effect) == (Category.RATE_LIMITED, Effect.NONE)


def status(word: str, processing: str = "", publishing: str = "", **more: Any) -> dict[str, Any]:
    phases = {"processing_phase": processing, "publishing_phase": publishing}
    told = {name: {"status": state} for name, state in phases.items() if state}
    return {"status": {"video_status": word, "uploading_phase": {"status": "complete"}, **told,
                       **more}, "post_id": "7"}  # fmt: skip


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        (status("processing", "not_started", "not_started"), Verdict.ABSENT),
        (status("upload_complete", "not_started", "not_started"), Verdict.ABSENT),
        (status("processing", "complete", "not_started"), Verdict.ABSENT),
        (status("processing", "in_progress", "not_started"), Verdict.PROCESSING),
        (status("processing", "complete", "in_progress"), Verdict.PROCESSING),
        (status("processing"), Verdict.PROCESSING),
        (status("ready", "complete", "complete"), Verdict.PUBLISHED),
        (status("ready"), Verdict.PUBLISHED),
        (status("ready", publishing_phase={"status": "complete", "publish_status": "draft"}),
         Verdict.ABSENT),
        (status("error"), Verdict.FAILED),
        (status("expired"), Verdict.FAILED),
        (status("processing", processing_phase={"status": "error"}), Verdict.FAILED),
        (status("processing", processing_phase={"errors": [{"code": 1, "message": "No"}]}),
         Verdict.FAILED),
        ({}, Verdict.ABSENT),
        ({"status": "odd"}, Verdict.ABSENT),
    ],
)  # fmt: skip
def test_the_phases_tell_what_became_of_it(told: dict[str, Any], verdict: Verdict) -> None:
    assert video(told, lambda made, url: Published(made, url)).verdict is verdict
