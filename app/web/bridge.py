"""Metricool on the connections pages: connect, look after, let go of."""

from __future__ import annotations

from flask import Blueprint, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.config import settings
from app.errors import AppError, NotFound
from app.networks.metricool import Heard
from app.services import bridge, bridge_end
from app.web import connections_parts as parts
from app.web import htmx, navigation
from app.web.actor import current_actor, current_profile
from app.web.forms.bridge import BridgeForm
from app.web.guard import requires
from app.web.words import ago

bp = Blueprint("bridge", __name__, url_prefix="/p/<profile>/connections/metricool")


@bp.get("")
@requires("account.write")
def index(profile: str) -> ResponseReturnValue:
    """What is connected, or the form."""
    return _page(BridgeForm(formdata=None))


@bp.post("/look")
@requires("account.write")
def look(profile: str) -> ResponseReturnValue:
    """The brands of a token: htmx puts them into the form, which keeps what was typed."""
    form = BridgeForm()
    if not form.validate_on_submit():
        return _field(form), 422
    try:
        heard = bridge.look(
            current_actor(), current_profile().id, form.token.data, form.user_id.data or ""
        )
    except AppError as error:
        return _refused(form, error)
    _offer(form, heard)
    return _field(form)


@bp.post("")
@requires("account.write")
def connect(profile: str) -> ResponseReturnValue:
    """Connect a brand. Without one chosen, the token's only brand, else the choice."""
    form = BridgeForm()
    if not form.validate_on_submit():
        return _page(form), 422
    actor, profile_id = current_actor(), current_profile().id
    try:
        blog = form.blog_id.data or ""
        if not blog:
            heard = bridge.look(actor, profile_id, form.token.data, form.user_id.data or "")
            _offer(form, heard)
            if len(heard.brands) != 1:
                return _page(form, "Choose the brand, and paste the token once more."), 422
            blog = heard.brands[0].id
        done = bridge.connect(actor, profile_id, form.token.data, blog, form.user_id.data or "")
    except AppError as error:
        return _refused(form, error, whole=True)
    navigation.forget()
    words = f"{done.brand.name} is connected, with {_accounts(len(done.accounts))}."
    return htmx.toast(htmx.redirect(url_for("connections.index", profile=profile)), words)


@bp.post("/test")
@requires("account.write")
def test(profile: str) -> ResponseReturnValue:
    """Ask Metricool now."""
    found = bridge.test(current_actor(), current_profile().id)
    took = f" It answered in {found.milliseconds} ms." if found.milliseconds is not None else ""
    words = found.problem or f"Metricool works.{took}"
    return htmx.toast(htmx.redirect(url_for(".index", profile=profile)), words)


@bp.post("/refresh")
@requires("account.write")
def refresh(profile: str) -> ResponseReturnValue:
    """Look which accounts the brand has; the one named in ``account`` is brought back."""
    account = parts.uuid(request.form.get("account"))
    try:
        done = bridge.refresh(current_actor(), current_profile().id, account)
    except NotFound:
        words = "Metricool is not connected: connect it first."
        return htmx.toast(htmx.redirect(url_for(".index", profile=profile)), words)
    except AppError as error:
        return htmx.toast(htmx.redirect(url_for(".index", profile=profile)), error.message)
    navigation.forget()
    words = f"{_accounts(len(done.accounts))} in {done.brand.name}"
    words += f", {done.lost} no longer there." if done.lost else "."
    return htmx.toast(htmx.redirect(url_for("connections.index", profile=profile)), words)


@bp.get("/disconnect")
@requires("account.write")
def ask(profile: str) -> ResponseReturnValue:
    """Say what would happen, and ask."""
    actor, profile_id = current_actor(), current_profile().id
    row = bridge.current(actor, profile_id)
    if row is None:
        raise NotFound("Metricool is not connected.")
    return htmx.render(
        "bridge/disconnect.html", fragment="bridge/_disconnect.html", bridge=row,
        effect=bridge_end.effect(actor, profile_id), current_slug=profile,
    )  # fmt: skip


@bp.post("/disconnect")
@requires("account.write")
def disconnect(profile: str) -> ResponseReturnValue:
    """Let go of it; the page says what that did."""
    done = bridge_end.disconnect(current_actor(), current_profile().id)
    navigation.forget()
    words = f"Metricool is disconnected: {_accounts(done.accounts)} off, "
    words += f"{done.posts} {'post' if done.posts == 1 else 'posts'} cancelled."
    if done.handed:
        which = "One post was" if done.handed == 1 else f"{done.handed} posts were"
        words += f" {which} too far along to be taken back, and may still go out."
    return htmx.toast(htmx.redirect(url_for("connections.index", profile=profile)), words)


def _page(form: BridgeForm, problem: str = "") -> str:
    actor, profile = current_actor(), current_profile()
    return render_template(
        "bridge/index.html", form=form, problem=problem, current_slug=profile.slug, ago=ago,
        bridge=bridge.current(actor, profile.id), accounts=bridge.accounts(actor, profile.id),
        practice=settings().network("metricool").sandbox,
    )  # fmt: skip


def _field(form: BridgeForm) -> str:
    """The brand field alone for htmx, else the whole page."""
    if not htmx.wants_part():
        return _page(
            form, "" if form.errors else "Choose the brand, and paste the token once more."
        )
    return render_template("bridge/_brand.html", form=form, problem=_first(form), heard=True)


def _refused(form: BridgeForm, error: AppError, *, whole: bool = False) -> ResponseReturnValue:
    """The form again with the words where they belong."""
    if error.status in (403, 404):
        raise error
    problem = "" if form.take(error) else error.message
    if whole or not htmx.wants_part():
        response = make_response(_page(form, problem))
    else:
        words = problem or error.message
        part = render_template("bridge/_brand.html", form=form, problem=words, heard=True)
        response = make_response(part)
    response.status_code = 429 if error.status == 429 else 422
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _first(form: BridgeForm) -> str:
    return next((str(words[0]) for words in form.errors.values() if words), "")


def _offer(form: BridgeForm, heard: Heard) -> None:
    form.blog_id.choices = [(one.id, one.name) for one in heard.brands]


def _accounts(count: int) -> str:
    return "1 account" if count == 1 else f"{count} accounts"
