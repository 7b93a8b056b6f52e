"""Developer: a brand's API keys, how far each may go, and what they have used (DESIGN 6.10)."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, make_response, render_template, session, url_for
from flask.typing import ResponseReturnValue

from app.errors import AppError, Forbidden, NotFound, RateLimited, SubscriptionRequired
from app.models.keys import ApiKey, KeyKind
from app.services import key_lists, keys, people
from app.services.people import WrongPassword
from app.web import developer_parts as parts
from app.web import htmx
from app.web.actor import current_actor, current_profile
from app.web.forms.developer import BeltForm, KeyForm
from app.web.guard import requires

bp = Blueprint("developer", __name__, url_prefix="/p/<profile>/developer")


@bp.get("")
@requires("profile.read")
def index(profile: str) -> ResponseReturnValue:
    """The keys, and what they have used."""
    return htmx.render("developer/index.html", fragment="developer/_keys.html", **parts.shown())


@bp.get("/keys")
@requires("profile.read")
def listed(profile: str) -> ResponseReturnValue:
    """Where reloading the page of a new key leads: the list."""
    return htmx.redirect(url_for(".index", profile=profile))


@bp.get("/keys/new")
@requires("profile.read")
def new(profile: str) -> ResponseReturnValue:
    """The form for a new key, above the list."""
    return _form(parts.key_form(formdata=None))


@bp.post("/keys")
@requires("profile.read")
def create(profile: str) -> ResponseReturnValue:
    """A new key, whole in this one answer."""
    form = parts.key_form()
    if not form.validate_on_submit():
        return _form(form, status=422)
    actor = current_actor()
    kind = KeyKind(form.kind.data)
    try:
        _confirm(form)
        row, whole = key_lists.create(
            actor, kind, current_profile().id if kind is KeyKind.PROFILE else None,
            form.name.data, parts.belt(form),
        )  # fmt: skip
    except AppError as error:
        return _refused(form, error)
    return _drawn("developer/_reveal.html", made=row, whole=whole)


@bp.get("/keys/<uuid:key_id>")
@requires("profile.read")
def edit(profile: str, key_id: UUID) -> ResponseReturnValue:
    """The form for how far a key may go."""
    row = _living(key_id)
    return _form(parts.belt_form(row, fill=True), row)


@bp.post("/keys/<uuid:key_id>")
@requires("profile.read")
def change(profile: str, key_id: UUID) -> ResponseReturnValue:
    """Let the key do more or less, from its next request on."""
    row = _living(key_id)
    form = parts.belt_form(row)
    if not form.validate_on_submit():
        return _form(form, row, status=422)
    try:
        _confirm(form)
        key_lists.change(current_actor(), key_id, vars(parts.belt(form)))
    except AppError as error:
        if isinstance(error, NotFound) and error.field is None:
            raise
        return _refused(form, error, _living(key_id))
    words = f"{row.name or row.shown} is changed. It counts from its next request on."
    return htmx.toast(htmx.redirect(url_for(".index", profile=profile)), words)


@bp.get("/keys/<uuid:key_id>/revoke")
@requires("profile.read")
def ask(profile: str, key_id: UUID) -> ResponseReturnValue:
    """Say what would happen, and ask; the page's own dialog does where scripts run."""
    return render_template("developer/revoke.html", row=_living(key_id), profile=current_profile())


@bp.post("/keys/<uuid:key_id>/revoke")
@requires("profile.read")
def revoke(profile: str, key_id: UUID) -> ResponseReturnValue:
    """End the key, for a browser without scripts."""
    words = _revoked(key_id)
    return htmx.toast(htmx.redirect(url_for(".index", profile=profile)), words)


@bp.delete("/keys/<uuid:key_id>")
@requires("profile.read")
def delete(profile: str, key_id: UUID) -> ResponseReturnValue:
    """End the key; its row comes back, crossed out."""
    words = _revoked(key_id)
    row = key_lists.in_profile(current_actor(), current_profile().id, key_id)
    response = make_response(
        render_template("developer/_row.html", row=row, **parts.listing([row]))
    )
    response.vary.update(htmx.VARY)
    return htmx.toast(response, words)


def _revoked(key_id: UUID) -> str:
    row = key_lists.in_profile(current_actor(), current_profile().id, key_id)
    name = row.name or row.shown
    keys.revoke(current_actor(), key_id)
    return f"{name} is revoked. Nothing can use it any more."


def _living(key_id: UUID) -> ApiKey:
    row = key_lists.in_profile(current_actor(), current_profile().id, key_id)
    if row.revoked_at is not None:
        raise NotFound()
    return row


def _confirm(form: BeltForm) -> None:
    """Take the password where it has not been given lately; the session gets a new id."""
    actor = current_actor()
    if key_lists.stale(actor):
        session["_user_id"] = people.confirm(actor, form.password.data or "")


def _form(
    form: BeltForm, row: ApiKey | None = None, *, problem: str = "", status: int = 200
) -> Response:
    """The form with what was typed, in its place above the list."""
    name = "developer/_new.html" if isinstance(form, KeyForm) else "developer/_belt_form.html"
    asks = key_lists.stale(current_actor())
    return _drawn(name, status=status, form=form, row=row, problem=problem, asks=asks)


def _drawn(slot: str, *, status: int = 200, **context: object) -> Response:
    """What stands above the list: for htmx alone, with the list beside it, else on its page."""
    if htmx.wants_part():
        drawn = parts.shown() if "made" in context else parts.around()
        response = make_response(render_template(slot, **drawn, **context), status)
        response.vary.update(htmx.VARY)
        found = [htmx.part("developer/_keys.html", "#keys", **drawn)] if "made" in context else []
        return htmx.along(response, *found)
    page = render_template("developer/index.html", slot=slot, **parts.shown(), **context)
    response = make_response(page, status)
    response.vary.update(htmx.VARY)
    return response


def _refused(form: BeltForm, error: AppError, row: ApiKey | None = None) -> Response:
    """The form again with the words where they belong."""
    problem, status = "", 422
    if isinstance(error, WrongPassword):
        tries = f"{error.left or 'No'} {'try' if error.left == 1 else 'tries'} left."
        form.password.errors = [f"{error.message} {tries}"]
    elif isinstance(error, RateLimited):
        wait = -(-(error.retry_after or 60) // 60)
        form.password.errors = [f"Too many tries. Wait {wait} minutes."]
    elif isinstance(error, SubscriptionRequired):
        problem, status = error.message, 402
    elif isinstance(error, Forbidden) or not form.take(error):
        problem = error.message
    return _form(form, row, problem=problem, status=status)
