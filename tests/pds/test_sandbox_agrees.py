"""What the sandbox refuses, the real server refuses, in the same words."""

from __future__ import annotations

from typing import Any

import httpx2 as httpx
import pytest

from tests.pds.server import Pds
from tests.sandbox.bluesky_records import PLAIN, POST, REFUSED, RKEY


@pytest.fixture(scope="module")
def session(pds: Pds) -> dict[str, Any]:
    login = {"identifier": "bob.test", "password": "bob-password"}
    url = f"{pds.url}/xrpc/com.atproto.server.createSession"
    return dict(httpx.post(url, json=login).json())


def put(pds: Pds, session: dict[str, Any], record: Any, rkey: str = RKEY) -> httpx.Response:
    return httpx.post(
        f"{pds.url}/xrpc/com.atproto.repo.putRecord",
        headers={"Authorization": f"Bearer {session['accessJwt']}"},
        json={"repo": session["did"], "collection": POST, "rkey": rkey, "record": record},
    )


@pytest.mark.parametrize("name", REFUSED)
def test_the_real_server_refuses_it_too(pds: Pds, session: dict[str, Any], name: str) -> None:
    record, error, message = REFUSED[name]
    answer = put(pds, session, record)
    assert answer.status_code == 400
    assert answer.json() == {"error": error, "message": message}


def test_the_real_server_refuses_a_key_that_is_no_tid(pds: Pds, session: dict[str, Any]) -> None:
    answer = put(pds, session, PLAIN, "bad")
    assert answer.json()["message"] == (
        f'Invalid record key for {POST}: Invalid TID string (got "bad") at $'
    )
