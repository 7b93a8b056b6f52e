"""HTTP to a server of the test's own. No certificates are read: that takes longer than a call."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx2 as httpx


def client(**more: Any) -> httpx.Client:
    """A client for loopback, with neither certificates nor the machine's proxies."""
    return httpx.Client(**{"verify": False, "trust_env": False, "timeout": 30, **more})


def request(method: str, url: str, **more: Any) -> httpx.Response:
    """One request on a connection of its own, and its answer read to the end."""
    with client() as one:
        return one.request(method, url, **more)


get = partial(request, "GET")
post = partial(request, "POST")
delete = partial(request, "DELETE")
