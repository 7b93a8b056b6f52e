"""The played TikTok refuses what TikTok refuses; asked with raw HTTP, as any client would."""

import time
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2 as httpx
import pytest
import time_machine

from app.sandbox.store import Store
from tests.networks.tiktok_fixtures import sandbox, store
from tests.workshops import Ahead

__all__ = ["sandbox", "store"]
ALICE = {"Authorization": "Bearer sandbox-alice"}
BACK = "https://carillon.example/back"
ASK = {
    "response_type": "code", "client_key": "sandbox-tiktok", "redirect_uri": BACK, "state": "abc",
    "scope": "user.info.basic,video.publish",
}  # fmt: skip
PROOF = {"client_key": "sandbox-tiktok", "client_secret": "sandbox-tiktok-secret"}
INFO = {"title": "Hi", "privacy_level": "PUBLIC_TO_EVERYONE"}
SOURCE = {"source": "FILE_UPLOAD", "video_size": 40, "chunk_size": 40, "total_chunk_count": 1}
FILM = b"\0\0\0\x18ftypmp42" + b"x" * 28
PUBLISH = "/tiktok/v2/post/publish"


@pytest.fixture(autouse=True)
def ahead(monkeypatch: pytest.MonkeyPatch) -> Ahead:
    """TikTok's clock, which moves by the tests alone."""
    monkeypatch.setattr("app.sandbox.tiktok.drafts.PROCESSING_SECONDS", 0.05)
    monkeypatch.setattr("app.sandbox.tiktok.drafts.MODERATION_SECONDS", 0.05)
    return Ahead(monkeypatch, still=True)


def init(
    http: httpx.Client, info: Any = None, source: Any = None, who: dict[str, str] = ALICE
) -> httpx.Response:
    body = {
        "post_info": {**INFO, **(info or {})}, "source_info": {**SOURCE, **(source or {})}
    }  # fmt: skip
    return http.post(f"{PUBLISH}/video/init/", json=body, headers=who)


def code_of(answer: httpx.Response) -> tuple[int, str]:
    assert set(answer.json()["error"]) == {"code", "message", "log_id"}
    return answer.status_code, answer.json()["error"]["code"]


def put(
    http: httpx.Client, url: str, start: int, data: bytes, total: int, mime: str = "video/mp4",
    said: str = "",
) -> httpx.Response:  # fmt: skip
    place = said or f"bytes {start}-{start + len(data) - 1}/{total}"
    return http.put(url, content=data, headers={"Content-Type": mime, "Content-Range": place})


def status(http: httpx.Client, publish_id: str, who: dict[str, str] = ALICE) -> httpx.Response:
    return http.post(
        f"{PUBLISH}/status/fetch/", json={"publish_id": publish_id}, headers=who
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"client_key": "stranger"}, "client_key"),
        ({"redirect_uri": "http://carillon.example/back"}, "https"),
        ({"redirect_uri": BACK + "?a=b"}, "redirect_uri"),
        ({"redirect_uri": "http://127.0.0.1:8000/back"}, "PKCE"),
        ({"code_challenge": "x", "code_challenge_method": "plain"}, "S256"),
        ({"response_type": "token"}, "response_type"),
        ({"state": ""}, "state"),
        ({"scope": "video.publish everything"}, "everything"),
        ({"scope": "user.info.basic,video.delete"}, "video.delete"),
    ],
)
def test_a_request_for_consent_that_is_not_right_is_said_so(
    http: httpx.Client, change: dict[str, str], words: str
) -> None:
    answer = http.get(f"/tiktok/v2/auth/authorize/?{urlencode({**ASK, **change})}")
    assert answer.status_code == 400 and words in answer.text


def tokens(http: httpx.Client, **extra: str) -> httpx.Response:
    form = {f"keep_{name}": text for name, text in ASK.items() if name != "response_type"}
    answer = http.post(
        "/tiktok/v2/auth/authorize/", data={**form, "handle": "carol", "decision": "allow"}
    )
    found = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    assert found["scopes"] == ASK["scope"] and found["state"] == "abc"
    form = {**PROOF, "grant_type": "authorization_code", "code": found["code"],
            "redirect_uri": BACK, **extra}  # fmt: skip
    return http.post("/tiktok/v2/oauth/token/", data=form)


