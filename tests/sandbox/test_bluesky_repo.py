"""Bluesky's records as the sandbox plays them: plain HTTP, no client of ours."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.sandbox import create_sandbox
from app.sandbox.store import Store
from tests.playing import played
from tests.sandbox.bluesky_records import PLAIN, POST, REFUSED, RKEY

JPEG = b"\xff\xd8\xff\xe0" + b"x" * 100


class Person:
    """Somebody with a session, calling the server."""

    def __init__(self, client: FlaskClient, name: str = "maya") -> None:
        self.client = client
        login = {"identifier": name, "password": f"sandbox-{name}"}
        session = client.post("/bluesky/xrpc/com.atproto.server.createSession", json=login).json
        assert session is not None
        self.did, self.handle = str(session["did"]), str(session["handle"])
        self.headers = {"Authorization": f"Bearer {session['accessJwt']}"}

    def post(self, nsid: str, **asked: Any) -> TestResponse:
        return self.client.post(f"/bluesky/xrpc/{nsid}", headers=self.headers, json=asked)

    def get(self, nsid: str, **params: Any) -> TestResponse:
        return self.client.get(f"/bluesky/xrpc/{nsid}", headers=self.headers, query_string=params)

    def put(self, record: Any, rkey: str = RKEY, **more: Any) -> TestResponse:
        fields = {"repo": self.did, "collection": POST, "rkey": rkey, "record": record}
        return self.post("com.atproto.repo.putRecord", **fields, **more)

    def upload(self, data: bytes = JPEG, mime: str = "image/jpeg") -> dict[str, Any]:
        answer = self.client.post(
            "/bluesky/xrpc/com.atproto.repo.uploadBlob",
            headers=self.headers, data=data, content_type=mime,
        )  # fmt: skip
        assert answer.status_code == 200 and answer.json is not None
        return dict(answer.json["blob"])


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def client(store: Store) -> FlaskClient:
    return played(store).test_client()


@pytest.fixture
def maya(client: FlaskClient) -> Person:
    return Person(client)


def told(answer: TestResponse) -> tuple[int, str]:
    assert answer.json is not None
    return answer.status_code, str(answer.json.get("error", ""))


@pytest.mark.parametrize("name", REFUSED)
def test_a_record_is_refused_in_the_words_of_the_real_server(maya: Person, name: str) -> None:
    record, error, message = REFUSED[name]
    answer = maya.put(record)
    assert answer.status_code == 400
    assert answer.json == {"error": error, "message": message}


def test_a_post_is_named_and_read_back(maya: Person, client: FlaskClient) -> None:
    made = maya.put(PLAIN, swapRecord=None).json
    assert made is not None
    assert made["uri"] == f"at://{maya.did}/{POST}/{RKEY}"
    assert re.fullmatch("bafyrei[a-z2-7]{52}", made["cid"]) and made["commit"]["rev"]
    read = maya.get("com.atproto.repo.getRecord", repo=maya.handle, collection=POST, rkey=RKEY)
    assert read.json == {"uri": made["uri"], "cid": made["cid"], "value": PLAIN}
    page = client.get(f"/bluesky/profile/{maya.handle}/post/{RKEY}")
    assert page.status_code == 200 and ">hi<" in page.text


def test_putting_again_is_no_change_and_putting_another_a_refusal(
    maya: Person, store: Store
) -> None:
    first = maya.put(PLAIN, swapRecord=None).json
    again = maya.put(PLAIN, swapRecord=None).json
    assert first is not None and again is not None
    assert (again["uri"], again["cid"]) == (first["uri"], first["cid"])
    assert "commit" in first and "commit" not in again
    other = {**PLAIN, "text": "other"}
    assert told(maya.put(other, swapRecord=None)) == (400, "InvalidSwap")
    assert told(maya.put(other, swapRecord="bafyreiwrong")) == (400, "InvalidSwap")
    (post,) = store.posts.newest()
    assert post.text == "hi"


def test_putting_without_swap_replaces_silently(maya: Person, store: Store) -> None:
    maya.put(PLAIN)
    assert maya.put({**PLAIN, "text": "other"}).status_code == 200
    (post,) = store.posts.newest()
    assert post.text == "other"


def test_creating_twice_under_one_key_is_an_unspecific_500(maya: Person, store: Store) -> None:
    fields = {"repo": maya.did, "collection": POST, "rkey": RKEY, "record": PLAIN}
    assert maya.post("com.atproto.repo.createRecord", **fields).status_code == 200
    assert told(maya.post("com.atproto.repo.createRecord", **fields)) == (
        500,
        "InternalServerError",
    )
    assert len(list(store.posts.newest())) == 1


def test_created_records_get_rising_keys_and_are_listed_in_pages(maya: Person) -> None:
    uris = []
    for number in range(5):
        made = maya.post(
            "com.atproto.repo.createRecord",
            repo=maya.handle, collection=POST, record={**PLAIN, "text": str(number)},
        ).json  # fmt: skip
        assert made is not None
        uris.append(made["uri"])
    assert uris == sorted(uris)
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = maya.get(
            "com.atproto.repo.listRecords", repo=maya.did, collection=POST, limit=2, **cursor
        ).json
        assert page is not None
        seen += [row["uri"] for row in page["records"]]
        if "cursor" not in page:
            break
        cursor = {"cursor": page["cursor"]}
    assert seen == uris[::-1]


def test_deleting_is_the_same_once_and_twice(maya: Person, client: FlaskClient) -> None:
    maya.put(PLAIN)
    fields = {"repo": maya.did, "collection": POST, "rkey": RKEY}
    first, second = (maya.post("com.atproto.repo.deleteRecord", **fields) for _ in range(2))
    assert first.json is not None and "commit" in first.json
    assert (second.status_code, second.json) == (200, {})
    assert told(maya.get("com.atproto.repo.getRecord", **fields)) == (400, "RecordNotFound")
    assert client.get(f"/bluesky/profile/{maya.handle}/post/{RKEY}").status_code == 404


def test_a_session_writes_to_its_own_account_only(maya: Person, client: FlaskClient) -> None:
    noor = Person(client, "noor")
    for repo in (noor.did, noor.handle, "nobody.example.com"):
        answer = maya.post(
            "com.atproto.repo.putRecord", repo=repo, collection=POST, rkey=RKEY, record=PLAIN
        )
        assert told(answer) == (403, "AccountNotFound")


def test_blobs_are_named_by_their_bytes_and_typed_by_a_look_at_them(
    maya: Person, client: FlaskClient
) -> None:
    blob = maya.upload(mime="image/png")
    assert blob == maya.upload() and blob["mimeType"] == "image/jpeg"
    assert re.fullmatch("bafkrei[a-z2-7]{52}", blob["ref"]["$link"]) and blob["size"] == len(JPEG)
    cid = blob["ref"]["$link"]
    read = client.get(f"/bluesky/xrpc/com.atproto.sync.getBlob?did={maya.did}&cid={cid}")
    assert read.data == JPEG
    other = Person(client, "noor")
    embed = {"$type": "app.bsky.embed.images", "images": [{"image": blob, "alt": ""}]}
    assert told(other.put({**PLAIN, "embed": embed})) == (400, "BlobNotFound")


def test_the_feed_shows_pictures_card_and_marks(
    maya: Person, client: FlaskClient, store: Store
) -> None:
    image = {"image": maya.upload(), "alt": "A wall", "aspectRatio": {"width": 4, "height": 3}}
    maya.put({**PLAIN, "embed": {"$type": "app.bsky.embed.images", "images": [image]}})
    external = {"uri": "https://a.example/x", "title": "T", "description": "D",
                "thumb": maya.upload()}  # fmt: skip
    reply = store.posts.get("bluesky", f"at://{maya.did}/{POST}/{RKEY}")
    assert reply is not None
    at = {"uri": reply.id, "cid": reply.extras["cid"]}
    words = "ø https://a.example/x"
    maya.put(
        {
            **PLAIN, "text": words, "reply": {"root": at, "parent": at},
            "embed": {"$type": "app.bsky.embed.external", "external": external},
            "facets": [
                {"index": {"byteStart": 3, "byteEnd": 22},
                 "features": [{"$type": "app.bsky.richtext.facet#link", "uri": "https://a.example/x"}]},
                {"index": {"byteStart": 1, "byteEnd": 99},
                 "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "x"}]},
            ],
        },
        "3m5abcdefgh2b",
    )  # fmt: skip
    found = client.get("/_sandbox/posts?network=bluesky").json
    assert found is not None
    second, first = found["posts"]
    assert first["media"][0]["alt"] == "A wall"
    assert client.get(first["media"][0]["url"]).data == JPEG
    assert second["parent"] == first["id"] and second["handle"] == "maya"
    assert second["extras"]["card"]["title"] == "T"
    assert [f["text"] for f in second["extras"]["facets"]] == ["https://a.example/x", None]
    page = client.get(second["url"])
    assert (
        '<a href="https://a.example/x" rel="noopener nofollow">https://a.example/x</a>' in page.text
    )


def test_posts_are_counted_and_profiles_shown(maya: Person) -> None:
    made = maya.put(PLAIN).json
    assert made is not None
    found = maya.get("app.bsky.feed.getPosts", uris=[made["uri"], f"{made['uri']}x"]).json
    assert found is not None
    (post,) = found["posts"]
    assert post["record"] == PLAIN and post["author"]["handle"] == maya.handle
    assert {"likeCount", "repostCount", "replyCount", "quoteCount", "bookmarkCount"} <= set(post)
    too_many = maya.get("app.bsky.feed.getPosts", uris=[made["uri"]] * 26)
    assert told(too_many) == (400, "InvalidRequest")
    profile = maya.get("app.bsky.actor.getProfile", actor=maya.did).json
    assert profile is not None and (profile["handle"], profile["postsCount"]) == (maya.handle, 1)
    feed = maya.get("app.bsky.feed.getAuthorFeed", actor=maya.handle).json
    assert feed is not None and feed["feed"][0]["post"]["uri"] == made["uri"]


def test_writes_carry_rate_limits_with_an_absolute_reset(maya: Person) -> None:
    headers = maya.put(PLAIN).headers
    assert headers["RateLimit-Policy"] == "2500;w=3600"
    assert int(headers["RateLimit-Remaining"]) == int(headers["RateLimit-Limit"]) - 1
    assert time.time() < int(headers["RateLimit-Reset"]) < time.time() + 3700


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, (401, "AuthMissing")),
        ({"Authorization": "Bearer x"}, (400, "InvalidToken")),
        ({"Authorization": "Basic x"}, (400, "InvalidToken")),
        ({"Authorization": "DPoP x"}, (401, "invalid_token")),
    ],
)
def test_strangers_are_refused_by_name(
    client: FlaskClient, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    answer = client.post(
        "/bluesky/xrpc/com.atproto.repo.putRecord", headers=headers, json={"record": PLAIN}
    )
    assert told(answer) == expected


@pytest.mark.parametrize("status", ["takendown", "deactivated"])
def test_an_operator_can_shut_an_account(client: FlaskClient, maya: Person, status: str) -> None:
    wanted = {"network": "bluesky", "handle": "maya", "extras": {"status": status}}
    client.post("/_sandbox/accounts", json=wanted)
    names = {"takendown": "AccountTakedown", "deactivated": "AccountDeactivated"}
    assert told(maya.put(PLAIN)) == (401, names[status])


def test_bodies_and_methods_that_make_no_sense_are_refused(maya: Person) -> None:
    client, headers = maya.client, maya.headers
    url = "/bluesky/xrpc/com.atproto.repo.putRecord"
    for data, mime in ((b"x", ""), (b"x", "application/json"), (b"[]", "application/json")):
        answer = client.post(url, headers=headers, data=data, content_type=mime)
        assert told(answer) == (400, "InvalidRequest")
    assert told(maya.post("com.atproto.repo.putRecord", collection=POST)) == (
        400,
        "InvalidRequest",
    )
    for rkey in ("a/b", "", "bad", ".."):
        assert told(maya.put(PLAIN, rkey)) == (400, "InvalidRequest")
    assert told(maya.post("com.atproto.repo.nope")) == (501, "MethodNotImplemented")
    assert told(maya.get("com.atproto.repo.getRecord", repo="x!", collection=POST, rkey=RKEY)) == (
        400,
        "InvalidRequest",
    )


def test_records_without_a_lexicon_here_are_stored_and_not_shown(
    maya: Person, store: Store
) -> None:
    like = {"subject": {"uri": "at://x/y/z", "cid": "c"}, "createdAt": "2026-01-01T00:00:00Z"}
    answer = maya.post(
        "com.atproto.repo.createRecord", repo=maya.did, collection="app.bsky.feed.like", record=like
    )
    assert answer.status_code == 200 and not list(store.posts.newest())


def test_posts_and_sessions_survive_a_restart(tmp_path: Path) -> None:
    store = Store(tmp_path / "sandbox.db")
    before = Person(create_sandbox(store).test_client())
    image = {"image": before.upload(), "alt": "A wall"}
    before.put({**PLAIN, "embed": {"$type": "app.bsky.embed.images", "images": [image]}})
    store.close()
    again = create_sandbox(Store(tmp_path / "sandbox.db")).test_client()
    before.client = again
    assert told(before.put({**PLAIN, "text": "other"}, swapRecord=None)) == (400, "InvalidSwap")
    found = again.get("/_sandbox/posts").json
    assert found is not None and found["posts"][0]["media"][0]["alt"] == "A wall"
    assert again.get(f"/plc/{before.did}").status_code == 200


def test_only_what_a_post_marks_is_a_link_on_its_page(maya: Person, client: FlaskClient) -> None:
    words = "see https://a.example and @noor.bsky.social #ø"
    kind = "app.bsky.richtext.facet"

    def facet(start: int, end: int, **feature: str) -> dict[str, Any]:
        return {"index": {"byteStart": start, "byteEnd": end}, "features": [feature]}

    did = Person(client, "noor").did
    marks = [
        facet(44, 47, **{"$type": f"{kind}#tag", "tag": "ø"}),
        facet(26, 43, **{"$type": f"{kind}#mention", "did": did}),
        facet(0, 3, **{"$type": f"{kind}#link", "uri": "javascript:alert(1)"}),
    ]
    maya.put({**PLAIN, "text": words, "facets": marks})
    page = client.get(f"/bluesky/profile/{maya.handle}/post/{RKEY}").text
    assert re.findall(r'<a href="([^"]+)" rel="noopener nofollow">([^<]+)</a>', page) == [
        (f"http://localhost/bluesky/profile/{did}", "@noor.bsky.social"),
        ("http://localhost/bluesky/hashtag/%C3%B8", "#ø"),
    ]
    assert 'class="linkcard"' not in page
