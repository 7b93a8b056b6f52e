"""Requests a second of the API, beside bare Flask and SQLAlchemy doing the same statements."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, request
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session, selectinload

from app import create_app, valkey
from app.clock import now
from app.config import Config
from app.extensions import db
from app.models.events import AuditEvent, WebhookEvent
from app.models.keys import ApiKey
from app.models.posts import Post, PostTarget, TargetState
from app.models.profiles import Membership
from app.services import keys, usage
from app.services.keys import KeyKind
from tests import factories
from tests.bench.history import fill, settle
from tests.databases import Databases

ROUNDS = 150
LISTED = 10_000
FEW, MANY = 1_000, 1_000_000
DAY = "2031-01-15T10:00:00Z"


def run(rows: int = MANY) -> None:
    """Print both requests with their floors, and the list's time over a long history."""
    server = os.environ.get("TEST_DATABASE_URL", "")
    for name, url in (("SQLite", ""), ("PostgreSQL", server)):
        if name == "PostgreSQL" and not url:
            print("API, PostgreSQL              left out: TEST_DATABASE_URL names no server")
            continue
        with tempfile.TemporaryDirectory() as folder, valkey.running(Path(folder)) as redis:
            databases = Databases(Path(folder), url)
            try:
                _ratios(name, databases, Path(folder), redis)
                _history(name, databases, Path(folder), redis, rows)
            finally:
                databases.drop_all()


def _ratios(name: str, databases: Databases, folder: Path, redis: str) -> None:
    ours, other = (_planted(databases, folder, redis, LISTED) for _ in range(2))
    bare = _bare(other[0].config["CARILLON"].DATABASE_URL), ""
    body = {"platforms": ["mastodon"], "content": "Scheduled post", "scheduleDate": DAY}
    for what, method, path, sent, plain in (
        ("POST /api/v1/post", "POST", "/api/v1/post", body, "/bare/post"),
        # The same beside all rows that have to be written with a post (reliability §7, §12).
        ("POST, every row  ", "POST", "/api/v1/post", body, "/bare/rows"),
        ("GET /api/v1/posts", "GET", "/api/v1/posts?limit=20", None, "/bare/posts?limit=20"),
    ):
        over, floor = _in_turns(
            _asking(*ours, method, path, sent), _asking(*bare, method, plain, sent)
        )
        print(f"{what}, {name:<11}{1 / over:8.0f} a second, bare {1 / floor:.0f}; ratio "
              f"{floor / over:.2f}   (aim: at least 0.50)")  # fmt: skip


def _history(name: str, databases: Databases, folder: Path, redis: str, rows: int) -> None:
    """The list of one brand, with the posts of others beside it."""
    short, long = (_planted(databases, folder, redis, FEW) for _ in range(2))
    with long[0].app_context():
        other = factories.make_profile()
        account = factories.make_account(other, "mastodon")
        fill(rows, str(other.id), str(account.id))
    for app, _ in (short, long):
        with app.app_context():
            settle()
    few, many = _in_turns(
        *(_asking(*one, "GET", "/api/v1/posts?limit=20", None) for one in (short, long))
    )
    print(f"list of 20, {name:<11}      {few * 1000:8.2f} ms of {FEW:,} posts, {many * 1000:.2f} ms"
          f" with {rows:,} beside them; ratio {many / few:.2f}   (aim: at most 1.20)")  # fmt: skip


def _planted(databases: Databases, folder: Path, redis: str, posts: int) -> tuple[Flask, str]:
    """An installation with a brand, its posts, and a key."""
    env = {"INSTANCE_DIR": str(folder), "DATABASE_URL": databases.copy(), "REDIS_URL": redis,
           "API_REQUESTS_PER_HOUR": "1000000", "API_POSTS_PER_HOUR": "1000000"}  # fmt: skip
    app = create_app(Config.from_env(env))
    with app.app_context():
        user = factories.make_user()
        brand = factories.make_profile(user)
        account = factories.make_account(brand, "mastodon")
        for _ in range(posts):
            post = Post(profile_id=brand.id, author_id=user.id, parts=["Six bells"])
            post.targets = [PostTarget(account_id=account.id, profile_id=brand.id)]
            db.session.add(post)
        db.session.commit()
        key = keys.create(factories.actor_of(user), KeyKind.PROFILE, brand.id)[1]
        db.session.remove()
    return app, key


