"""What Instagram would refuse, said before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from app.config import Config
from app.networks import instagram_rules
from app.networks.base import Media, Part
from app.networks.instagram import Instagram


@pytest.fixture(scope="module")
def instagram(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instagram]:
    """Nothing is sent in these tests."""
    config = Config.from_env({"INSTANCE_DIR": str(tmp_path_factory.mktemp("instance"))})
    with httpx.Client() as http:
        yield Instagram(http, config)


def image(width: int = 1080, height: int = 1080, mime: str = "image/jpeg", alt: str = "") -> Media:
    return Media("1", Path("x"), mime, 90_000, width, height, alt=alt)


def video(seconds: float = 20, size: int = 9_000_000, codec: str = "h264") -> Media:
    return Media("2", Path("y"), "video/mp4", size, 1080, 1920, seconds=seconds, codec=codec)


def upright(seconds: float = 20) -> Media:
    """A video of the shape a feed shows whole."""
    return Media("3", Path("z"), "video/mp4", 9_000_000, 1080, 1350, seconds=seconds, codec="h264")


def problems(
    instagram: Instagram, text: str, *media: Media, **options: Any
) -> list[tuple[str, bool]]:
    found = instagram.validate((Part(text, media),), {}, options)
    return [(one.message, one.blocks) for one in found]


@pytest.mark.parametrize(
    ("text", "media", "options"),
    [
        ("Fine", [image()], {}),
        ("Fine", [image(1080, 1350)], {"placement": "feed"}),
        ("Fine", [image(1200, 628)], {}),
        ("Fine", [image(), image()], {}),
        ("Fine", [image()] * 10, {"placement": "carousel"}),
        ("Fine", [image(1080, 1350), upright()], {}),
        ("Fine", [upright()] * 10, {"placement": "carousel", "firstComment": "#a"}),
        ("Fine", [video()], {}),
        ("Fine", [video(codec="hevc")], {"placement": "reel", "thumbOffset": 20_000}),
        ("", [image(1080, 1920)], {"placement": "story"}),
        ("", [video()], {"placement": "story"}),
        ("x" * 2200, [image()], {}),
        (" ".join(f"#t{n}" for n in range(30)), [image()], {}),
        ("Fine", [image()], {"firstComment": "#a #b", "collaborators": ["a", "b", "c"]}),
    ],
)
def test_what_instagram_takes_has_no_problem(
    instagram: Instagram, text: str, media: list[Media], options: dict[str, Any]
) -> None:
    assert problems(instagram, text, *media, **options) == []


@pytest.mark.parametrize(
    ("text", "media", "options", "words"),
    [
        ("Only words", [], {}, "needs a picture or a video"),
        ("x" * 2201, [image()], {}, "1 character over the limit of 2,200"),
        (" ".join(f"#t{n}" for n in range(31)), [image()], {}, "30 hashtags"),
        (" ".join(f"@n{n}" for n in range(21)), [image()], {}, "20 mentions"),
        ("", [image(1080, 1920)], {}, "too tall"),
        ("", [image(2000, 1000)], {}, "too wide"),
        ("", [image(mime="image/webp")], {}, "JPEG"),
        ("", [image(alt="x" * 1001)], {}, "1,000"),
        ("", [image()] * 11, {}, "10 pictures"),
        ("", [image()] * 5 + [video()] * 6, {}, "at most 10 pictures and videos, there are 11"),
        ("", [video()] * 11, {}, "10 videos"),
        ("", [image(), video(2.9)], {}, "3 seconds or more"),
        ("", [image(1080, 1920), video()], {}, "too tall"),
        ("", [video()], {"placement": "carousel"}, "at least 2 pictures and videos"),
        ("", [image(), video()], {"placement": "reel"}, "no picture"),
        ("", [image(), video()], {"placement": "story"}, "at most one picture or video"),
        ("", [image(), image()], {"placement": "feed"}, "at most one picture"),
        ("", [image()], {"placement": "carousel"}, "2 pictures"),
        ("", [image()], {"placement": "reel"}, "one video"),
        ("", [video(2.9)], {}, "3 seconds or more"),
        ("", [video(901)], {}, "up to 15 minutes"),
        ("", [video(61)], {"placement": "story"}, "up to 60 seconds"),
        ("", [video(size=300_000_001)], {}, "300 MB"),
        ("", [video(size=100_000_001)], {"placement": "story"}, "100 MB"),
        ("", [video(codec="vp9")], {}, "VP9"),
        ("", [image(), image()], {"placement": "story"}, "one picture"),
        ("", [], {"placement": "story"}, "story needs"),
        ("", [video()], {"thumbOffset": 20_001}, "outside of the video"),
        ("", [video()], {"coverUrl": "http://a.example/c.jpg"}, "https://"),
        ("", [image()], {"placement": "wall"}, "no form"),
        ("", [image()], {"collaborators": ["a", "b", "c", "d"]}, "at most 3"),
        ("", [image(1080, 1920)], {"placement": "story", "firstComment": "x"}, "no comment"),
        ("", [image()], {"firstComment": "x" * 2201}, "2,200"),
    ],
)  # fmt: skip
def test_what_instagram_would_refuse_is_said_with_its_figure(
    instagram: Instagram, text: str, media: list[Media], options: dict[str, Any], words: str
) -> None:
    found = problems(instagram, text, *media, **options)
    assert any(words in message and blocks for message, blocks in found), found


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("See https://example.com", {}, "tap a link"),
        ("Not shown", {"placement": "story"}, "no caption"),
    ],
)
def test_what_is_only_worth_a_warning_does_not_block(
    instagram: Instagram, text: str, options: dict[str, Any], words: str
) -> None:
    ((message, blocks),) = problems(instagram, text, image(), **options)
    assert words in message and not blocks


def test_a_second_part_is_refused(instagram: Instagram) -> None:
    found = instagram.validate((Part("One", (image(),)), Part("Two")), {})
    assert [one.part for one in found if "no threads" in one.message] == [1]


def test_mentions_and_hashtags_are_marked_as_people_see_them(instagram: Instagram) -> None:
    found = instagram.compose("Hi @anna.b., mail me@x.org #été #1 #a_1\r\nend ", {})
    marked = [(found.text[s.start : s.end], s.kind) for s in found.spans]
    assert marked == [("@anna.b", "mention"), ("#été", "tag"), ("#a_1", "tag")]
    assert found.text.endswith("\nend") and found.count == len(found.text)
    assert found.spans[0].href == "https://www.instagram.com/anna.b/"
    assert instagram.compose("😀" * 2201, {}).left == -1


@pytest.mark.parametrize(
    ("media", "options", "form"),
    [
        ([image()], {}, "feed"),
        ([image(), image()], {"placement": "feed"}, "carousel"),
        ([video()], {"placement": "feed"}, "reel"),
        ([video()], {"placement": "story"}, "story"),
        ([image()], {"placement": "story"}, "story"),
        ([image()], {"placement": "reel"}, "feed"),
        ([image(), video()], {}, "carousel"),
        ([video(), video()], {"placement": "reel"}, "carousel"),
        ([image(), video()], {"placement": "story"}, "carousel"),
    ],
)
def test_the_media_decide_where_the_placement_does_not_fit(
    media: list[Media], options: dict[str, Any], form: str
) -> None:
    assert instagram_rules.form(tuple(media), options) == form


@pytest.mark.parametrize(
    ("media", "words"),
    [
        ([image(), upright()], "; item 2 has another."),
        ([upright(), video(), image()], "; 2 items have another."),
    ],
)
def test_items_of_another_shape_are_told_that_they_are_cut(
    instagram: Instagram, media: list[Media], words: str
) -> None:
    ((message, blocks),) = problems(instagram, "Mixed", *media)
    assert message.startswith("Instagram cuts every item of a carousel") and not blocks
    assert message.endswith(words)


def test_the_videos_of_a_carousel_are_fetched_and_those_of_a_reel_are_not(
    instagram: Instagram,
) -> None:
    caps = instagram.capabilities({})
    assert caps.addressed == {"image", "video"} and caps.by_url == ("image",)
    assert caps.fetched({}, 0, 1) == {"image"} == caps.fetched({"placement": "story"}, 0, 1)
    assert caps.fetched({}, 1, 1) == {"image", "video"} == caps.fetched({}, 0, 2)
