"""When a post goes out, as the composer offers it: the next open slot, good hours, a few others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID

from flask import request

from app.clock import now
from app.models.posts import Post
from app.models.profiles import Profile
from app.services import account_lists, best_times, calendar, cards, composing, posting_times, slots
from app.services.slots import NextSlot
from app.web.actor import current_actor, current_profile
from app.web.forms.calendar import filters_of

GOOD = 3


@dataclass(frozen=True)
class Shown:
    """The next open slot of a post's accounts, or why there is none: ``timed`` of its ``count``
    accounts have posting times. ``whose`` and ``along`` name accounts."""

    slot: NextSlot | None
    count: int
    timed: int
    whose: tuple[str, ...] = ()
    along: tuple[str, ...] = ()

    @property
    def at(self) -> datetime | None:
        return self.slot.at if self.slot else None


@dataclass(frozen=True)
class Good:
    """An hour that suits: its local time for the order, and words. ``typical``: not measured."""

    value: str
    words: str
    reason: str
    typical: bool


def look(post: Post) -> Shown:
    """The next open slot of the accounts that are chosen."""
    actor = current_actor()
    targets = composing.targets(post)
    ids = [one.account_id for one in targets]
    own = [post.id, post.edits_id or post.id]
    found = slots.next_open(actor, current_profile(), ids, without=own)
    if found is None:
        return Shown(None, len(ids), len(posting_times.by_account(actor, ids)))
    names = {
        one.account_id: f"{cards.network_title(one.account.network)} "
        f"{account_lists.called(one.account)}"
        if len(composing.of(post, one.account.network)) > 1
        else cards.network_title(one.account.network)
        for one in targets
    }
    return Shown(
        found, len(ids), len(found.whose), tuple(names[one] for one in found.whose),
        tuple(names[one] for one in found.along),
    )  # fmt: skip


def open_accounts(at: datetime) -> tuple[UUID, ...]:
    """Who has a slot open at that moment, on the networks that the address names (``net``)."""
    wanted = filters_of(request.args).networks
    return slots.open_at(current_actor(), current_profile(), at, networks=wanted)


def good_times() -> list[Good]:
    """The next hours that suit the brand, or most audiences where nothing is measured yet."""
    actor, profile = current_actor(), current_profile()
    found = best_times.find(actor, profile.id)
    reasons = {posting_times.weekly(one): one.reason for one in found.slots}
    made = []
    for at in slots.upcoming(list(reasons), profile.zone, GOOD, after=now()):
        reason = reasons.get(posting_times.Weekly(at.weekday(), at.hour * 60 + at.minute), "")
        far = (at.date() - calendar.today(profile)).days
        day = "Today" if far == 0 else "Tomorrow" if far == 1 else f"{at:%a}"
        made.append(Good(f"{at:%Y-%m-%dT%H:%M}", f"{day} {at:%H:%M}", reason, found.is_default))
    return made


def quick_times(profile: Profile) -> list[tuple[str, str]]:
    """A few times to pick with one press, as local ISO and words. No claim about reach."""
    local = now().astimezone(profile.zone)
    soon = (local + timedelta(minutes=90)).replace(minute=0, second=0, microsecond=0)
    tomorrow = local.date() + timedelta(days=1)
    monday = local.date() + timedelta(days=7 - local.weekday())
    found = []
    if soon.date() == local.date():
        found.append((soon, f"Today {soon:%H:%M}"))
    found.append((datetime.combine(tomorrow, time(9)), "Tomorrow 09:00"))
    found.append((datetime.combine(tomorrow, time(17, 30)), "Tomorrow 17:30"))
    if monday > tomorrow:
        found.append((datetime.combine(monday, time(9)), f"Mon {monday.day} {monday:%b} 09:00"))
    return [(f"{one:%Y-%m-%dT%H:%M}", words) for one, words in found]
