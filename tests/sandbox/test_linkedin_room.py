"""The played LinkedIn refuses what LinkedIn refuses; asked with raw HTTP, as any client would."""

import io
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import httpx2 as httpx
import pytest
import time_machine
from PIL import Image

from app.clock import now
from app.sandbox.store import Store
from tests.films import noise

BACK = "http://127.0.0.1:8000/back"
VERSION = {"Linkedin-Version": "202605", "X-Restli-Protocol-Version": "2.0.0"}
ALICE = {**VERSION, "Authorization": "Bearer sandbox-alice"}
ASK = {
    "response_type": "code", "client_id": "sandbox-linkedin", "redirect_uri": BACK,
    "scope": "openid profile w_member_social", "state": "abc",
}  # fmt: skip
SPREAD = {
    "feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": [],
}  # fmt: skip


def person(http: httpx.Client, who: dict[str, str] = ALICE) -> str:
    return "urn:li:person:" + str(http.get("/linkedin/v2/userinfo", headers=who).json()["sub"])


def page(http: httpx.Client) -> str:
    rows = http.get(
        "/linkedin/rest/organizationAcls?q=roleAssignee&state=APPROVED", headers=ALICE
    ).json()["elements"]
    return str(rows[0]["organization"])


def post(http: httpx.Client, who: dict[str, str] = ALICE, **changes: Any) -> httpx.Response:
    body = {
        "author": person(http), "commentary": "Hello", "visibility": "PUBLIC",
        "distribution": SPREAD, "lifecycleState": "PUBLISHED", **changes,
    }  # fmt: skip
    return http.post(
        "/linkedin/rest/posts", json={k: v for k, v in body.items() if v is not None}, headers=who
    )


def code_of(answer: httpx.Response) -> str:
    body = answer.json()
    rows = body.get("errorDetails", {}).get("inputErrors") or [body]
    return str(rows[0].get("code"))


def consent(http: httpx.Client, **changes: str) -> dict[str, str]:
    keep = {f"keep_{k}": v for k, v in {**ASK, **changes}.items() if k != "response_type"}
    answer = http.post(
        "/linkedin/oauth/v2/authorization", data={**keep, "handle": "carol", "decision": "allow"}
    )
    assert answer.status_code == 302, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


def exchange(http: httpx.Client, **changes: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code", "redirect_uri": BACK, "client_id": ASK["client_id"],
        "client_secret": "sandbox-linkedin-secret", **changes,
    }  # fmt: skip
    return http.post("/linkedin/oauth/v2/accessToken", data=form)


# Signing in


@pytest.mark.parametrize(
    ("change", "words"),
    [({"client_id": "stranger"}, "client_id"), ({"redirect_uri": "javascript:1"}, "redirect_uri")],
)
def test_a_stranger_is_not_sent_back(
    http: httpx.Client, change: dict[str, str], words: str
) -> None:
    answer = http.get(f"/linkedin/oauth/v2/authorization?{urlencode({**ASK, **change})}")
    assert answer.status_code == 400 and words in answer.text


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"scope": "openid r_member_social"}, "unauthorized_scope_error"),
        ({"client_id": "sandbox-linkedin-selfserve", "scope": "w_organization_social"},
         "unauthorized_scope_error"),
        ({"response_type": "token"}, "unsupported_response_type"),
    ],
)  # fmt: skip
def test_what_the_app_has_not_is_sent_back_as_an_error(
    http: httpx.Client, change: dict[str, str], error: str
) -> None:
    answer = http.get(f"/linkedin/oauth/v2/authorization?{urlencode({**ASK, **change})}")
    found = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    assert (answer.status_code, found["error"], found["state"]) == (302, error, "abc")


