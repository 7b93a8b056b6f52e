"""The same words to the same account, and two posts close together (promises.md 6).

One question for composer, API, agents and series: ``look``. It reads a bounded number of rows by
index, and of each only the hash and the sketch that were stored when it came onto the clock. A row
from before there were any is read from its text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, select, union_all

from app.errors import Conflict
from app.extensions import db
from app.models.accounts import SocialAccount
from app.models.posts import Post, PostTarget, PostVariant, TargetState
from app.models.profiles import Profile
from app.models.recurring import RecurringOccurrence
from app.permissions import Actor
from app.services import likeness

S = TargetState
COUNTS = (S.SCHEDULED, S.QUEUED, S.POSTING, S.PUBLISHED, S.NEEDS_REVIEW)
DAYS = range(366)  # of the window; 0 looks for none
MINUTES = range(1441)  # between two posts of an account; 0 looks for none
MOST_SAME, MOST_LIKE, MOST_CLOSE, MOST_UNREAD = 5, 300, 60, 100
APART, FEWEST = 20, 25  # accounts read one by one, and rows of each
MOST_ACCOUNTS = 100  # of a post that are looked at for the very same
SHOWN = 5
ANY = "*"  # accepted beforehand, whatever the twin: what a key may say
MOST_ACCEPTED = 50


@dataclass(frozen=True)
class Twin:
    """Another post with the same words (``same``) or nearly the same, to some of the accounts.

    ``at`` is when it goes or went out, in UTC; ``out``: it did. ``link`` is its address there.
    """

    post_id: UUID
    at: datetime
    same: bool
    out: bool
    accounts: tuple[SocialAccount, ...]
    words: str
    link: str = ""


@dataclass(frozen=True)
class Close:
    """Another post of one of the accounts near in time; ``minutes`` apart, ``before`` or after."""

    post_id: UUID
    at: datetime
    minutes: int
    before: bool
    accounts: tuple[SocialAccount, ...]
    words: str


@dataclass(frozen=True)
class Found:
    """What is in the way, nearest first. ``taken`` are the times of the accounts' other posts."""

    twins: tuple[Twin, ...] = ()
    close: tuple[Close, ...] = ()
    taken: tuple[datetime, ...] = ()


class DuplicateContent(Conflict):
    """A key sent what an account has already, in a brand that refuses it."""

    code = "DUPLICATE_CONTENT"


def stamp(post: Post, targets: Iterable[PostTarget]) -> None:
    """Store what the guard compares later; the caller commits. Called by whatever puts targets
    on the clock or changes what is on it."""
    made: dict[str, tuple[str, bytes]] = {}
    for target in targets:
        said = text_of(post.texts(target.account.network))
        if said not in made:
            made[said] = (likeness.digest(said), likeness.sketch(said))
        target.text_hash, target.text_sketch = made[said]


def text_of(parts: Sequence[str]) -> str:
    """What is compared: the whole thread."""
    return "\n\n".join(parts)


def of_post(post: Post, at: datetime) -> Found:
    """What stands in the way of this post at ``at`` (UTC), but for what was accepted."""
    accepted = set(post.accepted or ())
    if ANY in accepted:
        return Found()
    live = [t for t in post.targets if t.state not in (S.CANCELLED, S.DISCARDED)]
    texts = {t.account: text_of(post.texts(t.account.network)) for t in live}
    mine = {post.id, post.edits_id or post.id}
    series = select(RecurringOccurrence.schedule_id).where(RecurringOccurrence.post_id.in_(mine))
    profile = db.session.get_one(Profile, post.profile_id)
    return look(profile, texts, at, but=mine, but_series=series, accepted=accepted)


