"""Numbers of the played Pinterest, by UTC days of the last three months."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from app.sandbox.pinterest.desk import (
    FORBIDDEN,
    NAME,
    ROOM,
    allowed,
    bp,
    invalid,
    me,
    say,
    stop,
)
from app.sandbox.pinterest.pins import own
from app.sandbox.pinterest.shapes import numbers
from app.sandbox.records import Post
from app.sandbox.store import store

DAYS = 90
TYPES = (
    "IMPRESSION", "OUTBOUND_CLICK", "PIN_CLICK", "SAVE", "SAVE_RATE", "TOTAL_COMMENTS",
    "TOTAL_REACTIONS", "USER_FOLLOW", "PROFILE_VISIT", "VIDEO_MRC_VIEW", "VIDEO_10S_VIEW",
    "QUARTILE_95_PERCENT_VIEW", "VIDEO_V50_WATCH_TIME", "VIDEO_START", "VIDEO_AVG_WATCH_TIME",
)  # fmt: skip
LIFETIME = ("TOTAL_COMMENTS", "TOTAL_REACTIONS")
RATES = {"ENGAGEMENT_RATE", "OUTBOUND_CLICK_RATE", "PIN_CLICK_RATE", "SAVE_RATE"}


def _day(name: str) -> date:
    text = request.args.get(name, "")
    try:
        return date.fromisoformat(text)
    except ValueError:
        invalid(f"{name}: {text!r} is not of the format 'date'.")


def _span() -> tuple[date, date]:
    start, end = _day("start_date"), _day("end_date")
    today = datetime.now(UTC).date()
    if start < today - timedelta(days=DAYS):
        invalid(f"start_date cannot be more than {DAYS} days back from today.")
    if end < start or end > start + timedelta(days=DAYS) or end > today + timedelta(days=1):
        invalid(f"end_date has to be within {DAYS} days of start_date.")
    if me().extras.get("account_type") == "PINNER":
        stop(403, FORBIDDEN, "Analytics are for business accounts.")
    return start, end


def _types() -> list[str]:
    asked = [word for word in request.args.get("metric_types", "").split(",") if word]
    unknown = [word for word in asked if word not in TYPES]
    if unknown or not asked:
        invalid(f"metric_types: {unknown or 'nothing'} does not match.")
    return asked


def _told(post: Post, types: list[str], start: date, end: date) -> dict[str, Any]:
    known = numbers(post)
    known["SAVE_RATE"] = 0
    shown = {name: known.get(name, 0) for name in types if name not in LIFETIME}
    day = max(start, min(post.moment.date(), end))
    return {
        "all": {
            "daily_metrics": [
                {"date": day.isoformat(), "data_status": "READY", "metrics": shown}
            ],
            "lifetime_metrics": {name: known[name] for name in types if name in LIFETIME},
            "summary_metrics": shown,
        }
    }  # fmt: skip


@bp.get("/v5/pins/<pin_id>/analytics")
@ROOM.operation("metrics")
@allowed("analytics", "boards:read", "pins:read")
def of_pin(pin_id: str) -> ResponseReturnValue:
    (start, end), types = _span(), _types()
    return say(_told(own(pin_id), types, start, end))


@bp.get("/v5/pins/analytics")
@ROOM.operation("metrics")
@allowed("analytics", "boards:read", "pins:read")
def of_pins() -> ResponseReturnValue:
    """Up to a hundred Pins, by id."""
    (start, end), types = _span(), _types()
    ids = [one for one in request.args.get("pin_ids", "").split(",") if one]
    if not 1 <= len(ids) <= 100:
        invalid("pin_ids takes 1 to 100 ids.")
    return say({one: _told(own(one), types, start, end) for one in ids})


@bp.get("/v5/user_account/analytics")
@ROOM.operation("metrics")
@allowed("analytics", "user_accounts:read")
def of_account() -> ResponseReturnValue:
    """The account as a whole."""
    _, end = _span()
    posts = [numbers(post) for post in store().posts.of(NAME, me().handle)]
    names = ("IMPRESSION", "OUTBOUND_CLICK", "PIN_CLICK", "SAVE")
    total: dict[str, float] = {name: sum(one[name] for one in posts) for name in names}
    total["ENGAGEMENT"] = total["PIN_CLICK"] + total["SAVE"]
    total |= {
        name: round(total[name.removesuffix("_RATE")] / (total["IMPRESSION"] or 1), 4)
        for name in RATES
    }
    days = [{"date": end.isoformat(), "data_status": "READY", "metrics": total}]
    return say({"all": {"daily_metrics": days, "summary_metrics": total}})
