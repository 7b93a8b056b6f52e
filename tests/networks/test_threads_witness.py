"""An independent witness: what our client asks of Threads, held against Meta's Postman collection
(``fbsamples/threads_api``, file ``postman/threads-api.postman_collection.json``).

No package carries the collection, so its calls, the names of their parameters and its lists of
words are written down here, and nothing more of it. Two habits differ, and the documentation has
both: parameters of a POST go as a form, and the token goes into a header.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest
from flask import Flask

from app.config import Config
from app.networks.base import Card
from app.networks.threads import Threads
from app.sandbox.store import Store
from tests.networks.test_threads_connect import age, connect
from tests.networks.threads_helpers import client, item, person, prepared, publish, shelf
from tests.networks.witness_wire import Exchange, Recorder, body, query

CONTAINER = (
    "text media_type reply_control reply_to_id link_attachment poll_attachment topic_tag"
    " location_id auto_publish_text image_url video_url alt_text is_carousel_item children"
    " quote_post_id"
)
PAGES = "fields since until limit before after"
# Method and way → the names of its parameters.
CALLS: dict[tuple[str, str], str] = {
    ("POST", "/oauth/access_token"): "client_id client_secret code grant_type redirect_uri",
    ("GET", "/access_token"): "grant_type client_secret access_token",
    ("GET", "/refresh_access_token"): "grant_type access_token",
    ("GET", "/me"): "fields",
    ("POST", "/me/threads"): CONTAINER,
    ("POST", "/me/threads_publish"): "creation_id",
    ("GET", "/me/threads"): PAGES,
    ("GET", "/me/replies"): PAGES,
    ("GET", "/me/threads_publishing_limit"): "fields",
    ("GET", "/{id}"): "fields",
    ("GET", "/{id}/insights"): "metric",
    ("DELETE", "/{id}"): "",
}
THREAD = (
    "id media_product_type media_type media_url gif_url permalink owner username text timestamp"
    " shortcode thumbnail_url children is_quote_post quoted_post reposted_post has_replies alt_text"
    " link_attachment_url poll_attachment location_id"
)
FIELDS: dict[str, str] = {
    "/me": "id username name is_verified threads_profile_picture_url threads_biography"
    " recently_searched_keywords is_eligible_for_geo_gating",
    "/me/threads": THREAD,
    "/me/replies": f"{THREAD} is_reply is_reply_owned_by_me root_post replied_to hide_status"
    " reply_audience",
    "/me/threads_publishing_limit": "quota_usage config reply_quota_usage reply_config"
    " delete_quota_usage delete_config location_search_quota_usage location_search_config",
    "/{id}": f"{THREAD} status error_message",  # of a post or of a container
}
WORDS: dict[str, str] = {
    "media_type": "TEXT IMAGE VIDEO CAROUSEL",
    "reply_control": "everyone accounts_you_follow mentioned_only parent_post_author_only"
    " followers_only",
    "grant_type": "authorization_code th_exchange_token th_refresh_token",
    "metric": "views likes replies reposts quotes shares",
    "is_carousel_item": "true",
}
NEEDED = {
    "/me/threads": {"media_type"}, "/me/threads_publish": {"creation_id"},
    "/access_token": {"grant_type", "client_secret"}, "/refresh_access_token": {"grant_type"},
    "/{id}/insights": {"metric"},
}  # fmt: skip
# Samples of answers: the names that each has; those of a form are there for every container.
ANSWERS: dict[tuple[str, str], set[str]] = {
    ("POST", "/oauth/access_token"): {"access_token", "user_id"},
    ("GET", "/access_token"): {"access_token", "token_type", "expires_in"},
    ("POST", "/me/threads"): {"id"},
    ("POST", "/me/threads_publish"): {"id"},
    ("GET", "/me/threads"): {"data"},
    ("GET", "/me/replies"): {"data"},
    ("GET", "/me/threads_publishing_limit"): {"data"},
    ("GET", "/{id}/insights"): {"data"},
    ("DELETE", "/{id}"): {"success", "deleted_id"},
}


def way(found: Exchange) -> tuple[str, str]:
    """Method and way of a request, an id's place named ``{id}``."""
    path = found.request.url.path.removeprefix("/threads").removeprefix("/v1.0")
    return found.request.method, re.sub(r"^/\d+", "/{id}", path)


