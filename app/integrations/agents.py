"""MCP over stdio: messages of an agent on this machine, passed on to an installation's ``/mcp``.

A line is a message (specification of 2025-11-25, "stdio"). Nothing else goes to stdout. The key
decides what the agent may do, as over HTTP: this end knows no rule and needs no database.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any, TextIO

import httpx2 as httpx

SECONDS = 180.0  # a file of 200 MB may be fetched meanwhile
AT_ONCE = 4
UNREADABLE, FAILED = -32700, -32000
AWAY = "Carillon does not answer at {}. Is it running, and is APP_URL its address?"


def speak(base: str, key: str, lines: TextIO, out: TextIO) -> None:
    """Pass messages on until ``lines`` ends, then wait for what is still under way."""
    headers = {
        "Authorization": f"Bearer {key}", "Accept": "application/json, text/event-stream",
        "User-Agent": "Carillon-MCP/1",
    }  # fmt: skip
    http = httpx.Client(headers=headers, timeout=SECONDS, trust_env=False)
    with http, ThreadPoolExecutor(AT_ONCE) as pool:
        line = Line(http, f"{base}/mcp", out)
        for text in lines:
            if text.strip():
                pool.submit(line.take, text)


class Line:
    """The way between one agent and one installation."""

    def __init__(self, http: httpx.Client, address: str, out: TextIO) -> None:
        self._http, self._address, self._out = http, address, out
        self._turn = Lock()

    def take(self, text: str) -> None:
        """Pass one message on and write its answer, if it has one."""
        try:
            message = json.loads(text)
        except ValueError:
            self._write(_refusal(None, UNREADABLE, "A line has to be one JSON message."))
            return
        number = message.get("id") if isinstance(message, dict) else None
        told = self._asked(text, number)
        if told is not None and (number is not None or "error" in told):
            self._write(told)

    def _asked(self, text: str, number: Any) -> dict[str, Any] | None:
        headers = {"Content-Type": "application/json"}
        try:
            answer = self._http.post(self._address, content=text.encode(), headers=headers)
        except httpx.HTTPError:
            return _refusal(number, FAILED, AWAY.format(self._address))
        if answer.status_code == 202:
            return None
        try:
            found = answer.json()
        except ValueError:
            found = None
        if isinstance(found, dict) and found.get("jsonrpc") == "2.0":
            return found
        words = found.get("message") if isinstance(found, dict) else None
        words = words or AWAY.format(self._address)
        return _refusal(number, FAILED, str(words), answer.headers.get("Retry-After"))

    def _write(self, message: dict[str, Any]) -> None:
        text = json.dumps(message, ensure_ascii=True)
        with self._turn:
            self._out.write(f"{text}\n")
            self._out.flush()


def _refusal(number: Any, code: int, words: str, wait: str | None = None) -> dict[str, Any]:
    error: dict[str, Any] = {"code": code, "message": words}
    if wait is not None:
        error["data"] = {"retryAfterSeconds": wait}
    return {"jsonrpc": "2.0", "id": number, "error": error}
