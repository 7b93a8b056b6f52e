"""Counts of posts, where the token may read them (networks/linkedin.md §5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from app.networks.base import Metrics, NetworkError
from app.networks.linkedin_rest import Rest, elements, enc, listed
from app.networks.wire import unreadable

BATCH = 20
# Types of ``memberCreatorPostAnalytics`` and the field each is; the last is newer and may be
# refused, which says nothing about the others.
TYPES = (
    ("REACTION", "likes"), ("RESHARE", "shares"), ("COMMENT", "comments"),
    ("IMPRESSION", "impressions"), ("POST_SAVE", "saves"),
)  # fmt: skip


def organization(rest: Rest, author: str, ids: list[str]) -> dict[str, Metrics]:
    """Lifetime counts of a page's posts, in batches; shares and ugcPosts are asked apart."""
    found: dict[str, Metrics] = {}
    for word, name in (("shares", "share"), ("ugcPosts", "ugcPost")):
        mine = [one for one in ids if one.startswith(f"urn:li:{name}:")]
        for start in range(0, len(mine), BATCH):
            some = mine[start : start + BATCH]
            answer = rest.call(
                "GET",
                "organizationalEntityShareStatistics?q=organizationalEntity"
                f"&organizationalEntity={enc(author)}&{word}={listed(some)}",
            )  # fmt: skip
            if not isinstance(answer.mapping().get("elements"), list):
                raise unreadable(answer.status, answer.raw)
            for row in elements(answer.mapping()):
                told = row.get("totalShareStatistics")
                if row.get(name) in some and isinstance(told, dict):
                    found[str(row[name])] = _counts(told)
            for one in some:
                if one not in found:
                    found[one] = _without_activity(rest, one)
    return found


def _counts(told: Mapping[str, Any]) -> Metrics:
    return Metrics(
        likes=_number(told, "likeCount"),
        shares=_number(told, "shareCount"),
        comments=_number(told, "commentCount"),
        impressions=_number(told, "impressionCount"),
    )


def _without_activity(rest: Rest, one: str) -> Metrics:
    """A post that is absent from the answer had no activity, or is gone."""
    try:
        rest.call("GET", f"posts/{enc(one)}")
    except NetworkError as error:
        if error.code == "not_found":
            return Metrics(gone=True)
        if error.status == 403:
            return Metrics()
        raise
    return Metrics(likes=0, shares=0, comments=0, impressions=0)


def member(rest: Rest, ids: list[str]) -> dict[str, Metrics]:
    """Lifetime counts of a member's posts: one call a post and type."""
    refused: set[str] = set()
    return {one: _member(rest, one, refused) for one in ids}


def _member(rest: Rest, one: str, refused: set[str]) -> Metrics:
    kind = "ugc" if ":ugcPost:" in one else "share"
    counts: dict[str, int] = {}
    for name, field in TYPES:
        if name in refused:
            continue
        try:
            answer = rest.call(
                "GET",
                f"memberCreatorPostAnalytics?q=entity&entity=({kind}:{enc(one)})"
                f"&queryType={name}&aggregation=TOTAL",
            )  # fmt: skip
        except NetworkError as error:
            if error.code == "not_found":
                return Metrics(gone=True)
            if error.status in (400, 403):
                refused.add(name)
                continue
            raise
        if not isinstance(answer.mapping().get("elements"), list):
            raise unreadable(answer.status, answer.raw)
        rows = elements(answer.mapping())
        count = _number(rows[0], "count") if rows else 0
        if count is not None:
            counts[field] = count
    return Metrics(**cast(dict[str, Any], counts))


def _number(found: Mapping[str, Any], name: str) -> int | None:
    value = found.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
