"""Containers of Threads: made, waited for, resumed after any step (networks/threads.md §2, §6).

``resume["container"]`` is ``{"id", "at", "state", "refused"}``: ``state`` is ``new``,
``ready`` or ``published`` (found so when asked again), ``at`` unix seconds, ``refused`` how
often it was prepared again after it was ready. ``resume["items"]`` are the same of a
carousel's items, in order. ``resume["orphan"]``: since when the post that is answered has been
unknown. ``resume["keep"]["failed"]``: how many containers failed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2 as httpx

from app.networks import threads_errors
from app.networks.base import Category, Media, NetworkError
from app.networks.containers import PAUSES, later, pause, quota, spent
from app.networks.wire import call, unreadable

SOON, LATER = 10.0, 30.0  # when to come back, for a container younger than a minute or not
PATIENCE = 15 * 60.0  # a container not ready by then is given up
LASTS = 23 * 3600.0  # Threads forgets one after 24 hours
REFUSALS = 3  # "no such container" while its status says ready: a new one helps
LOST = 120.0  # a container unknown for so long does not come back
ORPHAN = 10 * 60.0  # a parent unknown for so long is gone
MAKING_SECONDS = 60.0  # Threads may fetch the file before it answers
STILL = "Threads is still preparing the post."


@dataclass(frozen=True)
class Wanted:
    """What the post is made of. ``fields`` are those of the container that is published."""

    fields: Mapping[str, str]
    media: tuple[Media, ...] = ()
    reply: bool = False


def container(resume: Mapping[str, Any]) -> Mapping[str, Any]:
    """The container that is published; ``media_error`` where there is none."""
    found = resume.get("container")
    if not isinstance(found, Mapping) or not found.get("id"):
        raise NetworkError(
            Category.MEDIA_ERROR, "The post has to be prepared again.", code="not_prepared",
            retryable=True,
        )  # fmt: skip
    return found


@dataclass(frozen=True)
class Containers:
    """The container calls of one account. ``base`` is the API's with its version."""

    http: httpx.Client
    base: str
    headers: Mapping[str, str]
    sleep: Callable[[float], None] = time.sleep

    def prepare(self, wanted: Wanted, resume: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Make what is missing and wait; yields the whole resume after each step."""
        kept: dict[str, Any] = deepcopy(dict(resume))
        if kept.get("container"):
            yield from self._again(kept)
        if not kept.get("container"):
            self._quota(reply=wanted.reply)
            yield from self._make(wanted, kept)
        if kept["container"]["state"] == "new":
            yield from self._wait(kept["container"], kept)

    def status(self, container_id: str) -> tuple[str, str]:
        """``status`` and ``error_message`` of a container; ``LOST`` where there is none."""
        try:
            answer = call(
                self.http, "GET", f"{self.base}/{quote(container_id, safe='')}",
                judge=threads_errors.read, headers=self.headers,
                params={"fields": "id,status,error_message"},
            )  # fmt: skip
        except NetworkError as error:
            if error.code in threads_errors.GONE:
                return "LOST", ""
            raise
        found = answer.mapping()
        if not found.get("status"):
            raise unreadable(answer.status, answer.raw)
        return str(found["status"]), str(found.get("error_message") or "")

    def _again(self, kept: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """A container of an earlier preparation: is it out, ready, or to be made anew?"""
        entry = kept["container"]
        status, _ = self.status(entry["id"])
        if status == "LOST" and time.time() - entry["at"] < LOST:
            raise later(STILL, LATER)
        if status == "FINISHED" and entry["state"] == "ready":
            entry["refused"] = entry.get("refused", 0) + 1
        if status in ("EXPIRED", "LOST") or entry.get("refused", 0) > REFUSALS:
            _begin_anew(kept)
            yield deepcopy(kept)
        elif status in ("PUBLISHED", "FINISHED"):
            entry["state"] = "published" if status == "PUBLISHED" else "ready"
            yield deepcopy(kept)
        else:
            entry["state"] = "new"

    def _make(self, wanted: Wanted, kept: dict[str, Any]) -> Iterator[dict[str, Any]]:
        fields = dict(wanted.fields)
        if len(wanted.media) > 1:
            yield from self._items(wanted.media, kept)
            fields |= {
                "media_type": "CAROUSEL",
                "children": ",".join(str(entry["id"]) for entry in kept["items"]),
            }
        elif wanted.media:
            fields |= file(wanted.media[0])
        else:
            fields["media_type"] = "TEXT"
        made = yield from self._made(fields, kept)
        kept["container"] = made
        yield deepcopy(kept)

    def _items(self, media: tuple[Media, ...], kept: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """All of a carousel's items first, so that Threads works on them at once; then wait."""
        if any(entry["at"] < time.time() - LASTS for entry in kept.get("items", ())):
            kept.pop("items")
        shelf = kept.setdefault("items", [])
        for one in media[len(shelf) :]:
            entry = yield from self._made({**file(one), "is_carousel_item": "true"}, kept)
            shelf.append(entry)
            yield deepcopy(kept)
        for entry in shelf:
            if entry["state"] == "new":
                yield from self._wait(entry, kept)

    def _made(
        self, fields: Mapping[str, str], kept: dict[str, Any]
    ) -> Generator[dict[str, Any], None, dict[str, Any]]:
        """Make one; returns its entry. Yields where a refusal has to be remembered."""
        try:
            answer = call(
                self.http, "POST", f"{self.base}/me/threads", judge=threads_errors.read,
                headers=self.headers, form=dict(fields), seconds=MAKING_SECONDS,
            )  # fmt: skip
        except NetworkError as error:
            if error.category is Category.MEDIA_ERROR:
                error.retryable = _counted(kept) < 2
                yield deepcopy(kept)
            elif error.code in threads_errors.GONE and "reply_to_id" in fields:
                since = kept.setdefault("orphan", time.time())
                yield deepcopy(kept)
                if time.time() - since > ORPHAN:
                    raise NetworkError(
                        Category.VALIDATION, "The post this one answers is gone.",
                        status=error.status, code=error.code, raw=error.raw, retryable=False,
                    ) from error  # fmt: skip
            raise
        made = answer.mapping().get("id")
        if not isinstance(made, str | int) or not str(made):
            raise unreadable(answer.status, answer.raw)
        return {"id": str(made), "at": time.time(), "state": "new"}

    def _wait(self, entry: dict[str, Any], kept: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Until the container is ready; comes back later for one that takes long."""
        for seconds in (*PAUSES, 0.0):
            status, why = self.status(entry["id"])
            if status in ("FINISHED", "PUBLISHED"):
                entry["state"] = "ready" if status == "FINISHED" else "published"
                yield deepcopy(kept)
                return
            age = time.time() - entry["at"]
            stuck = status == "IN_PROGRESS" and age > PATIENCE
            if status in ("ERROR", "EXPIRED") or stuck:
                failures = _counted(kept)
                _begin_anew(kept)
                yield deepcopy(kept)
                raise threads_errors.failed("STUCK" if stuck else why, again=failures < 2)
            if seconds:
                pause(self.sleep, seconds, STILL)
        raise later(STILL, SOON if age < 60 else LATER)

    def _quota(self, *, reply: bool) -> None:
        """Stop before anything is made where the 24 hours are used up; no answer is none."""
        usage, config = "quota_usage", "config"
        if reply:
            usage, config = "reply_quota_usage", "reply_config"
        used = spent(lambda: self._limits(f"{usage},{config}"), usage, config)
        if used is not None:
            what = "replies and thread parts" if reply else "posts"
            raise quota(f"The profile has used its {used[1]:,} {what} of 24 hours.")

    def _limits(self, fields: str) -> Mapping[str, Any]:
        return call(
            self.http, "GET", f"{self.base}/me/threads_publishing_limit",
            judge=threads_errors.read, headers=self.headers, params={"fields": fields},
            seconds=5.0,
        ).mapping()  # fmt: skip


def file(media: Media) -> dict[str, str]:
    """The fields of a picture or a video; Threads fetches it from a public address."""
    if not media.url:
        raise NetworkError(
            Category.MEDIA_ERROR, threads_errors.NOT_PUBLIC, code="no_public_url", retryable=False
        )
    kind = "VIDEO" if media.kind == "video" else "IMAGE"
    found = {"media_type": kind, f"{kind.lower()}_url": media.url}
    return found | ({"alt_text": media.alt} if media.alt else {})


def _begin_anew(kept: dict[str, Any]) -> None:
    for name in ("container", "items"):
        kept.pop(name, None)


def _counted(kept: dict[str, Any]) -> int:
    """Count a failed container; ``keep`` outlives a changed or refused preparation."""
    failures = int((kept.get("keep") or {}).get("failed") or 0) + 1
    kept["keep"] = {**(kept.get("keep") or {}), "failed": failures}
    return failures
