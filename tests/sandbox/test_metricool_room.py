"""The played Metricool: what it refuses, and what becomes of what it takes."""

import base64
import hashlib
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

import httpx2 as httpx
import pytest

from app.clock import now
from app.sandbox import create_sandbox
from app.sandbox.store import Store
from tests.sandbox.conftest import BASE

TOKEN = {"X-Mc-Auth": "sandbox-alice"}
ME = {"userId": "7", "blogId": "3100001"}
MADRID = "Europe/Madrid"
PICTURE = b"\x89PNG but not looked at"


@pytest.fixture(scope="module")
def refusing() -> Iterator[httpx.Client]:
    """One sandbox for every request that leaves nothing behind: making one takes a while."""
    transport = httpx.WSGITransport(app=create_sandbox())
    with httpx.Client(transport=transport, base_url=BASE) as client:
        yield client


def ask(
    http: httpx.Client, method: str, path: str, body: Any = None, who: Any = TOKEN,
    **query: str | None,
) -> httpx.Response:  # fmt: skip
    asked = {name: text for name, text in {**ME, **query}.items() if text is not None}
    return http.request(
        method, f"/metricool{path}?{urlencode(asked)}", json=body, headers=who
    )  # fmt: skip


def date(minutes: float = 5, zone: str = MADRID) -> dict[str, str]:
    local = (now() + timedelta(minutes=minutes)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return {"dateTime": local.isoformat(timespec="seconds"), "timezone": zone}


def post(**changes: Any) -> dict[str, Any]:
    return {
        "text": "Hello", "providers": [{"network": "twitter"}], "publicationDate": date(),
        "autoPublish": True, "draft": False, "media": [], **changes,
    }  # fmt: skip


def made(http: httpx.Client, **changes: Any) -> dict[str, Any]:
    answer = ask(http, "POST", "/v2/scheduler/posts", post(**changes))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


def seen(http: httpx.Client, one: dict[str, Any]) -> list[dict[str, Any]]:
    answer = ask(http, "GET", f"/v2/scheduler/posts/{one['id']}")
    found: list[dict[str, Any]] = answer.json()["data"]["providers"]
    return found


def due(http: httpx.Client) -> int:
    return int(http.post("/_sandbox/metricool/due").json()["published"])


@pytest.mark.parametrize(
    ("who", "query", "status"),
    [
        ({}, {}, 401),
        ({"X-Mc-Auth": "stolen"}, {}, 401),
        ({"Authorization": "Bearer sandbox-alice"}, {}, 401),
        (TOKEN, {"userId": None}, 400),
        (TOKEN, {"userId": "me"}, 400),
        (TOKEN, {"blogId": None}, 400),
        (TOKEN, {"blogId": "1"}, 403),
        (TOKEN, {}, 200),
    ],
)
def test_a_call_needs_a_token_a_user_and_a_brand_of_ones_own(
    refusing: httpx.Client, who: dict[str, str], query: dict[str, str | None], status: int
) -> None:
    answer = ask(refusing, "GET", "/v2/scheduler/boards/pinterest", who=who, **query)
    assert answer.status_code == status, answer.text


def test_brands_say_which_networks_they_have(http: httpx.Client) -> None:
    found = ask(http, "GET", "/v2/settings/brands", userId=None, blogId=None).json()["data"]
    assert [one["label"] for one in found] == ["Carillon Demo", "Second Brand", "alice's brand"]
    second = found[1]["networksData"]
    assert second["twitterData"]["username"] == "secondbrand"
    assert second["facebookData"] is None and second["gmbData"] is None
    flat = ask(http, "GET", "/admin/simpleProfiles", blogId=None).json()
    assert flat[1]["linkedin"] == "Second Brand" and flat[1]["tiktok"] is None
    bob = ask(http, "GET", "/v2/settings/brands", who={"X-Mc-Auth": "sandbox-bob"}, blogId=None)
    assert bob.json()["data"][2]["id"] != found[2]["id"]


def test_scripts_are_given_brands_that_every_token_may_use(http: httpx.Client) -> None:
    found = http.get("/_sandbox/metricool/blogs").json()
    assert {"id", "label", "userId", "timezone", "networks"} <= set(found[0])
    for one in found:
        answer = ask(http, "POST", "/v2/scheduler/posts", post(), blogId=str(one["id"]))
        assert answer.status_code == 200
    own = http.get("/_sandbox/metricool/blogs?handle=alice").json()
    assert len(own) == len(found) + 1
    assert (
        http.get("/_sandbox/networks")
        .json()["networks"]["metricool"]["api_url"]
        .endswith("/metricool")
    )


def test_a_plan_without_the_api_is_told_so(http: httpx.Client, store: Store) -> None:
    store.accounts.get("metricool", "alice").extras["plan"] = "free"
    answer = ask(http, "GET", "/v2/settings/brands")
    assert answer.status_code == 403 and "plan" in answer.json()["message"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"publicationDate": None}, "publicationDate"),
        ({"publicationDate": {"dateTime": "2099-01-01T10:00:00"}}, "publicationDate"),
        ({"publicationDate": {"dateTime": "2099-01-01T10:00:00Z", "timezone": MADRID}},
         "publicationDate"),
        ({"publicationDate": {"dateTime": "2099-01-01T10:00:00", "timezone": "Mars/One"}},
         "publicationDate"),
        ({"publicationDate": date(-10)}, "publicationDate"),
        ({"providers": []}, "providers"),
        ({"providers": [{"network": "x"}]}, "providers"),
        ({"text": ""}, "text"),
        ({"text": 7}, "text"),
        ({"media": "https://a.b/c.png"}, "media"),
        ({"draft": "yes"}, "draft"),
        ({"descendants": ["x"]}, "descendants"),
        ({"descendants": [{"text": "Two"}]}, "descendants[0].publicationDate"),
        ({"providers": [{"network": "instagram"}]}, "media"),
        ({"providers": [{"network": "instagram"}], "media": ["u", "v"],
          "instagramData": {"type": "REEL"}}, "media"),
        ({"providers": [{"network": "facebook"}], "facebookData": {"type": "post"}},
         "facebookData.type"),
        ({"providers": [{"network": "pinterest"}], "media": ["u"]}, "pinterestData.boardId"),
        ({"providers": [{"network": "youtube"}], "media": ["u"]}, "youtubeData.title"),
        ({"providers": [{"network": "youtube"}], "media": ["u"], "youtubeData": {"title": "T"}},
         "youtubeData.madeForKids"),
    ],
)  # fmt: skip
def test_a_post_that_is_not_as_documented_is_refused_by_field(
    refusing: httpx.Client, change: dict[str, Any], field: str
) -> None:
    answer = ask(refusing, "POST", "/v2/scheduler/posts", post(**change))
    assert answer.status_code == 400
    assert answer.json()["title"] == "ValidationError" and field in answer.json()["detail"]


