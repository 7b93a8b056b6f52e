"""What a person may order for many posts at once: the words of it, checked, and as plain JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from app.errors import ValidationFailed
from app.models.bulk import BulkKind

MOST = 500  # posts of one order
MOST_DAYS = 366
MOST_HOURS = 23
MOST_TEXT = 500  # characters looked for, and put in their place
MOST_ACCOUNTS = 100


@dataclass(frozen=True)
class Order:
    """One order. Which members count depends on ``kind``.

    ``days`` are days of the brand's calendar, so a post keeps its time of day over a clock
    change; ``hours`` are real ones. ``drafts``: copies have no time. ``add`` and ``off`` are
    accounts, ``labels`` are put on and ``unlabels`` taken off. ``back`` is the
    page it was given on.
    """

    kind: BulkKind
    days: int = 0
    hours: int = 0
    on: date | None = None
    drafts: bool = True
    add: tuple[UUID, ...] = ()
    off: tuple[UUID, ...] = ()
    find: str = ""
    swap: str = ""
    case: bool = False
    labels: tuple[str, ...] = ()
    unlabels: tuple[str, ...] = ()
    back: str = ""

    def check(self) -> None:
        """Raise ``ValidationFailed`` naming the field that says nothing that can be done."""
        {
            BulkKind.MOVE: self._move, BulkKind.DATE: self._date,
            BulkKind.DUPLICATE: self._duplicate, BulkKind.ACCOUNTS: self._accounts,
            BulkKind.REPLACE: self._replace, BulkKind.LABELS: self._labels,
        }.get(self.kind, lambda: None)()  # fmt: skip

    def _move(self) -> None:
        _within("days", self.days, MOST_DAYS)
        _within("hours", self.hours, MOST_HOURS)
        if not self.days and not self.hours:
            raise ValidationFailed("Say by how many days or hours.", field="days")

    def _date(self) -> None:
        if self.on is None:
            raise ValidationFailed("Choose a day, such as 14 May 2026.", field="on")

    def _duplicate(self) -> None:
        if not self.drafts and not 1 <= self.days <= MOST_DAYS:
            raise ValidationFailed(f"Choose 1 to {MOST_DAYS} days.", field="days")

    def _accounts(self) -> None:
        if not self.add and not self.off:
            raise ValidationFailed("Choose an account to add or to take off.", field="accounts")
        if len(self.add) + len(self.off) > MOST_ACCOUNTS:
            raise ValidationFailed(f"Name at most {MOST_ACCOUNTS} accounts.", field="accounts")
        if set(self.add) & set(self.off):
            raise ValidationFailed("Add an account or take it off, not both.", field="accounts")

    def _replace(self) -> None:
        for name, text in (("find", self.find), ("swap", self.swap)):
            if len(text) > MOST_TEXT:
                raise ValidationFailed(f"Keep it under {MOST_TEXT} characters.", field=name)
        if not self.find.strip():
            raise ValidationFailed("Type the text to look for.", field="find")
        if self.find == self.swap:
            raise ValidationFailed("Type something else to put in its place.", field="swap")

    def _labels(self) -> None:
        if not self.labels and not self.unlabels:
            raise ValidationFailed("Type a label to put on or to take off.", field="labels")
        if {one.casefold() for one in self.labels} & {one.casefold() for one in self.unlabels}:
            raise ValidationFailed("Put a label on or take it off, not both.", field="unlabels")

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind.value, "days": self.days, "hours": self.hours,
            "on": self.on.isoformat() if self.on else None, "drafts": self.drafts,
            "add": [str(one) for one in self.add], "off": [str(one) for one in self.off],
            "find": self.find, "swap": self.swap, "case": self.case,
            "labels": list(self.labels), "unlabels": list(self.unlabels), "back": self.back,
        }  # fmt: skip

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Order:
        return cls(
            kind=BulkKind(kept["kind"]), days=kept["days"], hours=kept["hours"],
            on=date.fromisoformat(kept["on"]) if kept["on"] else None, drafts=kept["drafts"],
            add=tuple(map(UUID, kept["add"])), off=tuple(map(UUID, kept["off"])),
            find=kept["find"], swap=kept["swap"], case=kept["case"],
            labels=tuple(kept.get("labels", ())), unlabels=tuple(kept.get("unlabels", ())),
            back=kept["back"],
        )  # fmt: skip


def _within(name: str, number: int, most: int) -> None:
    if not -most <= number <= most:
        raise ValidationFailed(f"Choose {-most} to {most} {name}.", field=name)
