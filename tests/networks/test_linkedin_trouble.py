"""What goes wrong at LinkedIn: what is known of it, and how an unread outcome is found."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
import time_machine
from werkzeug.serving import BaseWSGIServer

from app import egress
from app.clock import now
from app.config import Config
from app.networks import linkedin_errors
from app.networks.base import Account, Category, Effect, NetworkError, Probe, Verdict
from app.networks.linkedin import LinkedIn
from app.networks.wire import Answer
from app.sandbox import line
from app.sandbox.store import Store
from tests.networks.linkedin_helpers import (
    Counted,
    item,
    member,
    page,
    picture,
    prepared,
    publish,
    repeat,
    settings,
    video,
)

SELF_SERVE = ["openid", "profile", "email", "w_member_social"]


@pytest.fixture
def wire(sandbox: Any) -> Counted:
    return Counted(sandbox)


@pytest.fixture
def linkedin(wire: Counted, config: Config, monkeypatch: pytest.MonkeyPatch) -> Iterator[LinkedIn]:
    monkeypatch.setattr("app.sandbox.linkedin.media.VIDEO_SECONDS", 0.0)
    monkeypatch.setattr("app.sandbox.linkedin.media.PIECE", 90_000)
    with httpx.Client(transport=wire) as client:
        made = LinkedIn(client, settings(config, LINKEDIN_ORGANIZATIONS=True))
        made.sleep = lambda seconds: None
        yield made


@pytest.fixture
def alice(linkedin: LinkedIn, store: Store) -> Account:
    """A member as most are: the token writes, and reads nothing."""
    store.accounts.get("linkedin", "alice").extras["scopes"] = SELF_SERVE
    return member(linkedin)


@pytest.fixture
def works(linkedin: LinkedIn, wire: Counted) -> Account:
    found = page(linkedin, "bob")
    wire.calls.clear()
    return found


def lost(
    linkedin: LinkedIn, account: Account, one: Any, store: Store, fault: str
) -> dict[str, Any]:
    """Prepare and commit under a fault that leaves the outcome unread; the resume."""
    resume = prepared(linkedin, account, one)
    store.faults.order({"network": "linkedin", "operation": "publish", "fault": fault})
    with pytest.raises(NetworkError) as told:
        linkedin.commit(account, one, resume)
    assert told.value.effect is not Effect.NONE
    return resume


def posts(store: Store) -> list[str]:
    return [post.id for post in store.posts.newest(network="linkedin")]


# A cut commit


@pytest.mark.parametrize("kind", ["text", "pictures", "video", "link"])
def test_a_repeat_of_a_cut_commit_is_answered_with_the_post_that_is_out(
    linkedin: LinkedIn, alice: Account, store: Store, wire: Counted, tmp_path: Path, kind: str
) -> None:
    media = {
        "pictures": (picture(tmp_path), picture(tmp_path)),
        "video": (video(tmp_path),),
    }.get(kind, ())
    options: dict[str, Any] = {"articleTitle": "Mine"} if kind == "link" else {}
    one = item("Read https://a.com", *media, **options)
    resume = lost(linkedin, alice, one, store, "http_500_after_accept")
    (made,) = posts(store)
    assert linkedin.probe_by(alice, 60.0) is Probe.KEY
    found = linkedin.commit(alice, repeat(one), json.loads(json.dumps(resume)))
    assert (found.external_id, posts(store)) == (made, [made])
    assert found.url == next(store.posts.newest()).url
    first, second = wire.bodies
    assert first == second


def test_a_repeat_of_what_was_not_executed_makes_the_post(
    linkedin: LinkedIn, alice: Account, store: Store
) -> None:
    one = item("Never there")
    resume = lost(linkedin, alice, one, store, "http_500")
    found = linkedin.commit(alice, repeat(one), resume)
    assert posts(store) == [found.external_id]


def test_an_answer_without_the_id_is_asked_about_by_a_repeat(
    linkedin: LinkedIn, alice: Account, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = item("Where is it")
    with monkeypatch.context() as patched:
        patched.setattr(
            "app.sandbox.linkedin.posts.say", lambda body, status, **headers: ("", status)
        )
        with pytest.raises(NetworkError) as told:
            linkedin.commit(alice, one, {})
    assert told.value.effect is Effect.DONE
    assert linkedin.commit(alice, repeat(one), {}).external_id == posts(store)[0]


def test_a_first_attempt_that_is_a_duplicate_is_one(
    linkedin: LinkedIn, alice: Account, store: Store
) -> None:
    before = publish(linkedin, alice, item("Again"))
    with pytest.raises(linkedin_errors.Duplicate) as told:
        publish(linkedin, alice, item("Again"))
    error = told.value
    assert (error.category, error.effect, error.retryable) == (
        Category.DUPLICATE, Effect.NONE, False,
    )  # fmt: skip
    assert error.named == before.external_id


def test_a_post_of_another_target_is_not_taken_for_this_one(
    linkedin: LinkedIn, alice: Account, store: Store
) -> None:
    before = publish(linkedin, alice, item("Again"))
    with pytest.raises(NetworkError) as told:
        linkedin.commit(alice, repeat(item("Again"), before.external_id), {})
    assert told.value.category is Category.DUPLICATE


def test_a_ghost_is_not_taken_for_the_post(
    linkedin: LinkedIn, works: Account, store: Store
) -> None:
    one = item("Ghost")
    lost(linkedin, works, one, store, "http_500_after_accept")
    store.accounts.get("linkedin", "bob").extras["ghosts"] = True
    with pytest.raises(NetworkError) as told:
        linkedin.commit(works, repeat(one), {})
    assert told.value.category is Category.DUPLICATE
    store.accounts.get("linkedin", "bob").extras["ghosts"] = False
    assert linkedin.commit(works, repeat(one), {}).external_id == posts(store)[0]


@pytest.mark.parametrize("fault", ["version", "media"])
def test_a_refusal_that_is_new_says_nothing_about_the_first_call(
    linkedin: LinkedIn, alice: Account, store: Store, config: Config, tmp_path: Path, fault: str
) -> None:
    one = item("Out already", picture(tmp_path))
    resume = lost(linkedin, alice, one, store, "http_500_after_accept")
    if fault == "version":
        linkedin.config = replace(linkedin.config, LINKEDIN_API_VERSION="202401")
    else:
        store.table("linkedin.media").pop(resume["content"]["media"]["id"])
    with pytest.raises(NetworkError) as told:
        linkedin.commit(alice, repeat(one), resume)
    assert told.value.effect is Effect.UNKNOWN


def test_what_the_content_was_refused_for_was_refused_before(
    linkedin: LinkedIn, alice: Account
) -> None:
    with pytest.raises(NetworkError) as told:
        linkedin.commit(alice, repeat(item("x" * 3001)), {})
    assert (told.value.category, told.value.effect, told.value.status) == (
        Category.VALIDATION, Effect.NONE, 400,
    )  # fmt: skip


def test_the_way_to_ask_is_what_is_true(linkedin: LinkedIn, alice: Account, works: Account) -> None:
    assert linkedin.probe_by(alice, 11 * 3600.0) is Probe.KEY
    assert linkedin.probe_by(alice, 13 * 3600.0) is Probe.NONE
    assert linkedin.probe_by(works, 0.0) is linkedin.probe_by(works, 1e6) is Probe.LISTING


def test_a_pages_post_is_found_in_its_list_by_text_and_files(
    linkedin: LinkedIn, works: Account, store: Store, tmp_path: Path
) -> None:
    publish(linkedin, works, item("Same words", picture(tmp_path)))
    one = item("Same words", picture(tmp_path))
    resume = prepared(linkedin, works, one)
    assert linkedin.probe(works, one, resume, one.at, frozenset()).verdict is Verdict.ABSENT
    resume = lost(linkedin, works, one, store, "http_500_after_accept")
    found = linkedin.probe(works, one, resume, one.at, frozenset())
    assert found.published is not None and found.published.external_id == posts(store)[0]


def test_a_text_with_signs_is_found_and_old_or_known_ones_are_not(
    linkedin: LinkedIn, works: Account, store: Store
) -> None:
    one = item("50% (off) #sale_now with @[Acme](urn:li:organization:1)")
    resume = lost(linkedin, works, one, store, "http_500_after_accept")
    found = linkedin.probe(works, one, resume, one.at, frozenset())
    assert found.published is not None and [found.published.external_id] == posts(store)
    known = frozenset(posts(store))
    assert linkedin.probe(works, one, resume, one.at, known).verdict is Verdict.ABSENT
    later = one.at + timedelta(seconds=70)
    assert linkedin.probe(works, one, {}, later, frozenset()).verdict is Verdict.ABSENT


def test_a_later_attempt_looks_back_to_the_first(
    linkedin: LinkedIn, works: Account, store: Store
) -> None:
    one = item("Listed late")
    resume = lost(linkedin, works, one, store, "http_500_after_accept")
    with time_machine.travel(now() + timedelta(minutes=30)):
        again = item("Listed late")
        for step in linkedin.prepare(works, again, resume):
            resume = step
        with pytest.raises(linkedin_errors.Duplicate):
            linkedin.commit(works, again, resume)
        found = linkedin.probe(works, again, resume, again.at, frozenset())
    assert found.published is not None and [found.published.external_id] == posts(store)


def test_two_that_look_alike_are_for_a_person(
    linkedin: LinkedIn, works: Account, store: Store
) -> None:
    one = item("Twins")
    linkedin.commit(works, one, {})
    with time_machine.travel(now() + timedelta(hours=25)):
        linkedin.commit(works, one, {})
    assert linkedin.probe(works, one, {}, one.at, frozenset()).verdict is Verdict.UNSURE


def test_reading_goes_back_past_the_beginning_by_pages(
    linkedin: LinkedIn, works: Account, store: Store
) -> None:
    store.limits.set_limit("linkedin", "*", "*", None)
    one = item("The first of many")
    made = publish(linkedin, works, one)
    for number in range(45):
        publish(linkedin, works, item(f"Later {number}"))
    found = linkedin.probe(works, one, {}, one.at, frozenset())
    assert found.published == made


def test_a_list_that_is_not_shown_says_nothing(linkedin: LinkedIn, alice: Account) -> None:
    one = item("Hello")
    assert linkedin.probe(alice, one, {}, one.at, frozenset()).verdict is Verdict.UNSURE


def test_a_comment_is_looked_for_and_never_sent_twice(
    linkedin: LinkedIn, works: Account, alice: Account, store: Store
) -> None:
    one = item("More", parent=publish(linkedin, works, item("The post")))
    assert linkedin.probe(works, one, {}, one.at, frozenset()).verdict is Verdict.ABSENT
    lost(linkedin, works, one, store, "http_500_after_accept")
    found = linkedin.probe(works, one, {}, one.at, frozenset())
    assert found.published is not None and found.published.external_id == posts(store)[0]
    assert linkedin.commit(works, repeat(one), {}) == found.published
    blind = item("More", parent=publish(linkedin, alice, item("Hers")))
    lost(linkedin, alice, blind, store, "http_500_after_accept")
    count = len(posts(store))
    with pytest.raises(NetworkError) as told:
        linkedin.commit(alice, repeat(blind), {})
    assert (told.value.category, told.value.effect) == (Category.UNKNOWN, Effect.UNKNOWN)
    assert len(posts(store)) == count


# What is known after trouble


@pytest.mark.parametrize(
    ("fault", "category", "effect", "posted"),
    [
        ("http_500", Category.UNKNOWN, Effect.UNKNOWN, 0),
        ("http_500_after_accept", Category.UNKNOWN, Effect.UNKNOWN, 1),
        ("http_429", Category.RATE_LIMITED, Effect.NONE, 0),
        ("revoked", Category.AUTH_ERROR, Effect.NONE, 0),
        ("duplicate", Category.DUPLICATE, Effect.NONE, 0),
        ("processing", Category.MEDIA_PROCESSING, Effect.NONE, 0),
    ],
)
def test_what_is_known_after_trouble_is_what_happened(
    linkedin: LinkedIn, alice: Account, store: Store,
    fault: str, category: Category, effect: Effect, posted: int,
) -> None:  # fmt: skip
    store.faults.order({"network": "linkedin", "operation": "publish", "fault": fault})
    with pytest.raises(NetworkError) as told:
        publish(linkedin, alice, item("Hello"))
    error = told.value
    assert (error.category, error.effect) == (category, effect)
    assert error.expired is (fault == "revoked")
    assert len(posts(store)) == posted
    if fault == "http_429":
        assert error.retry_at is not None
        assert timedelta(seconds=10) < error.retry_at - now() <= timedelta(seconds=16)


def test_the_days_limit_is_over_at_midnight_utc(
    linkedin: LinkedIn, alice: Account, store: Store
) -> None:
    store.limits.set_limit("linkedin", "alice", "member", 1)
    publish(linkedin, alice, item("One"))
    with pytest.raises(NetworkError) as told:
        publish(linkedin, alice, item("Two"))
    at = told.value.retry_at
    assert at is not None and at > now()
    assert (at.astimezone(UTC).hour, at.astimezone(UTC).minute) == (0, 0)


def test_an_ended_version_is_the_operators_and_no_posts_fault(
    linkedin: LinkedIn, alice: Account
) -> None:
    linkedin.config = replace(linkedin.config, LINKEDIN_API_VERSION="202401")
    with pytest.raises(NetworkError, match="operator has to raise LINKEDIN_API_VERSION") as told:
        publish(linkedin, alice, item("Hello"))
    error = told.value
    assert (error.category, error.effect, error.retryable, error.status) == (
        Category.VALIDATION, Effect.NONE, False, 426,
    )  # fmt: skip


def answer(status: int, body: Any = None, **headers: str) -> Answer:
    data = body.encode() if isinstance(body, str) else json.dumps(body or {}).encode()
    return Answer(status, {k.replace("_", "-"): v for k, v in headers.items()}, data)


def wrong(status: int, code: str = "", message: str = "M", inputs: str = "") -> Answer:
    body: dict[str, Any] = {"message": message, "status": status}
    if code:
        body["code"] = code
    if inputs:
        body["errorDetails"] = {"inputErrors": [{"code": inputs, "description": "D"}]}
    return answer(status, body)


@pytest.mark.parametrize(
    ("found", "category"),
    [
        (wrong(400, inputs="MISSING_FIELD"), Category.VALIDATION),
        (wrong(400, "FIELD_LENGTH_TOO_LONG"), Category.VALIDATION),
        (wrong(400, "VERSION_MISSING"), Category.VALIDATION),
        (wrong(422, inputs="INVALID_URN_ID"), Category.VALIDATION),
        (wrong(404, "RESOURCE_NOT_FOUND"), Category.VALIDATION),
        (wrong(400, "MEDIA_ASSET_WAITING_UPLOAD"), Category.MEDIA_PROCESSING),
        (wrong(400, message="The asset is still processing"), Category.MEDIA_PROCESSING),
        (wrong(400, inputs="MEDIA_ASSET_PROCESSING_FAILED"), Category.MEDIA_ERROR),
        (wrong(400, inputs="INVALID_VIDEO_ID"), Category.MEDIA_ERROR),
        (wrong(401), Category.AUTH_ERROR),
        (answer(401, "<html>"), Category.AUTH_ERROR),
        (wrong(403, "ACCESS_DENIED"), Category.AUTH_ERROR),
        (wrong(429), Category.RATE_LIMITED),
        (wrong(422, inputs="DUPLICATE_POST"), Category.DUPLICATE),
        (wrong(400, message="Content is a duplicate of urn:li:share:7"), Category.DUPLICATE),
    ],
)
def test_a_listed_refusal_means_that_nothing_was_posted(found: Answer, category: Category) -> None:
    error = linkedin_errors.created(found)
    assert error is not None
    assert (error.category, error.effect) == (category, Effect.NONE)
    assert error.expired is (found.status == 401) and error.message


@pytest.mark.parametrize(
    "found",
    [
        answer(500, "oops"), wrong(503), answer(502, "<html>"), answer(400, "<html>"),
        answer(403, "<html>blocked by a proxy"), answer(404, "<html>"), answer(302, ""),
    ],
)  # fmt: skip
def test_anything_else_stays_unknown(found: Answer) -> None:
    assert linkedin_errors.created(found) is None


def test_a_conflict_is_looked_at_before_anything_is_sent_again() -> None:
    error = linkedin_errors.created(wrong(409, "CONFLICT"))
    assert error is not None
    assert (error.category, error.effect) == (Category.NETWORK_ERROR, Effect.UNKNOWN)


def test_a_wait_that_is_not_told_is_a_quarter_of_an_hour() -> None:
    with time_machine.travel("2026-05-01T12:00:00Z", tick=False):
        error = linkedin_errors.created(wrong(429))
        assert error is not None and error.retry_at == now() + timedelta(minutes=15)


# Sockets


@pytest.mark.parametrize(
    ("fault", "effect", "posted"),
    [
        ("timeout", Effect.UNKNOWN, 0),
        ("hang_after_accept", Effect.UNKNOWN, 1),
        ("reset_after_accept", Effect.UNKNOWN, 1),
    ],
)
def test_silence_is_not_guessed_at(
    server: BaseWSGIServer, socket_config: Config, store: Store,
    fault: str, effect: Effect, posted: int,
) -> None:  # fmt: skip
    store.accounts.get("linkedin", "alice").extras["scopes"] = SELF_SERVE
    with egress.client(socket_config, guarded=False) as client:
        linkedin = LinkedIn(client, socket_config)
        alice, one = member(linkedin), item("Trouble")
        store.faults.order({"network": "linkedin", "operation": "publish", "fault": fault})
        start = time.monotonic()
        with pytest.raises(NetworkError) as told, egress.bounded(0.7, first_byte_within=0.7):
            linkedin.commit(alice, one, {})
        assert time.monotonic() - start < 1.4
        assert told.value.effect is effect and len(posts(store)) == posted
        line.closing.set()
        found = linkedin.commit(alice, repeat(one), {})
        assert posts(store) == [found.external_id]
        line.closing.clear()
