"""How a draft will look on one network, from the network's own ``compose`` (DESIGN §6.4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from app import link_cards
from app.extensions import db, networks
from app.models.posts import Post, PostMedia, PostTarget
from app.networks.base import Composed
from app.permissions import Actor
from app.services import links
from app.services.access import reach
from app.services.composing import Piece, composed, own_texts, pieces, targets

NOTES = {
    "twitter": "X counts every link as 23 characters and shows a link’s own card by itself.",
    "mastodon": "The server reads the link itself and adds its card after posting.",
    "bluesky": "Mentions of people Bluesky does not know stay plain text.",
}


@dataclass(frozen=True)
class CardView:
    """The card of the first link. ``state``: ``found``, ``reading`` or ``none``."""

    state: str
    url: str
    host: str
    title: str = ""
    description: str = ""
    image: str = ""  # the card's key, where it has a picture


@dataclass(frozen=True)
class PartView:
    """One item as it will be shown, with its count by the network's rule."""

    pieces: tuple[Piece, ...]
    media: tuple[PostMedia, ...]
    count: int
    limit: int
    card: CardView | None


@dataclass(frozen=True)
class Preview:
    """One account's view of the post. ``account_id`` names its picture."""

    network: str
    title: str
    name: str
    handle: str
    hue: int
    account_id: UUID
    has_picture: bool
    own: bool
    parts: tuple[PartView, ...]
    note: str


def preview(post: Post, network: str) -> Preview | None:
    """The post as ``network`` (else the first chosen) will show it; ``None`` without accounts."""
    rows = targets(post)
    target = next((t for t in rows if t.account.network == network), rows[0] if rows else None)
    if target is None:
        return None
    account = target.account
    module = networks.get(account.network)
    wants_card = module.capabilities(account.extras).link_card
    made = []
    for index, sent in enumerate(composed(post, target)):
        media = tuple(one for one in post.media if one.part == index)
        card = _card(sent) if wants_card and not media else None
        spans = [(s.start, s.end, s.kind) for s in sent.spans]
        made.append(PartView(pieces(sent.text, spans), media, sent.count, sent.limit, card))
    return Preview(
        network=account.network, title=module.title, name=account.name or account.handle,
        handle=account.handle, hue=account.id.int % 6, account_id=account.id,
        has_picture=bool(account.avatar_key), own=account.network in own_texts(post),
        parts=tuple(made), note=NOTES.get(account.network, ""),
    )  # fmt: skip


def ask_cards(post: Post) -> None:
    """Let the link cards this post needs be read in the background. Commits where it asks."""
    wanted = set()
    for target in targets(post):
        if networks.get(target.account.network).capabilities(target.account.extras).link_card:
            for index, sent in enumerate(composed(post, target)):
                if not any(one.part == index for one in post.media):
                    wanted.add(_first_link(sent))
    for url in sorted(wanted - {""}):
        links.ask(url)


def _card(sent: Composed) -> CardView | None:
    url = _first_link(sent)
    if not url:
        return None
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    row = links.card_for(url)
    if row is None:
        silent = not link_cards.usable(url) or link_cards.failed_lately(db.session(), url)
        return CardView("none" if silent else "reading", url, host)
    return CardView(
        "found", url, host, row.title, row.description, row.url_hash if row.image_key else ""
    )


def _first_link(sent: Composed) -> str:
    """The link whose card is shown: the rule of the sender (``publishing/items.py``)."""
    return next((span.href for span in sent.spans if span.kind == "link" and span.href), "")


def same_day(actor: Actor, post: Post, start: datetime, end: datetime) -> list[PostTarget]:
    """Other posts' targets planned between two moments (UTC), for the day strip."""
    found = db.session.scalars(
        reach(actor)
        .query(PostTarget)
        .join(Post, Post.id == PostTarget.post_id)
        .where(
            PostTarget.profile_id == post.profile_id,
            PostTarget.scheduled_for >= start,
            PostTarget.scheduled_for < end,
            PostTarget.post_id.not_in([post.id, post.edits_id or post.id]),
            Post.discarded_at.is_(None),
            Post.armed,
        )
        .order_by(PostTarget.scheduled_for)
        .limit(200)
    )
    return list(found)
