"""Pause everything a brand posts, and go on again (promises.md 4)."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue

from app.errors import AppError, Conflict, ValidationFailed
from app.permissions import Permission
from app.services import bulk, pausing
from app.services.bulk_orders import MOST
from app.web import htmx, navigation
from app.web.actor import current_actor, current_profile
from app.web.forms.bulk import id_of
from app.web.forms.posts import moment
from app.web.guard import requires
from app.web.when import When

bp = Blueprint("pausing", __name__, url_prefix="/p/<profile>/pause")

DAYS = range(1, 366)


@bp.get("")
@requires("post.read")
def index(profile: str) -> ResponseReturnValue:
    """The way to pause; while paused, the ways to go on."""
    return _page()


@bp.post("")
@requires("post.write")
def begin(profile: str) -> ResponseReturnValue:
    """Pause from now on."""
    actor, brand = current_actor(), current_profile()
    try:
        until = _until(request.form.get("until", "").strip())
        pausing.pause(actor, brand.id, reason=request.form.get("reason", ""), until=until)
    except (ValidationFailed, Conflict) as error:
        return _page(error)
    navigation.forget()
    return htmx.toast(htmx.redirect(f"/p/{brand.slug}/pause"), "Nothing goes out now.")


@bp.post("/resume")
@requires("post.write")
def resume(profile: str) -> ResponseReturnValue:
    """Go on with all times as they are."""
    brand = current_profile()
    try:
        pausing.resume(current_actor(), brand.id)
    except Conflict as error:
        return _page(error)
    return htmx.toast(htmx.redirect(f"/p/{brand.slug}/calendar"), "Posts go out again.")


@bp.post("/move")
@requires("post.write")
def move(profile: str) -> ResponseReturnValue:
    """Move all that waits by whole days, then go on; its page has the undo."""
    brand, typed = current_profile(), request.form.get("days", "").strip()
    try:
        if not typed.isdecimal() or int(typed) not in DAYS:
            raise ValidationFailed("Choose 1 to 365 days.", field="days")
        batch = pausing.resume_moved(
            current_actor(), brand, id_of(request.form, "batch") or bulk.new_id(), int(typed)
        )
    except (ValidationFailed, Conflict) as error:
        return _page(error)
    return htmx.redirect(f"/p/{brand.slug}/bulk/{batch.id}")


def _until(typed: str) -> datetime | None:
    if not typed:
        return None
    try:
        return moment(typed, current_profile().zone, None)
    except ValidationFailed as error:
        raise ValidationFailed(error.message, field="until") from error


def _page(error: AppError | None = None) -> Response:
    actor, profile = current_actor(), current_profile()
    response = make_response(
        render_template(
            "pausing/index.html",
            profile=profile,
            slug=profile.slug,
            when=When(profile),
            waiting=pausing.waiting(actor, profile),
            by=pausing.paused_by(profile) if profile.paused_at else "",
            may_write=actor.may(Permission.POST_WRITE, profile.id),
            errors={error.field or "": error.message} if error else {},
            typed=request.form if error else {},
            batch=bulk.new_id(),
            most=MOST,
        ),
        422 if error else 200,
    )
    response.vary.update(htmx.VARY)
    return response
