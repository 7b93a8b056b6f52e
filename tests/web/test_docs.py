"""The documentation as pages."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from app.web import docs
from tests.conftest import Browser

HOSTILE = """
# A <script>alert(1)</script> title

<img src=x onerror=alert(1)> and <b>bold</b>

[one](javascript:alert(1)) [two](data:text/html,x) [three](//evil.example) [four](https://good.example)
[five](quickstart.md#start) [six](nothing.md) [seven](#here)

`<i>` &lt;u&gt;

| a <b> | b |
|---|---|
| `<td>` | ![<img>](x.png) |
"""


@pytest.mark.parametrize("slug", docs.PAGES)
def test_every_page_is_served_to_anybody(client: Browser, slug: str) -> None:
    answer = client.get("/docs" if slug == "index" else f"/docs/{slug}")
    assert answer.status_code == 200
    assert answer.text.count("<h1") == 1
    assert f"<title>{docs.load(slug).title}" in answer.text
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("slug", ["nothing", "index", "..%2f..%2fetc%2fpasswd", "quickstart.md"])
def test_nothing_else_is_served(client: Browser, slug: str) -> None:
    assert client.get(f"/docs/{slug}").status_code == 404


def test_every_file_is_a_page_and_every_page_a_file() -> None:
    assert {path.stem for path in docs.FOLDER.glob("*.md")} == set(docs.PAGES)


@pytest.mark.parametrize("slug", docs.PAGES)
def test_links_between_pages_lead_somewhere(client: Browser, slug: str) -> None:
    page = client.get("/docs" if slug == "index" else f"/docs/{slug}").text
    article = page[page.index("<article") : page.index("</article>")]
    for path, part in re.findall(r'href="(/docs[^"#]*)?(?:#([^"]+))?"', article):
        other = client.get(path).text if path else page
        assert "<h1" in other
        assert not part or f'id="{part}"' in other
    # A link that leads nowhere would be shown as plain words.
    source = (docs.FOLDER / f"{slug}.md").read_text(encoding="utf-8")
    with client.application.test_request_context():
        for href in re.findall(r"(?<!!)\[[^\]]*\]\(([^)]+)\)", source):
            assert docs.address(href), href


def test_headings_tables_code_and_lists_are_what_they_are(client: Browser) -> None:
    page = client.get("/docs/reliability").text
    assert '<h2 id="late-posts">Late posts</h2>' in page
    assert '<th scope="col">state</th>' in page
    assert "<td><code>needs_review</code></td>" in page
    assert '<pre tabindex="0"><code>carillon engine pause' in page
    assert "<li><strong>Skip</strong>: do not send at all.</li>" in page
    assert 'href="/docs/configuration#networks"' in client.get("/docs/quickstart").text


def test_nothing_in_a_text_becomes_markup(app: Flask) -> None:
    tree = SyntaxTreeNode(MarkdownIt("commonmark", {"html": False}).enable("table").parse(HOSTILE))
    with app.test_request_context():
        template = app.jinja_env.from_string(
            "{% from 'docs/_nodes.html' import nodes with context %}{{ nodes(tree.children) }}"
        )
        page = template.render(
            tree=tree, anchor=docs.anchor, words=docs.words, address=docs.address
        )
    assert set(re.findall(r"<(\w+)", page)) <= {
        "h1", "p", "a", "code", "div", "table", "thead", "tbody", "tr", "th", "td", "em",
    }  # fmt: skip
    assert re.findall(r'href="([^"]*)"', page) == [
        "https://good.example", "/docs/quickstart#start", "#here",
    ]  # fmt: skip
    assert "onerror" in page and "<img" not in page
