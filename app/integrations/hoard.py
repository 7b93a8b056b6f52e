"""Copies of a bucket's files on this machine: the ones used longest ago go first.

Any number of processes use and trim one folder at once. When a copy was used last is the time of
its file, or of its folder below ``fitted``; what was used within ``IN_USE`` seconds stays, even
beyond the bound, since somebody may be about to open it.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from app.integrations.storage import discard

IN_USE = 1800.0  # twice PREPARE_DEADLINE_SECONDS, the longest a file is needed for
SHARE = 20  # looked through after each twentieth of the bound that came
KEPT = 0.9  # of the bound, after something had to go


class Hoard:
    """The copies below ``root``, ``most`` bytes of them."""

    def __init__(self, root: Path, most: int) -> None:
        self.root, self.most = root, most
        self._came, self._lock = 0, threading.Lock()

    def grew(self, size: int) -> None:
        """So many bytes came; looks through the folder now and then."""
        with self._lock:
            self._came += size
            if self._came <= self.most // SHARE:
                return
            self._came = 0
        self.trim()

    def trim(self) -> int:
        """Remove the copies used longest ago where there are too many; how many went."""
        found = self._found()
        left, gone = sum(size for _, size, _ in found), 0
        if left <= self.most:
            return 0
        before = time.time() - IN_USE
        for used, size, path in sorted(found):
            if left <= self.most * KEPT or used >= before:
                break
            discard(path)
            left, gone = left - size, gone + 1
        return gone

    def _found(self) -> list[tuple[float, int, Path]]:
        """When used, how large and where: copies of files, and folders of fitted ones."""
        found = []
        for folder in self.root.glob("[0-9a-f][0-9a-f]"):
            found += [(stat.st_mtime, stat.st_size, path) for path, stat in _in(folder)]
        for folder in self.root.glob("fitted/[0-9a-f][0-9a-f]"):
            for path, stat in _in(folder):
                found.append((stat.st_mtime, sum(one.st_size for _, one in _in(path)), path))
        return found


def _in(folder: Path) -> list[tuple[Path, os.stat_result]]:
    """What lies in a folder that others work on too."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    found.append((Path(entry.path), entry.stat(follow_symlinks=False)))
                except FileNotFoundError:
                    continue
    except (FileNotFoundError, NotADirectoryError):
        pass
    return found
