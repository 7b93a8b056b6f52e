"""Sign up, sign in, sign out (DESIGN §6.1): whole pages, never boosted."""

from __future__ import annotations

from contextlib import suppress

from flask import Blueprint, Response, make_response, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.errors import AppError, Forbidden, NotFound, RateLimited, ValidationFailed
from app.services import people, sessions
from app.services.people import WrongPassword
from app.web import htmx
from app.web import login as door
from app.web.actor import current_actor, current_session
from app.web.forms.auth import SignInForm, SignUpForm
from app.web.forms.base import Form
from app.web.guard import public

bp = Blueprint("auth", __name__)

REFUSALS = (ValidationFailed, WrongPassword, RateLimited, Forbidden)
NUMBERS = ("No", "One", "Two", "Three", "Four")


@bp.get("/signup")
@public
def signup() -> ResponseReturnValue:
    """The form; somebody who is signed in goes on."""
    if current_user.is_authenticated:
        return _go_on(request.args.get("next"))
    form = SignUpForm(formdata=None, next=request.args.get("next"))
    return render_template("auth/signup.html", form=form)


@bp.post("/signup")
@public
def sign_up() -> ResponseReturnValue:
    """A new person with a brand, signed in; 422 with what was typed otherwise."""
    form = SignUpForm()
    if not form.validate_on_submit():
        return render_template("auth/signup.html", form=form), 422
    try:
        token = people.sign_up(
            form.name.data, form.email.data, form.password.data, form.time_zone.data or "",
            door.visitor(),
        )  # fmt: skip
    except REFUSALS as error:
        return _refused("auth/signup.html", form, error)
    return _enter(form, token, keep=True)


@bp.get("/login")
@public
def login() -> ResponseReturnValue:
    """The form; somebody who is signed in goes on."""
    if current_user.is_authenticated:
        return _go_on(request.args.get("next"))
    form = SignInForm(formdata=None, next=request.args.get("next"))
    return render_template("auth/login.html", form=form)


@bp.post("/login")
@public
def sign_in() -> ResponseReturnValue:
    """Check the password and begin a session; 422 tells the tries left, 429 the wait."""
    form = SignInForm()
    if not form.validate_on_submit():
        return render_template("auth/login.html", form=form), 422
    try:
        token = people.sign_in(form.email.data, form.password.data, door.visitor())
    except REFUSALS as error:
        return _refused("auth/login.html", form, error)
    return _enter(form, token, keep=form.keep.data)


@bp.get("/logout")
@public
def leave() -> ResponseReturnValue:
    """A page to sign out from: opening an address ends nothing."""
    if not current_user.is_authenticated:
        return htmx.redirect("/")
    return render_template("auth/logout.html")


@bp.post("/logout")
@public
def logout() -> ResponseReturnValue:
    """End this session, in the database too."""
    _end_present()
    session.clear()
    return htmx.redirect("/")


def _enter(form: Form, token: str, *, keep: bool) -> Response:
    """Begin anew; whoever was signed in here before is signed out."""
    _end_present()
    door.let_in(token, keep=keep)
    return _go_on(form.next.data)


def _end_present() -> None:
    if current_user.is_authenticated:
        actor = current_actor()
        with suppress(NotFound):  # ended from elsewhere in this moment
            sessions.end(actor, current_session().id)


def _go_on(asked: str | None) -> Response:
    return htmx.redirect(htmx.local(asked))


def _refused(page: str, form: Form, error: AppError) -> Response:
    """The form again: under which field what is wrong, and how often one may still try."""
    field = error.field or "password"
    if isinstance(error, RateLimited):
        status, text = 429, f"Too many tries. You can try again in {_minutes(error.retry_after)}."
    elif isinstance(error, WrongPassword):
        status, text = 422, f"{_mismatch(page, error)} {_left(error.left)}"
    else:
        status, text = 422, error.message
    form[field].errors = [text]
    response = make_response(render_template(page, form=form), status)
    if error.retry_after:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _mismatch(page: str, error: WrongPassword) -> str:
    if page == "auth/signup.html":
        return (
            "We could not make an account with that email and password. "
            "If you have one already, sign in instead."
        )
    return error.message


def _left(left: int) -> str:
    if not left:
        return "No tries left for now: wait 15 minutes."
    word = NUMBERS[left] if left < len(NUMBERS) else str(left)
    return f"{word} {'try' if left == 1 else 'tries'} left."


def _minutes(seconds: int | None) -> str:
    minutes = -(-(seconds or 60) // 60)
    return f"{minutes} minute{'s' if minutes > 1 else ''}"
