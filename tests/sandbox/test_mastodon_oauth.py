"""The played instance and its OAuth (networks/mastodon.md §1)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2 as httpx
import pytest
import time_machine

from tests.sandbox import mastodon_asks
from tests.sandbox.mastodon_asks import (
    BACK,
    BASE,
    CHALLENGE,
    OWN,
    VERIFIER,
    code_of,
    consent,
    exchange,
    get,
    picture,
    post,
    register,
    upload,
)

http, store = mastodon_asks.http, mastodon_asks.store


@pytest.mark.parametrize("path", ["/api/v2/instance", "/api/v2/instance/"])
def test_the_instance_says_its_limits(http: httpx.Client, path: str) -> None:
    found = http.get(BASE + path).json()
    assert found["domain"] == "mastodon.sandbox"
    limits = found["configuration"]
    assert limits["statuses"]["characters_reserved_per_url"] == 23
    assert limits["media_attachments"]["image_matrix_limit"] == 33_177_600
    assert limits["media_attachments"]["description_limit"] == 1500


def test_the_older_document_says_the_same(http: httpx.Client) -> None:
    old, new = (http.get(f"{BASE}/api/v{n}/instance").json() for n in (1, 2))
    assert (old["uri"], old["version"]) == (new["domain"], new["version"])
    assert old["configuration"].items() <= new["configuration"].items()


def test_metadata_names_endpoints_that_answer(http: httpx.Client) -> None:
    found = http.get(BASE + "/.well-known/oauth-authorization-server").json()
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert "write:statuses" in found["scopes_supported"]
    assert http.post(found["token_endpoint"]).status_code == 401
    assert http.get(found["authorization_endpoint"]).status_code == 400


def test_an_unknown_path_is_a_json_404(http: httpx.Client) -> None:
    answer = get(http, "/api/v1/nowhere")
    assert (answer.status_code, answer.json()) == (404, {"error": "Record not found"})


def test_an_app_is_registered_by_form_and_by_json(http: httpx.Client) -> None:
    form = register(http).json()
    assert form["redirect_uri"] == BACK
    assert form["client_secret_expires_at"] == 0
    body = {"client_name": "App", "redirect_uris": [BACK, BACK + "2"], "scopes": "read"}
    by_json = http.post(BASE + "/api/v1/apps", json=body).json()
    assert by_json["redirect_uris"] == [BACK, BACK + "2"]
    assert by_json["client_id"] != form["client_id"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_name": None}, {"redirect_uris": None}, {"redirect_uris": "/callback"},
        {"redirect_uris": BACK + "#x"}, {"scopes": "everything"}, {"website": "javascript:1"},
    ],
)  # fmt: skip
def test_an_app_that_makes_no_sense_is_refused(http: httpx.Client, wrong: dict[str, Any]) -> None:
    answer = register(http, **wrong)
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("Validation failed")


def test_a_person_chooses_whom_to_be(http: httpx.Client) -> None:
    app = register(http).json()
    query = {
        "client_id": app["client_id"], "redirect_uri": BACK, "response_type": "code",
        "scope": "profile write:statuses", "state": "s", "force_login": "true", "lang": "en",
        "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    }  # fmt: skip
    page = http.get(BASE + "/oauth/authorize", params=query)
    assert page.status_code == 200
    assert 'name="handle"' in page.text
    assert "Publish and delete posts" in page.text
    fields = dict(re.findall(r'name="(keep_\w+)" value="([^"]*)"', page.text))
    answer = http.post(
        BASE + "/oauth/authorize", data={**fields, "handle": "@Clara", "decision": "allow"}
    )
    token = exchange(http, app, code_of(answer)).json()
    assert set(token) == {"access_token", "token_type", "scope", "created_at"}
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    assert (
        get(http, "/api/v1/accounts/verify_credentials", headers=headers).json()["acct"] == "Clara"
    )


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"client_id": "nobody"}, "unknown client"),
        ({"redirect_uri": "https://evil.example/"}, "redirect URI"),
        ({"redirect_uri": ""}, "redirect URI"),
        ({"scope": "write"}, "scope"),
    ],
)
def test_nobody_is_sent_to_a_wrong_address(
    http: httpx.Client, wrong: dict[str, str], sentence: str
) -> None:
    app = register(http).json()
    query = {
        "client_id": app["client_id"], "redirect_uri": BACK, "response_type": "code",
        "scope": "profile", **wrong,
    }  # fmt: skip
    page = http.get(BASE + "/oauth/authorize", params=query)
    assert page.status_code == 400
    assert sentence in page.text
    answer = consent(http, app, **wrong)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("odd", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": "x", "code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_odd_requests_go_back_with_an_error(
    http: httpx.Client, odd: dict[str, str], error: str
) -> None:
    query = {
        "client_id": OWN["client_id"], "redirect_uri": BACK, "response_type": "code",
        "scope": "read", "state": "s", **odd,
    }  # fmt: skip
    answer = http.get(BASE + "/oauth/authorize", params=query)
    assert f"error={error}" in answer.headers["location"]
    assert "state=s" in answer.headers["location"]


def test_a_refusal_and_a_missing_handle(http: httpx.Client) -> None:
    app = register(http).json()
    assert "error=access_denied" in consent(http, app, decision="refuse").headers["location"]
    assert consent(http, app, handle="not a handle").status_code == 422


@pytest.mark.parametrize(
    ("wrong", "status", "error"),
    [
        ({"code_verifier": "w" * 64}, 400, "invalid_grant"),
        ({"code_verifier": ""}, 400, "invalid_grant"),
        ({"redirect_uri": BACK + "2"}, 400, "invalid_grant"),
        ({"code": "nonsense"}, 400, "invalid_grant"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        (OWN, 400, "invalid_grant"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_a_wrong_exchange_is_refused_and_spends_nothing(
    http: httpx.Client, wrong: dict[str, str], status: int, error: str
) -> None:
    app = register(http).json()
    code = code_of(consent(http, app))
    answer = exchange(http, app, code, **wrong)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["error_description"]
    assert exchange(http, app, code).status_code == 200


def test_a_code_is_used_once_and_soon(http: httpx.Client) -> None:
    app = register(http).json()
    code = code_of(consent(http, app))
    token = exchange(http, app, code).json()["access_token"]
    assert exchange(http, app, code).json()["error"] == "invalid_grant"
    headers = {"Authorization": f"Bearer {token}"}
    assert get(http, "/api/v1/accounts/verify_credentials", headers=headers).status_code == 401
    late = code_of(consent(http, app))
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=11)):
        assert exchange(http, app, late).json()["error"] == "invalid_grant"


def test_a_program_without_a_page_gets_the_code_to_copy(http: httpx.Client) -> None:
    uri = "urn:ietf:wg:oauth:2.0:oob"
    app = register(http, redirect_uris=uri).json()
    shown = consent(http, app, redirect_uri=uri)
    assert shown.headers["content-type"].startswith("text/plain")
    code = shown.text.split()[-1]
    assert exchange(http, app, code, redirect_uri=uri).status_code == 200


def test_the_client_may_authenticate_by_header(http: httpx.Client) -> None:
    app = register(http).json()
    code = code_of(consent(http, app))
    body = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": BACK,
        "code_verifier": VERIFIER,
    }  # fmt: skip
    pair = (app["client_id"], app["client_secret"])
    assert http.post(BASE + "/oauth/token", data=body, auth=pair).status_code == 200


def test_a_revoked_token_opens_nothing(http: httpx.Client) -> None:
    app = register(http).json()
    token = exchange(http, app, code_of(consent(http, app))).json()["access_token"]
    body = {"client_id": app["client_id"], "client_secret": app["client_secret"], "token": token}
    headers = {"Authorization": f"Bearer {token}"}
    foreign = http.post(BASE + "/oauth/revoke", data={**OWN, "token": token})
    assert (foreign.status_code, foreign.json()["error"]) == (403, "unauthorized_client")
    assert get(http, "/api/v1/accounts/verify_credentials", headers=headers).status_code == 200
    assert http.post(BASE + "/oauth/revoke", data=body).json() == {}
    answer = get(http, "/api/v1/accounts/verify_credentials", headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (401, "The access token was revoked")
    assert http.post(BASE + "/oauth/revoke", data=body).json() == {}


def test_a_token_reaches_as_far_as_its_scopes(http: httpx.Client) -> None:
    app = register(http).json()
    token = exchange(http, app, code_of(consent(http, app))).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    made = post(http, "/api/v1/statuses", json={"status": "x"}, headers=headers)
    assert made.status_code == 200
    assert made.json()["application"] == {"name": "App", "website": "https://app.example"}
    answer = upload(http, picture(), headers=headers)
    assert answer.status_code == 403
    assert answer.json()["error"] == "This action is outside the authorized scopes"


def test_an_app_token_is_nobody(http: httpx.Client) -> None:
    body = {"grant_type": "client_credentials", "scope": "read", **OWN}
    token = http.post(BASE + "/oauth/token", data=body).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    answer = get(http, "/api/v1/accounts/verify_credentials", headers=headers)
    assert answer.status_code == 422
    assert get(http, "/api/v1/apps/verify_credentials", headers=headers).json()["name"]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}, {"Authorization": "x"}])
def test_no_token_no_entry(http: httpx.Client, headers: dict[str, str]) -> None:
    answer = get(http, "/api/v1/accounts/verify_credentials", headers=headers)
    assert (answer.status_code, answer.json()) == (401, {"error": "The access token is invalid"})


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("de", "Der Zugriffstoken ist ungültig"),
        ("fr-CA,fr;q=0.9", "Le jeton d’accès n’est pas valide"),
        ("en", "The access token is invalid"), ("ja", "The access token is invalid"),
    ],
)  # fmt: skip
def test_errors_speak_the_callers_language(
    http: httpx.Client, language: str, sentence: str
) -> None:
    headers = {"Authorization": "Bearer x", "Accept-Language": language}
    answer = get(http, "/api/v1/accounts/verify_credentials", headers=headers)
    assert answer.json()["error"] == sentence
