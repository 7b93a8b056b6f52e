"""Ampost's posts, in the seed's words."""

from __future__ import annotations

from typing import Any

import pytest

from app.extensions import db
from app.models.posts import Post
from app.models.profiles import PlatformSet, Profile
from tests.api.asking import Api
from tests.factories import make_account


@pytest.fixture
def set_id(brand: Profile) -> str:
    make_account(brand, "mastodon")
    make_account(brand, "bluesky")
    return str(db.session.query(PlatformSet).one().id)


def body(set_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "content": {
            "text": "Hello from the Ampost API!", "media": [], "linkUrl": None,
            "platformOverrides": {},
        },
        "platforms": ["mastodon"], "scheduledFor": None, "platformSetId": set_id,
    } | changes  # fmt: skip


def test_the_quickstart_makes_a_draft(ampost: Api, set_id: str) -> None:
    post = ampost.post("/api/v1/posts", body(set_id), status=201)["post"]
    assert (post["status"], post["scheduledFor"]) == ("draft", None)
    assert post["content"]["text"] == "Hello from the Ampost API!"
    assert post["platforms"] == ["mastodon"] and post["platformSetId"] == set_id
    assert [one["status"] for one in post["platformPosts"]] == ["draft"]
    assert ampost.get(f"/api/v1/posts/{post['id']}")["post"] == post
    listed = ampost.get("/api/v1/posts")
    assert listed["total"] == 1 and listed["posts"][0]["id"] == post["id"]


def test_a_network_without_an_account_is_named_and_nothing_is_stored(
    ampost: Api, set_id: str
) -> None:
    told = ampost.post("/api/v1/posts", body(set_id, platforms=["threads"]), status=400)
    assert (told["code"], told["field"]) == ("PLATFORM_NOT_CONNECTED", "platforms.0")
    assert db.session.query(Post).count() == 0
