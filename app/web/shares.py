"""Preview links: the page where they are made and revoked, and the preview itself.

The preview is seen without signing in: its address is the right to look and to comment. Nothing
else of the brand can be reached from it.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, make_response, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from app.config import settings
from app.errors import AppError, Conflict, NotFound
from app.models.posts import Post
from app.permissions import Permission
from app.services import composing, media, previews, shares
from app.services.shares import Opened
from app.web import htmx
from app.web.actor import current_actor, current_profile
from app.web.forms.shares import CommentForm
from app.web.guard import public, requires
from app.web.posts_parts import ours
from app.web.shared import SEALED
from app.web.when import When

bp = Blueprint("shares", __name__)
AT = "/p/<profile>/posts/<uuid:post_id>/shares"


@bp.get("/review/<token>")
@public
def review(token: str) -> ResponseReturnValue:
    """The post as each network will show it, when it goes out, and what was said of it."""
    return _preview(_opened(token), token, CommentForm(formdata=None))


@bp.post("/review/<token>")
@public
def comment(token: str) -> ResponseReturnValue:
    """Leave a comment; the page comes back with it."""
    opened, form = _opened(token), CommentForm()
    if not form.validate_on_submit():
        return _preview(opened, token, form, status=422)
    try:
        shares.comment(opened, form.name.data, form.text.data or "", request.remote_addr or "")
    except AppError as error:
        if not form.take(error):
            form.text.errors = [error.message]
        return _preview(opened, token, form, status=error.status)
    return htmx.toast(htmx.redirect(url_for(".review", token=token)), "Thank you. It is sent.")


@bp.get("/review/<token>/media/<uuid:item>")
@public
def picture(token: str, item: UUID) -> ResponseReturnValue:
    """A picture of the post at most 640 pixels wide; of no other post."""
    found = next((m.media for m in _opened(token).post.media if m.id == item), None)
    if found is None:
        raise NotFound()
    response = send_file(media.thumb(found), mimetype="image/webp")
    response.headers.update(SEALED)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers.pop("Content-Disposition", None)
    return response


@bp.get(AT)
@requires("post.read")
def index(profile: str, post_id: UUID) -> ResponseReturnValue:
    """The post's links and everything that was said of it."""
    return _page(_shared(post_id))


@bp.post(AT)
@requires("post.write")
def create(profile: str, post_id: UUID) -> ResponseReturnValue:
    """Make a link; its address stands in this one answer and never again."""
    post = _shared(post_id)
    try:
        _, token = shares.create(current_actor(), post)
    except Conflict as error:
        return _page(post, problem=error.message, status=409)
    address = f"{settings().APP_URL.rstrip('/')}{url_for('.review', token=token)}"
    response = _page(_shared(post_id), address=address)
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post(f"{AT}/<uuid:share_id>/revoke")
@requires("post.write")
def revoke(profile: str, post_id: UUID, share_id: UUID) -> ResponseReturnValue:
    """End a link."""
    shares.revoke(current_actor(), _shared(post_id), share_id)
    return _back(post_id, "The link is revoked. Whoever has it sees nothing any more.")


@bp.post(f"{AT}/comments/<uuid:comment_id>/delete")
@requires("post.write")
def delete(profile: str, post_id: UUID, comment_id: UUID) -> ResponseReturnValue:
    """Delete a comment."""
    shares.remove(current_actor(), _shared(post_id), comment_id)
    return _back(post_id, "The comment is deleted.")


def _opened(token: str) -> Opened:
    return shares.resolve(token, request.remote_addr or "")


def _shared(post_id: UUID) -> Post:
    """The post of the brand; a working copy has no links of its own."""
    post = ours(post_id)
    if post.edits_id is not None:
        raise NotFound("We could not find that post.")
    return post


def _back(post_id: UUID, words: str) -> Response:
    where = url_for(".index", profile=current_profile().slug, post_id=post_id)
    return htmx.toast(htmx.redirect(where), words)


def _preview(opened: Opened, token: str, form: CommentForm, *, status: int = 200) -> Response:
    post = opened.post
    found = [
        one
        for name in composing.chosen_networks(post)
        if (one := previews.preview(post, name)) is not None
    ]
    response = make_response(
        render_template(
            "shares/review.html", post=post, brand=post.profile, when=When(post.profile),
            previews=found, comments=shares.said(opened), form=form, token=token,
            ends=opened.share.expires_at,
        ),
        status,
    )  # fmt: skip
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _page(post: Post, *, status: int = 200, **more: Any) -> Response:
    actor, profile = current_actor(), current_profile()
    response = make_response(
        render_template(
            "shares/index.html", post=post, profile=profile, when=When(profile),
            links=shares.listed(actor, post), comments=shares.comments(actor, post.id),
            may=actor.may(Permission.POST_WRITE, profile.id), **more,
        ),
        status,
    )  # fmt: skip
    response.vary.update(htmx.VARY)
    return response
