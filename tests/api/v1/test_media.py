"""Files over the API: signed uploads in Amplify's words, multipart, by address, deleting."""

from __future__ import annotations

import io
import socket
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from flask import Flask

from app.clock import now
from app.extensions import db
from app.models.media import Media, MediaUpload
from app.models.profiles import Profile
from app.models.usage import UsageCount
from app.permissions import Actor
from app.services import keys, media_uploads, plans, submissions
from tests.api.asking import Api
from tests.conftest import Browser
from tests.factories import actor_of, make_account, make_profile, make_user
from tests.films import film
from tests.pictures import encoded, photo

JPEG = "image/jpeg"
RAW = encoded(photo(120, 90), "JPEG")
SOON = now() + timedelta(days=30)


@pytest.fixture(autouse=True)
def folder(app: Flask, tmp_path: Any, monkeypatch: Any) -> Any:
    """A media folder of this test alone."""
    settle(app, monkeypatch, MEDIA_DIR=tmp_path / "media")
    return tmp_path / "media"


def settle(app: Flask, monkeypatch: Any, **changes: Any) -> None:
    config = replace(app.config["CARILLON"], **changes)
    monkeypatch.setitem(app.config, "CARILLON", config)


def announced(api: Api, brand: Profile, raw: bytes = RAW, **changes: Any) -> Any:
    """What ``upload-url`` answers for a file."""
    body = {
        "profileId": str(brand.id), "fileName": "photo.jpg", "contentType": JPEG,
        "fileSize": len(raw),
    } | changes  # fmt: skip
    return api.post("/api/v1/media/upload-url", body)


def put(client: Browser, told: Any, raw: bytes = RAW, kind: str = JPEG, status: int = 200) -> Any:
    """Send the bytes as the seed says; no key goes with them."""
    url = urlsplit(told["upload"]["signedUrl"])
    answer = client.put(f"{url.path}?{url.query}", data=raw, content_type=kind, csrf=False)
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer.get_json()


def test_the_seeds_way_from_upload_url_to_a_post_to_deleting(
    amplify: Api, client: Browser, brand: Profile, owner: Actor, folder: Any
) -> None:
    make_account(brand, "mastodon")
    told = announced(amplify, brand)
    upload, item = told["upload"], told["media"]
    path = f"{owner.user_id}/{brand.id}/{item['id']}-photo.jpg"
    assert set(upload) == {"bucket", "path", "token", "signedUrl"}
    assert (upload["bucket"], upload["path"]) == ("post-media", path)
    base = client.application.config["CARILLON"].APP_URL
    assert upload["signedUrl"].startswith(f"{base}/api/v1/media/")
    assert upload["token"] in upload["signedUrl"]
    assert {k: v for k, v in item.items() if k not in ("id", "public_url", "created_at")} == {
        "post_id": "", "file_path": path, "mime_type": JPEG, "file_size": len(RAW),
        "file_name": "photo.jpg", "sort_order": 0,
    }  # fmt: skip
    assert client.get(urlsplit(item["public_url"]).path).status_code == 404

    post = {
        "platforms": ["mastodon"], "content": "Look", "scheduleDate": SOON.isoformat(),
        "profileId": str(brand.id), "media": [{"file_path": path}],
    }  # fmt: skip
    early = amplify.post("/api/v1/post", post, status=400)
    assert (early["code"], early["field"]) == ("VALIDATION_FAILED", "media.0.file_path")
    assert "not been uploaded yet" in early["error"] and "signedUrl" in early["error"]

    done = put(client, told)["media"]
    assert (done["id"], done["file_path"], done["mime_type"]) == (item["id"], path, JPEG)
    assert (done["width"], done["height"]) == (120, 90)
    seen = client.get(urlsplit(item["public_url"]).path)
    assert (seen.status_code, seen.mimetype) == (200, JPEG)
    seen.close()

    sent = amplify.post("/api/v1/post", post)
    shown = amplify.get("/api/v1/posts")["posts"][0]
    assert [one["file_path"] for one in shown["media"]] == [path]

    gone = {"profileId": str(brand.id), "filePath": path}
    needed = amplify.delete("/api/v1/media", gone, status=409)
    assert needed["field"] == "filePath" and "“Look” on " in needed["error"]
    assert needed["posts"] == [sent["postId"]]
    amplify.delete(f"/api/v1/posts/{sent['postId']}")
    assert amplify.delete("/api/v1/media", gone) == {"success": True}
    assert amplify.delete("/api/v1/media", gone, status=404)["code"] == "NOT_FOUND"
    assert amplify.get("/api/v1/media") == {"media": [], "total": 0}