def test_a_token_comes_without_a_refresh_token_and_with_commas(http: httpx.Client) -> None:
    found = exchange(http, code=consent(http)["code"]).json()
    assert set(found) == {"access_token", "expires_in", "scope", "token_type"}
    assert (found["expires_in"], found["scope"]) == (5_184_000, "openid,profile,w_member_social")


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"code": "invented"}, 400, "invalid_grant"),
        ({"redirect_uri": BACK + "/"}, 400, "invalid_redirect_uri"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_a_code_goes_only_to_who_asked_for_it(
    http: httpx.Client, change: dict[str, str], status: int, error: str
) -> None:
    answer = exchange(http, **{"code": consent(http)["code"], **change})
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_a_code_lives_half_an_hour_and_is_good_once(http: httpx.Client) -> None:
    late, once = consent(http)["code"], consent(http)["code"]
    assert exchange(http, code=once).status_code == 200
    assert exchange(http, code=once).status_code == 400
    with time_machine.travel(now() + timedelta(minutes=31)):
        assert exchange(http, code=late).status_code == 400


# Headers


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Linkedin-Version": None}, 400, "VERSION_MISSING"),
        ({"Linkedin-Version": "202508"}, 426, "NONEXISTENT_VERSION"),
        ({"Linkedin-Version": "209901"}, 426, "NONEXISTENT_VERSION"),
        ({"Linkedin-Version": "202613"}, 426, "NONEXISTENT_VERSION"),
        ({"X-Restli-Protocol-Version": None}, 400, "INVALID_PROTOCOL_VERSION"),
        ({"Content-Type": "text/plain"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"Authorization": None}, 401, "EMPTY_ACCESS_TOKEN"),
        ({"Authorization": "Bearer invented"}, 401, "INVALID_ACCESS_TOKEN"),
    ],
)
def test_every_call_brings_its_headers(
    http: httpx.Client, headers: dict[str, str | None], status: int, code: str
) -> None:
    whole = {**ALICE, "Content-Type": "application/json", **headers}
    answer = http.post(
        "/linkedin/rest/posts", content=b"{}",
        headers={k: v for k, v in whole.items() if v is not None},
    )  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    "path",
    [
        "organizations?ids=List(1:2)",
        "organizations?ids=List%281%2C2%29",
        "organizations?ids=1,2",
        "posts?q=author&author=urn:li:organization:1",
    ],
)
def test_queries_are_encoded_as_rest_li_wants(http: httpx.Client, path: str) -> None:
    answer = http.get(f"/linkedin/rest/{path}", headers=ALICE)
    assert (answer.status_code, code_of(answer)) == (400, "ILLEGAL_ARGUMENT")


# Posts


def test_a_post_is_a_header_and_no_body(http: httpx.Client, store: Store) -> None:
    answer = post(http)
    assert (answer.status_code, answer.content) == (201, b"")
    assert answer.headers["x-restli-id"] == next(store.posts.newest()).id


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"author": None}, "MISSING_FIELD"),
        ({"visibility": None}, "MISSING_FIELD"),
        ({"visibility": "FRIENDS"}, "INVALID_VALUE_FOR_FIELD"),
        ({"lifecycleState": "DRAFT"}, "INVALID_VALUE_FOR_FIELD"),
        ({"distribution": {}}, "INVALID_VALUE_FOR_FIELD"),
        ({"author": "alice"}, "INVALID_URN_TYPE"),
        ({"commentary": ""}, "INVALID_VALUE_BLANK_FIELD"),
        ({"commentary": "x" * 3001}, "FIELD_LENGTH_TOO_LONG"),
        ({"text": "x"}, "UNPERMITTED_FIELD"),
        ({"content": {"poem": {}}}, "UNPERMITTED_FIELD"),
        ({"content": {}}, "INVALID_VALUE_FOR_FIELD"),
        ({"content": {"article": {"source": "https://a.com"}}}, "MISSING_FIELD"),
        ({"content": {"article": {"source": "ftp://a", "title": "T"}}}, "INVALID_VALUE_FOR_FIELD"),
        ({"content": {"article": {"source": "https://a.com", "title": "x" * 401}}},
         "FIELD_LENGTH_TOO_LONG"),
        ({"content": {"media": {"id": "urn:li:image:none"}}}, "INVALID_IMAGE_ID"),
        ({"content": {"media": {"id": "urn:li:video:none"}}}, "INVALID_VIDEO_ID"),
        ({"content": {"multiImage": {"images": [{"id": "urn:li:image:none"}]}}},
         "INVALID_VALUE_FOR_FIELD"),
    ],
)  # fmt: skip
def test_a_post_that_is_not_right_is_refused(
    http: httpx.Client, store: Store, changes: dict[str, Any], code: str
) -> None:
    answer = post(http, **changes)
    assert (answer.status_code, code_of(answer)) == (400, code)
    assert not list(store.posts.newest())


