"""The played X refuses what X refuses; asked with raw HTTP, as any client would."""

import io
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2 as httpx
import pytest
from PIL import Image

from app.sandbox.store import Store
from app.sandbox.x_length import weighted

ALICE = {"Authorization": "Bearer sandbox-alice"}
BACK = "http://127.0.0.1:8000/back"
ASK = {
    "response_type": "code", "client_id": "sandbox-twitter", "redirect_uri": BACK,
    "scope": "tweet.read tweet.write users.read", "state": "abc",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
}  # fmt: skip
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636, appendix B
SECRET = ("sandbox-twitter", "sandbox-twitter-secret")


def authorize(http: httpx.Client, **changes: str | None) -> httpx.Response:
    asked = {k: v for k, v in {**ASK, **changes}.items() if v is not None}
    return http.get(f"/x/i/oauth2/authorize?{urlencode(asked)}")


def code(http: httpx.Client, scope: str = ASK["scope"], **form: str) -> str:
    keep = {f"keep_{k}": v for k, v in {**ASK, "scope": scope}.items() if k != "response_type"}
    answer = http.post(
        "/x/i/oauth2/authorize", data={**keep, "handle": "carol", "decision": "allow", **form}
    )
    assert answer.status_code == 302, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))["code"]


def exchange(http: httpx.Client, auth: Any = SECRET, **changes: str) -> httpx.Response:
    form = {"grant_type": "authorization_code", "redirect_uri": BACK, "code_verifier": VERIFIER}
    return http.post("/x/2/oauth2/token", data={**form, **changes}, auth=auth)


def create(http: httpx.Client, body: Any, who: dict[str, str] = ALICE) -> httpx.Response:
    return http.post("/x/2/tweets", json=body, headers=who)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"client_id": "stranger"}, "client_id"),
        ({"redirect_uri": "javascript:alert(1)"}, "redirect_uri"),
        ({"redirect_uri": "http://a.com/#x"}, "redirect_uri"),
        ({"response_type": "token"}, "response_type"),
        ({"state": None}, "state"),
        ({"state": "x" * 501}, "state"),
        ({"code_challenge": None}, "PKCE"),
        ({"code_challenge_method": "S512"}, "S256 or plain"),
        ({"scope": "tweet.write everything"}, "everything"),
        ({"scope": None}, "scope"),
    ],
)
def test_a_request_for_consent_that_is_not_right_is_said_so(
    http: httpx.Client, change: dict[str, str | None], words: str
) -> None:
    answer = authorize(http, **change)
    assert answer.status_code == 400 and words in answer.text


def test_a_handle_that_cannot_be_one_is_asked_again(http: httpx.Client) -> None:
    keep = {f"keep_{k}": v for k, v in ASK.items() if k != "response_type"}
    answer = http.post(
        "/x/i/oauth2/authorize", data={**keep, "handle": "no good!", "decision": "allow"}
    )
    assert answer.status_code == 422 and "Write a handle" in answer.text


def test_pkce_by_the_rfcs_own_example(http: httpx.Client) -> None:
    answer = exchange(http, code=code(http))
    found = answer.json()
    assert (found["token_type"], found["expires_in"]) == ("bearer", 7200)
    assert found["scope"] == ASK["scope"]
    assert "refresh_token" not in found  # offline.access was not asked for


@pytest.mark.parametrize(
    "change",
    [
        {"code_verifier": VERIFIER[:-1] + "X"},
        {"code_verifier": "short"},
        {"code_verifier": ""},
        {"redirect_uri": BACK + "/"},
        {"code": "invented"},
    ],
)
def test_a_code_goes_only_to_who_asked_for_it(http: httpx.Client, change: dict[str, str]) -> None:
    answer = exchange(http, **{"code": code(http), **change})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("auth", [None, ("sandbox-twitter", "wrong"), ("stranger", "x")])
def test_a_confidential_client_has_to_prove_itself(http: httpx.Client, auth: Any) -> None:
    answer = exchange(http, auth, code=code(http), client_id="sandbox-twitter")
    assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized_client")


def test_a_spoiled_code_is_burnt(http: httpx.Client) -> None:
    one = code(http)
    assert exchange(http, code=one, code_verifier="x" * 43).status_code == 400
    assert exchange(http, code=one).status_code == 400


