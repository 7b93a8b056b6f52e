"""What is left of a post once a person has said what the network could not tell."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from app.extensions import db
from app.models.attempts import Attempt, AttemptState
from app.models.posts import PostTarget
from app.networks.links import post_id

UNSETTLED = (AttemptState.UNKNOWN, AttemptState.OPEN)


@dataclass(frozen=True)
class Rest:
    """What comes after the part a person has found.

    ``parts`` of a thread and perhaps the first ``comment``. ``found`` is the id of the part, where
    its address tells it; ``follows`` says whether there is a post that the rest can go under.
    """

    parts: int = 0
    comment: bool = False
    found: str = ""
    follows: bool = False

    @property
    def any(self) -> bool:
        return bool(self.parts or self.comment)

    @property
    def words(self) -> str:
        """What was not sent, for a post that ends here."""
        if not self.parts:
            return "its first comment was not made"
        return "its last part was not sent" if self.parts == 1 else (
            f"its last {self.parts} parts were not sent"
        )  # fmt: skip


def rest_of(target: PostTarget, link: str) -> Rest:
    """Read it from the attempt nobody knows the outcome of; the caller has locked the target."""
    unsure = db.session.scalars(
        select(Attempt).where(Attempt.target_id == target.id, Attempt.state.in_(UNSETTLED))
    ).first()
    if unsure is None:
        return Rest()
    account = target.account
    found = post_id(account.network, account.external_id, link) if link else ""
    left = int(unsure.content.get("parts", 1)) - unsure.part - 1
    wanted = str((unsure.content.get("options") or {}).get("firstComment") or "").strip()
    comment = bool(wanted) and left > 0
    return Rest(left - comment, comment, found, bool(found) or _known(target))


def _known(target: PostTarget) -> bool:
    """Whether an earlier part is out under an id we know."""
    earlier = select(Attempt.id).where(
        Attempt.target_id == target.id, Attempt.state == AttemptState.OK,
        Attempt.external_id.is_not(None), Attempt.external_id != "",
    )  # fmt: skip
    return db.session.scalar(earlier.limit(1)) is not None
