"""Files: Amplify's signed uploads, and ours by multipart and by address."""

from __future__ import annotations

import contextlib
from typing import Any
from uuid import UUID

from flask import Blueprint, g, request, url_for
from werkzeug.exceptions import HTTPException

from app import receiving
from app.api import auth, doors
from app.api.auth import current_actor, current_profile_id, named_profile_id, requires
from app.api.contract import JSON, MULTIPART, need, operation
from app.api.v1 import asking
from app.api.v1 import media_schemas as io
from app.api.v1.posts_told import path_of, stamp, url_of
from app.config import settings
from app.errors import AppError, Conflict, NotFound
from app.models.media import Media, MediaUpload
from app.permissions import public
from app.services import fetching, media, media_arrivals, media_lists, media_uploads

TAG = "Media"
BUCKET = "post-media"
FILE = "file"
PIECE = 1024 * 1024

bp = Blueprint("api_media", __name__, url_prefix="/api/v1/media")
doors.build(bp)
receiving.accept(bp, "create", welcome=auth.recognised)
receiving.accept_bare(bp, "put")


def again(media_id: UUID) -> Any:
    """What a request that died had made, as it is now."""
    found = media_lists.one(current_actor(), media_id)
    return io.FileOut(media=_file(found)), 201


def again_announced(upload_id: UUID) -> Any:
    """Its token was told to nobody: a new one takes its place."""
    return _announced(*media_uploads.renew(current_actor(), upload_id))


def again_finished(media_id: UUID) -> Any:
    """The file as it is now."""
    return io.FileOut(media=_file(media_lists.one(current_actor(), media_id)))


@bp.post("/upload-url")
@requires("media.write")
@operation(
    "Create an upload URL", tag=TAG, body=io.UploadBody, answers={200: io.UploadOut},
    again=again_announced,
)  # fmt: skip
def announce(body: io.UploadBody) -> Any:
    """A signed address for one file of exactly that size and type: one use, 15 minutes. The
    ``file_path`` can be used in posts once the file is there. Counts as an upload."""
    profile_id = current_profile_id(body.profile_id)
    made = media_uploads.announce(
        current_actor(), profile_id, body.file_name, body.content_type, body.file_size
    )
    return _announced(*made)


@bp.put("/uploads/<uuid:upload_id>")
@public
@operation(
    "Upload a file to its signed URL", tag=TAG, query=io.PutQuery, bare=media_uploads.TYPES,
    answers={200: io.FileOut}, refuses=(403, 409, 429),
)  # fmt: skip
def put(upload_id: UUID, query: io.PutQuery) -> Any:
    """The bytes of the file are the body, and its type the Content-Type. No key is needed: the
    address holds the token. A body that was cut off may be sent again."""
    try:
        made = media_uploads.put(
            upload_id, query.token, request.stream, mime=request.mimetype,
            length=request.content_length, address=request.remote_addr or "",
            request_id=g.get("request_id", ""),
        )  # fmt: skip
    except AppError as error:
        if not isinstance(error, NotFound):
            _rest()
        raise
    return io.FileOut(media=_file(made))


@bp.post("/uploads/<uuid:upload_id>/finish")
@requires("media.write")
@operation(
    "Finish an upload", tag=TAG, answers={200: io.FileOut}, refuses=(404, 409),
    again=again_finished,
)  # fmt: skip
def finish(upload_id: UUID) -> Any:
    """Take in a file whose signed URL leads to a bucket, and say what is wrong with it. Nobody
    has to: naming the file in a post does the same, and so does a minute's wait."""
    return io.FileOut(media=_file(media_arrivals.finish(current_actor(), upload_id)))


@bp.get("")
@requires("media.read")
@operation("List files", tag=TAG, query=io.FilesQuery, answers={200: io.FileList})
def index(query: io.FilesQuery) -> Any:
    """The newest first. Without ``profileId`` an account key lists every profile it reaches."""
    found, total = media_lists.page(
        current_actor(), named_profile_id(query.profile_id), kind=query.type, limit=query.limit,
        offset=query.offset,
    )  # fmt: skip
    return io.FileList(media=[_file(one) for one in found], total=total)


@bp.get("/<uuid:media_id>")
@requires("media.read")
@operation("Get a file", tag=TAG, answers={200: io.FileOut})
def show(media_id: UUID) -> Any:
    """One file of the library with a fresh ``public_url``."""
    return io.FileOut(media=_file(media_lists.one(current_actor(), media_id)))


@bp.post("")
@requires("media.write")
@operation(
    "Upload a file", tag=TAG, body=io.FileBody, takes=(JSON, MULTIPART), file_part=FILE,
    answers={201: io.FileOut}, again=again,
)  # fmt: skip
def create(body: io.FileBody) -> Any:
    """The file itself as the part ``file`` of a multipart body, or ``url``: an address that
    anybody can read, fetched now. 20 MB a picture, 200 MB a video."""
    actor, profile_id = current_actor(), current_profile_id(body.profile_id)
    if request.files:
        sent = receiving.received(FILE)
        made = media.upload(
            actor, profile_id, sent.stream, body.file_name or sent.name,
            body.content_type or sent.mime,
        )  # fmt: skip
    else:
        url = need(body.url, "url", "Send the file as the part file, or give its url.")
        made = fetching.fetch(
            actor, profile_id, url, name=body.file_name, mime=body.content_type, field="url"
        )
    if body.alt_text:
        made = media.set_alt(actor, made.id, body.alt_text)
    return io.FileOut(media=_file(made)), 201


@bp.delete("")
@requires("media.write")
@operation(
    "Delete a file", tag=TAG, body=io.DeleteBody, answers={200: io.Deleted}, refuses=(404, 409)
)  # fmt: skip
def delete(body: io.DeleteBody) -> Any:
    """A file that posts or templates still need is refused with 409, and they are named. One
    that was announced and never came is forgotten."""
    actor, profile_id = current_actor(), current_profile_id(body.profile_id)
    media_id = asking.by_path(body.file_path, "filePath")
    if media_uploads.cancel(actor, profile_id, media_id):
        return io.Deleted()
    media.get(actor, profile_id, media_id)
    try:
        media.delete(actor, media_id)
    except Conflict as error:
        error.field = "filePath"
        raise
    return io.Deleted()


def _announced(row: MediaUpload, token: str) -> io.UploadOut:
    path = path_of(row)
    here = url_for("api_media.put", upload_id=row.id, token=token, _external=False)
    way = media_uploads.address(row) or f"{settings().APP_URL}{here}"
    return io.UploadOut(
        upload=io.Upload(
            bucket=BUCKET, path=path, token=token, signed_url=way
        ),
        media=io.Announced(
            id=row.id, file_path=path, public_url=url_of(row), mime_type=row.mime,
            file_size=row.size, file_name=row.name, created_at=stamp(row.created_at) or "",
        ),
    )  # fmt: skip


def _file(one: Media) -> io.File:
    moving = one.mime.startswith("video/")
    return io.File(
        id=one.id, file_path=path_of(one), public_url=url_of(one), mime_type=one.mime,
        file_size=one.size, file_name=one.name, created_at=stamp(one.created_at) or "",
        profile_id=one.profile_id, width=one.width, height=one.height,
        seconds=one.seconds if moving else None, alt_text=one.alt,
    )  # fmt: skip


def _rest() -> None:
    """Read on to the end of a refused body: a server that hangs up loses its own answer."""
    with contextlib.suppress(HTTPException, OSError):
        while request.stream.read(PIECE):
            pass
