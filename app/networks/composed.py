"""What a network says of a content before it is sent: its text, counted, and what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Code(StrEnum):
    """What kind of refusal a problem is, in the Ampost contract's words ("Error Codes")."""

    VALIDATION_FAILED = "VALIDATION_FAILED"
    CONTENT_TOO_LONG = "CONTENT_TOO_LONG"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    UNSUPPORTED_MEDIA_CONFIG = "UNSUPPORTED_MEDIA_CONFIG"
    INVALID_PLACEMENT = "INVALID_PLACEMENT"
    MIXED_MEDIA_NOT_SUPPORTED = "MIXED_MEDIA_NOT_SUPPORTED"


@dataclass(frozen=True)
class Span:
    """A marked range of a text, in code points: ``link``, ``mention``, ``tag`` or ``over``."""

    start: int
    end: int
    kind: str
    href: str = ""


@dataclass(frozen=True)
class Composed:
    """A text as the network will get and count it."""

    text: str
    count: int
    limit: int
    spans: tuple[Span, ...] = ()

    @property
    def left(self) -> int:
        return self.limit - self.count


@dataclass(frozen=True)
class Problem:
    """Something about a content. ``field`` is ``text``, ``media``, ``alt``, ``card``,
    ``comment``, ``placement`` or ``options.<name>``.

    ``blocks`` false is a warning. ``fix`` names what would mend it: ``shorten``,
    ``remove``, ``shrink``, ``add``, ``alt``, ``crop``, ``choose``. ``contract`` is the sentence
    that a contract's document has for it, told to its clients in place of ``message``. ``kind``
    is the contract's code where field and fix do not say it; ``code`` is the one to tell.
    """

    field: str
    message: str
    blocks: bool = True
    part: int = 0
    fix: str = ""
    contract: str = ""
    kind: Code | None = None

    @property
    def code(self) -> Code:
        """The one place where a problem gets its code."""
        if self.kind is not None:
            return self.kind
        if self.field == "media":
            return Code.UNSUPPORTED_MEDIA_CONFIG
        if self.field == "placement":
            return Code.INVALID_PLACEMENT
        if self.fix == "shorten" and self.field != "alt":
            return Code.CONTENT_TOO_LONG
        return Code.VALIDATION_FAILED

    def in_part(self, part: int) -> Problem:
        """The same of another part of a thread."""
        return replace(self, part=part)
