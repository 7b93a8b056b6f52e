"""The pages a person looks at, and the JSON scripts read."""

import io
from datetime import datetime

import httpx2 as httpx
import pytest
from PIL import Image

from app.sandbox.feed import pieces
from app.sandbox.store import Store
from tests.sandbox.conftest import BASE

ALICE = {"Authorization": "Bearer sandbox-alice"}


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (30, 20), "blue").save(out, "PNG")
    return out.getvalue()


def tweet(http: httpx.Client, **body: object) -> str:
    answer = http.post("/x/2/tweets", json=body, headers=ALICE)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["id"])


def with_picture(http: httpx.Client, text: str, alt: str) -> str:
    upload = http.post(
        "/x/2/media/upload", headers=ALICE, data={"media_category": "tweet_image"},
        files={"media": ("a.png", png(), "image/png")},
    ).json()["data"]["id"]  # fmt: skip
    http.post(
        "/x/2/media/metadata", headers=ALICE,
        json={"id": upload, "metadata": {"alt_text": {"text": alt}}},
    )  # fmt: skip
    return tweet(http, text=text, media={"media_ids": [upload]})


def test_an_empty_feed_says_what_to_do(http: httpx.Client) -> None:
    page = http.get("/")
    assert "Nothing was posted yet." in page.text
    assert '<meta http-equiv="refresh"' in page.text


def test_a_post_is_shown_with_picture_alt_text_author_network_and_time(
    http: httpx.Client,
) -> None:
    with_picture(http, "Good <b>morning</b>", 'A "blue" sea')
    page = http.get("/").text
    assert "Good &lt;b&gt;morning&lt;/b&gt;" in page
    assert 'alt="A &#34;blue&#34; sea"' in page
    assert "@alice" in page and ">X</span>" in page and "<time datetime=" in page


def test_the_picture_of_a_post_is_served_as_what_it_is(http: httpx.Client) -> None:
    with_picture(http, "Look", "Sea")
    (post,) = http.get("/_sandbox/posts").json()["posts"]
    answer = http.get(post["media"][0]["url"])
    assert (answer.headers["content-type"], answer.content) == ("image/png", png())
    assert answer.headers["content-security-policy"].startswith("sandbox")
    part = http.get(post["media"][0]["url"], headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, png()[:4])
    assert http.get("/_sandbox/media/nothing").status_code == 404


def test_bytes_of_an_unknown_kind_are_never_shown_as_a_page(
    http: httpx.Client, store: Store
) -> None:
    name = store.put_blob(b"<script>", "text/html")
    assert http.get(f"/_sandbox/media/{name}").headers["content-type"] == "application/octet-stream"


def test_a_link_without_a_picture_gets_a_card(http: httpx.Client) -> None:
    tweet(http, text="Read https://example.com/a.")
    page = http.get("/").text
    assert 'class="linkcard" href="https://example.com/a"' in page


def test_the_json_has_what_scripts_compare(http: httpx.Client) -> None:
    first = tweet(http, text="One")
    second = tweet(http, text="Two", reply={"in_reply_to_tweet_id": first})
    http.delete(f"/x/2/tweets/{first}", headers=ALICE)
    newest, oldest = http.get("/_sandbox/posts").json()["posts"]
    assert (newest["id"], newest["parent"], newest["deleted"]) == (second, first, False)
    assert (oldest["text"], oldest["deleted"], oldest["parent"]) == ("One", True, None)
    assert (newest["network"], newest["account"]) == ("twitter", "alice")
    assert newest["url"] == f"{BASE}/x/alice/status/{second}"
    assert datetime.fromisoformat(newest["created_at"]).microsecond % 1000 == 0


def test_feed_and_json_can_be_narrowed_down(http: httpx.Client) -> None:
    tweet(http, text="By Alice")
    http.post(
        "/x/2/tweets", json={"text": "By Bob"}, headers={"Authorization": "Bearer sandbox-bob"}
    )
    assert "By Bob" not in http.get("/?account=alice").text
    assert "By Bob" not in http.get("/?network=mastodon").text
    posts = http.get("/_sandbox/posts?network=twitter&account=Bob&limit=5").json()["posts"]
    assert [p["text"] for p in posts] == ["By Bob"]
    assert http.get("/_sandbox/posts?limit=0").json() == {"posts": []}


