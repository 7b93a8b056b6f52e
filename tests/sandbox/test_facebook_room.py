"""The played Facebook refuses what Facebook refuses; asked with raw HTTP, as any client would."""

import hashlib
import hmac
import io
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2 as httpx
import pytest
from PIL import Image

from app.sandbox import create_sandbox
from app.sandbox.store import Store

V = "/facebook/v25.0"
BACK = "http://127.0.0.1:8000/back"
APP = {"client_id": "sandbox-facebook", "client_secret": "sandbox-facebook-secret"}
ASK = {"client_id": "sandbox-facebook", "redirect_uri": BACK, "state": "abc",
       "response_type": "code", "scope": "pages_show_list,pages_manage_posts"}  # fmt: skip
ALICE = {"Authorization": "Bearer sandbox-alice"}
MP4 = b"\0\0\0\x18ftypmp42"


@pytest.fixture(scope="module")
def played() -> Iterator[tuple[Store, httpx.Client]]:
    store = Store()
    transport = httpx.WSGITransport(app=create_sandbox(store))
    with httpx.Client(transport=transport, base_url="http://127.0.0.1:8090") as client:
        yield store, client


@pytest.fixture
def store(played: tuple[Store, httpx.Client]) -> Store:
    played[0].reset()
    return played[0]


@pytest.fixture
def http(played: tuple[Store, httpx.Client], store: Store) -> httpx.Client:
    return played[1]


def own(http: httpx.Client, handle: str = "alice") -> tuple[str, dict[str, str]]:
    """A Page's id and the header with its token."""
    answer = http.get(f"{V}/me/accounts", headers={"Authorization": f"Bearer sandbox-{handle}"})
    (found,) = answer.json()["data"]
    return found["id"], {"Authorization": f"Bearer {found['access_token']}"}


def error(answer: httpx.Response) -> tuple[int, int]:
    """Code and subcode; the body is Meta's."""
    found = answer.json()["error"]
    assert {"message", "type", "code", "fbtrace_id"} <= set(found)
    assert answer.status_code >= 400
    return found["code"], found.get("error_subcode", 0)


def image(kind: str = "PNG", size: tuple[int, int] = (8, 8)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size).save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"client_id": "stranger"}, "App ID"),
        ({"redirect_uri": "javascript:alert(1)"}, "redirect_uri"),
        ({"redirect_uri": "http://a.com/#x"}, "redirect_uri"),
        ({"response_type": "device"}, "response_type"),
        ({"scope": "pages_show_list,everything"}, "everything"),
    ],
)
def test_the_dialog_sends_nobody_back_to_strangers(
    http: httpx.Client, change: dict[str, str], words: str
) -> None:
    answer = http.get(f"{V}/dialog/oauth?{urlencode({**ASK, **change})}")
    assert answer.status_code == 400 and words in answer.text


def token(http: httpx.Client) -> str:
    """A short token through the dialog."""
    keep = {f"keep_{k}": v for k, v in ASK.items() if k != "response_type"}
    sent = http.post(f"{V}/dialog/oauth", data={**keep, "handle": "carol", "decision": "allow"})
    back = dict(parse_qsl(urlsplit(sent.headers["location"]).query))
    assert back["state"] == "abc"
    query = {**APP, "redirect_uri": BACK, "code": back["code"]}
    answer = http.get(f"{V}/oauth/access_token", params=query).json()
    assert answer["token_type"] == "bearer" and answer["expires_in"] == 5400
    return str(answer["access_token"])


