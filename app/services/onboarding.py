"""The first steps of a brand, seen from its rows (DESIGN §6.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select

from app.extensions import db
from app.models.accounts import AccountStatus, SocialAccount
from app.models.people import User
from app.models.posts import Post
from app.models.profiles import Profile
from app.permissions import Actor, Permission
from app.services import posting_times
from app.services.access import reach

HIDDEN = "setup_hidden"  # in a person's settings: the brands whose list they closed


@dataclass(frozen=True)
class Step:
    """``key`` is ``name``, ``connect``, ``times`` or ``post``; ``may`` is false where the role
    forbids it. The list does not wait for one that is ``optional``."""

    key: str
    done: bool
    may: bool
    optional: bool = False


@dataclass(frozen=True)
class Setup:
    """The steps in order; ``hidden`` when all that are needed are done, or the person closed
    the list."""

    steps: tuple[Step, ...]
    hidden: bool

    @property
    def done(self) -> int:
        return sum(step.done for step in self.steps)

    @property
    def next(self) -> str:
        """The key of the first step still to do, or empty."""
        return next((step.key for step in self.steps if not step.done), "")


def look(actor: Actor, profile: Profile, known: Mapping[str, bool] | None = None) -> Setup:
    """How far the brand has come; steps that are ``known``, done or not, cost no look.

    A draft does not count as a post.
    """
    actor.require(Permission.PROFILE_READ, profile.id)
    accounts = reach(actor).query(SocialAccount).where(
        SocialAccount.profile_id == profile.id,
        SocialAccount.status != AccountStatus.DISCONNECTED,
    )  # fmt: skip
    posts = reach(actor).query(Post).where(Post.profile_id == profile.id, Post.armed)
    known = known or {}

    def done(key: str, ask: Callable[[], bool]) -> bool:
        return known[key] if key in known else ask()

    steps = (
        _step(actor, profile, "name", profile.named_at is not None, Permission.PROFILE_WRITE),
        _step(
            actor, profile, "connect", done("connect", lambda: _any(accounts)),
            Permission.ACCOUNT_WRITE,
        ),
        _step(
            actor, profile, "times",
            done("times", lambda: posting_times.any_set(actor, profile)),
            Permission.ACCOUNT_WRITE, optional=True,
        ),
        _step(actor, profile, "post", done("post", lambda: _any(posts)), Permission.POST_WRITE),
    )  # fmt: skip
    user = db.session.get(User, actor.user_id) if actor.user_id else None
    closed = user is not None and str(profile.id) in user.settings.get(HIDDEN, [])
    return Setup(steps, closed or all(step.done or step.optional for step in steps))


def hide(actor: Actor, profile: Profile) -> None:
    """Close the list for this person, for good."""
    actor.require(Permission.PROFILE_READ, profile.id)
    user = db.session.get_one(User, actor.user_id)
    closed = [*user.settings.get(HIDDEN, []), str(profile.id)]
    user.settings = user.settings | {HIDDEN: sorted(set(closed))}
    db.session.commit()


def _step(
    actor: Actor, profile: Profile, key: str, done: bool, need: Permission, *,
    optional: bool = False,
) -> Step:  # fmt: skip
    return Step(key, done, actor.may(need, profile.id), optional)


def _any(rows: Select[Any]) -> bool:
    return db.session.scalar(select(rows.exists())) or False
