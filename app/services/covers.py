"""The cover of a video: a frame of it, or a picture a person chose in its place.

The one way for every network that takes a picture as a cover: Pinterest and Reddit always get it,
YouTube where the post's ``thumbnail`` is on. Instagram and TikTok name a moment of the video
instead (``thumbOffset``, ``videoCoverTimestampMs``); the others make their own.
"""

from __future__ import annotations

from uuid import UUID

from app import events, images
from app.errors import NotFound, ValidationFailed
from app.extensions import db
from app.images import Limits
from app.integrations.storage import Readable, Stored
from app.models.media import Media
from app.permissions import Actor, Permission
from app.services import media as library
from app.services.access import reach

# What every network takes as a cover (YouTube's older limit is the least).
COVER = Limits(
    ("image/jpeg",), max_bytes=2_000_000, max_pixels=40_000_000, max_side=1_920, still=True
)


def choose(actor: Actor, profile_id: UUID, media_id: UUID, stream: Readable) -> Media:
    """Put a picture in the place of a video's cover and thumbnail; posts to come have it.

    Raises ``ValidationFailed`` with ``field="file"`` for what is no picture we take, and for a
    cover of something else than a video; ``NotFound`` for media of others.
    """
    film = library.get(actor, profile_id, media_id)
    reach(actor).profile(profile_id, need=Permission.MEDIA_WRITE)
    if film.deleted_at is not None:
        raise NotFound()
    if not film.mime.startswith("video/"):
        raise ValidationFailed("Only a video has a cover.", field="file")
    db.session.rollback()  # only read so far; from here on the disk thinks
    files = library.storage()
    with files.scratch() as folder:
        raw, clean, cover, thumb = (folder / name for name in ("raw", "clean", "cover", "thumb"))
        files.receive(stream, raw, images.MAX_BYTES)
        images.take(raw, clean, thumb)
        images.fit(clean, cover, COVER)
        made = files.adopt(cover), files.adopt(thumb)
    try:
        return _put(actor, media_id, *made)
    except BaseException:
        db.session.rollback()
        library.let_go(one.key for one in made)
        raise


def _put(actor: Actor, media_id: UUID, cover: Stored, thumb: Stored) -> Media:
    """The new files in the place of the old ones, which go once that is certain."""
    film = library.held(actor, media_id)
    gone = [film.poster_key, film.thumb_key]
    film.poster_key, film.thumb_key = cover.key, thumb.key
    events.audit(
        db.session(), actor, "media.cover_chosen", profile_id=film.profile_id, subject="media",
        subject_id=film.id,
    )  # fmt: skip
    db.session.commit()
    library.let_go(gone)
    return film
