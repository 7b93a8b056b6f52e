"""Where a post stands that a network has taken, in the network's own words (``Published``)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.models.posts import PostTarget, TargetState


@dataclass(frozen=True)
class Standing:
    """``public_at``: the network itself shows it to everybody then (UTC). ``inbox``: a person
    has to finish it in the network's app."""

    public_at: datetime | None = None
    inbox: bool = False


def of(target: PostTarget) -> Standing:
    """Of the first item of a target that is out; nothing is special about any other."""
    if target.state is not TargetState.PUBLISHED:
        return Standing()
    parts = (target.published or {}).get("parts") or [{}]
    extras = parts[0].get("extras") or {}
    return Standing(_moment(extras.get("publishAt")), extras.get("inbox") is True)


def _moment(text: object) -> datetime | None:
    """A network's time; ``None`` for what is none."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else None
