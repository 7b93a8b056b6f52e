"""From a frozen part to what a network module takes: fitted files, link card, thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app import content, link_cards, sharing
from app.config import settings
from app.errors import AppError, Unavailable
from app.integrations import cards, fitting
from app.integrations.storage import Storage
from app.models.media import LinkCard
from app.models.media import Media as MediaRow
from app.networks.base import (
    Account,
    Capabilities,
    Card,
    Category,
    Item,
    Media,
    Network,
    NetworkError,
    Part,
)  # fmt: skip
from app.networks.rules import completed, held
from app.publishing.attempts import Opened
from app.publishing.store import log, transaction
from app.publishing.words import OURS

Files = Callable[[Mapping[str, Any]], Sequence[tuple[MediaRow, str]]]


def build(network: Network, account: Account, opened: Opened, files: Files | None = None) -> Item:
    """The item of an attempt. Raises ``media_error`` where a stored picture cannot be used.

    The same builder serves the first call, a repeat under the same marker, a probe and a
    rehearsal, which brings its own ``files`` of a frozen part and reads no page for a card.
    """
    rows = files or _rows
    caps = network.capabilities(account.extras)
    text = str(opened.content["text"])
    media = _media(opened.content, caps, rows)
    wanted = caps.link_card and not media
    card = _card(network, account, text, read=files is None) if wanted else None
    given = dict(opened.content.get("options") or {})
    return Item(
        part=Part(text, media, card),
        marker=opened.marker,
        at=opened.at,
        options=completed(caps, given, *held(media)),
        parent=opened.parent,
        root=opened.root,
        comment=bool(opened.content.get("comment")),
        after=tuple(
            Part(str(one["text"]), _media(one, caps, rows))
            for one in opened.content.get("after", ())
        ),
    )


def _rows(part: Mapping[str, Any]) -> Sequence[tuple[MediaRow, str]]:
    with transaction(write=False) as session:
        return content.media_rows(session, part)


def _media(part: Mapping[str, Any], caps: Capabilities, files: Files) -> tuple[Media, ...]:
    """The files of a frozen part, fitted."""
    if not part["media"]:
        return ()
    rows = files(part)
    if len(rows) < len(part["media"]):
        raise NetworkError(
            Category.MEDIA_ERROR, "A picture of this post is no longer there.", retryable=False
        )
    return tuple(_fitted(row, alt, caps) for row, alt in rows)


def _fitted(row: MediaRow, alt: str, caps: Capabilities) -> Media:
    if row.mime.startswith("video/"):
        return _video(row, alt, caps)
    storage = Storage.of(settings())
    with _reported():
        path, info = fitting.fitted(row, content.limits(caps, moving=row.frames > 1), storage)
        url = _lent(path, info.mime, storage) if "image" in caps.addressed else ""
    return Media(
        id=str(row.id), path=path, mime=info.mime, size=info.size, width=info.width,
        height=info.height, seconds=row.seconds, alt=alt, frames=info.frames, url=url,
    )  # fmt: skip


def _video(row: MediaRow, alt: str, caps: Capabilities) -> Media:
    """A video goes out as it was taken in, with its poster frame beside it."""
    storage = Storage.of(settings())
    with _reported():
        path = _here(row.key, storage)
        if path is None:
            raise Unavailable(fitting.MISSING)
        cover = _here(row.poster_key, storage)
        url = _lent(path, row.mime, storage) if "video" in caps.addressed else ""
    return Media(
        id=str(row.id), path=path, mime=row.mime, size=row.size, width=row.width,
        height=row.height, seconds=row.seconds, alt=alt, codec=row.codec, cover=cover, url=url,
    )  # fmt: skip


@contextmanager
def _reported() -> Iterator[None]:
    """What our own files refuse, as the engine's errors; a storage that is away is tried again."""
    try:
        yield
    except AppError as error:
        ours = isinstance(error, Unavailable)
        raise NetworkError(
            Category.MEDIA_ERROR, error.message, retryable=ours, code=OURS if ours else ""
        ) from error


def _here(key: str | None, storage: Storage) -> Path | None:
    """A stored file on this machine; ``None`` where there is none."""
    try:
        return storage.local(key) if key else None
    except FileNotFoundError:
        return None


def _lent(path: Path, mime: str, storage: Storage) -> str:
    """The public address of a file that any of our machines may be asked for."""
    storage.lend(path)
    return sharing.address(path, mime, settings())


def _card(network: Network, account: Account, text: str, *, read: bool) -> Card | None:
    """The card of the first link, as the composer showed it; a post needs none to go out.

    ``read``: a page that nobody has looked at is read now.
    """
    spans = network.compose(text, account.extras).spans
    url = next((span.href for span in spans if span.kind == "link" and span.href), "")
    if not url or not link_cards.usable(url):
        return None
    with transaction(write=False) as session:
        row = link_cards.stored(session, url)
        silent = link_cards.failed_lately(session, url)
    if row is None and read and not silent:
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
    with _reported():
        path = _here(row.image_key, Storage.of(settings()))
    if path is not None:
        image = Media(
            id=row.url_hash, path=path, mime=row.image_mime, size=path.stat().st_size,
            width=row.image_width, height=row.image_height,
        )  # fmt: skip
    return Card(url=url, title=row.title, description=row.description, image=image)
