"""Connections of a brand: what is connected, how it is, and ways to add more (DESIGN 6.6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, make_response, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from app.clock import now
from app.config import settings
from app.errors import AppError, Conflict, NotFound, ValidationFailed
from app.integrations.storage import Storage
from app.models.accounts import AccountStatus, PendingConnection
from app.permissions import Permission
from app.services import accounts, connections, consent, faces
from app.services.connections import Row
from app.web import htmx, navigation
from app.web.actor import current_actor, current_profile, current_session
from app.web.forms.base import Form
from app.web.forms.connections import AppPasswordForm, StartForm, TokenForm
from app.web.guard import requires
from app.web.words import ago

bp = Blueprint("connections", __name__, url_prefix="/p/<profile>/connections")

NEWS = "connections_news"  # in the session: what the next look at the page tells


@bp.get("")
@requires("account.read")
def index(profile: str) -> ResponseReturnValue:
    """Every account with its health, and what can be added."""
    return htmx.render(
        "connections/index.html", fragment="connections/_list.html",
        news=session.pop(NEWS, None), **_shown(),
    )  # fmt: skip


@bp.get("/new/<network>")
@requires("account.write")
def new(profile: str, network: str) -> ResponseReturnValue:
    """The ways into one network; ``?account=`` fills in what is known of one to bring back."""
    accounts.network_of(network)
    return _ways(network, account=_account_named(network))


@bp.post("/<network>/start")
@requires("account.write")
def start(profile: str, network: str) -> ResponseReturnValue:
    """Off to the network's own page."""
    form = StartForm()
    reconnect = _uuid(form.account.data)
    if not form.validate_on_submit():
        return _ways(network, start_form=form), 422
    try:
        url = consent.start(
            current_actor(), current_profile().id, network,
            session_hash=current_session().token_hash, hint=form.hint.data or "",
            server=form.server.data or "", reconnect=reconnect,
        )  # fmt: skip
    except NotFound:
        raise
    except AppError as error:
        return _refused(network, form, error, start_form=form)
    return htmx.leave(url)


@bp.post("/<network>")
@requires("account.write")
def password(profile: str, network: str) -> ResponseReturnValue:
    """Connect with an app password."""
    form = AppPasswordForm()
    if not form.validate_on_submit():
        return _ways(network, password_form=form), 422
    try:
        done = accounts.connect_password(
            current_actor(), current_profile().id, network, form.server.data or "",
            form.identifier.data, form.password.data,
        )  # fmt: skip
    except NotFound:
        raise
    except AppError as error:
        return _refused(network, form, error, password_form=form)
    return arrived(profile, done)


@bp.get("/token")
@requires("account.write")
def token(profile: str) -> ResponseReturnValue:
    """The form for a token of one's own; ``?network=`` says of which."""
    form = _token_form(formdata=None, network=request.args.get("network"))
    return _token_page(form)


@bp.post("/token")
@requires("account.write")
def paste(profile: str) -> ResponseReturnValue:
    """Connect with a pasted token, after the network has said whose it is."""
    form = _token_form()
    if not form.validate_on_submit():
        return _token_page(form), 422
    try:
        done = accounts.connect_token(
            current_actor(), current_profile().id, form.network.data, form.server.data or "",
            form.token.data,
        )  # fmt: skip
    except AppError as error:
        problem = "" if form.take(error) else error.message
        status = error.status if error.status == 429 else 422
        return _token_page(form, problem), status
    return arrived(profile, done)


@bp.get("/choose/<uuid:pending_id>")
@requires("account.write")
def choose(profile: str, pending_id: UUID) -> ResponseReturnValue:
    """What a sign-in can act for; nothing is connected until it is chosen."""
    return _chooser(accounts.pending(current_actor(), pending_id))


@bp.post("/choose/<uuid:pending_id>")
@requires("account.write")
def chosen(profile: str, pending_id: UUID) -> ResponseReturnValue:
    """Connect what was chosen, or nothing."""
    actor = current_actor()
    if "cancel" in request.form:
        accounts.cancel(actor, pending_id)
        return htmx.toast(
            htmx.redirect(url_for(".index", profile=profile)), "Nothing was connected."
        )
    try:
        done = accounts.choose(actor, pending_id, request.form.getlist("accounts"))
    except ValidationFailed as error:
        return _chooser(accounts.pending(actor, pending_id), error.message), 422
    return arrived(profile, *done)