def test_a_token_is_of_one_use(amplify: Api, client: Browser, brand: Profile) -> None:
    told = announced(amplify, brand)
    row = db.session.query(MediaUpload).one()
    assert told["upload"]["token"] not in (row.token_hash, row.key) and len(row.token_hash) == 64
    put(client, told)
    again = put(client, told, status=409)
    assert "used already" in again["error"]
    assert db.session.query(Media).count() == 1


def test_two_at_once_with_one_token_make_one_file(
    amplify: Api, client: Browser, brand: Profile
) -> None:
    """The second comes while the first is being read."""
    told = announced(amplify, brand)
    answers: list[int] = []

    class Late(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if not answers:
                answers.append(0)
                url = urlsplit(told["upload"]["signedUrl"])
                with pytest.raises(media_uploads.Conflict):
                    media_uploads.put(
                        UUID(told["media"]["id"]), url.query.removeprefix("token="),
                        io.BytesIO(RAW),
                    )  # fmt: skip
                answers.append(1)
            return super().read(size)

    row = media_uploads.put(UUID(told["media"]["id"]), told["upload"]["token"], Late(RAW))
    assert answers == [0, 1] and db.session.query(Media).one().id == row.id


def test_a_token_ends_after_15_minutes(amplify: Api, client: Browser, brand: Profile) -> None:
    told = announced(amplify, brand)
    row = db.session.query(MediaUpload).one()
    assert row.expires_at - row.created_at == timedelta(minutes=15)
    row.expires_at = now() - timedelta(seconds=1)
    db.session.commit()
    assert "run out" in put(client, told, status=403)["error"]
    make_account(brand, "mastodon")
    post = {"platforms": ["mastodon"], "content": "", "media": [{"id": told["media"]["id"]}]}
    late = amplify.post("/api/v1/post", post, status=400)
    assert late["field"] == "media.0.id" and "Ask for a new upload address" in late["error"]
    assert db.session.query(Media).count() == 0


def test_a_token_is_bound_to_id_size_and_type(
    amplify: Api, client: Browser, brand: Profile, folder: Any
) -> None:
    told, other = announced(amplify, brand), announced(amplify, brand)
    swapped = {"upload": {"signedUrl": told["upload"]["signedUrl"].replace(
        told["media"]["id"], other["media"]["id"])}}  # fmt: skip
    assert put(client, swapped, status=404)["code"] == "NOT_FOUND"
    assert put(client, told, RAW + b"x", status=400)["field"] == "fileSize"
    assert put(client, told, kind="image/png", status=400)["field"] == "contentType"
    assert put(client, told)["success"] is True  # none of these used it up


def test_the_type_is_what_the_bytes_are(amplify: Api, client: Browser, brand: Profile) -> None:
    png = encoded(photo(20, 20), "PNG")
    told = announced(amplify, brand, png)
    refused = put(client, told, png, status=400)
    assert (refused["code"], refused["field"]) == ("UNSUPPORTED_MEDIA_TYPE", "file")
    assert "PNG" in refused["error"]
    assert put(client, told, png, status=409)  # it was judged: that was its use
    html = b"<html><script>alert(1)</script>" * 9
    assert put(client, announced(amplify, brand, html), html, status=400)["field"] == "file"
    assert db.session.query(Media).count() == 0


def test_mp4_and_mov_are_told_apart(amplify: Api, client: Browser, brand: Profile) -> None:
    raw = film()
    wrong = announced(amplify, brand, raw, contentType="video/quicktime", fileName="a.mov")
    assert put(client, wrong, raw, "video/quicktime", 400)["field"] == "contentType"
    right = announced(amplify, brand, raw, contentType="video/mp4", fileName="a.mp4")
    done = put(client, right, raw, "video/mp4")["media"]
    assert done["mime_type"] == "video/mp4" and done["seconds"] > 0


def test_a_body_that_was_cut_off_may_be_sent_again(
    amplify: Api, client: Browser, brand: Profile, folder: Any
) -> None:
    told = announced(amplify, brand)
    token, upload_id = told["upload"]["token"], UUID(told["media"]["id"])
    with pytest.raises(media_uploads.CutOff) as caught:
        media_uploads.put(upload_id, token, io.BytesIO(RAW[:-100]))
    assert "100 bytes" in caught.value.message
    with pytest.raises(media_uploads.ValidationFailed) as longer:
        media_uploads.put(upload_id, token, io.BytesIO(RAW + b"x"))
    assert longer.value.field == "fileSize"
    assert not [one for one in folder.rglob("*") if one.is_file()]


def test_a_file_without_a_content_type_is_known_by_its_bytes_and_a_form_is_none(
    amplify: Api, client: Browser, brand: Profile
) -> None:
    told = announced(amplify, brand)
    form = put(client, told, kind="application/x-www-form-urlencoded", status=400)
    assert form["field"] == "contentType"
    assert put(client, told, kind="")["success"] is True
    assert put(client, announced(amplify, brand), kind="application/octet-stream")["success"]


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"contentType": "image/svg+xml"}, 400, "contentType"),
        ({"contentType": "application/pdf"}, 400, "contentType"),
        ({"fileSize": 20 * 1024 * 1024 + 1}, 413, "fileSize"),
        ({"contentType": "video/mp4", "fileSize": 200 * 1024 * 1024 + 1}, 413, "fileSize"),
        ({"fileSize": 0}, 400, "fileSize"),
        ({"fileName": ""}, 400, "fileName"),
    ],
)
def test_what_cannot_come_is_refused_before_it_is_sent(
    amplify: Api, brand: Profile, changes: dict[str, Any], status: int, field: str
) -> None:
    body = {"profileId": str(brand.id), "fileName": "a", "contentType": JPEG, "fileSize": 9}
    told = amplify.post("/api/v1/media/upload-url", body | changes, status=status)
    assert told["field"] == field
    counted = db.session.query(UsageCount).filter(UsageCount.kind.like("uploads%")).count()
    assert db.session.query(MediaUpload).count() == counted == 0


