"""Creating and deleting on the played X."""

from __future__ import annotations

import time
import unicodedata
from dataclasses import dataclass, field
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from app.sandbox.records import Post
from app.sandbox.store import store
from app.sandbox.x import media
from app.sandbox.x.desk import (
    NAME,
    ROOM,
    Refused,
    allowed,
    body,
    bp,
    duplicate,
    invalid,
    me,
    missing,
    problem,
    say,
)
from app.sandbox.x.shapes import shown_text
from app.sandbox.x_length import weighted

LIMIT, LONG_LIMIT = 280, 25_000
LONG_PLANS = ("Basic", "Premium", "PremiumPlus")
DUPLICATE_SECONDS = 24 * 3600
REPLIES = ("following", "mentionedUsers", "subscribers", "verified")
# Every property X takes; any other is refused. Values are types, or the same again.
SHAPE: dict[str, Any] = {
    "text": str, "quote_tweet_id": str, "reply_settings": str, "card_uri": str,
    "community_id": str, "share_with_followers": bool, "made_with_ai": bool,
    "paid_partnership": bool, "for_super_followers_only": bool, "nullcast": bool,
    "direct_message_deep_link": str,
    "media": {"media_ids": list, "tagged_user_ids": list},
    "reply": {"in_reply_to_tweet_id": str, "exclude_reply_user_ids": list,
              "auto_populate_reply_metadata": bool},
    "poll": {"options": list, "duration_minutes": int, "reply_settings": str},
    "geo": {"place_id": str},
    "edit_options": {"previous_post_id": str},
}  # fmt: skip


def _check(found: dict[str, Any], shape: dict[str, Any], path: str = "") -> None:
    for name, value in found.items():
        wanted = shape.get(name)
        if wanted is None:
            invalid(f"[{path}{name}] is not a known property.", **{f"{path}{name}": value})
        if isinstance(wanted, dict):
            if not isinstance(value, dict):
                invalid(f"[{path}{name}] is not an object.", **{f"{path}{name}": value})
            _check(value, wanted, f"{path}{name}.")
        elif not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            invalid(f"[{path}{name}] is of the wrong type.", **{f"{path}{name}": value})


@dataclass
class Recent:
    """Texts of the last day, so that a repeat is seen without reading every post."""

    posts: dict[tuple[str, str, str], Post] = field(default_factory=dict)

    @classmethod
    def of_store(cls) -> Recent:
        """The one of this store; filled from its posts the first time."""
        with store().lock:
            found = store().memo.get("x.recent")
            if not isinstance(found, cls):
                found = cls()
                for post in reversed(list(store().posts.newest(network=NAME))):
                    found.add(post)
                store().memo["x.recent"] = found
            return found

    def add(self, post: Post) -> None:
        if post.text and not post.media:
            self.posts[_sameness(post.account, post.text, post.parent)] = post

    def has(self, handle: str, text: str, parent: str) -> bool:
        """Whether this account has the same text standing, not older than a day."""
        found = self.posts.get(_sameness(handle, text, parent))
        return (
            found is not None and not found.deleted and time.time() - found.at < DUPLICATE_SECONDS
        )


def _sameness(handle: str, text: str, parent: str) -> tuple[str, str, str]:
    return handle.lower(), " ".join(unicodedata.normalize("NFC", text).split()), parent


@bp.post("/2/tweets")
@ROOM.operation("publish")
@allowed("create", "tweet.write", "tweet.read", "users.read")
def create() -> ResponseReturnValue:
    """Publish a post."""
    asked = body()
    _check(asked, SHAPE)
    if sum(name in asked for name in ("media", "quote_tweet_id", "poll", "card_uri")) > 1:
        invalid("media, quote_tweet_id, poll and card_uri exclude one another.", body="")
    if asked.get("reply_settings", REPLIES[0]) not in REPLIES:
        invalid("reply_settings is not valid.", reply_settings=asked["reply_settings"])
    text = unicodedata.normalize("NFC", asked.get("text", "")).strip()
    files = _files(asked.get("media", {}).get("media_ids", []))
    if not text and not files:
        invalid("The post has no text and no media.", text="")
    _fits(text)
    poll = _poll(asked.get("poll"))
    if "quote_tweet_id" in asked:
        # Withdrawn for self-serve plans (networks/x.md §3).
        return problem(403, "Forbidden", "You are not permitted to perform this action.")
    parent = _parent(asked.get("reply", {}).get("in_reply_to_tweet_id", ""))
    recent = Recent.of_store()
    with store().lock:
        if text and not files and recent.has(me().handle, text, parent):
            return duplicate()
        post = _add(text, files, parent, {"poll": poll} if poll else {})
        recent.add(post)
    answer = {"id": post.id, "text": shown_text(post), "edit_history_tweet_ids": [post.id]}
    return say({"data": answer}, 201)


