"""Passwords: which are taken, and how they are kept (reliability §13).

Hashing takes tens of milliseconds: never call ``make`` or ``matches`` in an open transaction.
"""

from __future__ import annotations

import re
import secrets
import threading
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.errors import ValidationFailed

SHORTEST, LONGEST = 12, 128
PRODUCT = "carillon"
# A word with digits behind it, such as "password1234", counts 15,000 guesses.
GUESSES = 20_000

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_estimating = threading.Lock()


def check(password: str, *, email: str = "", field: str = "password") -> None:
    """Raise ``ValidationFailed`` with what to do about a password we do not take."""
    password = _plain(password)
    if len(password) < SHORTEST:
        raise ValidationFailed(
            f"Use at least {SHORTEST} characters. A few words in a row are easy to remember.",
            field=field,
        )
    if len(password) > LONGEST:
        raise ValidationFailed(f"Use at most {LONGEST} characters.", field=field)
    if _made_of(password, email):
        raise ValidationFailed(
            "That is your email or our name with little else. Choose words that have "
            "nothing to do with either.",
            field=field,
        )
    if _common(password):
        raise ValidationFailed(
            "Many people use that password, so it is among the first to be tried. "
            "Choose a few words that do not belong together.",
            field=field,
        )


def make(password: str) -> str:
    """The argon2id hash to store."""
    return _hasher.hash(_plain(password))


def matches(stored: str, password: str) -> bool:
    """Whether this is the password; as slow for a wrong one as for the right one."""
    if len(password) > LONGEST * 8:  # nobody's password: no work for it
        return False
    try:
        return _hasher.verify(stored, _plain(password))
    except (VerificationError, InvalidHashError):
        return False


def outdated(stored: str) -> bool:
    """Whether a hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)


@cache
def nobodys() -> str:
    """A hash that no password opens, so that unknown people take as long as known ones."""
    return make(secrets.token_urlsafe(32))


def _plain(password: str) -> str:
    """One form for what keyboards encode differently (NIST SP 800-63B §5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def _made_of(password: str, email: str) -> bool:
    """Whether nothing but digits and signs is left beside the e-mail and our name."""
    rest = password.casefold()
    email = unicodedata.normalize("NFKC", email).casefold()
    for word in (email, email.partition("@")[0], PRODUCT):
        if len(word) > 2:
            rest = rest.replace(word, "")
    return rest != password.casefold() and not re.search(r"[^\W\d_]", rest)


def _common(password: str) -> bool:
    """Whether it is on the list of common ones, or found in as few guesses."""
    if password.casefold() in _listed():
        return True
    from zxcvbn import zxcvbn  # 100,000 words: only for those who set a password

    with _estimating:  # it keeps what it works on in a table of its module
        found = zxcvbn(password, max_length=LONGEST)
    return int(found["guesses"]) < GUESSES


@cache
def _listed() -> frozenset[str]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["passwords"])
