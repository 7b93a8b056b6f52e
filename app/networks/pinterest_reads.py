"""Reading at Pinterest: lists page by page, boards with their sections, counts of Pins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any
from urllib.parse import quote

import httpx2 as httpx

from app.clock import now
from app.networks import pinterest_errors
from app.networks.base import Destination, Metrics, NetworkError
from app.networks.wire import Answer, call, unreadable

PAGE = "250"  # the most one page of a list holds
BOARD_PAGES = 8  # an account has at most 2,000 boards
SECTIONS_OF = 20  # boards whose sections are looked up: a call each, and Trial has 1,000 a day
DAYS = timedelta(days=89)  # §3: not more than 90 days back
COUNTED = "IMPRESSION,SAVE,TOTAL_COMMENTS,TOTAL_REACTIONS"


@dataclass(frozen=True)
class Reads:
    """The reading calls of one account; ``base`` ends with the API's version."""

    http: httpx.Client
    base: str
    headers: Mapping[str, str]

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """One call."""
        return call(
            self.http, "GET", self.base + path, judge=pinterest_errors.other,
            headers=self.headers, params=params,
        )  # fmt: skip

    def items(self, path: str) -> list[dict[str, Any]]:
        """All objects of a list, page by page."""
        found: list[dict[str, Any]] = []
        params = {"page_size": PAGE}
        for _ in range(BOARD_PAGES):
            answer = self.get(path, params)
            rows, bookmark = (answer.mapping().get(name) for name in ("items", "bookmark"))
            if not isinstance(rows, list):
                raise unreadable(answer.status, answer.raw)
            found += [row for row in rows if isinstance(row, dict) and row.get("id")]
            if not bookmark:
                break
            params = {"page_size": PAGE, "bookmark": str(bookmark)}
        return found

    def boards(self) -> list[Destination]:
        """The account's boards; those after the first 20 come without ``extras["sections"]``."""
        found = []
        for place, row in enumerate(self.items("/boards")):
            extras: dict[str, Any] = {"privacy": str(row.get("privacy") or "PUBLIC")}
            if place < SECTIONS_OF:
                extras["sections"] = self._sections(str(row["id"]))
            name = str(row.get("name") or row["id"])
            found.append(Destination(str(row["id"]), name, "board", extras=extras))
        return found

    def _sections(self, board_id: str) -> list[dict[str, str]]:
        rows = self.items(f"/boards/{quote(board_id, safe='')}/sections")
        return [{"id": str(row["id"]), "name": str(row.get("name") or "")} for row in rows]

    def counts(self, ids: list[str]) -> dict[str, Metrics]:
        """Counts by id, a call each; all ``None`` where the account has no analytics (§3)."""
        today = now().astimezone(UTC).date()
        params = {
            "start_date": (today - DAYS).isoformat(), "end_date": today.isoformat(),
            "metric_types": COUNTED,
        }  # fmt: skip
        found: dict[str, Metrics] = {}
        for one in ids:
            try:
                answer = call(
                    self.http, "GET", f"{self.base}/pins/{quote(one, safe='')}/analytics",
                    judge=pinterest_errors.told, headers=self.headers, params=params,
                )  # fmt: skip
            except NetworkError as error:
                if error.code == "no_analytics":
                    return found | {left: Metrics() for left in ids if left not in found}
                if error.code != "not_found":
                    raise
                found[one] = Metrics(gone=True)
                continue
            found[one] = _counts(answer)
        return found


def _counts(answer: Answer) -> Metrics:
    """The counts of one Pin's analytics; the key ``all`` is written in either case."""
    told = answer.mapping()
    whole = told.get("all") or told.get("ALL")
    if not isinstance(whole, dict):
        raise unreadable(answer.status, answer.raw)
    lifetime, summary = (whole.get(name) for name in ("lifetime_metrics", "summary_metrics"))
    return Metrics(
        likes=_number(lifetime, "TOTAL_REACTIONS"),
        comments=_number(lifetime, "TOTAL_COMMENTS"),
        saves=_number(summary, "SAVE"),
        impressions=_number(summary, "IMPRESSION"),
    )


def _number(found: Any, name: str) -> int | None:
    value = found.get(name) if isinstance(found, dict) else None
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