def test_a_short_token_becomes_a_long_one_and_pages_follow_it(http: httpx.Client) -> None:
    short = token(http)
    query = {**APP, "grant_type": "fb_exchange_token", "fb_exchange_token": short}
    long = http.get(f"{V}/oauth/access_token", params=query).json()
    assert long["expires_in"] == 60 * 86_400 and long["access_token"] != short
    header = {"Authorization": f"Bearer {long['access_token']}"}
    told = http.get(f"{V}/me/permissions", headers=header).json()["data"]
    assert {"permission": "pages_manage_posts", "status": "granted"} in told
    pages = [http.get(f"{V}/me/accounts", headers=header).json()["data"] for _ in range(2)]
    assert pages[0] == pages[1]
    query = {"input_token": long["access_token"], "access_token": "|".join(APP.values())}
    seen = http.get(f"{V}/debug_token", params=query).json()["data"]
    assert seen["is_valid"] and seen["type"] == "USER" and "pages_show_list" in seen["scopes"]
    assert http.delete(f"{V}/me/permissions", headers=header).json() == {"success": True}
    page = {"Authorization": f"Bearer {pages[0][0]['access_token']}"}
    assert error(http.get(f"{V}/me", headers=page)) == (190, 458)
    assert not http.get(f"{V}/debug_token", params=query).json()["data"]["is_valid"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"client_id": "stranger"}, 101),
        ({"client_secret": "wrong"}, 1),
        ({"code": "invented"}, 100),
        ({"grant_type": "fb_exchange_token", "fb_exchange_token": "invented"}, 190),
        ({"grant_type": "fb_exchange_token", "fb_exchange_token": "sandbox-alice"}, 190),
        ({}, 1),
    ],
)
def test_the_token_endpoint_checks_app_and_code(
    http: httpx.Client, change: dict[str, str], code: int
) -> None:
    answer = http.get(f"{V}/oauth/access_token", params={**APP, **change})
    assert error(answer)[0] == code


def test_without_a_live_token_of_the_right_kind_nothing_is_done(
    http: httpx.Client, store: Store
) -> None:
    page, header = own(http)
    for given, code in (({}, 2500), ({"Authorization": "Bearer x"}, 190), (ALICE, 210)):
        assert error(http.post(f"{V}/{page}/feed", json={"message": "x"}, headers=given))[0] == code
    other, _ = own(http, "bob")
    assert error(http.post(f"{V}/{other}/feed", json={"message": "x"}, headers=header)) == (100, 33)
    carol = {"Authorization": f"Bearer {token(http)}"}
    scoped = http.get(f"{V}/me/accounts", headers=carol).json()["data"][0]
    answer = http.get(
        f"{V}/{scoped['id']}/published_posts",
        headers={"Authorization": f"Bearer {scoped['access_token']}"},
    )
    assert error(answer)[0] == 10
    assert list(store.posts.newest()) == []


def test_a_token_may_be_a_parameter_and_its_proof_is_checked(http: httpx.Client) -> None:
    page, header = own(http)
    access = header["Authorization"].split()[1]
    proof = hmac.new(APP["client_secret"].encode(), access.encode(), hashlib.sha256).hexdigest()
    form = {"message": "x", "access_token": access, "appsecret_proof": proof}
    assert http.post(f"{V}/{page}/feed", data=form).status_code == 200
    form |= {"appsecret_proof": "wrong", "message": "y"}
    assert error(http.post(f"{V}/{page}/feed", data=form))[0] == 100


BAD_POSTS: list[tuple[dict[str, Any], tuple[int, int]]] = [
    ({}, (100, 0)),
    ({"message": ""}, (100, 0)),
    ({"message": "x" * 63_207}, (100, 0)),
    ({"message": "x", "link": "ftp://a.example"}, (100, 2061006)),
    ({"message": "x", "link": "https://www.facebook.com/y"}, (100, 1609008)),
    ({"message": "x", "link": "https://unreachable.example"}, (100, 1609005)),
    ({"message": "x", "attached_media": "x"}, (100, 0)),
    ({"message": "x", "attached_media": [{"media_fbid": "1"}]}, (100, 0)),
    ({"message": "x", "attached_media": [{"media_fbid": str(n)} for n in range(11)]}, (100, 0)),
    ({"message": "x", "published": False}, (100, 0)),
    ({"message": "x meta-error:368/1390008"}, (368, 1390008)),
]


def test_a_post_that_is_not_as_documented_is_refused(http: httpx.Client, store: Store) -> None:
    page, header = own(http)
    for body, code in BAD_POSTS:
        assert error(http.post(f"{V}/{page}/feed", json=body, headers=header)) == code, body
    assert list(store.posts.newest()) == []


