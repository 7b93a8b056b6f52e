"""The played Threads refuses what Threads refuses; asked with raw HTTP, as any client would."""

import io
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2 as httpx
import pytest
from PIL import Image

from app.sandbox.store import Store

ALICE = {"Authorization": "Bearer sandbox-alice"}
BOB = {"Authorization": "Bearer sandbox-bob"}
BACK = "https://app.example.com/back"
ASK = {
    "response_type": "code", "client_id": "sandbox-threads", "redirect_uri": BACK,
    "scope": "threads_basic,threads_content_publish", "state": "abc",
}  # fmt: skip
KEYS = {"client_id": "sandbox-threads", "client_secret": "sandbox-threads-secret"}
API = "/threads/v1.0"


def image(kind: str = "PNG", size: tuple[int, int] = (8, 8)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size).save(out, kind)
    return out.getvalue()


FILES = {
    "/a.png": image(), "/a.jpg": image("JPEG"), "/a.webp": image("WEBP"), "/a.gif": image("GIF"),
    "/wide.png": image(size=(110, 10)), "/half.png": image(size=(64, 64))[:60],
    "/big.jpg": image("JPEG") + b"\0" * 8_000_000, "/page.png": b"<html>Sign in</html>",
    "/a.mp4": b"\0\0\0\x18ftypmp42" + b"x" * 99, "/page.mp4": b"<html>Sign in</html>",
}  # fmt: skip


class _Files(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = FILES.get(self.path)
        self.send_response(302 if self.path == "/moved.png" else 200 if found else 404)
        if self.path == "/moved.png":
            self.send_header("Location", "/a.png")
        self.end_headers()
        self.wfile.write(found or b"")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: tests are quiet."""


@pytest.fixture(scope="module")
def files() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture(autouse=True)
def quick(store: Store) -> None:
    """Alice's containers are ready at once."""
    account = store.accounts.get("threads", "alice")
    account.extras["processing_seconds"] = 0
    store.accounts.save(account)


def extras(store: Store, **figures: Any) -> None:
    account = store.accounts.get("threads", "alice")
    account.extras.update(figures)
    store.accounts.save(account)


def code(http: httpx.Client, **changes: str) -> str:
    keep = {f"keep_{k}": v for k, v in {**ASK, **changes}.items()}
    answer = http.post(
        "/threads/oauth/authorize", data={**keep, "handle": "alice", "decision": "allow"}
    )
    assert answer.status_code == 302, answer.text
    found = dict(parse_qsl(urlsplit(answer.headers["location"]).query))["code"]
    assert found.endswith("#_")
    return found.removesuffix("#_")


def exchange(http: httpx.Client, **changes: str) -> httpx.Response:
    form = {"grant_type": "authorization_code", "redirect_uri": BACK, **KEYS}
    return http.post("/threads/oauth/access_token", data={**form, **changes})


def longer(http: httpx.Client, token: str, **changes: str) -> httpx.Response:
    query = {"grant_type": "th_exchange_token", "client_secret": KEYS["client_secret"]}
    return http.get("/threads/access_token", params={**query, "access_token": token, **changes})


def renewed(http: httpx.Client, token: str) -> httpx.Response:
    query = {"grant_type": "th_refresh_token", "access_token": token}
    return http.get("/threads/refresh_access_token", params=query)


def make(http: httpx.Client, who: dict[str, str] = ALICE, **fields: str) -> httpx.Response:
    return http.post(f"{API}/me/threads", headers=who, data=fields)


def text(http: httpx.Client, words: str = "Hello", **fields: str) -> str:
    return str(make(http, ALICE, media_type="TEXT", text=words, **fields).json()["id"])


def publish(
    http: httpx.Client, container: str, who: dict[str, str] = ALICE, user: str = "me"
) -> httpx.Response:
    return http.post(f"{API}/{user}/threads_publish", headers=who, data={"creation_id": container})


def post(http: httpx.Client, words: str = "Hello", **fields: str) -> str:
    return str(publish(http, text(http, words, **fields)).json()["id"])


def status(http: httpx.Client, container: str, who: dict[str, str] = ALICE) -> Any:
    query = {"fields": "id,status,error_message"}
    return http.get(f"{API}/{container}", headers=who, params=query).json()


def wrong(answer: httpx.Response) -> tuple[int, int]:
    error = answer.json()["error"]
    assert error["message"] and error["type"] and error["fbtrace_id"]
    return error["code"], error.get("error_subcode", 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"client_id": "stranger"}, "client_id"),
        ({"redirect_uri": "http://app.example.com/back"}, "https"),
        ({"redirect_uri": "javascript:alert(1)"}, "redirect_uri"),
        ({"response_type": "token"}, "response_type"),
        ({"scope": "threads_content_publish"}, "threads_basic"),
        ({"scope": "threads_basic,everything"}, "everything"),
    ],
)
def test_a_request_for_consent_that_is_not_right_is_said_so(
    http: httpx.Client, change: dict[str, str], words: str
) -> None:
    answer = http.get(f"/threads/oauth/authorize?{urlencode({**ASK, **change})}")
    assert answer.status_code == 400 and words in answer.text


