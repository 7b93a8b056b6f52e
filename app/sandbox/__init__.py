"""The sandbox: plays the networks on loopback, and knows nothing of the application.

``create_sandbox()`` is an ordinary WSGI application: ``/x``, ``/mastodon``, ``/bluesky``
are the networks, ``/`` a feed a person can look at, ``/_sandbox/…`` for scripts. How a
room is written: ``room.py``. How it is served: ``serve.py``.
"""

from __future__ import annotations

import logging
from importlib import import_module
from importlib.util import find_spec

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from app.sandbox import control, feed
from app.sandbox.line import Cutter
from app.sandbox.room import Room, rooms
from app.sandbox.store import Store

log = logging.getLogger(__name__)

# Modules of this package; one that is not written yet is left out, a broken one is not.
ROOMS = (
    "x", "mastodon", "bluesky", "linkedin", "facebook", "instagram", "threads", "tiktok",
    "youtube", "pinterest", "reddit", "metricool",
)  # fmt: skip
MAX_BODY = 210 * 1024 * 1024

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}


def create_sandbox(store: Store | None = None) -> Flask:
    """The sandbox over a store (a new one in memory by default)."""
    app = Flask(__name__)
    app.config.update(MAX_CONTENT_LENGTH=MAX_BODY, PROPAGATE_EXCEPTIONS=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["sandbox"] = store or Store()
    found: dict[str, Room] = {}
    app.extensions["sandbox_rooms"] = found
    for word in ROOMS:
        name = f"{__name__}.{word}"
        if find_spec(name) is None:
            continue
        module = import_module(name)
        room: Room = module.ROOM
        found[room.name] = room
        app.register_blueprint(module.bp, url_prefix=room.prefix)
    app.register_blueprint(control.bp)
    app.register_blueprint(feed.bp)
    app.register_error_handler(Exception, _failed)
    app.after_request(_headers)
    app.wsgi_app = Cutter(app.wsgi_app)  # type: ignore[method-assign, assignment]
    return app


def _headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _failed(error: Exception) -> Response:
    """Errors of a room's paths in that network's words."""
    status, message = 500, "Internal Server Error"
    if isinstance(error, HTTPException):
        if error.response is not None:
            return error.response  # type: ignore[return-value]
        status, message = error.code or 500, error.description or ""
    else:
        log.exception("the sandbox failed at %s", request.path)
    room = next((r for r in rooms().values() if request.path.startswith(r.prefix + "/")), None)
    if room is None:
        return Response(message, status, mimetype="text/plain")
    return room.wrong(status, message)
