"""Files that a body names by their address, and files that come with a post."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app.extensions import db
from app.models.media import Media
from app.models.profiles import PlatformSet, Profile
from app.sandbox.store import Store
from app.services import media
from tests.api.asking import Api
from tests.factories import make_account
from tests.films import film
from tests.pictures import encoded, photo
from tests.playing import sandbox

__all__ = ["sandbox"]

JPEG = "image/jpeg"


@pytest.fixture(autouse=True)
def folder(app: Flask, tmp_path: Any, monkeypatch: Any) -> Any:
    """A media folder of this test alone."""
    config = replace(app.config["CARILLON"], MEDIA_DIR=tmp_path / "media")
    monkeypatch.setitem(app.config, "CARILLON", config)
    return tmp_path / "media"


def hosted(store: Store, raw: bytes, mime: str) -> str:
    """The bytes on a server; their address."""
    return f"https://cdn.example.com/_sandbox/media/{store.put_blob(raw, mime)}"


def test_a_file_is_fetched_from_its_address(amplify: Api, sandbox: Store) -> None:
    big = encoded(photo(1600, 1200), "PNG")
    assert len(big) > 1024 * 1024
    body = {"url": hosted(sandbox, big, "image/png"), "fileName": "shot.png", "altText": "Shot"}
    made = amplify.post("/api/v1/media", body, status=201)["media"]
    assert (made["file_name"], made["mime_type"], made["width"]) == ("shot.png", "image/png", 1600)
    assert made["alt_text"] == "Shot"


def test_an_address_that_leads_to_no_file_is_refused(amplify: Api, sandbox: Store) -> None:
    for url in ("https://cdn.example.com/_sandbox/media/none", "https://x.example.com/login?"):
        told = amplify.post("/api/v1/media", {"url": url}, status=400)
        assert (told["field"], told["errors"][0]["field"]) == ("url", "url")
    page = hosted(sandbox, b"<html>hello</html>", "text/html")
    assert amplify.post("/api/v1/media", {"url": page}, status=400)["field"] == "url"
    assert db.session.query(Media).count() == 0


def test_an_address_within_is_refused_without_a_call(
    app: Flask, amplify: Api, monkeypatch: Any
) -> None:
    """Through the real guard: no network plays here."""
    from app.extensions import networks

    networks.reset()
    config = replace(app.config["CARILLON"], SANDBOX=False)
    monkeypatch.setitem(app.config, "CARILLON", config)
    monkeypatch.setattr(networks, "config", config)
    for url in ("https://169.254.169.254/latest/meta-data", "https://[::1]/a.jpg",
                "http://example.com/a.jpg", "https://user@example.com/a.jpg"):  # fmt: skip
        told = amplify.post("/api/v1/media", {"url": url}, status=400)
        assert "could not fetch" in told["error"] and told["field"] == "url"
    networks.reset()


def test_files_of_more_than_1_mib_come_with_a_post(ampost: Api, brand: Profile) -> None:
    account = make_account(brand, "mastodon")
    big = encoded(photo(1600, 1200), "PNG")
    data = {
        "data": json.dumps({"content": {"text": "Two"}, "accounts": [str(account.id)]}),
        "files": [(io.BytesIO(big), "a.png"), (io.BytesIO(big), "b.png")],
    }
    post = ampost.post("/api/v1/posts", data=data, status=201)["post"]
    assert [one["filename"] for one in post["content"]["media"]] == ["a.png", "b.png"]


def test_files_are_matched_by_name_then_by_order(ampost: Api, brand: Profile) -> None:
    account = make_account(brand, "mastodon")
    raw = encoded(photo(160, 90), "PNG")
    library = ampost.post("/api/v1/media", data={"file": (io.BytesIO(raw), "kept.png")}, status=201)
    media = [
        {"url": "https://cdn.example.com/gone.png", "altText": "Third"},
        {"id": library["media"]["id"], "altText": "Kept"},
        {"id": "media-1", "altText": "Second"}, {"filename": "named.png", "altText": "First"},
    ]  # fmt: skip
    data = {
        "data": json.dumps(
            {"content": {"text": "Four", "media": media}, "accounts": [str(account.id)]}
        ),
        "files": [(io.BytesIO(raw), one) for one in ("a.png", "named.png", "b.png")],
    }
    post = ampost.post("/api/v1/posts", data=data, status=201)["post"]
    assert [(one["altText"], one["filename"]) for one in post["content"]["media"]] == [
        ("Third", "b.png"), ("Kept", "kept.png"), ("Second", "a.png"), ("First", "named.png"),
    ]  # fmt: skip


def video(store: Store, **more: Any) -> dict[str, Any]:
    """The seed's media object of a video."""
    return {
        "url": hosted(store, film(), "video/mp4"), "type": "video",
        "filename": "product-demo.mp4", "mimeType": "video/mp4", "sizeBytes": 18432000,
        "width": 1920, "height": 1080, "durationSeconds": 45,
    } | more  # fmt: skip


