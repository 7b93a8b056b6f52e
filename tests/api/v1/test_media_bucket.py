"""Files where they lie in a bucket: the same contract, and addresses that are the bucket's own."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx2 as httpx
import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from app import prescriptions, sharing
from app.clock import now
from app.config import settings
from app.extensions import db
from app.integrations import buckets
from app.jobs import media as jobs
from app.jobs.clock import Clock
from app.models.keys import ApiKey
from app.models.media import Media, MediaUpload
from app.models.people import User
from app.models.profiles import Profile
from app.permissions import Actor
from app.services import flight, keys, media
from tests.api.asking import Api
from tests.buckets import Played
from tests.conftest import Browser
from tests.factories import make_account, make_media, make_post
from tests.pictures import PLACE, encoded, located_jpeg, photo

JPEG = "image/jpeg"
RAW = located_jpeg(1, (120, 90))
PNG = encoded(photo(120, 90), "PNG")
SOON = now() + timedelta(days=30)
AWAY = ("503 Slow Down", "<Error><Code>SlowDown</Code></Error>")


@pytest.fixture(autouse=True)
def bucket(app: Flask, s3: Played, tmp_path: Path, monkeypatch: Any) -> Any:
    """An installation with a bucket; it is never asked while a transaction is open."""
    given = s3.settings(tmp_path)
    monkeypatch.setitem(app.config, "CARILLON", replace(app.config["CARILLON"], **given))
    pool = db.engine.pool
    s3.watch = lambda: pool.checkedout()  # type: ignore[attr-defined]
    yield given["S3_BUCKET"]
    assert s3.seen and set(s3.seen) == {0}


def announced(api: Api, brand: Profile, raw: bytes = RAW, **changes: Any) -> Any:
    body = {
        "profileId": str(brand.id), "fileName": "photo.jpg", "contentType": JPEG,
        "fileSize": len(raw),
    } | changes  # fmt: skip
    return api.post("/api/v1/media/upload-url", body)


def put(told: Any, raw: bytes = RAW, kind: str = JPEG) -> None:
    """Send the bytes as the seed says, which is past us."""
    sent = httpx.put(told["upload"]["signedUrl"], content=raw, headers={"Content-Type": kind})
    assert sent.status_code == 200


def post(brand: Profile, **named: str) -> dict[str, Any]:
    return {
        "platforms": ["mastodon"], "content": "Look", "scheduleDate": SOON.isoformat(),
        "profileId": str(brand.id), "media": [named],
    }  # fmt: skip


def finish(told: Any) -> str:
    return f"/api/v1/media/uploads/{told['media']['id']}/finish"


def test_the_seeds_way_from_upload_url_to_a_post_to_deleting(
    amplify: Api, client: Browser, brand: Profile, s3: Played, bucket: str
) -> None:
    make_account(brand, "mastodon")
    told = announced(amplify, brand)
    upload, item = told["upload"], told["media"]
    assert upload["signedUrl"].startswith(f"{s3.url}/{bucket}/incoming/")
    assert "X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost" in upload["signedUrl"]
    named = post(brand, file_path=item["file_path"])
    early = amplify.post("/api/v1/post", named, status=400)
    assert early["field"] == "media.0.file_path" and "signedUrl" in early["error"]

    put(told)
    assert client.get(urlsplit(item["public_url"]).path).status_code == 404  # nobody looked at it
    amplify.get(f"/api/v1/media/{item['id']}", status=404)
    sent = amplify.post("/api/v1/post", named)
    shown = amplify.get("/api/v1/posts")["posts"][0]
    assert [one["file_path"] for one in shown["media"]] == [item["file_path"]]
    row = db.session.query(Media).one()
    assert s3.names(bucket) == sorted([row.key, row.thumb_key])
    seen = client.get(urlsplit(item["public_url"]).path)
    assert (seen.status_code, seen.mimetype) == (200, JPEG)
    assert PLACE.encode() in RAW and PLACE.encode() not in seen.data
    assert "sandbox" in seen.headers["Content-Security-Policy"]
    amplify.post("/api/v1/post", post(brand, public_url=item["public_url"]))

    put(told)  # the address is open for its 15 minutes; what comes now is nobody's
    with time_machine.travel(now() + timedelta(minutes=2)):
        jobs.arrivals()
    assert s3.names(bucket) == sorted([row.key, row.thumb_key])

    for one in amplify.get("/api/v1/posts")["posts"]:
        amplify.delete(f"/api/v1/posts/{one['id']}")
    assert sent["postId"]
    gone = {"profileId": str(brand.id), "filePath": item["file_path"]}
    amplify.delete("/api/v1/media", gone)
    assert s3.names(bucket) in ([], [row.thumb_key])
    assert client.get(urlsplit(item["public_url"]).path).status_code == 404


def test_finishing_says_what_came(
    amplify: Api, brand: Profile, s3: Played, bucket: str, owner: Actor
) -> None:
    make_account(brand, "mastodon")
    told = announced(amplify, brand)
    assert "not been uploaded yet" in amplify.post(finish(told), status=409)["error"]
    put(told)
    done = amplify.post(finish(told))["media"]
    assert (done["id"], done["width"], done["mime_type"]) == (told["media"]["id"], 120, JPEG)
    assert amplify.post(finish(told))["media"]["id"] == done["id"]

    for raw, kind, words in (
        (RAW[:-100], JPEG, "not whole"), (RAW + b"x", JPEG, "larger than announced"),
        (PNG, "image/png", "sent as something else"),
    ):  # fmt: skip
        wrong = announced(amplify, brand, raw if raw is PNG else RAW)
        put(wrong, raw, kind)
        if raw is PNG:
            refused = amplify.post("/api/v1/post", post(brand, id=wrong["media"]["id"]), status=400)
            assert refused["field"] == "media.0.id"
        else:
            refused = amplify.post(finish(wrong), status=400)
        assert words in refused["error"]
        assert "Ask for a new" in amplify.post(finish(wrong), status=409)["error"]
    row = db.session.query(Media).one()
    assert s3.names(bucket) == sorted([row.key, row.thumb_key])
    stranger = UUID(int=7)
    amplify.post(f"/api/v1/media/uploads/{stranger}/finish", status=404)


def test_what_nobody_names_is_taken_in_a_minute_later(
    amplify: Api, brand: Profile, s3: Played, bucket: str
) -> None:
    told, other, cancelled = (announced(amplify, brand) for _ in range(3))
    for one in (told, other, cancelled):
        put(one)
    amplify.delete(
        "/api/v1/media",
        {"profileId": str(brand.id), "filePath": cancelled["media"]["file_path"]},
    )
    row = db.session.get_one(MediaUpload, UUID(other["media"]["id"]))
    row.used_at = now()  # another process is at it
    db.session.commit()
    busy = amplify.post(finish(other), status=409)
    assert "Try again in a few seconds" in busy["error"]
    jobs.arrivals()
    assert db.session.query(Media).count() == 0  # left to whoever sent it
    db.session.rollback()
    with time_machine.travel(now() + timedelta(minutes=2)):
        jobs.arrivals()
    ids = [UUID(told["media"]["id"])]
    assert db.session.scalars(select(Media.id)).all() == ids
    db.session.rollback()
    with time_machine.travel(now() + timedelta(hours=2)):  # that process has died
        jobs.arrivals()
    ids.append(UUID(other["media"]["id"]))
    assert sorted(db.session.scalars(select(Media.id))) == sorted(ids)
    assert not [name for name in s3.names(bucket) if name.startswith("incoming")]


def test_a_revoked_key_lets_nothing_in(
    amplify: Api, ampost: Api, brand: Profile, s3: Played, bucket: str, owner: Actor
) -> None:
    told = announced(amplify, brand)
    put(told)
    row = db.session.get_one(MediaUpload, UUID(told["media"]["id"]))
    keys.revoke(owner, db.session.get_one(ApiKey, row.api_key_id).id)
    refused = ampost.post(finish(told), status=403)
    assert "run out" in refused["error"] and s3.names(bucket) == []


def test_a_look_at_a_post_takes_in_what_came_and_keeps_nothing_else(
    amplify: Api, brand: Profile, owner: Actor, s3: Played, bucket: str
) -> None:
    make_account(brand, "mastodon")
    told = announced(amplify, brand)
    put(told)
    looked = amplify.post(
        "/api/v1/posts/validate", post(brand, file_path=told["media"]["file_path"])
    )
    assert looked["valid"], looked
    assert len(s3.names(bucket)) == 2 and db.session.query(Media).count() == 1

    row = db.session.query(Media).one()
    media.storage().path(row.key).unlink()  # it was taken in on another machine
    looked = amplify.post(
        "/api/v1/posts/validate", post(brand, file_path=told["media"]["file_path"])
    )
    [account] = looked["accounts"]
    assert len(account["parts"][0]["media"]) == 1 and account["stopped"] is None, looked
    with media.on_trial():
        media.upload(owner, brand.id, io.BytesIO(PNG), "b.png", "image/png")
        assert len(s3.names(bucket)) == 4
        assert db.session.query(Media).count() == 1
    assert len(s3.names(bucket)) == 2


def test_our_own_address_takes_the_file_too(
    amplify: Api, client: Browser, brand: Profile, s3: Played, bucket: str
) -> None:
    told = announced(amplify, brand)
    here = f"/api/v1/media/uploads/{told['media']['id']}?token={told['upload']['token']}"
    answer = client.put(here, data=RAW, content_type=JPEG, csrf=False)
    assert answer.status_code == 200 and len(s3.names(bucket)) == 2
    assert answer.get_json()["media"]["id"] == told["media"]["id"]


def test_pages_show_what_the_bucket_holds(
    signed_in: Any, amplify: Api, brand: Profile, owner: Actor, s3: Played, bucket: str
) -> None:
    made = media.upload(owner, brand.id, io.BytesIO(RAW), "a.jpg", JPEG)
    account = make_account(brand, "mastodon")
    account.avatar_key = media.storage().save(io.BytesIO(b"face"), 10).key
    account.avatar_mime = "image/webp"
    db.session.commit()
    for one in media.storage().root.glob("??/*"):
        one.unlink()  # another machine serves
    hers, base = signed_in(db.session.query(User).one()), f"/p/{brand.slug}"
    part = hers.get(f"{base}/media/{made.id}/file", headers={"Range": "bytes=0-1"})
    assert (part.status_code, part.data, part.mimetype) == (206, b"\xff\xd8", JPEG)
    assert hers.get(f"{base}/media/{made.id}/thumb").mimetype == "image/webp"
    assert hers.get(f"{base}/connections/{account.id}/avatar").data == b"face"
    assert s3.url not in hers.get(f"{base}/media").headers["Content-Security-Policy"]


def test_pictures_are_cut_and_checked_before_their_time(
    brand: Profile, owner: Actor, s3: Played, bucket: str
) -> None:
    made = media.upload(owner, brand.id, io.BytesIO(RAW), "a.jpg", JPEG)
    media.storage().path(made.key).unlink()
    cut = media.crop(owner, brand.id, made.id, (0, 0, 60, 60), (60, 60))
    assert (cut.width, cut.height) == (60, 60) and cut.key in s3.names(bucket)
    draft = make_post(brand, "Look", [make_account(brand, checked_at=now())], at=SOON, media=[cut])
    post_id, key = draft.id, cut.key

    def told() -> list[str]:
        [line] = flight.check_now(owner, post_id).lines
        return [one.code for one in line.findings if one.code == "media_gone"]

    media.storage().path(key).unlink()
    assert told() == []
    s3.fault = AWAY
    assert told() == []  # nobody can say
    s3.fault = None
    db.session.rollback()
    media.storage().delete(key)
    assert told() == ["media_gone"]


def test_a_bucket_that_is_away_loses_nothing(
    amplify: Api, client: Browser, brand: Profile, owner: Actor, s3: Played, bucket: str
) -> None:
    told = announced(amplify, brand)
    put(told)
    kept = make_media(brand)
    url = sharing.address(media.storage().path(kept.key), kept.mime, settings())
    key, media_id = kept.key, kept.id
    s3.fault = AWAY
    failed = amplify.post(finish(told), status=503)
    assert failed["code"] == "UNAVAILABLE" and amplify.headers["Retry-After"] == "60"
    data = {"file": (io.BytesIO(PNG), "a.png", "image/png"), "profileId": str(brand.id)}
    assert amplify.post("/api/v1/media", data=data, status=503)["code"] == "UNAVAILABLE"
    assert client.get(urlsplit(url).path).status_code == 200  # the copy serves
    media.delete(owner, media_id)  # what is deleted is, whatever the bucket says
    assert db.session.query(Media).filter(Media.deleted_at.is_(None)).count() == 0
    db.session.rollback()
    s3.fault = None
    assert key in s3.names(bucket) and amplify.post(finish(told))["media"]
    with time_machine.travel(now() + timedelta(days=2)):
        jobs.sweep()
    row = db.session.query(Media).filter(Media.deleted_at.is_(None)).one()
    assert s3.names(bucket) == sorted([row.key, row.thumb_key])


def test_readiness_and_the_doctor_tell_of_the_bucket(
    app: Flask, client: Browser, s3: Played, bucket: str
) -> None:
    lines: list[str] = []
    assert "bucket" not in client.get("/readyz").get_data(as_text=True)
    prescriptions.installation(lines.append)
    assert any(line.startswith("storage    ok") and bucket in line for line in lines)
    buckets._made.cache_clear()  # another process
    s3.fault = ("403 Forbidden", "<Error><Code>AccessDenied</Code></Error>")
    answer = client.get("/readyz")
    assert answer.status_code == 503 and "rights to put" in answer.get_data(as_text=True)
    assert "arrivals" in [one.name for one in Clock(app).periodic]
