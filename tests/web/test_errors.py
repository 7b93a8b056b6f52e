"""How a page says that something did not work."""

from __future__ import annotations

import errno

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, abort

from app.errors import AppError
from app.web import errors, navigation
from tests.web import small

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture(scope="module")
def little() -> Flask:
    app = small.make(WTF_CSRF_ENABLED=False)

    @app.get("/abort/<int:status>")
    def stop(status: int) -> str:
        abort(status)

    @app.get("/away")
    def away() -> str:
        raise OperationalError("SELECT secret", {}, Exception("server closed the connection"))

    @app.get("/full")
    def full() -> str:
        raise OSError(errno.ENOSPC, "No space left on device", "/srv/secret")

    return app


@pytest.fixture
def visitor(little: Flask) -> FlaskClient:
    return little.test_client()


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 410, 413, 415, 422, 429, 500, 503])
def test_every_failure_has_a_sentence_a_way_on_and_a_number(
    visitor: FlaskClient, status: int
) -> None:
    answer = visitor.get(f"/abort/{status}")
    assert answer.status_code == status
    assert errors.WORDS[status].title in answer.text and errors.WORDS[status].text in answer.text
    assert answer.headers["X-Request-Id"] in answer.text
    assert 'href="/"' in answer.text and "<h1>" in answer.text


def test_a_status_nobody_thought_of_has_words_too(visitor: FlaskClient) -> None:
    assert errors.WORDS[400].title in visitor.get("/abort/418").text
    assert errors.WORDS[500].title in visitor.get("/abort/505").text


def test_the_shell_stays_where_the_failure_is_not_ours(visitor: FlaskClient) -> None:
    assert 'class="rail"' in visitor.get("/nowhere").text
    # The shell needs the database, which may be what failed.
    assert 'class="rail"' not in visitor.get("/fail/boom").text
    stranger = small.make(shell=navigation.Shell()).test_client()
    page = stranger.get("/nowhere").text
    assert 'class="rail"' not in page and "Sign in" in page


def test_an_error_page_comes_though_the_shell_cannot(little: Flask) -> None:
    app = small.make()

    def broken() -> navigation.Shell:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    navigation.use(app, broken)
    answer = app.test_client().get("/nowhere")
    assert answer.status_code == 404 and "There is nothing here" in answer.text


def test_a_service_says_it_in_its_own_words(visitor: FlaskClient) -> None:
    answer = visitor.get("/fail/app")
    assert answer.status_code == 409
    assert "A published post can’t become a draft." in answer.text


def test_what_broke_inside_is_not_told(visitor: FlaskClient) -> None:
    for headers in ({}, PART):
        answer = visitor.get("/fail/boom", headers=headers)
        assert answer.status_code == 500
        assert "secret" not in answer.text and "Traceback" not in answer.text


@pytest.mark.parametrize("path", ["/away", "/full"])
def test_a_database_away_or_a_full_disk_says_so_and_when_to_come_back(
    visitor: FlaskClient, path: str
) -> None:
    answer = visitor.get(path)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Carillon cannot answer just now" in answer.text and "secret" not in answer.text


def test_another_fault_of_the_file_system_is_ours(little: Flask) -> None:
    assert not errors.away(FileNotFoundError(errno.ENOENT, "gone"))
    assert errors.away(OSError(errno.EROFS, "read-only"))


def test_too_many_tries_name_the_wait(visitor: FlaskClient) -> None:
    answer = visitor.get("/fail/often")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "600")
    assert "It works again in 10 minutes." in answer.text


def test_a_wrong_method_names_the_right_ones(visitor: FlaskClient) -> None:
    answer = visitor.get("/go")
    assert answer.status_code == 405 and "POST" in answer.headers["Allow"]


def test_a_body_too_large_is_told_as_such(visitor: FlaskClient) -> None:
    answer = visitor.post("/kit", data={"name": "x" * 2000})
    assert answer.status_code == 413 and "That is too large" in answer.text


def test_htmx_gets_a_callout_that_leaves_the_rest_alone(visitor: FlaskClient) -> None:
    answer = visitor.post("/fail/app", headers=PART)
    assert answer.status_code == 409
    assert answer.headers["HX-Retarget"] == "#notice"
    assert answer.headers["HX-Reswap"] == "innerHTML"
    assert "<html" not in answer.text and 'role="alert"' in answer.text
    assert answer.headers["X-Request-Id"] in answer.text
    assert "<html" in visitor.get("/nowhere", headers={**PART, "HX-Boosted": "true"}).text


def test_a_stale_token_is_explained(little: Flask) -> None:
    guarded = small.make()
    answer = guarded.test_client().post("/go")
    assert answer.status_code == 400 and errors.EXPIRED in answer.text


def test_one_who_is_signed_out_comes_back_to_where_they_were(visitor: FlaskClient) -> None:
    answer = visitor.get("/abort/401?x=1")
    assert answer.status_code == 303
    assert answer.location == "/login?next=/abort/401?x%3D1"
    part = visitor.get(
        "/abort/401",
        headers={**PART, "HX-Current-URL": "http://localhost/p/marram/calendar?view=list"},
    )
    assert part.status_code == 204
    assert part.headers["HX-Redirect"] == "/login?next=/p/marram/calendar?view%3Dlist"
    foreign = visitor.get("/abort/401", headers={**PART, "HX-Current-URL": "https://evil.example"})
    assert foreign.headers["HX-Redirect"] == "/login"


def test_the_api_may_answer_for_its_own_addresses() -> None:
    app = small.make()

    def door(error: Exception) -> tuple[dict[str, str], int] | None:
        from flask import request

        if not request.path.startswith("/api/"):
            return None
        assert isinstance(error, AppError | HTTPException)
        return {"error": "nothing here"}, 404

    errors.ask_first(app, door)
    client = app.test_client()
    assert client.get("/api/nowhere").json == {"error": "nothing here"}
    assert "<html" in client.get("/nowhere").text
