"""Files that nobody needs any more, in the folder or the bucket: found once a day and removed.

Whatever removes a row removes its file after that; here goes what was left by a crash, or by a
bucket that was away. It may be repeated at any time.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete as delete_rows
from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from app import logs
from app.clock import now, seconds
from app.extensions import db
from app.models.accounts import SocialAccount
from app.models.files import FileJob
from app.models.media import LinkCard, Media
from app.models.posts import PostMedia
from app.services.media import storage

DAY = 86_400.0  # seconds
FITTED_KEPT = 30 * DAY
MANY = 50  # unknown files; if there are more of them than known ones, the database is not ours

log = logs.get("media")
# Whatever keeps a file: a stored file in none of these columns belongs to nobody.
KEEPERS: tuple[InstrumentedAttribute[str | None], ...] = (
    Media.thumb_key, Media.poster_key, LinkCard.image_key, SocialAccount.avatar_key, FileJob.key,
)  # fmt: skip


def sweep_unused(older_than: float = DAY, fitted_older_than: float = FITTED_KEPT) -> int:
    """Remove files that no row knows, leftovers of crashes, and copies long unused; how many.

    Ages in seconds. Where most files are unknown, the database is likelier to be the wrong one
    than the files to be rubbish: nothing is removed then, and the log says so.
    """
    files = storage()
    swept = files.sweep(older_than, fitted_older_than)
    _forget_deleted(older_than)
    known, unknown = 0, list[str]()
    for keys in files.keys(older_than):
        found = _known(keys)
        known += len(found)
        unknown += [key for key in keys if key not in found]
    if len(unknown) > max(MANY, known):
        log.warning("sweep_refused", known=known, unknown=len(unknown))
        return swept
    for key in unknown:
        files.delete(key)
    return swept + len(unknown)


def _known(keys: Sequence[str]) -> set[str]:
    """Those of the keys that a row keeps."""
    found: set[str] = set()
    for start in range(0, len(keys), 400):  # SQLite takes a thousand values and no more
        some = keys[start : start + 400]
        alive = select(Media.key).where(Media.key.in_(some), Media.deleted_at.is_(None))
        found.update(db.session.scalars(alive))
        for column in KEEPERS:
            found.update(
                key for key in db.session.scalars(select(column).where(column.in_(some))) if key
            )
    db.session.rollback()  # the storage may be asked next
    return found


def _forget_deleted(older_than: float) -> None:
    """Drop the rows of deleted pictures that no post shows any more."""
    used = select(PostMedia.id).where(PostMedia.media_id == Media.id).exists()
    db.session.execute(
        delete_rows(Media)
        .where(Media.deleted_at < now() - seconds(older_than), ~used)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
