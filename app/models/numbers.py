"""The last integer given to each kind of row that carries one (contracts, "Names")."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class NumberSeries(Base):
    """One row a numbered table; ``last`` only rises, so that no number is given twice."""

    __tablename__ = "number_series"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    last: Mapped[int]