def _bare(url: str) -> Flask:
    """The floor: the same insert and the same select in a Flask application with nothing else."""
    app = Flask("bare")
    engine = create_engine(url)

    def planned(session: Session) -> Post:
        asked = select(PostTarget.account_id, PostTarget.profile_id).limit(1)
        account = session.execute(asked).one()
        text = request.get_json()["content"]
        post = Post(profile_id=account.profile_id, parts=[text], armed=True)
        post.targets = [
            PostTarget(
                account_id=account.account_id, profile_id=account.profile_id, due_at=now(),
                state=TargetState.SCHEDULED,
            )
        ]  # fmt: skip
        session.add(post)
        return post

    @app.post("/bare/post")
    def insert() -> dict[str, Any]:
        with Session(engine) as session:
            post = planned(session)
            session.commit()
            return {"id": str(post.id)}

    @app.post("/bare/rows")
    def insert_all() -> dict[str, Any]:
        with Session(engine) as session:
            key = session.scalars(select(ApiKey).limit(1)).one()
            roles = select(Membership.profile_id, Membership.role)
            session.execute(roles.where(Membership.user_id == key.user_id)).all()
            post, at = planned(session), now()
            with session.no_autoflush:
                usage.add(session, "profile:bare", usage.POSTS, usage.hour_of(at), 1, 10**9)
            session.add(AuditEvent(
                profile_id=post.profile_id, at=at, actor="bare", action="post.scheduled",
                subject="post", detail={"due": DAY},
            ))  # fmt: skip
            session.add(WebhookEvent(
                profile_id=post.profile_id, at=at, type="post.scheduled",
                data={"scheduled_for": DAY},
            ))  # fmt: skip
            session.commit()
            return {"id": str(post.id)}

    @app.get("/bare/posts")
    def listed() -> dict[str, Any]:
        with Session(engine) as session:
            profile_id = session.scalar(select(PostTarget.profile_id).limit(1))
            mine = select(Post).where(Post.profile_id == profile_id)
            loads = (
                selectinload(Post.targets).joinedload(PostTarget.account), selectinload(Post.media)
            )  # fmt: skip
            rows = session.scalars(mine.options(*loads).order_by(Post.id.desc()).limit(20)).all()
            count = select(func.count(Post.id)).where(Post.profile_id == profile_id)
            return {"posts": [_plain(post) for post in rows], "total": session.scalar(count)}

    return app


def _plain(post: Post) -> dict[str, Any]:
    return {
        "id": str(post.id), "content": post.parts[0], "status": post.status.value,
        "created_at": post.created_at.isoformat(),
        "targets": [
            {"id": str(t.id), "platform": t.account.network, "status": t.state.value}
            for t in post.targets
        ],
    }  # fmt: skip


def _asking(app: Flask, key: str, method: str, path: str, body: Any) -> Callable[[], float]:
    client = app.test_client()
    headers = {"X-API-Key": key}

    def ask() -> float:
        began = time.perf_counter()
        answer = client.open(path, method=method, json=body, headers=headers)
        took = time.perf_counter() - began
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return took

    return ask


def _in_turns(one: Callable[[], float], other: Callable[[], float]) -> tuple[float, float]:
    """Medians of both, asked in turns: what else the machine does weighs on both alike."""
    for ask in (one, other):
        for _ in range(10):
            ask()
    times = [(one(), other()) for _ in range(ROUNDS)]
    first, second = (statistics.median(column) for column in zip(*times, strict=True))
    return first, second
