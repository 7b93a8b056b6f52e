"""The receivers that the documentation shows: they take what is signed, and nothing else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
NODE, PYTHON = "webhook-receiver.example.js", "webhook_receiver_example.py"
TYPED = "webhook-receiver.example.ts"
TYPES = (22, 18)  # the first Node that reads TypeScript
SECRET = "whsec_" + base64.b64encode(b"a key of thirty-two bytes exactly").decode()
EVENT = {
    "id": "msg_1", "type": "post.published", "event_type": "post.published",
    "timestamp": "2026-01-15T10:30:00.000Z", "profile_id": "p", "data": {"content": "H\u00e9llo"},
}  # fmt: skip
BODY = json.dumps(EVENT, separators=(",", ":")).encode()


def node(name: str) -> str:
    """The Node of this machine that can run that file; without one the test says so."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("no node on the path: the receivers in JavaScript and TypeScript are not tried")
    if name == TYPED:
        told = subprocess.run([found, "--version"], capture_output=True, text=True, check=True)
        version = tuple(int(one) for one in told.stdout.strip().lstrip("v").split(".")[:2])
        if version < TYPES:
            pytest.skip(
                f"node {told.stdout.strip()} reads no TypeScript: that receiver is not tried"
            )
    return found


@pytest.fixture(params=[NODE, TYPED, PYTHON])
def receiver(request: pytest.FixtureRequest) -> Iterator[str]:
    """One of them, running; its address."""
    program = sys.executable if request.param == PYTHON else node(request.param)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = subprocess.Popen(
        [program, str(ROOT / "docs" / "examples" / request.param)],
        stdout=subprocess.PIPE, text=True,
        env={"PATH": os.environ.get("PATH", ""), "WEBHOOK_SECRET": SECRET, "PORT": str(port)},
    )  # fmt: skip
    try:
        assert running.stdout is not None
        assert running.stdout.readline() == "listening\n"
        yield f"http://127.0.0.1:{port}/webhook"
    finally:
        running.kill()
        running.communicate(timeout=30)


def signed(body: bytes, at: int, secret: str = SECRET) -> dict[str, str]:
    """The headers of reliability §7."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    made = hmac.new(key, f"msg_1.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "X-Webhook-Signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
        "webhook-id": "msg_1", "webhook-timestamp": str(at),
        "webhook-signature": f"v1,bm9uZQ== v1,{base64.b64encode(made).decode()}",
    }  # fmt: skip


def test_what_is_signed_is_taken_and_nothing_else(receiver: str) -> None:
    now = int(time.time())
    good = signed(BODY, now)
    other = "whsec_" + base64.b64encode(b"another key").decode()
    with httpx.Client(timeout=30) as http:
        assert http.post(receiver, content=BODY, headers=good).status_code == 200
        for bad in (
            {}, good | {"X-Webhook-Signature": "0" * 64}, good | {"webhook-signature": "v1,bm8="},
            good | {"webhook-timestamp": str(now - 1)}, signed(BODY, now - 3600),
            signed(BODY, now, other), good | {"webhook-timestamp": "soon"},
        ):  # fmt: skip
            assert http.post(receiver, content=BODY, headers=bad).status_code == 401, bad
        changed = BODY.replace(b"Hello", b"H3llo") + b" "
        assert http.post(receiver, content=changed, headers=good).status_code == 401
        elsewhere = receiver.replace("/webhook", "/other")
        assert http.post(elsewhere, content=BODY, headers=good).status_code == 404


def test_the_page_shows_the_receivers_as_they_are() -> None:
    page = (ROOT / "docs/webhooks.md").read_text(encoding="utf-8")
    for name in (NODE, TYPED, PYTHON):
        assert (ROOT / "docs" / "examples" / name).read_text(encoding="utf-8").strip() in page
