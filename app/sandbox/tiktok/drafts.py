"""A post on its way out: what is checked before, and where it stands afterwards.

A row of ``uploads()``: ``handle, kind`` (``video`` or ``photo``)``, info, text``; of a video
``mime, size, chunk, count, received, pieces, token, until``; ``sent_at`` (unix seconds of
acceptance, 0 before), ``post_id``, ``reason`` (why it fails), ``stuck``.
"""

from __future__ import annotations

import re
import time
from typing import Any

from flask import url_for

from app.sandbox.records import Account, Post
from app.sandbox.room import met
from app.sandbox.store import store
from app.sandbox.tiktok.desk import DAY, NAME, POSTS_A_DAY, invalid, me, no, uploads

PROCESSING_SECONDS = 0.5
MODERATION_SECONDS = 0.5
ACTIVE = 5
PENDING_A_DAY = 5
LEVELS = ("PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "FOLLOWER_OF_CREATOR", "SELF_ONLY")
FLAGS = (
    "disable_duet", "disable_comment", "disable_stitch", "brand_content_toggle",
    "brand_organic_toggle", "is_aigc", "auto_add_music",
)  # fmt: skip
_FAIL = re.compile(r"\bfail:([a-z_]+)")


def levels(account: Account) -> list[str]:
    """The audiences an account offers."""
    first = "FOLLOWER_OF_CREATOR" if account.extras.get("private") else "PUBLIC_TO_EVERYONE"
    return [first, "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"]


def units(text: str) -> int:
    """A length in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def check(info: dict[str, Any], lengths: dict[str, int]) -> None:
    """Whether this account may post this now; ends the call where not."""
    refused = me().extras.get("refuse")
    if refused:
        no(str(refused))
    for name, most in lengths.items():
        text = info.get(name, "")
        if not isinstance(text, str) or units(text) > most:
            invalid(f"post_info.{name} is longer than {most}.")
    for name in FLAGS:
        if not isinstance(info.get(name, False), bool):
            invalid(f"post_info.{name} is not true or false.")
    level = info.get("privacy_level")
    if level not in LEVELS:
        invalid("post_info.privacy_level is missing or not known.")
    if me().extras.get("unaudited") and (level != "SELF_ONLY" or not me().extras.get("private")):
        no("unaudited_client_can_only_post_to_private_accounts")
    if me().extras.get("unaudited"):
        _active()
    if level not in levels(me()):
        no("privacy_level_option_mismatch")
    if info.get("brand_content_toggle") and level == "SELF_ONLY":
        invalid("Branded content cannot be private.")


def _active() -> None:
    """An app before its audit posts for five accounts in 24 hours."""
    table, mine = store().table("tiktok.active"), me().handle.lower()
    with store().lock:
        others = [
            one for one, row in table.items() if one != mine and row["at"] > time.time() - DAY
        ]
        if len(others) >= ACTIVE:
            no("reached_active_user_cap")
        table.put(mine, {"at": time.time()})


def count_day() -> None:
    """One of the posts a creator may make by apps in 24 hours."""
    if store().limits.hit(NAME, me().handle, "posts-day", POSTS_A_DAY, DAY).refused:
        no("spam_risk_too_many_posts")


def count_pending() -> None:
    """One of the drafts that may wait in a person's inbox in 24 hours."""
    if me().extras.get("refuse"):
        no(str(me().extras["refuse"]))
    if store().limits.hit(NAME, me().handle, "pending-day", PENDING_A_DAY, DAY).refused:
        no("spam_risk_too_many_pending_share")


def number() -> str:
    """A post's id: a rising int64."""
    return str(store().serial(bits=22))


def accept(publish_id: str, row: dict[str, Any], files: list[dict[str, Any]]) -> None:
    """It is in: from now on it is processed, and comes out unless something is wrong with it."""
    hit = met()
    told = _FAIL.search(f"{row['info'].get('title', '')} {row['info'].get('description', '')}")
    row["sent_at"], row["post_id"] = time.time(), number()
    row["stuck"] = hit is not None and hit.kind == "processing"
    row["reason"] = told[1] if told else row.get("reason", "")
    uploads().put(publish_id, row)
    if row["stuck"] or row["reason"] or draft(row):
        return
    store().posts.add(
        Post(
            NAME, row["handle"], row["post_id"], row["text"], row["sent_at"], files,
            url=url_for(
                "tiktok.permalink", handle=row["handle"], kind=row["kind"],
                post_id=row["post_id"], _external=True,
            ),
            extras={"publish_id": publish_id, "kind": row["kind"], "post_info": row["info"]},
        )
    )  # fmt: skip


def draft(row: dict[str, Any]) -> bool:
    """Whether it goes to the inbox: nobody said who may see it."""
    return "privacy_level" not in row["info"]


def standing(row: dict[str, Any]) -> str:
    """``uploading``, ``processing``, ``failed``, ``inbox``, ``complete`` or ``public`` (it has
    an id)."""
    if not row["sent_at"]:
        return "uploading"
    extras = store().accounts.get(NAME, row["handle"]).extras
    done = row["sent_at"] + float(extras.get("processing_s", PROCESSING_SECONDS))
    if row["stuck"] or time.time() < done:
        return "processing"
    if row["reason"]:
        return "failed"
    if draft(row):
        return "inbox"
    if row["info"]["privacy_level"] != "PUBLIC_TO_EVERYONE":
        return "complete"
    moderated = done + float(extras.get("moderation_s", MODERATION_SECONDS))
    return "public" if time.time() >= moderated else "complete"


def public(post: Post) -> bool:
    """Whether a post of the feed is among the account's public ones."""
    row = uploads().get(str(post.extras.get("publish_id")))
    return row is not None and standing(row) == "public"
