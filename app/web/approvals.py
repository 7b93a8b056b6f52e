"""Requests of a brand: networks and pages that an owner or admin decides about (DESIGN 6.6)."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from app.errors import AppError, NotFound
from app.models.accounts import Review
from app.permissions import Permission
from app.services import approval_board, approvals
from app.web import htmx, navigation
from app.web.actor import current_actor, current_profile
from app.web.guard import requires
from app.web.words import ago

bp = Blueprint("approvals", __name__, url_prefix="/p/<profile>/connections/requests")

VERDICTS = {
    "accept": Review.ACCEPTED, "reject": Review.REJECTED, "suspend": Review.SUSPENDED,
}  # fmt: skip


@bp.get("")
@requires("account.read")
def index(profile: str) -> ResponseReturnValue:
    """What waits, what is in use, what was rejected or is suspended."""
    actor, brand = current_actor(), current_profile()
    return render_template(
        "connections/requests.html", board=approval_board.board(actor, brand.id), profile=brand,
        may_write=actor.may(Permission.ACCOUNT_WRITE, brand.id), ago=ago,
        verbs={verdict.value: word for word, verdict in VERDICTS.items()},
    )  # fmt: skip


@bp.post("/network/<uuid:account_id>/<verdict>")
@requires("account.write")
def network(profile: str, account_id: UUID, verdict: str) -> ResponseReturnValue:
    """Accept, reject or suspend a network."""
    return _decided(profile, account_id, verdict, place=False)


@bp.post("/place/<uuid:place_id>/<verdict>")
@requires("account.write")
def place(profile: str, place_id: UUID, verdict: str) -> ResponseReturnValue:
    """Accept, reject or suspend a page, wall or channel."""
    return _decided(profile, place_id, verdict, place=True)


def _decided(profile: str, row_id: UUID, verdict: str, *, place: bool) -> ResponseReturnValue:
    if verdict not in VERDICTS:
        raise NotFound()
    actor, wanted = current_actor().within(current_profile().id), VERDICTS[verdict]
    try:
        name = (
            approvals.decide_place(actor, row_id, wanted).name
            if place
            else (account := approvals.decide(actor, row_id, wanted)).name or account.handle
        )
        words = f"{name} is {wanted.value}."
    except NotFound:
        raise
    except AppError as error:  # somebody else decided meanwhile
        words = error.message
    navigation.forget()
    return htmx.toast(htmx.redirect(url_for(".index", profile=profile)), words)
