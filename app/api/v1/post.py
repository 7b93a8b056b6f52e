"""Amplify's posts: ``/post``, ``/scheduled-posts``, ``/job-logs``, ``/delivery-metrics``."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint

from app.api import doors
from app.api.auth import current_actor, requires
from app.api.contract import operation
from app.api.v1 import asking, posts_told, rehearsing
from app.api.v1 import posts_schemas as io
from app.api.v1.fields import AMPLIFY, told_as
from app.api.v1.rehearsing import DryRun, SentOrRehearsed
from app.errors import BrokerError
from app.models.posts import Post, TargetState
from app.services import posts, submissions

TAG = "Posts"

bp = Blueprint("api_post", __name__, url_prefix="/api/v1")
doors.build(bp)


def again(post_id: UUID) -> Any:
    """What a request that died had made, as it is now."""
    return _sent(posts.get(current_actor(), post_id))


@bp.post("/post")
@requires("post.write")
@operation(
    "Publish now, or schedule", tag=TAG, query=DryRun, body=io.AmplifyPost,
    answers={200: SentOrRehearsed}, refuses=(404, 409, 502), again=again,
)  # fmt: skip
def create(query: DryRun, body: io.AmplifyPost) -> Any:
    """With ``scheduleDate`` the post goes on the clock. Without it, it goes out at once: the
    answer comes when every account is done, or after some seconds with the states then.

    With ``dry_run=true`` nothing is stored: the answer is that of ``/api/v1/posts/validate``."""
    actor = current_actor()
    if query.dry_run:
        return rehearsing.amplify(actor, body)
    with told_as(AMPLIFY):
        asked = asking.amplify_whole(actor, body)
        now = asked.sent.due_at is None
        post = submissions.submit(actor, asked.profile_id, asked.sent, asked.accounts, publish=now)
    if now:
        post = submissions.wait(actor, post.id)
    return _sent(post)


def _sent(post: Post) -> io.Sent:
    targets = [posts_told.target(t) for t in post.targets]
    planned = posts_told.due(post)
    if planned is not None:
        return io.Sent(
            post_id=post.id, scheduled=True, scheduled_at=posts_told.stamp(planned),
            targets=targets,
        )  # fmt: skip
    if all(t.state is TargetState.FAILED for t in post.targets):
        facts = {
            "postId": str(post.id),
            "targets": [one.model_dump(mode="json") for one in targets],
        }
        says = next((t.error for t in post.targets if t.error), "No network took this post.")
        raise BrokerError(says, facts=facts)
    return io.Sent(post_id=post.id, targets=targets)
