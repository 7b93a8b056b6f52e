"""``GET /api/v1/platforms`` against the shape Amplify's document gives."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.config import NETWORKS
from tests.conftest import Browser

# Key → type, as in the document's example.
PLATFORM = {
    "platform": str, "displayName": str, "accountType": str, "supportStatus": str,
    "scopes": list, "publish": dict, "analytics": dict, "notes": list,
}  # fmt: skip
PUBLISH = {
    "supported": bool, "text": bool, "images": bool, "video": bool, "requiresMedia": bool,
    "supportedMediaTypes": list, "scheduling": bool,
}  # fmt: skip
OURS = {
    "limits", "placements", "options", "threads", "firstComment", "altText", "destination",
    "delete", "ways",
}  # fmt: skip


@pytest.fixture
def found(client: Browser) -> dict[str, dict[str, Any]]:
    answer = client.get("/api/v1/platforms")
    assert answer.status_code == 200 and answer.mimetype == "application/json"
    assert list(answer.json) == ["platforms"]
    return {one["platform"]: one for one in answer.json["platforms"]}


def test_all_twelve_are_there_in_the_documents_shape(found: dict[str, dict[str, Any]]) -> None:
    assert tuple(found) != () and sorted(found) == sorted(NETWORKS) and len(found) == 12
    for one in found.values():
        assert one.keys() == PLATFORM.keys() | OURS
        assert all(type(one[key]) is kind for key, kind in PLATFORM.items()), one
        assert one["publish"].keys() == PUBLISH.keys()
        assert all(type(one["publish"][key]) is kind for key, kind in PUBLISH.items()), one
        assert type(one["analytics"]["supported"]) is bool
        assert one["supportStatus"] in {"full", "partial", "unsupported"}
        assert all(isinstance(word, str) and word for word in (*one["scopes"], *one["notes"]))
    assert found["twitter"]["displayName"] == "Twitter / X"


def test_a_network_takes_what_its_capabilities_say(found: dict[str, dict[str, Any]]) -> None:
    x, youtube, pinterest = found["twitter"], found["youtube"], found["pinterest"]
    assert x["limits"]["text"]["max"] == 280 and x["threads"] and x["altText"]["maxLength"] == 1000
    assert x["publish"]["supportedMediaTypes"][0] == "image/*" and x["limits"]["images"]["max"] == 4
    assert youtube["publish"]["video"] and not youtube["publish"]["images"]
    assert youtube["publish"]["requiresMedia"] and youtube["firstComment"]["supported"]
    assert "image/*" not in youtube["publish"]["supportedMediaTypes"]
    assert not youtube["altText"]["supported"]
    assert [form["name"] for form in youtube["placements"]] == ["video", "short"]
    assert pinterest["destination"] == "board"
    board = next(option for option in pinterest["options"] if option["name"] == "boardId")
    assert board["required"] and board["kind"] == "destination"
    assert not found["tiktok"]["delete"] and found["tiktok"]["analytics"]["metrics"]


def test_what_cannot_be_done_says_why(found: dict[str, dict[str, Any]]) -> None:
    snapchat = found["snapchat"]
    assert snapchat["supportStatus"] == "unsupported"
    assert not any(snapchat["publish"].values()) and not snapchat["analytics"]["supported"]
    assert "Marketing API" in snapchat["notes"][0]


def test_it_is_anybodys_and_tells_the_same_with_a_wrong_key(app: Flask, client: Browser) -> None:
    plain = client.get("/api/v1/platforms")
    assert "Set-Cookie" not in plain.headers
    asked = client.get("/api/v1/platforms", headers={"X-API-Key": "ak_wrong"})
    assert asked.json == plain.json
    assert client.post("/api/v1/platforms").status_code == 405
