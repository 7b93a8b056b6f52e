"""Drafts and the composer (DESIGN §6.4).

Every button of the composer sends the whole form: what was typed is stored first, then the
button's own order is carried out. So nothing is lost, with scripts or without.
"""

from __future__ import annotations

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
from app.errors import InvalidTransition, NotFound, Stale, ValidationFailed
from app.models.posts import Post
from app.services import (
    composing,
    composing_checks,
    drafts,
    gaps,
    media,
    options,
    posts,
    previews,
    template_drafts,
)
from app.services.composing import many
from app.services.drafts import Changes
from app.web import composer, composer_orders, htmx, pickers_parts, uploads
from app.web.actor import current_actor, current_profile
from app.web.composer import answer, fresh, page
from app.web.forms import drafts as forms
from app.web.forms.drafts import Typed
from app.web.guard import requires

bp = Blueprint("drafts", __name__, url_prefix="/p/<profile>")
# The form holds the file input, so that it works without scripts: each of its buttons may bring
# a picture along.
uploads.accept_beside(bp, "save", "attach", "schedule", "publish_now", "apply")

PAGE = 30
MOST_FILES = 10


@bp.get("/compose")
@requires("post.write")
def new(profile: str) -> ResponseReturnValue:
    """An empty composer; its first save makes the draft. ``?at=`` is a time of the brand."""
    at = request.args.get("at", "")
    due = composer.local_time(at) if at else None
    found = drafts.blank(current_actor(), current_profile().id, due_at=due)
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
    post = _ours(draft_id)
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
    post = _ours(draft_id)
    drawn = composer.context(post, composer.stored(post, preview=network), whole=False)
    response = make_response(render_template("drafts/_preview.html", **drawn))
    response.vary.update(htmx.VARY)
    return response


@bp.route("/drafts/<uuid:draft_id>", methods=["POST", "PATCH"])
@requires("post.write")
def save(profile: str, draft_id: UUID) -> ResponseReturnValue:
    """Keep what was typed, then do what the button said (``go``)."""
    typed = _read()
    post = _store(draft_id, typed)
    if isinstance(post, Response):
        return post
    touched = {"media"} if _take_files(post, typed) else set()
    return _drawn(post, typed, touched | composer_orders.run(post, typed))


@bp.post("/drafts/<uuid:draft_id>/media")
@requires("post.write")
def attach(profile: str, draft_id: UUID) -> ResponseReturnValue:
    """Put files of the library (``media``, in their order), or of this request, under a part."""
    typed = _read()
    post = _store(draft_id, typed)
    if isinstance(post, Response):
        return post
    given = pickers_parts.chosen()
    if given:
        part = _part(post, typed)
        typed.errors |= pickers_parts.attach(post, given, part)
    elif not _take_files(post, typed):
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
    typed = _read()
    post = _store(draft_id, typed)
    if isinstance(post, Response):
        return post
    _take_files(post, typed)
    post = template_drafts.fill(current_actor(), post, typed.gaps)
    checks = composing_checks.checks(post, due=typed.due_at, connect="")
    if typed.errors or checks.blocked or not checks.total:
        return _refused(post.id, typed)
    if _gaping(post):
        return _refused(post.id, typed, offer="gaps")
    done = drafts.apply(current_actor(), post.id, post.rev)
    words = f"The planned post is changed{_at(done)}."
    return htmx.toast(htmx.redirect(_calendar(done)), words)


@bp.post("/drafts/<uuid:draft_id>/edit")
@requires("post.write")
def edit(profile: str, draft_id: UUID) -> ResponseReturnValue:
    """Open a post for changing: a draft itself, a planned one in a working copy."""
    found = drafts.edit(current_actor(), _ours(draft_id).id)
    return htmx.redirect(url_for(".show", profile=profile, draft_id=found.id))


@bp.post("/drafts/<uuid:draft_id>/discard")
@requires("post.write")
def discard(profile: str, draft_id: UUID) -> ResponseReturnValue:
    """Delete the draft, or throw the changes of a planned post away."""
    actor = current_actor()
    try:
        post = _ours(draft_id)
    except NotFound:
        if not composer.given(current_profile(), draft_id, request.form.get("new", "")):
            raise
        return htmx.redirect(_calendar(None))  # never stored, so there is nothing to delete
    if post.edits_id is not None:
        drafts.drop(actor, draft_id)
        return htmx.toast(htmx.redirect(_calendar(post)), "Your changes are thrown away.")
    if post.armed:
        raise InvalidTransition("This post is on the clock. Delete it on its own page.")
    posts.discard(actor, draft_id)
    return htmx.toast(htmx.redirect(url_for(".index", profile=profile)), "The draft is deleted.")


