"""Find and replace over posts that have yet to go out (promises.md 11).

All that people read is looked through: the shared text with every part of a thread, networks' own
texts, first comments and titles. What a network would then refuse is left out, by the same checks
and counts that the composer shows.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select

from app import content
from app.clock import now
from app.config import settings
from app.errors import Conflict, InvalidTransition, ValidationFailed
from app.extensions import db
from app.models.posts import Post, PostStatus, PostTarget, PostVariant, TargetState
from app.models.profiles import Profile
from app.permissions import Actor
from app.services import cards, composing, labels, post_changes, versions
from app.services.access import reach
from app.services.bulk_orders import Order
from app.services.bulk_steps import WRITING, Done, Plan, Step, refuse_begun, written
from app.services.calendar import span
from app.services.drafts import MAX_TEXT
from app.services.writing import load_many

LOOKED = 5000  # posts looked through at once
MOST = 200  # listed at once
CONTEXT = 60  # characters kept around a find
# Settings of networks that are text people read, and what they are called.
SAID = {"firstComment": "first comment", "title": "title", "videoTitle": "title of the video"}
STATUSES = {"scheduled": "Scheduled", "held": "Held", "draft": "Drafts"}


@dataclass(frozen=True)
class Where:
    """Which posts are looked through. ``first`` and ``last`` are days of the brand, both within;
    posts without a time are left out as soon as one is given."""

    account: UUID | None = None
    first: date | None = None
    last: date | None = None
    status: str = ""
    label: UUID | None = None


@dataclass(frozen=True)
class Bit:
    """A run of text; ``hit``: it is what was found, or what comes in its place."""

    text: str
    hit: bool = False


@dataclass(frozen=True)
class Place:
    """One text of a post. ``network`` is empty for the shared one; ``words`` say what it is."""

    network: str
    words: str
    before: tuple[Bit, ...]
    after: tuple[Bit, ...]


@dataclass(frozen=True)
class Count:
    """What a network's own rule leaves of the text afterwards; less than 0 is too long."""

    network: str
    left: int


@dataclass(frozen=True)
class Match:
    """A post that says it, with what it would say, or ``why`` it stays as it is."""

    post: Post
    state: str
    places: tuple[Place, ...]
    counts: tuple[Count, ...]
    why: str = ""


@dataclass(frozen=True)
class Found:
    """``more`` posts say it as well and are not listed; ``cut``: not all posts were looked at."""

    matches: tuple[Match, ...] = ()
    more: int = 0
    cut: bool = False

    @property
    def ready(self) -> tuple[Match, ...]:
        return tuple(one for one in self.matches if not one.why)


@dataclass
class Change:
    """A post reworded: a copy that is not stored, and what differs."""

    copy: Post
    places: list[Place] = field(default_factory=list)


class Replace(Step):
    """Other words in a post that waits, or in a draft."""

    def prepare(self, posts: Sequence[Post]) -> None:
        self.written = written(self.actor, posts)
        self.pattern = pattern(self.order)

    def check(self, post: Post, mark: str) -> Plan:
        self.change(post)
        return Plan(words="Is changed")

    def do(self, post: Post, mark: str) -> Done:
        before = said_by(post)
        self._put(post, self.change(post).copy)
        return Done("post.edited", before)

    def undo(self, post: Post, before: Mapping[str, Any]) -> Done:
        refuse_begun(post)
        self._refuse_written(post)
        copy = post_changes.working_copy(post)
        say(copy, before)
        self._put(post, copy)
        return Done("post.edited")

    def change(self, post: Post) -> Change:
        """What it would be. Raises ``AppError`` saying why it stays as it is."""
        refuse_begun(post)
        self._refuse_written(post)
        made = reworded(post, self.pattern, self.order.swap)
        if not made.places:
            raise InvalidTransition("It does not say that any more.")
        refuse_long(post, made.copy)
        if post.armed:
            post_changes.check_rewrite(post, made.copy)
        return made

    def _put(self, post: Post, copy: Post) -> None:
        said = versions.said(post)
        if post.armed:
            post_changes.rewrite(post, copy)
        else:
            post_changes.reword(post, copy)
            post.rev += 1
        versions.keep(self.actor, post, said, anew=True)

    def _refuse_written(self, post: Post) -> None:
        if post.id in self.written:
            raise Conflict(WRITING)


