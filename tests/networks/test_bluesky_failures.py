"""Publishing on Bluesky when things go wrong: crashes, lost answers, refusals."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx2 as httpx
import pytest

from app import egress
from app.config import Config
from app.networks.base import (
    Account,
    Category,
    Effect,
    Media,
    NetworkError,
    Part,
    Probe,
    Verdict,
)
from app.networks.bluesky import Bluesky
from app.networks.bluesky_records import rkey, tid
from app.sandbox.store import Store
from tests.networks.bluesky_parts import (
    AT,
    BASE,
    account_of,
    by_oauth,
    by_password,
    item,
    later,
    order,
    picture,
    prepared,
    publish,
    refusal,
    signed_in,
    the_post,
)


@pytest.fixture
def bluesky(http: httpx.Client, config: Config) -> Bluesky:
    return Bluesky(http, config)


@pytest.fixture(params=["password", "oauth"])
def account(request: pytest.FixtureRequest, bluesky: Bluesky) -> Account:
    return by_oauth(bluesky) if request.param == "oauth" else by_password(bluesky)


@pytest.fixture
def maya(bluesky: Bluesky) -> Account:
    return by_password(bluesky)


# Crash safety
def test_every_step_can_be_resumed_and_none_is_done_twice(
    bluesky: Bluesky, maya: Account, http: httpx.Client, tmp_path: Path
) -> None:
    calls: list[str] = []
    http.event_hooks["request"] = [lambda sent: calls.append(sent.url.path.rpartition(".")[2])]
    photos = (picture(tmp_path, "a.jpg"), picture(tmp_path, "b.jpg"))
    wanted = item(Part("Hi @noor.bsky.social", photos))
    steps = list(bluesky.prepare(maya, wanted, {}))
    assert [len(step["blobs"]) for step in steps] == [0, 1, 2, 2]
    assert json.loads(json.dumps(steps)) == steps and "record" in steps[-1]
    whole = ["uploadBlob", "uploadBlob", "resolveHandle"]
    assert calls == whole
    for done, step in enumerate(steps):
        calls.clear()
        rest = list(bluesky.prepare(maya, wanted, json.loads(json.dumps(step))))
        assert calls == whole[done:]
        assert (rest or steps)[-1] == steps[-1]


def test_the_next_attempt_keeps_the_key_and_what_was_uploaded_lately(
    bluesky: Bluesky, maya: Account, tmp_path: Path
) -> None:
    part = Part("Hi", (picture(tmp_path),))
    first = prepared(bluesky, maya, item(part, "m-1"))
    soon = list(bluesky.prepare(maya, later(part, "m-2", 60), first))
    assert len(soon) == 2 and soon[-1]["keep"] == first["keep"]
    assert soon[-1]["record"]["createdAt"] == "2026-05-14T12:31:00.250Z"
    long_after = list(bluesky.prepare(maya, later(part, "m-3", 601), soon[-1]))
    assert [len(step["blobs"]) for step in long_after] == [0, 1, 1]
    edited = list(bluesky.prepare(maya, later(Part("Ho"), "m-4", 60), {"keep": first["keep"]}))
    assert edited[-1]["keep"] == first["keep"] and edited[-1]["blobs"] == {}


def test_an_attempt_after_one_that_went_through_after_all_finds_its_post(
    bluesky: Bluesky, maya: Account, store: Store
) -> None:
    left = prepared(bluesky, maya, item(Part("Once"), "m-1"))
    out = bluesky.commit(maya, item(Part("Once"), "m-1"), left)
    again = later(Part("Once"), "m-2", 120)
    resume = list(bluesky.prepare(maya, again, left))[-1]
    assert resume["record"] != left["record"]
    assert bluesky.commit(maya, again, resume) == out
    assert len(list(store.posts.newest())) == 1


def test_an_edited_post_does_not_pass_for_its_earlier_version(
    bluesky: Bluesky, maya: Account, store: Store
) -> None:
    left = prepared(bluesky, maya, item(Part("Once"), "m-1"))
    bluesky.commit(maya, item(Part("Once"), "m-1"), left)
    edited = later(Part("Once more"), "m-2", 120)
    resume = list(bluesky.prepare(maya, edited, {"keep": left["keep"]}))[-1]
    with pytest.raises(NetworkError, match="earlier version") as refused:
        bluesky.commit(maya, edited, resume)
    assert (refused.value.category, refused.value.effect) == (Category.DUPLICATE, Effect.NONE)
    assert the_post(store).text == "Once"


def test_a_key_that_is_taken_stays_a_duplicate_while_nobody_can_look(
    bluesky: Bluesky, maya: Account, http: httpx.Client
) -> None:
    left = prepared(bluesky, maya, item(Part("Once"), "m-1"))
    bluesky.commit(maya, item(Part("Once"), "m-1"), left)
    again = later(Part("Once"), "m-2", 120)
    resume = list(bluesky.prepare(maya, again, left))[-1]
    order(http, "lookup", "http_500", times=1)
    with pytest.raises(NetworkError) as refused:
        bluesky.commit(maya, again, resume)
    assert refused.value.category is Category.DUPLICATE


def test_a_repeated_commit_makes_one_post_and_answers_its_name(
    bluesky: Bluesky, account: Account, store: Store
) -> None:
    wanted = item(Part("Once"))
    resume = prepared(bluesky, account, wanted)
    first = bluesky.commit(account, wanted, resume)
    assert bluesky.commit(account, wanted, resume) == first
    assert len(list(store.posts.newest())) == 1
    assert bluesky.probe_by(account, 0.0) is Probe.KEY


@pytest.mark.parametrize("fault", ["hang_after_accept", "http_500_after_accept", "invalid_json"])
def test_an_answer_nobody_read_is_found_by_the_same_key(
    bluesky: Bluesky, maya: Account, store: Store, http: httpx.Client, fault: str
) -> None:
    wanted = item(Part("Once"))
    resume = prepared(bluesky, maya, wanted)
    order(http, "publish", fault, times=1, delay_ms=1)
    with pytest.raises(NetworkError) as lost:
        bluesky.commit(maya, wanted, resume)
    assert lost.value.effect is (Effect.DONE if fault == "invalid_json" else Effect.UNKNOWN)
    read = bluesky.probe(maya, wanted, resume, AT, frozenset())
    assert read.verdict is Verdict.PUBLISHED
    assert bluesky.commit(maya, wanted, resume) == read.published
    assert len(list(store.posts.newest())) == 1


def test_a_post_that_never_arrived_is_absent(
    bluesky: Bluesky, maya: Account, http: httpx.Client
) -> None:
    wanted = item(Part("Once"))
    resume = prepared(bluesky, maya, wanted)
    order(http, "publish", "timeout", times=1, delay_ms=1)
    with pytest.raises(NetworkError) as lost:
        bluesky.commit(maya, wanted, resume)
    assert lost.value.effect is Effect.UNKNOWN
    assert bluesky.probe(maya, wanted, resume, AT, frozenset()).verdict is Verdict.ABSENT


def test_a_probe_that_cannot_read_says_nothing(
    bluesky: Bluesky, maya: Account, http: httpx.Client
) -> None:
    wanted = item(Part("Once"))
    order(http, "lookup", "http_500")
    with pytest.raises(NetworkError) as failed:
        bluesky.probe(maya, wanted, {}, AT, frozenset())
    assert failed.value.category is Category.NETWORK_ERROR


def test_the_key_is_a_function_of_the_attempt() -> None:
    one = item(Part("x"), "m-1")
    assert rkey(one) == rkey(one)
    keys = {rkey(item(Part("x"), f"m-{n}")) for n in range(2000)}
    assert len(keys) == 2000
    assert all(re.fullmatch("[2-7a-j][2-7a-z]{12}", key) for key in keys)
    later = replace(one, at=AT + timedelta(seconds=1))
    assert rkey(later) > rkey(one)
    assert tid(0, 0) == "2222222222222" and tid((1 << 53) - 1, 1023) == "bzzzzzzzzzzzz"


# Refusals (networks/bluesky.md §5)
def test_too_long_a_text_is_the_servers_no(bluesky: Bluesky, maya: Account) -> None:
    error = refusal(bluesky, maya, Part("x" * 301))
    assert (error.category, error.effect, error.retryable) == (
        Category.VALIDATION,
        Effect.NONE,
        False,
    )


def test_a_picture_the_server_refuses_is_a_media_error(
    bluesky: Bluesky, maya: Account, tmp_path: Path
) -> None:
    path = tmp_path / "big.jpg"
    path.write_bytes(b"\xff\xd8\xff" + b"x" * 1_000_001)
    error = refusal(bluesky, maya, Part("", (Media("b", path, "image/jpeg", 1_000_004),)))
    assert (error.category, error.retryable) == (Category.MEDIA_ERROR, False)


def test_a_blob_that_is_gone_is_tried_again(
    bluesky: Bluesky, maya: Account, store: Store, tmp_path: Path
) -> None:
    wanted = item(Part("", (picture(tmp_path),)))
    resume = prepared(bluesky, maya, wanted)
    blobs = store.table("bluesky.blobs")
    for key, _ in blobs.items():
        blobs.pop(key)
    with pytest.raises(NetworkError) as gone:
        bluesky.commit(maya, wanted, resume)
    assert (gone.value.category, gone.value.retryable) == (Category.MEDIA_ERROR, True)


def test_too_many_calls_name_the_moment_to_come_back(
    bluesky: Bluesky, maya: Account, http: httpx.Client
) -> None:
    order(http, "publish", "http_429", retry_after_s=90)
    error = refusal(bluesky, maya, Part("Hi"))
    assert error.category is Category.RATE_LIMITED and error.effect is Effect.NONE
    assert error.retry_at is not None


def test_the_hours_points_are_kept(bluesky: Bluesky, maya: Account, http: httpx.Client) -> None:
    wanted = {"network": "bluesky", "account": "maya", "bucket": "update", "limit": 1}
    http.post(f"{BASE}/_sandbox/limits", json=wanted)
    publish(bluesky, maya, item(Part("One"), "m-1"))
    with pytest.raises(NetworkError) as refused:
        publish(bluesky, maya, item(Part("Two"), "m-2"))
    assert refused.value.category is Category.RATE_LIMITED


def test_a_revoked_session_has_to_be_connected_again(
    bluesky: Bluesky, account: Account, http: httpx.Client
) -> None:
    order(http, "publish", "revoked")
    error = refusal(bluesky, account, Part("Hi"))
    assert (error.category, error.effect) == (Category.AUTH_ERROR, Effect.NONE)
    if error.expired:  # then one refresh tells
        with pytest.raises(NetworkError) as ended:
            bluesky.refresh(account.app, account.tokens, account.server)
        assert ended.value.category is Category.AUTH_ERROR


def test_a_session_without_the_right_to_post_is_told(
    bluesky: Bluesky, maya: Account, store: Store
) -> None:
    app, tokens = signed_in(bluesky)
    grant = store.grants.find("bluesky", "oauth-access", tokens.access)
    assert grant is not None
    grant.scopes = ["atproto"]
    error = refusal(bluesky, replace(maya, tokens=tokens, app=app), Part("Hi"))
    assert (error.code, error.category) == ("ScopeMissingError", Category.AUTH_ERROR)


def test_a_server_in_trouble_leaves_the_outcome_open(
    bluesky: Bluesky, maya: Account, http: httpx.Client
) -> None:
    order(http, "publish", "http_500")
    error = refusal(bluesky, maya, Part("Hi"))
    assert (error.category, error.effect) == (Category.NETWORK_ERROR, Effect.UNKNOWN)


def test_a_mention_is_not_lost_because_a_server_is_away(
    bluesky: Bluesky, maya: Account, http: httpx.Client, store: Store
) -> None:
    order(http, "lookup", "http_429")
    error = refusal(bluesky, maya, Part("Hi @noor.bsky.social"))
    assert error.category is Category.RATE_LIMITED and error.retryable
    order(http, "lookup", "http_500")  # an answer about this handle: it stays plain text
    publish(bluesky, maya, item(Part("Hi @noor.bsky.social")))
    assert the_post(store).extras["facets"] == []


def test_a_file_that_is_gone_is_told(bluesky: Bluesky, maya: Account, tmp_path: Path) -> None:
    photo = picture(tmp_path)
    photo.path.unlink()
    error = refusal(bluesky, maya, Part("", (photo,)))
    assert (error.category, error.retryable) == (Category.MEDIA_ERROR, False)


# Real sockets
def test_a_server_that_hangs_after_accepting_is_left_at_the_deadline(
    socket_config: Config, store: Store
) -> None:
    quick = replace(socket_config, COMMIT_DEADLINE_SECONDS=1.0)
    with egress.client(quick, guarded=True) as http:
        bluesky = Bluesky(http, quick)
        app, tokens = signed_in(bluesky)
        maya = account_of(bluesky, tokens, app)
        wanted = item(Part("Once"))
        resume = prepared(bluesky, maya, wanted)
        wish = {"network": "bluesky", "operation": "publish", "fault": "hang_after_accept"}
        http.post(f"{quick.sandbox_url}/_sandbox/faults", json={**wish, "delay_ms": 3000})
        began = time.monotonic()
        with pytest.raises(NetworkError) as lost:
            bluesky.commit(maya, wanted, resume)
        assert time.monotonic() - began < 2.5
        assert lost.value.effect is Effect.UNKNOWN
        out = bluesky.commit(maya, wanted, resume)
        assert bluesky.probe(maya, wanted, resume, AT, frozenset()).published == out
    assert len(list(store.posts.newest())) == 1


def test_an_address_inside_the_house_is_not_asked(config: Config) -> None:
    closed = replace(config, SANDBOX=False, networks={})
    with egress.client(closed, guarded=True) as http, pytest.raises(NetworkError) as refused:
        Bluesky(http, closed).login("http://127.0.0.1:9", "maya.test", "secret-secret")
    assert refused.value.effect is Effect.NONE
