"""A folder of Markdown files on its way in: what is new, changed, the same or gone.

Nothing is changed before somebody has seen it. A post that the folder was made with and that is
not in it any more is only shown as gone: it is deleted where somebody says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import joinedload, selectinload

from app import ids
from app.clock import zone as zone_named
from app.errors import Conflict, NotFound, ValidationFailed
from app.extensions import db
from app.models.files import FileJob, FileKind, FileRow, FileState
from app.models.media import Media
from app.models.posts import OPEN_TO_EDIT, Post, PostTarget, TargetState
from app.models.profiles import Profile
from app.permissions import Actor, Permission
from app.services import (
    account_refs,
    cards,
    file_jobs,
    folder_diff,
    folder_files,
    import_rows,
    importing,
    labels,
    media,
    post_files,
    posts,
    submissions,
)
from app.services.access import reach
from app.services.account_refs import Accounts
from app.services.file_jobs import Held
from app.services.folder_files import Folder
from app.services.front_matter import Unreadable
from app.services.post_files import Document

MOST = 200 * 1024 * 1024  # bytes of the zip
PLANNED = ("", "scheduled", "held", "retrying", "queued")
NEAR = 50  # posts of the same moment that are compared with one without an id
OUT = "It has gone out, or is going out, so it stays as it is."
SINCE = "Somebody changed this post here since the folder was made."
MEANWHILE = "Somebody changed this post since you looked at the folder. Import the folder again."
UNTOUCHED = (*OPEN_TO_EDIT, TargetState.CANCELLED, TargetState.DISCARDED)


def take(actor: Actor, profile_id: UUID, name: str, stream: IO[bytes]) -> FileJob:
    """Judge a zip, keep it, and have it looked at.

    Raises ``ValidationFailed`` or ``PayloadTooLarge`` with ``field`` ``file``, ``Conflict`` while
    too many are under way.
    """
    reach(actor).profile(profile_id, need=Permission.POST_WRITE)
    file_jobs.refuse_many(actor, profile_id)
    db.session.rollback()
    files = media.storage()
    with files.scratch() as folder:
        path = folder / "import"
        size = files.receive(stream, path, MOST)
        with folder_files.opened(path) as found:
            total = len(found.texts)
        stored = files.adopt(path)
    try:
        return file_jobs.ask(
            actor, profile_id, FileKind.IMPORT_FOLDER, name=media.shown(name), total=total,
            key=stored.key, size=size,
        )  # fmt: skip
    except BaseException:
        db.session.rollback()
        media.let_go([stored.key])
        raise


def work(held: Held, actor: Actor) -> None:
    """Look at the folder, or take it in: what the job is at."""
    row = held.row()
    profile_id, key, making = row.profile_id, row.key, row.step == importing.MAKE
    actor.require(Permission.POST_WRITE, profile_id)
    path = _path(key)
    with folder_files.opened(path) as folder:
        if not making:
            _look_at(held, actor, profile_id, folder)
            return

        def one_row(held: Held, actor: Actor, profile: Profile, row: FileRow) -> None:
            _make_row(held, actor, profile, row, folder)

        importing.make(held, actor, reach(actor).get(Profile, profile_id), one_row)
    db.session.execute(update(FileJob).where(FileJob.id == held.id).values(key=None))
    db.session.commit()
    media.let_go([key])


def _path(key: str | None) -> Path:
    try:
        return media.stored(key)
    except NotFound as error:
        raise ValidationFailed("The file has had its day. Import it again.") from error


def _look_at(held: Held, actor: Actor, profile_id: UUID, folder: Folder) -> None:
    """Every file of the folder as a row, then what is gone."""
    known = _rows(held.id)
    seen: set[UUID] = set()
    for number, name in enumerate(folder.texts, 1):
        if number in known:  # looked at before a worker died
            row = known[number]
            if row.data.get("post"):
                seen.add(UUID(row.data["post"]))
            continue
        accounts = account_refs.of_brand(actor, profile_id)
        profile = reach(actor).get(Profile, profile_id)
        post_id = _look(held, actor, profile, accounts, folder, number, name, seen)
        if post_id is not None:
            seen.add(post_id)
        held.beat(number)
    for number, post in enumerate(_gone(actor, profile_id, folder, seen), len(folder.texts) + 1):
        if number not in known:
            _keep_gone(held.id, number, post)
    held.end(FileState.READY, done=len(folder.texts))


def _rows(job_id: UUID) -> dict[int, FileRow]:
    return {
        row.number: row
        for row in db.session.scalars(select(FileRow).where(FileRow.job_id == job_id))
    }


def _look(
    held: Held, actor: Actor, profile: Profile, accounts: Accounts, folder: Folder, number: int,
    name: str, seen: set[UUID],
) -> UUID | None:  # fmt: skip
    """One file; the id of the post it is of, where there is one."""
    try:
        found = post_files.read(folder.text(name))
    except Unreadable as error:
        _keep(held.id, number, {**_empty(), "path": name}, importing.WRONG, [str(error)])
        return None
    data = _data(name, found)
    missing = [one.file for one in found.media if not folder.has(one.file)]
    post = _post_of(actor, profile, accounts, folder, found, data)
    if post is not None and post.id in seen:
        words = "Another file of this folder is of the same post."
        _keep(held.id, number, data, importing.WRONG, [words])
        return post.id
    changes = folder_diff.changes(found, post, accounts, profile, folder) if post else []
    if post is not None and not changes:
        _keep(held.id, number, data | {"post": str(post.id)}, "same", [])
        return post.id
    problems = [f"{one} is not in the folder." for one in missing]
    if post is not None and any(one.state not in UNTOUCHED for one in post.targets):
        problems.append(OUT)
    if post is None and found.state not in (*PLANNED, "draft"):
        problems.append(f"“{found.state[:40]}” is no state to import. Write scheduled or draft.")
    data |= {"changes": changes, "notes": []}
    stale = post is not None and bool(found.rev) and found.rev != str(post.rev)
    if post is not None:
        data |= {"post": str(post.id), "seen_rev": post.rev}
    post_id = post.id if post is not None else None
    if not problems:
        look = import_rows.look(actor, profile, accounts, data, post)
        problems = look.problems
        data |= {
            "at": look.at.isoformat() if look.at else "",
            "account_ids": [str(one.id) for one in look.accounts],
            "notes": [*([SINCE] if stale else []), *look.notes],
        }
    mark = importing.WRONG if problems else "new" if post_id is None else "changed"
    _keep(held.id, number, data, mark, problems, chosen=not stale, post_id=post_id or ids.uuid7())
    return post_id


def _empty() -> dict[str, Any]:
    return {
        "time": "", "zone": "", "accounts": [], "parts": [""], "texts": {}, "link": "",
        "media": [], "options": {}, "draft": False, "notes": [], "changes": [],
    }  # fmt: skip


def _data(name: str, found: Document) -> dict[str, Any]:
    return _empty() | {
        "path": name, "time": found.time, "zone": found.zone, "accounts": list(found.accounts),
        "parts": list(found.parts), "link": found.link, "options": dict(found.options),
        "texts": {network: list(parts) for network, parts in found.texts.items()},
        "labels": list(found.labels), "media": [vars(one) for one in found.media],
        "draft": folder_diff.is_draft(found),
    }  # fmt: skip


def _keep(
    job_id: UUID, number: int, data: dict[str, Any], mark: str, problems: Sequence[str], *,
    chosen: bool = True, post_id: UUID | None = None,
) -> None:  # fmt: skip
    db.session.rollback()
    db.session.add(
        FileRow(
            job_id=job_id, number=number, mark=mark, data=data, chosen=chosen, post_id=post_id,
            problems=list(dict.fromkeys(problems)),
        )
    )  # fmt: skip
    db.session.commit()


def _keep_gone(job_id: UUID, number: int, post: Post) -> None:
    fixed = any(one.state not in UNTOUCHED for one in post.targets)
    data = _empty() | {"parts": list(post.parts), "fixed": fixed, "seen_rev": post.rev,
                       "notes": ["It has gone out and stays."] if fixed else []}  # fmt: skip
    _keep(job_id, number, data, "gone", [], chosen=False, post_id=post.id)


def _post_of(
    actor: Actor, profile: Profile, accounts: Accounts, folder: Folder, found: Document,
    data: dict[str, Any],
) -> Post | None:  # fmt: skip
    """The post that a file is of: by its id, else one that is the same in every way."""
    named = importing.as_id(found.id)
    if named is not None:
        post = _loaded(actor, profile, Post.id == named)
        if post:
            return post[0]
    if not found.time:
        where: Any = Post.due_at.is_(None)
    else:
        try:
            name = found.zone or profile.time_zone
            at = import_rows.moment(found.time, zone_named(name), name)
        except ValidationFailed:
            return None
        where = Post.due_at == at
    same = _loaded(actor, profile, where)
    return next(
        (p for p in same if not folder_diff.changes(found, p, accounts, profile, folder)), None
    )


def _loaded(actor: Actor, profile: Profile, where: Any) -> list[Post]:
    return list(
        db.session.scalars(
            reach(actor)
            .query(Post)
            .where(Post.profile_id == profile.id, *cards.OURS, where)
            .options(
                selectinload(Post.targets).joinedload(PostTarget.account),
                selectinload(Post.variants), selectinload(Post.media), joinedload(Post.profile),
            )
            .order_by(Post.id.desc())
            .limit(NEAR)
        ).unique()
    )  # fmt: skip


def _gone(actor: Actor, profile_id: UUID, folder: Folder, seen: set[UUID]) -> Iterator[Post]:
    """Posts that the folder was made with, that are here, and that no file of it is of."""
    left = [one for one in folder.listed() if one not in seen]
    for start in range(0, len(left), NEAR):
        profile = reach(actor).get(Profile, profile_id)
        yield from _loaded(actor, profile, Post.id.in_(left[start : start + NEAR]))


def _make_row(held: Held, actor: Actor, profile: Profile, row: FileRow, folder: Folder) -> None:
    """A file becomes a post or changes one; a post that is gone is deleted."""
    data, mark, post_id, row_id = dict(row.data), row.mark, row.post_id, row.id
    profile_id = profile.id
    assert post_id is not None
    if mark == "gone":
        _delete(actor, post_id, data["seen_rev"])
        return
    at = datetime.fromisoformat(data["at"]) if data["at"] else None
    if mark == "changed":
        _change(held, actor, profile, row_id, post_id, data, at, folder)
        return
    if not importing.exists(post_id):
        shots = _shots(held, actor, profile_id, row_id, data, folder)
        importing.create(actor, profile_id, data, at, shots, post_id)
    importing.wear(profile_id, post_id, data)
    if data["draft"] and at is not None and posts.get(actor, post_id).due_at is None:
        posts.move(actor, post_id, at)


def _delete(actor: Actor, post_id: UUID, rev: int) -> None:
    try:
        post = posts.get(actor, post_id)
    except NotFound:
        return  # it is
    if post.rev != rev:
        raise Conflict(MEANWHILE)
    posts.discard(actor, post_id)


def _change(
    held: Held, actor: Actor, profile: Profile, row_id: UUID, post_id: UUID,
    data: dict[str, Any], at: datetime | None, folder: Folder,
) -> None:  # fmt: skip
    post = posts.get(actor, post_id)
    accounts = account_refs.of_brand(actor, profile.id)
    found = post_files.read(folder.text(data["path"]))
    if not folder_diff.changes(found, post, accounts, profile, folder):
        return  # whoever had this row before us did it
    if post.rev != data["seen_rev"]:
        raise Conflict(MEANWHILE)
    armed, due = post.armed, post.due_at
    own = {one.network: None for one in post.variants}
    cleared: dict[str, Any] = {network: {} for network in post.options}
    shots = _shots(held, actor, profile.id, row_id, data, folder)
    data = data | {"texts": {**own, **data["texts"]}, "options": {**cleared, **data["options"]}}
    wanted = [UUID(one) for one in data["account_ids"]]
    sent = import_rows.submission(data, at, shots)
    _relabel(profile.id, post_id, import_rows.labels_of(data))
    draft = bool(data["draft"])
    timed = (armed and draft) or (not armed and not draft) or at != due
    submissions.change(actor, post_id, sent, wanted, due_at=None if draft else at, timed=timed)
    if draft and at is not None and posts.get(actor, post_id).due_at != at:
        posts.move(actor, post_id, at)


def _relabel(profile_id: UUID, post_id: UUID, names: Sequence[str]) -> None:
    """In the transaction of the change that follows, so that both are done or neither."""
    worn, keys = labels.of_posts([post_id]).get(post_id, []), {one.casefold() for one in names}
    if off := [one for one in worn if one.casefold() not in keys]:
        labels.take_off(profile_id, post_id, off)
    labels.put_on(profile_id, post_id, names, labels.known(profile_id))


def _shots(
    held: Held, actor: Actor, profile_id: UUID, row_id: UUID, data: dict[str, Any], folder: Folder
) -> list[tuple[UUID, str | None]]:
    """The row's files in the library: those that are there by their bytes, the others taken in."""
    made: list[tuple[UUID, str | None]] = []
    have: dict[str, str] = dict(data.get("taken", {}))
    for shot in data["media"]:
        name = shot["file"]
        if name not in have:
            have[name] = str(_taken(actor, profile_id, folder, name))
            data["taken"] = have
            db.session.execute(update(FileRow).where(FileRow.id == row_id).values(data=data))
            held.beat()
        made.append((UUID(have[name]), shot["alt"]))
    return made


def _taken(actor: Actor, profile_id: UUID, folder: Folder, name: str) -> UUID:
    there = db.session.scalar(
        reach(actor)
        .query(Media)
        .with_only_columns(Media.id)
        .where(
            Media.profile_id == profile_id,
            Media.sha256 == folder.digest(name),
            Media.deleted_at.is_(None),
        )
        .limit(1)
    )
    if isinstance(there, UUID):
        return there
    with folder.open(name) as file:
        return media.upload(actor, profile_id, file, name, None).id
