"""Where the processes of one machine add up their counters, so that any of them can show all.

``prometheus_client`` reads the folder's name from the environment when it is imported, so
``share`` comes first of all; it imports nothing itself.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
KEPT_SECONDS = 7 * 86_400.0
_OURS = re.compile(r"^[a-z_]+_(\d+)\.db$")


def share(folder: Path) -> None:
    """Count in ``folder`` from now on, in this process and those it starts.

    What processes that are gone have counted stays for a week and is then swept away.
    """
    if os.environ.get(VARIABLE):
        return
    folder.mkdir(parents=True, exist_ok=True)
    os.environ[VARIABLE] = str(folder)
    for path in folder.iterdir():
        found = _OURS.match(path.name)
        if found and not _alive(int(found[1])) and _age(path) > KEPT_SECONDS:
            path.unlink(missing_ok=True)


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # somebody else's
    return True
