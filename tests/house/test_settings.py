"""Every setting documented; every locked package exact and hashed."""

from __future__ import annotations

import re
import tomllib
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from app.config import NETWORKS, Config

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", PAGE, flags=re.MULTILINE))
ENDS = ("CLIENT_ID", "CLIENT_SECRET", "API_URL", "AUTH_URL", "TOKEN_URL")
SETTINGS = [item for item in fields(Config) if item.name != "networks"]


@pytest.mark.parametrize("name", [item.name for item in SETTINGS])
def test_every_setting_is_documented(name: str) -> None:
    assert name in ROWS


@pytest.mark.parametrize("item", SETTINGS, ids=lambda item: item.name)
def test_a_documented_default_is_the_real_one(item: object) -> None:
    shown = re.fullmatch(r"`([^`<]+)`", ROWS[item.name].strip())  # type: ignore[attr-defined]
    default = item.default  # type: ignore[attr-defined]
    if shown is None or default is MISSING or item.name == "INSTANCE_DIR":  # type: ignore[attr-defined]
        return  # said in words
    plain = {True: "1", False: "0"}.get(default) if isinstance(default, bool) else str(default)
    assert shown[1] == (str(plain).removesuffix(".0") if isinstance(default, float) else str(plain))


def test_nothing_is_documented_that_does_not_exist() -> None:
    known = {item.name for item in SETTINGS}
    known |= {f"N_{end}" for end in ENDS}
    assert ROWS.keys() <= known


@pytest.mark.parametrize("network", NETWORKS)
def test_every_network_is_named_as_its_settings_are(network: str) -> None:
    assert f"`{'X' if network == 'twitter' else network.upper()}`" in PAGE


@pytest.mark.parametrize("path", sorted(ROOT.glob("requirements*.lock")), ids=lambda p: p.name)
def test_every_package_is_exact_and_hashed(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [
        line for line in text.splitlines() if line.strip() and not line.strip().startswith("#")
    ]
    assert lines
    for line in lines:
        assert re.match(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==[^\s;]+", line), line
        assert "--hash=sha256:" in line, line
    assert "://" not in text


def test_the_lock_holds_every_dependency_we_name() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    named = [re.match(r"[a-z0-9-]+", one)[0] for one in asked]  # type: ignore[index]
    locked = (ROOT / "requirements-dev.lock").read_text(encoding="utf-8")
    assert named
    assert not [name for name in named if not re.search(rf"^{name}==", locked, re.MULTILINE)]


def test_uv_builds_with_the_version_that_is_locked() -> None:
    """An editable install needs no network only while both agree."""
    locked = re.match(r"uv==([\d.]+)", (ROOT / "requirements-boot.lock").read_text())
    wanted = re.search(r"uv_build>=([\d.]+),", (ROOT / "pyproject.toml").read_text())
    assert locked and wanted and locked[1] == wanted[1]
