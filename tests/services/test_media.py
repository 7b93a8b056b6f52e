"""The brand's library: taking pictures in, describing them, letting them go, sweeping."""

from __future__ import annotations

import io
import os
import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text

from app import images
from app.clock import now
from app.errors import Conflict, Forbidden, NotFound, PayloadTooLarge, Unavailable, ValidationFailed
from app.extensions import db
from app.images import Limits
from app.integrations import fitting
from app.integrations.cards import Found
from app.jobs import media as jobs
from app.link_cards import record
from app.models.events import AuditEvent
from app.models.media import Media
from app.models.posts import PostStatus, TargetState
from app.permissions import Actor, Permission, Role
from app.services import media, media_sweeps
from tests import pictures
from tests.factories import (
    actor_of,
    join,
    make_account,
    make_media,
    make_post,
    make_profile,
    make_user,
)  # fmt: skip
from tests.pictures import PLACE, encoded, photo

JPEG, PNG, WEBP, GIF = images.MIMES


@pytest.fixture(autouse=True)
def folder(app, tmp_path, monkeypatch):
    """A media folder of this test alone."""
    config = app.config["CARILLON"]
    monkeypatch.setitem(app.config, "CARILLON", replaced(config, tmp_path / "media"))
    return tmp_path / "media"


def replaced(config, path):
    from dataclasses import replace

    return replace(config, MEDIA_DIR=path)


@pytest.fixture
def maya(app):
    return make_user()


@pytest.fixture
def brand(maya):
    return make_profile(maya)


@pytest.fixture
def actor(maya, brand):
    return actor_of(maya)


def stream(raw: bytes) -> io.BytesIO:
    return io.BytesIO(raw)


def files(folder) -> list[str]:
    """Everything stored or left behind."""
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


# Taking in


def test_an_upload_is_checked_cleaned_and_gets_a_thumbnail(actor, brand, folder):
    raw = pictures.located_jpeg(6, (800, 600))
    made = media.upload(actor, brand.id, stream(raw), "Harbour.JPG", JPEG)
    kept = media.file(made).read_bytes()
    assert (made.width, made.height, made.mime, made.frames) == (600, 800, JPEG, 1)
    assert made.size == len(kept) and made.name == "Harbour.JPG"
    assert made.uploaded_by == actor.user_id and made.profile_id == brand.id
    assert PLACE.encode() not in kept
    assert media.thumb(made).read_bytes()[8:12] == b"WEBP"
    assert files(folder) == sorted([made.key, made.thumb_key])


def test_the_digest_is_that_of_the_stored_bytes(actor, brand):
    import hashlib

    made = media.upload(actor, brand.id, stream(pictures.located_png()), "a.png", PNG)
    assert hashlib.sha256(media.file(made).read_bytes()).hexdigest() == made.sha256


@pytest.mark.parametrize(
    "raw,declared,word",
    [
        (b"", JPEG, "empty"),
        (b"<svg onload='alert(1)'/>", "image/svg+xml", "SVG"),
        (encoded(photo(20, 20), "PNG"), JPEG, "sent as something else"),
        (encoded(photo(200, 200), "JPEG")[:-900], JPEG, "damaged"),
        (pictures.bomb_png(7000, 6000), PNG, "40 megapixels"),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(64), "video/mp4", "damaged or incomplete"),
    ],
)  # fmt: skip
def test_a_refused_file_names_the_field_and_leaves_nothing(
    actor, brand, folder, raw, declared, word
):
    with pytest.raises(ValidationFailed, match=word) as caught:
        media.upload(actor, brand.id, stream(raw), "x", declared)
    assert caught.value.field == "file"
    assert files(folder) == []
    assert db.session.scalar(select(func.count()).select_from(Media)) == 0


