"""API keys: Amplify's ``/api/v1/api-keys``, the dashboard's ``/api/api-keys`` and ``/api/keys``."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint
from pydantic import Field

from app.api import doors
from app.api.auth import current_actor, current_profile_id, people_only, requires
from app.api.contract import Camel, Model, operation
from app.api.v1.posts_told import stamp, sure
from app.models.keys import ApiKey, KeyKind, KeyMode
from app.permissions import SIGNED_IN
from app.services import key_lists, keys
from app.services.seat_belt import Belt

TAG = "API keys"
WARNING = "Save this key now. It will not be shown again."

bp = Blueprint("api_keys", __name__, url_prefix="/api")
doors.build(bp, people=lambda path: not path.startswith("/api/v1/"))


class BeltBody(Camel):
    """How far the key may go by itself; ours. ``accounts`` null: every account in its reach."""

    publishing: KeyMode = KeyMode.PUBLISH
    notice_minutes: int = 0
    posts_per_day: int | None = None
    accounts: list[UUID] | None = Field(default=None, max_length=100)

    def given(self) -> dict[str, Any]:
        """What was sent of it, by the service's names."""
        accounts = None if self.accounts is None else tuple(self.accounts)
        found = {
            "publishing": ("mode", self.publishing), "accounts": ("accounts", accounts),
            "notice_minutes": ("notice_minutes", self.notice_minutes),
            "posts_per_day": ("posts_a_day", self.posts_per_day),
        }  # fmt: skip
        return dict(found[name] for name in found if name in self.model_fields_set)


class KeyBody(BeltBody):
    """Body of ``POST /api/v1/api-keys``. ``kind`` is ours: ``account`` makes an amp_live_ key."""

    name: str = Field(default="", max_length=500)
    profile_id: str | None = None
    kind: KeyKind = KeyKind.PROFILE


class KeyItem(Model):
    """A key in a list: only its last eight characters."""

    id: UUID
    name: str
    key: str
    kind: str
    profile_id: UUID | None
    status: str
    created_at: str
    last_used_at: str | None
    publishing: str
    notice_minutes: int
    posts_per_day: int | None
    accounts: list[str] | None


class OneKey(Camel):
    api_key: KeyItem


class Keys(Camel):
    api_keys: list[KeyItem]


class MadeKey(Camel):
    """A new key, whole this once."""

    id: UUID
    name: str
    key: str
    kind: str
    profile_id: UUID | None
    status: str
    created_at: str


class Made(Camel):
    success: bool = True
    api_key: MadeKey
    warning: str = WARNING


class Revoked(Model):
    success: bool = True
    message: str = "API key revoked"


def told(row: ApiKey) -> KeyItem:
    """A key in the seed's words."""
    return KeyItem(
        id=row.id, name=row.name, key=row.shown, kind=row.kind.value, profile_id=row.profile_id,
        status="revoked" if row.revoked_at else "active", created_at=sure(row.created_at),
        last_used_at=stamp(row.last_used_at), publishing=row.mode.value,
        notice_minutes=row.notice_minutes, posts_per_day=row.posts_a_day, accounts=row.account_ids,
    )  # fmt: skip


@bp.get("/v1/api-keys")
@bp.get("/api-keys", endpoint="browser_list")
@bp.get("/keys", endpoint="old_list")
@requires(SIGNED_IN)
@people_only
@operation("List API keys", tag=TAG, answers={200: Keys})
def index() -> Any:
    """One's own, and those of profiles whose keys one may manage; a profile's key lists that
    profile's."""
    return Keys(api_keys=[told(row) for row in key_lists.listed(current_actor())])


@bp.post("/v1/api-keys")
@bp.post("/api-keys", endpoint="browser_create")
@bp.post("/keys", endpoint="old_create")
@requires(SIGNED_IN)
@people_only
@operation(
    "Create an API key", tag=TAG, body=KeyBody, optional=True, answers={200: Made}, refuses=(404,)
)
def create(body: KeyBody) -> Any:
    """The whole key is told once, here. A key can make keys for its own profile only."""
    actor = current_actor()
    kind = body.kind if actor.key_id is None else KeyKind.PROFILE
    profile_id = current_profile_id(body.profile_id) if kind is KeyKind.PROFILE else None
    row, whole = key_lists.create(actor, kind, profile_id, body.name, Belt(**body.given()))
    made = MadeKey(
        id=row.id, name=row.name, key=whole, kind=row.kind.value, profile_id=row.profile_id,
        status="active", created_at=sure(row.created_at),
    )  # fmt: skip
    return Made(api_key=made)


@bp.patch("/api-keys/<uuid:key_id>")
@requires(SIGNED_IN)
@people_only
@operation("Change what an API key may do", tag=TAG, body=BeltBody, answers={200: OneKey})
def change(key_id: UUID, body: BeltBody) -> Any:
    """Drafts only, or with a person's confirmation, or publishing; with a minimum notice, posts a
    day and accounts. What is not named stays as it is. It counts from the next request on."""
    return OneKey(api_key=told(key_lists.change(current_actor(), key_id, body.given())))


@bp.delete("/v1/api-keys/<uuid:key_id>")
@bp.delete("/api-keys/<uuid:key_id>", endpoint="browser_revoke")
@bp.delete("/keys/<uuid:key_id>", endpoint="old_revoke")
@requires(SIGNED_IN)
@people_only
@operation("Revoke an API key", tag=TAG, answers={200: Revoked})
def revoke(key_id: UUID) -> Any:
    """The next request with it is refused."""
    keys.revoke(current_actor(), key_id)
    return Revoked()
