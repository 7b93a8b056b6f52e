"""Earlier texts of a post: kept with every save, a few minutes of one person as one version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, delete, inspect, select

from app.clock import now
from app.errors import NotFound
from app.extensions import db, networks
from app.models.people import User
from app.models.posts import Post
from app.models.versions import PostVersion
from app.permissions import Actor
from app.services import diffs
from app.services.access import reach
from app.services.diffs import Piece

MOST = 50  # of a post
TOGETHER = timedelta(minutes=10)  # of one person: one version
LOST = 40  # characters: where more than half of so many goes away, what was there stays a version


@dataclass(frozen=True)
class Said:
    """All texts of a post: the shared parts, and the parts of networks with their own."""

    parts: tuple[str, ...]
    own: Mapping[str, tuple[str, ...]]

    @property
    def length(self) -> int:
        return sum(map(len, self.parts)) + sum(len(t) for one in self.own.values() for t in one)


@dataclass(frozen=True)
class Version:
    """One of the list: who left it, when last, and how it begins; its ``text`` whole."""

    id: UUID
    who: str
    at: datetime
    words: str
    text: Said
    current: bool


@dataclass(frozen=True)
class Section:
    """One text beside the same one now. ``pieces`` tell what using it would change."""

    title: str
    pieces: tuple[Piece, ...]
    changed: bool


def said(post: Post) -> Said:
    """The texts as they are."""
    return Said(tuple(post.parts), {v.network: tuple(v.parts) for v in post.variants})


def keep(actor: Actor, post: Post, before: Said, *, anew: bool = False) -> None:
    """Remember what was just written; the caller has locked the post, and commits.

    The first change of a post also keeps what was there ``before``. ``anew`` begins a new version
    whatever the time since the last.
    """
    after = said(post)
    if after == before or not inspect(post).persistent:
        return
    last = db.session.scalars(_of(post).order_by(PostVersion.id.desc()).limit(1)).first()
    at = now()
    if last is None and before.length:
        made = post.updated_at or at
        db.session.add(_row(post, before, post.author_id, False, made))
        db.session.flush()
    by_key = actor.key_id is not None
    if (
        last is not None and not anew and at - last.began_at < TOGETHER
        and (last.author_id, last.by_key) == (actor.user_id, by_key)
        and not _loses(of(last), after)
    ):  # fmt: skip
        last.parts, last.own, last.saved_at = list(after.parts), _plain(after), at
        return
    db.session.add(_row(post, after, actor.user_id, by_key, at))
    db.session.flush()
    if last is not None:
        _prune(post)


def listed(actor: Actor, post: Post) -> list[Version]:
    """The versions of the post, the newest first; ``current`` is what it says now."""
    rows = db.session.scalars(
        reach(actor)
        .query(PostVersion)
        .where(PostVersion.post_id == _id(post))
        .order_by(PostVersion.id.desc())
        .limit(MOST)
    ).all()
    people = {one.author_id for one in rows if one.author_id}
    names = {
        row.id: row.name or row.email
        for row in db.session.execute(
            select(User.id, User.name, User.email).where(User.id.in_(people))
        )
    }
    current = said(post)
    found = []
    for row in rows:
        who = names.get(row.author_id, "Somebody") if row.author_id else "Somebody"
        words = " ".join(" ".join(row.parts)[:300].split())
        found.append(
            Version(
                row.id, f"{who}, with a key" if row.by_key else who, row.saved_at, words, of(row),
                of(row) == current,
            )
        )  # fmt: skip
    return found


def get(actor: Actor, post: Post, version_id: UUID) -> PostVersion:
    """One version of this post; ``NotFound`` for any other."""
    row = reach(actor).get(PostVersion, version_id)
    if row.post_id != _id(post):
        raise NotFound("We could not find that version.")
    return row


def of(row: PostVersion) -> Said:
    """The texts of a version."""
    return Said(tuple(row.parts), {name: tuple(parts) for name, parts in row.own.items()})


def beside(then: Said, post: Post) -> list[Section]:
    """Every text of a version beside the post's: what would come back, and what would go."""
    today = said(post)
    found = _sections("Everyone", then.parts, today.parts)
    for name in sorted(then.own.keys() | today.own.keys()):
        title = f"{networks.get(name).title}, its own text"
        found += _sections(title, then.own.get(name, ()), today.own.get(name, ()))
    return found


def _sections(title: str, then: tuple[str, ...], today: tuple[str, ...]) -> list[Section]:
    found = []
    count = max(len(then), len(today))
    for place in range(count):
        old = today[place] if place < len(today) else ""
        new = then[place] if place < len(then) else ""
        name = f"{title}, part {place + 1}" if count > 1 else title
        found.append(Section(name, tuple(diffs.words(old, new)), old != new))
    return found


def _of(post: Post) -> Select[PostVersion]:
    return select(PostVersion).where(PostVersion.post_id == _id(post))


def _id(post: Post) -> UUID:
    return post.edits_id or post.id


def _row(post: Post, text: Said, author_id: UUID | None, by_key: bool, at: datetime) -> PostVersion:
    return PostVersion(
        post_id=_id(post), profile_id=post.profile_id, author_id=author_id, by_key=by_key,
        parts=list(text.parts), own=_plain(text), began_at=at, saved_at=at,
    )  # fmt: skip


def _plain(text: Said) -> dict[str, list[str]]:
    return {name: list(parts) for name, parts in text.own.items()}


def _loses(was: Said, after: Said) -> bool:
    return was.length >= LOST and after.length * 2 < was.length


def _prune(post: Post) -> None:
    oldest = (
        select(PostVersion.id)
        .where(PostVersion.post_id == _id(post))
        .order_by(PostVersion.id.desc())
        .offset(MOST)
        .limit(1)
        .scalar_subquery()
    )
    db.session.execute(
        delete(PostVersion)
        .where(PostVersion.post_id == _id(post), PostVersion.id <= oldest)
        .execution_options(synchronize_session=False)
    )
