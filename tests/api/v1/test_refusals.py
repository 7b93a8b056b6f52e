"""What a post is refused for: Ampost's "Error Codes" and failure tables, word by word, and where
in the body the trouble lies."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.api.v1.post import _sent as answer_of
from app.clock import now
from app.errors import AppError
from app.extensions import db
from app.models.posts import Post, TargetState
from app.models.profiles import PlatformSet, Profile
from tests.api.asking import Api
from tests.factories import make_account, make_media, make_post

PIECE = "content.platformOverrides"


@pytest.fixture
def set_id(brand: Profile) -> str:
    return str(db.session.query(PlatformSet).one().id)


def films(brand: Profile, count: int = 1, **more: Any) -> list[dict[str, str]]:
    values = {"mime": "video/mp4", "seconds": 5.0, "size": 200_000} | more
    size = values.pop("size")
    rows = [make_media(brand, kind="PNG", **values) for _ in range(count)]
    for row in rows:
        row.size = size
    db.session.commit()
    return [{"id": str(row.id)} for row in rows]


def pictures(brand: Profile, count: int = 1, **more: Any) -> list[dict[str, str]]:
    return [{"id": str(make_media(brand, **more).id)} for _ in range(count)]


def body(
    set_id: str, network: str, text: str = "Bells", *, due: bool = True, **content: Any
) -> Any:
    later = (now() + timedelta(days=1)).isoformat() if due else None
    return {
        "content": {"text": text, "media": [], **content}, "platforms": [network],
        "scheduledFor": later, "platformSetId": set_id,
    }  # fmt: skip


def refused(api: Api, sent: Any, status: int = 400) -> dict[str, Any]:
    told: dict[str, Any] = api.post("/api/v1/posts", sent, status=status)
    assert db.session.query(Post).count() == 0
    return told


# The codes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("network", "made", "settings", "code", "field"),
    [
        ("twitter", "", {}, "CONTENT_TOO_LONG", "content.text"),
        ("twitter", "mixed", {}, "MIXED_MEDIA_NOT_SUPPORTED", "content.media"),
        ("bluesky", "mixed", {}, "MIXED_MEDIA_NOT_SUPPORTED", "content.media"),
        ("mastodon", "mixed", {}, "MIXED_MEDIA_NOT_SUPPORTED", "content.media"),
        ("linkedin", "mixed", {}, "MIXED_MEDIA_NOT_SUPPORTED", "content.media"),
        ("linkedin", "mov", {}, "UNSUPPORTED_MEDIA_TYPE", "content.media"),
        ("twitter", "webm", {}, "UNSUPPORTED_MEDIA_TYPE", "content.media"),
        ("mastodon", "avi", {}, "UNSUPPORTED_MEDIA_TYPE", "content.media"),
        ("bluesky", "mov", {}, "UNSUPPORTED_MEDIA_TYPE", "content.media"),
        ("instagram", "", {}, "UNSUPPORTED_MEDIA_CONFIG", "content.media"),
        ("youtube", "", {}, "UNSUPPORTED_MEDIA_CONFIG", "content.media"),
        ("youtube", "picture", {}, "UNSUPPORTED_MEDIA_CONFIG", "content.media"),
        ("instagram", "picture", {"placement": "reel"}, "INVALID_PLACEMENT", "content.media"),
        ("instagram", "picture", {"placement": "carousel"}, "INVALID_PLACEMENT", "content.media"),
        ("facebook", "picture", {"placement": "reel"}, "INVALID_PLACEMENT", "content.media"),
        ("facebook", "picture", {"placement": "wall"}, "INVALID_PLACEMENT",
         f"{PIECE}.facebook.settings.placement"),
        ("linkedin", "", {"visibility": "NOBODY"}, "VALIDATION_FAILED",
         f"{PIECE}.linkedin.settings.visibility"),
        ("linkedin", "", {"shine": True}, "VALIDATION_FAILED", f"{PIECE}.linkedin.settings.shine"),
    ],
)  # fmt: skip
def test_a_refusal_carries_amposts_code_and_the_place_in_the_body(
    ampost: Api, brand: Profile, set_id: str, network: str, made: str, settings: dict[str, Any],
    code: str, field: str,
) -> None:  # fmt: skip
    make_account(brand, network)
    media = {
        "": list, "picture": lambda: pictures(brand, kind="JPEG"),
        "mixed": lambda: [*pictures(brand, kind="JPEG"), *films(brand)],
        "mov": lambda: films(brand, mime="video/quicktime"),
        "webm": lambda: films(brand, mime="video/webm"),
        "avi": lambda: films(brand, mime="video/x-msvideo"),
    }[made]()  # fmt: skip
    text = "Bells" if made or settings or network in ("instagram", "youtube") else "x" * 300
    told = refused(ampost, body(
        set_id, network, text, media=media, platformOverrides={network: {"settings": settings}}
    ))  # fmt: skip
    mine = [one for one in told["errors"] if one["code"] == code]
    assert mine and mine[0]["field"] == field, told
    assert mine[0].get("platform", network) in (network, None)


def test_a_file_of_a_kind_we_do_not_take_is_an_unsupported_type(
    ampost: Api, brand: Profile, set_id: str
) -> None:
    make_account(brand, "mastodon")
    sent = {
        "data": json.dumps(body(set_id, "mastodon", due=False)),
        "files": (io.BytesIO(b"%PDF-1.4 not a picture"), "leaflet.pdf", "application/pdf"),
    }
    told = ampost.ask("POST", "/api/v1/posts", status=400, data=sent)
    assert (told["code"], told["field"]) == ("UNSUPPORTED_MEDIA_TYPE", "files")


def test_no_platforms_and_one_that_is_not_connected(
    ampost: Api, brand: Profile, set_id: str
) -> None:
    told = refused(ampost, body(set_id, "mastodon") | {"platforms": []})
    assert (told["code"], told["field"]) == ("NO_PLATFORMS_SELECTED", "platforms")
    told = refused(ampost, body(set_id, "mastodon"))
    assert (told["code"], told["field"]) == ("PLATFORM_NOT_CONNECTED", "platforms.0")


def test_a_network_that_nobody_can_connect_is_not_connected(
    ampost: Api, amplify: Api, set_id: str
) -> None:
    told = [
        refused(ampost, body(set_id, "snapchat")),
        amplify.post("/api/v1/post", {"platforms": ["snapchat"], "content": "Bells"}, status=400),
        amplify.post("/api/v1/recurring-schedules", {
            "name": "Bells", "content": "Bells", "platforms": ["snapchat"],
            "recurrencePattern": "daily", "timeOfDay": "09:00:00",
        }, status=400),
    ]  # fmt: skip
    for one in told:
        assert (one["code"], one["field"]) == ("PLATFORM_NOT_CONNECTED", "platforms.0")
        assert "Snapchat" in one["error"]


def test_a_draft_is_refused_what_a_scheduled_post_is(
    ampost: Api, brand: Profile, set_id: str
) -> None:
    """All of the seed's examples are drafts, and "400 Validation failed" is said of them."""
    for network in ("twitter", "instagram"):
        make_account(brand, network)
    sent = body(set_id, "twitter", "x" * 281, due=False) | {"platforms": ["twitter", "instagram"]}
    told = refused(ampost, sent)
    assert {(one["platform"], one["code"]) for one in told["errors"]} >= {
        ("twitter", "CONTENT_TOO_LONG"), ("instagram", "UNSUPPORTED_MEDIA_CONFIG"),
    }  # fmt: skip
    draft = ampost.post("/api/v1/posts", body(set_id, "twitter", due=False), status=201)["post"]
    path = f"/api/v1/posts/{draft['id']}"
    for change in ({"content": sent["content"]}, {"platforms": ["instagram"]}):
        assert ampost.patch(path, change, status=400)["errors"]
    assert ampost.get(path)["post"] == draft
    later = (now() + timedelta(days=1)).isoformat()
    assert ampost.patch(path, {"scheduledFor": later})["post"]["status"] == "scheduled"
    db.session.query(Post).one().parts = ["x" * 281]  # as if X had come to take less
    db.session.commit()
    assert ampost.patch(path, {"scheduledFor": None})["post"]["status"] == "draft"


