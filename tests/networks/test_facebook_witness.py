"""An independent witness: what our client asks of Facebook, held against Meta's own lists of
nodes, edges, parameters and fields. Answers are named types there, so none are held.

Not on those lists: the dialog and its tokens, and the host that takes bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest
from flask import Flask

from app.config import Config
from app.networks.base import Account, NetworkError
from app.networks.facebook import Facebook
from app.sandbox.store import Store
from tests.networks import witness_graph as graph
from tests.networks.facebook_helpers import (
    APP,
    comment,
    connect,
    film,
    item,
    page,
    picture,
    prepared,
    publish,
)
from tests.networks.witness_wire import Exchange, Recorder, body, query

BASE = "/facebook/v25.0/"
ELSEWHERE = re.compile(r"/facebook/(v25\.0/(dialog/oauth|oauth/access_token)|video-upload/.*)")
TASKS = frozenset({"tasks"})  # what a person may do on a Page: only written (§1)
GAPS = {("page", "/photos"): frozenset({"source"})}  # bytes of a multipart body
VIEWS = "post_media_view"  # names of insights are free there


def asked(found: Exchange, pages: set[str], videos: set[str]) -> str:
    """Assert that a request is as Meta lists it; its way."""
    request = found.request
    whose, _, edge = request.url.path.removeprefix(BASE).partition("/")
    kind = (
        "user" if whose == "me" else "page" if whose in pages else "advideo" if whose in videos
        else "business" if edge in ("owned_pages", "client_pages") else "pagepost"
    )  # fmt: skip
    of = graph.node(kind)
    assert of is not None
    call = of.edge(request.method, f"/{edge}")
    told = {**query(request), **body(found)}
    graph.params_fit(call, told, gaps=GAPS.get((kind, f"/{edge}"), frozenset()))
    if "fields" in told:
        target = graph.node(call.target if edge else kind)
        assert target is not None, call.target
        graph.fields_fit(target, told["fields"], gaps=TASKS if kind == "user" else frozenset())
    return f"{request.method} {kind}/{edge}"


@pytest.fixture
def wire(sandbox: Flask) -> Recorder:
    return Recorder(sandbox)


@pytest.fixture
def http(wire: Recorder) -> Iterator[httpx.Client]:
    with httpx.Client(transport=wire) as client:
        yield client


@pytest.fixture
def facebook(http: httpx.Client, config: Config) -> Facebook:
    made = Facebook(http, config)
    made.sleep = lambda _: None
    return made


def all_kinds(facebook: Facebook, alice: Account, folder: Path) -> set[str]:
    """Every kind of post and of question; the ids of videos."""
    videos: set[str] = set()
    text = item("See https://example.com/a", link="https://example.com/a")
    made = publish(facebook, alice, text)
    facebook.probe(alice, text, {}, text.at, frozenset())
    publish(facebook, alice, item("Two", picture(folder), picture(folder, "")))
    story = item("", picture(folder), placement="story")
    kept = prepared(facebook, alice, story)
    facebook.commit(alice, story, kept)
    facebook.probe(alice, story, kept, story.at, frozenset())
    first = comment("First", made)
    facebook.commit(alice, first, {})
    facebook.probe(alice, first, {}, first.at, frozenset())
    for form in ("feed", "reel", "story"):
        shot = item("Film", film(folder, 4000), placement=form, videoTitle="Bells")
        kept = prepared(facebook, alice, shot)
        with pytest.raises(NetworkError, match="processing"):
            facebook.commit(alice, shot, kept)
        videos.add(str(kept["video"]["id"]))
        facebook.probe(alice, shot, kept, shot.at, frozenset())
    facebook.metrics(alice, [made.external_id])
    facebook.delete(alice, made)
    return videos


def test_everything_our_client_asks_is_on_metas_lists(
    facebook: Facebook, wire: Recorder, http: httpx.Client, store: Store, tmp_path: Path
) -> None:
    tokens = connect(facebook, http)
    (first, *_) = facebook.identities(tokens, "")
    assert first.tokens is not None
    facebook.refresh(APP, first.tokens, "")
    alice = Account(first.external_id, first.handle, first.tokens, extras=first.extras)
    videos = all_kinds(facebook, alice, tmp_path)
    facebook.revoke(APP, tokens, "")
    calls = [one for one in wire.exchanges if not ELSEWHERE.fullmatch(one.request.url.path)]
    assert {asked(one, {alice.external_id}, videos) for one in calls} == {
        "GET user/accounts", "GET user/businesses", "GET user/permissions",
        "DELETE user/permissions", "GET page/", "POST page/photos", "POST page/feed",
        "POST page/photo_stories", "GET page/stories", "GET page/published_posts",
        "POST page/videos", "POST page/video_reels", "POST page/video_stories",
        "GET advideo/", "GET pagepost/", "GET pagepost/insights", "POST pagepost/comments",
        "GET pagepost/comments", "DELETE pagepost/",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("POST", "1/feeds", {"message": "A"}),
        ("DELETE", "1/feed", {}),
        ("POST", "1/feed", {"massage": "A"}),
        ("POST", "1/feed", {"message": 5}),
        ("POST", "1/feed", {"attached_media": 5}),
        ("POST", "1/photos", {"published": "perhaps"}),
        ("POST", "1/video_reels", {"upload_phase": "begin"}),
        ("GET", "1_2?fields=id,permalink", {}),
        ("GET", "1_2?fields=id,comments{massage}", {}),
        ("GET", "me/accounts?fields=id,instagram_business_account{user_name}", {}),
    ],
    ids=["edge", "method", "name", "type", "list", "word", "phase", "field", "inner", "account"],
)
def test_a_request_that_is_not_on_the_lists_is_seen(
    method: str, path: str, sent: dict[str, object]
) -> None:
    url = f"http://127.0.0.1:8090{BASE}{path}"
    request = httpx.Request(method, url, json=sent) if sent else httpx.Request(method, url)
    with pytest.raises(AssertionError):
        asked(Exchange(request, httpx.Response(200)), {"1"}, set())


def test_the_page_of_a_pasted_token(facebook: Facebook, wire: Recorder) -> None:
    alice = page(facebook)
    assert {asked(one, {alice.external_id}, set()) for one in wire.exchanges} == {
        "GET user/accounts", "GET user/businesses",
    }  # fmt: skip
