"""Whether this installation can do its work now, each check in words (reliability §12)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path

from alembic.script import ScriptDirectory
from redis.exceptions import RedisError
from sqlalchemy import select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from app.clock import now
from app.config import ROOT, settings
from app.extensions import db, queues, safe, write_mode
from app.integrations.storage import Storage
from app.models.accounts import SocialAccount
from app.models.engine import EngineState

FREE_BYTES = 500 * 1024 * 1024
TICK_AGE = timedelta(seconds=15)
NEEDS_DATABASE = frozenset({"schema", "keys", "clock"})


def look() -> dict[str, str]:
    """What is wrong, by the name of the check; empty when all is well. Redis is not among them."""
    checks: dict[str, Callable[[], str]] = {
        "database": _database,
        "storage": _storage,
        "disk": _disk,
        "schema": _schema,
        "keys": _keys,
        "clock": _clock,
    }
    found: dict[str, str] = {}
    for name, check in checks.items():
        if name in NEEDS_DATABASE and "database" in found:
            continue  # one wait for a database that is away is enough
        try:
            problem = check()
        except SQLAlchemyError:
            problem = "The database does not answer."
        finally:
            db.session.rollback()
        if problem:
            found[name] = problem
    return found


def redis_up() -> bool:
    """Whether Redis answers. Without it posts still go out, a little later."""
    try:
        return bool(queues.redis.ping())
    except (RedisError, OSError):
        return False


def _database() -> str:
    """Writable: a change is made and taken back."""
    mode = write_mode.set(True)
    try:
        changed = db.session.execute(
            update(EngineState)
            .where(EngineState.id == 1)
            .values(pause_reason=EngineState.pause_reason)
            .returning(EngineState.id)
        ).all()
    except SQLAlchemyError:
        return "The database does not take changes."
    finally:
        db.session.rollback()
        write_mode.reset(mode)
    return "" if changed else "The database is empty: run carillon migrate."


def _schema() -> str:
    found = set(db.session.scalars(text("SELECT version_num FROM alembic_version")))
    return "" if found == {_head()} else "The database needs an upgrade: run carillon migrate."


@cache
def _head() -> str:
    head = ScriptDirectory(str(ROOT / "migrations")).get_current_head()
    return head or ""


def _keys() -> str:
    """The newest stored secret can be opened with a key that we have."""
    stored = db.session.scalar(
        select(SocialAccount.tokens)
        .where(SocialAccount.tokens.is_not(None))
        .order_by(SocialAccount.id.desc())
        .limit(1)
    )
    if stored and stored.split(":")[1] not in safe.vault.keys:
        return "ENCRYPTION_KEYS lacks the key that the stored sign-ins were encrypted with."
    return ""


def _storage() -> str:
    """Writable, the bucket too where there is one."""
    return Storage.of(settings()).check()


def _disk() -> str:
    places = {settings().media_dir, settings().INSTANCE_DIR}
    url = make_url(settings().DATABASE_URL)
    if url.drivername.startswith("sqlite") and url.database:
        places.add(Path(url.database).parent)
    for place in places:
        try:
            if place.exists() and shutil.disk_usage(place).free < FREE_BYTES:
                return "Less than 500 MB of disk are free."
        except OSError:
            return "The disk does not answer."
    return ""


def _clock() -> str:
    """Somebody looks for due posts, and by a clock that does not jump."""
    state = db.session.get(EngineState, 1)
    at = now()
    if state is None or state.ticked_at is None:
        return "No clock process has run yet."
    if state.jump_until is not None and at < state.jump_until:
        return "clock_jump: this machine's clock moved; posts wait until it has settled."
    age = at - state.ticked_at
    if age > TICK_AGE:
        return f"No clock process has looked for due posts for {int(age.total_seconds())} seconds."
    return ""
