"""A channel and its videos in numbers (networks/youtube.md §1, §3). Statistics are strings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from app.networks.base import Category, Identity, Metrics, NetworkError, Tokens
from app.networks.youtube_about import COMMENT, MANAGE, PREFIX, UPLOAD
from app.networks.youtube_probe import part, rows

QUERY = {"part": "snippet,statistics,contentDetails,status", "mine": "true"}
BATCH = 50  # videos one look-up takes
UPLOADING = frozenset({UPLOAD, MANAGE, COMMENT})
READING = frozenset({MANAGE, COMMENT, f"{PREFIX}youtube.readonly"})
PICTURES = ("high", "medium", "default")


def check_scopes(tokens: Tokens) -> None:
    """``auth_error`` where a permission was unticked that uploading needs."""
    given = set(tokens.scopes)  # Google always tells them with a code
    if not (given & UPLOADING and given & READING):
        raise NetworkError(
            Category.AUTH_ERROR,
            "A permission that is needed was left out. Please start again and leave every box "
            "ticked.",
            code="scope", retryable=False,
        )  # fmt: skip


def channels(found: Mapping[str, Any], tokens: Tokens, site: str) -> list[Identity]:
    """The channels of an answer, usually one; ``auth_error`` where there is none."""
    identities = [_channel(row, tokens, site) for row in rows(found) if row.get("id")]
    if not identities:
        raise NetworkError(
            Category.AUTH_ERROR,
            "This Google account has no YouTube channel. Make one, then connect again.",
            code="youtubeSignupRequired", retryable=False,
        )  # fmt: skip
    return identities


def _channel(row: Mapping[str, Any], tokens: Tokens, site: str) -> Identity:
    channel_id, snippet = str(row["id"]), part(row, "snippet")
    pictures = part(snippet, "thumbnails")
    urls = [str(part(pictures, size).get("url") or "") for size in PICTURES]
    numbers = part(row, "statistics")
    title = str(snippet.get("title") or channel_id)
    extras: dict[str, Any] = {
        "channelTitle": title,
        "uploads": str(part(part(row, "contentDetails"), "relatedPlaylists").get("uploads") or ""),
        "longUploads": str(part(row, "status").get("longUploadsStatus") or ""),
        "comments": not tokens.scopes or COMMENT in tokens.scopes,
    }
    for name in ("subscriberCount", "videoCount", "viewCount"):
        hidden = name == "subscriberCount" and numbers.get("hiddenSubscriberCount") is True
        count = None if hidden else number(numbers.get(name))
        if count is not None:
            extras[name] = count
    return Identity(
        external_id=channel_id,
        handle=str(snippet.get("customUrl") or "").lstrip("@") or channel_id,
        name=title,
        avatar_url=next(filter(None, urls), ""),
        url=f"{site}/channel/{quote(channel_id, safe='')}",
        extras=extras,
        kind="channel",
    )


def counts(found: Mapping[str, Any], ids: list[str]) -> dict[str, Metrics]:
    """Counts by video id; what was asked for and is not in the answer is gone."""
    told = {str(row.get("id")): part(row, "statistics") for row in rows(found)}
    return {
        one: Metrics(
            likes=number(told[one].get("likeCount")),
            comments=number(told[one].get("commentCount")),
            impressions=number(told[one].get("viewCount")),
        )
        if one in told
        else Metrics(gone=True)
        for one in ids
    }


def number(value: Any) -> int | None:
    """A count, which comes as a string."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value)
    return int(text) if text.isdigit() and len(text) < 20 else None
