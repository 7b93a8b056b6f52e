"""Real databases for tests: a migrated template, copied as often as a test needs one.

SQLite files in a folder, or databases of our own on the server of ``TEST_DATABASE_URL``.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from sqlite3 import connect
from typing import Any

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import Connection, Engine, Table, create_engine, event, make_url, text
from sqlalchemy.engine import URL

from app import create_app
from app.config import Config
from app.extensions import db
from app.models import Base

# One round trip: a table without rows costs a look, and nothing is rewritten on disk as
# TRUNCATE would (150 ms for all tables; this takes about 5).
EMPTY = """
DO $$
DECLARE name text; filled boolean;
BEGIN
  FOREACH name IN ARRAY string_to_array('{names}', ',') LOOP
    EXECUTE 'SELECT EXISTS (SELECT 1 FROM ' || quote_ident(name) || ')' INTO filled;
    IF filled THEN
      EXECUTE 'ALTER TABLE ' || quote_ident(name) || ' DISABLE TRIGGER USER';
      EXECUTE 'DELETE FROM ' || quote_ident(name);
      EXECUTE 'ALTER TABLE ' || quote_ident(name) || ' ENABLE TRIGGER USER';
    END IF;
  END LOOP;
END $$
"""


def _no_waiting(dbapi: Any, _record: object) -> None:
    if type(dbapi).__module__.startswith("sqlite3"):
        dbapi.execute("PRAGMA synchronous=OFF")


class Databases:
    """Makes databases and takes all of them away again.

    Without ``durable`` no commit of this process waits for the disk: tests kill processes, which
    loses nothing that way, but never cut the power.
    """

    def __init__(self, folder: Path, server: str = "", *, durable: bool = True) -> None:
        self.folder, self.durable = folder, durable
        if not durable and not event.contains(Engine, "connect", _no_waiting):
            event.listen(Engine, "connect", _no_waiting)
        self.server: URL | None = None
        self._made: list[str] = []
        self._given: dict[Table, list[dict[str, Any]]] = {}  # what the migrations put in
        if server:
            url = server.replace("postgres://", "postgresql://", 1)
            self.server = make_url(url).set(drivername="postgresql+psycopg")
        self.template = self._new("template")
        self._migrate()

    def copy(self) -> str:
        """The URL of a new database with the whole schema and no rows."""
        made = self._new("copy")
        if self.server is None:
            shutil.copy(_file(self.template), _file(made))
        return made

    def drop(self, url: str) -> None:
        """Take one away, whoever is still connected."""
        if self.server is None:
            for ending in ("", "-wal", "-shm"):
                Path(f"{_file(url)}{ending}").unlink(missing_ok=True)
        else:
            name = make_url(url).database
            self._order(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._made.remove(url)

    def drop_all(self) -> None:
        """Leave nothing behind on the server."""
        for url in reversed(self._made[:]):
            self.drop(url)

    def empty(self, app: Flask) -> None:
        """Back to no rows, for the application whose context is pushed."""
        db.session.remove()
        if self.server is not None:
            with db.engine.begin() as connection:
                _delete(connection)
                for table, rows in self._given.items():
                    connection.execute(table.insert(), rows)
            return
        db.engine.dispose()
        url = app.config["SQLALCHEMY_DATABASE_URI"]
        for ending in ("-wal", "-shm"):
            Path(f"{_file(url)}{ending}").unlink(missing_ok=True)
        shutil.copy(_file(self.template), _file(url))

    def keep(self, app: Flask) -> Callable[[], None]:
        """A way back to the rows of now, for the application whose context is pushed."""
        db.session.remove()
        if self.server is not None:
            rows = {table: _rows(table) for table in Base.metadata.sorted_tables}
            return lambda: self._refill(rows)
        url, kept = (
            app.config["SQLALCHEMY_DATABASE_URI"],
            self.folder / f"{secrets.token_hex(8)}.kept",
        )
        with closing(connect(_file(url))) as now, closing(connect(kept)) as then:
            now.backup(then)

        def back() -> None:
            self.empty(app)
            shutil.copy(kept, _file(url))

        return back

    def _refill(self, rows: dict[Table, list[dict[str, Any]]]) -> None:
        db.session.remove()
        with db.engine.begin() as connection:
            _delete(connection)
            for table, given in rows.items():
                if given:
                    connection.execute(table.insert(), given)

    def _migrate(self) -> None:
        app = create_app(
            Config.from_env({"INSTANCE_DIR": str(self.folder), "DATABASE_URL": self.template})
        )
        with app.app_context():
            upgrade()
            with db.engine.connect() as connection:
                for table in Base.metadata.sorted_tables:
                    if rows := connection.execute(table.select()).mappings().all():
                        self._given[table] = [dict(row) for row in rows]
            db.session.remove()
            db.engine.dispose()  # SQLite: the write-ahead log goes into the file

    def _new(self, kind: str) -> str:
        name = f"carillon_test_{os.getpid()}_{kind}_{secrets.token_hex(4)}"
        if self.server is None:
            url = f"sqlite:///{self.folder / name}.db"
        else:
            known = hasattr(self, "template")
            origin = f" TEMPLATE {make_url(self.template).database}" if known else ""
            self._order(f"CREATE DATABASE {name}{origin}")
            if not self.durable:
                self._order(f"ALTER DATABASE {name} SET synchronous_commit = off")
            url = self.server.set(database=name).render_as_string(hide_password=False)
        self._made.append(url)
        return url

    def _order(self, statement: str) -> None:
        assert self.server is not None
        engine = create_engine(self.server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


def _delete(connection: Connection) -> None:
    names = [table.name for table in reversed(Base.metadata.sorted_tables)]
    connection.exec_driver_sql(EMPTY.replace("{names}", ",".join(names)))


def _rows(table: Table) -> list[dict[str, Any]]:
    with db.engine.connect() as connection:
        return [dict(row) for row in connection.execute(table.select()).mappings()]


def _file(url: str) -> Path:
    return Path(make_url(url).database or "")
