"""Drafts and the composer (DESIGN §6.4).

Every button of the composer sends the whole form: what was typed is stored first, then the
button's own order is carried out. So nothing is lost, with scripts or without.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from flask import (
    Blueprint,
    Response,
    make_response,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue

from app.clock import now
from app.config import settings
from app.errors import InvalidTransition, NotFound, ValidationFailed
from app.models.posts import Post
from app.services import (
    composing,
    composing_checks,
    drafts,
    gaps,
    posts,
    template_drafts,
)
from app.services.composing import many
from app.web import (
    composer,
    composer_orders,
    composer_when,
    htmx,
    pickers_parts,
    uploads,
)
from app.web import composer_storing as storing
from app.web.actor import current_actor, current_profile
from app.web.composer import answer, fresh, page
from app.web.forms.drafts import Typed
from app.web.guard import requires

bp = Blueprint("drafts", __name__, url_prefix="/p/<profile>")
# The form holds the file input, so that it works without scripts: each of its buttons may bring
# a picture along.
uploads.accept_beside(bp, "save", "attach", "schedule", "publish_now", "apply")

PAGE = 30


@bp.get("/compose")
@requires("post.write")
def new(profile: str) -> ResponseReturnValue:
    """An empty composer; its first save makes the draft. ``?at=`` is a time of the brand; as
    ``?slot=`` it brings the accounts that have a slot open then, of the networks ``?net=``."""
    slot = request.args.get("slot", "")
    at = slot or request.args.get("at", "")
    due = composer.local_time(at) if at else None
    wanted = composer_when.open_accounts(due) if slot and due else ()
    found = drafts.blank(current_actor(), current_profile().id, due_at=due, accounts=wanted)
    signed = composer.token(current_profile(), found.id)
    return page(found, composer.stored(found), new_token=signed)


@bp.post("/drafts")
@requires("post.write")
def create(profile: str) -> ResponseReturnValue:
    """Make a draft and open it; ``at`` and ``text`` fill it in."""
    at = request.form.get("at", "")
    due = composer.local_time(at) if at else None
    text = request.form.get("text", "")
    made = drafts.create(current_actor(), current_profile().id, due_at=due, text=text)
    return htmx.redirect(url_for(".show", profile=profile, draft_id=made.id))


@bp.get("/drafts")
@requires("post.read")
def index(profile: str) -> ResponseReturnValue:
    """The brand's drafts, last changed first."""
    at = max(1, min(request.args.get("page", 1, type=int), 10_000))
    rows, count = drafts.listed(current_actor(), current_profile().id, page=at, size=PAGE)
    return htmx.render(
        "drafts/index.html", fragment="drafts/_list.html", drafts=rows, count=count, at=at,
        size=PAGE, profile=current_profile(), nets=composing.chosen_networks, now=now(),
    )  # fmt: skip


@bp.get("/drafts/<uuid:draft_id>")
@requires("post.write")
def show(profile: str, draft_id: UUID) -> ResponseReturnValue:
    """The composer. A post on the clock leads to its working copy, where one was begun."""
    post = storing.ours(draft_id)
    if post.armed:
        copy = drafts.copy_of(current_actor(), post.id)
        if copy is not None:
            return htmx.redirect(url_for(".show", profile=profile, draft_id=copy.id))
        return make_response(
            render_template("drafts/planned.html", post=post, profile=current_profile())
        )
    tab, preview = request.args.get("tab", ""), request.args.get("preview", "")
    known = composing.chosen_networks(post)
    typed = composer.stored(post, tab if tab in known else "", preview if preview in known else "")
    problem = session.pop("drafts_problem", None)
    return page(post, typed, problem=problem)


@bp.get("/drafts/<uuid:draft_id>/preview/<network>")
@requires("post.write")
def preview(profile: str, draft_id: UUID, network: str) -> ResponseReturnValue:
    """The preview alone, asked again while a link's card is being read."""
    post = storing.ours(draft_id)
    drawn = composer.context(post, composer.stored(post, preview=network), whole=False)
    response = make_response(render_template("drafts/_preview.html", **drawn))
    response.vary.update(htmx.VARY)
    return response


@bp.route("/drafts/<uuid:draft_id>", methods=["POST", "PATCH"])
@requires("post.write")
def save(profile: str, draft_id: UUID) -> ResponseReturnValue:
    """Keep what was typed, then do what the button said (``go``)."""
    typed = storing.read()
    post = storing.store(draft_id, typed)
    if isinstance(post, Response):
        return post
    touched = {"media"} if storing.take_files(post, typed) else set()
    return _drawn(post, typed, touched | composer_orders.run(post, typed))


