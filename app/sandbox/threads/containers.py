"""Containers of the played Threads: made, processed, asked about (§2)."""

from __future__ import annotations

import json
import re
import time
from typing import Any

from flask.typing import ResponseReturnValue

from app.sandbox import meta
from app.sandbox.meta import fields, say
from app.sandbox.room import met
from app.sandbox.store import store
from app.sandbox.threads import fetch
from app.sandbox.threads.desk import ROOM, absent, allowed, bp, figure, invalid, me, mine
from app.sandbox.threads.length import LIMIT, LINKS, counted, links
from app.sandbox.threads.posts import answered, put, shown, table, unfit, wanted

LASTS = 24 * 3600.0
TAKES = {"TEXT": 0.3, "IMAGE": 0.5, "VIDEO": 1.0, "CAROUSEL": 0.3}
LONGER = 3.0  # where the fault "processing" is met
ALT, TAG = 1000, 50
REPLY_CONTROLS = (
    "everyone", "accounts_you_follow", "mentioned_only", "parent_post_author_only",
    "followers_only",
)  # fmt: skip
TROUBLES = (
    "FAILED_DOWNLOADING_VIDEO", "FAILED_PROCESSING_AUDIO", "FAILED_PROCESSING_VIDEO",
    "INVALID_ASPEC_RATIO", "INVALID_BIT_RATE", "INVALID_DURATION", "INVALID_FRAME_RATE",
    "INVALID_AUDIO_CHANNELS", "INVALID_AUDIO_CHANNEL_LAYOUT", "UNKNOWN",
)  # fmt: skip
_TROUBLE = re.compile("|".join(sorted(TROUBLES, key=len, reverse=True)))


def own(container_id: str) -> dict[str, Any] | None:
    """A container of the caller."""
    found = table().get(container_id)
    return found if found is not None and found["handle"] == me().handle.lower() else None


def status(found: dict[str, Any]) -> str:
    """What the container's ``status`` says."""
    if found["published"]:
        return "PUBLISHED"
    if time.time() > found["at"] + LASTS:
        return "EXPIRED"
    if time.time() < found["done_at"]:
        return "IN_PROGRESS"
    return "ERROR" if found["trouble"] else "FINISHED"


@bp.post("/v1.0/<user>/threads")
@ROOM.operation("upload")
@allowed("threads_basic", "threads_content_publish")
def create(user: str) -> ResponseReturnValue:
    """Make a container. ``auto_publish_text`` publishes a text at once, as Meta has it."""
    mine(user)
    asked = fields()
    kind = str(asked.get("media_type") or "")
    if kind not in TAKES:
        invalid("media_type must be one of TEXT, IMAGE, VIDEO, CAROUSEL.")
    item = meta.truth(asked.get("is_carousel_item"))
    if item and kind not in ("IMAGE", "VIDEO"):
        invalid("A carousel item is an IMAGE or a VIDEO.")
    text = _text(asked, kind)
    made = {
        "handle": me().handle.lower(), "kind": kind, "item": item, "text": text,
        "at": time.time(), "done_at": 0.0, "published": False, "trouble": "",
        "link": _link(asked, kind, text), "reply_to": _parent(asked),
        "reply_control": _control(asked), "topic_tag": _tag(asked),
        **_files(asked, kind),
    }  # fmt: skip
    made["trouble"] = made["trouble"] or str(me().extras.get("container_error") or "")
    hit = met()
    stuck = hit is not None and hit.kind == "processing"
    takes = figure("processing_seconds", TAKES[kind])
    made["done_at"] = time.time() + takes + (LONGER if stuck else 0.0)
    container_id = str(store().serial())
    table().put(container_id, made)
    if kind == "TEXT" and meta.truth(asked.get("auto_publish_text")):
        return say({"id": put(container_id, made).id})
    return say({"id": container_id})


def _text(asked: dict[str, Any], kind: str) -> str:
    text = asked.get("text") or ""
    if not isinstance(text, str):
        invalid("text must be a string.")
    if kind == "TEXT" and not text.strip() and not asked.get("link_attachment"):
        invalid("The parameter text is required.")
    if counted(text) > LIMIT:
        invalid("Param text must be at most 500 characters long.")
    return text.strip()


