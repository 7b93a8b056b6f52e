"""The signed-in person of this request, as a Flask-Login user and as an actor."""

from __future__ import annotations

from typing import cast

from flask import g, request
from flask_login import current_user

from app.errors import Unauthorized
from app.models.people import User, UserSession
from app.models.profiles import Profile
from app.permissions import Actor
from app.services import access


class LoginUser:
    """What Flask-Login asks of a user; typed, unlike its own mixin."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, session: UserSession, token: str) -> None:
        self.session, self.user, self._token = session, session.user, token

    def get_id(self) -> str:
        """What the signed cookie carries: the session's token."""
        return self._token


def current_person() -> User:
    """The signed-in user; raises ``Unauthorized`` for nobody."""
    if not current_user.is_authenticated:
        raise Unauthorized("Please sign in.")
    return cast(LoginUser, current_user).user


def current_session() -> UserSession:
    """The session of the signed-in user."""
    if not current_user.is_authenticated:
        raise Unauthorized("Please sign in.")
    return cast(LoginUser, current_user).session


def current_actor() -> Actor:
    """The signed-in person as an actor, read once a request."""
    if "actor" not in g:
        session = current_session()
        g.actor = access.person(
            session.user,
            session_id=session.id,
            address=request.remote_addr or "",
            request_id=g.get("request_id", ""),
        )
    return cast(Actor, g.actor)


def current_profile() -> Profile:
    """The profile named in the address, already checked by the guard."""
    return cast(Profile, g.profile)