def test_a_code_becomes_an_hour_and_the_hour_sixty_days(http: httpx.Client) -> None:
    short = exchange(http, code=code(http)).json()
    assert isinstance(short["user_id"], int) and short["user_id"] > 2**53
    found = longer(http, short["access_token"]).json()
    assert (found["token_type"], found["expires_in"]) == ("bearer", 5_184_000)
    assert wrong(longer(http, found["access_token"])) == (452, 0)
    assert wrong(longer(http, short["access_token"], client_secret="x")) == (101, 0)


@pytest.mark.parametrize(
    "change",
    [{"code": "x"}, {"redirect_uri": BACK + "/"}, {"client_secret": "x"}, {"client_id": "x"},
     {"grant_type": "password"}],
)  # fmt: skip
def test_a_code_goes_only_to_who_asked_for_it(http: httpx.Client, change: dict[str, str]) -> None:
    assert exchange(http, **{"code": code(http), **change}).status_code == 400


def test_a_code_works_once_and_without_its_tail(http: httpx.Client) -> None:
    one = code(http)
    assert exchange(http, code=one + "#_").status_code == 400
    assert exchange(http, code=one).status_code == 200
    assert exchange(http, code=one).status_code == 400


def test_a_token_is_renewed_after_a_day_and_not_after_its_end(
    http: httpx.Client, store: Store
) -> None:
    short = exchange(http, code=code(http)).json()["access_token"]
    token = longer(http, short).json()["access_token"]
    assert wrong(renewed(http, token)) == (100, 0)
    grant = store.grants.find("threads", "access", token)
    assert grant is not None
    grant.extras["at"] -= 86_401
    assert renewed(http, token).json()["expires_in"] == 5_184_000
    grant.expires = time.time() - 1
    assert wrong(renewed(http, token)) == (190, 463)
    assert wrong(make(http, {"Authorization": f"Bearer {token}"})) == (190, 463)
    store.grants.end(grant)
    assert wrong(renewed(http, token)) == (190, 458)


def test_the_apps_own_token_looks_into_others(http: httpx.Client) -> None:
    query = {"grant_type": "client_credentials", **KEYS}
    app = http.get("/threads/oauth/access_token", params=query).json()["access_token"]
    asked = {"input_token": "sandbox-alice", "access_token": app}
    found = http.get("/threads/debug_token", params=asked).json()["data"]
    assert found["is_valid"] and "threads_basic" in found["scopes"]
    assert wrong(http.get("/threads/debug_token", params={"input_token": "x"})) == (190, 0)


@pytest.mark.parametrize(
    ("header", "code"),
    [({}, 2500), ({"Authorization": "Bearer x"}, 190), ({"Authorization": "Basic x"}, 2500)],
)
def test_without_a_live_token_nothing_is_done(
    http: httpx.Client, store: Store, header: dict[str, str], code: int
) -> None:
    assert wrong(make(http, header, media_type="TEXT", text="x")) == (code, 0)
    assert store.table("threads.containers").items() == []


