"""API keys: made, recognised, revoked (contracts, "Keys and access").

A key is its prefix, 43 random characters and 6 of a checksum, so that a typo is told without a
query. Only its SHA-256 is stored.
"""

from __future__ import annotations

import hmac
import re
import secrets
import string
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import events, ids
from app.clock import now
from app.errors import Forbidden, NotFound, Unauthorized, ValidationFailed
from app.extensions import db, write_mode
from app.models.keys import ApiKey, KeyKind
from app.models.people import User
from app.models.profiles import Membership, Profile
from app.permissions import Actor, Permission
from app.services import access, plans, seat_belt
from app.services.seat_belt import Belt

PREFIXES = {KeyKind.PROFILE: "ak_", KeyKind.ACCOUNT: "amp_live_"}
RANDOM, CHECK = 43, 6  # 43 of 62 letters are 256 bits
NAME_LIMIT = 80
NOTED_EVERY = timedelta(seconds=60)
LETTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_SHAPE = re.compile(r"(?:ak_|amp_live_)[0-9A-Za-z]{49}")
_NUMBER = re.compile(r"001[0-9]{12}")
REFUSED = "This API key is not valid."


def create(
    actor: Actor,
    kind: KeyKind,
    profile_id: UUID | None = None,
    name: str = "",
    belt: Belt | None = None,
) -> tuple[ApiKey, str]:
    """A key of the actor's own, and the key itself, which nobody sees again.

    A ``profile`` key needs the right to make keys there, an ``account`` key a person. A key made
    by a key wears that one's belt.
    """
    if actor.user_id is None:
        raise Unauthorized("Please sign in.")
    if kind is KeyKind.PROFILE:
        if profile_id is None or profile_id not in actor.roles:
            raise Forbidden("You cannot use that profile.")
        actor.require(Permission.KEY_WRITE, profile_id)
    else:
        profile_id = None
    name = " ".join(name.split())
    if len(name) > NAME_LIMIT:
        raise ValidationFailed(f"A key's name has at most {NAME_LIMIT} characters.", field="name")
    whole = make(PREFIXES[kind])
    row = ApiKey(
        kind=kind, name=name, key_hash=ids.digest(whole), prefix=PREFIXES[kind], last8=whole[-8:],
        user_id=actor.user_id, profile_id=profile_id, created_at=now(),
    )  # fmt: skip
    seat_belt.fasten(actor, row, seat_belt.handed_on(actor) or belt or Belt())
    db.session.add(row)
    db.session.flush()
    events.audit(
        db.session(), actor, "key.created", profile_id=profile_id, subject="api_key",
        subject_id=row.id, kind=kind.value, name=name, last8=row.last8,
    )  # fmt: skip
    db.session.commit()
    return row, whole


def create_for(
    email: str, kind: str, profile: str = "", name: str = "", belt: Belt | None = None
) -> dict[str, str | None]:
    """The command line's way (interfaces.md): a key of the person with that e-mail address."""
    key = email.strip().lower()
    user = db.session.scalars(select(User).where(User.email_key == key)).one_or_none()
    if user is None:
        raise NotFound(f"There is nobody with the e-mail address {email.strip()}.")
    actor, wanted = access.person(user), None
    if kind == KeyKind.PROFILE:
        wanted = _profile(profile) if profile else first_profile(actor)
    row, whole = create(actor, KeyKind(kind), wanted, name, belt)
    return {
        "key": whole, "id": str(row.id), "kind": row.kind.value, "name": row.name,
        "profile_id": str(row.profile_id) if row.profile_id else None, "user_id": str(user.id),
    }  # fmt: skip


def resolve(whole: str, *, address: str = "", request_id: str = "") -> Actor:
    """Who a key acts for, with the roles held now; notes its use.

    Raises ``Unauthorized``, and ``SubscriptionRequired`` where the owner's plan has no API.
    """
    if not well_formed(whole):
        raise Unauthorized(REFUSED)
    digest, at = ids.digest(whole), now()
    row = db.session.scalars(select(ApiKey).where(ApiKey.key_hash == digest)).one_or_none()
    if row is None or not hmac.compare_digest(row.key_hash, digest) or row.revoked_at is not None:
        raise Unauthorized(REFUSED)
    actor = _acting(row, address, request_id)
    _require_plan(row)
    stale = row.last_used_at is None or at - row.last_used_at > NOTED_EVERY
    key_id = row.id
    db.session.rollback()
    if stale:
        _note(key_id)
    return actor


