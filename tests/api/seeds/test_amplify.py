"""The Amplify seed (001), walked in its order: its requests as they stand, its answers' shapes.

Left to others: billing, team, webhooks and analytics; ``connect/init`` is walked in
``tests/api/v1/test_connect.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine

from app import ids
from app.models.profiles import Profile
from app.sandbox.store import Store
from tests.api.asking import Api
from tests.api.seeds.shape import alike
from tests.api.v1.test_media_fetched import hosted
from tests.conftest import Browser
from tests.factories import make_account
from tests.pictures import encoded, photo

RAW = encoded(photo(120, 90), "JPEG")
ENDPOINTS = """
GET /api/v1 · GET /api/v1/api-keys · POST /api/v1/api-keys · DELETE /api/v1/api-keys/{}
GET /api/v1/platforms · GET /api/v1/connections · DELETE /api/v1/connections/{}
POST /api/v1/connections/{}/sync · POST /api/v1/media/upload-url · DELETE /api/v1/media
POST /api/v1/post · GET /api/v1/posts · GET /api/v1/scheduled-posts
DELETE /api/v1/scheduled-posts/{} · GET /api/v1/job-logs · GET /api/v1/delivery-metrics
POST /api/v1/scheduled-posts/{}/retry · GET /api/v1/templates · POST /api/v1/templates
GET /api/v1/templates/{} · PATCH /api/v1/templates/{} · DELETE /api/v1/templates/{}
GET /api/v1/scheduling/best-times · GET /api/v1/recurring-schedules
POST /api/v1/recurring-schedules · PATCH /api/v1/recurring-schedules/{}
DELETE /api/v1/recurring-schedules/{} · GET /api/api-keys · POST /api/api-keys
""".replace("\n", " · ").split(" · ")[1:-1]
TEMPLATE = {
    "id": "tmpl_uuid", "name": "Weekly Update", "description": "Weekly team update template",
    "content": "📊 This week's highlights...", "platforms": ["twitter", "linkedin"],
    "category": "internal", "is_favorite": True, "usage_count": 15,
    "created_at": "2024-01-01T00:00:00.000Z", "updated_at": "2024-01-15T00:00:00.000Z",
}  # fmt: skip
CONNECTION = {
    "id": "connection_uuid", "platform": "twitter", "username": "@handle",
    "externalAccountId": "123456789", "externalAccountName": "Handle",
    "connectionStatus": "connected",
    "capabilities": {
        "text": True, "images": True, "video": False, "scheduling": True, "analytics": False,
    },
    "contract": {
        "displayName": "Twitter / X", "supportStatus": "partial",
        "publish": {"supported": True, "scheduling": True},
        "notes": ["Current publishing path supports text and single-image posts."],
    },
    "readiness": {
        "status": "ready", "canPublish": True, "canSchedule": True, "missingRequirements": [],
        "warnings": [],
    },
}  # fmt: skip


@pytest.fixture
def in_january() -> Iterator[None]:
    """The day before the seed's dates, so that they may be sent as they stand."""
    with time_machine.travel(datetime(2024, 1, 14, 12, tzinfo=UTC)):
        yield


def test_discovery_lists_what_the_seed_promises(client: Browser) -> None:
    told = Api(client).get("/api/v1")
    assert told["version"] and told["authHeader"] == "X-API-Key"
    assert told["documentation"].endswith("/docs")
    assert (told["billing"]["required"], told["billing"]["selfHosted"]) == (False, True)
    assert {one["platform"] for one in told["platforms"]} >= {"twitter", "snapchat"}
    found = {
        f"{one['method']} {one['path'].partition('{')[0]}" + "{}" * one["path"].count("{")
        + one["path"].partition("}")[2] for one in told["endpoints"]
    }  # fmt: skip
    assert not set(ENDPOINTS) - found
    assert Api(client).get("/api/v1/") == told


