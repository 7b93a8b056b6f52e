"""A person answers on the post's page what a key asks; keys get their belts over the API."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.clock import now
from app.extensions import db
from app.models.keys import ApiKey
from app.models.people import User
from app.models.posts import Post
from app.models.profiles import Profile
from app.permissions import Role
from app.services import keys
from app.services.keys import KeyKind
from tests.api.asking import Api
from tests.conftest import Browser
from tests.factories import actor_of, join, make_account, make_profile, make_user


@pytest.fixture
def maya(app: object) -> User:
    return make_user()


@pytest.fixture
def brand(maya: User) -> Profile:
    return make_profile(maya, named_at=now())


@pytest.fixture
def web(maya: User, signed_in: Callable[[User], Browser]) -> Browser:
    return signed_in(maya)


@pytest.fixture
def agent(client: Browser, maya: User, brand: Profile) -> Api:
    """A program whose key needs a person's confirmation, given to it over the API."""
    made = Api(client, keys.create(actor_of(maya), KeyKind.PROFILE, brand.id)[1])
    body = {"name": "Claude <b>", "publishing": "needs_confirmation"}
    account = Api(client, made.post("/api/v1/api-keys", body)["apiKey"]["key"])
    make_account(brand, "mastodon")
    return account


def fields(page: str) -> dict[str, str]:
    """What the form of the question would send."""
    card = page[page.index('id="confirm"') :]
    return dict(re.findall(r'name="(request_id|seen)" value="([^"]*)"', card))


def belted(web: Browser, agent: Api, **belt: Any) -> None:
    row = db.session.query(ApiKey).filter(ApiKey.last8 == agent.key[-8:]).one()
    told = web.open(f"/api/api-keys/{row.id}", method="PATCH", json=belt)
    assert told.status_code == 200, told.text
    if "publishing" in belt:
        assert told.get_json()["apiKey"]["publishing"] == belt["publishing"]


def waiting(web: Browser, agent: Api) -> str:
    """A post that waits for a person; its id."""
    belted(web, agent, publishing="needs_confirmation")
    later = (now() + timedelta(days=2)).isoformat()
    sent = {"platforms": ["mastodon"], "content": "Six bells.", "scheduleDate": later}
    told = agent.post("/api/v1/post", sent)
    assert [one["held"] for one in told["targets"]] == ["approval"]
    return str(told["postId"])


def test_a_person_confirms_what_an_agent_asks(web: Browser, agent: Api, brand: Profile) -> None:
    post_id = waiting(web, agent)
    at = f"/p/{brand.slug}/posts/{post_id}"
    page = web.get(at).text
    assert "An agent asks: may this go out?" in page and "Claude &lt;b&gt;" in page
    assert "Made over the API, with a key." in page
    sent = fields(page)
    changed = {"scheduledFor": (now() + timedelta(days=3)).isoformat()}
    agent.patch(f"/api/v1/posts/{post_id}", changed)
    told = web.post(f"{at}/confirm", data=sent, follow_redirects=True)
    assert "This post was changed since you opened it." in told.text
    told = web.post(f"{at}/confirm", data=fields(told.text), follow_redirects=True)
    assert "Confirmed. It goes out as you saw it." in told.text
    assert 'id="confirm"' not in told.text
    told = web.post(f"{at}/confirm", data=sent | {"request_id": "x"}, follow_redirects=True)
    assert "Look at it again." in told.text
    target = agent.get(f"/api/v1/posts/{post_id}")["post"]["platformPosts"][0]
    assert (target["status"], target["held"]) == ("scheduled", None)


def test_a_person_declines(web: Browser, agent: Api, brand: Profile) -> None:
    post_id = waiting(web, agent)
    at = f"/p/{brand.slug}/posts/{post_id}"
    sent = fields(web.get(at).text)
    told = web.post(f"{at}/decline", data=sent)
    assert told.status_code == 303 and told.location.endswith(f"/drafts/{post_id}")
    assert agent.get(f"/api/v1/posts/{post_id}")["post"]["status"] == "draft"


def test_only_people_of_the_brand_answer(
    web: Browser, agent: Api, brand: Profile, signed_in: Callable[[User], Browser]
) -> None:
    post_id = waiting(web, agent)
    at = f"/p/{brand.slug}/posts/{post_id}/confirm"
    stranger = make_user("stranger@example.org", "Stranger")
    join(make_profile(stranger), make_user("third@example.org", "Third"), Role.MEMBER)
    assert signed_in(stranger).post(at, data={}).status_code == 404
    assert web.get(at).status_code == 405


def test_the_calendar_marks_what_a_program_made(web: Browser, agent: Api, brand: Profile) -> None:
    post_id = waiting(web, agent)
    due = db.session.get_one(Post, UUID(post_id)).due_at
    assert due is not None
    month = web.get(f"/p/{brand.slug}/calendar/month/{due:%Y-%m}").text
    assert "made over the API" in month and "chip__made" in month
    assert "made over the API" in web.get(f"/p/{brand.slug}/calendar/list/{due:%Y-%m}").text


def test_a_belt_over_the_api(web: Browser, agent: Api, brand: Profile) -> None:
    row = db.session.query(ApiKey).filter(ApiKey.last8 == agent.key[-8:]).one()
    assert row.mode.value == "needs_confirmation"
    made = agent.post("/api/v1/api-keys", {"publishing": "may_publish"})
    child = db.session.query(ApiKey).filter(ApiKey.last8 == made["apiKey"]["key"][-8:]).one()
    assert child.mode.value == "needs_confirmation"  # a belted key makes no freer one
    for name, value, field in (
        ("noticeMinutes", -1, "noticeMinutes"), ("postsPerDay", 0, "postsPerDay"),
        ("publishing", "always", "publishing"),
        ("accounts", ["01999999-0000-7000-8000-000000000000"], "accounts"),
    ):  # fmt: skip
        told = web.open(f"/api/api-keys/{row.id}", method="PATCH", json={name: value})
        assert told.get_json()["field"] == field, told.text
    belted(web, agent, publishing="draft_only")
    sent = {"platforms": ["mastodon"], "content": "Now!"}
    told = agent.post("/api/v1/post", sent, status=403)
    assert told["message"].startswith("This key may only write drafts.")
    belted(web, agent, postsPerDay=1)
    agent.post("/api/v1/post", sent, status=403)  # what is not named stays
    belted(web, agent, publishing="may_publish", noticeMinutes=60)
    soon = (now() + timedelta(minutes=30)).isoformat()
    told = agent.post("/api/v1/post", sent | {"scheduleDate": soon}, status=403)
    assert told["field"] == "scheduleDate" and "60 minutes' notice" in told["message"]
    later = (now() + timedelta(days=1)).isoformat()
    agent.post("/api/v1/post", sent | {"scheduleDate": later})
    told = agent.post("/api/v1/post", sent | {"scheduleDate": later}, status=429)
    assert told["code"] == "RATE_LIMITED"
    listed = web.get("/api/api-keys").get_json()["apiKeys"]
    assert {one["posts_per_day"] for one in listed} == {1, None} and len(listed) == 3


def test_a_key_changes_no_belt(web: Browser, agent: Api) -> None:
    row = db.session.query(ApiKey).filter(ApiKey.last8 == agent.key[-8:]).one()
    agent.patch(f"/api/api-keys/{row.id}", {"publishing": "may_publish"}, status=401)
