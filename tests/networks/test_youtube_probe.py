"""A commit whose answer was lost, and what becomes of a video after it was taken."""

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from app.clock import now
from app.networks.base import Account, Category, Effect, Item, NetworkError, Probe, Probed, Verdict
from app.networks.youtube import YouTube
from app.sandbox.store import Store
from tests.networks.youtube_fixtures import *  # noqa: F403
from tests.networks.youtube_helpers import (
    asked,
    film,
    item,
    order,
    prepared,
    publish,
    remark,
    taken,
)


def videos(store: Store) -> list[dict[str, Any]]:
    return [video for _, video in store.table("youtube.videos").items()]


def forget_sessions(store: Store) -> None:
    for upload_id, _ in store.table("youtube.sessions").items():
        store.table("youtube.sessions").pop(upload_id)


def commit(youtube: YouTube, account: Account, one: Item, resume: dict[str, Any]) -> NetworkError:
    with pytest.raises(NetworkError) as told:
        youtube.commit(account, one, resume)
    return told.value


def test_the_session_is_what_is_asked(youtube: YouTube, alice: Account) -> None:
    assert youtube.probe_by(alice, 0.0) is Probe.HANDLE


@pytest.mark.parametrize(
    ("fault", "made"),
    [("http_500_after_accept", 1), ("reset_after_accept", 1), ("invalid_json", 1),
     ("http_500", 0), ("reset", 0)],
)  # fmt: skip
def test_a_lost_answer_is_settled_by_the_session(
    youtube: YouTube, alice: Account, store: Store, tmp_path: Path, fault: str, made: int
) -> None:
    one = item(youtube, "Film", film(tmp_path))
    resume = prepared(youtube, alice, one)
    order(store, "publish", fault)
    error = commit(youtube, alice, one, resume)
    assert error.effect is not Effect.NONE and len(videos(store)) == made
    found = asked(youtube, alice, one, resume)
    if not made:
        assert found.verdict is Verdict.ABSENT
        again = prepared(youtube, alice, one, resume)
        taken(youtube, alice, one, again)
        found = asked(youtube, alice, one, again)
    assert found.verdict is Verdict.PUBLISHED and found.published is not None
    assert [found.published.external_id] == [video["id"] for video in videos(store)]


def test_without_a_session_nothing_was_sent(
    youtube: YouTube, alice: Account, tmp_path: Path
) -> None:
    one = item(youtube, "Film", film(tmp_path))
    assert asked(youtube, alice, one, {}).verdict is Verdict.ABSENT


def test_a_session_that_is_gone_is_looked_for_among_the_uploads(
    youtube: YouTube, alice: Account, store: Store, tmp_path: Path
) -> None:
    one = item(youtube, "Film  twice ", film(tmp_path))
    other = publish(youtube, alice, item(youtube, "Film twice", film(tmp_path, 2000)))
    resume = prepared(youtube, alice, one)
    taken(youtube, alice, one, resume)
    forget_sessions(store)
    found = asked(youtube, alice, one, resume)
    assert found.verdict is Verdict.PUBLISHED and found.published is not None
    assert found.published.external_id not in ("", other.external_id)


def test_two_that_look_alike_are_for_a_person(
    youtube: YouTube, alice: Account, store: Store, tmp_path: Path
) -> None:
    shot = film(tmp_path)
    one = item(youtube, "Film", shot)
    first = publish(youtube, alice, one)
    resume = prepared(youtube, alice, one)
    taken(youtube, alice, one, resume)
    forget_sessions(store)
    assert asked(youtube, alice, one, resume).verdict is Verdict.UNSURE
    found = asked(youtube, alice, one, resume, known=frozenset({first.external_id}))
    assert found.verdict is Verdict.PUBLISHED


def test_a_list_without_it_is_believed_only_after_a_while(
    youtube: YouTube, alice: Account, store: Store, tmp_path: Path
) -> None:
    one = item(youtube, "Film", film(tmp_path))
    resume = prepared(youtube, alice, one)
    forget_sessions(store)
    error = commit(youtube, alice, one, resume)
    assert (error.code, error.effect) == ("session_lost", Effect.UNKNOWN)
    with pytest.raises(NetworkError) as told:
        asked(youtube, alice, one, resume)
    assert told.value.retry_at is not None and told.value.retry_at > now() + timedelta(minutes=9)
    late = now() - timedelta(minutes=11)
    assert asked(youtube, alice, one, resume, since=late) == Probed(
        Verdict.ABSENT, by=Probe.LISTING
    )
    # Somebody's older video of the same name is not ours.
    publish(youtube, alice, item(youtube, "Film", film(tmp_path, 2000)))
    with time_machine.travel(time.time() + 3600), pytest.raises(NetworkError):
        asked(youtube, alice, one, resume, since=now())


