"""One's own settings: name, looks, password, and where one is signed in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, make_response, render_template, session
from flask.typing import ResponseReturnValue

from app.config import settings
from app.errors import AppError, Conflict, RateLimited, ValidationFailed
from app.models.people import UserSession
from app.services import people, sessions
from app.services.people import WrongPassword
from app.web import htmx
from app.web.actor import current_actor, current_person, current_session
from app.web.forms.base import Form
from app.web.forms.me import LooksForm, NameForm, PasswordForm
from app.web.guard import requires
from app.web.words import ago, device

bp = Blueprint("me", __name__, url_prefix="/me")
YEAR = 31_536_000  # seconds


@bp.get("")
@requires("signed_in")
def index() -> ResponseReturnValue:
    """Everything on one page."""
    return _page()


@bp.post("/name")
@requires("signed_in")
def name() -> ResponseReturnValue:
    """What others see one as."""
    form = NameForm()
    if not form.validate_on_submit():
        return _page(name_form=form), 422
    people.change_name(current_actor(), form.name.data)
    return _done("Your name is saved.")


@bp.post("/looks")
@requires("signed_in")
def looks() -> ResponseReturnValue:
    """Theme and shortcuts, on every device this person signs in on."""
    form = LooksForm()
    if not form.validate_on_submit():
        return _page(looks_form=form), 422
    actor = current_actor()
    people.change_looks(actor, theme=form.theme.data, shortcuts=form.shortcuts.data)
    return _with_theme(_done("Saved."), form.theme.data)


@bp.post("/theme")
@requires("signed_in")
def theme() -> ResponseReturnValue:
    """The theme alone, from the shell's menu: nothing to draw, the script has changed it."""
    form = LooksForm()
    if not form.theme.validate(form):
        raise ValidationFailed("Choose auto, light or dark.", field="theme")
    people.change_looks(current_actor(), theme=form.theme.data)
    return _with_theme(make_response("", 204), form.theme.data)


@bp.post("/password")
@requires("signed_in")
def password() -> ResponseReturnValue:
    """A new password; every other session ends."""
    form = PasswordForm()
    if not form.validate_on_submit():
        return _page(password_form=form), 422
    try:
        token = people.change_password(current_actor(), form.present.data, form.new.data)
    except (ValidationFailed, WrongPassword, RateLimited, Conflict) as error:
        return _refused(form, error)
    session["_user_id"] = token
    return _done("Your password is changed. Everywhere else you are signed out.")


@bp.post("/sessions/<uuid:session_id>/end")
@requires("signed_in")
def end(session_id: UUID) -> ResponseReturnValue:
    """Sign one browser out; of this one, to the front door."""
    own = session_id == current_session().id
    sessions.end(current_actor(), session_id)
    if own:
        session.clear()
        return htmx.redirect("/")
    return _done("That browser is signed out.")


@bp.post("/sessions/end-others")
@requires("signed_in")
def end_others() -> ResponseReturnValue:
    """Sign every other browser out."""
    count = sessions.end_others(current_actor())
    return _done(f"{count} other {'browser is' if count == 1 else 'browsers are'} signed out.")


def _page(**forms: Form) -> str:
    user = current_person()
    given: dict[str, Any] = {
        "name_form": NameForm(formdata=None, obj=user),
        "looks_form": LooksForm(
            formdata=None, theme=user.theme, shortcuts=user.settings.get("shortcuts", True)
        ),
        "password_form": PasswordForm(formdata=None),
    }
    found = [_shown(one) for one in sessions.living(current_actor())]
    return render_template("me/index.html", person=user, sessions=found, **(given | forms))


def _shown(row: UserSession) -> dict[str, Any]:
    return {
        "id": row.id,
        "device": device(row.agent),
        "address": row.address,
        "here": row.id == current_session().id,
        "used": ago(row.seen_at),
        "since": ago(row.created_at),
    }


def _refused(form: PasswordForm, error: AppError) -> Response:
    text = error.message
    if isinstance(error, WrongPassword):
        text += f" {error.left or 'No'} {'try' if error.left == 1 else 'tries'} left."
    elif isinstance(error, RateLimited):
        text = f"Too many tries. Wait {-(-(error.retry_after or 60) // 60)} minutes."
    form[error.field or "present"].errors = [text]
    response = make_response(_page(password_form=form), 429 if error.status == 429 else 422)
    if error.retry_after:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _done(text: str) -> Response:
    return htmx.toast(htmx.redirect("/me"), text)


def _with_theme(response: Response, theme: str) -> Response:
    """Pages for somebody signed out follow the browser's cookie."""
    response.set_cookie("theme", theme, max_age=YEAR, samesite="Lax", secure=settings().https)
    return response
