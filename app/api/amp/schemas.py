"""What goes in and out at ``/v1/connect``, in the seed's own names."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


def stamp(at: datetime | None) -> str | None:
    """A time as the seed writes it: whole seconds, UTC, ``Z``."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if at else None


def _clean(text: str) -> str:
    if any(ord(character) < 32 or "\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("This holds characters that cannot be stored.")
    return text.strip()


def _as_text(value: object) -> object:
    """Metricool's ids are numbers: both forms are taken."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Text = Annotated[str, AfterValidator(_clean)]
Number = Annotated[str, BeforeValidator(_as_text), AfterValidator(_clean)]


class ConnectMetricool(BaseModel):
    """Body of ``POST /connect/metricool``."""

    model_config = ConfigDict(extra="ignore")

    token: Text = Field(min_length=1, max_length=2000)
    blog_id: Number = Field(min_length=1, max_length=60)
    user_id: Number | None = Field(default=None, max_length=60)


class Bridge(BaseModel):
    """One integration in ``/connect/status``."""

    connected: bool
    status: str
    last_sync: str | None
    accounts_connected: int


class Platform(BaseModel):
    """One network in ``/connect/status``: connected directly or through a bridge."""

    connected: bool
    account: str | None


class Status(BaseModel):
    integrations: dict[str, Bridge]
    platforms: dict[str, Platform]


class Joined(BaseModel):
    blog_id: str
    blog_name: str
    connected_at: str | None


class Connected(BaseModel):
    status: str = "connected"
    metricool: Joined
    available_platforms: list[str]


class Configuration(BaseModel):
    """``enabled`` false, and nothing else known, where Metricool is not connected."""

    enabled: bool
    blog_id: str | None = None
    blog_name: str | None = None
    connected_at: str | None = None
    last_sync: str | None = None


class Tested(BaseModel):
    """``rate_limit_remaining`` is null where Metricool does not tell."""

    status: str
    latency_ms: int | None
    api_version: str
    rate_limit_remaining: int | None
    features: dict[str, bool]
    message: str | None = Field(default=None, exclude_if=lambda given: given is None)


class Brand(BaseModel):
    id: str
    name: str
    platforms: list[str]
    is_current: bool


class Brands(BaseModel):
    data: list[Brand]


class Account(BaseModel):
    platform: str
    account_id: str
    username: str
    display_name: str
    profile_image: str | None
    status: str
    features: list[str]


class Accounts(BaseModel):
    data: list[Account]


class Disconnected(BaseModel):
    status: str = "disconnected"
    cancelled_posts: int
    disabled_accounts: int
