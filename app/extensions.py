"""Flask extensions and the process's connections; nothing connects before ``init_app``."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextvars import ContextVar
from typing import Any, Protocol

import httpx2 as httpx
from flask import Flask
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.exceptions import DuplicateJobError
from rq.job import Job
from sqlalchemy import Connection, Engine, event

from app import egress
from app.config import BRIDGE, ROOT, Config
from app.crypto import Vault
from app.models import Base
from app.networks import build
from app.networks.base import Network
from app.networks.metricool import Metricool

# Pages that only read open deferred transactions; everything else takes SQLite's write
# lock at once, since a deferred one that later writes fails whatever the busy timeout.
write_mode: ContextVar[bool] = ContextVar("write_mode", default=True)


BUSY = "busy_timeout=10000"
PEN_SECONDS = 5.0


@event.listens_for(Engine, "connect")
def _connected(dbapi: Any, record: object) -> None:
    if type(dbapi).__module__.startswith("sqlite3"):
        dbapi.isolation_level = None  # we send BEGIN ourselves
        for pragma in (
            BUSY, "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON",
            "temp_store=MEMORY", "cache_size=-32768",
        ):  # fmt: skip
            dbapi.execute("PRAGMA " + pragma)


@event.listens_for(Engine, "begin")
def _began(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    if not write_mode.get():
        connection.exec_driver_sql("BEGIN")
    elif not _took_the_pen(connection):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _took_the_pen(connection: Connection) -> bool:
    """Begin writing in SQLite; False where it stays locked for long, or something is wrong.

    Its own way to wait sleeps up to 100 ms between two looks: with several processes writing,
    the lock lies idle half of the time. A look costs microseconds, so we look each millisecond.
    """
    raw: Any = connection.connection.dbapi_connection
    until = time.monotonic() + PEN_SECONDS
    raw.execute("PRAGMA busy_timeout=0")
    try:
        while time.monotonic() < until:
            try:
                raw.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    return False  # the usual way says what it is
                time.sleep(0.001)
            else:
                return True
        return False
    finally:
        raw.execute("PRAGMA " + BUSY)


# Each question is about one page: starting helpers or a compiler for it costs more than its
# answer, and takes processors from everybody else.
POSTGRES_SETTINGS = (
    "-c timezone=utc -c lock_timeout=10s -c statement_timeout=60s"
    " -c jit=off -c max_parallel_workers_per_gather=0"
)


def engine_options(config: Config) -> dict[str, Any]:
    """Pool and driver settings for the configured database."""
    if config.DATABASE_URL.startswith("postgresql"):
        return {
            "pool_pre_ping": True,  # a restarted database costs one ping, not an error
            "pool_size": 8,
            "max_overflow": 40,
            "pool_timeout": 10,
            "connect_args": {
                "connect_timeout": 5,
                "options": POSTGRES_SETTINGS,
            },
        }
    return {
        "pool_size": 8,
        "max_overflow": 64,
        "pool_timeout": 10,
        "connect_args": {"timeout": 10, "check_same_thread": False},
    }


SILENT_SECONDS = 3.0  # how long a Redis that did not answer is left alone


class Queues:
    """RQ as an alarm clock: jobs are wake-ups without data (reliability §1.5)."""

    redis: Redis

    def init_app(self, app: Flask) -> None:
        config: Config = app.config["CARILLON"]
        # No retries and short timeouts: a hint never holds a page.
        self.redis = Redis.from_url(
            config.REDIS_URL, socket_connect_timeout=1.0, socket_timeout=2.0,
            retry=Retry(NoBackoff(), 0),
        )  # fmt: skip
        self._silent_until = 0.0

    def wake(self, job: str) -> bool:
        """Hint that there is work: ``"publishing.deliver"`` runs ``app.jobs.publishing.deliver``.

        True when Redis took it (or it waits there already). With Redis away the clock
        finds the row all the same; it is then left alone for a moment, since one that takes
        connections and never answers would hold up whoever asks.
        """
        if time.monotonic() < self._silent_until:
            return False
        name = job.replace(".", "-")
        try:
            if self.redis.exists(Job.key_for(name)):
                return True  # RQ would find the same, after five times the work
            queue = Queue(job.split(".")[0], connection=self.redis, serializer="json")
            queue.enqueue(f"app.jobs.{job}", job_id=name, unique=True, result_ttl=0, failure_ttl=0)
        except DuplicateJobError:
            return True
        except (RedisError, OSError):
            self._silent_until = time.monotonic() + SILENT_SECONDS
            return False
        return True


NATIVE = "native"  # ``SocialAccount.via`` of an account we speak to directly


class Spoken(Protocol):
    """What says how a network is spoken to."""

    @property
    def network(self) -> str: ...
    @property
    def via(self) -> str: ...


class Networks:
    """One client of each network a process, safe to use from threads."""

    def init_app(self, app: Flask) -> None:
        self.config: Config = app.config["CARILLON"]
        self._lock = threading.Lock()
        self._built: dict[str, Network] = {}
        self._clients: dict[bool, httpx.Client] = {}
        self.transport: httpx.BaseTransport | None = None  # tests speak to an app in memory

    def http(self, *, guarded: bool) -> httpx.Client:
        """The process's client; ``guarded`` for hosts that people name."""
        with self._lock:
            if guarded not in self._clients:
                self._clients[guarded] = (
                    httpx.Client(transport=self.transport)
                    if self.transport is not None
                    else egress.client(self.config, guarded=guarded)
                )
            return self._clients[guarded]

    def get(self, name: str) -> Network:
        """The network of that name; ``KeyError`` for one we do not speak."""
        found = self._built.get(name)
        if found is None:
            from app.networks import cls

            found = build(name, self.http(guarded=cls(name).user_hosts), self.config)
            self._built[name] = found
        return found

    def for_(self, name: str, via: str = NATIVE) -> Network:
        """The network as an account of it is spoken to: directly, or ``via`` the bridge."""
        if via != BRIDGE:
            return self.get(name)
        found = self._built.get(f"{via}/{name}")
        if found is None:
            from app.networks.metricool_bridge import bridged, rules_config

            http = self.http(guarded=False)
            found = bridged(build(name, http, rules_config(self.config)), http, self.config)
            self._built[f"{via}/{name}"] = found
        return found

    def of(self, account: Spoken) -> Network:
        """The network of an account (a ``SocialAccount``, a ``Claim``)."""
        return self.for_(account.network, account.via)

    def bridge(self) -> Metricool:
        """Metricool itself."""
        return Metricool(self.http(guarded=False), self.config)

    def reset(self) -> None:
        """Forget clients, after a fork or for a test's transport."""
        with self._lock:
            self._built, self._clients = {}, {}


class Safe:
    """The process's vault for secrets at rest."""

    vault: Vault

    def init_app(self, app: Flask) -> None:
        self.vault = Vault.parse(app.config["CARILLON"].ENCRYPTION_KEYS)


db = SQLAlchemy(metadata=Base.metadata)
migrate = Migrate(directory=str(ROOT / "migrations"), render_as_batch=True)
login_manager = LoginManager()
csrf = CSRFProtect()
queues = Queues()
networks = Networks()
safe = Safe()


def _after_fork() -> None:
    """Connections do not survive a fork: drop them without closing the parent's."""
    for engines in list(getattr(db, "_app_engines", {}).values()):
        for engine in engines.values():
            engine.dispose(close=False)
    if hasattr(networks, "_lock"):
        networks.reset()


os.register_at_fork(after_in_child=_after_fork)