def test_a_key_is_made_listed_and_revoked(amplify: Api, brand: Profile) -> None:
    made = amplify.post(
        "/api/v1/api-keys", {"name": "My Integration Key", "profileId": str(brand.id)}
    )
    alike(made, {
        "success": True,
        "apiKey": {
            "id": "key_uuid", "name": "My Integration Key", "key": "ak_abc123def456...",
            "profileId": "profile_uuid", "status": "active",
            "createdAt": "2024-01-01T00:00:00.000Z",
        },
        "warning": "Save this key now. It will not be shown again.",
    })  # fmt: skip
    assert made["apiKey"]["status"] == "active"
    key = Api(amplify.browser, made["apiKey"]["key"])
    listed = key.get("/api/v1/api-keys")
    alike(listed, {"apiKeys": [{
        "id": "key_uuid", "name": "Production Key", "key": "...abc12345",
        "profile_id": "profile_uuid", "status": "active",
        "created_at": "2024-01-01T00:00:00.000Z", "last_used_at": "2024-01-15T10:30:00.000Z",
    }]})  # fmt: skip
    assert all(len(one["key"]) == len("...abc12345") for one in listed["apiKeys"])
    unknown = {"name": "Belted", "accounts": [str(ids.uuid7())]}  # ours: accounts it is kept to
    assert amplify.post("/api/v1/api-keys", unknown, status=404)["field"] == "accounts"
    gone = amplify.delete(f"/api/v1/api-keys/{made['apiKey']['id']}")
    assert gone == {"success": True, "message": "API key revoked"}
    assert key.get("/api/v1/connections", status=401)["success"] is False


def test_connections_are_listed_synced_and_removed(
    amplify: Api, connect: Callable[..., Any]
) -> None:
    connect("twitter")
    [one] = (told := amplify.get("/api/v1/connections"))["connections"]
    alike(told, {"connections": [CONNECTION]})
    assert (one["username"], one["contract"]["displayName"]) == ("@maya", "Twitter / X")
    synced = amplify.post(f"/api/v1/connections/{one['id']}/sync")
    alike(synced, {"connection": CONNECTION})
    assert amplify.delete(f"/api/v1/connections/{one['id']}") == {"success": True}
    assert amplify.get("/api/v1/connections") == {"connections": []}


@pytest.mark.usefixtures("in_january")
def test_a_file_and_a_scheduled_post_from_making_to_cancelling(
    amplify: Api, client: Browser, brand: Profile
) -> None:
    make_account(brand, "twitter")
    profile = str(brand.id)
    upload = amplify.post("/api/v1/media/upload-url", {
        "profileId": profile, "fileName": "photo.jpg", "contentType": "image/jpeg",
        "fileSize": len(RAW),
    })  # fmt: skip
    alike(upload, {
        "upload": {
            "bucket": "post-media", "path": "user_uuid/profile_uuid/media_uuid-photo.jpg",
            "token": "upload_token_here", "signedUrl": "https://...",
        },
        "media": {
            "id": "media_uuid", "post_id": "",
            "file_path": "user_uuid/profile_uuid/media_uuid-photo.jpg",
            "public_url": "https://your-cdn.com/post-media/...", "mime_type": "image/jpeg",
            "file_size": 1234567, "file_name": "photo.jpg", "sort_order": 0,
            "created_at": "2024-01-01T00:00:00.000Z",
        },
    })  # fmt: skip
    url = urlsplit(upload["upload"]["signedUrl"])
    sent = client.put(f"{url.path}?{url.query}", data=RAW, content_type="image/jpeg", csrf=False)
    assert sent.status_code == 200
    item = upload["media"]

    told = amplify.post("/api/v1/post", {
        "platforms": ["twitter"], "content": "Scheduled post",
        "scheduleDate": "2024-01-15T10:00:00",
        "media": [{name: item[name] for name in (
            "id", "file_path", "public_url", "mime_type", "file_size", "file_name")}],
    })  # fmt: skip
    alike(told, {"success": True, "postId": "post_uuid", "scheduled": True, "scheduledAt": ""})
    assert told["scheduledAt"] == "2024-01-15T10:00:00.000Z"
    posts = amplify.get(f"/api/v1/posts?profileId={profile}")
    alike(posts, {"posts": [{
        "id": "post_uuid", "content": "Scheduled post", "status": "scheduled",
        "scheduled_for": "2024-01-15T10:00:00.000Z", "published_at": None,
        "targets": [{"id": "target_uuid", "platform": "twitter", "status": "scheduled",
                     "external_post_id": None}],
        "media": [{"id": "media_uuid", "file_path": "", "public_url": "https://",
                   "mime_type": "", "file_size": 1, "file_name": ""}],
    }]})  # fmt: skip
    listed = amplify.get(f"/api/v1/scheduled-posts?profileId={profile}")
    alike(listed, {"scheduledPosts": [{
        "id": "scheduled_uuid", "post_id": "post_uuid", "platform": "twitter",
        "content": "Scheduled post", "scheduled_at": "2024-01-15T10:00:00.000Z",
        "status": "scheduled",
    }]})  # fmt: skip
    [row] = listed["scheduledPosts"]
    assert (row["content"], row["scheduled_at"]) == ("Scheduled post", told["scheduledAt"])
    gone = amplify.delete(f"/api/v1/scheduled-posts/{row['id']}")
    assert gone == {"success": True, "postId": told["postId"]}
    body = {"profileId": profile, "filePath": item["file_path"]}
    assert amplify.delete("/api/v1/media", body)["success"] is True


