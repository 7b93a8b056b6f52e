"""When the accounts of a brand usually post: their times of the week (DESIGN §6.8).

What is made of them, the slots of a day, is ``slots.py``. Times are of the brand's own clock.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from app import events
from app.errors import NotFound, ValidationFailed
from app.extensions import db
from app.ids import uuid7
from app.models.accounts import AccountStatus, SocialAccount
from app.models.posting_times import PostingTime
from app.models.profiles import Profile
from app.permissions import Actor, Permission
from app.services import best_times
from app.services.access import reach

MOST = 24  # a day of an account
DAY = 24 * 60  # minutes
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, order=True)
class Weekly:
    """A time of the week: ``weekday`` 0 is Monday, ``minute`` counts from midnight."""

    weekday: int
    minute: int

    @property
    def clock(self) -> str:
        """``09:30``"""
        return f"{self.minute // 60:02}:{self.minute % 60:02}"

    @property
    def words(self) -> str:
        """``Tuesday 09:30``"""
        return f"{DAYS[self.weekday]} {self.clock}"

    @property
    def key(self) -> str:
        """How a form and an address name it: ``1-570``."""
        return f"{self.weekday}-{self.minute}"

    @classmethod
    def of(cls, key: str) -> Weekly:
        """The time with that key; ``ValidationFailed`` for another word."""
        day, _, minute = key.partition("-")
        if not (key.isascii() and day.isdecimal() and minute.isdecimal() and len(key) <= 6):
            raise ValidationFailed("That time is not known. Reload the page.", field="time")
        return checked(cls(int(day), int(minute)))


@dataclass(frozen=True)
class Week:
    """An account with its times, in their order."""

    account: SocialAccount
    times: tuple[Weekly, ...]

    @property
    def days(self) -> list[list[Weekly]]:
        """The times of each day, Monday's first."""
        return [[one for one in self.times if one.weekday == day] for day in range(7)]


def weeks(actor: Actor, profile: Profile) -> list[Week]:
    """The brand's accounts, in their usual order, each with its times; two statements."""
    accounts = db.session.scalars(
        reach(actor)
        .query(SocialAccount)
        .where(
            SocialAccount.profile_id == profile.id,
            SocialAccount.status != AccountStatus.DISCONNECTED,
        )
        .order_by(SocialAccount.number)
    ).all()
    found = by_account(actor, [one.id for one in accounts])
    return [Week(one, found.get(one.id, ())) for one in accounts]


def week(actor: Actor, account_id: UUID) -> Week:
    """One account with its times; ``NotFound`` for none in reach, or one taken off."""
    account = reach(actor).get(SocialAccount, account_id)
    if account.status is AccountStatus.DISCONNECTED:
        raise NotFound("That account is not connected.")
    return Week(account, by_account(actor, [account.id]).get(account.id, ()))


def by_account(
    actor: Actor, account_ids: Collection[UUID], *, lock: bool = False
) -> dict[UUID, tuple[Weekly, ...]]:
    """The times of these accounts, without those that have none.

    ``lock`` keeps the rows until the transaction ends, so that of several who look for a slot of
    an account one does so after the other.
    """
    if not account_ids:
        return {}
    asked = (
        reach(actor)
        .query(PostingTime)
        .with_only_columns(PostingTime.account_id, PostingTime.weekday, PostingTime.minute)
        .where(PostingTime.account_id.in_(account_ids))
        .order_by(PostingTime.id)
    )
    found: dict[UUID, list[Weekly]] = defaultdict(list)
    for row in db.session.execute(asked.with_for_update() if lock else asked):
        found[row.account_id].append(Weekly(row.weekday, row.minute))
    return {account_id: tuple(sorted(times)) for account_id, times in found.items()}


def any_set(actor: Actor, profile: Profile) -> bool:
    """Whether an account of the brand has a time at all."""
    rows = reach(actor).query(PostingTime).where(PostingTime.profile_id == profile.id)
    return db.session.scalar(select(rows.exists())) or False


def add(actor: Actor, account_id: UUID, times: Iterable[Weekly]) -> list[Weekly]:
    """Give an account more times; those that are new.

    Raises ``ValidationFailed`` where a day would have more than ``MOST``.
    """
    kept = _writable(actor, account_id)
    new = sorted({checked(one) for one in times} - set(kept.times))
    if not new:
        return []
    for day in range(7):
        if sum(one.weekday == day for one in (*kept.times, *new)) > MOST:
            raise ValidationFailed(
                f"{DAYS[day]} has {MOST} times, which is the limit. Take one off first.",
                field="time",
            )
    _insert(kept.account, new)
    _note(actor, kept.account, added=len(new))
    db.session.commit()
    return new


