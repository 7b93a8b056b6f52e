"""Videos, Reels and video stories of the played Facebook: announced, sent, finished."""

from __future__ import annotations

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from app.sandbox import meta
from app.sandbox.facebook import videos
from app.sandbox.facebook.desk import GRAPH, NAME, ROOM, allowed, bp, page
from app.sandbox.facebook.posts import own, text
from app.sandbox.room import bearer
from app.sandbox.store import store

PIECE = 1024 * 1024
REELS, DAY = 30, 24 * 3600
TITLE = 255


def _video(video_id: str, edge: str) -> dict[str, Any]:
    found: dict[str, Any] | None = videos.table().get(video_id)
    if found is None or found["page"] != page().id or found["edge"] != edge:
        meta.invalid("Invalid parameter: there is no such video.")
    return found


def _title() -> str:
    found = str(meta.fields().get("title") or "")
    if len(found) > TITLE:
        meta.invalid(f"Param title must be at most {TITLE} characters long.")
    return found


def _pieces(page_id: str) -> ResponseReturnValue:
    own(page_id)
    asked = meta.fields()
    phase = asked.get("upload_phase")
    if phase == "start":
        size = str(asked.get("file_size") or "")
        if not size.isdigit() or int(size) < 1:
            meta.invalid("Invalid file_size.")
        video_id, row = videos.new(page_id, page().handle, "videos", int(size))
        return meta.say(
            {"upload_session_id": row["session"], "video_id": video_id, **_offsets(row)}
        )
    video_id, row = _session(str(asked.get("upload_session_id") or ""))
    if phase == "transfer":
        file = request.files.get("video_file_chunk")
        data = file.read() if file is not None else b""
        with store().lock:
            row = _video(video_id, "videos")
            if str(asked.get("start_offset")) != str(row["size"]) or not data:
                meta.no(6000, "(#6000) There was a problem uploading your video file.",
                        subcode=1363037)  # fmt: skip
            row = videos.append(video_id, row, data)
        return meta.say(_offsets(row))
    if phase != "finish":
        meta.invalid("The sandbox fetches nothing: send the video with upload_phase.")
    if videos.state(row) == "uploading":
        meta.no(6000, "(#6000) The file is not whole yet.", subcode=1363030)
    videos.finish(video_id, row, text("description"), _title())
    return meta.say({"success": True})


def _session(session: str) -> tuple[str, dict[str, Any]]:
    known: list[tuple[str, dict[str, Any]]] = videos.table().items()
    found = next((one for one in known if one[1]["session"] == session), None)
    if found is None or found[1]["page"] != page().id:
        meta.no(6000, "(#6000) The upload session is not known.", subcode=1363041)
    return found


def _offsets(row: dict[str, Any]) -> dict[str, str]:
    start = row["size"]
    return {"start_offset": str(start), "end_offset": str(min(start + PIECE, row["total"]))}


def _announce(page_id: str, edge: str) -> ResponseReturnValue:
    own(page_id)
    asked = meta.fields()
    if asked.get("upload_phase") == "start":
        video_id, _ = videos.new(page_id, page().handle, edge, 0)
        base = request.host_url.rstrip("/")
        version = request.path.split("/")[2]
        return meta.say({
            "video_id": video_id,
            "upload_url": f"{base}{ROOM.prefix}/video-upload/{version}/{video_id}",
        })  # fmt: skip
    if asked.get("upload_phase") != "finish":
        meta.invalid("Invalid upload_phase.")
    video_id = str(asked.get("video_id") or "")
    row = _video(video_id, edge)
    if videos.state(row) == "uploading":
        meta.invalid("The video is not uploaded yet.", subcode=1363040)
    if edge == "video_reels":
        if asked.get("video_state") not in ("PUBLISHED", "DRAFT", "SCHEDULED"):
            meta.invalid("Invalid video_state.")
        used = store().limits.hit(NAME, page().handle, "reels", REELS, DAY)
        if used.refused and not row["finished"]:
            raise meta.Refused(meta.too_many(DAY, 613, who=page_id))
    row = videos.finish(video_id, row, text("description"), _title())
    answer: dict[str, Any] = {"success": True}
    if edge == "video_stories" and row["post"]:
        answer["post_id"] = row["post"]
    return meta.say(answer)


def _sent(video_id: str) -> ResponseReturnValue:
    """The bytes, whole or from where the last call broke off. The word is OAuth, not Bearer.

    Web servers drop header names with an underscore, ``file_size`` among them: then what the
    call announces has to be the rest of the file.
    """
    if not bearer("OAuth"):
        return _debug("NotAuthorizedError", "unauthorized user request", 401)
    row: dict[str, Any] | None = videos.table().get(video_id)
    if row is None or row["page"] != page().id:
        return _debug("NotFoundError", "There is no such upload.", 404)
    if "file_url" in request.headers:
        return _debug("ProcessingFailedError", "The sandbox fetches nothing.", 400)
    offset, rest = request.headers.get("offset", ""), request.content_length
    usual = str(int(offset) + rest) if offset.isdigit() and rest else ""
    total = request.headers.get("file_size", usual)
    if not offset.isdigit() or not total.isdigit() or int(total) < 1:
        return _debug("RequestError", "offset and file_size are required.", 400)
    data = request.get_data()
    with store().lock:
        row = videos.table().get(video_id) or row
        if int(offset) != row["size"] or row["total"] not in (0, int(total)) or row["finished"]:
            return _debug("OffsetInvalidError", "The offset does not fit.", 400)
        if row["size"] + len(data) > int(total):
            return _debug("RequestError", "There are more bytes than were announced.", 400)
        row = videos.append(video_id, {**row, "total": int(total)}, data)
    if row["size"] < int(total):
        return _debug("PartialRequestError", "Partial request (did not match length of file)", 400)
    return meta.say({"success": True})


def _debug(kind: str, said: str, status: int) -> ResponseReturnValue:
    """The upload host's own error body."""
    body = {"debug_info": {"retriable": False, "type": kind, "message": said}}
    return meta.say(body, status)


# One address serves a phase that may be repeated and the one that publishes.
UPLOAD = ROOM.operation("upload")
PUBLISH = ROOM.operation("publish")
BY_PAGE = allowed("pages_manage_posts", page=True)
send_piece, finish_video = UPLOAD(BY_PAGE(_pieces)), PUBLISH(BY_PAGE(_pieces))
begin_reel, finish_reel = UPLOAD(BY_PAGE(_announce)), PUBLISH(BY_PAGE(_announce))
take_bytes = UPLOAD(BY_PAGE(_sent))


def _finishes() -> bool:
    return bool(meta.fields().get("upload_phase") == "finish")


@bp.post(f"{GRAPH}/<page_id>/videos")
def video(page_id: str) -> ResponseReturnValue:
    """``start`` and ``transfer`` a film, or ``finish`` it."""
    return finish_video(page_id) if _finishes() else send_piece(page_id)


@bp.post(f"{GRAPH}/<page_id>/<any(video_reels, video_stories):edge>")
def reel(page_id: str, edge: str) -> ResponseReturnValue:
    """``start`` gives the address to send the bytes to; ``finish`` publishes."""
    return finish_reel(page_id, edge) if _finishes() else begin_reel(page_id, edge)


@bp.post(f"/video-upload{GRAPH}/<video_id>")
def upload(video_id: str) -> ResponseReturnValue:
    """The upload host."""
    return take_bytes(video_id)
