"""Reads a page for its link card: title, description and a small picture (reliability §10, §11).

No rows here: ``app.link_cards`` keeps what is found. The page is any address a person wrote, so
everything goes through the guard: 15 s in all, at most 3 redirects each guarded anew, 1 MiB of
page and 5 MiB of picture counted after decoding, pictures decoded in the guarded child.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx2 as httpx

from app import egress, images
from app.config import Config
from app.errors import AppError
from app.images import Info, Limits
from app.integrations import opengraph
from app.integrations.storage import Storage, Stored

HOPS = 3
MAX_PAGE = egress.MAX_BODY
MAX_IMAGE = 5 * 1024 * 1024
# networks/bluesky.md §4: servers with the older lexicon refuse more than 1 000 000 bytes.
THUMB = Limits(("image/jpeg",), max_bytes=976 * 1024, max_side=1200, still=True)


class NoCard(Exception):
    """The page gives no card; the text says why, for logs."""


@dataclass(frozen=True)
class Found:
    """What a page gave. ``image`` is stored already; ``info`` describes it."""

    title: str
    description: str = ""
    image: Stored | None = None
    info: Info | None = None


def client(config: Config) -> httpx.Client:
    """A client for reading pages; close it. Redirects are followed by ``fetch`` itself, since
    the library would read the whole body of each, however large."""
    return egress.client(config, guarded=True, connections=8)


def fetch(url: str, http: httpx.Client, storage: Storage) -> Found:
    """Read the page and store its picture; a picture that can't be had is left out.

    Raises ``NoCard`` where the page can't be read, ``Unavailable`` where our storage is away.
    No transaction may be open meanwhile.
    """
    with egress.bounded(egress.TOTAL_SECONDS):
        try:
            page = _page(url, http)
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError, ValueError) as error:
            raise NoCard(type(error).__name__) from error
        title = page.title or (urlsplit(url).hostname or "")
        if not page.image:
            return Found(title, page.description)
        with storage.scratch() as folder:
            if not _download(page.image, http, folder / "raw"):
                return Found(title, page.description)
            return _with_image(title, page.description, folder, storage)


def _page(url: str, http: httpx.Client) -> opengraph.Page:
    with _get(http, url, "text/html,application/xhtml+xml") as response:
        kind = _content_type(response)
        if kind.get_content_type() not in ("text/html", "application/xhtml+xml"):
            raise NoCard("not a page")
        body = b""
        for piece in _pieces(response, MAX_PAGE):
            body += piece  # a longer page is read as far as that: its head comes first
        charset = str(kind.get_param("charset") or "")
        return opengraph.read(body, charset, str(response.url))


def _download(url: str, http: httpx.Client, path: Path) -> bool:
    """Bring the picture to a file; false where it can't be had or is too large."""
    try:
        with _get(http, url, "image/*") as response, path.open("wb") as file:
            for piece in _pieces(response, MAX_IMAGE + 1):
                file.write(piece)
        return 0 < path.stat().st_size <= MAX_IMAGE
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError, ValueError, NoCard):
        return False


def _with_image(title: str, text: str, folder: Path, storage: Storage) -> Found:
    """The card with its picture stripped, fitted and stored; without it where it is no picture."""
    try:
        images.clean(folder / "raw", folder / "clean")
        info = images.fit(folder / "clean", folder / "thumb", THUMB)
    except AppError as error:
        if error.status >= 500:
            raise
        return Found(title, text)
    return Found(title, text, storage.adopt(folder / "thumb"), info)


@contextmanager
def _get(http: httpx.Client, url: str, accept: str) -> Iterator[httpx.Response]:
    """The answer of 200 at the end of at most ``HOPS`` redirects, its body not yet read."""
    headers = {"Accept": accept, "Accept-Encoding": "gzip"}
    for _ in range(HOPS + 1):
        with http.stream("GET", url, headers=headers) as response:
            if not response.has_redirect_location:
                if response.status_code != 200:
                    raise NoCard(f"status {response.status_code}")
                yield response
                return
            url = urljoin(str(response.url), response.headers["location"])
    raise NoCard("too many redirects")


def _pieces(response: httpx.Response, most: int) -> Iterator[bytes]:
    """The body, decoded, up to ``most`` bytes: a small file that swells is cut off."""
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("identity", "", "gzip", "x-gzip", "deflate"):
        raise NoCard("unknown encoding")
    inflate = None if coding in ("identity", "") else zlib.decompressobj(47)
    for raw in response.iter_raw():
        while raw and most > 0:
            if inflate is None:
                piece, raw = raw[:most], b""
            else:
                try:
                    piece = inflate.decompress(raw, most)
                except zlib.error as error:
                    raise NoCard("broken encoding") from error
                raw = inflate.unconsumed_tail
            most -= len(piece)
            yield piece
        if most <= 0:
            return


def _content_type(response: httpx.Response) -> Message:
    """The header as a message, whose methods take it apart."""
    message = Message()
    message["content-type"] = response.headers.get("content-type", "")[:200]
    return message
