"""Imports run down only, and rooms on one line do not know each other."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# From the bottom up. A room may import what lies on lower lines, and itself.
GROUND = {"config", "errors", "clock", "ids", "retry", "crypto", "egress", "images", "logs"}
LINES = (
    GROUND | {"imaging", "tether", "networks", "integrations", "sandbox"},
    {"permissions"},
    {"models"},
    {"extensions"},
    {
        "events",
        "credentials",
        "content",
        "holds",
        "settle",
        "inflight",
        "metrics",
        "link_cards",
        "steps",
        "transactions",
        "sharing",
        "receiving",
    },
    {"services", "publishing", "webhooks"},
    {"web", "api", "jobs"},
    {"cli", "prescriptions", "up", "serving", "claimed", "counting", "valkey", "assets"},
)
# Neighbours that are one piece of work in several files.
TOGETHER = (GROUND | {"imaging", "tether"}, LINES[4], LINES[-1])
RANK = {room: rank for rank, line in enumerate(LINES) for room in line}
FILES = sorted((ROOT / "app").rglob("*.py"))


def room_of(path: Path) -> str:
    """The room a file stands in: ``web`` for ``app/web/forms/posts.py``."""
    return path.relative_to(ROOT / "app").parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """The rooms of ``app`` a file imports anywhere, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides where it leads"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        found |= {n.split(".")[1] for n in names if n.startswith("app.") and n.split(".")[1]}
    return found


def allowed(room: str, other: str) -> bool:
    """Whether the arrow points down."""
    if room == other:
        return True
    if room == "sandbox":  # it plays the outside: it must not know us
        return False
    if room in {"networks", "integrations"}:
        return other in GROUND
    if any({room, other} <= group for group in TOGETHER):
        return True
    return RANK[other] < RANK[room]


def test_every_room_has_its_line() -> None:
    rooms = {room_of(path) for path in FILES} - {"__init__"}
    assert rooms <= RANK.keys()


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_down_only(path: Path) -> None:
    room = room_of(path)
    if room == "__init__":  # the factory composes
        return
    wrong = {o for o in imported(path) if o in RANK and not allowed(room, o)}
    assert not wrong


@pytest.mark.parametrize("room", ["networks", "integrations"])
def test_networks_know_neither_flask_nor_a_database(room: str) -> None:
    for path in (ROOT / "app" / room).rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        names |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        wrong = {n for n in names if n.split(".")[0] in {"flask", "sqlalchemy", "flask_sqlalchemy"}}
        assert not wrong, path


def test_an_arrow_up_would_be_seen() -> None:
    assert not allowed("services", "web")
    assert not allowed("services", "publishing")
    assert not allowed("networks", "models")
    assert not allowed("sandbox", "config")
    assert allowed("web", "services")
    assert allowed("extensions", "networks")