def remove(actor: Actor, account_id: UUID, times: Collection[Weekly] | None = None) -> list[Weekly]:
    """Take times off an account, all where none are named; those that were there.

    Posts that have been planned stay where they are.
    """
    kept = _writable(actor, account_id)
    gone = [one for one in kept.times if times is None or one in times]
    _delete(kept.account, gone)
    if gone:
        _note(actor, kept.account, removed=len(gone))
    db.session.commit()
    return gone


def copy(actor: Actor, account_id: UUID, to: Sequence[UUID]) -> list[SocialAccount]:
    """Give other accounts of the brand the same times in place of their own; those accounts.

    Raises ``ValidationFailed`` for no account, or one that has no times to copy, and
    ``NotFound`` for an account that is not of the brand.
    """
    source = _writable(actor, account_id)
    if not source.times:
        raise ValidationFailed("This account has no posting times to copy.", field="to")
    if not to:
        raise ValidationFailed("Choose at least one account to copy to.", field="to")
    found = reach(actor).many(SocialAccount, list(dict.fromkeys(to)))
    if any(one.profile_id != source.account.profile_id for one in found):
        raise NotFound("An account you chose is not one of this brand’s.", field="to")
    targets = [one for one in found if one.id != account_id]
    have = by_account(actor, [one.id for one in targets])
    for one in targets:
        mine = have.get(one.id, ())
        _delete(one, [time for time in mine if time not in source.times])
        _insert(one, [time for time in source.times if time not in mine])
        _note(actor, one, copied_from=str(account_id))
    db.session.commit()
    return targets


def typical(actor: Actor, profile: Profile, network: str) -> tuple[tuple[Weekly, ...], bool]:
    """The hours that suit an account of that network, and whether they are only the usual ones."""
    found = best_times.find(actor, profile.id, network)
    return tuple(sorted(weekly(one) for one in found.slots)), found.is_default


def fill(actor: Actor, account_id: UUID) -> list[Weekly]:
    """Add the hours that suit an account; those that are new."""
    kept = _writable(actor, account_id)
    times, _ = typical(actor, kept.account.profile, kept.account.network)
    return add(actor, account_id, times)


def fill_empty(actor: Actor, profile: Profile) -> int:
    """Give every account that has no times the hours that suit it; how many accounts."""
    actor.require(Permission.ACCOUNT_WRITE, profile.id)
    empty = [one.account for one in weeks(actor, profile) if not one.times]
    for account in empty:
        times, _ = typical(actor, profile, account.network)
        _insert(account, times)
        _note(actor, account, added=len(times))
    db.session.commit()
    return len(empty)


def weekly(slot: best_times.Slot) -> Weekly:
    """A best hour as a time of the week; there days count from Sunday."""
    return Weekly((slot.day - 1) % 7, slot.hour * 60)


def checked(one: Weekly) -> Weekly:
    """The same; ``ValidationFailed`` for what is no time of a week."""
    if one.weekday not in range(7) or one.minute not in range(DAY):
        raise ValidationFailed("Choose a day and a time, such as Monday 09:30.", field="time")
    return one


def _writable(actor: Actor, account_id: UUID) -> Week:
    reach(actor).get(SocialAccount, account_id, need=Permission.ACCOUNT_WRITE)
    return week(actor, account_id)


def _insert(account: SocialAccount, times: Iterable[Weekly]) -> None:
    """Two people may add the same time at once: then it is there, which is what both want."""
    rows: list[dict[str, Any]] = [
        {
            "id": uuid7(), "profile_id": account.profile_id, "account_id": account.id,
            "weekday": one.weekday, "minute": one.minute,
        }
        for one in times
    ]  # fmt: skip
    if rows:
        postgres = db.session.get_bind().dialect.name == "postgresql"
        insert = (postgresql.insert if postgres else sqlite.insert)(PostingTime)
        db.session.execute(insert.values(rows).on_conflict_do_nothing())


def _delete(account: SocialAccount, times: Iterable[Weekly]) -> None:
    by_day: dict[int, list[int]] = defaultdict(list)
    for one in times:
        by_day[one.weekday].append(one.minute)
    for day, minutes in by_day.items():
        db.session.execute(
            delete(PostingTime).where(
                PostingTime.account_id == account.id,
                PostingTime.weekday == day,
                PostingTime.minute.in_(minutes),
            )
        )


def _note(actor: Actor, account: SocialAccount, **detail: Any) -> None:
    events.audit(
        db.session(), actor, "posting_times.changed", profile_id=account.profile_id,
        subject="account", subject_id=account.id, **detail,
    )  # fmt: skip
