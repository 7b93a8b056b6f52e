"""From a frozen part to what a network module takes: fitted files, link card, thread."""

from __future__ import annotations

from app import content, link_cards
from app.config import settings
from app.credentials import Opened as OpenAccount
from app.errors import AppError, Unavailable
from app.integrations import cards, fitting
from app.integrations.storage import Storage
from app.models.media import LinkCard
from app.models.media import Media as MediaRow
from app.networks.base import Capabilities, Card, Category, Item, Media, Network, NetworkError, Part
from app.publishing.attempts import Opened
from app.publishing.store import log, transaction


def build(network: Network, account: OpenAccount, opened: Opened) -> Item:
    """The item of an attempt. Raises ``media_error`` where a stored picture cannot be used.

    The same builder serves the first call, a repeat under the same marker and a probe.
    """
    caps = network.capabilities(account.extras)
    text = str(opened.content["text"])
    media = _media(opened, caps) if opened.content["media"] else ()
    card = None if media or not caps.link_card else _card(network, account, text)
    return Item(
        part=Part(text, media, card),
        marker=opened.marker,
        at=opened.at,
        options=dict(opened.content.get("options") or {}),
        parent=opened.parent,
        root=opened.root,
    )


def _media(opened: Opened, caps: Capabilities) -> tuple[Media, ...]:
    with transaction(write=False) as session:
        rows = content.media_rows(session, dict(opened.content))
    if len(rows) < len(opened.content["media"]):
        raise NetworkError(
            Category.MEDIA_ERROR, "A picture of this post is no longer there.", retryable=False
        )
    return tuple(_fitted(row, alt, caps) for row, alt in rows)


def _fitted(row: MediaRow, alt: str, caps: Capabilities) -> Media:
    try:
        path, info = fitting.fitted(
            row, content.limits(caps, moving=row.frames > 1), Storage.of(settings())
        )
    except AppError as error:
        raise NetworkError(
            Category.MEDIA_ERROR, error.message, retryable=isinstance(error, Unavailable)
        ) from error
    return Media(
        id=str(row.id), path=path, mime=info.mime, size=info.size, width=info.width,
        height=info.height, seconds=row.seconds, alt=alt, frames=info.frames,
    )  # fmt: skip


def _card(network: Network, account: OpenAccount, text: str) -> Card | None:
    """The card of the first link, as the composer showed it; a post needs none to go out."""
    spans = network.compose(text, account.extras).spans
    url = next((span.href for span in spans if span.kind == "link" and span.href), "")
    if not url or not link_cards.usable(url):
        return None
    with transaction(write=False) as session:
        row = link_cards.stored(session, url)
        silent = link_cards.failed_lately(session, url)
    if row is None and not silent:
        row = _read(url)
    if row is None:
        with transaction(write=False) as session:
            row = link_cards.stored(session, url, stale=True)
    return None if row is None else _as_card(url, row)


def _read(url: str) -> LinkCard | None:
    """Read the page now: nobody has looked at it in the composer."""
    try:
        with cards.client(settings()) as http:
            found: cards.Found | None = cards.fetch(url, http, Storage.of(settings()))
    except (cards.NoCard, Unavailable) as error:
        log.info("no_card", reason=str(error))
        found = None
    with transaction() as session:
        link_cards.record(session, url, found)
        return link_cards.stored(session, url)


def _as_card(url: str, row: LinkCard) -> Card:
    image = None
    if row.image_key:
        path = Storage.of(settings()).path(row.image_key)
        if path.exists():
            image = Media(
                id=row.url_hash, path=path, mime=row.image_mime, size=path.stat().st_size,
                width=row.image_width, height=row.image_height,
            )  # fmt: skip
    return Card(url=url, title=row.title, description=row.description, image=image)
