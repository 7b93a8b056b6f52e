"""Pictures and videos of a brand: taken in, described, let go (reliability §11).

File work happens outside transactions: it takes a child process and a disk's time, and on
SQLite an open transaction would keep everybody else waiting.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from uuid import UUID

from sqlalchemy import select

from app import events, ids, images, logs
from app.clock import now
from app.config import settings
from app.errors import Conflict, NotFound, Unavailable, ValidationFailed
from app.extensions import db
from app.images import Info
from app.integrations.storage import Readable, Storage, Stored
from app.models.media import Media
from app.models.posts import Post, PostMedia
from app.permissions import Actor, Permission
from app.services import media_uses, usage
from app.services.access import reach

MAX_ALT = 2_000  # characters
MAX_NAME = 255
HEAD = 4_096  # bytes that tell a video from a picture
NAMED = 3  # posts told by name where a picture is still needed

log = logs.get("media")


@dataclass(frozen=True)
class Kept:
    """The files of one upload."""

    file: Stored
    thumb: Stored
    poster: Stored | None  # of a video


# Files taken in for a look only: known to no row, and gone when the look is over.
_trial: ContextVar[dict[UUID, Media] | None] = ContextVar("trial", default=None)


@contextmanager
def on_trial() -> Iterator[None]:
    """Within, files are taken in as ever, but for a look: no row, no count, no file stays.

    They are checked, cleaned and kept in the storage until the end, where a rehearsal reads
    them; a process that dies before leaves them to ``media_sweeps``.
    """
    held: dict[UUID, Media] = {}
    mark, keys = _trial.set(held), list[str]()
    try:
        yield
    finally:
        _trial.reset(mark)
        for one in held.values():
            keys += [key for key in (one.key, one.thumb_key, one.poster_key) if key]
        if keys:
            db.session.rollback()  # a look leaves nothing to commit, and the storage may think
            let_go(keys)


@contextmanager
def standing_in(rows: Iterable[Media]) -> Iterator[None]:
    """Within, these count as files of the library, though nothing of them is here: for a look at
    a post whose files are yet to be fetched. The caller rolls back."""
    mark = _trial.set({row.id: row for row in rows})
    try:
        yield
    finally:
        _trial.reset(mark)


@contextmanager
def off_trial() -> Iterator[None]:
    """Within, files are taken in to stay, whoever looks."""
    mark = _trial.set(None)
    try:
        yield
    finally:
        _trial.reset(mark)


def trying() -> bool:
    """Whether files are taken in for a look only."""
    return _trial.get() is not None


def tried(media_id: UUID) -> Media | None:
    """The file of that id that is here for the look."""
    return (_trial.get() or {}).get(media_id)


class Begun:
    """A stream whose first bytes were looked at: they say how much of it may follow."""

    def __init__(self, stream: Readable) -> None:
        self.head, self._stream, self._given = stream.read(HEAD), stream, False

    def read(self, size: int = -1, /) -> bytes:
        """The first bytes, then the rest."""
        if not self._given:
            self._given = True
            return self.head
        return self._stream.read(size)


def storage() -> Storage:
    """Where the installation's files lie."""
    return Storage.of(settings())


def upload(
    actor: Actor, profile_id: UUID, stream: Readable, name: str, declared_mime: str | None
) -> Media:
    """Take a file into the brand's library: checked, cleaned of its location, thumbnailed.

    ``name`` is for show only. Raises ``PayloadTooLarge`` beyond 20 MB (a video: 200 MB),
    ``ValidationFailed`` with ``field="file"`` for what is no whole JPEG, PNG, WebP, GIF, MP4 or
    MOV, or not of the declared type; ``RateLimited`` and ``QuotaExceeded`` past the limits.
    """
    reach(actor).profile(profile_id, need=Permission.MEDIA_WRITE)
    _count(actor, profile_id)  # told before the file comes; counted when its row is made
    db.session.rollback()  # only read so far; from here on the disk thinks
    info, kept = receive(stream, declared_mime)
    return keep(
        actor, profile_id, shown(name), info, kept, before=lambda: _count(actor, profile_id)
    )


