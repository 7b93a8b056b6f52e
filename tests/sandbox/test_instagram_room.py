"""The played Instagram refuses what Instagram refuses; asked with raw HTTP."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2 as httpx
import pytest

from app.sandbox.store import Store
from tests.networks.instagram_helpers import Files, files
from tests.workshops import Ahead

__all__ = ["files"]
ROOM, V = "/instagram", "/instagram/v25.0"
ALICE = {"Authorization": "Bearer sandbox-alice"}
BACK = "http://127.0.0.1:8000/back"
BASIC, PUBLISH = "instagram_business_basic", "instagram_business_content_publish"
KEYS = {"client_id": "sandbox-instagram", "client_secret": "sandbox-instagram-secret"}
ASK = {"client_id": "sandbox-instagram", "redirect_uri": BACK, "response_type": "code",
       "scope": f"{BASIC},{PUBLISH}", "state": "abc"}  # fmt: skip


def me(http: httpx.Client) -> str:
    answer = http.get(f"{V}/me", params={"fields": "user_id,username"}, headers=ALICE)
    return str(answer.json()["user_id"])


def make(http: httpx.Client, **body: Any) -> httpx.Response:
    return http.post(f"{V}/{me(http)}/media", json=body, headers=ALICE)


def go(http: httpx.Client, container: str) -> httpx.Response:
    url = f"{V}/{me(http)}/media_publish"
    return http.post(url, data={"creation_id": container}, headers=ALICE)


def error(answer: httpx.Response) -> tuple[int, int]:
    found = answer.json()["error"]
    assert answer.status_code >= 400 and found["message"] and found["fbtrace_id"]
    return found["code"], found.get("error_subcode", 0)


def code(http: httpx.Client, **changes: str) -> str:
    keep = {f"keep_{k}": v for k, v in {**ASK, **changes}.items()}
    answer = http.post(
        f"{ROOM}/oauth/authorize", data={**keep, "handle": "carol", "decision": "allow"}
    )
    assert answer.headers["location"].endswith("#_")
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))["code"]


def exchange(http: httpx.Client, **changes: str) -> httpx.Response:
    form = {**KEYS, "grant_type": "authorization_code", "redirect_uri": BACK, **changes}
    return http.post(f"{ROOM}/oauth/access_token", data=form)


@pytest.mark.parametrize(
    "change",
    [{"client_id": "stranger"}, {"redirect_uri": "javascript:x"}, {"scope": "everything"},
     {"scope": f"{BASIC} {PUBLISH}"}, {"response_type": "token"}],
)  # fmt: skip
def test_a_request_for_consent_that_is_not_right_is_refused(
    http: httpx.Client, change: dict[str, str]
) -> None:
    assert http.get(f"{ROOM}/oauth/authorize?{urlencode({**ASK, **change})}").status_code == 400


@pytest.mark.parametrize(
    "change",
    [{"client_secret": "x"}, {"redirect_uri": BACK + "/"}, {"grant_type": "password"},
     {"code": "x"}],
)  # fmt: skip
def test_a_wrong_exchange_is_answered_in_instagram_s_own_form(
    http: httpx.Client, change: dict[str, str]
) -> None:
    answer = exchange(http, **{"code": code(http), **change})
    assert answer.status_code == 400 and answer.json()["error_type"] == "OAuthException"
    assert answer.json()["error_message"]


def test_tokens_grow_long_once_and_are_renewed_after_a_day(
    http: httpx.Client, store: Store
) -> None:
    one = code(http)
    short = exchange(http, code=one).json()["access_token"]
    assert exchange(http, code=one).status_code == 400
    ask = {"grant_type": "ig_exchange_token", "client_secret": KEYS["client_secret"]}
    long = http.get(f"{ROOM}/access_token", params={**ask, "access_token": short})
    # The second use of the code ended all that came from it.
    assert error(long) == (190, 0)
    short = exchange(http, code=code(http)).json()["access_token"]
    answer = http.get(f"{ROOM}/access_token", params={**ask, "access_token": short})
    assert answer.json()["expires_in"] == 5_184_000
    token = answer.json()["access_token"]
    assert error(http.get(f"{ROOM}/access_token", params={**ask, "access_token": token}))[0] == 190
    renew = {"grant_type": "ig_refresh_token", "access_token": token}
    assert error(http.get(f"{ROOM}/refresh_access_token", params=renew))[0] == 100
    grant = store.grants.find("instagram", "access", token)
    assert grant is not None
    grant.extras["at"] = time.time() - 86_401
    assert http.get(f"{ROOM}/refresh_access_token", params=renew).json()["permissions"]


def test_tokens_expired_invented_and_without_the_scope_are_told_apart(
    http: httpx.Client, store: Store
) -> None:
    grant = store.grants.issue("instagram", "access", "dora", scopes=[BASIC], login="instagram")
    dora = {"Authorization": f"Bearer {grant.token}"}
    ig = http.get(f"{V}/me?fields=user_id", headers=dora).json()["user_id"]
    answer = http.post(f"{V}/{ig}/media", json={"image_url": "x"}, headers=dora)
    assert error(answer)[0] == 10
    grant.expires = time.time() - 1
    assert error(http.get(f"{V}/me", headers=dora)) == (190, 463)
    assert error(http.get(f"{V}/me", headers={"Authorization": "Bearer nonsense"})) == (190, 0)
    assert error(http.get(f"{V}/me"))[0] == 2500
    assert error(http.get("/instagram/25/me", headers=ALICE))[0] == 2500


REFUSED: list[tuple[dict[str, Any], tuple[int, int]]] = [
    ({"caption": "Only words"}, (100, 0)),
    ({"media_type": "VIDEO", "video_url": "http://127.0.0.1/x"}, (100, 2207023)),
    ({"media_type": "REELS"}, (100, 0)),
    ({"media_type": "STORIES"}, (100, 0)),
    ({"image_url": "http://127.0.0.1:1/x.jpg"}, (9004, 2207052)),
    ({"image_url": "file:///etc/passwd"}, (9004, 2207052)),
    ({"image_url": "http://169.254.169.254/x.jpg"}, (9004, 2207052)),
    ({"media_type": "CAROUSEL", "children": "1"}, (100, 2207028)),
    ({"media_type": "CAROUSEL", "children": "1,2"}, (24, 2207006)),
    ({"media_type": "REELS", "upload_type": "resumable", "thumb_offset": "-1"}, (1, 2207057)),
    ({"image_url": "x", "caption": "x" * 2201}, (36004, 2207010)),
    ({"image_url": "x", "caption": " ".join(["#t"] * 31)}, (36004, 2207010)),
    ({"image_url": "x", "caption": " ".join(["@t"] * 21)}, (36004, 2207010)),
]


def test_containers_instagram_would_not_make(http: httpx.Client, store: Store) -> None:
    """One sandbox for all: making one takes longer than all of these calls."""
    for body, expected in REFUSED:
        assert error(make(http, **body)) == expected, body
    assert not store.table("instagram.containers").items()


def test_pictures_of_another_kind_shape_or_behind_a_redirect_are_refused(
    http: httpx.Client, files: Files, tmp_path: Path
) -> None:
    good = files.image()
    text = files.folder / "words.jpg"
    text.write_text("not a picture")
    for url, expected in (
        (files.image(kind="png").url, (36001, 2207005)),
        (files.image(kind="webp").url, (36001, 2207005)),
        (files.image((40, 100)).url, (36003, 2207009)),
        (files.image((200, 100)).url, (36003, 2207009)),
        (f"{files.url}/words.jpg", (9004, 2207052)),
        (f"{files.url}/away/{good.path.name}", (9004, 2207052)),
    ):
        assert error(make(http, image_url=url)) == expected
    big = files.image()
    big.path.write_bytes(big.path.read_bytes() + b"\0" * 8_400_000)
    assert error(make(http, image_url=big.url)) == (36000, 2207004)
    assert make(http, image_url=files.image((1200, 628)).url).status_code == 200


def test_the_order_of_steps_is_kept_and_a_container_is_published_once(
    http: httpx.Client, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop = Ahead(monkeypatch, still=True)
    answer = make(http, media_type="REELS", upload_type="resumable", caption="Waves").json()
    container, uri = answer["id"], answer["uri"]

    def status() -> Any:
        url = f"{V}/{container}?fields=status_code,status"
        return http.get(url, headers=ALICE).json()

    assert status()["status_code"] == "IN_PROGRESS"
    assert error(go(http, container)) == (9007, 2207027)
    data = files.video(5000).path.read_bytes()
    head = {"Authorization": "OAuth sandbox-alice", "offset": "0", "file_size": str(len(data))}
    for wrong in ({"Authorization": "Bearer sandbox-alice"}, {"file_size": "1"}, {"offset": "7"},
                  {"Authorization": "OAuth sandbox-bob"}):  # fmt: skip
        assert http.post(uri, content=data, headers={**head, **wrong}).status_code >= 400
    assert http.post(uri, content=data, headers=head).json()["success"] is True
    again = http.post(uri, content=data, headers=head).json()["debug_info"]
    assert again["type"] == "ProcessingFailedError" and again["retriable"] is False
    assert error(go(http, container)) == (9007, 2207027)
    workshop.move(60)
    assert status()["status_code"] == "FINISHED"
    media = go(http, container).json()["id"]
    assert media != container and status()["status_code"] == "PUBLISHED"
    assert error(go(http, container))[0] == 24
    shown = http.get(f"{V}/{media}?fields=permalink,media_product_type", headers=ALICE).json()
    assert shown["media_product_type"] == "REELS" and http.get(shown["permalink"]).is_success


def test_processing_fails_by_a_word_of_the_caption(http: httpx.Client, files: Files) -> None:
    made = make(http, image_url=files.image().url, caption="fails-2207026 please").json()["id"]
    told = http.get(f"{V}/{made}?fields=status_code,status", headers=ALICE).json()
    assert told["status_code"] == "ERROR" and "2207026" in told["status"]


def test_strangers_posts_containers_and_accounts_do_not_exist(
    http: httpx.Client, files: Files
) -> None:
    container = make(http, image_url=files.image().url).json()["id"]
    bob = {"Authorization": "Bearer sandbox-bob"}
    answer = http.post(f"{V}/{me(http)}/media", json={"image_url": "x"}, headers=bob)
    assert error(answer) == (100, 33)
    answer = http.post(f"{V}/me/media_publish", json={"creation_id": container}, headers=bob)
    assert error(answer) == (24, 2207006)
    media = go(http, container).json()["id"]
    for path in (media, f"{media}/insights?metric=reach", f"{media}/comments"):
        assert error(http.get(f"{V}/{path}", headers=bob)) == (100, 33)
    assert error(http.delete(f"{V}/{media}", headers=ALICE))[0] == 3  # not with this login


def test_a_comment_asked_for_with_fields_fails_and_is_there_all_the_same(
    http: httpx.Client, files: Files
) -> None:
    media = go(http, make(http, image_url=files.image().url).json()["id"]).json()["id"]
    url = f"{V}/{media}/comments"
    assert error(http.post(url, json={"message": " "}, headers=ALICE))[0] == 100
    answer = http.post(url, json={"message": "Hi", "fields": "id"}, headers=ALICE)
    assert error(answer) == (20, 1772107)
    assert [row["text"] for row in http.get(url, headers=ALICE).json()["data"]] == ["Hi"]


def test_numbers_are_asked_for_by_names_that_still_exist(http: httpx.Client, files: Files) -> None:
    media = go(http, make(http, image_url=files.image().url).json()["id"]).json()["id"]
    url = f"{V}/{media}/insights"
    for name in ("impressions", "plays", "video_views", "replies"):
        assert error(http.get(url, params={"metric": f"reach,{name}"}, headers=ALICE)) == (100, 0)
    rows = http.get(url, params={"metric": "views,reach"}, headers=ALICE).json()["data"]
    assert [row["name"] for row in rows] == ["views", "reach"]


def test_limits_come_with_meta_s_headers(http: httpx.Client, store: Store) -> None:
    answer = http.get(f"{V}/me?fields=username", headers=ALICE)
    assert '"type": "instagram"' in answer.headers["x-business-use-case-usage"]
    store.limits.set_limit("instagram", "alice", "calls", 1)
    answer = http.get(f"{V}/me?fields=username", headers=ALICE)
    assert error(answer)[0] == 80002
    assert '"estimated_time_to_regain_access": 0' not in answer.headers["x-business-use-case-usage"]
