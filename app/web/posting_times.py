"""Posting times: the week of each account, whose days are its slots (DESIGN §1, §6.8)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.errors import NotFound, ValidationFailed
from app.models.accounts import SocialAccount
from app.permissions import Permission
from app.services import account_lists, cards, posting_times
from app.services.composing import many
from app.services.posting_times import Week, Weekly
from app.web import htmx
from app.web.actor import current_actor, current_profile
from app.web.forms.posting_times import TimeForm, ids_of, keys_of
from app.web.guard import requires
from app.web.when import When

bp = Blueprint("posting_times", __name__, url_prefix="/p/<profile>/posting-times")
HUES = 6


@bp.get("")
@requires("account.read")
def index(profile: str) -> ResponseReturnValue:
    """Every account with its week."""
    return _page(posting_times.weeks(current_actor(), current_profile()))


@bp.post("/typical")
@requires("account.write")
def fill_empty(profile: str) -> ResponseReturnValue:
    """Typical times for every account that has none yet."""
    count = posting_times.fill_empty(current_actor(), current_profile())
    told = f"{many(count, 'account')} got typical times." if count else "All accounts have times."
    return htmx.toast(htmx.go(url_for(".index", profile=profile)), told)


@bp.post("/<uuid:account_id>")
@requires("account.write")
def change(profile: str, account_id: UUID) -> ResponseReturnValue:
    """Take the time of the button off, or add the one that was typed."""
    account = _ours(account_id).account
    gone = request.form.get("remove", "")
    if gone:
        return _removed(account, keys_of(gone))
    form = TimeForm.of(request.form)
    times = form.times()
    if not form.errors:
        try:
            new = posting_times.add(current_actor(), account_id, times)
        except ValidationFailed as error:
            form.take(error)
        else:
            told = f"{_listed(new)} added." if new else "Those times were there already."
            return _changed(account, told, form=TimeForm(days=form.days), focus="time")
    return _refused(account_id, form)


@bp.post("/<uuid:account_id>/typical")
@requires("account.write")
def fill(profile: str, account_id: UUID) -> ResponseReturnValue:
    """Add the hours that suit its network."""
    account = _ours(account_id).account
    new = posting_times.fill(current_actor(), account_id)
    told = f"{many(len(new), 'typical time')} added." if new else "They are all there already."
    return _changed(account, told, focus="time")


@bp.post("/<uuid:account_id>/clear")
@requires("account.write")
def clear(profile: str, account_id: UUID) -> ResponseReturnValue:
    """Take all its times off."""
    return _removed(_ours(account_id).account, None)


@bp.post("/<uuid:account_id>/restore")
@requires("account.write")
def restore(profile: str, account_id: UUID) -> ResponseReturnValue:
    """The Undo of taking times off: ``times`` of the address are put back."""
    account = _ours(account_id).account
    posting_times.add(current_actor(), account_id, keys_of(request.args.get("times", "")))
    if not htmx.wants_part():
        return _back(account_id)
    card = htmx.part("posting_times/_account.html", f"#times-{account_id}", **_card(account))
    return htmx.toast(htmx.parts(card), "Put back.")


@bp.get("/<uuid:account_id>/copy")
@requires("account.write")
def choose(profile: str, account_id: UUID) -> ResponseReturnValue:
    """Ask which accounts get the same times."""
    return _copying(_ours(account_id))


@bp.post("/<uuid:account_id>/copy")
@requires("account.write")
def copy(profile: str, account_id: UUID) -> ResponseReturnValue:
    """Give those accounts the same times in place of their own."""
    week = _ours(account_id)
    try:
        wanted = ids_of(request.form.getlist("to"))
        done = posting_times.copy(current_actor(), account_id, wanted)
    except ValidationFailed as error:
        return _copying(week, error)
    told = f"{many(len(done), 'account')} now {'has' if len(done) == 1 else 'have'} the same times."
    return htmx.toast(htmx.go(url_for(".index", profile=profile)), told)


def _ours(account_id: UUID) -> Week:
    """The account's week, where it is of the brand of this address; else ``NotFound``."""
    found = posting_times.week(current_actor(), account_id)
    if found.account.profile_id != current_profile().id:
        raise NotFound("We could not find that account.")
    return found


