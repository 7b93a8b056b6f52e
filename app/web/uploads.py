"""Receiving one file a request: for the routes that ask for it, and signed-in people only.

Every other body ends at 1 MiB. The multipart parser writes an upload piece by piece into a
nameless file in the media folder, never into memory and never under the user's name.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from typing import IO, Any

from flask import Blueprint, request
from flask_login import current_user
from werkzeug.datastructures import FileStorage
from werkzeug.formparser import FormDataParser

from app import images
from app.config import settings
from app.errors import Unavailable, ValidationFailed
from app.extensions import db, write_mode

# A file, its boundaries and the few fields beside it; the service has the words beyond 20 MB.
MOST = images.MAX_BYTES + 1024 * 1024
ASK = "Choose a picture to upload."
ONE = "Send one picture at a time."


@dataclass(frozen=True)
class Received:
    """An uploaded file: its bytes, the user's name for it, the type the client declared."""

    stream: IO[bytes]
    name: str
    mime: str | None


def accept(bp: Blueprint, *views: str) -> None:
    """Let these views of the blueprint take a file; the others keep the usual limit.

    It has to happen this early, since the CSRF check reads the form before any view runs.
    """
    endpoints = frozenset(f"{bp.name}.{view}" for view in views)

    @bp.url_value_preprocessor
    def widen(endpoint: str | None, values: dict[str, Any] | None) -> None:
        if endpoint in endpoints and request.method == "POST" and _signed_in():
            request.max_content_length = MOST
            request.form_data_parser_class = ToMedia


def received(field: str = "file") -> Received:
    """The one file of this request; ``ValidationFailed`` for none or several."""
    found = [one for one in request.files.getlist(field) if one.filename]
    if not found:
        raise ValidationFailed(ASK, field=field)
    if len(found) > 1 or len(list(request.files.keys())) > 1:
        raise ValidationFailed(ONE, field=field)
    return _told(found[0])


class ToMedia(FormDataParser):
    """Werkzeug's parser, its files in the media folder: the disk that is meant for them."""

    def __init__(self, stream_factory: object = None, **kwargs: Any) -> None:
        super().__init__(stream_factory=_nameless, **kwargs)


def _nameless(
    total_content_length: int | None = None,
    content_type: str | None = None,
    filename: str | None = None,
    content_length: int | None = None,
) -> IO[bytes]:
    folder = settings().media_dir / "tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryFile(dir=folder)
    except OSError as error:
        raise Unavailable(images.AWAY, retry_after=60) from error


def _signed_in() -> bool:
    """Whether somebody is signed in; no transaction is held while their file comes in."""
    reading = write_mode.set(False)
    try:
        return bool(current_user.is_authenticated)
    finally:
        db.session.rollback()
        write_mode.reset(reading)


def _told(found: FileStorage) -> Received:
    return Received(found.stream, found.filename or "", found.mimetype or None)
