"""How plain files name an account: ``bluesky/northdesk``, or ``bluesky`` where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.config import NETWORKS
from app.errors import ValidationFailed
from app.models.accounts import SocialAccount
from app.permissions import Actor
from app.services import account_lists

SHORT = {"twitter": "x"}  # written so, and both are read
NAMES = {**{name: name for name in NETWORKS}, **{short: name for name, short in SHORT.items()}}
LISTED = 6  # accounts named in an error


@dataclass(frozen=True)
class Accounts:
    """A brand's accounts by the names files give them."""

    rows: Sequence[SocialAccount]  # connected ones, and those that wait for a person

    def find(self, text: str) -> SocialAccount:
        """The account a file means. Raises ``ValidationFailed`` saying what there is."""
        wanted = text.strip().lower()
        name, _, handle = wanted.partition("/")
        network = NAMES.get(name.strip(), "")
        mine = [one for one in self.rows if one.network == network]
        if not network:
            raise ValidationFailed(f"“{text.strip()[:60]}” is no network. {self._known()}")
        if handle.strip():
            mine = [one for one in mine if handle.strip().lstrip("@") in _names(one)]
        if not mine:
            raise ValidationFailed(f"There is no account “{text.strip()[:60]}”. {self._known()}")
        if len(mine) > 1:
            several = ", ".join(self.name(one) for one in mine[:LISTED])
            raise ValidationFailed(f"“{text.strip()[:60]}” may be {several}. Write which one.")
        return mine[0]

    def name(self, row: SocialAccount) -> str:
        """What files call it; with its number where two have the same handle."""
        plain = f"{SHORT.get(row.network, row.network)}/{row.handle.lstrip('@')}"
        twins = [o for o in self.rows if o.network == row.network and o.handle == row.handle]
        return f"{plain}#{row.number}" if len(twins) > 1 else plain

    def _known(self) -> str:
        if not self.rows:
            return "No account is connected here yet."
        found = ", ".join(self.name(one) for one in self.rows[:LISTED])
        return f"This brand has {found}{' and others' if len(self.rows) > LISTED else ''}."


def of_brand(actor: Actor, profile_id: UUID) -> Accounts:
    """The brand's accounts; those taken off are not among them."""
    return Accounts(account_lists.of_brand(actor, profile_id))


def split(text: str) -> list[str]:
    """Several names in one cell, separated by commas, semicolons or line ends; each once."""
    parts = text.replace(";", ",").replace("\n", ",").split(",")
    return list(dict.fromkeys(part.strip() for part in parts if part.strip()))


def _names(row: SocialAccount) -> set[str]:
    handle = row.handle.lower().lstrip("@")
    return {handle, f"{handle}#{row.number}", row.name.lower()}