def test_tokens_and_what_they_may(http: httpx.Client) -> None:
    found = tokens(http).json()
    assert found["access_token"].startswith("act.") and found["scope"] == ASK["scope"]
    assert (found["expires_in"], found["refresh_expires_in"]) == (86_400, 31_536_000)
    who = {"Authorization": f"Bearer {found['access_token']}"}
    answer = http.get("/tiktok/v2/user/info/?fields=open_id,username", headers=who)
    assert code_of(answer) == (401, "scope_not_authorized")
    answer = http.get("/tiktok/v2/user/info/?fields=open_id", headers=who)
    assert answer.json()["data"]["user"] == {"open_id": found["open_id"]}
    answer = http.post("/tiktok/v2/video/list/?fields=id", json={}, headers=who)
    assert code_of(answer) == (401, "scope_not_authorized")
    answer = http.post(f"{PUBLISH}/creator_info/query/", headers={"Authorization": "Bearer no"})
    assert code_of(answer) == (401, "access_token_invalid")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"), ({"code": "x"}, "invalid_grant"),
        ({"redirect_uri": BACK + "/"}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant"),
    ],
)  # fmt: skip
def test_the_token_endpoint_refuses(http: httpx.Client, change: dict[str, str], error: str) -> None:
    answer = tokens(http, **change)
    assert answer.json()["error"] == error and "access_token" not in answer.json()
    assert (answer.status_code == 200) is ("refresh_token" in change)


MEGA = 1_000_000


@pytest.mark.parametrize(
    ("size", "chunk", "count", "fine"),
    [
        (40, 40, 1, True), (50_000_123, 10 * MEGA, 5, True), (64 * MEGA, 64 * MEGA, 1, True),
        (6 * MEGA, 6 * MEGA, 1, True), (4_000 * MEGA, 5 * MEGA, 800, True),
        (40, 20, 2, False), (50_000_123, 10 * MEGA, 6, False), (65 * MEGA, 65 * MEGA, 1, False),
        (12 * MEGA, 4 * MEGA, 3, False), (40, 41, 1, False), (0, 0, 1, False),
        (4_001 * MEGA, 10 * MEGA, 400, False), (20 * MEGA, 10 * MEGA, 0, False),
    ],
)  # fmt: skip
def test_chunks_have_rules(
    http: httpx.Client, size: int, chunk: int, count: int, fine: bool
) -> None:
    numbers = {"video_size": size, "chunk_size": chunk, "total_chunk_count": count}
    answer = init(http, source=numbers)
    assert code_of(answer) == ((200, "ok") if fine else (400, "invalid_params"))


@pytest.mark.parametrize(
    "change",
    [
        {"title": "x" * 2201}, {"title": "😀" * 1101}, {"privacy_level": None},
        {"privacy_level": "EVERYBODY"}, {"disable_duet": "yes"},
        {"video_cover_timestamp_ms": -1},
        {"privacy_level": "SELF_ONLY", "brand_content_toggle": True},
    ],
)  # fmt: skip
def test_a_post_that_is_not_as_documented_is_refused(
    http: httpx.Client, change: dict[str, Any]
) -> None:
    assert code_of(init(http, change)) == (400, "invalid_params")


@pytest.mark.parametrize(
    ("extras", "change", "code"),
    [
        ({"private": True}, {}, "privacy_level_option_mismatch"),
        ({}, {"privacy_level": "FOLLOWER_OF_CREATOR"}, "privacy_level_option_mismatch"),
        ({"unaudited": True}, {}, "unaudited_client_can_only_post_to_private_accounts"),
        ({"unaudited": True}, {"privacy_level": "SELF_ONLY"},
         "unaudited_client_can_only_post_to_private_accounts"),
        ({"unaudited": True, "private": True}, {"privacy_level": "SELF_ONLY"}, "ok"),
        ({"refuse": "reached_active_user_cap"}, {}, "reached_active_user_cap"),
    ],
)  # fmt: skip
def test_who_may_post_to_whom(
    http: httpx.Client, extras: dict[str, Any], change: dict[str, str], code: str
) -> None:
    body = {"network": "tiktok", "handle": "alice", "extras": extras}
    assert http.post("/_sandbox/accounts", json=body).status_code == 201
    assert code_of(init(http, change))[1] == code


