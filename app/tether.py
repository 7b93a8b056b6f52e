"""Ties a process to the one that started it: ``python tether.py PARENT_PID COMMAND …``.

A supervisor killed with SIGKILL can't stop its children, and orphans would go on publishing
while the next start-up takes their ports. So each child is told when its parent is gone, with
SIGTERM, and ends as cleanly as by Ctrl-C. On Linux the kernel does it (PR_SET_PDEATHSIG): no
pipe that a grandchild could keep open, nothing to poll, and it holds through ``exec``, so also
for programs that are not ours (the embedded Redis). Elsewhere this process stays and watches.

Run as a plain script, with the standard library alone: it must not cost an import of the app.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from types import FrameType

PR_SET_PDEATHSIG = 1  # linux/prctl.h
POLL_SECONDS = 0.5


def command(*words: str) -> list[str]:
    """The command line that runs ``words`` tied to this process."""
    return [sys.executable, os.path.abspath(__file__), str(os.getpid()), *words]


def hold(parent: int) -> bool:
    """Ask the kernel for SIGTERM when ``parent`` ends; False where it can't be asked."""
    if not sys.platform.startswith("linux"):
        return False
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        return False
    if os.getppid() != parent:  # it ended before we asked
        sys.exit(0)
    return True


def watch(parent: int, words: list[str]) -> int:
    """Run ``words`` as a child, pass signals on, end it when ``parent`` is gone."""
    child = subprocess.Popen(words, close_fds=False)

    def forward(number: int, frame: FrameType | None) -> None:
        child.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, forward)
    told = False
    while True:
        try:
            found = child.wait(POLL_SECONDS)
            return found if found >= 0 else 128 - found
        except subprocess.TimeoutExpired:
            if os.getppid() != parent and not told:
                child.terminate()
                told = True


def main() -> None:
    parent, words = int(sys.argv[1]), sys.argv[2:]
    if hold(parent):
        os.execvp(words[0], words)
    sys.exit(watch(parent, words))


if __name__ == "__main__":
    main()
