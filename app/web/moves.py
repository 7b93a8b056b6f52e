"""Giving a post another time: dropped on a day, by keyboard, or with a form (DESIGN §6.3).

A script on the calendar gets both days back, also where the move is refused: the dragged card
lies on the new day already. Anybody else gets a page. Each move can be undone for ten minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, URLSafeTimedSerializer

from app.clock import now
from app.errors import AppError, Conflict, InvalidTransition, ValidationFailed
from app.models.posts import Post, TargetState
from app.services import drafts, duplicate_checks, duplicates, posts, slots
from app.web import calendar_parts, htmx
from app.web.actor import current_actor, current_profile
from app.web.forms.calendar import filters_of
from app.web.forms.posts import MoveForm, first_error, moment
from app.web.guard import requires
from app.web.posts_parts import context, look, ours
from app.web.when import When

UNDO_SECONDS = 600
CLOSE = 3  # posts that are named where one would stand close to them
GONE = "It is too late to undo that. Move the post again instead."


@dataclass(frozen=True)
class Before:
    """A post as it was: what an undo puts back."""

    post_id: UUID
    at: datetime | None
    armed: bool


def register(bp: Blueprint) -> None:
    """Give the blueprint of posts its addresses for moving one."""
    bp.add_url_rule("/<uuid:post_id>/move", "move", move)
    bp.add_url_rule("/<uuid:post_id>/schedule", "schedule", schedule, methods=["PATCH", "POST"])
    bp.add_url_rule("/<uuid:post_id>/undo/<token>", "undo", undo, methods=["POST"])


@requires("post.write")
def move(profile: str, post_id: UUID) -> ResponseReturnValue:
    """The form: a day and a time in the brand's zone."""
    found = look(post_id)
    when, due = When(current_profile()), found.post.due_at
    form = MoveForm(
        formdata=None,
        at=when.field(due) if due else f"{when.today}T12:00",
        rev=str(found.post.rev),
    )
    shown = context(found, form=form)
    return htmx.render("posts/move.html", fragment="posts/_move.html", **shown)


@requires("post.write")
def schedule(profile: str, post_id: UUID) -> ResponseReturnValue:
    """Move it to ``at``: a local time, or a day on which it keeps its time of day.

    The calendar's script names the ``month`` or the ``week`` on view and gets days back; 409 and
    422 bring the days as they are and the reason, or a question where another post is close.
    """
    form = MoveForm()
    post = ours(post_id)
    before = _before(post)
    try:
        if not form.validate_on_submit():
            raise ValidationFailed(first_error(form), field="at")
        clock = before.at.astimezone(current_profile().zone).time() if before.at else None
        at = moment(form.at.data, current_profile().zone, clock)
        if form.shown() and not form.sure.data and form.number() == post.rev and at > now():
            near = duplicates.of_post(post, at)
            if near.close and not slots.open_at(current_actor(), current_profile(), at):
                return _ask(form.shown(), near, post, before, at)
        done = _place(post_id, at, form.number())
    except (ValidationFailed, Conflict) as error:
        if form.shown():
            return _days(form.shown(), [before.at, _asked(form.at.data)], before, error=error)
        form.at.errors = [error.message]  # whatever the service calls the field
        shown = context(look(post_id), form=form)
        response = htmx.render("posts/move.html", fragment="posts/_move.html", **shown)
        response.status_code = 422
        return response
    told = f"Moved to {When(current_profile()).short(done.due_at or at)}."
    token = _sign(before, done.rev, form.shown())
    again = f"/p/{profile}/posts/{post_id}/undo/{token}"
    if form.shown():
        return _days(form.shown(), [before.at, done.due_at], before, told=told, again=again)
    return htmx.toast(_to_calendar(done.due_at), told, again)


@requires("post.write")
def undo(profile: str, post_id: UUID, token: str) -> ResponseReturnValue:
    """Put it back where it was, if nobody has saved it since."""
    post = ours(post_id)
    now_at = post.due_at
    before, rev, shown = _read(post_id, token)
    try:
        if before.at is not None:
            posts.move(current_actor(), post_id, before.at, rev=rev)
        elif not post.armed:
            drafts.save(current_actor(), post_id, rev, drafts.Changes(clear_due=True))
        else:
            raise InvalidTransition(GONE)
    except (ValidationFailed, Conflict) as error:
        if shown and htmx.wants_part():
            return _days(shown, [before.at, now_at], before, error=error)
        return htmx.toast(_to_calendar(now_at), error.message)
    if shown and htmx.wants_part():
        return _days(shown, [before.at, now_at], before, told="Put back.")
    return htmx.toast(_to_calendar(before.at or now_at), "Put back.")


