"""Uploading to the played YouTube: the resumable protocol, and one call with both halves."""

from __future__ import annotations

import re
import secrets
import time
from typing import Any

from flask import Response, g, request
from flask.typing import ResponseReturnValue

from app.sandbox.room import bearer, met
from app.sandbox.store import Table, store
from app.sandbox.youtube import videos
from app.sandbox.youtube.desk import (
    DAY,
    LIMITS,
    NAME,
    ROOM,
    SENDING,
    Refused,
    allowed,
    bad,
    body,
    bp,
    let_in,
    me,
    needs_channel,
    problem,
    refused,
    say,
    spend,
    wanted_parts,
)
from app.sandbox.youtube.multipart import halves

QUANTUM = 256 * 1024
LARGEST = 256 * 1024**3
SESSION_SECONDS = 7 * DAY
TAKES = {
    "part", "notifySubscribers", "autoLevels", "stabilize", "onBehalfOfContentOwner",
    "onBehalfOfContentOwnerChannel", "upload_id",
}  # fmt: skip
PATHS = ("/upload/youtube/v3/videos", "/resumable/upload/youtube/v3/videos")
_RANGE = re.compile(r"bytes (?:(\d{1,15})-(\d{1,15})|\*)/(\d{1,15}|\*)")


def table() -> Table:
    """Sessions by upload id."""
    return store().table("youtube.sessions")


@bp.post(PATHS[0])
@bp.post(PATHS[1])
@ROOM.operation("upload")
@allowed(*SENDING, cost=1, takes=TAKES)
def begin() -> ResponseReturnValue:
    """Announce a video, or send it in one call (``uploadType`` tells)."""
    spend("insert")
    kind = request.args.get("uploadType", "")
    if kind == "multipart":
        return _whole()
    if kind != "resumable":
        refused(400, "mediaBodyRequired", "The request does not include the video content.",
                domain="youtube.video")  # fmt: skip
    announced = _announced(body())
    mime = request.headers.get("X-Upload-Content-Type", "application/octet-stream")
    given = request.headers.get("X-Upload-Content-Length", "")
    if given and (not given.isdigit() or not 0 < int(given) <= LARGEST):
        bad("Invalid X-Upload-Content-Length")
    _taken(mime)
    upload_id = secrets.token_urlsafe(48)
    table().put(upload_id, {
        "handle": me().handle, "announced": announced, "mime": mime,
        "total": int(given) if given else 0, "stored": 0, "pieces": [], "head": "",
        "until": time.time() + SESSION_SECONDS, "video": "", "parts": _parts(),
    })  # fmt: skip
    answer = Response("", 200)
    mark = "&" if request.query_string else "?"
    answer.headers["Location"] = f"{request.url}{mark}upload_id={upload_id}"
    answer.headers["X-GUploader-UploadID"] = upload_id
    return answer


def _parts() -> list[str]:
    return wanted_parts(videos.PARTS)


def _announced(asked: dict[str, Any]) -> dict[str, Any]:
    needs_channel()
    window = store().limits.hit(NAME, me().handle, "channel", LIMITS["channel"], DAY)
    if window.refused:
        refused(400, "uploadLimitExceeded", "The user has exceeded the number of videos they may "
                "upload.")  # fmt: skip
    return videos.checked(asked, _parts())


def _taken(mime: str) -> None:
    if not mime.startswith("video/") and mime != "application/octet-stream":
        bad(f"Media type '{mime}' is not supported. Valid media types: "
            "[video/*, application/octet-stream]", "badContent")  # fmt: skip


def _whole() -> ResponseReturnValue:
    """``multipart/related``: the resource, then the bytes."""
    asked, mime, data = halves()
    _taken(mime)
    announced = _announced(asked)
    if not data:
        refused(400, "mediaBodyRequired", "The request does not include the video content.")
    blob = store().put_blob(data, mime)
    video = videos.made(announced, blob, mime, len(data), data[:64], _end())
    return say(videos.shown(video, _parts()))


def _end() -> str:
    """How an ordered fault wants the video to end."""
    hit = met()
    return {"processing": "stuck", "duplicate": "rejected:duplicate"}.get(hit.kind if hit else "",
                                                                          "")  # fmt: skip


