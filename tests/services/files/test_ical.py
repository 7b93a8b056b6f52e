"""iCalendar as text: what RFC 5545 says of lines, of text and of times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.services import ical

NOON = datetime(2026, 5, 14, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Six bells", "Six bells"),
        ("a, b; c\\d", "a\\, b\\; c\\\\d"),
        ("one\r\ntwo\rthree\nfour", "one\\ntwo\\nthree\\nfour"),
        ("bell\x07\x00\x9f", "bell"),
        ("tab\there", "tab\there"),
        ("👩‍🚀 é", "👩‍🚀 é"),
    ],
)
def test_text_is_escaped(text: str, written: str) -> None:
    assert ical.escaped(text) == written


def test_a_moment_is_written_in_utc() -> None:
    east = timezone(timedelta(hours=5, minutes=45))
    assert ical.stamp(NOON.astimezone(east)) == "20260514T123000Z"


@settings(max_examples=40)
@given(st.text(max_size=400))
def test_no_line_is_longer_than_75_octets_and_none_is_cut_within_a_character(text: str) -> None:
    line = f"SUMMARY:{ical.escaped(''.join(c for c in text if not 0xD800 <= ord(c) < 0xE000))}"
    raw = ical.folded(line)
    assert raw.endswith(b"\r\n")
    pieces = raw[:-2].split(b"\r\n")
    assert all(len(one) <= 75 for one in pieces)
    assert all(one.decode() for one in pieces)
    assert list(ical.unfolded(raw)) == [line]


def test_an_event_has_what_programs_ask_for() -> None:
    event = ical.Event(
        uid="1@carillon", starts=NOON, lasts=timedelta(minutes=15), summary="Bells, all",
        text="x" * 200, url="https://bells.example/p/1", status="CONFIRMED", sequence=3,
        made=NOON - timedelta(days=1), changed=NOON,
    )  # fmt: skip
    raw = ical.calendar("Marram", "Europe/London", [event], every=timedelta(hours=1))
    lines = ical.unfolded(raw)
    assert lines[0] == "BEGIN:VCALENDAR" and lines[-1] == "END:VCALENDAR"
    assert {"VERSION:2.0", "UID:1@carillon", "DTSTAMP:20260514T123000Z",
            "DTSTART:20260514T123000Z", "DURATION:PT15M", "SUMMARY:Bells\\, all", "SEQUENCE:3",
            "STATUS:CONFIRMED", "LAST-MODIFIED:20260514T123000Z"} <= set(lines)  # fmt: skip
    assert b"\n" not in raw.replace(b"\r\n", b"")
