"""Metricool as a bridge: one token, a brand of its own, and the accounts connected there.

Metricool is asked outside of any transaction, and before anything is stored. What it connects
are ordinary accounts with ``via = metricool``; what letting go does is ``bridge_end.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select

from app import credentials, egress, events
from app.clock import now
from app.config import BRIDGE
from app.errors import AppError, BrokerError, NotFound, RateLimited, ValidationFailed
from app.extensions import db, networks, queues, write_mode
from app.ids import uuid7
from app.models.accounts import AccountStatus, SocialAccount
from app.models.integrations import Integration
from app.models.profiles import Profile
from app.networks.base import Category, NetworkError
from app.networks.metricool import API_VERSION, TITLE, Brand, Heard, Keys
from app.networks.metricool_bridge import identity
from app.permissions import Actor, Permission
from app.services import faces, linking, numbers
from app.services.access import reach

CALL_SECONDS = 25.0
READ, WRITE = Permission.ACCOUNT_READ, Permission.ACCOUNT_WRITE
NOT_LISTED = "Metricool no longer has this account in its brand. Connect it there, then refresh."
FEATURES = {"scheduling": True, "analytics": True, "media_upload": True}


@dataclass(frozen=True)
class Linked:
    """What connecting or refreshing did. ``lost`` accounts are no longer in the brand."""

    bridge: Integration
    brand: Brand
    accounts: tuple[SocialAccount, ...]
    new: int
    lost: int
    going: int = 0
    held: int = 0
    skipped: int = 0


@dataclass(frozen=True)
class Tested:
    """How a call went just now. ``status``: ``healthy``, ``unhealthy`` (the token or the brand
    is refused), ``unreachable`` or ``rate_limited``; ``problem`` says it in words."""

    status: str
    milliseconds: int | None
    left: int | None
    at: datetime
    problem: str = ""
    api_version: str = API_VERSION


def current(actor: Actor, profile_id: UUID) -> Integration | None:
    """The brand's Metricool, while it is connected."""
    actor.require(READ, profile_id)
    return db.session.scalars(
        _rows(actor, profile_id).where(Integration.ended_at.is_(None))
    ).first()


def accounts(actor: Actor, profile_id: UUID) -> list[SocialAccount]:
    """Its accounts that are not disconnected."""
    bridge = current(actor, profile_id)
    if bridge is None:
        return []
    return list(
        db.session.scalars(
            _accounts(actor, bridge)
            .where(SocialAccount.status != AccountStatus.DISCONNECTED)
            .order_by(SocialAccount.network, SocialAccount.number)
        )
    )


def look(actor: Actor, profile_id: UUID, token: str, user_id: str = "") -> Heard:
    """The brands of a token that is not stored yet, for choosing one."""
    actor.require(WRITE, profile_id)
    db.session.commit()
    token, user_id = _typed(token, user_id)
    return _ask(token, user_id)


def brands(actor: Actor, profile_id: UUID) -> tuple[Heard, str]:
    """The brands of the stored token, and the id of the one in use."""
    bridge = _needed(actor, profile_id, WRITE)
    keys = _keys(bridge)
    db.session.commit()
    return _ask(keys.token, keys.user_id), keys.blog_id


def connect(actor: Actor, profile_id: UUID, token: str, blog_id: str, user_id: str = "") -> Linked:
    """Connect the brand, or put another token or brand in the place of the one before.

    Raises ``ValidationFailed`` (``INVALID_ACCESS_TOKEN`` for a token that is refused) or
    ``BrokerError`` where Metricool cannot be asked; nothing is stored then.
    """
    actor.require(WRITE, profile_id)
    db.session.commit()
    token, user_id = _typed(token, user_id)
    blog_id = blog_id.strip()
    if not blog_id:
        raise ValidationFailed("Which brand? Give its id, blog_id.", field="blog_id")
    heard = _ask(token, user_id)
    brand = heard.brand(blog_id)
    if brand is None:
        raise ValidationFailed("This token has no brand with that id.", field="blog_id")
    keys = Keys(token, user_id or brand.user_id, brand.id)
    if not keys.user_id:
        raise ValidationFailed("Metricool needs the user id as well.", field="user_id")
    with _writing():
        bridge, again = _row(actor, profile_id)
        bridge.name, bridge.data = brand.name[:255], {
            "blog_id": brand.id, "user_id": keys.user_id, "time_zone": brand.time_zone,
            "networks": list(brand.names),
        }  # fmt: skip
        bridge.valid, bridge.enabled, bridge.reason, bridge.ended_at = True, True, "", None
        bridge.connected_by, bridge.connected_at, bridge.checked_at = actor.user_id, now(), now()
        credentials.keep_bridge(bridge, keys.tokens)
        db.session.flush()
        done, stale = _apply(actor, bridge, brand, every=True)
        events.audit(
            db.session(), actor, "integration.connected", profile_id=profile_id,
            subject="integration", subject_id=bridge.id, kind=BRIDGE, blog_id=brand.id,
            brand=brand.name, accounts=len(done.accounts), again=again,
        )  # fmt: skip
        db.session.commit()
    return _after(done, stale)


