"""A post looked at whole and not kept: the composer's check for API clients (promises.md 10).

The post is written as ``submissions.submit`` writes it, in a transaction that is always rolled
back, so that every rule sees the rows it would see. What a rehearsal needs comes out as plain
data. Files that the request brings or names by address are taken in for the look alone
(``media.on_trial``): checked like any other, in no library, counted by no quota.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app import content
from app.content import Written
from app.extensions import db, networks
from app.models.accounts import SocialAccount
from app.models.media import Media
from app.models.posts import Post, PostTarget
from app.networks.base import Account, Network, Problem, Tokens
from app.permissions import Actor, Permission
from app.services import dry_checks, idempotency, submissions
from app.services.duplicates import Twin
from app.services.submissions import Submission


@dataclass(frozen=True)
class Link:
    """A link of a text and how much of the limit it takes."""

    url: str
    cost: int


@dataclass(frozen=True)
class Counted:
    """One part as the network gets and counts it; ``comment``: it is the first comment."""

    text: str
    count: int
    limit: int
    unit: str
    links: tuple[Link, ...]
    comment: bool = False


@dataclass(frozen=True)
class Trial:
    """One account of a post: what its network would say, and what it would be sent.

    ``own`` and ``several`` are as in ``writing.Refused``. ``files`` are copies of the rows, by
    id; those that nobody stored are in no database.
    """

    account_id: UUID
    network: str
    via: str
    account: Account
    title: str
    problems: tuple[Problem, ...]
    own: bool
    several: bool
    parts: tuple[Counted, ...]
    written: Written
    files: Mapping[str, Media]
    duplicates: tuple[Twin, ...]

    @property
    def ready(self) -> bool:
        """Whether it could go out as it is."""
        return not any(one.blocks for one in self.problems)


def look(
    actor: Actor,
    profile_id: UUID,
    sent: Submission,
    accounts: Sequence[SocialAccount],
    *,
    publish: bool = False,
) -> list[Trial]:
    """What would become of the post at each of its accounts; nothing of it is stored.

    ``publish``: it would go out at once. Raises what ``submissions.submit`` raises, but for
    what the networks refuse: that is told with each account.
    """
    actor.require(Permission.POST_WRITE, profile_id)
    mark = idempotency.noting.set(None)  # nothing is made that a repeat could point to
    try:
        post, chosen = submissions.blank(actor, profile_id, sent), [one.id for one in accounts]
        db.session.add(post)
        submissions.write(actor, post, sent, chosen)
        db.session.flush()
        waits = sent.due_at is not None and not publish
        order = {one: place for place, one in enumerate(chosen)}
        targets = sorted(post.targets, key=lambda one: order.get(one.account_id, 0))
        twins = dry_checks.twins(post, sent.due_at)
        return [_one(post, target, waits, twins) for target in targets]
    finally:
        db.session.rollback()
        idempotency.noting.reset(mark)


def _one(post: Post, target: PostTarget, waits: bool, twins: Sequence[Twin]) -> Trial:
    account, network = target.account, networks.of(target.account)
    problems = dry_checks.problems(post, target, waits=waits)
    written = content.written(db.session(), post.id, network, account.id)
    return Trial(
        account.id, account.network, account.via, _plain(account), network.title,
        tuple(problems), any(v.network == account.network for v in post.variants),
        len(post.parts) > 1, tuple(_counted(network, account, written)), written,
        {str(one.media.id): _copy(one.media) for one in post.media},
        dry_checks.at_account(twins, account.id),
    )  # fmt: skip


def _plain(account: SocialAccount) -> Account:
    """The account without what opens it."""
    return Account(
        account.external_id, account.handle, Tokens(""), account.server,
        extras=dict(account.extras),
    )  # fmt: skip


def _counted(network: Network, account: SocialAccount, written: Written) -> list[Counted]:
    caps = network.capabilities(account.extras)
    found = []
    for index, text in enumerate(written.texts):
        if written.commented and index == len(written.texts) - 1:
            found.append(Counted(text, len(text), caps.comment_limit, "characters", (), True))
            continue
        made = network.compose(text, account.extras, written.options)
        links = tuple(
            Link(span.href or made.text[span.start : span.end], _cost(
                network, account, written.options, text, made.text[span.start : span.end],
                made.count,
            ))
            for span in made.spans
            if span.kind == "link"
        )  # fmt: skip
        found.append(Counted(made.text, made.count, made.limit, caps.text_unit, links))
    return found


def _cost(
    network: Network, account: SocialAccount, options: Mapping[str, Any], text: str, link: str,
    whole: int,
) -> int:  # fmt: skip
    """What the network counts less where a word without a link stands in its place."""
    if link not in text:
        return 0
    without = network.compose(text.replace(link, "x", 1), account.extras, options)
    return whole - without.count + 1


def _copy(row: Media) -> Media:
    """The row as plain data, of no session."""
    return Media(**{one.key: getattr(row, one.key) for one in Media.__table__.columns})
