"""People: how they come in, how they are recognised, and what they may change of themselves.

No password is hashed or checked while a transaction is open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app import clock, events, ids
from app.clock import now
from app.errors import Conflict, Forbidden, Unauthorized, ValidationFailed
from app.extensions import db
from app.models.people import User
from app.models.profiles import Profile
from app.permissions import Actor
from app.services import passwords, profiles, sessions, throttle

NAME_LIMIT = 120
THEMES = ("auto", "light", "dark")


@dataclass(frozen=True)
class Visitor:
    """Where a request comes from, before anybody is known."""

    address: str = ""
    agent: str = ""
    request_id: str = ""

    def named(self, email: str) -> Actor:
        """The visitor as the record shows them: by the e-mail they claim, not as a user."""
        return Actor(None, email, address=self.address, request_id=self.request_id)

    def as_user(self, user: User) -> Actor:
        return Actor(user.id, user.email, address=self.address, request_id=self.request_id)


class WrongPassword(Unauthorized):
    """E-mail and password do not belong together; ``left`` tries remain."""

    def __init__(
        self,
        left: int,
        message: str = "That email and password do not match.",
        field: str = "password",
    ) -> None:
        super().__init__(message, field=field)
        self.left = left


def sign_up(name: str, email: str, password: str, time_zone: str, visitor: Visitor) -> str:
    """A new person with a brand of their own; returns the token of their first session.

    ``time_zone`` is what the browser said; UTC where that is no zone. An e-mail that is
    taken is answered as a log-in with that password: whoever knows it is let in, anybody
    else gets ``WrongPassword`` and has used up a try.
    """
    name, email = check_name(name), check_email(email)
    passwords.check(password, email=email)
    taken = _find(email.lower()) is not None
    db.session.rollback()
    if taken:
        return sign_in(email, password, visitor)
    hashed = passwords.make(password)
    try:
        user, _ = _lay_out(name, email, hashed, zone_or_utc(time_zone), visitor)
    except Conflict:  # somebody was as quick with the same e-mail
        return sign_in(email, password, visitor)
    token = sessions.begin(user.id, address=visitor.address, agent=visitor.agent)
    _note("sign_up", visitor.as_user(user), user)
    db.session.commit()
    return token


def sign_in(email: str, password: str, visitor: Visitor) -> str:
    """Check a password and open a session; returns its token.

    Raises ``WrongPassword``, ``RateLimited`` or, for the right password of a suspended
    person, ``Forbidden``. People we do not know are answered in the same way and time.
    """
    key = email_key(email)
    counted = throttle.guess(key, visitor.address)
    nobodys = passwords.nobodys()
    user = _find(key)
    stored = nobodys if user is None else user.password_hash
    db.session.rollback()
    right = passwords.matches(stored, password)
    newer = passwords.make(password) if right and passwords.outdated(stored) else None
    user = _find(key)
    if not right or user is None or user.password_hash != stored:
        _note("sign_in.failed", visitor.named(key), user)
        db.session.commit()
        raise WrongPassword(counted.left)
    throttle.forgive(counted)
    if user.suspended_at:
        _note("sign_in.suspended", visitor.named(key), user)
        db.session.commit()
        raise Forbidden("This account is suspended. Ask whoever runs this Carillon.")
    user.password_hash = newer or stored
    token = sessions.begin(user.id, address=visitor.address, agent=visitor.agent)
    _note("sign_in", visitor.as_user(user), user)
    db.session.commit()
    return token


def create_user(
    email: str, password: str, name: str = "", admin: bool = False, time_zone: str = "UTC"
) -> dict[str, str]:
    """The command line's way in: the e-mail counts as verified (interfaces.md).

    Returns ``user_id``, ``profile_id`` and ``account_id``, the brand's Oktopost id.
    Raises ``ValidationFailed``, or ``Conflict`` where the e-mail is taken.
    """
    email = check_email(email)
    name = check_name(name or email.partition("@")[0])
    zone = clock.zone(time_zone).key
    passwords.check(password, email=email)
    user, profile = _lay_out(name, email, passwords.make(password), zone, Visitor())
    user.email_verified_at, user.is_operator = now(), admin
    _note("user.made", Actor(None, "command line"), user, operator=admin)
    found = {
        "user_id": str(user.id),
        "profile_id": str(profile.id),
        "account_id": ids.oktopost("001", profile.number),
    }
    db.session.commit()
    return found


def change_password(actor: Actor, present: str, new: str) -> str:
    """Set a new password; every other session ends and this one gets the token returned.

    Raises ``ValidationFailed`` (field ``new``), ``WrongPassword`` or ``RateLimited``: guessing
    the present one in a borrowed browser counts like guessing at the door.
    """
    user = _me(actor)
    key, stored, email = user.email_key, user.password_hash, user.email
    db.session.rollback()
    passwords.check(new, email=email, field="new")
    counted = throttle.guess(key, actor.address)
    if not passwords.matches(stored, present):
        _note("password.refused", actor, _me(actor))
        db.session.commit()
        raise WrongPassword(counted.left, "That is not your present password.", field="present")
    hashed = passwords.make(new)
    user = _me(actor)
    if user.password_hash != stored:
        db.session.rollback()
        raise Conflict("Your password was changed elsewhere just now. Sign in again.")
    user.password_hash = hashed
    throttle.forgive(counted)
    ended = sessions.close_others(actor)
    token = sessions.renew(actor)
    _note("password.changed", actor, user, sessions_ended=ended)
    db.session.commit()
    return token


def confirm(actor: Actor, password: str) -> str:
    """The person's password again, before something delicate (reliability §13: 15 minutes).

    The session gets the token returned. Raises ``WrongPassword`` (field ``password``) or
    ``RateLimited``: guessing it in a borrowed browser counts like guessing at the door.
    """
    user = _me(actor)
    key, stored = user.email_key, user.password_hash
    db.session.rollback()
    counted = throttle.guess(key, actor.address)
    right = passwords.matches(stored, password)
    user = _me(actor)
    if not right or user.password_hash != stored:
        _note("password.refused", actor, user)
        db.session.commit()
        raise WrongPassword(counted.left, "That is not your password.", field="password")
    throttle.forgive(counted)
    token = sessions.renew(actor)
    _note("password.given", actor, user)
    db.session.commit()
    return token


def change_name(actor: Actor, name: str) -> User:
    """What others see the person as."""
    user = _me(actor)
    user.name = check_name(name)
    db.session.commit()
    return user


def change_looks(actor: Actor, *, theme: str = "", shortcuts: bool | None = None) -> User:
    """``theme`` is ``auto`` (as the device says), ``light`` or ``dark``; what is not given stays.

    ``shortcuts``: whether single letters act (WCAG 2.1.4, DESIGN §8).
    """
    user = _me(actor)
    if theme:
        if theme not in THEMES:
            raise ValidationFailed("Choose auto, light or dark.", field="theme")
        user.theme = theme
    if shortcuts is not None:
        user.settings = user.settings | {"shortcuts": shortcuts}
    db.session.commit()
    return user


def used(user_id: UUID, profile_id: UUID) -> None:
    """Note the brand a person looked at last: the addresses without one lead there."""
    db.session.execute(update(User).where(User.id == user_id).values(last_profile_id=profile_id))
    db.session.commit()


def check_name(name: str) -> str:
    """A person's name without stray spaces; raises ``ValidationFailed``."""
    name = " ".join(name.split())
    if not name:
        raise ValidationFailed("Tell us what to call you.", field="name")
    if len(name) > NAME_LIMIT:
        raise ValidationFailed(f"Use at most {NAME_LIMIT} characters.", field="name")
    return name