def test_an_app_before_its_audit_posts_for_five_accounts_a_day(
    http: httpx.Client, store: Store
) -> None:
    codes = []
    for number in range(6):
        extras = store.accounts.get("tiktok", f"u{number}").extras
        extras.update(unaudited=True, private=True)
        who = {"Authorization": f"Bearer sandbox-u{number}"}
        codes += [code_of(init(http, {"privacy_level": "SELF_ONLY"}, who=who))[1]] * 2
    assert codes == ["ok"] * 10 + ["reached_active_user_cap"] * 2


def test_pieces_come_in_order_and_whole(http: httpx.Client, store: Store) -> None:
    piece, total = 5 * MEGA, 10 * MEGA + 7
    numbers = {"video_size": total, "chunk_size": piece, "total_chunk_count": 2}
    data = init(http, source=numbers).json()["data"]
    url, film = data["upload_url"], FILM + b"y" * (total - len(FILM))
    assert put(http, url + "x", 0, film[:piece], total).status_code == 404
    assert put(http, url, piece, film[piece:], total).status_code == 416
    assert put(http, url, 0, film[: piece - 1], total).status_code == 400
    assert put(http, url, 0, film[:piece], total + 1).status_code == 400
    assert put(http, url, 0, film[:piece], total, "text/plain").status_code == 400
    assert put(http, url, 0, film[:piece], total, said="bytes 0-/*").status_code == 400
    assert status(http, data["publish_id"]).json()["data"] == {
        "status": "PROCESSING_UPLOAD", "uploaded_bytes": 0
    }  # fmt: skip
    first = put(http, url, 0, film[:piece], total)
    assert (first.status_code, first.headers["content-range"]) == (206, f"bytes 0-4999999/{total}")
    again = put(http, url, 0, film[:piece], total)
    assert (again.status_code, again.headers["content-range"]) == (416, f"bytes 0-4999999/{total}")
    assert list(store.posts.newest()) == []
    assert put(http, url, piece, film[piece:], total).status_code == 201
    assert put(http, url, piece, film[piece:], total).status_code == 416
    (post,) = store.posts.newest()
    assert store.blob(post.media[0]["blob"]) == ("video/mp4", film)
    assert "Hi" in http.get(post.url).text


def test_an_upload_address_lives_an_hour(http: httpx.Client, store: Store) -> None:
    url = init(http).json()["data"]["upload_url"]
    with time_machine.travel(time.time() + 3601):
        assert put(http, url, 0, FILM, 40).status_code == 403
    assert put(http, url, 0, FILM, 40).status_code == 201


