"""A new file in the place of one of the library, in what is still to go out."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from PIL import Image

from app.errors import AppError, Conflict, NotFound, ValidationFailed
from app.extensions import db
from app.models.content_templates import ContentTemplate, TemplateMedia
from app.models.events import AuditEvent
from app.models.media import Media, MediaTag
from app.models.posts import Post, PostTarget, TargetState
from app.models.profiles import Profile
from app.permissions import Actor
from app.services import media_replacing, media_tags
from tests.factories import (
    actor_of,
    join,
    make_account,
    make_media,
    make_post,
    make_profile,
    make_user,
)

NINE = datetime(2030, 5, 14, 9, tzinfo=UTC)


@pytest.fixture
def brand(app: Flask) -> Profile:
    return make_profile()


@pytest.fixture
def actor(brand: Profile) -> Actor:
    user = make_user()
    join(brand, user)
    return actor_of(user)


def png(size: tuple[int, int] = (32, 24)) -> BytesIO:
    buffer = BytesIO()
    Image.new("RGB", size, (15, 111, 100)).save(buffer, "PNG")
    buffer.seek(0)
    return buffer


def replaced(actor: Actor, row: Media, stream: BytesIO | None = None) -> media_replacing.Replaced:
    db.session.commit()
    return media_replacing.replace(
        actor, row.profile_id, row.id, stream or png(), "new.png", "image/png"
    )


def shows(post: Post) -> list[Any]:
    db.session.rollback()
    db.session.expire_all()
    return [one.media_id for one in db.session.get_one(Post, post.id).media]


def library() -> int:
    db.session.rollback()
    return db.session.query(Media).filter(Media.deleted_at.is_(None)).count()


def test_what_is_still_to_go_out_gets_the_new_file_and_what_went_out_keeps_the_old(
    actor: Actor, brand: Profile
) -> None:
    old, other, account = make_media(brand), make_media(brand), make_account(brand)
    old_id, other_id = old.id, other.id
    db.session.add(MediaTag(profile_id=brand.id, media_id=old.id, tag="shop"))
    both: dict[str, Any] = {"media": [other, old]}
    draft = make_post(brand, "A draft", [account], **both)
    planned = make_post(brand, "Planned", [account], at=NINE, **both)
    copy = make_post(brand, "Changed", [account], edits_id=planned.id, **both)
    claimed = make_post(brand, "Claimed", [account], at=NINE, state=TargetState.QUEUED, **both)
    failed = make_post(brand, "Failed", [account], at=NINE, state=TargetState.FAILED, **both)
    sent = make_post(brand, "Sent", [account], at=NINE, state=TargetState.PUBLISHED, **both)
    unsure = make_post(brand, "?", [account], at=NINE, state=TargetState.NEEDS_REVIEW, **both)
    draft.media[1].alt = "Said otherwise here"
    template = ContentTemplate(profile_id=brand.id, name="Weekly", content="x")
    template.media = [TemplateMedia(media_id=old.id, alt="T")]
    db.session.add(template)
    done = replaced(actor, old)
    new = done.media.id
    assert done.posts == 4  # a working copy is no post of its own
    for post in (draft, planned, copy, claimed, failed):
        assert shows(post) == [other_id, new]
    for post in (sent, unsure):
        assert shows(post) == [other_id, old_id]
    assert [one.media_id for one in template.media] == [new]
    assert draft.media[1].alt == "Said otherwise here"
    target = db.session.get_one(PostTarget, claimed.targets[0].id)
    assert target.state is TargetState.SCHEDULED and target.lease_until is None
    made = db.session.get_one(Media, new)
    assert (made.alt, media_tags.of(new)) == ("Six bells in a row", ["shop"])
    assert library() == 3  # the old one stays
    told = db.session.query(AuditEvent).filter_by(action="media.replaced").one()
    assert told.subject_id == old_id


@pytest.mark.parametrize("case", ["sending", "kind", "shape", "foreign", "deleted", "broken"])
def test_a_refusal_changes_nothing_and_leaves_no_file(
    actor: Actor, brand: Profile, case: str
) -> None:
    row = make_media(brand, mime="video/mp4") if case == "kind" else make_media(brand)
    account = make_account(brand, "instagram")
    state = TargetState.POSTING if case == "sending" else TargetState.SCHEDULED
    post = make_post(brand, "Six bells", [account], at=NINE, state=state, media=[row])
    row_id = row.id
    stream, kind = png((400, 40)) if case == "shape" else png(), ValidationFailed
    wanted: tuple[type[AppError], str] = {
        "sending": (Conflict, "“Six bells” on 14 May is being sent just now"),
        "kind": (kind, "Choose a video"),
        "shape": (kind, "Instagram would not take it in “Six bells” on 14 May: .*too wide"),
        "foreign": (NotFound, "could not find"), "deleted": (NotFound, "could not find"),
        "broken": (kind, "This kind of file"),
    }[case]  # fmt: skip
    if case == "foreign":
        actor = actor_of(make_user())
    if case == "deleted":
        row.deleted_at = NINE
    if case == "broken":
        stream = BytesIO(b"no picture at all")
    before = library() if case != "deleted" else 0
    with pytest.raises(wanted[0], match=wanted[1]):
        replaced(actor, row, stream)
    assert shows(post) == [row_id]
    assert library() == before


def test_what_a_network_refused_before_does_not_stop_a_better_file(
    actor: Actor, brand: Profile
) -> None:
    wide = make_media(brand, size=(400, 40))
    post = make_post(brand, "Wide", [make_account(brand, "instagram")], at=NINE, media=[wide])
    assert replaced(actor, wide).posts == 1 and shows(post) != [wide.id]
