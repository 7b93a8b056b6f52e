"""The child's life: limits on itself, one request on stdin, one answer on stdout, the end.

Request and answer are one JSON object each. An answer is ``{"made": [...]}``, or
``{"refused": sentence}`` about the file, or ``{"failed": word}`` about our own storage.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from pathlib import Path
from typing import Any

MEMORY = 1_280 * 1024 * 1024  # bytes of address space: 40 megapixels twice, and the code
WRITTEN = 96 * 1024 * 1024  # bytes a written file may have
LONGEST_REQUEST = 65_536


def limit(cpu_seconds: int, written: int = WRITTEN) -> None:
    """Bound memory, processor time, files and processes before a decoder is loaded."""
    bounds = {
        resource.RLIMIT_AS: MEMORY,
        resource.RLIMIT_CPU: cpu_seconds,
        resource.RLIMIT_FSIZE: written,
        resource.RLIMIT_NOFILE: 32,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_CORE: 0,
    }
    for what, most in bounds.items():
        hard = resource.getrlimit(what)[1]
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        # At the soft limit of time comes SIGXCPU, which says why; at the hard one SIGKILL.
        last = most + 1 if what == resource.RLIMIT_CPU and hard == resource.RLIM_INFINITY else most
        try:
            resource.setrlimit(what, (most, last))
        except (ValueError, OSError):  # a system that knows no such limit
            if sys.platform == "linux":
                raise


def perform(asked: dict[str, Any]) -> dict[str, Any]:
    """Do the work; see the module for the answer."""
    from app.imaging.kinds import TOO_HARD, Refused

    try:
        return {"made": _made(asked)}
    except Refused as error:
        return {"refused": str(error)}
    except MemoryError:
        return {"refused": TOO_HARD}
    except OSError as error:
        return {"failed": type(error).__name__}


def _made(asked: dict[str, Any]) -> list[dict[str, Any]]:
    from app.imaging import work

    source = Path(asked["source"])
    if asked["do"] == "inspect":
        return [work.inspect(source, asked["declared"])]
    dest = Path(asked["dest"])
    if asked["do"] == "film":
        from app.imaging import film

        return film.take(
            source, dest, Path(asked["poster"]), Path(asked["thumb"]), asked["declared"],
            asked["side"],
        )  # fmt: skip
    if asked["do"] == "thumbnail":
        return work.thumbnail(source, dest, asked["side"])
    if asked["do"] == "fit":
        from app.imaging import shrink

        return shrink.fit(source, dest, asked["limits"])
    if asked["do"] == "crop":
        from app.imaging import crop

        return crop.crop(
            source, dest, Path(asked["thumb"]), asked["box"], asked["size"], asked["side"]
        )
    thumb = Path(asked["thumb"]) if asked["thumb"] else None
    return work.take(source, dest, thumb, asked["declared"], asked["side"])


def main() -> int:
    """Serve one request. A stop of the whole product lets it finish: its time is short."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    asked = json.loads(sys.stdin.buffer.read(LONGEST_REQUEST))
    limit(int(asked["cpu"]), int(asked.get("written", WRITTEN)))
    sys.stdout.write(json.dumps(perform(asked)))
    return 0