def test_a_field_that_is_not_as_described_is_told_what_to_send(
    ampost: Api, amplify: Api, set_id: str
) -> None:
    sent = body(set_id, "twitter", due=False)
    for change, field, words in (
        ({"platformSetId": "set_uuid"}, "platformSetId", "This is no id"),
        ({"scheduledFor": "tomorrow"}, "scheduledFor", "as 2026-04-12T09:00:00Z"),
        ({"platforms": "twitter"}, "platforms", "a list"),
        ({"content": []}, "content", "an object"),
        ({"content": {"text": 5}}, "content.text", "text"),
        ({"content": {"text": "x" * 100_001}}, "content.text", "100000 characters at most"),
        ({"content": {"text": "x", "media": [{"type": "gif"}]}}, "content.media.0.type",
         "'image' or 'video'"),
    ):  # fmt: skip
        told = refused(ampost, sent | change)
        assert told["field"] == field and words in told["errors"][0]["message"], told
    for query, words in (("limit=0", "1 or more"), ("limit=101", "100 or less"),
                         ("limit=few", "a whole number"), ("status=odd", "'draft'")):  # fmt: skip
        assert words in amplify.get(f"/api/v1/posts?{query}", status=400)["error"]


def test_a_post_that_is_not_there_has_its_own_code(ampost: Api, brand: Profile) -> None:
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/cancel"),
                         ("POST", "/publish"), ("POST", "/retry")):  # fmt: skip
        told = ampost.ask(
            method, f"/api/v1/posts/{UUID(int=7)}{path}", {} if method != "GET" else None,
            status=404,
        )  # fmt: skip
        assert told["code"] == "POST_NOT_FOUND"
        odd = ampost.ask(method, f"/api/v1/posts/post_uuid{path}", status=404)
        assert odd | {"request_id": ""} == told | {"request_id": ""}


