"""What a worker does with exports and imports that wait: one after the other, each to its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import UUID

from app import logs
from app.errors import AppError
from app.extensions import db
from app.models.files import FileKind, FileState
from app.permissions import Actor
from app.services import exporting, file_jobs, folder_import, importing, keys
from app.services.file_jobs import Held, Lost

log = logs.get("files")
RUN_SECONDS = 300.0  # no new one is begun after that
WORK: dict[FileKind, Callable[[Held, Actor], None]] = {
    FileKind.EXPORT_TABLE: exporting.work,
    FileKind.EXPORT_FOLDER: exporting.work,
    FileKind.IMPORT_TABLE: importing.work,
    FileKind.IMPORT_FOLDER: folder_import.work,
}


def run(seconds_at_most: float = RUN_SECONDS) -> int:
    """Work on whatever waits; how many were taken in hand."""
    until, seen = time.monotonic() + seconds_at_most, list[UUID]()
    while time.monotonic() < until:
        held = file_jobs.claim(seen)
        if held is None:
            break
        seen.append(held.id)
        _serve(held)
    return len(seen)


def _serve(held: Held) -> None:
    """One job; a fault of its own delays no other."""
    try:
        row = held.row()
        kind, profile_id = row.kind, row.profile_id
        actor = keys.standing(row.user_id, None)
        if profile_id not in actor.roles:
            held.end(FileState.FAILED, problem="Whoever asked for this is no longer in the brand.")
            return
        WORK[kind](held, actor.within(profile_id))
    except Lost:
        db.session.rollback()
    except AppError as error:
        _fail(held, error.message)
    except Exception:
        log.exception("file_job_failed", job_id=str(held.id))
        _fail(held, file_jobs.BROKE)
    finally:
        db.session.rollback()


def _fail(held: Held, words: str) -> None:
    db.session.rollback()
    try:
        held.end(FileState.FAILED, problem=words[:400])
    except Lost:
        db.session.rollback()