@bp.post("/drafts/<uuid:draft_id>/unschedule")
@requires("post.write")
def unschedule(profile: str, draft_id: UUID) -> ResponseReturnValue:
    """Take a post off the clock again: the Undo of scheduling."""
    post = posts.unschedule(current_actor(), _ours(draft_id).id)
    response = htmx.redirect(url_for(".show", profile=profile, draft_id=post.id))
    return htmx.toast(response, "It is a draft again.")


# Storing ----------------------------------------------------------------------------------------


def _read() -> Typed:
    return forms.read(request.form, current_profile().zone)


def _store(draft_id: UUID, typed: Typed) -> Post | Response:
    """Keep what was typed; a ready answer where that could not be done as asked."""
    post = _found(draft_id, typed)
    if post.armed:
        words = "This post is already on the clock."
        return htmx.toast(htmx.redirect(_calendar(post)), words)
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
        return _ours(draft_id)
    except NotFound:
        profile = current_profile()
        if typed.rev or not composer.given(profile, draft_id, typed.new):
            raise
        post = drafts.create(current_actor(), profile.id, post_id=draft_id)
        typed.rev = post.rev
        return post


def _ours(draft_id: UUID) -> Post:
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


def _take_files(post: Post, typed: Typed) -> int:
    """Pictures sent along with the form (without scripts); how many there were."""
    files = [one for one in request.files.getlist("file") if one.filename]
    if len(files) > MOST_FILES:
        typed.errors["file"] = f"Add at most {MOST_FILES} pictures at a time."
        return len(files)
    actor, profile = current_actor(), current_profile()
    profile_id, part = profile.id, _part(post, typed)
    for one in files:
        try:
            made = media.upload(
                actor, profile_id, one.stream, one.filename or "", one.mimetype or None
            )
            drafts.attach(actor, post.id, made.id, part=part)
        except ValidationFailed as error:
            typed.errors["file"] = f"{media.shown(one.filename or '')}: {error.message}"
    return len(files)


def _part(post: Post, typed: Typed) -> int:
    given = request.form.get("part", "0")
    parts = max(len(post.texts(typed.tab)), 1)
    if not given.isascii() or not given.isdecimal() or int(given[:4]) >= parts:
        raise ValidationFailed("That part of the thread is not there.", field="part")
    return int(given)


# Sending ------------------------------------------------------------------------------------------


def _send(draft_id: UUID, *, at_once: bool | None) -> Response:
    typed = _read()
    post = _store(draft_id, typed)
    if isinstance(post, Response):
        return post
    _take_files(post, typed)
    post = template_drafts.fill(current_actor(), post, typed.gaps)
    typed.now = typed.now if at_once is None else at_once
    if not typed.now and typed.due_at is None:
        typed.errors.setdefault("date", typed.note or "Choose a day and a time.")
    checks = composing_checks.checks(post, due=None if typed.now else typed.due_at, connect="")
    past = not typed.now and typed.due_at and typed.due_at < now() - timedelta(seconds=60)
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
        return htmx.toast(htmx.redirect(_calendar(done)), words, back)
    assert typed.due_at is not None
    done = posts.schedule(actor, post.id, typed.due_at, rev=post.rev, only=only)
    words = f"{many(count, 'post')} set for{_at(done)}."
    undo = url_for(".unschedule", profile=current_profile().slug, draft_id=done.id)
    return htmx.toast(htmx.redirect(_calendar(done)), words, undo)


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
            post, typed, editor=filled, when="date" in typed.errors, status=422, dialog=dialog,
            again=request.path,
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


def _calendar(post: Post | None) -> str:
    """The calendar at the month of the post."""
    profile = current_profile()
    base = f"/p/{profile.slug}/calendar"
    if post is None or post.due_at is None:
        return base
    return f"{base}/month/{post.due_at.astimezone(profile.zone):%Y-%m}"


def _at(post: Post) -> str:
    if post.due_at is None:
        return ""
    local = post.due_at.astimezone(current_profile().zone)
    return f" {local:%a} {local.day} {local:%b}, {local:%H:%M}"
