"""Tools that send posts out, put them on the clock or take them off it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from app.api.auth import current_actor
from app.api.mcp.posts import WHEN, Made, PostAsked, told
from app.api.mcp.tool import tool
from app.api.v1.posts_schemas import Platforms
from app.services import posts, submissions


class Schedule(PostAsked):
    scheduled_for: datetime = Field(description=f"When it goes out. {WHEN}")


class Cancel(PostAsked):
    target_id: UUID | None = Field(
        default=None,
        description="Only this account of it: an id of platformPosts. Left out: the whole post.",
    )


class Retry(PostAsked):
    platforms: Platforms | None = Field(
        default=None, description="Only these. Left out: all that failed."
    )
    confirm_not_published: bool = Field(
        default=False,
        description="Somebody looked at the network and it is not there. Needed where the outcome"
        " is not known (needs_review).",
    )


@tool(
    "Schedule a post", need="post.write", takes=Schedule, writes=True, repeatable=True,
    outward=True,
)  # fmt: skip
def schedule_post(asked: Schedule) -> Made:
    """Puts a draft on the clock, or gives a scheduled post another time."""
    at = submissions.moment(asked.scheduled_for, "scheduledFor")
    posts.schedule(current_actor(), asked.post_id, at)
    return told(asked.post_id)


@tool("Take a post off the clock", need="post.write", takes=PostAsked, writes=True)
def unschedule_post(asked: PostAsked) -> Made:
    """Makes a scheduled post a draft again."""
    posts.unschedule(current_actor(), asked.post_id)
    return told(asked.post_id)


@tool(
    "Publish a post now", need="post.write", takes=PostAsked, writes=True, destroys=True,
    outward=True,
)  # fmt: skip
def publish_post(asked: PostAsked) -> Made:
    """Makes a post public at once; this cannot be taken back here. Waits some seconds and tells
    each account's state then; read it again with get_post while one is posting."""
    actor = current_actor()
    posts.publish_now(actor, asked.post_id)
    submissions.wait(actor, asked.post_id)
    return told(asked.post_id)


@tool("Cancel a post", need="post.write", takes=Cancel, writes=True, destroys=True)
def cancel_post(asked: Cancel) -> Made:
    """Discards a post that is not wholly out, or takes one account off it. What is public on a
    network stays there."""
    actor = current_actor()
    if asked.target_id is None:
        submissions.cancel(actor, asked.post_id)
    else:
        submissions.take_off(actor, asked.post_id, asked.target_id)
    return told(asked.post_id)


@tool(
    "Try a failed post again", need="post.write", takes=Retry, writes=True, destroys=True,
    outward=True,
)  # fmt: skip
def retry_post(asked: Retry) -> Made:
    """Sends a failed or partly failed post again, to the accounts where it failed, and waits some
    seconds for the outcome."""
    actor = current_actor()
    submissions.retry(
        actor, asked.post_id, platforms=asked.platforms, confirmed=asked.confirm_not_published
    )
    submissions.wait(actor, asked.post_id)
    return told(asked.post_id)