def look(
    profile: Profile,
    texts: Mapping[SocialAccount, str],
    at: datetime,
    *,
    but: Collection[UUID] = (),
    but_series: Select[UUID] | None = None,
    accepted: Collection[str] = (),
) -> Found:
    """What the accounts have already of these texts within the brand's window around ``at``, and
    what is near in time. ``but`` are posts, ``but_series`` the ids of recurring schedules, that
    do not count; ``accepted`` holds ids of posts that a person has let pass."""
    if not texts:
        return Found()
    accounts = {one.id: one for one in texts}
    marked = {said: (likeness.digest(said), likeness.sketch(said)) for said in set(texts.values())}
    hashes = {one.id: marked[said][0] for one, said in texts.items()}
    rows = _rows(profile, hashes, at, but, but_series)
    marks = _unread(rows)
    sketches = {one.id: marked[said][1] for one, said in texts.items()}
    window, space = _spans(profile)
    twins: dict[UUID, list[tuple[Any, bool]]] = {}
    near: dict[UUID, list[Any]] = {}
    for row in rows:
        if str(row.post_id) in accepted:
            continue
        mark, sketch = marks.get(row.id, (row.text_hash, row.text_sketch))
        same = bool(mark) and mark == hashes[row.account_id]
        away = abs(row.scheduled_for - at)
        if away <= window and (
            same or likeness.alike(sketch or b"", sketches[row.account_id]) >= likeness.ALIKE
        ):
            twins.setdefault(row.post_id, []).append((row, same))
        elif away < space:
            near.setdefault(row.post_id, []).append(row)
    taken = tuple(sorted({row.scheduled_for for row in rows if abs(row.scheduled_for - at) < DAY}))
    ordered = sorted(twins.items(), key=lambda one: (not one[1][0][1], _far(one[1][0][0], at)))
    closest = sorted(near.items(), key=lambda one: _far(one[1][0], at))
    shown = [one for one, _ in (*ordered[:SHOWN], *closest[:SHOWN])]
    words = _words(shown)
    return Found(
        tuple(_twin(found, accounts, words) for _, found in ordered[:SHOWN]),
        tuple(_close(found, accounts, words, at) for _, found in closest[:SHOWN]),
        taken,
    )


def refuse(actor: Actor, post: Post, targets: Sequence[PostTarget], at: datetime) -> None:
    """Raise ``DuplicateContent`` where a key sends what an account has already, in a brand that
    refuses it; what goes out twice by a person's hand or by a series is theirs."""
    accepted = set(post.accepted or ())  # None: of a post that is not stored yet
    if actor.key_id is None or ANY in accepted:
        return
    profile = db.session.get_one(Profile, post.profile_id)
    if not profile.duplicates_refused:
        return
    texts = {t.account: text_of(post.texts(t.account.network)) for t in targets}
    new = {
        t.account: texts[t.account]
        for t in targets
        if t.state is S.DRAFT or t.text_hash != likeness.digest(texts[t.account])
    }  # another time for the same words is no other post
    found = look(profile, new, at, but={post.id}, accepted=accepted).twins
    if not found:
        return
    first = found[0]
    how = "the same text" if first.same else "nearly the same text"
    when = f"{first.at.astimezone(profile.zone):%Y-%m-%d %H:%M}"
    whose = ", ".join(f"{one.network} @{one.handle}" for one in first.accounts)
    tense = "had" if first.out else "has"
    raise DuplicateContent(
        f"{whose} {tense} {how} on {when} ({profile.time_zone}). Change it, or send"
        " allowDuplicate: true.",
        field="content", facts={"duplicates": [plain(one) for one in found]},
    )  # fmt: skip


def plain(twin: Twin) -> dict[str, Any]:
    """A twin as APIs tell it."""
    return {
        "postId": str(twin.post_id), "at": twin.at.isoformat(), "exact": twin.same,
        "published": twin.out, "url": twin.link or None,
        "accounts": [
            {"id": str(one.id), "platform": one.network, "account": one.handle}
            for one in twin.accounts
        ],
    }  # fmt: skip


def accept(post: Post, twin: UUID) -> None:
    """Remember on the post that a person let this twin pass; the caller commits."""
    kept = [one for one in post.accepted or () if one != str(twin)]
    post.accepted = [*kept, str(twin)][-MOST_ACCEPTED:]


def accept_any(post: Post, wanted: bool) -> None:
    """Let pass whatever there is, or no longer; the caller commits."""
    kept = [one for one in post.accepted or () if one != ANY]
    post.accepted = [*kept, ANY] if wanted else kept


def free_time(found: Found, at: datetime, space: timedelta) -> datetime | None:
    """The first time from ``at`` on with room on every account, in steps of 15 minutes; ``None``
    where there is none within twelve hours."""
    step = timedelta(minutes=15)
    first = at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0) + step
    for place in range(48):
        tried = first + place * step
        if all(abs(one - tried) >= space for one in found.taken):
            return tried
    return None


DAY = timedelta(days=1)


def _spans(profile: Profile) -> tuple[timedelta, timedelta]:
    return timedelta(days=profile.duplicate_days), timedelta(minutes=profile.spacing_minutes)


