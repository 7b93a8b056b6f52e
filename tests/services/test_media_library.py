"""The library: narrowed and paged, tags, where a file is used, what networks make of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from app.errors import Forbidden, NotFound, ValidationFailed
from app.extensions import db
from app.models.attempts import Attempt, AttemptState
from app.models.content_templates import ContentTemplate, TemplateMedia
from app.models.media import Media, MediaTag
from app.models.posts import Post, TargetState
from app.models.profiles import Profile
from app.permissions import Actor
from app.services import media_fit, media_library, media_tags, media_uses
from app.services.media_library import Wanted
from tests.factories import (
    actor_of,
    join,
    make_account,
    make_media,
    make_post,
    make_profile,
    make_user,
)
from tests.statements import counted

NINE = datetime(2026, 5, 14, 9, tzinfo=UTC)


@pytest.fixture
def brand(app: Flask) -> Profile:
    return make_profile()


@pytest.fixture
def actor(brand: Profile) -> Actor:
    user = make_user()
    join(brand, user)
    return actor_of(user)


def kept(brand: Profile, name: str, *tags: str, **columns: Any) -> Media:
    row = make_media(brand, name=name, size=(8, 6), **columns)
    db.session.add_all(MediaTag(profile_id=brand.id, media_id=row.id, tag=one) for one in tags)
    db.session.commit()
    return row


def names(actor: Actor, brand: Profile, **wanted: Any) -> list[str]:
    found = media_library.page(actor, brand.id, Wanted(**wanted))
    return [one.media.name for one in found.rows]


CASES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["film.mp4", "100%.png", "cup.png", "bells.png"]),
    ({"kind": "image"}, ["100%.png", "cup.png", "bells.png"]),
    ({"kind": "video"}, ["film.mp4"]),
    ({"tag": "Shop"}, ["cup.png", "bells.png"]),
    ({"tag": "sho"}, []),
    ({"bare": True}, ["film.mp4"]),
    ({"unused": True}, ["film.mp4", "100%.png"]),
    ({"text": "BELLS"}, ["bells.png"]),
    ({"text": "flat white"}, ["cup.png"]),
    ({"text": "spring"}, ["bells.png"]),
    ({"text": "spring cup"}, []),
    ({"text": "0%"}, ["100%.png"]),
    ({"text": "png", "unused": True}, ["100%.png"]),
    ({"kind": "nothing"}, ["film.mp4", "100%.png", "cup.png", "bells.png"]),
]


def test_a_library_is_narrowed(actor: Actor, brand: Profile) -> None:
    bells = kept(brand, "bells.png", "shop", "spring launch", alt="Six in a row")
    cup = kept(brand, "cup.png", "shop", alt="A flat white")
    gone = kept(brand, "100%.png", alt="A sign")
    kept(brand, "film.mp4", alt="", mime="video/mp4")
    kept(brand, "deleted.png", "shop", deleted_at=NINE)
    kept(make_profile(), "foreign.png", "shop")
    make_post(brand, media=[bells])
    template = ContentTemplate(profile_id=brand.id, name="Weekly", content="x")
    template.media = [TemplateMedia(media_id=cup.id)]
    db.session.add(template)
    make_post(brand, media=[gone], discarded_at=NINE)
    told = [(wanted, names(actor, brand, **wanted)) for wanted, _ in CASES]
    assert told == CASES


def test_pages_follow_each_other_without_a_gap_even_where_the_times_are_the_same(
    actor: Actor, brand: Profile
) -> None:
    for n in range(7):
        kept(brand, f"{n}.png", created_at=NINE if n < 4 else NINE + timedelta(seconds=n))
    brand_id = brand.id
    seen: list[str] = []
    after = ""
    while True:
        with counted() as told:
            found = media_library.page(actor, brand_id, Wanted(), after=after, limit=3)
        assert len(told) == 1
        seen += [one.media.name for one in found.rows]
        after = found.after
        if not after:
            break
    assert seen == [f"{n}.png" for n in (6, 5, 4, 3, 2, 1, 0)]
    for wrong in ("x", "2026-x", f"{NINE:%Y}-{brand.id}"):
        assert len(media_library.page(actor, brand.id, Wanted(), after=wrong).rows) == 7


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("", []),
        (" Shop,  spring   launch ,, shop, #SALE ", ["shop", "spring launch", "sale"]),
        ("x" * 41, None),
        (",".join(str(n) for n in range(21)), None),
        ("a\x00", None),
    ],
)
def test_tags_are_read_from_a_line(text: str, tags: list[str] | None) -> None:
    if tags is None:
        with pytest.raises(ValidationFailed) as caught:
            media_tags.read(text)
        assert caught.value.field == "tags"
    else:
        assert media_tags.read(text) == tags


def test_a_file_is_described_wholly_or_not_at_all(actor: Actor, brand: Profile) -> None:
    row = kept(brand, "bells.png", "old", alt="Before")
    row_id = row.id
    for alt, tags in (("x" * 2001, "fine"), ("fine", "x" * 41)):
        with pytest.raises(ValidationFailed):
            media_library.describe(actor, row_id, alt, tags)
        db.session.rollback()
    assert (db.session.get_one(Media, row_id).alt, media_tags.of(row_id)) == ("Before", ["old"])
    media_library.describe(actor, row_id, " Six bells ", "Shop, new")
    assert (db.session.get_one(Media, row_id).alt, media_tags.of(row_id)) == (
        "Six bells", ["new", "shop"],
    )  # fmt: skip
    kept(brand, "cup.png", "shop")
    kept(make_profile(), "foreign.png", "foreign")
    assert media_tags.listed(actor, brand.id) == ["shop", "new"]
    stranger = actor_of(make_user())
    for call in (
        lambda: media_library.describe(stranger, row_id, "", ""),
        lambda: media_library.one(stranger, brand.id, row_id),
        lambda: media_library.one(actor, make_profile().id, row_id),
    ):
        with pytest.raises((NotFound, Forbidden)):
            call()


def test_where_a_file_is_used_is_told_by_what_may_still_happen_to_it(
    actor: Actor, brand: Profile
) -> None:
    row, account = kept(brand, "bells.png"), make_account(brand)
    mine: dict[str, Any] = {"media": [row]}
    draft = make_post(brand, "A draft", [account], **mine)
    soon = make_post(brand, "Soon", [account], at=NINE, **mine)
    make_post(brand, "Soon, changed", [account], at=NINE, edits_id=soon.id, armed=False, **mine)
    late = make_post(brand, "x" * 50, [account], at=NINE, state=TargetState.FAILED, **mine)
    make_post(brand, "Unsure", [account], at=NINE, state=TargetState.NEEDS_REVIEW, **mine)
    thread = make_post(brand, ["One", "Two"], [account], at=NINE, **mine)
    target = thread.targets[0]
    db.session.add(Attempt(
        target_id=target.id, account_id=account.id, number=1, state=AttemptState.OK, marker="m",
        claim_token=1, content_hash="0" * 64, content={}, started_at=NINE,
    ))  # fmt: skip
    for n in range(7):
        at = NINE - timedelta(days=n)
        make_post(brand, f"Sent {n}", [account], at=at, state=TargetState.PUBLISHED, **mine)
    make_post(brand, "Deleted", [account], discarded_at=NINE, **mine)
    db.session.commit()
    row_id = row.id
    with counted() as told:
        uses = media_uses.of(actor, row_id)
    assert len(told) == 3
    assert {one.text for one in uses.waiting} == {
        "A draft", "Soon", "x" * 39 + "…", "Unsure", "One",
    }  # fmt: skip
    assert {one.id for one in uses.changing} == {draft.id, soon.id, late.id}
    assert [one.text for one in uses.sent] == [f"Sent {n}" for n in range(5)] and uses.more
    assert not media_uses.of(actor, kept(brand, "other.png").id)
    assert not media_uses.of(actor_of(make_user()), row.id)


def test_what_networks_make_of_a_file_is_said_in_words(actor: Actor, brand: Profile) -> None:
    wide = kept(brand, "wide.webp", mime="image/webp", width=3000, height=1000)
    everywhere = {one.network for one in media_fit.fits(actor, wide)}
    assert {"twitter", "instagram", "youtube"} < everywhere and "snapchat" not in everywhere
    for network in ("bluesky", "instagram", "youtube", "mastodon"):
        make_account(brand, network)
    make_account(brand, "mastodon")
    told = {one.network: one for one in media_fit.fits(actor, wide)}
    assert list(told) == ["bluesky", "instagram", "youtube", "mastodon"]
    assert {name: one.kind for name, one in told.items()} == {
        "bluesky": "yes", "instagram": "crop", "youtube": "no", "mastodon": "yes",
    }  # fmt: skip
    assert told["youtube"].text == "takes no pictures."
    assert told["instagram"].text.startswith(": This picture is too wide for Instagram")
    large = kept(brand, "large.png", width=900, height=900)
    large.size = 9_000_000
    db.session.commit()
    fit = {one.network: one for one in media_fit.fits(actor, large)}["bluesky"]
    assert fit.kind == "fit" and fit.text.startswith("gets it made smaller: it takes up to ")


def test_nothing_of_posts_is_changed_by_looking(actor: Actor, brand: Profile) -> None:
    row = kept(brand, "bells.png")
    make_post(brand, media=[row])
    media_uses.of(actor, row.id)
    media_fit.fits(actor, row)
    assert not db.session.dirty and not db.session.new
    assert db.session.query(Post).count() == 1
