"""Every route says who may use it; start-up fails on one that does not (reliability §8)."""

from __future__ import annotations

from typing import Any

from flask import Flask, abort, g, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import NotFound as RouteNotFound

from app.extensions import login_manager
from app.permissions import OPERATOR, SIGNED_IN, Permission, public, requires
from app.services import access
from app.web.actor import current_actor

__all__ = ["OPERATOR", "SIGNED_IN", "check", "init_app", "public", "requires"]


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
    if need == "public" or getattr(app_view(), "door", "") == "key":
        return None  # a contract's view: its own door asks for a key
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
