"""Bluesky's sessions, consent and proofs as the sandbox plays them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from flask.testing import FlaskClient
from joserfc import jws
from joserfc.jwk import ECKey
from werkzeug.test import TestResponse

from app.sandbox.store import Store
from tests.playing import played

BASE = "http://localhost/bluesky"
CALLBACK = "http://127.0.0.1:8000/callback"
VERIFIER = "v" * 64
CLIENT = "http://localhost?" + urlencode(
    {"redirect_uri": "http://127.0.0.1/callback", "scope": "atproto transition:generic"}
)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def client(store: Store) -> FlaskClient:
    return played(store).test_client()


def unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class Key:
    """A client's key; ``proof`` makes the header, and any part of it can be made wrong."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", private=True)
        self.nonce = ""

    def proof(self, method: str, url: str, access: str = "", **wrong: Any) -> str:
        jwk = self.key.as_dict(private=False)
        claims: dict[str, Any] = {
            "jti": secrets.token_hex(8), "htm": method, "htu": url, "iat": int(time.time()),
            "nonce": self.nonce,
        }  # fmt: skip
        if access:
            claims["ath"] = unpadded(hashlib.sha256(access.encode()).digest())
        head = {"typ": wrong.pop("typ", "dpop+jwt"), "alg": "ES256", "jwk": wrong.pop("jwk", jwk)}
        return jws.serialize_compact(
            head, json.dumps({**claims, **wrong}).encode(), self.key, algorithms=["ES256"]
        )


@pytest.fixture
def key(client: FlaskClient) -> Key:
    """A key that has heard the server's nonce."""
    made = Key()
    made.nonce = client.post("/bluesky/oauth/par").headers["DPoP-Nonce"]
    return made


def send(
    client: FlaskClient, key: Key, path: str, fields: dict[str, str], **wrong: Any
) -> TestResponse:
    url = f"/bluesky/oauth/{path}"
    proof = key.proof("POST", f"{BASE}/oauth/{path}", **wrong)
    return client.post(url, data=fields, headers={"DPoP": proof})


def pushed(**more: str) -> dict[str, str]:
    challenge = unpadded(hashlib.sha256(VERIFIER.encode()).digest())
    return {
        "client_id": CLIENT, "response_type": "code", "redirect_uri": CALLBACK,
        "scope": "atproto transition:generic", "state": "st", "code_challenge": challenge,
        "code_challenge_method": "S256", "login_hint": "maya.bsky.social", **more,
    }  # fmt: skip


def code_for(client: FlaskClient, key: Key, handle: str = "maya") -> str:
    asked = send(client, key, "par", pushed())
    assert asked.status_code == 201 and asked.json is not None
    query = {"client_id": CLIENT, "request_uri": asked.json["request_uri"]}
    page = client.get("/bluesky/oauth/authorize", query_string=query)
    assert "maya" in page.text and page.status_code == 200
    form = {f"keep_{name}": text for name, text in query.items()}
    back = client.post(
        "/bluesky/oauth/authorize", data={**form, "handle": handle, "decision": "allow"}
    )
    assert back.status_code == 302
    answer = dict(parse_qsl(urlsplit(back.headers["Location"]).query))
    assert (answer["state"], answer["iss"]) == ("st", BASE)
    return answer["code"]


def exchange(code: str) -> dict[str, str]:
    return {
        "grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER,
        "redirect_uri": CALLBACK, "client_id": CLIENT,
    }  # fmt: skip


def refresh(token: str) -> dict[str, str]:
    return {"grant_type": "refresh_token", "refresh_token": token, "client_id": CLIENT}


@pytest.fixture
def tokens(client: FlaskClient, key: Key) -> dict[str, Any]:
    answer = send(client, key, "token", exchange(code_for(client, key)))
    assert answer.status_code == 200 and answer.json is not None
    return dict(answer.json)


def session(client: FlaskClient, key: Key, access: str, **wrong: Any) -> TestResponse:
    url = "/bluesky/xrpc/com.atproto.server.getSession"
    proof = key.proof("GET", f"http://localhost{url}", access, **wrong)
    return client.get(url, headers={"Authorization": f"DPoP {access}", "DPoP": proof})


def error(answer: TestResponse) -> str:
    assert answer.json is not None
    return str(answer.json["error"])


