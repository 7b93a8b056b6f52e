"""The page of one post: what became of it, and everything that can be done with it."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, make_response, render_template
from flask.typing import ResponseReturnValue

from app.config import settings
from app.errors import Conflict, ValidationFailed
from app.models.posts import PostTarget, TargetState
from app.services import confirmations, drafts, flight, posts
from app.services.access import reach
from app.web import htmx, moves
from app.web.actor import current_actor
from app.web.forms.posts import ConfirmForm, LinkForm, first_error
from app.web.guard import requires
from app.web.posts_parts import back, context, look, ours, page, target_name

bp = Blueprint("posts", __name__, url_prefix="/p/<profile>/posts")


@bp.get("")
@requires("post.read")
def index(profile: str) -> ResponseReturnValue:
    """Posts are listed by the calendar."""
    return htmx.redirect(f"/p/{profile}/calendar/list")


@bp.get("/<uuid:post_id>")
@requires("post.read")
def show(profile: str, post_id: UUID) -> ResponseReturnValue:
    """One post. A draft has a page of its own, the composer."""
    found = look(post_id)
    if not found.post.armed:
        return htmx.redirect(f"/p/{profile}/drafts/{post_id}")
    return page(found)


@bp.get("/<uuid:post_id>/delivery")
@requires("post.read")
def delivery(profile: str, post_id: UUID) -> ResponseReturnValue:
    """What changes while it goes out; the last answer no longer asks to be called."""
    shown = context(look(post_id))
    response = make_response(render_template("posts/_delivery.html", **shown))
    response.vary.update(htmx.VARY)
    return htmx.along(
        response,
        *(
            htmx.part(f"posts/_{name}.html", f"#{name}", **shown)
            for name in ("problems", "result", "actions", "history", "undo")
        ),
    )


@bp.get("/<uuid:post_id>/flight-check")
@requires("post.read")
def flight_check(profile: str, post_id: UUID) -> ResponseReturnValue:
    """What the flight check found, as JSON: ``light``, ``checked_at`` and a list of targets."""
    response = make_response(flight.report(ours(post_id)).plain())
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/<uuid:post_id>/flight")
@requires("post.read")
def flight_card(profile: str, post_id: UUID) -> ResponseReturnValue:
    """The card of the flight check, until it has been looked at."""
    if not htmx.wants_part():
        return htmx.redirect(f"/p/{profile}/posts/{post_id}")
    response = make_response(render_template("posts/_flight.html", **context(look(post_id))))
    response.vary.update(htmx.VARY)
    return response


@bp.post("/<uuid:post_id>/flight")
@requires("post.write")
def fly(profile: str, post_id: UUID) -> ResponseReturnValue:
    """Look at the post now; its card comes back."""
    ours(post_id)
    flight.check_now(current_actor(), post_id)
    if not htmx.wants_part():
        return back(post_id, "Looked at.")
    return flight_card(profile, post_id)


@bp.get("/<uuid:post_id>/peek")
@requires("post.read")
def peek(profile: str, post_id: UUID) -> ResponseReturnValue:
    """The text, the state and what can be done, beside a card of the calendar."""
    return htmx.render("posts/peek.html", fragment="posts/_peek.html", **context(look(post_id)))


@bp.post("/<uuid:post_id>/edit")
@requires("post.write")
def edit(profile: str, post_id: UUID) -> ResponseReturnValue:
    """Open a working copy in the composer: what is typed goes out only once it is applied."""
    ours(post_id)
    try:
        copy = drafts.edit(current_actor(), post_id)
    except Conflict as error:
        return back(post_id, error)
    return htmx.redirect(f"/p/{profile}/drafts/{copy.id}")


@bp.post("/<uuid:post_id>/duplicate")
@requires("post.write")
def duplicate(profile: str, post_id: UUID) -> ResponseReturnValue:
    """A draft with the same texts, pictures and accounts."""
    ours(post_id)
    copy = posts.duplicate(current_actor(), post_id)
    return htmx.toast(
        htmx.redirect(f"/p/{profile}/drafts/{copy.id}"), "This is the copy. It has no time yet."
    )


@bp.post("/<uuid:post_id>/now")
@requires("post.write")
def send_now(profile: str, post_id: UUID) -> ResponseReturnValue:
    """Do not wait for its time."""
    ours(post_id)
    try:
        post = posts.publish_now(current_actor(), post_id, undo=True)
    except (Conflict, ValidationFailed) as error:
        return back(post_id, error)
    if posts.undo_until(post) is None:
        return back(post_id, "Going out now.")
    words = f"Going out in {settings().UNDO_SECONDS:g} seconds."
    return back(post_id, words, undo=f"/p/{profile}/posts/{post_id}/take-back")


@bp.post("/<uuid:post_id>/take-back")
@requires("post.write")
def take_back(profile: str, post_id: UUID) -> ResponseReturnValue:
    """Take "publish now" back, unless it is going out already."""
    ours(post_id)
    try:
        posts.unschedule(current_actor(), post_id)
    except Conflict:
        return back(post_id, "Too late to take it back: it is going out, or is out already.")
    return htmx.toast(
        htmx.redirect(f"/p/{profile}/drafts/{post_id}"), "Taken back. It is a draft again."
    )


@bp.post("/<uuid:post_id>/unschedule")
@requires("post.write")
def unschedule(profile: str, post_id: UUID) -> ResponseReturnValue:
    """Take it off the clock: a draft again."""
    ours(post_id)
    try:
        posts.unschedule(current_actor(), post_id)
    except Conflict as error:
        return back(post_id, error)
    return htmx.toast(
        htmx.redirect(f"/p/{profile}/drafts/{post_id}"), "It is a draft again. Nothing goes out."
    )


@bp.post("/<uuid:post_id>/confirm")
@requires("post.write")
def confirm(profile: str, post_id: UUID) -> ResponseReturnValue:
    """A person lets what a key has put on the clock go out, as it was shown."""
    ours(post_id)
    form = ConfirmForm()
    try:
        confirmations.confirm(current_actor(), post_id, form.id(), str(form.seen.data or ""))
    except Conflict as error:
        return back(post_id, error)
    return back(post_id, "Confirmed. It goes out as you saw it.")


@bp.post("/<uuid:post_id>/decline")
@requires("post.write")
def decline(profile: str, post_id: UUID) -> ResponseReturnValue:
    """A person does not let it go out: a draft again."""
    ours(post_id)
    try:
        confirmations.decline(current_actor(), post_id, ConfirmForm().id())
    except Conflict as error:
        return back(post_id, error)
    told = "Declined. It is a draft; nothing goes out."
    return htmx.toast(htmx.redirect(f"/p/{profile}/drafts/{post_id}"), told)


@bp.get("/<uuid:post_id>/delete")
@requires("post.write")
def ask_delete(profile: str, post_id: UUID) -> ResponseReturnValue:
    """Say what stays public before anything is deleted."""
    shown = context(look(post_id))
    return htmx.render("posts/delete.html", fragment="posts/_delete.html", **shown)


@bp.post("/<uuid:post_id>/delete")
@requires("post.write")
def delete(profile: str, post_id: UUID) -> ResponseReturnValue:
    """Delete it here. What is public stays public."""
    ours(post_id)
    try:
        posts.discard(current_actor(), post_id)
    except Conflict as error:
        return back(post_id, error)
    return htmx.toast(htmx.redirect(f"/p/{profile}/calendar"), "The post is deleted.")


@bp.post("/<uuid:post_id>/targets/<uuid:target_id>/<any(retry, again, leave, failed):what>")
@requires("post.write")
def act(profile: str, post_id: UUID, target_id: UUID, what: str) -> ResponseReturnValue:
    """Try a target again; send one again that is surely not there; leave one out; or say that
    it did not go out and is to be left."""
    name = target_name(post_id, target_id)
    actor = current_actor()
    try:
        if what in ("retry", "again"):
            posts.retry(actor, target_id, confirm_not_published=what == "again")
            told = _retried(name, target_id)
        elif what == "leave":
            post = posts.cancel(actor, target_id)
            told = f"{name} is left out."
            if post.discarded_at is not None:
                response = htmx.redirect(f"/p/{profile}/calendar")
                return htmx.toast(response, f"{told} Nothing else was left to send.")
        else:
            posts.confirm_failed(actor, target_id)
            told = f"Noted: it did not go out on {name}."
    except Conflict as error:
        return back(post_id, error)
    return back(post_id, told)


@bp.post("/<uuid:post_id>/targets/<uuid:target_id>/published")
@requires("post.write")
def published(profile: str, post_id: UUID, target_id: UUID) -> ResponseReturnValue:
    """A person found it on the network, and may paste its link."""
    name = target_name(post_id, target_id)
    form = LinkForm()
    try:
        if not form.validate_on_submit():
            raise ValidationFailed(first_error(form), field="url")
        post = posts.confirm_published(current_actor(), target_id, form.url.data or "")
    except ValidationFailed as error:
        form.url.errors = [error.message]
        return page(look(post_id), status=422, link_form=form, link_target=target_id)
    except Conflict as error:
        return back(post_id, error)
    going = any(one.id == target_id and one.state is TargetState.SCHEDULED for one in post.targets)
    rest = " The rest goes out now." if going else ""
    return back(post_id, f"Noted: it went out on {name}.{rest}")


def _retried(name: str, target_id: UUID) -> str:
    """Whether it goes out at once or waits for its account."""
    target = reach(current_actor()).get(PostTarget, target_id)
    if target.held:
        return f"It goes out to {name} as soon as the account is connected again."
    return f"Going out to {name} now."


moves.register(bp)