def refresh(actor: Actor, profile_id: UUID, account_id: UUID | None = None) -> Linked:
    """Look again which accounts the brand has. Those a person took off here stay off, but for
    ``account_id``."""
    bridge = _needed(actor, profile_id, WRITE)
    keys = _keys(bridge)
    db.session.commit()
    heard, problem = _asked(actor, profile_id, keys)
    if problem is not None or heard is None:
        raise problem or BrokerError()
    brand = heard.brand(keys.blog_id)
    assert brand is not None
    with _writing():
        bridge = _needed(actor, profile_id, WRITE, lock=True)
        done, stale = _apply(actor, bridge, brand, every=False, also=account_id)
        bridge.name = brand.name[:255]
        bridge.data = {**bridge.data, "time_zone": brand.time_zone, "networks": list(brand.names)}
        events.audit(
            db.session(), actor, "integration.refreshed", profile_id=profile_id,
            subject="integration", subject_id=bridge.id, kind=BRIDGE, new=done.new, lost=done.lost,
        )  # fmt: skip
        db.session.commit()
    return _after(done, stale)


def test(actor: Actor, profile_id: UUID) -> Tested:
    """Ask Metricool now, and note what it said of our token."""
    bridge = _needed(actor, profile_id, READ)
    keys = _keys(bridge)
    db.session.commit()
    heard, problem = _asked(actor, profile_id, keys)
    if problem is None and heard is not None:
        return Tested("healthy", heard.milliseconds, heard.left, now())
    assert problem is not None
    status = {429: "rate_limited", 502: "unreachable"}.get(problem.status, "unhealthy")
    return Tested(status, None, None, now(), problem.message)


def platforms(brand: Brand) -> list[str]:
    """The networks of a brand that we speak too."""
    return [one.network for one in brand.linked]


# Asking ------------------------------------------------------------------------------------------


def _typed(token: str, user_id: str) -> tuple[str, str]:
    token, user_id = token.strip(), user_id.strip()
    if not token or not token.isascii() or any(c.isspace() for c in token):
        raise ValidationFailed(
            "Paste the whole token, as Metricool shows it.", field="token",
            code="INVALID_ACCESS_TOKEN",
        )  # fmt: skip
    if user_id and not (user_id.isascii() and user_id.isdigit()):
        raise ValidationFailed("The user id is a number.", field="user_id")
    return token, user_id


def _ask(token: str, user_id: str) -> Heard:
    """Metricool's brands; what goes wrong in words of ours."""
    try:
        with egress.bounded(CALL_SECONDS):
            return networks.bridge().brands(token, user_id)
    except NetworkError as error:
        raise _told(error, user_id) from error


def _asked(
    actor: Actor, profile_id: UUID, keys: Keys
) -> tuple[Heard | None, AppError | None]:  # fmt: skip
    """The same with the stored keys; the row then says whether they are still good."""
    heard: Heard | None = None
    problem: AppError | None = None
    try:
        heard = _ask(keys.token, keys.user_id)
        if heard.brand(keys.blog_id) is None:
            words = "Metricool no longer shows this brand to the token."
            problem = ValidationFailed(words, field="blog_id")
    except AppError as error:
        problem = error
    with _writing():
        bridge = current(actor, profile_id)
        if bridge is not None and not (problem and problem.status in (429, 502)):
            bridge.valid, bridge.checked_at = problem is None, now()
            bridge.reason = problem.message[:400] if problem else ""
        db.session.commit()
    return heard, problem