# Discovery
def test_the_way_from_a_handle_to_its_server_is_walkable(client: FlaskClient) -> None:
    found = client.get(
        "/bluesky/xrpc/com.atproto.identity.resolveHandle?handle=maya.bsky.social"
    ).json
    assert found is not None
    did = found["did"]
    assert re.fullmatch("did:plc:[a-z2-7]{24}", did)
    document = client.get(f"/plc/{did}").json
    assert document is not None and document["alsoKnownAs"] == ["at://maya.bsky.social"]
    pds = document["service"][0]["serviceEndpoint"]
    resource = client.get(f"{pds}/.well-known/oauth-protected-resource").json
    assert resource is not None and resource["authorization_servers"] == [BASE]
    issuer = client.get(f"{BASE}/.well-known/oauth-authorization-server").json
    assert issuer is not None and issuer["issuer"] == BASE
    assert issuer["pushed_authorization_request_endpoint"] == f"{BASE}/oauth/par"
    assert client.get("/plc/did:plc:" + "a" * 24).status_code == 404


def test_other_domains_exist_once_somebody_signed_in_with_them(client: FlaskClient) -> None:
    url = "/bluesky/xrpc/com.atproto.identity.resolveHandle?handle=cafe.example.com"
    assert error(client.get(url)) == "InvalidRequest"
    login = {"identifier": "cafe.example.com", "password": "sandbox-cafe.example.com"}
    client.post("/bluesky/xrpc/com.atproto.server.createSession", json=login)
    found = client.get(url).json
    assert found is not None
    site = client.get("/.well-known/atproto-did", base_url="https://cafe.example.com")
    assert site.text == found["did"]
    assert client.get("/.well-known/atproto-did").status_code == 404


# Passwords
@pytest.mark.parametrize(
    ("identifier", "password", "status"),
    [
        ("maya", "sandbox-maya", 200),
        ("maya.bsky.social", "sandbox-maya", 200),
        ("Maya.bsky.social", "sandbox-maya.bsky.social", 200),
        ("maya@example.com", "sandbox-maya", 200),
        ("maya", "maya-password", 200),
        ("maya", "sandbox-noor", 401),
        ("maya", "nonsense", 401),
        ("not a handle", "sandbox-not a handle", 401),
    ],
)
def test_app_passwords(client: FlaskClient, identifier: str, password: str, status: int) -> None:
    url = "/bluesky/xrpc/com.atproto.server.createSession"
    answer = client.post(url, json={"identifier": identifier, "password": password})
    assert answer.status_code == status
    if status == 200:
        assert answer.json is not None and answer.json["handle"] == "maya.bsky.social"
        payload = answer.json["accessJwt"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        assert claims["sub"] == answer.json["did"] and claims["exp"] - claims["iat"] == 7200


def test_logging_in_again_and_again_is_limited(client: FlaskClient) -> None:
    url = "/bluesky/xrpc/com.atproto.server.createSession"
    login = {"identifier": "maya", "password": "sandbox-maya"}
    statuses = [client.post(url, json=login).status_code for _ in range(31)]
    assert statuses == [200] * 30 + [429]


def test_a_refresh_token_answers_the_same_within_its_grace(
    client: FlaskClient, store: Store
) -> None:
    url = "/bluesky/xrpc/com.atproto.server."
    login = {"identifier": "maya", "password": "sandbox-maya"}
    first = client.post(f"{url}createSession", json=login).json
    assert first is not None
    old = {"Authorization": f"Bearer {first['refreshJwt']}"}
    one, two = (client.post(f"{url}refreshSession", headers=old).json for _ in range(2))
    assert one is not None and two is not None
    assert one["refreshJwt"] == two["refreshJwt"] != first["refreshJwt"]
    rows = store.table("bluesky.rotations")
    rows.put(first["refreshJwt"], {"next": one["refreshJwt"], "at": time.time() - 7201})
    assert error(client.post(f"{url}refreshSession", headers=old)) == "ExpiredToken"
    wrong = {"Authorization": f"Bearer {one['accessJwt']}"}
    assert error(client.post(f"{url}refreshSession", headers=wrong)) == "InvalidToken"

    new = {"Authorization": f"Bearer {one['refreshJwt']}"}
    assert client.post(f"{url}deleteSession", headers=new).status_code == 200
    assert error(client.post(f"{url}refreshSession", headers=new)) == "ExpiredToken"
    assert client.get(f"{url}getSession", headers=wrong).status_code == 200  # until it expires


# Proofs
def test_a_proof_without_nonce_is_asked_for_one(client: FlaskClient) -> None:
    answer = send(client, Key(), "par", pushed())
    assert (answer.status_code, error(answer)) == (400, "use_dpop_nonce")
    assert answer.headers["DPoP-Nonce"]


WRONG: dict[str, Callable[[], dict[str, Any]]] = {
    "method": lambda: {"htm": "GET"},
    "address": lambda: {"htu": f"{BASE}/oauth/token"},
    "age": lambda: {"iat": int(time.time()) - 3600},
    "future": lambda: {"iat": int(time.time()) + 3600},
    "no id": lambda: {"jti": ""},
    "token hash where there is no token": lambda: {"ath": "x"},
    "type": lambda: {"typ": "JWT"},
    "another key's signature": lambda: {"jwk": Key().key.as_dict(private=False)},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_proof_is_refused(client: FlaskClient, key: Key, name: str) -> None:
    answer = send(client, key, "par", pushed(), **WRONG[name]())
    assert (answer.status_code, error(answer)) == (400, "invalid_dpop_proof")


def test_a_proof_is_good_once(client: FlaskClient, key: Key) -> None:
    assert send(client, key, "par", pushed(), jti="once").status_code == 201
    assert error(send(client, key, "par", pushed(), jti="once")) == "invalid_dpop_proof"


def test_a_proof_that_shows_its_private_key_is_refused(client: FlaskClient, key: Key) -> None:
    shown = key.key.as_dict(private=True)
    proof = key.proof("POST", f"{BASE}/oauth/par")
    head, body, signature = proof.split(".")
    forged = unpadded(json.dumps({"typ": "dpop+jwt", "alg": "ES256", "jwk": shown}).encode())
    answer = client.post(
        "/bluesky/oauth/par", data=pushed(), headers={"DPoP": f"{forged}.{body}.{signature}"}
    )
    assert head != forged and error(answer) == "invalid_dpop_proof"


# Pushed requests and codes
ELSEWHERE = "http://localhost?redirect_uri=http%3A%2F%2Fevil.example%2F"


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"client_id": "sandbox-bluesky"}, "invalid_client_metadata"),
        ({"client_id": ELSEWHERE}, "invalid_client_metadata"),
        ({"redirect_uri": "http://127.0.0.1:8000/elsewhere"}, "invalid_request"),
        ({"redirect_uri": "https://evil.example/callback"}, "invalid_request"),
        ({"response_type": "token"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"scope": "transition:generic"}, "invalid_scope"),
        ({"scope": "atproto transition:chat.bsky"}, "invalid_scope"),
    ],
)  # fmt: skip
def test_a_pushed_request_is_checked(
    client: FlaskClient, key: Key, wrong: dict[str, str], name: str
) -> None:
    answer = send(client, key, "par", pushed(**wrong))
    assert (answer.status_code, error(answer)) == (400, name)


