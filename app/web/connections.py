"""Connections of a brand: what is connected, how it is, and ways to add more (DESIGN 6.6)."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, make_response, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from app.errors import AppError, Conflict, NotFound, ValidationFailed
from app.models.accounts import AccountStatus, PendingConnection
from app.services import accounts, connections, consent, destinations, faces
from app.web import connections_parts as parts
from app.web import htmx, navigation
from app.web.actor import current_actor, current_profile, current_session
from app.web.forms.connections import AppPasswordForm, StartForm
from app.web.guard import requires

bp = Blueprint("connections", __name__, url_prefix="/p/<profile>/connections")

NEWS = "connections_news"  # in the session: what the next look at the page tells


@bp.get("")
@requires("account.read")
def index(profile: str) -> ResponseReturnValue:
    """Every account with its health, and what can be added."""
    return htmx.render(
        "connections/index.html", fragment="connections/_list.html",
        news=session.pop(NEWS, None), **parts.shown(),
    )  # fmt: skip


@bp.get("/new/<network>")
@requires("account.write")
def new(profile: str, network: str) -> ResponseReturnValue:
    """The ways into one network; ``?account=`` fills in what is known of one to bring back."""
    accounts.network_of(network)
    return parts.ways(network, account=parts.account_named(network))


@bp.post("/<network>/start")
@requires("account.write")
def start(profile: str, network: str) -> ResponseReturnValue:
    """Off to the network's own page."""
    form = StartForm()
    reconnect = parts.uuid(form.account.data)
    if not form.validate_on_submit():
        return parts.ways(network, start_form=form), 422
    try:
        url = consent.start(
            current_actor(), current_profile().id, network,
            session_hash=current_session().token_hash, hint=form.hint.data or "",
            server=form.server.data or "", reconnect=reconnect,
        )  # fmt: skip
    except NotFound:
        raise
    except AppError as error:
        return parts.refused(network, form, error, start_form=form)
    return htmx.leave(url)


@bp.post("/<network>")
@requires("account.write")
def password(profile: str, network: str) -> ResponseReturnValue:
    """Connect with an app password."""
    form = AppPasswordForm()
    if not form.validate_on_submit():
        return parts.ways(network, password_form=form), 422
    try:
        done = accounts.connect_password(
            current_actor(), current_profile().id, network, form.server.data or "",
            form.identifier.data, form.password.data,
        )  # fmt: skip
    except NotFound:
        raise
    except AppError as error:
        return parts.refused(network, form, error, password_form=form)
    return arrived(profile, done)


@bp.get("/token")
@requires("account.write")
def token(profile: str) -> ResponseReturnValue:
    """The form for a token of one's own; ``?network=`` and ``?account=`` fill it in."""
    network = request.args.get("network", "")
    account = parts.account_named(network)
    server = account.server if account else ""
    return parts.token_page(parts.token_form(formdata=None, network=network, server=server))


@bp.post("/token")
@requires("account.write")
def paste(profile: str) -> ResponseReturnValue:
    """Connect with a pasted token, after the network has said whose it is."""
    form = parts.token_form()
    if not form.validate_on_submit():
        return parts.token_page(form), 422
    try:
        done = accounts.connect_token(
            current_actor(), current_profile().id, form.network.data, form.server.data or "",
            form.token.data,
        )  # fmt: skip
    except AppError as error:
        problem = "" if form.take(error) else error.message
        status = error.status if error.status == 429 else 422
        return parts.token_page(form, problem), status
    return arrived(profile, done)


@bp.get("/choose/<uuid:pending_id>")
@requires("account.write")
def choose(profile: str, pending_id: UUID) -> ResponseReturnValue:
    """What a sign-in can act for; nothing is connected until it is chosen."""
    return parts.chooser(accounts.pending(current_actor(), pending_id))


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
        return parts.chooser(accounts.pending(actor, pending_id), error.message), 422
    return arrived(profile, *done)


