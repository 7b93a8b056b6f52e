"""Earlier versions of a post's text: what each would change, and the way back to it."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from app.errors import Conflict, NotFound
from app.models.posts import OPEN_TO_EDIT, Post
from app.permissions import Permission
from app.services import restoring, versions
from app.web import htmx
from app.web.actor import current_actor, current_profile
from app.web.guard import requires
from app.web.posts_parts import back, ours
from app.web.when import When

bp = Blueprint("versions", __name__, url_prefix="/p/<profile>/posts/<uuid:post_id>/versions")


@bp.get("")
@requires("post.read")
def index(profile: str, post_id: UUID) -> ResponseReturnValue:
    """The versions, and what the newest that differs would change."""
    return _page(post_id, None)


@bp.get("/<uuid:version_id>")
@requires("post.read")
def show(profile: str, post_id: UUID, version_id: UUID) -> ResponseReturnValue:
    """The same with one version chosen."""
    return _page(post_id, version_id)


@bp.post("/<uuid:version_id>")
@requires("post.write")
def use(profile: str, post_id: UUID, version_id: UUID) -> ResponseReturnValue:
    """Put it back: the composer opens with it, and the text before it is a version too."""
    ours(post_id)
    try:
        post = restoring.use(current_actor(), post_id, version_id)
    except Conflict as error:
        return back(post_id, error)
    where = url_for("drafts.show", profile=profile, draft_id=post.id)
    return htmx.toast(htmx.redirect(where), "That version is back. The one before it is kept.")


def _page(post_id: UUID, version_id: UUID | None) -> str:
    actor, profile, post = current_actor(), current_profile(), ours(post_id)
    if post.edits_id is not None:
        raise NotFound("We could not find that post.")  # versions are kept with the post itself
    post = restoring.text_now(actor, post)
    found = versions.listed(actor, post)
    chosen = next(
        (one for one in found if (not one.current if version_id is None else one.id == version_id)),
        None,
    )
    if version_id is not None and chosen is None:
        raise NotFound("We could not find that version.")
    return render_template(
        "versions/index.html", post=post, post_id=post_id, profile=profile, when=When(profile),
        versions=found, chosen=chosen, may=_may(post),
        beside=versions.beside(chosen.text, post) if chosen else (),
    )  # fmt: skip


def _may(post: Post) -> bool:
    """Whether the actor can put a version back."""
    able = not post.armed or any(t.state in OPEN_TO_EDIT for t in post.targets)
    return able and current_actor().may(Permission.POST_WRITE, post.profile_id)
