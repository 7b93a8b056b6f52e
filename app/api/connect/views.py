"""Views of the Connect API. All are POST; the profile is the key's, or ``?profileId=``."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint

from app.api import doors
from app.api.auth import current_actor, current_profile_id, named_profile_id, requires
from app.api.connect import schemas as io
from app.api.contract import FORM, JSON, operation
from app.models.accounts import SocialAccount
from app.models.approvals import PlaceKind
from app.services import approvals, creators, given_tokens
from app.services.approvals import Claim

TAG = "Connect API"
TAKES = (FORM, JSON)
# The seed's words for networks that people call otherwise.
CALLED = {"google": "Google", "twitter": "Twitter"}

bp = Blueprint("connect", __name__, url_prefix="/api")
doors.build(bp, basic=True)


def connected(row_id: UUID) -> Any:
    """What a request that died had connected."""
    account = creators.told(current_actor(), current_actor_account(row_id))
    title = approvals.title_of(account.network)
    return io.Authenticated(
        message=f"{title} account connected successfully", network_id=account.number
    )


def current_actor_account(row_id: UUID) -> SocialAccount:
    """The account of an id that a request of this key made."""
    from app.services import accounts

    return accounts.get(current_actor(), row_id)


def asked(row_id: UUID) -> Any:
    """The request for a decision that an earlier request with this key made."""
    return io.Submitted(
        message="Network submitted for approval",
        approval_id=approvals.made(current_actor(), row_id).number,
    )


@bp.post("/get/networks/", strict_slashes=False)
@requires("account.read")
@operation(
    "Get networks", tag=TAG, body=io.Nothing, optional=True, takes=TAKES,
    answers={200: io.Networks},
)  # fmt: skip
def networks(body: io.Nothing) -> Any:
    """The networks of the profile: connected ones and those that wait for a decision."""
    found = creators.listed(current_actor(), current_profile_id())
    return io.Networks(networks=[io.network(one) for one in found])


@bp.post("/action/network-extra/update/", strict_slashes=False)
@requires("account.write")
@operation(
    "Update network extra", tag=TAG, body=io.ExtraUpdate, takes=TAKES, answers={200: io.Done},
    refuses=(404,),
)  # fmt: skip
def update_extra(body: io.ExtraUpdate) -> Any:
    """Say more about a network. Members given replace those of the same name."""
    creators.update_extra(current_actor(), _numbered(body.network_id), body.extra_data)
    return io.Done(message="Network extra information updated successfully")


@bp.post("/auth/<network>/", strict_slashes=False)
@requires("account.write")
@operation(
    "Connect an account with a token", tag=TAG, body=io.Token, takes=TAKES,
    answers={200: io.Authenticated}, refuses=(404, 502), again=connected,
)  # fmt: skip
def auth(network: str, body: io.Token) -> Any:
    """The network is asked whose token it is before anything is stored. Google means YouTube.

    A network that waits for a decision is accepted by this: the key's user may decide.
    """
    name = approvals.network_named(network)
    done = given_tokens.take(
        current_actor(), current_profile_id(), name, token=body.access_token, user=body.user_id,
        server=body.server,
    )  # fmt: skip
    title = CALLED.get(network.lower()) or approvals.title_of(name)
    return io.Authenticated(
        message=f"{title} account connected successfully", network_id=done.account.number
    )


@bp.post("/action/network/approval/", strict_slashes=False)
@requires("post.write")
@operation(
    "Submit a network for approval", tag=TAG, body=io.Submission, takes=TAKES,
    answers={200: io.Submitted}, again=asked,
)  # fmt: skip
def approval(body: io.Submission) -> Any:
    """An owner or admin of the profile accepts or rejects it in the dashboard. It cannot
    publish before its account is connected too."""
    claim = Claim(
        body.network_type, body.network_id, body.network_url, followers=body.followers,
        category=body.category, words=("network_type", "network_id", "network_url"),
    )  # fmt: skip
    return asked(approvals.submit(current_actor(), current_profile_id(), claim).id)


@bp.post("/network/status/", strict_slashes=False)
@requires("account.read")
@operation(
    "Get network status", tag=TAG, body=io.Named, takes=TAKES, answers={200: io.NetworkStatus},
    refuses=(404,),
)  # fmt: skip
def status(body: io.Named) -> Any:
    """``verified``: the network itself has told us that the account is the profile's."""
    told = creators.told(current_actor(), _numbered(body.network_id))
    return io.network_status(told)