def test_an_external_app_sends_the_address_of_its_picture(
    amplify: Api, play: Store, connect: Callable[..., Any]
) -> None:
    connect("facebook")
    url = hosted(play, RAW, "image/jpeg")
    with time_machine.travel(datetime(2026, 4, 1, tzinfo=UTC)):
        told = amplify.post("/api/v1/post", {
            "platform": "facebook", "content": "Final copy from the external app",
            "scheduleDate": "2026-04-12T09:00:00Z",
            "media": [
                {"public_url": url, "mime_type": "image/jpeg", "file_name": "image.jpg"}
            ],
        })  # fmt: skip
    assert (told["scheduled"], told["scheduledAt"]) == (True, "2026-04-12T09:00:00.000Z")
    [post] = amplify.get("/api/v1/posts")["posts"]
    assert [one["file_name"] for one in post["media"]] == ["image.jpg"]


def test_a_post_at_once_its_log_and_another_try(
    amplify: Api, brand: Profile, play: Store, connect: Callable[..., Any],
    working: Callable[[], AbstractContextManager[None]],
) -> None:  # fmt: skip
    connect("twitter", "linkedin")
    profile = str(brand.id)
    with working():
        told = amplify.post("/api/v1/post", {
            "platforms": ["twitter", "linkedin"], "content": "Hello world!",
        })  # fmt: skip
        alike(told, {"success": True, "postId": "post_uuid", "targets": [
            {"platform": "twitter", "status": "published", "external_post_id": "123456789"},
        ]})  # fmt: skip
        assert {one["status"] for one in told["targets"]} == {"published"}
        play.faults.order(
            {"network": "twitter", "operation": "publish", "fault": "duplicate", "times": 1}
        )
        body = {"platforms": ["twitter"], "content": "Hello again!"}
        down = amplify.post("/api/v1/post", body, status=502)
        assert (down["success"], down["code"]) == (False, "BROKER_ERROR")

        query = f"?profileId={profile}&limit=100&platform=twitter&status=failed"
        [failed] = amplify.get(f"/api/v1/job-logs{query}")["logs"]
        assert (failed["error_category"], failed["will_retry"]) == ("duplicate", False)
        assert failed["error_message"] and failed["scheduled_post_id"] == down["targets"][0]["id"]
        again = amplify.post(
            f"/api/v1/scheduled-posts/{failed['scheduled_post_id']}/retry", {"profileId": profile}
        )
        assert again == {"success": True, "message": "Post queued for retry"}
    logs = amplify.get(f"/api/v1/job-logs?profileId={profile}&status=success")
    alike(logs, {"logs": [{
        "id": "job_uuid", "post_id": "post_uuid", "scheduled_post_id": "sched_uuid",
        "platform": "twitter", "job_type": "publish", "status": "success", "attempt_number": 1,
        "started_at": "2024-01-15T10:00:00.000Z", "completed_at": "2024-01-15T10:00:02.500Z",
        "duration_ms": 2500, "error_message": None, "error_category": None,
        "was_rate_limited": False, "will_retry": False, "next_retry_at": None,
        "metadata": {"durationMs": 2500, "isRetry": False},
        "created_at": "2024-01-15T10:00:00.000Z",
    }]})  # fmt: skip
    metrics = amplify.get(f"/api/v1/delivery-metrics?profileId={profile}&days=30")
    alike(metrics, {"metrics": [{
        "platform": "twitter", "date": "2024-01-15", "total_jobs": 25, "successful_jobs": 23,
        "failed_jobs": 1, "retried_jobs": 2, "rate_limited_jobs": 1, "avg_duration_ms": 1840,
    }]})  # fmt: skip
    for path in ("job-logs?limit=501", "delivery-metrics?days=91", "job-logs?status=odd"):
        assert amplify.get(f"/api/v1/{path}", status=400)["success"] is False


