"""Templates: texts kept for use again, made into drafts (DESIGN §6.7)."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.errors import AppError, NotFound, ValidationFailed
from app.models.content_templates import ContentTemplate
from app.services import content_templates, gaps, template_drafts
from app.services.content_templates import Changes
from app.web import content_templates_parts as parts
from app.web import htmx, uploads
from app.web.actor import current_actor, current_profile
from app.web.forms.content_templates import GAP, TemplateForm, values
from app.web.guard import requires

bp = Blueprint("content_templates", __name__, url_prefix="/p/<profile>/templates")
uploads.accept_beside(bp, "create", "change")


@bp.get("")
@requires("post.read")
def index(profile: str) -> ResponseReturnValue:
    """The brand's templates, newest first; ``q``, ``category`` and ``favourites`` leave others
    out."""
    return htmx.render(
        "content_templates/index.html", fragment="content_templates/_list.html", **parts.shown()
    )


@bp.get("/new")
@requires("post.write")
def new(profile: str) -> ResponseReturnValue:
    """The form for a new one."""
    return _form(parts.form(formdata=None))


@bp.post("")
@requires("post.write")
def create(profile: str) -> ResponseReturnValue:
    """Keep a new template."""
    form = parts.form()
    if not form.validate_on_submit():
        return _form(form, status=422)
    try:
        row = content_templates.create(current_actor(), current_profile().id, form.changes())
    except AppError as error:
        return _refused(form, error)
    return _done(f"“{row.name}” is kept.")


@bp.get("/<uuid:template_id>")
@requires("post.write")
def edit(profile: str, template_id: UUID) -> ResponseReturnValue:
    """The form for one that is there."""
    row = _ours(template_id)
    return _form(parts.filled(row), row)


@bp.post("/<uuid:template_id>")
@requires("post.write")
def change(profile: str, template_id: UUID) -> ResponseReturnValue:
    """Keep what was changed; posts made from it stay as they are."""
    row = _ours(template_id)
    form = parts.form(row)
    if not form.validate_on_submit():
        return _form(form, row, status=422)
    try:
        row = content_templates.change(current_actor(), row.id, form.changes(row))
    except AppError as error:
        return _refused(form, error, _ours(template_id))
    return _done(f"“{row.name}” is changed.")


@bp.post("/<uuid:template_id>/favourite")
@requires("post.write")
def favourite(profile: str, template_id: UUID) -> ResponseReturnValue:
    """Give or take the star: ``on`` is 1 or empty; the card comes back."""
    liked = Changes(is_favorite=bool(request.form.get("on")))
    row = content_templates.change(current_actor(), _ours(template_id).id, liked)
    if not htmx.wants_part():
        return htmx.redirect(url_for(".index", profile=profile))
    response = make_response(
        render_template("content_templates/_card.html", row=row, **parts.around())
    )
    response.vary.update(htmx.VARY)
    return response


@bp.get("/<uuid:template_id>/use")
@requires("post.write")
def fill_in(profile: str, template_id: UUID) -> ResponseReturnValue:
    """Ask what goes into the gaps."""
    return _gaps(_ours(template_id))


@bp.post("/<uuid:template_id>/use")
@requires("post.write")
def use(profile: str, template_id: UUID) -> ResponseReturnValue:
    """Make a draft of it and open that."""
    row = _ours(template_id)
    try:
        made = template_drafts.make(current_actor(), row.profile_id, row.id, values(request.form))
    except ValidationFailed as error:
        return _gaps(_ours(template_id), error)
    return htmx.go(url_for("drafts.show", profile=profile, draft_id=made.id))


@bp.get("/<uuid:template_id>/delete")
@requires("post.write")
def ask(profile: str, template_id: UUID) -> ResponseReturnValue:
    """Say what would be lost, and ask."""
    return htmx.render(
        "content_templates/delete.html", fragment="content_templates/_delete.html",
        row=_ours(template_id), **parts.around(),
    )  # fmt: skip


@bp.post("/<uuid:template_id>/delete")
@requires("post.write")
def delete(profile: str, template_id: UUID) -> ResponseReturnValue:
    """Delete it."""
    row = _ours(template_id)
    name = row.name
    content_templates.delete(current_actor(), row.id)
    return _done(f"“{name}” is deleted.")


def _ours(template_id: UUID) -> ContentTemplate:
    """The template, where it is the brand's of this address; else ``NotFound``."""
    row = content_templates.get(current_actor(), template_id)
    if row.profile_id != current_profile().id:
        raise NotFound("We could not find that template.")
    return row


def _done(words: str) -> Response:
    return htmx.toast(htmx.redirect(url_for(".index", profile=current_profile().slug)), words)


def _form(
    form: TemplateForm, row: ContentTemplate | None = None, *, problem: str = "",
    status: int = 200,
) -> Response:  # fmt: skip
    """The form's page, with what was typed."""
    page = render_template(
        "content_templates/form.html", form=form, row=row, problem=problem,
        categories=content_templates.categories(current_actor(), current_profile().id),
        **parts.around(),
    )  # fmt: skip
    return make_response(page, status)


def _refused(form: TemplateForm, error: AppError, row: ContentTemplate | None = None) -> Response:
    problem = "" if form.take(error) else error.message
    return _form(form, row, problem=problem, status=422)


def _gaps(row: ContentTemplate, error: ValidationFailed | None = None) -> Response:
    """The gaps with what was typed, and what is wrong under the one it belongs to."""
    wrong = {one.field: one.message for one in error.errors or [error]} if error else {}
    names = [(name, f"{GAP}{name}") for name in gaps.names(row.content)]
    known = {field for _, field in names}
    response = htmx.render(
        "content_templates/use.html", fragment="content_templates/_use.html", row=row,
        gaps=names, typed=request.form, wrong=wrong,
        problem=next((words for field, words in wrong.items() if field not in known), ""),
        **parts.around(),
    )  # fmt: skip
    response.status_code = 422 if error else 200
    return response
