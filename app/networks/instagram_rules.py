"""What an Instagram account may post (networks/instagram.md §3), as data and as sentences."""

from __future__ import annotations

import re
from collections.abc import Mapping
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

TITLE = "Instagram"
CAPTION, HASHTAGS, MENTIONS, COMMENT, ALT = 2200, 30, 20, 2200, 1000
IMAGE_BYTES, VIDEO_BYTES, STORY_BYTES = 8_000_000, 300_000_000, 100_000_000
FEED_SHAPES, ANY_SHAPE = (0.8, 1.91), (0.01, 10.0)
SAME = 0.01  # how far two shapes may differ before a cut can be seen
ITEMS = 10  # of a carousel
METRICS = ("likes", "shares", "comments", "saves", "impressions")
FEED, CAROUSEL, REEL, STORY = "feed", "carousel", "reel", "story"

_TAG = re.compile(r"(?<![\w&/])#(\w*[^\W\d_]\w*)")
_MENTION = re.compile(r"(?<![\w@/.])@([A-Za-z0-9_](?:[A-Za-z0-9_.]{0,28}[A-Za-z0-9_])?)")
_LINK = re.compile(r"https?://\S{1,2000}")

PLACEMENTS = (
    Placement(FEED, "Feed post", min_images=1, max_images=1),
    Placement(CAROUSEL, "Carousel", max_images=ITEMS, max_videos=ITEMS, min_files=2,
              max_files=ITEMS, by_url=("video",)),  # items have no upload by bytes (§2)
    Placement(REEL, "Reel", min_videos=1, max_videos=1, min_seconds=3, max_seconds=900,
              ratios=ANY_SHAPE),
    Placement(STORY, "Story", max_images=1, max_videos=1, max_files=1, min_seconds=3,
              max_seconds=60, ratios=ANY_SHAPE, text=False, comment=False),
)  # fmt: skip
OPTIONS = (
    Option("placement", "Placement", "choice",
           choices=tuple((one.name, one.title) for one in PLACEMENTS),
           blank="By what you add",
           help="Left open, one picture goes to the feed, one video becomes a Reel, and several "
                "pictures and videos become a carousel."),
    Option("shareToFeed", "Show the Reel in the feed as well", "flag", default=True,
           placements=(REEL,)),
    Option("thumbOffset", "Cover: moment of the video in milliseconds", "number",
           placements=(REEL,), help="The frame that becomes the cover; the first one otherwise."),
    Option("coverUrl", "Cover: public address of a JPEG", "text", limit=2000, placements=(REEL,),
           help="Instagram fetches it; it wins over the moment of the video."),
    Option("collaborators", "Collaborators", "tags", limit=3, placements=(FEED, CAROUSEL, REEL),
           help="Up to three usernames that are asked to share the post."),
)  # fmt: skip


def capabilities(*, deletes: bool) -> Capabilities:
    """Limits as data; ``deletes``: only the Facebook login may delete."""
    return Capabilities(
        text_limit=CAPTION,
        text_unit="characters, with up to 30 hashtags and 20 mentions",
        max_images=ITEMS,
        image_mimes=("image/jpeg",),
        max_image_bytes=IMAGE_BYTES,
        image_ratios=FEED_SHAPES,
        video_mimes=("video/mp4", "video/quicktime"),
        video_codecs=("h264", "hevc"),
        max_videos=ITEMS,
        max_video_bytes=VIDEO_BYTES,
        min_video_seconds=3,
        max_video_seconds=900,
        video_ratios=ANY_SHAPE,
        alt_limit=ALT,
        mixes_media=True,
        threads=False,
        comment_limit=COMMENT,
        needs_media=True,
        by_url=("image",),
        deletes=deletes,
        posts_a_day=50,  # the lower of the two figures its documents give (§4)
        metrics=METRICS,
        placements=PLACEMENTS,
        options=OPTIONS,
    )