def test_a_token_without_a_scope_may_not(http: httpx.Client) -> None:
    token = exchange(http, code=code(http, scope="tweet.read users.read")).json()["access_token"]
    answer = create(http, {"text": "x"}, {"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403 and "scopes" in answer.json()["detail"]


@pytest.mark.parametrize(
    "header", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Basic x"}]
)
def test_without_a_live_token_nothing_is_done(
    http: httpx.Client, header: dict[str, str], store: Store
) -> None:
    answer = create(http, {"text": "x"}, header)
    assert (answer.status_code, answer.json()["title"]) == (401, "Unauthorized")
    assert answer.headers["content-type"] == "application/problem+json"
    assert list(store.posts.newest()) == []


BAD_POSTS: list[Any] = [
    {"text": "x", "colour": "red"},
    {"text": "x", "reply": {"in_reply_to_status_id": "1"}},
    {"text": "x", "media": {"media_ids": ["1"], "alt": "a"}},
    {"text": None},
    {"text": 7},
    {"text": ""},
    {"text": "   "},
    {},
    {"media": {"media_ids": []}},
    {"text": "x", "media": {"media_ids": ["1"]}},
    {"text": "x", "media": {"media_ids": [7]}},
    {"text": "x", "media": {}, "poll": {}},
    {"text": "x", "reply_settings": "nobody"},
    {"text": "x", "poll": {"options": ["one"], "duration_minutes": 60}},
    {"text": "x", "poll": {"options": ["a", "b"], "duration_minutes": 1}},
    {"text": "x" * 281},
    {"text": "漢" * 141},
    {"text": "x" * 257 + " example.com"},
    [],
    "x",
]


@pytest.mark.parametrize("body", BAD_POSTS)
def test_a_post_that_is_not_as_documented_is_refused(
    http: httpx.Client, store: Store, body: Any
) -> None:
    answer = create(http, body)
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("/invalid-request")
    assert list(store.posts.newest()) == []


@pytest.mark.parametrize(
    "text", ["x" * 280, "漢" * 140, "😀" * 140, "x" * 256 + " example.com/" + "y" * 500]
)
def test_just_280_is_taken(http: httpx.Client, text: str) -> None:
    assert create(http, {"text": text}).status_code == 201


def test_an_answer_shows_links_as_t_co(http: httpx.Client) -> None:
    made = create(http, {"text": "a & b https://example.com/x"}).json()["data"]
    assert made["text"].startswith("a &amp; b https://t.co/")
    assert made["edit_history_tweet_ids"] == [made["id"]]


def test_a_listing_carries_what_undoes_t_co(http: httpx.Client) -> None:
    create(http, {"text": "see example.org/" + "y" * 60 + " ok"})
    me = http.get("/x/2/users/me", headers=ALICE).json()["data"]["id"]
    answer = http.get(
        f"/x/2/users/{me}/tweets", headers=ALICE,
        params={"max_results": 5, "tweet.fields": "created_at,text,entities,author_id"},
    )  # fmt: skip
    (post,) = answer.json()["data"]
    (url,) = post["entities"]["urls"]
    assert post["text"][url["start"] : url["end"]] == url["url"]
    assert url["expanded_url"] == "http://example.org/" + "y" * 60
    assert url["display_url"].endswith("…") and post["author_id"] == me
    assert answer.json()["meta"]["result_count"] == 1


@pytest.mark.parametrize(
    "params",
    [
        {"max_results": 4}, {"max_results": 101}, {"tweet.fields": "colour"}, {"limit": 5},
        {"start_time": "yesterday"}, {"start_time": "2026-01-01"}, {"pagination_token": "x"},
    ],
)  # fmt: skip
def test_a_query_that_is_not_as_documented_is_refused(
    http: httpx.Client, params: dict[str, str]
) -> None:
    me = http.get("/x/2/users/me", headers=ALICE).json()["data"]["id"]
    answer = http.get(f"/x/2/users/{me}/tweets", headers=ALICE, params=params)
    assert answer.status_code == 400


def test_look_ups_take_one_to_a_hundred_ids(http: httpx.Client) -> None:
    made = create(http, {"text": "x"}).json()["data"]["id"]
    for ids in ("", ",".join(["1"] * 101), "abc"):
        answer = http.get("/x/2/tweets", headers=ALICE, params={"ids": ids})
        assert answer.status_code == 400
    found = http.get("/x/2/tweets", headers=ALICE, params={"ids": f"{made},5"}).json()
    assert found["data"][0]["id"] == made
    assert found["errors"][0]["type"].endswith("/resource-not-found")
    assert http.get(f"/x/2/tweets/{made}", headers=ALICE).json()["data"]["id"] == made
    assert "errors" in http.get("/x/2/tweets/5", headers=ALICE).json()


def test_private_numbers_are_for_the_author(http: httpx.Client) -> None:
    made = create(http, {"text": "x"}).json()["data"]["id"]
    params = {"ids": made, "tweet.fields": "non_public_metrics,public_metrics"}
    mine = http.get("/x/2/tweets", headers=ALICE, params=params).json()["data"][0]
    bob = {"Authorization": "Bearer sandbox-bob"}
    theirs = http.get("/x/2/tweets", headers=bob, params=params).json()["data"][0]
    assert "non_public_metrics" in mine and "non_public_metrics" not in theirs
    assert set(mine["public_metrics"]) == {
        "retweet_count", "reply_count", "like_count", "quote_count", "bookmark_count",
        "impression_count",
    }  # fmt: skip


def test_the_window_is_told_with_every_answer(http: httpx.Client) -> None:
    headers = [create(http, {"text": f"Post {n}"}).headers for n in range(2)]
    assert [h["x-rate-limit-limit"] for h in headers] == ["100", "100"]
    assert [h["x-rate-limit-remaining"] for h in headers] == ["99", "98"]
    assert headers[0]["x-app-limit-24hour-remaining"] == "9999"


def test_the_hundred_and_first_post_of_a_quarter_hour_is_refused(http: httpx.Client) -> None:
    codes = [create(http, {"text": f"Post {n}"}).status_code for n in range(101)]
    assert codes == [201] * 100 + [429]
    bench = {"Authorization": "Bearer sandbox-bench1"}
    assert [create(http, {"text": f"Post {n}"}, bench).status_code for n in range(101)] == [
        201
    ] * 101


def image(kind: str = "PNG", size: tuple[int, int] = (8, 8)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size).save(out, kind)
    return out.getvalue()


def upload(http: httpx.Client, data: bytes, category: str = "tweet_image") -> httpx.Response:
    return http.post(
        "/x/2/media/upload", headers=ALICE, data={"media_category": category},
        files={"media": ("a", data, "application/octet-stream")},
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_pictures_of_four_kinds_are_taken(http: httpx.Client, kind: str) -> None:
    found = upload(http, image(kind)).json()["data"]
    assert found["media_key"] == f"3_{found['id']}" and found["expires_after_secs"] > 86_000
    assert "processing_info" not in found


@pytest.mark.parametrize(
    ("data", "category", "status"),
    [
        (b"<svg/>", "tweet_image", 415),
        (image("TIFF"), "tweet_image", 415),
        (image("BMP"), "tweet_image", 415),
        (image()[:40], "tweet_image", 415),
        (b"\0" * (5 * 1024 * 1024 + 1), "tweet_image", 413),
        (image(), "tweet_video", 400),
        (image(), "", 400),
    ],
)
def test_other_files_are_not(http: httpx.Client, data: bytes, category: str, status: int) -> None:
    assert upload(http, data, category).status_code == status


def begin(http: httpx.Client, **changes: Any) -> httpx.Response:
    body = {"media_type": "video/mp4", "total_bytes": 3, "media_category": "tweet_video"}
    return http.post("/x/2/media/upload/initialize", headers=ALICE, json={**body, **changes})


@pytest.mark.parametrize(
    "change",
    [
        {"media_type": "video/avi"}, {"media_type": "image/png"}, {"media_category": "film"},
        {"total_bytes": 0}, {"total_bytes": "3"}, {"total_bytes": 600 * 1024 * 1024},
        {"colour": "red"},
    ],
)  # fmt: skip
def test_an_announcement_is_checked(http: httpx.Client, change: dict[str, Any]) -> None:
    assert begin(http, **change).status_code == 400


def piece(http: httpx.Client, media_id: str, number: Any, data: bytes) -> int:
    return http.post(
        f"/x/2/media/upload/{media_id}/append", headers=ALICE,
        data={"segment_index": str(number)}, files={"media": ("a", data)},
    ).status_code  # fmt: skip


def test_pieces_have_to_add_up(http: httpx.Client) -> None:
    media_id = begin(http).json()["data"]["id"]
    finalize = f"/x/2/media/upload/{media_id}/finalize"
    assert http.post(finalize, headers=ALICE).status_code == 400
    assert piece(http, media_id, 1, b"bc") == 200
    assert http.post(finalize, headers=ALICE).status_code == 400
    assert piece(http, media_id, 0, b"a") == 200
    assert http.post(finalize, headers=ALICE).status_code == 200
    assert http.post(finalize, headers=ALICE).status_code == 200
    assert piece(http, media_id, 2, b"d") == 400
    assert [piece(http, media_id, n, b"x") for n in (-1, 1000, "x")] == [400] * 3


def test_somebody_elses_upload_cannot_be_used(http: httpx.Client) -> None:
    media_id = upload(http, image()).json()["data"]["id"]
    bob = {"Authorization": "Bearer sandbox-bob"}
    assert create(http, {"media": {"media_ids": [media_id]}}, bob).status_code == 400
    assert create(http, {"media": {"media_ids": [media_id]}}).status_code == 201


def test_media_are_not_mixed(http: httpx.Client, store: Store) -> None:
    ids = [upload(http, image(size=(n, n))).json()["data"]["id"] for n in range(1, 6)]
    assert create(http, {"media": {"media_ids": ids}}).status_code == 400
    assert create(http, {"media": {"media_ids": [ids[0], ids[0]]}}).status_code == 400
    film = dict(store.table("x.media").get(ids[4]) or {}, category="tweet_gif", done_at=0)
    store.table("x.media").put(ids[4], film)
    assert create(http, {"media": {"media_ids": [ids[0], ids[4]]}}).status_code == 400
    assert create(http, {"media": {"media_ids": [ids[4]]}}).status_code == 201


def test_media_still_encoded_cannot_be_posted(http: httpx.Client) -> None:
    media_id = begin(http, total_bytes=16).json()["data"]["id"]
    piece(http, media_id, 0, b"\0\0\0\x18ftypmp42\0\0\0\0")
    told = http.post(f"/x/2/media/upload/{media_id}/finalize", headers=ALICE).json()["data"]
    assert told["processing_info"] == {"state": "pending", "check_after_secs": 1}
    assert create(http, {"media": {"media_ids": [media_id]}}).status_code == 400


@pytest.mark.parametrize("text", ["", "x" * 1001, None])
def test_alt_text_has_1_to_1000_characters(http: httpx.Client, text: Any) -> None:
    media_id = upload(http, image()).json()["data"]["id"]
    body = {"id": media_id, "metadata": {"alt_text": {"text": text}}}
    assert http.post("/x/2/media/metadata", headers=ALICE, json=body).status_code == 400


def test_alt_text_of_nothing_is_not_found(http: httpx.Client) -> None:
    body = {"id": "5", "metadata": {"alt_text": {"text": "x"}}}
    assert http.post("/x/2/media/metadata", headers=ALICE, json=body).status_code == 404


def test_people_are_found_by_id_and_name(http: httpx.Client) -> None:
    me = http.get("/x/2/users/me", headers=ALICE).json()["data"]
    assert set(me) == {"id", "name", "username"}
    assert http.get(f"/x/2/users/{me['id']}", headers=ALICE).json()["data"] == me
    assert http.get("/x/2/users/by/username/alice", headers=ALICE).json()["data"] == me
    assert "errors" in http.get("/x/2/users/1", headers=ALICE).json()
    assert http.get("/x/2/users/me?user.fields=shoe_size", headers=ALICE).status_code == 400


def test_a_text_may_come_back_once_its_post_is_deleted(http: httpx.Client) -> None:
    made = create(http, {"text": "Again"}).json()["data"]["id"]
    again = create(http, {"text": "Again"})
    assert again.status_code == 403
    assert again.json() == {
        "title": "Forbidden", "type": "about:blank", "status": 403,
        "detail": "You are not allowed to create a Tweet with duplicate content.",
    }  # fmt: skip
    http.delete(f"/x/2/tweets/{made}", headers=ALICE)
    assert create(http, {"text": "Again"}).status_code == 201


@pytest.mark.parametrize(
    ("text", "figure"),
    [
        ("plain", 5), ("漢字", 4), ("é", 1), ("e\u0301", 1), ("😀", 2),
        ("👨\u200d👩\u200d👧", 2), ("https://example.com/" + "x" * 99, 23), ("example.com", 23),
        ("a@example.com", 13), ("#example.com", 12), ("node.js", 7), ("1\ufe0f\u20e3", 2),
    ],
)  # fmt: skip
def test_the_played_x_counts_for_itself(text: str, figure: int) -> None:
    assert weighted(text) == figure


def test_a_poll_is_kept_and_quoting_is_withdrawn(http: httpx.Client, store: Store) -> None:
    poll = {"options": ["a", "b"], "duration_minutes": 60}
    made = create(http, {"text": "Which?", "poll": poll}).json()["data"]["id"]
    post = store.posts.get("twitter", made)
    assert post is not None and post.extras["poll"] == poll
    assert create(http, {"text": "See", "quote_tweet_id": made}).status_code == 403


def test_what_belongs_to_a_post_comes_along_when_asked_for(http: httpx.Client) -> None:
    media_id = upload(http, image()).json()["data"]["id"]
    first = create(http, {"text": "One", "media": {"media_ids": [media_id]}}).json()["data"]["id"]
    body = {"text": "Two", "reply": {"in_reply_to_tweet_id": first}}
    second = create(http, body).json()["data"]["id"]
    expansions = "author_id,attachments.media_keys,referenced_tweets.id"
    params = {"ids": f"{first},{second}", "expansions": expansions}
    found = http.get("/x/2/tweets", headers=ALICE, params=params).json()["includes"]
    assert [u["username"] for u in found["users"]] == ["alice"]
    assert [m["type"] for m in found["media"]] == ["photo"]
    assert [t["id"] for t in found["tweets"]] == [first]
    names = http.get("/x/2/users/by?usernames=alice,bob", headers=ALICE).json()["data"]
    assert [u["username"] for u in names] == ["alice", "bob"]
    assert http.get("/x/2/users/by", headers=ALICE).status_code == 400
