"""What of a brand the command palette finds: posts by their words, accounts by their name."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import selectinload

from app.extensions import db
from app.models.accounts import AccountStatus
from app.models.posts import Post, PostVariant
from app.models.profiles import Profile
from app.permissions import Actor
from app.services import cards
from app.services.access import reach
from app.services.cards import Card, Owned

RECENT = 1_000  # posts that are searched, the newest: a palette never reads a whole history
POSTS = 6
ACCOUNTS = 4


def matches(wanted: Sequence[str], *texts: str) -> bool:
    """Whether every one of the words, in small letters, is somewhere in the texts."""
    said = " ".join(texts).casefold()
    return all(word in said for word in wanted)


def words_of(text: str) -> list[str]:
    """What somebody typed, as words in small letters."""
    return text.casefold().split()


def posts(actor: Actor, profile: Profile, text: str) -> list[Card]:
    """The newest posts with all the words, in any network's text; at most ``POSTS``."""
    wanted = words_of(text)
    if not wanted:
        return []
    rows = db.session.scalars(
        reach(actor)
        .query(Post)
        .where(Post.profile_id == profile.id, *cards.OURS)
        .options(selectinload(Post.variants).load_only(PostVariant.parts))
        .order_by(Post.id.desc())
        .limit(RECENT)
    )
    found = [
        post.id
        for post in rows
        if matches(wanted, *post.parts, *(part for own in post.variants for part in own.parts))
    ][:POSTS]
    loaded = {card.id: card for card in cards.load(actor, profile, Post.id.in_(found))}
    return [loaded[post_id] for post_id in found if post_id in loaded]


def accounts(actor: Actor, profile: Profile, text: str) -> list[Owned]:
    """The brand's connected accounts whose name or network has all the words."""
    wanted = words_of(text)
    if not wanted:
        return []
    found = [
        one
        for one in cards.owned(actor, profile)
        if one.status is not AccountStatus.DISCONNECTED
        and matches(wanted, one.handle, one.network, cards.network_title(one.network))
    ]
    return found[:ACCOUNTS]