def test_a_revoked_key_lets_nothing_in(
    amplify: Api, client: Browser, brand: Profile, owner: Actor
) -> None:
    told = announced(amplify, brand)
    key_id = db.session.query(MediaUpload).one().api_key_id
    assert key_id is not None
    keys.revoke(owner, key_id)
    assert put(client, told, status=403)["code"] == "FORBIDDEN"


def test_one_cannot_reach_anothers_files(
    amplify: Api, ampost: Api, client: Browser, brand: Profile
) -> None:
    other = make_user()
    foreign = make_profile(other)
    theirs = Api(client, keys.create(actor_of(other), keys.KeyKind.PROFILE, foreign.id)[1])
    told = announced(theirs, foreign)
    for api in (amplify, ampost):
        body = {"profileId": str(foreign.id), "filePath": told["upload"]["path"]}
        assert api.delete("/api/v1/media", body, status=403)["code"] == "FORBIDDEN"
        body["profileId"] = str(uuid4())
        assert api.delete("/api/v1/media", body, status=403)["code"] == "FORBIDDEN"
        body["profileId"] = str(brand.id)
        hidden = api.delete("/api/v1/media", body, status=404)
        body["filePath"] = f"{uuid4()}/{brand.id}/{uuid4()}-photo.jpg"
        missing = api.delete("/api/v1/media", body, status=404)
        assert {k: v for k, v in hidden.items() if k != "request_id"} == {
            k: v for k, v in missing.items() if k != "request_id"
        }
        foreign_body = {"profileId": str(foreign.id), "fileName": "a", "contentType": JPEG,
                        "fileSize": 9}  # fmt: skip
        api.post("/api/v1/media/upload-url", foreign_body, status=403)
    put(client, told)
    for api in (amplify, ampost):
        api.get(f"/api/v1/media/{told['media']['id']}", status=404)
        assert api.get("/api/v1/media")["total"] == 0
    assert theirs.get("/api/v1/media")["total"] == 1