def test_a_consent_page_needs_a_pushed_request_of_that_client(
    client: FlaskClient, key: Key, store: Store
) -> None:
    asked = send(client, key, "par", pushed()).json
    assert asked is not None
    name = asked["request_uri"]
    for query in ({"request_uri": name, "client_id": "http://localhost"}, {"client_id": CLIENT}):
        assert client.get("/bluesky/oauth/authorize", query_string=query).status_code == 400
    rows = store.table("bluesky.requests")
    row = rows.get(name)
    assert row is not None
    rows.put(name, {**row, "until": time.time() - 1})
    query = {"request_uri": name, "client_id": CLIENT}
    assert client.get("/bluesky/oauth/authorize", query_string=query).status_code == 400


def test_refusing_sends_the_person_back_with_the_refusal(client: FlaskClient, key: Key) -> None:
    asked = send(client, key, "par", pushed()).json
    assert asked is not None
    form = {
        "keep_request_uri": asked["request_uri"],
        "keep_client_id": CLIENT,
        "decision": "refuse",
    }
    back = client.post("/bluesky/oauth/authorize", data=form)
    answer = dict(parse_qsl(urlsplit(back.headers["Location"]).query))
    assert (answer["error"], answer["iss"], answer["state"]) == ("access_denied", BASE, "st")
    assert client.post("/bluesky/oauth/authorize", data=form).status_code == 400


def test_a_handle_that_can_be_none_is_asked_for_again(client: FlaskClient, key: Key) -> None:
    asked = send(client, key, "par", pushed()).json
    assert asked is not None
    form = {"keep_request_uri": asked["request_uri"], "keep_client_id": CLIENT}
    page = client.post(
        "/bluesky/oauth/authorize", data={**form, "handle": "under_score", "decision": "allow"}
    )
    assert page.status_code == 422 and "hyphens" in page.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"code_verifier": "w" * 64},
        {"redirect_uri": "http://127.0.0.1:9/callback"},
        {"client_id": "http://localhost"},
        {"code": "nonsense"},
    ],
)
def test_a_code_is_checked(client: FlaskClient, key: Key, wrong: dict[str, str]) -> None:
    answer = send(client, key, "token", {**exchange(code_for(client, key)), **wrong})
    assert (answer.status_code, error(answer)) == (400, "invalid_grant")


