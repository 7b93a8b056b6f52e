"""Posts: Ampost's ``/api/v1/posts``, its older ``/api/posts``, and the list both share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Blueprint

from app import images, receiving
from app.api import auth, doors
from app.api.auth import current_actor, named_profile_id, requires
from app.api.contract import JSON, MULTIPART, operation
from app.api.v1 import asking, posts_told, rehearsing
from app.api.v1 import posts_schemas as io
from app.api.v1.fields import AMPOST, LEGACY, told_as
from app.api.v1.rehearsing import AnyPost, DryRun, Rehearsed
from app.extensions import db
from app.services import flight, post_lists, posts, submissions

TAG = "Posts"
LISTS = ("/api/v1/posts", "/api/posts")
SEVERAL = 5 * images.MAX_FILM_BYTES  # the files of one post, in one request

bp = Blueprint("api_posts", __name__)
doors.build(bp, people=lambda path: not path.startswith("/api/v1/"))
receiving.accept(bp, "create", "validate", welcome=auth.recognised, most=SEVERAL)


def again(post_id: UUID) -> Any:
    """What a request that died had made, as it is now."""
    return io.PostOut(post=posts_told.full(posts.get(current_actor(), post_id))), 201


@bp.get("/api/v1/posts")
@bp.get("/api/posts", endpoint="legacy_list")
@requires("post.read")
@operation("List posts", tag=TAG, query=io.PostsQuery, answers={200: io.PostList})
def index(query: io.PostsQuery) -> Any:
    """The newest first. Without ``profileId`` an account key lists every profile it reaches."""
    found, total = post_lists.page(
        current_actor(), named_profile_id(query.profile_id), status=query.status,
        network=query.platform, limit=query.limit, offset=query.offset,
    )  # fmt: skip
    return io.PostList(posts=[posts_told.item(one) for one in found], total=total)


@bp.post("/api/v1/posts")
@requires("post.write")
@operation(
    "Create a draft or a scheduled post", tag=TAG, query=DryRun, body=io.AmpostPost,
    takes=(JSON, MULTIPART), answers={201: io.PostOut, 200: Rehearsed}, refuses=(404, 409, 502),
    again=again,
)  # fmt: skip
def create(query: DryRun, body: io.AmpostPost) -> Any:
    """``scheduledFor`` null makes a draft. Files may be sent along: multipart with the JSON as
    ``data`` and the files as ``files``, matched by ``filename``, else by order.

    With ``dry_run=true`` nothing is stored: the answer is that of ``/api/v1/posts/validate``."""
    actor = current_actor()
    if query.dry_run:
        return rehearsing.ampost(actor, body)
    with told_as(AMPOST):
        asked = asking.ampost_whole(actor, body)
        post = submissions.submit(actor, asked.profile_id, asked.sent, asked.accounts)
    return io.PostOut(post=posts_told.full(post)), 201


@bp.post("/api/v1/posts/validate")
@requires("post.write")
@operation(
    "Check a post without making it", tag=TAG, body=AnyPost, takes=(JSON, MULTIPART),
    answers={200: Rehearsed}, refuses=(404, 502),
)  # fmt: skip
def validate(body: AnyPost) -> Any:
    """Takes the body of ``POST /api/v1/posts`` or of ``POST /api/v1/post``, and stores nothing.

    For each account: what its network says of the content, the text as it counts it, the files
    as they are fitted, and the requests that would be made, by the client that publishes, played
    through in memory. Secrets are masked, and no token is read. Ids that a network gives out in
    its answers are made up here.

    Files are taken in for the look only: those named by an address are fetched and checked, put
    in no library, and gone with the answer."""
    return rehearsing.anything(current_actor(), body)


@bp.post("/api/posts")
@requires("post.write")
@operation(
    "Create a post from a flat body", tag=TAG, body=io.LegacyPost, answers={201: io.PostOut},
    refuses=(404, 409, 502), again=again,
)  # fmt: skip
def create_legacy(body: io.LegacyPost) -> Any:
    """Ampost's older way: texts and the addresses of pictures."""
    actor = current_actor()
    profile_id, set_id = asking.place(
        actor, body.platform_set_id, body.profile_id, bool(body.accounts)
    )
    accounts = submissions.accounts_of(
        actor, profile_id, body.platforms, set_id=set_id, named=body.accounts
    )
    named = {one.network for one in accounts}
    with told_as(LEGACY):
        sent = asking.legacy(actor, profile_id, body, named)
        post = submissions.submit(actor, profile_id, sent, accounts)
    return io.PostOut(post=posts_told.full(post)), 201


