"""What is looked for and where, as an address says it; what it cannot mean is left out."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from werkzeug.datastructures import MultiDict

from app.models.bulk import BulkKind
from app.services.bulk_orders import MOST_TEXT, Order
from app.services.calendar import YEARS
from app.services.find_replace import STATUSES, Where


def order_of(args: MultiDict[str, str], back: str) -> Order:
    """The words. Too long ones are refused by ``Order.check``, so nothing is cut off unsaid."""
    find, swap = (args.get(name, "")[: MOST_TEXT + 1] for name in ("find", "swap"))
    return Order(BulkKind.REPLACE, find=find, swap=swap, case=args.get("case") == "1", back=back)


def where_of(args: MultiDict[str, str]) -> Where:
    """The filters."""
    status = args.get("status", "")
    return Where(
        account=_uuid(args.get("account", "")), first=_day(args.get("first", "")),
        last=_day(args.get("last", "")), status=status if status in STATUSES else "",
        label=_uuid(args.get("label", "")),
    )  # fmt: skip


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return found if found is not None and found.year in YEARS else None