def _place(post_id: UUID, at: datetime, rev: int | None) -> Post:
    """Another time for what waits; where nothing does, a new one for what did not go out."""
    actor, post = current_actor(), ours(post_id)
    failed = [one.id for one in post.targets if one.state is TargetState.FAILED]
    if failed and not any(one.state is TargetState.SCHEDULED for one in post.targets):
        return posts.schedule(actor, post_id, at, rev=rev, only=failed)
    return posts.move(actor, post_id, at, rev=rev)


def _days(
    on_view: str,
    moments: list[datetime | date | None],
    before: Before,
    *,
    told: str = "",
    again: str = "",
    error: AppError | None = None,
) -> Response:
    """The days concerned and what stands around them, as they are now."""
    filters = filters_of(request.args)
    found = calendar_parts.look(on_view, filters)
    shown = calendar_parts.of_grid(found, filters)
    wanted = {_day(one) for one in moments if one is not None}
    parts = calendar_parts.day_parts((d for d in found.days if d.date in wanted), shown)
    if before.at is None or not before.armed:
        parts += calendar_parts.tray_parts(shown)
    if error is None:
        parts += calendar_parts.around_parts(found, shown)
        parts.append(htmx.part("calendar/_live.html", "#live", **shown))
    response = htmx.parts(*parts, status=error.status if error else 200)
    if isinstance(error, ValidationFailed):
        response.status_code = 422
    return htmx.toast(response, error.message if error else told, again)


def _ask(
    on_view: str, near: duplicates.Found, post: Post, before: Before, at: datetime
) -> Response:
    """Whether it shall stand so close to another post of an account; until then it stays."""
    profile = current_profile()
    filters = filters_of(request.args)
    found = calendar_parts.look(on_view, filters)
    shown = calendar_parts.of_grid(found, filters)
    wanted = {_day(one) for one in (before.at, at) if one is not None}
    parts = calendar_parts.day_parts((d for d in found.days if d.date in wanted), shown)
    if before.at is None:
        parts += calendar_parts.tray_parts(shown)
    free = duplicates.free_time(near, at, timedelta(minutes=profile.spacing_minutes))
    asked = {"near": near.close[:CLOSE], "free": free, "post": post, "at": at}
    parts.append(
        htmx.part(
            "calendar/_close.html",
            "#dialog",
            swap="innerHTML",
            called=duplicate_checks.called,
            when=When(profile),
            **asked,
        )  # fmt: skip
    )
    return htmx.parts(*parts, status=409)


def _day(at: datetime | date) -> date:
    return at.astimezone(current_profile().zone).date() if isinstance(at, datetime) else at


def _asked(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


def _to_calendar(at: datetime | None) -> Response:
    slug = current_profile().slug
    month = f"/month/{_day(at):%Y-%m}" if at else ""
    return htmx.redirect(f"/p/{slug}/calendar{month}")


def _before(post: Post) -> Before:
    return Before(post.id, post.due_at, post.armed)


def _signer() -> URLSafeTimedSerializer:
    key = current_app.secret_key
    assert key is not None
    return URLSafeTimedSerializer(key, salt="undo-move")


def _sign(before: Before, rev: int, shown: str) -> str:
    held: dict[str, Any] = {
        "post": str(before.post_id), "at": before.at.isoformat() if before.at else None,
        "armed": before.armed, "rev": rev, "shown": shown,
    }  # fmt: skip
    return _signer().dumps(held)


def _read(post_id: UUID, token: str) -> tuple[Before, int, str]:
    """What the token holds; ``Conflict`` for one that has run out or is another post's."""
    try:
        held = _signer().loads(token, max_age=UNDO_SECONDS)
    except BadSignature as error:
        raise Conflict(GONE) from error
    if held["post"] != str(post_id):
        raise Conflict(GONE)
    at = datetime.fromisoformat(held["at"]) if held["at"] else None
    return Before(post_id, at, held["armed"]), held["rev"], held.get("shown", "")
