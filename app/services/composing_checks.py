"""The checks of the composer: what blocks a network, what is worth a look, and what mends it.

They are the validation that sending does, before it is asked for (DESIGN §6.4).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import regex

from app import content
from app.clock import now
from app.config import settings
from app.extensions import networks
from app.models.accounts import AccountStatus
from app.models.posts import Post, PostTarget
from app.networks.base import Capabilities, Problem
from app.services import cropping
from app.services.composing import (
    called,
    chosen_networks,
    composed,
    many,
    of,
    own_texts,
    sent,
    targets,
)

LAST_TAG = regex.compile(r"\s+[#＃][^\s#＃]+\s*\Z")


@dataclass(frozen=True)
class Fix:
    """What mends a check: ``go`` an order to the composer, else ``focus`` an element's id,
    ``opens`` a popover's, or ``href``."""

    words: str
    go: str = ""
    focus: str = ""
    opens: str = ""
    href: str = ""


@dataclass(frozen=True)
class Beside:
    """Another post that a check is about, to be looked at: its words, its page, when and where."""

    words: str
    href: str
    about: str


@dataclass(frozen=True)
class Check:
    """One line of the checks. ``kind``: ``no`` blocks, ``warn``, ``yes``, ``todo``. ``fixes`` are
    several ways out, in place of one."""

    kind: str
    text: str
    who: str = ""
    networks: tuple[str, ...] = ()
    fix: Fix | None = None
    fixes: tuple[Fix, ...] = ()
    beside: Beside | None = None


@dataclass(frozen=True)
class Checks:
    """All of them, with the targets that could go out as they are."""

    lines: tuple[Check, ...]
    ready: tuple[UUID, ...]
    blocked: tuple[str, ...]  # names of those that could not
    total: int
    empty: bool


@dataclass(frozen=True)
class Suggestion:
    """A way out of a text that is too long for one network."""

    network: str
    title: str
    told: str
    offer: str


@dataclass(frozen=True)
class Fit:
    """What a network gets instead of a picture as it was uploaded."""

    network: str
    title: str
    text: str


def checks(post: Post, *, due: datetime | None, connect: str) -> Checks:
    """What stands in the way of sending, worst first. ``due`` is the time it would go out
    (UTC); ``connect`` is the address of the connections page."""
    lines: list[Check] = []
    ready: list[UUID] = []
    blocked: list[PostTarget] = []
    fine: list[str] = []
    found = {
        t.id: content.problems(post, t, settings()) + (content.clash(post, t) if due else [])
        for t in targets(post)
    }
    empty = bool(found) and all(any(p.fix == "add" for p in ps) for ps in found.values())
    for target in targets(post):
        problems = [p for p in found[target.id] if p.blocks or (p.fix and p.field != "alt")]
        if any(p.blocks for p in problems):
            blocked.append(target)
        else:
            ready.append(target.id)
        if not target.account.usable:
            lines.append(_waits(target, called(post, target), connect))
        elif not problems:
            fine.append(target.account.network)
        lines += [_line(post, target, p) for p in problems if not (empty and p.fix == "add")]
    lines = _together(post, lines)
    lines += _unshown(post) + _no_alt(post) + _general(post, due, empty)
    lines.sort(key=lambda one: ("no", "todo", "warn").index(one.kind))
    if fine:
        lines.append(Check("yes", "Ready", networks=tuple(dict.fromkeys(fine))))
    return Checks(tuple(lines), tuple(ready), _names(post, blocked), len(post.targets), empty)


def along(checks: Checks, more: Sequence[Check]) -> Checks:
    """With further lines, put before what is ready."""
    ready = [one for one in checks.lines if one.kind == "yes"]
    rest = [one for one in checks.lines if one.kind != "yes"]
    return replace(checks, lines=(*rest, *more, *ready))


def _together(post: Post, lines: list[Check]) -> list[Check]:
    """One line where all accounts of a network have the same trouble, under its name alone."""
    same = Counter((one.kind, one.networks, one.text) for one in lines)
    found: dict[Check, None] = {}
    for one in lines:
        network = one.networks[0]
        every = same[one.kind, one.networks, one.text] == len(of(post, network))
        name = networks.get(network).title if every else one.who
        found[Check(one.kind, one.text, name, one.networks, one.fix)] = None
    return list(found)


def _names(post: Post, blocked: list[PostTarget]) -> tuple[str, ...]:
    """Who could not go out: a network's name where none of its accounts could."""
    found: dict[str, None] = {}
    for target in blocked:
        network = target.account.network
        every = sum(t.account.network == network for t in blocked) == len(of(post, network))
        found[networks.get(network).title if every else called(post, target)] = None
    return tuple(found)


def _unshown(post: Post) -> list[Check]:
    """Pictures under a part that a network's own text does not have would not be shown there."""
    found = []
    for network in chosen_networks(post):
        parts = max(len(post.texts(network)), 1)
        gone = sum(one.part >= parts for one in post.media)
        if gone:
            title = networks.get(network).title
            text = (
                f"leaves out {many(gone, 'picture')}: its own text has only {many(parts, 'part')}"
            )
            found.append(Check("warn", text, title, (network,), Fix("See", go=f"tab:{network}")))
    return found


