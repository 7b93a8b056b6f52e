"""Whether a link in a text still leads somewhere, asked as a reader's browser would.

Any address a person wrote: everything goes through the guard. Only the status is read, never a
body. What cannot be told (a page that wants a sign-in, a server that turns programs away, an
address the guard does not ask) is not held against the link.
"""

from __future__ import annotations

from urllib.parse import urljoin

import httpx2 as httpx

from app import egress
from app.config import Config

HOPS = 4
SECONDS = 8.0
GONE = {404: "is not there (404)", 410: "is gone (410)"}


def client(config: Config) -> httpx.Client:
    """A guarded client for looking at links; close it. Redirects are followed by ``trouble``."""
    return egress.client(config, guarded=True, connections=8)


def trouble(url: str, http: httpx.Client) -> str:
    """What is wrong with the link, as the end of a sentence; empty where it answers.

    Takes at most ``SECONDS``; no transaction may be open meanwhile.
    """
    with egress.bounded(SECONDS):
        try:
            return _asked(url, http)
        except (httpx.ConnectTimeout, httpx.ReadTimeout, TimeoutError):
            return "does not answer"
        except httpx.ConnectError as error:
            return "" if egress.REFUSED in str(error) else "cannot be reached"
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError, ValueError):
            return "cannot be reached"


def _asked(url: str, http: httpx.Client) -> str:
    for _ in range(HOPS + 1):
        with http.stream("GET", url, headers={"Accept": "text/html,*/*;q=0.5"}) as response:
            if not response.has_redirect_location:
                return _judged(response.status_code)
            url = urljoin(str(response.url), response.headers["location"])
    return "leads in circles"


def _judged(status: int) -> str:
    if status in GONE:
        return GONE[status]
    return f"has a broken server ({status})" if status >= 500 and status != 503 else ""