# Where it lies ------------------------------------------------------------------------------


def test_a_networks_own_text_is_named_where_it_was_written(
    ampost: Api, amplify: Api, brand: Profile, set_id: str
) -> None:
    make_account(brand, "twitter")
    own = {"twitter": {"text": "x" * 281}}
    told = refused(ampost, body(set_id, "twitter", platformOverrides=own))
    assert (told["code"], told["field"]) == ("CONTENT_TOO_LONG", f"{PIECE}.twitter.text")
    sent = {"platforms": ["twitter"], "content": "Bells", "platformOverrides": own}
    told = amplify.post("/api/v1/post", sent, status=400)
    assert (told["code"], told["field"]) == ("CONTENT_TOO_LONG", "platformOverrides.twitter.text")


def test_a_part_of_a_thread_is_named_by_its_number(
    ampost: Api, brand: Profile, set_id: str
) -> None:
    make_account(brand, "twitter")
    sent = body(set_id, "twitter", parts=["One", "x" * 281])
    assert refused(ampost, sent)["field"] == "content.parts.1"


def test_amplify_is_told_its_own_fields(amplify: Api, brand: Profile) -> None:
    make_account(brand, "linkedin")
    make_account(brand, "twitter")
    sent = {"platforms": ["linkedin", "twitter"], "content": "x" * 3001}
    told = amplify.post("/api/v1/post", sent, status=400)
    assert [(e["field"], e["code"], e["platform"]) for e in told["errors"]] == [
        ("content", "CONTENT_TOO_LONG", "linkedin"), ("content", "CONTENT_TOO_LONG", "twitter"),
    ]  # fmt: skip
    sent = {"platforms": ["twitter"], "content": "Bells", "scheduleDate": "2020-01-01T00:00:00Z"}
    assert amplify.post("/api/v1/post", sent, status=400)["field"] == "scheduleDate"
    sent["scheduleDate"] = "2090-01-01T00:00:00Z"
    assert amplify.post("/api/v1/post", sent, status=400)["field"] == "scheduleDate"
    sent = {"platforms": ["twitter"], "content": "Bells", "media": [{"id": str(UUID(int=9))}]}
    assert amplify.post("/api/v1/post", sent, status=404)["field"] == "media"
    assert db.session.query(Post).count() == 0


