"""The played YouTube refuses what the real one refuses, in its words (networks/youtube.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2 as httpx
import pytest

from app.sandbox.store import Store
from tests.networks.youtube_fixtures import *  # noqa: F403

ROOT = "/youtube"
QUARTER = 256 * 1024
MANAGE = "https://www.googleapis.com/auth/youtube"
UPLOAD = "https://www.googleapis.com/auth/youtube.upload"
BACK = "http://127.0.0.1:8000/back"
KEYS = {"client_id": "sandbox-youtube", "client_secret": "sandbox-youtube-secret"}
ALICE = {"Authorization": "Bearer sandbox-alice"}
START = f"{ROOT}/upload/youtube/v3/videos"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("app.sandbox.youtube.videos.PROCESSING_SECONDS", 0.0)
    yield


def consent(http: httpx.Client, handle: str = "alice", **more: str) -> dict[str, str]:
    asked = {
        "client_id": "sandbox-youtube", "redirect_uri": BACK, "scope": f"{MANAGE} {UPLOAD}",
        "state": "s", "access_type": "offline", "prompt": "consent", **more,
    }  # fmt: skip
    form = {f"keep_{name}": text for name, text in asked.items()}
    answer = http.post(
        f"{ROOT}/o/oauth2/v2/auth", data={**form, "handle": handle, "decision": "allow"}
    )
    return dict(parse_qsl(urlsplit(answer.headers.get("location", "")).query))


def exchange(http: httpx.Client, good: str, **more: str) -> httpx.Response:
    form = {**KEYS, "grant_type": "authorization_code", "code": good, "redirect_uri": BACK, **more}
    return http.post(f"{ROOT}/token", data=form)


def tokens(http: httpx.Client, **more: str) -> dict[str, Any]:
    found: dict[str, Any] = exchange(http, consent(http, **more)["code"]).json()
    return found


def reason(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["errors"][0]["reason"])


def start(
    http: httpx.Client, body: Any = None, total: int = 10, part: str = "snippet,status",
    headers: dict[str, str] | None = None, **query: str,
) -> httpx.Response:  # fmt: skip
    sent = {"X-Upload-Content-Type": "video/mp4", "X-Upload-Content-Length": str(total)}
    body = {"snippet": {"title": "T"}, "status": {}} if body is None else body
    return http.post(
        START, params={"uploadType": "resumable", "part": part, **query}, json=body,
        headers={**ALICE, **sent, **(headers or {})},
    )  # fmt: skip


def put(http: httpx.Client, session: str, data: bytes, place: str) -> httpx.Response:
    return http.put(session, content=data, headers={"Content-Range": place})


@pytest.mark.parametrize(
    ("field", "value"),
    [("client_id", "nobody"), ("redirect_uri", "ftp://x"), ("response_type", "token"),
     ("scope", "everything"), ("scope", ""), ("access_type", "always")],
)  # fmt: skip
def test_the_consent_page_refuses_what_it_does_not_know(
    http: httpx.Client, field: str, value: str
) -> None:
    query = {"client_id": "sandbox-youtube", "redirect_uri": BACK, "response_type": "code",
             "scope": MANAGE, field: value}  # fmt: skip
    answer = http.get(f"{ROOT}/o/oauth2/v2/auth", params=query)
    assert answer.status_code == 400 and "Error 40" in answer.text


@pytest.mark.parametrize(
    ("more", "error"),
    [({"redirect_uri": "http://other"}, "redirect_uri_mismatch"),
     ({"client_secret": "wrong"}, "invalid_client"), ({"client_id": "other"}, "invalid_client"),
     ({"grant_type": "password"}, "unsupported_grant_type"), ({"code": "made up"}, "invalid_grant"),
     ({"code_verifier": "v" * 50}, "invalid_grant")],
)  # fmt: skip
def test_a_code_is_good_for_its_own_client_and_address(
    http: httpx.Client, more: dict[str, str], error: str
) -> None:
    answer = exchange(http, consent(http)["code"], **more)
    assert answer.status_code in (400, 401) and answer.json()["error"] == error


def test_a_code_is_good_once(http: httpx.Client) -> None:
    code = consent(http)["code"]
    assert exchange(http, code).status_code == 200
    assert exchange(http, code).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("first", "more", "comes"),
    [(True, {"prompt": ""}, True), (False, {"prompt": ""}, False), (False, {}, True),
     (True, {"access_type": "online"}, False)],
)  # fmt: skip
def test_a_refresh_token_comes_with_offline_and_a_consent(
    http: httpx.Client, first: bool, more: dict[str, str], comes: bool
) -> None:
    if not first:
        tokens(http)
    assert ("refresh_token" in tokens(http, **more)) is comes


def test_refreshing_repeats_no_refresh_token_and_revoking_ends_all(http: httpx.Client) -> None:
    given, other = tokens(http), tokens(http)
    form = {**KEYS, "grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
    fresh = http.post(f"{ROOT}/token", data=form).json()
    assert "refresh_token" not in fresh and fresh["expires_in"] == 3599
    assert http.post(f"{ROOT}/revoke", data={"token": fresh["access_token"]}).status_code == 200
    assert http.post(f"{ROOT}/token", data=form).json()["error"] == "invalid_grant"
    dead = {"Authorization": f"Bearer {other['access_token']}"}
    answer = http.get(f"{ROOT}/youtube/v3/channels?part=id&mine=true", headers=dead)
    assert (answer.status_code, reason(answer)) == (401, "authError")
    assert answer.json()["error"]["status"] == "UNAUTHENTICATED"
    again = http.post(f"{ROOT}/revoke", data={"token": given["refresh_token"]})
    assert again.json()["error"] == "invalid_token"


def test_a_token_opens_what_its_scopes_open(http: httpx.Client) -> None:
    given = tokens(http, scope=UPLOAD)
    headers = {"Authorization": f"Bearer {given['access_token']}"}
    answer = http.get(f"{ROOT}/youtube/v3/channels?part=id&mine=true", headers=headers)
    assert (answer.status_code, reason(answer)) == (403, "insufficientPermissions")
    assert start(http, headers=headers).status_code == 200
    answer = http.post(
        f"{ROOT}/youtube/v3/commentThreads?part=snippet", headers=headers, json={"snippet": {}}
    )
    assert reason(answer) == "insufficientPermissions"


@pytest.mark.parametrize(
    ("body", "query", "said"),
    [
        ({"snippet": {"title": "x" * 101}}, {}, "invalidTitle"),
        ({"snippet": {}}, {}, "invalidTitle"),
        ({"snippet": {"title": "T", "description": "é" * 2501}}, {}, "invalidDescription"),
        ({"snippet": {"title": "T", "tags": ["a b"] * 84}}, {}, "invalidTags"),
        ({"snippet": {"title": "T", "categoryId": "x"}}, {}, "invalidCategoryId"),
        ({"snippet": {"title": "T"}, "status": {"license": "mine"}}, {}, "forbiddenLicenseSetting"),
        ({"snippet": {"title": "T"}, "status": {"privacyStatus": "x"}}, {}, "invalidVideoMetadata"),
        ({"snippet": {"title": "T"}, "status": {"privacyStatus": "private",
                                                 "publishAt": "2020-01-01T00:00:00Z"}}, {},
         "invalidPublishAt"),
        ({"snippet": {"title": 5}}, {}, "badRequest"),
        ({"snippet": {"titel": "T"}}, {}, "badRequest"),
        ({"snippet": {"title": "T"}}, {"notify": "true"}, "badRequest"),
        ({"snippet": {"title": "T"}}, {"part": "snippet,everything"}, "unknownPart"),
        ({"snippet": {"title": "T"}, "status": {}}, {"part": "snippet"}, "unexpectedPart"),
        ({"snippet": {"title": "T"}}, {"part": ""}, "required"),
        ({"snippet": {"title": "T"}}, {"uploadType": "media"}, "mediaBodyRequired"),
    ],
)  # fmt: skip
def test_an_announcement_that_does_not_fit_is_refused(
    http: httpx.Client, body: Any, query: dict[str, str], said: str
) -> None:
    assert reason(start(http, body, **query)) == said


def test_pictures_are_no_videos(http: httpx.Client) -> None:
    assert reason(start(http, headers={"X-Upload-Content-Type": "image/png"})) == "badContent"


def test_pieces_are_multiples_of_a_quarter_of_a_megabyte(http: httpx.Client) -> None:
    total = 2 * QUARTER + 5
    session = start(http, total=total).headers["location"]
    asking = put(http, session, b"", f"bytes */{total}")
    assert asking.status_code == 308 and "range" not in asking.headers
    assert put(http, session, b"x" * 1000, f"bytes 0-999/{total}").status_code == 400
    told = put(http, session, b"x" * QUARTER, f"bytes 0-{QUARTER - 1}/{total}")
    assert (told.status_code, told.headers["range"]) == (308, f"bytes=0-{QUARTER - 1}")
    assert "location" not in told.headers
    gap = put(http, session, b"x" * 5, f"bytes {2 * QUARTER}-{total - 1}/{total}")
    assert gap.status_code == 400
    rest = total - QUARTER
    done = put(http, session, b"y" * rest, f"bytes {QUARTER}-{total - 1}/{total}")
    assert done.status_code == 200 and done.json()["kind"] == "youtube#video"
    again = put(http, session, b"", f"bytes */{total}")
    assert again.json()["id"] == done.json()["id"]


@pytest.mark.parametrize(
    ("place", "data"),
    [("bytes 0-9/11", b"x" * 10), ("bytes 0-8/10", b"x" * 10), ("bytes 5-2/10", b"x"),
     ("pieces 0-9/10", b"x" * 10), ("bytes 0-10/10", b"x" * 11), ("bytes */10", b"x")],
)  # fmt: skip
def test_ranges_have_to_fit(http: httpx.Client, store: Store, place: str, data: bytes) -> None:
    session = start(http, total=10).headers["location"]
    assert put(http, session, data, place).status_code == 400
    assert not list(store.posts.newest())


def test_all_may_come_in_one_put_and_nobody_asks_who_has_the_address(
    http: httpx.Client, store: Store
) -> None:
    session = start(http, total=10).headers["location"]
    assert http.put(session, content=b"ftyp123456").status_code == 200
    assert next(store.posts.newest()).account == "alice"
    assert http.put(session + "x", content=b"ftyp123456").status_code == 404


def test_visibility_that_is_not_sent_is_public(http: httpx.Client) -> None:
    session = start(http, total=10).headers["location"]
    made = http.put(session, content=b"ftyp123456").json()
    assert made["status"]["privacyStatus"] == "public"


@pytest.mark.parametrize(
    ("bucket", "status", "said", "domain"),
    [("insert", 403, "quotaExceeded", "youtube.quota"),
     ("units", 403, "quotaExceeded", "youtube.quota"),
     ("channel", 400, "uploadLimitExceeded", "youtube.video")],
)  # fmt: skip
def test_quotas_end_and_refused_requests_cost_too(
    http: httpx.Client, store: Store, bucket: str, status: int, said: str, domain: str
) -> None:
    store.limits.set_limit("youtube", "*", bucket, 1)
    assert start(http, {"snippet": {}}).status_code == 400
    answer = start(http)
    assert (answer.status_code, reason(answer)) == (status, said)
    assert answer.json()["error"]["errors"][0]["domain"] == domain
    assert "retry-after" not in answer.headers


def test_the_quota_is_the_projects_and_benches_are_free_of_it(
    http: httpx.Client, store: Store
) -> None:
    store.limits.set_limit("youtube", "project", "insert", 1)
    other = {"Authorization": "Bearer sandbox-bob"}
    bench = {"Authorization": "Bearer sandbox-bench1"}
    assert start(http).status_code == 200
    assert reason(start(http, headers=other)) == "quotaExceeded"
    assert start(http, headers=bench).status_code == 200


def test_an_account_without_a_channel_uploads_nothing(http: httpx.Client, store: Store) -> None:
    body = {"network": "youtube", "handle": "alice", "extras": {"channel": False}}
    http.post("/_sandbox/accounts", json=body)
    answer = start(http)
    assert (answer.status_code, reason(answer)) == (401, "youtubeSignupRequired")
    listed = http.get(f"{ROOT}/youtube/v3/channels?part=id&mine=true", headers=ALICE)
    assert listed.json()["items"] == []


def test_a_private_video_is_its_owners_alone(http: httpx.Client) -> None:
    body = {"snippet": {"title": "T"}, "status": {"privacyStatus": "private"}}
    made = http.put(start(http, body).headers["location"], content=b"ftyp123456").json()
    url = f"{ROOT}/youtube/v3/videos?part=status,fileDetails&id={made['id']}"
    (mine,) = http.get(url, headers=ALICE).json()["items"]
    assert mine["fileDetails"]["fileSize"] == "10"
    bob = {"Authorization": "Bearer sandbox-bob"}
    assert http.get(url, headers=bob).json()["items"] == []
    answer = http.delete(f"{ROOT}/youtube/v3/videos?id={made['id']}", headers=bob)
    assert (answer.status_code, reason(answer)) == (403, "forbidden")
    answer = http.delete(f"{ROOT}/youtube/v3/videos?id={made['id']}", headers=ALICE)
    assert (answer.status_code, answer.content) == (204, b"")
    answer = http.delete(f"{ROOT}/youtube/v3/videos?id={made['id']}", headers=ALICE)
    assert (answer.status_code, reason(answer)) == (404, "videoNotFound")


def test_thumbnails_and_comments_have_their_refusals(http: httpx.Client) -> None:
    made = http.put(start(http).headers["location"], content=b"ftyp123456").json()
    url = f"{ROOT}/upload/youtube/v3/thumbnails/set?uploadType=media&videoId="
    png = {**ALICE, "Content-Type": "image/png"}
    assert reason(http.post(url + "none", headers=png, content=b"x")) == "videoNotFound"
    assert (
        reason(http.post(url + made["id"], headers=png, content=b"x")) == "imageFormatUnsupported"
    )
    assert reason(http.post(url + made["id"], headers=png)) == "mediaBodyRequired"

    def comment(text: str, video_id: str = made["id"]) -> httpx.Response:
        top = {"snippet": {"textOriginal": text}}
        body = {"snippet": {"videoId": video_id, "topLevelComment": top}}
        return http.post(f"{ROOT}/youtube/v3/commentThreads?part=snippet", headers=ALICE, json=body)

    assert reason(comment("")) == "commentTextRequired"
    assert reason(comment("x" * 10_001)) == "commentTextTooLong"
    assert reason(comment("Hi", "none")) == "videoNotFound"
    assert comment("Hi").status_code == 200


def test_pages_for_a_person(http: httpx.Client) -> None:
    made = http.put(start(http).headers["location"], content=b"ftyp123456").json()
    assert "<video" in http.get(f"{ROOT}/watch?v={made['id']}").text
    assert http.get(f"{ROOT}/shorts/{made['id']}").status_code == 200
    assert http.get(f"{ROOT}/watch?v=none").status_code == 404
    assert http.get(f"{ROOT}/channel/{made['snippet']['channelId']}").status_code == 302


def test_errors_outside_of_any_view_are_googles_too(http: httpx.Client) -> None:
    answer = http.get(f"{ROOT}/youtube/v3/nothing")
    assert (answer.status_code, reason(answer)) == (404, "notFound")
    assert json.loads(answer.content)["error"]["status"] == "NOT_FOUND"
