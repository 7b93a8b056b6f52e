"""`python -m app.assets` on small trees of its own."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from app import assets

ICON = '<path fill="none" stroke="currentColor" stroke-width="2" d="M1 1"/>'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An installation as `npm ci` leaves it, with a page that asks for three icons."""
    modules = tmp_path / "node_modules"
    sources = [*assets.SCRIPTS.values(), *assets.LICENCES.values()]
    sources += [font.source for font in assets.FONTS]
    for source in sources:
        path = modules / source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {source}")
    icons = {name: {"body": ICON} for name in ("calendar", "star", "circle-alert", "unused")}
    lucide = {"icons": icons, "aliases": {"alert-circle": {"parent": "circle-alert"}}}
    logos = {"icons": {name: {"body": ICON} for name in assets.LOGOS.values()}}
    for name, content in (("lucide", lucide), ("bi", logos)):
        path = modules / f"@iconify-json/{name}/icons.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(content))
    (tmp_path / "static/img").mkdir(parents=True)
    for name in ("own.svg", "LICENCES.txt"):
        shutil.copy(assets.ROOT / "static/img" / name, tmp_path / "static/img" / name)
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/page.html").write_text(
        '{{ icon("mark") }}{{ icon("calendar", "s") }}{{ button("Best", icon_name="star") }}'
        '{{ icon_button("More", "alert-circle") }}'
    )
    (tmp_path / "app/web").mkdir(parents=True)
    return tmp_path


def ids(root: Path) -> set[str]:
    return set(re.findall(r'<symbol id="([^"]+)"', (root / "static/icons.svg").read_text()))


def test_every_listed_file_is_copied_under_a_name_that_holds_its_content(root: Path) -> None:
    manifest = assets.build(root)
    assert json.loads((root / "static/manifest.json").read_text()) == manifest
    assert {*assets.SCRIPTS, *(font.name for font in assets.FONTS), "vendor/fonts.css"} == set(
        manifest
    )
    script = root / "static" / manifest["vendor/htmx.js"]
    assert script.read_text() == "content of htmx.org/dist/htmx.min.js"
    assert re.fullmatch(r"vendor/htmx\.[0-9a-f]{8}\.js", manifest["vendor/htmx.js"])


def test_the_stylesheet_of_the_fonts_names_the_files_that_are_there(root: Path) -> None:
    manifest = assets.build(root)
    css = (root / "static" / manifest["vendor/fonts.css"]).read_text()
    named = re.findall(r'url\("([^"]+)"\)', css)
    assert len(named) == 4
    assert all((root / "static/vendor" / name).exists() for name in named)


def test_a_new_version_has_a_new_address_and_the_old_file_goes(root: Path) -> None:
    before = assets.build(root)["vendor/htmx.js"]
    (root / "node_modules/htmx.org/dist/htmx.min.js").write_text("newer")
    after = assets.build(root)["vendor/htmx.js"]
    assert before != after
    assert not (root / "static" / before).exists() and (root / "static" / after).exists()


def test_the_sprite_holds_what_is_asked_for_and_every_logo(root: Path) -> None:
    assets.build(root)
    found = ids(root)
    assert {"i-calendar", "i-star", "i-alert-circle", "mark", "s-failed"} <= found
    assert {f"n-{network}" for network in assets.LOGOS} <= found
    assert "i-unused" not in found and "i-mark" not in found
    sprite = (root / "static/icons.svg").read_text()
    assert 'stroke-width="1.75"' in sprite and "style=" not in sprite
    star = re.search(r'id="i-star".*?</symbol>', sprite, re.S)
    assert star and 'fill="none"' not in star[0]


def test_names_chosen_at_run_time_are_listed_in_a_comment(root: Path) -> None:
    (root / "app/web/table.py").write_text('Entry("x", icon="calendar")\n# icons: unused star\n')
    (root / "templates/page.html").write_text("{# icons: circle-alert #}")
    assert set(assets.asked(root)) == {"calendar", "unused", "star", "circle-alert"}


def test_an_icon_that_does_not_exist_names_the_page_that_asks(root: Path) -> None:
    (root / "templates/page.html").write_text('{{ icon("calender") }}')
    with pytest.raises(assets.AssetError, match=r"templates/page\.html .*'calender'"):
        assets.build(root)


def test_what_is_not_installed_says_what_to_run(root: Path) -> None:
    shutil.rmtree(root / "node_modules/htmx.org")
    with pytest.raises(assets.AssetError, match="npm ci"):
        assets.build(root)


def test_the_licences_go_along(root: Path) -> None:
    assets.build(root)
    text = (root / "static/vendor/LICENCES.txt").read_text()
    for title in (*assets.LICENCES, "Lucide", "Bootstrap Icons"):
        assert title in text


def test_the_lock_names_no_registry_and_every_package_has_its_hash() -> None:
    lock = json.loads((assets.ROOT / "package-lock.json").read_text())
    packages = {name: found for name, found in lock["packages"].items() if name}
    assert packages and all("integrity" in found for found in packages.values())
    assert not any("resolved" in found for found in packages.values())
    wanted = json.loads((assets.ROOT / "package.json").read_text())["dependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
