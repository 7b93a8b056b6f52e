"""Threads' count and checks before anything is sent."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.networks import cls
from app.networks.base import Card, Media, Part, Problem
from app.networks.threads import Threads
from app.networks.threads_rules import CAPABILITIES, validate
from app.networks.threads_text import compose
from app.sandbox.threads.length import counted

COUNTS = [
    ("plain", 5),
    ("Grüße", 5),
    ("漢字", 2),
    ("👋", 4),
    ("👍🏽", 8),
    ("🇬🇧", 8),
    ("👨\u200d👩\u200d👧", 18),
    ("❤\ufe0f", 6),
    ("❤", 1),
    ("1\ufe0f\u20e3", 7),
    ("© ™ ↔", 5),
    ("\r\n a \r\n", 1),
]


@pytest.mark.parametrize(("text", "figure"), COUNTS)
def test_an_emoji_counts_its_bytes(text: str, figure: int) -> None:
    assert compose(text).count == figure == counted(compose(text).text)


PIECES = st.sampled_from(
    [
        *"a é漢 #@.",
        "👋",
        "🏽",
        "\u200d",
        "\ufe0f",
        "\u20e3",
        "🇬",
        "🇧",
        "❤",
        "👩",
        "\u0301",
        "1",
        "*",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=25))
def test_nothing_that_fits_here_is_too_long_there(pieces: list[str]) -> None:
    composed = compose("".join(pieces))
    assert composed.count == counted(composed.text)


def test_what_is_over_is_marked_at_a_whole_character() -> None:
    composed = compose("x" * 497 + "👋👋")
    (over,) = [span for span in composed.spans if span.kind == "over"]
    assert (composed.left, over.start, over.end) == (-5, 497, 499)


def test_links_mentions_and_the_one_topic_are_marked() -> None:
    text = "By @a.b. see example.org/x#y, #first and #second; mail a@b.com"
    found = {(span.kind, text[span.start : span.end]) for span in compose(text).spans}
    assert found == {("mention", "@a.b"), ("link", "example.org/x#y"), ("tag", "#first")}


def media(count: int, mime: str = "image/jpeg", **more: Any) -> tuple[Media, ...]:
    figures: dict[str, Any] = {"size": 1000, "width": 100, "height": 100, "alt": "x"} | more
    return tuple(Media(str(n), Path("x"), mime, **figures) for n in range(count))


def problems(part: Part, **options: Any) -> list[Problem]:
    return validate((part,), options)


REFUSED = [
    (Part("x" * 501), {}, "text", "1 character over the limit of 500"),
    (Part("👋" * 126), {}, "text", "4 characters over"),
    (Part(""), {}, "text", "Write something"),
    (Part(" ".join(f"https://a.com/{n}" for n in range(6))), {}, "text", "5 different links"),
    (Part(" ".join(f"https://a.com/{n}" for n in range(5)), card=Card("https://b.com")), {},
     "text", "5 different links"),
    (Part("x", media(21)), {}, "media", "21"),
    (Part("x", media(11) + media(10, "video/mp4")), {}, "media",
     "20 pictures and videos a post, there are 21"),
    (Part("x", media(1, "image/webp")), {}, "media", "JPEG or PNG"),
    (Part("x", media(1, "image/gif", frames=2)), {}, "media", "JPEG or PNG"),
    (Part("x", media(1, size=8_000_001)), {}, "media", "8 MB"),
    (Part("x", media(1, width=1100)), {}, "media", "too wide"),
    (Part("x", media(1, "video/webm")), {}, "media", "MP4 or MOV"),
    (Part("x", media(1, "video/mp4", seconds=301.0)), {}, "media", "5 minutes"),
    (Part("x", media(1, "video/mp4", codec="vp9")), {}, "media", "H264"),
    (Part("x", media(1, alt="x" * 1001)), {}, "alt", "1,000"),
    (Part("x"), {"replyControl": "nobody"}, "options.replyControl", "choose one of"),
    (Part("x"), {"topicTag": "a.b"}, "options.topicTag", "full stop"),
    (Part("x"), {"topicTag": "x" * 51}, "options.topicTag", "50"),
    (Part("x"), {"firstComment": "x" * 501}, "comment", "500"),
    (Part("x"), {"firstComment": "👋" * 126}, "comment", "4 characters over"),
]  # fmt: skip


@pytest.mark.parametrize(("part", "options", "field", "words"), REFUSED)
def test_what_threads_refuses_is_said_before(
    part: Part, options: dict[str, Any], field: str, words: str
) -> None:
    found = [one for one in problems(part, **options) if one.blocks]
    assert any(one.field == field and words in one.message for one in found), found


TAKEN = [
    (Part("x" * 500), {}),
    (Part("", media(1)), {}),
    (Part("x", media(20)), {}),
    (Part("x", media(10) + media(10, "video/mp4", seconds=300.0)), {}),
    (Part("https://a.com https://a.com " * 6), {}),
    (Part("x"), {"replyControl": "mentioned_only", "topicTag": "#Bread and butter"}),
    (Part("x"), {"firstComment": "Fine"}),
]  # fmt: skip


@pytest.mark.parametrize(("part", "options"), TAKEN)
def test_what_it_takes_is_let_through(part: Part, options: dict[str, Any]) -> None:
    assert not [one for one in problems(part, **options) if one.blocks]


def test_problems_name_their_part() -> None:
    found = validate((Part("fine"), Part("x" * 501)), {})
    assert [(one.part, one.fix) for one in found] == [(1, "shorten")]


def test_the_catalogue_has_it() -> None:
    assert cls("threads") is Threads
    assert CAPABILITIES.by_url == ("image", "video") and CAPABILITIES.mixes_media
    assert [one.name for one in CAPABILITIES.options] == ["replyControl", "topicTag"]