def test_a_template_is_saved_listed_changed_and_deleted(
    amplify: Api, brand: Profile, play: Store
) -> None:
    made = amplify.post("/api/v1/templates", {
        "profileId": str(brand.id), "name": "Weekly Update",
        "description": "Weekly team update template",
        "content": "📊 This week's highlights:\n\n✅ {{achievement}}\n📈 {{metric}}\n"
                   "🔜 {{next_week}}",
        "platforms": ["twitter", "linkedin"], "category": "internal",
        "media": [{"file_path": "...", "public_url": hosted(play, RAW, "image/jpeg"),
                   "mime_type": "image/jpeg"}],
    })  # fmt: skip
    alike(made, {"success": True, "template": TEMPLATE})
    path = f"/api/v1/templates/{made['template']['id']}"
    alike(amplify.get(path), {"template": TEMPLATE | {"media": [{
        "id": "tmpl_media_uuid", "file_path": "...", "public_url": "https://...",
        "mime_type": "image/jpeg",
    }]}})  # fmt: skip
    amplify.patch(path, {
        "name": "Updated Name", "content": "New content...", "is_favorite": True,
        "increment_usage": True,
    })  # fmt: skip
    listed = amplify.get(f"/api/v1/templates?profileId={brand.id}&category=internal&favorites=true")
    alike(listed, {"templates": [TEMPLATE]})
    [one] = listed["templates"]
    assert (one["name"], one["is_favorite"], one["usage_count"]) == ("Updated Name", True, 1)
    assert amplify.delete(path) == {"success": True}


