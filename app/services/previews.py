"""How a draft will look on one network, from the network's own ``compose`` (DESIGN §6.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from app import content, link_cards
from app.extensions import db, networks
from app.models.posts import Post, PostMedia, PostTarget
from app.networks import rules
from app.networks.base import Capabilities, Composed
from app.permissions import Actor
from app.services import cropping, links
from app.services.access import reach
from app.services.composing import Piece, composed, own_texts, pieces, targets
from app.services.options import COMMENT

WARNING, SENSITIVE = "spoiler_text", "sensitive"  # Mastodon's words for hiding a post
NOTES = {
    "twitter": "X counts every link as 23 characters and shows a link’s own card by itself.",
    "mastodon": "The server reads the link itself and adds its card after posting.",
    "bluesky": "Mentions of people Bluesky does not know stay plain text.",
    "instagram": "Links in a caption cannot be pressed.",
    "tiktok": "Links in a caption cannot be pressed.",
    "youtube": "Without a title of its own, the first line of the text is the title.",
    "reddit": "Without a title of its own, the first line of the text is the title.",
}


@dataclass(frozen=True)
class CardView:
    """The card of the first link. ``state``: ``found``, ``reading`` or ``none``.

    ``picture`` is the post's own where that becomes the card's.
    """

    state: str
    url: str
    host: str
    title: str = ""
    description: str = ""
    image: str = ""  # the card's key, where it has a picture
    picture: PostMedia | None = None


@dataclass(frozen=True)
class Shown:
    """A picture or a video's poster. ``box`` is what a crop would keep: left, top, width and
    height in pixels; ``length`` of a video as a clock shows it."""

    item: PostMedia
    box: tuple[int, int, int, int] | None
    length: str


@dataclass(frozen=True)
class PartView:
    """One item as it will be shown, with its count by the network's rule."""

    pieces: tuple[Piece, ...]
    media: tuple[Shown, ...]
    count: int
    limit: int
    card: CardView | None


@dataclass(frozen=True)
class Preview:
    """One account's view of the post. ``account_id`` names its picture.

    ``form`` is the placement in words, ``tall`` whether it fills a phone, ``silent`` whether it
    shows no text; ``place`` is the board or subreddit, ``heading`` the post's own title.
    ``warning`` stands in place of every part until it is opened; ``veiled``: so do pictures.
    """

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
    form: str = ""
    tall: bool = False
    silent: bool = False
    place: str = ""
    heading: str = ""
    comment: str = ""
    warning: str = ""
    veiled: bool = False


def preview(post: Post, network: str) -> Preview | None:
    """The post as ``network`` (else the first chosen) will show it; ``None`` without accounts."""
    rows = targets(post)
    target = next((t for t in rows if t.account.network == network), rows[0] if rows else None)
    if target is None:
        return None
    account = target.account
    module = networks.of(account)
    wants_card = module.capabilities(account.extras).link_card
    caps = module.capabilities(account.extras)
    options, place = content.options_of(post, target)
    placement = caps.placement(options, *content.held(post)) if caps.placements else None
    cuts = {one.item_id: one for one in cropping.crops(post)}
    made = []
    for index, sent in enumerate(composed(post, target)):
        media = tuple(_shown(m, cuts, account.network) for m in post.media if m.part == index)
        card = _card(sent) if wants_card and not media else None
        if wants_card and (own := _written(sent, caps, options, media, card)):
            media, card = (), own
        spans = [(s.start, s.end, s.kind) for s in sent.spans]
        made.append(PartView(pieces(sent.text, spans), media, sent.count, sent.limit, card))
    silent = placement is not None and not placement.text
    named = {one.name for one in caps.options}
    warning = _words(options, WARNING) if WARNING in named else ""
    commented = bool(caps.comment_limit) and (placement is None or placement.comment)
    return Preview(
        network=account.network, title=module.title, name=account.name or account.handle,
        handle=account.handle, hue=account.id.int % 6, account_id=account.id,
        has_picture=bool(account.avatar_key), own=account.network in own_texts(post),
        parts=tuple(made), silent=silent,
        note=f"A {placement.title.lower()} shows no text." if placement and silent
        else NOTES.get(account.network, ""),
        form=placement.title if placement and len(caps.placements) > 1 else "",
        tall=placement is not None and 0 < placement.ratios[1] < 1,
        place=place.name if place else "",
        heading=_words(options, "title") if "title" in named else "",
        comment=_words(options, COMMENT) if commented else "",
        warning=warning,
        veiled=bool(warning) or (SENSITIVE in named and options.get(SENSITIVE) is True),
    )  # fmt: skip


def _words(options: Mapping[str, Any], name: str) -> str:
    return str(options.get(name) or "").strip()


def _shown(item: PostMedia, cuts: Mapping[UUID, cropping.Crop], network: str) -> Shown:
    """A picture as it will be seen: where this network would have it cut, cut in the middle."""
    cut, seconds = cuts.get(item.id), round(item.media.seconds)
    box = None
    if cut is not None and network in cut.networks:
        left, top, right, bottom = cut.box(cropping.CENTRE)
        box = (left, top, right - left, bottom - top)
    return Shown(item, box, f"{seconds // 60}:{seconds % 60:02}" if item.media.seconds else "")


def ask_cards(post: Post) -> None:
    """Let the link cards this post needs be read in the background. Commits where it asks."""
    wanted = set()
    for target in targets(post):
        if networks.of(target.account).capabilities(target.account.extras).link_card:
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


def _written(
    sent: Composed, caps: Capabilities, options: Mapping[str, Any], media: tuple[Shown, ...],
    card: CardView | None,
) -> CardView | None:  # fmt: skip
    """The card as a person wrote it, with the post's only picture if it has one."""
    url = _first_link(sent)
    words = [_words(options, name) for name in caps.card_words]
    kinds = [_kind(one.item) for one in media]
    if not url or not any(words) or not (card or rules.carded(caps, kinds, True, options)):
        return None
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    base = card or CardView("found", url, host, picture=media[0].item)
    title, description = words
    return replace(
        base, state="found", title=title or base.title or host,
        description=description or base.description,
    )  # fmt: skip


def _kind(item: PostMedia) -> str:
    """As ``networks.base.Media.kind``."""
    if item.media.mime.startswith("video/"):
        return "video"
    return "gif" if item.media.mime == "image/gif" and item.media.frames > 1 else "image"


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
