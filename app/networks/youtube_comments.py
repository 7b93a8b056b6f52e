"""The first comment under a video (networks/youtube.md §2): scope ``youtube.force-ssl``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from app.clock import now
from app.networks.base import (
    Account,
    Category,
    Item,
    NetworkError,
    Probe,
    Probed,
    Published,
    Verdict,
)
from app.networks.youtube_probe import SHOWN_LATE, SLACK, Read, moment, part, rows

KIND = "comment"


def body(video_id: str, text: str) -> dict[str, Any]:
    """The thread that a first comment begins."""
    return {
        "snippet": {"videoId": video_id, "topLevelComment": {"snippet": {"textOriginal": text}}}
    }


def published(comment_id: str, permalink: str) -> Published:
    """A comment that is out; ``kind`` tells a later delete."""
    mark = "&" if "?" in permalink else "?"
    return Published(comment_id, f"{permalink}{mark}lc={comment_id}", {"kind": KIND})


def parent(item: Item) -> str:
    """The video commented on; ``validation`` where there is none."""
    if item.parent is None or not item.parent.external_id:
        raise NetworkError(
            Category.VALIDATION, "There is no video to comment on.", code="no_parent",
            retryable=False,
        )  # fmt: skip
    return item.parent.external_id


def seen(
    read: Read,
    account: Account,
    item: Item,
    text: str,
    since: datetime,
    known: frozenset[str],
    permalink: Callable[[str], str],
) -> Probed:
    """Look for our comment among the video's newest."""
    video_id = parent(item)
    answer = read(
        "/youtube/v3/commentThreads",
        {
            "part": "snippet", "videoId": video_id, "order": "time", "maxResults": "100",
            "textFormat": "plainText",
        },
    )  # fmt: skip
    found = []
    for row in rows(answer):
        comment = part(part(row, "snippet"), "topLevelComment")
        if str(row.get("id")) not in known and _is_this(comment, account, text, since):
            found.append(str(row["id"]))
    if len(found) > 1:
        return Probed(Verdict.UNSURE, message="Two comments look like this one.")
    if found:
        return Probed(Verdict.PUBLISHED, published(found[0], permalink(video_id)))
    if now() - since < SHOWN_LATE:
        raise NetworkError(
            Category.UNKNOWN, "The comment is not shown yet.", code="not_listed",
            retry_at=since + SHOWN_LATE,
        )  # fmt: skip
    return Probed(Verdict.ABSENT, by=Probe.LISTING)


def _is_this(comment: Mapping[str, Any], account: Account, text: str, since: datetime) -> bool:
    said = part(comment, "snippet")
    at = moment(said.get("publishedAt"))
    whose = str(part(said, "authorChannelId").get("value") or "")
    words = str(said.get("textOriginal") or said.get("textDisplay") or "")
    return (
        whose == account.external_id
        and at is not None
        and at >= since - SLACK
        and words.split() == text.split()
    )