def receive(stream: Readable, declared_mime: str | None, key: str = "") -> tuple[Info, Kept]:
    """A file off the stream: stored, with what it is. The caller makes the row of it, and calls
    this outside of transactions. ``key``: where it was promised to lie."""
    files = storage()
    with files.scratch() as folder:
        raw, cleaned, thumb = folder / "raw", folder / "clean", folder / "thumb"
        poster = folder / "poster"
        known = Begun(stream)
        moving = images.is_film(known.head)
        files.receive(known, raw, images.MAX_FILM_BYTES if moving else images.MAX_BYTES)
        if moving:
            info = images.take_film(raw, cleaned, poster, thumb, declared_mime)
        else:
            info, _ = images.take(raw, cleaned, thumb, declared_mime)
        kept = Kept(
            files.adopt(cleaned, key), files.adopt(thumb), files.adopt(poster) if moving else None
        )
    return info, kept


def crop(
    actor: Actor, profile_id: UUID, media_id: UUID, box: tuple[int, int, int, int],
    size: tuple[int, int],
) -> Media:  # fmt: skip
    """A part of a picture as a new one of the library; the old one stays as it is.

    ``box`` is left, top, right, bottom in pixels, ``size`` how wide and high it is made.
    """
    media = get(actor, profile_id, media_id)
    reach(actor).profile(profile_id, need=Permission.MEDIA_WRITE)
    name, alt = media.name, media.alt
    source = file(media)
    files = storage()
    with files.scratch() as folder:
        cut, thumb = folder / "cut", folder / "thumb"
        info, _ = images.crop(source, cut, thumb, box, size)
        kept = Kept(files.adopt(cut), files.adopt(thumb), None)
    made = keep(actor, profile_id, name, info, kept)
    made.alt = alt
    db.session.commit()
    return made


def get(actor: Actor, profile_id: UUID, media_id: UUID) -> Media:
    """A picture of that brand, also one taken from the library; ``NotFound`` for any other."""
    media = reach(actor).get(Media, media_id)
    if media.profile_id != profile_id:
        raise NotFound()
    return media


def kept_at(actor: Actor, profile_id: UUID, key: str) -> UUID | None:
    """The file of that brand's library that is stored under the key."""
    found = db.session.scalars(
        reach(actor)
        .query(Media)
        .where(
            Media.profile_id == profile_id,
            Media.key == key,
            Media.deleted_at.is_(None),
        )
    ).one_or_none()
    return None if found is None else found.id


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
    found |= {row.id: row for row in (_trial.get() or {}).values() if row.profile_id == profile_id}
    if any(one not in found for one in ids):
        raise NotFound("That picture is no longer in the library.")
    return [found[one] for one in ids]


def file(media: Media) -> Path:
    """The picture's file on this machine; ``NotFound`` where it was deleted.

    Ends the session's transaction, as all three: a bucket may have to be asked for it.
    """
    return _there(None if media.deleted_at else media.key)


def thumb(media: Media) -> Path:
    """Where its thumbnail lies: of a deleted picture too, while a published post shows it."""
    return _there(media.thumb_key)


def stored(key: str | None) -> Path:
    """A file that some other row keeps: a card's picture, an account's."""
    return _there(key)


def set_alt(actor: Actor, media_id: UUID, alt: str) -> Media:
    """Describe the picture; posts made from now on begin with this text."""
    media = held(actor, media_id)
    media.alt = alt_text(alt)
    db.session.commit()
    return media


def alt_text(given: str) -> str:
    """A description as it is stored; ``ValidationFailed`` with ``field="alt"``."""
    if "\x00" in given or any("\ud800" <= one <= "\udfff" for one in given):
        raise ValidationFailed("This text holds a character that cannot be stored.", field="alt")
    if len(given) > MAX_ALT:
        raise ValidationFailed(f"Keep the description under {MAX_ALT:,} characters.", field="alt")
    return given.strip()


def delete(actor: Actor, media_id: UUID) -> None:
    """Take the picture out of the library and off the disk.

    Raises ``Conflict`` naming the posts, templates and schedules that still need it. What is
    published keeps its thumbnail, so that its page still shows what went out.
    """
    media = held(actor, media_id)
    _refuse_needed(actor, media)
    media_uses.refuse_kept(actor, media)
    gone = [media.key, *([media.poster_key] if media.poster_key else [])]
    media.poster_key = None
    if media.thumb_key and not _in_use(media.id):
        gone.append(media.thumb_key)
        media.thumb_key = None
    media.deleted_at = now()
    events.audit(
        db.session(), actor, "media.deleted", profile_id=media.profile_id, subject="media",
        subject_id=media.id, name=media.name,
    )  # fmt: skip
    db.session.commit()
    let_go(gone)