def form(media: tuple[Media, ...], options: Mapping[str, Any]) -> str:
    """The placement in which this media goes out: the chosen one where that can hold it.

    A form that was only filled in (the first of the list) must not turn a video away.
    """
    wanted = options.get("placement")
    videos = sum(1 for one in media if one.kind == "video")
    chosen = next((one for one in PLACEMENTS if one.name == wanted), None)
    if chosen is not None and media and chosen.holds(len(media) - videos, videos):
        return chosen.name
    if len(media) > 1:
        return CAROUSEL
    return REEL if videos else FEED


def compose(text: str) -> Composed:
    """The caption as sent, counted in code points, its mentions and hashtags marked."""
    sent = re.sub(r"\r\n?", "\n", text).replace("\0", "").strip()
    spans = [
        Span(m.start(), m.end(), "mention", f"https://www.instagram.com/{m[1]}/")
        for m in _MENTION.finditer(sent)
    ]
    spans += [
        Span(m.start(), m.end(), "tag", f"https://www.instagram.com/explore/tags/{m[1]}/")
        for m in _TAG.finditer(sent)
    ]
    if len(sent) > CAPTION:
        spans.append(Span(CAPTION, len(sent), "over"))
    return Composed(sent, len(sent), CAPTION, tuple(sorted(spans, key=lambda s: s.start)))


def validate(
    parts: tuple[Part, ...], caps: Capabilities, options: Mapping[str, Any]
) -> list[Problem]:
    """Everything Instagram would refuse, and what is worth a warning."""
    media = parts[0].media
    given = options if options.get("placement") else {**options, "placement": form(media, options)}
    found = rules.common(caps, parts, given, TITLE)
    story = given["placement"] == STORY
    found += _story(parts[0]) if story else _caption(parts[0].text)
    found += _shapes(media) if given["placement"] == CAROUSEL else ()
    offset = options.get("thumbOffset")
    if isinstance(offset, int | float) and not isinstance(offset, bool):
        end = max((one.seconds for one in media), default=0.0) * 1000
        if offset < 0 or (end and offset > end):
            found.append(
                Problem("options.thumbOffset", "The cover's moment lies outside of the video.",
                        fix="choose")
            )  # fmt: skip
    if options.get("coverUrl") and not str(options["coverUrl"]).startswith("https://"):
        found.append(
            Problem("options.coverUrl", "The cover needs an address that begins with https://.",
                    fix="choose")
        )  # fmt: skip
    return found


def _caption(text: str) -> list[Problem]:
    sent = compose(text)
    found: list[Problem] = []
    if sent.left < 0:
        found.append(
            Problem("text", f"{_many(-sent.left, 'character')} over the limit of {CAPTION:,}.",
                    fix="shorten")
        )  # fmt: skip
    for kind, most, word in (("tag", HASHTAGS, "hashtag"), ("mention", MENTIONS, "mention")):
        count = sum(1 for span in sent.spans if span.kind == kind)
        if count > most:
            found.append(
                Problem("text", f"Instagram takes {most} {word}s in a caption; these are {count}.",
                        fix="shorten")
            )  # fmt: skip
    if _LINK.search(sent.text):
        found.append(
            Problem("text", "Nobody can tap a link in an Instagram caption.", blocks=False)
        )
    return found


def _story(part: Part) -> list[Problem]:
    found: list[Problem] = []
    if not part.media:
        found.append(Problem("media", "An Instagram story needs a picture or a video.", fix="add"))
    if part.text.strip():
        found.append(Problem("text", "Stories have no caption: the text stays here.", blocks=False))
    if any(one.kind == "video" and one.size > STORY_BYTES for one in part.media):
        found.append(
            Problem("media", "Instagram takes story videos up to 100 MB.", fix="shrink")
        )  # fmt: skip
    return found


def _shapes(media: tuple[Media, ...]) -> list[Problem]:
    """Every item is cut to the shape of the first (§3)."""
    first = media[0].ratio if media else 0.0
    other = [
        place
        for place, one in enumerate(media, 1)
        if first and one.ratio and abs(one.ratio / first - 1) > SAME
    ]
    if not other:
        return []
    says = "Instagram cuts every item of a carousel to the shape of the first"
    which = f"item {other[0]} has" if len(other) == 1 else f"{len(other)} items have"
    return [Problem("media", f"{says}; {which} another.", blocks=False, fix="crop")]


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"
