"""Calls to LinkedIn's versioned API: headers and Rest.li encoding (networks/linkedin.md §2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2 as httpx

from app import egress
from app.networks import linkedin_errors
from app.networks.wire import Answer, Judge, call


def enc(text: str) -> str:
    """A URN for a path or a query value: percent-encoded whole."""
    return quote(text, safe="")


def listed(members: Iterable[str]) -> str:
    """``List(a,b)``: brackets and commas raw, members encoded."""
    return f"List({','.join(enc(one) for one in members)})"


@dataclass(frozen=True)
class Rest:
    """The API for one token. Queries are written into ``path``, so that nothing recodes them."""

    http: httpx.Client
    base: str
    version: str
    token: str

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def call(
        self, method: str, path: str, *, judge: Judge = linkedin_errors.other, body: Any = None,
        content: bytes | None = None, seconds: float = egress.TOTAL_SECONDS,
        more: Mapping[str, str] | None = None,
    ) -> Answer:  # fmt: skip
        """One call below ``/rest``; ``body`` is sent as JSON, ``content`` as it is."""
        headers = self.bearer | {
            "Linkedin-Version": self.version,
            "X-Restli-Protocol-Version": "2.0.0",
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
        return call(
            self.http, method, f"{self.base}/rest/{path}", judge=judge, json=body,
            content=content, headers=headers | dict(more or {}), seconds=seconds,
        )  # fmt: skip


def elements(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The rows of a collection."""
    rows = found.get("elements")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
