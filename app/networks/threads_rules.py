"""What a Threads profile may post (networks/threads.md §3), as numbers and as sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.networks import rules, threads_text
from app.networks.base import Capabilities, Option, Part, Problem

TITLE = "Threads"
MOST = 20  # pictures and videos of a carousel
TAG = 50
REPLY_CONTROLS = (
    ("everyone", "Everyone"),
    ("accounts_you_follow", "Profiles you follow"),
    ("mentioned_only", "Only who is mentioned"),
    ("followers_only", "Your followers"),
    ("parent_post_author_only", "Only the author of the post that is answered"),
)
CAPABILITIES = Capabilities(
    text_limit=threads_text.LIMIT,
    text_unit="characters; an emoji counts as many as it has bytes, mostly 4 and more",
    max_images=MOST,
    image_mimes=("image/jpeg", "image/png"),
    max_image_bytes=8_000_000,
    image_ratios=(0.1, 10.0),
    video_mimes=("video/mp4", "video/quicktime"),
    video_codecs=("h264", "hevc"),
    max_videos=MOST,
    max_files=MOST,
    max_video_bytes=1_000_000_000,
    max_video_seconds=300.0,
    video_ratios=(0.01, 10.0),
    alt_limit=1000,
    mixes_media=True,
    threads=True,
    comment_limit=threads_text.LIMIT,
    link_card=False,  # Threads reads the page by itself
    by_url=("image", "video"),
    deletes=True,
    posts_a_day=250,
    metrics=("likes", "shares", "comments", "quotes", "impressions"),
    options=(
        Option(
            "replyControl", "Who can reply", "choice", REPLY_CONTROLS, default="everyone",
            help="Holds for every part of a thread.",
        ),
        Option(
            "topicTag", "Topic", "text", limit=TAG,
            help="One topic, without # . and &. Without it, the first #tag of the text is one.",
        ),
    ),
)  # fmt: skip


def topic(options: Mapping[str, Any]) -> str:
    """The topic as it is sent: people like to begin it with #."""
    return str(options.get("topicTag") or "").strip().removeprefix("#").strip()


def validate(parts: tuple[Part, ...], options: Mapping[str, Any]) -> list[Problem]:
    """Everything Threads would refuse, part by part."""
    found = rules.common(CAPABILITIES, parts, options, TITLE)
    for number, part in enumerate(parts):
        found += [one.in_part(number) for one in _part(part)]
    found += _options(options)
    return found


def _part(part: Part) -> Iterator[Problem]:
    composed = threads_text.compose(part.text)
    if not composed.text and not part.media and part.card is None:
        yield Problem("text", "Write something, or add a picture or a video.", fix="add")
    if composed.left < 0:
        yield Problem("text", _over(composed.count), fix="shorten")
    links = threads_text.links(composed.text)
    if part.card is not None and not part.media:
        links.add(part.card.url.lower())
    if len(links) > threads_text.LINKS:
        yield Problem(
            "text",
            f"Threads takes {threads_text.LINKS} different links a post, there are {len(links)}.",
            fix="remove",
        )


def _over(count: int) -> str:
    over = count - threads_text.LIMIT
    return (
        f"{over:,} {'character' if over == 1 else 'characters'} over the limit of "
        f"{threads_text.LIMIT}. An emoji counts as many as it has bytes, mostly 4 and more."
    )


def _options(options: Mapping[str, Any]) -> Iterator[Problem]:
    tag = topic(options)
    if re.search(r"[.&]", tag):
        yield Problem(
            "options.topicTag", "Topic: Threads takes none with a full stop or an ampersand.",
            fix="choose",
        )  # fmt: skip
    comment = options.get("firstComment")
    if isinstance(comment, str) and len(comment) <= threads_text.LIMIT:
        composed = threads_text.compose(comment)
        if composed.left < 0:
            yield Problem("comment", _over(composed.count), fix="shorten")
