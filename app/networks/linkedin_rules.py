"""What a LinkedIn member or organization may post (networks/linkedin.md §4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.networks import linkedin_text, rules
from app.networks.base import Capabilities, Media, Option, Part, Problem
from app.networks.figures import some

TITLE = "LinkedIn"
IMAGES = ("image/jpeg", "image/png", "image/gif")
IMAGE_BYTES, IMAGE_PIXELS, GIF_FRAMES = 8_000_000, 36_152_320, 250
VIDEO_BYTES = (75_000, 500_000_000)
VIDEO_SECONDS = (3.0, 30 * 60.0)
ALT_LIMIT, TITLE_LIMIT, DESCRIPTION_LIMIT = 4086, 400, 4086
ORGANIZATION_METRICS = ("likes", "shares", "comments", "impressions")
MEMBER_METRICS = ("likes", "shares", "comments", "saves", "impressions")

CARD_WORDS = ("articleTitle", "articleDescription")

_VISIBILITY = Option(
    "visibility", "Who can see this", "choice",
    choices=(("PUBLIC", "Anyone"), ("CONNECTIONS", "Connections only")), default="PUBLIC",
)  # fmt: skip
_OPTIONS = (
    Option(
        "isReshareDisabledByAuthor", "Do not let others repost this", "flag", default=False,
    ),
    Option(
        "articleTitle", "Title of the link", "text", limit=TITLE_LIMIT,
        help="Shown on the link's card in place of the page's own title. A post's only picture "
        "becomes the card's.",
    ),
    Option(
        "articleDescription", "Description of the link", "lines", limit=DESCRIPTION_LIMIT,
        help="Goes with the link's card in place of the page's own.",
    ),
    Option("videoTitle", "Title of the video", "text", limit=TITLE_LIMIT),
    Option(
        "altText", "Descriptions of the pictures", "texts", limit=ALT_LIMIT, shown=False,
        help="In place of the pictures' own: one text for all of them, or a list with one each.",
    ),
    Option(
        "authorType", "Kind of author", "choice",
        (("member", "Member"), ("organization", "Page")), shown=False,
        help="Has to be what the account is; saying nothing is as good.",
    ),
)  # fmt: skip


def is_organization(extras: Mapping[str, Any]) -> bool:
    """Whether an account is a page, by ``Identity.extras``."""
    return extras.get("kind") == "organization"


def capabilities(extras: Mapping[str, Any]) -> Capabilities:
    """Limits of an account: a page's posts are always public."""
    page = is_organization(extras)
    scopes = extras.get("scopes") or ()
    told: tuple[str, ...] = ()
    if page and "r_organization_social" in scopes or (page and not scopes):
        told = ORGANIZATION_METRICS
    elif "r_member_postAnalytics" in scopes:
        told = MEMBER_METRICS
    return Capabilities(
        text_limit=linkedin_text.LIMIT,
        text_unit="characters",
        max_images=20,
        image_mimes=IMAGES,
        max_image_bytes=IMAGE_BYTES,
        max_image_pixels=IMAGE_PIXELS,
        video_mimes=("video/mp4",),
        max_videos=1,
        max_video_bytes=VIDEO_BYTES[1],
        min_video_seconds=VIDEO_SECONDS[0],
        max_video_seconds=VIDEO_SECONDS[1],
        alt_limit=ALT_LIMIT,
        mixes_media=False,
        threads=False,
        comment_limit=linkedin_text.COMMENT_LIMIT,
        link_card=True,
        card_words=CARD_WORDS,
        metrics=told,
        options=_OPTIONS if page else (_VISIBILITY, *_OPTIONS),
    )


def validate(
    parts: tuple[Part, ...], extras: Mapping[str, Any], options: Mapping[str, Any]
) -> list[Problem]:
    """Everything LinkedIn would refuse, part by part, and what is worth a warning."""
    found = rules.common(capabilities(extras), parts, options, TITLE)
    found += _author(extras, options)
    for number, part in enumerate(parts):
        own = [*_text(part), *_media(part, options), *_card(part, options)]
        found += [p.in_part(number) for p in own]
    if is_organization(extras) and options.get("visibility") not in (None, "", "PUBLIC"):
        found.append(
            Problem("options.visibility", "A LinkedIn page's posts are always public.",
                    fix="choose")
        )  # fmt: skip
    return found


