"""Files that were sent straight to the bucket: judged and taken in as any upload (reliability §11).

Nobody tells us when one has come. It is taken in when somebody names it or asks for it, else by
the clock's job a minute later. Until then it is no file of the library, and nobody can read it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from app import logs
from app.clock import now
from app.errors import AppError, Conflict, Unavailable, ValidationFailed
from app.extensions import db
from app.models.media import Media, MediaUpload
from app.permissions import Actor, Permission
from app.services import media, media_uploads
from app.services.access import reach
from app.services.media_uploads import CutOff

PATIENCE = timedelta(minutes=1)  # left to whoever sent it, who is then told what is wrong with it
BUSY = "This file is being taken in. Try again in a few seconds."

log = logs.get("media")


def take(actor: Actor, profile_id: UUID, waiting: Iterable[UUID]) -> None:
    """Take in those of the announced files of a brand that have come.

    Ends the transaction. Raises ``ValidationFailed`` for one that is not what was announced, and
    ``Conflict`` for one that is being taken in at this moment.
    """
    for upload_id in waiting:
        reach(actor).profile(profile_id, need=Permission.MEDIA_WRITE)
        _take(upload_id)


def finish(actor: Actor, upload_id: UUID) -> Media:
    """The file of an announcement, taken in now if it has come.

    Raises ``Conflict`` for one that has not, or was refused before; else as ``take``.
    """
    row = reach(actor).get(MediaUpload, upload_id, need=Permission.MEDIA_WRITE)
    found = db.session.get(Media, upload_id) or _take(upload_id)
    if found is None:
        db.session.refresh(row)
        late = row.used_at is not None or row.expires_at <= now()
        raise Conflict(media_uploads.LATE if late else media_uploads.WAITING)
    return found


def take_arrived() -> int:
    """The job: take in what came more than a minute ago; how many files it judged."""
    done = 0
    for page in media.storage().arrived():
        for one in page:
            if one.at < now() - PATIENCE:
                done += _judged(one.name)
    return done


def _judged(name: str) -> bool:
    """Take in one file, or find that it is none of ours; a failure waits for the next time."""
    try:
        taken = _take(UUID(hex=name)) is not None
        log.info("arrival_taken" if taken else "arrival_unknown", upload=name)
    except Unavailable:
        raise  # the bucket or our disk: the others would fail too
    except Conflict:
        return False
    except AppError as error:
        log.info("arrival_refused", upload=name, error=type(error).__name__)
    return True


def _take(upload_id: UUID) -> Media | None:
    """The file of an announcement, taken in; ``None`` where nothing has come for it.

    What was judged, or belongs to nobody, does not stay in the bucket.
    """
    files, name = media.storage(), upload_id.hex
    row = db.session.get(MediaUpload, upload_id)
    if row is None or db.session.get(Media, upload_id) is not None:
        db.session.rollback()
        files.drop(name)
        return None
    promised = media_uploads.Promised.of(row)
    try:
        actor = media_uploads.maker(row)
        reach(actor).profile(row.profile_id, need=Permission.MEDIA_WRITE)
        db.session.rollback()  # only read so far; from here on the bucket thinks
        stream = files.arrival(name)
        with media.off_trial(), media_uploads.claimed(upload_id, came=True):
            try:
                made = promised.take(actor, stream)
            except CutOff as error:  # it lies there whole: no more of it will come
                raise ValidationFailed(error.message, field="fileSize") from error
    except FileNotFoundError:
        return None
    except Conflict as error:
        raise Conflict(BUSY, retry_after=1) from error
    except AppError as error:
        db.session.rollback()
        if error.status < 500:
            _drop(name)
        raise
    made_id = made.id
    db.session.rollback()
    _drop(name)
    return db.session.get_one(Media, made_id)


def _drop(name: str) -> None:
    """Let go of what was judged; what stays now is dropped by the next job or sweep."""
    try:
        media.storage().drop(name)
    except Unavailable:
        log.warning("arrival_left", upload=name)