def test_a_form_is_taken_as_json_is(http: httpx.Client, store: Store) -> None:
    page, header = own(http)
    ids = [
        http.post(f"{V}/{page}/photos", headers=header, data={"published": "false"},
                  files={"source": ("a.png", image(size=(n, n)))}).json()["id"]
        for n in (1, 2)
    ]  # fmt: skip
    form = {f"attached_media[{n}]": f'{{"media_fbid":"{one}"}}' for n, one in enumerate(ids)}
    made = http.post(f"{V}/{page}/feed", headers=header, data={"message": "x", **form}).json()
    (post,) = store.posts.newest()
    assert post.id == made["id"] and len(post.media) == 2
    again = http.post(f"{V}/{page}/feed", headers=header, data={"message": "y", **form})
    assert error(again) == (100, 1366051)
    story = http.post(f"{V}/{page}/photo_stories", headers=header, json={"photo_id": ids[0]})
    assert error(story) == (100, 1366051)


@pytest.mark.parametrize(
    ("data", "subcode"),
    [
        (b"<svg/>", 2069019),
        (image()[:40], 2069019),
        (image("WEBP"), 1366046),
        (b"\0" * (10 * 1024 * 1024 + 1), 1366046),
    ],
)
def test_a_file_that_is_no_picture_is_refused(
    http: httpx.Client, data: bytes, subcode: int
) -> None:
    page, header = own(http)
    answer = http.post(f"{V}/{page}/photos", headers=header, files={"source": ("a", data)})
    assert error(answer) == (100, subcode)


def test_a_photo_may_be_published_at_once(http: httpx.Client, store: Store) -> None:
    page, header = own(http)
    answer = http.post(
        f"{V}/{page}/photos", headers=header, files={"source": ("a", image("JPEG"))},
        data={"message": "Hi", "alt_text_custom": "Black"},
    ).json()  # fmt: skip
    (post,) = store.posts.newest()
    assert answer["post_id"] == post.id and answer["id"] in post.extras["photos"]
    assert (post.text, post.media[0]["alt"]) == ("Hi", "Black")


def test_a_reel_wants_its_steps_in_order(http: httpx.Client, store: Store) -> None:
    page, header = own(http)
    reels, data = f"{V}/{page}/video_reels", MP4 + b"x" * 100
    begun = http.post(reels, headers=header, json={"upload_phase": "start"}).json()
    finish = {"upload_phase": "finish", "video_id": begun["video_id"], "video_state": "PUBLISHED"}
    assert error(http.post(reels, headers=header, json=finish))[0] == 100

    def send(scheme: str = "OAuth", **headers: str) -> httpx.Response:
        who = {"Authorization": header["Authorization"].replace("Bearer", scheme)}
        usual = {"offset": "0", "file_size": str(len(data))}
        return http.post(begun["upload_url"], content=data, headers={**who, **usual, **headers})

    for change in ({"scheme": "Bearer"}, {"offset": "5"}, {"file_size": "9"}, {"file_size": "x"}):
        assert "debug_info" in send(**change).json()
    assert send().json() == {"success": True}
    assert send().status_code == 400
    told = http.get(f"{V}/{begun['video_id']}?fields=status", headers=header).json()["status"]
    assert told["uploading_phase"] == {"status": "complete", "bytes_transfered": len(data)}
    assert told["publishing_phase"] == {"status": "not_started"}
    bad = http.post(reels, headers=header, json={**finish, "video_state": "OUT"})
    assert error(bad)[0] == 100
    story = f"{V}/{page}/video_stories"
    assert error(http.post(story, headers=header, json=finish))[0] == 100
    for _ in range(2):
        assert http.post(reels, headers=header, json=finish).json() == {"success": True}
    assert len(list(store.posts.newest())) == 1
    assert error(http.get(f"{V}/{begun['video_id']}?fields=shoe_size", headers=header))[0] == 100


def test_pieces_of_a_film_have_to_fit(http: httpx.Client, store: Store) -> None:
    page, header = own(http)
    films, data = f"{V}/{page}/videos", MP4 + b"x" * 1_500_000
    assert error(http.post(films, headers=header, data={"upload_phase": "start"}))[0] == 100
    start = {"upload_phase": "start", "file_size": str(len(data))}
    begun = http.post(films, headers=header, data=start).json()
    session = {"upload_session_id": begun["upload_session_id"]}
    assert (begun["start_offset"], begun["end_offset"]) == ("0", "1048576")

    def send(start: int, end: int, **change: str) -> httpx.Response:
        form = {"upload_phase": "transfer", **session, "start_offset": str(start), **change}
        return http.post(films, headers=header, data=form,
                         files={"video_file_chunk": ("p", data[start:end])})  # fmt: skip

    finish = {"upload_phase": "finish", **session, "description": "Hi"}
    assert error(send(0, 10, upload_session_id="1")) == (6000, 1363041)
    following = send(0, 1_048_576).json()
    assert following == {"start_offset": "1048576", "end_offset": str(len(data))}
    assert error(send(0, 1_048_576)) == (6000, 1363037)
    assert error(http.post(films, headers=header, data=finish))[0] == 6000
    last = send(1_048_576, len(data)).json()
    assert last["start_offset"] == last["end_offset"] == str(len(data))
    assert http.post(films, headers=header, data=finish).json() == {"success": True}
    assert [post.text for post in store.posts.newest()] == ["Hi"]


