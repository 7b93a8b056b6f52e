"""An independent witness: what our client asks of Instagram, by either login, held against
Meta's own lists of nodes, edges, parameters and fields. Answers are named types there.

Not on those lists: consent, tokens, and the host that takes a video's bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from flask import Flask

from app.config import Config
from app.networks.base import Account, Media
from app.networks.instagram import Instagram
from tests.networks import witness_graph as graph
from tests.networks.instagram_helpers import *  # noqa: F403
from tests.networks.instagram_helpers import Files, item, person, prepared, publish, quick
from tests.networks.test_instagram_connect import connect, facebook_config
from tests.networks.witness_wire import Exchange, Recorder, body, query

BASE = "/instagram/v25.0/"
ELSEWHERE = re.compile(
    r"/instagram/(oauth/.*|access_token|refresh_access_token|ig-api-upload/.*"
    r"|v25\.0/(dialog/oauth|oauth/access_token))"
)
# What the written documentation has and the lists leave out (networks/instagram.md §0).
TASKS = frozenset({"tasks"})
USERS = {"instagram": "iguserforigonlyapi", "facebook": "iguser"}
MEDIA = {"instagram": "igmediaforigonlyapi", "facebook": "igmedia"}


# The list's own slip: the documentation and the other login spell it with its line.
SPELT = {("iguserforigonlyapi", "media_publish"): "mediapublish"}


# That list says nothing of what an edge holds, or names Facebook's comments: what it is stands
# in the documentation and on the other login's list.
HELD = {
    "media": MEDIA["instagram"], "stories": MEDIA["instagram"], "comments": "igcomment",
    "content_publishing_limit": "contentpublishinglimitresponse",
}  # fmt: skip


def kinds(exchanges: list[Exchange], login: str, account: str) -> dict[str, str]:
    """The node of every id that was told: the account, its containers, its posts."""
    found = {account: USERS[login], "me": USERS["instagram"] if login == "instagram" else "user"}
    for one in exchanges:
        edge = one.request.url.path.rpartition("/")[2]
        told = one.response.json() if one.response.status_code == 200 else {}
        if one.request.method == "POST" and edge in ("media", "media_publish"):
            found[str(told["id"])] = "shadowigmediabuilder" if edge == "media" else MEDIA[login]
    return found


def asked(found: Exchange, nodes: dict[str, str]) -> str:
    """Assert that a request is as Meta lists it; its way."""
    request = found.request
    whose, _, edge = request.url.path.removeprefix(BASE).partition("/")
    of = graph.node(nodes[whose])
    assert of is not None
    call = of.edge(request.method, f"/{SPELT.get((nodes[whose], edge), edge)}")
    told: dict[str, Any] = {**query(request), **body(found)}
    graph.params_fit(call, told, gaps=frozenset())
    if "fields" in told:
        own = nodes[whose].endswith("forigonlyapi") and edge in HELD
        target = graph.node(HELD[edge] if own else call.target if edge else nodes[whose])
        assert target is not None, call.target
        gaps = TASKS if nodes[whose] == "user" else frozenset()
        graph.fields_fit(target, told["fields"], gaps=gaps)
    return f"{request.method} {nodes[whose]}/{edge}"


@pytest.fixture
def wire(sandbox: Flask) -> Recorder:
    return Recorder(sandbox)


@pytest.fixture
def http(wire: Recorder) -> Iterator[httpx.Client]:
    with httpx.Client(transport=wire) as client:
        yield client


def all_kinds(instagram: Instagram, who: Account, files: Files) -> None:
    """Every kind of post and of question."""
    one = item("Morning", files.image(alt="A harbour"), collaborators=["@ann"])
    kept = prepared(instagram, who, one)
    made = instagram.commit(who, one, kept)
    instagram.probe(who, one, kept, one.at, frozenset())
    publish(instagram, who, item("Two", files.image(alt="A"), files.image(), placement="carousel"))
    for options in ({"coverUrl": files.image().url}, {"thumbOffset": 1500}):
        publish(instagram, who, item("Reel", small(files), placement="reel", **options))
    for media in (files.image(), small(files)):
        story = item("", media, placement="story")
        kept = prepared(instagram, who, story)
        instagram.commit(who, story, kept)
        instagram.probe(who, story, kept, story.at, frozenset())
    first = item("First", parent=made, comment=True)
    instagram.commit(who, first, {})
    instagram.probe(who, first, {}, first.at, frozenset())
    instagram.metrics(who, [made.external_id])


def small(files: Files) -> Media:
    return files.video(4000)


def test_everything_our_client_asks_by_instagrams_login_is_on_metas_lists(
    wire: Recorder, http: httpx.Client, config: Config, files: Files
) -> None:
    instagram = quick(Instagram(http, config))
    tokens = connect(instagram, http)
    who = person(instagram, tokens=tokens)
    all_kinds(instagram, who, files)
    seen = calls(wire, "instagram", who)
    user, media = USERS["instagram"], MEDIA["instagram"]
    assert seen == {
        f"GET {user}/", f"GET {user}/content_publishing_limit", f"POST {user}/media",
        f"POST {user}/media_publish", f"GET {user}/media", f"GET {user}/stories",
        "GET shadowigmediabuilder/", f"GET {media}/", f"POST {media}/comments",
        f"GET {media}/comments", f"GET {media}/insights",
    }  # fmt: skip


def calls(wire: Recorder, login: str, who: Account) -> set[str]:
    found = [one for one in wire.exchanges if not ELSEWHERE.fullmatch(one.request.url.path)]
    nodes = kinds(found, login, who.external_id)
    return {asked(one, nodes) for one in found}


def test_everything_our_client_asks_by_facebooks_login_is_on_metas_lists(
    wire: Recorder, http: httpx.Client, files: Files, tmp_path: Path
) -> None:
    instagram = quick(Instagram(http, facebook_config(tmp_path)))
    tokens = connect(instagram, http, "paula")
    who = person(instagram, "paula", tokens)
    all_kinds(instagram, who, files)
    post = publish(instagram, who, item("Away", files.image()))
    instagram.delete(who, post)
    instagram.revoke(instagram.register("", ""), tokens, "")
    seen = calls(wire, "facebook", who)
    assert seen == {
        "GET user/accounts", "GET user/businesses", "GET user/permissions",
        "DELETE user/permissions", "GET iguser/content_publishing_limit", "POST iguser/media",
        "POST iguser/media_publish", "GET iguser/media", "GET iguser/stories",
        "GET shadowigmediabuilder/", "GET igmedia/", "POST igmedia/comments",
        "GET igmedia/comments", "GET igmedia/insights", "DELETE igmedia/",
    }  # fmt: skip


@pytest.mark.parametrize("login", ["instagram", "facebook"])
@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("POST", "1/medias", {"image_url": "https://example.com/a.jpg"}),
        ("POST", "1/media", {"picture_url": "https://example.com/a.jpg"}),
        ("POST", "1/media", {"image_url": 5}),
        ("POST", "1/media", {"share_to_feed": "perhaps"}),
        ("POST", "1/media_publish", {"creation_id": "last"}),
        ("GET", "1/content_publishing_limit?fields=quota", {}),
        ("GET", "3?fields=status_words", {}),
        ("GET", "2?fields=id,likes", {}),
        ("GET", "2/insights?metric=applause", {}),
        ("DELETE", "3", {}),
    ],
    ids=[
        "edge", "name", "type", "word", "id", "quota", "status", "field", "metric", "method",
    ],
)  # fmt: skip
def test_a_request_that_is_not_on_the_lists_is_seen(
    login: str, method: str, path: str, sent: dict[str, object]
) -> None:
    nodes = {"1": USERS[login], "2": MEDIA[login], "3": "shadowigmediabuilder"}
    url = f"http://127.0.0.1:8090{BASE}{path}"
    request = httpx.Request(method, url, json=sent) if sent else httpx.Request(method, url)
    with pytest.raises(AssertionError):
        asked(Exchange(request, httpx.Response(200)), nodes)
