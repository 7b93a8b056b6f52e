"""What a Pinterest account may post (networks/pinterest.md §4), as numbers and as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from app.networks import rules
from app.networks.base import Capabilities, Composed, Media, Option, Part, Problem

TITLE = "Pinterest"
DESCRIPTION_LIMIT, TITLE_LIMIT, ALT_LIMIT, LINK_LIMIT = 800, 100, 500, 2048
IMAGES = ("image/jpeg", "image/png")
VIDEOS = ("video/mp4", "video/quicktime")
IMAGE_BYTES, VIDEO_BYTES = 20_000_000, 2_000_000_000
MAX_IMAGES = 5
VIDEO_SECONDS = (4.0, 15 * 60.0)
# All pictures of a Pin travel in the one call that makes it, which has a minute.
HEAVY_BYTES = 40_000_000
METRICS = ("likes", "comments", "saves", "impressions")

OPTIONS = (
    Option(
        "boardId", "Board", "destination", required=True,
        help="Every Pin lies on a board of the account.",
    ),
    Option(
        "boardSectionId", "Section of the board", "text", limit=64,
        help="The id of a section; empty: the board itself.",
    ),
    Option("title", "Title", "text", limit=TITLE_LIMIT, help="Shown above the description."),
    Option(
        "link", "Link", "text", limit=LINK_LIMIT,
        help="Where a click on the Pin leads: a whole address with https://.",
    ),
)  # fmt: skip


def capabilities() -> Capabilities:
    """The same for every account."""
    return Capabilities(
        text_limit=DESCRIPTION_LIMIT,
        max_images=MAX_IMAGES,
        image_mimes=IMAGES,
        max_image_bytes=IMAGE_BYTES,
        one_size=True,
        video_mimes=VIDEOS,
        max_videos=1,
        max_video_bytes=VIDEO_BYTES,
        min_video_seconds=VIDEO_SECONDS[0],
        max_video_seconds=VIDEO_SECONDS[1],
        alt_limit=ALT_LIMIT,
        threads=False,
        needs_media=True,
        destination="board",
        metrics=METRICS,
        options=OPTIONS,
    )


def compose(text: str) -> Composed:
    """The description: code points, white space around it dropped."""
    sent = text.strip()
    return Composed(sent, len(sent), DESCRIPTION_LIMIT)


def chosen(options: Mapping[str, Any], name: str) -> str:
    """A text option as it is sent: ``""`` where nothing was written."""
    value = options.get(name)
    return value.strip() if isinstance(value, str) else ""


def validate(parts: tuple[Part, ...], options: Mapping[str, Any]) -> list[Problem]:
    """Everything Pinterest would refuse, and what is worth a warning."""
    found = rules.common(capabilities(), parts, options, TITLE)
    composed = compose(parts[0].text)
    if composed.left < 0:
        over = -composed.left
        found.append(
            Problem(
                "text",
                f"{over:,} character{'' if over == 1 else 's'} over Pinterest's limit of "
                f"{composed.limit}.",
                fix="shorten",
            )
        )
    found += _link(chosen(options, "link"))
    found += _number(chosen(options, "boardId"), "boardId", "board")
    found += _number(chosen(options, "boardSectionId"), "boardSectionId", "section")
    found += _pictures([one for one in parts[0].media if one.kind != "video"])
    found += _described(parts[0].media)
    return found


def _link(link: str) -> Iterator[Problem]:
    if not link:
        return
    try:
        parts = urlsplit(link)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        whole = False
    if not whole or any(character.isspace() for character in link):
        yield Problem(
            "options.link", "Link: write the whole address, beginning with https://.", fix="choose"
        )


def _number(value: str, name: str, word: str) -> Iterator[Problem]:
    if value and not (value.isascii() and value.isdigit()):
        yield Problem(f"options.{name}", f"That is not the id of a {word}.", fix="choose")


def _pictures(images: list[Media]) -> Iterator[Problem]:
    """Several pictures are a carousel: one size for all (§2)."""
    sizes = {(one.width, one.height) for one in images if one.width and one.height}
    if len(images) > 1 and len(sizes) > 1:
        listed = ", ".join(f"{width} × {height}" for width, height in sorted(sizes))
        yield Problem(
            "media",
            f"The pictures of one Pin have to be of the same size; these are {listed} pixels.",
            fix="crop",
        )
    if any(one.kind == "gif" for one in images):
        yield Problem(
            "media", "Pinterest takes no moving GIF from us: use a JPG, PNG or a video.",
            fix="remove",
        )  # fmt: skip
    weight = sum(one.size for one in images)
    if len(images) > 1 and weight > HEAVY_BYTES:
        yield Problem(
            "media",
            f"These pictures have {weight / 1_000_000:.0f} MB together and go out in one call: on "
            "a slow line that may fail. Smaller ones are safer.",
            blocks=False,
            fix="shrink",
        )


def _described(media: tuple[Media, ...]) -> Iterator[Problem]:
    if media and not any(one.alt.strip() for one in media):
        yield Problem(
            "alt", "This Pin has no description for people who cannot see it.",
            blocks=False, fix="alt",
        )  # fmt: skip
    elif len(media) > 1 and len(joined(media)) > ALT_LIMIT:
        yield Problem(
            "alt",
            f"Pinterest keeps one description for all pictures of a Pin, up to {ALT_LIMIT} "
            "characters: the end of these is cut off.",
            blocks=False,
            fix="alt",
        )


def joined(media: tuple[Media, ...]) -> str:
    """The descriptions of all files as one: Pinterest has a single field for them."""
    if len(media) == 1:
        return media[0].alt.strip()
    given = ((place, one.alt.strip()) for place, one in enumerate(media, 1))
    return " ".join(f"Picture {place}: {alt}" for place, alt in given if alt)


def alt_text(media: tuple[Media, ...]) -> str:
    """What is sent of the descriptions."""
    text = joined(media)
    return text if len(text) <= ALT_LIMIT else f"{text[: ALT_LIMIT - 1]}…"