def standing(
    user_id: UUID, key_id: UUID | None, *, address: str = "", request_id: str = ""
) -> Actor:
    """Whoever began something, a person or a key of theirs, with the roles held now.

    For what is finished later without showing the key again. Raises ``Unauthorized`` where the
    key was revoked or the person suspended.
    """
    if key_id is not None:
        row = db.session.get(ApiKey, key_id)
        if row is None or row.revoked_at is not None:
            raise Unauthorized(REFUSED)
        return _acting(row, address, request_id)
    user = db.session.get(User, user_id)
    if user is None or user.suspended_at is not None:
        raise Unauthorized(REFUSED)
    return access.person(user, address=address, request_id=request_id)


def _require_plan(row: ApiKey) -> None:
    """A profile's key works on the plan of the profile's owner, an account's on its user's own."""
    if plans.billed():
        plans.require_api(plans.owner_of(row.profile_id) if row.profile_id else row.user_id)


def _acting(row: ApiKey, address: str, request_id: str) -> Actor:
    """A key's actor: its user, within what the key is for."""
    if row.user.suspended_at is not None:
        raise Unauthorized(REFUSED)
    actor = access.person(row.user, address=address, request_id=request_id)
    roles = dict(actor.roles)
    if row.kind is KeyKind.PROFILE:
        roles = {one: role for one, role in roles.items() if one == row.profile_id}
        if not roles:
            raise Unauthorized(REFUSED)
    name = f"{row.user.email} ({row.prefix}{row.shown})"
    unbelted = seat_belt.worn(row) == Belt()
    return replace(
        actor, name=name, roles=roles, is_operator=False, key_id=row.id, unbelted=unbelted
    )


def revoke(actor: Actor, key_id: UUID) -> None:
    """End a key: the next request with it is refused. One's own, or one of a profile of which
    the actor may manage the keys."""
    row = db.session.get(ApiKey, key_id)
    own = row is not None and row.user_id == actor.user_id
    managed = (
        row is not None
        and row.profile_id is not None
        and actor.may(Permission.KEY_WRITE, row.profile_id)
    )
    if row is None or not (own or managed):
        raise NotFound()
    if row.revoked_at is None:
        row.revoked_at = now()
        events.audit(
            db.session(), actor, "key.revoked", profile_id=row.profile_id, subject="api_key",
            subject_id=row.id, last8=row.last8,
        )  # fmt: skip
    db.session.commit()


def first_profile(actor: Actor) -> UUID:
    """The profile a key without a profile of its own means: its user's first."""
    found = db.session.scalars(
        select(Membership.profile_id)
        .where(Membership.user_id == actor.user_id, Membership.profile_id.in_(actor.roles))
        .order_by(Membership.created_at, Membership.id)
        .limit(1)
    ).first()
    if found is None:
        raise NotFound("This key's user has no profile.")
    return found


def profile_numbered(actor: Actor, number: str) -> UUID | None:
    """The profile in reach with that Oktopost id (``001`` and 12 digits), or ``None``."""
    if not _NUMBER.fullmatch(number):
        return None
    found = db.session.scalars(
        access.reach(actor).query(Profile).where(Profile.number == int(number[3:]))
    ).one_or_none()
    return None if found is None else found.id


def make(prefix: str) -> str:
    """A new key."""
    body = prefix + "".join(secrets.choice(LETTERS) for _ in range(RANDOM))
    return body + _check(body)


def well_formed(whole: str) -> bool:
    """Whether it can be a key of ours at all."""
    if not _SHAPE.fullmatch(whole):
        return False
    return hmac.compare_digest(_check(whole[:-CHECK]), whole[-CHECK:])


def _check(body: str) -> str:
    """CRC-32 in six letters."""
    rest, found = zlib.crc32(body.encode()), ""
    for _ in range(CHECK):
        rest, digit = divmod(rest, len(LETTERS))
        found = LETTERS[digit] + found
    return found


def _profile(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise ValidationFailed("--profile takes the brand's id.", field="profile") from error


def _note(key_id: UUID) -> None:
    """When it was last used, once a minute; the first time goes into the record."""
    with _own_transaction() as session:
        first = session.scalar(select(ApiKey.last_used_at).where(ApiKey.id == key_id)) is None
        session.execute(update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=now()))
        row = session.get(ApiKey, key_id)
        if first and row is not None:
            events.audit(
                session, Actor(row.user_id, row.user.email), "key.first_used",
                profile_id=row.profile_id, subject="api_key", subject_id=key_id, last8=row.last8,
            )  # fmt: skip


@contextmanager
def _own_transaction() -> Iterator[Session]:
    mark = write_mode.set(True)
    try:
        with Session(db.engine) as session, session.begin():
            yield session
    finally:
        write_mode.reset(mark)
