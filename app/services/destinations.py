"""Boards, subreddits … of an account: looked up at the network, listed, one of them the default.

No network is spoken to inside a transaction. Which one a post goes to is ``content.destined``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar, cast
from uuid import UUID

from sqlalchemy import select

from app import credentials, egress, events
from app.clock import now
from app.errors import Conflict, NotFound, ValidationFailed
from app.extensions import Spoken, db, networks
from app.models.accounts import Destination, SocialAccount
from app.networks.base import Account, Category, Named, NetworkError
from app.networks.base import Destination as Told
from app.permissions import Actor, Permission
from app.services import numbers
from app.services.access import reach
from app.services.answers import plain, told, web_address

CALL_SECONDS = 25.0
TYPED_AGAIN = 10  # names a person typed that one look-up asks for again
TYPED = "_typed"  # in ``extras``: somebody named it, so the network's list need not hold it

Found = TypeVar("Found")


def kind_of(account: Spoken) -> str:
    """What a post there needs beside the account: ``board``, ``subreddit`` or nothing."""
    try:
        return networks.of(account).capabilities({}).destination
    except (KeyError, ModuleNotFoundError):
        return ""


def named(account: Spoken) -> bool:
    """Whether a person may type a name that the network's list does not hold."""
    return networks.of(account).capabilities({}).named


def listed(actor: Actor, account_ids: Sequence[UUID]) -> dict[UUID, list[Destination]]:
    """The destinations of these accounts by name, gone ones left out unless they are chosen."""
    if not account_ids:
        return {}
    rows = db.session.scalars(
        reach(actor)
        .query(Destination)
        .where(
            Destination.account_id.in_(account_ids),
            Destination.gone_at.is_(None) | Destination.is_default,
        )
        .order_by(Destination.number)
    )
    found: dict[UUID, list[Destination]] = {one: [] for one in account_ids}
    for row in rows:
        found[row.account_id].append(row)
    return found


def refresh(actor: Actor, account_id: UUID) -> list[Destination]:
    """Ask the network for all of them; what it no longer tells is marked as gone.

    Where it tells of a single one that takes posts, that is the default from now on.
    """
    _account(actor, account_id)
    look_up(account_id)
    return listed(actor, [account_id])[account_id]


def look_up(account_id: UUID) -> None:
    """``refresh`` for whoever has asked already whether it may be done."""
    account = db.session.get_one(SocialAccount, account_id)
    network, freely = networks.of(account), named(account)
    mine = select(Destination).where(Destination.account_id == account_id)
    kept = db.session.scalars(
        mine.where(Destination.gone_at.is_(None) | Destination.is_default).order_by(
            Destination.number
        )
    )
    typed = [one.external_id for one in kept if one.extras.get(TYPED)]
    db.session.commit()
    try:
        with egress.bounded(CALL_SECONDS):
            found = _asking(account_id, network.destinations)
            have = {one.external_id.lower() for one in found}
            for one in typed[:TYPED_AGAIN]:
                if one.lower() not in have:
                    found += _again(account_id, cast(Named, network), one)
    except NetworkError as error:
        raise told(network, error) from error
    _write(account_id, found, kept=set(typed[TYPED_AGAIN:]), whole=True)
    rows = list(db.session.scalars(mine))
    free = [one for one in rows if one.writable and one.gone_at is None]
    if len(free) == 1 and not freely and not any(one.is_default for one in rows):
        free[0].is_default = True
    account = db.session.get_one(SocialAccount, account_id)
    account.places_wanted_at, account.places_problem = None, ""
    db.session.commit()


def find(actor: Actor, account_id: UUID, name: str) -> Destination:
    """One by the name a person typed, after asking the network; kept with the account.

    Raises ``ValidationFailed(field="name")`` where there is none of that name.
    """
    account = _account(actor, account_id)
    if not named(account):
        raise ValidationFailed("Choose one from the list.", field="name")
    if not name.strip():
        raise ValidationFailed("Write a name first.", field="name")
    network = networks.of(account)
    db.session.commit()
    try:
        with egress.bounded(CALL_SECONDS):
            found = _asking(
                account_id,
                lambda opened: cast(Named, network).destination(opened, name.strip()[:100]),
            )
    except NetworkError as error:
        raise told(network, error, invalid="name") from error
    _write(account_id, [found], typed=found.external_id)
    mine = reach(actor).query(Destination).where(Destination.account_id == account_id)
    return db.session.scalars(mine.where(Destination.external_id == found.external_id[:255])).one()


