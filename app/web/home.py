"""The front door, and addresses without a brand: they lead to the one used last."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from app.services import profiles
from app.web import htmx
from app.web.actor import current_actor
from app.web.guard import public, requires

bp = Blueprint("home", __name__)

# The pages of a brand (interfaces.md, "Web addresses").
SECTIONS = (
    "calendar,compose,posts,drafts,media,templates,recurring,analytics,connections,team,"
    "developer,billing,settings"
)
NEW_BRAND = "/brands/new"


@bp.get("/")
@public
def index() -> ResponseReturnValue:
    """The calendar of the brand used last; what Carillon is, for somebody signed out."""
    if not current_user.is_authenticated:
        return render_template("home/landing.html")
    profile = profiles.current(current_actor())
    return htmx.redirect(f"/p/{profile.slug}/calendar" if profile else NEW_BRAND)


@bp.get(f"/<any({SECTIONS}):section>")
@bp.get(f"/<any({SECTIONS}):section>/<path:rest>")
@requires("signed_in")
def section(section: str, rest: str = "") -> ResponseReturnValue:
    """``/calendar`` and the like, in the current brand; 404 where the brand has no such page."""
    profile = profiles.current(current_actor())
    if profile is None:
        return htmx.redirect(NEW_BRAND)
    path = "/".join(filter(None, (f"/p/{profile.slug}/{section}", rest)))
    if not _exists(path):
        abort(404)
    query = request.query_string.decode("ascii", "ignore")
    return htmx.redirect(f"{path}?{query}" if query else path)


def _exists(path: str) -> bool:
    try:
        current_app.url_map.bind("localhost").match(path, method="GET")
    except RequestRedirect:
        return True
    except HTTPException:
        return False
    return True
