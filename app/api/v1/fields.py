"""Where in a request's body the trouble lies, as its contract writes it.

Services name the parts of a post in their own words (``options.youtube.title``,
``mastodon.text``); a client is told the path in the body that it sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app.errors import AppError
from app.services.writing import Refused


@dataclass(frozen=True)
class Paths:
    """The places of one contract's body; an empty one is not part of it."""

    text: str
    media: str
    due: str
    link: str = ""
    parts: str = ""
    overrides: str = ""

    def of(self, error: AppError) -> str | None:
        """The place of an error; one that names a place of the body already keeps it."""
        if isinstance(error, Refused):
            return self._refused(error)
        name = error.field or ""
        first, _, rest = name.partition(".")
        plain = {"text": self.text, "media": self.media, "due_at": self.due, "link": self.link,
                 "account": "accounts", "file": "files"}  # fmt: skip
        if name in plain:
            return plain[name] or None
        if first == "options" and self.overrides:
            network, _, option = rest.partition(".")
            return self._setting(network, option)
        if rest == "text" and self.overrides and first != "content":
            return f"{self.overrides}.{first}.text"
        return error.field

    def _refused(self, error: Refused) -> str:
        """The place of what a network would refuse."""
        name, part = error.problem.field, error.problem.part
        if name.startswith("options."):
            return self._setting(error.network, name.removeprefix("options."))
        if name in ("placement", "comment"):
            return self._setting(error.network, "firstComment" if name == "comment" else name)
        if name in ("media", "alt"):
            return self.media
        if error.own and self.overrides:
            return f"{self.overrides}.{error.network}.text"
        return f"{self.parts}.{part}" if error.several and self.parts else self.text

    def _setting(self, network: str, name: str) -> str:
        if not self.overrides:
            return self.text
        whole = f"{self.overrides}.{network}"
        return f"{whole}.settings.{name}" if name else whole


AMPOST = Paths(
    "content.text", "content.media", "scheduledFor", "content.linkUrl", "content.parts",
    "content.platformOverrides",
)  # fmt: skip
AMPLIFY = Paths("content", "media", "scheduleDate", overrides="platformOverrides")
LEGACY = Paths("text", "mediaUrls", "scheduledFor")


@contextmanager
def told_as(paths: Paths) -> Iterator[None]:
    """Refusals raised within name the places of that contract's body."""
    try:
        yield
    except AppError as error:
        for one in (error, *error.errors):
            one.field = paths.of(one)
        raise
