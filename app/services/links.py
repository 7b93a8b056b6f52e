"""Link cards for composer and previews: asked for here, read in the background (reliability §10).

The rows are everybody's, as the pages are; only who knows a URL can ask for its card.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed

import httpx2 as httpx

from app import link_cards, logs
from app.config import settings
from app.errors import NotFound, Unavailable
from app.extensions import db, queues
from app.integrations import cards
from app.integrations.cards import Found, NoCard
from app.integrations.storage import Storage
from app.models.media import LinkCard

BATCH, THREADS = 16, 8  # two rounds of 15 s stay below the minute a reader has

log = logs.get("links")


def card_for(url: str) -> LinkCard | None:
    """The card of a URL as last read, at most a day old; asks nobody."""
    return link_cards.stored(db.session(), url)


def ask(url: str) -> LinkCard | None:
    """The card, or ``None`` and it will be read in a moment; for a page that looks again.

    Commits where it asks. A page that gave no card is left alone for an hour.
    """
    found = card_for(url)
    if found is None and link_cards.want(db.session(), url):
        db.session.commit()
        queues.wake("media.cards")
    return found


def fetch(url: str) -> LinkCard | None:
    """Read the page now and keep what it gives; ``None`` where it gives no card.

    Takes up to 15 s, with no transaction open.
    """
    if not link_cards.usable(url) or link_cards.failed_lately(db.session(), url):
        return None
    db.session.rollback()
    with cards.client(settings()) as http:
        found = _read(url, http, Storage.of(settings()))
    link_cards.record(db.session(), url, found)
    db.session.commit()
    return card_for(url)


def read_wanted() -> int:
    """Read the pages whose cards are wanted, a batch at a time; how many were tried."""
    done = 0
    while urls := _claimed():
        _read_all(urls)
        done += len(urls)
    return done


def image(url_hash: str) -> LinkCard:
    """The card with that key, for showing its picture; ``NotFound`` where it has none."""
    card = db.session.get(LinkCard, url_hash)
    if card is None or card.image_key is None:
        raise NotFound()
    return card


def forget_old() -> None:
    """Drop cards that nobody asked for in a month."""
    link_cards.forget(db.session())
    db.session.commit()


def _claimed() -> list[str]:
    """Wanted URLs that this process has taken on."""
    session = db.session()
    urls = [url for url in link_cards.wanted(session, BATCH) if link_cards.claim(session, url)]
    session.commit()
    return urls


def _read_all(urls: list[str]) -> None:
    """Several at once: a page that hangs keeps nobody else's card waiting."""
    files = Storage.of(settings())
    with cards.client(settings()) as http, ThreadPoolExecutor(THREADS) as pool:
        running = {pool.submit(_read, url, http, files): url for url in urls}
        for one in as_completed(running):
            try:
                found = one.result()
            except Unavailable:
                continue  # our own disk: no judgement about the page
            except Exception:
                log.exception("card_failed")
                found = None
            link_cards.record(db.session(), running[one], found)
            db.session.commit()


def _read(url: str, http: httpx.Client, files: Storage) -> Found | None:
    try:
        return cards.fetch(url, http, files)
    except NoCard as error:
        log.info("no_card", reason=str(error))
        return None
