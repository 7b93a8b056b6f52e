"""Publishing and deleting on the played Threads, with the quotas of 24 hours (§2, §3)."""

from __future__ import annotations

import time
from typing import Any

from flask.typing import ResponseReturnValue

from app.sandbox import meta
from app.sandbox.meta import fields, say
from app.sandbox.store import store
from app.sandbox.threads.containers import own, status
from app.sandbox.threads.desk import (
    DAY,
    NAME,
    ROOM,
    absent,
    allowed,
    bp,
    figure,
    invalid,
    me,
    mine,
)
from app.sandbox.threads.posts import put, unfit, wanted

QUOTAS = {"quota": 250, "reply_quota": 1000, "delete_quota": 100, "location_search_quota": 500}
CONFIGS = {
    "quota": "config", "reply_quota": "reply_config", "delete_quota": "delete_config",
    "location_search_quota": "location_search_config",
}  # fmt: skip


def total(quota: str) -> int:
    """How many the account has in 24 hours."""
    return int(figure(f"{quota}_total", QUOTAS[quota]))


def used(quota: str) -> int:
    """How many of them are used."""
    since = time.time() - DAY
    if quota == "delete_quota":
        rows = store().table("threads.deletes").items()
        return sum(row["handle"] == me().handle.lower() and row["at"] > since for _, row in rows)
    posts = store().posts.of(NAME, me().handle, deleted=True)
    answers = {"quota": False, "reply_quota": True}.get(quota)
    return sum(bool(post.parent) is answers and post.at > since for post in posts)


def within(quota: str) -> None:
    """End the call where nothing is left."""
    if me().handle.startswith("bench") or used(quota) < total(quota):
        return
    meta.no(
        9, "Application request limit reached", subcode=2207042, status=403,
        title="Daily limit reached",
        words=f"You reached the maximum of {total(quota)} in 24 hours.",
    )  # fmt: skip


@bp.post("/v1.0/<user>/threads_publish")
@ROOM.operation("publish")
@allowed("threads_basic", "threads_content_publish")
def publish(user: str) -> ResponseReturnValue:
    """A finished container → a post."""
    mine(user)
    container_id = str(fields().get("creation_id") or "")
    if not container_id:
        invalid("The parameter creation_id is required.")
    with store().lock:
        found = own(container_id)
        if found is None or found["item"] or status(found) in ("IN_PROGRESS", "PUBLISHED"):
            return absent(container_id)
        if status(found) != "FINISHED":
            invalid(f"The container {container_id} is {status(found)}.")
        if me().extras.get("restricted"):
            meta.no(
                10, "Application does not have permission for this action", subcode=4279013,
                status=403, title="Profile restricted", words="This profile is restricted.",
            )  # fmt: skip
        within("reply_quota" if found["reply_to"] else "quota")
        return say({"id": put(container_id, found).id})


@bp.delete("/v1.0/<int:post_id>")
@ROOM.operation("delete")
@allowed("threads_basic", "threads_delete")
def delete(post_id: int) -> ResponseReturnValue:
    """Take a post down."""
    post = store().posts.get(NAME, str(post_id))
    if post is None or post.account.lower() != me().handle.lower():
        return absent(str(post_id))
    within("delete_quota")
    store().posts.remove(NAME, post.id)
    row = {"handle": me().handle.lower(), "at": time.time()}
    store().table("threads.deletes").put(post.id, row)
    return say({"success": True, "deleted_id": post.id})


@bp.get("/v1.0/<user>/threads_publishing_limit")
@ROOM.operation("account")
@allowed("threads_basic", "threads_content_publish")
def limits(user: str) -> ResponseReturnValue:
    """What is used of the quotas."""
    mine(user)
    whole: dict[str, Any] = {}
    for quota, config in CONFIGS.items():
        whole[f"{quota}_usage"] = used(quota)
        whole[config] = {"quota_total": total(quota), "quota_duration": DAY}
    for name in wanted():
        if name not in whole and name != "id":
            unfit(name)
    return say({"data": [{name: whole[name] for name in wanted() if name in whole}]})
