"""What X would refuse is said before anything is sent."""

from pathlib import Path

import httpx2 as httpx
import pytest

from app.config import Config
from app.networks.base import Media, Part, Problem
from app.networks.x import X

PATH = Path("/nowhere")


@pytest.fixture
def x(config: Config) -> X:
    return X(httpx.Client(), config)


def image(mime: str = "image/png", size: int = 1000, alt: str = "A", **more: int) -> Media:
    return Media("m", PATH, mime, size, alt=alt, **{"width": 10, "height": 10, **more})  # type: ignore[arg-type]


def video(**more: float) -> Media:
    facts = {"size": 1000, "width": 1280, "height": 720, "seconds": 10.0, **more}
    mime = "video/mp4"
    return Media("v", PATH, mime, alt="A", **facts)  # type: ignore[arg-type]


GIF = image("image/gif", frames=2)


def blocking(x: X, *parts: Part) -> list[Problem]:
    return [problem for problem in x.validate(parts, {}) if problem.blocks]


@pytest.mark.parametrize(
    "part",
    [
        Part("x" * 280),
        Part("", (image(),)),
        Part("hi", (image(),) * 4),
        Part("hi", (GIF,)),
        Part("hi", (video(),)),
        Part("hi", (image("image/gif"), image())),
        Part("hi", (video(width=720, height=1280),)),
    ],
)
def test_what_x_takes_is_not_held_up(x: X, part: Part) -> None:
    assert blocking(x, part) == []


@pytest.mark.parametrize(
    ("part", "field", "words", "fix"),
    [
        (Part("  "), "text", "Write something", "add"),
        (Part("x" * 281), "text", "1 character over the limit of 280", "shorten"),
        (Part("漢" * 150), "text", "20 characters over", "shorten"),
        (Part("", (image(),) * 5), "media", "X takes 4 pictures in a post, not 5", "remove"),
        (Part("", (image(), video())), "media", "not a mix", "remove"),
        (Part("", (GIF, GIF)), "media", "X takes one GIF in a post, not 2", "remove"),
        (Part("", (video(), video())), "media", "one video", "remove"),
        (Part("", (image("image/tiff"),)), "media", "is a TIFF file", "remove"),
        (Part("", (image(size=5_000_001),)), "media", "larger than 5 MB", "shrink"),
        (Part("", (image("image/gif", frames=400),)), "media", "400 frames", "shrink"),
        (Part("", (image("image/gif", frames=2, width=1281),)), "media", "1281 × 10", "shrink"),
        (Part("", (image("image/gif", 15_000_001, frames=2),)), "media", "15 MB", "shrink"),
        (Part("", (video(seconds=141),)), "media", "0.5 seconds to 140 seconds", "shrink"),
        (Part("", (video(seconds=0.2),)), "media", "lasts 0.2 seconds", "shrink"),
        (Part("", (video(size=512_000_001),)), "media", "512 MB", "shrink"),
        (Part("", (video(width=1920, height=1080),)), "media", "1920 × 1080", "shrink"),
        (Part("", (video(width=900, height=200),)), "media", "three times as wide", "shrink"),
        (Part("", (image(alt="x" * 1001),)), "alt", "1 character longer than 1,000", "shorten"),
    ],
)
def test_what_x_refuses_is_named_with_its_cure(
    x: X, part: Part, field: str, words: str, fix: str
) -> None:
    (problem,) = blocking(x, Part("first"), part)
    assert (problem.field, problem.fix, problem.part) == (field, fix, 1)
    assert words in problem.message


def test_a_missing_description_and_a_second_cashtag_are_only_warned_of(x: X) -> None:
    found = x.validate((Part("$AAPL and $MSFT", (image(alt=" "),)),), {})
    assert [(p.field, p.blocks, p.fix) for p in found] == [
        ("text", False, "remove"), ("alt", False, "alt"),
    ]  # fmt: skip


def test_among_several_pictures_the_one_meant_is_named(x: X) -> None:
    (problem,) = blocking(x, Part("", (image(), image(size=6_000_000))))
    assert problem.message.startswith("Picture 2 ")


def test_subscribers_may_write_long_and_film_long(x: X) -> None:
    part = Part("x" * 281, (video(seconds=600),))
    assert [p for p in x.validate((part,), {"subscription_type": "Premium"}) if p.blocks] == []
    assert len(x.validate((part,), {"subscription_type": "None"})) == 2
    assert x.compose("x", {"subscription_type": "Basic"}).limit == 25_000
