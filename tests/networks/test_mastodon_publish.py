"""Publishing: uploads that resume, one status per marker, finding it again (§2, §3, §6)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
import time_machine

from app import egress
from app.clock import now
from app.config import Config
from app.networks.base import (
    Account,
    Category,
    Effect,
    Metrics,
    NetworkError,
    Probe,
    Published,
    Verdict,
)
from app.networks.mastodon import Mastodon
from app.sandbox.records import Post
from app.sandbox.store import Store
from tests.networks.mastodon_helpers import (
    Canned,
    account_at,
    connected,
    fault,
    film,
    item,
    picture,
    posts,
    publish,
)

NONE: frozenset[str] = frozenset()


@pytest.fixture
def naps() -> list[float]:
    return []


@pytest.fixture
def client(http: httpx.Client, config: Config, naps: list[float]) -> Mastodon:
    """Its waits are noted, and move no clock."""
    made = Mastodon(http, config)
    made.sleep = naps.append
    return made


@pytest.fixture
def ana(client: Mastodon) -> Account:
    return connected(client)


def steps(client: Mastodon, who: Account, thing: Any, resume: dict[str, Any]) -> list[Any]:
    return list(client.prepare(who, thing, resume))


# The status


def test_a_post_is_published_with_its_link(client: Mastodon, ana: Account) -> None:
    made = publish(client, ana, item("Hello https://example.com @bob #tag"))
    (post,) = posts(client.http)
    assert (post["id"], post["text"]) == (made.external_id, "Hello https://example.com @bob #tag")
    assert made.url == f"http://127.0.0.1:8090/mastodon/@ana/{made.external_id}"
    assert made.extras["visibility"] == "public"
    assert made.extras["uri"].endswith(f"/users/ana/statuses/{made.external_id}")
    assert client.http.get(made.url).status_code == 200


def test_the_same_marker_makes_one_post(client: Mastodon, ana: Account) -> None:
    thing = item("Once")
    first, second = publish(client, ana, thing), publish(client, ana, thing)
    assert first == second
    assert len(posts(client.http)) == 1
    assert posts(client.http)[0]["extras"]["key"] == thing.marker
    assert publish(client, ana, item("Once")) != first


def test_pictures_go_up_with_their_descriptions(
    client: Mastodon, ana: Account, tmp_path: Path
) -> None:
    one, two = picture(tmp_path, name="one", alt="Tea"), picture(tmp_path, name="two")
    publish(client, ana, item("", one, two))
    (post,) = posts(client.http)
    assert [(m["mime"], m["alt"]) for m in post["media"]] == [
        ("image/png", "Tea"),
        ("image/png", ""),
    ]
    assert client.http.get(post["media"][0]["url"]).content == one.path.read_bytes()


def test_a_thread_is_public_first_and_unlisted_after(client: Mastodon, ana: Account) -> None:
    first = publish(client, ana, item("1/3"))
    second = publish(client, ana, item("2/3", parent=first, root=first))
    third = publish(client, ana, item("3/3", parent=second, root=first))
    shown = {post["id"]: post for post in posts(client.http)}
    assert shown[second.external_id]["parent"] == first.external_id
    assert shown[third.external_id]["parent"] == second.external_id
    assert [shown[p.external_id]["extras"]["visibility"] for p in (first, second, third)] == [
        "public", "unlisted", "unlisted",
    ]  # fmt: skip


@pytest.mark.parametrize("chosen", ["unlisted", "private", "direct"])
def test_a_chosen_visibility_holds_for_the_whole_thread(
    client: Mastodon, ana: Account, chosen: str
) -> None:
    first = publish(client, ana, item("1", options={"visibility": chosen}))
    publish(client, ana, item("2", parent=first, root=first, options={"visibility": chosen}))
    assert {p["extras"]["visibility"] for p in posts(client.http)} == {chosen}


def test_with_none_chosen_the_accounts_own_default_holds(
    client: Mastodon, ana: Account, store: Store
) -> None:
    store.accounts.get("mastodon", "ana").extras["privacy"] = "private"
    first = publish(client, ana, item("1"))
    second = publish(client, ana, item("2", parent=first, root=first))
    assert (first.extras["visibility"], second.extras["visibility"]) == ("private", "private")


def test_warning_language_and_sensitivity_are_passed_on(client: Mastodon, ana: Account) -> None:
    options = {"spoiler_text": "Food", "language": "de", "sensitive": True}
    publish(client, ana, item("Kuchen", options=options))
    extras = posts(client.http)[0]["extras"]
    assert (extras["spoiler_text"], extras["language"], extras["sensitive"]) == ("Food", "de", True)


def test_what_is_sent_is_what_the_document_says(config: Config) -> None:
    said = {"id": "9", "url": "https://m.example/@ana/9", "uri": "u", "visibility": "public"}
    canned = Canned({"POST /api/v1/statuses": (200, {}, said)})
    thing = item("  Hi \r\n", options={"visibility": "public"})
    Mastodon(canned.http(), config).commit(account_at(), thing, {})
    ((_, body, headers),) = canned.asked
    assert json.loads(body) == {"status": "Hi", "visibility": "public"}
    assert headers["idempotency_key"] == thing.marker
    assert headers["accept_language"] == "en"
    assert headers["authorization"] == "Bearer secret-token"


# Media, step by step


def test_each_step_can_be_resumed(
    client: Mastodon, ana: Account, tmp_path: Path, store: Store
) -> None:
    thing = item("Two", picture(tmp_path, name="one"), picture(tmp_path, name="two"))
    first, second = steps(client, ana, thing, {})
    assert list(first["media"]) == ["one"]
    again = steps(client, ana, thing, json.loads(json.dumps(first)))
    assert again[-1]["media"]["one"]["id"] == second["media"]["one"]["id"]
    assert len(store.table("mastodon.media").items()) == 3  # "two" went up twice, "one" once
    client.commit(ana, thing, again[-1])
    assert len(posts(client.http)[0]["media"]) == 2


def test_finished_uploads_are_only_looked_at(
    client: Mastodon, ana: Account, tmp_path: Path, store: Store
) -> None:
    thing = item("One", picture(tmp_path))
    resume = steps(client, ana, thing, {})[-1]
    again = steps(client, ana, thing, resume)
    assert again[-1] == resume
    assert len(store.table("mastodon.media").items()) == 1


def test_a_file_the_server_forgot_goes_up_again(
    client: Mastodon, ana: Account, tmp_path: Path
) -> None:
    thing = item("One", picture(tmp_path))
    with time_machine.travel(now() - timedelta(hours=25)):
        resume = steps(client, ana, thing, {})[-1]
    again = steps(client, ana, thing, resume)
    assert [step["media"]["a"]["ready"] for step in again] == [False, True]
    assert again[-1]["media"]["a"]["id"] not in ("", resume["media"]["a"]["id"])
    assert client.commit(ana, thing, again[-1]).external_id


def test_steps_do_not_change_what_was_handed_out(
    client: Mastodon, ana: Account, tmp_path: Path
) -> None:
    thing = item("Two", picture(tmp_path, name="one"), picture(tmp_path, name="two"))
    given: dict[str, Any] = {"media": {}, "other": 1}
    found = steps(client, ana, thing, given)
    assert given == {"media": {}, "other": 1}
    assert list(found[0]["media"]) == ["one"]
    assert found[-1]["other"] == 1


def test_a_video_is_waited_for(
    client: Mastodon, ana: Account, tmp_path: Path, naps: list[float]
) -> None:
    start = now()
    with time_machine.travel(start, tick=False) as clock:

        def nap(seconds: float) -> None:
            naps.append(seconds)
            clock.shift(seconds)

        client.sleep = nap
        thing = item("Film", film(tmp_path))
        found = steps(client, ana, thing, {})
        assert [step["media"]["film"]["ready"] for step in found] == [False, True]
        assert found[-1]["media"]["film"]["late"]
        assert naps == [1.0]
        client.commit(ana, thing, found[-1])
    assert posts(client.http)[0]["media"][0]["mime"] == "video/mp4"


def test_waiting_ends_and_is_taken_up_later(
    client: Mastodon, ana: Account, tmp_path: Path, naps: list[float], store: Store
) -> None:
    fault(client.http, "upload", "processing")
    thing, found = item("Slow", picture(tmp_path)), []
    with pytest.raises(NetworkError) as caught:
        for step in client.prepare(ana, thing, {}):
            found.append(step)
    error = caught.value
    assert (error.category, error.effect) == (Category.MEDIA_PROCESSING, Effect.NONE)
    assert error.retryable
    assert 10 < sum(naps) < 60
    with time_machine.travel(now() + timedelta(seconds=10)):
        later = steps(client, ana, thing, found[-1])
        assert later[-1]["media"]["a"]["ready"]
        client.commit(ana, thing, later[-1])
    assert len(store.table("mastodon.media").items()) == 1


def test_waiting_stops_before_the_deadline_around_it(
    client: Mastodon, ana: Account, tmp_path: Path, naps: list[float]
) -> None:
    fault(client.http, "upload", "processing")
    with egress.bounded(1.5), pytest.raises(NetworkError) as caught:
        steps(client, ana, item("Slow", picture(tmp_path)), {})
    assert caught.value.category is Category.MEDIA_PROCESSING
    assert naps == []


def test_a_file_that_failed_to_process_is_an_error_and_forgotten(
    client: Mastodon, ana: Account, tmp_path: Path, store: Store
) -> None:
    fault(client.http, "upload", "processing")
    found: list[Any] = []

    def fail(seconds: float) -> None:
        ((number, row),) = store.table("mastodon.media").items()
        store.table("mastodon.media").put(number, {**row, "failed": True})

    client.sleep = fail
    with pytest.raises(NetworkError) as caught:
        for step in client.prepare(ana, item("x", picture(tmp_path)), {}):
            found.append(step)
    assert (caught.value.category, caught.value.retryable) == (Category.MEDIA_ERROR, False)
    assert found[-1]["media"]["a"]["id"] == ""


def test_a_broken_off_upload_is_tried_once_more(
    client: Mastodon, ana: Account, tmp_path: Path
) -> None:
    fault(client.http, "upload", "http_500")
    found = steps(client, ana, item("x", picture(tmp_path)), {})
    assert found[-1]["media"]["a"]["ready"]
    assert found[-1]["media"]["a"]["failures"] == 1


def test_but_not_for_ever(client: Mastodon, ana: Account, tmp_path: Path) -> None:
    fault(client.http, "upload", "http_500", times=9)
    with pytest.raises(NetworkError) as caught:
        steps(client, ana, item("x", picture(tmp_path)), {})
    error = caught.value
    assert (error.category, error.code, error.retryable) == (
        Category.MEDIA_ERROR, "media_failed", False,
    )  # fmt: skip
    left = client.http.get("http://127.0.0.1:8090/_sandbox/faults").json()["faults"]
    assert left[0]["times"] == 7


def test_a_file_that_left_the_library_is_said_so(
    client: Mastodon, ana: Account, tmp_path: Path
) -> None:
    thing = picture(tmp_path)
    thing.path.unlink()
    with pytest.raises(NetworkError) as caught:
        steps(client, ana, item("x", thing), {})
    assert (caught.value.category, caught.value.code) == (Category.MEDIA_ERROR, "media_missing")


def test_nothing_is_committed_before_the_uploads(
    client: Mastodon, ana: Account, tmp_path: Path
) -> None:
    with pytest.raises(NetworkError) as caught:
        client.commit(ana, item("x", picture(tmp_path)), {})
    assert caught.value.code == "media_not_uploaded"
    assert posts(client.http) == []


def test_a_text_alone_needs_no_step(client: Mastodon, ana: Account) -> None:
    assert steps(client, ana, item("x"), {}) == []


# An outcome nobody read


@pytest.mark.parametrize(
    ("age", "how"),
    [
        (0, Probe.LISTING), (29.9, Probe.LISTING), (30, Probe.KEY), (3299, Probe.KEY),
        (3300, Probe.LISTING), (90_000, Probe.LISTING),
    ],
)  # fmt: skip
def test_a_genuine_server_is_asked_by_key_while_it_keeps_it(
    client: Mastodon, ana: Account, age: float, how: Probe
) -> None:
    assert client.probe_by(ana, age) is how


@pytest.mark.parametrize("software", ["pleroma", "other", None])
def test_other_servers_are_only_read(client: Mastodon, ana: Account, software: str | None) -> None:
    other = replace(ana, extras={**ana.extras, "software": software})
    assert {client.probe_by(other, age) for age in (0, 60, 4000)} == {Probe.LISTING}


def test_a_key_is_kept_for_an_hour(client: Mastodon, ana: Account) -> None:
    thing, begun = item("Once"), now()
    with time_machine.travel(begun):
        first = publish(client, ana, thing)
    with time_machine.travel(begun + timedelta(minutes=55)):
        assert publish(client, ana, thing) == first
    with time_machine.travel(begun + timedelta(minutes=61)):
        assert publish(client, ana, thing) != first


@pytest.mark.parametrize(
    "kind", ["http_500_after_accept", "invalid_json", "hang_after_accept", "half_answer"]
)
def test_what_was_done_unseen_is_found_again(
    client: Mastodon, ana: Account, tmp_path: Path, kind: str
) -> None:
    thing = item(
        "Sale & more: https://example.com/a/very/long/path/that/goes/on\n\n@bob@x.org #tag",
        picture(tmp_path),
    )
    resume = steps(client, ana, thing, {})[-1]
    fault(client.http, "publish", kind, delay_ms=1)
    since = now()
    with pytest.raises(NetworkError) as caught:
        client.commit(ana, thing, resume)
    assert caught.value.effect in (Effect.UNKNOWN, Effect.DONE)
    found = client.probe(ana, thing, resume, since, NONE)
    (post,) = posts(client.http)
    assert found.verdict is Verdict.PUBLISHED
    assert found.published is not None
    assert (found.published.external_id, found.published.url) == (post["id"], post["url"])
    assert client.commit(ana, thing, resume).external_id == post["id"]
    assert len(posts(client.http)) == 1


@pytest.mark.parametrize("kind", ["http_500", "timeout", "reset"])
def test_what_was_not_done_is_absent(client: Mastodon, ana: Account, kind: str) -> None:
    thing, since = item("Not there"), now()
    fault(client.http, "publish", kind, delay_ms=1)
    with pytest.raises(NetworkError) as caught:
        client.commit(ana, thing, {})
    assert caught.value.effect is Effect.UNKNOWN
    assert client.probe(ana, thing, {}, since, NONE).verdict is Verdict.ABSENT


def test_ids_of_other_targets_do_not_count(client: Mastodon, ana: Account) -> None:
    made = publish(client, ana, item("Twin"))
    found = client.probe(ana, item("Twin"), {}, now(), frozenset({made.external_id}))
    assert found.verdict is Verdict.ABSENT


def test_two_that_look_alike_are_for_a_person(client: Mastodon, ana: Account) -> None:
    publish(client, ana, item("Twin"))
    publish(client, ana, item("Twin"))
    found = client.probe(ana, item("Twin"), {}, now(), NONE)
    assert (found.verdict, found.published) == (Verdict.UNSURE, None)


def test_an_earlier_post_is_not_this_one(client: Mastodon, ana: Account) -> None:
    publish(client, ana, item("Good morning"))
    later = now() + timedelta(seconds=61)
    assert client.probe(ana, item("Good morning"), {}, later, NONE).verdict is Verdict.ABSENT
    within = now() + timedelta(seconds=50)
    assert client.probe(ana, item("Good morning"), {}, within, NONE).verdict is Verdict.PUBLISHED


def test_another_place_in_a_thread_is_another_post(client: Mastodon, ana: Account) -> None:
    first = publish(client, ana, item("Same"))
    reply = item("Same", parent=first, root=first)
    assert client.probe(ana, reply, {}, now(), NONE).verdict is Verdict.ABSENT
    second = publish(client, ana, reply)
    found = client.probe(ana, reply, {}, now(), NONE)
    assert found.published is not None
    assert found.published.external_id == second.external_id


def test_other_files_make_another_post(client: Mastodon, ana: Account, tmp_path: Path) -> None:
    publish(client, ana, item("Same"))
    with_file = item("Same", picture(tmp_path))
    assert client.probe(ana, with_file, {}, now(), NONE).verdict is Verdict.ABSENT


def test_ours_in_nearly_the_same_words_is_for_a_person(config: Config) -> None:
    status = {
        "id": "5", "created_at": now().isoformat(), "in_reply_to_id": None,
        "content": "<p>Our big sale begins today at nine o’clock sharp</p>",
        "media_attachments": [], "application": {"name": "Carillon"},
    }  # fmt: skip
    thing = item("Our big sale begins today at nine o'clock sharp")
    pages = [[status], []]
    canned = Canned(lambda line: (200, {}, pages.pop(0)))
    found = Mastodon(canned.http(), config).probe(account_at(), thing, {}, now(), NONE)
    assert found.verdict is Verdict.UNSURE
    by_hand = [[{**status, "application": {"name": "Web"}}], []]
    canned = Canned(lambda line: (200, {}, by_hand.pop(0)))
    found = Mastodon(canned.http(), config).probe(account_at(), thing, {}, now(), NONE)
    assert found.verdict is Verdict.ABSENT


def test_the_list_is_read_back_past_the_moment(
    client: Mastodon, ana: Account, store: Store
) -> None:
    store.limits.set_limit("mastodon", "*", "*", None)
    thing, since = item("The one"), now()
    made = publish(client, ana, thing)
    for number in range(90):
        publish(client, ana, item(f"Another {number}"))
    found = client.probe(ana, thing, {}, since, NONE)
    assert found.published is not None
    assert found.published.external_id == made.external_id
    gone = client.probe(ana, item("Never"), {}, since, NONE)
    assert gone.verdict is Verdict.ABSENT


def test_a_list_without_end_cannot_say(config: Config) -> None:
    count = iter(range(10**6, 0, -1))

    def endless(line: str) -> Any:
        status = {"created_at": now().isoformat(), "content": "", "media_attachments": []}
        return 200, {}, [{**status, "id": str(next(count))} for _ in range(40)]

    canned = Canned(endless)
    found = Mastodon(canned.http(), config).probe(account_at(), item("x"), {}, now(), NONE)
    assert found.verdict is Verdict.UNSURE
    assert len(canned.asked) == 25
    assert "max_id=" in canned.asked[1][2]["query"]


@pytest.mark.parametrize("said", ["<html>", {"error": "x"}, ["x"]])
def test_a_list_that_cannot_be_read_says_nothing(config: Config, said: Any) -> None:
    canned = Canned(lambda line: (200, {}, said))
    with pytest.raises(NetworkError):
        Mastodon(canned.http(), config).probe(account_at(), item("x"), {}, now(), NONE)


# Afterwards


def test_a_post_is_taken_down_once_and_for_all(client: Mastodon, ana: Account) -> None:
    made = publish(client, ana, item("Oops"))
    client.delete(ana, made)
    assert posts(client.http)[0]["deleted"]
    client.delete(ana, made)
    client.delete(ana, Published("123"))


def test_a_failed_delete_is_told(client: Mastodon, ana: Account) -> None:
    made = publish(client, ana, item("Oops"))
    for kind, category in (
        ("http_500", Category.UNKNOWN), ("http_429", Category.RATE_LIMITED),
        ("revoked", Category.AUTH_ERROR),
    ):  # fmt: skip
        fault(client.http, "delete", kind)
        with pytest.raises(NetworkError) as caught:
            client.delete(ana, made)
        assert caught.value.category is category


def test_an_id_cannot_leave_its_path(config: Config) -> None:
    canned = Canned(lambda line: (404, {}, {"error": "no"}))
    Mastodon(canned.http(), config).delete(account_at(), Published("../accounts/1?x"))
    assert canned.asked[0][0] == "DELETE /api/v1/statuses/../accounts/1?x"  # as sent: quoted
    assert canned.asked[0][2]["query"] == ""


def counted(store: Store, made: Published, **counts: int) -> None:
    post = store.posts.get("mastodon", made.external_id)
    assert isinstance(post, Post)
    post.extras["counts"] = counts


def test_counts_are_read_twenty_at_a_time(client: Mastodon, ana: Account, store: Store) -> None:
    made = [publish(client, ana, item(str(n))) for n in range(23)]
    counted(store, made[0], likes=4, shares=3, comments=2, quotes=1)
    client.delete(ana, made[1])
    asked: list[str] = []
    client.http.event_hooks["request"] = [lambda request: asked.append(str(request.url))]
    found = client.metrics(ana, [p.external_id for p in made])
    assert found[made[0].external_id] == Metrics(likes=4, shares=3, comments=2, quotes=1)
    assert found[made[1].external_id] == Metrics(gone=True)
    assert found[made[22].external_id].impressions is None
    assert (len(found), len(asked)) == (23, 2)


def test_older_servers_are_asked_one_by_one(client: Mastodon, ana: Account, store: Store) -> None:
    made = [publish(client, ana, item(str(n))) for n in range(2)]
    counted(store, made[0], likes=4, shares=3, comments=2, quotes=1)
    client.delete(ana, made[1])
    older = replace(ana, extras={**ana.extras, "version": "4.2.9"})
    found = client.metrics(older, [p.external_id for p in made])
    assert found[made[0].external_id].likes == 4
    assert found[made[1].external_id].gone


def test_a_count_the_server_does_not_tell_is_none(config: Config) -> None:
    said = [{"id": "1", "favourites_count": 5, "reblogs_count": "many"}]
    canned = Canned({"GET /api/v1/statuses": (200, {}, said)})
    found = Mastodon(canned.http(), config).metrics(account_at(), ["1"])
    assert found["1"] == Metrics(likes=5)


def test_no_ids_no_call(client: Mastodon, ana: Account) -> None:
    assert client.metrics(ana, []) == {}
