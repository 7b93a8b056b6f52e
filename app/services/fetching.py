"""Files that a client names by their address: fetched through the outbound guard (§10)."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote, urlsplit
from uuid import UUID

import httpx2 as httpx

from app import egress, images
from app.errors import AppError, ValidationFailed
from app.extensions import db, networks
from app.models.media import Media
from app.permissions import Actor
from app.services import covers, media

SECONDS = 120.0
REDIRECTS = 3
REFUSED = "We could not fetch this file. Its address has to be public, https, and lead to a file."


class Pulled:
    """A response's body as a file to read from; stops at the largest file we take."""

    def __init__(self, response: httpx.Response) -> None:
        self._pieces = response.iter_bytes()
        self._left = b""

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes; none at the end."""
        while size < 0 or len(self._left) < size:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._left += piece
        cut = len(self._left) if size < 0 else size
        found, self._left = self._left[:cut], self._left[cut:]
        return found


def fetch(
    actor: Actor, profile_id: UUID, url: str, *, name: str = "", mime: str | None = None,
    field: str = "media",
) -> Media:  # fmt: skip
    """Take the file at that address into the library.

    At most 200 MB, 120 s in all, 3 redirects, each guarded anew. Raises ``ValidationFailed``
    naming ``field``: one sentence for every address that is refused or does not answer.
    """
    return _pulled(
        url, field, lambda response: _take(actor, profile_id, response, name or _name(url), mime)
    )


def cover(actor: Actor, profile_id: UUID, media_id: UUID, url: str, *, field: str) -> Media:
    """Put the picture at that address in the place of a video's cover (``covers.choose``).

    Fetched as any file; at most 20 MB. Raises ``ValidationFailed`` naming ``field``.
    """
    return _pulled(
        url, field, lambda response: covers.choose(actor, profile_id, media_id, Pulled(response))
    )


def _pulled(url: str, field: str, take: Callable[[httpx.Response], Media]) -> Media:
    """What ``take`` makes of the answer at that address; its body is read as it comes."""
    db.session.rollback()
    http = networks.http(guarded=True)
    try:
        with egress.bounded(SECONDS):
            request = http.build_request("GET", url, headers={"Accept": "image/*, video/*"})
            for _ in range(REDIRECTS + 1):
                response = http.send(request, stream=True)
                try:
                    if response.next_request is None:
                        response.raise_for_status()
                        return take(response)
                    request = response.next_request
                finally:
                    response.close()
    except (httpx.HTTPError, httpx.InvalidURL, egress.Refused, OSError, ValueError) as error:
        raise ValidationFailed(REFUSED, field=field) from error
    except AppError as error:
        error.field = field
        raise
    raise ValidationFailed(REFUSED, field=field)


def _take(
    actor: Actor, profile_id: UUID, response: httpx.Response, name: str, mime: str | None
) -> Media:
    size = response.headers.get("Content-Length", "")
    if size.isdigit() and int(size) > images.MAX_FILM_BYTES:
        raise ValidationFailed("This file is larger than 200 MB.")
    return media.upload(actor, profile_id, Pulled(response), name, mime)


def _name(url: str) -> str:
    return unquote(urlsplit(url).path.rpartition("/")[2]) or "file"
