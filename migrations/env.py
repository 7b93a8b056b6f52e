"""Alembic's entry, on the application's own engine."""

from __future__ import annotations

from alembic import context
from flask import current_app

from app.extensions import db
from app.models import Base
from app.models.base import Json, UTCDateTime


def _own(obj: object, name: str | None, type_: str, reflected: bool, compare_to: object) -> bool:
    return not (type_ == "table" and reflected and compare_to is None and name == "alembic_version")


def _plain(type_: str, obj: object, autogen_context: object) -> str | bool:
    """Migrations stand alone: our column types are written as what the database sees."""
    if type_ == "type" and isinstance(obj, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if type_ == "type" and obj is Json:
        return "JSON"
    return False


def run() -> None:
    """Upgrade or compare, in one transaction where the database can."""
    given = context.config.attributes.get("connection")
    if given is not None:
        _migrate(given)
        return
    with db.engine.connect() as connection:
        _migrate(connection)


def _migrate(connection: object) -> None:
    options = current_app.extensions["migrate"].configure_args
    context.configure(
        connection=connection,  # type: ignore[arg-type]
        target_metadata=Base.metadata,
        include_object=_own,  # type: ignore[arg-type]
        render_item=_plain,
        **options,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
