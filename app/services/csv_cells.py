"""Cells of a table that people open in a spreadsheet.

A cell that begins like a formula would be run there, so it gets an apostrophe in front, which
spreadsheets hide and our own import takes away again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

RISKY = tuple("=+-@\t\r\n＝＋－＠")  # the wide ones too: some programs narrow them
BOM = b"\xef\xbb\xbf"  # without it Excel takes UTF-8 for something else


def guarded(text: str) -> str:
    """The text as a cell that no spreadsheet runs."""
    return f"'{text}" if _risky(text) else text


def unguarded(cell: str) -> str:
    """The text of a cell, without the apostrophe that kept it from being run."""
    return cell[1:] if cell.startswith("'") and _risky(cell[1:]) else cell


def lines(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as CSV (RFC 4180) in UTF-8, every cell guarded."""
    made = io.StringIO(newline="")
    writer = csv.writer(made, lineterminator="\r\n")
    for row in rows:
        writer.writerow([guarded(cell) for cell in row])
    return made.getvalue().encode()


def _risky(text: str) -> bool:
    # A text that was guarded by hand already is guarded once more, or it would come back bare.
    return text.lstrip("'").startswith(RISKY)
