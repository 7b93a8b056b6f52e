"""The only door to a tenant's rows (reliability §8).

``reach(actor).get(Model, id, need="post.write")`` and ``.query(Model)`` load them; a
foreign, a deleted and a never-existing id answer alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Select, select

from app.errors import Forbidden, NotFound
from app.extensions import db
from app.models.accounts import Destination, PendingConnection, SocialAccount
from app.models.approvals import Approval, Place
from app.models.attempts import Attempt
from app.models.base import Base
from app.models.content_templates import ContentTemplate
from app.models.files import CalendarFeed, FileJob
from app.models.integrations import Cname, Integration
from app.models.keys import ApiKey, Confirmation
from app.models.labels import Label
from app.models.media import Media, MediaTag, MediaUpload
from app.models.people import User
from app.models.posting_times import PostingTime
from app.models.posts import Post, PostTarget
from app.models.profiles import Membership, PlatformSet, Profile
from app.models.recurring import RecurringOccurrence, RecurringSchedule
from app.models.shares import PostComment, PostShare
from app.models.versions import PostVersion
from app.permissions import Actor, Permission

Row = TypeVar("Row", bound=Base)

# What reading a row of each table needs, and the column that names its profile.
READ: dict[type[Base], Permission] = {
    Profile: Permission.PROFILE_READ,
    Membership: Permission.TEAM_READ,
    PlatformSet: Permission.ACCOUNT_READ,
    SocialAccount: Permission.ACCOUNT_READ,
    PendingConnection: Permission.ACCOUNT_WRITE,
    Destination: Permission.ACCOUNT_READ,
    PostingTime: Permission.ACCOUNT_READ,
    Place: Permission.ACCOUNT_READ,
    Approval: Permission.ACCOUNT_READ,
    Integration: Permission.ACCOUNT_READ,
    Cname: Permission.ACCOUNT_READ,
    ApiKey: Permission.KEY_WRITE,
    Label: Permission.POST_READ,
    Media: Permission.MEDIA_READ,
    MediaTag: Permission.MEDIA_READ,
    MediaUpload: Permission.MEDIA_READ,
    Post: Permission.POST_READ,
    PostTarget: Permission.POST_READ,
    PostVersion: Permission.POST_READ,
    PostShare: Permission.POST_READ,
    PostComment: Permission.POST_READ,
    Attempt: Permission.POST_READ,
    ContentTemplate: Permission.POST_READ,
    Confirmation: Permission.POST_READ,
    RecurringSchedule: Permission.POST_READ,
    RecurringOccurrence: Permission.POST_READ,
    CalendarFeed: Permission.POST_READ,
    FileJob: Permission.POST_READ,
}


@dataclass(frozen=True)
class Reach:
    """The rows one actor can see."""

    actor: Actor

    def query(self, model: type[Row], *, need: str | None = None) -> Select[Row]:
        """A SELECT of the rows within reach; add filters to it."""
        permission = Permission(need) if need else READ[model]
        profiles = self.actor.profiles(permission)
        if model is Profile:
            return select(model).where(Profile.id.in_(profiles))
        if model is Attempt:
            return (
                select(model)
                .join(PostTarget, PostTarget.id == Attempt.target_id)
                .where(PostTarget.profile_id.in_(profiles))
            )
        if model is Destination:
            return (
                select(model)
                .join(SocialAccount, SocialAccount.id == Destination.account_id)
                .where(SocialAccount.profile_id.in_(profiles))
            )
        return select(model).where(model.profile_id.in_(profiles))  # type: ignore[attr-defined]

    def get(self, model: type[Row], row_id: UUID, *, need: str | None = None) -> Row:
        """The row, or ``NotFound``; ``Forbidden`` where it may be seen but not ``need``ed."""
        found = db.session.scalars(
            self.query(model).where(model.id == row_id)  # type: ignore[attr-defined]
        ).one_or_none()
        if found is None:
            raise NotFound()
        if need is not None:
            self.actor.require(Permission(need), self._profile_id(found))
        return found

    def many(self, model: type[Row], ids: list[UUID], *, need: str | None = None) -> list[Row]:
        """Rows named inside a body, in the order given; ``NotFound`` if one is out of reach."""
        rows = db.session.scalars(
            self.query(model, need=need).where(model.id.in_(ids))  # type: ignore[attr-defined]
        ).unique()
        found = {row.id: row for row in rows}  # type: ignore[attr-defined]
        if any(one not in found for one in ids):
            raise NotFound()
        return [found[one] for one in ids]

    def profile(self, profile_id: UUID, *, need: str) -> Profile:
        """A profile named in a body; the same ``Forbidden`` for foreign and non-existent."""
        if profile_id not in self.actor.roles:
            raise Forbidden("You cannot use that profile.")
        self.actor.require(Permission(need), profile_id)
        return self.get(Profile, profile_id)

    def by_slug(self, slug: str) -> Profile:
        """The profile of an address, or ``NotFound``."""
        found = db.session.scalars(self.query(Profile).where(Profile.slug == slug)).one_or_none()
        if found is None:
            raise NotFound()
        return found

    @staticmethod
    def _profile_id(row: Base) -> UUID:
        if isinstance(row, Profile):
            return row.id
        if isinstance(row, Attempt):
            return row.target.profile_id
        if isinstance(row, Destination):
            return db.session.get_one(SocialAccount, row.account_id).profile_id
        return row.profile_id  # type: ignore[attr-defined, no-any-return]


def reach(actor: Actor) -> Reach:
    """The reach of an actor."""
    return Reach(actor)


def person(
    user: User, *, session_id: UUID | None = None, address: str = "", request_id: str = ""
) -> Actor:
    """A signed-in person as an actor; roles are read now, at the time of use."""
    rows = db.session.execute(
        select(Membership.profile_id, Membership.role).where(Membership.user_id == user.id)
    )
    return Actor(
        user_id=user.id,
        name=user.email,
        roles={row.profile_id: row.role for row in rows},
        is_operator=user.is_operator,
        session_id=session_id,
        address=address,
        request_id=request_id,
    )
