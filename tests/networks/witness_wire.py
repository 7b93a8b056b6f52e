"""What the witnesses of descriptions share: the sandbox's wire, with all that passed over it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

import httpx2 as httpx
from flask import Flask

File = tuple[str, str, bytes]  # name, type, content


@dataclass(frozen=True)
class Exchange:
    """One request of our client, and what the sandbox answered."""

    request: httpx.Request
    response: httpx.Response

    @property
    def call(self) -> str:
        """``POST /x/2/tweets``."""
        return f"{self.request.method} {self.request.url.path}"

    @property
    def kind(self) -> str:
        """The media type of the request's body; ``""`` without one."""
        return self.request.headers.get("content-type", "").partition(";")[0].strip()


class Recorder(httpx.WSGITransport):
    """The sandbox; every exchange is kept, and shown to ``seen`` while the client waits."""

    def __init__(self, app: Flask, seen: Callable[[Exchange], None] | None = None) -> None:
        super().__init__(app=app)
        self.exchanges: list[Exchange] = []
        self.seen = seen

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        response = super().handle_request(request)
        response.read()
        self.exchanges.append(found := Exchange(request, response))
        if self.seen is not None:
            self.seen(found)
        return response


def query(request: httpx.Request) -> dict[str, str]:
    """The query; a name that comes twice is no way of any network that reads this."""
    pairs = request.url.params.multi_items()
    assert len({name for name, _ in pairs}) == len(pairs), request.url
    return dict(pairs)


def body(found: Exchange) -> dict[str, Any]:
    """JSON as it is, the fields of a form as text, files of a multipart body as ``File``."""
    content = found.request.content
    if not content:
        return {}
    if found.kind == "application/json":
        told = json.loads(content)
        assert isinstance(told, dict), found.call
        return told
    if found.kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(content.decode(), keep_blank_values=True, strict_parsing=True))
    assert found.kind == "multipart/form-data", f"{found.call}: {found.kind}"
    return _parts(found.request)


def _parts(request: httpx.Request) -> dict[str, Any]:
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    parts: dict[str, Any] = {}
    for part in message_from_bytes(head + request.content, policy=HTTP).iter_parts():
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        name = str(part.get_param("name", header="content-disposition"))
        file = part.get_filename()
        parts[name] = (
            (file, part.get_content_type(), content) if file is not None else content.decode()
        )
    return parts
