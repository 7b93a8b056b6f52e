"""What may be posted on TikTok (networks/tiktok.md §4, §7), as data and as sentences."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from app.networks import rules
from app.networks.base import (
    Capabilities,
    Composed,
    Media,
    Notice,
    Option,
    Part,
    Placement,
    Problem,
    Span,
)

CAPTION, TITLE, DESCRIPTION = 2200, 90, 4000  # UTF-16 units
LONGEST = 600.0  # seconds; an account may be allowed less
SIDES = (360, 4096)  # pixels of a video
PHOTO_SIDE, PHOTO_PIXELS = 1920, 1920 * 1080
UNIT = "UTF-16 units; most emoji count 2"
METRICS = ("likes", "shares", "comments", "impressions")
ONLY_ME = "SELF_ONLY"
LEVELS = {
    "PUBLIC_TO_EVERYONE": "Everyone",
    "FOLLOWER_OF_CREATOR": "Followers",
    "MUTUAL_FOLLOW_FRIENDS": "Friends: followers the account follows back",
    ONLY_ME: "Only me",
}
POST, INBOX = "post", "inbox"
PLACEMENTS = (
    Placement(POST, "Post", max_images=35, max_videos=1),
    Placement(INBOX, "Draft in the TikTok inbox", max_images=35, max_videos=1),
)
UPLOAD_SCOPE = "video.upload"
UNAUDITED = (
    "This installation's app has not passed TikTok's audit: the account has to be private, and "
    "posts can be seen by you alone."
)
NO_ADDRESS = (
    "TikTok fetches photos from this installation, and can do so only when its address is public "
    "and begins with https. Post a video instead."
)
# What may be switched off by post; the option, the account's own switch, and words.
SWITCHES = (
    ("disableComment", "comment_disabled", "comments"),
    ("disableDuet", "duet_disabled", "Duets"),
    ("disableStitch", "stitch_disabled", "Stitches"),
)
MUSIC = (
    "Music Usage Confirmation",
    "https://www.tiktok.com/legal/page/global/music-usage-confirmation/en",
)
BRANDED = ("Branded Content Policy", "https://www.tiktok.com/legal/page/global/bc-policy/en")
NOTICES = (
    Notice(
        "By posting, you agree to TikTok’s", (BRANDED, MUSIC), "brandContentToggle"
    ),
    Notice("By posting, you agree to TikTok’s", (MUSIC,)),
)  # fmt: skip
_NEVER_SENT = re.compile("[\ud800-\udfff\x00-\x08\x0b-\x1f\x7f\ufffe\ufeff\uffff]")
_MENTION = re.compile(r"(?<![\w@.])@([A-Za-z0-9_](?:[A-Za-z0-9_.]{0,22}[A-Za-z0-9_])?)")
_TAG = re.compile(r"(?<![\w#&])#(\w{1,100})")


def units(text: str) -> int:
    """How TikTok counts a text."""
    return len(text) + sum(1 for character in text if ord(character) > 0xFFFF)


def tidy(text: str) -> str:
    """The text as it is sent: NFC, unix line ends, nothing empty around it."""
    plain = _NEVER_SENT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return unicodedata.normalize("NFC", plain).strip()


def compose(text: str) -> Composed:
    """The caption with its count; mentions and hashtags are live, links are not."""
    sent = tidy(text)
    count = units(sent)
    spans = [
        Span(m.start(), m.end(), "mention", f"https://www.tiktok.com/@{m[1]}")
        for m in _MENTION.finditer(sent)
    ] + [
        Span(m.start(), m.end(), "tag", f"https://www.tiktok.com/tag/{m[1]}")
        for m in _TAG.finditer(sent)
        if not m[1].isdigit()
    ]
    if count > CAPTION:
        spans.append(Span(_fits(sent), len(sent), "over"))
    return Composed(sent, count, CAPTION, tuple(sorted(spans, key=lambda s: (s.start, s.end))))


def _fits(text: str) -> int:
    """How many code points stay within the limit."""
    left = CAPTION
    for place, character in enumerate(text):
        left -= 2 if ord(character) > 0xFFFF else 1
        if left < 0:
            return place
    return len(text)


def capabilities(extras: Mapping[str, Any], *, audited: bool) -> Capabilities:
    """Limits of an account by its creator info; audiences by the app's audit."""
    return Capabilities(
        text_limit=CAPTION,
        text_unit=UNIT,
        max_images=35,
        image_mimes=("image/jpeg", "image/webp"),
        max_image_bytes=20_000_000,
        max_image_pixels=PHOTO_PIXELS,
        max_image_side=PHOTO_SIDE,
        video_mimes=("video/mp4", "video/quicktime", "video/webm"),
        video_codecs=("h264", "hevc", "vp8", "vp9"),
        max_videos=1,
        max_video_bytes=4_000_000_000,
        max_video_seconds=longest(extras),
        alt_limit=0,
        threads=False,
        needs_media=True,
        by_url=("image",),
        deletes=False,
        posts_a_day=15,
        metrics=METRICS,
        placements=PLACEMENTS,
        options=_options(extras, audited),
        notices=NOTICES,
    )