@bp.post("/drafts/<uuid:draft_id>/media")
@requires("post.write")
def attach(profile: str, draft_id: UUID) -> ResponseReturnValue:
    """Put files of the library (``media``, in their order), or of this request, under a part."""
    typed = storing.read()
    post = storing.store(draft_id, typed)
    if isinstance(post, Response):
        return post
    given = pickers_parts.chosen()
    if given:
        part = storing.part_of(post, typed)
        typed.errors |= pickers_parts.attach(post, given, part)
    elif not storing.take_files(post, typed):
        typed.errors["file"] = uploads.ASK
    return _drawn(post, typed, {"media"})


@bp.post("/drafts/<uuid:draft_id>/schedule")
@requires("post.write")
def schedule(profile: str, draft_id: UUID) -> ResponseReturnValue:
    """Put it on the clock at its time, or at once where "Now" was chosen."""
    return _send(draft_id, at_once=None)


@bp.post("/drafts/<uuid:draft_id>/publish-now")
@requires("post.write")
def publish_now(profile: str, draft_id: UUID) -> ResponseReturnValue:
    """Let it go out this moment."""
    return _send(draft_id, at_once=True)


@bp.post("/drafts/<uuid:draft_id>/apply")
@requires("post.write")
def apply(profile: str, draft_id: UUID) -> ResponseReturnValue:
    """Put a working copy in the place of the planned post it changes."""
    typed = storing.read()
    post = storing.store(draft_id, typed)
    if isinstance(post, Response):
        return post
    storing.take_files(post, typed)
    post = template_drafts.fill(current_actor(), post, typed.gaps)
    checks = composing_checks.checks(post, due=typed.due_at, connect="")
    if typed.errors or checks.blocked or not checks.total:
        return _refused(post.id, typed)
    if _gaping(post):
        return _refused(post.id, typed, offer="gaps")
    done = drafts.apply(current_actor(), post.id, post.rev)
    words = f"The planned post is changed{_at(done)}."
    return htmx.toast(htmx.redirect(storing.calendar(done)), words)


@bp.post("/drafts/<uuid:draft_id>/edit")
@requires("post.write")
def edit(profile: str, draft_id: UUID) -> ResponseReturnValue:
    """Open a post for changing: a draft itself, a planned one in a working copy."""
    found = drafts.edit(current_actor(), storing.ours(draft_id).id)
    return htmx.redirect(url_for(".show", profile=profile, draft_id=found.id))


@bp.post("/drafts/<uuid:draft_id>/discard")
@requires("post.write")
def discard(profile: str, draft_id: UUID) -> ResponseReturnValue:
    """Delete the draft, or throw the changes of a planned post away."""
    actor = current_actor()
    try:
        post = storing.ours(draft_id)
    except NotFound:
        if not composer.given(current_profile(), draft_id, request.form.get("new", "")):
            raise
        return htmx.redirect(storing.calendar(None))  # never stored, so there is nothing to delete
    if post.edits_id is not None:
        drafts.drop(actor, draft_id)
        return htmx.toast(htmx.redirect(storing.calendar(post)), "Your changes are thrown away.")
    if post.armed:
        raise InvalidTransition("This post is on the clock. Delete it on its own page.")
    posts.discard(actor, draft_id)
    return htmx.toast(htmx.redirect(url_for(".index", profile=profile)), "The draft is deleted.")


@bp.post("/drafts/<uuid:draft_id>/unschedule")
@requires("post.write")
def unschedule(profile: str, draft_id: UUID) -> ResponseReturnValue:
    """Take a post off the clock again: the Undo of scheduling."""
    post = posts.unschedule(current_actor(), storing.ours(draft_id).id)
    response = htmx.redirect(url_for(".show", profile=profile, draft_id=post.id))
    return htmx.toast(response, "It is a draft again.")


# Sending ------------------------------------------------------------------------------------------


