"""The table of link cards, for pages and engine alike; reading pages is ``integrations.cards``.

A row is wanted (``fetched_at`` is 1970), found, or failed. Found ones count for a day, failed
ones keep anyone from asking again for an hour. Nothing here commits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.clock import now
from app.integrations.cards import Found
from app.models.media import LinkCard

FRESH = timedelta(days=1)
FAILED = timedelta(hours=1)
READING = timedelta(minutes=1)  # a reader that died is replaced after that
KEPT = timedelta(days=30)
WANTED = datetime(1970, 1, 1, tzinfo=UTC)
URL_LIMIT = 2000


def key(url: str) -> str:
    """The primary key of a URL's card."""
    return hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()


def stored(session: Session, url: str, *, stale: bool = False) -> LinkCard | None:
    """The card of a URL, at most a day old; ``stale``: any that was ever found.

    A stale card is better than none at publish time, when reading afresh has failed.
    """
    card = _row(session, url)
    if card is None or not card.title:
        return None
    if stale or (not card.failed and card.fetched_at > now() - FRESH):
        return card
    return None


def failed_lately(session: Session, url: str) -> bool:
    """Whether the page was asked in the last hour and gave no card (or is being asked now)."""
    card = _row(session, url)
    return card is not None and card.failed and card.fetched_at > now() - FAILED


def want(session: Session, url: str) -> bool:
    """Ask for a card to be read by the next ``media.cards`` job; true where that is needed."""
    if not usable(url) or stored(session, url) or failed_lately(session, url):
        return False
    _put(session, url, failed=False, fetched_at=WANTED)
    return True


def wanted(session: Session, most: int) -> Sequence[str]:
    """At most ``most`` URLs whose cards are wanted."""
    return session.scalars(
        select(LinkCard.url)
        .where(LinkCard.fetched_at == WANTED, LinkCard.failed.is_(False))
        .limit(most)
    ).all()


def claim(session: Session, url: str) -> bool:
    """Take a wanted card on: true for one reader only, until that one is a minute late."""
    changed = session.execute(
        update(LinkCard)
        .where(
            LinkCard.url_hash == key(url),
            LinkCard.fetched_at == WANTED,
            LinkCard.failed.is_(False),
        )
        .values(failed=True, fetched_at=now() - FAILED + READING)
        .execution_options(synchronize_session=False)
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]


def record(session: Session, url: str, found: Found | None) -> None:
    """Keep what was found; ``None``: the page gave no card. An older card's text stays."""
    if found is None:
        _put(session, url, failed=True, fetched_at=now())
        return
    image, info = found.image, found.info
    _put(
        session, url, failed=False, fetched_at=now(),
        title=found.title[:300], description=found.description[:600],
        image_key=image.key if image else None,
        image_mime=info.mime if info else "",
        image_width=info.width if info else 0,
        image_height=info.height if info else 0,
    )  # fmt: skip


def forget(session: Session) -> None:
    """Drop cards nobody has asked for in a month; their pictures go with the next sweep."""
    session.execute(
        delete(LinkCard)
        .where(LinkCard.fetched_at < now() - KEPT, LinkCard.fetched_at > WANTED)
        .execution_options(synchronize_session=False)
    )


def usable(url: str) -> bool:
    """Whether a card can be kept for this URL at all."""
    return len(url) <= URL_LIMIT and url.lower().startswith(("http://", "https://"))


def _row(session: Session, url: str) -> LinkCard | None:
    """The row as the database has it: ``_put`` goes past the session's own copy."""
    return session.get(LinkCard, key(url), populate_existing=True)


def _put(session: Session, url: str, **values: object) -> None:
    """Insert or update: two who find the row missing at once are both right."""
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = {
        "title": "", "description": "", "image_mime": "", "image_width": 0, "image_height": 0,
    } | values  # fmt: skip
    session.execute(
        make(LinkCard)
        .values(url_hash=key(url), url=url, **row)
        .on_conflict_do_update(index_elements=["url_hash"], set_=values)
    )