def body(brand: Profile, platforms: list[str], item: Any, **settings: Any) -> dict[str, Any]:
    set_id = db.session.query(PlatformSet).filter_by(profile_id=brand.id).one().id
    return {
        "content": {
            "text": "Fallback title for the YouTube upload", "media": [item], "linkUrl": None,
            "platformOverrides": {"youtube": {"settings": settings}} if settings else {},
        },
        "platforms": platforms, "scheduledFor": None, "platformSetId": str(set_id),
    }  # fmt: skip


def test_a_thumbnail_url_is_the_videos_cover_and_youtube_shows_it(
    ampost: Api, brand: Profile, sandbox: Store
) -> None:
    make_account(brand, "youtube")
    green = encoded(photo(640, 360), "PNG")
    item = video(sandbox, thumbnailUrl=hosted(sandbox, green, "image/png"))
    asked = body(brand, ["youtube"], item, title="Explicit YouTube title", privacyStatus="private")
    post = ampost.post("/api/v1/posts", asked, status=201)["post"]
    settings = post["content"]["platformOverrides"]["youtube"]["settings"]
    assert settings == {
        "thumbnail": True,
        "title": "Explicit YouTube title",
        "privacyStatus": "private",
    }
    row = db.session.get_one(Media, UUID(post["content"]["media"][0]["id"]))
    assert row.poster_key is not None
    from PIL import Image

    with Image.open(media.storage().open(row.poster_key)) as cover:
        assert (cover.format, cover.size) == ("JPEG", (640, 360))

    change = {"content": asked["content"] | {"media": [{**item, "url": None, "id": str(row.id)}]}}
    change["content"]["platformOverrides"] = {"youtube": {"settings": {"thumbnail": False}}}
    post = ampost.patch(f"/api/v1/posts/{post['id']}", change)["post"]
    settings = post["content"]["platformOverrides"]["youtube"]["settings"]
    assert settings == {"thumbnail": False}  # what the body says itself stands


def test_without_youtube_only_the_cover_is_put_in_place(
    ampost: Api, brand: Profile, sandbox: Store
) -> None:
    make_account(brand, "linkedin")
    picture = hosted(sandbox, encoded(photo(640, 360), "PNG"), "image/png")
    moving = hosted(sandbox, film(192, 108, 3.5, grain=True), "video/mp4")
    asked = body(brand, ["linkedin"], video(sandbox, url=moving, thumbnailUrl=picture))
    post = ampost.post("/api/v1/posts", asked, status=201)["post"]
    assert post["content"]["platformOverrides"] == {}
    row = db.session.get_one(Media, UUID(post["content"]["media"][0]["id"]))
    from PIL import Image

    with Image.open(media.storage().open(row.poster_key or "")) as cover:
        assert cover.size == (640, 360)


def test_a_thumbnail_that_cannot_be_used_names_its_member(
    ampost: Api, brand: Profile, sandbox: Store
) -> None:
    make_account(brand, "youtube")
    page = hosted(sandbox, b"<html>no picture</html>", "text/html")
    asked = body(brand, ["youtube"], video(sandbox, thumbnailUrl=page))
    told = ampost.post("/api/v1/posts", asked, status=400)
    assert told["field"] == "content.media.0.thumbnailUrl"


def test_a_pictures_thumbnail_url_is_passed_over(
    ampost: Api, brand: Profile, sandbox: Store
) -> None:
    make_account(brand, "mastodon")
    item = {"url": hosted(sandbox, encoded(photo(90, 60), "PNG"), "image/png"), "type": "image",
            "thumbnailUrl": "https://cdn.example.com/_sandbox/media/none"}  # fmt: skip
    post = ampost.post("/api/v1/posts", body(brand, ["mastodon"], item), status=201)["post"]
    assert len(post["content"]["media"]) == 1


def test_an_announced_file_named_by_its_id_is_waited_for(ampost: Api, brand: Profile) -> None:
    make_account(brand, "mastodon")
    asked = {"fileName": "a.jpg", "contentType": JPEG, "fileSize": 9, "profileId": str(brand.id)}
    told = ampost.post("/api/v1/media/upload-url", asked)
    early = ampost.post(
        "/api/v1/posts", body(brand, ["mastodon"], {"id": told["media"]["id"]}), status=400
    )
    assert early["field"] == "content.media.0.id" and "not been uploaded" in early["error"]
