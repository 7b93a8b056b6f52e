"""Files announced first and sent after: the signed upload address (reliability §9, §11).

Where files lie in a bucket the address is the bucket's, and ``media_arrivals`` takes in what was
sent there; ours serves all the same.

The token is of one use and 15 minutes, and lets in one file: the one announced, of that size and
type. What is refused without reading the body does not use it up, nor does a body that was cut
off or a failure of ours; a file that was read whole and refused does.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import and_, delete, exists, or_, update
from werkzeug.exceptions import ClientDisconnected

from app import ids, images
from app.clock import now
from app.errors import (
    AppError,
    Conflict,
    Forbidden,
    NotFound,
    PayloadTooLarge,
    Unauthorized,
    ValidationFailed,
)
from app.extensions import db
from app.integrations.storage import Readable
from app.models.media import Media, MediaUpload
from app.permissions import Actor, Permission
from app.services import keys, media, usage
from app.services.access import reach

LASTS = timedelta(minutes=15)
DEAD = timedelta(hours=1)  # after that nobody is at work on a file any more
KEPT = timedelta(days=1)  # told apart from what never was, after it ran out
TYPES = (*images.MIMES, *images.FILMS)
ALIASES = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "video/x-m4v": "video/mp4"}
UNSAID = ("", "application/octet-stream", "binary/octet-stream")  # RFC 2046 §4.5.1
MIB = 1024 * 1024


class UnsupportedMedia(ValidationFailed):
    """A kind of file that we do not take."""

    code = "UNSUPPORTED_MEDIA_TYPE"


class CutOff(ValidationFailed):
    """The body ended before the file did: nobody's fault, so it may be sent again."""


class Bound:
    """A body that has to hold exactly so many bytes, and a video of just that kind."""

    def __init__(self, stream: Readable, size: int, mime: str) -> None:
        self._stream, self._left, self._mime, self._begun = stream, size, mime, False

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes. Raises ``ValidationFailed`` past the size, ``CutOff`` short of it."""
        piece = self._next(size)
        if not self._begun:
            self._begun = True
            _same(images.film_type(piece), self._mime)
        return piece

    def _next(self, size: int) -> bytes:
        try:
            piece = self._stream.read(size)
        except (ClientDisconnected, OSError) as error:
            raise CutOff(_short(self._left), field="file") from error
        self._left -= len(piece)
        if self._left < 0:
            raise ValidationFailed("This file is larger than announced.", field="fileSize")
        if not piece and self._left:
            raise CutOff(_short(self._left), field="file")
        return piece


@dataclass(frozen=True)
class Promised:
    """What an announcement says, for use after its transaction has ended."""

    id: UUID
    profile_id: UUID
    name: str
    size: int
    mime: str
    key: str

    @classmethod
    def of(cls, row: MediaUpload) -> Promised:
        """The announcement as plain data."""
        return cls(row.id, row.profile_id, row.name, row.size, row.mime, row.key)

    def take(self, actor: Actor, stream: Readable) -> Media:
        """Take the file in, if it is the announced one; the claim on it is the caller's."""
        bound = Bound(stream, self.size, self.mime)
        info, kept = media.receive(bound, self.mime, self.key)
        return media.keep(actor, self.profile_id, self.name, info, kept, media_id=self.id)


def announce(
    actor: Actor, profile_id: UUID, name: str, mime: str, size: int
) -> tuple[MediaUpload, str]:
    """Promise a file of ``size`` bytes a place in the library: its row, and the token.

    The upload counts from now on. Raises ``UnsupportedMedia``, ``PayloadTooLarge`` beyond 20 MB
    (a video: 200 MB), ``RateLimited``, ``QuotaExceeded``.
    """
    reach(actor).profile(profile_id, need=Permission.MEDIA_WRITE)
    if actor.user_id is None:
        raise Forbidden("Files are announced by people and their keys.")
    kind = typed(mime)
    if kind not in TYPES:
        raise UnsupportedMedia(f"Send one of {', '.join(TYPES)}.", field="contentType")
    most = images.MAX_FILM_BYTES if kind in images.FILMS else images.MAX_BYTES
    if size > most:
        raise PayloadTooLarge(
            f"A file of this kind has at most {most // MIB} MB.", field="fileSize"
        )
    token, at = secrets.token_urlsafe(32), now()
    row = MediaUpload(
        id=ids.uuid7(), profile_id=profile_id, uploaded_by=actor.user_id,
        api_key_id=actor.key_id, token_hash=ids.digest(token), key=media.storage().new_key(),
        name=media.shown(name), mime=kind, size=size, created_at=at, expires_at=at + LASTS,
    )  # fmt: skip
    try:
        usage.spend(usage.UPLOADS, profile_id, by_api=actor.key_id is not None)
        usage.require_room(profile_id, size)
    except AppError:
        db.session.rollback()
        raise
    db.session.add(row)
    db.session.commit()
    return row, token


def renew(actor: Actor, upload_id: UUID) -> tuple[MediaUpload, str]:
    """A new token in the place of one that nobody was told. Raises ``NotFound``, ``Conflict``."""
    row = reach(actor).get(MediaUpload, upload_id, need=Permission.MEDIA_WRITE)
    db.session.refresh(row, with_for_update=True)
    if row.used_at is not None:
        raise Conflict(USED)
    token = secrets.token_urlsafe(32)
    row.token_hash, row.expires_at = ids.digest(token), now() + LASTS
    db.session.commit()
    return row, token