def _rows(
    profile: Profile,
    hashes: Mapping[UUID, str],
    at: datetime,
    but: Collection[UUID],
    but_series: Select[UUID] | None,
) -> list[Row[Any]]:
    """Looks by index, each with its own end: the same hash, what may be nearly the same, and what
    is near in time. One statement."""
    window, space = _spans(profile)
    t = PostTarget
    columns = (
        t.id, t.post_id, t.account_id, t.scheduled_for, t.state, t.permalink, t.text_hash,
        t.text_sketch,
    )  # fmt: skip
    base = select(*columns).where(t.state.in_(COUNTS), t.post_id.not_in(but))
    if but_series is not None:
        again = select(RecurringOccurrence.post_id).where(
            RecurringOccurrence.schedule_id.in_(but_series),
            RecurringOccurrence.post_id.is_not(None),
        )
        base = base.where(t.post_id.not_in(again))
    latest = t.scheduled_for.desc()
    within = base.where(t.scheduled_for.between(at - window, at + window)).order_by(latest)
    said = {one: mark for one, mark in hashes.items() if mark} if window else {}
    # An account at a time is read off an index from its end; together they would be sorted.
    groups = [[one] for one in said] if len(said) <= APART else [list(said)]
    looks = []
    for group in groups if said else ():
        mine = t.account_id == group[0] if len(group) == 1 else t.account_id.in_(group)
        looks.append(within.where(mine).limit(max(MOST_LIKE // len(groups), FEWEST)))
    for one, mark in list(said.items())[:MOST_ACCOUNTS]:
        looks.append(within.where(t.account_id == one, t.text_hash == mark).limit(MOST_SAME))
    if space:
        day = max(space, DAY / 2)  # so that a free time can be named
        beside = base.where(t.account_id.in_(hashes), t.scheduled_for.between(at - space, at + day))
        looks.append(beside.order_by(t.scheduled_for).limit(MOST_CLOSE))
    if not looks:
        return []
    parts = [select(one.subquery()) for one in looks]
    found = db.session.execute(union_all(*parts) if len(parts) > 1 else parts[0])
    return list({row.id: row for row in found}.values())


def _unread(rows: Sequence[Row[Any]]) -> dict[UUID, tuple[str, bytes]]:
    """Hash and sketch of the newest rows that have none stored, from their texts."""
    bare = [row.id for row in rows if row.text_hash is None][:MOST_UNREAD]
    if not bare:
        return {}
    found = db.session.execute(
        select(PostTarget.id, Post.parts, PostVariant.parts.label("own"))
        .join(Post, Post.id == PostTarget.post_id)
        .join(SocialAccount, SocialAccount.id == PostTarget.account_id)
        .outerjoin(
            PostVariant,
            and_(PostVariant.post_id == Post.id, PostVariant.network == SocialAccount.network),
        )
        .where(PostTarget.id.in_(bare))
    )
    texts = {row.id: text_of(row.own or row.parts) for row in found}
    return {one: (likeness.digest(said), likeness.sketch(said)) for one, said in texts.items()}


def _words(post_ids: Sequence[UUID]) -> dict[UUID, str]:
    if not post_ids:
        return {}
    found = db.session.execute(select(Post.id, Post.parts).where(Post.id.in_(post_ids)))
    return {row.id: " ".join(text_of(row.parts)[:400].split()) for row in found}


def _twin(
    found: Sequence[tuple[Any, bool]], accounts: Mapping[UUID, SocialAccount],
    words: Mapping[UUID, str],
) -> Twin:  # fmt: skip
    row = found[0][0]
    return Twin(
        row.post_id, row.scheduled_for, all(same for _, same in found),
        any(one.state is S.PUBLISHED for one, _ in found),
        tuple(accounts[one.account_id] for one, _ in found), words.get(row.post_id, ""),
        next((one.permalink for one, _ in found if one.permalink), ""),
    )  # fmt: skip


def _close(
    found: Sequence[Any], accounts: Mapping[UUID, SocialAccount], words: Mapping[UUID, str],
    at: datetime,
) -> Close:  # fmt: skip
    row = found[0]
    return Close(
        row.post_id, row.scheduled_for, int(_far(row, at) // timedelta(minutes=1)),
        row.scheduled_for < at, tuple(accounts[one.account_id] for one in found),
        words.get(row.post_id, ""),
    )  # fmt: skip


def _far(row: Any, at: datetime) -> timedelta:
    away: timedelta = abs(row.scheduled_for - at)
    return away
