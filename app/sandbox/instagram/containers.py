"""Containers: made, filled, asked about. They live a day and are published once."""

from __future__ import annotations

import re
import time
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from app.sandbox.instagram import files
from app.sandbox.instagram.desk import (
    DAY,
    NAME,
    ROOM,
    allowed,
    bp,
    grant_of,
    me,
    not_ready,
    only,
    own,
)  # fmt: skip
from app.sandbox.meta import Refused, bad_token, fields, invalid, no, say, token, truth
from app.sandbox.room import bearer, met
from app.sandbox.store import store

CAPTION, HASHTAGS, MENTIONS = 2200, 30, 20
LASTS, A_DAY, ENCODING = 86_400, 400, 0.2
ALWAYS = 10 * 365 * DAY
_FAILS = re.compile(r"\bfails-(22\d{5})\b")


def table() -> Any:
    """Containers by id."""
    return store().table("instagram.containers")


def container(node: str) -> dict[str, Any] | None:
    """A container of the caller, or ``None``."""
    found: dict[str, Any] | None = table().get(node)
    return found if found is not None and found["handle"] == me().handle.lower() else None


def state(found: dict[str, Any]) -> str:
    """Its ``status_code`` at this moment."""
    now = time.time()
    if found["media_id"]:
        return "PUBLISHED"
    if now > found["at"] + LASTS:
        return "EXPIRED"
    if found["waits"] or now < found["ready_at"]:
        return "IN_PROGRESS"
    return "ERROR" if found["broken"] else "FINISHED"


@bp.post("/<version>/<ig>/media")
@ROOM.operation("upload")
@allowed("basic", "content_publish")
def create(version: str, ig: str) -> ResponseReturnValue:
    """Step 1 of every post."""
    own(ig)
    asked = fields()
    found = _made(asked)
    hits = store().limits.hit(NAME, me().handle, "containers", A_DAY, DAY)
    if hits.refused:
        no(9, "(#9) Application request limit reached", subcode=2207042,
           words="The account has made too many containers in 24 hours.")  # fmt: skip
    hit = met()
    if hit is not None and hit.kind == "processing":
        found["ready_at"] = time.time() + (hit.seconds or ALWAYS)
    node = str(store().serial())
    table().put(node, found)
    answer = {"id": node}
    if found["waits"]:
        base = request.host_url.rstrip("/")
        answer["uri"] = f"{base}{ROOM.prefix}/ig-api-upload/{version}/{node}"
    return say(answer)


def _made(asked: dict[str, Any]) -> dict[str, Any]:
    kind = str(asked.get("media_type") or "IMAGE")
    child = truth(asked.get("is_carousel_item"))
    caption = "" if child or kind == "STORIES" else _caption(asked)
    found: dict[str, Any] = {
        "handle": me().handle.lower(), "kind": kind, "child": child, "caption": caption,
        "media": [], "children": [], "at": time.time(), "ready_at": 0.0, "waits": False,
        "broken": _failing(caption, kind), "media_id": "", "mime": "", "size": 0,
        "product": {"REELS": "REELS", "STORIES": "STORY"}.get(kind, "FEED"),
        "more": {name: asked[name] for name in ("share_to_feed", "thumb_offset", "collaborators")
                 if name in asked},
    }  # fmt: skip
    makers = {"IMAGE": _image, "STORIES": _story, "REELS": _reel, "CAROUSEL": _carousel}
    if kind == "VIDEO" and child:
        _clip(found, asked)
    elif kind in makers and not (child and kind != "IMAGE"):
        makers[kind](found, asked)
    else:
        no(100, "Invalid parameter", subcode=2207023,
           words=f"The media type {kind} is unknown.")  # fmt: skip
    if len(asked.get("collaborators") or ()) > 3:
        invalid("Param collaborators takes at most 3 names.")
    return found


def _caption(asked: dict[str, Any]) -> str:
    caption = str(asked.get("caption") or "")
    tags = len(re.findall(r"(?<!\w)#\w+", caption))
    names = len(re.findall(r"(?<!\w)@\w+", caption))
    if len(caption) > CAPTION or tags > HASHTAGS or names > MENTIONS:
        no(36004, "The caption is too long.", subcode=2207010,
           words="The caption was too long: 2,200 characters, 30 hashtags and 20 @ tags at "
                 "most.")  # fmt: skip
    return caption


def _failing(caption: str, kind: str) -> int:
    """The subcode this container is to end with, by order of a test (see the package)."""
    found = _FAILS.search(caption)
    if found:
        return int(found[1])
    with store().lock:
        order = me().extras.get("fails") or {}
        if not order.get("times") or order.get("kind", kind) != kind:
            return 0
        me().extras["fails"] = {**order, "times": order["times"] - 1}
        store().accounts.save(me())
        return int(order["subcode"])


