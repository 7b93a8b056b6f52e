"""Which passwords are taken, and how they are kept (reliability §13)."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher, extract_parameters

from app.errors import ValidationFailed
from app.services import passwords


@pytest.mark.parametrize(
    "good",
    [
        "seven brass bells",
        "correct horse battery staple",
        "eleven1eleven1-x",
        "x7#Kq2!vLm9@",
        "鐘の音が聞こえる朝の港町で",
        "bells " * 21 + "x!",
    ],
)
def test_takes_anything_of_12_to_128_characters_with_no_rule_of_composition(good: str) -> None:
    passwords.check(good, email="maya@marram.example")


@pytest.mark.parametrize("bad", ["", "short", "elevenchars", "k7#" + "q" * 126])
def test_refuses_what_is_too_short_or_too_long_and_says_the_limit(bad: str) -> None:
    with pytest.raises(ValidationFailed) as told:
        passwords.check(bad)
    assert told.value.field == "password"
    assert "12" in told.value.message or "128" in told.value.message


@pytest.mark.parametrize(
    "common",
    [
        "123456789012", "password1234", "Password1234", "passwordpassword", "qwertyuiop12",
        "1qaz2wsx3edc", "JustinBieber", "aaaaaaaaaaaa", "abcabcabcabc", "letmein12345",
        "1" * 128,
    ],
)  # fmt: skip
def test_refuses_what_many_people_use(common: str) -> None:
    with pytest.raises(ValidationFailed, match="Many people"):
        passwords.check(common)


@pytest.mark.parametrize(
    "own",
    [
        "maya.okafor@marram.example", "MAYA.OKAFOR@marram.example", "maya.okafor1234",
        "1maya.okafor@marram.example!", "carilloncarillon", "Carillon-2026!",
    ],
)  # fmt: skip
def test_refuses_the_email_and_the_product_with_nothing_but_digits_around(own: str) -> None:
    with pytest.raises(ValidationFailed, match="your email or our name"):
        passwords.check(own, email="maya.okafor@marram.example")


def test_the_whole_password_counts_not_its_beginning() -> None:
    long = "b" * 60 + "ells of the harbour" + "x" * 40
    stored = passwords.make(long)
    assert passwords.matches(stored, long)
    assert not passwords.matches(stored, long[:-1])


def test_keeps_argon2id_of_the_strength_asked_for() -> None:
    found = extract_parameters(passwords.make("seven brass bells"))
    assert found.type.name == "ID"
    assert (found.memory_cost, found.time_cost, found.parallelism) == (19_456, 2, 1)


def test_knows_a_hash_made_with_weaker_parameters() -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash("seven brass bells")
    assert passwords.matches(weak, "seven brass bells")
    assert passwords.outdated(weak)
    assert not passwords.outdated(passwords.make("seven brass bells"))


def test_a_keyboard_that_composes_letters_otherwise_opens_the_same_account() -> None:
    stored = passwords.make("caf\u00e9 at the harbour")
    assert passwords.matches(stored, "cafe\u0301 at the harbour")


@pytest.mark.parametrize("stored", ["", "plain", "$argon2id$v=19$broken"])
def test_a_broken_hash_opens_nothing(stored: str) -> None:
    assert not passwords.matches(stored, stored)


def test_a_megabyte_of_password_is_not_hashed() -> None:
    assert not passwords.matches(passwords.nobodys(), "x" * 1_000_000)