@bp.get("/api/v1/posts/<uuid:post_id>")
@requires("post.read")
@operation("Get a post", tag=TAG, answers={200: io.PostOut})
def show(post_id: UUID) -> Any:
    """The whole post with every account it goes to."""
    return io.PostOut(post=posts_told.full(posts.get(current_actor(), post_id, gone=True)))


@bp.get("/api/v1/posts/<uuid:post_id>/flight-check")
@requires("post.read")
@operation("What would stop a scheduled post", tag=TAG, answers={200: io.FlightReport})
def flight_check(post_id: UUID) -> Any:
    """A scheduled post is looked at when it is put on the clock or changed, 24 hours ahead and
    one hour ahead: ``light`` is red where something would stop it, null before the first look.
    Accounts whose part has gone out are not listed."""
    report = flight.report(posts.get(current_actor(), post_id))
    return io.FlightReport.model_validate(report.plain())


@bp.patch("/api/v1/posts/<uuid:post_id>")
@requires("post.write")
@operation(
    "Change a draft or a scheduled post", tag=TAG, body=io.AmpostChange,
    answers={200: io.PostOut}, refuses=(409, 502),
)  # fmt: skip
def change(post_id: UUID, body: io.AmpostChange) -> Any:
    """Any of content, platforms, scheduledFor and platformSetId. ``scheduledFor`` null takes the
    post off the clock."""
    actor = current_actor()
    post = posts.get(actor, post_id)
    profile_id, given = post.profile_id, body.model_fields_set
    accounts: list[UUID] | None = None
    named = {t.account.network for t in post.targets}
    if given & {"platforms", "accounts", "platform_set_id"}:
        names = body.platforms
        if names is None and not body.accounts:
            names = list(dict.fromkeys(t.account.network for t in post.targets))
        found = submissions.accounts_of(
            actor, profile_id, names or [], set_id=body.platform_set_id, named=body.accounts or []
        )
        accounts, named = [one.id for one in found], {one.network for one in found}
    due_at = asking.planned(body.scheduled_for, "scheduledFor")
    with told_as(AMPOST):
        sent = None
        if body.content is not None:
            sent = asking.ampost(actor, profile_id, body.content, None, named)
            sent = replace(sent, allow_duplicate=body.allow_duplicate)
        submissions.change(
            actor, post_id, sent, accounts, due_at=due_at, timed="scheduled_for" in given
        )
    return _told(post_id)


@bp.delete("/api/v1/posts/<uuid:post_id>")
@requires("post.write")
@operation("Discard a post", tag=TAG, answers={200: io.Discarded}, refuses=(409,))
def discard(post_id: UUID) -> Any:
    """What is public on a network stays there."""
    post = posts.discard(current_actor(), post_id)
    return io.Discarded(post=posts_told.full(post))


@bp.post("/api/v1/posts/<uuid:post_id>/cancel")
@requires("post.write")
@operation("Cancel a post", tag=TAG, answers={200: io.PostOut}, refuses=(409,))
def cancel(post_id: UUID) -> Any:
    """A draft, scheduled, queued, partial or failed post is discarded."""
    return io.PostOut(post=posts_told.full(submissions.cancel(current_actor(), post_id)))


@bp.post("/api/v1/posts/<uuid:post_id>/publish")
@requires("post.write")
@operation("Publish a post now", tag=TAG, answers={200: io.PostOut}, refuses=(409,))
def publish(post_id: UUID) -> Any:
    """Waits some seconds for the outcome and tells each account's state then."""
    actor = current_actor()
    with told_as(AMPOST):
        posts.publish_now(actor, post_id)
    return io.PostOut(post=posts_told.full(submissions.wait(actor, post_id)))


@bp.post("/api/v1/posts/<uuid:post_id>/retry")
@requires("post.write")
@operation(
    "Try a failed post again", tag=TAG, body=io.RetryBody, optional=True,
    answers={200: io.PostOut}, refuses=(409,),
)  # fmt: skip
def retry(post_id: UUID, body: io.RetryBody) -> Any:
    """All accounts that failed, or those of the ``platforms`` named."""
    actor = current_actor()
    submissions.retry(
        actor, post_id, platforms=body.platforms, confirmed=body.confirm_not_published
    )
    return io.PostOut(post=posts_told.full(submissions.wait(actor, post_id)))


def _told(post_id: UUID) -> io.PostOut:
    db.session.expire_all()
    return io.PostOut(post=posts_told.full(posts.get(current_actor(), post_id)))