@bp.post("/check")
@requires("account.write")
def check(profile: str) -> ResponseReturnValue:
    """Ask every network whether its account still works."""
    errors = accounts.check_all(current_actor(), current_profile().id)
    navigation.forget()
    if htmx.wants_part():
        response = make_response(render_template("connections/_list.html", **_shown()))
        response.vary.update(htmx.VARY)
    else:
        response = htmx.redirect(url_for(".index", profile=profile))
    return htmx.toast(response, errors[0].message if errors else "Every account has been checked.")


@bp.post("/<uuid:account_id>/sync")
@requires("account.write")
def sync(profile: str, account_id: UUID) -> ResponseReturnValue:
    """Ask the network about one account; its row comes back."""
    actor, words = current_actor(), ""
    try:
        account = accounts.check(actor, account_id)
        works = account.status is AccountStatus.ACTIVE
        words = f"{account.name or account.handle} works." if works else ""
    except (NotFound, Conflict):
        raise
    except AppError as error:
        words = error.message
    navigation.forget()
    if not htmx.wants_part():
        response = htmx.redirect(url_for(".index", profile=profile))
        return htmx.toast(response, words) if words else response
    row = connections.row(actor, account_id)
    shown = _shown()
    response = make_response(render_template("connections/_row.html", row=row, **shown))
    response.vary.update(htmx.VARY)
    if words:
        response = htmx.toast(response, words)
    return htmx.along(response, *_around(shown))


@bp.get("/<uuid:account_id>/disconnect")
@requires("account.write")
def ask(profile: str, account_id: UUID) -> ResponseReturnValue:
    """Say what would happen, and ask."""
    row = connections.row(current_actor(), account_id)
    return htmx.render(
        "connections/disconnect.html", fragment="connections/_disconnect.html", row=row,
        current_slug=profile,
    )  # fmt: skip


@bp.route("/<uuid:account_id>/disconnect", methods=["POST"])
@bp.route("/<uuid:account_id>", methods=["DELETE"])
@requires("account.write")
def disconnect(profile: str, account_id: UUID) -> ResponseReturnValue:
    """Let an account go; its posts are held and shown."""
    actor = current_actor()
    row = connections.row(actor, account_id)
    held = accounts.disconnect(actor, account_id)
    response = htmx.redirect(url_for(".index", profile=profile))
    words = f"{row.label} is disconnected."
    if held:
        words += f" {held} {'post waits' if held == 1 else 'posts wait'} until it is back."
    return htmx.toast(response, words)


@bp.get("/<uuid:account_id>/avatar")
@requires("account.read")
def avatar(profile: str, account_id: UUID) -> ResponseReturnValue:
    """The account's picture as we keep it (reliability §11, §13)."""
    found = faces.stored(current_actor(), account_id)
    if found is None:
        raise NotFound()
    try:
        with Storage.of(settings()).open(found[0]) as file:
            response = Response(file.read(), mimetype=found[1])
    except (FileNotFoundError, ValueError) as error:
        raise NotFound() from error
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response


def arrived(profile: str, *done: accounts.Connected | PendingConnection) -> Response:
    """Where a person goes after connecting: to the choice, or to the page, which tells it."""
    first = done[0]
    if isinstance(first, PendingConnection):
        return htmx.redirect(url_for("connections.choose", profile=profile, pending_id=first.id))
    made = [one for one in done if not isinstance(one, PendingConnection)]
    session[NEWS] = {
        "accounts": [one.account.name or one.account.handle for one in made],
        "network": connections.networks_title(first.account.network),
        "new": first.new,
        "going": sum(one.released.going for one in made),
        "held": sum(one.released.held for one in made),
        "skipped": sum(one.released.skipped for one in made),
    }
    navigation.forget()
    return htmx.redirect(url_for("connections.index", profile=profile))


def failed(profile: str, network: str, message: str) -> Response:
    """Back on the page after a consent that did not work, which says why."""
    remember(network, message)
    return htmx.redirect(url_for("connections.index", profile=profile))


def remember(network: str, message: str) -> None:
    """Let the next look at the page say what did not work."""
    title = connections.networks_title(network)
    session[NEWS] = {"problem": message, "network": network, "title": title}


