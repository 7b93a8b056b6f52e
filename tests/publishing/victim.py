"""A worker that kills itself with SIGKILL at a named step of a delivery.

``python -m tests.publishing.victim STEP``: settings come from the environment. The product
has no such switch: the step's function is wrapped here, from outside.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn

from app import create_app
from app.extensions import networks
from app.publishing import attempts, outcomes
from app.publishing.runner import Runner

STEPS = (
    "before_attempt", "after_attempt", "after_step", "before_call", "after_accept",
    "after_recording",
)  # fmt: skip


def die(*_: object) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)
    raise SystemExit


def before(module: Any, name: str) -> None:
    setattr(module, name, die)


def after(module: Any, name: str) -> None:
    real: Callable[..., Any] = getattr(module, name)

    def wrapped(*args: Any, **kwargs: Any) -> NoReturn:
        real(*args, **kwargs)
        die()

    setattr(module, name, wrapped)


def arm(step: str, network: str) -> None:
    """Put the knife in its place."""
    if step == "before_attempt":
        before(attempts, "open_next")
    elif step == "after_attempt":
        after(attempts, "open_next")
    elif step == "after_step":
        after(attempts, "save")
    elif step == "before_call":
        after(attempts, "to_commit")
    elif step == "after_accept":
        after(networks.get(network), "commit")
    elif step == "after_recording":
        after(outcomes, "published")
    else:
        raise SystemExit(f"no step {step}")


def main() -> None:
    app = create_app()
    with app.app_context():
        arm(sys.argv[1], sys.argv[2])
    runner = Runner(app, "worker")
    until = time.monotonic() + 20
    while time.monotonic() < until:
        runner.round()
        time.sleep(0.01)
    sys.exit(3)  # nothing to deliver: the test's fault


if __name__ == "__main__":
    main()
