"""Storing what the composer sends, before anything is done with it (DESIGN §6.4)."""

from __future__ import annotations

from uuid import UUID

from flask import Response, make_response, render_template, request

from app.errors import NotFound, Stale, ValidationFailed
from app.models.posts import Post
from app.services import drafts, media, options, previews
from app.services.drafts import Changes
from app.web import composer, htmx
from app.web.actor import current_actor, current_profile
from app.web.composer import fresh, page
from app.web.forms import drafts as forms
from app.web.forms.drafts import Typed

MOST_FILES = 10


def read() -> Typed:
    return forms.read(request.form, current_profile().zone)


def store(draft_id: UUID, typed: Typed) -> Post | Response:
    """Keep what was typed; a ready answer where that could not be done as asked."""
    post = _found(draft_id, typed)
    if post.armed:
        words = "This post is already on the clock."
        return htmx.toast(htmx.redirect(calendar(post)), words)
    wanted = forms.changes(typed, post, current_profile().zone)
    before = dict(post.options.get(typed.tab, {}))
    try:
        drafts.save(current_actor(), post.id, typed.rev, wanted)
    except Stale:
        return _stale(fresh(post.id), typed, wanted)
    found = drafts.get(current_actor(), post.id)  # anew, and for writing: orders may follow
    typed.rev = found.rev
    typed.reshaped = bool(typed.tab) and options.reshapes(found, typed.tab, before)
    previews.ask_cards(found)
    return found


def _found(draft_id: UUID, typed: Typed) -> Post:
    """The draft; made now where a new composer brings it."""
    try:
        return ours(draft_id)
    except NotFound:
        profile = current_profile()
        if typed.rev or not composer.given(profile, draft_id, typed.new):
            raise
        post = drafts.create(current_actor(), profile.id, post_id=draft_id)
        typed.rev = post.rev
        return post


def ours(draft_id: UUID) -> Post:
    """The post, where it is the brand's of this address; else ``NotFound``."""
    post = drafts.get(current_actor(), draft_id)
    if post.profile_id != current_profile().id:
        raise NotFound("We could not find that post.")
    return post


def _stale(theirs: Post, typed: Typed, wanted: Changes) -> Post | Response:
    """Somebody saved meanwhile: the same thing, which is fine, or another, which is asked."""
    if _same(theirs, typed, wanted):
        typed.rev = theirs.rev
        return theirs
    typed.rev = theirs.rev
    if htmx.wants_part():
        drawn = composer.context(theirs, typed, whole=False)
        response = make_response(render_template("drafts/_conflict.html", **drawn), 409)
        response.headers["HX-Retarget"] = "#dialog"
        response.headers["HX-Reswap"] = "innerHTML"
        response.vary.update(htmx.VARY)
        return response
    return page(theirs, typed, status=409, conflict=True)


def _same(theirs: Post, typed: Typed, wanted: Changes) -> bool:
    accounts = {t.account_id for t in theirs.targets}
    alts = {one.id: one.alt for one in theirs.media}
    return (
        typed.texts == list(theirs.texts(typed.tab))
        and (wanted.accounts is None or set(wanted.accounts) == accounts)
        and all(alts.get(one, alt.strip()) == alt.strip() for one, alt in wanted.alts.items())
        and (typed.due_at == theirs.due_at or not (wanted.due_at or wanted.clear_due))
        and all(theirs.options.get(n, {}) == one for n, one in (wanted.options or {}).items())
    )


def take_files(post: Post, typed: Typed) -> int:
    """Pictures sent along with the form (without scripts); how many there were."""
    files = [one for one in request.files.getlist("file") if one.filename]
    if len(files) > MOST_FILES:
        typed.errors["file"] = f"Add at most {MOST_FILES} pictures at a time."
        return len(files)
    actor, profile = current_actor(), current_profile()
    profile_id, part = profile.id, part_of(post, typed)
    for one in files:
        try:
            made = media.upload(
                actor, profile_id, one.stream, one.filename or "", one.mimetype or None
            )
            drafts.attach(actor, post.id, made.id, part=part)
        except ValidationFailed as error:
            typed.errors["file"] = f"{media.shown(one.filename or '')}: {error.message}"
    return len(files)


def part_of(post: Post, typed: Typed) -> int:
    given = request.form.get("part", "0")
    parts = max(len(post.texts(typed.tab)), 1)
    if not given.isascii() or not given.isdecimal() or int(given[:4]) >= parts:
        raise ValidationFailed("That part of the thread is not there.", field="part")
    return int(given)


def calendar(post: Post | None) -> str:
    """The calendar at the month of the post."""
    profile = current_profile()
    base = f"/p/{profile.slug}/calendar"
    if post is None or post.due_at is None:
        return base
    return f"{base}/month/{post.due_at.astimezone(profile.zone):%Y-%m}"
