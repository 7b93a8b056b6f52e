"""Finding what was published without anybody reading the answer (networks/facebook.md §6).

A video's id tells all. Everything else is looked for among the Page's newest posts, stories,
or the comments of a post.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.networks import meta
from app.networks.base import Category, NetworkError, Probed, Published, Verdict
from app.networks.meta_login import following, rows
from app.networks.wire import Answer

SLACK = timedelta(seconds=60)
PAGES, PAGE = 20, 25  # of rows: a fuller minute than that cannot be decided by machine
POST_FIELDS = (
    "id,message,created_time,permalink_url,"
    "attachments{target{id},media_type,subattachments{target{id}}}"
)
STORY_FIELDS = "post_id,status,creation_time,media_type,media_id,url"
COMMENT_FIELDS = "id,from,message,created_time"
VIDEO_FIELDS = "status,post_id,permalink_url"
FULL = "This Page publishes too much at once to find one post."

Read = Callable[[str, Mapping[str, str]], Answer]
Make = Callable[[str, str], Published]  # id and address, as Facebook tells them


@dataclass(frozen=True)
class Sought:
    """What is looked for. ``photos`` are the ids of the photos laid ready for it."""

    text: str
    photos: tuple[str, ...]
    since: datetime
    known: frozenset[str]


def post(sought: Sought, page_id: str, read: Read, make: Make) -> Probed:
    """A text, a link or photos among the Page's posts.

    A post that holds one of our photos is it; where Facebook does not tell the photos of an
    album, an equal text has to do.
    """
    sure: dict[str, Published] = {}
    likely: dict[str, Published] = {}
    found = _walk(f"/{page_id}/published_posts", POST_FIELDS, "created_time", sought, read)
    if found is None:
        return Probed(Verdict.UNSURE, message=FULL)
    for row in found:
        post_id = str(row.get("id") or "")
        if not post_id or post_id in sought.known:
            continue
        ids, kinds = _attached(row)
        made = make(post_id, str(row.get("permalink_url") or ""))
        if set(sought.photos) & ids:
            sure[post_id] = made
        elif same(row.get("message"), sought.text) and _fits(sought, ids, kinds):
            likely[post_id] = made
    return _verdict(sure or likely)


def _fits(sought: Sought, ids: set[str], kinds: set[str]) -> bool:
    """Whether a post of the same text may be ours by what hangs on it."""
    if not sought.photos:
        return not kinds & {"photo", "album", "video"}
    if len(sought.photos) == 1:
        return not ids and "photo" in kinds
    # Photos by name that are none of ours are somebody else's; an album's own id says nothing.
    return "album" in kinds and len(ids) <= 1


def _attached(row: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """Ids and kinds of what hangs on a post, inside an album too."""
    ids: set[str] = set()
    kinds: set[str] = set()
    for one in _data(row.get("attachments")):
        kinds.add(str(one.get("media_type") or ""))
        for part in (one, *_data(one.get("subattachments"))):
            target = part.get("target")
            if isinstance(target, dict) and target.get("id"):
                ids.add(str(target["id"]))
    return ids, kinds


def _data(found: object) -> list[dict[str, Any]]:
    listed = found.get("data") if isinstance(found, dict) else None
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def story(sought: Sought, page_id: str, read: Read, make: Make) -> Probed:
    """A photo story: the one that shows our photo."""
    found = _walk(f"/{page_id}/stories", STORY_FIELDS, "creation_time", sought, read)
    if found is None:
        return Probed(Verdict.UNSURE, message=FULL)
    mine = [row for row in found if str(row.get("media_id")) in sought.photos]
    return _verdict({
        str(row["post_id"]): make(str(row["post_id"]), str(row.get("url") or ""))
        for row in mine
        if row.get("post_id")
    })  # fmt: skip


def comment(sought: Sought, page_id: str, parent: str, read: Read, make: Make) -> Probed:
    """A first comment: the Page's own words under that post."""
    path = f"/{parent}/comments"
    found = _walk(path, COMMENT_FIELDS, "created_time", sought, read, filter="stream")
    if found is None:
        return Probed(Verdict.UNSURE, message=FULL)
    mine: dict[str, Published] = {}
    for row in found:
        author = row.get("from")
        by = str(author.get("id")) if isinstance(author, dict) else ""
        comment_id = str(row.get("id") or "")
        ours = by == page_id and same(row.get("message"), sought.text)
        if ours and comment_id and comment_id not in sought.known:
            mine[comment_id] = make(comment_id, "")
    return _verdict(mine)


