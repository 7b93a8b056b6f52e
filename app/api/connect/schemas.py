"""What goes in and out of the Connect API, in the seed's own names."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from app.api.contract import Model
from app.services.creators import Told

Status = Literal["pending", "accepted", "rejected", "suspended", "disconnected"]
Count = Annotated[int, Field(ge=0, le=2**53)]
NetworkId = Annotated[int, Field(description="The `id` of a network, an integer.", examples=[123])]


def stamp(at: datetime) -> str:
    """A time as the seed writes it: whole seconds, UTC, ``Z``."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


class Named(Model):
    """A request about one network."""

    network_id: NetworkId


class ExtraUpdate(Named):
    """In a form the members are written ``extra_data[bio]=…``."""

    extra_data: dict[str, Any] = Field(
        examples=[{"bio": "Updated bio information", "website": "https://example.com",
                   "category": "fashion", "engagement_rate": 3.5}]
    )  # fmt: skip


class Token(Model):
    """A token that the client holds. ``user_id`` names the account where the token acts for
    several; on Bluesky it is the handle, and the token an app password."""

    access_token: str = Field(min_length=1, max_length=8000)
    user_id: str = Field(default="", max_length=255, coerce_numbers_to_str=True)
    server: str = Field(default="", max_length=255, description="Mastodon: the account's server.")


class Submission(Model):
    """A network for an owner or admin to decide about."""

    network_type: str = Field(min_length=1, max_length=40, examples=["instagram"])
    network_id: str = Field(
        min_length=1, max_length=255, coerce_numbers_to_str=True, examples=["user123"]
    )
    network_url: str = Field(
        min_length=1, max_length=2000, examples=["https://instagram.com/user123"]
    )
    followers: Count | None = None
    category: str | None = Field(default=None, max_length=80)


class NewPage(Model):
    network: str = Field(min_length=1, max_length=40, examples=["facebook"])
    page_id: str = Field(min_length=1, max_length=255, coerce_numbers_to_str=True)
    page_name: str = Field(min_length=1, max_length=255)
    page_url: str = Field(min_length=1, max_length=2000)
    followers: Count | None = None
    category: str | None = Field(default=None, max_length=80)


class NewWall(Model):
    network: str = Field(min_length=1, max_length=40, examples=["instagram"])
    wall_id: str = Field(min_length=1, max_length=255, coerce_numbers_to_str=True)
    wall_name: str = Field(min_length=1, max_length=255)
    wall_url: str = Field(min_length=1, max_length=2000)
    followers: Count | None = None
    category: str | None = Field(default=None, max_length=80)


class NewChannel(Model):
    network: str = Field(min_length=1, max_length=40, examples=["youtube"])
    channel_id: str = Field(min_length=1, max_length=255, coerce_numbers_to_str=True)
    channel_name: str = Field(min_length=1, max_length=255)
    channel_url: str = Field(min_length=1, max_length=2000)
    subscribers: Count | None = None
    category: str | None = Field(default=None, max_length=80)


class Nothing(Model):
    """No parameters."""


class Common(Model):
    """What networks, pages, walls and channels have in common."""

    id: int
    user_id: int
    network: str
    status: Status
    category: str | None
    engagement_rate: float | None
    connected_at: str
    last_updated: str
    extra_data: dict[str, Any]

    @staticmethod
    def of(one: Told) -> dict[str, Any]:
        """The members every kind has."""
        return {
            "id": one.number, "user_id": one.user, "network": one.network, "status": one.status,
            "category": one.category, "engagement_rate": one.engagement_rate,
            "connected_at": stamp(one.connected_at), "last_updated": stamp(one.updated_at),
            "extra_data": dict(one.extra),
        }  # fmt: skip


class Network(Common):
    """``followers`` is null where neither the network nor anybody else says."""

    network_id: str
    network_url: str
    followers: int | None
    verified: bool


class Page(Common):
    page_id: str
    page_name: str
    page_url: str
    followers: int | None


class Wall(Common):
    wall_id: str
    wall_name: str
    wall_url: str
    followers: int | None


class Channel(Common):
    channel_id: str
    channel_name: str
    channel_url: str
    subscribers: int | None


class Networks(Model):
    networks: list[Network]


class Pages(Model):
    pages: list[Page]


class Walls(Model):
    walls: list[Wall]


class Channels(Model):
    channels: list[Channel]


class Done(Model):
    status: Literal["success"] = "success"
    message: str


class Authenticated(Done):
    network_id: int


class Submitted(Done):
    approval_id: int


class PageAdded(Done):
    page_id: int


class WallAdded(Done):
    wall_id: int


class ChannelAdded(Done):
    channel_id: int


class NetworkStatus(Model):
    status: Status
    verified: bool
    followers: int | None
    engagement_rate: float | None
    last_updated: str


def network(one: Told) -> Network:
    """A network in the seed's shape."""
    return Network(
        network_id=one.external_id, network_url=one.url, followers=one.followers,
        verified=one.verified, **Common.of(one),
    )  # fmt: skip


def network_status(one: Told) -> NetworkStatus:
    """A network's state in the seed's shape."""
    return NetworkStatus.model_validate({
        "status": one.status, "verified": one.verified, "followers": one.followers,
        "engagement_rate": one.engagement_rate, "last_updated": stamp(one.updated_at),
    })  # fmt: skip


def page(one: Told) -> Page:
    """A page in the seed's shape."""
    return Page(
        page_id=one.external_id, page_name=one.name, page_url=one.url, followers=one.followers,
        **Common.of(one),
    )  # fmt: skip


def wall(one: Told) -> Wall:
    """A wall in the seed's shape."""
    return Wall(
        wall_id=one.external_id, wall_name=one.name, wall_url=one.url, followers=one.followers,
        **Common.of(one),
    )  # fmt: skip


def channel(one: Told) -> Channel:
    """A channel in the seed's shape."""
    return Channel(
        channel_id=one.external_id, channel_name=one.name, channel_url=one.url,
        subscribers=one.followers, **Common.of(one),
    )  # fmt: skip
