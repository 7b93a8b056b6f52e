"""Calls to Instagram's graph with an account's token: either login, one set of paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx2 as httpx

from app.networks import instagram_errors
from app.networks.wire import Answer, Judge, call, unreadable

PAGES = 20


@dataclass(frozen=True)
class Graph:
    """``base`` is the host with its version; the token goes into the header. ``proof`` is sent
    with every call (``appsecret_proof`` of the Facebook login)."""

    http: httpx.Client
    base: str
    token: str = field(repr=False)
    proof: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}

    def get(self, *path: str, seconds: float = 15.0, **params: str) -> dict[str, Any]:
        """Read an object; raises ``NetworkError``."""
        return _object(
            call(
                self.http, "GET", self._url(path), judge=instagram_errors.other,
                headers=self.headers, params={**params, **self.proof}, seconds=seconds,
            )
        )  # fmt: skip

    def post(
        self, *path: str, body: Mapping[str, Any], judge: Judge = instagram_errors.other,
        seconds: float = 30.0,
    ) -> dict[str, Any]:  # fmt: skip
        """Send JSON."""
        return _object(
            call(
                self.http, "POST", self._url(path), judge=judge, headers=self.headers,
                params=dict(self.proof), json=dict(body), seconds=seconds,
            )
        )  # fmt: skip

    def delete(self, *path: str) -> dict[str, Any]:
        return _object(
            call(
                self.http, "DELETE", self._url(path), judge=instagram_errors.other,
                headers=self.headers, params=dict(self.proof),
            )
        )  # fmt: skip

    def rows(self, *path: str, **params: str) -> Iterator[Mapping[str, Any]]:
        """Every row of a list, page by page. The next page is asked for by its cursor: the
        address Meta offers carries the token."""
        for _ in range(PAGES):
            answer = self.get(*path, seconds=15.0, **params)
            yield from data(answer)
            paging = answer.get("paging")
            if not isinstance(paging, dict) or not paging.get("next"):
                return
            cursors = paging.get("cursors")
            after = cursors.get("after") if isinstance(cursors, dict) else None
            if not after:
                return
            params["after"] = str(after)

    def _url(self, path: tuple[str, ...]) -> str:
        return "/".join((self.base, *(quote(part, safe="") for part in path)))


def data(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The objects of a list's page."""
    rows = answer.get("data")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _object(answer: Answer) -> dict[str, Any]:
    found = answer.data()
    if not isinstance(found, dict):
        raise unreadable(answer.status, answer.raw)
    return found


def made(answer: Mapping[str, Any]) -> str:
    """The id of what a call made."""
    found = answer.get("id")
    if not isinstance(found, str | int) or isinstance(found, bool) or not str(found):
        raise unreadable(200, str(answer)[:200])
    return str(found)