def asked(found: Exchange) -> tuple[str, str]:
    """Assert that a request is as the collection has it."""
    method, path = way(found)
    assert (method, path) in CALLS, f"the collection has no {method} {path}"
    form = body(found)
    told = {**query(found.request), **form}
    if form:
        assert found.kind == "application/x-www-form-urlencoded", path
    strays = set(told) - set(CALLS[method, path].split())
    assert not strays, f"{method} {path} takes no {strays}"
    missing = (NEEDED.get(path, set()) if method != "DELETE" else set()) - set(told)
    assert not missing or (method, path) == ("GET", "/me/threads"), f"{path} needs {missing}"
    for name, text in told.items():
        known = FIELDS[path] if name == "fields" else WORDS.get(name)
        unknown = set(text.split(",")) - set(known.split()) if known is not None else set()
        assert not unknown, f"{method} {path}, {name}: {unknown}"
    kind = told.get("media_type")
    if kind in ("IMAGE", "VIDEO"):
        assert f"{str(kind).lower()}_url" in told, f"no file for {kind}"
    assert kind != "CAROUSEL" or 2 <= len(told["children"].split(",")) <= 20
    assert "link_attachment" not in told or kind == "TEXT", "links hang on text alone"
    return method, path


def answered(found: Exchange) -> None:
    """Assert that an answer has what the collection's sample has."""
    told = found.response.json()
    if found.response.status_code != 200:
        assert {"message", "type", "code", "fbtrace_id"} <= set(told["error"]), found.call
        return
    wanted = ANSWERS.get(way(found), set())
    assert wanted <= set(told), f"{found.call}: {told}"
    fields = found.request.url.params.get("fields")
    rows = told["data"] if wanted == {"data"} else [told]
    for row in rows if fields else ():
        assert set(row) <= {*fields.split(","), "id"}, f"{found.call} was not asked for {row}"


@pytest.fixture
def wire(sandbox: Flask) -> Recorder:
    return Recorder(sandbox)


@pytest.fixture
def http(wire: Recorder) -> Iterator[httpx.Client]:
    with httpx.Client(transport=wire) as made:
        yield made


@pytest.fixture
def threads(http: httpx.Client, config: Config, store: Store) -> Threads:
    return client(http, config, store)


def all_kinds(threads: Threads, folder: Path) -> None:
    """Every kind of post and of question."""
    alice = person(threads)
    with shelf(folder) as files:
        one = item("Hello", card=Card("https://example.com/a"), replyControl="mentioned_only",
                   topicTag="Harbours")  # fmt: skip
        kept = prepared(threads, alice, one)
        made = threads.commit(alice, one, kept)
        threads.probe(alice, one, kept, one.at, frozenset())
        reply = item("Two", files.picture(), parent=made)
        kept = prepared(threads, alice, reply)
        threads.commit(alice, reply, kept)
        threads.probe(alice, reply, kept, reply.at, frozenset())
        publish(threads, alice, item("Film", files.video()))
        publish(threads, alice, item("Both", files.picture(), files.video("")))
    threads.metrics(alice, [made.external_id])
    threads.delete(alice, made)


def test_everything_our_client_asks_stands_in_the_collection(
    threads: Threads, wire: Recorder, http: httpx.Client, store: Store, tmp_path: Path
) -> None:
    app, tokens = connect(threads, http)
    threads.refresh(app, age(store, tokens, 30), "")
    all_kinds(threads, tmp_path)
    calls = [one for one in wire.exchanges if not one.call.endswith("/oauth/authorize")]
    assert {asked(one) for one in calls} == set(CALLS)
    for one in calls:
        answered(one)
    controls = {body(one).get("reply_control") for one in calls if one.call.startswith("POST")}
    assert "mentioned_only" in controls


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("POST", "me/thread", {"media_type": "TEXT", "text": "A"}),
        ("PUT", "me/threads", {"media_type": "TEXT", "text": "A"}),
        ("POST", "me/threads", {"media_type": "TEXT", "caption": "A"}),
        ("POST", "me/threads", {"text": "A"}),
        ("POST", "me/threads", {"media_type": "REELS", "video_url": "https://example.com/a"}),
        ("POST", "me/threads", {"media_type": "IMAGE", "video_url": "https://example.com/a"}),
        ("POST", "me/threads", {"media_type": "CAROUSEL", "children": "1"}),
        ("POST", "me/threads", {"media_type": "TEXT", "reply_control": "nobody"}),
        ("POST", "me/threads_publish", {"container_id": "1"}),
        ("GET", "1?fields=id,status_code", {}),
        ("GET", "1/insights?metric=impressions", {}),
        ("DELETE", "1?force=true", {}),
    ],
    ids=[
        "path", "method", "name", "missing", "kind", "file", "items", "audience", "container",
        "field", "metric", "query",
    ],
)  # fmt: skip
def test_a_request_that_is_not_in_the_collection_is_seen(
    method: str, path: str, sent: dict[str, str]
) -> None:
    url = f"http://127.0.0.1:8090/threads/v1.0/{path}"
    request = httpx.Request(method, url, data=sent) if sent else httpx.Request(method, url)
    with pytest.raises(AssertionError):
        asked(Exchange(request, httpx.Response(200)))
