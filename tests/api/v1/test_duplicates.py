"""The same words twice, sent with a key: told by default, refused where the brand says so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.clock import now
from app.extensions import db
from app.models.posts import Post
from app.models.profiles import Profile
from tests.api.asking import Api
from tests.factories import make_account, make_post

TEXT = "The new roast is in: come by on Friday from eight."


@pytest.fixture
def twin(brand: Profile) -> Post:
    account = make_account(brand, "mastodon")
    return make_post(brand, TEXT, [account], at=now() + timedelta(days=1))


def body(**more: Any) -> dict[str, Any]:
    at = (now() + timedelta(days=2)).isoformat()
    return {"platforms": ["mastodon"], "content": TEXT, "scheduleDate": at} | more


def test_by_default_it_is_posted_as_the_contracts_say_and_the_check_tells(
    amplify: Api, twin: Post
) -> None:
    told = amplify.post("/api/v1/posts/validate", body())["accounts"][0]["duplicates"]
    assert [(one["postId"], one["exact"], one["published"]) for one in told] == [
        (str(twin.id), True, False)
    ]
    amplify.post("/api/v1/post", body())


def test_a_brand_can_refuse_it_and_the_client_can_say_that_it_is_meant(
    amplify: Api, brand: Profile, twin: Post
) -> None:
    brand.duplicates_refused = True
    db.session.commit()
    told = amplify.post("/api/v1/post", body(), status=409)
    assert (told["code"], told["field"]) == ("DUPLICATE_CONTENT", "content")
    assert told["duplicates"][0]["postId"] == str(twin.id)
    assert "allowDuplicate" in told["error"] and db.session.query(Post).count() == 1
    amplify.post("/api/v1/post", body(allow_duplicate=True))
    amplify.post("/api/v1/post", body(allowDuplicate=True))
    amplify.post("/api/v1/post", body(content="Something quite different."))


def test_a_draft_is_kept_and_refused_when_it_is_to_go_out(
    ampost: Api, brand: Profile, twin: Post
) -> None:
    brand.duplicates_refused = True
    db.session.commit()
    account = str(twin.targets[0].account_id)
    sent = {"content": {"text": TEXT}, "accounts": [account], "profileId": str(brand.id)}
    post = ampost.post("/api/v1/posts", sent, status=201)["post"]
    where = f"/api/v1/posts/{post['id']}"
    at = (now() + timedelta(days=3)).isoformat()
    assert ampost.patch(where, {"scheduledFor": at}, status=409)["code"] == "DUPLICATE_CONTENT"
    allowed = {"content": {"text": TEXT}, "scheduledFor": at, "allowDuplicate": True}
    assert ampost.patch(where, allowed)["post"]["status"] == "scheduled"
    later = (now() + timedelta(days=4)).isoformat()
    ampost.patch(where, {"scheduledFor": later})  # another time for the same is no other post
