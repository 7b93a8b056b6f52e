"""``POST /api/v1/posts/validate``, ``?dry_run=true`` and the flight check of a post."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app.clock import now
from app.config import settings
from app.extensions import db
from app.models.media import Media
from app.models.posts import Post
from app.models.profiles import PlatformSet, Profile
from app.models.usage import UsageCount
from app.services import content_templates, media
from tests.api.asking import Api
from tests.factories import make_account, make_media, make_post, make_profile, make_user
from tests.pictures import encoded, photo

TEXT = "Six bells at https://bells.org/peal"


@pytest.fixture
def set_id(brand: Profile) -> str:
    make_account(brand, "mastodon", "maya")
    make_account(brand, "twitter", "maya")
    return str(db.session.query(PlatformSet).one().id)


def ampost_body(set_id: str, text: str = TEXT, **more: Any) -> dict[str, Any]:
    return {
        "content": {"text": text, "media": [], **more.pop("content", {})},
        "platforms": ["mastodon", "twitter"], "scheduledFor": None, "platformSetId": set_id,
    } | more  # fmt: skip


def nothing_stored() -> None:
    db.session.expire_all()
    assert db.session.query(Post).count() == 0
    assert db.session.query(UsageCount).filter(UsageCount.kind.like("post%")).count() == 0


def files_kept() -> list[Path]:
    folder = settings().media_dir
    return [one for one in folder.rglob("*") if one.is_file() and "fitted" not in one.parts]


def test_it_shows_what_would_be_sent_to_each_account(ampost: Api, set_id: str) -> None:
    told = ampost.post("/api/v1/posts/validate", ampost_body(set_id))
    assert (told["success"], told["valid"], told["errors"]) == (True, True, [])
    mastodon, twitter = told["accounts"]
    assert [one["platform"] for one in told["accounts"]] == ["mastodon", "twitter"]
    [part] = mastodon["parts"]
    assert (part["text"], part["limit"], part["left"]) == (TEXT, 500, 500 - part["count"])
    assert part["links"] == [{"url": "https://bells.org/peal", "cost": 23}]
    assert part["count"] == len("Six bells at ") + 23
    assert twitter["parts"][0]["limit"] == 280
    [sent] = mastodon["requests"]
    assert (sent["step"], sent["method"], sent["body"]) == ("commit", "POST", {"status": TEXT})
    assert sent["url"].endswith("/api/v1/statuses")
    assert sent["headers"]["authorization"] == "Bearer •••" and sent["status"] == 200
    assert "sandbox-maya" not in json.dumps(told)
    nothing_stored()


def test_amplifys_body_and_both_dry_runs_say_the_same(
    ampost: Api, amplify: Api, set_id: str
) -> None:
    first = ampost.post("/api/v1/posts/validate", ampost_body(set_id))
    sent = {"platforms": ["mastodon", "twitter"], "content": TEXT}

    def texts(told: Any) -> Any:
        return [
            (one["accountId"], one["parts"], [r["url"] for r in one["requests"]])
            for one in told["accounts"]
        ]

    for told in (
        amplify.post("/api/v1/posts/validate", sent),
        amplify.post("/api/v1/post?dry_run=true", sent),
        ampost.post("/api/v1/posts?dry_run=true", ampost_body(set_id)),
    ):
        assert texts(told) == texts(first)
    nothing_stored()
    made = ampost.post("/api/v1/posts?dry_run=false", ampost_body(set_id), status=201)
    assert made["post"]["status"] == "draft" and db.session.query(Post).count() == 1


def test_what_a_network_would_refuse_is_told_with_its_account(ampost: Api, set_id: str) -> None:
    body = ampost_body(set_id, "x" * 300)
    told = ampost.post("/api/v1/posts/validate", body)
    assert told["valid"] is False
    assert [(e["platform"], e["code"], e["field"]) for e in told["errors"]] == [
        ("twitter", "CONTENT_TOO_LONG", "content.text")
    ]
    mastodon, twitter = told["accounts"]
    assert mastodon["ready"] and mastodon["requests"]
    assert not twitter["ready"] and twitter["requests"] == []
    assert twitter["parts"][0]["left"] == -20
    [problem] = [one for one in twitter["problems"] if one["blocks"]]
    assert problem["message"] == told["errors"][0]["message"]
    nothing_stored()


def test_the_clocks_clash_as_they_do_for_a_real_post(
    ampost: Api, brand: Profile, set_id: str
) -> None:
    make_account(brand, "youtube", "maya")
    film = make_media(brand, kind="PNG", mime="video/mp4", seconds=5.0)
    own = {"youtube": {"settings": {"publishAt": "2090-05-01T11:00:00Z"}}}
    body = ampost_body(
        set_id, platforms=["youtube"], scheduledFor=(now() + timedelta(days=1)).isoformat(),
        content={"media": [{"id": str(film.id)}], "platformOverrides": own},
    )  # fmt: skip
    told = ampost.post("/api/v1/posts/validate", body)
    assert told["errors"][0]["message"] == (
        'Choose either Ampost scheduling or YouTube setting "publishAt", not both'
    )
    nothing_stored()


def test_a_body_that_cannot_be_read_is_refused_as_ever(ampost: Api, set_id: str) -> None:
    def refused(body: Any, status: int = 400) -> Any:
        return ampost.post("/api/v1/posts/validate", body, status=status)

    assert refused(ampost_body(set_id, platforms=[]))["code"] == "NO_PLATFORMS_SELECTED"
    assert refused(ampost_body(set_id, platforms=["threads"]))["code"] == "PLATFORM_NOT_CONNECTED"
    assert refused({"content": {"text": 7}})["field"] == "content.text"
    assert refused({"content": 7})["field"] == "content"
    unknown = {"media": [{"id": str(UUID(int=3))}]}
    assert refused(ampost_body(set_id, content=unknown), 404)["field"] == "content.media"


def test_files_are_looked_at_and_not_kept(
    ampost: Api, brand: Profile, set_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = ampost_body(set_id, content={"media": [{"filename": "bells.jpg", "altText": "Bells"}]})
    picture = encoded(photo(800, 600), "JPEG", quality=80)
    before = files_kept()
    for path in ("/api/v1/posts/validate", "/api/v1/posts?dry_run=true"):
        sent = {
            "data": json.dumps(body), "files": (io.BytesIO(picture), "bells.jpg", "image/jpeg")
        }  # fmt: skip
        told = ampost.ask("POST", path, data=sent)
        assert told["valid"] is True
        for account in told["accounts"]:
            [file] = account["parts"][0]["media"]
            assert (file["type"], file["mimeType"], file["altText"]) == (
                "image", "image/jpeg", "Bells"
            )  # fmt: skip
            assert (file["width"], file["height"]) == (800, 600) and file["sizeBytes"] > 1000
            assert len(account["requests"]) > 1 and account["stopped"] is None
        assert files_kept() == before and db.session.query(Media).count() == 0
    assert db.session.query(UsageCount).count() == 0 or not [
        one for one in db.session.query(UsageCount) if one.kind.startswith(("media", "post"))
    ]
    nothing_stored()


def test_a_file_that_is_none_is_refused_and_not_kept(ampost: Api, set_id: str) -> None:
    before = files_kept()
    sent = {
        "data": json.dumps(ampost_body(set_id)),
        "files": (io.BytesIO(b"no picture"), "bells.jpg", "image/jpeg"),
    }
    told = ampost.ask("POST", "/api/v1/posts/validate", status=400, data=sent)
    assert told["code"] == "UNSUPPORTED_MEDIA_TYPE" and files_kept() == before


def test_a_picture_of_the_library_stays_there(ampost: Api, brand: Profile, set_id: str) -> None:
    row = make_media(brand, kind="JPEG", size=(800, 600))
    key = row.key
    body = ampost_body(set_id, content={"media": [{"id": str(row.id)}]})
    assert ampost.post("/api/v1/posts/validate", body)["valid"] is True
    assert media.storage().path(key).is_file() and db.session.query(Media).count() == 1


def test_a_template_is_not_counted_as_used(
    ampost: Api, amplify: Api, brand: Profile, set_id: str
) -> None:
    made = amplify.post("/api/v1/templates", {"name": "Peal", "content": "Bells at {{hour}}"})[
        "template"
    ]
    body = {"platforms": ["mastodon"], "templateId": made["id"], "variables": {"hour": 9}}
    told = amplify.post("/api/v1/posts/validate", body)
    assert told["accounts"][0]["parts"][0]["text"] == "Bells at 9"
    db.session.expire_all()
    [kept] = db.session.query(content_templates.ContentTemplate).all()
    assert kept.usage_count == 0


def test_an_idempotency_key_of_a_dry_run_is_free_for_no_other_request(
    ampost: Api, set_id: str
) -> None:
    mark = {"Idempotency-Key": "k-1"}
    first = ampost.post("/api/v1/posts?dry_run=true", ampost_body(set_id), headers=mark)
    again = ampost.post("/api/v1/posts?dry_run=true", ampost_body(set_id), headers=mark)
    assert again == first and ampost.headers["Idempotency-Replayed"] == "true"
    told = ampost.post("/api/v1/posts", ampost_body(set_id), headers=mark, status=409)
    assert told["code"] == "IDEMPOTENCY_CONFLICT"
    nothing_stored()


def test_a_foreign_profile_set_or_account_is_not_reached(
    ampost: Api, amplify: Api, set_id: str
) -> None:
    other = make_profile(make_user())
    account = make_account(other, "mastodon", "eve")
    strange = str(db.session.query(PlatformSet).filter_by(profile_id=other.id).one().id)
    ampost.post("/api/v1/posts/validate", ampost_body(strange), status=404)
    sent = {"content": "Bells", "platforms": ["mastodon"], "profileId": str(other.id)}
    amplify.post("/api/v1/posts/validate", sent, status=403)
    sent = {"content": "Bells", "accounts": [str(account.id)]}
    amplify.post("/api/v1/posts/validate", sent, status=404)


# The flight check ---------------------------------------------------------------------------


def test_the_flight_check_of_a_post(ampost: Api, brand: Profile, app: Flask) -> None:
    account = make_account(brand, "mastodon", "maya")
    post = make_post(brand, "Bells", [account], at=now() + timedelta(hours=5))
    target = post.targets[0]
    path = f"/api/v1/posts/{post.id}/flight-check"
    told = ampost.get(path)
    assert told["light"] is None and told["targets"][0]["findings"] == []
    target.flight_light, target.flight_at = "red", now()
    target.flight = [{"code": "media", "message": "A picture is gone.", "fix": "edit"}]
    db.session.commit()
    told = ampost.get(path)
    assert told["light"] == "red" and told["checked_at"]
    [one] = told["targets"]
    assert (one["id"], one["network"], one["account"]) == (str(target.id), "mastodon", "maya")
    assert one["findings"] == [{"code": "media", "message": "A picture is gone.", "fix": "edit"}]


def test_a_foreign_posts_flight_check_is_not_there(ampost: Api, brand: Profile) -> None:
    other = make_profile(make_user())
    post = make_post(other, "Bells", [make_account(other)], at=now() + timedelta(hours=5))
    foreign = ampost.get(f"/api/v1/posts/{post.id}/flight-check", status=404)
    missing = ampost.get(f"/api/v1/posts/{UUID(int=5)}/flight-check", status=404)
    foreign.pop("request_id"), missing.pop("request_id")
    assert foreign == missing and foreign["code"] == "POST_NOT_FOUND"
