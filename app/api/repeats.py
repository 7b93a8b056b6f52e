"""``Idempotency-Key`` on every POST of every contract (reliability §7)."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Blueprint, Response, current_app, g, request

from app.api import reading
from app.api.contract import JSON, declared, reply
from app.models.media import Media
from app.permissions import Actor
from app.services import idempotency
from app.services.idempotency import Taken

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
# Nothing is kept of these: the same request may be sent again.
FREED = (400, 401, 402, 403, 413, 415, 429)
PIECE = 1024 * 1024


def watch(bp: Blueprint) -> None:
    """Let each POST of a contract be asked for once."""

    @bp.before_request
    def begin() -> Response | None:
        if request.method != "POST" or HEADER not in request.headers or "actor" not in g:
            return None
        key = idempotency.read(request.headers[HEADER])
        found = idempotency.take(_owner(g.actor), key, _fingerprint())
        if isinstance(found, idempotency.Answer):
            return _replayed(Response(found.body, found.status, mimetype=JSON))
        g.idempotency = found
        made = _as_made(found) if found.made_id is not None else None
        if made is not None:
            return made
        g.noting = idempotency.noting.set(found)
        return None

    @bp.after_request
    def end(response: Response) -> Response:
        taken: Taken | None = g.pop("idempotency", None)
        if taken is not None:
            _end(taken, response)
        return response

    @bp.teardown_request
    def stop(error: BaseException | None) -> None:
        mark = g.pop("noting", None)
        if mark is not None:
            idempotency.noting.reset(mark)


def _end(taken: Taken, response: Response) -> None:
    if response.status_code >= 500 or response.status_code in FREED:
        idempotency.free(taken)
    else:
        idempotency.settle(taken, response.status_code, response.get_data(as_text=True))


def _as_made(taken: Taken) -> Response | None:
    """A request before this one made it and died: its present state."""
    view: Any = current_app.view_functions[request.endpoint or ""]
    told = declared(view)
    if told is None or told.again is None:
        return None
    if taken.made == Media.__tablename__ and not told.file_part:
        return None  # its files had come when it died; what they were for was not made
    return _replayed(reply(told.again(taken.made_id)))


def _owner(actor: Actor) -> str:
    return f"key:{actor.key_id}" if actor.key_id else f"user:{actor.user_id}"


def _replayed(response: Response) -> Response:
    response.headers[REPLAYED] = "true"
    return response


def _fingerprint() -> str:
    """SHA-256 of method, path and body; of a multipart body its parts, not its boundary."""
    found = hashlib.sha256(f"{request.method} {request.full_path}\n".encode())
    if request.mimetype != "multipart/form-data":
        found.update(request.get_data())
        return found.hexdigest()
    reading.named()
    for name, value in sorted(request.form.items(multi=True)):
        found.update(f"{name}={len(value)}:{value}\n".encode("utf-8", "surrogatepass"))
    for name, file in sorted(request.files.items(multi=True), key=lambda one: one[0]):
        found.update(f"{name}={file.filename}:".encode("utf-8", "surrogatepass"))
        while piece := file.stream.read(PIECE):
            found.update(piece)
        file.stream.seek(0)
    return found.hexdigest()
