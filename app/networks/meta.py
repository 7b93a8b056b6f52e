"""What all Meta networks share (networks/facebook.md §1): the error envelope, usage, times.

A network reads its answers with ``judge(TABLE)``, where ``TABLE = meta.BASE | {…}`` adds its
own rows. A row is found by ``(code, subcode)``; ``None`` in either place means "any". Meta's
HTTP status says nothing: codes are read first, and only what stands in the table is "known
not executed".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.clock import now
from app.networks.base import Category, Effect, NetworkError
from app.networks.wire import Answer, Judge, retry_at

HOUR = timedelta(hours=1)  # the wait where Meta names none (§1)
LONGEST = timedelta(hours=24)
SHOWN = 300  # characters of Meta's own words that are shown to a person

RECONNECT = "The sign-in is no longer valid. Connect the account again."
PERMISSION = "A permission is missing. Connect the account again and leave every permission ticked."
BUSY = "Too many requests for now."
SERVER = "The server has a problem of its own."


@dataclass(frozen=True)
class Row:
    """What one code means. ``message`` is ours, shown where Meta sends no words for people.

    ``retryable`` ``None``: as the category has it. ``wait`` is how long to stay away where no
    header says (``rate_limited`` and ``media_processing``). ``plain``: our message is shown
    even where Meta sends one.
    """

    category: Category
    message: str = ""
    retryable: bool | None = None
    expired: bool = False
    wait: timedelta = HOUR
    plain: bool = False


Table = Mapping[tuple[int | None, int | None], Row]

_SIGNED_OUT = Row(Category.AUTH_ERROR, RECONNECT, False)
_EXPIRED = Row(Category.AUTH_ERROR, RECONNECT, False, expired=True)
_MISSING = Row(Category.AUTH_ERROR, PERMISSION, False)
_RATE = Row(Category.RATE_LIMITED, BUSY)
_TROUBLE = Row(Category.NETWORK_ERROR, SERVER)

PERMISSIONS = frozenset({3, 10, *range(200, 300)})
# The table of §1; a network lays its own rows over it.
BASE: dict[tuple[int | None, int | None], Row] = {
    (190, None): _EXPIRED,
    (102, None): _EXPIRED,
    (190, 463): _EXPIRED,
    (190, 467): _EXPIRED,
    (None, 458): Row(
        Category.AUTH_ERROR, "The app was removed from the account. Connect it again.", False
    ),
    (None, 459): Row(
        Category.AUTH_ERROR,
        "The account has to pass a check at Meta first. Sign in there, then connect it again.",
        False,
    ),
    (None, 460): Row(
        Category.AUTH_ERROR, "The password was changed. Connect the account again.", False
    ),
    (None, 464): _SIGNED_OUT,
    (None, 492): Row(
        Category.AUTH_ERROR,
        "The person who connected this no longer has a role there. Somebody who has one "
        "must connect it again.",
        False,
    ),
    **{(code, None): _MISSING for code in PERMISSIONS},
    **{(code, None): _RATE for code in (4, 17, 32, 341, 613, 80001, 80002)},
    (368, None): Row(Category.VALIDATION, "This was refused for breaking a policy.", False),
    (368, 1390008): Row(
        Category.RATE_LIMITED, "The account does this too often and has to pause.", False
    ),
    (100, None): Row(Category.VALIDATION, "This content is not taken.", False),
    (33, None): Row(Category.VALIDATION, "It is not there any more.", False),
    (100, 33): Row(Category.VALIDATION, "It is not there any more.", False),
    (1, None): _TROUBLE,
    (2, None): _TROUBLE,
}  # fmt: skip


@dataclass(frozen=True)
class Trouble:
    """Meta's error envelope. ``transient``: Meta says that it will pass."""

    code: int = 0
    subcode: int = 0
    kind: str = ""
    message: str = ""
    title: str = ""
    words: str = ""  # for a person, in the person's language
    trace: str = ""
    transient: bool = False

    @classmethod
    def of(cls, answer: Answer) -> Trouble | None:
        """Read a body; ``None`` where it is none of Meta's (HTML, half an answer)."""
        found = answer.mapping()
        error = found.get("error")
        if isinstance(error, dict):
            return cls(
                _number(error.get("code")), _number(error.get("error_subcode")),
                _text(error, "type"), _text(error, "message"), _text(error, "error_user_title"),
                _text(error, "error_user_msg"), _text(error, "fbtrace_id"),
                error.get("is_transient") is True,
            )  # fmt: skip
        if "error_type" in found or "error_message" in found:  # the flat form of Instagram's own
            return cls(
                _number(found.get("code")), 0, _text(found, "error_type"),
                _text(found, "error_message"),
            )  # fmt: skip
        return None

    @property
    def name(self) -> str:
        """``100/33``, or the code alone."""
        return f"{self.code}/{self.subcode}" if self.subcode else str(self.code)

    def row(self, table: Table) -> Row | None:
        """What the table says; the most exact row wins."""
        keys = ((self.code, self.subcode), (None, self.subcode), (self.code, None))
        wanted = keys if self.subcode else keys[2:]
        return next((table[key] for key in wanted if key in table), None)

    def sentence(self, row: Row) -> str:
        """Meta's words for people, else ours; for a refused content Meta's plain message."""
        ours = row.message or "This was refused."
        if row.plain:
            return ours
        if self.words:
            return _short(self.words)
        said = re.sub(r"^\(#-?\d+\)\s*", "", self.message).strip()
        refused = row.category in (Category.VALIDATION, Category.MEDIA_ERROR)
        return f"{ours} {_short(said)}" if refused and said else ours


