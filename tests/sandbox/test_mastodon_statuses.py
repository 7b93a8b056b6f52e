"""Posts at the played instance (networks/mastodon.md §2, §4, §6)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2 as httpx
import pytest
import time_machine

from app.sandbox.store import Store
from tests.sandbox import mastodon_asks
from tests.sandbox.mastodon_asks import (
    ANA,
    BASE,
    BOB,
    MP4,
    get,
    picture_id,
    post,
    say,
    upload,
)

http, store = mastodon_asks.http, mastodon_asks.store


def test_a_status_is_made_by_form_and_by_json(http: httpx.Client, store: Store) -> None:
    number = picture_id(http)
    form = {
        "status": " Hello ", "media_ids[]": number, "visibility": "unlisted", "language": "en",
        "sensitive": "true", "spoiler_text": "Tea",
    }  # fmt: skip
    found = post(http, "/api/v1/statuses", data=form).json()
    assert (found["visibility"], found["sensitive"], found["spoiler_text"]) == (
        "unlisted",
        True,
        "Tea",
    )
    assert found["id"] == str(int(found["id"]))
    assert found["media_attachments"][0]["id"] == number
    assert found["created_at"].endswith("Z")
    reply = say(http, "Reply", in_reply_to_id=found["id"])
    assert reply["in_reply_to_id"] == found["id"]
    assert reply["in_reply_to_account_id"] == found["account"]["id"]
    assert [p.text for p in store.posts.of("mastodon", "ana")] == ["Reply", "Hello"]


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("x" * 500, True), ("x" * 501, False), ("👨‍👩‍👧‍👦" * 500, True), ("👨‍👩‍👧‍👦" * 501, False),
        ("x" * 476 + " https://example.com/" + "y" * 200, True),
        ("x" * 477 + " https://example.com/" + "y" * 200, False),
        ("x" * 477 + " http://a.co", False),
        ("x" * 495 + " @ana@mastodon.social", True), ("x" * 496 + " @ana@mastodon.social", False),
        ("", False), ("   ", False),
    ],
)  # fmt: skip
def test_five_hundred_characters_by_its_own_count(
    http: httpx.Client, text: str, taken: bool
) -> None:
    answer = post(http, "/api/v1/statuses", json={"status": text})
    assert answer.status_code == (200 if taken else 422), answer.text


def test_a_warning_counts_too(http: httpx.Client) -> None:
    body = {"status": "x" * 499, "spoiler_text": "yy"}
    assert post(http, "/api/v1/statuses", json=body).status_code == 422


def test_files_that_do_not_fit_are_refused(http: httpx.Client) -> None:
    film = upload(http, MP4, "video/mp4").json()["id"]
    stills = [picture_id(http) for _ in range(5)]
    said = {}
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=2)):
        for name, ids in (("many", stills), ("mixed", [film, stills[0]]), ("unknown", ["1"])):
            answer = post(http, "/api/v1/statuses", json={"status": "x", "media_ids": ids})
            assert answer.status_code == 422
            said[name] = answer.json()["error"]
    assert said == {
        "many": "Cannot attach more than 4 files",
        "mixed": "Cannot attach a video to a post that already contains images",
        "unknown": "Media 1 not found or already attached to another post",
    }
    foreign = post(
        http, "/api/v1/statuses", json={"status": "x", "media_ids": stills[:1]}, headers=BOB
    )
    assert foreign.status_code == 422


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"visibility": "everyone"}, 422), ({"in_reply_to_id": "1"}, 404),
        ({"scheduled_at": "2030-01-01T00:00:00Z"}, 422), ({"poll": {"options": ["a"]}}, 422),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(
    http: httpx.Client, store: Store, wrong: dict[str, Any], status: int
) -> None:
    answer = post(http, "/api/v1/statuses", json={"status": "x", **wrong})
    assert answer.status_code == status
    assert not list(store.posts.newest())


def test_a_key_makes_one_post_an_hour_and_account(http: httpx.Client, store: Store) -> None:
    def keyed(text: str, headers: dict[str, str]) -> str:
        sent = {**headers, "Idempotency-Key": "k"}
        answer = post(http, "/api/v1/statuses", json={"status": text}, headers=sent)
        return str(answer.json()["id"])

    first = keyed("one", ANA)
    assert keyed("other words", ANA) == first
    assert keyed("one", BOB) != first
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=61)):
        assert keyed("one", ANA) != first
    assert len(list(store.posts.newest())) == 3


def test_a_refused_post_leaves_its_key_and_files_free(http: httpx.Client) -> None:
    number = picture_id(http)
    headers = {**ANA, "Idempotency-Key": "k"}
    body = {"status": "x" * 501, "media_ids": [number]}
    assert post(http, "/api/v1/statuses", json=body, headers=headers).status_code == 422
    body = {"status": "x", "media_ids": [number]}
    assert post(http, "/api/v1/statuses", json=body, headers=headers).status_code == 200


def test_content_is_rendered_as_mastodon_does(http: httpx.Client) -> None:
    get(http, "/api/v1/accounts/verify_credentials", headers=BOB)
    text = (
        "Fish & <chips>\nhttps://www.example.com/a/very/long/path/that/goes/on, "
        "@bob @bob@mastodon.sandbox @eve@x.org @nobody #Tag\n\n\nBye"
    )
    found = say(http, text)
    shown = found["content"]
    assert shown.startswith("<p>Fish &amp; &lt;chips&gt;<br /><a href=")
    assert '<span class="invisible">https://www.</span>' in shown
    assert '<span class="ellipsis">example.com/a/very/long/path/t</span>' in shown
    assert '<span class="invisible">hat/goes/on</span></a>, ' in shown
    assert shown.count("@<span>bob</span>") == 2
    assert 'href="https://x.org/@eve" class="u-url mention">@<span>eve</span>' in shown
    assert " @nobody " in shown
    assert "#<span>Tag</span></a></p><p>Bye</p>" in shown
    assert [tag["name"] for tag in found["tags"]] == ["tag"]
    assert [m["acct"] for m in found["mentions"]] == ["bob", "bob", "eve@x.org", "nobody"]
    assert found["card"] is None


def test_a_short_link_has_no_ellipsis(http: httpx.Client) -> None:
    assert '<span class="">example.com</span><span class="invisible"></span>' in say(
        http, "https://example.com"
    )["content"]  # fmt: skip


def test_a_status_is_read_and_taken_down(http: httpx.Client) -> None:
    made = say(http, "Bye https://example.com")
    path = f"/api/v1/statuses/{made['id']}"
    assert get(http, path, headers=BOB).json()["content"] == made["content"]
    assert http.delete(BASE + path, headers=BOB).status_code == 404
    gone = http.delete(BASE + path, headers=ANA)
    assert gone.json()["text"] == "Bye https://example.com"
    assert get(http, path).status_code == 404
    assert http.delete(BASE + path, headers=ANA).status_code == 404
    assert http.get(made["url"]).status_code == 404


def test_followers_posts_are_not_shown_to_strangers(http: httpx.Client) -> None:
    made = say(http, "Psst", visibility="private")
    path = f"/api/v1/statuses/{made['id']}"
    assert get(http, path).status_code == 200
    assert get(http, path, headers=BOB).status_code == 404
    listed = f"/api/v1/accounts/{made['account']['id']}/statuses"
    assert len(get(http, listed).json()) == 1
    assert get(http, listed, headers=BOB).json() == []


def test_several_are_read_at_once(http: httpx.Client) -> None:
    ids = [say(http, str(n))["id"] for n in range(3)]
    asked = [("id[]", one) for one in [*ids, "1", ids[0]]]
    assert [s["id"] for s in get(http, "/api/v1/statuses", params=asked).json()] == ids
    many = [("id[]", str(n)) for n in range(21)]
    assert get(http, "/api/v1/statuses", params=many).status_code == 422


def test_replies_are_counted(http: httpx.Client) -> None:
    first = say(http, "1")
    say(http, "2", in_reply_to_id=first["id"])
    assert get(http, f"/api/v1/statuses/{first['id']}").json()["replies_count"] == 1


def test_own_posts_are_listed_newest_first_page_by_page(http: httpx.Client) -> None:
    ids = [say(http, str(n))["id"] for n in range(5)][::-1]
    who = say(http, "reply", in_reply_to_id=ids[0])["account"]["id"]
    path = f"/api/v1/accounts/{who}/statuses"
    everything = {"exclude_replies": "true", "exclude_reblogs": "true"}
    page = get(http, path, params={**everything, "limit": 2})
    assert [s["id"] for s in page.json()] == ids[:2]
    assert f"max_id={ids[1]}" in page.headers["Link"]
    rest = get(http, path, params={**everything, "max_id": ids[1]}).json()
    assert [s["id"] for s in rest] == ids[2:]
    newer = get(http, path, params={**everything, "since_id": ids[2]}).json()
    assert [s["id"] for s in newer] == ids[:2]
    assert len(get(http, path, params={"limit": 99}).json()) == 6
    assert get(http, path, params={"only_media": "true"}).json() == []
    assert get(http, path, params={"pinned": "true"}).json() == []
    assert get(http, "/api/v1/accounts/1/statuses").status_code == 404


def test_people_are_found(http: httpx.Client) -> None:
    me = get(http, "/api/v1/accounts/verify_credentials").json()
    assert me["source"]["privacy"] == "public"
    assert get(http, f"/api/v1/accounts/{me['id']}").json()["acct"] == "ana"
    assert get(http, "/api/v1/accounts/lookup", params={"acct": "ANA"}).json()["id"] == me["id"]
    assert get(http, "/api/v1/accounts/lookup", params={"acct": "zed"}).status_code == 404
    assert http.get(me["avatar"]).headers["content-type"] == "image/png"
    assert get(http, "/@ana").headers["location"].endswith("network=mastodon&account=ana")


def test_a_frozen_login_is_a_403(http: httpx.Client, store: Store) -> None:
    store.accounts.get("mastodon", "ana").extras["disabled"] = True
    answer = post(http, "/api/v1/statuses", json={"status": "x"})
    assert (answer.status_code, answer.json()["error"]) == (403, "Your login is currently disabled")


def test_a_thread_is_shown_around_each_of_its_posts(http: httpx.Client) -> None:
    first = say(http, "1")
    second = say(http, "2", in_reply_to_id=first["id"])
    third = say(http, "3", in_reply_to_id=second["id"])
    found = get(http, f"/api/v1/statuses/{second['id']}/context").json()
    assert [s["id"] for s in found["ancestors"]] == [first["id"]]
    assert [s["id"] for s in found["descendants"]] == [third["id"]]
    whole = get(http, f"/api/v1/statuses/{first['id']}/context").json()["descendants"]
    assert [s["id"] for s in whole] == [second["id"], third["id"]]
    assert get(http, "/api/v1/statuses/1/context").status_code == 404


def test_the_text_is_kept_as_written(http: httpx.Client) -> None:
    made = say(http, "Fish & chips", spoiler_text="Food")
    found = get(http, f"/api/v1/statuses/{made['id']}/source").json()
    assert found == {"id": made["id"], "text": "Fish & chips", "spoiler_text": "Food"}
    assert get(http, "/api/v1/statuses/1/source").status_code == 404


@pytest.mark.parametrize("which", ["home", "public"])
def test_timelines_show_everybodys_posts(http: httpx.Client, which: str) -> None:
    ids = [say(http, "a")["id"], say(http, "b")["id"]]
    say(http, "hidden", visibility="direct")
    found = get(http, f"/api/v1/timelines/{which}", headers=BOB)
    assert [s["id"] for s in found.json()] == ids[::-1]
    assert f"/mastodon/api/v1/timelines/{which}?max_id={ids[0]}" in found.headers["Link"]
