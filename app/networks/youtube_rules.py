"""What a channel may post (networks/youtube.md §2, §4), as numbers and as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.clock import now
from app.networks import rules, youtube_text
from app.networks.base import Capabilities, Option, Part, Placement, Problem

TITLE = "YouTube"
VIDEOS = (
    "video/mp4", "video/quicktime", "video/webm", "video/mpeg", "video/x-msvideo",
    "video/x-ms-wmv", "video/x-flv", "video/3gpp", "video/x-matroska",
)  # fmt: skip
VIDEO_BYTES = 256 * 1024**3
LONG_SECONDS, UNVERIFIED_SECONDS, SHORT_SECONDS = 12 * 3600.0, 15 * 60.0, 180.0
COMMENT_LIMIT = 10_000
METRICS = ("likes", "comments", "impressions")
UNIT = "bytes; a plain letter counts 1, other letters 2 to 4, an emoji 4 or more"

PLACEMENTS = (
    Placement("video", "Video", min_videos=1, max_videos=1),
    Placement(
        "short", "Short", min_videos=1, max_videos=1, max_seconds=SHORT_SECONDS, ratios=(0.0, 1.0)
    ),
)
CATEGORIES = (
    ("1", "Film & Animation"), ("2", "Autos & Vehicles"), ("10", "Music"),
    ("15", "Pets & Animals"), ("17", "Sports"), ("19", "Travel & Events"), ("20", "Gaming"),
    ("22", "People & Blogs"), ("23", "Comedy"), ("24", "Entertainment"),
    ("25", "News & Politics"), ("26", "Howto & Style"), ("27", "Education"),
    ("28", "Science & Technology"), ("29", "Nonprofits & Activism"),
)  # fmt: skip
OPTIONS = (
    Option(
        "title", "Title", "text", limit=youtube_text.TITLE_LIMIT,
        help="Left empty, the first line of the text is the title.",
    ),
    Option(
        "description", "Description", "lines",
        help="Left empty, it is what the title leaves of the text.",
    ),
    Option(
        "tags", "Tags", "tags",
        help="500 characters in all; a comma between two counts, and quotes around one with a "
        "space.",
    ),
    Option("categoryId", "Category", "choice", CATEGORIES, default=youtube_text.CATEGORY),
    Option(
        "privacyStatus", "Visibility", "choice",
        (("private", "Private"), ("unlisted", "Unlisted: with the link"), ("public", "Public")),
        default="private",
    ),
    Option(
        "publishAt", "Goes public at", "time",
        help="A private video that YouTube itself makes public then. For a post that is sent at "
        "once: one with a time here waits here.",
    ),
    Option("notifySubscribers", "Notify subscribers", "flag", default=True),
    Option("selfDeclaredMadeForKids", "Made for kids", "flag", default=False),
    Option(
        "containsSyntheticMedia", "Altered or synthetic content", "flag", default=False,
        help="Say so where realistic scenes were made or changed by a machine.",
    ),
    Option(
        "thumbnail", "Use the cover as thumbnail", "flag", default=False,
        help="The channel needs a verified phone number for it.",
    ),
)  # fmt: skip


def capabilities(extras: Mapping[str, Any]) -> Capabilities:
    """Limits of a channel: ``longUploads`` and ``comments`` of its extras say what it may."""
    may_long = extras.get("longUploads") in (None, "", "allowed", "longUploadsUnspecified")
    return Capabilities(
        text_limit=youtube_text.DESCRIPTION_LIMIT,
        text_unit=UNIT,
        max_images=0,
        image_mimes=(),
        video_mimes=VIDEOS,
        max_videos=1,
        max_video_bytes=VIDEO_BYTES,
        max_video_seconds=LONG_SECONDS if may_long else UNVERIFIED_SECONDS,
        alt_limit=0,
        threads=False,
        comment_limit=COMMENT_LIMIT if extras.get("comments", True) else 0,
        needs_media=True,
        schedules="publishAt",
        metrics=METRICS,
        placements=PLACEMENTS,
        options=OPTIONS,
    )


def validate(
    parts: tuple[Part, ...],
    extras: Mapping[str, Any],
    options: Mapping[str, Any],
    *,
    forced: bool,
) -> list[Problem]:
    """Everything that would be refused, and what is worth a warning.

    ``forced``: the operator keeps all uploads private (§7).
    """
    caps = capabilities(extras)
    found = rules.common(caps, parts, options, TITLE)
    text = parts[0].text if parts else ""
    found += _words(text, options)
    found += _tags(options)
    found += _visibility(options, forced)
    found += _comment(options, forced)
    found += _shape(parts, options)
    return found


def _words(text: str, options: Mapping[str, Any]) -> Iterator[Problem]:
    called = youtube_text.words(text, options)
    own = bool(str(options.get("title") or "").strip())
    where = "options.title" if own else "text"
    if not called.title:
        yield Problem(
            "options.title", "YouTube needs a title: write one, or some text.", fix="add",
            contract="YouTube video title is required",
        )  # fmt: skip
    over = len(called.title) - youtube_text.TITLE_LIMIT
    if over > 0 and not own:  # an own title's length is checked with the options
        yield Problem(
            "options.title",
            f"The first line is the title on YouTube and is {_many(over, 'character')} too long "
            "for it: the limit is 100. Shorten it, or write a title.",
            fix="shorten",
        )
    if youtube_text.ANGLES.search(called.title):
        yield Problem(where, "A title on YouTube cannot hold < or >.", fix="remove")
    told = str(options.get("description") or "").strip()
    where = "options.description" if told else "text"
    over = len(called.description.encode()) - youtube_text.DESCRIPTION_LIMIT
    if over > 0:
        yield Problem(
            where,
            f"The description is {_many(over, 'byte')} over YouTube's limit of 5,000: a plain "
            "letter counts 1, other letters 2 to 4.",
            fix="shorten",
        )
    if youtube_text.ANGLES.search(called.description):
        yield Problem(where, "A description on YouTube cannot hold < or >.", fix="remove")


def _tags(options: Mapping[str, Any]) -> Iterator[Problem]:
    given = options.get("tags")
    if not isinstance(given, list):
        return
    found = youtube_text.tags(options)
    over = youtube_text.tags_length(found) - youtube_text.TAGS_LIMIT
    if over > 0:
        yield Problem(
            "options.tags",
            f"The tags are {_many(over, 'character')} over YouTube's limit of 500 in all. Commas "
            "between them count, and two quotes for each with a space.",
            fix="shorten",
        )
    if any(youtube_text.ANGLES.search(tag) for tag in found):
        yield Problem("options.tags", "Tags on YouTube cannot hold < or >.", fix="remove")


def _visibility(options: Mapping[str, Any], forced: bool) -> Iterator[Problem]:
    wanted = youtube_text.privacy(options, forced=False)
    given = options.get("publishAt")
    at = youtube_text.moment(given)
    if given and wanted != "private":
        yield Problem(
            "options.publishAt",
            "A time to go public needs the visibility private until then.",
            fix="choose",
            contract='YouTube scheduling requires privacyStatus "private"',
        )
    elif at is not None and at <= now():
        yield Problem("options.publishAt", "The time to go public has passed.", fix="choose")
    if forced and (wanted != "private" or given):
        yield Problem(
            "options.publishAt" if given else "options.privacyStatus",
            "This installation keeps its uploads to YouTube private until Google has audited it; "
            "make the video public on YouTube itself.",
            blocks=False, fix="choose",
        )  # fmt: skip


def _comment(options: Mapping[str, Any], forced: bool) -> Iterator[Problem]:
    if not options.get("firstComment"):
        return
    if youtube_text.privacy(options, forced=forced) == "private":
        yield Problem(
            "comment", "YouTube takes no comments on a private video: leave the first comment out.",
            fix="remove",
        )  # fmt: skip
    elif options.get("selfDeclaredMadeForKids"):
        yield Problem("comment", "YouTube takes no comments on videos for kids.", fix="remove")


def _shape(parts: tuple[Part, ...], options: Mapping[str, Any]) -> Iterator[Problem]:
    film = next((m for part in parts for m in part.media if m.kind == "video"), None)
    if film is None or options.get("placement", "video") != "video":
        return
    if 0 < film.ratio <= 1 and 0 < film.seconds <= SHORT_SECONDS:
        yield Problem(
            "placement",
            "YouTube shows square and upright videos of up to 3 minutes as Shorts.",
            blocks=False, fix="choose",
        )  # fmt: skip


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"
