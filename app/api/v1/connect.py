"""Amplify's ``POST /api/v1/connect/init``: a sign-in on a network's page, begun with a key."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from pydantic import Field

from app.api import doors
from app.api.auth import current_actor, current_profile_id, requires
from app.api.contract import Camel, Model, operation
from app.services import key_consent

bp = Blueprint("api_connect", __name__, url_prefix="/api/v1/connect")
doors.build(bp)


class ConnectBody(Camel):
    """Body of ``POST /api/v1/connect/init``. All but the first two is ours: ``server`` is the host
    of a Mastodon account, ``handle`` the name of a Bluesky one."""

    platform: str = Field(max_length=20)
    return_url: str = Field(max_length=2000)
    profile_id: str | None = None
    server: str = Field(default="", max_length=300)
    handle: str = Field(default="", max_length=300)


class ConsentPage(Model):
    """Where to send the person. ``error`` is always null here: refusals have their own shape."""

    url: str = Field(examples=["https://twitter.com/i/oauth2/authorize?..."])
    error: str | None = None


@bp.post("/init")
@requires("account.write")
@operation(
    "Start connecting an account", tag="Accounts", body=ConnectBody, answers={200: ConsentPage},
    refuses=(502,),
)  # fmt: skip
def init(body: ConnectBody) -> Any:
    """Answers with the network's consent page. It can be used once, within ten minutes.

    Whoever comes back from it is asked by Carillon to confirm the account and the profile, and
    then sent on to ``returnUrl`` with ``status=success`` and a ``connectionId`` for each account,
    or with ``status=error`` and ``error``: ``access_denied``, ``expired``, ``not_allowed``,
    ``network_error`` or ``connection_failed``.

    ``returnUrl`` has to be one of the profile's ``returnUrls``, letter by letter.
    """
    url = key_consent.start(
        current_actor(), current_profile_id(body.profile_id), body.platform, body.return_url,
        server=body.server, handle=body.handle,
    )  # fmt: skip
    return ConsentPage(url=url)
