"""Pictures of social accounts: fetched through the guard, made small, served by us.

Pages may load pictures from us alone (reliability §13), and a remote picture would tell a
stranger's server who looks. A picture that can't be had is no error: initials are shown.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx2 as httpx
from sqlalchemy import select, update

from app import egress, images, logs
from app.clock import now
from app.config import settings
from app.errors import AppError
from app.extensions import db, networks, queues
from app.integrations.storage import Storage
from app.models.accounts import SocialAccount
from app.permissions import Actor
from app.services import media
from app.services.access import reach

SIDE = 192  # pixels: 48 on the page, and sharp on any screen
SECONDS = 8.0
BATCH = 50
NEW = timedelta(hours=1)
REDIRECTS = 3
MIME = "image/webp"

log = logs.get("faces")


def keep(account: SocialAccount) -> None:
    """Fetch the account's picture and keep it in place of the one before.

    Commits; no transaction is open while the network is asked. Never raises for the
    picture's sake.
    """
    account_id, url, old = account.id, account.avatar_url, account.avatar_key
    db.session.commit()
    if not url:
        return
    try:
        key = _store(_fetch(url))
    except (AppError, httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        log.info("picture_not_kept", account=str(account_id), error=type(error).__name__)
        return
    db.session.execute(
        update(SocialAccount)
        .where(SocialAccount.id == account_id)
        .values(avatar_key=key, avatar_mime=MIME)
    )
    db.session.commit()
    media.let_go([old])


def want(accounts: Iterable[SocialAccount]) -> None:
    """Pictures of many accounts at once: new ones are fetched by a job, nobody waits for them."""
    missing = False
    for account in accounts:
        if account.avatar_key:
            keep(account)
        missing = missing or not account.avatar_key
    if missing:
        queues.wake("places.fetch_faces")


def fetch_missing() -> int:
    """The job: fetch the pictures of accounts connected in the last hour; how many were tried.

    One that cannot be had is not asked for again until the network tells of another.
    """
    ids = db.session.scalars(
        select(SocialAccount.id)
        .where(
            SocialAccount.avatar_url != "",
            SocialAccount.avatar_key.is_(None),
            SocialAccount.connected_at > now() - NEW,
        )
        .order_by(SocialAccount.connected_at.desc())
        .limit(BATCH)
    ).all()
    for account_id in ids:
        account = db.session.get(SocialAccount, account_id)
        if account is not None:
            keep(account)
    return len(ids)


def stored(actor: Actor, account_id: UUID) -> tuple[Path, str]:
    """The account's picture on this machine and its type; ``NotFound`` where we have none."""
    account = reach(actor).get(SocialAccount, account_id)
    mime = account.avatar_mime
    return media.stored(account.avatar_key), mime


def _fetch(url: str) -> bytes:
    """The bytes at that address: at most 1 MiB, 8 s in all, 3 redirects, each guarded."""
    http = networks.http(guarded=True)
    request = http.build_request("GET", url, headers={"Accept": "image/*"})
    with egress.bounded(SECONDS):
        for _ in range(REDIRECTS + 1):
            response = http.send(request, stream=True)
            try:
                if response.next_request is None:
                    response.raise_for_status()
                    return _read(response)
                request = response.next_request
            finally:
                response.close()
    raise httpx.TooManyRedirects("too many redirects", request=request)


def _read(response: httpx.Response) -> bytes:
    pieces, size = [], 0
    for piece in response.iter_bytes():
        size += len(piece)
        if size > egress.MAX_BODY:
            raise OSError("the picture is too large")
        pieces.append(piece)
    return b"".join(pieces)


def _store(raw: bytes) -> str:
    storage = Storage.of(settings())
    with storage.scratch() as folder:
        storage.receive(io.BytesIO(raw), folder / "received", egress.MAX_BODY)
        images.thumbnail(folder / "received", folder / "face", SIDE)
        return storage.adopt(folder / "face").key