def search(actor: Actor, profile: Profile, order: Order, where: Where) -> Found:
    """The posts that say it, the next to go out first, with what they would say."""
    order.check()
    ids, cut = _holding(actor, profile, pattern(order), where)
    posts = load_many(actor, ids[:MOST])
    listed = [posts[one] for one in ids[:MOST] if one in posts]
    step = Replace(actor, profile, order)
    step.prepare(listed)
    states = {
        one.id: one.state for one in cards.load(actor, profile, Post.id.in_(ids[:MOST]))
    }  # fmt: skip
    with db.session.no_autoflush:
        matches = [_match(step, post, states.get(post.id, "draft")) for post in listed]
    return Found(tuple(matches), max(len(ids) - MOST, 0), cut)


def pattern(order: Order) -> re.Pattern[str]:
    """The text itself, whatever it holds; letters of either case unless asked otherwise."""
    return re.compile(re.escape(order.find), 0 if order.case else re.IGNORECASE)


def reworded(post: Post, sought: re.Pattern[str], swap: str) -> Change:
    """The post with ``swap`` in every place."""
    made = Change(post_changes.working_copy(post))
    several = len(post.parts) > 1

    def put(text: str, network: str, words: str) -> str:
        if not sought.search(text):
            return text
        made.places.append(Place(network, words, _bits(text, sought), _bits(text, sought, swap)))
        return sought.sub(lambda _: swap, text)

    def parts(given: Sequence[str], network: str, words: str, *, several: bool) -> list[str]:
        return [
            put(text, network, f"{words}, part {n}" if several else words)
            for n, text in enumerate(given, 1)
        ]

    copy = made.copy
    copy.parts = parts(post.parts, "", "Text", several=several)
    for own in copy.variants:
        own.parts = parts(own.parts, own.network, "Own text", several=len(own.parts) > 1)
    for network, given in post.options.items():
        mine = {k: v for k, v in given.items() if k in SAID and isinstance(v, str)}
        new = {k: put(text, network, SAID[k].capitalize()) for k, text in mine.items()}
        kept = {k: new.get(k, v) for k, v in given.items()}
        copy.options = {**copy.options, network: {k: v for k, v in kept.items() if v != ""}}
    return made


def refuse_long(post: Post, copy: Post) -> None:
    """Raise ``ValidationFailed`` where the copy is longer than a network takes, or than we store.

    What was too long before may become shorter: a draft need not be ready to be mended.
    """
    texts = [*copy.parts, *(text for own in copy.variants for text in own.parts)]
    texts += [str(v) for given in copy.options.values() for k, v in given.items() if k in SAID]
    if any(len(text) > MAX_TEXT for text in texts):
        raise ValidationFailed(
            f"A text would be longer than {MAX_TEXT:,} characters.", field="swap"
        )
    was: dict[str, int] | None = None
    for one in counts(copy):
        if one.left < 0:
            was = was or {c.network: c.left for c in counts(post_changes.working_copy(post))}
            if one.left < was.get(one.network, 0):
                title = cards.network_title(one.network)
                many = composing.many(-one.left, "character")
                raise ValidationFailed(f"It would be {many} too long for {title}.", field="swap")
    if not post.armed:
        _refuse_new_problems(post, copy)


def counts(post: Post) -> list[Count]:
    """What is left for each network, by its own rule: the composer's count."""
    return [Count(one.network, one.left) for one in composing.tabs(post, "") if one.network]


def said_by(post: Post) -> dict[str, Any]:
    """All texts of a post as plain JSON."""
    return {
        "parts": list(post.parts),
        "own": {own.network: list(own.parts) for own in post.variants},
        "said": {
            network: kept
            for network, given in post.options.items()
            if (kept := {name: v for name, v in given.items() if name in SAID})
        },
    }


def say(copy: Post, texts: Mapping[str, Any]) -> None:
    """Put these texts into a copy that is not stored."""
    copy.parts = list(texts["parts"])
    copy.variants = [
        PostVariant(network=name, parts=list(parts)) for name, parts in texts["own"].items()
    ]
    copy.options = {
        network: {**given, **texts["said"].get(network, {})}
        for network, given in copy.options.items()
    }


def _match(step: Replace, post: Post, state: str) -> Match:
    made = reworded(post, step.pattern, step.order.swap)
    why = ""
    try:
        step.change(post)
    except (ValidationFailed, Conflict) as error:
        why = error.message
    return Match(post, state, tuple(made.places), tuple(counts(made.copy)), why)


