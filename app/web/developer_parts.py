"""What the Developer page and its forms are drawn from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import request
from wtforms.fields import SelectChoice

from app.clock import now
from app.config import settings
from app.extensions import networks
from app.models.keys import ApiKey, KeyKind, KeyMode
from app.permissions import Permission
from app.services import hourly, key_lists, key_usage, monthly, seat_belt
from app.services.seat_belt import Belt
from app.web.actor import current_actor, current_profile
from app.web.forms.developer import EVERY, KINDS, SOME, BeltForm, KeyForm
from app.web.when import When
from app.web.words import ago

SIZE = 50
USED = timedelta(minutes=61)  # uses are noted to the minute
MODES = {
    KeyMode.DRAFT: "Drafts only", KeyMode.CONFIRM: "Asks a person first", KeyMode.PUBLISH: "",
}  # fmt: skip


@dataclass(frozen=True)
class Spent:
    """What a key has sent within the hour; ``used`` ``None``: nobody can say just now."""

    name: str
    used: int | None
    most: int


def shown() -> dict[str, Any]:
    """What every part of the page is drawn from."""
    actor, profile = current_actor(), current_profile()
    at = max(1, min(request.args.get("page", 1, type=int), 10_000))
    rows, count = key_lists.of_profile(actor, profile.id, page=at, size=SIZE)
    when = When(profile)
    return {
        **listing(rows), "keys": rows, "count": count, "at": at, "size": SIZE, "when": when,
        "month": key_usage.month(actor, profile.id), "hour": key_usage.hour(profile.id),
        "spent": _spent(rows), "plan": key_usage.plan_of(profile.id),
        "base": settings().APP_URL, "tomorrow": _tomorrow(),
        "per_hour": settings().API_REQUESTS_PER_HOUR,
    }  # fmt: skip


def listing(rows: Iterable[ApiKey]) -> dict[str, Any]:
    """What rows of the list are drawn from."""
    rows = list(rows)
    return {
        **around(), "calls": monthly.used_by(row.id for row in rows), "belts": _belts(rows),
        "ago": ago, "day": _day,
    }  # fmt: skip


def around() -> dict[str, Any]:
    """What the forms are drawn from besides themselves."""
    actor, profile = current_actor(), current_profile()
    manages = actor.may(Permission.KEY_WRITE, profile.id)
    return {"profile": profile, "manages": manages, "me": actor.user_id}


def key_form(**given: Any) -> KeyForm:
    """The form for a new key. Who manages no keys here makes keys of their own kind alone."""
    form = KeyForm(**given)
    if not around()["manages"]:
        form.kind.choices = [SelectChoice(*one) for one in KINDS if one[0] is KeyKind.ACCOUNT]
        if not form.is_submitted():
            form.kind.data = KeyKind.ACCOUNT.value
    form.accounts.choices = _accounts()
    return form


def belt_form(row: ApiKey, *, fill: bool = False) -> BeltForm:
    """The form for a key's belt, as it is worn or as it was typed."""
    if fill:
        found = seat_belt.worn(row)
        named = [str(one) for one in found.accounts or ()]
        form = BeltForm(
            formdata=None, mode=found.mode.value, notice=found.notice_minutes or None,
            a_day=found.posts_a_day, which=EVERY if found.accounts is None else SOME,
            accounts=named,
        )  # fmt: skip
    else:
        form = BeltForm()
    form.accounts.choices = _accounts(row.account_ids or ())
    return form


def belt(form: BeltForm) -> Belt:
    """What the form says."""
    some = form.which.data == SOME
    return Belt(
        KeyMode(form.mode.data), form.notice.data or 0, form.a_day.data,
        tuple(UUID(one) for one in form.accounts.data or ()) if some else None,
    )  # fmt: skip


def _accounts(named: Iterable[str] = ()) -> list[SelectChoice]:
    """The accounts to tick: the network's name with the account's."""
    profile = current_profile()
    found = key_lists.accounts(current_actor(), profile.id, list(named))
    return [
        SelectChoice(
            str(one.id),
            f"{networks.get(one.network).title}: {one.name or one.handle}"
            + ("" if one.profile_id == profile.id else " (another brand)"),
        )
        for one in found
    ]


def _belts(rows: Iterable[ApiKey]) -> dict[UUID, str]:
    """Each key's belt in a line; empty for one that nothing holds back."""
    return {row.id: _belt_words(row) for row in rows}


def _belt_words(row: ApiKey) -> str:
    found = [MODES[row.mode]]
    if row.notice_minutes:
        found.append(f"{row.notice_minutes:,} min notice")
    if row.posts_a_day is not None:
        found.append(f"{row.posts_a_day:,} post{'s' if row.posts_a_day != 1 else ''} a day")
    if row.account_ids is not None:
        count = len(row.account_ids)
        found.append(f"{count} account{'s' if count != 1 else ''}")
    return " · ".join(one for one in found if one)


def _spent(rows: Iterable[ApiKey]) -> list[Spent]:
    """The hour of the keys in use: only those are asked about."""
    found = []
    for row in rows:
        if row.revoked_at or not row.last_used_at or row.last_used_at < now() - USED:
            continue
        standing = hourly.look(row.id)
        most = settings().API_REQUESTS_PER_HOUR
        used = None if standing is None else standing.limit - standing.remaining
        found.append(Spent(row.name or row.shown, used, most))
    return found


def _tomorrow() -> str:
    """Tomorrow at nine in the brand's zone, as the API takes it."""
    local = now().astimezone(current_profile().zone) + timedelta(days=1)
    return local.replace(hour=9, minute=0, second=0, microsecond=0).isoformat()


def _day(at: datetime) -> str:
    """``2 March``, with the year where it is another one, in the brand's zone."""
    zone = current_profile().zone
    local, today = at.astimezone(zone), now().astimezone(zone)
    year = "" if local.year == today.year else f" {local.year}"
    return f"{local.day} {local:%B}{year}"
