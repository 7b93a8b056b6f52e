"""Addresses of what the browser loads: `asset()`, `sprite()` and the icon macros.

Every address holds a hash of the content, so that it may be cached for ever. What
`make assets` has not made has no address, and templates leave it out.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from pathlib import Path
from typing import cast

from flask import Flask, current_app, g, url_for

_HASHED = re.compile(r"^vendor/.+\.[0-9a-f]{8}\.\w+$")
_seen: dict[tuple[str, int, int], str] = {}
_lock = threading.Lock()


def init_app(app: Flask) -> None:
    """Give templates `asset`, `sprite` and the macros `icon`, `net_icon`, `ring`."""
    app.jinja_env.globals.update(asset=asset, sprite=sprite)
    macros = app.jinja_env.get_template("components/icon.html").module
    for name in ("icon", "net_icon", "ring"):
        app.jinja_env.globals[name] = getattr(macros, name)


def asset(name: str) -> str:
    """The address of ``css/base.css`` or ``vendor/htmx.js``; empty where it was not made."""
    if name.startswith("vendor/"):
        path = _manifest().get(name, "")
        return url_for("static", filename=path) if path else ""
    mark = digest(name)
    return url_for("static", filename=name, v=mark) if mark else ""


def sprite() -> str:
    """The address of the icon sprite, without a fragment; empty where it was not made.

    A page asks for it some hundred times, so it is looked up once a request.
    """
    if "carillon_sprite" not in g:
        g.carillon_sprite = asset("icons.svg")
    return cast(str, g.carillon_sprite)


def digest(name: str) -> str:
    """The first 8 hex digits of a static file's SHA-256; empty where there is no file.

    Read again only when size or time of the file change, so a stat is all it costs.
    """
    path = _folder() / name
    try:
        stat = path.stat()
        key = (str(path), stat.st_mtime_ns, stat.st_size)
        with _lock:
            if key not in _seen:
                _seen[key] = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
            return _seen[key]
    except OSError:
        return ""


def immutable(name: str, version: str | None) -> bool:
    """Whether the address of a static file names exactly the content it serves."""
    if _HASHED.match(name):
        return True
    return bool(version) and version == digest(name)


def _folder() -> Path:
    return Path(current_app.static_folder or "static")


def _manifest() -> dict[str, str]:
    """Public name → path in static/, read again when `make assets` has run."""
    path = _folder() / "manifest.json"
    mark = digest("manifest.json")
    kept: tuple[str, dict[str, str]] | None = current_app.extensions.get("carillon_manifest")
    if kept is None or kept[0] != mark:
        try:
            found: dict[str, str] = json.loads(path.read_bytes()) if mark else {}
        except (OSError, ValueError):
            found = {}
        kept = (mark, found)
        current_app.extensions["carillon_manifest"] = kept
    return kept[1]
