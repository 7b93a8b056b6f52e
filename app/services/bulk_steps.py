"""What an order does to one of its posts, whether it can, and how that is taken back.

Posts come here locked and whole. Each step looks at everything before it writes, through the
same functions as the actions on a single post; ``bulk.py`` records, settles and commits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from app.clock import now, to_utc
from app.errors import AppError, Conflict, InvalidTransition, NotFound, ValidationFailed
from app.extensions import db
from app.models.accounts import AccountStatus, SocialAccount
from app.models.keys import Confirmation
from app.models.posts import Post, PostTarget, TargetState
from app.models.profiles import Profile
from app.permissions import Actor
from app.services import confirmations, labels, post_changes, seat_belt, starting
from app.services.access import reach
from app.services.bulk_orders import Order
from app.services.writing import refuse_problems

S = TargetState
OFF = (S.CANCELLED, S.DISCARDED)
PASSED = "Its old time has passed, so it stays where it is."
WRITING = "Somebody is writing a change of it. Save or drop that first."
AS_DRAFT = "Its time has passed, so it came back as a draft."


@dataclass(frozen=True)
class Plan:
    """What would become of a post: its new time, or words where the time stays. ``mark`` is what
    else the person is shown, and means."""

    to: datetime | None = None
    words: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Done:
    """What an undo needs; ``made`` is a new post, ``action`` and ``detail`` are for the record."""

    action: str
    before: dict[str, Any] = field(default_factory=dict)
    made: Post | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    note: str = ""


class Step:
    """One kind of order. ``gone``: an undo finds the posts among the deleted ones."""

    gone: ClassVar[bool] = False

    def __init__(self, actor: Actor, profile: Profile, order: Order) -> None:
        self.actor, self.profile, self.order = actor, profile, order

    def prepare(self, posts: Sequence[Post]) -> None:
        """Read what is needed of all posts at once."""

    def check(self, post: Post, mark: str) -> Plan:
        """What would be done. Raises ``AppError`` saying why not; writes nothing."""
        raise AssertionError

    def do(self, post: Post, mark: str) -> Done:
        """Do it; raises as ``check`` does, before anything is written."""
        raise AssertionError

    def undo(self, post: Post, before: Mapping[str, Any]) -> Done:
        """Take it back; raises ``AppError`` saying why it stays as it is."""
        raise AssertionError


class Move(Step):
    """Another time: by days and hours, or on one day at the time of day it has."""

    def check(self, post: Post, mark: str) -> Plan:
        refuse_begun(post)
        return Plan(post_changes.check_retime(post, self._at(post)))

    def do(self, post: Post, mark: str) -> Done:
        refuse_begun(post)
        return self._place(post, self._at(post))

    def undo(self, post: Post, before: Mapping[str, Any]) -> Done:
        refuse_begun(post)
        at = datetime.fromisoformat(before["at"])
        if at < now():
            raise InvalidTransition(PASSED)
        return self._place(post, at)

    def _place(self, post: Post, at: datetime) -> Done:
        was = starting.stamp(post.due_at)
        post_changes.retime(self.actor, post, at)
        return Done("post.moved", {"at": was}, detail={"before": was,
                    "after": starting.stamp(post.due_at)})  # fmt: skip

    def _at(self, post: Post) -> datetime:
        if post.due_at is None:
            raise InvalidTransition("It has no time yet. Open it to give it one.")
        local = post.due_at.astimezone(self.profile.zone).replace(tzinfo=None, fold=0)
        if self.order.on is not None:
            return to_utc(datetime.combine(self.order.on, local.time()), self.profile.zone)
        if not self.order.days:
            return post.due_at + timedelta(hours=self.order.hours)
        return later(post.due_at, self.order.days, self.profile) + timedelta(hours=self.order.hours)


class Delete(Step):
    gone = True

    def prepare(self, posts: Sequence[Post]) -> None:
        self.worn = labels.of_posts([post.id for post in posts])
        self.known = labels.known(self.profile.id)

    def check(self, post: Post, mark: str) -> Plan:
        refuse_begun(post, failed=True)
        return Plan(words="Is deleted")

    def do(self, post: Post, mark: str) -> Done:
        refuse_begun(post, failed=True)
        asked = seat_belt.pending(post.id) if seat_belt.waits(post) else None
        live = [t for t in post.targets if t.state not in OFF]
        before = {
            "accounts": [str(t.account_id) for t in live],
            "again": post.armed and all(t.state is S.SCHEDULED for t in live),
            "key": str(asked.key_id) if asked else None,
        }
        post_changes.throw_away(post)
        return Done("post.discarded", before)

    def undo(self, post: Post, before: Mapping[str, Any]) -> Done:
        """What is discarded stays so: a new post with the same content takes its place."""
        wanted = {UUID(one) for one in before["accounts"]}
        accounts = [t.account for t in post.targets if t.account_id in wanted]
        made = copy_for(post, post.author_id, accounts)
        made.link, made.source, made.counted_at = post.link, post.source, post.counted_at
        made.accepted = list(post.accepted)
        made.late_policy, made.late_limit_minutes = post.late_policy, post.late_limit_minutes
        note = ""
        if not post.armed:
            made.due_at = post.due_at
        store(made)
        labels.put_on(post.profile_id, made.id, self.worn.get(post.id, ()), self.known)
        if post.armed:
            note = self._again(made, post.due_at, before)
        return Done("post.restored", made=made, detail={"source": str(post.id)}, note=note)

    def _again(self, made: Post, due: datetime | None, before: Mapping[str, Any]) -> str:
        if not before["again"] or due is None or due < now():
            return AS_DRAFT
        try:
            starting.put_new(self.actor, made, due, quick=False)
        except AppError as error:
            return f"It came back as a draft. {error.message}"[:500]
        if before["key"]:
            seat_belt.ask_again(made, made.targets, UUID(before["key"]))
        return ""


class Duplicate(Step):
    """Copies: drafts without a time, or some days later at the same time of day."""

    def check(self, post: Post, mark: str) -> Plan:
        if self.order.drafts:
            return Plan(words="Is copied as a draft")
        due, accounts = self._later(post)
        if post.armed:
            trial = copy_for(post, None, accounts)
            refuse_problems(trial, trial.targets, waits=True)
        return Plan(due)

    def do(self, post: Post, mark: str) -> Done:
        active = [t.account for t in post.targets if t.account.status is AccountStatus.ACTIVE]
        detail = {"source": str(post.id)}
        if self.order.drafts:
            made = copy_for(post, self.actor.user_id, active)
            store(made)
            return Done("post.duplicated", made=made, detail=detail)
        due, accounts = self._later(post)
        made = copy_for(post, self.actor.user_id, accounts)
        made.due_at = due
        if not post.armed:
            store(made)
            return Done("post.duplicated", made=made, detail=detail)
        with db.session.begin_nested():  # what a refusal has counted by then is not counted
            store(made)
            starting.put_new(self.actor, made, due, quick=False)
        return Done("post.duplicated", made=made, detail=detail)

    def undo(self, post: Post, before: Mapping[str, Any]) -> Done:
        refuse_begun(post, failed=True)
        post_changes.throw_away(post)
        return Done("post.discarded")

    def _later(self, post: Post) -> tuple[datetime, list[SocialAccount]]:
        if post.due_at is None:
            raise InvalidTransition("It has no time yet, so there is no later one.")
        due = starting.due_of(later(post.due_at, self.order.days, self.profile))
        found = [t.account for t in post.targets if t.account.status is AccountStatus.ACTIVE]
        if post.armed and not found:
            raise InvalidTransition("None of its accounts can be used now.")
        return due, found


class Accounts(Step):
    """Other accounts for posts that still wait."""

    def prepare(self, posts: Sequence[Post]) -> None:
        wanted = list(dict.fromkeys((*self.order.add, *self.order.off)))
        found = reach(self.actor).many(SocialAccount, wanted)
        if any(one.profile_id != self.profile.id for one in found):
            raise NotFound("An account you chose is not one of this brand’s.", field="accounts")
        self.known = {one.id: one for one in found}
        self.written = written(self.actor, posts)

    def check(self, post: Post, mark: str) -> Plan:
        accounts = self._wanted(post)
        if post.armed:
            post_changes.check_rewrite(post, self._copy(post, accounts))
        return Plan(words=f"Goes to {many(len(accounts), 'account')}")

    def do(self, post: Post, mark: str) -> Done:
        before = [str(t.account_id) for t in live(post)]
        self._put(post, self._wanted(post))
        return Done("post.edited", {"accounts": before})

    def undo(self, post: Post, before: Mapping[str, Any]) -> Done:
        refuse_begun(post)
        self._refuse_written(post)
        here = {t.account_id: t.account for t in post.targets} | self.known
        wanted = [UUID(one) for one in before["accounts"]]
        if any(one not in here for one in wanted):
            raise InvalidTransition("An account it went to is not there any more.")
        self._put(post, [here[one] for one in wanted])
        return Done("post.edited")

    def _wanted(self, post: Post) -> list[SocialAccount]:
        refuse_begun(post)
        self._refuse_written(post)
        have = {t.account_id: t.account for t in live(post)}
        found = {one: row for one, row in have.items() if one not in self.order.off}
        found |= {one: self.known[one] for one in self.order.add}
        if found.keys() == have.keys():
            raise InvalidTransition("It has these accounts already.")
        if not found and post.armed:
            raise ValidationFailed("It would go to no account any more.", field="accounts")
        return list(found.values())

    def _refuse_written(self, post: Post) -> None:
        if post.id in self.written:
            raise Conflict(WRITING)

    def _copy(self, post: Post, accounts: Sequence[SocialAccount]) -> Post:
        copy = post_changes.working_copy(post)
        copy.targets = [fresh(one, post.profile_id) for one in accounts]
        return copy

    def _put(self, post: Post, accounts: Sequence[SocialAccount]) -> None:
        if post.armed:
            post_changes.rewrite(post, self._copy(post, accounts))
            return
        post_changes.choose(post, accounts)
        post.rev += 1


class Labels(Step):
    """Labels put on and taken off, of whatever post: nothing that goes out is touched."""

    def prepare(self, posts: Sequence[Post]) -> None:
        self.worn = labels.of_posts([post.id for post in posts])
        self.known = labels.known(self.profile.id)

    def check(self, post: Post, mark: str) -> Plan:
        kept = [one for one in self._worn(post) if one not in self._fewer(post)]
        found = [*kept, *self._more(post)]
        if found == self._worn(post):
            raise InvalidTransition("It is labelled like that already.")
        return Plan(words=f"Labelled {', '.join(found)}" if found else "Has no label then")

    def do(self, post: Post, mark: str) -> Done:
        self.check(post, mark)
        on, off = self._more(post), self._fewer(post)
        labels.put_on(self.profile.id, post.id, on, self.known)
        labels.take_off(self.profile.id, post.id, off)
        return Done("post.labelled", {"on": on, "off": off}, detail={"on": on, "off": off})

    def undo(self, post: Post, before: Mapping[str, Any]) -> Done:
        labels.put_on(self.profile.id, post.id, before["off"], self.known)
        labels.take_off(self.profile.id, post.id, before["on"])
        return Done("post.labelled")

    def _worn(self, post: Post) -> list[str]:
        return self.worn.get(post.id, [])

    def _more(self, post: Post) -> list[str]:
        have = {one.casefold() for one in self._worn(post)}
        return [one for one in self.order.labels if one.casefold() not in have]

    def _fewer(self, post: Post) -> list[str]:
        off = {one.casefold() for one in self.order.unlabels}
        return [one for one in self._worn(post) if one.casefold() in off]


class Approve(Step):
    """A person's word on what a key has put on the clock; ``mark`` is the request seen."""

    def prepare(self, posts: Sequence[Post]) -> None:
        self.asked = seat_belt.pending_of([post.id for post in posts])

    def check(self, post: Post, mark: str) -> Plan:
        return Plan(words="Goes out at its time", mark=str(self._asked(post, mark).id))

    def do(self, post: Post, mark: str) -> Done:
        row = self._asked(post, mark)
        key_id, seen = row.key_id, row.digest
        confirmations.give(self.actor, post, row.id, seen)
        return Done("post.confirmed", {"key": str(key_id)}, detail={"digest": seen})

    def undo(self, post: Post, before: Mapping[str, Any]) -> Done:
        refuse_begun(post)
        waiting = [t for t in post.targets if t.state is S.SCHEDULED]
        if any(t.due_at is None or t.due_at <= now() for t in waiting):
            raise InvalidTransition("It is going out now.")
        seat_belt.ask_again(post, waiting, UUID(before["key"]))
        post.rev += 1
        return Done("post.unconfirmed")

    def _asked(self, post: Post, mark: str) -> Confirmation:
        row = self.asked.get(post.id)
        if row is None or not seat_belt.waits(post):
            raise InvalidTransition("Nobody asks for approval of it.")
        if mark and mark != str(row.id):
            raise Conflict("It was changed since you looked at it.")
        return row


