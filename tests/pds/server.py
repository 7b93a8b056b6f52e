"""A real Bluesky server as a child process, installed by npm when first asked for."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
INSTALL_SECONDS = 900
START_SECONDS = 60


class Unavailable(Exception):
    """It cannot run on this machine; the text says why."""


@dataclass(frozen=True)
class Pds:
    """A running server: ``url`` of the PDS, ``plc`` of its directory of identities.

    ``accounts`` maps a handle to its ``password`` and ``did``.
    """

    url: str
    plc: str
    accounts: dict[str, dict[str, str]]
    process: subprocess.Popen[str]

    def stop(self) -> None:
        """End it; its data goes with it."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)


def install() -> None:
    """Fetch the pinned servers into ``node_modules`` (ignored); raises ``Unavailable``."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            raise Unavailable(f"{tool} is not installed (Node.js 20 or newer is needed)")
    done = HERE / "node_modules" / ".package-lock.json"
    if done.exists() and done.stat().st_mtime >= (HERE / "package-lock.json").stat().st_mtime:
        return
    try:
        made = subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund"],
            cwd=HERE, capture_output=True, text=True, timeout=INSTALL_SECONDS, env=_headers(),
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"npm ci took longer than {INSTALL_SECONDS} s") from error
    if made.returncode:
        raise Unavailable(f"npm ci failed:\n{made.stderr[-2000:]}")
    done.touch()


def _headers() -> dict[str, str]:
    """The environment for npm. Where Node's own headers lie beside it, they are named: to fetch
    them takes minutes where there is no way out."""
    prefix = Path(shutil.which("node") or "").resolve().parent.parent
    there = (prefix / "include" / "node" / "node_version.h").is_file()
    return {**os.environ, **({"npm_config_nodedir": str(prefix)} if there else {})}


def start(accounts: Mapping[str, str], *, client_host: str = "", authority: str = "") -> Pds:
    """Start it with these accounts (handle → password; handles end in ``.test``).

    ``client_host`` is a name that means this machine to the server; ``authority`` the file
    of the certificate authority it trusts there.
    """
    install()
    own = {"NODE_ENV": "production", "CLIENT_HOST": client_host, "NODE_EXTRA_CA_CERTS": authority}
    pairs = [f"{handle}:{password}" for handle, password in accounts.items()]
    # Its end of the pipe closes with us, however we end: then it stops too.
    process = subprocess.Popen(
        ["node", "serve.mjs", *pairs],
        cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env={**os.environ, **{name: text for name, text in own.items() if text}},
    )  # fmt: skip
    line = _first_line(process)
    if not line:
        process.kill()
        _, said = process.communicate(timeout=10)
        raise Unavailable(f"the server did not start:\n{said[-2000:]}")
    told = json.loads(line)
    return Pds(told["pds"], told["plc"], {a["handle"]: a for a in told["accounts"]}, process)


def _first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        if select.select([process.stdout], [], [], 0.2)[0]:
            return process.stdout.readline()
    return ""
