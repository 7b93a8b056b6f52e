"""What capabilities alone say about a content, in words and figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.networks import rules
from app.networks.base import Capabilities, Media, Option, Part, Placement

STORY = Placement("story", "Story", max_images=1, max_videos=1, max_seconds=60,
                  ratios=(0.5625, 0.5625), text=False, comment=False)  # fmt: skip
REEL = Placement("reel", "Reel", min_videos=1, max_videos=1, min_seconds=3, max_seconds=90)
FEED = Placement("feed", "Feed", max_images=10)
CAPS = Capabilities(
    2_200, max_images=10, image_mimes=("image/jpeg", "image/png"), max_image_bytes=8_000_000,
    image_ratios=(0.8, 1.91), video_mimes=("video/mp4",), video_codecs=("h264",), max_videos=1,
    max_video_bytes=100_000_000, threads=False, comment_limit=100, alt_limit=20,
    placements=(FEED, REEL, STORY),
    options=(
        Option("privacy", "Who may see it", "choice", (("all", "Everybody"), ("me", "Me")),
               required=True),
        Option("tags", "Tags", "tags", limit=2, default=["a"]),
        Option("at", "Shown from", "time"),
        Option("share", "Show in feed too", "flag", default=True, placements=("reel",)),
    ),
)  # fmt: skip
FINE = {"privacy": "all"}


def image(width: int = 1000, height: int = 1000, **more: Any) -> Media:
    return Media("m", Path("/x"), more.pop("mime", "image/jpeg"), more.pop("size", 1_000),
                 width, height, **more)  # fmt: skip


def video(seconds: float = 10.0, **more: Any) -> Media:
    return image(more.pop("width", 720), more.pop("height", 1280), mime="video/mp4",
                 seconds=seconds, codec=more.pop("codec", "h264"), **more)  # fmt: skip


def said(*media: Media, caps: Capabilities = CAPS, parts: int = 1, **options: Any) -> list[str]:
    content = (Part("Hello", media), *[Part("more")] * (parts - 1))
    found = rules.common(caps, content, FINE | options, "Bellnet")
    return [f"{one.field}/{one.fix}: {one.message}" for one in found]


def test_what_fits_is_said_nothing_about() -> None:
    assert said(image()) == said(image(), image()) == said() == []
    assert said(video()) == []  # no placement chosen: the one that holds a video
    assert said(video(), placement="reel", share=False, tags=["x"], at="2026-05-01T09:00Z") == []


@pytest.mark.parametrize(
    ("media", "options", "words"),
    [
        ((image(),) * 11, {}, "media/remove: Bellnet takes 10 pictures a post, there are 11."),
        ((image(), video()), {}, "media/remove: Bellnet takes pictures or a video in one post"),
        ((image(mime="image/webp"),), {}, "media/shrink: Bellnet takes JPEG or PNG"),
        ((image(size=8_000_001),), {}, "media/shrink: Bellnet takes pictures up to 8 MB."),
        ((image(1000, 2000),), {}, "media/crop: This picture is too tall for Bellnet, which takes "
         "4:5 to 1.91:1"),
        ((image(3000, 1000),), {}, "media/crop: This picture is too wide"),
        ((image(alt="x" * 21),), {}, "alt/alt: Bellnet takes descriptions up to 20 characters."),
        ((video(codec="vp9"),), {}, "media/remove: Bellnet takes videos coded as H264; this one"),
        ((video(size=100_000_001),), {}, "media/shrink: Bellnet takes videos up to 100 MB."),
        ((video(2.0),), {}, "media/remove: Bellnet takes videos of 3 seconds or more"),
        ((video(200.0),), {}, "media/remove: Bellnet takes videos of up to 90 seconds; this one "
         "has 3.3 minutes."),
        ((), {"placement": "reel"}, "media/add: A Bellnet reel needs one video."),
        ((image(),), {"placement": "reel"}, "media/remove: A Bellnet reel takes no picture."),
        ((image(),), {"placement": "wall"}, "placement/choose: Bellnet has no form “wall”"),
        ((image(720, 1280),), {"placement": "story", "firstComment": "Hi"},
         "comment/remove: A Bellnet story takes no comment."),
        ((image(),), {"firstComment": "x" * 101}, "comment/shorten: Bellnet takes comments up to"),
        ((image(),), {"privacy": ""}, "options.privacy/choose: Choose for Bellnet: Who may see"),
        ((image(),), {"privacy": "you"}, "options.privacy/choose: Who may see it: choose one of"),
        ((image(),), {"tags": ["a", "b", "c"]}, "options.tags/choose: Tags: at most 2."),
        ((image(),), {"at": "2026-05-01T09:00"}, "options.at/choose: Shown from: this is a time"),
        ((video(),), {"share": "yes"}, "options.share/choose: Show in feed too: this is yes or"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_with_its_figure(
    media: tuple[Media, ...], options: dict[str, Any], words: str
) -> None:
    found = said(*media, **options)
    assert any(one.startswith(words) for one in found), found


def test_a_thread_is_refused_where_there_is_none() -> None:
    assert said(parts=2) == ["text/: Bellnet has no threads: keep it to one part."]


def test_a_network_of_films_says_what_it_needs() -> None:
    caps = Capabilities(100, max_images=0, video_mimes=("video/mp4",), needs_media=True)
    assert said(caps=caps) == ["media/add: Bellnet needs a video."]
    assert said(image(), caps=caps)[0] == "media/remove: Bellnet takes no pictures."


def test_options_are_completed_for_the_form_the_media_take() -> None:
    assert rules.completed(CAPS, FINE | {"strange": 1}) == {
        "privacy": "all", "tags": ["a"], "placement": "feed"}  # fmt: skip
    reel = rules.completed(CAPS, FINE | {"firstComment": "Hi"}, videos=1)
    assert reel == {"privacy": "all", "tags": ["a"], "placement": "reel", "share": True,
                    "firstComment": "Hi"}  # fmt: skip