def refuse_begun(post: Post, *, failed: bool = False) -> None:
    """Raise ``InvalidTransition`` in words where something of the post has gone out, is going
    out, or may have; where it ``failed`` too, unless that is no hindrance."""
    states = {t.state for t in post.targets if t.state not in OFF}
    if states & {S.QUEUED, S.POSTING}:
        raise InvalidTransition("It is going out now.")
    if S.NEEDS_REVIEW in states:
        raise InvalidTransition("Nobody knows yet whether it went out. Settle that first.")
    if states == {S.PUBLISHED}:
        raise InvalidTransition("It has gone out.")
    if S.PUBLISHED in states:
        raise InvalidTransition("A part of it has gone out.")
    if S.FAILED in states and not failed:
        raise InvalidTransition("It did not go out. Open it to send it again.")
    if post.armed and not states:
        raise InvalidTransition("It goes to no account any more.")


def live(post: Post) -> list[PostTarget]:
    """The targets that were not taken off."""
    return [t for t in post.targets if t.state not in OFF]


def later(at: datetime, days: int, profile: Profile) -> datetime:
    """The same time of day some days later in the brand's zone."""
    local = at.astimezone(profile.zone).replace(tzinfo=None, fold=0)
    return to_utc(local + timedelta(days=days), profile.zone)


def written(actor: Actor, posts: Sequence[Post]) -> set[UUID]:
    """Those of the posts of which somebody is writing a change."""
    copies = reach(actor).query(Post).with_only_columns(Post.edits_id)
    found = db.session.scalars(copies.where(Post.edits_id.in_([post.id for post in posts])))
    return {one for one in found if one is not None}


def copy_for(source: Post, author: UUID | None, accounts: Sequence[SocialAccount]) -> Post:
    """A copy for these accounts, not stored yet; it can be checked as it is."""
    made = post_changes.copied(source, author, ())
    made.targets = [fresh(one, source.profile_id) for one in accounts]
    return made


def fresh(account: SocialAccount, profile_id: UUID) -> PostTarget:
    """A target of a draft."""
    return PostTarget(account=account, account_id=account.id, profile_id=profile_id, state=S.DRAFT)


def store(post: Post) -> None:
    """Let a new post have an id and its columns' defaults; the caller commits."""
    db.session.add(post)
    db.session.flush()


def many(count: int, word: str) -> str:
    """``1 post``, ``2 posts``."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"