def check_email(email: str) -> str:
    """The address in its normal form; raises ``ValidationFailed``.

    Its server is not asked: an installation may stand where none can be reached.
    """
    try:
        found = validate_email(
            email.strip(), check_deliverability=False, globally_deliverable=False
        )
    except EmailNotValidError as error:
        raise ValidationFailed(
            "That is not an email address. It should look like maya@example.org.", field="email"
        ) from error
    return found.normalized


def email_key(email: str) -> str:
    """What an e-mail is looked up by; never fails, whatever was typed."""
    try:
        return check_email(email).lower()
    except ValidationFailed:
        return email.strip().lower()[:254]


def zone_or_utc(name: str) -> str:
    """A zone that a browser claims, or UTC."""
    try:
        return clock.zone(name).key
    except ValidationFailed:
        return "UTC"


def first_brand(name: str) -> str:
    """What a new person's brand is called until they say."""
    return f"{name[: profiles.NAME_LIMIT - 8]}’s brand"


def _lay_out(
    name: str, email: str, hashed: str, time_zone: str, visitor: Visitor
) -> tuple[User, Profile]:
    """A person and their first brand, in the open transaction; ``Conflict`` where taken."""
    user = User(email=email, email_key=email.lower(), name=name, password_hash=hashed)
    db.session.add(user)
    try:
        db.session.flush()
    except IntegrityError as error:
        db.session.rollback()
        raise Conflict("Somebody has that email already.", field="email") from error
    actor = visitor.as_user(user)
    profile = profiles.lay_out(actor, user.id, first_brand(name), time_zone)
    user.last_profile_id = profile.id
    return user, profile


def _find(key: str) -> User | None:
    return db.session.scalars(select(User).where(User.email_key == key)).one_or_none()


def _me(actor: Actor) -> User:
    user = db.session.get(User, actor.user_id) if actor.user_id else None
    if user is None:
        raise Unauthorized("Please sign in.")
    return user


def _note(action: str, actor: Actor, user: User | None, **detail: Any) -> None:
    events.audit(
        db.session(), actor, action, subject="user", subject_id=user.id if user else None, **detail
    )
