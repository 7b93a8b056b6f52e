"""The guard against duplicates as the composer's checks say it: brass, never a stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from app.clock import now
from app.extensions import networks
from app.models.accounts import SocialAccount
from app.models.posts import Post
from app.services import duplicates
from app.services.composing import many
from app.services.composing_checks import Beside, Check, Fix
from app.services.duplicates import Close, Found, Twin

MOST = 2  # of each kind: the nearest say enough
WORDS = 90


def lines(
    post: Post,
    at: datetime | None,
    *,
    short: Callable[[datetime], str],
    page: Callable[[UUID], str],
) -> list[Check]:
    """One line for each twin and each post too close. ``at`` is when it would go out (UTC),
    ``None`` where no time is chosen; ``short`` says a moment in the brand's zone, ``page`` is the
    address of a post."""
    found = duplicates.of_post(post, at or now())
    said = [_twin(one, short, page) for one in found.twins[:MOST]]
    if at is None:
        return said
    return said + [_close(one, found, post, at, short, page) for one in found.close[:MOST]]


def called(accounts: Sequence[SocialAccount]) -> str:
    """``X and Mastodon``; with handles where a network comes twice."""
    titles = [networks.get(one.network).title for one in accounts]
    names = [
        f"{title} @{one.handle}" if titles.count(title) > 1 else title
        for one, title in zip(accounts, titles, strict=True)
    ]
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def sentence(twin: Twin, short: Callable[[datetime], str]) -> str:
    """What goes behind the names: ``got the same text on Thu 14 May, 12:30``."""
    how = "the same text" if twin.same else "nearly the same text"
    verb = "got" if twin.out else "gets" if len(twin.accounts) == 1 else "get"
    return f"{verb} {how} on {short(twin.at)}"


def _twin(one: Twin, short: Callable[[datetime], str], page: Callable[[UUID], str]) -> Check:
    return Check(
        "warn", sentence(one, short), called(one.accounts),
        tuple(dict.fromkeys(a.network for a in one.accounts)),
        fixes=(Fix("Change the text", focus="text-0"), _same(one.post_id)),
        beside=_beside(one, short, page),
    )  # fmt: skip


def _close(
    one: Close, found: Found, post: Post, at: datetime,
    short: Callable[[datetime], str], page: Callable[[UUID], str],
) -> Check:  # fmt: skip
    has = "has" if len(one.accounts) == 1 else "have"
    apart = many(one.minutes, "minute") + (" before" if one.before else " later")
    text = f"{has} another post {apart if one.minutes else 'at the same time'}"
    space = timedelta(minutes=post.profile.spacing_minutes)
    free = duplicates.free_time(found, at, space)
    fixes = [_same(one.post_id)]
    if free is not None:
        zone = post.profile.zone
        local = free.astimezone(zone)
        same_day = local.date() == at.astimezone(zone).date()
        words = f"{local:%H:%M}" if same_day else short(free)
        go = f"at:{local.isoformat(timespec='minutes')}"
        fixes.insert(0, Fix(f"Move to {words} instead", go=go))
    return Check(
        "warn", text, called(one.accounts),
        tuple(dict.fromkeys(a.network for a in one.accounts)),
        fixes=tuple(fixes), beside=_beside(one, short, page),
    )  # fmt: skip


def _same(post_id: UUID) -> Fix:
    return Fix("Post it all the same", go=f"allow:{post_id}")


def _beside(
    one: Twin | Close, short: Callable[[datetime], str], page: Callable[[UUID], str]
) -> Beside:
    words = one.words if len(one.words) <= WORDS else one.words[:WORDS].rsplit(" ", 1)[0] + "…"
    handles = ", ".join(dict.fromkeys(f"@{a.handle}" for a in one.accounts))
    return Beside(words or "A post without text", page(one.post_id), f"{short(one.at)}, {handles}")
