"""One status per marker, as it was meant; counts, and taking it down (§2, §3, §6)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from app.config import Config
from app.networks.base import (
    Account,
    Category,
    Metrics,
    NetworkError,
    Published,
)
from app.networks.mastodon import Mastodon
from app.sandbox.records import Post
from app.sandbox.store import Store
from tests.networks.mastodon_helpers import (
    Canned,
    account_at,
    connected,
    fault,
    item,
    picture,
    posts,
    publish,
)


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