def _refuse_new_problems(post: Post, copy: Post) -> None:
    """A draft may lack much; what it lacks only because of the new words is refused."""
    found = _problems(copy)
    if not found:
        return
    had = _problems(post_changes.working_copy(post))
    new = next((says for key, says in found.items() if key not in had), None)
    if new is not None:
        raise ValidationFailed(new, field="swap")


def _problems(post: Post) -> dict[tuple[Any, ...], str]:
    return {
        (target.account.network, one.field, one.part): one.message
        for target in post.targets
        for one in content.problems(post, target, settings())
        if one.blocks
    }


def _holding(
    actor: Actor, profile: Profile, sought: re.Pattern[str], where: Where
) -> tuple[list[UUID], bool]:
    """The ids of posts that say it, in the order of time, and whether some were not looked at.

    Compared here: databases differ in the case of letters, and in how they keep JSON.
    """
    clauses = (Post.profile_id == profile.id, *cards.OURS, *_clauses(profile, where))
    query = reach(actor).query(Post)
    rows = db.session.execute(
        query.with_only_columns(Post.id, Post.parts, Post.options)
        .where(*clauses)
        .order_by(Post.due_at.is_(None), Post.due_at, Post.id)
        .limit(LOOKED + 1)
    ).all()
    own: dict[UUID, list[str]] = defaultdict(list)
    for post_id, parts in db.session.execute(
        query.join(PostVariant, PostVariant.post_id == Post.id)
        .with_only_columns(PostVariant.post_id, PostVariant.parts)
        .where(*clauses)
    ):
        own[post_id] += parts
    found = [
        row.id
        for row in rows[:LOOKED]
        if any(sought.search(text) for text in _texts(row.parts, own[row.id], row.options))
    ]
    return found, len(rows) > LOOKED


def _texts(
    parts: Iterable[str], own: Iterable[str], options: Mapping[str, Mapping[str, Any]]
) -> Iterable[str]:
    yield from parts
    yield from own
    for given in options.values():
        for name, value in given.items():
            if name in SAID and isinstance(value, str):
                yield value


def _clauses(profile: Profile, where: Where) -> list[ColumnElement[bool]]:
    """Posts that have yet to go out: on the clock, or drafts whose time has not passed."""
    drafts = and_(~Post.armed, or_(Post.due_at.is_(None), Post.due_at > now()))
    waiting = and_(Post.armed, Post.status.in_((PostStatus.SCHEDULED, PostStatus.QUEUED)))
    held = and_(waiting, Post.id.in_(_target_of(PostTarget.hold_reason.is_not(None))))
    kinds = {"draft": drafts, "scheduled": waiting, "held": held}
    found: list[ColumnElement[bool]] = [kinds.get(where.status, or_(drafts, waiting))]
    if where.account is not None:
        found.append(Post.id.in_(_target_of(PostTarget.account_id == where.account)))
    if where.label is not None:
        found.append(labels.wearing(where.label))
    if where.first is not None or where.last is not None:
        first = where.first or date(1970, 1, 1)
        last = where.last or date(2199, 12, 30)
        found += span(profile, first, last + timedelta(days=1))
    return found


def _target_of(*clauses: ColumnElement[bool]) -> Any:
    live = PostTarget.state.not_in((TargetState.CANCELLED, TargetState.DISCARDED))
    return select(PostTarget.post_id).where(live, *clauses)


def _bits(text: str, sought: re.Pattern[str], swap: str | None = None) -> tuple[Bit, ...]:
    """The text around each find, with ``swap`` in its place where given."""
    found: list[Bit] = []
    at = 0
    hits = list(sought.finditer(text))
    for place, hit in enumerate(hits):
        found.append(Bit(_short(text[at : hit.start()], first=place == 0)))
        found.append(Bit(hit[0] if swap is None else swap, hit=True))
        at = hit.end()
    found.append(Bit(_short(text[at:], last=True)))
    return tuple(one for one in found if one.text)


def _short(text: str, *, first: bool = False, last: bool = False) -> str:
    """What lies between two finds, its middle left out where it is long."""
    if first and len(text) > CONTEXT:
        return "…" + text[-CONTEXT:]
    if last and len(text) > CONTEXT:
        return text[:CONTEXT] + "…"
    if not first and not last and len(text) > 2 * CONTEXT:
        return f"{text[:CONTEXT]} … {text[-CONTEXT:]}"
    return text