def let_go(keys: Iterable[str | None]) -> None:
    """Remove files that no row keeps any more; call it once that is committed.

    What cannot be removed now (a bucket is away) is left to ``media_sweeps``: nobody has to hear
    of it, since for them the file is gone.
    """
    try:
        for key in keys:
            if key:
                storage().delete(key)
    except Unavailable:
        log.warning("files_left_to_sweep")


def shown(name: str) -> str:
    """A user's file name as it may be shown: its last part, without anything unseen."""
    last = PurePosixPath(name.replace("\\", "/").replace("\x00", "")).name
    # Control, format (they turn text round), surrogate and private characters.
    plain = "".join(one for one in last if unicodedata.category(one)[0] != "C")
    return " ".join(plain.split())[:MAX_NAME] or "Picture"


def keep(
    actor: Actor, profile_id: UUID, name: str, info: Info, kept: Kept, *,
    media_id: UUID | None = None, before: Callable[[], None] | None = None,
) -> Media:  # fmt: skip
    """The row of new files; none of them stays where it cannot be made.

    ``before`` runs in the row's transaction. Raises ``QuotaExceeded`` past the plan's storage.
    """
    try:
        if before is not None:
            before()
        return _enter(actor, profile_id, name, info, kept, media_id)
    except BaseException:
        db.session.rollback()
        let_go(one.key for one in (kept.file, kept.thumb, kept.poster) if one is not None)
        raise


def _count(actor: Actor, profile_id: UUID) -> None:
    """One upload of the hour and the month, in the session's transaction."""
    usage.spend(usage.UPLOADS, profile_id, by_api=actor.key_id is not None)


def _enter(
    actor: Actor, profile_id: UUID, name: str, info: Info, kept: Kept, media_id: UUID | None
) -> Media:
    """The row, in a brand that may have been deleted while the file was looked at."""
    reach(actor).profile(profile_id, need=Permission.MEDIA_WRITE)
    usage.require_room(profile_id, kept.file.size)
    media = Media(
        id=media_id or ids.uuid7(), profile_id=profile_id, uploaded_by=actor.user_id,
        key=kept.file.key, thumb_key=kept.thumb.key,
        poster_key=kept.poster.key if kept.poster else None,
        name=name, mime=info.mime, size=kept.file.size, sha256=kept.file.sha256,
        width=info.width, height=info.height, frames=info.frames, seconds=info.seconds,
        codec=info.codec,
    )  # fmt: skip
    trial = _trial.get()
    if trial is not None:
        media.alt = ""
        trial[media.id] = media
        db.session.rollback()
        return media
    db.session.add(media)
    db.session.commit()
    return media


def held(actor: Actor, media_id: UUID) -> Media:
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
            Post.status.not_in(media_uses.SETTLED),
        )
    )
    found = list(dict.fromkeys(db.session.scalars(needed)))
    if not found:
        return
    rows = db.session.scalars(
        reach(actor)
        .query(Post)
        .where(Post.id.in_(found))
        .order_by(Post.due_at.nulls_last(), Post.id)
    ).all()
    # A working copy stands for the post it edits, which is named already.
    told = [post for post in rows if post.edits_id not in found]
    named = [media_uses.called(post.parts, post.due_at, post.profile.zone) for post in told]
    listed = ", ".join(named[:NAMED])
    more = len(named) - NAMED
    if more > 0:
        listed += f" and {more} more"
    raise Conflict(
        "This picture is needed by posts that are not out yet"
        + (f": {listed}" if listed else "")
        + ". Take it off them first.",
        field="media",
        facts={"posts": [str(post.id) for post in told]},
    )


def _there(key: str | None) -> Path:
    if not key:
        raise NotFound()
    db.session.rollback()
    try:
        return storage().local(key)
    except FileNotFoundError as error:
        raise NotFound() from error
