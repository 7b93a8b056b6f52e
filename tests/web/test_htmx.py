"""One answer for a browser and for htmx."""

from __future__ import annotations

import json

import pytest
from flask import Flask, get_flashed_messages, make_response

from app.web import htmx
from tests.web import small

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture(scope="module")
def little() -> Flask:
    return small.make(WTF_CSRF_ENABLED=False)


@pytest.mark.parametrize(
    ("headers", "part"),
    [
        ({}, False),
        ({"HX-Request": "true"}, True),
        (PART, True),
        ({"HX-Request": "true", "HX-Request-Type": "full"}, False),  # HX-Location, hx-select
        ({**PART, "HX-Boosted": "true"}, False),
        ({"HX-History-Restore-Request": "true"}, False),
        ({**PART, "HX-History-Restore-Request": "true"}, False),
    ],
)
def test_only_a_part_of_a_page_is_answered_with_a_fragment(
    little: Flask, headers: dict[str, str], part: bool
) -> None:
    answer = little.test_client().get("/kit", headers=headers)
    assert ("<html" not in answer.text) is part
    assert 'id="kit-form"' in answer.text
    assert set(htmx.VARY) <= {name.strip() for name in answer.headers["Vary"].split(",")}


def test_the_fragment_is_the_very_piece_of_the_page(little: Flask) -> None:
    client = little.test_client()
    whole, part = client.get("/kit").text, client.get("/kit", headers=PART).text
    assert part.strip() in whole


def test_a_browser_is_sent_on_with_303_and_htmx_with_a_header(little: Flask) -> None:
    client = little.test_client()
    browser = client.post("/go")
    assert (browser.status_code, browser.location) == (303, "/p/marram/calendar")
    part = client.post("/go", headers=PART)
    assert (part.status_code, part.headers["HX-Redirect"]) == (204, "/p/marram/calendar")
    assert part.data == b"" and "Location" not in part.headers
    boosted = client.post("/go", headers={**PART, "HX-Boosted": "true"})
    assert boosted.status_code == 303


def test_going_on_within_the_page_names_the_place_and_what_is_swapped(little: Flask) -> None:
    with little.test_request_context(headers=PART):
        part = htmx.go("/p/marram/drafts/1")
    assert (part.status_code, part.data) == (204, b"")
    assert json.loads(part.headers["HX-Location"]) == {
        "path": "/p/marram/drafts/1", "target": "body", "swap": "outerSync",
    }  # fmt: skip
    for headers in ({}, {**PART, "HX-Boosted": "true"}):
        with little.test_request_context(headers=headers):
            assert htmx.go("/p/marram/drafts/1").status_code == 303


def test_a_change_of_person_loads_the_page_afresh_even_when_boosted(little: Flask) -> None:
    with little.test_request_context(headers={**PART, "HX-Boosted": "true"}):
        answer = htmx.redirect("/login", whole=True)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/login")


def test_leaving_for_another_site_suits_links_forms_and_htmx(little: Flask) -> None:
    client, there = little.test_client(), "https://social.example/oauth?x=1"
    link = client.get("/leave")
    assert (link.status_code, link.location) == (303, there)
    form = client.post("/leave")  # a redirect here would be stopped by form-action
    assert form.status_code == 200 and "Location" not in form.headers
    assert f'content="0; url={there}"' in form.text and "On to social.example" in form.text
    for headers in (PART, {**PART, "HX-Boosted": "true"}):
        told = client.post("/leave", headers=headers)
        assert (told.status_code, told.headers["HX-Redirect"]) == (204, there)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//host", "/path"])
def test_only_web_addresses_can_be_left_for(little: Flask, url: str) -> None:
    with little.test_request_context(), pytest.raises(ValueError, match="http"):
        htmx.leave(url)


@pytest.mark.parametrize(
    ("given", "trusted"),
    [
        ("/p/marram/calendar?view=list", "/p/marram/calendar?view=list"),
        ("/", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
        ("/a\tb", "/"),
        ("calendar", "/"),
        ("", "/"),
        (None, "/"),
    ],
)
def test_the_way_back_is_a_path_of_ours(given: str | None, trusted: str) -> None:
    assert htmx.local(given) == trusted


def test_a_toast_rides_on_the_answer_beside_other_events(little: Flask) -> None:
    with little.test_request_context(headers=PART):
        answer = htmx.trigger(make_response("", 204), "draft:saved")
        answer = htmx.toast(answer, "Zwölf „Beiträge“", undo="/undo/1")
        assert get_flashed_messages() == []
    raw = answer.headers["HX-Trigger"]
    assert raw.isascii()
    assert json.loads(raw) == {
        "draft:saved": {},
        "toast": {"text": "Zwölf „Beiträge“", "undo": "/undo/1"},
    }


def test_a_toast_waits_for_the_page_that_follows(little: Flask) -> None:
    client = little.test_client()
    for headers in ({}, PART):
        assert "HX-Trigger" not in client.post("/go", headers=headers).headers
        page = client.get("/p/marram/calendar").text
        assert "Scheduled." in page.split('id="flashes"')[1].split("</div>")[0]


def test_parts_name_their_place_and_are_escaped(little: Flask) -> None:
    with little.test_request_context(headers=PART):
        part = htmx.part("_count.html", '#count"><script>', number="<b>")
        answer = htmx.parts(part, status=422)
    assert "<script>" not in part.split("&gt;")[0] and "&lt;b&gt;" in part
    assert answer.status_code == 422


def test_parts_come_along_with_a_fragment_but_not_with_a_page(little: Flask) -> None:
    for headers, added in ((PART, True), ({}, False)):
        with little.test_request_context(headers=headers):
            part = htmx.part("_count.html", "#count", number=3)
            answer = htmx.along(make_response("<p>row</p>"), part)
        assert ("hx-partial" in answer.get_data(as_text=True)) is added
