"""One JSON line a message, and no secret in any (reliability §9, §12)."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import logs
from app.crypto import CryptoError, Vault

Lines = Callable[[], list[dict[str, Any]]]


@contextmanager
def logging_to() -> Iterator[io.StringIO]:
    """Everything set up as in a process of the product, and taken back afterwards."""
    hooks, root, stream = (sys.excepthook, threading.excepthook), logging.getLogger(), io.StringIO()
    before = root.handlers[:]
    logs.setup(stream=stream)
    yield stream
    logs.clear()
    root.handlers[:] = before
    logging.captureWarnings(False)
    sys.excepthook, threading.excepthook = hooks


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    with logging_to() as stream:
        yield stream


@pytest.fixture
def lines(out: io.StringIO) -> Lines:
    return lambda: [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_has_time_level_event_and_what_was_bound(lines: Lines) -> None:
    logs.bind(request_id="req_1", actor="maya", profile="marram")
    logs.get("web").info("request", route="/p/<profile>/posts", status=200, ms=12.5)
    (line,) = lines()
    assert list(line)[:4] == ["time", "level", "event", "logger"]
    assert line["time"].endswith("Z")
    assert (line["level"], line["event"]) == ("info", "request")
    assert (line["request_id"], line["actor"], line["profile"]) == ("req_1", "maya", "marram")
    assert (line["route"], line["status"], line["ms"]) == ("/p/<profile>/posts", 200, 12.5)


def test_the_standard_library_writes_the_same_lines(lines: Lines) -> None:
    logging.getLogger("some.library").warning("took %s with Bearer %s", "long", "abcdefghij")
    (line,) = lines()
    assert line["event"] == "took long with Bearer ***"
    assert line["logger"] == "some.library"


def test_user_text_cannot_begin_a_line(out: io.StringIO) -> None:
    forged = 'x\n{"time":"now","level":"info"}\r\n\u2028\u0085\x1b[2J\ud800'
    logs.get("web").info(forged, text=forged, nested={"a": [forged]})
    assert len(out.getvalue().splitlines()) == 1
    assert out.getvalue().isascii()
    assert out.getvalue().count("\n") == 1


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("Authorization: Bearer eyToken123", "eyToken123"),
        ("{'Authorization': 'Basic dXNlcjpwYXNz'}", "dXNlcjpwYXNz"),
        ("Cookie: session=abcdef; theme=dark", "abcdef"),
        ("Set-Cookie: session=abcdef; Path=/", "abcdef"),
        ("GET /oauth/mastodon/callback?code=c0de-77&state=st4te&x=1", "c0de-77"),
        ("GET /oauth/mastodon/callback?code=c0de-77&state=st4te&x=1", "st4te"),
        ("POST access_token=tok123&grant_type=x", "tok123"),
        ("fb_exchange_token=tok123", "tok123"),
        ('{"refresh_token": "tok123", "a": 1}', "tok123"),
        ("client_secret=s3cr3t", "s3cr3t"),
        ("code_verifier=verify123", "verify123"),
        ("see /invite/AbC-123_x and more", "AbC-123_x"),
        ("/reset/AbC-123_x", "AbC-123_x"),
        ("X-API-Key: ak_123456789", "ak_123456789"),
        ("key ak_Zx81kdmw92 was refused", "Zx81kdmw92"),
        ("amp_live_Zx81kdmw92", "Zx81kdmw92"),
        ("whsec_Zx81kdmw92==", "Zx81kdmw92"),
        ("sk_test_Zx81kdmw92", "Zx81kdmw92"),
        ("postgresql://maya:hunter2@db/x", "hunter2"),
        ("redis://:hunter2@cache:6379/0", "hunter2"),
        ("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "eyJzdWIiOiIxIn0"),
        ("DPoP eyJhbGciOiJFUzI1NiJ9x", "eyJhbGciOiJFUzI1NiJ9x"),
    ],
)
def test_secrets_are_masked_in_text(lines: Lines, text: str, hidden: str) -> None:
    logs.get("web").info("seen", detail=text, more=[{"deep": text}])
    logging.getLogger("other").error(text)
    assert hidden not in json.dumps(lines())
    assert "***" in lines()[0]["detail"]


@pytest.mark.parametrize(
    "text",
    [
        "error_code=VALIDATION_FAILED status=422",
        "https://social.example/@maya/112233",
        "The state of things: all is well. Bearer of news.",
        "target 0190f7a2-7c1e-7cc3-98c4-dc0c0c07398f moved to published",
    ],
)
def test_ordinary_words_are_left(text: str) -> None:
    assert logs.mask(text) == text


@pytest.mark.parametrize(
    "name", ["Authorization", "cookie", "code", "state", "password", "access_token", "X-API-Key"]
)
def test_a_field_with_such_a_name_is_masked_whatever_it_holds(lines: Lines, name: str) -> None:
    logs.get("web").info("seen", **{name: "plain"}, headers={name: "plain"})
    assert lines()[0][name] == "***"
    assert lines()[0]["headers"] == {name: "***"}


def test_what_was_decrypted_is_masked_from_then_on(lines: Lines) -> None:
    vault = Vault({"k1": b"\x01" * 32}, "k1")
    stored = vault.encrypt(
        '{"access": "opaque-access-1", "more": {"dpop": "{\\"d\\": \\"private-part-1\\"}"},'
        ' "expires_at": "2026-05-14T12:30:00+00:00", "server": "https://pds.example"}',
        "social_accounts.tokens.1",
    )
    logs.get("web").info("before", answer="opaque-access-1")
    vault.decrypt(stored, "social_accounts.tokens.1")
    try:
        raise ValueError("refused opaque-access-1 and private-part-1")
    except ValueError:
        logs.get("web").exception(
            "failed", at="2026-05-14T12:30:00+00:00", on="https://pds.example"
        )
    before, after = lines()
    assert before["answer"] == "opaque-access-1"
    assert "opaque-access-1" not in json.dumps(after)
    assert "private-part-1" not in json.dumps(after)
    assert "ValueError: refused *** and ***" in after["exception"]
    assert after["at"] == "2026-05-14T12:30:00+00:00"
    assert after["on"] == "https://pds.example"


def test_a_value_that_does_not_decrypt_is_not_remembered() -> None:
    vault = Vault({"k1": b"\x01" * 32}, "k1")
    stored = vault.encrypt("opaque-access-2", "a.b.1")
    with pytest.raises(CryptoError):
        vault.decrypt(stored, "a.b.2")
    assert logs.mask("opaque-access-2") == "opaque-access-2"


def test_short_values_do_not_mask_ordinary_words() -> None:
    logs.secret("the")
    assert logs.mask("the post") == "the post"


def test_only_so_many_values_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "REMEMBERED", 3)
    for number in range(5):
        logs.secret(f"some-secret-{number}")
    assert logs.mask("some-secret-4") == "***"
    assert logs.mask("some-secret-1") == "some-secret-1"


def test_long_text_is_cut_and_cheap(lines: Lines) -> None:
    logs.get("web").info("seen", body="code=" * 400_000)
    assert len(lines()[0]["body"]) < 5_000
    assert "2000000 characters" in lines()[0]["body"]


def test_anything_can_be_logged(lines: Lines) -> None:
    class Odd:
        def __str__(self) -> str:
            return "odd token=tok123"

    logs.get("web").info(
        "seen", id=UUID(int=7), raw=b"\xff", nan=float("nan"), odd=Odd(), some={1}, none=None
    )
    (line,) = lines()
    assert line["id"] == str(UUID(int=7))
    assert line["raw"] == "<1 bytes>"
    assert (line["nan"], line["odd"], line["some"], line["none"]) == (
        "nan", "odd token=***", [1], None,
    )  # fmt: skip


def test_an_exception_nobody_caught_becomes_a_line(lines: Lines) -> None:
    error = RuntimeError("no answer, token=tok123")
    sys.excepthook(RuntimeError, error, None)
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    (line,) = lines()
    assert (line["level"], line["event"]) == ("critical", "crashed")
    assert "RuntimeError: no answer, token=***" in line["exception"]


def test_setting_up_twice_writes_each_line_once(out: io.StringIO) -> None:
    again = io.StringIO()
    logs.setup(stream=again)
    logs.get("web").info("seen")
    assert out.getvalue() == ""
    assert len(again.getvalue().splitlines()) == 1


@given(st.text(), st.text(alphabet=st.characters(), min_size=1))
def test_any_text_is_one_line_of_json(event: str, value: str) -> None:
    with logging_to() as stream:
        logs.get("web").info(event, value=value)
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["level"] == "info"


def test_a_network_s_name_beside_a_token_stays_readable() -> None:
    logs.secret(json.dumps({"access": "a1-token-of-Maya", "more": {"login": "instagram"}}))
    assert logs.mask("instagram took a1-token-of-Maya") == f"instagram took {logs.MASK}"
