"""What the composer shows of a draft: its accounts, its tabs and the texts in them (DESIGN §6.4).

Reading only. Every count, span and problem comes from the network's own ``compose`` and
``validate``, the code that builds and refuses the request.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import regex

from app.config import BRIDGE
from app.extensions import db, networks
from app.models.accounts import AccountStatus, Review, SocialAccount
from app.models.posts import Post, PostTarget, TargetState
from app.networks.base import Composed
from app.permissions import Actor
from app.services import gaps
from app.services.access import reach

GRAPHEME = regex.compile(r"\X")
TOO_LONG = 30_000  # code points: more is never stored (``drafts.MAX_TEXT``), so never counted


@dataclass(frozen=True)
class Choice:
    """An account in the picker; ``why`` says why it cannot be chosen or what it waits for."""

    id: UUID
    network: str
    title: str
    handle: str
    name: str
    hue: int
    has_picture: bool
    chosen: bool
    usable: bool
    why: str = ""


@dataclass(frozen=True)
class Tab:
    """A text of the post. ``network`` is empty for the shared one; ``left`` by its own rule."""

    network: str
    title: str
    left: int
    length: int
    own: bool
    current: bool

    @property
    def words(self) -> str:
        """What stands beside the glyph: what is left, or how much too long it is."""
        if not self.network:
            return f"{self.length:,}"
        return short(self.left) if self.left >= 0 else f"{short(-self.left)} over"


@dataclass(frozen=True)
class Piece:
    """A run of text and what it is: empty, ``link``, ``mention``, ``tag``, ``gap`` or
    ``over``."""

    text: str
    kind: str = ""


@dataclass(frozen=True)
class Box:
    """One part of the thread as it is typed; ``who`` is the network with the least left."""

    index: int
    text: str
    pieces: tuple[Piece, ...]
    left: int | None
    who: str
    network: str


def choices(actor: Actor, post: Post) -> list[Choice]:
    """The brand's accounts, those in the post first in their usual order."""
    accounts = db.session.scalars(
        reach(actor)
        .query(SocialAccount)
        .where(SocialAccount.profile_id == post.profile_id)
        .order_by(SocialAccount.number)
    )
    chosen = {t.account_id for t in targets(post)}
    return [
        _choice(one, one.id in chosen)
        for one in accounts
        if one.status is not AccountStatus.DISCONNECTED or one.id in chosen
    ]


def _choice(account: SocialAccount, chosen: bool) -> Choice:
    title = networks.get(account.network).title
    why = {
        AccountStatus.NEEDS_RECONNECT: f"{title} signed @{account.handle} out",
        AccountStatus.DISCONNECTED: f"@{account.handle} on {title} is "
        + ("suspended" if account.review is Review.SUSPENDED else "disconnected"),
    }.get(account.status, "")
    return Choice(
        id=account.id, network=account.network,
        title=f"{title} via Metricool" if account.via == BRIDGE else title, handle=account.handle,
        name=account.name or account.handle, hue=account.id.int % 6,
        has_picture=bool(account.avatar_key), chosen=chosen, usable=account.usable, why=why,
    )  # fmt: skip


def targets(post: Post) -> list[PostTarget]:
    """The targets it goes to, in the order of the picker; those left out are not chosen."""
    live = [one for one in post.targets if one.state is not TargetState.CANCELLED]
    return sorted(live, key=lambda t: t.account.number)


def chosen_networks(post: Post) -> list[str]:
    """JSON names of the networks it goes to, each once."""
    return list(dict.fromkeys(t.account.network for t in targets(post)))


def own_texts(post: Post) -> set[str]:
    """The networks that have a text of their own."""
    return {v.network for v in post.variants}


def tabs(post: Post, current: str) -> list[Tab]:
    """The shared text, then one tab a network, each with what is left by its own rule."""
    own = own_texts(post)
    length = sum(graphemes(one) for one in post.parts)
    found = [Tab("", "Everyone", 0, length, False, not current)]
    for network in chosen_networks(post):
        left = min(c.left for t in of(post, network) for c in composed(post, t))
        title = networks.get(network).title
        found.append(Tab(network, title, left, 0, network in own, network == current))
    return found


def composed(post: Post, target: PostTarget) -> list[Composed]:
    """Every part as this account's network gets and counts it."""
    return [sent(target, text) for text in post.texts(target.account.network) or [""]]


def sent(target: PostTarget, text: str) -> Composed:
    """A text as this account's network gets and counts it under the post's settings."""
    account = target.account
    options = target.post.options.get(account.network, {})
    return networks.of(account).compose(text, account.extras, options)


def boxes(post: Post, tab: str, texts: Sequence[str] | None = None) -> list[Box]:
    """The parts of one tab as they are typed, marked and counted by the strictest network.

    ``texts`` are typed ones that could not be stored; else those of the post.
    """
    own = own_texts(post)
    who = [t for t in targets(post) if t.account.network == tab] if tab else [
        t for t in targets(post) if t.account.network not in own
    ]  # fmt: skip
    found = list(post.texts(tab) if texts is None else texts) or [""]
    return [_box(index, text, who) for index, text in enumerate(found)]


def _box(index: int, text: str, who: Sequence[PostTarget]) -> Box:
    marks = [(start, end, "gap") for start, end in gaps.spans(text)]
    if len(text) > TOO_LONG or not who:
        return Box(index, text, pieces(text, marks), None, "", "")
    counted = [(sent(t, text), t.account.network) for t in who]
    # Networks differ in what they make a link of: the one that marks most is shown.
    marked = max((_in_raw(text, c) for c, _ in counted), key=len)
    spans = [*(one for one in marked if one[2] != "over"), *marks]
    overs = [one for c, _ in counted for one in _in_raw(text, c) if one[2] == "over"]
    if overs:
        spans.append(min(overs))
    least, network = min(counted, key=lambda one: one[0].left)
    title = networks.get(network).title
    return Box(index, text, pieces(text, spans), least.left, title, network)


def _in_raw(text: str, sent: Composed) -> list[tuple[int, int, str]]:
    """The spans of what is sent, in places of what was typed; none where they differ within."""
    at = text.find(sent.text) if sent.text else -1
    if at < 0:
        return []
    return [(at + s.start, at + s.end, s.kind) for s in sent.spans]


def pieces(text: str, spans: Iterable[tuple[int, int, str]]) -> tuple[Piece, ...]:
    """The text cut at its spans; ``over`` wins where two meet."""
    given = sorted(spans)
    cuts = sorted({0, len(text), *(at for start, end, _ in given for at in (start, end))})
    found: list[Piece] = []
    for start, end in zip(cuts, cuts[1:], strict=False):
        kinds = [kind for left, right, kind in given if left <= start and end <= right]
        kind = "over" if "over" in kinds else kinds[0] if kinds else ""
        found.append(Piece(text[start:end], kind))
    return tuple(found) or (Piece(text),)


def called(post: Post, target: PostTarget) -> str:
    """The network's name, with the handle where the post goes to several accounts of it."""
    title = networks.get(target.account.network).title
    return (
        f"{title} @{target.account.handle}" if len(of(post, target.account.network)) > 1 else title
    )


def of(post: Post, network: str) -> list[PostTarget]:
    return [t for t in targets(post) if t.account.network == network]


def graphemes(text: str) -> int:
    """Characters as people see them."""
    return sum(1 for _ in GRAPHEME.finditer(text.strip()))


def many(count: int, word: str) -> str:
    """``1 post``, ``2 posts``."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def short(number: int) -> str:
    """A count as a tab shows it: 1,895 and 63k."""
    return f"{number:,}" if number < 10_000 else f"{number // 1000}k"
