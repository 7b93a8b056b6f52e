"""Listening for wake-ups: RQ workers on threads of the process they wake."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from flask import Flask
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.timeouts import TimerDeathPenalty

from app import logs
from app.config import Config

log = logs.get("jobs")
AGAIN_SECONDS = 1.0


class Listener(SimpleWorker):
    """Runs jobs in this process; the process's own handlers take signals, not RQ's."""

    death_penalty_class = TimerDeathPenalty  # the usual one needs the main thread
    app: Flask

    def _install_signal_handlers(self) -> None:
        return

    def perform_job(self, *args: Any, **kwargs: Any) -> bool:
        with self.app.app_context():
            return bool(super().perform_job(*args, **kwargs))


def listen(app: Flask, queues: tuple[str, ...], stopping: threading.Event) -> threading.Thread:
    """Serve these queues on a thread until ``stopping``; Redis may come and go."""
    logging.getLogger("rq.worker").setLevel(logging.ERROR)
    thread = threading.Thread(
        target=_forever, args=(app, queues, stopping), daemon=True, name=f"listen-{queues[0]}"
    )
    thread.start()
    return thread


def _forever(app: Flask, names: tuple[str, ...], stopping: threading.Event) -> None:
    config: Config = app.config["CARILLON"]
    # Blocking reads outlive a socket timeout, so this connection has a long one of its own.
    redis = Redis.from_url(config.REDIS_URL, socket_connect_timeout=1.0, socket_timeout=40.0)
    quiet = True
    while not stopping.is_set():
        try:
            queues = [Queue(name, connection=redis, serializer="json") for name in names]
            worker = Listener(
                queues, connection=redis, serializer="json", worker_ttl=30,
                maintenance_interval=600, log_job_description=False,
            )  # fmt: skip
            worker.app = app
            worker.max_connection_wait_time = 2
            worker.work(logging_level="ERROR")
            quiet = True
        except (RedisError, OSError, ValueError) as error:
            if quiet:
                log.warning("redis_away", queues=list(names), error=type(error).__name__)
            quiet = False
        except Exception:
            log.exception("listener_failed")
        time.sleep(AGAIN_SECONDS)