def _send(draft_id: UUID, *, at_once: bool | None) -> Response:
    typed = storing.read()
    post = storing.store(draft_id, typed)
    if isinstance(post, Response):
        return post
    storing.take_files(post, typed)
    post = template_drafts.fill(current_actor(), post, typed.gaps)
    typed.now = typed.now if at_once is None else at_once
    timed = not typed.now and not typed.slot
    if timed and typed.due_at is None:
        typed.errors.setdefault("date", typed.note or "Choose a day and a time.")
    due = None if typed.now else typed.due_at if timed else typed.slot_seen or now()
    checks = composing_checks.checks(post, due=due, connect="")
    past = timed and typed.due_at and typed.due_at < now() - timedelta(seconds=60)
    if typed.errors or past or checks.empty or not checks.ready:
        return _refused(post.id, typed)
    if _gaping(post):
        return _refused(post.id, typed, offer="gaps")
    only = None
    if checks.blocked:
        if request.form.get("only") != "ready":
            return _refused(post.id, typed, offer="offer")
        only = checks.ready
    actor, count = current_actor(), len(only or post.targets)
    if typed.now:
        done = posts.publish_now(actor, post.id, rev=post.rev, only=only, undo=True)
        words, back = _going(done, count)
        return htmx.toast(htmx.redirect(storing.calendar(done)), words, back)
    if typed.slot:
        found = _into_slot(post, typed, only)
        if isinstance(found, Response):
            return found
        done = found
    else:
        assert typed.due_at is not None
        done = posts.schedule(actor, post.id, typed.due_at, rev=post.rev, only=only)
    words = f"{many(count, 'post')} set for{_at(done)}."
    undo = url_for(".unschedule", profile=current_profile().slug, draft_id=done.id)
    return htmx.toast(htmx.redirect(storing.calendar(done)), words, undo)


def _gaping(post: Post) -> bool:
    """Whether gaps are left in it, and nobody has said that the braces are meant."""
    return bool(gaps.of(post)) and request.form.get("gaps") != "meant"


def _going(post: Post, count: int) -> tuple[str, str | None]:
    """What is said of a post that goes out now, and where it can be taken back."""
    if posts.undo_until(post) is None:
        return f"{many(count, 'post')} {'is' if count == 1 else 'are'} going out now.", None
    goes = "goes" if count == 1 else "go"
    words = f"{many(count, 'post')} {goes} out in {settings().UNDO_SECONDS:g} seconds."
    return words, url_for("posts.take_back", profile=current_profile().slug, post_id=post.id)


def _into_slot(post: Post, typed: Typed, only: Collection[UUID] | None) -> Post | Response:
    """Scheduled in the slot that was shown; where that is gone, the next one is shown first."""
    seen = None if only else typed.slot_seen  # fewer accounts have another next one
    try:
        return posts.schedule_next(current_actor(), post.id, seen=seen, rev=post.rev, only=only)
    except ValidationFailed as error:
        if error.field != "slot":
            raise
        typed.errors["slot"] = error.message
        return _refused(post.id, typed)


def _refused(post_id: UUID, typed: Typed, *, offer: str = "") -> Response:
    """The composer as it was, with what stands in the way; focus goes to the first of it.

    ``offer`` asks about it: ``offer`` whether what is ready may go, ``gaps`` whether the braces
    are meant.
    """
    post = fresh(post_id)
    filled = post.rev != typed.rev  # gaps of it, on the way: the text is another one
    if filled:
        typed.rev, typed.texts = post.rev, list(post.texts(typed.tab))
    if htmx.wants_part():
        dialog = {"offer": "drafts/_offer.html", "gaps": "drafts/_gaps_left.html"}.get(offer, "")
        response = answer(
            post, typed, editor=filled, when="date" in typed.errors or "slot" in typed.errors,
            status=422, dialog=dialog, again=request.path,
        )  # fmt: skip
        return response if offer else htmx.trigger(response, "composer:problem")
    return page(post, typed, status=422, problem=True, offer=offer, again=request.path)


def _drawn(post: Post, typed: Typed, touched: set[str]) -> Response:
    """What changed, for htmx; the page itself, by its own address, for a browser."""
    found = fresh(post.id)
    typed.rev = found.rev
    if "editor" in touched:
        typed.texts = list(found.texts(typed.tab))
    picker = typed.go if typed.go in pickers_parts.PICKERS else ""
    where = url_for(
        f"pickers.{picker}" if picker else ".show", profile=current_profile().slug,
        draft_id=found.id, tab=typed.tab or None,
        preview=typed.preview or None, _anchor="options" if typed.aim else None,
    )  # fmt: skip
    if htmx.wants_part():
        response = answer(
            found, typed, editor="editor" in touched, media="media" in touched,
            when="when" in touched, settings="settings" in touched or typed.reshaped,
            status=422 if typed.errors else 200,
            dialog=f"drafts/_{picker}.html" if picker else "",
            asks=pickers_parts.shown(picker, found, inside=True) if picker else None,
        )  # fmt: skip
        if typed.new:
            plain = url_for(".show", profile=current_profile().slug, draft_id=found.id)
            response.headers["HX-Replace-Url"] = plain
        return response
    if typed.errors:
        return page(found, typed, status=422)
    return htmx.redirect(where)


# Small things -------------------------------------------------------------------------------------


def _at(post: Post) -> str:
    if post.due_at is None:
        return ""
    local = post.due_at.astimezone(current_profile().zone)
    return f" {local:%a} {local.day} {local:%b}, {local:%H:%M}"
