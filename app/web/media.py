"""Pictures and videos of a brand: a plain upload, and the files to whoever is within reach."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from flask import Blueprint, Response, jsonify, send_file, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from app.errors import AppError, PayloadTooLarge
from app.models.media import Media
from app.services import links, media
from app.web import headers, uploads
from app.web.actor import current_actor, current_profile
from app.web.guard import requires

bp = Blueprint("media", __name__, url_prefix="/p/<profile>")
uploads.accept(bp, "upload")

# Reliability §11: a file that turned out to be more than a picture can do nothing.
SEALED = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
KEPT_SECONDS = 3600  # in the browser of whoever was let in; the address names one content for ever
TOO_LARGE = "This file is larger than 200 MB. Make it smaller and try again."


@bp.post("/media")
@requires("media.write")
def upload(profile: str) -> ResponseReturnValue:
    """One picture as multipart field ``file``; answers JSON, 201 or the reason against it."""
    try:
        found = uploads.received()
        made = media.upload(
            current_actor(), current_profile().id, found.stream, found.name, found.mime
        )
    except AppError as error:
        return _refused(error)
    return jsonify(success=True, media=_told(made, profile)), 201


@bp.get("/media/<uuid:media_id>/file")
@requires("media.read")
def file(profile: str, media_id: UUID) -> Response:
    """The picture as stored; ranges and conditional requests are answered."""
    found = media.get(current_actor(), current_profile().id, media_id)
    mime, etag = found.mime, found.sha256
    return _served(media.file(found), mime, etag)


@bp.get("/media/<uuid:media_id>/thumb")
@requires("media.read")
def thumb(profile: str, media_id: UUID) -> Response:
    """A WebP at most 640 pixels wide and high."""
    found = media.get(current_actor(), current_profile().id, media_id)
    etag = f"{found.sha256}-thumb"
    return _served(media.thumb(found), "image/webp", etag)


@bp.get("/cards/<string(length=64):url_hash>")
@requires("post.read")
def card(profile: str, url_hash: str) -> Response:
    """The picture of a link card, by the SHA-256 of its URL."""
    found = links.image(url_hash)
    mime, key = found.image_mime, found.image_key or ""
    return _served(media.stored(key), mime, key.replace("/", "-"))


@bp.errorhandler(RequestEntityTooLarge)
def too_large(error: RequestEntityTooLarge) -> ResponseReturnValue:
    """A body that was not even read to its end."""
    return _refused(PayloadTooLarge(TOO_LARGE, field="file"))


def _served(path: Path, mime: str, etag: str) -> Response:
    response = send_file(path, mimetype=mime, etag=etag, conditional=True, max_age=KEPT_SECONDS)
    response.headers.update(SEALED)
    del response.headers["Content-Disposition"]  # its name on our disk is nobody's concern
    response.cache_control.public = False
    response.cache_control.private = True
    return response


def _told(made: Media, profile: str) -> dict[str, object]:
    """What a script needs to show it."""
    return {
        "id": str(made.id), "name": made.name, "mime": made.mime, "size": made.size,
        "width": made.width, "height": made.height, "frames": made.frames, "alt": made.alt,
        "seconds": made.seconds,
        "file": url_for("media.file", profile=profile, media_id=made.id),
        "thumb": url_for("media.thumb", profile=profile, media_id=made.id),
    }  # fmt: skip


def _refused(error: AppError) -> ResponseReturnValue:
    """The members every contract has (reliability §7)."""
    body = {
        "success": False, "error": error.message, "message": error.message, "code": error.code,
        "field": error.field, "errors": [], "request_id": headers.number(),
    }  # fmt: skip
    extra = {"Retry-After": str(error.retry_after)} if error.retry_after else {}
    return jsonify(body), error.status, extra
