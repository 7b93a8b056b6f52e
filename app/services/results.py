"""What became of a post: the result in words, one problem a target, every try (DESIGN §6.5, §7).

Read-only, and plain data: the page words times, this module says what happened and what can
be done about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from app.clock import now
from app.config import BRIDGE
from app.extensions import db
from app.models.accounts import Review, SocialAccount
from app.models.attempts import Attempt, AttemptState, Phase
from app.models.posts import HoldReason, Post, PostTarget, TargetState
from app.permissions import Actor
from app.services import cards, histories, posts, standing
from app.services.cards import Line, network_title, state_of

S = TargetState
A = AttemptState
ORDINAL = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth")
# What a person can do: the page draws one control for each.
RECONNECT, RETRY, EDIT, LEAVE = "reconnect", "retry", "edit", "leave"
VERDICT, DECIDE, MOVE = "verdict", "decide", "move"
REST = "{} asked this account to wait, or did not answer."


@dataclass(frozen=True)
class Problem:
    """A target that needs a person. ``fixes`` are in the order of what helps most."""

    target_id: UUID
    network: str
    handle: str
    title: str
    text: str
    fixes: tuple[str, ...]
    tone: str = "alarm"
    until: datetime | None = None  # after that it fails by itself
    look_at: str = ""  # where a person can look
    raw: tuple[tuple[datetime, str], ...] = ()  # what the network said, word for word
    door: str = ""  # what a person signs in to: the network, or the bridge to it

    @property
    def name(self) -> str:
        return network_title(self.network)


@dataclass(frozen=True)
class Delivery:
    """One account's line. ``late`` is how many seconds after its time it went out.

    ``public_at``: the network has it, and itself shows it to everybody then.
    """

    target_id: UUID
    network: str
    handle: str
    state: str  # a key of the table of looks
    text: str
    link: str
    due_at: datetime | None
    published_at: datetime | None
    late: float | None
    can_leave: bool
    public_at: datetime | None = None
    until: datetime | None = None  # nothing is tried before

    @property
    def name(self) -> str:
        return network_title(self.network)


@dataclass(frozen=True)
class Try:
    """One line of the job log; ``seconds`` is how long it took."""

    target_id: UUID
    at: datetime
    network: str
    look: str
    lead: str  # "X, second try."
    text: str
    seconds: float | None
    asked_next: datetime | None = None

    @property
    def name(self) -> str:
        return network_title(self.network)


@dataclass(frozen=True)
class Result:
    """The whole page's worth. ``state`` is a key of the table of looks."""

    post: Post
    title: str
    state: str
    words: str  # more than the state's usual word, or empty
    problems: tuple[Problem, ...]
    deliveries: tuple[Delivery, ...]
    tries: tuple[Try, ...]
    history: tuple[histories.Event, ...]
    moving: bool
    author: str
    copy_id: UUID | None  # a change of it that is being written

    @property
    def can_move(self) -> bool:
        """Whether anything of it can still be given another time."""
        states = [target.state for target in self.post.targets]
        if S.QUEUED in states or S.POSTING in states:
            return False
        return not self.post.armed or S.SCHEDULED in states or S.FAILED in states

    @property
    def public(self) -> list[Delivery]:
        """Where it can be seen already."""
        return [one for one in self.deliveries if one.published_at]


def look(actor: Actor, post_id: UUID) -> Result:
    """Everything about one post, or ``NotFound``."""
    post = posts.get(actor, post_id)
    attempts = posts.history(actor, post_id)
    by_target: dict[UUID, list[Attempt]] = {}
    for attempt in attempts:
        by_target.setdefault(attempt.target_id, []).append(attempt)
    lines = [_line(target) for target in post.targets]
    live = [line for line in lines if line.alive]
    state = state_of(post.armed, lines)
    names = histories.names(post, events := histories.audited(post))
    return Result(
        post=post,
        title=cards.headline(cards.title_of(post.parts)) or "A post without text",
        state=state,
        words=_words(state, live),
        problems=tuple(
            made
            for target in post.targets
            if (made := _problem(target, by_target.get(target.id, ())))
        ),
        deliveries=tuple(_delivery(post, t, by_target.get(t.id, ())) for t in post.targets),
        tries=tuple(_try(one) for one in reversed(attempts)),
        history=tuple(histories.told(post, events, names, attempts)),
        moving=_moving(lines, attempts),
        author=names.get(post.author_id, "") if post.author_id else "",
        copy_id=db.session.scalar(select(Post.id).where(Post.edits_id == post.id)),
    )


def _line(target: PostTarget) -> Line:
    return Line(
        target.id, target.account_id, target.account.network, target.state,
        target.hold_reason, target.due_at, target.failures, target.account.usable,
        target.flight_light or "",
    )  # fmt: skip