def test_more_than_20_mb_are_refused_without_reading_on(actor, brand, folder):
    class Endless:
        given = 0

        def read(self, size: int = -1) -> bytes:
            assert 0 < size <= 1024 * 1024
            self.given += size
            return b"\xff" * size

    endless = Endless()
    with pytest.raises(PayloadTooLarge, match="larger than 20 MB") as caught:
        media.upload(actor, brand.id, endless, "x.jpg", JPEG)
    assert caught.value.status == 413 and caught.value.field == "file"
    assert endless.given <= 22 * 1024 * 1024
    assert files(folder) == []


def test_no_transaction_is_open_while_the_picture_is_looked_at(actor, brand, monkeypatch):
    seen = []
    take = images.take

    def looked(*args, **kwargs):
        seen.append(db.session().in_transaction())
        return take(*args, **kwargs)

    monkeypatch.setattr(images, "take", looked)
    media.upload(actor, brand.id, stream(encoded(photo(20, 20), "PNG")), "a.png", PNG)
    assert seen == [False]


def test_files_go_again_where_the_row_cannot_be_written(actor, brand, folder, monkeypatch):
    def broken(*args):
        raise RuntimeError("the database went away")

    monkeypatch.setattr(media, "_enter", broken)
    with pytest.raises(RuntimeError):
        media.upload(actor, brand.id, stream(encoded(photo(20, 20), "PNG")), "a.png", PNG)
    assert files(folder) == []


def test_a_disk_that_takes_nothing_is_a_503(actor, brand, folder):
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("a file where the folder should be")
    with pytest.raises(Unavailable) as caught:
        media.upload(actor, brand.id, stream(encoded(photo(20, 20), "PNG")), "a.png", PNG)
    assert caught.value.status == 503 and str(folder) not in caught.value.message


@pytest.mark.parametrize(
    "given,shown",
    [
        ("Harbour at dawn.jpg", "Harbour at dawn.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\maya\\cup.png", "cup.png"),
        ("cup\x00.png", "cup.png"),
        ("\x00", "Picture"),
        ("", "Picture"),
        ("..", ".."),
        ("a\r\nSet-Cookie: b\u202egpj.exe", "aSet-Cookie: bgpj.exe"),
        ("\ud800lone.png", "lone.png"),
        ("x" * 400, "x" * 255),
    ],
)  # fmt: skip
def test_a_name_is_for_show_only(given, shown):
    assert media.shown(given) == shown


def test_a_name_with_nul_is_stored_clean(actor, brand):
    made = media.upload(
        actor, brand.id, stream(encoded(photo(20, 20), "PNG")), "cup\x00\ud800.png", PNG
    )
    db.session.expire_all()
    assert made.name == "cup.png"


# Who may


def test_only_those_who_may_write_media_in_that_brand_can_upload(actor, brand):
    raw = encoded(photo(20, 20), "PNG")
    other = make_profile()
    for profile_id in (other.id, uuid.uuid4()):
        with pytest.raises(Forbidden) as caught:
            media.upload(actor, profile_id, stream(raw), "a.png", PNG)
        assert caught.value.message == "You cannot use that profile."
    reading = Actor(
        user_id=actor.user_id, name="key", roles=actor.roles,
        allowed=frozenset({Permission.MEDIA_READ, Permission.PROFILE_READ}),
    )  # fmt: skip
    with pytest.raises(Forbidden):
        media.upload(reading, brand.id, stream(raw), "a.png", PNG)


def test_a_strangers_picture_is_as_if_it_did_not_exist(actor, brand):
    theirs = make_media(make_profile())
    for one in (theirs.id, uuid.uuid4()):
        for call in (
            lambda one=one: media.get(actor, brand.id, one),
            lambda one=one: media.usable(actor, brand.id, [one]),
            lambda one=one: media.set_alt(actor, one, "mine"),
            lambda one=one: media.delete(actor, one),
        ):
            with pytest.raises(NotFound):
                call()


