"""Every route says who may use it; start-up fails on one that does not (reliability §8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, abort, g, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import NotFound as RouteNotFound

from app.extensions import login_manager
from app.permissions import Permission
from app.services import access
from app.web.actor import current_actor

View = TypeVar("View", bound=Callable[..., Any])
SIGNED_IN = "signed_in"
OPERATOR = "operator"


def public(view: View) -> View:
    """Anybody may use this view."""
    view.guard = "public"  # type: ignore[attr-defined]
    return view


def requires(permission: str) -> Callable[[View], View]:
    """Only somebody with this permission in the address's profile.

    ``permission`` is a ``Permission`` value, ``"signed_in"`` for any person, or
    ``"operator"`` for those who run the installation.
    """
    if permission not in (SIGNED_IN, OPERATOR):
        Permission(permission)

    def mark(view: View) -> View:
        view.guard = permission  # type: ignore[attr-defined]
        return view

    return mark


def check(app: Flask) -> None:
    """Raise ``RuntimeError`` naming the routes that carry neither mark."""
    bare = [
        str(rule)
        for rule in app.url_map.iter_rules()
        if not hasattr(app.view_functions[rule.endpoint], "guard")
    ]
    if bare:
        raise RuntimeError(f"These routes have neither @requires nor @public: {', '.join(bare)}")


def init_app(app: Flask) -> None:
    """Shut every door; the view's own mark opens it."""
    public(app.view_functions["static"])
    app.before_request(_guard)


def _guard() -> ResponseReturnValue | None:
    if request.endpoint is None:
        return None
    need = getattr(app_view(), "guard", None)
    if need == "public":
        return None
    if not current_user.is_authenticated:
        return login_manager.unauthorized()  # type: ignore[no-any-return]
    actor = current_actor()
    if need == OPERATOR:
        if not actor.is_operator:
            raise RouteNotFound()
        return None
    slug = (request.view_args or {}).get("profile")
    if slug is not None:
        g.profile = access.reach(actor).by_slug(slug)
    if need not in (SIGNED_IN, None):
        if "profile" not in g:
            abort(404)
        actor.require(Permission(need), g.profile.id)
    return None


def app_view() -> Any:
    """The view function of the request at work."""
    from flask import current_app

    return current_app.view_functions[request.endpoint or ""]
