"""What a post on Reddit may hold (networks/reddit.md §4): its own limits, as data and sentences.

What the chosen subreddit asks on top is in ``reddit_places.problems``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from app.networks import reddit_places, rules
from app.networks.base import Capabilities, Option, Part, Problem
from app.networks.reddit_text import (
    AUTO,
    COMMENT,
    LINK,
    SELF,
    TEXT,
    TITLE,
    Draft,
    compose,
    draft,
    place,
)

TITLE_OF_NETWORK = "Reddit"
IMAGES = ("image/jpeg", "image/png", "image/gif", "image/webp")
VIDEOS = ("video/mp4", "video/quicktime")
METRICS = ("likes", "shares", "comments", "impressions")
# The chosen subreddit's ``Destination.extras``, put beside the options by whoever knows them.
RULES = "_destination"
# Lines that stand alone in Markdown though no empty line is between them.
_BLOCK = re.compile(r"\s*([-*+>|#]|\d+[.)]|```|~~~| {4})")

CAPABILITIES = Capabilities(
    text_limit=TEXT,
    text_unit="characters",
    max_images=20,
    image_mimes=IMAGES,
    max_image_bytes=20_000_000,
    video_mimes=VIDEOS,
    max_videos=1,
    max_video_bytes=1_000_000_000,
    max_video_seconds=900.0,
    alt_limit=0,  # there is none
    mixes_media=False,
    threads=True,
    comment_limit=COMMENT,
    destination="subreddit",
    named=True,
    metrics=METRICS,
    options=(
        Option(
            "subreddit", "Subreddit", "destination", required=True,
            help="A community's name such as r/test, or your own profile as u/name.",
        ),
        Option(
            "title", "Title", "text", limit=TITLE,
            help="Without one, the first line of the text is the title.",
        ),
        Option(
            "kind", "Kind of post", "choice",
            ((AUTO, "By its content"), (SELF, "Text"), (LINK, "Link")), default=AUTO,
            help="A text that is one address and nothing else becomes a link post.",
        ),
        Option("flairId", "Flair", "text", help="The id of one of the subreddit's flairs."),
        Option(
            "flairText", "Flair text", "text", limit=64,
            help="Own words, where the flair allows them.",
        ),
        Option("nsfw", "Not safe for work", "flag", default=False),
        Option("spoiler", "Spoiler", "flag", default=False),
        Option("sendReplies", "Tell me of replies", "flag", default=True),
        Option(
            "resubmit", "Post a link again", "flag", default=False,
            help="Reddit refuses a link that stands in the subreddit already, unless this is on.",
        ),
    ),
)  # fmt: skip


def capabilities(extras: Mapping[str, Any]) -> Capabilities:
    """The same for every account; with a subreddit's extras its flairs can be chosen from."""
    known = extras.get(RULES)
    flairs = known.get("flairs") if isinstance(known, Mapping) else None
    if not isinstance(flairs, list) or not flairs:
        return CAPABILITIES
    listed = tuple((str(one["id"]), str(one.get("text") or one["id"])) for one in flairs)
    return replace(
        CAPABILITIES,
        options=tuple(
            replace(one, kind="choice", choices=listed, blank="None", help="")
            if one.name == "flairId" else one
            for one in CAPABILITIES.options
        ),
    )  # fmt: skip


def validate(parts: tuple[Part, ...], options: Mapping[str, Any]) -> list[Problem]:
    """Everything Reddit would refuse, and what is worth a warning."""
    found = rules.common(CAPABILITIES, parts, options, TITLE_OF_NETWORK)
    if not parts:
        return found
    one = draft(parts[0], options)
    found += _post(one)
    chosen = options.get("subreddit")
    if isinstance(chosen, str) and chosen and not place(chosen):
        found.append(
            Problem(
                "options.subreddit", f"“{chosen[:40]}” is no name of a subreddit. Write it as "
                "r/name, or your own profile as u/name.", fix="choose",
            )
        )  # fmt: skip
    if options.get("flairText") and not options.get("flairId"):
        found.append(
            Problem("options.flairText", "Choose a flair for that text.", fix="choose")
        )  # fmt: skip
    known = options.get(RULES)
    if isinstance(known, Mapping):
        found += reddit_places.problems(one, options, known)
    for number, part in enumerate(parts[1:], 1):
        found += [
            p.in_part(number) for p in _reply(part)
        ]  # fmt: skip
    return found


def _post(one: Draft) -> Iterator[Problem]:
    if not one.title:
        yield Problem("options.title", "A Reddit post needs a title.", fix="add")
    elif len(one.title) > TITLE:
        yield Problem(
            "options.title",
            f"The first line is {len(one.title):,} characters long and would be the title, which "
            f"takes {TITLE}. Write a title.",
            fix="shorten",
        )
    over = -compose(one.text).left
    if over > 0:
        yield Problem("text", f"{_many(over)} over the limit of {TEXT:,}.", fix="shorten")
    if one.kind == LINK and not one.url:
        yield Problem("text", "A link post needs an address that begins with https://.", fix="add")
    if _joined(one.text):
        yield Problem(
            "text",
            "Reddit joins lines that follow each other: leave an empty line between paragraphs.",
            blocks=False,
        )


def _reply(part: Part) -> Iterator[Problem]:
    """A later part of a thread is a comment: words alone, at most 10,000 characters."""
    composed = compose(part.text, COMMENT)
    if part.media:
        yield Problem("media", "Comments on Reddit take no pictures or videos.", fix="remove")
    if not composed.text:
        yield Problem("text", "Write something.", fix="add")
    if composed.left < 0:
        yield Problem(
            "text",
            f"{_many(-composed.left)} over the limit of {COMMENT:,} for a comment.",
            fix="shorten",
        )


def _joined(text: str) -> bool:
    """Whether two lines of a paragraph follow each other without an empty line."""
    lines = text.split("\n")
    pairs = zip(lines, lines[1:], strict=False)
    return any(
        one.strip() and two.strip() and not one.endswith(("  ", "\\"))
        and not _BLOCK.match(one) and not _BLOCK.match(two)
        for one, two in pairs
    )  # fmt: skip


def _many(count: int) -> str:
    return f"{count:,} character" if count == 1 else f"{count:,} characters"
