"""The API's pages, drawn from its document; its snippets; the plain text for programs."""

from __future__ import annotations

import ast
import json
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.api import openapi
from app.services import keys
from app.services.keys import KeyKind
from app.web import docs_api_parts as parts
from app.web.docs_api_parts import Told
from tests.conftest import Browser
from tests.factories import actor_of, make_profile, make_user

MOST = 200_000  # bytes of a page


@pytest.fixture(scope="module")
def document(installation: Flask) -> Any:
    return openapi.document(installation)


def told(document: Any) -> Iterator[Told]:
    for section in parts.sections(document):
        yield from parts.operations(document, section.tag)


def test_the_first_page_leads_to_every_section_and_the_sections_hold_every_operation(
    client: Browser, document: Any
) -> None:
    first = client.get("/docs/api")
    assert first.status_code == 200
    slugs = {one.slug for one in parts.sections(document)}
    assert set(re.findall(r'href="/docs/api/([\w-]+)"', first.text)) == slugs
    ids = set()
    for slug in slugs:
        page = client.get(f"/docs/api/{slug}")
        assert page.status_code == 200 and page.text.count("<h1") == 1
        assert len(page.data) < MOST, slug
        assert "Set-Cookie" not in page.headers and "<script>" not in page.text
        ids |= set(re.findall(r'<section class="op" id="([^"]+)"', page.text))
    every = {one["operationId"] for path in document["paths"].values() for one in path.values()}
    assert ids == every


def test_a_section_that_is_none_is_not_found(client: Browser) -> None:
    assert client.get("/docs/api/nothing").status_code == 404


def test_an_operation_tells_its_body_its_answers_and_its_refusals(client: Browser) -> None:
    page = client.get("/docs/api/posts").text
    post = page[page.index('id="post_api_v1_posts"') :]
    post = post[: post.index("</section>")]
    assert "<code>content.media[].url</code>" in post
    assert "Hello from the API!" in post and "Idempotency-Key" in post
    assert "Refusals: 400, 401, 402, 403" in post
    assert 'data-method="POST" data-path="/api/v1/posts" data-kind="application/json"' in post


def test_where_only_a_person_may_ask_there_is_no_console(client: Browser) -> None:
    page = client.get("/docs/api/api-keys").text
    browser = page[page.index('id="post_api_api_keys"') :]
    browser = browser[: browser.index("</section>")]
    assert "Takes a signed-in person, no key." in browser and "data-try" not in browser


def test_snippets_are_programs(document: Any) -> None:
    for one in told(document):
        ast.parse(one.snippets["Python"])
        words = shlex.split(one.snippets["curl"].replace("\\\n", " "))
        assert words[0] == "curl" and any(word.startswith("http") for word in words)
        if one.kinds[:1] == ["application/json"]:
            assert json.loads(words[words.index("-d") + 1]) == json.loads(one.body)


def test_every_javascript_snippet_can_be_read_by_node(document: Any, tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on the path: JavaScript snippets are not read")
    texts = [f"async () => {{\n{one.snippets['JavaScript']}\n}};" for one in told(document)]
    file = tmp_path / "all.mjs"
    file.write_text("\n".join(texts), encoding="utf-8")
    done = subprocess.run([node, "--check", str(file)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[:1000]


def test_a_python_snippet_does_what_it_says(
    app: Flask, serve: Callable[..., str], document: Any
) -> None:
    user = make_user()
    make_profile(user)
    key = keys.create(actor_of(user), KeyKind.ACCOUNT)[1]
    base = serve(app)
    one = next(one for one in told(document) if one.id == "post_api_v1_platform_sets")
    program = one.snippets["Python"].replace(document["servers"][0]["url"], base)
    done = subprocess.run(
        [sys.executable, "-c", program], env={"CARILLON_KEY": key}, capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert ast.literal_eval(done.stdout)["set"]["name"] == "My Brand Accounts"


def test_forms_travel_as_fields_and_the_key_as_basic_auth() -> None:
    document = {
        "servers": [{"url": "https://c.example"}], "components": {"schemas": {}},
        "paths": {"/v2/integration": {"post": {
            "operationId": "x", "summary": "Connect", "tags": ["Oktopost"],
            "security": [{"basic": []}], "responses": {},
            "requestBody": {"content": {"application/x-www-form-urlencoded": {
                "schema": {"type": "object"}, "example": {"type": "cd", "settings": {"a": "b c"}},
            }}},
        }}},
    }  # fmt: skip
    (one,) = parts.operations(document, "Oktopost")
    assert one.body == "type=cd\nsettings[a]=b c"
    assert '-u "$CARILLON_ACCOUNT:$CARILLON_KEY"' in one.snippets["curl"]
    assert "--data-urlencode 'settings[a]=b c'" in one.snippets["curl"]
    ast.parse(one.snippets["Python"])


def test_the_text_for_programs_names_every_operation_and_is_short(
    client: Browser, document: Any
) -> None:
    answer = client.get("/llm.txt")
    assert answer.mimetype == "text/plain" and answer.status_code == 200
    assert "&#" not in answer.text and "{{" not in textwrap.dedent(answer.text).replace(
        "{{who}}", ""
    )
    for one in told(document):
        assert f"### {one.method} {one.path}\n{one.summary}" in answer.text
    assert len(answer.data) < 600 * len(list(told(document))) + 4000
