"""An independent witness: what our client asks of X, and the sandbox answers, held against the
client that X generates from its own OpenAPI description (``xdk``).

OAuth is not among that description's calls, and its answers name posts by words of this year.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from flask import Flask
from pydantic import ValidationError

from app.config import Config
from app.networks.base import Published
from app.networks.x import X
from app.sandbox.store import Store
from tests.networks import witness_models as models
from tests.networks.test_x_connect import connect
from tests.networks.witness_wire import Exchange, Recorder, body, query
from tests.networks.x_helpers import gif, item, person, picture, prepared, publish, video

BASE = "http://127.0.0.1:8090/x"
# The description calls posts by their new names; the written documentation and the living
# clients by the old ones, which are what is sent (networks/x.md §1). What a post refers to was
# a field of it and is an expansion there.
RENAMED = {"tweet.fields": "post.fields", "note_tweet": "note_post"}
MOVED = {"referenced_tweets": "referenced_posts"}
OAUTH = {
    "GET /x/i/oauth2/authorize", "POST /x/i/oauth2/authorize", "POST /x/2/oauth2/token",
    "POST /x/2/oauth2/revoke",
}  # fmt: skip


CALLS = {
    "posts": "create get_by_ids delete",
    "users": "get_me get_posts",
    "media": "upload initialize_upload append_upload finalize_upload get_upload_status"
    " create_metadata",
}  # fmt: skip


@cache
def described() -> list[models.Operation]:
    """The calls that we share, as X describes them."""
    models.bare("xdk", *CALLS)
    return [
        one
        for room, names in CALLS.items()
        for one in models.operations(
            f"xdk.{room}.client", f"{room.title()}Client", names, models.of_xdk
        )
    ]


def of_today(told: dict[str, str]) -> dict[str, str]:
    """A query in the words of the description."""
    today = {RENAMED.get(name, name): text.split(",") for name, text in told.items()}
    fields = [RENAMED.get(word, word) for word in today.get("post.fields", [])]
    moved = [MOVED[word] for word in fields if word in MOVED]
    if moved:
        today["expansions"] = [*today.get("expansions", []), *moved]
    if fields:
        today["post.fields"] = [word for word in fields if word not in MOVED]
    return {name: ",".join(words) for name, words in today.items()}


def asked(found: Exchange) -> str:
    """Assert that a request is as X's description says; its way."""
    operation = models.asked(found, described(), "/x")
    models.query_fits(operation, of_today(query(found.request)))
    sent = body(found)
    if operation.body is None:
        assert not sent, f"{operation.name} takes no body"
    else:
        _body_fits(operation, found.kind, sent)
    return f"{operation.method} {operation.path}"


def _body_fits(operation: models.Operation, kind: str, sent: dict[str, Any]) -> None:
    if kind == "multipart/form-data":  # bytes are described as text; numbers come as text
        name, mime, content = sent["media"]
        assert name and mime and content, operation.name
        read = operation.body.model_validate({**sent, "media": "bytes"})
    else:
        assert kind == "application/json", f"{operation.name}: {kind}"
        read = operation.body.model_validate(sent, strict=True)
    strays = list(models.unknown(read))
    assert not strays, f"{operation.name}: {strays}"


def renamed(told: Any) -> Any:
    """An answer in the description's words: a tweet is a post, twitter.com is x.com."""
    if isinstance(told, str):
        return told.replace("https://api.twitter.com/2/problems/", "https://api.x.com/2/problems/")
    if isinstance(told, dict):
        return {
            name.replace("retweet", "repost").replace("tweet", "post"): renamed(inner)
            for name, inner in told.items()
        }
    return [renamed(one) for one in told] if isinstance(told, list) else told


def answered(found: Exchange) -> None:
    """Assert that an answer has the description's form; it may have more."""
    operation = models.asked(found, described(), "/x")
    told = found.response
    if told.status_code >= 400:
        assert {"title", "type"} <= set(told.json()), operation.name
    elif told.content:
        assert operation.answer is not None, operation.name
        operation.answer.model_validate(renamed(told.json()))


@pytest.fixture
def wire(sandbox: Flask) -> Recorder:
    return Recorder(sandbox)


@pytest.fixture
def http(wire: Recorder) -> Iterator[httpx.Client]:
    with httpx.Client(transport=wire) as client:
        yield client


@pytest.fixture
def x(http: httpx.Client, config: Config, store: Store, monkeypatch: pytest.MonkeyPatch) -> X:
    """The client; what X is encoding is ready once it was waited for, however fast we are."""
    monkeypatch.setattr("app.sandbox.x.media.ENCODING_SECONDS", 3600.0)
    made = X(http, config)

    def sleep(seconds: float) -> None:
        table = store.table("x.media")
        for media_id, row in list(table.items()):
            table.put(media_id, {**row, "done_at": min(row["done_at"], time.time())})

    made.sleep = sleep
    return made