@bp.put(PATHS[0])
@bp.put(PATHS[1])
def put() -> ResponseReturnValue:
    """Bytes, or a question; the operation is the question's, a piece's or the last piece's."""
    try:
        upload_id = request.args.get("upload_id", "")
        session = table().get(upload_id)
        if session is None or session["until"] < time.time():
            return Response("Not Found", 404, mimetype="text/plain")
        if bearer():
            let_in(*SENDING)
        first, last, total = _range(session)
        if session["video"] or first is None:
            return _asked(upload_id)
        ends = total is not None and last is not None and last + 1 == total
        return (_last if ends else _piece)(upload_id, first, total)
    except Refused as error:
        assert isinstance(error.response, Response)
        return error.response


def _range(session: dict[str, Any]) -> tuple[int | None, int | None, int | None]:
    """First byte, last byte and size by ``Content-Range``; no first byte for a question."""
    given = request.headers.get("Content-Range", "")
    length = request.content_length or 0
    if not given:
        whole = session["total"] or length
        return 0, length - 1, whole
    found = _RANGE.fullmatch(given)
    if found is None:
        bad("Invalid Content-Range.")
    total = None if found[3] == "*" else int(found[3])
    if total is not None and session["total"] not in (0, total):
        bad("The size differs from what was announced.")
    if found[1] is None:
        if length:
            bad("A question has no bytes.")
        return None, None, total
    first, last = int(found[1]), int(found[2])
    if last < first or last - first + 1 != length or (total is not None and last >= total):
        bad("Content-Range and Content-Length do not fit.")
    return first, last, total


@ROOM.operation("lookup")
def _asked(upload_id: str) -> ResponseReturnValue:
    """How far it is; the video once it is made."""
    session = table().get(upload_id) or {}
    if session["video"]:
        return _resource(session)
    return _more(session)


@ROOM.operation("upload")
def _piece(upload_id: str, first: int, total: int | None) -> ResponseReturnValue:
    """A piece that is not the last: a multiple of 256 KiB."""
    data = request.get_data()
    if len(data) % QUANTUM:
        bad("The number of bytes uploaded is required to be a multiple of 262144, except for the "
            "final request.")  # fmt: skip
    return _more(_keep(upload_id, first, data, total))


@ROOM.operation("publish")
def _last(upload_id: str, first: int, total: int | None) -> ResponseReturnValue:
    """The last bytes: from now on there is a video."""
    with store().lock:
        session = _keep(upload_id, first, request.get_data(), total)
        if session["stored"] < session["total"]:
            return _more(session)
        if not session["video"]:
            let_in_owner(session)
            data = b"".join((store().blob(name) or ("", b""))[1] for name in session["pieces"])
            for name in session["pieces"]:
                store().journal.drop_blob(name)
            blob = store().put_blob(data, session["mime"])
            video = videos.made(
                session["announced"], blob, session["mime"], len(data), data[:64], _end()
            )
            session |= {"video": video["id"], "pieces": []}
            table().put(upload_id, session)
        return _resource(session)


def let_in_owner(session: dict[str, Any]) -> None:
    """Whoever has the session's address acts for the channel that began it."""
    g.youtube_account = store().accounts.get(NAME, session["handle"])


def _keep(upload_id: str, first: int, data: bytes, total: int | None) -> dict[str, Any]:
    """Add bytes where they belong; what is there already is passed over."""
    with store().lock:
        session = table().get(upload_id)
        assert session is not None
        stored = int(session["stored"])
        if first > stored:
            bad(f"Invalid request. The first byte has to be {stored}.")
        fresh = data[stored - first :]
        if total is not None:
            session["total"] = total
        if fresh:
            name = store().put_blob(fresh, "application/octet-stream")
            session["pieces"] = [*session["pieces"], name]
            session["stored"] = stored + len(fresh)
        table().put(upload_id, session)
        return session


def _more(session: dict[str, Any]) -> Response:
    """308: not a redirect, but "go on"."""
    answer = Response("", 308)
    if session["stored"]:
        answer.headers["Range"] = f"bytes=0-{session['stored'] - 1}"
    return answer


def _resource(session: dict[str, Any]) -> Response:
    let_in_owner(session)
    video = videos.get(session["video"])
    if video is None:
        return problem(404, "videoNotFound", "The video is gone.")
    return say(videos.shown(video, session["parts"]))