def test_a_code_is_bound_to_the_key_that_asked(client: FlaskClient, key: Key) -> None:
    code, other = code_for(client, key), Key()
    other.nonce = key.nonce
    assert error(send(client, other, "token", exchange(code))) == "invalid_grant"


def test_a_code_used_twice_ends_what_it_gave(client: FlaskClient, key: Key) -> None:
    code = code_for(client, key)
    tokens = send(client, key, "token", exchange(code)).json
    assert tokens is not None
    assert error(send(client, key, "token", exchange(code))) == "invalid_grant"
    assert error(session(client, key, tokens["access_token"])) == "invalid_token"


# Tokens
def test_tokens_are_bound_and_described(
    client: FlaskClient, key: Key, tokens: dict[str, Any]
) -> None:
    assert (tokens["token_type"], tokens["expires_in"]) == ("DPoP", 3599)
    assert tokens["scope"] == "atproto transition:generic"
    found = session(client, key, tokens["access_token"])
    assert found.json is not None and found.json["did"] == tokens["sub"]
    assert found.headers["DPoP-Nonce"]


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"ath": "x"}, "invalid_dpop_proof"),
        ({"htu": f"{BASE}/xrpc/other"}, "invalid_dpop_proof"),
        ({"nonce": "stale"}, "use_dpop_nonce"),
    ],
)
def test_a_call_needs_a_proof_for_that_token_and_call(
    client: FlaskClient, key: Key, tokens: dict[str, Any], wrong: dict[str, str], name: str
) -> None:
    answer = session(client, key, tokens["access_token"], **wrong)
    assert (answer.status_code, error(answer)) == (401, name)
    assert f'error="{name}"' in answer.headers["WWW-Authenticate"]


def test_a_stolen_token_opens_nothing(
    client: FlaskClient, key: Key, tokens: dict[str, Any]
) -> None:
    thief = Key()
    thief.nonce = key.nonce
    assert error(session(client, thief, tokens["access_token"])) == "invalid_token"
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    answer = client.get("/bluesky/xrpc/com.atproto.server.getSession", headers=bearer)
    assert error(answer) == "InvalidToken"


def test_a_replayed_refresh_token_ends_the_session(
    client: FlaskClient, key: Key, tokens: dict[str, Any]
) -> None:
    old = tokens["refresh_token"]
    fresh = send(client, key, "token", refresh(old)).json
    assert fresh is not None
    assert session(client, key, fresh["access_token"]).status_code == 200
    assert error(session(client, key, tokens["access_token"])) == "invalid_token"
    replayed = send(client, key, "token", refresh(old))
    assert replayed.json is not None
    assert replayed.json["error_description"] == "Refresh token replayed"
    assert error(send(client, key, "token", refresh(fresh["refresh_token"]))) == "invalid_grant"
    assert error(session(client, key, fresh["access_token"])) == "invalid_token"


def test_revoking_ends_the_session_and_unknown_tokens_are_answered_alike(
    client: FlaskClient, key: Key, tokens: dict[str, Any]
) -> None:
    for token in (tokens["refresh_token"], "unknown"):
        answer = client.post("/bluesky/oauth/revoke", data={"client_id": CLIENT, "token": token})
        assert (answer.status_code, answer.json) == (200, {})
    assert error(session(client, key, tokens["access_token"])) == "invalid_token"


def test_faults_are_worded_and_aimed_at_one_account(client: FlaskClient) -> None:
    url = "/bluesky/xrpc/com.atproto.server.createSession"
    for fault in ("http_429", "http_500"):
        wanted = {"network": "bluesky", "operation": "token", "fault": fault, "account": "maya"}
        client.post("/_sandbox/faults", json=wanted)
    answers = [
        client.post(url, json={"identifier": who, "password": f"sandbox-{who}"})
        for who in ("noor", "maya", "maya", "maya")
    ]
    assert [answer.status_code for answer in answers] == [200, 429, 500, 200]
    assert [error(answer) for answer in answers[1:3]] == [
        "RateLimitExceeded",
        "InternalServerError",
    ]
    assert int(answers[1].headers["RateLimit-Reset"]) > time.time()
