"""A body of two halves, as Google's libraries send small files."""

from __future__ import annotations

import json
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from flask import request

from app.sandbox.youtube.desk import bad


def halves() -> tuple[dict[str, Any], str, bytes]:
    """``multipart/related``: the resource, and the media's type and bytes."""
    head = b"Content-Type: " + request.headers.get("Content-Type", "").encode() + b"\r\n\r\n"
    message = BytesParser(policy=HTTP).parsebytes(head + request.get_data())
    parts = message.get_payload() if message.is_multipart() else []
    found = [part for part in parts if isinstance(part, Message)]
    if len(found) != 2:
        bad("Malformed multipart body.")
    try:
        asked = json.loads(_bytes(found[0]))
    except ValueError:
        bad("Parse Error", "parseError")
    return asked if isinstance(asked, dict) else {}, found[1].get_content_type(), _bytes(found[1])


def _bytes(part: Message) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""