def _image(found: dict[str, Any], asked: dict[str, Any]) -> None:
    if not asked.get("image_url"):
        invalid("The parameter image_url is required")
    item = files.picture(str(asked["image_url"]), shaped=found["kind"] != "STORIES")
    found["media"] = [item | {"alt": str(asked.get("alt_text") or "")}]


def _story(found: dict[str, Any], asked: dict[str, Any]) -> None:
    if asked.get("image_url"):
        if asked.get("alt_text"):
            invalid("Param alt_text is not supported for stories")
        _image(found, asked)
    else:
        _moving(found, asked)


def _reel(found: dict[str, Any], asked: dict[str, Any]) -> None:
    offset = str(asked.get("thumb_offset") or "0")
    if not offset.isdigit():
        no(1, "Invalid thumb offset", subcode=2207057,
           words="The thumbnail offset must be within the video.")  # fmt: skip
    if asked.get("cover_url"):
        found["more"]["cover"] = files.picture(str(asked["cover_url"]), shaped=False)["blob"]
    if asked.get("alt_text"):
        invalid("Param alt_text is only supported for images")
    _moving(found, asked)


def _clip(found: dict[str, Any], asked: dict[str, Any]) -> None:
    """The video of a carousel: by its address alone, and without a description."""
    if asked.get("alt_text"):
        invalid("Param alt_text is only supported for images")
    if asked.get("upload_type"):
        invalid("Param upload_type is not supported for carousel items")
    _moving(found, asked, resumable=False)


def _moving(found: dict[str, Any], asked: dict[str, Any], *, resumable: bool = True) -> None:
    """A video by address, or by bytes that come later."""
    if resumable and asked.get("upload_type") == "resumable":
        found["waits"] = True
    elif asked.get("video_url"):
        _fill(found, files.bytes_of(str(asked["video_url"])))
    else:
        invalid("The parameter video_url is required")


def _fill(found: dict[str, Any], data: bytes) -> None:
    item, broken = files.video(data)
    found |= {"media": [item], "waits": False}
    found["broken"] = found["broken"] or broken
    found["ready_at"] = max(found["ready_at"], time.time() + ENCODING)


def _carousel(found: dict[str, Any], asked: dict[str, Any]) -> None:
    given = asked.get("children") or ""
    children = [str(one) for one in given] if isinstance(given, list) else given.split(",")
    if not 2 <= len(children) <= 10:
        no(100, "Invalid parameter", subcode=2207028,
           words="A carousel needs 2 to 10 items.")  # fmt: skip
    for node in children:
        item = container(node)
        if item is None or not item["child"]:
            no(24, "The requested resource does not exist", subcode=2207006,
               words=f"The media with id {node} cannot be found.")  # fmt: skip
        if state(item) != "FINISHED":
            raise Refused(not_ready())
        found["media"] += item["media"]
    found["children"] = children


@bp.post("/ig-api-upload/<version>/<node>")
@ROOM.operation("upload")
def upload(version: str, node: str) -> ResponseReturnValue:
    """The bytes of a video, at the upload host: its token is called OAuth, not Bearer."""
    given = grant_of(bearer("OAuth"))
    if given is None or not given.live:
        return bad_token(463 if given is not None else 0)
    found = table().get(node)
    if found is None or found["handle"] != given.handle.lower():
        return _failed(404, "The container does not exist.")
    if not found["waits"]:
        return _failed(400, "The container has its file already.")
    data = request.get_data()
    if request.headers.get("offset") != "0":
        return _failed(400, "The offset does not follow what was sent.")
    # Web servers drop header names with an underscore: then the length announced has to do.
    told = request.headers.get("file_size", str(request.content_length or ""))
    if told != str(len(data)) or not data:
        return _failed(400, "The file_size is not what was sent.")
    _fill(found, data)
    table().put(node, found)
    return say({"success": True, "message": "Upload successful."})


def _failed(status: int, message: str) -> ResponseReturnValue:
    info = {"retriable": False, "type": "ProcessingFailedError", "message": message}
    return say({"debug_info": info}, status)


@ROOM.operation("lookup")
@allowed("basic")
def shown(node: str) -> ResponseReturnValue:
    """``GET /{container}``: the status, with the error's subcode in words."""
    assert token()
    found = container(node)
    assert found is not None
    code = state(found)
    words = {
        "FINISHED": "Finished: Media has been uploaded and it is ready to be published.",
        "IN_PROGRESS": "In Progress: Media is still being processed.",
        "PUBLISHED": "Published: Media has been published.",
        "EXPIRED": "Expired: Media was not published within 24 hours.",
        "ERROR": f"Error: Media upload has failed with error code {found['broken']}",
    }[code]
    return only({"id": node, "status_code": code, "status": words})