def test_others_and_pages_without_the_role_are_not_spoken_for(
    http: httpx.Client, store: Store
) -> None:
    bob = {**VERSION, "Authorization": "Bearer sandbox-bob"}
    for author in (person(http, bob), "urn:li:organization:1"):
        assert post(http, author=author).status_code == 403
    ours = page(http)
    assert post(http, author=ours, visibility="CONNECTIONS").status_code == 400
    assert post(http, author=ours).status_code == 201
    rows = [{"handle": "alice-works", "role": "ANALYST"}]
    store.accounts.get("linkedin", "alice").extras["organizations"] = rows
    assert post(http, author=ours, commentary="More").status_code == 403


def test_a_token_without_a_scope_may_not(http: httpx.Client) -> None:
    token = exchange(http, code=consent(http, scope="openid profile")["code"]).json()
    who = {**VERSION, "Authorization": f"Bearer {token['access_token']}"}
    answer = post(http, who, author=person(http, who))
    assert (answer.status_code, answer.json()["code"]) == (403, "ACCESS_DENIED")


def test_an_equal_post_is_refused_for_a_day_and_the_first_is_named(http: httpx.Client) -> None:
    first = post(http).headers["x-restli-id"]
    again = post(http)
    assert (again.status_code, code_of(again)) == (422, "DUPLICATE_POST")
    assert f"Content is a duplicate of {first}" in again.json()["message"]
    assert post(http, author=page(http)).status_code == 201
    with time_machine.travel(now() + timedelta(hours=25)):
        assert post(http).status_code == 201
    at = f"/linkedin/rest/posts/{quote(first, safe='')}"
    assert http.delete(at, headers=ALICE).status_code == 204
    assert http.delete(at, headers=ALICE).status_code == 204


def test_the_days_calls_end_at_midnight(http: httpx.Client, store: Store) -> None:
    store.limits.set_limit("linkedin", "alice", "member", 1)
    assert post(http).status_code == 201
    answer = post(http, commentary="Two")
    assert (answer.status_code, answer.json()["code"]) == (429, "TOO_MANY_REQUESTS")
    assert "retry-after" not in answer.headers and "DAY limit" in answer.json()["message"]


def test_a_members_posts_are_not_shown_and_a_pages_are(http: httpx.Client) -> None:
    mine, ours = post(http), post(http, author=page(http))
    for made, status in ((mine, 403), (ours, 200)):
        at = quote(made.headers["x-restli-id"], safe="")
        assert http.get(f"/linkedin/rest/posts/{at}", headers=ALICE).status_code == status
    found = http.get(
        f"/linkedin/rest/posts?q=author&author={quote(page(http), safe='')}", headers=ALICE
    ).json()["elements"]
    assert [one["id"] for one in found] == [ours.headers["x-restli-id"]]
    assert abs(found[0]["createdAt"] / 1000 - now().timestamp()) < 60


# Media


def begin(http: httpx.Client, room: str, **more: Any) -> httpx.Response:
    asked = {"owner": person(http), **more}
    return http.post(
        f"/linkedin/rest/{room}?action=initializeUpload", headers=ALICE,
        json={"initializeUploadRequest": asked},
    )  # fmt: skip


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG")
    return out.getvalue()


def test_a_picture_has_to_be_put_before_it_is_posted(http: httpx.Client) -> None:
    value = begin(http, "images").json()["value"]
    media: dict[str, Any] = {"content": {"media": {"id": value["image"]}}}
    assert code_of(post(http, **media)) == "MEDIA_ASSET_WAITING_UPLOAD"
    assert http.put(value["uploadUrl"], content=png()).status_code == 401
    assert http.put(value["uploadUrl"], content=png(), headers=ALICE).status_code == 201
    at = quote(value["image"], safe="")
    assert http.get(f"/linkedin/rest/images/{at}", headers=ALICE).status_code == 403
    assert code_of(post(http, **media, author=page(http))) == "INVALID_IMAGE_ID"
    assert post(http, **media).status_code == 201
    with time_machine.travel(now() + timedelta(hours=2)):
        assert http.put(value["uploadUrl"], content=png(), headers=ALICE).status_code == 403


def test_what_is_no_picture_fails_when_it_is_posted(http: httpx.Client) -> None:
    value = begin(http, "images").json()["value"]
    http.put(value["uploadUrl"], content=b"<svg/>", headers=ALICE)
    answer = post(http, content={"media": {"id": value["image"]}})
    assert code_of(answer) == "MEDIA_ASSET_PROCESSING_FAILED"


