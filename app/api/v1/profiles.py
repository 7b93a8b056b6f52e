"""Profiles (brands): listed, made, changed, deleted. The seeds imply them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint
from pydantic import Field

from app import ids
from app.api import doors
from app.api.auth import current_actor, requires
from app.api.contract import Camel, Model, operation
from app.api.v1.posts_told import sure
from app.models.profiles import LatePolicy, Profile
from app.permissions import SIGNED_IN, Role
from app.services import profile_ends, profiles
from app.services.access import reach

TAG = "Profiles"

bp = Blueprint("api_profiles", __name__, url_prefix="/api/v1/profiles")
doors.build(bp)


class ProfileBody(Camel):
    """Body of ``POST /api/v1/profiles``."""

    name: str = Field(max_length=500)
    timezone: str = Field(default="UTC", max_length=64)


class ProfileChange(Camel):
    """Body of ``PATCH /api/v1/profiles/{id}``: any of these. ``returnUrls`` is the whole list."""

    name: str | None = Field(default=None, max_length=500)
    timezone: str | None = Field(default=None, max_length=64)
    late_policy: LatePolicy | None = None
    late_limit_minutes: int | None = None
    week_start: int | None = None
    return_urls: list[str] | None = Field(default=None, max_length=100)


class ProfileOut(Model):
    """One profile. ``account_id`` is its Oktopost id; ``return_urls`` are the addresses that
    ``POST /api/v1/connect/init`` may send people on to."""

    id: UUID
    name: str
    slug: str
    timezone: str
    account_id: str
    role: str
    late_policy: str
    late_limit_minutes: int
    week_start: int
    return_urls: list[str] = Field(examples=[["https://your-app.com/callback"]])
    created_at: str
    updated_at: str


class Profiles(Model):
    profiles: list[ProfileOut]


class OneProfile(Model):
    profile: ProfileOut


class MadeProfile(Model):
    success: bool = True
    profile: ProfileOut


class Gone(Model):
    success: bool = True


def told(row: Profile, role: Role | None = None) -> ProfileOut:
    """A profile with the role held there."""
    held = role or current_actor().roles[row.id]
    return ProfileOut(
        id=row.id, name=row.name, slug=row.slug, timezone=row.time_zone,
        account_id=ids.oktopost("001", row.number), role=held.value,
        late_policy=row.late_policy.value, late_limit_minutes=row.late_limit_minutes,
        week_start=row.week_start, return_urls=row.return_urls, created_at=sure(row.created_at),
        updated_at=sure(row.updated_at),
    )  # fmt: skip


def again(profile_id: UUID) -> Any:
    """What a request that died had made."""
    return MadeProfile(profile=told(reach(current_actor()).get(Profile, profile_id))), 201


@bp.get("")
@requires(SIGNED_IN)
@operation("List profiles", tag=TAG, answers={200: Profiles})
def index() -> Any:
    """Every profile the key reaches, oldest first."""
    return Profiles(profiles=[told(row) for row in profiles.rows(current_actor())])


@bp.post("")
@requires(SIGNED_IN)
@operation("Create a profile", tag=TAG, body=ProfileBody, answers={201: MadeProfile}, again=again)
def create(body: ProfileBody) -> Any:
    """Its maker owns it. A profile's own key can make none."""
    row = profile_ends.make(current_actor(), body.name, body.timezone)
    return MadeProfile(profile=told(row, Role.OWNER)), 201


@bp.get("/<uuid:profile_id>")
@requires("profile.read")
@operation("Get a profile", tag=TAG, answers={200: OneProfile})
def show(profile_id: UUID) -> Any:
    """One profile."""
    return OneProfile(profile=told(reach(current_actor()).get(Profile, profile_id)))


@bp.patch("/<uuid:profile_id>")
@requires("profile.write")
@operation("Change a profile", tag=TAG, body=ProfileChange, answers={200: MadeProfile})
def change(profile_id: UUID, body: ProfileChange) -> Any:
    """Posts on the clock keep their moment, whatever the time zone."""
    actor = current_actor()
    row = reach(actor).get(Profile, profile_id)
    row = profiles.settle(
        actor, profile_id, name=_or(body.name, row.name),
        time_zone=_or(body.timezone, row.time_zone),
        late_policy=_or(body.late_policy, row.late_policy),
        late_limit_minutes=_or(body.late_limit_minutes, row.late_limit_minutes),
        week_start=_or(body.week_start, row.week_start),
        addresses=body.return_urls,
    )  # fmt: skip
    return MadeProfile(profile=told(row))


@bp.delete("/<uuid:profile_id>")
@requires("profile.delete")
@operation("Delete a profile", tag=TAG, answers={200: Gone}, refuses=(409,))
def delete(profile_id: UUID) -> Any:
    """Its accounts are disconnected, and its posts, files and keys are gone for good. Refused
    while one of its posts is going out."""
    profile_ends.delete(current_actor(), profile_id)
    return Gone()


def _or(given: Any, kept: Any) -> Any:
    return kept if given is None else given
