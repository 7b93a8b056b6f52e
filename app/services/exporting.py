"""Exports: the plan and its history as a table or a folder, written aside, kept for a day."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from app import events
from app.clock import now
from app.errors import NotFound, ValidationFailed
from app.extensions import db
from app.integrations.storage import PIECE
from app.models.files import FileJob, FileKind, FileState
from app.models.media import Media
from app.models.posts import Post
from app.models.profiles import Profile
from app.permissions import Actor, Permission
from app.services import (
    account_refs,
    export_table,
    file_jobs,
    labels,
    media,
    plan_posts,
    post_files,
)
from app.services.access import reach
from app.services.file_jobs import Held
from app.services.plan_posts import Choice
from app.services.post_files import Document

AT_ONCE = 300  # posts of a table that is given at once
TABLE, FOLDER = 20_000, 2_000  # posts of one file
BYTES = 2 * 1024**3  # of a folder's media, all together
MANIFEST = "carillon.json"
VERSION = 1


class TooMuch(Exception):
    """The folder's media are more than one file holds."""


def ask(actor: Actor, profile_id: UUID, kind: FileKind, choice: Choice) -> bytes | FileJob:
    """The table itself where it is short, else the job that writes the file.

    Raises ``ValidationFailed`` with ``field`` ``first`` or ``last`` for a range that is none or
    holds too much.
    """
    profile = reach(actor).profile(profile_id, need=Permission.POST_READ)
    if choice.last < choice.first:
        raise ValidationFailed("The last day is before the first.", field="last")
    found = plan_posts.count(actor, profile, choice)
    most = TABLE if kind is FileKind.EXPORT_TABLE else FOLDER
    if not found:
        raise ValidationFailed("There are no posts on these days.", field="first")
    if found > most:
        words = f"These are {found:,} posts, and one file holds up to {most:,}. Choose fewer days."
        raise ValidationFailed(words, field="last")
    at_once = kind is FileKind.EXPORT_TABLE and found <= AT_ONCE
    if not at_once:
        file_jobs.refuse_many(actor, profile_id)
    events.audit(
        db.session(), actor, "posts.exported", profile_id=profile_id, subject="profile",
        subject_id=profile_id, kind=kind.value, first=choice.first.isoformat(),
        last=choice.last.isoformat(), posts=found,
    )  # fmt: skip
    if at_once:
        made = b"".join(piece for piece, _ in export_table.pieces(actor, profile, choice))
        db.session.commit()
        return made
    name = file_name(profile, kind, choice)
    return file_jobs.ask(actor, profile_id, kind, name=name, asked=choice.stored(), total=found)


def file_name(profile: Profile, kind: FileKind, choice: Choice) -> str:
    """``marram-coffee-2026-05-01-to-2026-05-31.csv``"""
    ending = "csv" if kind is FileKind.EXPORT_TABLE else "zip"
    return f"{profile.slug}-{choice.first}-to-{choice.last}.{ending}"


def work(held: Held, actor: Actor) -> None:
    """Write the file and store it. Begun anew where somebody died over it."""
    row = held.row()
    profile_id, kind, choice = row.profile_id, row.kind, Choice.of(row.asked)
    profile = reach(actor).profile(profile_id, need=Permission.POST_READ)
    held.beat(0)
    files = media.storage()
    with files.scratch() as folder:
        path = folder / "export"
        try:
            if kind is FileKind.EXPORT_TABLE:
                _table(held, actor, profile, choice, path)
            else:
                _folder(held, actor, profile, choice, path)
        except TooMuch:
            words = "The pictures and videos of these posts are more than 2 GB. Choose fewer days."
            held.end(FileState.FAILED, problem=words)
            return
        db.session.rollback()
        stored = files.adopt(path)
    try:
        held.end(
            FileState.DONE, key=stored.key, size=stored.size,
            expires_at=now() + file_jobs.KEPT,
        )  # fmt: skip
    except file_jobs.Lost:
        media.let_go([stored.key])
        raise


def opened(actor: Actor, profile_id: UUID, job_id: UUID) -> tuple[Path, FileJob]:
    """A finished file on this machine; ``NotFound`` for one that is not there any more."""
    row = file_jobs.get(actor, profile_id, job_id, file_jobs.EXPORTS)
    if not file_jobs.downloadable(row):
        raise NotFound("This file has ended. Make the export again.")
    name, key = row.name, row.key
    path = media.stored(key)
    return path, FileJob(name=name, kind=row.kind)


def _table(held: Held, actor: Actor, profile: Profile, choice: Choice, path: Path) -> None:
    done = 0
    with path.open("wb") as file:
        for piece, posts in export_table.pieces(actor, profile, choice):
            file.write(piece)
            done += posts
            held.beat(done)


def _folder(held: Held, actor: Actor, profile: Profile, choice: Choice, path: Path) -> None:
    accounts = account_refs.of_brand(actor, profile.id)
    brand, stamp = profile.name, now()
    listed: list[str] = []
    kept: set[str] = set()
    size = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for posts in plan_posts.batches(actor, profile, choice):
            shots: dict[str, Media] = {}
            worn = labels.of_posts([post.id for post in posts])
            for post in posts:
                _write(
                    made, post_files.document(post, accounts, worn.get(post.id, ())), post, stamp
                )
                listed.append(str(post.id))
                shots |= {post_files.media_name(one.media): one.media for one in post.media}
            new = {name: one for name, one in shots.items() if name not in kept}
            size += sum(one.size for one in new.values() if one.deleted_at is None)
            if size > BYTES:
                raise TooMuch()
            held.beat(len(listed) - len(posts))
            for name, one in new.items():
                _copy(held, made, name, one)
            kept |= new.keys()
            held.beat(len(listed))
        note = {"carillon": VERSION, "brand": brand, "posts": listed}
        made.writestr(_entry(MANIFEST, stamp), json.dumps(note, ensure_ascii=False, indent=1))


def _write(made: zipfile.ZipFile, found: Document, post: Post, at: datetime) -> None:
    made.writestr(_entry(post_files.file_name(post), at), post_files.write(found).encode())


def _copy(held: Held, made: zipfile.ZipFile, name: str, one: Media) -> None:
    """A picture into the folder as it is stored; one that is gone is left out."""
    try:
        source = media.file(one)
    except NotFound:
        return
    entry = _entry(name, now())
    entry.compress_type = zipfile.ZIP_STORED  # pictures and videos are compressed already
    with source.open("rb") as file, made.open(entry, "w", force_zip64=True) as into:
        for piece in _pieces(file):
            into.write(piece)
    held.beat()


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(PIECE):
        yield piece


def _entry(name: str, at: datetime) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, (at.year, at.month, at.day, at.hour, at.minute, at.second))
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry
