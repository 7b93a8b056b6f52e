"""The shell every page stands in, its parts, and what it may weigh."""

from __future__ import annotations

import gzip
import html
import json
import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from jinja2 import Environment

from app.config import ROOT
from app.web.navigation import Alert, Shell
from tests.web import small

CORE = ("tokens", "base", "layout", "controls", "components")
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
PAGES_CSS = sorted(p.stem for p in (ROOT / "static/css").glob("*.css") if p.stem not in CORE)


@pytest.fixture(scope="module")
def visitor() -> FlaskClient:
    return small.make().test_client()


@pytest.fixture(scope="module")
def kit(visitor: FlaskClient) -> str:
    return visitor.get("/kit").text


# The shell -----------------------------------------------------------------------------------


def test_the_shell_names_the_brand_its_zone_and_what_needs_a_person(visitor: FlaskClient) -> None:
    page = visitor.get("/p/marram/calendar").text
    assert "Marram Coffee" in page and "7 accounts · London" in page
    assert '<b class="count">2<span class="vh"> need attention</span></b>' in page
    assert '<b class="count" data-tone="alarm">1<span' in page
    assert '<a href="/p/marram/calendar" aria-current="page" data-key="g c">' in page
    assert "<title>Calendar · Carillon</title>" in page


def test_it_can_be_walked_without_eyes(kit: str) -> None:
    assert kit.index('href="#main"') < kit.index('class="rail"')
    assert len(re.findall(r"<h1\b", kit)) == 1 and len(re.findall(r"<main\b", kit)) == 1
    for landmark in re.findall(r"<(?:nav|aside)\b[^>]*>", kit):
        assert "aria-label=" in landmark
    assert re.search(r'id="toasts" role="status" aria-live="polite"', kit)
    seen = re.sub(r"<template.*?</template>", "", kit, flags=re.S)
    controls = re.findall(r"<(?:button|a)\b[^>]*>(.*?)</(?:button|a)>", seen, re.S)
    assert all(re.sub(r"<[^>]+>", "", inside).strip() for inside in controls)


def test_no_id_is_given_twice(visitor: FlaskClient) -> None:
    for path in ("/kit", "/p/marram/calendar", "/login", "/docs"):
        page = re.sub(r"<template.*?</template>", "", visitor.get(path).text, flags=re.S)
        ids = re.findall(r'\bid="([^"]+)"', page)
        assert len(ids) == len(set(ids)), [name for name in ids if ids.count(name) > 1]


def test_alerts_stand_on_every_page_until_they_are_solved() -> None:
    shell = replace(small.SHELL, alerts=(small.ALERT, Alert("The engine is paused.", tone="time")))
    client = small.make(shell).test_client()
    for path in ("/kit", "/p/marram/calendar", "/nowhere"):
        page = client.get(path).text
        assert "3 posts are late." in page and 'href="/plan"' in page
        assert '<section class="callout" data-tone="time">' in page


def test_the_rail_is_slim_where_a_page_asks_for_it(visitor: FlaskClient) -> None:
    assert '<div class="app" data-rail="slim">' in visitor.get("/p/marram/drafts").text
    assert '<div class="app" data-rail="full">' in visitor.get("/p/marram/calendar").text


def test_htmx_is_told_its_limits_and_given_the_token(kit: str) -> None:
    meta = re.search(r"""name="htmx-config" content='([^']+)'""", kit)
    assert meta
    config = json.loads(html.unescape(meta[1]))
    assert config["mode"] == "same-origin" and config["includeIndicatorCSS"] is False
    assert config["noSwap"] == [204, 304, 429, "5xx"] and config["extensions"] == "none"
    body = re.search(r"<body[^>]*>", kit)
    assert body and "hx-boost:inherited" in body[0]
    assert re.search(r"""hx-headers:inherited='{"X-CSRFToken": "[\w.-]+"}'""", body[0])


def test_a_signed_out_page_begins_no_session(visitor: FlaskClient) -> None:
    answer = small.make(shell=Shell()).test_client().get("/docs")
    assert "Set-Cookie" not in answer.headers and "csrf" not in answer.text
    assert "Sign in" in answer.text and 'class="rail"' not in answer.text


def test_signing_in_is_a_plain_form(visitor: FlaskClient) -> None:
    page = visitor.get("/login").text
    assert "hx-boost:inherited" not in page
    assert re.search(r'<form method="post" action="/login"[^>]*><input type="hidden"', page)
    assert 'autocomplete="current-password"' in page and "drum.svg" in page