def test_a_post_waits_for_its_time_and_is_then_in_the_feed(
    http: httpx.Client, store: Store
) -> None:
    one = made(http, providers=[{"network": "twitter"}, {"network": "linkedin"}])
    assert one["uuid"] and one["creationDate"]["timezone"] == MADRID
    assert [p["status"] for p in seen(http, one)] == ["PENDING", "PENDING"]
    assert not list(store.posts.newest())
    assert due(http) == 1
    found = seen(http, one)
    assert [(p["network"], p["status"]) for p in found] == [
        ("twitter", "PUBLISHED"), ("linkedin", "PUBLISHED"),
    ]  # fmt: skip
    assert {p.extras["provider"] for p in store.posts.newest()} == {"twitter", "linkedin"}
    assert "Hello" in http.get(found[0]["publicUrl"]).text
    assert due(http) == 0 and len(list(store.posts.newest())) == 2


def test_time_alone_publishes_and_nobody_has_to_poll(
    http: httpx.Client, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(http, publicationDate=date(minutes=0.02))
    real = time.time
    monkeypatch.setattr("app.sandbox.metricool.publish.time.time", lambda: real() + 3)
    assert "Hello" in http.get("/").text


def test_providers_as_strings_are_taken_and_nothing_comes_of_them(
    http: httpx.Client, store: Store
) -> None:
    one = made(http, providers=["twitter"])
    due(http)
    assert seen(http, one) == [] and not list(store.posts.newest())


@pytest.mark.parametrize("change", [{"draft": True}, {"autoPublish": False}])
def test_drafts_and_reminders_stay_where_they_are(
    http: httpx.Client, store: Store, change: dict[str, bool]
) -> None:
    one = made(http, **change)
    due(http)
    assert [p["status"] for p in seen(http, one)] == ["PENDING"]


def test_each_provider_has_its_own_fate(http: httpx.Client, store: Store) -> None:
    extras = {"fails": {"linkedin": "The token has expired."}}
    order = {"network": "metricool", "handle": "alice", "extras": extras}
    assert http.post("/_sandbox/accounts", json=order).status_code == 201
    names = ("twitter", "linkedin", "gmb", "threads")
    one = made(http, text="x" * 300, providers=[{"network": name} for name in names])
    lost = made(http, media=["https://example.com/a.png"])
    due(http)
    told = {p["network"]: (p["status"], p["detailedStatus"]) for p in seen(http, one)}
    assert told["twitter"][0] == "ERROR" and "280" in told["twitter"][1]
    assert told["linkedin"] == ("ERROR", "The token has expired.")
    assert told["gmb"][0] == "ERROR" and "connected" in told["gmb"][1]
    assert told["threads"] == ("PUBLISHED", "Published")
    assert "media" in seen(http, lost)[0]["detailedStatus"]


@pytest.mark.parametrize(
    ("fault", "status", "word"),
    [("duplicate", "ERROR", "duplicate"), ("processing", "PENDING", "Pending")],
)
def test_ordered_fates(http: httpx.Client, fault: str, status: str, word: str) -> None:
    order = {"network": "metricool", "operation": "publish", "fault": fault}
    assert http.post("/_sandbox/faults", json=order).status_code == 201
    one = made(http)
    due(http)
    (found,) = seen(http, one)
    assert found["status"] == status and word in found["detailedStatus"]


@pytest.mark.parametrize(
    ("fault", "status"), [("http_429", 429), ("revoked", 401), ("http_500", 500)]
)
def test_ordered_refusals_schedule_nothing(http: httpx.Client, fault: str, status: int) -> None:
    order = {"network": "metricool", "operation": "publish", "fault": fault}
    assert http.post("/_sandbox/faults", json=order).status_code == 201
    answer = ask(http, "POST", "/v2/scheduler/posts", post())
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith(
        "text/plain" if status == 500 else "application/json"
    )
    assert due(http) == 0


def test_a_thread_and_a_first_comment_hang_together(http: httpx.Client, store: Store) -> None:
    made(http, descendants=[post(text="Two"), post(text="Three")], firstCommentText="And this")
    due(http)
    posts = {one.text: one for one in store.posts.newest()}
    assert posts["Two"].parent == posts["Hello"].id
    assert posts["Three"].parent == posts["Two"].id
    assert posts["And this"].parent == posts["Hello"].id


def listed(http: httpx.Client, days: float, **query: str) -> list[str]:
    middle = datetime.fromisoformat(date(5 + days * 1440)["dateTime"])
    start, end = middle - timedelta(hours=6), middle + timedelta(hours=6)
    answer = ask(
        http, "GET", "/v2/scheduler/posts", start=start.isoformat(), end=end.isoformat(),
        timezone=MADRID, **query,
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    return [one["text"] for one in answer.json()["data"]]


def test_posts_are_listed_by_their_time(http: httpx.Client) -> None:
    made(http, text="Today")
    made(http, text="Tomorrow", publicationDate=date(24 * 60, "America/New_York"))
    assert listed(http, 0) == ["Today"] and listed(http, 1) == ["Tomorrow"]
    assert listed(http, 0, extendedRange="true") == ["Today", "Tomorrow"]
    assert listed(http, 0, blogId="3100002") == []
    assert ask(http, "GET", "/v2/scheduler/posts", start="x").status_code == 400


def test_a_waiting_post_can_be_moved_replaced_and_deleted(http: httpx.Client, store: Store) -> None:
    one = made(http)
    path = f"/v2/scheduler/posts/{one['id']}"
    later = {"publicationDate": date(90)}
    moved = ask(http, "PATCH", path, later, fields="publicationDate")
    assert moved.json()["data"]["publicationDate"] == later["publicationDate"]
    assert ask(http, "PATCH", path, later).status_code == 400
    assert ask(http, "PUT", path, {**one, "uuid": "other"}).status_code == 400
    changed = ask(http, "PUT", path, {**one, "text": "Changed"}).json()["data"]
    assert changed["id"] != one["id"] and changed["uuid"] == one["uuid"]
    assert ask(http, "GET", path).status_code == 404
    path = f"/v2/scheduler/posts/{changed['id']}"
    bob = {"X-Mc-Auth": "sandbox-bob"}
    assert ask(http, "DELETE", path, who=bob).status_code == 404
    assert ask(http, "DELETE", path).status_code == 204
    assert ask(http, "DELETE", path).status_code == 404
    assert due(http) == 0 and not list(store.posts.newest())


def test_what_is_out_stays_out(http: httpx.Client, store: Store) -> None:
    one = made(http)
    due(http)
    path = f"/v2/scheduler/posts/{one['id']}"
    assert ask(http, "PUT", path, one).status_code == 400
    assert ask(http, "DELETE", path).status_code == 204
    assert not next(store.posts.newest()).deleted


def parts(*pieces: bytes) -> list[dict[str, Any]]:
    found, place = [], 0
    for piece in pieces:
        hashed = base64.b64encode(hashlib.sha256(piece).digest()).decode()
        end = place + len(piece)
        found.append({"size": len(piece), "startByte": place, "endByte": end, "hash": hashed})
        place = end
    return found


def begin(http: httpx.Client, *pieces: bytes, **changes: Any) -> httpx.Response:
    body = {"resourceType": "planner", "contentType": "image/png", "fileExtension": "png",
            "parts": parts(*pieces), **changes}  # fmt: skip
    return ask(http, "PUT", "/v2/media/s3/upload-transactions", body)


def send(http: httpx.Client, url: str, data: bytes, hashed: str = "") -> httpx.Response:
    where = urlsplit(url)
    headers = {"x-amz-checksum-sha256": hashed or parts(data)[0]["hash"]}
    return http.put(f"{where.path}?{where.query}", content=data, headers=headers)


def finish(http: httpx.Client, body: Any) -> httpx.Response:
    return ask(http, "PATCH", "/v2/media/s3/upload-transactions", body)


def test_a_file_goes_in_one_part_and_is_published(http: httpx.Client, store: Store) -> None:
    told = begin(http, PICTURE).json()["data"]
    assert told["uploadType"] == "SIMPLE"
    simple = {"simple": {"fileUrl": told["fileUrl"]}}
    assert finish(http, simple).status_code == 400
    assert send(http, told["presignedUrl"], b"other").status_code == 403
    assert send(http, told["presignedUrl"], b"o", parts(PICTURE)[0]["hash"]).status_code == 400
    forged = told["presignedUrl"].replace("Signature=", "Signature=x")
    assert send(http, forged, PICTURE).status_code == 403
    assert send(http, told["presignedUrl"], PICTURE).status_code == 200
    url = finish(http, simple).json()["data"]["convertedFileUrl"]
    assert finish(http, simple).status_code == 404
    made(http, media=[url], mediaAltText=["A square"])
    due(http)
    (file,) = next(store.posts.newest()).media
    assert store.blob(file["blob"]) == ("image/png", PICTURE) and file["alt"] == "A square"


def test_a_large_file_goes_in_several(http: httpx.Client) -> None:
    first, second = b"a" * 5_000_000, b"b" * 10
    told = begin(http, first, second, contentType="video/mp4").json()["data"]
    assert told["uploadType"] == "MULTIPART"
    tags = [
        send(http, one["presignedUrl"], data).headers["etag"]
        for one, data in zip(told["parts"], (first, second), strict=True)
    ]
    body = {"uploadId": told["uploadId"], "key": told["key"],
            "parts": [{"partNumber": n, "etag": tag} for n, tag in enumerate(tags, 1)]}  # fmt: skip
    assert finish(http, {"multipart": {**body, "uploadId": "x"}}).status_code == 400
    url = finish(http, {"multipart": body}).json()["data"]["convertedFileUrl"]
    assert http.get(urlsplit(url).path).content == first + second


@pytest.mark.parametrize(
    "change",
    [
        {"resourceType": "other"},
        {"contentType": "image/svg+xml"},
        {"parts": []},
        {"parts": [{**parts(b"a")[0], "startByte": 1}]},
        {"parts": [{**parts(b"a")[0], "hash": "short"}]},
        {"parts": parts(b"a", b"b")},
    ],
)
def test_an_announcement_is_checked(refusing: httpx.Client, change: dict[str, Any]) -> None:
    answer = begin(refusing, b"abc", **change)
    assert answer.status_code == 400 and "detail" in answer.json()


def test_files_by_address_are_copied_unless_they_lie_in_a_drive(
    http: httpx.Client, store: Store
) -> None:
    own = f"http://127.0.0.1:8090/_sandbox/media/{store.put_blob(PICTURE, 'image/png')}"
    found = ask(http, "GET", "/actions/normalize/image/url", url=own)
    assert found.headers["content-type"].startswith("text/plain")
    assert "/_sandbox/media/" in found.text
    drive = "https://drive.google.com/file/d/1/view"
    assert ask(http, "GET", "/actions/normalize/image/url", url=drive).text == drive
    for url in ("https://example.com/a.png", "file:///etc/passwd", "http://127.0.0.1:9/a.png"):
        assert ask(http, "GET", "/actions/normalize/image/url", url=url).status_code == 400


def test_numbers_are_of_what_was_published(http: httpx.Client) -> None:
    made(http)
    due(http)
    span = {"from": "2020-01-01T00:00:00", "to": "2099-01-01T00:00:00"}
    (found,) = ask(http, "GET", "/v2/analytics/posts/twitter", **span).json()["data"]
    assert found["text"] == "Hello" and found["impressions"] >= 0
    assert ask(http, "GET", "/v2/analytics/posts/linkedin", **span).json()["data"] == []
    days = {"start": "20200101", "end": "20990101"}
    assert len(ask(http, "GET", "/stats/twitter/posts", **days).json()) == 1
    asked = {"from": "2026-01-01T00:00:00+01:00", "to": "2026-01-03T00:00:00+01:00"}
    line = ask(http, "GET", "/v2/analytics/timelines", metric="likes", network="bluesky",
               subject="posts", **asked).json()["data"]  # fmt: skip
    assert line[0]["metric"] == "likes" and len(line[0]["values"]) == 3
    assert ask(http, "GET", "/v2/analytics/posts/myspace", **span).status_code == 400


def test_best_times_are_for_a_week_that_begins_on_sunday(http: httpx.Client) -> None:
    asked = {"start": "2026-01-01T00:00:00", "end": "2026-01-08T00:00:00", "timezone": MADRID}
    found = ask(http, "GET", "/v2/scheduler/besttimes/instagram", **asked).json()["data"]
    assert [one["dayOfWeek"] for one in found] == [1, 2, 3, 4, 5, 6, 7]
    assert len(found[0]["bestTimesByHour"]) == 24
    assert ask(http, "GET", "/v2/scheduler/besttimes/threads", **asked).status_code == 400


def test_too_many_calls_are_refused(http: httpx.Client, store: Store) -> None:
    store.limits.set_limit("metricool", "alice", "calls", 1)
    answers = [ask(http, "GET", "/v2/settings/brands").status_code for _ in range(2)]
    assert answers == [200, 429]
