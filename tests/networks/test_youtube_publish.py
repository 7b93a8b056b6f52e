"""Videos, Shorts, scheduled videos and first comments, as they arrive; delete and numbers."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.clock import now
from app.networks.base import Account, Metrics, NetworkError, Published
from app.networks.youtube import YouTube
from app.sandbox.store import Store
from tests.networks.youtube_fixtures import *  # noqa: F403
from tests.networks.youtube_helpers import (
    Wire,
    asked,
    channel,
    cover,
    film,
    item,
    order,
    person,
    prepared,
    publish,
    remark,
    taken,
)


def video_of(store: Store, published: Published) -> dict[str, Any]:
    found = store.table("youtube.videos").get(published.external_id)
    assert found is not None
    return found


def test_a_video_arrives_whole_with_everything_said_about_it(
    youtube: YouTube, alice: Account, store: Store, tmp_path: Path
) -> None:
    shot = film(tmp_path)
    options = {
        "title": "Explicit title", "description": "Launch walkthrough", "tags": ["launch", "a b"],
        "categoryId": "28", "privacyStatus": "unlisted", "notifySubscribers": False,
        "selfDeclaredMadeForKids": False, "containsSyntheticMedia": True,
    }  # fmt: skip
    out = publish(youtube, alice, item(youtube, "Fallback", shot, **options))
    (post,) = store.posts.newest()
    assert (post.id, post.text) == (out.external_id, "Explicit title\n\nLaunch walkthrough")
    assert store.blob(post.media[0]["blob"]) == ("video/mp4", shot.path.read_bytes())
    video = video_of(store, out)
    assert video["snippet"]["tags"] == ["launch", "a b"]
    assert video["snippet"]["categoryId"] == "28"
    assert video["status"]["privacyStatus"] == "unlisted"
    assert video["status"]["containsSyntheticMedia"] is True
    assert out.url == post.url and out.url.endswith(f"/watch?v={out.external_id}")
    assert out.extras == {"privacyStatus": "unlisted"}


@pytest.mark.parametrize(
    ("text", "options", "title", "description"),
    [
        ("One line", {}, "One line", ""),
        ("A title\n\nAnd more\nlines", {}, "A title", "And more\nlines"),
        ("All of the text", {"title": "Named"}, "Named", "All of the text"),
        ("Title", {"description": "Told"}, "Title", "Told"),
        ("Unused", {"title": "Named", "description": "Told"}, "Named", "Told"),
    ],
)
def test_title_and_description_come_from_options_or_text(
    youtube: YouTube, alice: Account, store: Store, tmp_path: Path,
    text: str, options: dict[str, str], title: str, description: str,
) -> None:  # fmt: skip
    out = publish(youtube, alice, item(youtube, text, film(tmp_path, 1000), **options))
    snippet = video_of(store, out)["snippet"]
    assert (snippet["title"], snippet["description"]) == (title, description)


def test_visibility_is_always_sent_and_private_unless_chosen(
    youtube: YouTube, alice: Account, store: Store, tmp_path: Path
) -> None:
    out = publish(youtube, alice, item(youtube, "Quiet", film(tmp_path, 1000)))
    assert out.extras["privacyStatus"] == "private"
    assert video_of(store, out)["status"]["privacyStatus"] == "private"


def test_an_installation_that_is_not_audited_keeps_everything_private(
    youtube: YouTube, alice: Account, store: Store, tmp_path: Path
) -> None:
    youtube.forced = True
    at = (now() + timedelta(days=1)).isoformat()
    for options in ({"privacyStatus": "public"}, {"publishAt": at}):
        out = publish(youtube, alice, item(youtube, "Loud", film(tmp_path, 1000), **options))
        status = video_of(store, out)["status"]
        assert status["privacyStatus"] == "private" and "publishAt" not in status
        assert "warning" not in out.extras


def test_a_video_google_keeps_private_says_so(
    youtube: YouTube, alice: Account, store: Store, tmp_path: Path
) -> None:
    person(store, audited=False)
    out = publish(
        youtube, alice, item(youtube, "Loud", film(tmp_path, 1000), privacyStatus="public")
    )
    assert "private instead of public" in out.extras["warning"]


def test_youtube_itself_makes_a_video_public_later(
    youtube: YouTube, alice: Account, store: Store, tmp_path: Path
) -> None:
    at = datetime(2031, 5, 1, 11, 0, tzinfo=UTC)
    one = item(youtube, "Later", film(tmp_path, 1000), publishAt="2031-05-01T13:00:00+02:00")
    out = publish(youtube, alice, one)
    assert out.extras == {"privacyStatus": "private", "publishAt": "2031-05-01T11:00:00Z"}
    assert datetime.fromisoformat(video_of(store, out)["status"]["publishAt"]) == at
    store.table("youtube.videos").get(out.external_id)["status"]["publishAt"] = (
        "2026-01-01T00:00:00Z"
    )
    found = youtube.probe(alice, one, {"video": out.external_id}, now(), frozenset())
    assert found.published is not None and found.published.extras == {"privacyStatus": "public"}


def test_a_short_has_its_own_address(youtube: YouTube, alice: Account, tmp_path: Path) -> None:
    out = publish(youtube, alice, item(youtube, "Quick", film(tmp_path, 1000), placement="short"))
    assert out.url.endswith(f"/shorts/{out.external_id}")


@pytest.mark.parametrize("notify", [True, False])
def test_subscribers_are_told_or_not(
    youtube: YouTube, alice: Account, wire: Wire, tmp_path: Path, notify: bool
) -> None:
    publish(youtube, alice, item(youtube, "Bell", film(tmp_path, 1000), notifySubscribers=notify))
    assert wire.asked[0].url.params["notifySubscribers"] == str(notify).lower()


def test_the_cover_becomes_the_thumbnail(
    youtube: YouTube, alice: Account, store: Store, tmp_path: Path
) -> None:
    shot = film(tmp_path, 1000, cover=cover(tmp_path))
    out = publish(youtube, alice, item(youtube, "Seen", shot, thumbnail=True))
    assert shot.cover is not None and "warning" not in out.extras
    kept = store.blob(video_of(store, out)["thumbnail"])
    assert kept == ("image/jpeg", shot.cover.read_bytes())
    plain = publish(youtube, alice, item(youtube, "Unset", film(tmp_path, 1000, cover=shot.cover)))
    assert video_of(store, plain)["thumbnail"] == "" and "warning" not in plain.extras


@pytest.mark.parametrize("trouble", ["unverified", "http_500", "no picture"])
def test_a_thumbnail_that_fails_does_not_fail_the_post(
    youtube: YouTube, alice: Account, store: Store, tmp_path: Path, trouble: str
) -> None:
    picture = cover(tmp_path)
    one = item(youtube, "Seen", film(tmp_path, 1000, cover=picture), thumbnail=True)
    resume = prepared(youtube, alice, one)
    if trouble == "unverified":
        person(store, verified=False)
    elif trouble == "no picture":
        picture.write_bytes(b"not a picture")
    else:
        order(store, "upload", trouble)
    taken(youtube, alice, one, resume)
    found = asked(youtube, alice, one, resume)
    assert found.published is not None
    assert "thumbnail" in found.published.extras["warning"]


def test_a_first_comment_is_made_and_deleted(
    youtube: YouTube, alice: Account, store: Store, tmp_path: Path
) -> None:
    out = publish(
        youtube, alice, item(youtube, "Talk", film(tmp_path, 1000), privacyStatus="public")
    )
    said = remark("Read more: https://example.com", out)
    assert list(youtube.prepare(alice, said, {})) == []
    comment = youtube.commit(alice, said, {})
    (post,) = store.posts.replies("youtube", out.external_id)
    assert (post.text, post.id) == ("Read more: https://example.com", comment.external_id)
    assert comment.url == f"{out.url}&lc={comment.external_id}"
    youtube.delete(alice, comment)
    youtube.delete(alice, comment)
    assert not store.posts.replies("youtube", out.external_id)
    assert store.posts.get("youtube", out.external_id) is not None


def test_a_private_video_takes_no_comment(youtube: YouTube, alice: Account, tmp_path: Path) -> None:
    out = publish(youtube, alice, item(youtube, "Talk", film(tmp_path, 1000)))
    with pytest.raises(NetworkError, match="comments are switched off") as told:
        youtube.commit(alice, remark("Hello", out), {})
    assert (told.value.code, told.value.retryable) == ("commentsDisabled", False)


def test_deleting_is_done_once_and_harmless_twice(
    youtube: YouTube, alice: Account, store: Store, tmp_path: Path
) -> None:
    out = publish(youtube, alice, item(youtube, "Gone", film(tmp_path, 1000)))
    youtube.delete(alice, out)
    youtube.delete(alice, out)
    assert next(store.posts.newest()).deleted


def test_somebody_elses_video_is_not_deleted(
    youtube: YouTube, alice: Account, store: Store, tmp_path: Path
) -> None:
    out = publish(youtube, alice, item(youtube, "Mine", film(tmp_path, 1000)))
    with pytest.raises(NetworkError):
        youtube.delete(channel(youtube, "mallory"), out)
    assert not next(store.posts.newest()).deleted


def test_numbers_are_counts_and_hidden_ones_are_not_made_up(
    youtube: YouTube, alice: Account, store: Store, tmp_path: Path
) -> None:
    out = publish(youtube, alice, item(youtube, "Count", film(tmp_path, 1000)))
    post = store.posts.get("youtube", out.external_id)
    assert post is not None
    post.extras["counts"] = {"likes": 7, "comments": 2, "impressions": 2**40}
    found = youtube.metrics(alice, [out.external_id, "missing1234"])
    assert found[out.external_id] == Metrics(likes=7, comments=2, impressions=2**40)
    assert found["missing1234"].gone
    person(store, hidden=["likeCount", "commentCount"])
    found = youtube.metrics(alice, [out.external_id])
    assert found[out.external_id] == Metrics(impressions=2**40)


def test_numbers_are_read_fifty_at_a_time(youtube: YouTube, alice: Account, wire: Wire) -> None:
    found = youtube.metrics(alice, [f"video{n:06}" for n in range(101)])
    assert len(found) == 101 and wire.calls == ["GET videos"] * 3


def test_there_is_nowhere_to_post_to_but_the_channel(youtube: YouTube, alice: Account) -> None:
    assert youtube.destinations(alice) == []
