"""A post's status follows its targets: stored by whoever changes one (reliability §2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from app.models.base import table
from app.models.posts import Post, PostTarget, TargetState, post_status

POSTS, TARGETS = table(Post), table(PostTarget)
THESE = POSTS.c.id.in_(bindparam("ids", expanding=True))
LOCKED = select(POSTS.c.id).where(THESE).order_by(POSTS.c.id).with_for_update()
STATES = (
    select(POSTS.c.id, POSTS.c.armed, POSTS.c.discarded_at, POSTS.c.status, TARGETS.c.state)
    .select_from(POSTS.outerjoin(TARGETS, TARGETS.c.post_id == POSTS.c.id))
    .where(THESE)
)
STORED = update(POSTS).where(THESE).values(status=bindparam("new"))  # and ``updated_at``


def settle(session: Session, post_ids: Iterable[UUID]) -> None:
    """Store the status of these posts, in the transaction that changed their targets.

    Posts are locked in the order of their ids and always after targets, so that two
    writers never wait for each other.
    """
    wanted = sorted(set(post_ids))
    if not wanted:
        return
    session.flush()
    connection = session.connection()
    if session.get_bind().dialect.name == "postgresql":
        # A statement of its own: one that waited for the lock would still see the targets as
        # they were before it waited, and two that end at once would leave the post unended.
        connection.execute(LOCKED, {"ids": wanted}).all()
    rows = connection.execute(STATES, {"ids": wanted}).all()
    posts = {row.id: row for row in rows}
    states: dict[UUID, list[TargetState]] = defaultdict(list)
    for row in rows:
        if row.state is not None:
            states[row.id].append(row.state)
    changed = defaultdict(list)
    for post in posts.values():
        status = post_status(
            armed=post.armed, discarded=post.discarded_at is not None, states=states[post.id]
        )
        if status is not post.status:
            changed[status].append(post.id)
    for status, ids in changed.items():
        connection.execute(STORED, {"ids": ids, "new": status})
    for loaded in session.identity_map.values():
        if isinstance(loaded, Post) and loaded.id in wanted:
            session.expire(loaded, ["status", "updated_at"])
