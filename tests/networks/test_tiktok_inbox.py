"""Drafts for the inbox of TikTok's app: what goes along, where they end, who may send them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from werkzeug.serving import BaseWSGIServer

from app.networks.base import Account, Category, NetworkError, Part, Verdict
from app.networks.tiktok import TikTok
from app.networks.tiktok_upload import PIECE
from app.sandbox.store import Store
from tests.networks.tiktok_fixtures import alice, sandbox, store, tiktok, wire
from tests.networks.tiktok_helpers import (
    PRIVATE,
    Counted,
    committed,
    item,
    photo,
    prepared,
    settled,
    video,
)

__all__ = ["alice", "sandbox", "store", "tiktok", "wire"]
INBOX: dict[str, Any] = {"placement": "inbox"}


def row(store: Store) -> dict[str, Any]:
    """The one draft that TikTok holds."""
    ((_, found),) = store.table("tiktok.posts").items()
    return dict(found)


def test_a_video_is_put_into_the_inbox_with_nothing_said_about_it(
    tiktok: TikTok, alice: Account, wire: Counted, store: Store, tmp_path: Path
) -> None:
    one = item("A harbour", video(tmp_path, 2 * PIECE + 7), **INBOX)
    kept = prepared(tiktok, alice, one)
    assert [call for call in wire.calls if call.startswith("POST")] == [
        "POST v2/post/publish/inbox/video/init"
    ]
    told = committed(tiktok, alice, one, kept)
    assert told.category is Category.MEDIA_PROCESSING
    found = settled(tiktok, alice, one, kept)
    assert found.verdict is Verdict.PUBLISHED and found.published is not None
    assert found.published.url == ""
    assert found.published.extras == {"publish_id": kept["publish_id"], "inbox": True}
    assert row(store)["info"] == {} and list(store.posts.newest()) == []  # nothing is public
    assert tiktok.metrics(alice, [found.published.external_id]) == {}


def test_a_draft_that_was_cut_off_goes_on_and_is_never_put_in_twice(
    tiktok: TikTok, alice: Account, wire: Counted, tmp_path: Path
) -> None:
    one = item("Film", video(tmp_path, 3 * PIECE), **INBOX)
    steps = tiktok.prepare(alice, one, {})
    kept = [next(steps), next(steps)][-1]
    steps.close()  # type: ignore[attr-defined]
    committed(tiktok, alice, one, prepared(tiktok, alice, one, kept))
    kept = prepared(tiktok, alice, one, kept)  # after the last piece: only looked at
    committed(tiktok, alice, one, kept)
    assert wire.count("inbox/video/init") == 1
    assert settled(tiktok, alice, one, kept).verdict is Verdict.PUBLISHED


def test_pictures_take_title_and_description_along(
    tiktok: TikTok, alice: Account, store: Store, server: BaseWSGIServer
) -> None:
    one = item("Six bells", photo(store, server), **INBOX, title="Bells", privacyLevel="SELF_ONLY")
    found = tiktok.commit(alice, one, prepared(tiktok, alice, one))
    assert found.url == "" and found.extras["inbox"] is True
    assert row(store)["info"] == {"title": "Bells", "description": "Six bells"}
    assert list(store.posts.newest()) == []


def test_a_finished_draft_is_found_as_what_it_became(
    tiktok: TikTok, alice: Account, store: Store, tmp_path: Path
) -> None:
    one = item("Film", video(tmp_path), **INBOX)
    kept = prepared(tiktok, alice, one)
    committed(tiktok, alice, one, kept)
    held = store.table("tiktok.posts").get(kept["publish_id"])
    held["info"] = {"privacy_level": "PUBLIC_TO_EVERYONE"}  # the person posts it in the app
    store.table("tiktok.posts").put(kept["publish_id"], held)
    found = settled(tiktok, alice, one, kept)
    assert found.published is not None and "inbox" not in found.published.extras


def test_five_drafts_may_wait(tiktok: TikTok, alice: Account, tmp_path: Path) -> None:
    for _ in range(5):
        prepared(tiktok, alice, item("x", video(tmp_path), **INBOX))
    with pytest.raises(NetworkError) as caught:
        prepared(tiktok, alice, item("x", video(tmp_path), **INBOX))
    assert caught.value.code == "spam_risk_too_many_pending_share"
    assert caught.value.category is Category.RATE_LIMITED


def test_without_the_permission_nothing_is_sent(
    tiktok: TikTok, alice: Account, wire: Counted, tmp_path: Path
) -> None:
    tokens = replace(alice.tokens, scopes=("user.info.basic", "video.publish"))
    with pytest.raises(NetworkError) as caught:
        prepared(tiktok, replace(alice, tokens=tokens), item("x", video(tmp_path), **INBOX))
    assert caught.value.category is Category.AUTH_ERROR and wire.calls == []


def test_a_draft_asks_for_no_audience_and_a_post_does(tiktok: TikTok, tmp_path: Path) -> None:
    part = Part("Caption", (video(tmp_path),))
    assert [one.field for one in tiktok.validate((part,), {}, {}) if one.blocks] == [
        "options.privacyLevel"
    ]
    told = tiktok.validate((part,), {}, {**INBOX, **PRIVATE, "brandContentToggle": True})
    assert [(one.field, one.blocks) for one in told] == [("text", False)]
    assert "write the caption there" in told[0].message
    told = tiktok.validate((part,), {"scopes": ["video.publish"]}, INBOX)
    assert [(one.field, one.blocks) for one in told] == [("placement", True), ("text", False)]
    assert tiktok.validate((part,), {"scopes": ["video.upload"]}, INBOX)[0].field == "text"


def test_tiktok_takes_nothing_else_with_a_draft(wire: Counted, store: Store) -> None:
    """The sandbox refuses what the documents do not name."""
    with httpx.Client(transport=wire, base_url="http://127.0.0.1:8090/tiktok") as http:
        answer = http.post(
            "/v2/post/publish/inbox/video/init/", headers={"Authorization": "Bearer sandbox-alice"},
            json={"post_info": {"title": "x"}, "source_info": {"source": "FILE_UPLOAD"}},
        )  # fmt: skip
    assert answer.json()["error"]["code"] == "invalid_params"
