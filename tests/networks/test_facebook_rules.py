"""What a Page may post, said before Facebook refuses it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.config import Config
from app.networks.base import Media, Part
from app.networks.facebook import Facebook
from tests.networks.facebook_helpers import facebook, http, played, store

__all__ = ["facebook", "http", "played", "store"]  # fixtures

IMAGE = Media("i", Path("i.jpg"), "image/jpeg", 1_000_000, 1200, 1200, alt="A shop")
CLIP = Media("v", Path("v.mp4"), "video/mp4", 9_000_000, 1080, 1920, seconds=20.0)
WIDE = replace(CLIP, width=1920, height=1080)


def said(facebook: Facebook, text: str, *media: Media, **options: Any) -> dict[str, bool]:
    """Messages with whether they block."""
    part = Part(text, media)
    return {p.message: p.blocks for p in facebook.validate((part,), {}, options)}


@pytest.mark.parametrize(
    ("text", "media", "form"),
    [
        ("Hello", (), "feed"),
        ("x" * 63_206, (), "feed"),
        ("", (IMAGE,) * 10, "feed"),
        ("Look", (CLIP,), "feed"),
        ("Look", (replace(WIDE, seconds=3600.0),), "feed"),
        ("Look", (CLIP,), "reel"),
        ("", (IMAGE,), "story"),
        ("", (CLIP,), "story"),
    ],
)
def test_what_facebook_takes_is_fine(
    facebook: Facebook, text: str, media: tuple[Media, ...], form: str
) -> None:
    assert said(facebook, text, *media, placement=form) == {}


@pytest.mark.parametrize(
    ("text", "media", "form", "words"),
    [
        ("", (), "feed", "Write something"),
        ("x" * 63_207, (), "feed", "1 characters over"),
        ("", (IMAGE,) * 11, "feed", "10 pictures"),
        ("", (IMAGE, CLIP), "feed", "not both"),
        ("", (replace(IMAGE, size=4_000_001),), "feed", "4 MB"),
        ("", (replace(IMAGE, mime="image/webp"),), "feed", "JPEG"),
        ("", (CLIP, CLIP), "feed", "one video"),
        ("", (IMAGE,), "reel", "needs one video"),
        ("x", (), "reel", "needs one video"),
        ("", (WIDE,), "reel", "too wide"),
        ("", (replace(CLIP, seconds=2.0),), "reel", "3 seconds or more"),
        ("", (replace(CLIP, seconds=91.0),), "reel", "90 seconds"),
        ("", (replace(CLIP, width=270, height=480),), "reel", "540 × 960"),
        ("", (replace(CLIP, seconds=61.0),), "story", "60 seconds"),
        ("", (IMAGE, IMAGE), "story", "one picture"),
        ("x", (), "story", "one picture or one video"),
        ("x", (), "carousel", "carousel"),
    ],
)
def test_what_facebook_refuses_is_said_in_words(
    facebook: Facebook, text: str, media: tuple[Media, ...], form: str, words: str
) -> None:
    found = said(facebook, text, *media, placement=form)
    assert any(words in message and blocks for message, blocks in found.items()), found


@pytest.mark.parametrize(
    ("text", "media", "form", "words"),
    [
        ("Words", (IMAGE,), "story", "no text"),
        ("", (replace(IMAGE, alt=""),), "feed", "no description"),
        ("", (replace(CLIP, seconds=75.0),), "reel", "4 to 60"),
        ("", (replace(IMAGE, mime="image/gif", frames=9),), "feed", "animated"),
    ],
)
def test_some_things_are_only_worth_a_warning(
    facebook: Facebook, text: str, media: tuple[Media, ...], form: str, words: str
) -> None:
    found = said(facebook, text, *media, placement=form)
    assert any(words in message for message in found) and not any(found.values()), found


def test_threads_a_title_too_long_and_a_comment_on_a_story_are_refused(facebook: Facebook) -> None:
    two = facebook.validate((Part("a"), Part("b")), {}, {})
    assert any("threads" in p.message for p in two)
    assert any(said(facebook, "", CLIP, placement="reel", videoTitle="x" * 256).values())
    assert any(said(facebook, "", CLIP, placement="story", firstComment="Hi").values())
    assert not any(said(facebook, "x", placement="feed", firstComment="Hi").values())


def test_links_and_tags_are_marked_as_they_will_be_seen(facebook: Facebook) -> None:
    text = "Go: https://a.example/#not-a-tag, #Yes and #123 (https://b.example/x_(y))"
    composed = facebook.compose(text, {})
    assert [(s.kind, text[s.start : s.end]) for s in composed.spans] == [
        ("link", "https://a.example/#not-a-tag"),
        ("tag", "#Yes"),
        ("link", "https://b.example/x_(y)"),
    ]
    assert (composed.count, composed.limit) == (len(text), 63_206)


def test_the_catalogue_knows_what_operators_need(config: Config) -> None:
    about = Facebook.about
    assert len(about.refusals) >= 10 and "pages_manage_posts" in about.scopes
    assert about.account_type == "page" and about.setup and about.review
