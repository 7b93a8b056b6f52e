"""The composer's pickers as pages of their own, and what their dialogs ask (DESIGN §6.4).

They are opened by the composer's own orders, so what was typed is stored first.
"""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from app.errors import AppError, Stale, ValidationFailed
from app.services import template_drafts
from app.web import htmx
from app.web import pickers_parts as parts
from app.web.actor import current_actor
from app.web.composer_orders import uuid_of
from app.web.guard import requires

bp = Blueprint("pickers", __name__, url_prefix="/p/<profile>/drafts/<uuid:draft_id>")


@bp.get("/library")
@requires("post.write")
def library(profile: str, draft_id: UUID) -> ResponseReturnValue:
    """Files of the library to put into the draft; ``q`` and ``kind`` leave others out."""
    part = (
        "drafts/_library_cards.html" if request.args.get("after") else "drafts/_library_body.html"
    )
    return _shown("library", draft_id, fragment=part)


@bp.post("/library")
@requires("post.write")
def take(profile: str, draft_id: UUID) -> ResponseReturnValue:
    """Put the chosen ones under its first part, in the order of the page."""
    post = parts.ours(draft_id)
    wrong = parts.attach(post, parts.chosen(), 0)
    if wrong:
        return _shown("library", draft_id, status=422, problem=wrong["file"])
    return htmx.redirect(_composer(profile, draft_id))


@bp.get("/templates")
@requires("post.write")
def templates(profile: str, draft_id: UUID) -> ResponseReturnValue:
    """Templates to fill the draft from; ``q`` and ``category`` leave others out."""
    return _shown("templates", draft_id, fragment="drafts/_templates_body.html")


@bp.post("/templates")
@requires("post.write")
def fill(profile: str, draft_id: UUID) -> ResponseReturnValue:
    """Put the text of one into the draft: in the place of its own, or ``below`` it."""
    post = parts.ours(draft_id)
    chosen = uuid_of(request.form.get("template", ""), "template")
    below = bool(request.form.get("below"))
    try:
        template_drafts.into(current_actor(), post.id, post.rev, chosen, below=below)
    except (ValidationFailed, Stale) as error:
        return _shown("templates", draft_id, status=422, problem=error.message)
    return htmx.redirect(_composer(profile, draft_id))


@bp.get("/keep")
@requires("post.write")
def keep(profile: str, draft_id: UUID) -> ResponseReturnValue:
    """Ask what a template made of the draft is to be called."""
    return _shown("keep", draft_id, fragment="drafts/_keep.html")


@bp.post("/keep")
@requires("post.write")
def kept(profile: str, draft_id: UUID) -> ResponseReturnValue:
    """Keep it; the draft stays as it is."""
    post = parts.ours(draft_id)
    name, category = request.form.get("name", ""), request.form.get("category", "")
    try:
        row = template_drafts.keep(current_actor(), post.id, name, category)
    except AppError as error:
        known = error.field in ("name", "category")
        wrong = {error.field: error.message} if known else {}
        return _shown(
            "keep", draft_id, fragment="drafts/_keep.html", status=422, name=name,
            category=category, wrong=wrong, problem="" if known else error.message,
        )  # fmt: skip
    if htmx.wants_part():
        return _shown("keep", draft_id, fragment="drafts/_keep.html", kept=row)
    words = f"“{row.name}” is kept as a template."
    return htmx.toast(htmx.redirect(_composer(profile, draft_id)), words)


def _shown(
    picker: str, draft_id: UUID, *, fragment: str = "", status: int = 200, **more: object
) -> Response:
    drawn = parts.shown(picker, parts.ours(draft_id), **more)
    inside = htmx.wants_part()
    page = "drafts/picker.html"
    response = htmx.render(page, fragment=fragment or page, **drawn, picker=picker, inside=inside)
    response.status_code = status
    return response


def _composer(profile: str, draft_id: UUID) -> str:
    return url_for("drafts.show", profile=profile, draft_id=draft_id)
