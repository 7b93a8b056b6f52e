"""What became of a container, and which post it is (networks/threads.md §6).

The container's status settles whether it is out. Its post is then looked for among the
profile's own posts or replies, by text, kind and time: only for its id and address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.clock import now
from app.networks import meta, threads_errors
from app.networks.base import NetworkError, Probed, Published, Verdict

SLACK = timedelta(seconds=60)
SHOWN_WITHIN = timedelta(seconds=90)  # how long a listing may lack a new post
PAGES, PAGE = 10, 25
POST_FIELDS = "id,text,permalink,timestamp,media_type"
REPLY_FIELDS = "id,text,permalink,timestamp,media_type,replied_to,root_post"
KINDS = {
    "TEXT": "TEXT_POST", "IMAGE": "IMAGE", "VIDEO": "VIDEO", "CAROUSEL": "CAROUSEL_ALBUM",
}  # fmt: skip

Page = Callable[[str, Mapping[str, str]], Mapping[str, Any]]  # path, query → body


@dataclass(frozen=True)
class Sought:
    """What is looked for: ``kind`` as ``media_type`` of a container, ``parent`` or ``""``."""

    text: str
    kind: str
    parent: str
    since: datetime
    known: frozenset[str]

    def is_this(self, row: Mapping[str, Any]) -> bool:
        """Whether a listed post is what we sent."""
        at, kind = meta.moment(row.get("timestamp")), row.get("media_type")
        if not row.get("id") or str(row["id"]) in self.known:
            return False
        if at is None or at < self.since - SLACK:
            return False
        if kind in KINDS.values() and kind != KINDS[self.kind]:
            return False
        told = row.get("replied_to")
        parent = str(told.get("id") or "") if isinstance(told, dict) else ""
        if self.parent and parent and parent != self.parent:
            return False
        return canonical(str(row.get("text") or "")) == canonical(self.text)


def canonical(text: str) -> str:
    """A text as both sides can be brought to: Threads takes the # off a topic."""
    return re.sub(r"[\s#]+", " ", text).strip()


def judged(status: str, why: str, sought: Sought, page: Page, container_id: str) -> Probed:
    """The verdict of a container's status."""
    if status == "PUBLISHED":
        return _published(sought, page, container_id)
    if status == "IN_PROGRESS":
        return Probed(Verdict.PROCESSING)
    if status in ("FINISHED", "EXPIRED"):
        return Probed(Verdict.ABSENT)  # ready, or too old ever to come out
    if status == "ERROR":
        error = threads_errors.failed(why, again=False)
        return Probed(Verdict.FAILED, message=error.message, error=error)
    # A container nobody knows proves nothing: only finding the post does.
    found = search(sought, page)
    if len(found) == 1:
        return Probed(Verdict.PUBLISHED, found[0])
    return Probed(
        Verdict.UNSURE,
        message="Threads does not know any more what we prepared. Look there before sending "
        "it again.",
    )


def _published(sought: Sought, page: Page, container_id: str) -> Probed:
    """It is out. Its id comes from the listing, which may lag behind for some seconds."""
    found = search(sought, page)
    if len(found) == 1:
        return Probed(Verdict.PUBLISHED, found[0])
    if not found and now() < sought.since + SHOWN_WITHIN:
        return Probed(Verdict.PROCESSING)
    return Probed(Verdict.PUBLISHED, nameless(container_id))


def nameless(container_id: str) -> Published:
    """A post that is out for sure, but that no listing showed, or that has a twin there."""
    return Published("", "", {"container": container_id})


def search(sought: Sought, page: Page) -> list[Published]:
    """Own posts since then that look like it. A listing that cannot be read shows nothing."""
    path = "/me/replies" if sought.parent else "/me/threads"
    fields = REPLY_FIELDS if sought.parent else POST_FIELDS
    since = str(int((sought.since - SLACK).timestamp()))
    query = {"fields": fields, "since": since, "limit": str(PAGE)}
    found: dict[str, Published] = {}
    try:
        for _ in range(PAGES):
            body = page(path, query)
            rows = body.get("data")
            for row in rows if isinstance(rows, list) else []:
                if isinstance(row, dict) and sought.is_this(row):
                    one = Published(str(row["id"]), str(row.get("permalink") or ""))
                    found[one.external_id] = one
            following = _following(body)
            if not following or not rows:
                break
            query = {**query, "after": following}
    except NetworkError as error:
        if error.expired or error.retryable:
            raise
    return list(found.values())


def _following(body: Mapping[str, Any]) -> str:
    paging = body.get("paging")
    if not isinstance(paging, dict) or not paging.get("next"):
        return ""
    cursors = paging.get("cursors")
    return str(cursors.get("after") or "") if isinstance(cursors, dict) else ""
