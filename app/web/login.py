"""Who is asking: the session token in the signed cookie, looked up in the database.

What a request leaves behind (last seen, last brand) is written after its answer is made, in
a transaction of its own, so that reading a page never waits for a write.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn
from uuid import UUID

from flask import Flask, Response, g, request, session
from sqlalchemy.exc import SQLAlchemyError

from app import logs
from app.clock import now
from app.errors import Unauthorized
from app.extensions import db, login_manager, write_mode
from app.services import people, sessions
from app.services.people import Visitor
from app.web import headers
from app.web.actor import LoginUser

log = logs.get(__name__)


@dataclass(frozen=True)
class Known:
    """What was true of the person when the request came in; plain, so that no query is needed."""

    session_id: UUID
    user_id: UUID
    seen_at: datetime
    last_profile_id: UUID | None


def init_app(app: Flask) -> None:
    """Recognise people by their session and send everybody else to the sign-in page."""
    login_manager.session_protection = None  # the token is checked in the database each time
    login_manager.user_loader(recognise)
    login_manager.unauthorized_handler(unauthorized)
    app.after_request(remember)


def recognise(token: str) -> LoginUser | None:
    """The person of a session token, or ``None``."""
    found = sessions.find(token)
    if found is None:
        return None
    g.known = Known(found.id, found.user_id, found.seen_at, found.user.last_profile_id)
    logs.bind(actor=str(found.user_id))
    return LoginUser(found, token)


def unauthorized() -> NoReturn:
    """Nobody is signed in; ``errors`` turns it into the way to ``/login?next=…``."""
    raise Unauthorized("Please sign in.")


def visitor() -> Visitor:
    """Where this request comes from."""
    agent = "".join(c for c in request.headers.get("User-Agent", "") if c.isprintable())
    return Visitor(request.remote_addr or "", agent[:255], headers.number())


def let_in(token: str, *, keep: bool = True) -> None:
    """Begin the browser's session anew, so that nothing from before it lives on (fixation).

    With ``keep`` the cookie outlives the browser window, for as long as the session does.
    """
    session.clear()
    session.permanent = keep
    session["_user_id"] = token


def remember(response: Response) -> Response:
    """Note that the session is in use, once a minute, and the brand last looked at."""
    known: Known | None = g.get("known")
    if known is None:
        return response
    profile = g.get("profile")
    moved = profile is not None and response.status_code < 400 and request.method == "GET"
    brand = profile.id if moved and profile is not None else None
    stale = now() - known.seen_at >= sessions.SEEN_EVERY
    if not stale and brand in (None, known.last_profile_id):
        return response
    writing = write_mode.set(True)
    try:
        db.session.rollback()
        if brand is not None and brand != known.last_profile_id:
            people.used(known.user_id, brand)
        if stale:
            sessions.seen(known.session_id)
    except SQLAlchemyError:
        db.session.rollback()
        log.warning("session.not_noted")  # the answer is made; it must not fail for this
    finally:
        write_mode.reset(writing)
    return response
