"""What becomes of posts at the played Metricool once their time has come."""

from __future__ import annotations

import time
from typing import Any

from flask import request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue

from app.sandbox import feed
from app.sandbox.metricool import media
from app.sandbox.metricool.desk import NAME, bp, brands_of
from app.sandbox.records import Post
from app.sandbox.store import Table, store

LENGTHS = {"twitter": 280, "bluesky": 300, "threads": 500, "instagram": 2200, "pinterest": 800}
NEXT = "metricool.next"  # in the store's memory: before this nothing is due


def table() -> Table:
    """Posts by id."""
    return store().table("metricool.posts")


def due_at(at: float) -> None:
    """Something is due then."""
    memo = store().memo
    memo[NEXT] = min(at, memo.get(NEXT, at))


@bp.before_app_request
def settle() -> None:
    """Send out all whose time has come. Whoever asks what: the feed needs no poll to be true."""
    if time.time() < store().memo.get(NEXT, 0.0):
        return
    with store().lock:
        waiting = float("inf")
        for number, row in table().items():
            if not row["open"]:
                continue
            if row["due"] <= time.time():
                _send(row)
                row["open"] = False
                table().put(number, row)
            else:
                waiting = min(waiting, row["due"])
        store().memo[NEXT] = waiting


def _send(row: dict[str, Any]) -> None:
    for provider in row["post"]["providers"]:
        trouble = row["refused"] or _trouble(row, provider["network"])
        if trouble:
            provider |= {"status": "ERROR", "detailedStatus": trouble}
            continue
        post = _public(row, provider["network"])
        provider |= {
            "status": "PUBLISHED", "detailedStatus": "Published", "id": post.id,
            "publicUrl": post.url,
        }  # fmt: skip


def _trouble(row: dict[str, Any], network: str) -> str:
    """Why a network does not take it; ``""`` where it does."""
    post, handle = row["post"], row["handle"]
    ordered = store().accounts.get(NAME, handle).extras.get("fails")
    if isinstance(ordered, dict) and ordered.get(network):
        return str(ordered[network])
    found = next((one for one in brands_of(handle) if one.id == row["blog"]), None)
    if found is None or network not in found.networks:
        return f"There is no {network} account connected to this brand: reconnect it."
    most = LENGTHS.get(network)
    texts = [post.get("text") or "", *(str(one.get("text") or "") for one in _after(post, network))]
    if most is not None and any(len(text) > most for text in texts):
        return f"The text is longer than {most} characters."
    parts = (post, *_after(post, network))
    files = [media.known(url) for part in parts for url in part.get("media") or []]
    if None in files:
        return "The media could not be downloaded."
    if network == "youtube" and not any(f and f.mime.startswith("video/") for f in files):
        return "The media format is not supported: a video is required."
    return ""


def _after(post: dict[str, Any], network: str) -> list[dict[str, Any]]:
    """The further parts of a thread, where the network has threads."""
    return post.get("descendants") or [] if network in ("twitter", "threads", "bluesky") else []


def _public(row: dict[str, Any], network: str) -> Post:
    """The post in the feed, with its thread and its first comment."""
    post = row["post"]
    name = f"{post['id']}-{network}"
    about = {"provider": network, "blog_id": row["blog"], "metricool_id": post["id"]}
    first = _add(row, name, post, "", about)
    parent = first.id
    for place, part in enumerate(_after(post, network), 2):
        parent = _add(row, f"{name}-{place}", part, parent, about).id
    if post.get("firstCommentText"):
        comment = {"text": post["firstCommentText"]}
        _add(row, f"{name}-comment", comment, first.id, about | {"comment": True})
    return first


def _add(
    row: dict[str, Any], name: str, part: dict[str, Any], parent: str, about: dict[str, Any]
) -> Post:
    alts = list(part.get("mediaAltText") or [])
    files = []
    for place, url in enumerate(part.get("media") or []):
        file = media.known(url)
        if file is not None:
            alt = alts[place] if place < len(alts) else ""
            files.append({"blob": file.blob, "mime": file.mime, "alt": alt or ""})
    url = f"{request.host_url}{NAME}/p/{name}"
    text = str(part.get("text") or "")
    return store().posts.add(
        Post(NAME, row["handle"], name, text, time.time(), files, parent, url, extras=about)
    )


@bp.get("/p/<name>")
def permalink(name: str) -> ResponseReturnValue:
    """The page a network would have for the post."""
    return feed.permalink(NAME, name)


def all_due() -> ResponseReturnValue:
    """For scripts: the time of every waiting post comes now."""
    with store().lock:
        rows = [(number, row) for number, row in table().items() if row["open"]]
        for number, row in rows:
            table().put(number, {**row, "due": min(row["due"], time.time())})
        store().memo[NEXT] = 0.0
    settle()
    return {"published": len(rows)}


@bp.record
def _for_scripts(state: BlueprintSetupState) -> None:
    state.app.add_url_rule("/_sandbox/metricool/due", "metricool.due", all_due, methods=["POST"])
