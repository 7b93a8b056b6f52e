"""From a client's request to the network and back: Amplify's and Ampost's ways."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from app.extensions import db
from app.models.profiles import PlatformSet, Profile
from app.services import keys
from app.services.keys import KeyKind
from tests import factories
from tests.api.asking import Api
from tests.publishing.conftest import Plant, connect


class Site:
    """An installation, a brand with accounts on two networks, and a client."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.brand: Profile = factories.make_profile()
        for name in ("mastodon", "twitter"):
            plant.person(name, "maya")
            connect(self.brand, name, "maya")
        membership = self.brand_owner()
        key = keys.create(factories.actor_of(membership), KeyKind.ACCOUNT)[1]
        self.api = Api(plant.app.test_client(), key)  # type: ignore[arg-type]
        self.set_id = str(
            db.session.query(PlatformSet).filter_by(profile_id=self.brand.id).one().id
        )

    def brand_owner(self) -> Any:
        from app.models.profiles import Membership

        return db.session.query(Membership).filter_by(profile_id=self.brand.id).one().user

    @contextmanager
    def working(self) -> Iterator[None]:
        """The engine at work beside the request."""
        stop = threading.Event()

        def work() -> None:
            with self.plant.app.app_context():
                while not stop.is_set():
                    self.plant.runner.round()
                    stop.wait(0.01)
                db.session.remove()

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            self.plant.run()


@pytest.fixture
def site(start: Callable[..., Plant]) -> Site:
    return Site(start(PUBLISH_WAIT_SECONDS=30))


def test_post_without_a_date_publishes_and_tells_each_target(site: Site) -> None:
    with site.working():
        told = site.api.post(
            "/api/v1/post", {"platforms": ["mastodon", "twitter"], "content": "Hello world!"}
        )
    assert told["success"] is True and "scheduledAt" not in told
    assert {one["platform"]: one["status"] for one in told["targets"]} == {
        "mastodon": "published", "twitter": "published",
    }  # fmt: skip
    assert all(one["external_post_id"] and one["url"] for one in told["targets"])
    assert len(site.plant.seen()) == 2
    [row] = site.api.get("/api/v1/posts")["posts"]
    assert (row["status"], row["publishedCount"], row["failedCount"]) == ("published", 2, 0)
    logs = site.api.get("/api/v1/job-logs?limit=10")["logs"]
    assert [one["status"] for one in logs] == ["success", "success"]
    assert all(one["duration_ms"] >= 0 and not one["will_retry"] for one in logs)
    assert site.api.get("/api/v1/job-logs?status=failed")["logs"] == []
    assert len(site.api.get("/api/v1/job-logs?platform=twitter")["logs"]) == 1
    days = site.api.get("/api/v1/delivery-metrics?days=1")["metrics"]
    assert {one["platform"]: one["successful_jobs"] for one in days} == {
        "mastodon": 1, "twitter": 1,
    }  # fmt: skip


def test_where_every_network_refuses_the_answer_is_502_with_the_targets(site: Site) -> None:
    site.plant.fault("twitter", "publish", "duplicate")
    with site.working():
        told = site.api.post(
            "/api/v1/post", {"platform": "twitter", "content": "Hello world!"}, status=502
        )
    assert told["code"] == "BROKER_ERROR" and told["postId"]
    [target] = told["targets"]
    assert (target["status"], target["error_category"]) == ("failed", "duplicate")
    assert site.plant.seen() == []


def test_a_scheduled_post_goes_out_at_its_time(site: Site) -> None:
    told = site.api.post(
        "/api/v1/post",
        {"platforms": ["mastodon"], "content": "Scheduled", "scheduleDate": "2031-01-15T10:00:00"},
    )
    assert (told["scheduled"], told["scheduledAt"]) == (True, "2031-01-15T10:00:00.000Z")
    [row] = site.api.get("/api/v1/scheduled-posts")["scheduledPosts"]
    assert row["post_id"] == told["postId"] and row["scheduled_at"] == told["scheduledAt"]
    assert row["status"] == "scheduled" and row["content"] == "Scheduled"
    gone = site.api.delete(f"/api/v1/scheduled-posts/{row['id']}")
    assert gone == {"success": True, "postId": told["postId"]}
    assert site.api.get("/api/v1/scheduled-posts")["scheduledPosts"] == []
    assert site.api.get(f"/api/v1/posts/{told['postId']}")["post"]["status"] == "discarded"
    site.api.delete(f"/api/v1/scheduled-posts/{row['id']}", status=404)


def test_a_draft_is_published_and_a_failed_one_tried_again(site: Site) -> None:
    body = {"content": {"text": "Six bells"}, "platforms": ["twitter"],
            "scheduledFor": None, "platformSetId": site.set_id}  # fmt: skip
    post = site.api.post("/api/v1/posts", body, status=201)["post"]
    path = f"/api/v1/posts/{post['id']}"
    site.api.post(f"{path}/retry", status=409)
    site.plant.fault("twitter", "publish", "duplicate")
    with site.working():
        failed = site.api.post(f"{path}/publish")["post"]
        assert failed["status"] == "failed" and failed["platformPosts"][0]["error"]
        again = site.api.post(f"{path}/retry", {"platforms": ["twitter"]})["post"]
    assert again["status"] == "published" and again["platformPosts"][0]["publishedUrl"]
    assert len(site.plant.seen()) == 1
    told = site.api.post(f"{path}/cancel", status=409)
    assert told["code"] == "INVALID_STATUS_TRANSITION"