def _words(state: str, live: Sequence[Line]) -> str:
    """``2 of 3 went out`` where it is neither none nor all."""
    out = sum(line.state is S.PUBLISHED for line in live)
    if out and out < len(live):
        return f"{out} of {len(live)} went out"
    if state == "published" and len(live) > 1:
        return f"All {len(live)} went out"
    return ""


def _moving(lines: Sequence[Line], attempts: Sequence[Attempt]) -> bool:
    """Whether the page changes by itself: something goes out, is due, or is being asked for."""
    soon = now() + cards.SOON
    return any(
        line.state in (S.QUEUED, S.POSTING)
        or (line.state is S.SCHEDULED and line.hold is None and line.due_at and line.due_at <= soon)
        for line in lines
    ) or any(one.state is A.UNKNOWN and one.next_probe_at is not None for one in attempts)


# Problems --------------------------------------------------------------------------------------


def _problem(target: PostTarget, attempts: Sequence[Attempt]) -> Problem | None:
    account = target.account
    if target.state is S.FAILED:
        title, text, fixes = _failed(target, attempts)
        tone, until = "alarm", None
    elif target.state is S.NEEDS_REVIEW:
        title, text, fixes = _unsure(account, attempts)
        tone, until = "alarm", None
    elif target.held and target.hold_reason is not None:
        title, text, fixes = _held(target, target.hold_reason)
        by_account = target.hold_reason in (HoldReason.RECONNECT, HoldReason.DISCONNECTED)
        tone, until = "alarm" if by_account else "time", target.hold_until
    else:
        return None
    return Problem(
        target.id, account.network, account.handle, title, text, fixes, tone=tone, until=until,
        look_at=account.url, raw=tuple(_raw(attempts)), door=_door(account),
    )  # fmt: skip


def _door(account: SocialAccount) -> str:
    return network_title(BRIDGE if account.via == BRIDGE else account.network)


def _failed(target: PostTarget, attempts: Sequence[Attempt]) -> tuple[str, str, tuple[str, ...]]:
    """Title, text and fixes by the category the network's client gave it (DESIGN §7)."""
    name, said = network_title(target.account.network), (target.error or "").strip()
    usable = target.account.usable
    again = (RETRY, LEAVE)
    tried = _tried(attempts)
    if target.error_code == "MISSED_WINDOW":
        return f"It waited too long for {name}", said, (MOVE, RETRY, LEAVE)
    if not usable or target.category == "auth_error":
        if usable:
            text = "The account is connected again by now: send it once more."
            return f"{_door(target.account)} had signed you out", text, again
        text = "Reconnect the account, then send it again. Nothing is lost."
        return f"{_door(target.account)} signed you out", text, (RECONNECT, *again)
    title, text, fixes = {
        "duplicate": (*_same(name, said), (EDIT, LEAVE)),
        "media_error": (f"{name} did not take the picture or video", said, (EDIT, RETRY, LEAVE)),
        "validation": (f"{name} refused this", said, (EDIT, RETRY, LEAVE)),
        "rate_limited": (f"{name} asked us to wait for too long", said, again),
        "network_error": (f"We could not reach {name}", said, again),
        "media_processing": (f"{name} did not finish preparing the media", said, again),
    }.get(
        target.category or "",
        (f"It did not go out on {name}", said or f"{name} gave no reason we know.", again),
    )  # fmt: skip
    return title, " ".join(part for part in (text, tried) if part), fixes


def _same(name: str, said: str) -> tuple[str, str]:
    """What the network has already: the text as a rule, else what it said."""
    if said.startswith(f"{name} already has") and "text" not in said:
        return said.rstrip("."), "Change it, then send it again."
    return f"{name} already has this exact text from you", "Change a few words, then send it again."


def _tried(attempts: Sequence[Attempt]) -> str:
    count = len({one.number for one in attempts})
    return f"We tried {count} times." if count > 1 else ""


def _unsure(
    account: SocialAccount, attempts: Sequence[Attempt]
) -> tuple[str, str, tuple[str, ...]]:
    name = network_title(account.network)
    asked = max((one.probes for one in attempts), default=0)
    looked = f" We have asked {name} {asked} times." if asked > 1 else ""
    last = attempts[-1] if attempts else None
    yes = last is not None and last.accepted
    more = last is not None and last.part + 1 < int(last.content.get("parts", 1))
    follows = " If it is there, paste its link: what comes after it then goes out." if more else ""
    heard = f"{name} accepted it, but does not show it." if yes else "The answer never came."
    return (
        f"We cannot tell whether this went out on {name}",
        f"{heard}{looked} Look at {account.handle} on {name} before sending again: it may be there "
        f"already.{follows}",
        (VERDICT,),
    )


