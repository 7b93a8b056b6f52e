"""What a claim costs when a million older posts lie in the table, on both databases."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import text, update

from app import create_app
from app.clock import now
from app.config import Config
from app.extensions import db
from app.models.posts import PostTarget, TargetState
from app.publishing import claims
from tests import factories
from tests.databases import Databases

ROUNDS = 100
DUE = 400

FILL = {
    "sqlite": """
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
        INSERT INTO posts (id, profile_id, rev, parts, options, armed, status, due_at, source,
                           created_at, updated_at)
        SELECT printf('%032x', i), :profile, 1, '["Old"]', '{}', 1, 'published', :old, 'web',
               :old, :old FROM n""",
    "postgresql": """
        INSERT INTO posts (id, profile_id, rev, parts, options, armed, status, due_at, source,
                           created_at, updated_at)
        SELECT lpad(to_hex(i), 32, '0')::uuid, CAST(:profile AS uuid), 1, '["Old"]', '{}', true,
               'published', CAST(:old AS timestamptz), 'web', CAST(:old AS timestamptz),
               CAST(:old AS timestamptz) FROM generate_series(1, CAST(:count AS int)) AS i""",
}
TARGETS = """
    INSERT INTO post_targets (id, post_id, profile_id, account_id, state, due_at, scheduled_for,
        claim_token, claims, failures, quick, external_id, permalink, published_at, created_at,
        updated_at)
    SELECT id, id, profile_id, {account}, 'published', due_at, due_at, 1, 0, 0, {no},
        {external}, 'https://example.org/1', due_at, due_at, due_at FROM posts
    WHERE status = 'published'"""


def run(rows: int) -> None:
    """Print the claim's time with and without the history."""
    server = os.environ.get("TEST_DATABASE_URL", "")
    for name, url in (("SQLite", ""), ("PostgreSQL", server)):
        if name == "PostgreSQL" and not url:
            print("PostgreSQL                   left out: TEST_DATABASE_URL names no server")
            continue
        with tempfile.TemporaryDirectory() as folder:
            databases = Databases(Path(folder), url)
            try:
                _measure(name, databases, Path(folder), rows)
            finally:
                databases.drop_all()


def _measure(name: str, databases: Databases, folder: Path, rows: int) -> None:
    """Two databases, asked in turns: what else the machine does weighs on both alike."""
    empty, full = _planted(databases, folder), _planted(databases, folder)
    with full[0].app_context():
        began = time.monotonic()
        fill(rows, full[1], full[2])
        filled = time.monotonic() - began
    both = (empty[0], full[0])
    for app in both:
        with app.app_context():
            _prepare()
            for _ in range(5):
                _claim()  # caches warm, statements prepared
    times = [[_timed(app) for app in both] for _ in range(ROUNDS)]
    for app in both:
        with app.app_context():
            db.engine.dispose()
    bare, over = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"claim of 50, {name:<11}     {bare * 1000:8.2f} ms empty, {over * 1000:.2f} ms over "
          f"{rows:,} older posts; ratio {over / bare:.2f}   (aim: at most 1.20; filled in "
          f"{filled:.0f} s)")  # fmt: skip


def _planted(databases: Databases, folder: Path) -> tuple[Flask, str, str]:
    """An installation with due posts; also its profile and one of its accounts."""
    app = create_app(
        Config.from_env({"INSTANCE_DIR": str(folder), "DATABASE_URL": databases.copy()})
    )
    with app.app_context():
        brand = factories.make_profile()
        accounts = [factories.make_account(brand, "mastodon") for _ in range(DUE)]
        for account in accounts:
            factories.make_post(brand, "Now", [account], at=now())
        found = app, str(brand.id), str(accounts[0].id)
        db.session.remove()
        return found


def _timed(app: Flask) -> float:
    with app.app_context():
        return _claim()


def _claim() -> float:
    """Seconds of claiming fifty of the due targets; they are handed back afterwards."""
    began = time.perf_counter()
    got = claims.claim(50)
    took = time.perf_counter() - began
    assert len(got) == 50
    claims.hand_back(got)
    return took


def _prepare() -> None:
    """As late in both: what is more than 30 s late is looked at more closely."""
    with db.engine.begin() as connection:
        connection.execute(
            update(PostTarget)
            .where(PostTarget.state == TargetState.SCHEDULED)
            .values(due_at=now() - timedelta(seconds=1))
        )
    settle()


def settle() -> None:
    """What a server does by itself soon after so many rows: statistics, and the log written."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if db.engine.dialect.name == "postgresql":
            connection.execute(text("VACUUM ANALYZE"))
            connection.execute(text("CHECKPOINT"))  # of the fill; not during the claims
        else:
            connection.execute(text("ANALYZE"))


def fill(rows: int, profile: str, account: str) -> None:
    """Older, published posts; as the engine leaves them."""
    lite = db.engine.dialect.name == "sqlite"
    db.session.rollback()
    with db.engine.begin() as connection:
        if not lite:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(
            text(FILL[db.engine.dialect.name]),
            {
                "count": rows,
                "profile": profile.replace("-", "") if lite else profile,
                "old": "2025-01-01 09:00:00.000000",
            },
        )
        uuid = account.replace("-", "") if lite else account
        shape = {
            "account": ":account" if lite else "CAST(:account AS uuid)",
            "no": "0" if lite else "false",
            "external": "id" if lite else "id::text",
        }
        connection.execute(text(TARGETS.format(**shape)), {"account": uuid})