def choose(actor: Actor, account_id: UUID, destination_id: UUID | None) -> Destination | None:
    """Make it the one that posts go to which name none; ``None`` leaves every post to say so."""
    account = reach(actor).get(SocialAccount, account_id, need=Permission.ACCOUNT_WRITE.value)
    mine = reach(actor).query(Destination).where(Destination.account_id == account.id)
    rows = list(db.session.scalars(mine.with_for_update(of=Destination)))
    wanted = next((one for one in rows if one.id == destination_id), None)
    if destination_id is not None and (wanted is None or wanted.gone_at is not None):
        raise NotFound("That is no longer there. Look them up again.", field="destination")
    if wanted is not None and not wanted.writable:
        raise ValidationFailed(
            wanted.note or f"This account may not post to {wanted.name}.", field="destination"
        )
    for one in rows:
        one.is_default = one is wanted
    events.audit(
        db.session(), actor, "account.destination_chosen", profile_id=account.profile_id,
        subject="social_account", subject_id=account.id, name=wanted.name if wanted else "",
    )  # fmt: skip
    db.session.commit()
    return wanted


def _account(actor: Actor, account_id: UUID) -> SocialAccount:
    """An account that can be asked: whoever writes its posts may look where they can go."""
    account = reach(actor).get(SocialAccount, account_id)
    actor.require(Permission.POST_WRITE, account.profile_id)
    if not kind_of(account):
        raise NotFound("Posts of this account need no further place.")
    if not account.usable:
        raise Conflict("This account is signed out. Connect it again first.")
    return account


def _asking(account_id: UUID, ask: Callable[[Account], Found]) -> Found:
    """Ask with a token that works; an expired one is renewed once."""
    opened = credentials.fresh(account_id)
    try:
        return ask(opened)
    except NetworkError as error:
        if not error.expired:
            raise
    return ask(credentials.fresh(account_id, force_from_version=opened.version))


def _again(account_id: UUID, module: Named, name: str) -> list[Told]:
    """What became of one that was typed once; nothing where it is gone."""
    try:
        return [_asking(account_id, lambda opened: module.destination(opened, name))]
    except NetworkError as error:
        if error.category is not Category.VALIDATION:
            raise
        return []


def _write(
    account_id: UUID, found: Sequence[Told], *, typed: str = "", kept: set[str] | None = None,
    whole: bool = False,
) -> None:  # fmt: skip
    """Rows for what was told. With ``whole`` that is all there is but for ``kept``."""
    session, at = db.session(), now()
    # The account's row keeps two look-ups apart.
    session.scalars(
        select(SocialAccount.id).where(SocialAccount.id == account_id).with_for_update()
    ).one()
    mine = select(Destination).where(Destination.account_id == account_id)
    rows = {one.external_id: one for one in session.scalars(mine)}
    seen: set[str] = set()
    for one in found:
        key = str(plain(one.external_id))[:255]
        if not key or key in seen:
            continue
        seen.add(key)
        row = rows.get(key)
        if row is None:
            number = numbers.take(session, Destination)
            row = Destination(number=number, account_id=account_id, external_id=key, extras={})
            session.add(row)
        mark = {TYPED: True} if key == typed or row.extras.get(TYPED) else {}
        row.kind, row.name = one.kind[:20], str(plain(one.name))[:255]
        row.url, row.extras = web_address(one.url), {**plain(dict(one.extras)), **mark}
        row.writable, row.note, row.gone_at = one.writable, str(plain(one.note))[:400], None
    if whole:
        for key, row in rows.items():
            if key not in seen and key not in (kept or set()) and row.gone_at is None:
                row.gone_at = at
    session.commit()