def _held(target: PostTarget, reason: HoldReason) -> tuple[str, str, tuple[str, ...]]:
    account, name = target.account, network_title(target.account.network)
    if reason is HoldReason.RECONNECT:
        return (
            f"{_door(account)} signed you out",
            f"This post waits for {account.handle}. Reconnect, and it goes out at its time.",
            (RECONNECT, LEAVE),
        )
    if reason is HoldReason.DISCONNECTED and account.review is Review.SUSPENDED:
        return (
            f"{account.handle} is suspended",
            f"This post waits for it. An owner or admin can accept it again, or leave {name} out.",
            (LEAVE,),
        )
    if reason is HoldReason.DISCONNECTED:
        return (
            f"{account.handle} is no longer connected",
            f"This post waits for it. Connect {name} again, or leave {name} out.",
            (RECONNECT, LEAVE),
        )
    if reason is HoldReason.LATE:
        return (
            f"Too late for {name}",
            "Its time passed while nothing could be sent. Choose a new time, or leave it.",
            (DECIDE, MOVE, LEAVE),
        )
    return {
        HoldReason.PAUSED: ("On hold: posting is paused", "It waits until posting goes on."),
        HoldReason.APPROVAL: ("Waiting for approval", "It goes out once somebody approves it."),
        HoldReason.QUOTA: ("On hold: the plan’s limit is reached", "It waits for a higher limit."),
    }[reason] + ((MOVE, LEAVE),)


def _raw(attempts: Sequence[Attempt]) -> list[tuple[datetime, str]]:
    """The last answers as they came, at most two."""
    found = [one for one in attempts if one.raw or one.http_status]
    return [
        (one.finished_at or one.started_at,
         "\n".join(filter(None, (f"HTTP {one.http_status}" if one.http_status else "", one.raw))))
        for one in found[-2:]
    ]  # fmt: skip


# Deliveries and tries ----------------------------------------------------------------------------


def _delivery(post: Post, target: PostTarget, attempts: Sequence[Attempt]) -> Delivery:
    late = None
    if target.published_at and target.scheduled_for:
        late = max(0.0, (target.published_at - target.scheduled_for).total_seconds())
    state: str = target.state.value
    text, until = "", None
    if target.held:
        state = "held"
    elif target.state is S.SCHEDULED and (target.failures or target.category):
        state, text, until = "retrying", target.error or "", _next_try(target)
    elif target.state is S.SCHEDULED and _rests(target):
        text, until = REST.format(network_title(target.account.network)), _next_try(target)
    elif target.state is S.POSTING and attempts and attempts[-1].state is A.UNKNOWN:
        text = target.error or ""
    elif target.state is S.PUBLISHED:
        text = target.error or ""  # it is out, with something to know about it
    stands = standing.of(target)
    if stands.inbox:
        state = "inbox"
    elif stands.public_at is not None and stands.public_at > now():
        state = "waiting"
    return Delivery(
        target.id, target.account.network, target.account.handle, state, text,
        target.permalink or "", target.due_at, target.published_at, late,
        can_leave=post.armed and target.state in (S.SCHEDULED, S.QUEUED, S.FAILED),
        public_at=stands.public_at, until=until,
    )  # fmt: skip


def _rests(target: PostTarget) -> bool:
    """Whether it would be going out now, were its account not made to wait."""
    rest, moment = target.account.cooling_until, now()
    return bool(rest and rest > moment and target.due_at and target.due_at <= moment)


def _next_try(target: PostTarget) -> datetime | None:
    """Its own time, or when its account may speak again if that is later."""
    return max(filter(None, (target.due_at, target.account.cooling_until)), default=None)


def _try(one: Attempt) -> Try:
    name = network_title(one.target.account.network)
    nth = ORDINAL[one.number - 1] if 0 < one.number <= len(ORDINAL) else f"{one.number}th"
    several = int(one.content.get("parts", 1)) > 1
    part = f", part {one.part + 1}" if several else ""
    seconds = (one.finished_at - one.started_at).total_seconds() if one.finished_at else None
    said = (one.message or "").strip().rstrip(".")
    look, text = {
        A.OPEN: ("publishing", _phase(one, name)),
        A.OK: ("published", "It is out." if not several else "This part is out."),
        A.REFUSED: ("failed", f"Refused: {said}." if said else f"{name} refused it."),
        A.FAILED: ("retrying", f"{said}." if said else "It never reached the network."),
        A.UNKNOWN: ("unknown", _asking(one, name)),
    }[one.state]
    return Try(
        one.target_id, one.started_at, one.target.account.network, look,
        f"{name}, {nth.lower()} try{part}.", text, seconds,
        one.next_probe_at if one.state is A.UNKNOWN else None,
    )  # fmt: skip


def _phase(one: Attempt, name: str) -> str:
    return {
        Phase.PREPARE: "Getting ready: pictures go first.",
        Phase.COMMIT: f"Being sent to {name}.",
        Phase.PROCESSING: f"{name} is preparing it.",
    }[one.phase]


def _asking(one: Attempt, name: str) -> str:
    if one.phase is Phase.PROCESSING:
        return f"{name} has it and is still preparing it."
    asked = {0: "", 1: " Asked once so far."}.get(one.probes, f" Asked {one.probes} times so far.")
    return f"No answer came, so {name} is asked whether it is there.{asked}"