def longest(extras: Mapping[str, Any]) -> float:
    """Seconds of the longest video: the account's own limit, at most ten minutes."""
    own = extras.get("max_video_post_duration_sec")
    usable = isinstance(own, int | float) and not isinstance(own, bool) and own > 0
    return min(float(own), LONGEST) if usable and own is not None else LONGEST


def levels(extras: Mapping[str, Any], *, audited: bool) -> tuple[str, ...]:
    """The audiences that may be chosen: the account's, and the app's before its audit."""
    told = extras.get("privacy_level_options")
    known = [str(one) for one in told] if isinstance(told, list) and told else list(LEVELS)
    return tuple(known) if audited else (ONLY_ME,)


def _options(extras: Mapping[str, Any], audited: bool) -> tuple[Option, ...]:
    """No audience is chosen beforehand, and nothing is allowed that nobody allowed (§7)."""
    choices = tuple((one, LEVELS.get(one, one)) for one in levels(extras, audited=audited))
    return (
        Option(
            "privacyLevel", "Who can see this post", "choice", choices, required=True,
            placements=(POST,), help="" if audited else UNAUDITED,
        ),
        *(
            Option(
                name, f"Turn off {words}", "flag", default=True, placements=(POST,),
                help=f"The account has {words} turned off in TikTok." if extras.get(own) else "",
                locked=bool(extras.get(own)), opposite=f"Allow {words}",
            )
            for name, own, words in SWITCHES
        ),
        Option(
            "brandOrganicToggle", "Your brand", "flag", default=False, placements=(POST,),
            help="You promote yourself or your own business. Labelled “Promotional content”.",
        ),
        Option(
            "brandContentToggle", "Branded content", "flag", default=False, placements=(POST,),
            help="You promote somebody else for pay. Labelled “Paid partnership”.",
        ),
        Option(
            "isAigc", "Made with AI (videos)", "flag", default=False, placements=(POST,),
            help="Labelled as AI-generated.",
        ),
        Option(
            "videoCoverTimestampMs", "Cover of a video, in milliseconds from its start", "number",
            placements=(POST,),
            help="The first frame where none is given.",
        ),
        Option(
            "autoAddMusic", "Let TikTok add music (photos)", "flag", default=False,
            placements=(POST,),
        ),
        Option("title", "Title of photos", "text", limit=TITLE),
        Option(
            "description", "Description of photos", "lines", limit=DESCRIPTION,
            help="In place of the text, where that is too short for it.",
        ),
    )  # fmt: skip