def all_kinds(x: X, store: Store, folder: Path) -> None:
    """Every kind of post and of question, by a person and one who may write more."""
    alice = person(x)
    one = item("Look https://example.com", picture(folder), picture(folder, ""))
    first = publish(x, alice, one)
    publish(x, alice, item("Two", parent=first, reply_settings="following"))
    publish(x, alice, item("", gif(folder)))
    publish(x, alice, item("Film", video(folder)))
    x.probe(alice, one, prepared(x, alice, one), one.at, frozenset())
    x.metrics(alice, [first.external_id, "1"])
    x.delete(alice, first)
    x.delete(alice, Published("1"))
    store.accounts.get("twitter", "rich").extras["subscription_type"] = "Premium"
    rich = person(x, "rich")
    long = replace(item("word " * 100))
    publish(x, rich, long)
    x.probe(rich, long, prepared(x, rich, long), long.at, frozenset())


def test_everything_our_client_asks_stands_in_the_description(
    x: X, wire: Recorder, http: httpx.Client, store: Store, tmp_path: Path
) -> None:
    keys = x.register("", "http://127.0.0.1:8000/oauth/twitter/callback")
    tokens = connect(x, http, keys)
    tokens = x.refresh(keys, tokens, "")
    x.revoke(keys, tokens, "")
    all_kinds(x, store, tmp_path)
    calls = [one for one in wire.exchanges if one.call not in OAUTH]
    assert {asked(one) for one in calls} == {
        "GET /2/users/me", "POST /2/media/upload", "POST /2/media/metadata",
        "POST /2/media/upload/initialize", "POST /2/media/upload/{id}/append",
        "POST /2/media/upload/{id}/finalize", "GET /2/media/upload", "POST /2/tweets",
        "GET /2/users/{id}/tweets", "GET /2/tweets", "DELETE /2/tweets/{id}",
    }  # fmt: skip
    for one in calls:
        answered(one)


Spoil = Callable[[dict[str, Any]], object]
SPOILED: dict[str, tuple[str, Spoil]] = {
    "a name nobody knows": ("tweets", lambda sent: sent.update(titel="T")),
    "a name nobody knows, inside": ("tweets", lambda sent: sent["media"].update(alt="T")),
    "ids that are numbers": ("tweets", lambda sent: sent["media"].update(media_ids=[1])),
    "media without its ids": ("tweets", lambda sent: sent["media"].pop("media_ids")),
    "an audience nobody has": ("tweets", lambda sent: sent.update(reply_settings="everyone")),
    "a size as text": ("initialize", lambda sent: sent.update(total_bytes="5")),
    "a kind nobody takes": ("initialize", lambda sent: sent.update(media_type="image/svg+xml")),
    "a description outside": ("metadata", lambda sent: sent.update(alt_text={"text": "A"})),
    "a description as text": ("metadata", lambda sent: sent["metadata"].update(alt_text="A")),
}


@pytest.mark.parametrize("what", SPOILED)
def test_a_spoiled_body_is_seen(x: X, wire: Recorder, tmp_path: Path, what: str) -> None:
    alice = person(x)
    publish(x, alice, item("Look", gif(tmp_path)))
    last, spoil = SPOILED[what]
    (found,) = [one for one in wire.exchanges if one.request.url.path.endswith(f"/{last}")]
    asked(found)
    sent = copy.deepcopy(json.loads(found.request.content))
    spoil(sent)
    request = httpx.Request("POST", found.request.url, json=sent)
    with pytest.raises((AssertionError, ValidationError)):
        asked(Exchange(request, found.response))


@pytest.mark.parametrize(
    "request_",
    [
        httpx.Request("GET", f"{BASE}/2/tweet?ids=1"),
        httpx.Request("PUT", f"{BASE}/2/tweets"),
        httpx.Request("GET", f"{BASE}/2/tweets?id=1"),
        httpx.Request("GET", f"{BASE}/2/tweets"),
        httpx.Request("GET", f"{BASE}/2/tweets?ids=1&tweet.fields=public_metric"),
        httpx.Request("GET", f"{BASE}/2/users/1/tweets?max_results=many"),
        httpx.Request("GET", f"{BASE}/2/users/1/tweets?exclude=reposts"),
        httpx.Request("DELETE", f"{BASE}/2/tweets/1", json={"id": "1"}),
    ],
    ids=["path", "method", "name", "missing", "field", "number", "word", "body"],
)
def test_a_request_that_does_not_fit_is_seen(request_: httpx.Request) -> None:
    with pytest.raises((AssertionError, ValidationError)):
        asked(Exchange(request_, httpx.Response(200)))


def test_a_spoiled_answer_is_seen(x: X, wire: Recorder) -> None:
    publish(x, person(x), item("Hello"))
    (found,) = [one for one in wire.exchanges if one.call == "POST /x/2/tweets"]
    answered(found)
    with pytest.raises(ValidationError):
        answered(replace(found, response=httpx.Response(201, json={"data": {"id": 5}})))
