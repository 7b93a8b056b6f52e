"""What one running copy holds against another: its instance folder and its ports."""

from __future__ import annotations

import fcntl
import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from app.config import Config, ConfigError

FINISH_SECONDS = 90.0  # longer than a clean stop may take
NEARBY = 100  # ports tried after the sandbox's usual one


@contextmanager
def instance(folder: Path) -> Iterator[IO[str]]:
    """Hold the instance folder; gives a lock file for every part to inherit.

    Two locks: ``up.lock`` is the supervisor's alone; ``parts.lock`` is open in each part too,
    so the kernel frees it only when the last of them is gone. After a SIGKILL of the
    supervisor the next start thus waits for deliveries in flight instead of running beside them.
    """
    with (folder / "up.lock").open("a") as own, (folder / "parts.lock").open("a") as parts:
        if not _lock(own):
            raise ConfigError(
                f"Carillon is already running with {folder}. Stop it first, or choose another "
                "INSTANCE_DIR and PORT for a second copy."
            )
        if not _lock(parts):
            sys.stderr.write("Waiting for the parts of an earlier run to finish …\n")
            end = time.monotonic() + FINISH_SECONDS
            while not _lock(parts):
                if time.monotonic() > end:
                    raise ConfigError(
                        f"Parts of an earlier run still use {folder}. End them, then start again."
                    )
                time.sleep(0.1)
        yield parts


class Ports:
    """Chooses ports; a lock file for each keeps two copies that start together apart."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._folder = Path(tempfile.gettempdir()) / f"carillon-{os.getuid()}"
        self._folder.mkdir(mode=0o700, exist_ok=True)

    def need(self, host: str, port: int, setting: str) -> None:
        """Raise ``ConfigError`` where something listens there or we may not."""
        try:
            _bind(host, port)
        except OSError as error:
            if isinstance(error, PermissionError):
                reason = "may not be used by this user"
            elif isinstance(error, socket.gaierror):
                reason = f"cannot be opened on HOST={host}"
            else:
                reason = "is already in use"
            raise ConfigError(
                f"Port {port} {reason}. Choose a free one with {setting}, such as "
                f"{setting}={port + 1 if port < 65000 else 8001}."
            ) from error

    def sandbox(self, folder: Path, asked: int | None, *, but: int) -> int:
        """The sandbox's port: as asked, else last time's, else the first free from 8090 on.

        Last time's, because accounts connected there remember its address.
        """
        if asked is not None:
            self.need("127.0.0.1", asked, "SANDBOX_PORT")
            return asked
        kept = folder / "sandbox.port"
        usual = Config.SANDBOX_PORT
        text = kept.read_text().strip() if kept.exists() else ""
        before = int(text) if text.isdecimal() else usual
        wanted: list[int] = [before, *range(usual, usual + NEARBY)]
        for port in wanted:
            if port != but and self._take(port):
                kept.write_text(str(port))
                return port
        raise ConfigError("No free port for the sandbox. Choose one with SANDBOX_PORT.")

    def _take(self, port: int) -> bool:
        file = self._stack.enter_context((self._folder / f"port-{port}.lock").open("a"))
        if not _lock(file):
            return False
        try:
            _bind("127.0.0.1", port)
        except OSError:
            return False
        return True


@contextmanager
def ports() -> Iterator[Ports]:
    """Ports chosen in this block stay ours until it ends."""
    with ExitStack() as stack:
        yield Ports(stack)


def reachable(host: str) -> str:
    """Where a server bound to ``host`` answers on this machine, as it stands in a URL."""
    here = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{here}]" if ":" in here else here


def _bind(host: str, port: int) -> None:
    family, kind, proto, _, address = socket.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, kind, proto) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        probe.listen(1)


def _lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
