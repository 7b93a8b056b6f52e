"""What an account on Bluesky may post, and what is wrong with a content (§2, §4)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.networks import bluesky_text as text
from app.networks import bluesky_video as video
from app.networks import rules
from app.networks.base import Capabilities, Card, Media, Option, Part, Problem
from app.networks.composed import Code
from app.networks.figures import duration, file_size

CAPABILITIES = Capabilities(
    text_limit=text.LIMIT,
    max_images=4,
    image_mimes=("image/jpeg", "image/png", "image/webp", "image/gif"),
    # Servers with the older lexicon refuse more than 1,000,000 bytes (§4).
    max_image_bytes=976 * 1024,
    video_mimes=video.MIMES,
    max_videos=1,
    max_video_bytes=video.MAX_BYTES,
    max_video_seconds=video.MAX_SECONDS,
    alt_limit=2000,
    link_card=True,
    metrics=("likes", "shares", "comments", "quotes", "saves"),
    options=(
        Option(
            "langs", "Languages of the text", "tags", limit=3,
            help="Codes such as en or pt-BR, at most three. Readers choose by them what they see.",
        ),
    ),
)  # fmt: skip
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
CARD_URL_BYTES = 8192  # the format ``uri`` of the lexicons


def problems(parts: tuple[Part, ...], options: Mapping[str, Any]) -> list[Problem]:
    """Everything a server would refuse, then warnings, part by part."""
    found = rules.settings(CAPABILITIES, options, "Bluesky")
    unknown = [one for one in langs(options) if not LANGUAGE.fullmatch(one)]
    if unknown:
        says = f"“{unknown[0][:20]}” is no code of a language. English is en."
        found.append(Problem("options.langs", says, fix="choose"))
    for number, part in enumerate(parts):
        for problem in _of_part(part):
            found.append(problem.in_part(number))
    return found


def langs(options: Mapping[str, Any]) -> list[str]:
    """The codes of languages as they are sent, each once."""
    given = options.get("langs")
    words = (
        [one.strip() for one in given if isinstance(one, str)] if isinstance(given, list) else []
    )
    return list(dict.fromkeys(one for one in words if one))


def _of_part(part: Part) -> Iterator[Problem]:
    words = text.normal(part.text)
    if not words and not part.media and part.card is None:
        yield Problem("text", "Write something, or add a picture.", fix="add")
    yield from _length(words)
    images = [media for media in part.media if media.kind != "video"]
    films = [media for media in part.media if media.kind == "video"]
    if films and images:
        yield Problem(
            "media",
            "Bluesky takes pictures or a video in one post, not both.",
            fix="remove",
            kind=Code.MIXED_MEDIA_NOT_SUPPORTED,
        )
    if len(films) > CAPABILITIES.max_videos:
        yield Problem(
            "media", f"Bluesky takes one video a post; this has {len(films)}.", fix="remove"
        )
    for media in films:
        yield from _film(media)
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
            fix="remove", kind=Code.UNSUPPORTED_MEDIA_TYPE,
        )  # fmt: skip
    elif media.size > CAPABILITIES.max_image_bytes:
        yield Problem("media", f"Picture {number} is larger than 976 KB.", fix="shrink")
    if media.kind == "gif":
        yield Problem("media", f"Bluesky shows picture {number} as a still.", blocks=False)
    yield from _alt(media, f"picture {number}")


def _film(media: Media) -> Iterator[Problem]:
    """Also what is too long: the service refuses it after its upload."""
    if media.mime not in CAPABILITIES.video_mimes:
        yield Problem("media", "Bluesky takes MP4 videos only.", fix="remove",
                      kind=Code.UNSUPPORTED_MEDIA_TYPE)  # fmt: skip
    if media.size > CAPABILITIES.max_video_bytes:
        most = file_size(CAPABILITIES.max_video_bytes)
        yield Problem(
            "media", f"Bluesky takes videos up to {most}; this one has {file_size(media.size)}.",
            fix="shrink",
        )  # fmt: skip
    most_seconds = CAPABILITIES.max_video_seconds
    if media.seconds > most_seconds + 0.5:  # a container rounds up
        yield Problem(
            "media",
            f"Bluesky takes videos of up to {duration(most_seconds)}; this one has "
            f"{duration(media.seconds)}.",
            fix="shrink",
        )
    yield from _alt(media, "the video")


def _alt(media: Media, called: str) -> Iterator[Problem]:
    length = text.graphemes(media.alt)
    if length > CAPABILITIES.alt_limit:
        yield Problem(
            "alt",
            f"The alt text of {called} has {length} characters; Bluesky's own app stops "
            f"at {CAPABILITIES.alt_limit}.",
            blocks=False, fix="alt",
        )  # fmt: skip


def _card(card: Card) -> Iterator[Problem]:
    if not card.url.startswith(("https://", "http://")) or text.size(card.url) > CARD_URL_BYTES:
        yield Problem("card", "The link card has no usable address.", fix="remove")