def test_a_post_has_a_page_with_its_thread(http: httpx.Client) -> None:
    first = tweet(http, text="Part one")
    second = tweet(http, text="Part two", reply={"in_reply_to_tweet_id": first})
    tweet(http, text="Part three", reply={"in_reply_to_tweet_id": second})
    page = http.get(f"/x/alice/status/{second}").text
    assert page.index("Part one") < page.index("Part two") < page.index("Part three")
    assert http.get(f"/x/i/status/{first}").status_code == 200
    assert http.get(f"/x/bob/status/{first}").status_code == 404
    assert "This post is not here" in http.get("/x/alice/status/1").text
    assert http.get("/x/alice").status_code == 302


def test_the_panel_stops_the_refreshing(http: httpx.Client) -> None:
    page = http.get("/?panel=1").text
    assert "http-equiv" not in page and "Order a fault" in page
    assert "does it, then answers a byte at a time" in page


@pytest.mark.parametrize("path", ["/", "/?panel=1", "/x/alice/status/1"])
def test_no_page_runs_a_script_or_carries_a_style(http: httpx.Client, path: str) -> None:
    answer = http.get(path)
    assert "script" not in answer.text and "style=" not in answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    sheet = http.get("/_sandbox/static/sandbox.css")
    assert sheet.status_code == 200 and "light-dark(" in sheet.text


def test_where_each_network_is_played_is_told(http: httpx.Client) -> None:
    found = http.get("/_sandbox/networks").json()["networks"]
    assert found["twitter"] == {
        "api_url": f"{BASE}/x", "auth_url": f"{BASE}/x",
        "token_url": f"{BASE}/x/2/oauth2/token",
        "client_id": "sandbox-twitter", "client_secret": "sandbox-twitter-secret",
    }  # fmt: skip
    assert {"mastodon"} <= set(found)


def test_limits_and_accounts_are_set_by_scripts(http: httpx.Client, store: Store) -> None:
    limit = {"network": "twitter", "account": "alice", "bucket": "create", "limit": 1}
    assert http.post("/_sandbox/limits", json=limit).status_code == 201
    assert http.get("/_sandbox/limits").json() == {"limits": [limit]}
    tweet(http, text="One")
    assert http.post("/x/2/tweets", json={"text": "Two"}, headers=ALICE).status_code == 429
    http.delete("/_sandbox/limits")
    tweet(http, text="Two")
    account = {"network": "twitter", "handle": "rich", "extras": {"subscription_type": "Premium"}}
    assert http.post("/_sandbox/accounts", json=account).status_code == 201
    assert store.accounts.get("twitter", "rich").extras == {"subscription_type": "Premium"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("limits", {"limit": -1}), ("limits", {"limit": "x"}), ("limits", {"colour": 1}),
        ("limits", []), ("accounts", {"network": "myspace", "handle": "a"}),
        ("accounts", {"network": "twitter"}), ("accounts", []),
        ("accounts", {"network": "twitter", "handle": "a", "extras": 1}),
    ],
)  # fmt: skip
def test_orders_that_make_no_sense_are_refused(http: httpx.Client, path: str, body: object) -> None:
    assert http.post(f"/_sandbox/{path}", json=body).status_code == 400


def test_everything_can_be_forgotten(http: httpx.Client) -> None:
    tweet(http, text="One")
    assert http.post("/_sandbox/reset").status_code == 204
    assert http.get("/_sandbox/posts").json() == {"posts": []}
    tweet(http, text="One")


def test_every_handle_has_a_picture_of_its_own(http: httpx.Client) -> None:
    first, second = (http.get(f"/_sandbox/avatar/{name}.png").content for name in ("a", "b"))
    assert Image.open(io.BytesIO(first)).size == (200, 200) and first != second


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("no link", [("no link", "")]),
        ("see https://a.com/b.", [("see ", ""), ("https://a.com/b", "https://a.com/b"), (".", "")]),
        ("javascript:alert(1)", [("javascript:alert(1)", "")]),
        ("", []),
    ],
)
def test_only_web_addresses_become_links(text: str, parts: list[tuple[str, str]]) -> None:
    assert pieces(text) == parts


def test_a_path_nobody_plays_is_not_found(http: httpx.Client) -> None:
    assert http.get("/nothing").status_code == 404
    answer = http.get("/x/2/nothing")
    assert (answer.status_code, answer.json()["title"]) == (404, "Not Found")