def test_names_cannot_break_out_of_the_page() -> None:
    evil = '<script>alert(1)</script>" onload="x'
    brand = replace(small.LONDON, name=evil, picture="")
    shell = replace(
        small.SHELL,
        profile=brand,
        profiles=(brand,),
        user=replace(small.MAYA, name=evil),
        alerts=(Alert(evil, evil, action=evil, href="/x"),),
    )
    page = small.make(shell).test_client().get("/kit").text
    assert "<script>alert" not in page and '" onload="' not in page


# The parts -----------------------------------------------------------------------------------


def test_a_field_ties_its_error_and_its_hint_to_itself(visitor: FlaskClient, kit: str) -> None:
    assert 'aria-describedby="time-hint time-error"' in kit and 'aria-invalid="true"' in kit
    assert 'id="time-hint">In London.' in kit
    assert re.search(r'<div id="time-error" role="alert"><p class="field__error">', kit)
    assert '<label for="time">Posting time</label>' in kit
    token = re.search(r'name="csrf_token" value="([^"]+)"', visitor.get("/kit").text)
    assert token
    refused = visitor.post("/kit", data={"csrf_token": token[1], "name": ""})
    assert refused.status_code == 422 and 'aria-describedby="name-error"' in refused.text


def test_a_post_to_many_networks_is_one_card_with_three_marks_at_most(kit: str) -> None:
    chip = re.search(r'<a class="chip".*?</a>', kit, re.S)
    assert chip
    assert chip[0].count('class="n"') == 2 and "+2" in chip[0]
    assert "Draft: Instagram, Facebook, X, LinkedIn (reconnect)" in chip[0]
    assert 'data-net="instagram" data-risk' in chip[0]
    assert '<time datetime="2026-05-13T12:30+01:00">12:30</time>' in chip[0]


def test_every_state_of_the_engine_has_a_look_a_word_and_a_ring(kit: str) -> None:
    own = (ROOT / "static/img/own.svg").read_text()
    css = (ROOT / "static/css/controls.css").read_text()
    environment: Environment = small.make().jinja_env
    states = vars(environment.get_template("components/status.html").module)["STATES"]
    for state in ("draft", "scheduled", "queued", "posting", "published", "failed",
                  "needs_review", "cancelled", "discarded", "partial"):  # fmt: skip
        look, word = states[state]
        assert f'id="s-{look}"' in own and f'[data-status="{look}"]' in css and word in kit


def test_menus_and_their_buttons_know_each_other(kit: str) -> None:
    menus = set(re.findall(r'<(?:div|nav) class="menu" id="([^"]+)" popover', kit)) - {"popover"}
    openers = set(re.findall(r'popovertarget="([^"]+)"', kit))
    assert menus == openers


# Weight and the policy -----------------------------------------------------------------------


def size(*names: str) -> int:
    """Bytes of these stylesheets, gzipped one by one as they travel."""
    return sum(len(gzip.compress((ROOT / f"static/css/{name}.css").read_bytes())) for name in names)


@pytest.mark.parametrize("page", PAGES_CSS)
def test_the_styles_of_a_page_stay_below_25_kb(page: str) -> None:
    assert size(*CORE, page) <= 25 * 1024


def test_the_script_of_every_page_stays_below_12_kb() -> None:
    assert (ROOT / "static/js/app.js").stat().st_size <= 12 * 1024


def test_the_shell_is_a_small_part_of_a_page(visitor: FlaskClient) -> None:
    assert len(visitor.get("/p/marram/calendar").data) <= 11_000


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_template_needs_more_than_the_policy_allows(path: object) -> None:
    text = path.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    for forbidden in (
        r"\sstyle\s*=", r"\son[a-z]+\s*=\s*[\"']", r"hx-on", r"\bjs:", r"<script(?![^>]*\bsrc=)",
        r"<style\b", r"\|\s*safe\b", r"Markup\(", r"javascript:",
    ):  # fmt: skip
        assert not re.search(forbidden, text), forbidden


def test_our_scripts_evaluate_nothing() -> None:
    for path in (ROOT / "static/js").glob("*.js"):
        text = path.read_text()
        assert not re.search(r"\beval\(|new Function|innerHTML|insertAdjacentHTML", text)
