"""What every answer carries (reliability §13)."""

from __future__ import annotations

import re

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from app.config import Config
from app.web import headers
from tests.web import small

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; font-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


@pytest.fixture(scope="module")
def little() -> Flask:
    app = small.make(WTF_CSRF_ENABLED=False)

    @app.get("/picture")
    def picture() -> Response:
        answer = Response(b"...", mimetype="image/png")
        answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
        answer.headers["Cache-Control"] = "private, max-age=600"
        return answer

    app.add_url_rule("/invite/<token>", "invite", lambda token: "Welcome")
    return app


@pytest.fixture
def visitor(little: Flask) -> FlaskClient:
    return little.test_client()


@pytest.mark.parametrize(
    "path", ["/kit", "/docs", "/nowhere", "/fail/boom", "/old", "/static/css/base.css"]
)
def test_every_answer_carries_them_whatever_became_of_it(visitor: FlaskClient, path: str) -> None:
    found = visitor.get(path).headers
    assert found["Content-Security-Policy"] == POLICY
    assert found["X-Content-Type-Options"] == "nosniff"
    assert found["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert found["Cross-Origin-Opener-Policy"] == "same-origin"
    assert found["Permissions-Policy"] == "camera=(), microphone=(), geolocation=()"
    assert re.fullmatch(r"req_[0-9a-f]{32}", found["X-Request-Id"])
    assert "Strict-Transport-Security" not in found
    assert "Access-Control-Allow-Origin" not in found


def test_a_view_may_be_stricter(visitor: FlaskClient) -> None:
    found = visitor.get("/picture").headers
    assert found["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert found["Cache-Control"] == "private, max-age=600"
    assert visitor.get("/invite/abc").headers["Referrer-Policy"] == "no-referrer"


def test_https_is_remembered_for_a_year() -> None:
    app = small.make(CARILLON=Config(APP_URL="https://carillon.example"))
    found = app.test_client().get("/docs").headers
    assert found["Strict-Transport-Security"] == "max-age=31536000"


def test_media_may_come_from_where_the_operator_keeps_them() -> None:
    policy = headers.content_policy("https://media.example.org")
    for source in ("img-src 'self' data: blob:", "media-src 'self' blob:", "connect-src 'self'"):
        assert f"{source} https://media.example.org;" in policy
    assert "script-src 'self';" in policy


@pytest.mark.parametrize("origin", ["media.example.org", "https://", "https://a/b", "data:x"])
def test_what_is_no_origin_cannot_get_into_the_policy(origin: str) -> None:
    with pytest.raises(ValueError, match="media_origin"):
        headers.content_policy(origin)


def test_every_request_has_a_number_of_its_own(visitor: FlaskClient) -> None:
    given = {"X-Request-Id": "req_mine"}
    numbers = {visitor.get("/docs", headers=given).headers["X-Request-Id"] for _ in range(3)}
    assert len(numbers) == 3 and "req_mine" not in numbers


def test_what_belongs_to_somebody_is_not_kept(little: Flask) -> None:
    fresh = little.test_client()
    assert fresh.get("/healthz").headers["Cache-Control"] == "no-cache"
    assert fresh.get("/kit").headers["Cache-Control"] == "no-store"  # begins a session
    assert fresh.get("/healthz").headers["Cache-Control"] == "no-store"  # and now has a cookie
    key = {"Authorization": "Bearer amp_live_x"}
    keyed = little.test_client().get("/healthz", headers=key)
    assert keyed.headers["Cache-Control"] == "no-store"


def test_static_files_are_kept_for_ever_under_the_address_that_names_their_content(
    little: Flask, visitor: FlaskClient
) -> None:
    from app.web.assets import asset

    visitor.get("/kit")  # with a cookie too
    with little.test_request_context():
        address = asset("css/base.css")
    assert "immutable" in visitor.get(address).headers["Cache-Control"]
    for other in ("/static/css/base.css", "/static/css/base.css?v=00000000"):
        assert visitor.get(other).headers["Cache-Control"] == "no-cache"
    assert visitor.get("/static/none.css?v=1").headers["Cache-Control"] == "no-store"


def test_another_site_cannot_change_anything_in_our_name(visitor: FlaskClient) -> None:
    there = {"Sec-Fetch-Site": "cross-site"}
    refused = visitor.post("/go", headers=there)
    assert refused.status_code == 403 and "came from another site" in refused.text
    for site in ("same-origin", "same-site", "none"):
        assert visitor.post("/go", headers={"Sec-Fetch-Site": site}).status_code == 303
    assert visitor.post("/go").status_code == 303  # no browser: the CSRF token decides
    assert visitor.get("/kit", headers=there).status_code == 200  # a link from elsewhere


@pytest.mark.parametrize("key", [{"X-API-Key": "ak_x"}, {"Authorization": "Bearer amp_live_x"}])
def test_a_key_speaks_for_itself(visitor: FlaskClient, key: dict[str, str]) -> None:
    answer = visitor.post("/go", headers={"Sec-Fetch-Site": "cross-site", **key})
    assert answer.status_code == 303
