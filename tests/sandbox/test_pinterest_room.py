"""The played Pinterest refuses what Pinterest refuses; asked with raw HTTP."""

import base64
import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2 as httpx
import pytest
from PIL import Image

from app.clock import now
from app.sandbox import create_sandbox
from app.sandbox.store import Store
from tests.sandbox.conftest import BASE

ALICE = {"Authorization": "Bearer sandbox-alice"}
BACK = "http://127.0.0.1:8000/back"
SECRET = ("sandbox-pinterest", "sandbox-pinterest-secret")
FOUR = "boards:read,boards:write,pins:read,pins:write"
ASK = {
    "response_type": "code", "client_id": "sandbox-pinterest", "redirect_uri": BACK,
    "scope": FOUR, "state": "abc",
}  # fmt: skip


@pytest.fixture(scope="module")
def refusing() -> Iterator[httpx.Client]:
    """One sandbox for every request that leaves nothing behind: making one takes a while."""
    transport = httpx.WSGITransport(app=create_sandbox())
    with httpx.Client(transport=transport, base_url=BASE) as client:
        yield client


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.sandbox.pinterest.media.ENCODING_SECONDS", 0.0)


def code(http: httpx.Client, **changes: str) -> str:
    form = {f"keep_{k}": v for k, v in {**ASK, **changes}.items()}
    sent = http.post("/pinterest/oauth/", data={**form, "handle": "carol", "decision": "allow"})
    assert sent.status_code == 302, sent.text
    return dict(parse_qsl(urlsplit(sent.headers["location"]).query))["code"]


def exchange(http: httpx.Client, auth: Any = SECRET, **changes: str) -> httpx.Response:
    form = {"grant_type": "authorization_code", "redirect_uri": BACK, **changes}
    return http.post("/pinterest/v5/oauth/token", data=form, auth=auth)


def ask(
    http: httpx.Client, method: str, path: str, body: Any = None, who: Any = ALICE
) -> httpx.Response:
    return http.request(method, f"/pinterest/v5{path}", json=body, headers=who)


def board(http: httpx.Client, place: int = 0, who: Any = ALICE) -> str:
    return str(ask(http, "GET", "/boards", who=who).json()["items"][place]["id"])


def encoded(kind: str = "PNG", size: tuple[int, int] = (8, 8)) -> dict[str, str]:
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, kind)
    mime = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/png"}[kind]
    return {"content_type": mime, "data": base64.b64encode(out.getvalue()).decode()}


def one(**changes: str) -> dict[str, Any]:
    return {"source_type": "image_base64", **encoded(), **changes}


def pin(http: httpx.Client, **changes: Any) -> httpx.Response:
    return ask(http, "POST", "/pins", {"board_id": board(http), "media_source": one(), **changes})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"client_id": "stranger"}, "client_id"),
        ({"redirect_uri": "javascript:alert(1)"}, "redirect_uri"),
        ({"response_type": "token"}, "response_type"),
        ({"scope": "pins:write,everything"}, "everything"),
        ({"scope": ""}, "scope"),
    ],
)
def test_a_request_for_consent_that_is_not_right_is_said_so(
    refusing: httpx.Client, change: dict[str, str], words: str
) -> None:
    answer = refusing.get(f"/pinterest/oauth/?{urlencode({**ASK, **change})}")
    assert answer.status_code == 400 and words in answer.text


def test_tokens_are_as_documented(http: httpx.Client) -> None:
    found = exchange(http, code=code(http)).json()
    assert found["access_token"].startswith("pina_")
    assert found["refresh_token"].startswith("pinr.")
    assert (found["expires_in"], found["refresh_token_expires_in"]) == (2_592_000, 5_184_000)
    assert (found["token_type"], found["scope"]) == ("bearer", FOUR.replace(",", " "))


@pytest.mark.parametrize(
    ("auth", "change", "status"),
    [
        (None, {}, 401),
        (("sandbox-pinterest", "wrong"), {}, 401),
        (SECRET, {"redirect_uri": BACK + "/"}, 400),
        (SECRET, {"code": "invented"}, 400),
        (SECRET, {"grant_type": "password"}, 400),
    ],
)
def test_a_code_goes_only_to_who_asked_for_it(
    refusing: httpx.Client, auth: Any, change: dict[str, str], status: int
) -> None:
    answer = exchange(refusing, auth, **{"code": code(refusing), **change})
    assert answer.status_code == status
    assert set(answer.json()) == {"code", "message"}


def test_a_used_refresh_token_ends_everything_of_its_consent(http: httpx.Client) -> None:
    first = exchange(http, code=code(http)).json()
    fields = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = exchange(http, **fields).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert exchange(http, **fields).status_code == 400
    late = {"Authorization": f"Bearer {second['access_token']}"}
    assert ask(http, "GET", "/boards", who=late).status_code == 401


def test_a_token_without_all_four_scopes_makes_no_pin(http: httpx.Client, store: Store) -> None:
    token = exchange(http, code=code(http, scope="boards:read,pins:write")).json()["access_token"]
    who = {"Authorization": f"Bearer {token}"}
    answer = ask(http, "POST", "/pins", {"board_id": board(http, who=who)}, who)
    assert (answer.status_code, answer.json()["code"]) == (403, 29)
    assert ask(http, "GET", "/user_account", who=who).status_code == 403


