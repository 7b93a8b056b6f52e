"""Export: the plan and its history as a table or as a folder of Markdown files."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, make_response, send_file, url_for
from flask.typing import ResponseReturnValue
from wtforms.fields import SelectChoice

from app.errors import AppError, Conflict, ValidationFailed
from app.models.files import FileKind
from app.services import account_refs, exporting, file_jobs
from app.services.plan_posts import Choice
from app.web import htmx
from app.web.actor import current_actor, current_profile
from app.web.feeds import words
from app.web.forms.files import ALL, ExportForm
from app.web.guard import requires
from app.web.when import When

bp = Blueprint("exports", __name__, url_prefix="/p/<profile>/export")

AHEAD = timedelta(days=90)
MIMES = {FileKind.EXPORT_TABLE: "text/csv", FileKind.EXPORT_FOLDER: "application/zip"}
STOP = 286  # the last answer of a part that asked again and again


@bp.get("")
@requires("post.read")
def index(profile: str) -> ResponseReturnValue:
    """The form, and the exports of the last days."""
    when = When(current_profile())
    first = when.today.replace(day=1)
    return _page(_form(formdata=None, data={"first": first, "last": when.today + AHEAD}))


@bp.post("")
@requires("post.read")
def create(profile: str) -> ResponseReturnValue:
    """A short table at once; anything else is written aside, and listed."""
    form = _form()
    if not form.validate_on_submit():
        return _page(form, status=422)
    kind = FileKind(form.kind.data)
    choice = Choice(
        form.first.data, form.last.data, form.status.data or "",
        None if form.account.data == ALL else UUID(form.account.data), bool(form.undated.data),
    )  # fmt: skip
    try:
        made = exporting.ask(current_actor(), current_profile().id, kind, choice)
    except (ValidationFailed, Conflict) as error:
        return _told(form, error)
    if isinstance(made, bytes):
        name = exporting.file_name(current_profile(), kind, choice)
        return _given(made, name, kind)
    return htmx.redirect(url_for(".index", profile=profile, _anchor="exports"))


@bp.get("/list")
@requires("post.read")
def jobs(profile: str) -> ResponseReturnValue:
    """The list alone: it asks again while something is being written, and ends with 286."""
    context = _listed()
    response = htmx.render("exports/index.html", fragment="exports/_list.html",
                           form=_form(formdata=None), **context)  # fmt: skip
    if htmx.wants_part() and not context["moving"]:
        response.status_code = STOP
    return response


@bp.get("/<uuid:job_id>/file")
@requires("post.read")
def file(profile: str, job_id: UUID) -> Response:
    """A finished file, to whoever asked for it, for a day."""
    path, row = exporting.opened(current_actor(), current_profile().id, job_id)
    response = send_file(
        path, mimetype=MIMES[row.kind], as_attachment=True, download_name=row.name, max_age=0
    )
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _form(**given: Any) -> ExportForm:
    form = ExportForm(**given)
    rows = account_refs.of_brand(current_actor(), current_profile().id).rows
    form.account.choices = [
        SelectChoice(ALL, "Every account"),
        *(SelectChoice(str(one.id), words(one)) for one in rows),
    ]
    return form


def _listed() -> dict[str, Any]:
    profile = current_profile()
    rows = file_jobs.listed(current_actor(), profile.id, file_jobs.EXPORTS)
    return {
        "profile": profile, "jobs": rows, "when": When(profile),
        "moving": any(file_jobs.moving(one) for one in rows),
        "downloadable": file_jobs.downloadable,
    }  # fmt: skip


def _page(form: ExportForm, *, status: int = 200) -> Response:
    response = htmx.render(
        "exports/index.html", fragment="exports/_form.html", form=form, **_listed()
    )
    response.status_code = status
    return response


def _told(form: ExportForm, error: AppError) -> Response:
    if not form.take(error):
        form.kind.errors = [error.message]
    return _page(form, status=409 if isinstance(error, Conflict) else 422)


def _given(made: bytes, name: str, kind: FileKind) -> Response:
    response = make_response(made)
    response.headers["Content-Type"] = f"{MIMES[kind]}; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
