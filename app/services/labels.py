"""Labels on posts: which a brand has, which a post wears, putting them on and taking them off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from app.errors import ValidationFailed
from app.extensions import db
from app.ids import uuid7
from app.models.base import Base
from app.models.labels import Label, PostLabel
from app.models.posts import Post
from app.permissions import Actor
from app.services.access import reach

MOST = 100  # of a brand
MOST_AT_ONCE = 10
LENGTH = 40


def read(text: str, field: str = "labels") -> tuple[str, ...]:
    """Names between commas, each once whatever its capitals. Raises ``ValidationFailed``."""
    found: dict[str, str] = {}
    for one in text.split(","):
        name = " ".join(one.split()).lstrip("#")
        if len(name) > LENGTH:
            raise ValidationFailed(f"Keep a label under {LENGTH} characters.", field=field)
        if name:
            found.setdefault(name.casefold(), name)
    if len(found) > MOST_AT_ONCE:
        raise ValidationFailed(f"Name at most {MOST_AT_ONCE} labels at a time.", field=field)
    return tuple(found.values())


def of_brand(actor: Actor, profile_id: UUID) -> list[Label]:
    """The brand's labels by name."""
    rows = reach(actor).query(Label).where(Label.profile_id == profile_id).order_by(Label.key)
    return list(db.session.scalars(rows.limit(MOST)))


def of_posts(post_ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """The names of the labels of each post, in their order; posts within the caller's reach."""
    found: dict[UUID, list[str]] = defaultdict(list)
    for post_id, name in db.session.execute(
        select(PostLabel.post_id, Label.name)
        .join(Label, Label.id == PostLabel.label_id)
        .where(PostLabel.post_id.in_(post_ids))
        .order_by(Label.key)
    ):
        found[post_id].append(name)
    return found


def wearing(label_id: UUID) -> ColumnElement[bool]:
    """Posts with that label; the caller keeps to its own brand."""
    worn: Select[PostLabel] = select(PostLabel).where(PostLabel.label_id == label_id)
    return Post.id.in_(worn.with_only_columns(PostLabel.post_id))


def known(profile_id: UUID) -> dict[str, UUID]:
    """All labels of a brand by key: what ``put_on`` looks names up in, read once for many posts."""
    rows = db.session.execute(select(Label.key, Label.id).where(Label.profile_id == profile_id))
    return {row.key: row.id for row in rows}


def put_on(profile_id: UUID, post_id: UUID, names: Sequence[str], ids: dict[str, UUID]) -> None:
    """Put labels on a post, made where there are none yet; ``ids`` (``known``) has them then.

    The caller commits. Raises ``ValidationFailed`` where the brand has as many as it may.
    """
    for name in names:
        key = name.casefold()
        if key not in ids:
            if len(ids) >= MOST:
                raise ValidationFailed(f"A brand has at most {MOST} labels.", field="labels")
            values = {"id": uuid7(), "profile_id": profile_id, "name": name, "key": key}
            _add(Label, values, ["profile_id", "key"])
            ids.update(known(profile_id))
        values = {"id": uuid7(), "post_id": post_id, "label_id": ids[key]}
        _add(PostLabel, values, ["post_id", "label_id"])


def take_off(profile_id: UUID, post_id: UUID, names: Sequence[str]) -> None:
    """Take labels off a post; one that no post wears any more is gone. The caller commits."""
    keys = [one.casefold() for one in names]
    mine = select(Label.id).where(Label.profile_id == profile_id, Label.key.in_(keys))
    db.session.execute(
        delete(PostLabel)
        .where(PostLabel.post_id == post_id, PostLabel.label_id.in_(mine))
        .execution_options(synchronize_session=False)
    )
    worn = select(PostLabel.id).where(PostLabel.label_id == Label.id).exists()
    db.session.execute(
        delete(Label)
        .where(Label.profile_id == profile_id, Label.key.in_(keys), ~worn)
        .execution_options(synchronize_session=False)
    )


def _add(model: type[Base], values: dict[str, Any], unique: list[str]) -> None:
    """Insert, unless there is one already."""
    postgres = db.session().get_bind().dialect.name == "postgresql"
    insert = (postgresql.insert if postgres else sqlite.insert)(model)
    db.session.execute(insert.values(**values).on_conflict_do_nothing(index_elements=unique))
