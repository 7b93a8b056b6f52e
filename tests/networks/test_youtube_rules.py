"""What a channel may post, said before it is sent; and that the played YouTube agrees."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.clock import now
from app.networks import youtube_text
from app.networks.base import Account, Media, NetworkError, Part, Problem
from app.networks.youtube import YouTube
from tests.networks.youtube_fixtures import *  # noqa: F403
from tests.networks.youtube_helpers import film, item, prepared

CLIP = Media("m", Path("m.mp4"), "video/mp4", 1000, 1280, 720, seconds=300.0)
UPRIGHT = Media("m", Path("m.mp4"), "video/mp4", 1000, 720, 1280, seconds=30.0)
LONG = Media("m", Path("m.mp4"), "video/mp4", 1000, 1280, 720, seconds=1200.0)
PICTURE = Media("p", Path("p.png"), "image/png", 1000, 64, 64)


def problems(
    youtube: YouTube, text: str = "Title", *media: Media, extras: Any = None, **options: Any
) -> list[Problem]:
    return youtube.validate((Part(text, media or (CLIP,)),), extras or {}, options)


def test_a_video_with_a_title_is_fine(youtube: YouTube) -> None:
    assert problems(youtube) == []
    assert problems(youtube, "", title="Named", tags=["a", "b c"], privacyStatus="public") == []


REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("", {}, "options.title", "needs a title"),
    ("x" * 101, {}, "options.title", "1 character too long"),
    ("Title", {"title": "x" * 101}, "options.title", "at most 100"),
    ("a < b", {}, "text", "cannot hold"),
    ("T", {"title": "a > b"}, "options.title", "cannot hold"),
    ("T", {"description": "a > b"}, "options.description", "cannot hold"),
    ("T\n" + "é" * 2501, {}, "text", "2 bytes over"),
    ("T", {"description": "😀" * 1251}, "options.description", "4 bytes over"),
    ("T", {"tags": ["x" * 499, "y"]}, "options.tags", "1 character over"),
    ("T", {"tags": ["a<b"]}, "options.tags", "cannot hold"),
    ("T", {"categoryId": "99"}, "options.categoryId", "choose one of"),
    ("T", {"privacyStatus": "secret"}, "options.privacyStatus", "choose one of"),
    ("T", {"publishAt": "2031-01-01T00:00:00Z", "privacyStatus": "public"},
     "options.publishAt", "needs the visibility private"),
    ("T", {"publishAt": "2020-01-01T00:00:00Z"}, "options.publishAt", "has passed"),
    ("T", {"publishAt": "tomorrow"}, "options.publishAt", "a time with its zone"),
    ("T", {"firstComment": "Hi"}, "comment", "private video"),
    ("T", {"firstComment": "Hi", "privacyStatus": "public", "selfDeclaredMadeForKids": True},
     "comment", "for kids"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "options", "field", "words"), REFUSED)
def test_what_would_be_refused_is_said(
    youtube: YouTube, text: str, options: dict[str, Any], field: str, words: str
) -> None:
    (problem,) = problems(youtube, text, **options)
    assert problem.field == field and words in problem.message and problem.blocks


@pytest.mark.parametrize(
    ("media", "extras", "options", "words"),
    [
        ((PICTURE,), {}, {}, "no pictures"),
        ((CLIP, CLIP), {}, {}, "one video"),
        ((LONG,), {"longUploads": "eligible"}, {}, "15 minutes"),
        ((CLIP,), {}, {"placement": "short"}, "3 minutes"),
        ((UPRIGHT,), {}, {"placement": "story"}, "no form"),
    ],
)
def test_media_that_do_not_fit_are_said(
    youtube: YouTube, media: tuple[Media, ...], extras: Any, options: Any, words: str
) -> None:
    found = youtube.validate((Part("T", media),), extras, options)
    assert any(words in one.message and one.blocks for one in found), found


def test_text_alone_is_no_post(youtube: YouTube) -> None:
    assert any(one.field == "media" and one.blocks for one in youtube.validate((Part("T"),), {}))


def test_a_verified_channel_may_upload_for_long(youtube: YouTube) -> None:
    assert problems(youtube, "T", LONG, extras={"longUploads": "allowed"}) == []


def test_a_short_video_upright_is_a_short_anyway(youtube: YouTube) -> None:
    (problem,) = problems(youtube, "T", UPRIGHT)
    assert not problem.blocks and "Shorts" in problem.message
    assert problems(youtube, "T", UPRIGHT, placement="short") == []


@pytest.mark.parametrize("options", [{"privacyStatus": "public"}, {"publishAt": "in a day"}])
def test_an_installation_that_is_not_audited_says_that_it_stays_private(
    youtube: YouTube, options: dict[str, Any]
) -> None:
    if "publishAt" in options:
        options = {"publishAt": (now() + timedelta(days=1)).isoformat()}
    youtube.forced = True
    (problem,) = problems(youtube, **options)
    assert not problem.blocks and "private" in problem.message


def test_a_comment_under_a_public_video_is_fine(youtube: YouTube) -> None:
    assert problems(youtube, firstComment="Hi", privacyStatus="unlisted") == []


@pytest.mark.parametrize(
    ("tags", "length"),
    [([], 0), (["Foo-Baz"], 7), (["Foo Baz"], 9), (["a", "b c", "d"], 9), (["x" * 500], 500)],
)
def test_tags_are_counted_as_youtube_counts(tags: list[str], length: int) -> None:
    assert youtube_text.tags_length(tags) == length


@pytest.mark.parametrize(
    ("options", "fits"),
    [({"tags": ["x" * 249, "y" * 250]}, True), ({"tags": ["x" * 249, "y " * 124 + "yyy"]}, False),
     ({"description": "é" * 2500}, True), ({"description": "é" * 2500 + "e"}, False),
     ({"title": "😀" * 100}, True)],
)  # fmt: skip
def test_the_played_youtube_draws_the_same_lines(
    youtube: YouTube, alice: Account, tmp_path: Path, options: dict[str, Any], fits: bool
) -> None:
    assert (problems(youtube, "T", **options) == []) is fits
    one = item(youtube, "T", film(tmp_path, 1000), **options)
    if fits:
        assert prepared(youtube, alice, one)["secret"]
    else:
        with pytest.raises(NetworkError):
            prepared(youtube, alice, one)


def test_a_text_is_counted_in_bytes_and_marked(youtube: YouTube) -> None:
    composed = youtube.compose("Né à https://example.com/a. #Élan no#tag\r\n", {})
    assert composed.text.endswith("no#tag")
    assert (composed.count, composed.limit) == (len(composed.text.encode()), 5000)
    marked = [(span.kind, composed.text[span.start : span.end]) for span in composed.spans]
    assert marked == [("link", "https://example.com/a"), ("tag", "#Élan")]


def test_every_option_is_the_contracts_own(youtube: YouTube) -> None:
    names = {option.name for option in youtube.capabilities({}).options}
    assert names >= {
        "title", "description", "tags", "categoryId", "privacyStatus", "publishAt",
        "notifySubscribers", "selfDeclaredMadeForKids", "containsSyntheticMedia",
    }  # fmt: skip


def test_what_an_operator_needs_is_said(youtube: YouTube) -> None:
    about = youtube.about
    assert len(about.refusals) >= 10 and len(about.setup) >= 4 and about.review
    assert all(one.means and one.step for one in about.refusals)
