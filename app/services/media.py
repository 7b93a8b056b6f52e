"""Pictures of a brand: taking them in, describing them, letting them go (reliability §11).

File work happens outside transactions: it takes a child process and a disk's time, and on
SQLite an open transaction would keep everybody else waiting.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from uuid import UUID

from sqlalchemy import delete as delete_rows
from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from app import events, images, logs
from app.clock import now, seconds
from app.config import settings
from app.errors import Conflict, NotFound, ValidationFailed
from app.extensions import db
from app.images import Info
from app.integrations.storage import Readable, Storage, Stored
from app.models.accounts import SocialAccount
from app.models.media import LinkCard, Media
from app.models.posts import Post, PostMedia, PostStatus
from app.permissions import Actor, Permission
from app.services.access import reach

MAX_ALT = 2_000  # characters
MAX_NAME = 255
DAY = 86_400.0  # seconds
FITTED_KEPT = 30 * DAY
MANY = 50  # unknown files; if there are more of them than known ones, the database is not ours
NAMED = 3  # posts told by name where a picture is still needed
SETTLED = (PostStatus.PUBLISHED, PostStatus.DISCARDED)

log = logs.get("media")
# Whatever keeps a file: a stored file in none of these columns belongs to nobody.
KEEPERS: tuple[InstrumentedAttribute[str | None], ...] = (
    Media.thumb_key, LinkCard.image_key, SocialAccount.avatar_key,
)  # fmt: skip


def storage() -> Storage:
    """Where the installation's files lie."""
    return Storage.of(settings())


def upload(
    actor: Actor, profile_id: UUID, stream: Readable, name: str, declared_mime: str | None
) -> Media:
    """Take a picture into the brand's library: checked, cleaned of its location, thumbnailed.

    ``name`` is for show only. Raises ``PayloadTooLarge`` beyond 20 MB, ``ValidationFailed`` with
    ``field="file"`` for what is no whole JPEG, PNG, WebP or GIF, or not of the declared type.
    """
    reach(actor).profile(profile_id, need=Permission.MEDIA_WRITE)
    db.session.rollback()  # only read so far; from here on the disk thinks
    files = storage()
    with files.scratch() as folder:
        raw, cleaned, thumb = folder / "raw", folder / "clean", folder / "thumb"
        files.receive(stream, raw, images.MAX_BYTES)
        info, _ = images.take(raw, cleaned, thumb, declared_mime)
        kept, small = files.adopt(cleaned), files.adopt(thumb)
    try:
        return _enter(actor, profile_id, shown(name), info, kept, small)
    except BaseException:
        db.session.rollback()
        files.delete(kept.key)
        files.delete(small.key)
        raise


def get(actor: Actor, profile_id: UUID, media_id: UUID) -> Media:
    """A picture of that brand, also one taken from the library; ``NotFound`` for any other."""
    media = reach(actor).get(Media, media_id)
    if media.profile_id != profile_id:
        raise NotFound()
    return media


def usable(actor: Actor, profile_id: UUID, ids: Sequence[UUID]) -> list[Media]:
    """Pictures to put into a post, in that order; ``NotFound`` if one is not there to be used.

    Holds them until the transaction ends, so that none is deleted between look and commit.
    """
    statement = (
        reach(actor)
        .query(Media)
        .where(Media.id.in_(ids), Media.profile_id == profile_id, Media.deleted_at.is_(None))
        .with_for_update(read=True, key_share=True)
    )
    found = {row.id: row for row in db.session.scalars(statement)}
    if any(one not in found for one in ids):
        raise NotFound("That picture is no longer in the library.")
    return [found[one] for one in ids]


def file(media: Media) -> Path:
    """Where the picture's file lies; ``NotFound`` where it was deleted."""
    return _there(None if media.deleted_at else media.key)


def thumb(media: Media) -> Path:
    """Where its thumbnail lies: of a deleted picture too, while a published post shows it."""
    return _there(media.thumb_key)


def set_alt(actor: Actor, media_id: UUID, alt: str) -> Media:
    """Describe the picture; posts made from now on begin with this text."""
    media = _held(actor, media_id)
    if "\x00" in alt or any("\ud800" <= one <= "\udfff" for one in alt):
        raise ValidationFailed("This text holds a character that cannot be stored.", field="alt")
    if len(alt) > MAX_ALT:
        raise ValidationFailed(f"Keep the description under {MAX_ALT:,} characters.", field="alt")
    media.alt = alt.strip()
    db.session.commit()
    return media


