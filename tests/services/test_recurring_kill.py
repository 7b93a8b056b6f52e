"""kill -9 of a maker of recurring posts: none is left out, none is made twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask

from app.config import Config
from app.extensions import db
from app.models.posts import Post
from app.models.recurring import Pattern, RecurringOccurrence
from app.services import recurring, recurring_maker
from app.services.recurring import Changes
from tests.factories import actor_of, make_account, make_profile, make_user

ROOT = Path(__file__).resolve().parents[2]

VICTIM = """
import json, os, signal, sys
from sqlalchemy import event
from sqlalchemy.orm import Session
from app import create_app
from app.models.posts import Post
from app.extensions import db
from app.services import recurring_maker

def die(session, *_):
    if session.info.get("posted"):
        os.kill(os.getpid(), signal.SIGKILL)

@event.listens_for(Session, "after_flush")
def seen(session, context):
    if any(isinstance(one, Post) for one in session.new):
        session.info["posted"] = True

app, codes = create_app(), []
for moment in ("after_flush", "after_commit"):
    pid = os.fork()
    if not pid:
        event.listen(Session, moment, die)
        with app.app_context():
            recurring_maker.run()
        os._exit(0)
    codes.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print(json.dumps(codes))
"""


def test_a_maker_killed_before_or_after_its_commit_leaves_no_post_out_and_none_twice(
    make_app: Callable[..., Flask],
) -> None:
    app = make_app()
    with app.app_context():
        maya = make_user("maya@marram.example")
        brand = make_profile(maya, time_zone="UTC")
        make_account(brand, "mastodon")
        far = datetime.now(UTC) + timedelta(hours=12)  # no occurrence falls into the test itself
        changes = Changes(
            name="Bells", content="Six bells", platforms=["mastodon"], pattern=Pattern.DAILY,
            time_of_day=f"{far:%H:%M:%S}",
        )  # fmt: skip
        recurring.create(actor_of(maya), brand.id, changes)
        db.session.rollback()
        config: Config = app.config["CARILLON"]
        names = ("DATABASE_URL", "REDIS_URL", "INSTANCE_DIR", "SECRET_KEY", "ENCRYPTION_KEYS")
        env = {name: str(getattr(config, name)) for name in names}
        done = subprocess.run(
            [sys.executable, "-c", VICTIM], cwd=ROOT, capture_output=True, text=True,
            env=env | {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}, timeout=120,
        )  # fmt: skip
        assert json.loads(done.stdout.splitlines()[-1]) == [-signal.SIGKILL] * 2, done.stderr
        # The first left nothing, the second one post that is whole.
        assert seen() == (["made"], ["scheduled"])
        recurring_maker.run()
        assert seen() == (["made"] * 2, ["scheduled"] * 2)


def seen() -> tuple[list[str], list[str]]:
    """The states of the occurrences, and those of the posts."""
    db.session.rollback()
    rows = [one.state.value for one in db.session.query(RecurringOccurrence)]
    return rows, [one.status.value for one in db.session.query(Post)]