def judge(table: Table = BASE, *, commit: bool = False) -> Judge:
    """The judge of calls to a Graph host.

    ``commit``: the call makes something public, so server trouble and codes that are not in
    the table leave its outcome unknown (§6).
    """

    def read(answer: Answer) -> NetworkError | None:
        trouble = Trouble.of(answer)
        if trouble is None:
            return _foreign(answer, commit)
        row = trouble.row(table)
        if row is None and (trouble.transient or answer.status >= 500):
            row = _TROUBLE
        if row is None:
            row = Row(Category.UNKNOWN, "The server refused with a code we do not know.")
        unsure = row.category in (Category.NETWORK_ERROR, Category.UNKNOWN)
        return failure(answer, trouble, row, Effect.UNKNOWN if unsure else Effect.NONE)

    return read


def commented(judge: Judge) -> Judge:
    """That judge for a first comment: a permission that is missing concerns comments alone, so
    the sign-in, which is good for posts, is not said to have ended."""

    def read(answer: Answer) -> NetworkError | None:
        error = judge(answer)
        number = error.code.partition("/")[0] if error is not None else ""
        if error is not None and number.isdigit() and int(number) in PERMISSIONS:
            error.category = Category.VALIDATION
        return error

    return read


def failure(
    answer: Answer, trouble: Trouble, row: Row, effect: Effect = Effect.NONE
) -> NetworkError:
    """The error of a row; ``code`` is ``code/subcode``, ``raw`` begins with Meta's trace id."""
    raw = f"fbtrace_id {trouble.trace} {answer.raw}" if trouble.trace else answer.raw
    return NetworkError(
        row.category, trouble.sentence(row), effect=effect, retryable=row.retryable,
        expired=row.expired, status=answer.status, code=trouble.name, raw=raw,
        retry_at=_back(answer, row),
    )  # fmt: skip


def _foreign(answer: Answer, commit: bool) -> NetworkError | None:
    """An answer in nobody's words: a proxy, a page of Meta's own edge."""
    if answer.status == 429:
        return NetworkError(
            Category.RATE_LIMITED, BUSY, status=429, raw=answer.raw, retry_at=regain(answer)
        )
    if answer.status >= 500 and not commit:
        return NetworkError(
            Category.NETWORK_ERROR, SERVER, effect=Effect.UNKNOWN, status=answer.status,
            raw=answer.raw,
        )  # fmt: skip
    return None


def sign_in(answer: Answer) -> NetworkError | None:
    """The judge of token calls: whatever is not server trouble or a rate limit is final."""
    trouble = Trouble.of(answer)
    if trouble is None:
        found = _foreign(answer, commit=False)
        if found is not None or not 400 <= answer.status < 500:
            return found
        trouble = Trouble()
    row = trouble.row(BASE)
    keys = trouble.code == 101 or re.search(r"client[ _](secret|id)|application", trouble.message)
    if row is not None and row.category is Category.RATE_LIMITED:
        return failure(answer, trouble, row)
    if answer.status >= 500 or (trouble.transient or trouble.code == 2):
        return failure(answer, trouble, _TROUBLE, Effect.UNKNOWN)
    message = (
        "Meta does not know this installation's app keys. Its operator has to check them."
        if keys
        else "The access has ended or was taken back. Connect the account again."
    )
    return failure(answer, trouble, Row(Category.AUTH_ERROR, message, False, plain=True))


@dataclass(frozen=True)
class Usage:
    """How much of the allowance is used, in percent (the fullest of all that was told), and
    when access comes back, where Meta says so."""

    percent: int = 0
    back: datetime | None = None


def usage(answer: Answer) -> Usage:
    """Read ``X-App-Usage``, ``X-Page-Usage`` and ``X-Business-Use-Case-Usage`` (minutes)."""
    percent, minutes = 0, 0.0
    for row in _rows(answer):
        for name in ("call_count", "total_time", "total_cputime"):
            percent = max(percent, int(_float(row.get(name))))
        minutes = max(minutes, _float(row.get("estimated_time_to_regain_access")))
    wait = min(timedelta(minutes=min(minutes, 100_000)), LONGEST)
    return Usage(percent, now() + wait if minutes > 0 else None)


def regain(answer: Answer, wait: timedelta = HOUR) -> datetime:
    """When to come back after a rate limit: by the headers, else after ``wait``."""
    told = [moment for moment in (usage(answer).back, retry_at(answer)) if moment is not None]
    return max(told) if told else now() + wait


def _back(answer: Answer, row: Row) -> datetime | None:
    if row.category is Category.RATE_LIMITED:
        return regain(answer, row.wait)
    return now() + row.wait if row.category is Category.MEDIA_PROCESSING else None


def _rows(answer: Answer) -> Iterator[Mapping[str, Any]]:
    for name in ("x-app-usage", "x-page-usage", "x-business-use-case-usage"):
        told = Answer(200, {}, answer.headers.get(name, "").encode()).mapping()
        if name != "x-business-use-case-usage":
            yield told
            continue
        for rows in told.values():
            yield from (
                (row for row in rows if isinstance(row, dict)) if isinstance(rows, list) else ()
            )


def moment(told: object) -> datetime | None:
    """A time as Meta writes it: ``2026-08-01T12:00:00+0000``, or unix seconds (also as text)."""
    try:
        if isinstance(told, bool):
            return None
        if isinstance(told, int | float) or (isinstance(told, str) and told.isdigit()):
            return datetime.fromtimestamp(float(told), UTC)
        found = datetime.fromisoformat(told) if isinstance(told, str) else None
    except (ValueError, OverflowError, OSError):
        return None
    if found is None:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _short(words: str) -> str:
    text = " ".join(words.split())
    return text if len(text) <= SHOWN else text[: SHOWN - 1].rstrip() + "…"


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _float(value: object) -> float:
    real = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if real else 0.0  # type: ignore[arg-type]
