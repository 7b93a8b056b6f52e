"""The documentation, served from ``docs/*.md`` by the product it describes.

Markdown becomes a tree of plain nodes, and a template walks it with autoescape on: no HTML is
ever made of text, so a page needs no trust (reliability §14).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, abort, render_template, url_for
from flask.typing import ResponseReturnValue
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from app.config import ROOT
from app.web.guard import public

bp = Blueprint("docs", __name__, url_prefix="/docs")

FOLDER = ROOT / "docs"
# In reading order; a file not named here is not served.
PAGES = (
    "index", "quickstart", "connections", "networks", "writing", "calendar", "posting-times",
    "pictures", "templates", "recurring", "planning", "files", "media", "api", "validate", "agents",
    "connect-api", "oktopost", "webhooks", "sandbox", "configuration", "deployment",
    "networks-doctor", "reliability", "testing",
)  # fmt: skip


@dataclass(frozen=True)
class Page:
    """One parsed file. ``sections`` are its second-level headings as (id, words)."""

    slug: str
    title: str
    tree: SyntaxTreeNode
    sections: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Below:
    """A line of the navigation under the page at hand."""

    href: str
    words: str
    current: bool = False


@bp.get("")
@public
def index() -> ResponseReturnValue:
    """The first page."""
    return show("index")


@bp.get("/<slug>")
@public
def page(slug: str) -> ResponseReturnValue:
    """Any other; 404 for a name that is not in ``PAGES``."""
    if slug not in PAGES[1:]:
        abort(404)
    return show(slug)


def show(
    slug: str, template: str = "docs/page.html", below: list[Below] | None = None, **more: Any
) -> str:
    """A page beside the list of all; ``below`` stands under its name there, else its sections."""
    page = load(slug)
    if below is None and len(page.sections) > 1:
        below = [Below(f"#{id_}", heading) for id_, heading in page.sections]
    return render_template(
        template, page=page, pages=[load(name) for name in PAGES], below=below or [],
        anchor=anchor, words=words, address=address, place_of=place_of, **more,
    )  # fmt: skip


@lru_cache
def load(slug: str) -> Page:
    """Read and parse a file of ``docs/``, once a process."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tree = SyntaxTreeNode(parser.parse((FOLDER / f"{slug}.md").read_text(encoding="utf-8")))
    headings = [node for node in tree.children if node.type == "heading"]
    title = next((words(node) for node in headings if node.tag == "h1"), slug)
    sections = tuple((anchor(n), words(n)) for n in headings if n.tag == "h2")
    return Page(slug, title, tree, sections)


def words(node: SyntaxTreeNode) -> str:
    """The text of a node without its markup."""
    if node.type in {"text", "code_inline"}:
        return node.content
    if node.type in {"softbreak", "hardbreak"}:
        return " "
    return "".join(words(child) for child in node.children)


def anchor(node: SyntaxTreeNode) -> str:
    """A heading's id: its words, lower case, joined by hyphens (as GitHub makes them)."""
    return re.sub(r"[^\w\- ]", "", words(node).lower()).strip().replace(" ", "-")


def place_of(slug: str) -> str:
    """The address of a page of the documentation."""
    return url_for("docs.index") if slug == "index" else url_for("docs.page", slug=slug)


def address(href: str) -> str:
    """Where a link leads: http(s) as it stands, ``page.md#part`` on our pages, else nothing."""
    parts = urlsplit(href)
    if parts.scheme in {"http", "https"} and parts.netloc:
        return href
    if parts.scheme or parts.netloc:
        return ""
    slug = parts.path.removesuffix(".md")
    if slug and slug not in PAGES:
        return ""
    end = f"#{parts.fragment}" if parts.fragment else ""
    return (place_of(slug) if slug else "") + end