def test_a_video_is_out_when_it_is_processed(
    youtube: YouTube, alice: Account, store: Store, tmp_path: Path
) -> None:
    one = item(youtube, "Film", film(tmp_path))
    resume = prepared(youtube, alice, one)
    taken(youtube, alice, one, resume)
    order(store, "lookup", "processing", times=4)  # the session and the video, each twice
    verdicts = [asked(youtube, alice, one, resume).verdict for _ in range(3)]
    assert verdicts == [Verdict.PROCESSING, Verdict.PROCESSING, Verdict.PUBLISHED]


def test_a_video_that_is_processed_for_very_long_is_out_with_a_warning(
    youtube: YouTube, alice: Account, store: Store, tmp_path: Path
) -> None:
    one = item(youtube, "Film", film(tmp_path))
    resume = prepared(youtube, alice, one)
    order(store, "publish", "processing")
    taken(youtube, alice, one, resume)
    assert asked(youtube, alice, one, resume).verdict is Verdict.PROCESSING
    found = asked(youtube, alice, one, resume, since=now() - timedelta(minutes=11))
    assert found.verdict is Verdict.PUBLISHED and found.published is not None
    assert "still processing" in found.published.extras["warning"]


@pytest.mark.parametrize(
    ("title", "head", "category", "code", "words"),
    [
        ("A [failed:codec]", b"ftyp", Category.MEDIA_ERROR, "codec", "coded"),
        ("A", b"no film", Category.MEDIA_ERROR, "invalidFile", "no video"),
        ("A [rejected:copyright]", b"ftyp", Category.MEDIA_ERROR, "copyright", "copyright"),
        ("A [rejected:duplicate]", b"ftyp", Category.DUPLICATE, "duplicate", "already"),
        ("A [rejected:length]", b"ftyp", Category.MEDIA_ERROR, "length", "longer"),
        ("A [rejected:uploaderAccountSuspended]", b"ftyp", Category.AUTH_ERROR,
         "uploaderAccountSuspended", "suspended"),
    ],
)  # fmt: skip
def test_a_video_that_is_taken_may_fail_later(
    youtube: YouTube, alice: Account, store: Store, tmp_path: Path,
    title: str, head: bytes, category: Category, code: str, words: str,
) -> None:  # fmt: skip
    one = item(youtube, title, film(tmp_path, 1000, head=head))
    resume = prepared(youtube, alice, one)
    taken(youtube, alice, one, resume)
    found = asked(youtube, alice, one, resume)
    assert found.verdict is Verdict.FAILED and found.error is not None
    assert (found.error.category, found.error.code) == (category, code)
    assert words in found.error.message and not found.error.retryable
    assert not list(store.posts.newest())


def test_a_video_taken_down_at_once_has_failed(
    youtube: YouTube, alice: Account, store: Store, tmp_path: Path
) -> None:
    one = item(youtube, "Film", film(tmp_path))
    resume = {"video": "gone1234567"}
    assert asked(youtube, alice, one, resume).verdict is Verdict.PROCESSING
    found = asked(youtube, alice, one, resume, since=now() - timedelta(minutes=11))
    assert (found.verdict, found.error and found.error.code) == (Verdict.FAILED, "deleted")


def test_a_comment_whose_answer_was_lost_is_found(
    youtube: YouTube, alice: Account, store: Store, tmp_path: Path
) -> None:
    out = publish(
        youtube, alice, item(youtube, "Talk", film(tmp_path, 1000), privacyStatus="public")
    )
    said = remark("First <3\nSecond", out)
    with pytest.raises(NetworkError) as told:
        asked(youtube, alice, said, {})
    assert told.value.retry_at is not None
    late = now() - timedelta(minutes=11)
    assert asked(youtube, alice, said, {}, since=late).verdict is Verdict.ABSENT
    order(store, "publish", "reset_after_accept")
    assert commit(youtube, alice, said, {}).effect is Effect.UNKNOWN
    found = asked(youtube, alice, said, {})
    (post,) = store.posts.replies("youtube", out.external_id)
    assert found.published is not None and found.published.external_id == post.id
    assert found.published.extras == {"kind": "comment"}
    assert asked(youtube, alice, said, {}, known=frozenset({post.id}), since=late).verdict is (
        Verdict.ABSENT
    )
