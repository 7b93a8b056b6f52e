"""An independent witness: what our client asks, and the sandbox answers, held against Bluesky's
lexicons: method, path, names and types in the query, body, record, files, answer."""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from flask import Flask

from app.config import Config
from app.networks.base import Account, AppKeys, Card, Media, NetworkError, Part
from app.networks.bluesky import Bluesky
from app.networks.bluesky_records import POST
from tests.films import film
from tests.networks import bluesky_parts as parts
from tests.networks import witness_lexicon as lexicon
from tests.networks.bluesky_parts import BASE, item, picture, prepared, publish
from tests.networks.witness_wire import Exchange, Recorder

MP4 = functools.cache(film)
CALLS = {
    "com.atproto.server.createSession", "com.atproto.server.getSession",
    "com.atproto.server.refreshSession", "com.atproto.server.deleteSession",
    "com.atproto.server.describeServer", "com.atproto.server.getServiceAuth",
    "com.atproto.identity.resolveHandle", "com.atproto.repo.uploadBlob",
    "com.atproto.repo.putRecord", "com.atproto.repo.getRecord", "com.atproto.repo.deleteRecord",
    "app.bsky.actor.getProfile", "app.bsky.feed.getPosts", "app.bsky.video.getUploadLimits",
    "app.bsky.video.uploadVideo", "app.bsky.video.getJobStatus",
}  # fmt: skip


@pytest.fixture
def wire(sandbox: Flask) -> Recorder:
    return Recorder(sandbox)


@pytest.fixture
def http(wire: Recorder) -> Iterator[httpx.Client]:
    with httpx.Client(transport=wire) as client:
        yield client


@pytest.fixture
def bluesky(http: httpx.Client, config: Config, monkeypatch: pytest.MonkeyPatch) -> Bluesky:
    monkeypatch.setattr("app.sandbox.bluesky.video.ENCODING_SECONDS", 0.0)
    monkeypatch.setattr("app.networks.bluesky_video.POLLS", (0.0, 0.0))
    return Bluesky(http, config)


def xrpc(wire: Recorder) -> list[Exchange]:
    return [one for one in wire.exchanges if "/xrpc/" in one.request.url.path]


def told(http: httpx.Client, extras: dict[str, Any]) -> None:
    """What the sandbox is to do with maya's videos."""
    wanted = {"network": "bluesky", "handle": "maya", "extras": extras}
    assert http.post(f"{BASE}/_sandbox/accounts", json=wanted).status_code < 300


def video(folder: Path, name: str = "bells") -> Media:
    path = folder / f"{name}.mp4"
    path.write_bytes(MP4() + name.encode())
    size = path.stat().st_size
    return Media(name, path, "video/mp4", size, 320, 180, seconds=2.0, alt="Bells swing")


def all_kinds(bluesky: Bluesky, maya: Account, folder: Path) -> None:
    """Every kind of post, a thread, and what is asked of posts later."""
    words = "Hej 👩‍👩‍👧‍👦 @noor.bsky.social @nobody.example.com https://marram.coffee/a?b #ø"
    one = item(Part(words), "m-1")
    root = publish(bluesky, maya, one)
    photos = tuple(picture(folder, f"{n}.jpg", alt) for n, alt in enumerate(("One", "")))
    reply = publish(bluesky, maya, item(Part("2", photos), "m-2", parent=root, root=root))
    by_hand = replace(reply, extras={})  # its cid has to be asked for
    publish(bluesky, maya, item(Part("3"), "m-3", parent=by_hand, root=root))
    card = Card("https://marram.coffee/beans", "Beans", "New ones.", picture(folder, "card.jpg"))
    publish(bluesky, maya, item(Part("Look", card=card), "m-4"))
    publish(bluesky, maya, item(Part("", card=Card("https://marram.coffee/x")), "m-5"))
    publish(bluesky, maya, item(Part("Ring", (video(folder),)), "m-6"))
    bluesky.probe(maya, one, prepared(bluesky, maya, one), one.at, frozenset())
    bluesky.metrics(maya, [root.external_id, reply.external_id])
    bluesky.delete(maya, reply)
    bluesky.metrics(maya, [root.external_id, reply.external_id])


@pytest.mark.parametrize("way", ["password", "oauth"])
def test_everything_our_client_asks_stands_in_the_lexicons(
    bluesky: Bluesky, wire: Recorder, http: httpx.Client, tmp_path: Path, way: str
) -> None:
    maya = parts.by_password(bluesky) if way == "password" else parts.by_oauth(bluesky)
    # As the lexicon has it; the written documentation shows the job bare (§2).
    extras = {"video_form": "wrapped"}
    told(http, extras)
    all_kinds(bluesky, maya, tmp_path)
    parts.order(http, "account", "http_500", times=1)  # then the account's server takes it
    publish(bluesky, maya, item(Part("Again", (video(tmp_path, "other"),)), "m-7"))
    told(http, {**extras, "video_seconds": 1000})
    with pytest.raises(NetworkError, match="ready"):
        publish(bluesky, maya, item(Part("Slow", (video(tmp_path, "slow"),)), "m-8"))
    if way == "password":
        tokens = bluesky.refresh(AppKeys(""), maya.tokens, BASE)
        bluesky.revoke(AppKeys(""), tokens, BASE)
    else:
        parts.by_password(bluesky)
        bluesky.revoke(maya.app, maya.tokens, BASE)
    seen = {lexicon.asked(one) for one in xrpc(wire)}
    of_passwords = {name for name in CALLS if name.endswith(("refreshSession", "deleteSession"))}
    assert seen == (CALLS if way == "password" else CALLS - of_passwords)
    for one in xrpc(wire):
        lexicon.answered(one)
    embeds = [put["record"].get("embed", {}).get("$type") for put in written(wire)]
    assert {found for found in embeds if found} == {
        "app.bsky.embed.images", "app.bsky.embed.external", "app.bsky.embed.video",
    }  # fmt: skip


