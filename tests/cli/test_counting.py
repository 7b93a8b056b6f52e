"""Processes of one machine count together (reliability §12)."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import URLError

import pytest

from app import counting
from tests.cli.test_commands import ROOT, clean

COUNT = re.compile(r'carillon_http_requests_total\{[^}]*route="/docs"[^}]*\} ([\d.]+)')


@pytest.fixture
def address(settings_for: Callable[..., dict[str, str]], fresh_database: str) -> Iterator[str]:
    """``carillon web`` with two worker processes."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    env = clean(settings_for(DATABASE_URL=fresh_database, PORT=port))
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "web", "--workers", "2"],
        cwd=ROOT, env=env, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    yield f"http://127.0.0.1:{port}"
    process.send_signal(signal.SIGTERM)
    process.wait(30)


def read(url: str) -> str:
    until = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return str(answer.read().decode())
        except URLError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def test_whichever_worker_is_asked_counts_the_requests_of_all(address: str) -> None:
    read(f"{address}/healthz")
    for _ in range(12):
        read(f"{address}/docs")
    found = [COUNT.findall(read(f"{address}/metrics")) for _ in range(8)]
    assert found == [["12.0"]] * 8


def test_what_dead_processes_counted_is_kept_a_week(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(counting.VARIABLE, "")
    folder = tmp_path / "metrics"
    folder.mkdir()
    dead, alive = 2**22 + 1, os.getpid()
    for name in (f"counter_{dead}.db", f"counter_{alive}.db", f"histogram_{dead}.db", "notes.txt"):
        (folder / name).write_bytes(b"")
    old = time.time() - 8 * 86_400
    for name in (f"counter_{dead}.db", f"counter_{alive}.db", "notes.txt"):
        os.utime(folder / name, (old, old))
    counting.share(folder)
    assert os.environ[counting.VARIABLE] == str(folder)
    assert {path.name for path in folder.iterdir()} == {
        f"counter_{alive}.db", f"histogram_{dead}.db", "notes.txt",
    }  # fmt: skip
