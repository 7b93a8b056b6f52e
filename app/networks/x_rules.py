"""What an X account may post (networks/x.md §4), as numbers and as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.networks import x_text
from app.networks.base import Capabilities, Media, Option, Part, Problem
from app.networks.composed import Code

IMAGES = ("image/jpeg", "image/png", "image/webp", "image/gif")
VIDEOS = ("video/mp4", "video/quicktime")
IMAGE_BYTES = 5_000_000
GIF_BYTES, GIF_WIDTH, GIF_HEIGHT, GIF_FRAMES = 15_000_000, 1280, 1080, 350
VIDEO_BYTES = 512_000_000
VIDEO_SECONDS, LONG_VIDEO_SECONDS = (0.5, 140.0), 4 * 3600.0
VIDEO_SIDES, VIDEO_RATIO = (32, 1280, 1024), 3.0
MAX_IMAGES, ALT_LIMIT = 4, 1000
METRICS = ("likes", "shares", "comments", "quotes", "saves", "impressions")
OPTIONS = (
    Option(
        "reply_settings", "Who can reply", "choice",
        (("following", "People you follow"), ("mentionedUsers", "Only people you mention"),
         ("subscribers", "Your subscribers"), ("verified", "Verified accounts")),
        blank="Everyone",
    ),
)  # fmt: skip


def capabilities(extras: Mapping[str, Any]) -> Capabilities:
    """Limits of an account; ``subscription_type`` tells whether posts and videos may be long."""
    return Capabilities(
        text_limit=x_text.limit_of(extras),
        text_unit="characters; a link counts 23, an emoji or a CJK character 2",
        max_images=MAX_IMAGES,
        image_mimes=IMAGES,
        max_image_bytes=IMAGE_BYTES,
        max_gif_bytes=GIF_BYTES,
        video_mimes=VIDEOS,
        max_videos=1,
        max_video_bytes=VIDEO_BYTES,
        max_video_seconds=_video_seconds(extras),
        alt_limit=ALT_LIMIT,
        mixes_media=False,
        threads=True,
        link_card=False,
        metrics=METRICS,
        options=OPTIONS,
    )


def _video_seconds(extras: Mapping[str, Any]) -> float:
    plan = str(extras.get("subscription_type", "")).lower()
    return LONG_VIDEO_SECONDS if plan in {"premium", "premiumplus"} else VIDEO_SECONDS[1]


def validate(parts: tuple[Part, ...], extras: Mapping[str, Any]) -> list[Problem]:
    """Everything X would refuse, part by part, and what is worth a warning."""
    found: list[Problem] = []
    for number, part in enumerate(parts):
        found += [_in(problem, number) for problem in _text(part, extras)]
        found += [_in(problem, number) for problem in _media(part.media, extras)]
    return found


def _in(problem: Problem, number: int) -> Problem:
    return problem.in_part(number)


def _text(part: Part, extras: Mapping[str, Any]) -> Iterator[Problem]:
    composed = x_text.compose(part.text, x_text.limit_of(extras))
    if not composed.text and not part.media:
        yield Problem("text", "Write something, or add a picture.", fix="add")
    if composed.left < 0:
        yield Problem(
            "text",
            f"{_many(-composed.left, 'character')} over the limit of {composed.limit:,}. "
            "Each link counts 23, each emoji or CJK character 2.",
            fix="shorten",
        )
    if len(x_text.cashtags(composed.text)) > 1:
        yield Problem(
            "text", "X may refuse a post with more than one cashtag.", blocks=False, fix="remove"
        )


def _media(media: tuple[Media, ...], extras: Mapping[str, Any]) -> Iterator[Problem]:
    kinds = [item.kind for item in media]
    if len(set(kinds)) > 1:
        yield Problem(
            "media",
            "X takes pictures, one GIF or one video in a post, not a mix.",
            fix="remove",
            kind=Code.MIXED_MEDIA_NOT_SUPPORTED,
        )
    elif kinds and kinds[0] != "image" and len(kinds) > 1:
        what = "GIF" if kinds[0] == "gif" else "video"
        yield Problem("media", f"X takes one {what} in a post, not {len(kinds)}.", fix="remove")
    elif len(kinds) > MAX_IMAGES:
        yield Problem(
            "media", f"X takes {MAX_IMAGES} pictures in a post, not {len(kinds)}.", fix="remove"
        )
    for place, item in enumerate(media, 1):
        called = _called(item, place if len(media) > 1 else 0)
        check = {"image": _image, "gif": _gif, "video": _video}[item.kind]
        yield from check(item, called, extras)
        yield from _alt(item, called)


def _called(item: Media, place: int) -> str:
    """How a file is named in a sentence: ``The picture``, or ``Picture 2`` among several."""
    word = {"image": "picture", "gif": "GIF", "video": "video"}[item.kind]
    return f"{word[0].upper()}{word[1:]} {place}" if place else f"The {word}"


def _image(item: Media, called: str, extras: Mapping[str, Any]) -> Iterator[Problem]:
    if item.mime not in IMAGES:
        yield _kind(item, called, "JPG, PNG, GIF or WebP pictures")
    elif item.size > IMAGE_BYTES:
        yield Problem("media", f"{called} is larger than 5 MB.", fix="shrink")


def _gif(item: Media, called: str, extras: Mapping[str, Any]) -> Iterator[Problem]:
    if item.size > GIF_BYTES:
        yield Problem("media", f"{called} is larger than 15 MB.", fix="shrink")
    if item.width > GIF_WIDTH or item.height > GIF_HEIGHT:
        yield Problem(
            "media",
            f"{called} is {item.width} × {item.height} pixels; X takes 1280 × 1080 at most.",
            fix="shrink",
        )
    if item.frames > GIF_FRAMES:
        yield Problem(
            "media", f"{called} has {item.frames} frames; X takes 350 at most.", fix="shrink"
        )


def _video(item: Media, called: str, extras: Mapping[str, Any]) -> Iterator[Problem]:
    if item.mime not in VIDEOS:
        yield _kind(item, called, "MP4 or MOV videos")
        return
    if item.size > VIDEO_BYTES:
        yield Problem("media", f"{called} is larger than 512 MB.", fix="shrink")
    most = _video_seconds(extras)
    if item.seconds and not VIDEO_SECONDS[0] <= item.seconds <= most:
        length = f"{most:.0f} seconds" if most < 3600 else f"{most / 3600:.0f} hours"
        yield Problem(
            "media",
            f"{called} lasts {item.seconds:.1f} seconds; X takes 0.5 seconds to {length}.",
            fix="shrink",
        )
    if item.width and item.height and not _shape_fits(item):
        yield Problem(
            "media",
            f"{called} is {item.width} × {item.height} pixels; X takes 32 × 32 to 1280 × 1024, "
            "at most three times as wide as high, or as high as wide.",
            fix="shrink",
        )


def _shape_fits(item: Media) -> bool:
    """32 × 32 to 1280 × 1024 either way up, ratio 1:3 to 3:1."""
    least, long_side, short_side = VIDEO_SIDES
    low, high = sorted((item.width, item.height))
    return least <= low <= short_side and high <= long_side and high <= low * VIDEO_RATIO


def _alt(item: Media, called: str) -> Iterator[Problem]:
    if len(item.alt) > ALT_LIMIT:
        over = _many(len(item.alt) - ALT_LIMIT, "character")
        yield Problem(
            "alt", f"{called}: the description is {over} longer than {ALT_LIMIT:,}.", fix="shorten"
        )
    elif not item.alt.strip() and item.kind != "video":
        yield Problem(
            "alt", f"{called} has no description for people who cannot see it.",
            blocks=False, fix="alt",
        )  # fmt: skip


def _kind(item: Media, called: str, taken: str) -> Problem:
    kind = item.mime.partition("/")[2].upper() or "unknown"
    return Problem("media", f"{called} is a {kind} file; X takes {taken}.", fix="remove",
                   kind=Code.UNSUPPORTED_MEDIA_TYPE)  # fmt: skip


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"
