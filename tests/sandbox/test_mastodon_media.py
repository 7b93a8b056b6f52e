"""Files at the played instance (networks/mastodon.md §2, §5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx2 as httpx
import pytest
import time_machine

from app.sandbox.store import Store
from tests.sandbox import mastodon_asks
from tests.sandbox.mastodon_asks import (
    ANA,
    BASE,
    BOB,
    MP4,
    get,
    picture,
    picture_id,
    post,
    say,
    upload,
)

http, store = mastodon_asks.http, mastodon_asks.store


@pytest.mark.parametrize(
    ("form", "frames", "kind", "mime"),
    [
        ("PNG", 1, "image", "image/png"), ("JPEG", 1, "image", "image/jpeg"),
        ("WEBP", 1, "image", "image/webp"), ("GIF", 1, "image", "image/gif"),
        ("GIF", 3, "gifv", "image/gif"),
    ],
)  # fmt: skip
def test_pictures_are_known_by_their_bytes(
    http: httpx.Client, store: Store, form: str, frames: int, kind: str, mime: str
) -> None:
    data = picture(form, frames=frames)
    answer = upload(http, data, "text/plain", data={"description": "Tea", "focus": "0,1"})
    found = answer.json()
    assert (answer.status_code, found["type"], found["description"]) == (200, kind, "Tea")
    assert found["meta"]["original"]["size"] == "8x6"
    assert found["meta"]["focus"] == {"x": 0.0, "y": 1.0}
    assert store.table("mastodon.media").get(found["id"])["mime"] == mime  # type: ignore[index]
    assert http.get(found["url"]).content == data


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "File is invalid"),
        (b"hello", "content type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "content type"),
        (b"%PDF-1.4", "content type"),
        (picture()[:-30], "could not be verified"),
        (picture(size=(8200, 4100)), "8200x4100 images are not supported"),
        (picture() + b"\x00" * 16_777_216, "less than 16 MB"),
    ],
)
def test_other_files_are_refused(http: httpx.Client, data: bytes, sentence: str) -> None:
    answer = upload(http, data, "image/png")
    assert answer.status_code == 422
    assert sentence in answer.json()["error"]


def test_a_description_has_an_end(http: httpx.Client) -> None:
    answer = upload(http, picture(), data={"description": "x" * 1501})
    assert (answer.status_code, "1500" in answer.json()["error"]) == (422, True)


def test_a_video_takes_its_time(http: httpx.Client) -> None:
    answer = upload(http, MP4, "video/mp4")
    assert (answer.status_code, answer.json()["url"]) == (202, None)
    number = answer.json()["id"]
    waiting = get(http, f"/api/v1/media/{number}")
    assert (waiting.status_code, waiting.json()["url"]) == (206, None)
    early = post(http, "/api/v1/statuses", json={"status": "x", "media_ids": [number]})
    assert (early.status_code, "not finished" in early.json()["error"]) == (422, True)
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=2)):
        assert get(http, f"/api/v1/media/{number}").status_code == 200
        assert say(http, "x", media_ids=[number])["media_attachments"][0]["type"] == "video"


def test_processing_can_be_ordered(http: httpx.Client, store: Store) -> None:
    store.faults.order(
        {"network": "mastodon", "operation": "upload", "fault": "processing", "times": 1}
    )
    assert upload(http, picture()).status_code == 202
    number = picture_id(http)
    store.faults.order(
        {"network": "mastodon", "operation": "lookup", "fault": "processing", "times": 1}
    )
    assert get(http, f"/api/v1/media/{number}").status_code == 206
    assert get(http, f"/api/v1/media/{number}").status_code == 200


def test_a_description_can_be_mended_until_the_post(http: httpx.Client) -> None:
    number = picture_id(http)
    for more in ({"json": {"description": "New"}}, {"data": {"description": "New"}}):
        answer = http.put(f"{BASE}/api/v1/media/{number}", headers=ANA, **more)
        assert answer.json()["description"] == "New"
    say(http, "x", media_ids=[number])
    assert http.put(f"{BASE}/api/v1/media/{number}", headers=ANA).status_code == 404
    assert get(http, f"/api/v1/media/{number}").status_code == 404


def test_a_file_is_its_owners_for_a_day(http: httpx.Client) -> None:
    number = picture_id(http)
    assert get(http, f"/api/v1/media/{number}", headers=BOB).status_code == 404
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=25)):
        assert get(http, f"/api/v1/media/{number}").status_code == 404
    assert http.delete(f"{BASE}/api/v1/media/{number}", headers=ANA).json() == {}
    assert get(http, f"/api/v1/media/{number}").status_code == 404
