"""A picture of one's own as the cover of a video."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from app.errors import NotFound, ValidationFailed
from app.extensions import db
from app.models.media import Media
from app.models.profiles import Profile
from app.permissions import Actor
from app.services import covers, media
from tests.factories import actor_of, make_user
from tests.films import film
from tests.pictures import encoded, photo


@pytest.fixture
def clip(owner: Actor, profile: Profile) -> Media:
    return media.upload(owner, profile.id, BytesIO(film()), "bells.mp4", "video/mp4")


def test_the_cover_is_a_jpeg_every_network_takes(
    owner: Actor, profile: Profile, clip: Media
) -> None:
    before = [media.storage().path(str(key)) for key in (clip.poster_key, clip.thumb_key)]
    assert all(path.is_file() for path in before)
    raw = encoded(photo(2400, 1350), "PNG")
    made = covers.choose(owner, profile.id, clip.id, BytesIO(raw))
    assert made.poster_key and made.thumb_key
    with Image.open(media.storage().path(made.poster_key)) as cover:
        assert (cover.format, cover.size) == ("JPEG", (1920, 1080))
    with Image.open(media.thumb(made)) as thumb:
        assert thumb.format == "WEBP"
    assert not any(path.exists() for path in before)
    assert media.file(made).is_file() and made.mime == "video/mp4"  # the video is as it was


def test_what_is_no_picture_leaves_the_cover(owner: Actor, profile: Profile, clip: Media) -> None:
    key, clip_id = clip.poster_key, clip.id
    with pytest.raises(ValidationFailed) as caught:
        covers.choose(owner, profile.id, clip_id, BytesIO(b"%PDF-1.7"))
    assert caught.value.field == "file"
    db.session.rollback()
    assert db.session.get_one(Media, clip_id).poster_key == key
    assert media.storage().path(str(key)).is_file()


def test_a_picture_has_no_cover(owner: Actor, profile: Profile) -> None:
    raw = encoded(photo(80, 60), "PNG")
    still = media.upload(owner, profile.id, BytesIO(raw), "plan.png", "image/png")
    with pytest.raises(ValidationFailed, match="Only a video has a cover"):
        covers.choose(owner, profile.id, still.id, BytesIO(raw))


def test_a_stranger_is_not_told_that_the_video_exists(profile: Profile, clip: Media) -> None:
    with pytest.raises(NotFound):
        covers.choose(actor_of(make_user()), profile.id, clip.id, BytesIO(b""))