def _walk(
    path: str, fields: str, clock: str, sought: Sought, read: Read, **more: str
) -> list[dict[str, Any]] | None:
    """Rows since the attempt, less a minute; ``None`` where there are too many."""
    start = sought.since - SLACK
    params = {
        "fields": fields, "limit": str(PAGE), "since": str(int(start.timestamp())), **more
    }  # fmt: skip
    found: list[dict[str, Any]] = []
    for _ in range(PAGES):
        answer = read(path, params)
        for row in rows(answer):
            at = meta.moment(row.get(clock))
            if at is not None and at >= start:
                found.append(row)
        after = following(answer)
        if not after:
            return found
        params = {**params, "after": after}
    return None


def _verdict(found: Mapping[str, Published]) -> Probed:
    if len(found) > 1:
        return Probed(Verdict.UNSURE, message="Two posts on Facebook look like this one.")
    if not found:
        return Probed(Verdict.ABSENT)
    return Probed(Verdict.PUBLISHED, next(iter(found.values())))


def same(told: object, sent: str) -> bool:
    """Whether a text is ours; Facebook may change the white space."""
    return " ".join(str(told or "").split()) == " ".join(sent.split())


def video(told: Mapping[str, Any], make: Make) -> Probed:
    """What became of a video, by its ``status`` (§3, §6).

    ``publishing_phase`` has begun: it was finished. Nothing has begun: it was not, and
    finishing it again is safe.
    """
    status = told.get("status")
    found: Mapping[str, Any] = status if isinstance(status, dict) else {}
    word = str(found.get("video_status") or "")
    processing, publishing = (
        _phase(found, name) for name in ("processing_phase", "publishing_phase")
    )
    said = _wrong(found)
    if word in ("error", "expired", "upload_failed") or said is not None:
        return Probed(Verdict.FAILED, error=NetworkError(
            Category.MEDIA_ERROR, said or "Facebook could not process the video.",
            code=word or "error", retryable=False,
        ))  # fmt: skip
    out = publishing.get("status") == "complete" and (
        publishing.get("publish_status", "published") == "published"
    )
    if out or (word == "ready" and not publishing):
        post_id = str(told.get("post_id") or "")
        return Probed(
            Verdict.PUBLISHED, make(post_id, str(told.get("permalink_url") or ""))
        )  # fmt: skip
    if publishing.get("status") == "in_progress" or processing.get("status") == "in_progress":
        return Probed(Verdict.PROCESSING)
    if word == "processing" and not processing and not publishing:
        return Probed(Verdict.PROCESSING)
    return Probed(Verdict.ABSENT)


def _phase(status: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = status.get(name)
    return found if isinstance(found, dict) else {}


def _wrong(status: Mapping[str, Any]) -> str | None:
    """What a phase says went wrong, or ``None``."""
    for name in ("uploading_phase", "processing_phase", "publishing_phase"):
        phase = _phase(status, name)
        listed = phase.get("errors") or ([phase["error"]] if phase.get("error") else [])
        for one in listed if isinstance(listed, list) else []:
            said = one.get("message") if isinstance(one, dict) else None
            return f"Facebook could not process the video: {said}" if said else (
                "Facebook could not process the video."
            )  # fmt: skip
        if phase.get("status") == "error":
            return "Facebook could not process the video."
    return None
