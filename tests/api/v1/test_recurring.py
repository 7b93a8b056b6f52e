"""Recurring schedules and best times, in the seed's words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from app import ids
from app.clock import now
from app.extensions import db
from app.models.posts import Post
from app.models.profiles import Profile
from app.models.recurring import Pattern, RecurringSchedule
from app.permissions import Actor
from app.services import recurring, recurring_maker
from app.services.recurring import Changes
from tests.api.asking import Api
from tests.factories import actor_of, make_account, make_media, make_profile, make_user
from tests.statements import counted

PATH = "/api/v1/recurring-schedules"


MONDAY = datetime(2026, 1, 12, 12, tzinfo=UTC)  # 07:00 in New York


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    """No occurrence falls into a test, whenever it runs."""
    with time_machine.travel(MONDAY):
        yield


@pytest.fixture(autouse=True)
def connected(brand: Profile) -> None:
    for network in ("mastodon", "bluesky"):
        make_account(brand, network)


def morning(brand: Profile, **changes: Any) -> dict[str, Any]:
    """The seed's "Request (Daily)"."""
    return {
        "profileId": str(brand.id),
        "name": "Morning Update",
        "content": "Good morning! Here's today's update.",
        "platforms": ["mastodon", "bluesky"],
        "recurrencePattern": "daily",
        "timeOfDay": "08:00:00",
        "timezone": "America/New_York",
    } | changes


def next_at(told: dict[str, Any]) -> datetime:
    assert told["nextScheduledAt"] == told["next_scheduled_at"]
    return datetime.fromisoformat(told["nextScheduledAt"].replace("Z", "+00:00"))


def test_the_daily_request_is_answered_in_both_spellings(amplify: Api, brand: Profile) -> None:
    made = amplify.post(PATH, morning(brand))
    assert made["success"] is True
    told = made["schedule"]
    assert (told["name"], told["recurrencePattern"], told["timeOfDay"]) == (
        "Morning Update", "daily", "08:00:00",
    )  # fmt: skip
    at = next_at(told)
    assert told["nextScheduledAt"] == "2026-01-12T13:00:00.000Z"
    assert at.astimezone(ZoneInfo("America/New_York")).hour == 8
    listed = amplify.get(f"{PATH}?profileId={brand.id}")
    assert listed == {"schedules": [told], "total": 1}
    item = listed["schedules"][0]
    assert item["recurrence_pattern"] == "daily" and item["time_of_day"] == "08:00:00"
    assert (item["timezone"], item["is_active"], item["last_posted_at"]) == (
        "America/New_York", True, None,
    )  # fmt: skip
    assert amplify.get(f"{PATH}/{told['id']}")["schedule"] == told


@pytest.mark.parametrize(
    ("pattern", "chosen", "fits"),
    [
        ("weekly", {"day_of_week": 1}, lambda at: at.weekday() == 0),
        ("weekly", {"day_of_week": 0}, lambda at: at.weekday() == 6),
        ("weekly", {"day_of_week": [0, 6]}, lambda at: at.weekday() >= 5),
        ("monthly", {"day_of_month": 1}, lambda at: at.day == 1),
        ("monthly", {"day_of_month": 31}, lambda at: (at + timedelta(days=1)).day == 1),
        ("custom", {"rrule": "FREQ=MONTHLY;BYDAY=-1FR"}, lambda at: at.weekday() == 4),
    ],
)
def test_the_other_patterns(
    amplify: Api, brand: Profile, pattern: str, chosen: dict[str, Any], fits: Any
) -> None:
    body = morning(
        brand, recurrencePattern=pattern, recurrenceConfig=chosen | {"more": 1}, timezone="UTC"
    )
    told = amplify.post(PATH, body)["schedule"]
    assert told["recurrence_config"] == told["recurrenceConfig"] == chosen
    lines = amplify.get(f"{PATH}/{told['id']}/occurrences?upcoming=5")["upcoming"]
    days = [datetime.fromisoformat(one["scheduled_at"].replace("Z", "+00:00")) for one in lines]
    assert len(days) == 5 and all(fits(one) for one in days) and days[0] == next_at(told)
    assert {one["status"] for one in lines} <= {"upcoming", "scheduled"}


