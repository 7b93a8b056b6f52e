"""`python -m app.assets`: what the browser gets from others, made ready to serve.

Copies the few listed files of ``node_modules`` into ``static/vendor/`` under names
that hold their hash, writes ``static/manifest.json`` (public name → file), the
stylesheet of the two typefaces and ``static/icons.svg``, a sprite of only the icons
that templates and pages ask for. Run it after ``npm ci``; pages work without any of
it (stack.md §2).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

# Public name → file of node_modules.
SCRIPTS = {
    "vendor/htmx.js": "htmx.org/dist/htmx.min.js",
    "vendor/sortable.js": "sortablejs/Sortable.min.js",
}

# Network name (JSON name of interfaces.md) → its logo in @iconify-json/bi.
LOGOS = {
    "twitter": "twitter-x",
    "linkedin": "linkedin",
    "facebook": "facebook",
    "instagram": "instagram",
    "threads": "threads",
    "tiktok": "tiktok",
    "youtube": "youtube",
    "pinterest": "pinterest",
    "reddit": "reddit",
    "mastodon": "mastodon",
    "bluesky": "bluesky",
    "snapchat": "snapchat",
}

# Interface icons drawn filled: styles of a page can't reach into the sprite to fill them.
SOLID = frozenset({"star"})
# … and the same drawing hollow, under a name of its own.
OUTLINES = {"star-outline": "star"}

LICENCES = {
    "htmx": "htmx.org/LICENSE",
    "SortableJS": "sortablejs/LICENSE",
    "Hanken Grotesk": "@fontsource-variable/hanken-grotesk/LICENSE",
    "Besley": "@fontsource-variable/besley/LICENSE",
}

# icon("name"), icon_name="name" and icon_button("Words", "name") in templates, icon="name" in the
# tables of pages; names chosen at run time are listed in a comment, "icons: clock info".
ASKED = (
    re.compile(r"""\bicon(?:_name)?(?:\(\s*|\s*=\s*)["']([a-z0-9-]+)["']"""),
    re.compile(r"""\bicon_button\(\s*(?:"[^"]*"|'[^']*'|[\w.]+)\s*,\s*["']([a-z0-9-]+)["']"""),
    re.compile(r"""\bicons:((?:[ ]+[a-z][a-z0-9-]*)+)"""),
)

LATIN = (
    "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+0304,U+0308,U+0329,"
    "U+2000-206F,U+20AC,U+2122,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD"
)
LATIN_EXT = (
    "U+0100-02BA,U+02BD-02C5,U+02C7-02CC,U+02CE-02D7,U+02DD-02FF,U+1D00-1DBF,U+1E00-1E9F,"
    "U+1EF2-1EFF,U+2020,U+20A0-20AB,U+20AD-20C0,U+2113,U+2C60-2C7F,U+A720-A7FF"
)


class AssetError(Exception):
    """An asset can't be made; the text says which and how to mend it."""


@dataclass(frozen=True)
class Font:
    """One variable font file: the family it serves, its weights and its characters."""

    name: str
    family: str
    weights: str
    characters: str
    source: str


FONTS = tuple(
    Font(
        f"vendor/{package}-{subset}.woff2",
        family,
        weights,
        characters,
        f"@fontsource-variable/{package}/files/{package}-{subset}-wght-normal.woff2",
    )
    for package, family, weights in (
        ("hanken-grotesk", "Hanken Grotesk", "100 900"),
        ("besley", "Besley", "400 900"),
    )
    for subset, characters in (("latin", LATIN), ("latin-ext", LATIN_EXT))
)


def build(root: Path = ROOT) -> dict[str, str]:
    """Make every asset under ``root``; answers the manifest (public name → path in static/).

    Raises ``AssetError`` where a package is not installed or a template asks for an icon
    that does not exist.
    """
    modules, static = root / "node_modules", root / "static"
    vendor = static / "vendor"
    vendor.mkdir(parents=True, exist_ok=True)
    manifest: dict[str, str] = {}
    for name, source in SCRIPTS.items():
        manifest[name] = _keep(static, name, _read(modules / source))
    for font in FONTS:
        manifest[font.name] = _keep(static, font.name, _read(modules / font.source))
    manifest["vendor/fonts.css"] = _keep(static, "vendor/fonts.css", _font_css(manifest))
    _write(vendor / "LICENCES.txt", _licences(modules, static))
    _write(static / "icons.svg", sprite(root).encode())
    _write(static / "manifest.json", (json.dumps(manifest, indent=2) + "\n").encode())
    _sweep(vendor, manifest.values())
    return manifest


def sprite(root: Path = ROOT) -> str:
    """The icon sprite: our own drawings, every network's logo, and the icons asked for."""
    own = (root / "static/img/own.svg").read_text(encoding="utf-8")
    symbols = re.findall(r"<symbol .*?</symbol>", own, flags=re.S)
    lucide = _icons(root, "lucide")
    for name, where in sorted(asked(root).items()):
        symbols.append(_interface_icon(name, lucide, where))
    logos = _icons(root, "bi")
    symbols += [_logo(network, logos["icons"][name]["body"]) for network, name in LOGOS.items()]
    body = "\n".join(re.sub(r"\s*\n\s*", "", symbol) for symbol in symbols)
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{body}\n</svg>\n'


def asked(root: Path = ROOT) -> dict[str, Path]:
    """Icon name → a file that asks for it, over all templates and the tables of app/web."""
    found: dict[str, Path] = {}
    files = [*(root / "templates").rglob("*.html"), *(root / "app/web").rglob("*.py")]
    for path in sorted(files):
        text = path.read_text(encoding="utf-8")
        for group in (group for pattern in ASKED for group in pattern.findall(text)):
            for name in group.split():
                found.setdefault(name, path.relative_to(root))
    found.pop("mark", None)  # our own drawing
    return found


def _icons(root: Path, collection: str) -> dict[str, Any]:
    path = root / "node_modules/@iconify-json" / collection / "icons.json"
    icons: dict[str, Any] = json.loads(_read(path))
    return icons


def _interface_icon(name: str, lucide: Mapping[str, Any], where: Path) -> str:
    drawn = OUTLINES.get(name, name)
    real = lucide.get("aliases", {}).get(drawn, {}).get("parent", drawn)
    if real not in lucide["icons"]:
        raise AssetError(f"{where} asks for the icon {name!r}, which Lucide does not have.")
    body = lucide["icons"][real]["body"].replace('stroke-width="2"', 'stroke-width="1.75"')
    if name in SOLID:
        body = body.replace('fill="none"', 'fill="currentColor"')
    return f'<symbol id="i-{name}" viewBox="0 0 24 24">{body}</symbol>'


def _logo(network: str, body: str) -> str:
    """Logos fill their box; a margin brings them to the optical size of the icons."""
    return f'<symbol id="n-{network}" viewBox="-1.5 -1.5 19 19">{body}</symbol>'


def _font_css(manifest: Mapping[str, str]) -> bytes:
    faces = [
        f'@font-face {{ font-family: "{font.family}"; font-style: normal; font-display: swap; '
        f"font-weight: {font.weights}; "
        f'src: url("{Path(manifest[font.name]).name}") format("woff2"); '
        f"unicode-range: {font.characters}; }}\n"
        for font in FONTS
    ]
    return "".join(faces).encode()


def _licences(modules: Path, static: Path) -> bytes:
    parts = [
        f"{title}\n{'=' * len(title)}\n\n{_read(modules / source).decode().strip()}\n"
        for title, source in LICENCES.items()
    ]
    parts.append((static / "img/LICENCES.txt").read_text(encoding="utf-8"))
    return "\n\n".join(parts).encode()


def _keep(static: Path, name: str, content: bytes) -> str:
    """Store under a name that holds the content's hash; answers its path in static/."""
    stem, suffix = name.rsplit(".", 1)
    path = f"{stem}.{hashlib.sha256(content).hexdigest()[:8]}.{suffix}"
    if not (static / path).exists():
        _write(static / path, content)
    return path


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise AssetError(f"{path.name} is missing: run `npm ci` first ({path}).") from error


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: a page may be reading the old file."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(path)


def _sweep(vendor: Path, kept: Iterable[str]) -> None:
    names = {Path(path).name for path in kept} | {"LICENCES.txt"}
    for path in vendor.iterdir():
        if path.is_file() and path.name not in names:
            path.unlink(missing_ok=True)


def main() -> int:
    """Build, say what was made; 1 with a sentence on standard error where it can't be."""
    try:
        manifest = build()
    except AssetError as error:
        print(f"assets: {error}", file=sys.stderr)
        return 1
    size = (ROOT / "static/icons.svg").stat().st_size
    print(f"assets: {len(manifest)} files in static/vendor, {len(asked())} icons ({size} bytes)")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
