"""When an account usually posts: the weekly times whose days are its slots."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey, Index, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Id


class PostingTime(Base):
    """One time of the week of one account, on the clock of its brand.

    ``weekday`` 0 is Monday; ``minute`` counts from midnight. Both are of the wall clock: the time
    stays what it is where clocks change, and goes along where the brand moves to another zone.
    """

    __tablename__ = "posting_times"
    __table_args__ = (
        UniqueConstraint("account_id", "weekday", "minute"),
        Index("ix_posting_times_profile_id", "profile_id"),
    )

    id: Mapped[Id]
    profile_id: Mapped[UUID] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("social_accounts.id", ondelete="CASCADE"))
    weekday: Mapped[int] = mapped_column(SmallInteger)
    minute: Mapped[int] = mapped_column(SmallInteger)
