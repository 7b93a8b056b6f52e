"""From a frozen part to what a network module takes: fitted files, link card, thread."""

from __future__ import annotations

from app import content, fitting, link_cards
from app.config import settings
from app.credentials import Opened as OpenAccount
from app.errors import AppError
from app.models.media import Media as MediaRow
from app.networks.base import Capabilities, Card, Category, Item, Media, Network, NetworkError, Part
from app.publishing.attempts import Opened
from app.publishing.store import transaction


def build(network: Network, account: OpenAccount, opened: Opened) -> Item:
    """The item of an attempt. Raises ``media_error`` where a stored picture cannot be used.

    The same builder serves the first call, a repeat under the same marker and a probe.
    """
    caps = network.capabilities(account.extras)
    text = str(opened.content["text"])
    with transaction(write=False) as session:
        rows = content.media_rows(session, dict(opened.content))
    if len(rows) < len(opened.content["media"]):
        raise NetworkError(
            Category.MEDIA_ERROR, "A picture of this post is no longer there.", retryable=False
        )
    media = tuple(_fitted(row, alt, caps) for row, alt in rows)
    card = None if media or not caps.link_card else _card(network, account, text, caps)
    return Item(
        part=Part(text, media, card),
        marker=opened.marker,
        at=opened.at,
        options=dict(opened.content.get("options") or {}),
        parent=opened.parent,
        root=opened.root,
    )


def _fitted(row: MediaRow, alt: str, caps: Capabilities) -> Media:
    try:
        path, info = fitting.fitted(settings(), row.key, row.sha256, row.mime, content.limits(caps))
    except AppError as error:
        raise NetworkError(Category.MEDIA_ERROR, error.message, retryable=False) from error
    except OSError as error:
        raise NetworkError(
            Category.MEDIA_ERROR, "The picture could not be read from storage.", retryable=True
        ) from error
    return content.with_file(row, alt, path, info.mime, info.size, info.width, info.height)


def _card(network: Network, account: OpenAccount, text: str, caps: Capabilities) -> Card | None:
    """The card of the first link, as the composer showed it; a post needs none to go out."""
    spans = network.compose(text, account.extras).spans
    url = next((span.href for span in spans if span.kind == "link" and span.href), "")
    if not url:
        return None
    with transaction(write=False) as session:
        row = link_cards.stored(session, url)
    if row is None or row.failed or not row.title:
        return None
    return link_cards.card(settings(), row)
