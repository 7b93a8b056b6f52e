"""Roles, permissions, the grants, and who is asking (reliability §8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from app.errors import Forbidden

View = TypeVar("View", bound=Callable[..., Any])
SIGNED_IN = "signed_in"
OPERATOR = "operator"


class Role(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"


RANK = {Role.OWNER: 3, Role.ADMIN: 2, Role.MEMBER: 1}


class Permission(StrEnum):
    """What may be done to a profile's rows."""

    PROFILE_READ = "profile.read"
    PROFILE_WRITE = "profile.write"
    PROFILE_DELETE = "profile.delete"
    POST_READ = "post.read"
    POST_WRITE = "post.write"
    POST_APPROVE = "post.approve"
    MEDIA_READ = "media.read"
    MEDIA_WRITE = "media.write"
    ACCOUNT_READ = "account.read"
    ACCOUNT_WRITE = "account.write"
    TEAM_READ = "team.read"
    TEAM_WRITE = "team.write"
    KEY_WRITE = "key.write"
    BILLING_WRITE = "billing.write"
    AUDIT_READ = "audit.read"


P = Permission
_MEMBER = frozenset({
    P.PROFILE_READ, P.POST_READ, P.POST_WRITE, P.MEDIA_READ, P.MEDIA_WRITE,
    P.ACCOUNT_READ, P.TEAM_READ,
})  # fmt: skip
_ADMIN = _MEMBER | {P.PROFILE_WRITE, P.POST_APPROVE, P.ACCOUNT_WRITE, P.TEAM_WRITE, P.KEY_WRITE}
GRANTS: dict[Role, frozenset[Permission]] = {
    Role.MEMBER: _MEMBER,
    Role.ADMIN: frozenset(_ADMIN),
    Role.OWNER: frozenset(Permission),
}


@dataclass(frozen=True)
class Actor:
    """Whoever asks: a person in a browser, a key, or the engine.

    ``roles`` maps each profile in reach to the role held there, read at the time of use.
    ``allowed`` narrows it further for keys (``None``: no narrowing).
    """

    user_id: UUID | None
    name: str
    roles: Mapping[UUID, Role] = field(default_factory=dict)
    allowed: frozenset[Permission] | None = None
    is_operator: bool = False
    session_id: UUID | None = None
    key_id: UUID | None = None
    unbelted: bool = False  # a key that has just been read, and nothing holds it back
    address: str = ""
    request_id: str = ""

    def may(self, permission: Permission, profile_id: UUID) -> bool:
        """Whether the actor may do this in that profile."""
        role = self.roles.get(profile_id)
        if role is None or permission not in GRANTS[role]:
            return False
        return self.allowed is None or permission in self.allowed

    def require(self, permission: Permission, profile_id: UUID) -> None:
        """Raise ``Forbidden`` unless the actor may."""
        if not self.may(permission, profile_id):
            raise Forbidden("Your role in this brand does not allow that. Ask an owner or admin.")

    def within(self, profile_id: UUID) -> Actor:
        """The same actor, reaching one profile only."""
        return replace(self, roles={profile_id: self.roles[profile_id]})

    def profiles(self, permission: Permission) -> list[UUID]:
        """The profiles in which the actor may do this."""
        return [found for found in self.roles if self.may(permission, found)]


# The marks of a route, for pages and the API alike: web/guard.py reads them.


def public(view: View) -> View:
    """Anybody may use this view."""
    view.guard = "public"  # type: ignore[attr-defined]
    return view


def requires(permission: str) -> Callable[[View], View]:
    """Only somebody with this permission in the address's profile.

    ``permission`` is a ``Permission`` value, ``"signed_in"`` for any person, or
    ``"operator"`` for those who run the installation.
    """
    if permission not in (SIGNED_IN, OPERATOR):
        Permission(permission)

    def mark(view: View) -> View:
        view.guard = permission  # type: ignore[attr-defined]
        return view

    return mark