def test_what_is_wrong_is_named_as_it_was_written(amplify: Api, brand: Profile) -> None:
    for changes, field in (
        ({"name": ""}, "name"),
        ({"recurrencePattern": "hourly"}, "recurrencePattern"),
        ({"recurrencePattern": None}, "recurrencePattern"),
        ({"recurrencePattern": "weekly"}, "recurrenceConfig.day_of_week"),
        ({"recurrencePattern": "monthly", "recurrenceConfig": {"day_of_month": 32}},
         "recurrenceConfig.day_of_month"),
        ({"recurrencePattern": "custom", "recurrenceConfig": {"rrule": "FREQ=SECONDLY"}},
         "recurrenceConfig.rrule"),
        ({"timeOfDay": "8 am"}, "timeOfDay"),
        ({"timeOfDay": None}, "timeOfDay"),
        ({"timezone": "London"}, "timezone"),
        ({"platforms": []}, "platforms"),
        ({"platforms": ["threads"]}, "platforms.0"),
        ({"content": "x" * 400}, "bluesky.text"),
        ({"media": [{}]}, "media.0"),
    ):  # fmt: skip
        told = amplify.post(PATH, morning(brand, **changes), status=400)
        assert (told["field"], told["success"]) == (field, False)
    assert amplify.get(PATH)["total"] == 0


def test_the_seeds_update_and_its_snake_spelling(amplify: Api, brand: Profile) -> None:
    made = amplify.post(PATH, morning(brand))["schedule"]
    path = f"{PATH}/{made['id']}"
    body = {"name": "Updated Name", "isActive": False, "timeOfDay": "10:00:00",
            "recurrencePattern": "weekly", "recurrenceConfig": {"day_of_week": 3}}  # fmt: skip
    told = amplify.patch(path, body)["schedule"]
    assert (told["name"], told["is_active"], told["isActive"]) == ("Updated Name", False, False)
    assert (told["recurrence_pattern"], told["recurrence_config"]) == ("weekly", {"day_of_week": 3})
    assert told["next_scheduled_at"] is None and told["pause_reason"] == ""
    assert told["content"] == made["content"]
    again = amplify.patch(path, {"is_active": True, "time_of_day": "11:30"})["schedule"]
    at = next_at(again).astimezone(ZoneInfo("America/New_York"))
    assert (at.weekday(), at.hour, at.minute) == (2, 11, 30)
    assert amplify.patch(path, {"recurrencePattern": "monthly"}, status=400)["field"] == (
        "recurrenceConfig.day_of_month"
    )
    assert amplify.get(path)["schedule"] == again


def test_a_schedule_carries_media_accounts_and_a_networks_own_text(
    amplify: Api, ampost: Api, brand: Profile
) -> None:
    picture, account = make_media(brand), make_account(brand, "mastodon", "second")
    own = {"mastodon": {"text": "For Mastodon", "settings": {}}}
    body = morning(
        brand, media=[{"id": str(picture.id)}], platforms=[], accounts=[str(account.id)],
        platformOverrides=own,
    )  # fmt: skip
    told = amplify.post(PATH, body)["schedule"]
    assert [one["id"] for one in told["media"]] == [str(picture.id)]
    assert told["accounts"] == [str(account.id)] and told["platform_overrides"] == own
    db.session.rollback()
    recurring_maker.run()
    found = ampost.get("/api/v1/posts")["posts"]
    assert found and all(len(one["targets"]) == 1 for one in found)
    post = ampost.get(f"/api/v1/posts/{found[0]['id']}")["post"]
    assert post["platformPosts"][0]["accountId"] == str(account.id)
    assert post["content"]["platformOverrides"]["mastodon"]["text"] == "For Mastodon"
    assert amplify.delete(f"{PATH}/{told['id']}") == {"success": True}
    assert ampost.get("/api/v1/posts")["total"] == 0
    foreign = make_account(make_profile(make_user("other@example.org")), "mastodon")
    for one in (foreign.id, ids.uuid7()):
        refused = amplify.post(PATH, body | {"accounts": [str(one)]}, status=404)
        assert refused["field"] == "accounts"


