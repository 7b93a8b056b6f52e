"""The API's pages, drawn from its OpenAPI document, and ``/llm.txt`` from the same."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, current_app, render_template, url_for
from flask.typing import ResponseReturnValue

from app.config import settings
from app.web import docs, docs_api_parts
from app.web.docs_api_parts import Section, Told
from app.web.guard import public

bp = Blueprint("docs_api", __name__)

LIST = "<!-- the sections -->"  # where the page's text has them


@bp.get("/docs/api")
@public
def index() -> ResponseReturnValue:
    """How the API is used, and its sections."""
    return docs.show(
        "api", "docs/api.html", below=_below(), groups=_groups(), mark=LIST,
        base=settings().APP_URL,
    )  # fmt: skip


@bp.get("/docs/api/<slug>")
@public
def section(slug: str) -> ResponseReturnValue:
    """One section: its operations with examples, snippets and a console."""
    one = next((one for one in _sections() if one.slug == slug), None)
    if one is None:
        abort(404)
    return docs.show("api", "docs/api_section.html", below=_below(slug), one=one, told=_told(slug))


@bp.get("/llm.txt")
@public
def for_machines() -> ResponseReturnValue:
    """The API in plain text, for programs that read (the Ampost seed)."""
    whole = [(one, _told(one.slug)) for one in _sections()]
    text = render_template("docs/llm.txt", whole=whole, base=settings().APP_URL)
    return Response(text, mimetype="text/plain")


def _document() -> dict[str, Any]:
    found: dict[str, Any] = current_app.extensions["carillon_described"]()
    return found


def _sections() -> list[Section]:
    return docs_api_parts.sections(_document())


def _told(slug: str) -> list[Told]:
    """The operations of a section; made once for an application."""
    kept: dict[str, list[Told]] = current_app.extensions.setdefault("carillon_docs_api", {})
    if slug not in kept:
        tag = next(one.tag for one in _sections() if one.slug == slug)
        kept[slug] = docs_api_parts.operations(_document(), tag)
    return kept[slug]


def _groups() -> list[tuple[str, list[tuple[Section, int]]]]:
    """The sections under the name of their contract, each with the number of its operations."""
    found: dict[str, list[tuple[Section, int]]] = {}
    for one in _sections():
        found.setdefault(one.contract, []).append((one, len(_told(one.slug))))
    return list(found.items())


def _below(current: str = "") -> list[docs.Below]:
    return [
        docs.Below(url_for("docs_api.section", slug=one.slug), one.tag, one.slug == current)
        for one in _sections()
    ]
