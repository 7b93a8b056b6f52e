"""The outbox of mails: rows are written with what they tell about, and sent here.

Each mail is claimed by moving ``next_try_at``, so two senders never send one twice; a sender
lost in between costs one wait.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import render_template
from sqlalchemy import select, update

from app import logs
from app.clock import now, seconds
from app.config import settings
from app.extensions import db
from app.integrations import mail
from app.models.people import Mail
from app.retry import backoff

BATCH = 50
MAX_TRIES = 8
log = logs.get("mail")

SUBJECTS = {
    "reconnect": "Connect {handle} again: its posts are waiting",
    "sign_in_ends": "Sign {handle} in again before its next post",
    "flight_check": "Before it goes out: {title}",
    "post_failed": "A post did not go out",
    "post_needs_review": "A post needs you: we cannot tell whether it went out",
    "recurring_failed": "“{name}” could not make its next post",
    "recurring_paused": "“{name}” was paused",
    "post_overdue": "Posts are overdue: nothing is being sent",
}


def send_waiting() -> int:
    """Send what is due; how many left. Without ``SMTP_URL`` nothing is sent, all is kept."""
    if not settings().SMTP_URL:
        return 0
    sent = 0
    while rows := _claimed():
        for row_id, to, kind, data, tries in rows:
            sent += _send(row_id, to, kind, data, tries)
    return sent


def _claimed() -> list[tuple[UUID, str, str, dict[str, Any], int]]:
    at = now()
    found = (
        select(Mail.id)
        .where(Mail.sent_at.is_(None), Mail.next_try_at <= at, Mail.tries < MAX_TRIES)
        .order_by(Mail.next_try_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    rows = db.session.execute(
        update(Mail)
        .where(Mail.id.in_(found), Mail.next_try_at <= at)
        .values(tries=Mail.tries + 1, next_try_at=at + seconds(300))
        .returning(Mail.id, Mail.to, Mail.kind, Mail.data, Mail.tries)
        .execution_options(synchronize_session=False)
    ).all()
    db.session.commit()
    return [tuple(row) for row in rows]


def _send(row_id: UUID, to: str, kind: str, data: dict[str, Any], tries: int) -> int:
    subject = SUBJECTS[kind].format_map({"handle": "", **data})
    text = render_template(f"mail/{kind}.txt", data=data, url=settings().APP_URL)
    try:
        mail.send(settings(), to, " ".join(subject.split()), text)
    except mail.NotSent as error:
        log.warning("mail_not_sent", kind=kind, reason=str(error), tries=tries)
        _mark(row_id, None, MAX_TRIES if error.final else tries)
        return 0
    _mark(row_id, now(), tries)
    return 1


def _mark(row_id: UUID, sent_at: datetime | None, tries: int) -> None:
    values: dict[str, Any] = {"sent_at": sent_at, "tries": tries}
    if sent_at is None:
        values["next_try_at"] = now() + seconds(backoff(tries, 60))
    db.session.execute(update(Mail).where(Mail.id == row_id).values(**values))
    db.session.commit()