def test_an_announced_file_can_be_forgotten(amplify: Api, client: Browser, brand: Profile) -> None:
    told = announced(amplify, brand)
    body = {"profileId": str(brand.id), "filePath": told["upload"]["path"]}
    assert amplify.delete("/api/v1/media", body) == {"success": True}
    assert put(client, told, status=404)
    bad = amplify.delete("/api/v1/media", body | {"filePath": "../../etc/passwd"}, status=400)
    assert bad["field"] == "filePath"


def test_files_come_as_multipart_with_either_key(amplify: Api, ampost: Api, brand: Profile) -> None:
    for index, api in enumerate((amplify, ampost)):
        data = {"file": (io.BytesIO(RAW), f"p{index}.jpg", JPEG), "altText": "Red",
                "profileId": str(brand.id)}  # fmt: skip
        made = api.post("/api/v1/media", data=data, status=201)["media"]
        assert (made["file_name"], made["alt_text"]) == (f"p{index}.jpg", "Red")
        assert api.get(f"/api/v1/media/{made['id']}")["media"]["file_path"] == made["file_path"]
    listed = amplify.get("/api/v1/media?limit=1")
    assert listed["total"] == 2 and [one["file_name"] for one in listed["media"]] == ["p1.jpg"]
    older = amplify.get("/api/v1/media?limit=1&offset=1&type=image")
    assert [one["file_name"] for one in older["media"]] == ["p0.jpg"]
    assert amplify.get("/api/v1/media?type=video")["total"] == 0


def test_a_file_beyond_1_mib_is_taken_from_a_key_and_from_nobody_else(
    amplify: Api, client: Browser
) -> None:
    big = encoded(photo(1600, 1200), "PNG")
    assert len(big) > 1024 * 1024
    for api, status in ((amplify, 201), (Api(client), 413), (Api(client, "ak_nothing"), 413)):
        api.post("/api/v1/media", data={"file": (io.BytesIO(big), "b.png")}, status=status)


def test_neither_file_nor_address_is_refused(amplify: Api) -> None:
    assert amplify.post("/api/v1/media", {}, status=400)["field"] == "url"
    two = {"file": [(io.BytesIO(RAW), "a.jpg"), (io.BytesIO(RAW), "b.jpg")]}
    assert amplify.post("/api/v1/media", data=two, status=400)["field"] == "file"


def test_the_same_upload_twice_is_one(amplify: Api, brand: Profile) -> None:
    again = {"Idempotency-Key": "one"}
    made = [
        amplify.post(
            "/api/v1/media", data={"file": (io.BytesIO(RAW), "a.jpg", JPEG)}, status=201,
            headers=again,
        )
        for _ in range(2)
    ]  # fmt: skip
    assert made[0] == made[1] and amplify.headers["Idempotency-Replayed"] == "true"
    assert db.session.query(Media).count() == 1
    body = {"fileName": "a.jpg", "contentType": JPEG, "fileSize": 9}
    told = [
        amplify.post("/api/v1/media/upload-url", body, headers={"Idempotency-Key": "two"})
        for _ in range(2)
    ]
    assert told[0] == told[1] and db.session.query(MediaUpload).count() == 1


def test_an_hour_holds_so_many_uploads_however_they_come(
    app: Flask, amplify: Api, brand: Profile, monkeypatch: Any, folder: Any
) -> None:
    settle(app, monkeypatch, API_UPLOADS_PER_HOUR=2)
    announced(amplify, brand)
    amplify.post("/api/v1/media", data={"file": (io.BytesIO(RAW), "a.jpg")}, status=201)
    before = sorted(folder.rglob("*"))
    for path, rest in (
        ("/api/v1/media", {"data": {"file": (io.BytesIO(RAW), "a.jpg")}}),
        ("/api/v1/media/upload-url",
         {"body": {"fileName": "a.jpg", "contentType": JPEG, "fileSize": 9}}),
    ):  # fmt: skip
        told = amplify.post(path, status=429, **rest)
        assert told["code"] == "RATE_LIMITED" and int(amplify.headers["Retry-After"]) >= 1
    assert sorted(folder.rglob("*")) == before
    assert db.session.query(Media).count() == 1


