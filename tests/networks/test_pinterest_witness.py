"""An independent witness: what our client asks of Pinterest, and the sandbox answers, held
against the operations and models generated from Pinterest's OpenAPI description 5.28."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from flask import Flask
from pydantic import ValidationError

from app.config import Config
from app.networks.base import Published
from app.networks.pinterest import Pinterest
from tests.networks import witness_models as models
from tests.networks.pinterest_helpers import item, person, picture, prepared, publish, video
from tests.networks.test_pinterest_connect import connected
from tests.networks.witness_wire import Exchange, Recorder, body, query

BASE = "http://127.0.0.1:8090/pinterest/v5"
CALLS = {
    "oauth": "oauth_token",
    "user_account": "user_account_get",
    "boards": "boards_list board_sections_list boards_list_pins",
    "media": "media_create media_get",
    "pins": "pins_create pins_list pins_delete pins_analytics",
}
# The consent page and the storage of uploads are other servers; they have no description.
ELSEWHERE = {
    "GET /pinterest/oauth/", "POST /pinterest/oauth/", "POST /pinterest/bucket",
}  # fmt: skip


@cache
def described() -> list[models.Operation]:
    """The calls that we share, as Pinterest describes them."""
    models.bare("pinterestsdk", "api", "models")
    return [
        one
        for room, names in CALLS.items()
        for one in models.operations(
            f"pinterestsdk.api.{room}_api",
            f"{room.title().replace('_', '')}Api",
            names,
            models.of_generator,
        )
    ]


def asked(found: Exchange) -> str:
    """Assert that a request is as Pinterest's description says; its way."""
    operation = models.asked(found, described(), "/pinterest/v5")
    models.query_fits(operation, query(found.request))
    sent = body(found)
    if operation.form:
        assert found.kind == "application/x-www-form-urlencoded", operation.name
        models.form_fits(operation, sent)
    elif operation.body is None:
        assert not sent, f"{operation.name} takes no body"
    else:
        assert found.kind == "application/json", operation.name
        kept = operation.body.from_dict(sent).to_dict()
        strays = list(models.lost(sent, kept))
        assert not strays, f"{operation.name}: {strays}"
    return f"{operation.method} {operation.path}"


def answered(found: Exchange) -> None:
    """Assert that an answer has the description's form."""
    operation = models.asked(found, described(), "/pinterest/v5")
    told = found.response
    if told.status_code >= 400:
        error = told.json()
        assert isinstance(error["code"], int) and isinstance(error["message"], str)
    elif told.content:
        models.answer_fits(operation, told.json())
    else:
        assert told.status_code == 204, operation.name


@pytest.fixture
def wire(sandbox: Flask) -> Recorder:
    return Recorder(sandbox)


@pytest.fixture
def http(wire: Recorder) -> Iterator[httpx.Client]:
    with httpx.Client(transport=wire) as client:
        yield client


@pytest.fixture
def pinterest(http: httpx.Client, config: Config, monkeypatch: pytest.MonkeyPatch) -> Pinterest:
    monkeypatch.setattr("app.sandbox.pinterest.media.ENCODING_SECONDS", 0.0)
    made = Pinterest(http, config)
    made.sleep = lambda seconds: None
    return made


def all_kinds(pinterest: Pinterest, folder: Path) -> None:
    """Every kind of Pin and of question."""
    alice = person(pinterest)
    places = pinterest.destinations(alice)
    board = places[0].external_id
    with_sections = next(one for one in places if one.extras.get("sections"))
    section = with_sections.extras["sections"][0]["id"]
    one = item("Come", picture(folder), boardId=board, title="T", link="https://example.com/a")
    made = publish(pinterest, alice, one)
    two = item("In", picture(folder, kind="jpg"), boardId=with_sections.external_id,
               boardSectionId=section)  # fmt: skip
    publish(pinterest, alice, two)
    publish(pinterest, alice, item("Two", picture(folder), picture(folder), boardId=board))
    for cover in (True, False):
        publish(pinterest, alice, item("Film", video(folder, cover=cover), boardId=board))
    for sought in (one, two):
        kept = prepared(pinterest, alice, sought)
        pinterest.probe(alice, sought, kept, sought.at, frozenset())
    pinterest.metrics(alice, [made.external_id])
    pinterest.delete(alice, made)
    pinterest.delete(alice, Published("1"))