def validate(
    parts: tuple[Part, ...], extras: Mapping[str, Any], options: Mapping[str, Any], *, audited: bool
) -> list[Problem]:
    """Everything TikTok would refuse, and what it would not do as asked."""
    found = rules.common(capabilities(extras, audited=audited), parts, options, "TikTok")
    for number, part in enumerate(parts):
        found += [_at(number, one) for one in _text(part)]
        for media in part.media:
            found += [_at(number, one) for one in _sides(media)]
    if inbox(options):
        return [*found, *_written(options), *_drafted(parts[0], extras)]
    first = parts[0].media[0] if parts and parts[0].media else None
    return [*found, *_written(options), *_disclosed(options), *_chosen(extras, options, first)]


def inbox(options: Mapping[str, Any]) -> bool:
    """Whether it goes to the account's inbox in TikTok's app, to be finished there (§2)."""
    return options.get("placement") == INBOX


def _drafted(part: Part, extras: Mapping[str, Any]) -> Iterator[Problem]:
    """What a draft cannot take along, and whether the account allowed drafts at all."""
    granted = extras.get("scopes")
    if isinstance(granted, list) and granted and UPLOAD_SCOPE not in granted:
        yield Problem(
            "placement",
            "This account has not allowed drafts in its inbox: connect it again and leave every "
            "permission switched on.",
            fix="choose",
        )
    if part.text.strip() and any(one.kind == "video" for one in part.media):
        yield Problem(
            "text",
            "Into its inbox TikTok takes the video alone: write the caption there, in the app.",
            blocks=False, fix="remove",
        )  # fmt: skip


def _at(number: int, problem: Problem) -> Problem:
    return problem.in_part(number)


def _text(part: Part) -> Iterator[Problem]:
    composed = compose(part.text)
    if composed.left < 0:
        yield Problem(
            "text",
            f"{-composed.left:,} over TikTok's limit of {CAPTION:,}; most emoji count 2.",
            fix="shorten",
        )


def _sides(media: Media) -> Iterator[Problem]:
    least, most = SIDES
    if media.kind != "video" or not (media.width and media.height):
        return
    if min(media.width, media.height) < least or max(media.width, media.height) > most:
        yield Problem(
            "media",
            f"This video is {media.width} × {media.height} pixels; TikTok takes {least} to "
            f"{most:,} on each side.",
            fix="shrink",
        )


def _written(options: Mapping[str, Any]) -> Iterator[Problem]:
    """Texts of photos, counted as TikTok counts; plain length is the common check's."""
    wanted = (("title", "Title", TITLE), ("description", "Description", DESCRIPTION))
    for name, label, limit in wanted:
        text = options.get(name)
        if isinstance(text, str) and len(text) <= limit < units(tidy(text)):
            yield Problem(
                f"options.{name}",
                f"{label}: {units(tidy(text)) - limit:,} over TikTok's limit of {limit:,}; most "
                "emoji count 2.",
                fix="shorten",
            )


def _disclosed(options: Mapping[str, Any]) -> Iterator[Problem]:
    if options.get("brandContentToggle") is True and options.get("privacyLevel") == ONLY_ME:
        yield Problem(
            "options.brandContentToggle",
            "TikTok shows branded content to others: choose another audience than “Only me”.",
            fix="choose",
        )


def _chosen(
    extras: Mapping[str, Any], options: Mapping[str, Any], first: Media | None
) -> Iterator[Problem]:
    for name, own, words in SWITCHES:
        if extras.get(own) and options.get(name) is False:
            yield Problem(
                f"options.{name}",
                f"The account has {words} turned off in TikTok, so they stay off for this post.",
                blocks=False, fix="choose",
            )  # fmt: skip
    cover = options.get("videoCoverTimestampMs")
    if isinstance(cover, bool) or not isinstance(cover, int | float):
        return
    late = first is not None and first.seconds > 0 and cover > first.seconds * 1000
    if cover < 0 or late:
        yield Problem(
            "options.videoCoverTimestampMs",
            "The cover has to be a moment of the video, in milliseconds from its start.",
            fix="choose",
        )