@pytest.mark.parametrize("size", [74_999, 500_000_001, None, "200000"])
def test_a_video_has_a_size(http: httpx.Client, size: Any) -> None:
    assert begin(http, "videos", fileSizeBytes=size).status_code == 400


def test_the_parts_of_a_video_go_each_to_its_address(
    http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.sandbox.linkedin.media.PIECE", 60_000)
    monkeypatch.setattr("app.sandbox.linkedin.media.VIDEO_SECONDS", 0.0)
    data = b"\0\0\0\x18ftypmp42" + noise(99_988)
    value = begin(http, "videos", fileSizeBytes=len(data)).json()["value"]
    rows = value["uploadInstructions"]
    assert [(r["firstByte"], r["lastByte"]) for r in rows] == [(0, 59_999), (60_000, 99_999)]
    kind = {"Content-Type": "application/octet-stream"}
    assert http.put(rows[0]["uploadUrl"], content=data, headers=kind).status_code == 400
    etags = []
    for row in rows:
        part = data[row["firstByte"] : row["lastByte"] + 1]
        assert http.put(row["uploadUrl"], content=part).status_code == 415
        etags.append(
            http.put(row["uploadUrl"], content=part, headers=kind).headers["etag"].strip('"')
        )

    def finalize(**changes: Any) -> httpx.Response:
        asked = {"video": value["video"], "uploadToken": value["uploadToken"],
                 "uploadedPartIds": etags, **changes}  # fmt: skip
        return http.post(
            "/linkedin/rest/videos?action=finalizeUpload", headers=ALICE,
            json={"finalizeUploadRequest": asked},
        )  # fmt: skip

    assert finalize(uploadedPartIds=etags[::-1]).json()["code"] == "UPDATING_ASSET_FAILED"
    assert finalize(uploadedPartIds=etags[:1]).json()["code"] == "UPDATING_ASSET_FAILED"
    assert finalize(uploadToken="other").status_code == 400
    assert finalize().status_code == 200
    at = quote(value["video"], safe="")
    shown = http.get(f"/linkedin/rest/videos/{at}", headers=ALICE).json()
    assert shown["status"] == "AVAILABLE"


# Comments


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 201),
        ({"object": "urn:li:share:1"}, 400),
        ({"message": {"text": " "}}, 400),
        ({"message": {"text": "x" * 1251}}, 400),
        ({"actor": "urn:li:organization:1"}, 403),
        ({"commentary": "x"}, 400),
    ],
)
def test_a_comment_is_plain_text_under_a_post(
    http: httpx.Client, changes: dict[str, Any], status: int
) -> None:
    urn = post(http).headers["x-restli-id"]
    body = {"actor": person(http), "object": urn, "message": {"text": "(More)"}, **changes}
    at = f"/linkedin/rest/socialActions/{quote(urn, safe='')}/comments"
    answer = http.post(at, json=body, headers=ALICE)
    assert answer.status_code == status
    if status == 201:
        assert answer.json()["message"]["text"] == "(More)"
        assert answer.headers["x-restli-id"] == answer.json()["id"]


def test_a_comment_under_nothing_is_refused_and_so_is_a_self_serve_app(
    http: httpx.Client,
) -> None:
    at = "/linkedin/rest/socialActions/urn%3Ali%3Ashare%3A1/comments"
    body = {"actor": person(http), "object": "urn:li:share:1", "message": {"text": "x"}}
    assert http.post(at, json=body, headers=ALICE).status_code == 404
    name = "sandbox-linkedin-selfserve"
    code = consent(http, client_id=name)["code"]
    token = exchange(http, code=code, client_id=name, client_secret=f"{name}-secret").json()
    who = {**VERSION, "Authorization": f"Bearer {token['access_token']}"}
    assert http.post(at, json=body, headers=who).status_code == 403


def test_the_feed_shows_posts_and_their_pages(http: httpx.Client, store: Store) -> None:
    post(http, commentary="Hello \\(world\\) {hashtag|\\#|tag} cut [here] off")
    (shown,) = store.posts.newest()
    assert shown.text == "Hello (world) #tag cut "
    assert "Hello (world)" in http.get(shown.url).text
    assert "Hello (world)" in http.get("/?network=linkedin").text
    assert http.get("/linkedin/rest/nothing", headers=ALICE).json()["status"] == 404
