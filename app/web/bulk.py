"""Work on many posts: what will happen, how far it is, and one undo (DESIGN §6.3, promises 11).

The list of the calendar sends its ticked posts here. Nothing is done before the page that lists
each post with what becomes of it was shown, and its button says so.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from app.errors import AppError, NotFound, ValidationFailed
from app.models.bulk import BulkKind, ItemState
from app.services import account_lists, bulk, cards, labels
from app.services.bulk import Pick, Report, Row
from app.services.bulk_orders import Order
from app.web import bulk_words, htmx
from app.web.actor import current_actor, current_profile
from app.web.forms.bulk import back_of, id_of, kind_of, order_of, picks_of
from app.web.guard import requires
from app.web.when import When

bp = Blueprint("bulk", __name__, url_prefix="/p/<profile>/bulk")


@bp.get("")
@requires("post.read")
def index(profile: str) -> ResponseReturnValue:
    """Nothing is chosen: to the list, where posts are."""
    return htmx.redirect(f"/p/{profile}/calendar/list")


@bp.post("")
@requires("post.write")
def order(profile: str) -> ResponseReturnValue:
    """Show what will happen; with ``do=go``, and nothing changed since it was shown, do it."""
    form, back = request.form, back_of(request.form, profile)
    kind, picks = kind_of(form, BulkKind.REPLACE), picks_of(form)
    if not picks:
        return htmx.toast(htmx.redirect(back), "Tick the posts first.")
    rows: list[Row] = []
    given, error = _default(kind, back), None
    try:
        if "shown" in form:
            given = order_of(form, back)
        if "shown" in form or kind not in (
            BulkKind.ACCOUNTS,
            BulkKind.LABELS,
        ):  # which ones has yet to be said
            given.check()
            rows = bulk.look(current_actor(), current_profile(), given, picks)
    except ValidationFailed as refused:
        error = refused
    sure = form.get("do") == "go" and error is None and form.get("shown") == _told(given)
    if sure and any(row.plan for row in rows):
        return go(given, picks, id_of(form, "batch"))
    return _ask(given, picks, rows, error)


@bp.get("/<uuid:batch_id>")
@requires("post.read")
def show(profile: str, batch_id: UUID) -> ResponseReturnValue:
    """How far it is, what was done and what was not, and the way back."""
    report = bulk.get(current_actor(), current_profile(), batch_id)
    return htmx.render("bulk/show.html", fragment="bulk/_show.html", **_reported(report))


@bp.post("/<uuid:batch_id>/undo")
@requires("post.write")
def undo(profile: str, batch_id: UUID) -> ResponseReturnValue:
    """Put back all of it that nobody has changed since."""
    where = url_for("bulk.show", profile=profile, batch_id=batch_id)
    try:
        bulk.undo(current_actor(), current_profile(), batch_id)
    except NotFound:
        raise
    except AppError as error:
        return htmx.toast(htmx.redirect(where), error.message)
    return htmx.redirect(where)


def go(given: Order, picks: list[Pick], batch_id: UUID | None) -> Response:
    """Give the order and go to its page. Sending the same page twice gives it once."""
    actor, profile = current_actor(), current_profile()
    batch = bulk.start(actor, profile, batch_id or bulk.new_id(), given, picks)
    return htmx.redirect(f"/p/{profile.slug}/bulk/{batch.id}")


def _ask(given: Order, picks: list[Pick], rows: list[Row], error: AppError | None) -> Response:
    actor, profile = current_actor(), current_profile()
    when = When(profile)
    going = [row for row in rows if row.plan is not None]
    response = htmx.render(
        "bulk/order.html", fragment="bulk/_order.html", **_common(given, when),
        kind=given.kind.value, going=going, left=[row for row in rows if row.plan is None],
        posts=picks if error or not rows else [_pick(row) for row in rows],
        shown=_told(given), batch=bulk.new_id(), error=error,
        again=request.form.get("do") == "go" and error is None,
        button=bulk_words.button(given, len(going), when), typed=_typed(given),
        accounts=account_lists.of_brand(actor, profile.id)
        if given.kind is BulkKind.ACCOUNTS else [],
        called=account_lists.called,
        known=labels.of_brand(actor, profile.id) if given.kind is BulkKind.LABELS else [],
    )  # fmt: skip
    response.status_code = 422 if error else 200
    return response


def _reported(report: Report) -> dict[str, Any]:
    when, counts = When(current_profile()), report.counts
    count = sum(counts[one] for one in (ItemState.DONE, ItemState.KEPT, ItemState.UNDONE))
    return {
        **_common(report.order, when), "report": report, "batch": report.batch, "count": count,
        "told": bulk_words.done(report.order, count, when),
    }  # fmt: skip


def _common(given: Order, when: When) -> dict[str, Any]:
    profile = current_profile()
    return {
        "profile": profile, "slug": profile.slug, "when": when, "order": given,
        "back": given.back, "title": bulk_words.TITLES[given.kind],
        "title_of": cards.network_title, "headline": cards.title_of,
    }  # fmt: skip


def _default(kind: BulkKind, back: str) -> Order:
    """The order as its page first shows it."""
    order = Order(kind, back=back)
    if kind is BulkKind.MOVE:
        return replace(order, days=1)
    if kind is BulkKind.DATE:
        return replace(order, on=When(current_profile()).today + timedelta(days=1))
    return order


def _typed(given: Order) -> dict[str, str]:
    """What the fields hold: as it was typed, else as the order says it."""
    kept = {"days": str(given.days or 7), "hours": str(given.hours), "on": str(given.on or ""),
            "as": "drafts" if given.drafts else "later", "labels": "", "unlabels": ""}  # fmt: skip
    return kept | request.form.to_dict() if "shown" in request.form else kept


def _told(given: Order) -> str:
    """The order in one line of text, so that a button does what it was shown for and no other."""
    return repr(sorted((k, v) for k, v in given.to_json().items() if k != "back"))


def _pick(row: Row) -> Pick:
    return replace(row.pick, mark=row.plan.mark) if row.plan else row.pick