def test_one_occurrence_is_skipped_put_back_and_edited(amplify: Api, brand: Profile) -> None:
    made = amplify.post(PATH, morning(brand))["schedule"]
    path = f"{PATH}/{made['id']}/occurrences"
    lines = amplify.get(path)["upcoming"]
    assert len(lines) == 10 and lines[0]["scheduled_at"] == made["nextScheduledAt"]
    day = lines[0]["date"]
    told = amplify.patch(f"{path}/{day}", {"skip": True})["occurrence"]
    assert (told["date"], told["status"]) == (day, "skipped")
    later = amplify.get(f"{PATH}/{made['id']}")["schedule"]
    assert later["next_scheduled_at"] == lines[1]["scheduled_at"]
    assert amplify.patch(f"{path}/{day}", {"skip": False})["occurrence"]["status"] == "upcoming"
    at = now() + timedelta(days=30)
    body = {"content": "Only this once", "scheduledFor": at.isoformat()}
    told = amplify.patch(f"{path}/{lines[5]['date']}", body)["occurrence"]
    assert (told["status"], told["edited"]) == ("scheduled", True)
    assert told["scheduled_at"] == lines[5]["scheduled_at"] != told["scheduled_for"]
    post = amplify.get(f"/api/v1/posts/{told['post_id']}")["post"]
    assert post["content"]["text"] == "Only this once"
    assert sorted(post["platforms"]) == ["bluesky", "mastodon"]
    refused = amplify.patch(f"{path}/{lines[5]['date']}", {"content": "x" * 501}, status=400)
    assert refused["field"].endswith(".text")
    for wrong, status in (("2020-01-01", 404), ("tomorrow", 404), ("2026-02-30", 404)):
        amplify.patch(f"{path}/{wrong}", {"skip": True}, status=status)
    for body in ({}, {"skip": True, "content": "x"}):
        assert amplify.patch(f"{path}/{day}", body, status=400)["field"] == "skip"
    amplify.patch(f"{PATH}/{made['id']}", {"isActive": False})
    amplify.patch(f"{path}/{lines[3]['date']}", {"skip": True}, status=409)


def test_a_foreign_schedule_is_a_missing_one_and_a_foreign_profile_is_refused(
    amplify: Api, ampost: Api, brand: Profile
) -> None:
    user = make_user("other@example.org")
    other = make_profile(user)
    make_account(other, "mastodon")
    theirs = _schedule(actor_of(user), other)
    for api in (amplify, ampost):
        for method, rest in (
            ("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/occurrences"),
            ("PATCH", "/occurrences/2026-12-24"),
        ):  # fmt: skip
            body = {"skip": True} if method == "PATCH" else None
            told = [api.ask(method, f"{PATH}/{one}{rest}", body, status=404)
                    for one in (theirs, ids.uuid7())]  # fmt: skip
            assert {**told[0], "request_id": ""} == {**told[1], "request_id": ""}
        for one in (other.id, ids.uuid7()):
            api.post(PATH, morning(brand, profileId=str(one)), status=403)
            for path in (PATH, "/api/v1/scheduling/best-times"):
                api.get(f"{path}?profileId={one}", status=403)
        assert api.get(PATH)["total"] == 0
    assert db.session.query(RecurringSchedule).count() == 1


def _schedule(actor: Actor, profile: Profile) -> Any:
    changes = Changes(
        name="Theirs", content="x", platforms=["mastodon"], time_of_day="09:00",
        pattern=Pattern.DAILY,
    )  # fmt: skip
    return recurring.create(actor, profile.id, changes).id


def test_the_same_key_makes_one_schedule(amplify: Api, brand: Profile) -> None:
    headers = {"Idempotency-Key": "morning-1"}
    first = amplify.post(PATH, morning(brand), headers=headers)
    assert amplify.post(PATH, morning(brand), headers=headers) == first
    assert amplify.headers["Idempotency-Replayed"] == "true"
    assert amplify.get(PATH)["total"] == 1
    assert db.session.query(Post).count() == 0


def test_a_list_costs_no_more_for_more_schedules(amplify: Api, brand: Profile) -> None:
    picture = {"media": [{"id": str(make_media(brand).id)}]}

    def cost() -> int:
        with counted() as asked:
            assert amplify.get(PATH)["schedules"]
        # What knowing and counting the key costs is another matter.
        return len([one for one in asked if "recurring" in one or "media" in one])

    amplify.post(PATH, morning(brand, **picture))
    one = cost()
    for _ in range(3):
        amplify.post(PATH, morning(brand, **picture))
    assert cost() == one


# Best times -----------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["", "&platform=twitter"])
def test_the_usual_times_are_told_in_both_spellings(
    amplify: Api, brand: Profile, query: str
) -> None:
    told = amplify.get(f"/api/v1/scheduling/best-times?profileId={brand.id}{query}")
    assert told["isDefault"] is True
    assert told["message"] == "No historical data yet. Using recommended defaults."
    assert told["timezone"] == "Europe/London"
    first, second = told["bestTimes"][:2]
    seed = {"day_of_week": 2, "hour_of_day": 9, "reason": "Weekday morning engagement"}
    assert first.items() >= seed.items()
    assert (second["day_of_week"], second["hour_of_day"]) == (3, 12)
    for one in told["bestTimes"]:
        assert (one["dayOfWeek"], one["hourOfDay"]) == (one["day_of_week"], one["hour_of_day"])
        assert (one["avgEngagementScore"], one["postsCount"]) == (None, 0)


def test_best_times_of_no_platform_are_refused(amplify: Api) -> None:
    told = amplify.get("/api/v1/scheduling/best-times?platform=myspace", status=400)
    assert told["field"] == "platform"