def _line(post: Post, target: PostTarget, problem: Problem) -> Check:
    name, network = called(post, target), target.account.network
    title = networks.get(network).title
    text = problem.message
    over = -composed(post, target)[problem.part].left if problem.field == "text" else 0
    if problem.fix == "shorten" and over > 0:
        text = f"is {many(over, 'character')} over"
    elif text.startswith(f"Choose for {title}: "):
        text = f"needs your choice: {text.removeprefix(f'Choose for {title}: ')}"
    elif text.startswith(f"{title} "):
        text = text.removeprefix(f"{title} ")
    else:
        text = f": {text}" if text[:1].isupper() else text
    if len(post.texts(network)) > 1:
        text = f"{text.rstrip('.')}, in part {problem.part + 1}"
    return Check(
        "no" if problem.blocks else "warn", text, name, (network,), _fix(post, network, problem)
    )


def _fix(post: Post, network: str, problem: Problem) -> Fix | None:
    if problem.field == "text" and problem.fix == "shorten":
        own = network in own_texts(post)
        return Fix("Fix", go=f"{'tab' if own else 'own'}:{network}")
    if problem.field == "text":
        return Fix("Write", focus=f"text-{problem.part}")
    if problem.field in ("placement", "comment") or problem.field.startswith("options."):
        name = "firstComment" if problem.field == "comment" else problem.field
        words = "Write it" if problem.fix in ("add", "shorten") else "Choose"
        return Fix(words, go=f"field:{network}:{name.removeprefix('options.')}")
    if problem.fix == "crop":
        cut = next((one for one in cropping.crops(post) if network in one.networks), None)
        if cut is not None:
            words = "Crop it" if cut.cuts else "Make it smaller"
            return Fix(words, opens=f"crop-{cut.item_id}")
    if problem.field in ("media", "alt"):
        return Fix("See", focus="media")
    return None


def _waits(target: PostTarget, name: str, connect: str) -> Check:
    out = target.account.status is AccountStatus.NEEDS_RECONNECT
    text = "signed you out. Its post waits until you reconnect" if out else (
        "is disconnected. Its post waits until it is back"
    )  # fmt: skip
    return Check("warn", text, name, (target.account.network,), Fix("Reconnect", href=connect))


def _no_alt(post: Post) -> list[Check]:
    several = len(post.media) > 1
    return [
        Check(
            "warn", f"{f'Picture {place}' if several else 'The picture'} has no alt text",
            fix=Fix("Write it", opens=f"shot-{one.id}"),
        )
        for place, one in enumerate(post.media, 1)
        if not one.alt.strip()
    ]  # fmt: skip


def _general(post: Post, due: datetime | None, empty: bool) -> list[Check]:
    found = []
    if not post.targets:
        found.append(
            Check("todo", "Choose at least one account", fix=Fix("Choose", focus="accounts"))
        )
    if empty or (not post.targets and not post.media and not any(p.strip() for p in post.parts)):
        found.append(
            Check("todo", "Write something, or add a picture", fix=Fix("Write", focus="text-0"))
        )
    if due is not None and due < now() - timedelta(seconds=60):
        found.append(Check("no", "That time has passed", fix=Fix("Change it", focus="date")))
    return found


def suggestion(post: Post) -> Suggestion | None:
    """The first network for which the shared text is too long, and what could be done."""
    own = own_texts(post)
    for target in targets(post):
        account = target.account
        if account.network in own:
            continue
        title = networks.get(account.network).title
        for text in post.parts:
            counted = sent(target, text)
            if counted.left >= 0:
                continue
            dropped = len(text) - len(shortened(post, account.network)[post.parts.index(text)])
            offer = "Leave out the last hashtags there only?" if dropped else (
                f"Write a shorter text for {title}?"
            )  # fmt: skip
            told = f"{title} takes {counted.limit:,} characters; this is {counted.count:,}."
            return Suggestion(account.network, title, told, offer)
    return None


def shortened(post: Post, network: str) -> list[str]:
    """The shared parts for one network: without their last hashtags where that makes them
    fit, else as they are."""
    return [_fewer_tags(post, network, text) for text in post.parts]


def _fewer_tags(post: Post, network: str, text: str) -> str:
    rows = of(post, network)
    tried = text
    while any(sent(one, tried).left < 0 for one in rows):
        fewer = LAST_TAG.sub("", tried)
        if fewer == tried:
            return text
        tried = fewer
    return tried


def fits(post: Post) -> list[Fit]:
    """What fitting does to pictures, said network by network, never silent."""
    found: list[Fit] = []
    for network in chosen_networks(post):
        target = of(post, network)[0]
        module = networks.of(target.account)
        caps = module.capabilities(target.account.extras)
        rows = [m for part in content.parts(post, network, settings()) for m in part.media]
        for place, media in enumerate(rows, 1):
            if not content.needs_fitting(media, caps):
                continue
            name = f"picture {place}" if len(rows) > 1 else "the picture"
            found.append(Fit(network, module.title, f"gets {name} {fitted(media.mime, caps)}."))
        for problem in content.problems(post, target, settings()):
            silent = not problem.blocks and not problem.fix and problem.field == "media"
            if silent and "made smaller" not in problem.message:
                text = problem.message.removeprefix(f"{module.title} ")
                found.append(Fit(network, module.title, text))
    return found


def fitted(mime: str, caps: Capabilities) -> str:
    """What fitting makes of a picture of that type, and why: "as a JPEG: it does not take …"."""
    if mime not in caps.image_mimes:
        return f"as a JPEG: it does not take {mime.partition('/')[2].upper()} files"
    most = caps.max_image_bytes
    size = f"{most / 1_000_000:.0f} MB" if most >= 1_000_000 else f"{most // 1000} KB"
    return f"made smaller: it takes up to {size}"
