"""Finding out what became of a post (networks/tiktok.md §2.4, §6): by its publish id, or, for
pictures whose beginning nobody saw the answer of, among the account's public posts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.clock import now
from app.networks import tiktok_errors, tiktok_post
from app.networks.base import (
    Category,
    Effect,
    Item,
    NetworkError,
    Probed,
    Published,
    Verdict,
)
from app.networks.tiktok_api import Api, Status

LIST = "/v2/video/list/"
FIELDS = "id,title,create_time,share_url"
SLACK = timedelta(seconds=60)
PAGES = 10  # of 20 posts
ID_SECONDS = 60.0  # a public post's id is usually told by then; the post is out without it
HANDLES = 20  # publish ids of other posts that are looked up to tell a post from them


@dataclass(frozen=True)
class Places:
    """Addresses of an account's posts."""

    base: str
    handle: str

    def post(self, item: Item, post_id: str) -> str:
        kind = "video" if tiktok_post.is_video(item) else "photo"
        return f"{self.profile}/{kind}/{post_id}"

    @property
    def profile(self) -> str:
        return f"{self.base}/@{self.handle.lstrip('@')}"

    def published(self, item: Item, publish_id: str, status: Status) -> Published:
        """Without a public id (private posts, or not yet) the publish id stands for the post.

        A draft has no address: it lies in the inbox of the person's app.
        """
        extras: dict[str, Any] = {"publish_id": publish_id} if publish_id else {}
        if status.delivered:
            return Published(publish_id, "", {**extras, "inbox": True})
        if status.ids:
            return Published(status.ids[0], self.post(item, status.ids[0]), extras)
        return Published(publish_id, self.profile, extras)


def by_handle(
    api: Api, places: Places, item: Item, resume: Mapping[str, Any], since: datetime
) -> Probed:
    """A video, by the publish id its upload had before anything could go out."""
    publish_id = str(resume["publish_id"])
    status = api.status(publish_id)
    if status.failed:
        error = tiktok_errors.failed(status.reason)
        return Probed(Verdict.FAILED, message=error.message, error=error)
    if status.delivered:
        return Probed(Verdict.PUBLISHED, places.published(item, publish_id, status))
    if status.out:
        young = (now() - since).total_seconds() < ID_SECONDS
        if tiktok_post.public(item) and not status.ids and young:
            return Probed(Verdict.PROCESSING)
        return Probed(Verdict.PUBLISHED, places.published(item, publish_id, status))
    if status.state == "PROCESSING_UPLOAD" and status.uploaded is not None:
        arrived = status.whole(int(resume["size"]))
        return Probed(Verdict.PROCESSING if arrived else Verdict.ABSENT)
    if status.state in ("PROCESSING_UPLOAD", "PROCESSING_DOWNLOAD"):
        return Probed(Verdict.PROCESSING)
    return Probed(Verdict.UNSURE, message="TikTok does not say what became of this post.")


def settled(
    api: Api, places: Places, item: Item, publish_id: str, waits: tuple[float, ...],
    sleep: Callable[[float], None],
) -> Published:  # fmt: skip
    """Wait a little for pictures TikTok has accepted; it says the rest later."""
    found: Published | None = None
    for wait in waits:
        sleep(wait)
        try:
            status = api.status(publish_id)
        except NetworkError:
            continue
        if status.failed:
            raise tiktok_errors.failed(status.reason)
        if status.out or status.delivered:
            found = places.published(item, publish_id, status)
            if status.ids or not tiktok_post.public(item):
                break
    if found is None:
        raise tiktok_errors.processing()
    return found


def by_listing(
    api: Api, places: Places, item: Item, since: datetime, known: frozenset[str]
) -> Probed:
    """Look for pictures among the newest public posts.

    That they are not listed says nothing: moderation may take hours. So they are never called
    absent, and a person decides in the end.
    """
    wanted = {" ".join(text.split()) for text in _texts(item)} - {""}
    if not wanted or not tiktok_post.public(item):
        return Probed(Verdict.UNSURE, message=UNSEEN)
    try:
        rows = _newest(api, since - SLACK)
    except NetworkError as error:
        if error.category is not Category.AUTH_ERROR or error.expired:
            raise
        return Probed(Verdict.UNSURE, message=UNSEEN)
    found = {
        str(row.get("id")): row for row in rows
        if " ".join(str(row.get("title") or "").split()) in wanted
    }  # fmt: skip
    others = _resolved(api, known) if found else frozenset()
    if others is None:
        return Probed(Verdict.UNSURE, message=UNSEEN)
    left = [one for one in found if one not in known | others]
    if len(left) > 1:
        return Probed(Verdict.UNSURE, message="Two posts on TikTok look like this one.")
    if not left:
        raise NetworkError(
            Category.UNKNOWN, "The post is not among the account's public posts yet.",
            effect=Effect.UNKNOWN, code="not_listed",
        )  # fmt: skip
    return Probed(Verdict.PUBLISHED, Published(left[0], places.post(item, left[0])))


UNSEEN = (
    "TikTok cannot tell whether these pictures went out. Look at the account before sending them "
    "again."
)


def _texts(item: Item) -> set[str]:
    title, description = tiktok_post.title(item), tiktok_post.description(item)
    return {title, description, f"{title} {description}"} if title else {description}


def _newest(api: Api, until: datetime) -> list[Mapping[str, Any]]:
    """Public posts made after ``until``, newest first."""
    found: list[Mapping[str, Any]] = []
    cursor: int | None = None
    for _ in range(PAGES):
        body: dict[str, Any] = {"max_count": 20}
        if cursor is not None:
            body["cursor"] = cursor
        data = api.post(LIST, body, {"fields": FIELDS})
        videos = data.get("videos")
        rows = [row for row in videos if isinstance(row, dict)] if isinstance(videos, list) else []
        young = [row for row in rows if _made(row) >= until]
        found += young
        following = data.get("cursor")
        if len(young) < len(rows) or not data.get("has_more") or not isinstance(following, int):
            break
        cursor = following
    return found


def _made(row: Mapping[str, Any]) -> datetime:
    at = row.get("create_time")
    return datetime.fromtimestamp(at if isinstance(at, int | float) else 0, UTC)


def _resolved(api: Api, known: frozenset[str]) -> frozenset[str] | None:
    """Public ids of other posts recorded by their publish id; ``None`` where they are many."""
    handles = [one for one in known if not one.isdigit()]
    if len(handles) > HANDLES:
        return None
    return frozenset(post_id for handle in handles for post_id in api.status(handle).ids)
