"""Names made from content: CIDs, and TIDs for new records."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

from app.sandbox.store import store

_DIGITS = "234567abcdefghijklmnopqrstuvwxyz"
TID = re.compile(rf"[234567abcdefghij][{_DIGITS}]{{12}}")
CID = re.compile(r"b[a-z2-7]{58,}")


def of_bytes(data: bytes) -> str:
    """The CID of a blob: version 1, raw, SHA-256. The same bytes have the same name."""
    return _named(b"\x01\x55\x12\x20", data)


def of_record(value: Any) -> str:
    """A CID for a record. Shaped like the real one, of its JSON instead of its CBOR."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return _named(b"\x01\x71\x12\x20", text.encode("utf-8", "surrogatepass"))


def _named(prefix: bytes, data: bytes) -> str:
    raw = prefix + hashlib.sha256(data).digest()
    return "b" + base64.b32encode(raw).decode().lower().rstrip("=")


def tid() -> str:
    """The key of a new record, or a revision: rising, 53 bits of microseconds and a clock id."""
    milliseconds, count = divmod(store().serial(bits=16), 1 << 16)
    value = (milliseconds * 1000 + count % 1000) << 10 | count // 1000 & 1023
    return "".join(_DIGITS[value >> shift & 31] for shift in range(60, -1, -5))
