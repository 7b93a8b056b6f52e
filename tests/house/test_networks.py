"""What the documentation says of networks is drawn from the catalogue; nothing is typed by hand."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.config import NETWORKS
from app.services import catalogue, catalogue_words
from app.services.consent import redirect_uri
from app.web import docs_networks
from tests.conftest import Browser

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("docs/networks.md", "templates/docs/networks.html", "templates/docs/network.html")
CSS = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "static/css").glob("*.css"))
LOGOS = (ROOT / "app/assets.py").read_text(encoding="utf-8")


def cells(page: str) -> list[str]:
    """The texts of a page's table cells."""
    found = re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", page, flags=re.DOTALL)
    return [unescape(re.sub(r"<[^>]+>", "", one)).strip() for one in found]


def article(page: str) -> str:
    inner = page[page.index("<article") : page.index("</article>")]
    return unescape(re.sub(r"<[^>]+>", " ", inner))


@pytest.mark.parametrize("source", SOURCES)
def test_the_text_around_the_tables_names_no_network_and_no_figure(app: Flask, source: str) -> None:
    text = (ROOT / source).read_text(encoding="utf-8")
    titles = [one.title for one in catalogue.entries()]
    assert not [title for title in titles if re.search(rf"\b{title}\b", text)]
    shown = re.sub(r"{[#%{].*?[#%}]}|<[^>]*>", " ", text, flags=re.DOTALL)
    assert not re.findall(r"(?<![\w/])\d+", shown)
    if source.endswith(".md"):
        assert docs_networks.MATRIX in text and docs_networks.LIST in text
        assert "|" not in text  # no table of its own


def test_every_cell_of_the_matrix_is_the_catalogues(client: Browser) -> None:
    shown = cells(client.get("/docs/networks").text)
    columns, lines = catalogue_words.matrix(catalogue.entries())
    wanted = ["Network", *columns]
    for line in lines:
        wanted += [line.entry.title, *line.cells]
        if not line.cells:
            wanted.append(f"Not supported. {line.entry.about.notes[0]}")
    assert shown == wanted
    assert [line.entry.name for line in lines] == list(NETWORKS)


def test_a_changed_limit_is_shown_at_once(client: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    real = catalogue.entry

    def other(name: str, extras: Any = None) -> catalogue.Entry:
        one = real(name, extras)
        return replace(one, caps=one.caps and replace(one.caps, text_limit=7_654_321))

    monkeypatch.setattr(catalogue, "entry", other)
    for page in ("/docs/networks", "/docs/networks/twitter"):
        assert "up to 7,654,321 characters" in client.get(page).text


@pytest.mark.parametrize("name", NETWORKS)
def test_each_networks_page_tells_all_that_its_entry_holds(client: Browser, name: str) -> None:
    page = client.get(f"/docs/networks/{name}")
    assert page.status_code == 200 and page.text.count("<h1") == 1
    assert "Set-Cookie" not in page.headers
    one = catalogue.entry(name)
    about, said = one.about, " ".join(article(page.text).split())
    told = [one.title, *about.notes]
    if one.caps:
        told += [*about.setup, *about.scopes, about.console, about.review, redirect_uri(name)]
        told += [word for refusal in about.refusals for word in vars(refusal).values()]
        told += [option.label for option in one.caps.options]
        told += [cell for _, cell in catalogue_words.facts(one)]
    assert not [words for words in told if " ".join(words.split()) not in said]


def test_there_is_no_page_of_another_network(client: Browser) -> None:
    assert client.get("/docs/networks/myspace").status_code == 404
    assert client.get("/docs/networks/index").status_code == 404


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_has_its_glyph_and_colour(name: str) -> None:
    assert re.search(rf'^    "{name}": ', LOGOS, re.MULTILINE)
    rule = re.search(rf'\[data-net="{name}"\][^{{]*{{ --net: (var\(--net-[a-z]+|light-dark\()', CSS)
    assert rule and (rule[1].startswith("light-dark(") or f"{rule[1][4:]}: light-dark(" in CSS)
