"""Calendar feeds: the page where links are made and revoked, and the feed itself.

The feed is read by programs without a session: its address is the right to read. It sets no
cookie, changes nothing but the time of its last look, and answers plain text where it refuses.
"""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms.fields import SelectChoice

from app.clock import now
from app.config import settings
from app.errors import AppError, Conflict, NotFound, ValidationFailed
from app.extensions import networks
from app.models.accounts import SocialAccount
from app.models.files import CalendarFeed
from app.services import account_lists, feed_events, feeds, hourly, ical, throttle
from app.services.account_lists import called
from app.web import htmx
from app.web.actor import current_actor, current_profile
from app.web.forms.feeds import ALL, FeedForm
from app.web.guard import public, requires
from app.web.when import When
from app.web.words import ago

bp = Blueprint("feeds", __name__)

AN_HOUR = 120  # looks at one feed; programs look every few minutes at most
FROM_ONE = 1_200  # looks an hour from one address, of any feeds
FRESH = 300  # seconds a program may keep what it got
SEALED = {
    "X-Robots-Tag": "noindex",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Content-Disposition": 'inline; filename="carillon.ics"',
}


@bp.get("/feeds/<token>.ics")
@public
def read(token: str) -> ResponseReturnValue:
    """The feed of that token as iCalendar; 304 where nothing is new."""
    address = throttle.neighbourhood(request.remote_addr or "")
    if wait := _wait(f"feeds:{address}", FROM_ONE):
        return _refused(429, "Too many looks from this address. Try again later.", wait)
    try:
        opened = feeds.resolve(token)
    except NotFound:
        return _refused(404, "There is no calendar at this address, or its link was revoked.")
    if wait := _wait(f"feed:{opened.feed.id}", AN_HOUR):
        return _refused(429, "This calendar is looked at too often. Try again later.", wait)
    body = feed_events.write(opened)
    feeds.note_read(opened.feed)
    response = make_response(body)
    response.headers["Content-Type"] = f"{ical.MIME}; charset=utf-8"
    response.headers.update(SEALED)
    response.headers["Cache-Control"] = f"private, max-age={FRESH}"
    response.set_etag(hashlib.sha256(body).hexdigest()[:32])
    return response.make_conditional(request)


@bp.get("/p/<profile>/feeds")
@requires("post.read")
def index(profile: str) -> ResponseReturnValue:
    """The brand's calendar links, and the form for a new one."""
    return _page(_form(formdata=None))


@bp.post("/p/<profile>/feeds")
@requires("post.read")
def create(profile: str) -> ResponseReturnValue:
    """Make a link; its address stands in this one answer and never again."""
    form = _form()
    if not form.validate_on_submit():
        return _page(form, status=422)
    try:
        made, token = feeds.create(
            current_actor(), current_profile().id, name=form.name.data or "",
            account_id=None if form.what.data == ALL else UUID(form.what.data),
        )  # fmt: skip
    except (ValidationFailed, Conflict) as error:
        return _told(form, error)
    address = f"{settings().APP_URL.rstrip('/')}{url_for('.read', token=token)}"
    return _page(_form(formdata=None), made=made, address=address)


@bp.get("/p/<profile>/feeds/<uuid:feed_id>/revoke")
@requires("post.read")
def ask(profile: str, feed_id: UUID) -> ResponseReturnValue:
    """Say what would happen, and ask; the page's own dialog does where scripts run."""
    row = _living(feed_id)
    return render_template(
        "feeds/revoke.html", row=row, profile=current_profile(), label=label(row)
    )


@bp.post("/p/<profile>/feeds/<uuid:feed_id>/revoke")
@requires("post.read")
def revoke(profile: str, feed_id: UUID) -> ResponseReturnValue:
    """End a link."""
    row = feeds.revoke(current_actor(), current_profile().id, feed_id)
    words = f"The link “{label(row)}” is revoked. Programs that have it see nothing new."
    if htmx.wants_part():
        return htmx.toast(_page(_form(formdata=None)), words)
    return htmx.toast(htmx.redirect(url_for(".index", profile=profile)), words)


def label(row: CalendarFeed) -> str:
    """What a link is called: its name, else what it shows."""
    return row.name or (words(row.account) if row.account else "The whole brand")


def words(account: SocialAccount) -> str:
    """An account as people know it."""
    return f"{networks.get(account.network).title} {called(account)}"


def _form(**given: Any) -> FeedForm:
    form = FeedForm(**given)
    rows = account_lists.of_brand(current_actor(), current_profile().id)
    form.what.choices = [
        SelectChoice(ALL, f"Everything of {current_profile().name}"),
        *(SelectChoice(str(one.id), f"Only {words(one)}") for one in rows),
    ]
    return form


def _page(form: FeedForm, *, status: int = 200, **context: Any) -> Response:
    actor, profile = current_actor(), current_profile()
    response = htmx.render(
        "feeds/index.html", fragment="feeds/_feeds.html", form=form, profile=profile,
        feeds=feeds.listed(actor, profile.id), manages=feeds.manages(actor, profile.id),
        me=actor.user_id, when=When(profile), ago=ago, label=label, words=words, **context,
    )  # fmt: skip
    response.status_code = status
    return response


def _told(form: FeedForm, error: AppError) -> Response:
    if not form.take(error):
        form.name.errors = [error.message]
    return _page(form, status=409 if isinstance(error, Conflict) else 422)


def _living(feed_id: UUID) -> CalendarFeed:
    row = feeds.get(current_actor(), current_profile().id, feed_id)
    if row.revoked_at is not None:
        raise NotFound()
    return row


def _wait(name: str, most: int) -> int:
    """Count a look; seconds to wait where there were too many, else 0."""
    fits, standing = hourly.hit_named(name, most)
    return 0 if fits else max(1, standing.reset - int(now().timestamp()))


def _refused(status: int, text: str, wait: int = 0) -> Response:
    response = make_response(f"{text}\n", status)
    response.headers["Content-Type"] = "text/plain; charset=utf-8"
    response.headers["Cache-Control"] = "private, no-store"
    if wait:
        response.headers["Retry-After"] = str(wait)
    return response