def _text(part: Part) -> Iterator[Problem]:
    composed = linkedin_text.compose(part.text)
    if not composed.text and not part.media:
        yield Problem("text", "Write something, or add a picture.", fix="add")
    sent = len(linkedin_text.little(part.text))
    if composed.left < 0:
        over = -composed.left
        yield Problem(
            "text",
            f"{over:,} character{'' if over == 1 else 's'} over LinkedIn's limit of "
            f"{composed.limit:,}.",
            fix="shorten",
        )
    elif sent > composed.limit:
        yield Problem(
            "text",
            f"With its special characters marked, this text has {sent:,} characters; LinkedIn "
            f"may refuse more than {composed.limit:,}.",
            blocks=False, fix="shorten",
        )  # fmt: skip


def _author(extras: Mapping[str, Any], options: Mapping[str, Any]) -> Iterator[Problem]:
    """A page is an account of its own here: no member's post goes out as one."""
    said = options.get("authorType")
    kind = "organization" if is_organization(extras) else "member"
    if said in ("member", "organization") and said != kind:
        yield Problem(
            "options.authorType",
            "This account is a member's: choose the page's own account to post as a page."
            if kind == "member"
            else "This account is a page's: choose the member's own account to post as a member.",
            fix="choose",
            contract="LinkedIn organization posting is intentionally gated for a later operator "
            "task." if kind == "member" else "",
        )  # fmt: skip


def carded(part: Part, options: Mapping[str, Any]) -> bool:
    """Whether the only picture goes out as that of the link's card, which a person wrote."""
    kinds = [one.kind for one in part.media]
    return rules.carded(capabilities({}), kinds, _links(part.text), options)


def alts(media: tuple[Media, ...], options: Mapping[str, Any]) -> list[str]:
    """The description of each file: what the settings say, else its own."""
    said = options.get("altText")
    if isinstance(said, str) and said.strip():
        return [said.strip()] * len(media)
    if isinstance(said, list) and len(said) == len(media):
        return [str(one).strip() for one in said]
    return [one.alt.strip() for one in media]


def _links(text: str) -> bool:
    return any(span.kind == "link" for span in linkedin_text.compose(text).spans)


def _media(part: Part, options: Mapping[str, Any]) -> Iterator[Problem]:
    media, said = part.media, options.get("altText")
    card = carded(part, options)  # its picture has no description
    if isinstance(said, list) and said and len(said) != len(media):
        yield Problem(
            "options.altText",
            f"The settings have {some(len(said), 'description')} for "
            f"{some(len(media), 'picture')}: give one for each.",
            fix="alt",
        )  # fmt: skip
    described = alts(media, options)
    for place, item in enumerate(media, 1):
        called = f"{'Video' if item.kind == 'video' else 'Picture'} {place}"
        if len(media) == 1:
            called = "The video" if item.kind == "video" else "The picture"
        if item.kind == "video" and item.size < VIDEO_BYTES[0]:
            yield Problem(
                "media", f"{called} is smaller than 75 kB, the least LinkedIn takes.", fix="remove"
            )
        if item.width * item.height > IMAGE_PIXELS and item.kind != "video":
            yield Problem(
                "media",
                f"{called} has {item.width * item.height:,} pixels; LinkedIn takes "
                f"{IMAGE_PIXELS:,} at most.",
                fix="shrink",
            )
        if item.frames > GIF_FRAMES and item.kind == "gif":
            yield Problem(
                "media",
                f"{called} has {item.frames} frames; LinkedIn takes {GIF_FRAMES} at most.",
                fix="shrink",
            )
        if item.kind != "video" and not described[place - 1] and not card:
            yield Problem(
                "alt", f"{called} has no description for people who cannot see it.",
                blocks=False, fix="alt",
            )  # fmt: skip


def _card(part: Part, options: Mapping[str, Any]) -> Iterator[Problem]:
    """Titles that would go nowhere are said, not dropped in silence."""
    links = _links(part.text)
    for name, word in zip(CARD_WORDS, ("title", "description"), strict=True):
        if not options.get(name) or carded(part, options):
            continue
        if not (links or part.card):
            yield Problem(
                f"options.{name}", f"The {word} of a link needs a link: the text has none.",
                fix="remove",
            )  # fmt: skip
        elif part.media:
            yield Problem(
                f"options.{name}",
                f"The link's {word} will not be shown: only a post with one picture, or none, has "
                "a link card.",
                blocks=False, fix="remove",
            )  # fmt: skip
    if options.get("videoTitle") and not any(m.kind == "video" for m in part.media):
        yield Problem(
            "options.videoTitle", "The video's title will not be shown: there is no video.",
            blocks=False, fix="remove",
        )  # fmt: skip