@pytest.mark.usefixtures("in_january")
def test_schedules_repeat_daily_weekly_and_monthly(amplify: Api, brand: Profile) -> None:
    for network in ("twitter", "linkedin", "instagram", "facebook"):
        make_account(brand, network)
    profile, path = str(brand.id), "/api/v1/recurring-schedules"
    daily = amplify.post(path, {
        "profileId": profile, "name": "Morning Update",
        "content": "Good morning! Here's today's update.", "platforms": ["twitter", "linkedin"],
        "recurrencePattern": "daily", "timeOfDay": "08:00:00", "timezone": "America/New_York",
    })  # fmt: skip
    alike(daily, {"success": True, "schedule": {
        "id": "rs_uuid", "name": "Morning Update", "recurrencePattern": "daily",
        "timeOfDay": "08:00:00", "nextScheduledAt": "2024-01-16T08:00:00.000Z",
    }})  # fmt: skip
    assert daily["schedule"]["nextScheduledAt"] == "2024-01-14T13:00:00.000Z"
    weekly = {
        "profileId": profile, "name": "Monday Motivation",
        "content": "Happy Monday! Let's crush this week! 💪",
        "platforms": ["instagram", "facebook"], "recurrencePattern": "weekly",
        "recurrenceConfig": {"day_of_week": 1}, "timeOfDay": "09:00:00", "timezone": "UTC",
    }  # fmt: skip
    refused = amplify.post(path, weekly, status=400)  # Instagram takes no post without a file
    assert {one["platform"] for one in refused["errors"]} == {"instagram"}
    made = amplify.post(path, weekly | {"platforms": ["facebook"]})["schedule"]
    assert made["nextScheduledAt"] == "2024-01-15T09:00:00.000Z"
    monthly = amplify.post(path, {
        "profileId": profile, "name": "Monthly Newsletter",
        "content": "This month's highlights...", "platforms": ["linkedin"],
        "recurrencePattern": "monthly", "recurrenceConfig": {"day_of_month": 1},
        "timeOfDay": "10:00:00", "timezone": "Europe/London",
    })["schedule"]  # fmt: skip
    assert monthly["nextScheduledAt"] == "2024-02-01T10:00:00.000Z"
    alike(amplify.get(f"{path}?profileId={profile}"), {"schedules": [{
        "id": "rs_uuid", "name": "Daily Motivation", "content": "Your daily dose! 💪",
        "platforms": ["twitter", "linkedin"], "recurrence_pattern": "daily",
        "time_of_day": "09:00:00", "timezone": "America/New_York", "is_active": True,
        "next_scheduled_at": "2024-01-16T09:00:00.000Z", "last_posted_at": None,
    }]})  # fmt: skip
    one = f"{path}/{made['id']}"
    told = amplify.patch(one, {
        "name": "Updated Name", "isActive": False, "timeOfDay": "10:00:00",
        "recurrencePattern": "weekly", "recurrenceConfig": {"day_of_week": 3},
    })["schedule"]  # fmt: skip
    assert (told["name"], told["is_active"], told["time_of_day"]) == (
        "Updated Name", False, "10:00:00",
    )  # fmt: skip
    assert amplify.delete(one)["success"] is True
    times = amplify.get(f"/api/v1/scheduling/best-times?profileId={profile}&platform=twitter")
    alike(times, {
        "bestTimes": [
            {"day_of_week": 2, "hour_of_day": 9, "reason": "Weekday morning engagement"},
        ],
        "isDefault": True,
        "message": "No historical data yet. Using recommended defaults.",
    })  # fmt: skip


def test_errors_have_the_seeds_body_and_every_answer_its_headers(
    amplify: Api, client: Browser, brand: Profile
) -> None:
    body = {"platforms": ["twitter"], "content": "Hello world!"}
    gone = f"/api/v1/scheduled-posts/{ids.uuid7()}"
    for api, method, path, sent, status in (
        (amplify, "POST", "/api/v1/post", {"content": "Hello world!"}, 400),
        (Api(client, "your_api_key_here"), "GET", "/api/v1/posts", None, 401),
        (Api(client), "POST", "/api/v1/post", body, 401),
        (amplify, "GET", f"/api/v1/posts?profileId={ids.uuid7()}", None, 403),
        (amplify, "DELETE", gone, None, 404),
        (amplify, "GET", "/api/v1/templates/nothing", None, 404),
    ):
        told = api.ask(method, path, sent, status=status)
        alike(told, {"success": False, "error": "Human readable error message"})
        assert told["success"] is False and told["error"].endswith(".")
    amplify.get("/api/v1/posts")
    assert amplify.headers["X-RateLimit-Limit"] == "1000"
    for name in ("X-RateLimit-Remaining", "X-RateLimit-Reset"):
        assert amplify.headers[name].isdigit()
