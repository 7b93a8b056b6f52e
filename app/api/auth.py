"""Who asks: a key in any of its three places, or on the browser paths a signed-in person.

``Authorization: Bearer …``, ``X-API-Key``, or Basic with the profile's ``001…`` id and the key
(contracts, "Keys and access"). A request with a key ignores cookies, so it needs no CSRF token;
one with a session needs it for everything but reading.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast
from uuid import UUID

from flask import Blueprint, current_app, g, request
from flask_login import current_user

from app import permissions
from app.errors import AppError, Forbidden, Unauthorized
from app.extensions import csrf
from app.permissions import SIGNED_IN, Actor, Permission
from app.services import access, keys

View = TypeVar("View", bound=Callable[..., Any])
KEY = "key"  # the mark on a view whose door is here, and not the pages' log-in
SAFE = ("GET", "HEAD", "OPTIONS")
MISSING = "An API key is needed: send it as Authorization: Bearer <key>, or as X-API-Key."
SIGN_IN = "Please sign in. This address takes no API key."
BASIC_NAME = "The user name has to be the id of a profile that this key can use."


def requires(permission: str) -> Callable[[View], View]:
    """Only somebody whose role has this permission in the profile it names."""
    guard = permissions.requires(permission)

    def mark(view: View) -> View:
        view.door = KEY  # type: ignore[attr-defined]
        return guard(view)

    return mark


def people_only(view: View) -> View:
    """On a browser path no key opens this view: it takes a signed-in person."""
    view.people_only = True  # type: ignore[attr-defined]
    return view


def shut(
    bp: Blueprint, *, basic: bool = False, people: Callable[[str], bool] | None = None
) -> None:
    """Close every view of a contract but to those with a key and the permission it asks for.

    ``basic``: the key may also travel as the password of Basic auth. ``people`` says of which
    paths a session opens the door too.
    """
    csrf.exempt(bp)  # asked for below, where a cookie is what opens the door

    @bp.before_request
    def look() -> None:
        view: Any = current_app.view_functions[request.endpoint or ""]
        if view.guard == "public":
            return
        by_session = people is not None and people(request.path)
        alone = by_session and getattr(view, "people_only", False)
        g.actor = _actor(basic, by_session, alone)
        g.profile_id = None
        _check(view.guard)


def _actor(basic: bool, by_session: bool, people_only: bool) -> Actor:
    whole = None if people_only else presented(basic)
    if whole is not None:
        found = keys.resolve(
            whole, address=request.remote_addr or "", request_id=g.get("request_id", "")
        )
        return _named_by_basic(found) if basic else found
    if by_session and current_user.is_authenticated:
        if request.method not in SAFE:
            csrf.protect()
        session = current_user.session
        return access.person(
            session.user, session_id=session.id, address=request.remote_addr or "",
            request_id=g.get("request_id", ""),
        )  # fmt: skip
    raise Unauthorized(SIGN_IN if people_only else MISSING)


def recognised() -> bool:
    """Whether the request shows a key that works, before anything of its body is read."""
    whole = presented()
    if whole is None:
        return False
    try:
        keys.resolve(whole)
    except AppError:
        return False
    return True


def presented(basic: bool = False) -> str | None:
    """The key of the request, or ``None``."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    if basic and request.authorization is not None and request.authorization.type == "basic":
        return (request.authorization.password or "").strip()
    return request.headers.get("X-API-Key", "").strip() or None


def _named_by_basic(actor: Actor) -> Actor:
    """With Basic the user name is the profile: the actor reaches no other."""
    given = request.authorization
    if given is None or given.type != "basic":
        return actor
    profile_id = keys.profile_numbered(actor, given.username or "")
    if profile_id is None:
        raise Unauthorized(BASIC_NAME)
    return actor.within(profile_id)


def _check(guard: str) -> None:
    """The permission in the profile named; with none named, in any profile in reach.

    Then the service asks again for the profile of the row at hand.
    """
    if guard == SIGNED_IN:
        return
    permission, actor = Permission(guard), current_actor()
    named = request.args.get("profileId", "")
    if named:
        g.profile_id = reached(actor, named)
        actor.require(permission, g.profile_id)
    elif actor.roles and not actor.profiles(permission):
        actor.require(permission, next(iter(actor.roles)))


def reached(actor: Actor, named: str) -> UUID:
    """The profile of that id. Foreign and never-existing ones are refused alike."""
    try:
        wanted = UUID(named)
    except ValueError:
        wanted = None
    if wanted is None or wanted not in actor.roles:
        raise Forbidden("This key cannot use that profile.")
    return wanted


def current_actor() -> Actor:
    """Whoever asks, inside a view of ``shut``."""
    return cast(Actor, g.actor)


def current_profile_id(named: str | UUID | None = None) -> UUID:
    """The profile the request is about: the one it names in its query or its body (``named``),
    the key's own, or its user's first."""
    actor = current_actor()
    if named:
        return reached(actor, str(named))
    if g.get("profile_id") is not None:
        return cast(UUID, g.profile_id)
    own = list(actor.roles)
    return own[0] if len(own) == 1 else keys.first_profile(actor)


def named_profile_id(named: str | UUID | None = None) -> UUID | None:
    """The profile the request names or the key is made for; ``None``: all in reach."""
    if named or g.get("profile_id") is not None:
        return current_profile_id(named)
    own = list(current_actor().roles)
    return own[0] if len(own) == 1 else None