@bp.post("/check")
@requires("account.write")
def check(profile: str) -> ResponseReturnValue:
    """Ask every network whether its account still works."""
    errors = accounts.check_all(current_actor(), current_profile().id)
    navigation.forget()
    words = errors[0].message if errors else "Every account has been checked."
    if not htmx.wants_part():
        return htmx.toast(htmx.redirect(url_for(".index", profile=profile)), words)
    shown = parts.shown()
    response = make_response(render_template("connections/_list.html", **shown))
    response.vary.update(htmx.VARY)
    return htmx.along(htmx.toast(response, words), *parts.around(shown))


@bp.get("/<uuid:account_id>")
@requires("account.read")
def account(profile: str, account_id: UUID) -> ResponseReturnValue:
    """What one account can do, what is missing, and what mends it."""
    found = accounts.get(current_actor(), account_id)
    if found.profile_id != current_profile().id:
        raise NotFound()
    return render_template("connections/account.html", **parts.account_page(found))


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
    return _row(profile, account_id, words)


@bp.post("/<uuid:account_id>/destinations")
@requires("account.write")
def look_up(profile: str, account_id: UUID) -> ResponseReturnValue:
    """Ask the network for the account's boards or subreddits; its row comes back."""
    try:
        found = destinations.refresh(current_actor(), account_id)
        count = sum(one.gone_at is None for one in found)
        words = "One was found." if count == 1 else f"{count} were found."
    except (NotFound, Conflict):
        raise
    except AppError as error:
        words = error.message
    return _row(profile, account_id, words)


@bp.get("/<uuid:account_id>/places")
@requires("account.read")
def looked_up(profile: str, account_id: UUID) -> ResponseReturnValue:
    """The row once the job has looked up its places; nothing to draw until then."""
    row = connections.row(current_actor(), account_id)
    if not htmx.wants_part():
        return htmx.redirect(url_for(".index", profile=profile))
    if row.looking:
        return "", 204
    if request.args.get("from") == "account":
        where = url_for(".account", profile=profile, account_id=account_id)
        return htmx.redirect(where)
    return _row(profile, account_id, "")


@bp.post("/<uuid:account_id>/destination")
@requires("account.write")
def destination(profile: str, account_id: UUID) -> ResponseReturnValue:
    """Choose where posts go that name no place: one of the list, or one by its name."""
    actor, given = current_actor(), parts.uuid(request.form.get("destination"))
    try:
        if typed := request.form.get("name", "").strip():
            given = destinations.find(actor, account_id, typed).id
        chosen = destinations.choose(actor, account_id, given)
        words = f"Posts go to {chosen.name}." if chosen else "Each post says where it goes."
    except (NotFound, Conflict):
        raise
    except AppError as error:
        words = error.message
    return _row(profile, account_id, words)


def _row(profile: str, account_id: UUID, words: str) -> ResponseReturnValue:
    """The account's row, with what happened in a toast; the page for a browser."""
    if not htmx.wants_part():
        where = url_for(".index", profile=profile)
        if request.form.get("from") == "account":
            where = url_for(".account", profile=profile, account_id=account_id)
        response = htmx.redirect(where)
        return htmx.toast(response, words) if words else response
    row = connections.row(current_actor(), account_id)
    shown = parts.shown()
    response = make_response(render_template("connections/_row.html", row=row, **shown))
    response.vary.update(htmx.VARY)
    if words:
        response = htmx.toast(response, words)
    return htmx.along(response, *parts.around(shown))


@bp.get("/<uuid:account_id>/disconnect")
@requires("account.write")
def ask(profile: str, account_id: UUID) -> ResponseReturnValue:
    """Say what would happen, and ask."""
    row = connections.row(current_actor(), account_id)
    return htmx.render(
        "connections/disconnect.html", fragment="connections/_disconnect.html", row=row,
        current_slug=profile,
    )  # fmt: skip


@bp.delete("/<uuid:account_id>")
@requires("account.write")
def delete(profile: str, account_id: UUID) -> ResponseReturnValue:
    """The same for those who say DELETE."""
    return disconnect(profile, account_id)


@bp.post("/<uuid:account_id>/disconnect")
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
    path, mime = faces.stored(current_actor(), account_id)
    response = Response(path.read_bytes(), mimetype=mime)
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
        "accounts": [(one.account.name or one.account.handle)[:80] for one in made[:5]],
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