def _shown() -> dict[str, Any]:
    """What every part of the page is drawn from."""
    actor, profile = current_actor(), current_profile()
    return {
        "listing": connections.listing(actor, profile.id),
        "profile": profile,
        "may_write": actor.may(Permission.ACCOUNT_WRITE, profile.id),
        "when": _clock(),
        "ago": ago,
        "sandbox_url": settings().sandbox_url,
        "picture": _picture,
    }


def _around(shown: dict[str, Any]) -> list[str]:
    """The parts of the page that change along with a row."""
    return [
        htmx.part("connections/_head.html", "#conn-head", **shown),
        htmx.part("connections/_callouts.html", "#conn-callouts", **shown),
        htmx.part("layouts/_nav.html", "#nav", swap="innerHTML"),
    ]


def _picture(row: Row) -> str:
    """The address of an account's picture; empty where initials stand for it."""
    if not row.has_picture:
        return ""
    return url_for("connections.avatar", profile=current_profile().slug, account_id=row.id)


def _clock() -> Callable[[datetime], str]:
    """Times in the brand's zone: "today 08:30", "Tue 12 May, 17:30"."""
    zone = current_profile().zone

    def when(at: datetime) -> str:
        local, today = at.astimezone(zone), now().astimezone(zone)
        if local.date() == today.date():
            return f"today {local:%H:%M}"
        year = "" if local.year == today.year else f" {local.year}"
        return f"{local:%a} {local.day} {local:%b}{year}, {local:%H:%M}"

    return when


def _ways(
    network: str,
    *,
    account: Row | None = None,
    start_form: StartForm | None = None,
    password_form: AppPasswordForm | None = None,
    problem: str = "",
) -> str:
    """The page of one network's ways in, its forms as they were typed."""
    accounts.network_of(network)
    if start_form is not None:
        account = account or _account_of(network, _uuid(start_form.account.data))
    start_form = start_form or StartForm(
        formdata=None,
        account=str(account.id) if account else "",
        hint=account.handle if account else "",
        server=account.server if account else "",
    )
    password_form = password_form or AppPasswordForm(
        formdata=None, identifier=account.handle if account else ""
    )
    return render_template(
        "connections/new.html", offer=connections.offer(network), account=account,
        start_form=start_form, password_form=password_form, problem=problem,
        current_slug=current_profile().slug,
    )  # fmt: skip


def _refused(network: str, form: Form, error: AppError, **forms: Any) -> ResponseReturnValue:
    """The ways in again with the words where they belong: 422, or 429 when asked to wait."""
    if error.status in (403, 404, 409):
        raise error
    problem = "" if form.take(error) else error.message
    response = make_response(_ways(network, problem=problem, **forms))
    response.status_code = 429 if error.status == 429 else 422
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _token_page(form: TokenForm, problem: str = "") -> str:
    slug = current_profile().slug
    return render_template("connections/token.html", form=form, problem=problem, current_slug=slug)


def _token_form(**given: Any) -> TokenForm:
    form = TokenForm(**given)
    form.network.choices = [
        (offer.network, offer.title) for offer in connections.offers() if "token" in offer.ways
    ]
    return form


def _chooser(row: PendingConnection, problem: str = "") -> str:
    found = accounts.identities(row)
    here = {one.handle for one in connections.listing(current_actor(), row.profile_id).rows
            if one.network == row.network}  # fmt: skip
    meant = row.identities.get("reconnect")
    return render_template(
        "connections/choose.html", pending=row, found=found, here=here, problem=problem,
        title=connections.networks_title(row.network), current_slug=current_profile().slug,
        meant=_account_of(row.network, _uuid(meant)) if meant else None,
    )  # fmt: skip


def _account_named(network: str) -> Row | None:
    return _account_of(network, _uuid(request.args.get("account")))


def _account_of(network: str, account_id: UUID | None) -> Row | None:
    """The account of this brand that is to be brought back, if there is one."""
    if account_id is None:
        return None
    found = accounts.get(current_actor(), account_id)
    if found.profile_id != current_profile().id or found.network != network:
        raise NotFound()
    return connections.row(current_actor(), account_id)


def _uuid(text: str | None) -> UUID | None:
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound() from error