def test_each_call_needs_its_permission(http: httpx.Client) -> None:
    token = exchange(http, code=code(http, scope="threads_basic")).json()["access_token"]
    who = {"Authorization": f"Bearer {token}"}
    assert http.get(f"{API}/me", headers=who).status_code == 200
    made = post(http)
    assert wrong(make(http, who, media_type="TEXT", text="x")) == (10, 0)
    assert wrong(http.get(f"{API}/me/replies", headers=who)) == (10, 0)
    assert wrong(http.get(f"{API}/{made}/insights?metric=likes", headers=who)) == (10, 0)
    assert wrong(http.delete(f"{API}/{made}", headers=who)) == (10, 0)


BAD: list[dict[str, str]] = [
    {}, {"media_type": "POLL"}, {"media_type": "TEXT"}, {"media_type": "TEXT", "text": "  "},
    {"media_type": "TEXT", "text": "x" * 501}, {"media_type": "TEXT", "text": "👋" * 126},
    {"media_type": "TEXT", "text": "x", "is_carousel_item": "true"},
    {"media_type": "TEXT", "text": "x", "reply_control": "nobody"},
    {"media_type": "TEXT", "text": "x", "topic_tag": "a.b"},
    {"media_type": "TEXT", "text": "x", "topic_tag": "a&b"},
    {"media_type": "TEXT", "text": "x", "topic_tag": "x" * 51},
    {"media_type": "TEXT", "text": "x", "link_attachment": "example.org"},
    {"media_type": "TEXT", "text": " ".join(f"https://a.com/{n}" for n in range(6))},
    {"media_type": "IMAGE", "text": "x"}, {"media_type": "VIDEO", "image_url": "FILES/a.png"},
    {"media_type": "IMAGE", "image_url": "FILES/a.png", "alt_text": "x" * 1001},
    {"media_type": "IMAGE", "image_url": "FILES/a.png", "link_attachment": "https://a.com"},
    {"media_type": "CAROUSEL", "children": "1"}, {"media_type": "CAROUSEL", "children": "1,2"},
]  # fmt: skip


@pytest.mark.parametrize("fields", BAD)
def test_a_container_that_is_not_as_documented_is_refused(
    http: httpx.Client, store: Store, files: str, fields: dict[str, str]
) -> None:
    sent = {name: value.replace("FILES", files) for name, value in fields.items()}
    answer = make(http, ALICE, **sent)
    assert answer.status_code == 400 and wrong(answer)[0] == 100
    assert store.table("threads.containers").items() == []


@pytest.mark.parametrize(
    "name",
    ["a.webp", "a.gif", "wide.png", "half.png", "big.jpg", "page.png", "none.png", "moved.png"],
)
def test_a_picture_is_really_fetched(http: httpx.Client, files: str, name: str) -> None:
    answer = make(http, media_type="IMAGE", image_url=f"{files}/{name}")
    assert wrong(answer) == (9004, 2207052)
    for taken in ("a.png", "a.jpg"):
        assert make(http, media_type="IMAGE", image_url=f"{files}/{taken}").status_code == 200
    assert wrong(make(http, media_type="IMAGE", image_url="file:///etc/hosts")) == (9004, 2207052)


@pytest.mark.parametrize(
    ("name", "alt", "told"),
    [
        ("a.mp4", "", None),
        ("none.mp4", "", "FAILED_DOWNLOADING_VIDEO"),
        ("page.mp4", "", "FAILED_PROCESSING_VIDEO"),
        ("a.mp4", "INVALID_AUDIO_CHANNEL_LAYOUT", "INVALID_AUDIO_CHANNEL_LAYOUT"),
    ],
)
def test_what_is_wrong_with_a_video_is_told_by_its_status(
    http: httpx.Client, files: str, name: str, alt: str, told: str | None
) -> None:
    url = f"{files}/{name}"
    made = make(http, media_type="VIDEO", video_url=url, alt_text=alt).json()["id"]
    found = status(http, made)
    assert (found["status"], found.get("error_message")) == (
        ("ERROR", told) if told else ("FINISHED", None)
    )
    assert publish(http, made).status_code == (400 if told else 200)


