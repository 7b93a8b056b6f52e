"""What the clock does beside its ticks: the ping to an outside monitor."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from flask import Flask

from app.clock import now
from app.jobs.clock import Clock
from app.publishing import alarm
from tests import factories


@pytest.fixture
def monitor() -> Iterator[tuple[str, list[str]]]:
    """A monitor on loopback: its address, and the paths it was asked for."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/ping", asked
    server.shutdown()
    server.server_close()
    thread.join(5)


def test_the_monitor_is_pinged_until_posts_are_overdue(
    make_app: Callable[..., Flask], monitor: tuple[str, list[str]]
) -> None:
    url, asked = monitor
    app = make_app(HEARTBEAT_URL=url)
    with app.app_context():
        alarm.forget()
        clock = Clock(app)
        clock._ping()
        until = time.monotonic() + 5
        while not asked and time.monotonic() < until:
            time.sleep(0.02)
        assert asked == ["/ping"]
        brand = factories.make_profile()
        account = factories.make_account(brand, "mastodon")
        factories.make_post(brand, "Late", [account], at=now() - timedelta(minutes=9))
        alarm.forget()
        clock._ping()
        time.sleep(0.3)
        assert asked == ["/ping"]
        alarm.forget()
