"""A rehearsal is the delivery itself, played in memory (promises.md 10)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask

from app import content, credentials, ids
from app.clock import now
from app.config import BRIDGE
from app.extensions import db, networks
from app.models.posts import Post
from app.networks.base import Account, Tokens
from app.publishing import items, rehearsal
from app.publishing.attempts import Opened
from app.publishing.played import HIDDEN, Masks, Recorder
from app.sandbox.store import Store
from tests.factories import make_account, make_media, make_post, make_profile, make_user
from tests.playing import sandbox  # noqa: F401

# What each network is sent, and where the call that publishes goes.
COMMITS = {
    "bluesky": "/xrpc/com.atproto.repo.putRecord", "facebook": "/feed",
    "instagram": "/media_publish", "linkedin": "/rest/posts", "mastodon": "/api/v1/statuses",
    "pinterest": "/v5/pins", "reddit": "/api/submit", "threads": "/threads_publish",
    "tiktok": "/v2/post/publish/content/init/", "twitter": "/2/tweets",
}  # fmt: skip
OPTIONS: dict[str, dict[str, Any]] = {
    "reddit": {"subreddit": "bells", "title": "Bells"},
    "tiktok": {"privacyLevel": "SELF_ONLY"}, "pinterest": {"boardId": "7700", "title": "Bells"},
}  # fmt: skip
TEXT = "Six bells at https://bells.org/peal"
OWN = {"linkedin": "urn:li:person:ours123", "bluesky": "did:plc:ours2345ours2345ours2345"}


def post_for(network: str, *, pictures: int = 1, text: str = TEXT) -> Post:
    profile = make_profile(make_user())
    account = make_account(profile, network, "maya", external_id=OWN.get(network, "ours90210"))
    media = [
        make_media(profile, kind="JPEG", size=(800, 800), alt=f"Bell {n}") for n in range(pictures)
    ]
    return make_post(
        profile, text, [account], media=media, options={network: OPTIONS.get(network, {})}
    )


def rehearsed(post: Post) -> rehearsal.Rehearsed:
    one = post.targets[0].account
    written = content.written(db.session(), post.id, networks.of(one), one.id)
    account = Account(one.external_id, one.handle, Tokens(""), one.server, extras=one.extras)
    files = {str(row.media.id): row.media for row in post.media}
    name, via = one.network, one.via
    for row in files.values():
        db.session.refresh(row)
        db.session.expunge(row)
    db.session.rollback()
    return rehearsal.rehearse(name, via, account, written, files)


@pytest.mark.parametrize("network", COMMITS)
def test_the_last_request_is_the_one_that_publishes(app: Flask, network: str) -> None:
    found = rehearsed(post_for(network))
    assert found.stopped == ""
    commits = [one.exchange for one in found.sent if one.step == "commit"]
    whole = next(one for one in commits if one.url.partition("?")[0].endswith(COMMITS[network]))
    assert whole.method == "POST" and whole.status < 300
    told = str([(one.exchange.url, one.exchange.headers, one.exchange.body) for one in found.sent])
    assert "sandbox-maya" not in told and HIDDEN in told
    assert all(
        value.endswith(HIDDEN)
        for one in found.sent
        for name, value in one.exchange.headers.items()
        if name in ("authorization", "dpop")
    )
    assert TEXT in told or network == "bluesky" and "Six bells at" in told
    assert [media.alt for media in found.media[0]] == ["Bell 0"]


@pytest.mark.parametrize("network", ["bluesky", "facebook", "instagram", "linkedin"])
def test_the_account_is_named_by_its_own_id(app: Flask, network: str) -> None:
    told = rehearsed(post_for(network)).sent
    mine = OWN.get(network, "ours90210")
    assert any(mine in f"{one.exchange.url} {one.exchange.body}" for one in told)


@pytest.mark.parametrize("network", ["mastodon", "twitter"])
def test_what_is_rehearsed_is_what_is_sent(app: Flask, sandbox: Store, network: str) -> None:  # noqa: F811
    """The client of the process, asked to send the same, makes the same requests."""
    post = post_for(network)
    found = [
        (one.exchange.method, one.exchange.url, shape(one.exchange.body))
        for one in rehearsed(post).sent
    ]
    assert networks.transport is not None
    recorder = Recorder(networks.transport)
    networks.reset()
    networks.transport = recorder
    recorder.start(Masks())
    one = post.targets[0].account
    account = Account(one.external_id, "maya", Tokens("sandbox-maya"), one.server)
    written = content.written(db.session(), post.id, networks.of(one), one.id)
    opened = Opened(ids.uuid7(), 1, 0, 1, "m", content.freeze(written, 0), {}, now(), None, None)
    db.session.commit()
    item = items.build(networks.of(one), account, opened)
    steps = [{}, *networks.get(network).prepare(account, item, {})]
    networks.get(network).commit(account, item, steps[-1])
    sent = [(e.method, e.url, shape(e.body)) for _, e in recorder.taken()]
    assert [(m, tail(u), b) for m, u, b in sent] == [(m, tail(u), b) for m, u, b in found]


def tail(url: str) -> str:
    """An address without the ids that a network has given out."""
    return re.sub(r"[0-9]{6,}", "…", urlsplit(url).path)


def shape(body: Any) -> str:
    return re.sub(r"[0-9]{6,}", "…", str(body))


def test_nothing_leaves_the_process_and_no_token_is_read(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = post_for("instagram")

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("a rehearsal opened a socket or a token")

    monkeypatch.setattr("socket.socket.connect", never)
    monkeypatch.setattr("socket.getaddrinfo", never)
    monkeypatch.setattr(credentials, "load", never)
    monkeypatch.setattr(credentials, "fresh", never)
    assert rehearsed(post).stopped == ""


def test_a_thread_goes_part_under_part(app: Flask) -> None:
    post = post_for("twitter", pictures=0)
    post.parts = ["One", "Two"]
    db.session.flush()
    found = rehearsed(post)
    first, second = (one.exchange for one in found.sent if one.step == "commit")
    assert second.body["reply"] == {"in_reply_to_tweet_id": first.answer["data"]["id"]}


def test_a_board_keeps_its_own_id(app: Flask) -> None:
    found = rehearsed(post_for("pinterest"))
    assert found.sent[-1].exchange.body["board_id"] == "7700"
    assert found.sent[-1].exchange.body["media_source"]["data"]["base64"] > 1000


def test_a_network_that_would_refuse_says_so(app: Flask) -> None:
    found = rehearsed(post_for("youtube", pictures=0))
    assert found.stopped == "There is no video to upload." and found.sent == []


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/x?access_token=abc&limit=2", f"https://a.example/x?access_token={HIDDEN}&limit=2"),
        ("https://a.example/x?appsecret_proof=abc", f"https://a.example/x?appsecret_proof={HIDDEN}"),
        ("https://a.example/hush-hush/y", f"https://a.example/{HIDDEN}/y"),
    ],
)  # fmt: skip
def test_secrets_are_masked_in_addresses(url: str, shown: str) -> None:
    assert Masks({}, ["hush-hush"]).url(url) == shown


def test_secrets_are_masked_in_bodies_and_headers() -> None:
    masks = Masks({"1234567": "7654321"}, ["hush-hush"])
    assert masks.value({"token": "abc", "at": ["me hush-hush", 1234567], "id": "1234567"}) == {
        "token": HIDDEN, "at": [f"me {HIDDEN}", 1234567], "id": "7654321",
    }  # fmt: skip
    assert masks.header("Authorization", "DPoP abc") == f"DPoP {HIDDEN}"
    assert masks.header("X-Mc-Auth", "abc") == HIDDEN


@pytest.mark.parametrize("network", ["twitter", "instagram", "linkedin"])
def test_an_account_through_metricool_is_rehearsed_there(app: Flask, network: str) -> None:
    post = post_for(network)
    post.targets[0].account.via = BRIDGE
    post.targets[0].account.external_id = f"{BRIDGE}:101:ours90210"
    db.session.flush()
    found = rehearsed(post)
    assert found.sent and found.sent[0].exchange.headers["x-mc-auth"] == HIDDEN
    assert "/metricool/" in found.sent[0].exchange.url


def test_a_fault_of_our_own_ends_the_rehearsal_and_not_the_check(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.networks.mastodon.Mastodon.identities", lambda *_: [])
    found = rehearsed(post_for("mastodon", pictures=0))
    assert (found.stopped, found.sent) == ("This could not be rehearsed.", [])
