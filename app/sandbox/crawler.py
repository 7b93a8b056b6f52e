"""Fetching a file by its address, as Meta's crawler does: no login, no redirects."""

from __future__ import annotations

import ipaddress
import socket
import urllib.request
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from app.sandbox.store import store

SECONDS = 10.0


class NotFetched(Exception):
    """The file could not be had from there."""


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """A redirect is an answer like any other error."""


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay)


def fetch(url: str, most: int) -> bytes:
    """The bytes at an http(s) address, one more than ``most`` at most; raises ``NotFetched``."""
    if store().served is not None:
        return served(url, most)
    parts = urlsplit(url)
    try:
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise NotFetched("not an address")
        _reachable(parts.hostname, parts.port or (443 if parts.scheme == "https" else 80))
        asked = urllib.request.Request(url, headers={"User-Agent": "facebookexternalhit/1.1"})
        with _opener.open(asked, timeout=SECONDS) as answer:
            data: bytes = answer.read(most + 1)
    except (OSError, HTTPException, ValueError) as error:
        raise NotFetched(type(error).__name__) from error
    return data


def served(url: str, most: int) -> bytes:
    """The file that stands for an address where nothing may leave the process."""
    found = (store().served or {}).get(url)
    if found is None:
        raise NotFetched("not among the files at hand")
    with found.open("rb") as file:
        return file.read(most + 1)


def _reachable(host: str, port: int) -> None:
    """This machine or the public internet; nothing that lies in between."""
    for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        address = ipaddress.ip_address(str(found[4][0]).partition("%")[0])
        if not (address.is_loopback or address.is_global):
            raise NotFetched("not a public address")
