"""What a request may hold, and whom it is believed to come from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, request
from markupsafe import escape

from app.config import Config, ConfigError
from app.models.people import User
from app.web.forms.base import is_clean
from app.web.guard import public
from app.web.hygiene import trusted
from tests.conftest import Browser
from tests.factories import make_profile, make_user

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("bad", ["%00", "a%00b", "%ED%A0%80", "%ED%BF%BF", "%C3", "%FF", "\x00"])
def test_text_that_cannot_be_stored_is_refused_with_its_fields_name(
    client: Browser, bad: str
) -> None:
    for field in ("email", "name", "nobody_reads_this"):
        answer = client.post("/signup", data=f"{field}={bad}&x=1", headers=FORM)
        assert answer.status_code == 400 and f"“{field}”" in answer.text
        answer = client.get(f"/login?{field}={bad}")
        assert answer.status_code == 400 and f"“{field}”" in answer.text


def test_a_multipart_form_is_checked_too(client: Browser) -> None:
    answer = client.post("/signup", data={"name": "a\x00b"}, content_type="multipart/form-data")
    assert answer.status_code == 400 and "“name”" in answer.text


@pytest.mark.parametrize("path", ["/p/%00/settings", "/p/%ED%A0%80/settings", "/%00", "/docs/%FF"])
def test_an_address_that_is_no_text_is_not_found(
    signed_in: Callable[[User], Browser], path: str
) -> None:
    maya = make_user()
    make_profile(maya)
    assert signed_in(maya).get(path).status_code == 404


def test_every_other_text_arrives_as_it_was_typed(signed_in: Callable[[User], Browser]) -> None:
    maya = make_user()
    make_profile(maya)
    client = signed_in(maya)
    for name in ("Зоя 鐘 🔔", "100 % + more", "a&b=c", "\ufffd", "%ED%A0%80"):
        assert client.post("/me/name", data={"name": name}).status_code == 303
        assert f'value="{escape(name)}"' in client.get("/me").text


def test_clean_text_is_told_from_what_is_not() -> None:
    assert is_clean("Every bell 🔔\n") and is_clean("")
    assert not is_clean("a\x00") and not is_clean("\ud83d") and not is_clean("x\udfff")


@pytest.fixture
def seen(make_app: Callable[..., Flask]) -> Callable[..., tuple[str, str, str]]:
    """``seen(headers, peer, trust)``: address, scheme and host as a view sees them."""

    def ask(headers: dict[str, str], peer: str, trust: str) -> tuple[str, str, str]:
        app = make_app(TRUSTED_PROXIES=trust)
        found: list[Any] = []

        @app.get("/who")
        @public
        def who() -> str:
            found.append((request.remote_addr, request.scheme, request.host))
            return ""

        with app.app_context():
            app.test_client().get("/who", headers=headers, environ_base={"REMOTE_ADDR": peer})
        return found[0]  # type: ignore[no-any-return]

    return ask


FORWARDED = {
    "X-Forwarded-For": "198.51.100.9, 203.0.113.5, 10.0.0.2",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
}


@pytest.mark.parametrize(
    ("peer", "trust", "address", "scheme"),
    [
        ("203.0.113.77", "", "203.0.113.77", "http"),
        ("127.0.0.1", "", "127.0.0.1", "http"),
        ("203.0.113.77", "10.0.0.0/8", "203.0.113.77", "http"),
        ("10.0.0.1", "10.0.0.0/8", "203.0.113.5", "https"),
        ("10.0.0.1", "10.0.0.1", "10.0.0.2", "https"),
        ("10.0.0.1", "10.0.0.0/8, 203.0.113.5", "198.51.100.9", "https"),
        ("::1", "::1", "10.0.0.2", "https"),
    ],
)
def test_forwarded_headers_count_only_from_proxies_we_were_told_of(
    seen: Callable[..., tuple[str, str, str]], peer: str, trust: str, address: str, scheme: str
) -> None:
    assert seen(FORWARDED, peer, trust) == (address, scheme, "localhost")


@pytest.mark.parametrize("chain", ["", "nonsense", "10.0.0.2, <script>", "1.2.3.4:80"])
def test_a_broken_chain_stops_at_the_last_address_that_is_one(
    seen: Callable[..., tuple[str, str, str]], chain: str
) -> None:
    assert seen({"X-Forwarded-For": chain}, "10.0.0.1", "10.0.0.0/8")[0] == "10.0.0.1"


def test_proxies_that_are_no_addresses_stop_the_start() -> None:
    with pytest.raises(ConfigError, match="TRUSTED_PROXIES"):
        trusted(Config(TRUSTED_PROXIES="10.0.0.1, my-proxy"))
