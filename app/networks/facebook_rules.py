"""What a Facebook Page may post (networks/facebook.md §4), as data and as sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.networks import rules
from app.networks.base import (
    Capabilities,
    Composed,
    Media,
    Option,
    Part,
    Placement,
    Problem,
    Span,
)

TITLE = "Facebook"
TEXT, COMMENT, VIDEO_TITLE = 63_206, 8_000, 255
PHOTOS = 10
PHOTO_BYTES = 4_000_000  # 10 MB by the documents, 4 MB by an error message: what both take
VIDEO_BYTES = 10_000_000_000
VIDEO_SECONDS = 4 * 3600.0
REEL_SECONDS, SAFE_REEL, STORY_SECONDS = (3.0, 90.0), (4.0, 60.0), 60.0
TALL = (0.55, 0.575)  # 9:16, with what encoders round
REEL_SIDES = (540, 960)
METRICS = ("likes", "shares", "comments", "impressions")

PLACEMENTS = (
    Placement("feed", "Post", max_images=PHOTOS, max_videos=1),
    Placement(
        "reel", "Reel", min_videos=1, max_videos=1, min_seconds=REEL_SECONDS[0],
        max_seconds=REEL_SECONDS[1], ratios=TALL,
    ),
    Placement(
        "story", "Story", max_images=1, max_videos=1, min_seconds=REEL_SECONDS[0],
        max_seconds=STORY_SECONDS, ratios=TALL, text=False, comment=False,
    ),
)  # fmt: skip
OPTIONS = (
    Option(
        "videoTitle", "Video title", "text", limit=VIDEO_TITLE, placements=("feed", "reel"),
        help="Shown with a video or a Reel.",
    ),
)  # fmt: skip

LINK = re.compile(r"https?://[^\s<>\"']{1,2000}", re.I)
_TAG = re.compile(r"(?<![\w#/&])#(\w*[^\W\d_]\w*)")
_OWN = re.compile(r"^https?://([\w-]+\.)*(facebook\.com|fb\.com|fb\.watch|fb\.me)([:/?#]|$)", re.I)


def capabilities(extras: Mapping[str, Any]) -> Capabilities:
    """The limits of a Page; without ``pages_manage_engagement`` it has no first comment."""
    granted = extras.get("scopes")
    comments = not isinstance(granted, list) or "pages_manage_engagement" in granted
    return Capabilities(
        text_limit=TEXT,
        max_images=PHOTOS,
        image_mimes=("image/jpeg", "image/png", "image/gif"),
        max_image_bytes=PHOTO_BYTES,
        video_mimes=("video/mp4", "video/quicktime"),
        max_videos=1,
        max_video_bytes=VIDEO_BYTES,
        max_video_seconds=VIDEO_SECONDS,
        alt_limit=1000,
        mixes_media=False,
        threads=False,
        comment_limit=COMMENT if comments else 0,
        link_card=False,
        metrics=METRICS,
        placements=PLACEMENTS,
        options=OPTIONS,
    )


def compose(text: str) -> Composed:
    """The text as sent, with its links and hashtags."""
    sent = text.replace("\r\n", "\n").strip()
    spans = [
        Span(start, start + len(url), "link", url)
        for start, url in ((found.start(), trimmed(found[0])) for found in LINK.finditer(sent))
    ]
    taken = [range(span.start, span.end) for span in spans]
    spans += [
        Span(found.start(), found.end(), "tag")
        for found in _TAG.finditer(sent)
        if not any(found.start() in place for place in taken)
    ]
    if len(sent) > TEXT:
        spans.append(Span(TEXT, len(sent), "over"))
    return Composed(sent, len(sent), TEXT, tuple(sorted(spans, key=lambda s: (s.start, s.end))))


def trimmed(url: str) -> str:
    """A link without what ends the sentence around it."""
    url = url.rstrip(".,;:!?")
    while url.endswith(")") and url.count(")") > url.count("("):
        url = url[:-1].rstrip(".,;:!?")
    return url


def link(part: Part) -> str:
    """The link to attach: the first of the text. Facebook refuses its own, so those stay text."""
    found = [part.card.url] if part.card else [s.href for s in compose(part.text).spans]
    return next((url for url in found if url and not _OWN.match(url)), "")


def validate(
    parts: tuple[Part, ...], extras: Mapping[str, Any], options: Mapping[str, Any]
) -> list[Problem]:
    """What Facebook would refuse, and what is worth a warning."""
    caps = capabilities(extras)
    placement = caps.placement(options, *rules.held(parts[0].media))
    form = placement.name if placement is not None else "feed"
    found = rules.common(caps, parts, options, TITLE)
    for number, part in enumerate(parts):
        found += [one.in_part(number) for one in (*_text(part, form), *_media(part.media, form))]
    return found


def _text(part: Part, form: str) -> Iterator[Problem]:
    composed = compose(part.text)
    if form == "story":
        if composed.text:
            yield Problem(
                "text", "A Facebook story shows no text: only the picture or video goes out.",
                blocks=False, fix="remove",
            )  # fmt: skip
    elif not composed.text and not part.media:
        yield Problem("text", "Write something, or add a picture or a video.", fix="add")
    if composed.left < 0:
        yield Problem(
            "text",
            f"{-composed.left:,} characters over Facebook's limit of {TEXT:,}.",
            fix="shorten",
        )


def _media(media: tuple[Media, ...], form: str) -> Iterator[Problem]:
    if form == "story" and len(media) != 1:
        yield Problem(
            "media", "A Facebook story is one picture or one video.",
            fix="remove" if media else "add",
        )  # fmt: skip
    for item in media:
        if item.kind == "gif":
            yield Problem(
                "media", "Facebook may show only the first picture of an animated GIF.",
                blocks=False,
            )  # fmt: skip
        if item.kind == "video":
            yield from _film(item, form)
        elif not item.alt.strip():
            yield Problem(
                "alt", "A picture has no description for people who cannot see it.",
                blocks=False, fix="alt",
            )  # fmt: skip


def _film(item: Media, form: str) -> Iterator[Problem]:
    if form == "feed":
        return
    wide, high = REEL_SIDES
    if item.width and item.height and (item.width < wide or item.height < high):
        yield Problem(
            "media",
            f"This video is {item.width} × {item.height} pixels; Facebook asks for at least "
            f"{wide} × {high} here.",
            fix="remove",
        )
    low, most = SAFE_REEL
    inside = REEL_SECONDS[0] <= item.seconds <= REEL_SECONDS[1]
    if form == "reel" and inside and not low <= item.seconds <= most:
        yield Problem(
            "media",
            f"Facebook may refuse a Reel that does not last {low:.0f} to {most:.0f} seconds.",
            blocks=False,
        )