def test_a_picture_is_found_in_its_own_brand_only(maya, brand):
    second = make_profile(maya)
    actor = actor_of(maya)
    ours = make_media(brand)
    assert media.get(actor, brand.id, ours.id).id == ours.id
    with pytest.raises(NotFound):
        media.get(actor, second.id, ours.id)
    with pytest.raises(NotFound):
        media.usable(actor, second.id, [ours.id])


def test_a_member_may_upload_describe_and_delete(brand):
    tom = make_user()
    join(brand, tom, Role.MEMBER)
    actor = actor_of(tom)
    made = media.upload(actor, brand.id, stream(encoded(photo(20, 20), "PNG")), "a.png", PNG)
    assert media.set_alt(actor, made.id, "  Six bells  ").alt == "Six bells"
    media.delete(actor, made.id)


# Describing


@pytest.mark.parametrize("alt", ["a\x00b", "a\ud800b", "x" * 2001])
def test_a_description_that_cannot_be_stored_is_refused(actor, brand, alt):
    with pytest.raises(ValidationFailed) as caught:
        media.set_alt(actor, make_media(brand).id, alt)
    assert caught.value.field == "alt"


# Letting go


def test_a_deleted_picture_leaves_library_and_disk(actor, brand, folder):
    made = media.upload(actor, brand.id, stream(encoded(photo(20, 20), "PNG")), "a.png", PNG)
    media.delete(actor, made.id)
    assert files(folder) == []
    for gone in (lambda: media.file(made), lambda: media.thumb(made)):
        with pytest.raises(NotFound):
            gone()
    with pytest.raises(NotFound):
        media.usable(actor, brand.id, [made.id])
    with pytest.raises(NotFound):
        media.delete(actor, made.id)
    audit = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "media.deleted")).one()
    assert (audit.subject_id, audit.detail) == (made.id, {"name": "a.png"})


AT = datetime(2030, 5, 14, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "state",
    [None, TargetState.SCHEDULED, TargetState.QUEUED, TargetState.POSTING, TargetState.FAILED,
     TargetState.NEEDS_REVIEW],
)  # fmt: skip
def test_a_picture_that_a_post_still_needs_is_not_deleted(actor, brand, state):
    ours, account = make_media(brand), make_account(brand)
    make_post(brand, "The new roast is in.", [account], at=AT, state=state, media=[ours])
    with pytest.raises(Conflict, match="“The new roast is in.” on 14 May") as caught:
        media.delete(actor, ours.id)
    assert caught.value.status == 409
    assert media.file(ours).exists()


def test_the_refusal_names_three_posts_and_counts_the_rest(actor, brand):
    ours, account = make_media(brand), make_account(brand)
    for number in range(5):
        make_post(
            brand, f"Roast {number} of a very long week, told at great length", [account],
            at=AT + timedelta(days=number), media=[ours],
        )  # fmt: skip
    make_post(brand, "", [account], media=[ours])
    with pytest.raises(Conflict) as caught:
        media.delete(actor, ours.id)
    said = caught.value.message
    assert said.count("“Roast") == 3 and "and 3 more" in said
    assert "“Roast 0 of a very long week, told at gr…” on 14 May" in said


def test_who_may_not_read_posts_is_refused_without_their_words(actor, brand):
    ours = make_media(brand)
    make_post(brand, "Secret launch", [make_account(brand)], at=AT, media=[ours])
    key = Actor(
        user_id=None, name="key", roles=actor.roles,
        allowed=frozenset({Permission.MEDIA_READ, Permission.MEDIA_WRITE}),
    )  # fmt: skip
    with pytest.raises(Conflict) as caught:
        media.delete(key, ours.id)
    assert "Secret" not in caught.value.message


def test_a_published_post_keeps_the_thumbnail_of_a_deleted_picture(actor, brand, folder):
    made = media.upload(actor, brand.id, stream(encoded(photo(20, 20), "PNG")), "a.png", PNG)
    post = make_post(
        brand, "Out", [make_account(brand)], at=AT, state=TargetState.PUBLISHED, media=[made]
    )
    assert post.status is PostStatus.PUBLISHED
    media.delete(actor, made.id)
    assert files(folder) == [made.thumb_key]
    assert media.thumb(media.get(actor, brand.id, made.id)).exists()
    with pytest.raises(NotFound):
        media.file(made)