def delete(actor: Actor, media_id: UUID) -> None:
    """Take the picture out of the library and off the disk.

    Raises ``Conflict`` naming the posts that still need it. What is published keeps its
    thumbnail, so that its page still shows what went out.
    """
    media = _held(actor, media_id)
    _refuse_needed(actor, media)
    gone = [media.key]
    if media.thumb_key and not _in_use(media.id):
        gone.append(media.thumb_key)
        media.thumb_key = None
    media.deleted_at = now()
    events.audit(
        db.session(), actor, "media.deleted", profile_id=media.profile_id, subject="media",
        subject_id=media.id, name=media.name,
    )  # fmt: skip
    db.session.commit()
    for key in gone:
        storage().delete(key)


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


def shown(name: str) -> str:
    """A user's file name as it may be shown: its last part, without anything unseen."""
    last = PurePosixPath(name.replace("\\", "/").replace("\x00", "")).name
    # Control, format (they turn text round), surrogate and private characters.
    plain = "".join(one for one in last if unicodedata.category(one)[0] != "C")
    return " ".join(plain.split())[:MAX_NAME] or "Picture"


def _enter(
    actor: Actor, profile_id: UUID, name: str, info: Info, kept: Stored, small: Stored
) -> Media:
    """The row, in a brand that may have been deleted while the file was looked at."""
    reach(actor).profile(profile_id, need=Permission.MEDIA_WRITE)
    media = Media(
        profile_id=profile_id, uploaded_by=actor.user_id, key=kept.key, thumb_key=small.key,
        name=name, mime=info.mime, size=kept.size, sha256=kept.sha256,
        width=info.width, height=info.height, frames=info.frames,
    )  # fmt: skip
    db.session.add(media)
    db.session.commit()
    return media


def _held(actor: Actor, media_id: UUID) -> Media:
    """The picture, locked for a change; ``NotFound`` for a deleted one."""
    media = reach(actor).get(Media, media_id, need=Permission.MEDIA_WRITE)
    db.session.refresh(media, with_for_update=True)
    if media.deleted_at is not None:
        raise NotFound()
    return media


def _in_use(media_id: UUID) -> bool:
    used = select(PostMedia.id).where(PostMedia.media_id == media_id).limit(1)
    return db.session.scalar(used) is not None


def _refuse_needed(actor: Actor, media: Media) -> None:
    """Raise ``Conflict`` where a post that may still go out shows the picture.

    That is every post not settled for good: a failed one can be sent again.
    """
    needed = (
        select(PostMedia.post_id)
        .join(Post, Post.id == PostMedia.post_id)
        .where(
            PostMedia.media_id == media.id,
            Post.discarded_at.is_(None),
            Post.status.not_in(SETTLED),
        )
    )
    ids = list(dict.fromkeys(db.session.scalars(needed)))
    if not ids:
        return
    rows = db.session.scalars(
        reach(actor).query(Post).where(Post.id.in_(ids)).order_by(Post.due_at.nulls_last(), Post.id)
    ).all()
    # A working copy stands for the post it edits, which is named already.
    named = [_called(post) for post in rows if post.edits_id not in ids]
    listed = ", ".join(named[:NAMED])
    more = len(named) - NAMED
    if more > 0:
        listed += f" and {more} more"
    raise Conflict(
        "This picture is needed by posts that are not out yet"
        + (f": {listed}" if listed else "")
        + ". Take it off them first.",
        field="media",
    )


def _called(post: Post) -> str:
    """A post's first words and its day, as a person would name it."""
    words = " ".join((post.parts or [""])[0].split())
    short = words if len(words) <= 40 else words[:39].rstrip() + "…"
    name = f"“{short}”" if short else "a post without text"
    if post.due_at is None:
        return name
    day = post.due_at.astimezone(post.profile.zone)
    return f"{name} on {day.day} {day:%B}"


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
    db.session.rollback()
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


def _there(key: str | None) -> Path:
    if key is None:
        raise NotFound()
    path = storage().path(key)
    if not path.is_file():
        raise NotFound()
    return path