def _told(error: NetworkError, user_id: str) -> AppError:
    if error.category is Category.AUTH_ERROR:
        return ValidationFailed(
            f"{TITLE} does not accept this token. Copy all of it; the API is part of its Advanced "
            "plan.",
            field="token", code="INVALID_ACCESS_TOKEN",
        )  # fmt: skip
    if error.category is Category.VALIDATION:
        words = error.message if user_id else f"{TITLE} needs the user id as well."
        return ValidationFailed(words, field="user_id")
    if error.category is Category.RATE_LIMITED:
        wait = max(int((error.retry_at - now()).total_seconds()), 1) if error.retry_at else 60
        return RateLimited(f"{TITLE} asks us to wait a little.", retry_after=wait)
    if error.category is Category.NETWORK_ERROR:
        return BrokerError(f"We could not reach {TITLE}. Try again in a minute.")
    return BrokerError(f"{TITLE} gave an answer we could not read. Try again in a minute.")


# Rows --------------------------------------------------------------------------------------------


@contextmanager
def _writing() -> Iterator[None]:
    """The caller commits; a page that only reads may lead here (the test of a connection)."""
    mark = write_mode.set(True)
    try:
        yield
    except BaseException:
        db.session.rollback()
        raise
    finally:
        write_mode.reset(mark)


def _rows(actor: Actor, profile_id: UUID) -> Select[Integration]:
    return (
        reach(actor)
        .query(Integration)
        .where(Integration.profile_id == profile_id, Integration.kind == BRIDGE)
        .order_by(Integration.number)
    )


def _accounts(actor: Actor, bridge: Integration) -> Select[SocialAccount]:
    return (
        reach(actor)
        .query(SocialAccount)
        .where(
            SocialAccount.profile_id == bridge.profile_id,
            SocialAccount.via == BRIDGE,
            SocialAccount.integration_id == bridge.id,
        )
    )


def _needed(
    actor: Actor, profile_id: UUID, need: Permission, *, lock: bool = False
) -> Integration:  # fmt: skip
    actor.require(need, profile_id)
    found = _rows(actor, profile_id).where(Integration.ended_at.is_(None))
    row = db.session.scalars(found.with_for_update() if lock else found).first()
    if row is None:
        raise NotFound(f"{TITLE} is not connected.")
    return row


def _row(actor: Actor, profile_id: UUID) -> tuple[Integration, bool]:
    """The row to write, one a profile, and whether it was there: its accounts come back."""
    db.session.execute(select(Profile.id).where(Profile.id == profile_id).with_for_update())
    found = db.session.scalars(_rows(actor, profile_id)).first()
    if found is not None:
        return found, True
    made = Integration(
        id=uuid7(), number=numbers.take(db.session(), Integration), profile_id=profile_id,
        kind=BRIDGE,
    )  # fmt: skip
    db.session.add(made)
    return made, False


def _keys(bridge: Integration) -> Keys:
    try:
        return Keys.of(credentials.bridge_keys(bridge))
    except NetworkError as error:
        raise NotFound(f"{TITLE} is not connected.") from error


def _apply(
    actor: Actor, bridge: Integration, brand: Brand, *, every: bool, also: UUID | None = None
) -> tuple[Linked, list[SocialAccount]]:
    """Make, bring back and let go of accounts as the brand has them; in the caller's
    transaction."""
    known = {one.external_id: one for one in db.session.scalars(_accounts(actor, bridge))}
    origin = linking.Origin(BRIDGE, None, uuid7(), bridge.id)
    done: list[linking.Connected] = []
    stale: list[SocialAccount] = []
    listed: set[str] = set()
    for linked in brand.linked:
        told = identity(brand, linked)
        listed.add(told.external_id)
        before = known.get(told.external_id)
        off = before is not None and before.status is AccountStatus.DISCONNECTED
        if off and not every and before is not None and before.id != also:
            continue
        made, picture = linking.join(actor, bridge.profile_id, linked.network, told, origin)
        done.append(made)
        if picture:
            stale.append(made.account)
    lost = [
        one
        for key, one in known.items()
        if key not in listed and one.status is AccountStatus.ACTIVE
    ]
    for one in lost:
        credentials.signed_out(db.session(), one, NOT_LISTED)
    bridge.checked_at = now()
    return Linked(
        bridge, brand, tuple(one.account for one in done), sum(one.new for one in done), len(lost),
        going=sum(one.released.going for one in done),
        held=sum(one.released.held for one in done),
        skipped=sum(one.released.skipped for one in done),
    ), stale  # fmt: skip


def _after(done: Linked, stale: Iterable[SocialAccount]) -> Linked:
    """What is not part of the transaction: the hint, and the pictures."""
    if done.going:
        queues.wake("publishing.deliver")
    faces.want(stale)
    return done