@pytest.mark.parametrize("who", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Basic x"}])
def test_without_a_live_token_nothing_is_done(refusing: httpx.Client, who: dict[str, str]) -> None:
    answer = ask(refusing, "POST", "/pins", {}, who)
    assert (answer.status_code, answer.json()["code"]) == (401, 2)
    assert answer.headers["x-pinterest-rid"].isdigit()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"board_id": None}, 400),
        ({"board_id": 123}, 400),
        ({"board_id": "ideas"}, 400),
        ({"board_id": "123"}, 404),
        ({"board_section_id": "123"}, 404),
        ({"title": "x" * 101}, 400),
        ({"title": 7}, 400),
        ({"description": "é" * 801}, 400),
        ({"alt_text": "x" * 501}, 400),
        ({"link": "https://example.com/" + "x" * 2048}, 400),
        ({"link": "example.com"}, 400),
        ({"dominant_color": "red"}, 400),
        ({"media_source": None}, 400),
        ({"media_source": {"source_type": "text"}}, 400),
        ({"media_source": one(content_type="image/gif")}, 400),
        ({"media_source": one(content_type="image/jpeg")}, 400),
        ({"media_source": one(data="%%%")}, 400),
        ({"media_source": one(data="aGVsbG8=")}, 400),
        ({"media_source": {**one(), **encoded("GIF")}}, 400),
        ({"media_source": {"source_type": "image_url", "url": "https://example.com/a.png"}}, 400),
        ({"media_source": {"source_type": "multiple_image_base64", "items": [encoded()]}}, 400),
        ({"media_source": {"source_type": "multiple_image_base64", "items": [encoded()] * 6}}, 400),
        ({"media_source": {"source_type": "multiple_image_base64",
                           "items": [encoded(), encoded(size=(9, 9))]}}, 400),
        ({"media_source": {"source_type": "video_id", "media_id": "1"}}, 400),
    ],
)  # fmt: skip
def test_a_pin_that_is_not_as_documented_is_refused(
    refusing: httpx.Client, change: dict[str, Any], status: int
) -> None:
    answer = pin(refusing, **change)
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"code", "message"}
    assert refusing.get("/_sandbox/posts").json()["posts"] == []


def test_a_pin_at_its_limits_is_taken_and_may_come_twice(http: httpx.Client, store: Store) -> None:
    whole = {"title": "x" * 100, "description": "é" * 800, "alt_text": "x" * 500}
    first, second = pin(http, **whole), pin(http, **whole)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]
    shown = first.json()
    assert (shown["creative_type"], shown["is_owner"]) == ("REGULAR", True)
    assert shown["board_section_id"] is None and shown["created_at"].count(":") == 2


def test_boards_belong_to_somebody_and_may_be_secret(http: httpx.Client) -> None:
    bob = {"Authorization": "Bearer sandbox-bob"}
    assert pin(http, board_id=board(http, who=bob)).status_code == 403
    token = exchange(http, code=code(http)).json()["access_token"]
    carol = {"Authorization": f"Bearer {token}"}
    names = [row["name"] for row in ask(http, "GET", "/boards", who=carol).json()["items"]]
    assert names == ["Ideas", "Launches"]
    everything = ask(http, "GET", "/boards", who={"Authorization": "Bearer sandbox-carol"}).json()
    secret = everything["items"][2]
    assert secret["privacy"] == "SECRET"
    assert ask(http, "GET", f"/boards/{secret['id']}", who=carol).status_code == 404
    assert ask(http, "POST", "/boards", {"name": "Ideas"}).status_code == 400
    assert ask(http, "POST", "/boards", {"name": "New", "privacy": "HIDDEN"}).status_code == 400


def register(http: httpx.Client) -> dict[str, Any]:
    answer = ask(http, "POST", "/media", {"media_type": "video"})
    assert answer.status_code == 201
    found: dict[str, Any] = answer.json()
    return found


def send(
    http: httpx.Client, made: dict[str, Any], data: bytes = b"\0\0\0\x18ftypmp42", **changes: str
) -> int:
    fields = {**made["upload_parameters"], **changes}
    return http.post(
        urlsplit(made["upload_url"]).path, data=fields, files={"file": ("v.mp4", data, "video/mp4")}
    ).status_code


def video(media_id: str, **cover: Any) -> dict[str, Any]:
    return {"source_type": "video_id", "media_id": media_id, **cover}


def test_a_video_goes_its_way_step_by_step(http: httpx.Client, store: Store) -> None:
    made = register(http)
    path, cover = f"/media/{made['media_id']}", {"cover_image_key_frame_time": 1}
    assert ask(http, "GET", path).json()["status"] == "registered"
    early = pin(http, media_source=video(made["media_id"], **cover))
    assert (early.status_code, "not ready" in early.json()["message"]) == (400, True)
    assert send(http, made) == 204
    assert ask(http, "GET", path).json()["status"] == "succeeded"
    bare = pin(http, media_source=video(made["media_id"]))
    assert bare.status_code == 400
    assert "cover_image_url or cover_image_content_type" in bare.json()["message"]
    assert pin(http, media_source=video(made["media_id"], **cover)).status_code == 201
    bob = {"Authorization": "Bearer sandbox-bob"}
    assert ask(http, "GET", path, who=bob).status_code == 404
    assert next(store.posts.newest()).media[0]["mime"] == "video/mp4"


