"""Scheduling at the played Metricool: making, listing, changing and deleting posts."""

from __future__ import annotations

import time
import uuid
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, request
from flask.typing import ResponseReturnValue

from app.sandbox.metricool import checks, media
from app.sandbox.metricool.checks import moment
from app.sandbox.metricool.desk import ROOM, allowed, body, bp, brand, invalid, me, say, stop
from app.sandbox.metricool.publish import due_at, settle, table
from app.sandbox.room import met
from app.sandbox.store import store

DAY = timedelta(days=1).total_seconds()
EPOCH_MS = 1_735_689_600_000  # so that ids stay below 2^53
LATE = 5.0  # seconds a time may lie behind when it arrives


def _local(at: float) -> dict[str, str]:
    """A moment in the form of ``publicationDate``."""
    zone = ZoneInfo(brand().timezone)
    text = datetime.fromtimestamp(at, zone).replace(tzinfo=None).isoformat(timespec="seconds")
    return {"dateTime": text, "timezone": brand().timezone}


def _checked(asked: dict[str, Any]) -> float:
    """When a post is due; ends the call where it is not as it should be."""
    at, wrong = checks.problems(asked)
    if not wrong and at < time.time() - LATE:
        wrong["publicationDate"] = "The publication date cannot be in the past."
    if wrong:
        invalid(wrong)
    return at


def _keep(asked: dict[str, Any], at: float, **more: Any) -> dict[str, Any]:
    """A new row. Providers given as strings are dropped here, and nobody is told."""
    hit = met()
    fate = hit.kind if hit is not None else ""
    number = store().serial(epoch_ms=EPOCH_MS, bits=12)
    providers = [
        {**one, "status": "PENDING", "detailedStatus": "Pending"}
        for one in asked["providers"]
        if isinstance(one, dict)
    ]
    files = asked.get("media") or []
    if asked.get("saveExternalMediaFiles"):
        files = [media.copied(url) or url for url in files]
    post = {
        **asked, "media": files, "providers": providers, "id": number,
        "uuid": uuid.uuid4().hex, "creationDate": _local(time.time()),
        "blogId": brand().id, **more,
    }  # fmt: skip
    waits = fate != "processing" and asked.get("autoPublish", True) and not asked.get("draft")
    row = {
        "handle": me().handle, "blog": brand().id, "due": at, "post": post, "open": bool(waits),
        "refused": "Status is a duplicate." if fate == "duplicate" else "",
    }  # fmt: skip
    table().put(str(number), row)
    if waits:
        due_at(at)
    return post


def _own(number: str) -> dict[str, Any]:
    settle()
    row = table().get(number)
    if row is None or row["blog"] != brand().id or row["handle"].lower() != me().handle.lower():
        stop(404, "Post not found.")
    return row


def _waiting(row: dict[str, Any]) -> None:
    if any(one["status"] != "PENDING" for one in row["post"]["providers"]):
        invalid({"status": "The post is published already."})


@bp.post("/v2/scheduler/posts")
@ROOM.operation("publish")
@allowed()
def create() -> ResponseReturnValue:
    """Take a post. The same again is another one."""
    asked = body()
    return say({"data": _keep(asked, _checked(asked))})


@bp.get("/v2/scheduler/posts")
@ROOM.operation("lookup")
@allowed()
def listed() -> ResponseReturnValue:
    """Posts of a span of time, the earliest first; ``extendedRange`` adds a day on each side."""
    settle()
    zone = request.args.get("timezone", "")
    start, end = (moment(request.args.get(name), zone) for name in ("start", "end"))
    if start is None or end is None or end < start:
        invalid({"start": "start, end (local times) and timezone are required."})
    more = DAY if request.args.get("extendedRange") == "true" else 0.0
    rows = [
        row
        for _, row in table().items()
        if row["blog"] == brand().id
        and row["handle"].lower() == me().handle.lower()
        and start - more <= row["due"] <= end + more
    ]
    return say({"data": [row["post"] for row in sorted(rows, key=lambda row: row["due"])]})


@bp.get("/v2/scheduler/posts/<number>")
@ROOM.operation("lookup")
@allowed()
def one(number: str) -> ResponseReturnValue:
    """A post with what became of it at each provider."""
    return say({"data": _own(number)["post"]})


@bp.put("/v2/scheduler/posts/<number>")
@allowed()
def replace(number: str) -> ResponseReturnValue:
    """The whole object again. What answers is another post, with another id."""
    asked = body()
    with store().lock:
        row = _own(number)
        if str(asked.get("id")) != number or asked.get("uuid") != row["post"]["uuid"]:
            invalid({"id": "id and uuid of the post are required."})
        _waiting(row)
        at = _checked(asked)
        table().pop(number)
        kept = {"uuid": row["post"]["uuid"], "creationDate": row["post"]["creationDate"]}
        return say({"data": _keep(asked, at, **kept)})


@bp.patch("/v2/scheduler/posts/<number>")
@allowed()
def move(number: str) -> ResponseReturnValue:
    """Another time, and nothing else."""
    if request.args.get("fields") != "publicationDate":
        invalid({"fields": "Only publicationDate can be changed alone."})
    asked = body()
    with store().lock:
        row = _own(number)
        _waiting(row)
        changed = {**row["post"], "publicationDate": asked.get("publicationDate")}
        row["due"], row["post"] = _checked(changed), changed
        table().put(number, row)
    due_at(row["due"])
    return say({"data": changed})


@bp.delete("/v2/scheduler/posts/<number>")
@ROOM.operation("delete")
@allowed()
def delete(number: str) -> ResponseReturnValue:
    """Forget a post; what is out already stays out."""
    with store().lock:
        _own(number)
        table().pop(number)
    return Response(status=204)
