"""The official SDK's client calls every tool, over HTTP and over stdio."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, Response
from mcp import Client

from app.api.mcp.registry import TOOLS
from app.clock import now
from app.extensions import db
from app.models.posts import Post, TargetState
from app.models.profiles import PlatformSet, Profile
from app.permissions import Actor
from app.services import keys
from app.services.keys import KeyKind
from tests.api.mcp.conftest import Agent
from tests.factories import make_account, make_post
from tests.pictures import encoded, photo

READING = {
    "list_profiles", "list_platforms", "list_accounts", "list_platform_sets", "list_posts",
    "get_post", "validate_post", "list_calendar", "list_job_logs", "list_templates",
    "list_media", "best_times", "list_recurring_schedules", "list_occurrences",
}  # fmt: skip


def somewhere() -> Flask:
    """A server with one picture."""
    app, raw = Flask("somewhere"), encoded(photo(), "JPEG")
    app.add_url_rule("/bells.jpg", view_func=lambda: Response(raw, mimetype="image/jpeg"))
    return app


@pytest.mark.parametrize("stdio", [False, True], ids=["http", "stdio"])
def test_an_agent_lists_and_calls_every_tool(
    app: Flask, brand: Profile, owner: Actor, serve: Callable[..., str], stdio: bool
) -> None:
    account = make_account(brand, "mastodon")
    failed = make_post(
        brand, accounts=[account], at=now() - timedelta(hours=1), state=TargetState.FAILED
    )
    facts = {
        "account": str(account.id), "set": str(db.session.query(PlatformSet).one().id),
        "failed": str(failed.id), "file": f"{serve(somewhere())}/bells.jpg",
        "later": (now() + timedelta(days=1)).isoformat(),
    }  # fmt: skip
    whole = keys.create(owner, KeyKind.ACCOUNT if stdio else KeyKind.PROFILE, brand.id)[1]
    called = Agent(serve(app), whole, stdio).run(lambda client: walk(client, facts))
    assert called == set(TOOLS)
    db.session.expire_all()
    assert {p.source for p in db.session.query(Post) if p.id != failed.id} == {"mcp"}


async def walk(client: Client, facts: dict[str, str]) -> set[str]:
    """Everything an agent can do, once; the names of the tools called."""
    called = set()

    async def use(name: str, /, **arguments: Any) -> Any:
        called.add(name)
        result = await client.call_tool(name, arguments)
        assert not result.is_error, (name, result.content)
        return result.structured_content

    listed = (await client.list_tools()).tools
    assert {one.name for one in listed} == set(TOOLS)
    assert {one.name for one in listed if one.annotations.read_only_hint} == READING
    assert all(one.description and one.title for one in listed)
    assert client.server_info.name == "carillon"

    profile = (await use("list_profiles"))["profiles"][0]
    assert {p["platform"] for p in (await use("list_platforms"))["platforms"]} >= {"mastodon"}
    [account] = (await use("list_accounts", platform="mastodon"))["accounts"]
    assert account["id"] == facts["account"]
    assert [s["id"] for s in (await use("list_platform_sets"))["sets"]] == [facts["set"]]
    made = (await use("create_platform_set", name="Launch", profileId=profile["id"]))["set"]
    named = await use("rename_platform_set", platformSetId=made["id"], name="Launch 2")
    assert named["set"]["name"] == "Launch 2"

    file = await use("upload_media", url=facts["file"], altText="Six bells")
    assert (file["mimeType"], file["altText"]) == ("image/jpeg", "Six bells")
    [kept_file] = (await use("list_media", type="image"))["media"]
    assert kept_file["mediaId"] == file["mediaId"]
    times = await use("best_times", platform="mastodon")
    assert times["isDefault"] and times["timezone"] == "Europe/London" and times["bestTimes"]
    words: dict[str, Any] = {"text": "Six bells ring.", "platforms": ["mastodon"]}
    words["media"] = [{"mediaId": file["mediaId"]}]
    seen = await use("validate_post", **words)
    assert seen["valid"] and seen["accounts"][0]["texts"] == ["Six bells ring."]
    draft = await use("create_post", **words)
    post_id = draft["post"]["id"]
    assert draft["post"]["status"] == "draft" and draft["page"].endswith(post_id)
    changed = (await use("update_post", postId=post_id, text="Seven bells ring."))["post"]
    assert changed["content"]["text"] == "Seven bells ring."
    assert [m["id"] for m in changed["content"]["media"]] == [file["mediaId"]]
    put = await use("schedule_post", postId=post_id, scheduledFor=facts["later"])
    assert put["post"]["status"] == "scheduled"
    days = await use("list_calendar", first=facts["later"][:10], last=facts["later"][:10])
    assert [(e["postId"], e["madeBy"]) for e in days["entries"]] == [(post_id, "mcp")]
    assert (await use("unschedule_post", postId=post_id))["post"]["status"] == "draft"
    out = await use("publish_post", postId=post_id)
    assert out["post"]["status"] in ("scheduled", "queued", "posting")
    assert (await use("get_post", postId=post_id))["post"]["id"] == post_id
    assert (await use("cancel_post", postId=post_id))["post"]["status"] == "discarded"
    again = await use("retry_post", postId=facts["failed"])
    assert again["post"]["platformPosts"][0]["status"] == "scheduled"
    assert (await use("list_posts", status="scheduled"))["total"] == 1
    assert (await use("list_job_logs"))["logs"] == []

    await repeated(use, file["mediaId"])
    kept = await use("create_template", name="Weekly", content="This week: {{news}}")
    kept_id = kept["template"]["id"]
    assert kept["template"]["variables"] == ["news"]
    await use("update_template", templateId=kept_id, isFavorite=True)
    assert (await use("list_templates", favorites=True))["total"] == 1
    filled = await use(
        "create_post", templateId=kept_id, variables={"news": "rain"}, platforms=["mastodon"]
    )
    assert filled["post"]["content"]["text"] == "This week: rain"
    assert (await use("delete_template", templateId=kept_id))["success"]
    return called


async def repeated(use: Callable[..., Any], media_id: str) -> None:
    """A schedule from its beginning to its pause."""
    day = (now() + timedelta(days=3)).date()
    told = await use(
        "create_recurring_schedule", name="Rule", content="Ring!", platforms=["mastodon"],
        media=[{"mediaId": media_id}], recurrencePattern="weekly", timeOfDay="09:00",
        recurrenceConfig={"day_of_week": (day.weekday() + 1) % 7}, timezone="UTC",
    )  # fmt: skip
    schedule, one = told["schedule"], {"scheduleId": told["schedule"]["id"]}
    assert [file["id"] for file in schedule["media"]] == [media_id]
    assert schedule["nextScheduledAt"].startswith(str(day))
    assert (await use("list_recurring_schedules"))["schedules"] == [schedule]
    left_out = await use("skip_occurrence", **one, date=str(day))
    assert left_out["occurrence"]["status"] == "skipped"
    days = (await use("list_occurrences", **one, upcoming=2))["upcoming"]
    assert str(day) not in [line["date"] for line in days if line["status"] == "upcoming"]
    back = await use("skip_occurrence", **one, date=str(day), skip=False)
    assert back["occurrence"]["status"] != "skipped"
    assert not (await use("pause_recurring_schedule", **one))["schedule"]["isActive"]
    assert (await use("resume_recurring_schedule", **one))["schedule"]["isActive"]
    await use("pause_recurring_schedule", **one)
