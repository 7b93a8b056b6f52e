"""Platform sets (the Ampost seed): ``/api/v1/platform-sets``, and the dashboard's older paths."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint
from pydantic import Field

from app.api import doors
from app.api.auth import current_actor, current_profile_id, named_profile_id, requires
from app.api.contract import Camel, Model, operation
from app.api.v1.posts_told import sure
from app.models.profiles import PlatformSet
from app.services import sets

TAG = "Platform sets"
NEW, OLD = "/api/v1/platform-sets", "/api/platforms/sets"

bp = Blueprint("api_sets", __name__)
doors.build(bp, people=lambda path: path.startswith(OLD))


class SetBody(Camel):
    """A set's name; ``profileId`` where a key reaches several."""

    name: str = Field(max_length=500)
    profile_id: str | None = None


class SetQuery(Camel):
    profile_id: str | None = None


class SetOut(Camel):
    """One set. ``connectionCount`` is not told where it was only renamed."""

    id: UUID
    user_id: UUID | None
    profile_id: UUID
    name: str
    is_default: bool
    created_at: str
    updated_at: str
    connection_count: int | None = Field(default=None, exclude_if=lambda given: given is None)


class OneSet(Model):
    set: SetOut


class Sets(Model):
    sets: list[SetOut]


class Gone(Model):
    success: bool = True


def told(row: PlatformSet, count: int | None = None) -> SetOut:
    """A set in the seed's words."""
    return SetOut(
        id=row.id, user_id=current_actor().user_id, profile_id=row.profile_id, name=row.name,
        is_default=row.is_default, created_at=sure(row.created_at), updated_at=sure(row.updated_at),
        connection_count=count,
    )  # fmt: skip


def again(set_id: UUID) -> Any:
    """What a request that died had made."""
    return OneSet(set=told(sets.get(current_actor(), set_id), 0))


@bp.get(NEW)
@bp.get(OLD, endpoint="old_list")
@requires("account.read")
@operation("List platform sets", tag=TAG, query=SetQuery, answers={200: Sets})
def index(query: SetQuery) -> Any:
    """Each with the number of accounts connected in it."""
    found = sets.listed(current_actor(), named_profile_id(query.profile_id))
    return Sets(sets=[told(row, count) for row, count in found])


@bp.post(NEW)
@bp.post(OLD, endpoint="old_create")
@requires("account.write")
@operation("Create a platform set", tag=TAG, body=SetBody, answers={200: OneSet}, again=again)
def create(body: SetBody) -> Any:
    """At most 20 sets a user, names of at most 50 characters."""
    row = sets.create(current_actor(), current_profile_id(body.profile_id), body.name)
    return OneSet(set=told(row, 0))


@bp.patch(f"{NEW}/<uuid:set_id>")
@bp.patch(f"{OLD}/<uuid:set_id>", endpoint="old_rename")
@requires("account.write")
@operation("Rename a platform set", tag=TAG, body=SetBody, answers={200: OneSet})
def rename(set_id: UUID, body: SetBody) -> Any:
    """Give it another name."""
    return OneSet(set=told(sets.rename(current_actor(), set_id, body.name)))


@bp.delete(f"{NEW}/<uuid:set_id>")
@bp.delete(f"{OLD}/<uuid:set_id>", endpoint="old_delete")
@requires("account.write")
@operation("Delete a platform set", tag=TAG, answers={200: Gone})
def delete(set_id: UUID) -> Any:
    """All its accounts are disconnected. The default set stays."""
    sets.delete(current_actor(), set_id)
    return Gone()
