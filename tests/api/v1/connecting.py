"""Connecting by key in tests: a program, the person it sends off, and what the program is told."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.extensions import db
from app.models.accounts import SocialAccount
from app.models.profiles import Profile
from app.sandbox.store import Store
from tests.api.asking import Api
from tests.conftest import Browser
from tests.playing import walk

RETURN = "https://your-app.com/callback"
X = "twitter"


def register(brand: Profile, *urls: str) -> None:
    """Let people be sent on to these addresses."""
    brand.return_urls = list(urls or (RETURN,))
    db.session.commit()


def begin(api: Api, platform: str = X, **more: Any) -> str:
    """The consent page's address, as the program gets it."""
    told = api.post("/api/v1/connect/init", {"platform": platform, "returnUrl": RETURN, **more})
    assert set(told) == {"url", "error"} and told["error"] is None
    return str(told["url"])


def back(browser: Browser, answer: dict[str, str], network: str = X) -> TestResponse:
    """The person's browser, sent back by the network."""
    return browser.get(f"/oauth/{network}/callback", query_string=answer)


def asked(api: Api, browser: Browser, network: str = X, handle: str = "maya", **more: Any) -> str:
    """The page that asks, after a sign-in at the network."""
    url = begin(api, network, **more)
    response = back(browser, walk(url, handle), network)
    assert response.status_code == 303, response.text
    where = response.headers["Location"]
    assert re.fullmatch(r"/oauth/confirm/[0-9a-f-]{36}", where)
    return where


def went(response: TestResponse, url: str = RETURN) -> dict[str, list[str]]:
    """What the program's address is told, however the browser gets there."""
    if response.status_code == 303:
        found = response.headers["Location"]
    else:
        assert response.status_code == 200, response.text
        page = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', response.text)
        assert page is not None
        found = unescape(page[1])
    assert found.startswith(f"{url}{'&' if '?' in url else '?'}")
    return parse_qs(urlsplit(found).query)


def refused(error: str) -> dict[str, list[str]]:
    return {"status": ["error"], "error": [error]}


def count() -> int:
    """How many accounts there are."""
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(SocialAccount)) or 0


def live(store: Store) -> int:
    """How many sign-ins the network still honours."""
    return sum(one.kind == "refresh" and one.live for one in store.grants._rows.values())


def ids_of(told: dict[str, list[str]]) -> list[UUID]:
    return [UUID(one) for one in told["connectionId"]]