def put(
    upload_id: UUID, token: str, stream: Readable, *, mime: str = "", length: int | None = None,
    address: str = "", request_id: str = "",
) -> Media:  # fmt: skip
    """Take the announced file; ``mime`` and ``length`` are what the request says of its body.

    Raises ``NotFound`` for an unknown token, ``Forbidden`` for one that has run out or whose
    maker lost the right, ``Conflict`` for a used one, ``ValidationFailed`` for another file.
    """
    row = _known(upload_id, token)
    actor = maker(row, address, request_id)
    reach(actor).profile(row.profile_id, need=Permission.MEDIA_WRITE)
    if typed(mime) not in UNSAID and typed(mime) != row.mime:
        raise ValidationFailed(
            f"This upload was announced as {row.mime}, not {typed(mime)[:60]}.",
            field="contentType",
        )
    if length is not None and length != row.size:
        raise ValidationFailed(
            f"This upload was announced with {row.size:,} bytes, not {length:,}.",
            field="fileSize",
        )
    promised = Promised.of(row)
    with claimed(upload_id):
        return promised.take(actor, stream)


def address(row: MediaUpload) -> str:
    """The bucket's own address for the announced file; empty where it is to come to us."""
    lasts = int(LASTS.total_seconds())
    return media.storage().signed_put(row.id.hex, row.mime, row.size, lasts)


def at_key(actor: Actor, profile_id: UUID, key: str) -> UUID | None:
    """The announcement of the brand whose file is to lie under that key."""
    query = reach(actor).query(MediaUpload)
    found = db.session.scalars(
        query.where(MediaUpload.profile_id == profile_id, MediaUpload.key == key)
    ).one_or_none()
    return None if found is None else found.id


def cancel(actor: Actor, profile_id: UUID, upload_id: UUID) -> bool:
    """Forget an announced file that has not come; whether there was one."""
    row = db.session.scalars(
        reach(actor)
        .query(MediaUpload)
        .where(
            MediaUpload.id == upload_id,
            MediaUpload.profile_id == profile_id,
            ~exists().where(Media.id == MediaUpload.id),
        )
    ).one_or_none()
    if row is None:
        return False
    actor.require(Permission.MEDIA_WRITE, profile_id)
    db.session.delete(row)
    db.session.commit()
    return True


def missing(actor: Actor, profile_id: UUID, wanted: Sequence[UUID]) -> dict[UUID, str]:
    """Those of the ids that were announced and have not come, each with what to do."""
    if not wanted:
        return {}
    waiting = (
        reach(actor)
        .query(MediaUpload)
        .where(
            MediaUpload.id.in_(wanted),
            MediaUpload.profile_id == profile_id,
            ~exists().where(Media.id == MediaUpload.id),
        )
    )
    return {
        row.id: LATE if row.expires_at <= now() or row.used_at is not None else WAITING
        for row in db.session.scalars(waiting)
    }


def sweep() -> int:
    """Forget announcements a day after they ran out; how many."""
    gone = db.session.execute(delete(MediaUpload).where(MediaUpload.expires_at < now() - KEPT))
    db.session.commit()
    return int(gone.rowcount)  # type: ignore[attr-defined]


def typed(mime: str) -> str:
    """A content type as we call it: without parameters, its one name."""
    plain = mime.partition(";")[0].strip().lower()
    return ALIASES.get(plain, plain)


USED = "This upload address was used already. Ask for a new one."
WAITING = "This file has not been uploaded yet. PUT it to its signedUrl first."
LATE = "This file did not come, or was refused. Ask for a new upload address and send it there."
EXPIRED = "This upload address has run out. Ask for a new one."


def _short(left: int) -> str:
    return f"The file is not whole: {left:,} bytes of what was announced did not come."


def _known(upload_id: UUID, token: str) -> MediaUpload:
    """The announcement that the token opens, still open."""
    row = db.session.get(MediaUpload, upload_id)
    given = ids.digest(token)
    if row is None or not hmac.compare_digest(row.token_hash, given):
        raise NotFound()
    if row.used_at is not None:
        raise Conflict(USED)
    if row.expires_at <= now():
        raise Forbidden(EXPIRED)
    return row


def maker(row: MediaUpload, address: str = "", request_id: str = "") -> Actor:
    """Whoever announced it, with the rights held now: a revoked key lets nothing in."""
    try:
        return keys.standing(
            row.uploaded_by, row.api_key_id, address=address, request_id=request_id
        )
    except Unauthorized as error:
        raise Forbidden(EXPIRED) from error


@contextmanager
def claimed(upload_id: UUID, *, came: bool = False) -> Iterator[None]:
    """The announcement is this request's alone; it is free again where no file was judged.

    ``came``: its file lies in the bucket, where it came in time; what a process that died was
    taking in is taken in again. Raises ``Conflict`` where somebody else has it.
    """
    unused = MediaUpload.used_at.is_(None)
    if came:
        free = or_(unused, MediaUpload.used_at < now() - DEAD)
    else:
        free = and_(unused, MediaUpload.expires_at > now())
    taken = db.session.execute(
        update(MediaUpload)
        .where(MediaUpload.id == upload_id, free)
        .values(used_at=now())
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(USED)
    try:
        yield
    except BaseException as error:
        judged = (
            isinstance(error, AppError) and error.status < 500 and not isinstance(error, CutOff)
        )
        db.session.rollback()
        if not judged:
            _free(upload_id)
        raise


def _free(upload_id: UUID) -> None:
    db.session.execute(update(MediaUpload).where(MediaUpload.id == upload_id).values(used_at=None))
    db.session.commit()


def _same(film: str, declared: str) -> None:
    """MP4 and MOV are told apart here: the type is what the bytes are (§11). Pictures, and a
    picture sent as a video or the other way round, are told apart where they are decoded."""
    if film and declared in images.FILMS and film != declared:
        raise ValidationFailed(
            f"This file is {film}, but was announced as {declared}.", field="contentType"
        )