def test_the_storage_service_wants_its_own_form_and_no_token(http: httpx.Client) -> None:
    made = register(http)
    assert send(http, made, policy="mine") == 403
    assert send(http, made, key="uploads/other") == 403
    answer = http.post(
        urlsplit(made["upload_url"]).path, data=made["upload_parameters"], headers=ALICE
    )
    assert answer.status_code == 400 and "<Code>InvalidArgument" in answer.text
    assert ask(http, "POST", "/media", {"media_type": "image"}).status_code == 400


@pytest.mark.parametrize("way", ["bytes", "account"])
def test_processing_can_end_as_failed(http: httpx.Client, store: Store, way: str) -> None:
    if way == "account":
        extras = {"network": "pinterest", "handle": "alice", "extras": {"media": "failed"}}
        assert http.post("/_sandbox/accounts", json=extras).status_code == 201
    made = register(http)
    assert send(http, made, *([b"not a film"] if way == "bytes" else [])) == 204
    assert ask(http, "GET", f"/media/{made['media_id']}").json()["status"] == "failed"


def test_lists_come_newest_first_in_pages(http: httpx.Client) -> None:
    made = [pin(http, title=str(n)).json()["id"] for n in range(3)]
    path = f"/boards/{board(http)}/pins?page_size=2"
    first = ask(http, "GET", path).json()
    assert [row["id"] for row in first["items"]] == made[:0:-1]
    rest = ask(http, "GET", f"{path}&bookmark={first['bookmark']}").json()
    assert [row["id"] for row in rest["items"]] == made[:1] and rest["bookmark"] is None
    assert ask(http, "GET", f"{path}1000").status_code == 400
    assert ask(http, "GET", f"{path}&bookmark=x").status_code == 400


def test_a_pin_can_be_changed_and_deleted_by_its_owner(http: httpx.Client) -> None:
    made = pin(http, title="Old", link="https://a.b/c").json()["id"]
    changed = ask(http, "PATCH", f"/pins/{made}", {"title": "New"}).json()
    assert (changed["title"], changed["link"]) == ("New", "https://a.b/c")
    assert ask(http, "PATCH", f"/pins/{made}", {"media_source": one()}).status_code == 400
    bob = {"Authorization": "Bearer sandbox-bob"}
    assert ask(http, "DELETE", f"/pins/{made}", who=bob).status_code == 403
    assert http.get(f"/pinterest/pin/{made}/").status_code == 200
    assert ask(http, "DELETE", f"/pins/{made}").status_code == 204
    assert ask(http, "DELETE", f"/pins/{made}").status_code == 404
    assert http.get(f"/pinterest/pin/{made}/").status_code == 404


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 200),
        ("&start_date=2020-01-01", 400),
        ("&end_date=2099-01-01", 400),
        ("&metric_types=LIKES", 400),
    ],
)
def test_analytics_are_for_ninety_days(http: httpx.Client, query: str, status: int) -> None:
    made, today = pin(http).json()["id"], now().date().isoformat()
    asked = dict(parse_qsl(f"start_date={today}&end_date={today}&metric_types=SAVE{query}"))
    answer = ask(http, "GET", f"/pins/{made}/analytics?{urlencode(asked)}")
    assert answer.status_code == status
    if status == 200:
        assert set(answer.json()["all"]) == {"daily_metrics", "lifetime_metrics", "summary_metrics"}


def test_limits_are_told_and_kept(http: httpx.Client, store: Store) -> None:
    store.limits.set_limit("pinterest", "alice", "read", 1)
    first, second = (ask(http, "GET", "/user_account") for _ in range(2))
    assert first.headers["x-ratelimit-remaining"] == "0"
    assert 'name="org_read_app_id_user_id"' in first.headers["x-ratelimit-limit"]
    assert second.status_code == 429
    assert 0 < int(second.headers["x-ratelimit-reset"]) <= 61
    assert second.headers["retry-after"] == second.headers["x-ratelimit-reset"]


def test_a_repeat_ordered_to_be_refused_meets_the_spam_filter(http: httpx.Client) -> None:
    order = {"network": "pinterest", "operation": "publish", "fault": "duplicate"}
    assert http.post("/_sandbox/faults", json=order).status_code == 201
    answer = pin(http)
    assert answer.status_code == 429 and "spam" in answer.json()["message"]
    assert "retry-after" not in answer.headers


def test_unknown_paths_answer_in_pinterests_words(http: httpx.Client) -> None:
    answer = ask(http, "GET", "/nothing/here")
    assert (answer.status_code, set(answer.json())) == (404, {"code", "message"})
    assert ask(http, "PUT", "/pins").status_code == 405
