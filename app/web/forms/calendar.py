"""What the calendar's address says: dates, and filters in the query string."""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import urlencode
from uuid import UUID

from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound

from app.config import NETWORKS
from app.services.calendar import STATUSES, YEARS, Filters

MONTH = re.compile(r"(\d{4})-(\d{2})")
TEXT = 200  # characters of a search


def month_of(text: str) -> tuple[int, int]:
    """``2026-05`` as year and month; ``NotFound`` for anything else."""
    found = MONTH.fullmatch(text)
    if found is None or int(found[1]) not in YEARS or not 1 <= int(found[2]) <= 12:
        raise NotFound()
    return int(found[1]), int(found[2])


def day_of(text: str) -> date:
    """``2026-05-14``; ``NotFound`` for anything else."""
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise NotFound() from error
    if len(text) != 10 or found.year not in YEARS:
        raise NotFound()
    return found


def shown_of(args: MultiDict[str, str]) -> str:
    """What a page of the calendar has on view: ``month=2026-05``, or ``week=2026-05-11``."""
    return args.get("month", "") or args.get("week", "")


def filters_of(args: MultiDict[str, str]) -> Filters:
    """The filters of an address; what it cannot mean is left out."""
    wanted = set(args.get("net", "").split(","))
    status = args.get("status", "")
    return Filters(
        networks=tuple(name for name in NETWORKS if name in wanted),
        status=status if status in STATUSES else "",
        author=_uuid(args.get("author", "")),
        text=" ".join(args.get("q", "")[:TEXT].split()),
        label=_uuid(args.get("label", "")),
        slots=args.get("slots") != "0",
    )


def query_of(filters: Filters) -> str:
    """The filters as they stand in an address, with ``?``; empty where there are none."""
    given = {
        "net": ",".join(filters.networks),
        "status": filters.status,
        "author": str(filters.author or ""),
        "label": str(filters.label or ""),
        "q": filters.text,
        "slots": "" if filters.slots else "0",
    }
    kept = urlencode({key: value for key, value in given.items() if value}, safe=",")
    return f"?{kept}" if kept else ""


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
