"""What the connections page and its forms are drawn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.clock import now
from app.config import settings
from app.errors import AppError, NotFound
from app.models.accounts import Destination, PendingConnection, SocialAccount
from app.permissions import Permission
from app.services import account_readiness, accounts, bridge, catalogue, connections, destinations
from app.services.connections import Row
from app.web import htmx
from app.web.actor import current_actor, current_profile
from app.web.forms.base import Form
from app.web.forms.connections import AppPasswordForm, StartForm, TokenForm
from app.web.words import ago


def shown() -> dict[str, Any]:
    """What every part of the page is drawn from."""
    actor, profile = current_actor(), current_profile()
    listing = connections.listing(actor, profile.id)
    return {
        "listing": listing,
        "unspoken": catalogue.unspoken(),
        "bridge": bridge.current(actor, profile.id),
        "places": places(listing.rows),
        "profile": profile,
        "may_write": actor.may(Permission.ACCOUNT_WRITE, profile.id),
        "when": _clock(),
        "short": _clock(short=True),
        "ago": ago,
        "operator": actor.is_operator,
        "sandbox_url": settings().sandbox_url,
        "picture": _picture,
    }


@dataclass(frozen=True)
class Places:
    """Where posts of an account can go: a network's word for it, and what there is."""

    word: str
    named: bool
    rows: list[Destination]

    @property
    def chosen(self) -> Destination | None:
        return next((one for one in self.rows if one.is_default), None)


def places(rows: list[Row]) -> dict[UUID, Places]:
    """Boards, subreddits … of those accounts whose posts need one."""
    kinds = {
        row.id: kind for row in rows
        if row.health not in ("off", "wait") and (kind := destinations.kind_of(row))
    }  # fmt: skip
    found = destinations.listed(current_actor(), list(kinds))
    by_id = {row.id: row for row in rows}
    return {
        one: Places(kind, destinations.named(by_id[one]), found[one]) for one, kind in kinds.items()
    }


def account_page(account: SocialAccount) -> dict[str, Any]:
    """The page of one account."""
    absent, _ = account_readiness.missing_scopes(account, settings())
    return {
        **shown(), "row": connections.row(current_actor(), account.id), "account": account,
        "asked": account_readiness.asked(account.network, settings()), "absent": absent,
        "current_slug": current_profile().slug,
    }  # fmt: skip


def around(shown: dict[str, Any]) -> list[str]:
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


def _clock(*, short: bool = False) -> Callable[[datetime], str]:
    """Times in the brand's zone: "on Tue 12 May at 17:30", or short "12 May 17:30"."""
    zone = current_profile().zone

    def when(at: datetime) -> str:
        local, today = at.astimezone(zone), now().astimezone(zone)
        if local.date() == today.date():
            return f"Today {local:%H:%M}" if short else f"today at {local:%H:%M}"
        day = f"{local.day} {local:%b}{'' if local.year == today.year else f' {local.year}'}"
        return f"{day} {local:%H:%M}" if short else f"on {local:%a} {day} at {local:%H:%M}"

    return when


def ways(
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
        account = account or account_of(network, uuid(start_form.account.data))
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


# What a sign-in can act for, where it is not simply the account (networks' own words).
KINDS = {"page": "Page", "organization": "Organization", "member": "Your own profile",
         "channel": "Channel"}  # fmt: skip


def refused(network: str, form: Form, error: AppError, **forms: Any) -> ResponseReturnValue:
    """The ways in again with the words where they belong: 422, or 429 when asked to wait."""
    if error.status in (403, 404, 409):
        raise error
    problem = "" if form.take(error) else error.message
    response = make_response(ways(network, problem=problem, **forms))
    response.status_code = 429 if error.status == 429 else 422
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def token_page(form: TokenForm, problem: str = "") -> str:
    slug = current_profile().slug
    return render_template("connections/token.html", form=form, problem=problem, current_slug=slug)


def token_form(**given: Any) -> TokenForm:
    form = TokenForm(**given)
    form.network.choices = [
        (offer.network, offer.title) for offer in connections.offers() if "token" in offer.ways
    ]
    return form


def chooser(row: PendingConnection, problem: str = "") -> str:
    found = accounts.identities(row)
    here = {one.handle for one in connections.listing(current_actor(), row.profile_id).rows
            if one.network == row.network}  # fmt: skip
    meant = row.identities.get("reconnect")
    return render_template(
        "connections/choose.html", pending=row, found=found, here=here, problem=problem,
        title=connections.networks_title(row.network), current_slug=current_profile().slug,
        meant=account_of(row.network, uuid(meant)) if meant else None, kinds=KINDS,
    )  # fmt: skip


def account_named(network: str) -> Row | None:
    return account_of(network, uuid(request.args.get("account")))


def account_of(network: str, account_id: UUID | None) -> Row | None:
    """The account of this brand that is to be brought back, if there is one."""
    if account_id is None:
        return None
    found = accounts.get(current_actor(), account_id)
    if found.profile_id != current_profile().id or found.network != network:
        raise NotFound()
    return connections.row(current_actor(), account_id)


def uuid(text: str | None) -> UUID | None:
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound() from error