# YouTube's and LinkedIn's tables -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "due", "settings", "sentence", "field"),
    [
        ("", True, {}, "YouTube video title is required", "title"),
        ("Bells", True, {"publishAt": "2031-05-01T11:00:00Z"},
         'Choose either Ampost scheduling or YouTube setting "publishAt", not both', "publishAt"),
        ("Bells", True, {"publishAt": "2031-05-01T11:00:00Z", "privacyStatus": "public"},
         'YouTube scheduling requires privacyStatus "private"', "publishAt"),
    ],
)  # fmt: skip
def test_youtubes_refusals_in_the_seeds_words(
    ampost: Api, brand: Profile, set_id: str, text: str, due: bool, settings: dict[str, str],
    sentence: str, field: str,
) -> None:  # fmt: skip
    make_account(brand, "youtube")
    sent = body(
        set_id, "youtube", text, due=due, media=films(brand),
        platformOverrides={"youtube": {"settings": settings}},
    )  # fmt: skip
    told = refused(ampost, sent)
    assert {"field": f"{PIECE}.youtube.settings.{field}", "code": "VALIDATION_FAILED",
            "message": sentence, "platform": "youtube"} in told["errors"]  # fmt: skip
    assert told["error"] == sentence and told["code"] == "VALIDATION_FAILED"


def test_linkedins_refusals_in_the_seeds_words(ampost: Api, brand: Profile, set_id: str) -> None:
    make_account(brand, "linkedin")
    own = {"linkedin": {"settings": {"authorType": "organization"}}}
    told = refused(ampost, body(set_id, "linkedin", platformOverrides=own))
    assert told["error"] == (
        "LinkedIn organization posting is intentionally gated for a later operator task."
    )
    assert told["field"] == f"{PIECE}.linkedin.settings.authorType"
    legacy = {
        "text": "This will be rejected", "platforms": ["linkedin"], "scheduledFor": None,
        "platformSetId": set_id, "mediaUrls": ["https://cdn.example.com/demo.mp4"],
    }  # fmt: skip
    told = ampost.post("/api/posts", legacy, status=400)
    assert told["error"] == "LinkedIn video URLs must be sent with explicit metadata."
    assert (told["code"], told["field"]) == ("VALIDATION_FAILED", "mediaUrls.0")


def test_linkedin_posts_can_be_scheduled_here(ampost: Api, brand: Profile, set_id: str) -> None:
    """The seed's "LinkedIn posts cannot be scheduled yet." is not ours (contracts.md)."""
    make_account(brand, "linkedin")
    told = ampost.post("/api/v1/posts", body(set_id, "linkedin"), status=201)
    assert told["post"]["status"] == "scheduled"


# What came back from the networks ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("category", "error_code"),
    [("media_error", ""), ("unknown", ""), ("auth_error", "PAGE_IDENTITY_CONFIRMATION_REQUIRED")],
)
def test_a_post_that_nobody_took_says_why(brand: Profile, category: str, error_code: str) -> None:
    """502 BROKER_ERROR with the targets, each with its own code (contracts.md)."""
    down = make_post(brand, "Bells", [make_account(brand, "facebook")])
    target = down.targets[0]
    target.state, target.category, target.error_code = TargetState.FAILED, category, error_code
    target.error = "Facebook did not take it."
    with pytest.raises(AppError) as caught:
        answer_of(down)
    assert (caught.value.status, caught.value.code) == (502, "BROKER_ERROR")
    assert caught.value.message == "Facebook did not take it."
    assert caught.value.facts["postId"] == str(down.id)
    [told] = caught.value.facts["targets"]
    assert (told["status"], told["error_code"]) == ("failed", error_code)
    assert told["error_category"] == category
