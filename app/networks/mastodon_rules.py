"""What a Mastodon account may post, read from its server's ``configuration`` (§4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.networks.base import Capabilities, Composed, Item, Media, Option, Part, Problem
from app.networks.composed import Code
from app.networks.languages import LANGUAGES
from app.networks.mastodon_text import BLANK, RESERVED, compose

TEXT_LIMIT = 500
IMAGES = (
    "image/jpeg", "image/png", "image/gif", "image/webp", "image/heic", "image/heif", "image/avif"
)  # fmt: skip
VIDEOS = ("video/webm", "video/mp4", "video/quicktime", "video/ogg")
IMAGE_BYTES, IMAGE_PIXELS = 16_777_216, 33_177_600
VIDEO_BYTES, VIDEO_PIXELS = 103_809_024, 8_294_400
VISIBILITIES = ("public", "unlisted", "private", "direct")
METRICS = ("likes", "shares", "comments", "quotes")
OPTIONS = (
    Option(
        "visibility", "Who can see it", "choice",
        (("public", "Everyone"), ("unlisted", "Everyone, but not in public timelines"),
         ("private", "Followers only"), ("direct", "Only people you mention")),
        blank="As the account’s setting says",
    ),
    Option(
        "spoiler_text", "Content warning", "text",
        help="Stands in place of the post until a reader opens it. It counts with the text, and "
        "with every part of a thread.",
    ),
    Option(
        "sensitive", "Hide the pictures behind a warning", "flag", default=False,
    ),
    Option(
        "language", "Language of the text", "choice", LANGUAGES,
        blank="As the account’s setting says",
    ),
)  # fmt: skip


def section(extras: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """One part of the configuration; ``{}`` where the server did not say."""
    found = (extras.get("configuration") or {}).get(name)
    return found if isinstance(found, Mapping) else {}


def _number(found: Mapping[str, Any], name: str, usual: int) -> int:
    value = found.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else usual


def reserved(extras: Mapping[str, Any]) -> int | None:
    """What a link counts; ``None`` where a server that told its limits does not name it."""
    found = section(extras, "statuses")
    if found and "characters_reserved_per_url" not in found:
        return None
    return _number(found, "characters_reserved_per_url", RESERVED)


def capabilities(extras: Mapping[str, Any]) -> Capabilities:
    """Limits as numbers; the documented defaults where the server did not say."""
    statuses, media = section(extras, "statuses"), section(extras, "media_attachments")
    told = media.get("supported_mime_types")
    mimes = [m for m in told if isinstance(m, str)] if isinstance(told, list) else []
    return Capabilities(
        text_limit=_number(statuses, "max_characters", TEXT_LIMIT),
        max_images=_number(statuses, "max_media_attachments", 4),
        image_mimes=tuple(m for m in mimes if m.startswith("image/")) or IMAGES,
        max_image_bytes=_number(media, "image_size_limit", IMAGE_BYTES),
        max_image_pixels=_number(media, "image_matrix_limit", IMAGE_PIXELS),
        video_mimes=tuple(m for m in mimes if m.startswith("video/")) if mimes else VIDEOS,
        max_videos=1,
        max_video_bytes=_number(media, "video_size_limit", VIDEO_BYTES),
        alt_limit=_number(media, "description_limit", 1500),
        mixes_media=False,
        threads=True,
        metrics=METRICS,
        options=OPTIONS,
    )


def composed(text: str, extras: Mapping[str, Any], spoiler: str = "") -> Composed:
    """The text as sent and counted; ``spoiler`` is its content warning."""
    limit = capabilities(extras).text_limit
    return compose(text, limit, reserved(extras), str(extras.get("domain") or ""), spoiler)


def warning(options: Mapping[str, Any]) -> str:
    """The content warning as it is sent, on one line; ``""`` for none."""
    value = options.get("spoiler_text")
    return " ".join(value.strip(BLANK).split()) if isinstance(value, str) else ""


def visibility(item: Item) -> str:
    """What was chosen; later parts of a public thread are unlisted (§2). ``""``: unsaid."""
    chosen = str(item.options.get("visibility") or "")
    first = item.root or item.parent
    if first is not None and not chosen:
        chosen = str(first.extras.get("visibility") or "")
    if chosen not in VISIBILITIES:
        return ""
    return "unlisted" if first is not None and chosen == "public" else chosen


def validate(
    parts: tuple[Part, ...], extras: Mapping[str, Any], options: Mapping[str, Any]
) -> list[Problem]:
    """Everything the server would answer with a 422, each part by itself."""
    found: list[Problem] = []
    for number, part in enumerate(parts):
        found += _text(part, number, extras, warning(options))
        found += _media(part.media, number, extras)
    return found


def _text(part: Part, number: int, extras: Mapping[str, Any], spoiler: str) -> list[Problem]:
    sent = composed(part.text, extras, spoiler)
    if not sent.text and not part.media:
        return [Problem("text", "Write something, or add a picture.", part=number, fix="add")]
    if sent.left < 0:
        what = "With its content warning this" if spoiler else "This"
        message = f"{what} is {_many(-sent.left)} too long; this server takes {sent.limit}."
        return [Problem("text", message, part=number, fix="shorten")]
    return []


def _media(media: tuple[Media, ...], number: int, extras: Mapping[str, Any]) -> list[Problem]:
    can = capabilities(extras)
    found: list[Problem] = []
    if len(media) > can.max_images:
        message = f"This server takes {can.max_images} files in a post; this one has {len(media)}."
        found.append(Problem("media", message, part=number, fix="remove"))
    moving = [item for item in media if item.kind != "image"]
    if moving and len(media) > 1:
        what = "A video" if moving[0].kind == "video" else "An animated GIF"
        message = f"{what} has to stand alone, without other files."
        mixed = Code.MIXED_MEDIA_NOT_SUPPORTED if len(moving) < len(media) else None
        found.append(Problem("media", message, part=number, fix="remove", kind=mixed))
    for place, item in enumerate(media, 1):
        found += _file(item, f"File {place}", number, extras)
    return found


def _file(item: Media, called: str, number: int, extras: Mapping[str, Any]) -> list[Problem]:
    can = capabilities(extras)
    found: list[Problem] = []
    video = item.kind == "video"
    if item.mime not in (can.video_mimes if video else can.image_mimes):
        kind = item.mime.partition("/")[2].upper() or "unknown"
        message = f"{called}: this server does not take {kind} files."
        found.append(Problem("media", message, part=number, fix="remove",
                             kind=Code.UNSUPPORTED_MEDIA_TYPE))  # fmt: skip
    most = can.max_video_bytes if video else can.max_image_bytes
    if item.size > most:
        message = f"{called} is larger than the {_megabytes(most)} this server takes."
        found.append(Problem("media", message, part=number, fix="shrink"))
    pixels = section(extras, "media_attachments")
    most = _number(pixels, "video_matrix_limit", VIDEO_PIXELS) if video else can.max_image_pixels
    if item.width * item.height > most:
        message = f"{called} has {item.width} × {item.height} pixels, more than this server takes."
        found.append(Problem("media", message, part=number, fix="shrink"))
    if len(item.alt) > can.alt_limit:
        over = len(item.alt) - can.alt_limit
        message = f"{called}: the description is {_many(over)} longer than {can.alt_limit}."
        found.append(Problem("alt", message, part=number, fix="shorten"))
    return found


def _many(count: int) -> str:
    return f"{count} character" if count == 1 else f"{count} characters"


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.0f} MB" if size >= 1_000_000 else f"{max(size // 1000, 1)} kB"
