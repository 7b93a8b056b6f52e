"""What an account on Bluesky may post, and what is wrong with a content (§2, §4)."""

from __future__ import annotations

from collections.abc import Iterator

from app.networks import bluesky_text as text
from app.networks.base import Capabilities, Card, Media, Part, Problem

CAPABILITIES = Capabilities(
    text_limit=text.LIMIT,
    max_images=4,
    image_mimes=("image/jpeg", "image/png", "image/webp", "image/gif"),
    # Servers with the older lexicon refuse more than 1,000,000 bytes (§4).
    max_image_bytes=976 * 1024,
    alt_limit=2000,
    link_card=True,
    metrics=("likes", "shares", "comments", "quotes", "saves"),
)
CARD_URL_BYTES = 8192  # the format ``uri`` of the lexicons


def problems(parts: tuple[Part, ...]) -> list[Problem]:
    """Everything a server would refuse, then warnings, part by part."""
    found: list[Problem] = []
    for number, part in enumerate(parts):
        for problem in _of_part(part):
            found.append(
                Problem(problem.field, problem.message, problem.blocks, number, problem.fix)
            )
    return found


def _of_part(part: Part) -> Iterator[Problem]:
    words = text.normal(part.text)
    if not words and not part.media and part.card is None:
        yield Problem("text", "Write something, or add a picture.", fix="add")
    yield from _length(words)
    images = [media for media in part.media if media.kind != "video"]
    if len(images) < len(part.media):
        yield Problem(
            "media", "Videos can't be published to Bluesky from here. Take it out for Bluesky.",
            fix="remove",
        )  # fmt: skip
    if len(images) > CAPABILITIES.max_images:
        yield Problem(
            "media", f"Bluesky takes 4 pictures a post; this has {len(images)}.", fix="remove"
        )
    for number, media in enumerate(images, 1):
        yield from _picture(number, media)
    if part.card is not None and not part.media:
        yield from _card(part.card)


def _length(words: str) -> Iterator[Problem]:
    count, weight = text.graphemes(words), text.size(words)
    if count > text.LIMIT:
        yield Problem(
            "text", f"Bluesky takes {text.LIMIT} characters; this is {count}.", fix="shorten"
        )
    elif weight > text.BYTES:
        yield Problem(
            "text",
            f"Bluesky takes {text.BYTES} bytes of text; this is {weight}, because emoji and "
            "some scripts take several bytes each.",
            fix="shorten",
        )


def _picture(number: int, media: Media) -> Iterator[Problem]:
    if media.mime not in CAPABILITIES.image_mimes:
        yield Problem(
            "media", f"Bluesky does not take picture {number}: it is no JPEG, PNG, WebP or GIF.",
            fix="remove",
        )  # fmt: skip
    elif media.size > CAPABILITIES.max_image_bytes:
        yield Problem("media", f"Picture {number} is larger than 976 KB.", fix="shrink")
    if media.kind == "gif":
        yield Problem("media", f"Bluesky shows picture {number} as a still.", blocks=False)
    length = text.graphemes(media.alt)
    if length > CAPABILITIES.alt_limit:
        yield Problem(
            "alt",
            f"The alt text of picture {number} has {length} characters; Bluesky's own app stops "
            f"at {CAPABILITIES.alt_limit}.",
            blocks=False, fix="alt",
        )  # fmt: skip


def _card(card: Card) -> Iterator[Problem]:
    if not card.url.startswith(("https://", "http://")) or text.size(card.url) > CARD_URL_BYTES:
        yield Problem("card", "The link card has no usable address.", fix="remove")