def states(
    http: httpx.Client, publish_id: str, ahead: Ahead, seconds: float = 0.3
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for _ in range(int(seconds / 0.02)):
        data = status(http, publish_id).json()["data"]
        if data not in found:
            found.append(data)
        ahead.move(0.02)
    return found


def test_a_public_post_gets_its_id_after_moderation(
    http: httpx.Client, ahead: Ahead, store: Store
) -> None:
    data = init(http).json()["data"]
    put(http, data["upload_url"], 0, FILM, 40)
    (post,) = store.posts.newest()
    seen = states(http, data["publish_id"], ahead)
    assert [one["status"] for one in seen] == [
        "PROCESSING_UPLOAD", "PUBLISH_COMPLETE", "PUBLISH_COMPLETE"
    ]  # fmt: skip
    assert "publicaly_available_post_id" not in seen[1]
    assert seen[2]["publicaly_available_post_id"] == [int(post.id)]
    listed = http.post("/tiktok/v2/video/list/?fields=id,title", json={}, headers=ALICE).json()
    assert listed["data"]["videos"] == [{"id": post.id, "title": "Hi"}]
    bob = {"Authorization": "Bearer sandbox-bob"}
    asked = {"filters": {"video_ids": [post.id]}}
    query = "/tiktok/v2/video/query/?fields=id,view_count"
    assert http.post(query, json=asked, headers=bob).json()["data"]["videos"] == []
    assert len(http.post(query, json=asked, headers=ALICE).json()["data"]["videos"]) == 1
    assert code_of(status(http, data["publish_id"], bob))[1].startswith("token_not_authorized")
    assert code_of(status(http, "v_pub_file~1")) == (400, "invalid_publish_id")


def test_a_private_post_never_gets_one(http: httpx.Client, ahead: Ahead) -> None:
    data = init(http, {"privacy_level": "SELF_ONLY"}).json()["data"]
    put(http, data["upload_url"], 0, FILM, 40)
    assert states(http, data["publish_id"], ahead)[-1] == {
        "status": "PUBLISH_COMPLETE", "uploaded_bytes": 40
    }  # fmt: skip
    listed = http.post("/tiktok/v2/video/list/?fields=id", json={}, headers=ALICE).json()
    assert listed["data"] == {"videos": [], "cursor": 0, "has_more": False}


@pytest.mark.parametrize(
    ("title", "film", "reason"),
    [("fail:duration_check_failed", FILM, "duration_check_failed"),
     ("Hi", b"z" * 40, "file_format_check_failed")],
)  # fmt: skip
def test_processing_may_end_badly(
    http: httpx.Client, ahead: Ahead, store: Store, title: str, film: bytes, reason: str
) -> None:
    data = init(http, {"title": title}).json()["data"]
    assert put(http, data["upload_url"], 0, film, 40).status_code == 201
    seen = states(http, data["publish_id"], ahead, 0.15)
    assert (seen[-1]["status"], seen[-1]["fail_reason"]) == ("FAILED", reason)
    assert list(store.posts.newest()) == []


def test_six_begun_a_minute_and_fifteen_a_day(http: httpx.Client) -> None:
    assert [code_of(init(http))[1] for _ in range(7)] == ["ok"] * 6 + ["rate_limit_exceeded"]
    bob, begun = {"Authorization": "Bearer sandbox-bob"}, time.time()
    codes = []
    for number in range(16):
        with time_machine.travel(begun + 61 * number):
            codes.append(code_of(init(http, who=bob)))
    assert codes == [(200, "ok")] * 15 + [(403, "spam_risk_too_many_posts")]
    bench = {"Authorization": "Bearer sandbox-bench1"}
    assert {code_of(init(http, who=bench))[1] for _ in range(20)} == {"ok"}
    creator = [http.post(f"{PUBLISH}/creator_info/query/", headers=bob) for _ in range(21)]
    assert [answer.status_code for answer in creator] == [200] * 20 + [429]


@pytest.mark.parametrize(
    ("change", "status_code", "code"),
    [
        ({"media_type": "VIDEO"}, 400, "invalid_params"),
        ({"source": {"source": "FILE_UPLOAD"}}, 400, "invalid_params"),
        ({"source": {"photo_images": []}}, 400, "invalid_params"),
        ({"source": {"photo_images": ["https://a.example/x.jpg"] * 36}}, 400, "invalid_params"),
        ({"source": {"photo_images": ["http://a.example/x.jpg"]}}, 400, "invalid_params"),
        ({"source": {"photo_images": ["https://unverified.example/x.jpg"]}}, 403,
         "url_ownership_unverified"),
        ({"info": {"title": "x" * 91}}, 400, "invalid_params"),
        ({"info": {"description": "x" * 4001}}, 400, "invalid_params"),
    ],
)  # fmt: skip
def test_pictures_that_are_not_as_documented_are_refused(
    http: httpx.Client, store: Store, change: dict[str, Any], status_code: int, code: str
) -> None:
    source = {"source": "PULL_FROM_URL", "photo_images": ["http://127.0.0.1:9/x.jpg"],
              "photo_cover_index": 0}  # fmt: skip
    body = {
        "post_info": {**INFO, **change.get("info", {})},
        "source_info": {**source, **change.get("source", {})},
        "post_mode": "DIRECT_POST", "media_type": change.get("media_type", "PHOTO"),
    }  # fmt: skip
    answer = http.post(f"{PUBLISH}/content/init/", json=body, headers=ALICE)
    assert code_of(answer) == (status_code, code)
    assert list(store.posts.newest()) == []


@pytest.mark.parametrize(
    ("fault", "status_code"), [("http_429", 429), ("http_500", 500), ("revoked", 403)]
)
def test_ordered_faults_are_met_at_a_piece_too(
    http: httpx.Client, store: Store, fault: str, status_code: int
) -> None:
    url = init(http).json()["data"]["upload_url"]
    store.faults.order({"network": "tiktok", "operation": "publish", "fault": fault,
                        "account": "alice"})  # fmt: skip
    assert put(http, url, 0, FILM, 40).status_code == status_code
    assert put(http, url, 0, FILM, 40).status_code == 201
