"""What a machine can check in the sources (reliability §14, house rules)."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 450  # lines


def tracked(*patterns: str) -> list[Path]:
    """Files of the project: known to git or new, not ignored."""
    out = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *patterns],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return [ROOT / name for name in out.split("\0") if name and (ROOT / name).is_file()]


SOURCES = tracked("app/*.py", "wsgi.py", "tests/*.py", "static/js/*.js", "static/css/*.css",
                  "templates/*.html", "app/*.html")  # fmt: skip
PYTHON = tracked("app/*.py", "wsgi.py")
TEMPLATES = tracked("templates/*.html", "app/*.html")


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_file_is_long(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LIMIT, f"{lines} lines: would two rooms read better?"


# Each word with where it may not stand.
FORBIDDEN = (
    (r"\|\s*safe\b", "*.html *.py"),
    (r"\bMarkup\(", "*.html *.py"),
    (r"render_template_string", "*.py"),
    (r"hx-on", "*.html *.py *.js"),
    (r"\bonclick\s*=\s*[\"']", "*.html *.py *.js"),
    (r"\bstyle\s*=\s*[\"']", "*.html *.py *.js"),
    (r"\beval\(", "*.html *.py *.js"),
    (r"\bpickle\b", "*.py"),
    (r"shell\s*=\s*True", "*.py"),
    (r"verify\s*=\s*False", "*.py"),
    (r"utcnow", "*.py"),
    (r"^\s*(import random\b|from random import)", "*.py"),
    (r"autoescape\s+false|autoescape\s*=\s*False", "*.html *.py"),
    (r"\bTODO\b|\bFIXME\b|NotImplementedError", "*.html *.py *.js *.css"),
)


@pytest.mark.parametrize(("word", "where"), FORBIDDEN, ids=[word for word, _ in FORBIDDEN])
def test_forbidden_words_are_absent(word: str, where: str) -> None:
    endings = tuple(part.removeprefix("*") for part in where.split())
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked("app", "templates", "static/js", "static/css", "wsgi.py")
        if path.name.endswith(endings)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(word, line)
    ]
    assert not found


def test_no_sql_is_built_from_text() -> None:
    found = []
    for path in PYTHON:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            built = isinstance(node.args[0], ast.JoinedStr | ast.BinOp)
            if name in {"text", "literal_column", "exec_driver_sql"} and built:
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    # A PRAGMA takes no parameter; its words are constants of the same file.
    allowed = {"app/extensions.py"}
    assert not [place for place in found if place.partition(":")[0] not in allowed]


def test_only_the_doors_speak_http() -> None:
    doors = ("app/egress.py", "app/networks/", "app/integrations/", "app/sandbox/")
    found = []
    for path in PYTHON:
        place = str(path.relative_to(ROOT))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            called = {"get", "post", "put", "request", "send", "stream"}
            if any(n.split(".")[0] == "requests" for n in names):
                found.append(place)
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in called
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id in {"httpx", "httpx2"}
            ):
                found.append(place)
    assert not [place for place in found if not place.startswith(doors)]


class Inline(HTMLParser):
    """Finds what the Content-Security-Policy would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        self.found += [f"<{tag} {name}>" for name in names if name.startswith("on")]
        if "style" in names:
            self.found.append(f"<{tag} style>")
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            if (value or "").strip().lower().startswith("javascript:"):
                self.found.append(f"<{tag} {name}=javascript:>")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: str(p.relative_to(ROOT)))
def test_templates_have_nothing_inline(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    plain = re.sub(r"{[#%].*?[#%]}", " ", text, flags=re.DOTALL)
    reader = Inline()
    reader.feed(plain)
    assert not reader.found
    # What stands between braces may hold quotes that end an attribute early: look as well.
    assert not re.search(r"""\s(style|on[a-z]+)\s*=\s*["']""", plain)


def test_what_is_inline_would_be_seen() -> None:
    reader = Inline()
    reader.feed('<p style="x" onclick="y"><script>z</script><a href=" javascript:q">')
    assert len(reader.found) == 4


def everything() -> Iterator[tuple[str, str]]:
    for path in tracked():
        try:
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture


def test_nothing_names_a_machine_or_a_registry() -> None:
    # Written in pieces, or this file would find itself.
    folders = "|".join(("wo" + "rk", "ro" + "ot", "farm", "home/[a-z]+", "Users/[A-Za-z]+"))
    hosts = "|".join(("pypi" + r"\.org", "pythonhosted" + r"\.org", "npmjs" + r"\.(org|com)"))
    wrong = re.compile(rf"(?<![\w.~/-])/({folders})/[A-Za-z.]|{hosts}")
    found = []
    for name, text in everything():
        if match := wrong.search(text):
            found.append(f"{name}: {match[0]}")
    assert not found