def _fits(text: str) -> None:
    plan = me().extras.get("subscription_type")
    limit = LONG_LIMIT if plan in LONG_PLANS else LIMIT
    if weighted(text) > limit:
        raise Refused(
            problem(
                400,
                "Invalid Request",
                "Your Tweet text is too long.",
                kind="invalid-request",
                errors=[
                    {"parameters": {"text": [text[:60]]}, "message": "Your Tweet text is too long."}
                ],
            )  # fmt: skip
        )


def _files(media_ids: list[Any]) -> list[tuple[str, dict[str, Any]]]:
    """The uploads named, ready and fitting together."""
    if len(media_ids) != len(set(map(str, media_ids))) or len(media_ids) > 4:
        invalid("A post takes up to 4 different media.", **{"media.media_ids": media_ids})
    found = []
    for media_id in media_ids:
        upload = media.own(media_id) if isinstance(media_id, str) else None
        if upload is None or media.state(upload) != "succeeded":
            invalid("Your media IDs are invalid.", **{"media.media_ids": media_id})
        found.append((media_id, upload))
    kinds = {upload["category"] for _, upload in found}
    if found and (kinds & {"subtitles"} or (kinds != {"tweet_image"} and len(found) > 1)):
        invalid("These media cannot be in one post.", **{"media.media_ids": media_ids})
    return found


def _parent(parent_id: str) -> str:
    """The post answered: the caller's own, or one that mentions the caller."""
    if not parent_id:
        return ""
    parent = store().posts.get(NAME, parent_id)
    if parent is None:
        raise Refused(
            problem(
                404,
                "Not Found Error",
                f"Could not find tweet with id: [{parent_id}].",
                kind="resource-not-found",
                errors=[missing("tweet", "id", parent_id)],
            )  # fmt: skip
        )
    mine = parent.account.lower() == me().handle.lower()
    if not mine and f"@{me().handle}".lower() not in parent.text.lower():
        raise Refused(
            problem(
                403,
                "Forbidden",
                "Reply to this conversation is not allowed because you have not been mentioned "
                "or otherwise engaged by the author of the post you are replying to.",
            )
        )
    return parent_id


def _poll(poll: dict[str, Any] | None) -> dict[str, Any] | None:
    """Two to four answers of up to 25 characters, for 5 minutes to 7 days."""
    if poll is None:
        return None
    options, minutes = poll.get("options", []), poll.get("duration_minutes", 0)
    fine = all(isinstance(one, str) and 0 < len(one) <= 25 for one in options)
    if not fine or not 2 <= len(options) <= 4 or not 5 <= minutes <= 10_080:
        invalid("The poll is not valid.", poll=options)
    return {"options": options, "duration_minutes": minutes}


def _add(
    text: str, files: list[tuple[str, dict[str, Any]]], parent: str, extras: dict[str, Any]
) -> Post:
    post_id = str(store().serial(epoch_ms=1288834974657, bits=22))
    handle = me().handle
    return store().posts.add(
        Post(
            NAME, handle, post_id, text, time.time(),
            [
                {"blob": upload["blob"], "mime": upload["mime"], "alt": upload["alt"],
                 "key": upload["key"]}
                for _, upload in files
            ],
            parent,
            url_for("x.permalink", handle=handle, post_id=post_id, _external=True),
            extras=extras,
        )
    )  # fmt: skip


@bp.delete("/2/tweets/<post_id>")
@ROOM.operation("delete")
@allowed("delete", "tweet.write", "tweet.read", "users.read")
def delete(post_id: str) -> ResponseReturnValue:
    """Take a post down."""
    post = store().posts.get(NAME, post_id)
    if post is None:
        return problem(
            404, "Not Found Error", f"Could not find tweet with id: [{post_id}].",
            kind="resource-not-found", errors=[missing("tweet", "id", post_id)],
        )  # fmt: skip
    if post.account.lower() != me().handle.lower():
        return problem(
            403, "Forbidden", "You are not authorized to delete this Tweet.",
            kind="not-authorized-for-resource",
        )  # fmt: skip
    store().posts.remove(NAME, post_id)
    return say({"data": {"deleted": True}})
