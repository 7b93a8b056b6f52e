"""Recurring: posts that come again, their next dates, and what became of them (DESIGN 6.7)."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.errors import AppError, Forbidden, NotFound
from app.extensions import db
from app.services import recurring, recurring_board, recurring_occurrences, recurring_posts
from app.services.recurring import Changes
from app.web import htmx
from app.web import recurring_parts as parts
from app.web.actor import current_actor, current_profile
from app.web.forms.recurring import ScheduleForm
from app.web.guard import requires

bp = Blueprint("recurring", __name__, url_prefix="/p/<profile>/recurring")


@bp.get("")
@requires("post.read")
def index(profile: str) -> ResponseReturnValue:
    """Every schedule with its next dates."""
    return htmx.render("recurring/page.html", fragment="recurring/_list.html", **parts.shown())


@bp.get("/new")
@requires("post.write")
def new(profile: str) -> ResponseReturnValue:
    """The form for a new one."""
    return parts.form_page(parts.new_form(formdata=None))


@bp.post("")
@requires("post.write")
def create(profile: str) -> ResponseReturnValue:
    """A new schedule, with what was typed kept where it is refused."""
    form = parts.new_form()
    if not form.validate_on_submit():
        return parts.form_page(form, status=422)
    try:
        row = recurring.create(current_actor(), current_profile().id, parts.changes(form))
    except AppError as error:
        return _refused(form, error)
    return htmx.toast(htmx.redirect(url_for(".index", profile=profile)), f"{row.name} is set.")


@bp.get("/<uuid:schedule_id>")
@requires("post.read")
def show(profile: str, schedule_id: UUID) -> ResponseReturnValue:
    """One schedule: its next dates, and what became of those that have passed."""
    return render_template("recurring/show.html", **parts.one(schedule_id, history=True))


@bp.get("/<uuid:schedule_id>/dates/<day>")
@requires("post.read")
def one_date(profile: str, schedule_id: UUID, day: str) -> ResponseReturnValue:
    """One date (its day on the series' own clock): what it will say, and changing it alone."""
    return parts.one_date(parts.brief(schedule_id), recurring_occurrences.day_of(day))


@bp.post("/<uuid:schedule_id>/dates/<day>")
@requires("post.write")
def change_date(profile: str, schedule_id: UUID, day: str) -> ResponseReturnValue:
    """Change one date alone: its post is made at once, as the form says."""
    found, actor = parts.brief(schedule_id), current_actor()
    on = recurring_occurrences.day_of(day)
    line = recurring_occurrences.line_of(actor, found.row, on)
    form = parts.date_form(found.row, line, typed=True)
    if not form.validate_on_submit():
        return parts.one_date(found, on, form), 422
    where = url_for(".one_date", profile=profile, schedule_id=schedule_id, day=on)
    try:
        changes, due_at = parts.date_changes(form, found.row, line)
        if changes == Changes() and due_at is None:
            return htmx.toast(htmx.redirect(where), "It says what the series says.")
        line = recurring_occurrences.edit(actor, schedule_id, on, changes, due_at=due_at)
    except AppError as error:
        if isinstance(error, Forbidden) or (isinstance(error, NotFound) and error.field is None):
            raise
        db.session.rollback()
        form.refuse(error)
        return parts.one_date(parts.brief(schedule_id), on, form), 422
    told = parts.when().short(line.due_at or line.at)
    return htmx.toast(htmx.redirect(where), f"{told} is changed. The series leaves it alone.")


@bp.get("/<uuid:schedule_id>/edit")
@requires("post.write")
def edit(profile: str, schedule_id: UUID) -> ResponseReturnValue:
    """The form with the schedule as it is."""
    found = parts.entry(schedule_id)
    return parts.form_page(parts.form_of(found.row), found)


@bp.post("/<uuid:schedule_id>")
@requires("post.write")
def change(profile: str, schedule_id: UUID) -> ResponseReturnValue:
    """Change what is different; posts that wait follow, but for those changed by hand."""
    found = parts.entry(schedule_id)
    form = parts.typed_form(found.row)
    if not form.validate_on_submit():
        return parts.form_page(form, found, status=422)
    keep, planned = form.made.data == "next", recurring_posts.planned(found.row)
    try:
        given = recurring_board.differing(found.row, parts.changes(form))
        if given != Changes():
            recurring.change(current_actor(), schedule_id, given, keep=keep)
    except AppError as error:
        return _refused(form, error, schedule_id)
    where = url_for(".show", profile=profile, schedule_id=schedule_id)
    words = parts.reached(planned, keep=keep) if given.what or given.when else ""
    return htmx.toast(htmx.redirect(where), f"{form.name.data} is saved.{words}")


@bp.patch("/<uuid:schedule_id>")
@requires("post.write")
def patch(profile: str, schedule_id: UUID) -> ResponseReturnValue:
    """Switch it on or off (``on`` is ``yes`` or ``no``); its row comes back."""
    return _switched(schedule_id)


@bp.post("/<uuid:schedule_id>/switch")
@requires("post.write")
def switch(profile: str, schedule_id: UUID) -> ResponseReturnValue:
    """The same for a browser without scripts."""
    return _switched(schedule_id)


@bp.post("/<uuid:schedule_id>/skip")
@requires("post.write")
def skip(profile: str, schedule_id: UUID) -> ResponseReturnValue:
    """Leave one date out (``skip`` is its day), or put one back (``restore``); the row comes
    back."""
    found, words = parts.entry(schedule_id), ""
    back = request.form.get("restore")
    day = recurring_occurrences.day_of(back or request.form.get("skip", ""))
    act = recurring_occurrences.restore if back else recurring_occurrences.skip
    try:
        line = act(current_actor(), found.row.id, day)
        done = "comes again" if back else "is left out"
        words = f"{parts.when().short(line.at)} {done}."
    except (NotFound, Forbidden):
        raise
    except AppError as error:  # it has gone out meanwhile, or somebody paused the schedule
        words = error.message
    return _row(schedule_id, words, open_=True)


@bp.get("/<uuid:schedule_id>/delete")
@requires("post.write")
def ask(profile: str, schedule_id: UUID) -> ResponseReturnValue:
    """Say what would happen, and ask; the page's own dialog does where scripts run."""
    return render_template("recurring/delete.html", **parts.one(schedule_id))


@bp.post("/<uuid:schedule_id>/delete")
@requires("post.write")
def remove(profile: str, schedule_id: UUID) -> ResponseReturnValue:
    """End it for good, for a browser without scripts."""
    return _deleted(profile, schedule_id)


@bp.delete("/<uuid:schedule_id>")
@requires("post.write")
def delete(profile: str, schedule_id: UUID) -> ResponseReturnValue:
    """End it for good; what has gone out stays."""
    return _deleted(profile, schedule_id)


def _deleted(profile: str, schedule_id: UUID) -> Response:
    name = parts.entry(schedule_id).row.name
    recurring.delete(current_actor(), schedule_id)
    words = f"{name} is deleted. Nothing more comes of it."
    return htmx.toast(htmx.redirect(url_for(".index", profile=profile)), words)


def _switched(schedule_id: UUID) -> Response:
    found, on = parts.entry(schedule_id), request.form.get("on") == "yes"
    name = found.row.name
    try:
        if found.row.is_active is not on:
            recurring.change(current_actor(), schedule_id, Changes(is_active=on))
        words = f"{name} is {'on' if on else 'paused'}."
    except (NotFound, Forbidden):
        raise
    except AppError as error:  # what it posts would be refused now
        db.session.rollback()
        return _row(schedule_id, "", problem=error.message)
    return _row(schedule_id, words)


def _row(schedule_id: UUID, words: str, *, problem: str = "", open_: bool = False) -> Response:
    """The schedule's row, with what happened in a toast; for a browser the page it is on."""
    alone = open_ or request.form.get("from") == "show"
    if not htmx.wants_part():
        slug = current_profile().slug
        where = url_for(".show", profile=slug, schedule_id=schedule_id)
        return htmx.toast(
            htmx.redirect(where if alone else url_for(".index", profile=slug)), words or problem
        )
    drawn = parts.one(schedule_id) | {"problem": problem, "open": alone}
    drawn["here"] = "show" if request.form.get("from") == "show" else ""
    response = make_response(render_template("recurring/_row.html", **drawn))
    response.vary.update(htmx.VARY)
    return htmx.toast(response, words) if words else response


def _refused(form: ScheduleForm, error: AppError, schedule_id: UUID | None = None) -> Response:
    """The form again with the words where they belong."""
    if isinstance(error, Forbidden) or (isinstance(error, NotFound) and error.field is None):
        raise error
    db.session.rollback()  # what was tried is not what the page shows
    form.refuse(error)
    found = parts.entry(schedule_id) if schedule_id else None
    return parts.form_page(form, found, status=422)