def test_comments_reads_and_edits_know_whose_a_post_is(http: httpx.Client, store: Store) -> None:
    page, header = own(http)
    _, bob = own(http, "bob")
    made = http.post(f"{V}/{page}/feed", headers=header, json={"message": "One"}).json()["id"]
    edge = f"{V}/{made}/comments"
    assert error(http.post(edge, headers=header, json={"message": " "}))[0] == 100
    assert error(http.post(edge, headers=header, json={"message": "x" * 8001}))[0] == 100
    assert error(http.post(f"{V}/1_2/comments", headers=header, json={"message": "x"})) == (100, 33)
    assert http.post(edge, headers=bob, json={"message": "Hi"}).status_code == 200
    rows = http.get(f"{edge}?filter=stream&fields=id,from,message", headers=header).json()["data"]
    assert [(one["message"], one["from"]["name"]) for one in rows] == [("Hi", "Bob")]
    assert error(http.post(f"{V}/{made}", headers=bob, json={"message": "Two"}))[0] == 200
    assert http.post(f"{V}/{made}", headers=header, json={"message": "Two"}).status_code == 200
    fields = "message,shares,reactions.limit(0).summary(true),permalink_url"
    told = http.get(f"{V}/{made}", params={"fields": fields}, headers=header).json()
    assert told["message"] == "Two" and told["reactions"]["summary"]["total_count"] == 0
    assert "shares" not in told
    insights = f"{V}/{made}/insights"
    assert error(http.get(f"{insights}?metric=post_impressions", headers=header))[0] == 100
    assert error(http.get(f"{insights}?metric=post_clicks", headers=bob)) == (100, 33)
    assert http.get(f"{insights}?metric=post_clicks", headers=header).json()["data"][0]["values"]
    assert error(http.delete(f"{V}/{made}", headers=bob))[0] == 200
    assert http.delete(f"{V}/{made}", headers=header).json() == {"success": True}
    assert error(http.delete(f"{V}/{made}", headers=header)) == (100, 33)


def test_the_allowance_is_told_with_every_answer_and_ends(http: httpx.Client, store: Store) -> None:
    page, header = own(http)
    store.limits.set_limit("facebook", "alice", "calls", 4)  # one was made for the token
    told = [http.get(f"{V}/me", headers=header).headers["x-app-usage"] for _ in range(3)]
    assert [json.loads(one)["call_count"] for one in told] == [50, 75, 100]
    answer = http.get(f"{V}/{page}", headers=header)
    assert error(answer)[0] == 32
    assert '"estimated_time_to_regain_access": 1' in answer.headers["x-business-use-case-usage"]


def test_lists_are_cut_into_pages(http: httpx.Client) -> None:
    page, header = own(http)
    for number in range(5):
        http.post(f"{V}/{page}/feed", headers=header, json={"message": f"Post {number}"})
    listed = f"{V}/{page}/published_posts?limit=2"
    first = http.get(listed, headers=header).json()
    after = first["paging"]["cursors"]["after"]
    assert [one["message"] for one in first["data"]] == ["Post 4", "Post 3"]
    assert first["paging"]["next"]
    last = http.get(f"{listed}&after=4", headers=header).json()
    assert after == "2" and "next" not in last["paging"]
    for wrong in ("limit=x", "since=yesterday", "fields=shoe_size"):
        assert error(http.get(f"{V}/{page}/published_posts?{wrong}", headers=header))[0] == 100


def test_paths_nobody_knows_are_said_in_metas_words(http: httpx.Client) -> None:
    assert error(http.get(f"{V}/me/a/b/c"))[0] == 2500
    assert error(http.put(f"{V}/me/accounts"))[0] == 2500