def written(wire: Recorder) -> list[dict[str, Any]]:
    """The bodies of every ``putRecord``."""
    return [
        json.loads(one.request.content)
        for one in xrpc(wire)
        if one.request.url.path.endswith("putRecord")
    ]


def test_refusals_are_in_the_protocols_form(bluesky: Bluesky, wire: Recorder) -> None:
    maya = parts.by_password(bluesky)
    parts.refusal(bluesky, maya, Part("x" * 400))
    refused = [one for one in xrpc(wire) if one.response.status_code == 400]
    assert refused
    for one in refused:
        lexicon.answered(one)
    with pytest.raises(Exception, match="maxGraphemes|is longer"):
        lexicon.asked(refused[-1])


# A witness that cannot say no is none: the same requests and answers, spoiled.
SPOILED: dict[str, Any] = {
    "a name nobody knows": lambda put: put["record"].update(titel="T"),
    "no time": lambda put: put["record"].pop("createdAt"),
    "a time without its zone": lambda put: put["record"].update(createdAt="2026-01-01T00:00:00"),
    "301 characters": lambda put: put["record"].update(text="x" * 301),
    "a text that is none": lambda put: put["record"].update(text=5),
    "a facet before the text": lambda put: put["record"]["facets"][0]["index"].update(byteStart=-1),
    "a kind of embed nobody has": lambda put: put["record"]["embed"].update(
        {"$type": "app.bsky.embed.image"}
    ),
    "five pictures": lambda put: put["record"]["embed"].update(
        images=put["record"]["embed"]["images"] * 5
    ),
    "no description": lambda put: put["record"]["embed"]["images"][0].pop("alt"),
    "a size that is text": lambda put: put["record"]["embed"]["images"][0]["aspectRatio"].update(
        width="64"
    ),
    "a film among the pictures": lambda put: put["record"]["embed"]["images"][0]["image"].update(
        mimeType="video/mp4"
    ),
    "a picture of 3 MB": lambda put: put["record"]["embed"]["images"][0]["image"].update(
        size=3_000_000
    ),
    "a record of no key": lambda put: put.pop("rkey"),
    "a repository that is none": lambda put: put.update(repo="nobody"),
}


@pytest.fixture
def sent(bluesky: Bluesky, wire: Recorder, tmp_path: Path) -> Exchange:
    """A post with a picture and a link."""
    maya = parts.by_password(bluesky)
    publish(bluesky, maya, item(Part("See https://marram.coffee/a", (picture(tmp_path),))))
    (found,) = [one for one in xrpc(wire) if one.request.url.path.endswith("putRecord")]
    lexicon.asked(found)
    lexicon.answered(found)
    return found


def test_a_spoiled_request_is_seen(sent: Exchange) -> None:
    sound = json.loads(sent.request.content)
    for what, spoil in SPOILED.items():
        put = copy.deepcopy(sound)
        spoil(put)
        request = httpx.Request("POST", sent.request.url, json=put)
        try:
            lexicon.asked(Exchange(request, sent.response))
        except (AssertionError, ValueError):
            continue
        pytest.fail(f"{what} was not seen")


@pytest.mark.parametrize(
    "request_",
    [
        httpx.Request("GET", f"{BASE}/bluesky/xrpc/com.atproto.repo.putRecord"),
        httpx.Request("GET", f"{BASE}/bluesky/xrpc/com.atproto.repo.getRecords?repo=a.b"),
        httpx.Request("GET", f"{BASE}/bluesky/xrpc/app.bsky.feed.getPosts?uri=at://a.b/{POST}/c"),
        httpx.Request("GET", f"{BASE}/bluesky/xrpc/app.bsky.feed.getPosts"),
        httpx.Request("POST", f"{BASE}/bluesky/xrpc/com.atproto.server.refreshSession", json={}),
        httpx.Request(
            "POST", f"{BASE}/bluesky/video/xrpc/app.bsky.video.uploadVideo?did=did:plc:a&name=b",
            content=b"x", headers={"content-type": "image/png"},
        ),
    ],
    ids=["method", "name", "parameter", "missing", "body", "type"],
)  # fmt: skip
def test_a_request_that_no_lexicon_has_is_seen(request_: httpx.Request) -> None:
    with pytest.raises((AssertionError, ValueError)):
        lexicon.asked(Exchange(request_, httpx.Response(200)))


@pytest.mark.parametrize("change", [{"uri": "x"}, {"cid": 5}, {"commit": {"cid": "bafy"}}])
def test_a_spoiled_answer_is_seen(sent: Exchange, change: dict[str, Any]) -> None:
    spoiled = httpx.Response(200, json={**sent.response.json(), **change})
    with pytest.raises((AssertionError, ValueError)):
        lexicon.answered(Exchange(sent.request, spoiled))
