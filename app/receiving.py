"""Receiving files: for the routes that ask for it, and only from whoever may send one.

Every other body ends at 1 MiB. The multipart parser writes an upload piece by piece into a
nameless file in the media folder, never into memory and never under the user's name.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from flask import Blueprint, request
from werkzeug.datastructures import FileStorage
from werkzeug.formparser import FormDataParser

from app import images
from app.config import settings
from app.errors import Unavailable, ValidationFailed
from app.extensions import db, write_mode

# A file, its boundaries and the few fields beside it; the service has the words beyond that.
MOST = images.MAX_FILM_BYTES + 1024 * 1024
ASK = "Choose a picture or a video to upload."
ONE = "Send one file at a time."
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True)
class Received:
    """An uploaded file: its bytes, the user's name for it, the type the client declared."""

    stream: IO[bytes]
    name: str
    mime: str | None


def accept(bp: Blueprint, *views: str, welcome: Callable[[], bool], most: int = MOST) -> None:
    """Let these views of the blueprint take files from whoever is ``welcome``, at most ``most``
    bytes a request; the others keep the usual limit.

    It has to happen this early, since the check of a form's text reads it before any view runs.
    """
    endpoints = frozenset(f"{bp.name}.{view}" for view in views)

    @bp.url_value_preprocessor
    def widen(endpoint: str | None, values: dict[str, Any] | None) -> None:
        if endpoint in endpoints and request.method == "POST" and _apart(welcome):
            request.max_content_length = most
            request.form_data_parser_class = ToMedia


def accept_bare(bp: Blueprint, *views: str) -> None:
    """Let these views take one file as the body itself, which they read as it comes."""
    endpoints = frozenset(f"{bp.name}.{view}" for view in views)

    @bp.url_value_preprocessor
    def widen(endpoint: str | None, values: dict[str, Any] | None) -> None:
        if endpoint not in endpoints or request.method != "PUT":
            return
        if request.mimetype in FORMS:  # it would be read as one before the view sees it
            raise ValidationFailed(
                "Send the file itself as the body, with its own type as Content-Type.",
                field="contentType",
            )
        request.max_content_length = images.MAX_FILM_BYTES


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


def _apart(welcome: Callable[[], bool]) -> bool:
    """Ask without holding a transaction while the file comes in."""
    reading = write_mode.set(False)
    try:
        return welcome()
    finally:
        db.session.rollback()
        write_mode.reset(reading)


def _told(found: FileStorage) -> Received:
    return Received(found.stream, found.filename or "", found.mimetype or None)
