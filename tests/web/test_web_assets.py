"""Addresses of what the browser loads."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from flask import Flask

from app.config import ROOT
from app.web.assets import asset, immutable, sprite
from tests.web import small


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """static/ as a fresh clone has it: our own files and nothing of `make assets`."""
    for name in ("css", "js", "img"):
        shutil.copytree(ROOT / "static" / name, tmp_path / "static" / name)
    return tmp_path / "static"


def address(app: Flask, name: str) -> str:
    with app.test_request_context():
        return asset(name)


def test_an_address_changes_with_the_content_and_only_then(bare: Path) -> None:
    app = small.make(static=bare)
    before = address(app, "css/base.css")
    assert before.startswith("/static/css/base.css?v=") and address(app, "css/base.css") == before
    os.utime(bare / "css/base.css", (1, 1))
    assert address(app, "css/base.css") == before
    (bare / "css/base.css").write_text("a { color: red }")
    assert address(app, "css/base.css") != before


def test_what_was_not_made_has_no_address(bare: Path) -> None:
    app = small.make(static=bare)
    assert address(app, "vendor/htmx.js") == "" and address(app, "css/none.css") == ""
    with app.test_request_context():
        assert sprite() == ""


def test_a_manifest_made_while_we_run_is_found(bare: Path) -> None:
    app = small.make(static=bare)
    assert address(app, "vendor/htmx.js") == ""
    (bare / "manifest.json").write_text(json.dumps({"vendor/htmx.js": "vendor/htmx.0a1b2c3d.js"}))
    assert address(app, "vendor/htmx.js") == "/static/vendor/htmx.0a1b2c3d.js"
    (bare / "manifest.json").write_text("{ half")
    assert address(app, "vendor/htmx.js") == ""


def test_only_an_address_that_names_its_content_is_for_ever(bare: Path) -> None:
    app = small.make(static=bare)
    mark = address(app, "js/app.js").split("v=")[1]
    with app.test_request_context():
        assert immutable("js/app.js", mark)
        assert not immutable("js/app.js", "00000000")
        assert not immutable("js/app.js", None)
        assert not immutable("js/none.js", "")
        assert immutable("vendor/htmx.0a1b2c3d.js", None)


def test_without_the_assets_every_page_still_says_everything(bare: Path) -> None:
    client = small.make(static=bare).test_client()
    for path in ("/kit", "/p/marram/calendar", "/login", "/docs", "/nowhere"):
        page = client.get(path).text
        assert "<svg" not in page and "htmx.js" not in page and "fonts.css" not in page
        assert "tokens.css" in page
    # An icon button shows its words instead.
    assert 'title="Move">' not in client.get("/kit").text.replace('title="Move" ', "")
    assert ">Move</button>" in client.get("/kit").text
    assert "New post</a>" in client.get("/p/marram/calendar").text


def test_with_them_every_icon_that_pages_use_is_in_the_sprite() -> None:
    made = ROOT / "static/icons.svg"
    if not made.exists():
        pytest.skip("the assets are not made: run `make assets`")
    import re

    page = small.make().test_client().get("/p/marram/calendar").text
    used = set(re.findall(r"icons\.svg\?v=\w+#([a-z0-9-]+)", page))
    assert used and used <= set(re.findall(r'<symbol id="([^"]+)"', made.read_text()))