# Sweeping


def age(folder, days: float) -> None:
    """Make everything on the disk look that old."""
    at = time.time() - days * 86_400
    for path in [folder, *folder.rglob("*")]:
        os.utime(path, (at, at))


def test_the_sweep_takes_what_no_row_keeps_and_nothing_else(actor, brand, folder):
    kept = media.upload(actor, brand.id, stream(encoded(photo(40, 40), "PNG")), "a.png", PNG)
    limits = Limits((JPEG,), max_side=20)
    copy, _ = fitting.fitted(kept, limits, media.storage())
    account = make_account(brand)
    account.avatar_key = media.storage().save(stream(b"face"), 10).key
    card = media.storage().save(stream(b"card"), 10)
    record(db.session(), "https://a.example/", Found("A", "", card, images.Info(JPEG, 1, 1, 1, 4)))
    db.session.commit()
    orphan = media.storage().save(stream(b"orphan"), 10)
    left = folder / "tmp" / "crashed"
    left.mkdir(parents=True)
    (left / "raw").write_bytes(b"half")
    age(folder, 2)
    fresh = media.storage().save(stream(b"on its way"), 100)
    assert media_sweeps.sweep_unused() == 2
    assert files(folder) == sorted(
        [kept.key, kept.thumb_key, account.avatar_key, card.key, fresh.key,
         str(copy.relative_to(folder)), str((copy.parent / "info.json").relative_to(folder))]
    )  # fmt: skip
    assert orphan.key not in files(folder)


def test_copies_that_nobody_asked_for_in_a_month_go_and_are_made_again(actor, brand, folder):
    kept = media.upload(actor, brand.id, stream(encoded(photo(40, 40), "PNG")), "a.png", PNG)
    limits = Limits((JPEG,), max_side=20)
    copy, _ = fitting.fitted(kept, limits, media.storage())
    age(folder, 31)
    media_sweeps.sweep_unused()
    assert not copy.exists() and media.file(kept).exists()
    assert fitting.fitted(kept, limits, media.storage())[0].exists()


def test_rows_of_deleted_pictures_go_once_no_post_shows_them(actor, brand):
    gone, shown = make_media(brand), make_media(brand)
    make_post(brand, "Out", [make_account(brand)], state=TargetState.PUBLISHED, media=[shown])
    for one in (gone, shown):
        media.delete(actor, one.id)
        one.deleted_at = now() - timedelta(days=2)
    db.session.commit()
    jobs.sweep()
    assert db.session.scalars(select(Media.id)).all() == [shown.id]


def test_the_wrong_database_does_not_cost_the_files(actor, brand, folder):
    for number in range(60):
        media.storage().save(stream(b"file %d" % number), 100)
    age(folder, 2)
    assert media_sweeps.sweep_unused() == 0
    assert len(files(folder)) == 60


def test_the_sweep_holds_no_transaction_while_it_works_on_the_disk(actor, brand, folder):
    media.storage().save(stream(b"orphan"), 10)
    age(folder, 2)
    media_sweeps.sweep_unused()
    assert not db.session().in_transaction()


def test_a_picture_taken_for_a_post_cannot_be_deleted_meanwhile(app, actor, brand):
    if db.engine.dialect.name != "postgresql":
        ours = make_media(brand)
        assert media.usable(actor, brand.id, [ours.id]) == [ours]
        return  # SQLite has one writer at a time, so there is no meanwhile
    ours = make_media(brand)
    media.usable(actor, brand.id, [ours.id])
    with db.engine.connect() as other, other.begin():
        found = other.execute(
            text("SELECT 1 FROM media WHERE id = :id FOR UPDATE SKIP LOCKED"), {"id": ours.id}
        ).first()
    assert found is None
