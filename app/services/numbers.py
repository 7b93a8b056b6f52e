"""Small integers for the contracts that speak them (contracts, "Names").

Connect API shows them bare, Oktopost as fifteen digits (``ids.oktopost``).
"""

from __future__ import annotations

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.models.base import Base
from app.models.numbers import NumberSeries


def take(session: Session, model: type[Base]) -> int:
    """The next number of a table, from 1, inside the caller's transaction.

    One statement locks the table's row until the caller commits, so two makers never get
    the same number; a rolled-back one is given again, a deleted row's never.
    """
    postgres = session.get_bind().dialect.name == "postgresql"
    insert = (postgresql.insert if postgres else sqlite.insert)(NumberSeries)
    statement = (
        insert.values(name=model.__tablename__, last=1)
        .on_conflict_do_update(index_elements=["name"], set_={"last": NumberSeries.last + 1})
        .returning(NumberSeries.last)
    )
    return session.execute(statement).scalar_one()
