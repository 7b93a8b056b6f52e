"""The client against an unmodified PDS: what it wrote is read back and compared."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from PIL import Image

from app.networks.base import (
    Account,
    AppKeys,
    Card,
    Category,
    Item,
    Media,
    NetworkError,
    Part,
    Probe,
    Published,
    Verdict,
)
from app.networks.bluesky import Bluesky
from tests.pds.conftest import CALLBACK
from tests.pds.server import Pds

TEXT = (
    "Opening week 👩‍👩‍👧‍👦 at the roastery – come by! Menu: https://marram.coffee/menu?day=1, "
    "questions to @bob.test or @nobody.test.\r\n#coffee ☕ café.example"
)
PLAIN = TEXT.replace("\r\n", "\n")


@pytest.fixture(params=["by_password", "by_oauth"])
def account(request: pytest.FixtureRequest) -> Account:
    return request.getfixturevalue(request.param)


def picture(folder: Path, name: str = "photo.jpg", colour: str = "teal") -> Media:
    out = io.BytesIO()
    Image.new("RGB", (640, 360), colour).save(out, "JPEG")
    path = folder / name
    path.write_bytes(out.getvalue())
    return Media(name, path, "image/jpeg", path.stat().st_size, 640, 360, alt="A teal wall ☕")


def item(part: Part, marker: str, **more: Any) -> Item:
    return Item(part, marker, datetime.now(UTC), **more)


def publish(bluesky: Bluesky, account: Account, wanted: Item) -> tuple[Published, dict[str, Any]]:
    resume: dict[str, Any] = {}
    for step in bluesky.prepare(account, wanted, resume):
        resume = step
    return bluesky.commit(account, wanted, resume), resume


def record_of(pds: Pds, account: Account, published: Published) -> dict[str, Any]:
    """The record as the server gives it to anybody."""
    answer = httpx.get(
        f"{pds.url}/xrpc/com.atproto.repo.getRecord",
        params={
            "repo": account.external_id,
            "collection": "app.bsky.feed.post",
            "rkey": published.external_id.rpartition("/")[2],
        },
    ).json()
    assert (answer["uri"], answer["cid"]) == (published.extras["uri"], published.extras["cid"])
    return dict(answer["value"])


def blob_of(pds: Pds, account: Account, blob: dict[str, Any]) -> bytes:
    return httpx.get(
        f"{pds.url}/xrpc/com.atproto.sync.getBlob",
        params={"did": account.external_id, "cid": blob["ref"]["$link"]},
    ).content


def test_a_post_with_picture_link_mention_and_emoji_reads_back_the_same(
    bluesky: Bluesky, account: Account, pds: Pds, tmp_path: Path
) -> None:
    media = picture(tmp_path)
    wanted = item(Part(TEXT, (media,)), f"rich-{account.handle}")
    published, _ = publish(bluesky, account, wanted)
    record = record_of(pds, account, published)

    assert record["text"] == PLAIN
    assert datetime.fromisoformat(record["createdAt"]).timestamp() == pytest.approx(
        wanted.at.timestamp(), abs=0.001
    )
    raw = PLAIN.encode()
    marked = [
        (raw[f["index"]["byteStart"] : f["index"]["byteEnd"]].decode(), f["features"])
        for f in record["facets"]
    ]
    kind = "app.bsky.richtext.facet"
    bob = pds.accounts["bob.test"]["did"]
    assert marked == [
        (
            "https://marram.coffee/menu?day=1",
            [{"$type": f"{kind}#link", "uri": "https://marram.coffee/menu?day=1"}],
        ),
        ("@bob.test", [{"$type": f"{kind}#mention", "did": bob}]),
        ("#coffee", [{"$type": f"{kind}#tag", "tag": "coffee"}]),
    ]
    assert record["embed"]["$type"] == "app.bsky.embed.images"
    (image,) = record["embed"]["images"]
    assert image["alt"] == "A teal wall ☕"
    assert image["aspectRatio"] == {"width": 640, "height": 360}
    assert (image["image"]["mimeType"], image["image"]["size"]) == ("image/jpeg", media.size)
    assert blob_of(pds, account, image["image"]) == media.path.read_bytes()


def test_a_link_card_reads_back_with_its_picture(
    bluesky: Bluesky, account: Account, pds: Pds, tmp_path: Path
) -> None:
    thumb = picture(tmp_path, "thumb.jpg", "tan")
    card = Card("https://marram.coffee/beans", "Beans of May", "Three new ones.", thumb)
    wanted = item(Part("New: marram.coffee/beans", card=card), f"card-{account.handle}")
    published, _ = publish(bluesky, account, wanted)
    record = record_of(pds, account, published)
    external = record["embed"]["external"]
    assert record["embed"]["$type"] == "app.bsky.embed.external"
    assert (external["uri"], external["title"], external["description"]) == (
        "https://marram.coffee/beans",
        "Beans of May",
        "Three new ones.",
    )
    assert blob_of(pds, account, external["thumb"]) == thumb.path.read_bytes()
    (facet,) = record["facets"]
    assert facet["features"][0]["uri"] == "https://marram.coffee/beans"


def test_a_thread_answers_its_first_part(bluesky: Bluesky, account: Account, pds: Pds) -> None:
    first, _ = publish(bluesky, account, item(Part("One"), f"t1-{account.handle}"))
    second, _ = publish(
        bluesky, account, item(Part("Two"), f"t2-{account.handle}", parent=first, root=first)
    )
    nameless = replace(second, extras={})  # as when a person settled the part by hand
    third, _ = publish(
        bluesky, account, item(Part("Three"), f"t3-{account.handle}", parent=nameless, root=first)
    )
    assert record_of(pds, account, third)["reply"] == {
        "root": dict(first.extras),
        "parent": dict(second.extras),
    }


def test_a_repeated_commit_makes_one_post_and_answers_its_name(
    bluesky: Bluesky, account: Account, pds: Pds
) -> None:
    wanted = item(Part("Once only"), f"repeat-{account.handle}")
    published, resume = publish(bluesky, account, wanted)
    assert bluesky.probe_by(account, 0.0) is Probe.KEY
    assert bluesky.commit(account, wanted, resume) == published

    changed = {**resume, "record": {**resume["record"], "text": "Something else"}}
    with pytest.raises(NetworkError) as refused:
        bluesky.commit(account, wanted, changed)
    assert refused.value.category is Category.DUPLICATE
    assert record_of(pds, account, published)["text"] == "Once only"


def test_a_probe_tells_published_from_absent_and_delete_is_repeatable(
    bluesky: Bluesky, account: Account
) -> None:
    wanted = item(Part("Here, then gone"), f"probe-{account.handle}")
    steps = list(bluesky.prepare(account, wanted, {}))
    before = bluesky.probe(account, wanted, steps[-1], wanted.at, frozenset())
    published = bluesky.commit(account, wanted, steps[-1])
    after = bluesky.probe(account, wanted, steps[-1], wanted.at, frozenset())
    bluesky.delete(account, published)
    bluesky.delete(account, published)
    gone = bluesky.probe(account, wanted, steps[-1], wanted.at, frozenset())
    assert before.verdict is Verdict.ABSENT
    assert (after.verdict, after.published) == (Verdict.PUBLISHED, published)
    assert gone.verdict is Verdict.ABSENT


def test_the_server_agrees_about_length(bluesky: Bluesky, account: Account) -> None:
    family = "👩‍👩‍👧‍👦"  # 25 bytes, one character
    fits = "é" * (300 - 50) + family * 50
    assert bluesky.compose(fits, {}).left == 0 and not bluesky.validate((Part(fits),), {})
    publish(bluesky, account, item(Part(fits), f"fits-{account.handle}"))
    for number, long in enumerate((fits + "!", family * 121)):
        assert [p.fix for p in bluesky.validate((Part(long),), {})] == ["shorten"]
        with pytest.raises(NetworkError) as refused:
            publish(bluesky, account, item(Part(long), f"long-{number}-{account.handle}"))
        assert refused.value.category is Category.VALIDATION


def test_a_lost_blob_is_a_media_error_that_is_tried_again(
    bluesky: Bluesky, account: Account, tmp_path: Path
) -> None:
    wanted = item(Part("With a picture", (picture(tmp_path),)), f"lost-{account.handle}")
    resume = list(bluesky.prepare(account, wanted, {}))[-1]
    image = resume["record"]["embed"]["images"][0]["image"]
    image["ref"]["$link"] = "bafkreia6cnqhm7lvxlz5rxjmqzbzj5kmzlfnqmj3lzmv3iy4zq4ycx5qhm"
    with pytest.raises(NetworkError) as refused:
        bluesky.commit(account, wanted, resume)
    assert refused.value.category is Category.MEDIA_ERROR and refused.value.retryable


def test_a_session_is_refreshed_and_ended(bluesky: Bluesky, pds: Pds) -> None:
    old = bluesky.login(pds.url, "@Bob.test", "bob-password")
    fresh = bluesky.refresh(AppKeys(""), old, pds.url)
    assert fresh.refresh != old.refresh and fresh.expires_at is not None
    assert bluesky.identities(fresh, pds.url)[0].handle == "bob.test"
    bluesky.revoke(AppKeys(""), fresh, pds.url)
    bluesky.revoke(AppKeys(""), fresh, pds.url)
    with pytest.raises(NetworkError) as ended:
        bluesky.refresh(AppKeys(""), fresh, pds.url)
    assert ended.value.category is Category.AUTH_ERROR


def test_a_wrong_password_is_told_in_words(bluesky: Bluesky) -> None:
    with pytest.raises(NetworkError) as refused:
        bluesky.login("", "alice.test", "not-her-password")
    assert refused.value.category is Category.AUTH_ERROR
    assert "app password is not right" in refused.value.message


def test_an_oauth_session_is_refreshed_revoked_and_then_refused(
    bluesky: Bluesky, pds: Pds, consent: Callable[..., dict[str, str]]
) -> None:
    app = bluesky.register("", CALLBACK)
    asked = bluesky.authorize(
        app, server=pds.url, hint="@alice.test", redirect_uri=CALLBACK, state="s" * 43
    )
    answer = consent(asked.url, "alice.test")
    old = bluesky.exchange(app, asked.keep, answer, CALLBACK)
    assert old.more["did"] == pds.accounts["alice.test"]["did"] and "atproto" in old.scopes
    fresh = bluesky.refresh(app, old, "")
    assert fresh.refresh != old.refresh and fresh.more == old.more
    assert bluesky.identities(fresh, "")[0].handle == "alice.test"
    with pytest.raises(NetworkError) as turned_over:
        bluesky.identities(old, "")
    assert turned_over.value.code == "invalid_token"

    bluesky.revoke(app, fresh, "")
    bluesky.revoke(app, fresh, "")
    with pytest.raises(NetworkError) as refused:
        bluesky.identities(fresh, "")
    # An expired token is told in the same words: one refresh tells which it was.
    assert refused.value.category is Category.AUTH_ERROR and refused.value.expired
    with pytest.raises(NetworkError) as ended:
        bluesky.refresh(app, fresh, "")
    assert ended.value.category is Category.AUTH_ERROR and not ended.value.expired


def test_a_replayed_refresh_token_ends_the_session(
    bluesky: Bluesky, consent: Callable[..., dict[str, str]]
) -> None:
    app = bluesky.register("", CALLBACK)
    asked = bluesky.authorize(
        app, server="", hint="alice.test", redirect_uri=CALLBACK, state="s" * 43
    )
    old = bluesky.exchange(app, asked.keep, consent(asked.url, "alice.test"), CALLBACK)
    fresh = bluesky.refresh(app, old, "")
    for tokens in (old, fresh):
        with pytest.raises(NetworkError) as refused:
            bluesky.refresh(app, tokens, "")
        assert (refused.value.category, refused.value.code) == (
            Category.AUTH_ERROR,
            "invalid_grant",
        )


def test_refusing_consent_connects_nothing_and_says_so(
    bluesky: Bluesky, consent: Callable[..., dict[str, str]]
) -> None:
    app = bluesky.register("", CALLBACK)
    asked = bluesky.authorize(
        app, server="", hint="alice.test", redirect_uri=CALLBACK, state="s" * 43
    )
    answer = consent(asked.url, "alice.test", allow=False)
    with pytest.raises(NetworkError) as refused:
        bluesky.exchange(app, asked.keep, answer, CALLBACK)
    assert "did not allow" in refused.value.message


def test_an_unknown_handle_is_told_before_anybody_leaves(bluesky: Bluesky) -> None:
    app = bluesky.register("", CALLBACK)
    with pytest.raises(NetworkError) as refused:
        bluesky.authorize(app, server="", hint="nobody.test", redirect_uri=CALLBACK, state="s" * 43)
    assert refused.value.category is Category.VALIDATION
    assert "@nobody.test" in refused.value.message
