"""Connected social accounts and what it takes to connect them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Id, Timestamps
from app.models.profiles import Profile

PLACES_WANTED = "places_wanted_at IS NOT NULL"


class AccountStatus(StrEnum):
    ACTIVE = "active"
    NEEDS_RECONNECT = "needs_reconnect"
    DISCONNECTED = "disconnected"


class Review(StrEnum):
    """What an owner or admin decided about a network, or has still to decide (Connect API).

    ``WITHDRAWN`` is only of a request: whoever asked took the network away again.
    """

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"


class SocialAccount(Timestamps, Base):
    """An account a profile can post to. ``tokens`` is one encrypted JSON value.

    ``review`` is empty where nobody had to decide. One that waits, was rejected or is suspended
    has the status ``disconnected``, so nothing is sent through it; a suspended one keeps its
    tokens. ``declared`` is what its people say of it (``services/creators.py``).

    ``tokens_version`` rises whenever it is written. ``refresh_claim`` is held until
    ``refresh_until`` by whoever refreshes it (``app/credentials.py``).
    """

    __tablename__ = "social_accounts"
    __table_args__ = (
        UniqueConstraint("profile_id", "network", "external_id"),
        Index("ix_social_accounts_set_id", "set_id"),
        Index("ix_social_accounts_places_wanted", "places_wanted_at",
              sqlite_where=text(PLACES_WANTED), postgresql_where=text(PLACES_WANTED)),
    )  # fmt: skip

    id: Mapped[Id]
    number: Mapped[int] = mapped_column(unique=True)
    profile_id: Mapped[UUID] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    set_id: Mapped[UUID | None] = mapped_column(ForeignKey("platform_sets.id"))
    network: Mapped[str] = mapped_column(String(20))
    external_id: Mapped[str] = mapped_column(String(255))
    server: Mapped[str] = mapped_column(String(255), default="")
    handle: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(255), default="")
    avatar_url: Mapped[str] = mapped_column(String(2000), default="")  # at the network
    avatar_key: Mapped[str | None] = mapped_column(String(120))  # our copy, in storage
    avatar_mime: Mapped[str] = mapped_column(String(40), default="")
    url: Mapped[str] = mapped_column(String(2000), default="")
    way: Mapped[str] = mapped_column(String(20))  # oauth, app_password, token, metricool
    kind: Mapped[str] = mapped_column(String(20), default="account")  # page, organization …
    via: Mapped[str] = mapped_column(String(20), default="native")  # or the bridge's name
    integration_id: Mapped[UUID | None]  # of the bridge
    # Accounts of one sign-in: the network's revoke would end them all.
    grant_id: Mapped[UUID | None]
    scopes: Mapped[list[str]] = mapped_column(default=list)  # as granted; empty: not told
    extras: Mapped[dict[str, Any]] = mapped_column(default=dict)

    tokens: Mapped[str | None]  # encrypted
    tokens_version: Mapped[int] = mapped_column(default=0)
    tokens_expire_at: Mapped[datetime | None]
    renews: Mapped[bool] = mapped_column(default=False)  # without a person
    app_id: Mapped[UUID | None] = mapped_column(ForeignKey("network_apps.id", ondelete="SET NULL"))
    refresh_claim: Mapped[str | None] = mapped_column(String(64))
    refresh_until: Mapped[datetime | None]

    status: Mapped[AccountStatus] = mapped_column(default=AccountStatus.ACTIVE)
    status_reason: Mapped[str] = mapped_column(String(400), default="")
    status_at: Mapped[datetime | None]
    cooling_until: Mapped[datetime | None]  # rate limited, or its circuit is open
    failures: Mapped[int] = mapped_column(default=0)  # network errors in a row
    review: Mapped[Review | None]
    declared: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    is_sandbox: Mapped[bool] = mapped_column(default=False)
    connected_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    connected_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    last_post_at: Mapped[datetime | None]
    # Its boards, subreddits … are to be looked up by a job; ``places_problem`` is what came of it.
    places_wanted_at: Mapped[datetime | None]
    places_problem: Mapped[str] = mapped_column(String(400), default="")

    profile: Mapped[Profile] = relationship()

    @property
    def usable(self) -> bool:
        """Whether the engine may speak for it."""
        return self.status is AccountStatus.ACTIVE


class Destination(Timestamps, Base):
    """A board, a subreddit … of an account, as the network last told it.

    ``is_default`` is where a post goes that names none.
    """

    __tablename__ = "destinations"
    __table_args__ = (UniqueConstraint("account_id", "external_id"),)

    id: Mapped[Id]
    number: Mapped[int] = mapped_column(unique=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("social_accounts.id", ondelete="CASCADE"))
    external_id: Mapped[str] = mapped_column(String(255))
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(255))
    url: Mapped[str] = mapped_column(String(2000), default="")
    extras: Mapped[dict[str, Any]] = mapped_column(default=dict)
    writable: Mapped[bool] = mapped_column(default=True)
    note: Mapped[str] = mapped_column(String(400), default="")
    is_default: Mapped[bool] = mapped_column(default=False)
    gone_at: Mapped[datetime | None]  # no longer told by the network


class NetworkApp(Timestamps, Base):
    """Our registration at one server of a network (networks/mastodon.md §1)."""

    __tablename__ = "network_apps"
    __table_args__ = (UniqueConstraint("network", "server", "redirect_uri"),)

    id: Mapped[Id]
    network: Mapped[str] = mapped_column(String(20))
    server: Mapped[str] = mapped_column(String(255))
    redirect_uri: Mapped[str] = mapped_column(String(500))
    keys: Mapped[str]  # encrypted JSON


class OAuthState(Base):
    """A consent under way: bound to a session, 10 minutes, read once (reliability §13).

    One begun with a key is bound to that instead, and has the address people go on to.
    """

    __tablename__ = "oauth_states"
    __table_args__ = (Index("ix_oauth_states_expires_at", "expires_at"),)

    id: Mapped[Id]
    state_hash: Mapped[str] = mapped_column(String(64), unique=True)
    session_hash: Mapped[str] = mapped_column(String(64))  # of the browser session or key
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    profile_id: Mapped[UUID] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    network: Mapped[str] = mapped_column(String(20))
    server: Mapped[str] = mapped_column(String(255), default="")
    redirect_uri: Mapped[str] = mapped_column(String(500))
    return_url: Mapped[str] = mapped_column(String(2000), default="")
    key_id: Mapped[UUID | None]  # the key that began it, if one did
    keep: Mapped[str]  # encrypted JSON: verifier, keys
    account_id: Mapped[UUID | None]  # the account being reconnected
    expires_at: Mapped[datetime]


class PendingConnection(Base):
    """Tokens in hand, nothing chosen yet: the chooser page reads it, the choice deletes it.

    Where a key began it, the browser that came back holds the token of ``token_hash``: whoever
    sits there is asked, and goes on to ``return_url``.
    """

    __tablename__ = "pending_connections"
    __table_args__ = (Index("ix_pending_connections_expires_at", "expires_at"),)

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    profile_id: Mapped[UUID] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    network: Mapped[str] = mapped_column(String(20))
    server: Mapped[str] = mapped_column(String(255), default="")
    way: Mapped[str] = mapped_column(String(20))
    tokens: Mapped[str]  # encrypted
    identities: Mapped[dict[str, Any]]
    return_url: Mapped[str] = mapped_column(String(2000), default="")
    key_id: Mapped[UUID | None]
    token_hash: Mapped[str | None] = mapped_column(String(64))
    expires_at: Mapped[datetime]