def test_a_carousel_takes_finished_items_of_ones_own(
    http: httpx.Client, store: Store, files: str
) -> None:
    def child(**fields: str) -> str:
        sent = {"media_type": "IMAGE", "image_url": f"{files}/a.png", "is_carousel_item": "true"}
        return str(make(http, ALICE, **{**sent, **fields}).json()["id"])

    def carousel(*ids: str, who: dict[str, str] = ALICE) -> httpx.Response:
        return make(http, who, media_type="CAROUSEL", children=",".join(ids))

    ids = [child() for _ in range(21)]
    assert wrong(carousel(*ids))[0] == wrong(carousel(ids[0]))[0] == 100
    assert wrong(carousel(*ids[:2], who=BOB))[0] == 100
    assert wrong(carousel(ids[0], child(is_carousel_item="false")))[0] == 100
    assert wrong(publish(http, ids[0])) == (24, 4279009)
    extras(store, processing_seconds=60)
    assert wrong(carousel(ids[0], child()))[0] == 100
    extras(store, processing_seconds=0)
    made = publish(http, carousel(*ids[:20]).json()["id"]).json()["id"]
    found = store.posts.get("threads", made)
    assert found is not None and len(found.media) == 20


def test_only_a_finished_container_of_ones_own_is_published_once(
    http: httpx.Client, store: Store
) -> None:
    extras(store, processing_seconds=60)
    slow = text(http)
    assert status(http, slow)["status"] == "IN_PROGRESS"
    assert wrong(publish(http, slow)) == (24, 4279009)
    extras(store, processing_seconds=0)
    one = text(http)
    assert wrong(publish(http, one, BOB)) == wrong(publish(http, "1")) == (24, 4279009)
    assert wrong(publish(http, one, user="12345"))[0] == 100
    assert list(store.posts.newest()) == []
    assert publish(http, one).status_code == 200
    assert status(http, one)["status"] == "PUBLISHED"
    assert wrong(publish(http, one)) == (24, 4279009)
    table = store.table("threads.containers")
    old = text(http)
    table.put(old, {**(table.get(old) or {}), "at": time.time() - 86_401})
    assert status(http, old)["status"] == "EXPIRED" and wrong(publish(http, old))[0] == 100
    assert len(list(store.posts.newest())) == 1


def test_auto_publish_leaves_no_second_step(http: httpx.Client, store: Store) -> None:
    made = make(http, media_type="TEXT", text="x", auto_publish_text="true").json()["id"]
    assert store.posts.get("threads", made) is not None


def test_answers_hang_below_their_post(http: httpx.Client, store: Store) -> None:
    first = post(http)
    assert wrong(make(http, media_type="TEXT", text="x", reply_to_id="1")) == (24, 4279009)
    second = post(http, "Two", reply_to_id=first)
    extras(store, fresh_seconds=60)
    refused = make(http, media_type="TEXT", text="x", reply_to_id=second)
    assert wrong(refused) == (24, 4279009)
    query = {"fields": "id,text,replied_to,root_post,timestamp,permalink"}
    (row,) = http.get(f"{API}/me/replies", headers=ALICE, params=query).json()["data"]
    assert (row["id"], row["replied_to"], row["root_post"]) == (
        second,
        {"id": first},
        {"id": first},
    )
    assert row["timestamp"].endswith("+0000") and http.get(row["permalink"]).status_code == 200
    (top,) = http.get(f"{API}/me/threads", headers=ALICE, params={"fields": "id"}).json()["data"]
    assert top["id"] == first