def _removed(account: SocialAccount, times: Collection[Weekly] | None) -> Response:
    gone = posting_times.remove(current_actor(), account.id, times)
    if not gone:
        return _changed(account, "It was taken off already.")
    again = url_for(
        ".restore", profile=current_profile().slug, account_id=account.id,
        times=",".join(one.key for one in gone),
    )  # fmt: skip
    left = posting_times.week(current_actor(), account.id).times
    after = next((one.key for one in left if one > gone[0]), left[-1].key if left else "time")
    return _changed(account, f"{_listed(gone)} taken off.", again=again, focus=after)


def _listed(times: Collection[Weekly]) -> str:
    return next(iter(times)).words if len(times) == 1 else many(len(times), "time")


def _changed(
    account: SocialAccount, told: str, *, again: str | None = None, **context: Any
) -> Response:
    """The account's card as it is now; a browser goes back to it."""
    if not htmx.wants_part():
        return htmx.toast(_back(account.id), told, again)
    drawn = render_template("posting_times/_account.html", **_card(account, **context))
    response = htmx.toast(make_response(drawn), told, again)
    htmx.trigger(response, "setup:changed")
    response.vary.update(htmx.VARY)
    return response


def _back(account_id: UUID) -> Response:
    here = url_for(".index", profile=current_profile().slug, _anchor=f"times-{account_id}")
    return htmx.redirect(here)


def _refused(account_id: UUID, form: TimeForm) -> Response:
    """The same card, or the page, with what was typed and what is wrong with it."""
    if htmx.wants_part():
        week = posting_times.week(current_actor(), account_id)
        drawn = render_template(
            "posting_times/_account.html", week=week, form=form, focus="time", **_around()
        )
        response = make_response(drawn, 422)
        response.vary.update(htmx.VARY)
        return response
    return _page(
        posting_times.weeks(current_actor(), current_profile()), typed={account_id: form},
        status=422,
    )  # fmt: skip


def _page(
    weeks: list[Week], *, typed: dict[UUID, TimeForm] | None = None, status: int = 200
) -> Response:
    page = render_template(
        "posting_times/index.html", weeks=weeks, typed=typed or {}, blank=TimeForm(), focus="",
        **_around(),
    )  # fmt: skip
    return make_response(page, status)


def _copying(week: Week, error: ValidationFailed | None = None) -> Response:
    others = [
        one
        for one in posting_times.weeks(current_actor(), current_profile())
        if one.account.id != week.account.id
    ]
    response = htmx.render(
        "posting_times/copy.html", fragment="posting_times/_copy.html", week=week, others=others,
        problem=error.message if error else "", ticked=request.form.getlist("to"),
        inside=htmx.wants_part(), **_around(),
    )  # fmt: skip
    response.status_code = 422 if error else 200
    return response


def _card(
    account: SocialAccount, *, form: TimeForm | None = None, focus: str = ""
) -> dict[str, Any]:
    week = posting_times.week(current_actor(), account.id)
    return {"week": week, "form": form or TimeForm(), "focus": focus, **_around()}


def _around() -> dict[str, Any]:
    actor, profile = current_actor(), current_profile()
    return {
        "profile": profile,
        "when": When(profile),
        "days": posting_times.DAYS,
        "week_start": profile.week_start,
        "title_of": cards.network_title,
        "called": account_lists.called,
        "picture": _picture,
        "hues": HUES,
        "many": many,
        "may_write": actor.may(Permission.ACCOUNT_WRITE, profile.id),
    }


def _picture(account: SocialAccount) -> str:
    """The address of an account's picture; empty where initials stand for it."""
    if not account.avatar_key:
        return ""
    return url_for("connections.avatar", profile=current_profile().slug, account_id=account.id)
