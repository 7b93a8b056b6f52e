"""Connected accounts: Ampost's ``/accounts`` and Amplify's ``/connections``."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint
from pydantic import Field

from app.api import doors
from app.api.auth import current_actor, named_profile_id, requires
from app.api.contract import Camel, Model, operation
from app.api.v1.posts_told import stamp
from app.models.accounts import AccountStatus, SocialAccount
from app.services import account_lists, account_readiness, accounts, catalogue, checks
from app.services.account_readiness import Readiness

TAG = "Accounts"
WORDS = {
    AccountStatus.ACTIVE: "connected", AccountStatus.NEEDS_RECONNECT: "expired",
    AccountStatus.DISCONNECTED: "disconnected",
}  # fmt: skip

bp = Blueprint("api_accounts", __name__, url_prefix="/api/v1")
doors.build(bp)


class AccountsQuery(Camel):
    """Filters of ``GET /api/v1/accounts``."""

    platform: str | None = Field(default=None, max_length=20)
    platform_set_id: UUID | None = None
    profile_id: str | None = None


class ProfileQuery(Camel):
    profile_id: str | None = None


class AccountOut(Camel):
    """One account as Ampost tells it."""

    id: UUID
    platform: str
    profile_id: UUID
    platform_set_id: UUID | None
    username: str
    display_name: str
    avatar_url: str | None
    profile_url: str | None
    external_account_id: str
    account_type: str
    status: str
    via: str
    scopes: list[str]
    token_expires_at: str | None
    token_health: str
    platform_metadata: dict[str, Any]
    readiness: dict[str, Any]
    connected_at: str | None
    last_checked_at: str | None


class AccountsOut(Model):
    accounts: list[AccountOut]


class OneAccount(Model):
    account: AccountOut


class ConnectionOut(Camel):
    """One account as Amplify tells it."""

    id: UUID
    platform: str
    username: str
    external_account_id: str
    external_account_name: str
    connection_status: str
    capabilities: dict[str, bool]
    contract: dict[str, Any]
    readiness: dict[str, Any]


class Connections(Model):
    connections: list[ConnectionOut]


class OneConnection(Model):
    connection: ConnectionOut


class Gone(Model):
    success: bool = True


@bp.get("/accounts")
@requires("account.read")
@operation(
    "List connected accounts", tag=TAG, query=AccountsQuery, answers={200: AccountsOut},
    refuses=(404,),
)  # fmt: skip
def index(query: AccountsQuery) -> Any:
    """With scopes, the state of the token, and what the network said of the account."""
    found = account_lists.judged(
        current_actor(), named_profile_id(query.profile_id), network=query.platform,
        set_id=query.platform_set_id,
    )  # fmt: skip
    return AccountsOut(accounts=[told(row, ready) for row, ready in found])


@bp.get("/accounts/<uuid:account_id>")
@requires("account.read")
@operation("Get an account", tag=TAG, answers={200: OneAccount})
def show(account_id: UUID) -> Any:
    """One connected account."""
    row = accounts.get(current_actor(), account_id)
    return OneAccount(account=told(row, _ready(row)))


@bp.get("/connections")
@requires("account.read")
@operation("List connections", tag=TAG, query=ProfileQuery, answers={200: Connections})
def connections(query: ProfileQuery) -> Any:
    """The accounts of the key's profile, with what each can do and what it lacks."""
    found = account_lists.judged(current_actor(), named_profile_id(query.profile_id))
    return Connections(connections=[_connection(row, ready) for row, ready in found])


@bp.delete("/connections/<uuid:connection_id>")
@requires("account.write")
@operation("Disconnect an account", tag=TAG, answers={200: Gone})
def disconnect(connection_id: UUID) -> Any:
    """Its posts on the clock wait until it is connected again, or miss their time."""
    accounts.disconnect(current_actor(), connection_id)
    return Gone()


@bp.post("/connections/<uuid:connection_id>/sync")
@requires("account.write")
@operation("Refresh a connection", tag=TAG, answers={200: OneConnection}, refuses=(400, 409, 502))
def sync(connection_id: UUID) -> Any:
    """Asks the network now: the token is renewed, name and picture are read again."""
    row = checks.check(current_actor(), connection_id)
    return OneConnection(connection=_connection(row, _ready(row)))


def _ready(row: SocialAccount) -> Readiness:
    return account_readiness.judge(row, account_readiness.facts([row]))


def told(row: SocialAccount, ready: Readiness) -> AccountOut:
    return AccountOut(
        id=row.id, platform=row.network, profile_id=row.profile_id, platform_set_id=row.set_id,
        username=row.handle, display_name=row.name or row.handle,
        avatar_url=row.avatar_url or None, profile_url=row.url or None,
        external_account_id=row.external_id, account_type=row.kind,
        status=WORDS[row.status], via=row.via, scopes=list(row.scopes),
        token_expires_at=stamp(row.tokens_expire_at),
        token_health=account_lists.token_health(row),
        platform_metadata=account_lists.metadata(row), readiness=account_readiness.as_json(ready),
        connected_at=stamp(row.connected_at), last_checked_at=stamp(row.checked_at),
    )  # fmt: skip


def _connection(row: SocialAccount, ready: Readiness) -> ConnectionOut:
    found = catalogue.platform(catalogue.entry(row.network, row.extras))
    publish = found["publish"]
    return ConnectionOut(
        id=row.id, platform=row.network, username=account_lists.called(row),
        external_account_id=row.external_id, external_account_name=row.name or row.handle,
        connection_status=WORDS[row.status],
        capabilities={
            "text": publish["text"], "images": publish["images"], "video": publish["video"],
            "scheduling": publish["scheduling"], "analytics": found["analytics"]["supported"],
        },
        contract={
            "displayName": found["displayName"], "supportStatus": found["supportStatus"],
            "publish": publish, "notes": found["notes"],
        },
        readiness=account_readiness.as_json(ready),
    )  # fmt: skip
