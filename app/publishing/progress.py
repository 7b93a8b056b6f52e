"""How much of a target is public already: its parts one after the other, the comment last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models.attempts import Attempt, AttemptState

NOTHING = "Nothing was sent."


@dataclass(frozen=True)
class Progress:
    """``out`` parts of ``parts`` are public. ``comment``: a first comment belongs to it, which
    counts as no part, and ``commented`` says whether that is out."""

    out: int = 0
    parts: int = 0
    comment: bool = False
    commented: bool = False

    @property
    def only_comment(self) -> bool:
        """Whether the post is out, and its first comment is not."""
        return self.comment and not self.commented and 0 < self.parts <= self.out

    @property
    def words(self) -> str:
        """What of a thread is out, in a sentence; empty where nothing or everything is."""
        if not 0 < self.out < self.parts:
            return ""
        if self.out == 1:
            return f"Part 1 of {self.parts} is out; the rest was not sent."
        return f"Parts 1 to {self.out} of {self.parts} are out; the rest was not sent."

    @property
    def sent(self) -> str:
        """The same, where a sentence has to end one that tells of a failure."""
        return self.words or ("" if self.out else NOTHING)


def of(session: Session, target_id: UUID) -> Progress:
    """Read it from the attempts: those closed ``ok`` are public."""
    rows = session.execute(
        select(Attempt.state, Attempt.content)
        .where(Attempt.target_id == target_id)
        .order_by(Attempt.number)
    ).all()
    if not rows:
        return Progress()
    latest: Mapping[str, Any] = rows[-1].content
    comment = bool(str((latest.get("options") or {}).get("firstComment") or "").strip())
    done = [row.content for row in rows if row.state is AttemptState.OK]
    commented = any(one.get("comment") for one in done)
    parts = int(latest.get("parts", 1)) - comment
    return Progress(len(done) - commented, parts, comment, commented)