@bp.post("/network/disconnect/", strict_slashes=False)
@requires("account.write")
@operation(
    "Disconnect a network", tag=TAG, body=io.Named, takes=TAKES, answers={200: io.Done},
    refuses=(404,),
)  # fmt: skip
def disconnect(body: io.Named) -> Any:
    """Nothing more is sent through it; its posts wait until it is back."""
    creators.disconnect(current_actor(), _numbered(body.network_id))
    return io.Done(message="Network disconnected successfully")


@bp.post("/get/social-pages/", strict_slashes=False)
@requires("account.read")
@operation(
    "Get social pages", tag=TAG, body=io.Nothing, optional=True, takes=TAKES,
    answers={200: io.Pages},
)  # fmt: skip
def pages(body: io.Nothing) -> Any:
    """Pages that were added, connected Pages and organizations, boards and subreddits."""
    found = creators.places(current_actor(), current_profile_id(), PlaceKind.PAGE)
    return io.Pages(pages=[io.page(one) for one in found])


@bp.post("/get/social-walls/", strict_slashes=False)
@requires("account.read")
@operation(
    "Get social walls", tag=TAG, body=io.Nothing, optional=True, takes=TAKES,
    answers={200: io.Walls},
)  # fmt: skip
def walls(body: io.Nothing) -> Any:
    """Walls that were added."""
    found = creators.places(current_actor(), current_profile_id(), PlaceKind.WALL)
    return io.Walls(walls=[io.wall(one) for one in found])


@bp.post("/get/social-channels/", strict_slashes=False)
@requires("account.read")
@operation(
    "Get social channels", tag=TAG, body=io.Nothing, optional=True, takes=TAKES,
    answers={200: io.Channels},
)  # fmt: skip
def channels(body: io.Nothing) -> Any:
    """Channels that were added, and connected YouTube channels."""
    found = creators.places(current_actor(), current_profile_id(), PlaceKind.CHANNEL)
    return io.Channels(channels=[io.channel(one) for one in found])


@bp.post("/add/social-page/", strict_slashes=False)
@requires("post.write")
@operation(
    "Add a social page", tag=TAG, body=io.NewPage, takes=TAKES, answers={200: io.PageAdded},
    again=lambda row_id: _page_added(_place_number(row_id)),
)  # fmt: skip
def add_page(body: io.NewPage) -> Any:
    """It is ``pending`` until an owner or admin has decided."""
    claim = Claim(
        body.network, body.page_id, body.page_url, body.page_name, body.followers, body.category,
        ("network", "page_id", "page_url"),
    )  # fmt: skip
    return _page_added(_added(PlaceKind.PAGE, claim))


@bp.post("/add/social-wall/", strict_slashes=False)
@requires("post.write")
@operation(
    "Add a social wall", tag=TAG, body=io.NewWall, takes=TAKES, answers={200: io.WallAdded},
    again=lambda row_id: _wall_added(_place_number(row_id)),
)  # fmt: skip
def add_wall(body: io.NewWall) -> Any:
    """It is ``pending`` until an owner or admin has decided."""
    claim = Claim(
        body.network, body.wall_id, body.wall_url, body.wall_name, body.followers, body.category,
        ("network", "wall_id", "wall_url"),
    )  # fmt: skip
    return _wall_added(_added(PlaceKind.WALL, claim))


@bp.post("/add/social-channel/", strict_slashes=False)
@requires("post.write")
@operation(
    "Add a social channel", tag=TAG, body=io.NewChannel, takes=TAKES,
    answers={200: io.ChannelAdded}, again=lambda row_id: _channel_added(_place_number(row_id)),
)  # fmt: skip
def add_channel(body: io.NewChannel) -> Any:
    """It is ``pending`` until an owner or admin has decided."""
    claim = Claim(
        body.network, body.channel_id, body.channel_url, body.channel_name, body.subscribers,
        body.category, ("network", "channel_id", "channel_url"),
    )  # fmt: skip
    return _channel_added(_added(PlaceKind.CHANNEL, claim))


def _numbered(number: int) -> SocialAccount:
    return creators.numbered(current_actor(), number, named_profile_id())


def _added(kind: PlaceKind, claim: Claim) -> int:
    return approvals.add_place(current_actor(), current_profile_id(), kind, claim).number


def _place_number(row_id: UUID) -> int:
    """Of the place that a request which died had added."""
    return approvals.place_made(current_actor(), row_id).number


def _page_added(number: int) -> io.PageAdded:
    return io.PageAdded(message="Social page added successfully", page_id=number)


def _wall_added(number: int) -> io.WallAdded:
    return io.WallAdded(message="Social wall added successfully", wall_id=number)


def _channel_added(number: int) -> io.ChannelAdded:
    return io.ChannelAdded(message="Social channel added successfully", channel_id=number)
