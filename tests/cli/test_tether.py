"""A child tied to its parent ends with it, however the parent ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app import tether

ROOT = Path(__file__).resolve().parents[2]

# A parent that starts a child through the tether, says its number, and waits.
PARENT = """
import subprocess, sys, time
from app import tether
child = subprocess.Popen({how}, start_new_session=True)
print(child.pid, flush=True)
time.sleep(60)
"""
# A child that writes a line when it is asked to end.
CHILD = """
import pathlib, signal, sys, time
def end(number, frame):
    pathlib.Path(sys.argv[1]).write_text("ended by " + signal.Signals(number).name)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
pathlib.Path(sys.argv[1]).write_text("ready")
time.sleep(60)
"""
KERNEL = "tether.command(sys.executable, *sys.argv[1:])"
# What happens where the kernel can't be asked: the same script stays and watches.
WATCH = (
    "[sys.executable, '-c', 'import os, sys; from app import tether; "
    "sys.exit(tether.watch(os.getppid(), sys.argv[1:]))', sys.executable, *sys.argv[1:]]"
)


def waited(condition: object, seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.parametrize(
    "how",
    [
        pytest.param(
            KERNEL,
            marks=pytest.mark.skipif(
                not sys.platform.startswith("linux"), reason="asks Linux's kernel"
            ),
        ),
        WATCH,
    ],
    ids=["kernel", "watch"],
)
def test_a_child_is_asked_to_end_when_its_parent_is_killed(tmp_path: Path, how: str) -> None:
    note, script = tmp_path / "note", tmp_path / "child.py"
    script.write_text(CHILD)
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT.replace("{how}", how), str(script), str(note)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    try:
        assert waited(lambda: note.exists() and note.read_text() == "ready")
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        assert waited(lambda: note.read_text() == "ended by SIGTERM")
    finally:
        parent.stdout.close()
        try:
            os.kill(child, signal.SIGKILL)
        except ProcessLookupError:
            pass


def test_a_watcher_passes_signals_and_exit_codes_on(tmp_path: Path) -> None:
    note, script = tmp_path / "note", tmp_path / "child.py"
    script.write_text(CHILD)
    code = (
        "import os, sys; from app import tether; sys.exit(tether.watch(os.getppid(), sys.argv[1:]))"
    )
    watcher = subprocess.Popen(
        [sys.executable, "-c", code, sys.executable, str(script), str(note)], cwd=ROOT
    )
    assert waited(lambda: note.exists() and note.read_text() == "ready")
    watcher.send_signal(signal.SIGTERM)
    assert watcher.wait(10) == 0
    assert note.read_text() == "ended by SIGTERM"
    failing = subprocess.run(
        [sys.executable, "-c", code, sys.executable, "-c", "raise SystemExit(3)"], cwd=ROOT
    )
    assert failing.returncode == 3


def test_a_child_whose_parent_is_gone_already_does_not_start(tmp_path: Path) -> None:
    script = Path(tether.__file__)
    note = tmp_path / "note"
    done = subprocess.run(
        [sys.executable, str(script), "1", sys.executable, "-c", f"open({str(note)!r}, 'w')"],
        timeout=10, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert note.exists() is not sys.platform.startswith("linux")
