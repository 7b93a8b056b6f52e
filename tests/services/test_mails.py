"""The outbox, over real SMTP on loopback."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_string

import pytest
from flask import Flask
from sqlalchemy import select

from app import events
from app.extensions import db
from app.models.people import Mail
from app.services import mails
from tests import factories


@dataclass
class Post:
    """A mail server that keeps what it is given; ``refuse`` makes it say no."""

    port: int = 0
    got: list[str] = field(default_factory=list)
    refuse: str = ""


@pytest.fixture
def post() -> Iterator[Post]:
    kept = Post()

    class Talk(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 bells\r\n")
            body: list[str] | None = None
            for raw in self.rfile:
                line = raw.decode().rstrip("\r\n")
                if body is not None:
                    if line == ".":
                        kept.got.append("\n".join(body))
                        body = None
                        self.wfile.write(b"250 kept\r\n")
                    else:
                        body.append(line)
                    continue
                word = line.split(":")[0].split(" ")[0].upper()
                if word == "DATA":
                    body = []
                    self.wfile.write(b"354 go on\r\n")
                elif word == "RCPT" and kept.refuse:
                    self.wfile.write(f"{kept.refuse} no\r\n".encode())
                elif word == "QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                else:
                    self.wfile.write(b"250 ok\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talk) as server:
        kept.port = server.server_address[1]
        threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()
        yield kept
        server.shutdown()


@pytest.fixture
def owner(make_app: Callable[..., Flask], post: Post) -> Iterator[str]:
    """The address of a brand's owner who has been told once of an overdue post."""
    app = make_app(SMTP_URL=f"smtp://127.0.0.1:{post.port}", APP_URL="http://127.0.0.1:8000")
    with app.app_context():
        maya = factories.make_user("maya@marram.example")
        brand = factories.make_profile(maya)
        for _ in range(2):
            events.tell_owners(
                db.session(), brand.id, "post_overdue",
                {"count": 3, "oldest_due": "2026-11-22T09:00:00+00:00"}, once="overdue:1",
            )  # fmt: skip
        db.session.commit()
        yield "maya@marram.example"


def test_an_owner_is_told_once_in_words(owner: str, post: Post) -> None:
    assert mails.send_waiting() == 1
    assert mails.send_waiting() == 0
    [raw] = post.got
    mail = message_from_string(raw)
    assert mail["To"] == "maya@marram.example"
    assert mail["Subject"] == "Posts are overdue: nothing is being sent"
    assert "3 planned posts are overdue" in raw and "http://127.0.0.1:8000/calendar" in raw


def test_a_mail_server_that_is_busy_is_asked_again_later(owner: str, post: Post) -> None:
    post.refuse = "550"
    assert mails.send_waiting() == 0
    db.session.expire_all()
    mail = db.session.scalars(select(Mail)).one()
    assert mail.sent_at is None and post.got == []


def test_without_a_mail_server_nothing_is_lost(make_app: Callable[..., Flask]) -> None:
    with make_app().app_context():
        brand = factories.make_profile()
        events.tell_owners(db.session(), brand.id, "post_overdue", {"count": 1}, once="one")
        db.session.commit()
        assert mails.send_waiting() == 0
        assert db.session.scalars(select(Mail.sent_at)).all() == [None]
