"""What networks with one server and an operator's app have in common."""

from __future__ import annotations

from typing import ClassVar

from app.config import NetworkSettings
from app.networks.base import Account, AppKeys, Category, Destination, NetworkError, Tokens


class Hosted:
    """Everybody's account lies on the network's own server, reached through one app of ours."""

    name: ClassVar[str]
    title: ClassVar[str]
    user_hosts: ClassVar[bool] = False
    registers: ClassVar[bool] = False
    secretive: ClassVar[bool] = True  # whether the network knows no app without a secret
    settings: NetworkSettings

    def server(self, typed: str) -> str:
        """There is one."""
        return self.settings.api_url

    def register(self, server: str, redirect_uri: str) -> AppKeys:
        """The operator's app; ``validation`` in words where there is none."""
        found = self.settings
        if found.client_id and (found.client_secret or not self.secretive):
            return AppKeys(found.client_id, found.client_secret)
        prefix = "X" if self.name == "twitter" else self.name.upper()
        wanted = f"{prefix}_CLIENT_ID"
        if self.secretive:
            wanted += f" and {prefix}_CLIENT_SECRET"
        raise NetworkError(
            Category.VALIDATION,
            f"{self.title} is not set up on this installation: its operator has to register an "
            f"app there and set {wanted}.",
            code="not_configured", retryable=False,
        )  # fmt: skip

    def login(self, server: str, identifier: str, password: str) -> Tokens:
        """Not a way in here."""
        raise NetworkError(
            Category.VALIDATION, f"Sign in on {self.title}'s own page instead.",
            code="unsupported", retryable=False,
        )  # fmt: skip

    def destinations(self, account: Account) -> list[Destination]:
        """A post needs no place beside its account."""
        return []
