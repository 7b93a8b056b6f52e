"""Workers that kill themselves with SIGKILL at a named step of a delivery.

``python -m tests.publishing.victim`` reads orders, a line of JSON each: ``step``, ``network``,
``env`` (all its settings) and ``log`` (a file for what it says); it answers with the exit code
of each. A victim is a process of its own, forked from this one, which has everything imported
and nothing begun: starting Python anew costs more than most deliveries. The product has no such
switch: the step's function is wrapped here, from outside.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from app import create_app
from app.config import Config
from app.extensions import NATIVE, networks
from app.networks.base import Effect, NetworkError
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


def after(module: Any, name: str, when: Callable[..., bool] = lambda *_: True) -> None:
    """Die once it has done its work; ``when`` gets its arguments and says which time."""
    real: Callable[..., Any] = getattr(module, name)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        found = real(*args, **kwargs)
        if when(*args):
            die()
        return found

    setattr(module, name, wrapped)


def accepted(speaker: Any) -> None:
    """Die once the network has taken it, whether it is out or still being worked on."""
    real: Callable[..., Any] = speaker.commit

    def commit(*args: Any, **kwargs: Any) -> NoReturn:
        try:
            real(*args, **kwargs)
        except NetworkError as error:
            if error.effect is not Effect.DONE:
                raise
        die()

    speaker.commit = commit


def speaker_of(name: str) -> Any:
    """The client of ``bluesky``, or of ``bluesky|metricool``: the network by way of the bridge."""
    network, _, via = name.partition("|")
    return networks.for_(network, via or NATIVE)


def hurry(speaker: Any) -> None:
    """No client waits longer than a blink between two looks."""
    if hasattr(speaker, "sleep"):
        speaker.sleep = lambda seconds: time.sleep(min(seconds, 0.12))


def _filled(resume: Mapping[str, Any]) -> bool:
    """Whether every item of a carousel is ready, and the carousel itself not yet begun."""
    boxes = resume.get("boxes") or {}
    return len(boxes) > 1 and all(box["state"] == "ready" for box in boxes.values())


def arm(step: str, network: str) -> None:
    """Put the knife in its place."""
    if step == "before_attempt":
        before(attempts, "open_next")
    elif step == "after_attempt":
        after(attempts, "open_next")
    elif step == "after_step":
        after(attempts, "save")
    elif step == "after_items":
        after(attempts, "save", lambda claim, attempt_id, resume: _filled(resume))
    elif step == "before_call":
        after(attempts, "to_commit")
    elif step == "after_accept":
        accepted(speaker_of(network))
    elif step == "after_recording":
        after(outcomes, "published")
    else:
        raise SystemExit(f"no step {step}")


def work(step: str, network: str) -> None:
    """Deliver until death, or for 20 seconds."""
    app = create_app(serving=False)
    with app.app_context():
        hurry(speaker_of(network))
        arm(step, network)
    runner = Runner(app, "worker")
    until = time.monotonic() + 20
    while time.monotonic() < until:
        runner.round()
        time.sleep(0.01)


def victim(order: dict[str, Any]) -> NoReturn:
    """What the forked process does with its life."""
    with open(order["log"], "wb") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    signal.alarm(50)
    os.environ.clear()
    os.environ.update(order["env"])
    try:
        work(order["step"], order["network"])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(3)  # nothing was delivered: the test's fault


def warm() -> None:
    """Import what an application imports on its way, so that no victim has to."""
    with tempfile.TemporaryDirectory() as folder:
        create_app(Config.from_env({"INSTANCE_DIR": folder}), serving=False)
    gc.freeze()


def main() -> None:
    warm()
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            victim(json.loads(line))
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
