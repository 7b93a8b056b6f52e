"""Messages as they travel: the handshake, refusals, the key, the limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from flask import Flask

from app.api.mcp.registry import TOOLS
from app.clock import now
from app.extensions import db
from app.integrations import agents
from app.models.keys import KeyMode
from app.models.media import Media
from app.models.posts import Post
from app.models.profiles import Membership, PlatformSet, Profile
from app.permissions import Actor, Role
from app.services import keys
from app.services.keys import KeyKind
from app.services.seat_belt import Belt
from tests.api.mcp.conftest import Line
from tests.conftest import Browser
from tests.factories import actor_of, join, make_account, make_media, make_profile, make_user

PING = {"jsonrpc": "2.0", "id": 7, "method": "ping"}


def message(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def test_the_handshake(line: Line) -> None:
    told = line.ask("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo={})
    assert told["protocolVersion"] == "2025-06-18"
    assert told["capabilities"] == {"tools": {"listChanged": False}}
    assert told["serverInfo"]["name"] == "carillon" and "list_profiles" in told["instructions"]
    other = line.ask("initialize", protocolVersion="1999-01-01")
    assert other["protocolVersion"] == "2025-11-25"
    assert line.say({"jsonrpc": "2.0", "method": "notifications/initialized"}, status=202) is None
    assert line.say(PING) == {"jsonrpc": "2.0", "id": 7, "result": {}}


def test_a_method_of_another_version_is_unknown(line: Line) -> None:
    told = line.say(message("server/discover"), **{"MCP-Protocol-Version": "2026-07-28"})
    assert told["error"]["code"] == -32601
    told = line.say(PING, status=400, **{"MCP-Protocol-Version": "2026-07-28"})
    assert told["error"]["data"]["supported"][0] == "2025-11-25"
    assert line.say(PING, **{"MCP-Protocol-Version": "2025-11-25"})["result"] == {}


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ([PING], 400, -32700),
        ({"id": 1, "method": "ping"}, 400, -32600),
        ({"jsonrpc": "2.0", "id": {}, "method": "ping"}, 400, -32600),
        ({"jsonrpc": "2.0", "id": 1}, 400, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}, 200, -32602),
        (message("tools/call", name="rm"), 200, -32602),
        (message("tools/call", name=["x"]), 200, -32602),
        (message("tools/call", name="list_posts", arguments=[]), 200, -32602),
        (message("tools/call", name="list_posts", arguments={"a": "\0"}), 400, -32700),
        (message("resources/list"), 200, -32601),
    ],
)
def test_a_message_that_is_wrong(line: Line, sent: Any, status: int, code: int) -> None:
    assert line.say(sent, status=status)["error"]["code"] == code


def test_a_body_that_is_no_json(client: Browser, line: Line) -> None:
    head = {"Authorization": f"Bearer {line.key}"}
    sent = client.post("/mcp", data="{", content_type="application/json", headers=head, csrf=False)
    assert sent.status_code == 400 and sent.get_json()["error"]["code"] == -32700


def test_only_a_key_opens_it(
    client: Browser, line: Line, signed_in: Callable[..., Browser], brand: Profile
) -> None:
    told = Line(client, "", {})
    assert told.say(PING, status=401)["code"] == "UNAUTHORIZED"
    assert told.headers["WWW-Authenticate"] == "Bearer"
    line.key = line.key[:-1] + ("a" if line.key[-1] != "a" else "b")
    line.say(PING, status=401)
    person = db.session.query(Membership).one().user_id
    from app.models.people import User

    hers = signed_in(db.session.get_one(User, person))
    assert hers.post("/mcp", json=PING).status_code == 401
    assert client.get("/mcp").status_code == 405


def test_a_page_of_another_site_is_refused(line: Line) -> None:
    line.say(PING, status=403, Origin="https://elsewhere.example")
    line.say(PING, Origin="http://127.0.0.1:8000")


def test_what_the_key_has_left_is_told_and_kept_to(
    app: Flask, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = replace(app.config["CARILLON"], API_REQUESTS_PER_HOUR=2)
    monkeypatch.setitem(app.config, "CARILLON", small)
    line.say(PING)
    assert line.headers["X-RateLimit-Limit"] == "2"
    assert line.headers["X-RateLimit-Remaining"] == "1"
    line.say(PING)
    assert line.say(PING, status=429)["code"] == "RATE_LIMITED"
    assert int(line.headers["Retry-After"]) >= 1


def test_posts_an_hour_are_counted_as_the_api_counts_them(
    app: Flask, line: Line, brand: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_account(brand, "mastodon")
    small = replace(app.config["CARILLON"], API_POSTS_PER_HOUR=1)
    monkeypatch.setitem(app.config, "CARILLON", small)
    line.call("create_post", text="One", platforms=["mastodon"])
    told = line.refused("create_post", text="Two", platforms=["mastodon"])
    assert told["code"] == "RATE_LIMITED" and told["retryAfterSeconds"] >= 1


def test_arguments_that_are_wrong_are_named(line: Line) -> None:
    told = line.refused("schedule_post", postId="none", scheduledFor="soon")
    assert [one["field"] for one in told["errors"]] == ["postId", "scheduledFor"]
    assert told["code"] == "VALIDATION_FAILED"


def test_an_unknown_argument_is_ignored_and_said_to_be(line: Line) -> None:
    result = line.ask("tools/call", name="list_posts", arguments={"state": "x", "limit": 5})
    assert not result["isError"]
    assert result["content"][1]["text"] == "Ignored: there is no argument state."
    both = {"profile_id": None, "profileId": None}
    assert len(line.ask("tools/call", name="list_posts", arguments=both)["content"]) == 1


def test_refusals_are_in_plain_words_with_their_field(line: Line, brand: Profile) -> None:
    account = make_account(brand, "mastodon")
    told = line.refused("create_post", text="Hello", platforms=["threads"])
    assert (told["code"], told["field"]) == ("PLATFORM_NOT_CONNECTED", "platforms.0")
    assert told["message"] == "No Threads account is connected here. Connect one first."
    past = (now() - timedelta(hours=1)).isoformat()
    told = line.refused("create_post", text="Hello", accounts=[str(account.id)], scheduledFor=past)
    assert told["field"] == "scheduledFor"
    later = (now() + timedelta(hours=1)).isoformat()
    long = {"text": "x" * 501, "platforms": ["mastodon"]}
    told = line.refused("create_post", scheduledFor=later, **long)
    assert told["errors"][0]["field"] == "mastodon.text"
    assert db.session.query(Post).count() == 0
    seen = line.call("validate_post", **long)
    assert not seen["valid"] and seen["accounts"][0]["problems"][0]["blocks"]
    assert db.session.query(Post).count() == 0
    far = (now() + timedelta(days=3000)).isoformat()
    draft = line.call("create_post", text="Hello", platforms=["mastodon"])["post"]["id"]
    told = line.refused("schedule_post", postId=draft, scheduledFor=far)
    assert told["field"] == "scheduledFor"
    assert line.call("validate_post", postId=draft)["valid"]
    told = line.refused("cancel_post", postId=draft, targetId=draft)
    assert (told["code"], told["field"]) == ("NOT_FOUND", "targetId")


def test_a_dry_run_takes_no_file_by_its_address(line: Line, brand: Profile) -> None:
    make_account(brand, "mastodon")
    told = line.refused(
        "validate_post", text="Hello", platforms=["mastodon"],
        media=[{"url": "https://files.example/a.jpg"}],
    )  # fmt: skip
    assert told["field"] == "media.0.mediaId" and db.session.query(Media).count() == 0


def test_a_file_at_an_address_that_is_not_public(line: Line, brand: Profile) -> None:
    make_account(brand, "mastodon")
    told = line.refused("upload_media", url="http://10.0.0.1/a.jpg")
    assert told["field"] == "url" and told["message"].startswith("We could not fetch this file.")
    told = line.refused(
        "create_post", text="Hi", platforms=["mastodon"], media=[{"url": "http://10.0.0.1/a.jpg"}]
    )
    assert told["field"] == "media.0.url"
    assert line.refused("create_post", text="Hi", platforms=["mastodon"], media=[{}])["field"] == (
        "media.0"
    )


def test_changing_one_thing_leaves_the_others(line: Line, brand: Profile) -> None:
    make_account(brand, "mastodon")
    make_account(brand, "bluesky")
    file = make_media(brand)
    post = line.call(
        "create_post", text="Hello", link="https://marram.example/roast",
        platforms=["mastodon", "bluesky"], media=[{"mediaId": str(file.id), "altText": "Bells"}],
        overrides={"bluesky": {"text": "Hello, sky"}},
    )["post"]  # fmt: skip
    path = {"postId": post["id"]}
    changed = line.call("update_post", text="Good morning", **path)["post"]["content"]
    assert (changed["text"], changed["linkUrl"]) == ("Good morning", "https://marram.example/roast")
    assert [one["altText"] for one in changed["media"]] == ["Bells"]
    assert changed["platformOverrides"]["bluesky"]["text"].startswith("Hello, sky")
    changed = line.call("update_post", link=None, **path)["post"]["content"]
    assert changed["text"] == "Good morning" and changed["linkUrl"] is None
    assert changed["platformOverrides"]["bluesky"]["text"] == "Hello, sky"
    one = line.call("update_post", platforms=["bluesky"], **path)["post"]
    assert one["platforms"] == ["bluesky"] and one["content"]["text"] == "Good morning"
    later = (now() + timedelta(hours=2)).isoformat()
    assert line.call("update_post", scheduledFor=later, **path)["post"]["status"] == "scheduled"
    off = line.call("update_post", scheduledFor=None, thread=["One", "Two"], **path)["post"]
    assert off["status"] == "draft" and off["content"]["parts"] == ["One", "Two"]


def test_asking_twice_with_one_key_makes_one_post(line: Line, brand: Profile) -> None:
    make_account(brand, "mastodon")
    asked = {"text": "Once", "platforms": ["mastodon"], "idempotencyKey": "k-1"}
    first = line.call("create_post", **asked)
    assert line.call("create_post", **asked) == first
    assert db.session.query(Post).count() == 1
    told = line.refused("create_post", **{**asked, "text": "Other"})
    assert told["code"] == "IDEMPOTENCY_CONFLICT"
    told = line.refused("create_post", **{**asked, "idempotencyKey": "k-2", "platforms": ["x"]})
    assert told["field"] == "platforms.0"
    line.call("create_post", **{**asked, "idempotencyKey": "k-2"})  # nothing was kept of a refusal
    assert db.session.query(Post).count() == 2


def test_what_is_out_of_reach_is_not_found(line: Line, wide: Line, brand: Profile) -> None:
    stranger = make_user("stranger@example.org", "Stranger")
    other = make_profile(stranger)
    account = make_account(other, "mastodon")
    make_account(brand, "mastodon")
    from tests.factories import make_post

    post = make_post(other, accounts=[account])
    foreign, missing = str(post.id), "01999999-0000-7000-8000-000000000000"
    for asks in (line, wide):
        for name in ("get_post", "publish_post", "cancel_post", "validate_post", "retry_post"):
            found = [asks.refused(name, postId=one) for one in (foreign, missing)]
            assert found[0] == found[1] and found[0]["code"] == "POST_NOT_FOUND", name
        for one in (str(other.id), missing):
            told = asks.refused("create_post", text="x", platforms=["mastodon"], profileId=one)
            assert told["code"] == "FORBIDDEN"
        named = [
            asks.refused("create_post", text="x", accounts=[one])
            for one in (str(account.id), missing)
        ]
        assert named[0] == named[1] and named[0]["field"] == "accounts"
        assert asks.call("list_posts")["total"] == 0
        assert [p["id"] for p in asks.call("list_profiles")["profiles"]] == [str(brand.id)]


def test_a_role_is_asked_for_at_every_call(client: Browser, brand: Profile) -> None:
    member = make_user("member@example.org", "Member")
    place = join(brand, member, Role.MEMBER)
    key = keys.create(actor_of(member), KeyKind.ACCOUNT)[1]
    asks = Line(client, key, {})
    assert asks.call("list_posts")["total"] == 0
    set_id = str(db.session.query(PlatformSet).one().id)
    told = asks.refused("rename_platform_set", platformSetId=set_id, name="Mine")
    assert told["code"] == "FORBIDDEN"
    db.session.delete(place)
    db.session.commit()
    assert asks.call("list_profiles")["profiles"] == []
    assert asks.refused("rename_platform_set", platformSetId=set_id, name="x")["code"] == (
        "NOT_FOUND"
    )


def test_every_tool_says_whether_it_writes(owner: Actor) -> None:
    for one in TOOLS.values():
        hints = one.listed()["annotations"]
        assert hints["readOnlyHint"] is not one.writes
        assert ("destructiveHint" in hints) is one.writes, one.name
        schema = one.listed()["inputSchema"]
        assert schema["type"] == "object" and "properties" in schema
        assert one.writes or not one.need.value.endswith("write"), one.name
        assert (one.again is None) is (not one.makes)


def test_stdio_passes_on_lines_and_words_what_goes_wrong(
    app: Flask, line: Line, serve: Callable[..., str]
) -> None:
    db.session.rollback()
    base, out = serve(app), StringIO()
    notice = '{"jsonrpc":"2.0","method":"notifications/initialized"}'
    said = StringIO('no json\n\n{"jsonrpc":"2.0","id":7,"method":"ping"}\n' + notice + "\n")
    agents.speak(base, line.key, said, out)
    found = sorted(out.getvalue().splitlines())
    assert len(found) == 2 and '"result": {}' in found[0] and "-32700" in found[1]
    out = StringIO()
    agents.speak(base, "nonsense", StringIO('{"jsonrpc":"2.0","id":1,"method":"ping"}'), out)
    assert "This API key is not valid." in out.getvalue()
    out = StringIO()
    agents.speak("http://127.0.0.1:1", "x", StringIO('{"id":1}\n'), out)
    assert "does not answer" in out.getvalue()


def test_a_key_that_needs_a_person_says_so(line: Line, owner: Actor, brand: Profile) -> None:
    make_account(brand, "mastodon")
    belt = Belt(KeyMode.CONFIRM)
    line.key = keys.create(owner, KeyKind.PROFILE, brand.id, "Agent", belt)[1]
    asked = {"text": "Hello", "platforms": ["mastodon"]}
    draft = line.call("create_post", **asked)["post"]
    assert (draft["status"], draft["platformPosts"][0]["held"]) == ("draft", None)
    out = line.call("publish_post", postId=draft["id"])
    assert out["post"]["platformPosts"][0]["held"] == "approval"
    assert out["page"].endswith(f"/p/{brand.slug}/posts/{draft['id']}")
    line.key = keys.create(owner, KeyKind.PROFILE, brand.id, "", Belt(notice_minutes=30))[1]
    soon = (now() + timedelta(minutes=5)).isoformat()
    told = line.refused("create_post", scheduledFor=soon, **asked)
    assert (told["code"], told["field"]) == ("FORBIDDEN", "scheduledFor")
