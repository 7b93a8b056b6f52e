"""The played Reddit refuses what Reddit refuses; asked with raw HTTP, as any client would."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2 as httpx
import pytest
import time_machine
from flask import Flask
from PIL import Image

from app.clock import now
from app.sandbox.store import Store
from tests.networks.reddit_helpers import played, sandbox, store

BACK = "http://127.0.0.1:8000/back"
AGENT = {"User-Agent": "test:room:v1 (by /u/tester)"}
ALICE = {**AGENT, "Authorization": "bearer sandbox-alice"}
ASK = {
    "response_type": "code", "client_id": "sandbox-reddit", "redirect_uri": BACK, "state": "abc",
    "scope": "identity submit", "duration": "permanent",
}  # fmt: skip
SECRET = ("sandbox-reddit", "sandbox-reddit-secret")


__all__ = ["played", "sandbox", "store"]


@pytest.fixture
def http(sandbox: Flask) -> Iterator[httpx.Client]:
    with httpx.Client(
        transport=httpx.WSGITransport(app=sandbox), base_url="http://127.0.0.1:8090/reddit/",
        headers=ALICE,
    ) as client:  # fmt: skip
        yield client


def code(http: httpx.Client, **changes: str) -> str:
    keep = {f"keep_{k}": v for k, v in {**ASK, **changes}.items() if k != "response_type"}
    answer = http.post("api/v1/authorize", data={**keep, "handle": "carol", "decision": "allow"})
    assert answer.status_code == 302, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))["code"]


def token(http: httpx.Client, auth: Any = SECRET, **form: str) -> httpx.Response:
    return http.post("api/v1/access_token", data=form, auth=auth, headers=AGENT)


def exchange(http: httpx.Client, value: str) -> dict[str, Any]:
    answer = token(http, grant_type="authorization_code", code=value, redirect_uri=BACK)
    found: dict[str, Any] = answer.json()
    return found


def submit(http: httpx.Client, headers: Any = None, **changes: Any) -> httpx.Response:
    form = {"api_type": "json", "sr": "test", "title": "T", "kind": "self", "text": "x"}
    whole = {name: value for name, value in {**form, **changes}.items() if value is not None}
    return http.post("api/submit", data=whole, headers=headers)


def errors(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200
    return [row[0] for row in answer.json()["json"]["errors"]]


def lease(http: httpx.Client, name: str = "a.png", mime: str = "image/png") -> dict[str, Any]:
    found: dict[str, Any] = http.post(
        "api/media/asset.json", data={"filepath": name, "mimetype": mime}
    ).json()
    return found


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "PNG")
    return out.getvalue()


def fields(leased: dict[str, Any]) -> dict[str, str]:
    return {row["name"]: row["value"] for row in leased["args"]["fields"]}


def store_file(
    http: httpx.Client, leased: dict[str, Any], data: bytes = b"", **changes: str | None
) -> httpx.Response:
    form = {k: v for k, v in {**fields(leased), **changes}.items() if v is not None}
    url = f"http:{leased['args']['action']}"
    return http.post(url, data=form, files={"file": ("a.png", data or png())}, headers=AGENT)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"client_id": "stranger"}, "client_id"),
        ({"redirect_uri": "javascript:alert(1)"}, "redirect_uri"),
        ({"response_type": "token"}, "response_type"),
        ({"state": ""}, "state"),
        ({"duration": "forever"}, "duration"),
        ({"scope": "submit everything"}, "everything"),
    ],
)
def test_a_request_for_consent_that_is_not_right_is_said_so(
    http: httpx.Client, change: dict[str, str], words: str
) -> None:
    answer = http.get(f"api/v1/authorize?{urlencode({**ASK, **change})}")
    assert answer.status_code == 400 and words in answer.text


def test_without_permanent_there_is_no_refresh_token(http: httpx.Client) -> None:
    assert "refresh_token" not in exchange(http, code(http, duration="temporary"))
    found = exchange(http, code(http))
    assert found["expires_in"] == 86_400 and found["scope"] == "identity submit"
    again = token(http, grant_type="refresh_token", refresh_token=found["refresh_token"]).json()
    assert again["access_token"] != found["access_token"] and "refresh_token" not in again


def test_token_failures_have_three_statuses(http: httpx.Client) -> None:
    used = code(http)
    exchange(http, used)
    assert exchange(http, used) == {"error": "invalid_grant"}
    assert token(http, auth=("sandbox-reddit", "x"), grant_type="refresh_token").status_code == 401
    assert token(http, grant_type="refresh_token", refresh_token="no").status_code == 400
    assert token(http, grant_type="password").json() == {"error": "unsupported_grant_type"}


def test_a_client_without_a_name_of_its_own_gets_the_edges_page(http: httpx.Client) -> None:
    for agent in ("", "python-requests/2.34", "python-httpx/0.28", "curl/8.5"):
        answer = http.get("api/v1/me", headers={"User-Agent": agent})
        assert answer.status_code == 403 and answer.headers["content-type"].startswith("text/html")
    assert http.get("api/v1/me", headers={"Authorization": "bearer x"}).status_code == 401


def test_what_was_not_allowed_is_an_insufficient_scope(http: httpx.Client) -> None:
    access = exchange(http, code(http, scope="identity"))["access_token"]
    held = {"Authorization": f"bearer {access}"}
    assert http.get("api/v1/me", headers=held).json()["name"] == "carol"
    answer = submit(http, headers=held)
    assert answer.status_code == 403 and "insufficient_scope" in answer.headers["www-authenticate"]
    http.post("api/v1/revoke_token", data={"token": access}, auth=SECRET, headers=AGENT)
    answer = http.get("api/v1/me", headers=held)
    assert answer.status_code == 401 and "invalid_token" in answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"sr": None}, ["SUBREDDIT_REQUIRED"]),
        ({"sr": "nosuchplace"}, ["SUBREDDIT_NOEXIST"]),
        ({"sr": "no good"}, ["SUBREDDIT_NOEXIST"]),
        ({"sr": "u_bob"}, ["SUBREDDIT_NOTALLOWED"]),
        ({"sr": "closed"}, ["SUBREDDIT_NOTALLOWED"]),
        ({"title": "  "}, ["NO_TEXT"]),
        ({"title": "x" * 301}, ["TOO_LONG"]),
        ({"text": "x" * 40_001}, ["TOO_LONG"]),
        ({"kind": "poll"}, ["INVALID_OPTION"]),
        ({"kind": "link", "url": ""}, ["NO_URL"]),
        ({"kind": "link", "url": "ftp://a.example"}, ["BAD_URL"]),
        ({"kind": "image", "url": "https://elsewhere.example/a.png"}, ["BAD_URL"]),
        ({"sr": "textonly", "kind": "link", "url": "https://a.example"}, ["NO_LINKS"]),
        ({"sr": "textonly", "kind": "image", "url": "https://a.example"}, ["INVALID_OPTION"]),
        ({"sr": "linksonly"}, ["NO_SELFS"]),
        ({"flair_id": "f-news"}, ["INVALID_OPTION"]),
        ({"sr": "flaired", "flair_id": "f-news", "flair_text": "Mine"}, ["INVALID_OPTION"]),
        ({"title": "x" * 300, "text": "x" * 40_000}, []),
        ({"sr": "strict"}, []),  # its rules count only when validate_on_submit is asked for
    ],
)
def test_what_is_wrong_with_a_post_comes_with_a_200(
    http: httpx.Client, store: Store, changes: dict[str, Any], wanted: list[str]
) -> None:
    assert errors(submit(http, **changes)) == wanted
    assert len(list(store.posts.newest())) == (not wanted)


def test_without_api_type_nothing_is_made(http: httpx.Client, store: Store) -> None:
    assert submit(http, api_type=None).json()["success"] is False
    assert not list(store.posts.newest())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"title": "[News] a"}, "MIN_LENGTH"),
        ({"title": "A long enough title"}, "TITLE_REQUIRED_STRING"),
        ({"title": "It is [News] at last"}, "TITLE_REGEX_REQUIREMENT"),
        ({"title": "[News] all for free"}, "TITLE_BLACKLISTED_STRING"),
        ({"flair_id": ""}, "FLAIR_REQUIRED"),
        ({"text": ""}, "BODY_REQUIRED"),
        ({"text": "The casino"}, "BODY_BLACKLISTED_STRING"),
        ({"kind": "link", "url": "https://www.spam.example/x"}, "LINK_BLACKLISTED_DOMAIN"),
    ],
)
def test_a_subreddits_rules_are_the_second_shape(
    http: httpx.Client, changes: dict[str, Any], reason: str
) -> None:
    fine = {"sr": "strict", "title": "[News] We are open", "text": "Words enough",
            "flair_id": "f-news", "validate_on_submit": "true"}  # fmt: skip
    answer = submit(http, **{**fine, **changes})
    assert answer.status_code == 400
    assert answer.json()["reason"] == f"SUBMIT_VALIDATION_{reason}"
    assert answer.json()["explanation"]
    assert errors(submit(http, **fine)) == []


def test_an_upload_takes_the_signed_fields_as_they_are_and_then_the_file(
    http: httpx.Client, store: Store
) -> None:
    leased = lease(http)
    assert leased["args"]["action"].startswith("//127.0.0.1:8090/")
    for changes in ({"policy": None}, {"key": "other/a.png"}, {"acl": "public-read"}):
        assert store_file(http, leased, **changes).status_code == 403
    shuffled = dict(reversed(list(fields(leased).items())))
    wrong = http.post(
        f"http:{leased['args']['action']}", data=shuffled, files={"file": ("a.png", png())}
    )
    assert wrong.status_code == 403 and "<Code>AccessDenied</Code>" in wrong.text
    with time_machine.travel(now() + timedelta(minutes=16)):
        assert "expired" in store_file(http, leased).text
    answer = store_file(http, leased)
    assert answer.status_code == 201 and "%2F" in answer.text and "<Key>" in answer.text


def test_a_file_too_large_is_told_with_both_sizes(http: httpx.Client) -> None:
    answer = store_file(http, lease(http), b"x" * (20 * 1024 * 1024 + 1))
    assert answer.status_code == 400
    assert "<Code>EntityTooLarge</Code>" in answer.text
    assert "<MaxSizeAllowed>20971520</MaxSizeAllowed>" in answer.text


def test_kinds_of_files_and_other_peoples_uploads_are_refused(http: httpx.Client) -> None:
    bad = http.post("api/media/asset.json", data={"filepath": "a", "mimetype": "text/html"})
    assert errors(bad) == ["INVALID_OPTION"]
    leased = lease(http)
    store_file(http, leased)
    url = f"https:{leased['args']['action']}/{fields(leased)['key']}"
    bob = {"Authorization": "bearer sandbox-bob"}
    assert errors(submit(http, headers=bob, kind="image", url=url)) == ["BAD_URL"]
    assert errors(submit(http, kind="video", url=url)) == ["BAD_URL"]
    answer = submit(http, kind="image", url=url)
    assert errors(answer) == []
    assert set(answer.json()["json"]["data"]) == {"user_submitted_page", "websocket_url"}


def test_a_video_needs_a_poster(http: httpx.Client) -> None:
    leased = lease(http, "a.mp4", "video/mp4")
    store_file(http, leased, b"\0\0\0\x18ftypmp42")
    url = f"https:{leased['args']['action']}/{fields(leased)['key']}"
    assert errors(submit(http, kind="video", url=url)) == ["NO_URL"]


def test_a_gallery_wants_two_uploads_of_ones_own(http: httpx.Client) -> None:
    leased = [lease(http) for _ in range(2)]
    for one in leased:
        store_file(http, one)
    ids = [one["asset"]["asset_id"] for one in leased]

    def gallery(*names: str, **changes: Any) -> Any:
        items = [{"media_id": name, "caption": "", "outbound_url": ""} for name in names]
        body = {"api_type": "json", "sr": "test", "title": "T", "items": items, **changes}
        return http.post("api/submit_gallery_post.json", json=body).json()

    assert gallery(ids[0])[0][0] == "INVALID_OPTION"
    assert gallery(ids[0], "invented")[0][0] == "INVALID_OPTION"
    assert gallery(*ids, sr="nogallery")[0][0] == "GALLERIES_DISABLED"
    assert gallery(*ids)["json"]["data"]["id"]


def test_ampersands_are_escaped_unless_raw_json_is_asked_for(http: httpx.Client) -> None:
    submit(http, title="You & me")
    path = "user/alice/submitted/?sort=new"
    titles = [
        http.get(f"{path}{more}").json()["data"]["children"][0]["data"]["title"]
        for more in ("", "&raw_json=1")
    ]
    assert titles == ["You &amp; me", "You & me"]


def test_the_window_is_told_in_decimals_and_seconds(http: httpx.Client, store: Store) -> None:
    answer = http.get("api/v1/me")
    assert answer.headers["x-ratelimit-remaining"] == "999.0"
    assert answer.headers["x-ratelimit-used"] == "1"
    assert 590 < int(answer.headers["x-ratelimit-reset"]) <= 601
    store.limits.set_limit("reddit", "alice", "submit", 0)
    told = submit(http).json()["json"]
    assert told["errors"][0][0] == "RATELIMIT" and 590 < told["ratelimit"] <= 601
    assert "Take a break for" in told["errors"][0][1]


def test_suspended_accounts_may_only_ask_who_they_are(http: httpx.Client, store: Store) -> None:
    store.accounts.get("reddit", "alice").extras["is_suspended"] = True
    assert http.get("api/v1/me").json()["is_suspended"] is True
    assert submit(http).status_code == 403


def test_unknown_paths_answer_in_reddits_words(http: httpx.Client) -> None:
    assert http.get("api/v9/nothing").json() == {"message": "Not Found", "error": 404}
    assert http.get("api/submit").json() == {"message": "Method Not Allowed", "error": 405}