def test_everything_our_client_asks_stands_in_the_description(
    pinterest: Pinterest, wire: Recorder, http: httpx.Client, tmp_path: Path
) -> None:
    tokens = connected(pinterest, http)
    pinterest.refresh(pinterest.register("", ""), tokens, "")
    all_kinds(pinterest, tmp_path)
    calls = [one for one in wire.exchanges if one.call not in ELSEWHERE]
    assert {asked(one) for one in calls} == {
        "POST /oauth/token", "GET /user_account", "GET /boards", "GET /boards/{board_id}/sections",
        "GET /boards/{board_id}/pins", "POST /media", "GET /media/{media_id}", "POST /pins",
        "GET /pins", "DELETE /pins/{pin_id}", "GET /pins/{pin_id}/analytics",
    }  # fmt: skip
    for one in calls:
        answered(one)


Spoil = Callable[[dict[str, Any]], object]
SPOILED: dict[str, Spoil] = {
    "a name nobody knows": lambda sent: sent.update(titel="T"),
    "a board that is a number": lambda sent: sent.update(board_id=5),
    "a board that is a name": lambda sent: sent.update(board_id="harbour"),
    "a title of 101 characters": lambda sent: sent.update(title="x" * 101),
    "no kind of media": lambda sent: sent["media_source"].pop("source_type"),
    "a kind nobody knows": lambda sent: sent["media_source"].update(source_type="image"),
    "a file that is no picture": lambda sent: sent["media_source"].update(content_type="a/b"),
    "a name nobody knows, inside": lambda sent: sent["media_source"].update(alt="A"),
}


@pytest.fixture
def sent(pinterest: Pinterest, wire: Recorder, tmp_path: Path) -> Exchange:
    """A Pin with a picture."""
    alice = person(pinterest)
    board = pinterest.destinations(alice)[0].external_id
    publish(pinterest, alice, item("Come", picture(tmp_path), boardId=board))
    found = wire.exchanges[-1]
    asked(found)
    answered(found)
    return found


def test_a_spoiled_body_is_seen(sent: Exchange) -> None:
    for what, spoil in SPOILED.items():
        spoiled = copy.deepcopy(json.loads(sent.request.content))
        spoil(spoiled)
        request = httpx.Request("POST", sent.request.url, json=spoiled)
        try:
            asked(Exchange(request, sent.response))
        except (AssertionError, ValueError):
            continue
        pytest.fail(f"{what} was not seen")


@pytest.mark.parametrize(
    "request_",
    [
        httpx.Request("GET", f"{BASE}/pin"),
        httpx.Request("PUT", f"{BASE}/pins"),
        httpx.Request("GET", f"{BASE}/boards?pages=3"),
        httpx.Request("GET", f"{BASE}/boards?page_size=251"),
        httpx.Request("GET", f"{BASE}/pins/1/analytics?start_date=2026-01-01"),
        httpx.Request(
            "GET",
            f"{BASE}/pins/1/analytics?start_date=2026-01-01&end_date=2026-01-02&metric_types=LIKES",
        ),
        httpx.Request("POST", f"{BASE}/media", json={"media_type": "picture"}),
        httpx.Request("POST", f"{BASE}/oauth/token", data={"grant_type": "password"}),
        httpx.Request("DELETE", f"{BASE}/pins/1", json={"id": "1"}),
    ],
    ids=["path", "method", "name", "size", "missing", "metric", "kind", "grant", "body"],
)
def test_a_request_that_does_not_fit_is_seen(request_: httpx.Request) -> None:
    with pytest.raises((AssertionError, ValueError)):
        asked(Exchange(request_, httpx.Response(200)))


@pytest.mark.parametrize("change", [{"id": 5}, {"creative_type": "POEM"}, {"created_at": "soon"}])
def test_a_spoiled_answer_is_seen(sent: Exchange, change: dict[str, Any]) -> None:
    spoiled = httpx.Response(201, json={**sent.response.json(), **change})
    with pytest.raises((AssertionError, ValidationError, ValueError)):
        answered(Exchange(sent.request, spoiled))
