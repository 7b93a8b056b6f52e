"""What a claim costs when a million older posts lie in the table, on both databases."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from app import create_app
from app.clock import now
from app.config import Config
from app.extensions import db
from app.publishing import claims
from tests import factories
from tests.databases import Databases

ROUNDS = 40
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
    app = create_app(
        Config.from_env({"INSTANCE_DIR": str(folder), "DATABASE_URL": databases.copy()})
    )
    with app.app_context():
        brand = factories.make_profile()
        accounts = [factories.make_account(brand, "mastodon") for _ in range(DUE)]
        at = now() - timedelta(seconds=1)
        for account in accounts:
            factories.make_post(brand, "Now", [account], at=at)
        empty = _claim()
        began = time.monotonic()
        _fill(rows, str(brand.id), str(accounts[0].id))
        filled = time.monotonic() - began
        full = _claim()
        db.engine.dispose()
    print(f"claim of 50, {name:<11}     {empty * 1000:8.2f} ms empty, {full * 1000:.2f} ms over "
          f"{rows:,} older posts; ratio {full / empty:.2f}   (aim: at most 1.20; filled in "
          f"{filled:.0f} s)")  # fmt: skip


def _claim() -> float:
    """Median seconds of claiming fifty of the due targets; they are handed back each time."""
    times = []
    for _ in range(5):
        claims.hand_back(claims.claim(50))  # caches warm, statements prepared
    for _ in range(ROUNDS):
        began = time.perf_counter()
        got = claims.claim(50)
        times.append(time.perf_counter() - began)
        assert len(got) == 50
        claims.hand_back(got)
    return statistics.median(times)


def _fill(rows: int, profile: str, account: str) -> None:
    """Older, published posts; as the engine leaves them."""
    lite = db.engine.dialect.name == "sqlite"
    db.session.rollback()
    with db.engine.begin() as connection:
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
    with db.engine.begin() as connection:
        connection.execute(text("ANALYZE"))
