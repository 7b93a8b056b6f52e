"""Import: a file is looked at first, and becomes posts only when somebody says so."""

from __future__ import annotations

from datetime import datetime
from typing import IO, Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from app.errors import Conflict, PayloadTooLarge, ValidationFailed
from app.models.files import FileJob, FileKind, FileState
from app.services import (
    account_refs,
    csv_import,
    file_jobs,
    folder_files,
    folder_import,
    import_rows,
    importing,
)
from app.web import htmx, uploads
from app.web.actor import current_actor, current_profile
from app.web.guard import requires
from app.web.when import When

bp = Blueprint("imports", __name__, url_prefix="/p/<profile>/import")
uploads.accept(bp, "create")

STOP = 286  # the last answer of a part that asked again and again
ASK = "Choose a file: a table (CSV), or a folder packed as a zip."
# What a list may show alone, by the word in its address.
ONLY = {
    "wrong": (importing.WRONG, importing.FAILED), "new": (importing.NEW,),
    "changed": (importing.CHANGED,), "gone": (importing.GONE,), "same": (importing.SAME,),
}  # fmt: skip


@bp.get("")
@requires("post.write")
def index(profile: str) -> ResponseReturnValue:
    """What a file has to look like, the form for one, and the imports of the last days."""
    return _page()


@bp.post("")
@requires("post.write")
def create(profile: str) -> ResponseReturnValue:
    """Take a file and have it looked at; its page shows what was found."""
    found = [one for one in request.files.getlist("file") if one.filename]
    try:
        if len(found) != 1:
            raise ValidationFailed(ASK, field="file")
        row = _taken(found[0].filename or "", found[0].stream)
    except (ValidationFailed, PayloadTooLarge, Conflict) as error:
        return _page(error=error.message, status=409 if isinstance(error, Conflict) else 422)
    return htmx.redirect(url_for(".show", profile=profile, job_id=row.id))


@bp.get("/sample.csv")
@requires("post.write")
def sample(profile: str) -> Response:
    """A table to begin with, of the brand's own accounts."""
    accounts = account_refs.of_brand(current_actor(), current_profile().id)
    response = make_response(csv_import.sample(current_profile(), accounts))
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = 'attachment; filename="carillon-sample.csv"'
    return response


@bp.get("/<uuid:job_id>")
@requires("post.write")
def show(profile: str, job_id: UUID) -> ResponseReturnValue:
    """What was found in a file, how far its import is, or what became of it."""
    return _shown(_row(job_id))


@bp.get("/<uuid:job_id>/state")
@requires("post.write")
def state(profile: str, job_id: UUID) -> ResponseReturnValue:
    """The same part alone: it asks again while something moves, and ends with 286."""
    row = _row(job_id)
    response = _shown(row)
    if htmx.wants_part() and not file_jobs.moving(row):
        response.status_code = STOP
    return response


@bp.post("/<uuid:job_id>/start")
@requires("post.write")
def start(profile: str, job_id: UUID) -> ResponseReturnValue:
    """Make the posts."""
    try:
        row = importing.start(current_actor(), current_profile().id, job_id)
    except Conflict as error:
        return _shown(_row(job_id), error=error.message, status=409)
    if htmx.wants_part():
        return _shown(row)
    return htmx.redirect(url_for(".show", profile=profile, job_id=job_id))


@bp.post("/<uuid:job_id>/rows/<int:number>")
@requires("post.write")
def choose(profile: str, job_id: UUID, number: int) -> ResponseReturnValue:
    """Take a row along (``on`` is ``yes``), or leave it out; the page as it is then comes back."""
    on = request.form.get("on") == "yes"
    try:
        importing.choose(current_actor(), current_profile().id, job_id, number, on)
    except Conflict as error:
        return _shown(_row(job_id), error=error.message, status=409)
    if htmx.wants_part():
        return _shown(_row(job_id))
    query = {name: request.args[name] for name in ("page", "only") if name in request.args}
    where = url_for(".show", profile=profile, job_id=job_id)
    return htmx.redirect(f"{where}?{urlencode(query)}" if query else where)


@bp.post("/<uuid:job_id>/drop")
@requires("post.write")
def drop(profile: str, job_id: UUID) -> ResponseReturnValue:
    """Forget a file that nobody imported."""
    importing.drop(current_actor(), current_profile().id, job_id)
    back = htmx.redirect(url_for(".index", profile=profile))
    return htmx.toast(back, "The file is forgotten. Nothing was imported.")


@bp.errorhandler(RequestEntityTooLarge)
def too_large(error: RequestEntityTooLarge) -> ResponseReturnValue:
    """A body that was not even read to its end."""
    return _page(error="This file is larger than 200 MB. Split it in two.", status=413)


def _taken(name: str, stream: IO[bytes]) -> FileJob:
    """A zip is a folder, whatever its name; anything else has to be a table."""
    actor, profile_id = current_actor(), current_profile().id
    head = stream.read(4)
    stream.seek(0)
    if folder_files.is_zip(head):
        return folder_import.take(actor, profile_id, name, stream)
    return importing.take_table(actor, profile_id, name, stream.read(csv_import.BYTES + 1))


def _row(job_id: UUID) -> FileJob:
    return file_jobs.get(current_actor(), current_profile().id, job_id, file_jobs.IMPORTS)


def _page(*, error: str = "", status: int = 200) -> Response:
    actor, profile = current_actor(), current_profile()
    rows = file_jobs.listed(actor, profile.id, file_jobs.IMPORTS)
    accounts = account_refs.of_brand(actor, profile.id)
    response = make_response(
        render_template(
            "imports/index.html", profile=profile, jobs=rows, when=When(profile), error=error,
            accounts=[accounts.name(one) for one in accounts.rows], csv=csv_import,
            moving=file_jobs.moving,
        )
    )  # fmt: skip
    response.vary.update(htmx.VARY)
    response.status_code = status
    return response


def _shown(row: FileJob, *, error: str = "", status: int = 200) -> Response:
    profile, args = current_profile(), request.args
    only = args.get("only", "") if args.get("only") in ONLY else ""
    counts = importing.counts(row)
    total = sum(counts.marks[mark] for mark in ONLY[only]) if only else counts.rows
    last = max(1, -(-total // importing.SIZE))
    at = max(1, min(args.get("page", 1, type=int), last))
    context: dict[str, Any] = {
        "job": row, "profile": profile, "when": When(profile), "counts": counts, "error": error,
        "at": at, "last": last, "only": only, "total": total, "size": importing.SIZE,
        "rows": [], "moving": file_jobs.moving(row), "title": import_rows.title,
        "folder": row.kind is FileKind.IMPORT_FOLDER, "time": _time,
    }  # fmt: skip
    if not context["moving"] and row.state is not FileState.FAILED:
        context["rows"] = importing.page(row, at, ONLY.get(only, ()))
    response = htmx.render("imports/show.html", fragment="imports/_job.html", **context)
    response.status_code = status
    return response


def _time(data: dict[str, Any]) -> str:
    """A row's moment in the brand's zone, else what stands in the file."""
    at = data.get("at")
    return When(current_profile()).short(datetime.fromisoformat(at)) if at else data["time"]
