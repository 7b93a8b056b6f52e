"""What goes in and out of the Oktopost contract, in the seed's own names."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from app import ids
from app.api.contract import Model
from app.models.integrations import Cname as CnameRow
from app.services.integration_checks import KINDS
from app.services.integrations import DOMAIN_PREFIX, PREFIX, Assets, Whole

Type = Literal["cd", "ga", "pardot", "netresults", "mautic", "facebook"]
Status = Literal["valid", "invalid"]
State = Literal["active", "disabled"]
SIZES = (25, 50, 100)
CREDENTIAL, BOARD, ACCOUNT = "003", "002", "001"
SETTINGS = sorted({name for one in KINDS.values() for name in one.needed})


def _size(count: int) -> int:
    if count not in SIZES:
        raise ValueError("Give 25, 50 or 100")
    return count


def stamp(at: datetime) -> str:
    """A time as the seed writes it: ``2016-12-18 12:47:58``, UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


class ListQuery(Model):
    type: Type | None = Field(default=None, description="Only integrations of this type.")
    page: int = Field(default=0, ge=0, le=100_000, alias="_page", description="From 0.")
    count: Annotated[int, AfterValidator(_size)] = Field(
        default=25, alias="_count", json_schema_extra={"enum": list(SIZES)}
    )
    profile_id: str | None = Field(default=None, alias="profileId")


class GetQuery(Model):
    with_assets: int = Field(
        default=0, ge=0, le=1, alias="withAssets",
        description="1: with the social credentials and boards.",
    )  # fmt: skip
    profile_id: str | None = Field(default=None, alias="profileId")


class Settings(Model):
    """The settings of a type, beside the other fields or as ``settings[…]``.

    ``ga``: measurement_id, api_secret. ``mautic``: base_url, client_id, client_secret. ``pardot``:
    login_url, business_unit_id, client_id, client_secret. ``netresults``: username, password.
    ``cd``: account_key. ``facebook``: none.
    """

    settings: dict[str, str] = Field(default_factory=dict)
    measurement_id: str | None = None
    api_secret: str | None = None
    base_url: str | None = None
    login_url: str | None = None
    business_unit_id: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    username: str | None = None
    password: str | None = None
    account_key: str | None = None

    @property
    def given(self) -> dict[str, str]:
        """Those the request names, either way."""
        told = {name: getattr(self, name) for name in SETTINGS}
        return {**self.settings, **{name: one for name, one in told.items() if one is not None}}


class Connect(Settings):
    type: Type
    cname_id: str = Field(
        alias="cnameId", min_length=1, max_length=40, examples=["0CN000000000001"]
    )


class Change(Settings):
    state: State | None = None
    cname_id: str | None = Field(default=None, alias="cnameId", min_length=1, max_length=40)


class AddCname(Model):
    domain: str = Field(min_length=1, max_length=300, examples=["go.example.org"])


class Result(Model):
    Result: Literal[True] = True


class Made(Model):
    Id: str = Field(examples=["014000000000001"])
    Type: str
    Status: Status
    State: State


class Created(Result):
    Integration: Made


class Credential(Model):
    Id: str
    Name: str
    DisplayName: str
    Status: Status
    Network: str


class Board(Model):
    Id: str
    Name: str
    Type: str
    Network: str
    CredentialId: str | None


class AssetsOut(Model):
    Credentials: list[Credential]
    Boards: list[Board]


class Item(Model):
    """``SettingsData`` holds the settings that are no secrets. ``StatusMessage`` is ours: why the
    status is ``invalid``."""

    Id: str = Field(examples=["014000000000001"])
    Created: str = Field(examples=["2016-12-18 12:47:58"])
    Modified: str = Field(examples=["2017-05-21 11:02:55"])
    Status: Status
    State: State
    AccountId: str = Field(examples=["001000000000001"])
    Type: str
    Version: int
    CnameId: str | None
    SettingsData: dict[str, Any]
    StatusMessage: str | None


class Full(Item):
    Assets: AssetsOut | None = Field(default=None, exclude_if=lambda given: given is None)


class Items(Result):
    Items: list[Item]
    Total: int


class One(Result):
    Integration: Full


class CnameOut(Model):
    Id: str = Field(examples=["0CN000000000001"])
    Domain: str
    Status: Literal["pending", "verified"]


class CnameOne(Result):
    Cname: CnameOut


class CnameItems(Result):
    Items: list[CnameOut]
    Total: int


def status_of(valid: bool) -> Status:
    """The seed's word."""
    return "valid" if valid else "invalid"


def made(one: Whole) -> Made:
    """The short shape that creating answers."""
    row = one.row
    return Made(
        Id=ids.oktopost(PREFIX, row.number), Type=row.kind, Status=status_of(row.valid),
        State="active" if row.enabled else "disabled",
    )  # fmt: skip


def item(one: Whole) -> Item:
    """An integration in a list."""
    return Item(**_members(one))


def full(one: Whole, found: Assets | None) -> Full:
    """An integration by itself, with its assets where they were asked for."""
    return Full(**_members(one), Assets=_assets(found) if found else None)


def cname(row: CnameRow) -> CnameOut:
    """A domain."""
    return CnameOut(
        Id=ids.oktopost(DOMAIN_PREFIX, row.number), Domain=row.domain,
        Status="verified" if row.verified_at else "pending",
    )  # fmt: skip


def _members(one: Whole) -> dict[str, Any]:
    row = one.row
    known = KINDS[row.kind].plain
    return {
        **made(one).model_dump(), "Created": stamp(row.created_at),
        "Modified": stamp(row.updated_at), "AccountId": ids.oktopost(ACCOUNT, one.account),
        "Version": 1, "CnameId": ids.oktopost(DOMAIN_PREFIX, one.cname) if one.cname else None,
        "SettingsData": {name: row.data[name] for name in known if name in row.data},
        "StatusMessage": row.reason or None,
    }  # fmt: skip


def _assets(found: Assets) -> AssetsOut:
    credentials = [
        Credential(
            Id=ids.oktopost(CREDENTIAL, one.number), Name=f"{one.name}'s {one.network}",
            DisplayName=one.name, Status=status_of(one.valid), Network=one.network,
        )
        for one in found.credentials
    ]  # fmt: skip
    boards = [
        Board(
            Id=ids.oktopost(BOARD, one.number), Name=one.name, Type=one.kind, Network=one.network,
            CredentialId=ids.oktopost(CREDENTIAL, one.credential) if one.credential else None,
        )
        for one in found.boards
    ]  # fmt: skip
    return AssetsOut(Credentials=credentials, Boards=boards)