def test_quotas_are_kept_and_told(http: httpx.Client, store: Store) -> None:
    extras(store, quota_total=1, reply_quota_total=1, delete_quota_total=1)
    first = post(http)
    second = post(http, reply_to_id=first)
    for more in (text(http, "More"), text(http, "More", reply_to_id=first)):
        assert wrong(publish(http, more)) == (9, 2207042)
    query = {"fields": "quota_usage,config,reply_quota_usage,reply_config,delete_quota_usage"}
    (row,) = http.get(f"{API}/me/threads_publishing_limit", headers=ALICE, params=query).json()[
        "data"
    ]
    assert row == {
        "quota_usage": 1, "config": {"quota_total": 1, "quota_duration": 86_400},
        "reply_quota_usage": 1, "reply_config": {"quota_total": 1, "quota_duration": 86_400},
        "delete_quota_usage": 0,
    }  # fmt: skip
    gone = http.delete(f"{API}/{second}", headers=ALICE).json()
    assert gone == {"success": True, "deleted_id": second}
    assert wrong(http.delete(f"{API}/{first}", headers=ALICE)) == (9, 2207042)
    assert wrong(http.delete(f"{API}/{second}", headers=ALICE)) == (24, 4279009)


def test_a_stranger_takes_nothing_down(http: httpx.Client, store: Store) -> None:
    made = post(http)
    assert wrong(http.delete(f"{API}/{made}", headers=BOB)) == (24, 4279009)
    assert wrong(http.get(f"{API}/{made}/insights?metric=likes", headers=BOB)) == (24, 4279009)
    assert store.posts.get("threads", made) is not None


@pytest.mark.parametrize(
    "path",
    ["me?fields=colour", "me/threads?fields=colour", "me/threads?limit=0", "me/threads?limit=101",
     "me/threads?since=yesterday", "POST/insights", "POST/insights?metric=likes,colour",
     "POST?fields=status", "CONTAINER?fields=permalink", "12345/threads"],
)  # fmt: skip
def test_a_query_that_is_not_as_documented_is_refused(http: httpx.Client, path: str) -> None:
    container, made = text(http), post(http)
    whole = path.replace("POST", made).replace("CONTAINER", container)
    assert wrong(http.get(f"{API}/{whole}", headers=ALICE))[0] == 100


def test_insights_have_metas_shape(http: httpx.Client) -> None:
    made = post(http)
    query = {"metric": "views,likes,replies,reposts,quotes,shares"}
    rows = http.get(f"{API}/{made}/insights", headers=ALICE, params=query).json()["data"]
    assert [row["name"] for row in rows] == query["metric"].split(",")
    assert all(isinstance(row["values"][0]["value"], int) for row in rows)
    query = {"metric": "views,likes,followers_count"}
    found = http.get(f"{API}/me/threads_insights", headers=ALICE, params=query).json()["data"]
    assert "end_time" in found[0]["values"][0] and found[2]["total_value"]["value"] == 120


def test_the_allowance_is_told_with_every_answer(http: httpx.Client, store: Store) -> None:
    answer = http.get(f"{API}/me", headers=ALICE)
    assert "call_count" in answer.headers["x-app-usage"]
    store.limits.set_limit("threads", "alice", "calls", 0)
    refused = http.get(f"{API}/me", headers=ALICE)
    assert wrong(refused)[0] == 4
    assert '"estimated_time_to_regain_access": 60' in refused.headers["x-business-use-case-usage"]


@pytest.mark.parametrize(
    ("fault", "operation", "expected"),
    [("http_500", "publish", (2, 0)), ("http_429", "upload", (4, 0)),
     ("revoked", "account", (190, 458)), ("processing", "publish", (24, 4279009))],
)  # fmt: skip
def test_ordered_faults_are_worded_as_meta_words_them(
    http: httpx.Client, store: Store, fault: str, operation: str, expected: tuple[int, int]
) -> None:
    container = text(http)
    store.faults.order({"network": "threads", "operation": operation, "fault": fault})
    answer = {
        "publish": lambda: publish(http, container),
        "upload": lambda: make(http, media_type="TEXT", text="x"),
        "account": lambda: http.get(f"{API}/me", headers=ALICE),
    }[operation]()
    assert wrong(answer) == expected
    assert list(store.posts.newest()) == []
