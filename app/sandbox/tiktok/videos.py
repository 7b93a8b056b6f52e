"""Videos of the played TikTok: announced, then sent in pieces to an address of their own."""

from __future__ import annotations

import re
import secrets
import time
from typing import Any

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from app.sandbox.store import store
from app.sandbox.tiktok import drafts
from app.sandbox.tiktok.desk import (
    ROOM,
    allowed,
    body,
    bp,
    fine,
    invalid,
    me,
    object_of,
    uploaded_to,
    uploads,
)

CAPTION = 2200
MEGABYTE = 1_000_000
SMALLEST, LARGEST, LAST = 5 * MEGABYTE, 64 * MEGABYTE, 128 * MEGABYTE
BIGGEST, PIECES = 4_000 * MEGABYTE, 1000
LASTS_SECONDS = 3600.0
MIMES = ("video/mp4", "video/quicktime", "video/webm")
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


@bp.post("/v2/post/publish/video/init/")
@ROOM.operation("upload")
@allowed("init", "video.publish")
def init() -> ResponseReturnValue:
    """Begin a post; nothing is public before its last byte has come."""
    asked = body()
    info = object_of(asked, "post_info")
    planned = _announced(asked)
    drafts.check(info, {"title": CAPTION})
    cover = info.get("video_cover_timestamp_ms", 0)
    if not isinstance(cover, int) or isinstance(cover, bool) or cover < 0:
        invalid("post_info.video_cover_timestamp_ms is not a number of milliseconds.")
    drafts.count_day()
    return _begun(f"v_pub_file~v2-1.{drafts.number()}", info, *planned)


@bp.post("/v2/post/publish/inbox/video/init/")
@ROOM.operation("upload")
@allowed("init", "video.upload")
def inbox() -> ResponseReturnValue:
    """Begin a draft: the file alone, nothing said about it."""
    asked = body()
    if set(asked) - {"source_info"}:
        invalid("An inbox upload takes source_info alone.")
    planned = _announced(asked)
    drafts.count_pending()
    return _begun(f"v_inbox_file~v2.{drafts.number()}", {}, *planned)


def _announced(asked: dict[str, Any]) -> tuple[int, int, int]:
    source = object_of(asked, "source_info")
    if source.get("source") != "FILE_UPLOAD":
        invalid("Only FILE_UPLOAD is played here for videos.")
    return _plan(source)


def _begun(
    publish_id: str, info: dict[str, Any], size: int, chunk: int, count: int
) -> ResponseReturnValue:
    """Where the file is to be sent; a draft has no ``post_info``."""
    secret = secrets.token_urlsafe(24)
    uploads().put(
        publish_id,
        {
            "handle": me().handle, "kind": "video", "info": info, "text": info.get("title", ""),
            "size": size, "chunk": chunk, "count": count, "received": 0, "pieces": [],
            "mime": "", "token": secret, "until": time.time() + LASTS_SECONDS, "sent_at": 0.0,
            "post_id": "", "reason": "", "stuck": False,
        },
    )  # fmt: skip
    address = url_for(
        "tiktok.upload", upload_id=publish_id, upload_token=secret, _external=True
    )  # fmt: skip
    return fine({"publish_id": publish_id, "upload_url": address})


def _plan(source: dict[str, Any]) -> tuple[int, int, int]:
    """Size, length and number of the pieces, by TikTok's rules for them."""
    numbers = [source.get(name) for name in ("video_size", "chunk_size", "total_chunk_count")]
    if not all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in numbers):
        invalid("video_size, chunk_size and total_chunk_count are positive numbers.")
    size, chunk, count = (int(n or 0) for n in numbers)
    if size > BIGGEST:
        invalid("The video is larger than 4 GB.")
    if chunk > size or count != size // chunk:
        invalid("total_chunk_count is video_size divided by chunk_size, rounded down.")
    if count > PIECES:
        invalid("There are at most 1000 chunks.")
    if chunk != size and not SMALLEST <= chunk <= LARGEST or chunk > LARGEST:
        invalid("The chunk_size is 5 to 64 MB.")
    if size - (count - 1) * chunk > LAST:
        invalid("The last chunk is at most 128 MB.")
    return size, chunk, count


@bp.put("/video/")
def upload() -> ResponseReturnValue:
    """A piece; the last one starts the post."""
    _, row = uploaded_to()
    place = _RANGE.fullmatch(request.headers.get("Content-Range", ""))
    last = row is not None and place is not None and int(place[2]) + 1 == row["size"]
    return _last() if last else _piece()


@ROOM.operation("upload")
def _piece() -> ResponseReturnValue:
    return _take()


@ROOM.operation("publish")
def _last() -> ResponseReturnValue:
    return _take()


def _take() -> Response:
    data = request.get_data(cache=False)
    with store().lock:
        publish_id, row = uploaded_to()
        if row is None:
            return Response(status=404)
        if time.time() > row["until"]:
            return Response(status=403)
        place = _RANGE.fullmatch(request.headers.get("Content-Range", ""))
        mime = request.mimetype
        if place is None or mime not in MIMES or row["mime"] not in ("", mime):
            return Response(status=400)
        first, end, total = int(place[1]), int(place[2]) + 1, int(place[3])
        if total != row["size"] or len(data) != end - first:
            return Response(status=400)
        if first != row["received"]:
            return _told(416, row)
        final = len(row["pieces"]) + 1 == row["count"]
        if end != (row["size"] if final else first + row["chunk"]):
            return Response(status=400)
        row["mime"], row["received"] = mime, end
        row["pieces"] = [*row["pieces"], store().put_blob(data, "application/octet-stream")]
        uploads().put(publish_id, row)
        if not final:
            return _told(206, row)
        _join(publish_id, row)
        return _told(201, row)


def _told(status: int, row: dict[str, Any]) -> Response:
    """Progress is in ``Content-Range``; there is none before the first piece."""
    answer = Response(status=status)
    if row["received"]:
        answer.headers["Content-Range"] = f"bytes 0-{row['received'] - 1}/{row['size']}"
    return answer


def _join(publish_id: str, row: dict[str, Any]) -> None:
    data = b"".join((store().blob(name) or ("", b""))[1] for name in row["pieces"])
    for name in row["pieces"]:
        store().journal.drop_blob(name)
    if b"ftyp" not in data[:64] and not data.startswith(b"\x1aE\xdf\xa3"):
        row["reason"] = "file_format_check_failed"
    blob = store().put_blob(data, row["mime"])
    row["pieces"] = []
    drafts.accept(publish_id, row, [{"blob": blob, "mime": row["mime"], "alt": ""}])
