"""The wire of a rehearsal: requests kept as they would be sent, secrets masked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

import httpx2 as httpx

HIDDEN = "•••"
LONG = 2_000  # characters from which base64 is told as a figure
BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
SHOWN = 20_000  # characters of a text in a body
# Names whose values are never shown, in headers, queries and bodies alike.
SECRET = re.compile(
    r"(?i)^(authorization|cookie|set-cookie|dpop|x-mc-auth|access_?token|accessjwt|refreshjwt|"
    r"refresh_?token|token|client_secret|appsecret_proof|password|signature|policy|"
    r"x-amz-(?:signature|credential|security-token)|x-goog-signature|api_?key)$"
)
PLUMBING = {"host", "connection", "accept-encoding", "content-length", "transfer-encoding"}


@dataclass
class Masks:
    """``swaps`` puts the real ids and addresses in the place of the played ones; ``secrets`` are
    words that are shown nowhere."""

    swaps: dict[str, str] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)

    def text(self, text: str) -> str:
        """A text as it may be shown."""
        for one in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(one, HIDDEN)
        for played in sorted(self.swaps, key=len, reverse=True):
            text = text.replace(played, self.swaps[played])
        return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"

    def value(self, value: Any, name: str = "") -> Any:
        """Any JSON as it may be shown."""
        if SECRET.match(name) and value is not None and not isinstance(value, dict | list):
            return HIDDEN
        if isinstance(value, str):
            if len(value) > LONG and BASE64.fullmatch(value):
                return {"base64": len(value) * 3 // 4}
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.value(one, str(key)) for key, one in value.items()}
        if isinstance(value, list):
            return [self.value(one, name) for one in value]
        return value

    def url(self, url: str) -> str:
        """An address; the values of secret parameters are hidden."""
        base, mark, query = self.text(url).partition("?")
        pairs = [part.partition("=") for part in query.split("&")] if mark else []
        shown = "&".join(
            f"{name}{equals}{HIDDEN if SECRET.match(name) else value}"
            for name, equals, value in pairs
        )
        return f"{base}{mark}{shown}"

    def header(self, name: str, value: str) -> str:
        """A header's value; the scheme of ``Authorization`` stays."""
        if name.lower() == "authorization":
            return f"{value.partition(' ')[0]} {HIDDEN}"
        return HIDDEN if SECRET.match(name) else self.text(value)


@dataclass(frozen=True)
class Exchange:
    """A request and its answer, fit to be shown. ``body`` is JSON, a form's fields, or for
    files their kind and size; ``answer`` the JSON that came back."""

    method: str
    url: str
    headers: dict[str, str]
    body: Any
    status: int
    answer: Any
    times: int = 1

    def same(self, other: Exchange) -> bool:
        """Whether the other asks the same: the state of something that is being made."""
        mine, theirs = (self.method, self.url, self.body), (other.method, other.url, other.body)
        return mine == theirs


class Recorder(httpx.BaseTransport):
    """Keeps what passes, once it has been told what to hide (``start``)."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner, self.step, self.masks = inner, "prepare", Masks()
        self._on, self._kept = False, list[tuple[str, Exchange]]()

    def start(self, masks: Masks) -> None:
        """Keep what passes from here on."""
        self.masks, self._on = masks, True

    def taken(self) -> list[tuple[str, Exchange]]:
        """What has passed since the last look, with the step it belonged to."""
        found, self._kept = self._kept, []
        return found

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        sent = request.read()
        response = self.inner.handle_request(request)
        got = response.read()
        if self._on:
            self._keep(self._shown(request, sent, response, got))
        return response

    def _keep(self, one: Exchange) -> None:
        """Of a question asked again and again the last answer is kept, with how often it was."""
        if self._kept and self._kept[-1][1].same(one):
            step, before = self._kept.pop()
            self._kept.append((step, replace(one, times=before.times + 1)))
        else:
            self._kept.append((self.step, one))

    def _shown(
        self, request: httpx.Request, sent: bytes, response: httpx.Response, got: bytes
    ) -> Exchange:
        masks = self.masks
        headers = {
            name: masks.header(name, value)
            for name, value in request.headers.items()
            if name.lower() not in PLUMBING
        }
        kind = request.headers.get("content-type", "")
        return Exchange(
            request.method, masks.url(str(request.url)), headers, self._body(kind, sent),
            response.status_code,
            self._body(response.headers.get("content-type", ""), got),
        )  # fmt: skip

    def _body(self, kind: str, data: bytes) -> Any:
        """A body as JSON, fields or figures."""
        mime = kind.partition(";")[0].strip().lower()
        if not data:
            return None
        if mime.endswith("json"):
            try:
                return self.masks.value(json.loads(data))
            except ValueError:
                return {"contentType": mime, "bytes": len(data)}
        if mime == "application/x-www-form-urlencoded":
            fields = parse_qsl(data.decode("utf-8", "replace"), keep_blank_values=True)
            return self.masks.value(_folded(fields))
        if mime == "multipart/form-data":
            return self.masks.value(_folded(_parts(kind, data)))
        return {"contentType": mime, "bytes": len(data)}


def _folded(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Fields by name; of one that is given several times all values."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            before = found[name] if isinstance(found[name], list) else [found[name]]
            found[name] = [*before, value]
        else:
            found[name] = value
    return found


def _parts(kind: str, data: bytes) -> list[tuple[str, Any]]:
    """The fields of a multipart body; a file as its name, kind and size."""
    _, _, boundary = kind.partition("boundary=")
    mark = b"--" + boundary.strip().strip('"').encode()
    found: list[tuple[str, Any]] = []
    for piece in data.split(mark)[1:-1]:
        head, _, value = piece.partition(b"\r\n\r\n")
        value = value.removesuffix(b"\r\n")
        text = head.decode("utf-8", "replace")
        name = re.search(r'[; ]name="([^"]*)"', text)
        file = re.search(r'filename="([^"]*)"', text)
        mime = re.search(r"(?im)^content-type:\s*(\S+)", text)
        if name is None:
            continue
        if file is None:
            found.append((name[1], value.decode("utf-8", "replace")))
        else:
            of = mime[1] if mime else "application/octet-stream"
            found.append((name[1], {"file": file[1], "contentType": of, "bytes": len(value)}))
    return found