def _link(asked: dict[str, Any], kind: str, text: str) -> str:
    link = str(asked.get("link_attachment") or "")
    if link and kind != "TEXT":
        invalid("link_attachment can only be used with TEXT posts.")
    if link and not link.startswith(("https://", "http://")):
        invalid("link_attachment must be a URL.")
    found = links(text) | ({link.lower()} if link else set())
    if len(found) > LINKS:
        meta.no(
            100, "THREADS_API__LINK_LIMIT_EXCEEDED", kind="THApiException",
            title="Too many links", words="A post can have at most 5 links.",
        )  # fmt: skip
    return link


def _parent(asked: dict[str, Any]) -> str:
    """The post answered; a fresh one may not be known yet (24)."""
    parent = str(asked.get("reply_to_id") or "")
    if parent and answered(parent) is None:
        raise meta.Refused(absent(parent))
    return parent


def _control(asked: dict[str, Any]) -> str:
    control = str(asked.get("reply_control") or "")
    if control and control not in REPLY_CONTROLS:
        invalid(f"reply_control must be one of {', '.join(REPLY_CONTROLS)}.")
    return control


def _tag(asked: dict[str, Any]) -> str:
    tag = str(asked.get("topic_tag") or "")
    if tag and (len(tag) > TAG or re.search(r"[.&]", tag)):
        invalid("topic_tag must be 1 to 50 characters without periods and ampersands.")
    return tag


def _files(asked: dict[str, Any], kind: str) -> dict[str, Any]:
    """The file of a picture or a video, or the children of a carousel."""
    if kind == "CAROUSEL":
        return {"children": _children(asked)}
    if kind == "TEXT":
        return {}
    alt = str(asked.get("alt_text") or "")
    if len(alt) > ALT:
        invalid("alt_text must be at most 1000 characters long.")
    url = str(asked.get(f"{kind.lower()}_url") or "")
    if not url:
        invalid(f"The parameter {kind.lower()}_url is required.")
    found = fetch.image(url) if kind == "IMAGE" else fetch.video(url)
    if kind == "IMAGE" and found.trouble:
        meta.no(
            9004, "The media could not be fetched from this URI", subcode=2207052,
            title="Media download has failed.", words=found.trouble,
        )  # fmt: skip
    word = _TROUBLE.search(alt)
    blob = store().put_blob(found.data, found.mime) if found.data else ""
    return {
        "file": {"blob": blob, "mime": found.mime, "alt": alt},
        "trouble": found.trouble or (word[0] if word else ""),
    }  # fmt: skip


def _children(asked: dict[str, Any]) -> list[str]:
    given = asked.get("children") or ""
    if isinstance(given, str) and given.startswith("["):
        try:
            given = json.loads(given)
        except ValueError:
            given = ""
    ids = [str(one) for one in given] if isinstance(given, list) else given.split(",")
    ids = [one.strip() for one in ids if one.strip()]
    if not 2 <= len(ids) <= 20:
        invalid("A carousel takes 2 to 20 children.")
    for one in ids:
        child = own(one)
        if child is None or not child["item"] or status(child) != "FINISHED":
            invalid(f"The child {one} is no finished carousel item.")
    return ids


@bp.get("/v1.0/<int:object_id>")
def ask(object_id: int) -> ResponseReturnValue:
    """A container's status, or a post."""
    container = table().get(str(object_id)) is not None
    return _status(str(object_id)) if container else _post(str(object_id))


@ROOM.operation("lookup")
@allowed("threads_basic")
def _post(post_id: str) -> ResponseReturnValue:
    return shown(post_id, wanted())


@ROOM.operation("upload")
@allowed("threads_basic")
def _status(container_id: str) -> ResponseReturnValue:
    found = own(container_id)
    if found is None:
        return absent(container_id)
    asked = wanted()
    unknown = set(asked) - {"id", "status", "error_message"}
    if unknown:
        unfit(sorted(unknown)[0])
    hit = met()
    stuck = hit is not None and hit.kind == "processing"
    said = "IN_PROGRESS" if stuck and status(found) == "FINISHED" else status(found)
    body = {"id": container_id}
    if "status" in asked:
        body["status"] = said
    if "error_message" in asked and said == "ERROR":
        body["error_message"] = found["trouble"]
    return say(body)
