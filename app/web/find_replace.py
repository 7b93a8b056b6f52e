"""Find and replace over posts that have yet to go out: look, tick, change, undo (promises 11)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, make_response, render_template, request
from flask.typing import ResponseReturnValue

from app.errors import ValidationFailed
from app.services import account_lists, bulk, cards, find_replace, labels
from app.services.find_replace import STATUSES, Found
from app.web import bulk as many
from app.web import htmx
from app.web.actor import current_actor, current_profile
from app.web.forms.bulk import id_of, picks_of
from app.web.forms.find_replace import order_of, where_of
from app.web.guard import requires
from app.web.when import When

bp = Blueprint("find_replace", __name__, url_prefix="/p/<profile>/find-replace")


@bp.get("")
@requires("post.write")
def index(profile: str) -> ResponseReturnValue:
    """The words and where to look; with words, each post with what it would say."""
    return _page(request.args)


@bp.post("")
@requires("post.write")
def apply(profile: str) -> ResponseReturnValue:
    """Change the ticked posts. The words are those the list was made for."""
    order = order_of(request.form, f"/p/{profile}/calendar/list")
    picks = picks_of(request.form)
    if not picks:
        return _page(request.form, "Tick at least one post.")
    try:
        order.check()
    except ValidationFailed:
        return _page(request.form)
    return many.go(order, picks, id_of(request.form, "batch"))


def _page(given: Any, told: str = "") -> ResponseReturnValue:
    actor, profile = current_actor(), current_profile()
    order, where = order_of(given, ""), where_of(given)
    found, error = Found(), None
    if "find" in given:
        try:
            found = find_replace.search(actor, profile, order, where)
        except ValidationFailed as refused:
            error = refused
    response = make_response(
        render_template(
            "find_replace/index.html", profile=profile, slug=profile.slug, when=When(profile),
            order=order, where=where, found=found, asked="find" in given, error=error, told=told,
            statuses=STATUSES, accounts=account_lists.of_brand(actor, profile.id),
            labels=labels.of_brand(actor, profile.id),
            called=account_lists.called, title_of=cards.network_title, headline=cards.title_of,
            batch=bulk.new_id(), most=find_replace.MOST, looked=find_replace.LOOKED,
        ),
        422 if error or told else 200,
    )  # fmt: skip
    response.vary.update(htmx.VARY)
    return response
