"""The Ampost seed (003), walked in its order: its requests as they stand, its answers' shapes.

Its tables of codes and sentences are held in ``tests/api/v1/test_refusals.py``.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest

from app import ids
from app.clock import now
from app.extensions import db
from app.models.people import User
from app.models.profiles import PlatformSet, Profile
from app.sandbox.store import Store
from tests.api.asking import Api
from tests.api.seeds.shape import alike
from tests.api.v1.test_media_fetched import hosted
from tests.films import film
from tests.pictures import encoded, photo

POSTS = "/api/v1/posts"
POST = {
    "id": "post_uuid", "userId": "user_uuid", "content": {"text": "", "media": []},
    "platformPosts": [
        {"id": "pp_uuid", "platform": "threads", "status": "published", "publishedUrl": None},
    ],
    "status": "draft", "scheduledFor": None, "createdAt": "2026-04-30T10:00:00Z",
    "updatedAt": "2026-04-30T10:00:00Z", "platformSetId": "set_uuid",
}  # fmt: skip
SUMMARY = {
    "id": "post_uuid", "status": "published", "textPreview": "Building in public...",
    "platforms": ["threads", "instagram"], "mediaCount": 1, "publishedCount": 2, "failedCount": 0,
    "scheduledFor": None, "createdAt": "2026-04-30T10:00:00Z",
    "updatedAt": "2026-04-30T10:00:00Z", "platformSetId": "set_uuid",
}  # fmt: skip
SET = {
    "id": "set_uuid", "userId": "user_uuid", "name": "My Brand Accounts", "isDefault": True,
    "createdAt": "2026-04-30T10:00:00Z", "updatedAt": "2026-04-30T10:00:00Z",
}  # fmt: skip
ACCOUNT: dict[str, Any] = {
    "id": "account_uuid", "platform": "tiktok", "platformSetId": "set_uuid", "scopes": [],
    "tokenExpiresAt": None, "tokenHealth": "healthy", "platformMetadata": {},
}  # fmt: skip


@pytest.fixture
def set_id(brand: Profile) -> str:
    return str(db.session.query(PlatformSet).one().id)


def body(set_id: str, platform: str, text: str, **content: Any) -> dict[str, Any]:
    """A request as every example of the seed is laid out."""
    given = {"text": text, "media": [], "linkUrl": None, "platformOverrides": {}} | content
    return {
        "content": given, "platforms": [platform], "scheduledFor": None, "platformSetId": set_id,
    }  # fmt: skip


def test_a_post_from_the_quickstart_to_its_end(
    ampost: Api, set_id: str, play: Store, connect: Callable[..., Any],
    working: Callable[[], AbstractContextManager[None]],
) -> None:  # fmt: skip
    connect("threads", "twitter")
    sent = body(set_id, "threads", "Hello from the Ampost API!")
    made = ampost.post(POSTS, sent, status=201)
    alike(made, {"post": POST})
    assert (made["post"]["status"], made["post"]["scheduledFor"]) == ("draft", None)
    path = f"{POSTS}/{made['post']['id']}"
    alike(ampost.get(path), {"post": POST})
    day = (now() + timedelta(days=30)).date()
    both = {"platforms": ["threads", "twitter"], "scheduledFor": f"{day}T12:00:00Z"}
    changed = ampost.patch(path, both)["post"]
    assert (changed["status"], changed["scheduledFor"]) == ("scheduled", f"{day}T12:00:00.000Z")
    play.faults.order(
        {"network": "twitter", "operation": "publish", "fault": "duplicate", "times": 1}
    )
    ampost.post(f"{path}/retry", status=409)
    with working():
        part = ampost.post(f"{path}/publish")["post"]
        assert part["status"] == "partial"
        assert {one["platform"]: one["status"] for one in part["platformPosts"]} == {
            "threads": "published", "twitter": "failed",
        }  # fmt: skip
        again = ampost.post(f"{path}/retry", {"platforms": ["twitter"]})
    alike(again, {"post": POST})
    assert again["post"]["status"] == "published"
    assert all(one["publishedUrl"].startswith("http") for one in again["post"]["platformPosts"])
    for way in ("cancel", "publish", "retry"):
        told = ampost.post(f"{path}/{way}", status=409)
        assert told["code"] == "INVALID_STATUS_TRANSITION"
    assert ampost.patch(path, sent, status=409)["code"] == "INVALID_STATUS_TRANSITION"

    listed = ampost.get(f"{POSTS}?status=published&platform=threads&limit=20&offset=0")
    alike(listed, {"posts": [SUMMARY], "total": 42})
    [row] = listed["posts"]
    assert (row["publishedCount"], row["failedCount"], listed["total"]) == (2, 0, 1)
    assert ampost.get(f"{POSTS}?status=draft") == {"posts": [], "total": 0}
    for query in ("limit=101", "offset=-1", "status=odd"):
        assert ampost.get(f"{POSTS}?{query}", status=400)["code"] == "VALIDATION_FAILED"

    other = ampost.post(POSTS, sent, status=201)["post"]["id"]
    assert ampost.post(f"{POSTS}/{other}/cancel")["post"]["status"] == "discarded"
    third = ampost.post(POSTS, sent, status=201)["post"]["id"]
    ampost.delete(f"{POSTS}/{third}")
    assert ampost.get(f"{POSTS}?status=draft")["total"] == 0
    told = ampost.get(f"{POSTS}/{ids.uuid7()}", status=404)
    assert (told["success"], told["code"]) == (False, "POST_NOT_FOUND")


@pytest.mark.parametrize("path", ["/api/v1/platform-sets", "/api/platforms/sets"])
def test_platform_sets(ampost: Api, set_id: str, path: str) -> None:
    made = ampost.post(path, {"name": "My Brand Accounts"})
    alike(made, {"set": SET | {"connectionCount": 0}})
    assert (made["set"]["isDefault"], made["set"]["connectionCount"]) == (False, 0)
    one = f"{path}/{made['set']['id']}"
    renamed = ampost.patch(one, {"name": "Renamed Set"})
    alike(renamed, {"set": SET})
    assert renamed["set"]["name"] == "Renamed Set"
    alike(ampost.get(path), {"sets": [SET | {"connectionCount": 3}]})
    for status, method, where, sent in (
        (400, "POST", path, {}), (400, "POST", path, {"name": "x" * 51}),
        (400, "PATCH", one, {"name": ""}), (404, "PATCH", f"{path}/{ids.uuid7()}", {"name": "A"}),
        (400, "DELETE", f"{path}/{set_id}", None), (404, "DELETE", f"{path}/{ids.uuid7()}", None),
    ):  # fmt: skip
        assert ampost.ask(method, where, sent, status=status)["success"] is False
    assert ampost.delete(one) == {"success": True}


def test_accounts_say_what_their_network_says_of_them(
    ampost: Api, set_id: str, connect: Callable[..., Any]
) -> None:
    connect("tiktok", "youtube", "linkedin")
    found = ampost.get(f"/api/v1/accounts?platformSetId={set_id}")
    alike(found, {"accounts": [ACCOUNT]})
    known = {one["platform"]: one["platformMetadata"] for one in found["accounts"]}
    alike(known["tiktok"], {
        "privacy_level_options": ["SELF_ONLY"], "comment_disabled": False,
        "duet_disabled": False, "stitch_disabled": False, "max_video_post_duration_sec": 300,
    })  # fmt: skip
    alike(known["youtube"], {
        "channelId": "UC", "channelTitle": "Maya", "subscriberCount": 1, "videoCount": 1,
        "viewCount": 1,
    })  # fmt: skip
    alike(known["linkedin"], {
        "subject": "abc", "profile": {"name": "Maya"}, "scopes": [], "authFlow": "token",
        "organizationPosting": False,
    })  # fmt: skip
    [one] = ampost.get("/api/v1/accounts?platform=tiktok")["accounts"]
    assert ampost.get(f"/api/v1/accounts/{one['id']}")["account"] == one
    ampost.get(f"/api/v1/accounts/{ids.uuid7()}", status=404)


def test_files_are_sent_along_as_the_seeds_curl_does(
    ampost: Api, set_id: str, connect: Callable[..., Any]
) -> None:
    connect("tiktok")
    media = {
        "url": "https://cdn.example.com/launch.mp4", "type": "video", "filename": "launch.mp4",
        "mimeType": "video/mp4", "sizeBytes": 18432000, "width": 1080, "height": 1920,
        "durationSeconds": 24,
    }  # fmt: skip
    own = {"tiktok": {"settings": {"privacyLevel": "SELF_ONLY", "disableComment": True}}}
    data = body(set_id, "tiktok", "TikTok launch post", media=[media], platformOverrides=own)
    sent = {
        "data": json.dumps(data),
        "files": (io.BytesIO(film(360, 640)), "launch.mp4", "video/mp4"),
    }
    post = ampost.ask("POST", POSTS, status=201, data=sent)["post"]
    alike(post, POST)
    [kept] = post["content"]["media"]
    assert (kept["filename"], kept["mimeType"], kept["width"]) == ("launch.mp4", "video/mp4", 360)
    assert post["content"]["platformOverrides"]["tiktok"]["settings"] == own["tiktok"]["settings"]


def test_youtubes_and_linkedins_examples(
    ampost: Api, set_id: str, play: Store, connect: Callable[..., Any]
) -> None:
    connect("youtube", "linkedin")
    moving = hosted(play, film(192, 108, 3.5, grain=True), "video/mp4")
    cover = hosted(play, encoded(photo(640, 360), "PNG"), "image/png")
    picture = hosted(play, encoded(photo(160, 90), "PNG"), "image/png")
    clip = {
        "url": moving, "type": "video", "filename": "product-demo.mp4", "mimeType": "video/mp4",
        "sizeBytes": 18432000, "width": 1920, "height": 1080, "durationSeconds": 45,
        "thumbnailUrl": cover,
    }  # fmt: skip
    shot = {
        "id": "media-1", "url": picture, "type": "image", "filename": "product-shot.png",
        "mimeType": "image/png", "sizeBytes": 248120, "width": 1600, "height": 900,
        "altText": "Product dashboard with the LinkedIn publish flow open.",
    }  # fmt: skip
    for platform, text, media, settings in (
        ("youtube", "Fallback title for the YouTube upload", [clip], {
            "title": "Explicit YouTube title", "description": "Launch walkthrough",
            "tags": ["launch", "demo"], "categoryId": "28", "privacyStatus": "private",
            "notifySubscribers": False, "selfDeclaredMadeForKids": False,
            "containsSyntheticMedia": True,
        }),
        ("linkedin", "Shipping the new LinkedIn contract today.", [],
         {"visibility": "PUBLIC", "isReshareDisabledByAuthor": True}),
        ("linkedin", "LinkedIn image post", [shot], {"visibility": "CONNECTIONS"}),
        ("linkedin", "LinkedIn demo clip",
         [clip | {"id": "media-1", "filename": "demo.mp4", "durationSeconds": 38}],
         {"visibility": "PUBLIC", "videoTitle": "Ampost LinkedIn demo"}),
    ):  # fmt: skip
        own = {platform: {"settings": settings}}
        sent = body(set_id, platform, text, media=media, platformOverrides=own)
        post = ampost.post(POSTS, sent, status=201)["post"]
        alike(post, POST)
        kept = post["content"]["platformOverrides"][platform]["settings"]
        assert post["content"]["text"] == text and kept.items() >= settings.items()
        assert [one["type"] for one in post["content"]["media"]] == [one["type"] for one in media]
    told = ampost.post("/api/posts", {
        "text": "This will be rejected", "platforms": ["linkedin"], "scheduledFor": None,
        "platformSetId": set_id, "mediaUrls": ["https://cdn.example.com/demo.mp4"],
    }, status=400)  # fmt: skip
    assert told["error"] == "LinkedIn video URLs must be sent with explicit metadata."


def test_the_legacy_route_takes_keys_sessions_and_bare_addresses(
    ampost: Api, set_id: str, play: Store, connect: Callable[..., Any], signed_in: Any
) -> None:
    connect("linkedin")
    flat = {
        "text": "A picture", "platforms": ["linkedin"], "scheduledFor": None,
        "platformSetId": set_id,
        "mediaUrls": [hosted(play, encoded(photo(160, 90), "PNG"), "image/png")],
    }  # fmt: skip
    alike(ampost.post("/api/posts", flat, status=201), {"post": POST})
    browser = signed_in(db.session.query(User).one())
    assert browser.post("/api/posts", json=flat | {"mediaUrls": []}).status_code == 201
    assert browser.post("/api/posts", json=flat, csrf=False).status_code == 400
    assert browser.get("/api/posts").get_json()["total"] == 2
    assert browser.get(POSTS).status_code == 401
    assert ampost.get("/api/posts")["total"] == 2
    ampost.get("/api/keys", status=401)  # the dashboard's own


def test_limits_are_named_as_the_seed_names_them(
    ampost: Api, app: Any, set_id: str, connect: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from dataclasses import replace

    connect("threads")
    told = ampost.get("/api/v1")
    rates = {one["operation"]: (one["limit"], one["per"]) for one in told["rateLimits"]}
    assert rates == {
        "createPost": (100, "profile"), "publishPost": (1000, "key"),
        "connectPlatform": (100, "profile"), "mediaUpload": (50, "profile"),
        "apiRead": (1000, "key"),
    }  # fmt: skip
    quotas = told["billing"]["plans"][0]["quotas"]
    assert quotas.keys() >= {
        "postsPerMonth", "mediaUploadsPerMonth", "apiRequestsPerMonth", "maxScheduledPosts",
        "maxStorageBytes",
    }  # fmt: skip
    few: Any = replace(app.config["CARILLON"], API_POSTS_PER_HOUR=0)
    monkeypatch.setitem(app.config, "CARILLON", few)
    refused = ampost.post(POSTS, body(set_id, "threads", "One too many"), status=429)
    assert (refused["code"], refused["operation"]) == ("RATE_LIMITED", "createPost")
    assert int(ampost.headers["Retry-After"]) >= 1


def test_machines_read_llm_txt_and_speak_mcp_with_the_same_key(ampost: Api) -> None:
    answer = ampost.browser.get("/llm.txt")
    assert answer.mimetype == "text/plain" and POSTS in answer.text
    told = ampost.post("/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
    assert {"create_post", "publish_post"} <= {one["name"] for one in told["result"]["tools"]}