def test_a_plans_storage_is_a_limit(
    app: Flask, amplify: Api, client: Browser, brand: Profile, monkeypatch: Any
) -> None:
    small = replace(plans.SELF_HOSTED, max_storage_bytes=len(RAW) * 2)
    monkeypatch.setattr(plans, "SELF_HOSTED", small)
    first, second = announced(amplify, brand), announced(amplify, brand)
    put(client, first)
    put(client, second)
    full = {"fileName": "a.jpg", "contentType": JPEG, "fileSize": len(RAW)}
    assert amplify.post("/api/v1/media/upload-url", full, status=429)["code"] == "QUOTA_EXCEEDED"
    amplify.post("/api/v1/media", data={"file": (io.BytesIO(RAW), "a.jpg")}, status=429)
    body = {"profileId": str(brand.id), "filePath": first["upload"]["path"]}
    amplify.delete("/api/v1/media", body)
    announced(amplify, brand)


def test_announcements_are_forgotten_a_day_after_they_ran_out(amplify: Api, brand: Profile) -> None:
    told = announced(amplify, brand)
    assert media_uploads.sweep() == 0
    row = db.session.query(MediaUpload).one()
    row.expires_at = now() - timedelta(days=1, seconds=1)
    db.session.commit()
    assert media_uploads.sweep() == 1
    amplify.get(f"/api/v1/media/{told['media']['id']}", status=404)


def test_a_request_that_died_after_its_files_makes_the_post_they_were_for(
    ampost: Api, brand: Profile, monkeypatch: Any
) -> None:
    """The files are not what its key leads to."""
    account = make_account(brand, "mastodon").id
    data = {"data": f'{{"content": {{"text": "x"}}, "accounts": ["{account}"]}}'}
    real = submissions.submit

    def dies(*given: Any, **rest: Any) -> Any:
        raise RuntimeError("died")

    monkeypatch.setattr(submissions, "submit", dies)
    once = {"Idempotency-Key": "files"}
    ampost.post("/api/v1/posts", data=data | {"files": (io.BytesIO(RAW), "a.jpg")}, status=500,
                headers=once)  # fmt: skip
    monkeypatch.setattr(submissions, "submit", real)
    post = ampost.post(
        "/api/v1/posts", data=data | {"files": (io.BytesIO(RAW), "a.jpg")}, status=201,
        headers=once,
    )["post"]  # fmt: skip
    assert len(post["content"]["media"]) == 1
    again = ampost.post(
        "/api/v1/posts", data=data | {"files": (io.BytesIO(RAW), "a.jpg")}, status=201,
        headers=once,
    )["post"]  # fmt: skip
    assert again["id"] == post["id"]


def test_over_a_real_socket(
    amplify: Api, client: Browser, brand: Profile, owner: Actor, serve: Any
) -> None:
    """A large file, one of the wrong length, and one whose sender hangs up half-way."""
    big = encoded(photo(1200, 900), "PNG")
    assert len(big) > 1024 * 1024
    told = announced(amplify, brand, big, contentType="image/png")
    url = urlsplit(told["upload"]["signedUrl"])
    place = f"{url.path}?{url.query}"
    base = urlsplit(serve(client.application))
    db.session.remove()
    with closing(HTTPConnection(base.hostname or "", base.port)) as http:
        http.request("PUT", place, big + b"x", {"Content-Type": "image/png"})
        answer = http.getresponse()
        assert answer.status == 400 and b"announced with" in answer.read()
    with closing(socket.create_connection((base.hostname, base.port or 0))) as wire:
        head = f"PUT {place} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(big)}\r\n\r\n"
        wire.sendall(head.encode() + big[: len(big) // 2])
        wire.shutdown(socket.SHUT_WR)
        assert b" 400 " in wire.recv(100)
    with closing(HTTPConnection(base.hostname or "", base.port)) as http:
        http.request("PUT", place, big, {"Content-Type": "image/png"})
        answer = http.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()
