"""The media library: its pages, uploads, and the files to whoever is within reach (DESIGN §6.7)."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from flask import Blueprint, Response, jsonify, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from app.errors import AppError, Conflict, NotFound, PayloadTooLarge, ValidationFailed
from app.models.media import Media
from app.services import links, media, media_library, media_replacing
from app.services.composing import many
from app.web import errors, headers, htmx, uploads
from app.web import media_parts as parts
from app.web.actor import current_actor, current_profile
from app.web.guard import requires

bp = Blueprint("media", __name__, url_prefix="/p/<profile>")
uploads.accept(bp, "upload")
uploads.accept_beside(bp, "add", "replace")

# Reliability §11: a file that turned out to be more than a picture can do nothing.
SEALED = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
KEPT_SECONDS = 3600  # in the browser of whoever was let in; the address names one content for ever
TOO_LARGE = "This file is larger than 200 MB. Make it smaller and try again."


@bp.get("/media")
@requires("media.read")
def index(profile: str) -> ResponseReturnValue:
    """The brand's files, newest first; ``q``, ``kind``, ``tag``, ``unused`` and ``bare`` leave
    others out, ``after`` goes on behind a page."""
    return htmx.render(
        "media/index.html", fragment="media/_cards.html", **parts.shown(), problems=[]
    )


@bp.post("/media/new")
@requires("media.write")
def add(profile: str) -> ResponseReturnValue:
    """Take in files of a form, without scripts."""
    taken, problems = parts.take_files()
    if problems or not taken:
        return parts.index(problems=problems or [uploads.ASK])
    return htmx.toast(htmx.redirect(parts.home()), f"{many(taken, 'file')} added.")


@bp.get("/media/<uuid:media_id>")
@requires("media.read")
def show(profile: str, media_id: UUID) -> ResponseReturnValue:
    """One file: where it is used, what networks make of it, its alt text and tags."""
    return parts.panel(parts.ours(media_id))


@bp.get("/media/<uuid:media_id>/card")
@requires("media.read")
def one_card(profile: str, media_id: UUID) -> ResponseReturnValue:
    """The card of a file that has just been uploaded."""
    shown = media_library.card(parts.ours(media_id))
    return render_template("media/_card.html", **parts.around(), one=shown)


@bp.post("/media/<uuid:media_id>")
@requires("media.write")
def describe(profile: str, media_id: UUID) -> ResponseReturnValue:
    """Keep a file's alt text and tags."""
    row = parts.ours(media_id)
    alt, tags = request.form.get("alt", ""), request.form.get("tags", "")
    try:
        row = media_library.describe(current_actor(), row.id, alt, tags)
    except ValidationFailed as error:
        wrong = {error.field or "": error.message}
        return parts.panel(parts.ours(media_id), status=422, alt=alt, tags=tags, wrong=wrong)
    if not htmx.wants_part():
        here = url_for(".show", profile=profile, media_id=media_id)
        return htmx.toast(htmx.redirect(here), "The file is described.")
    return parts.with_card(parts.panel(row, saved=True), row)


@bp.post("/media/<uuid:media_id>/replace")
@requires("media.write")
def replace(profile: str, media_id: UUID) -> ResponseReturnValue:
    """Put a new file in its place in everything that is still to go out."""
    row = parts.ours(media_id)
    try:
        found = uploads.received()
        done = media_replacing.replace(
            current_actor(), row.profile_id, media_id, found.stream, found.name, found.mime
        )
    except NotFound:
        raise
    except AppError as error:
        status = 409 if error.status == 409 else 422
        return parts.panel(parts.ours(media_id), status=status, wrong={"file": error.message})
    words = f"Replaced. {many(done.posts, 'post')} {'has' if done.posts == 1 else 'have'} it now."
    here = url_for(".show", profile=profile, media_id=done.media.id)
    return htmx.toast(htmx.redirect(here), words if done.posts else "Replaced.")


@bp.get("/media/<uuid:media_id>/delete")
@requires("media.write")
def ask(profile: str, media_id: UUID) -> ResponseReturnValue:
    """Say what would be lost, or what is in the way, and ask."""
    return _asked(parts.ours(media_id))


@bp.post("/media/<uuid:media_id>/delete")
@requires("media.write")
def delete(profile: str, media_id: UUID) -> ResponseReturnValue:
    """Take it out of the library, unless something that is still to go out needs it."""
    row = parts.ours(media_id)
    name = row.name
    try:
        media.delete(current_actor(), row.id)
    except Conflict as error:
        return _asked(parts.ours(media_id), problem=error.message)
    return htmx.toast(htmx.redirect(parts.home()), f"“{name}” is deleted.")


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
    if request.endpoint != f"{bp.name}.upload":
        return errors.answer(error)
    return _refused(PayloadTooLarge(TOO_LARGE, field="file"))


def _asked(row: Media, problem: str = "") -> Response:
    response = htmx.render(
        "media/delete.html", fragment="media/_delete.html", **parts.one(row), problem=problem
    )
    response.status_code = 409 if problem else 200
    return response


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
