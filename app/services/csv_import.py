"""A table of posts as people make it in a spreadsheet: read, nothing more.

One line a post. Columns are found by their names, in any order; the export's own are known, so
that a table exported here can be changed and come back.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.clock import now
from app.errors import PayloadTooLarge, ValidationFailed
from app.models.profiles import Profile
from app.services import account_refs, csv_cells
from app.services.account_refs import NAMES, Accounts
from app.services.export_table import PART

BYTES = 2 * 1024 * 1024
ROWS = 1_000
COLUMNS = ("time", "zone", "accounts", "text", "link", "media", "alt", "labels", "state", "id")
NEEDED = ("text", "accounts")
UNUSED = ("own texts", "published", "problems")  # of our own export, and told by nobody
STATES = {"": False, "scheduled": False, "draft": True}


@dataclass(frozen=True)
class Read:
    """A table's lines as ``FileRow.data``, and the names of columns that nobody reads."""

    rows: list[dict[str, Any]]
    ignored: list[str]


def read(raw: bytes) -> Read:
    """The table of a file. Raises ``ValidationFailed`` or ``PayloadTooLarge`` (``field`` is
    ``file``) where it is none, or holds too much."""
    if len(raw) > BYTES:
        raise PayloadTooLarge("A table has at most 2 MB. Split it in two.", field="file")
    lines = csv.reader(io.StringIO(_text(raw), newline=""), delimiter=_delimiter(raw), strict=True)
    try:
        head = [cell.strip().lower() for cell in next(lines, [])]
        columns, ignored = _columns(head)
        rows: list[dict[str, Any]] = []
        for cells in lines:
            if any(cell.strip() for cell in cells):
                rows.append(_row(lines.line_num, _cells(columns, cells)))
            if len(rows) > ROWS:
                raise _refused(f"A table has at most {ROWS:,} posts. Split it in two.")
    except csv.Error as error:
        words = f"Line {lines.line_num} cannot be read: the quotation marks do not match."
        raise _refused(words) from error
    if not rows:
        raise _refused("There is no post in this table, only its head.")
    return Read(rows, ignored)


def sample(profile: Profile, accounts: Accounts) -> bytes:
    """A table to begin with: the brand's own accounts, times of next week."""
    names = [accounts.name(one) for one in accounts.rows[:2]] or ["mastodon", "bluesky"]
    local = now().astimezone(profile.zone)
    first = (local + timedelta(days=7)).replace(hour=9, minute=30)
    lines = [
        ("time", "accounts", "text", "link", "media", "alt", "state"),
        (_stamp(first), names[0], "Six bells at noon. Come and listen.", "", "", "", ""),
        (_stamp(first + timedelta(days=1)), ", ".join(names),
         f"A thread begins here.{PART}And goes on here.", "https://example.com/bells", "", "", ""),
        ("", names[-1], "An idea without a time yet", "",
         "https://example.com/bells.jpg", "Six bells in a row", "draft"),
    ]  # fmt: skip
    return csv_cells.BOM + csv_cells.lines(lines)


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _text(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        words = "This is no table in UTF-8. In your spreadsheet choose “CSV UTF-8” to save it."
        raise _refused(words) from error
    if "\x00" in text:
        raise _refused("This is no table. In your spreadsheet choose “CSV UTF-8” to save it.")
    return text


def _delimiter(raw: bytes) -> str:
    """Spreadsheets of many countries write semicolons; the head tells."""
    head = raw.split(b"\n", 1)[0]
    return max(",;\t", key=lambda sign: head.count(sign.encode()))


def _columns(head: Sequence[str]) -> tuple[dict[int, str], list[str]]:
    columns: dict[int, str] = {}
    ignored: list[str] = []
    for place, name in enumerate(head):
        known = name if name in COLUMNS else _own(name)
        if known and known in columns.values():
            raise _refused(f"The column “{name[:40]}” is there twice.")
        if known:
            columns[place] = known
        elif name and name not in UNUSED:
            ignored.append(name[:40])
    for name in NEEDED:
        if name not in columns.values():
            raise _refused(
                f"The column “{name}” is missing. The first line names the columns: "
                f"{', '.join(COLUMNS[:-1])}."
            )
    return columns, ignored


def _own(name: str) -> str:
    """``text x`` as ``text twitter``; empty for a column that is none of ours."""
    word, _, network = name.partition(" ")
    found = NAMES.get(network.strip(), "") if word == "text" else ""
    return f"text {found}" if found else ""


def _cells(columns: Mapping[int, str], cells: Sequence[str]) -> dict[str, str]:
    return {
        name: csv_cells.unguarded(cells[place]) if place < len(cells) else ""
        for place, name in columns.items()
    }


def _row(line: int, cells: Mapping[str, str]) -> dict[str, Any]:
    state = cells.get("state", "").strip().lower()
    urls = cells.get("media", "").split()
    alts = [one.strip() for one in cells.get("alt", "").splitlines()]
    return {
        "line": line,
        "time": cells.get("time", "").strip()[:60],
        "zone": cells.get("zone", "").strip()[:64],
        "accounts": account_refs.split(cells["accounts"]),
        "parts": _parts(cells["text"]),
        "texts": {
            name.partition(" ")[2]: _parts(text)
            for name, text in cells.items()
            if name.startswith("text ") and text.strip()
        },
        "link": cells.get("link", "").strip(),
        "labels": account_refs.split(cells.get("labels", "")),
        "media": [
            {"url": url, "alt": alts[n] if n < len(alts) else ""} for n, url in enumerate(urls)
        ],
        "draft": STATES.get(state, False),
        "state": "" if state in STATES else state[:40],
        "id": cells.get("id", "").strip()[:40],
    }


def _parts(text: str) -> list[str]:
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return [part.strip("\n") for part in plain.split(PART)]


def _refused(words: str) -> ValidationFailed:
    return ValidationFailed(words, field="file")
