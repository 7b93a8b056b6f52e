"""One network as it is played here: how a room is written.

A room is a module ``app/sandbox/<word>.py`` (or a package) listed in
``app.sandbox.ROOMS``, with two names::

    bp = Blueprint("mastodon", __name__)         # without a prefix of its own
    ROOM = Room(
        name="mastodon",                         # as in JSON (``twitter`` for X)
        title="Mastodon",
        prefix="/mastodon",                      # the blueprint is mounted there
        token_path="/oauth/token",
        api_path="",                             # Pinterest's base ends with "/v5"
        refuse=refuse,                           # words a fault as the network would
        whose=whose,                             # handle of the request's token, or ""
        wrong=wrong,                             # words 400, 404, 405, 413 … and 500
    )

    @bp.post("/api/v1/statuses")
    @ROOM.operation("publish")
    def publish() -> ResponseReturnValue:
        ...
        post = store().posts.add(Post("mastodon", handle, id, text, time.time(), …))

``operation`` plays the ordered faults around the view (faults.py has the table). For
``http_500, http_429, revoked, duplicate, processing`` it asks ``refuse(hit)``, which
returns a response, or ``None`` where the view itself deals with it (an upload that stays
"processing" is executed: the view looks at ``met()``). Everything else (silence, resets,
half answers …) needs nothing of the room. Slowness is added after the work is done, so
``Post.at`` is the moment of acceptance.

Codes and tokens: ``store().grants``; other collections: ``store().table("word.thing")``;
rate windows: ``store().limits.hit(…)``; media bytes: ``store().put_blob``; the pasted
token ``sandbox-<handle>``: ``handle_of``. Permalink pages: ``feed.permalink(network, id)``.
Consent pages: ``consent.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec

from flask import Response, current_app, g, make_response, request
from flask.typing import ResponseReturnValue

from app.sandbox import line
from app.sandbox.faults import REFUSALS, Hit
from app.sandbox.store import store

P = ParamSpec("P")
_PASTED = re.compile(r"sandbox-([A-Za-z0-9][A-Za-z0-9_.-]{0,127})")


def handle_of(token: str) -> str:
    """The handle of a pasted token ``sandbox-<handle>``, or ``""`` for any other token."""
    found = _PASTED.fullmatch(token)
    return found[1] if found else ""


def bearer(scheme: str = "Bearer") -> str:
    """The token of the ``Authorization`` header, or ``""``."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == scheme.lower() else ""


def met() -> Hit | None:
    """The fault this call meets, for views that play it themselves."""
    found = g.get("sandbox_hit")
    return found if isinstance(found, Hit) else None


def nobody() -> str:
    return ""


def plain(status: int, message: str) -> Response:
    """An error in nobody's format."""
    return Response(message, status, mimetype="text/plain")


def no_words(hit: Hit) -> Response | None:
    return None


@dataclass(frozen=True)
class Room:
    """Who plays what, and how this network says no."""

    name: str
    title: str
    prefix: str
    token_path: str
    api_path: str = ""  # what the base of its API ends with
    refuse: Callable[[Hit], Response | None] = no_words
    whose: Callable[[], str] = nobody
    wrong: Callable[[int, str], Response] = plain

    @property
    def client_id(self) -> str:
        """The client registered here."""
        return f"sandbox-{self.name}"

    @property
    def client_secret(self) -> str:
        return f"sandbox-{self.name}-secret"

    def operation(
        self, name: str
    ) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
        """Decorates a view: ordered faults of that operation are met here."""

        def wrap(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
            @wraps(view)
            def run(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
                hit = store().faults.take(self.name, name, self.whose)
                if hit is None:
                    return view(*args, **kwargs)
                g.sandbox_hit = hit
                return self._play(hit, lambda: view(*args, **kwargs))

            return run

        return wrap

    def _play(self, hit: Hit, view: Callable[[], ResponseReturnValue]) -> Response:
        if hit.kind in REFUSALS:
            refused = self._refusal(hit)
            response = make_response(view()) if refused is None else refused
            line.wait(hit.seconds)
            return response
        if hit.kind in ("timeout", "reset"):
            line.wait(hit.seconds)
            return line.cut()
        if hit.kind == "html":
            line.wait(hit.seconds)
            return line.page(403)
        response = make_response(view())
        if hit.kind == "drip":
            return line.drip(response, hit.seconds)
        line.wait(hit.seconds)
        return self._spoil(hit, response)

    def _spoil(self, hit: Hit, response: Response) -> Response:
        if hit.kind in ("hang_after_accept", "reset_after_accept"):
            return line.cut()
        if hit.kind == "http_500_after_accept":
            return self.wrong(500, "Internal Server Error")
        if hit.kind == "html_after_accept":
            return line.page(response.status_code)
        if hit.kind == "half_answer":
            return line.halve(response)
        if hit.kind == "invalid_json":
            body = response.get_data()
            response.set_data(body[: len(body) // 2])
        return response

    def _refusal(self, hit: Hit) -> Response | None:
        worded = self.refuse(hit)
        if worded is None and hit.kind == "http_500":
            return self.wrong(500, "Internal Server Error")
        return worded


def rooms() -> dict[str, Room]:
    """Every network played here, by its name in JSON."""
    found: dict[str, Any] = current_app.extensions["sandbox_rooms"]
    return found
