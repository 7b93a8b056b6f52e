"""What was too late to be sent: a plan, and a person's decision on it (promises.md 1)."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue

from app.errors import AppError, ValidationFailed
from app.permissions import Permission
from app.services import cards, catchup
from app.services.catchup import Late
from app.web import htmx
from app.web.actor import current_actor, current_profile
from app.web.forms.catchup import times_of
from app.web.guard import requires
from app.web.when import When

bp = Blueprint("catchup", __name__, url_prefix="/p/<profile>/catch-up")


@bp.get("")
@requires("post.read")
def index(profile: str) -> ResponseReturnValue:
    """Each late post with a proposed time."""
    return _page(catchup.plan(current_actor(), current_profile()))


@bp.post("")
@requires("post.write")
def decide(profile: str) -> ResponseReturnValue:
    """Apply all times or one, skip all posts or one.

    The button says which: ``do`` is ``apply`` or ``skip``, alone or with a post's id.
    """
    actor, brand = current_actor(), current_profile()
    late = catchup.plan(actor, brand)
    what, _, one = request.form.get("do", "").partition(":")
    wanted = [row.card.id for row in late if one in ("", str(row.card.id))]
    # Only what the page showed: posts that became late since have not been seen by anybody.
    wanted = [post_id for post_id in wanted if f"at-{post_id}" in request.form]
    if what == "skip":
        count = catchup.skip(actor, brand, wanted)
        return _back(f"{_posts(count)} left out.", len(late) - count)
    try:
        if what != "apply":
            raise ValidationFailed("Choose what to do.", field="do")
        count = catchup.apply(actor, brand, times_of(request.form, wanted, brand.zone))
    except ValidationFailed as error:
        return _page(late, error)
    return _back(f"{_posts(count)} {'has' if count == 1 else 'have'} a new time.",
                 len(late) - count)  # fmt: skip


def _posts(count: int) -> str:
    return "One post" if count == 1 else f"{count} posts"


def _back(told: str, left: int) -> Response:
    """To what is left to decide, else to the calendar."""
    slug = current_profile().slug
    where = "catch-up" if left else "calendar"
    return htmx.toast(htmx.redirect(f"/p/{slug}/{where}"), told)


def _page(late: list[Late], error: AppError | None = None) -> Response:
    actor, profile = current_actor(), current_profile()
    told = {one.field: one.message for one in (error.errors or [error])} if error else {}
    given: dict[UUID, str] = {
        row.card.id: request.form[f"at-{row.card.id}"]
        for row in late
        if error and f"at-{row.card.id}" in request.form
    }
    response = make_response(
        render_template(
            "catchup/index.html",
            late=late,
            errors=told,
            given=given,
            profile=profile,
            slug=profile.slug,
            when=When(profile),
            title_of=cards.network_title,
            may_write=actor.may(Permission.POST_WRITE, profile.id),
            spacing=int(catchup.SPACING.total_seconds() // 60),
        ),
        422 if error else 200,
    )
    response.vary.update(htmx.VARY)
    return response
