"""What a video of the played YouTube is: checked when announced, worked on, shown by parts."""

from __future__ import annotations

import re
import secrets
import time
from datetime import datetime
from typing import Any

from flask import url_for

from app.sandbox.records import Account, Post, counts, iso
from app.sandbox.store import Table, store
from app.sandbox.youtube.desk import NAME, bad, channel_id, check, me, refused

PROCESSING_SECONDS = 0.5
TITLE, DESCRIPTION_BYTES, TAGS = 100, 5000, 500
PRIVACY = ("public", "unlisted", "private")
FAILURES = ("conversion", "invalidFile", "emptyFile", "tooSmall", "codec", "uploadAborted")
REJECTIONS = (
    "copyright", "inappropriate", "duplicate", "termsOfUse", "uploaderAccountSuspended", "length",
    "claim", "uploaderAccountClosed", "trademark", "legal",
)  # fmt: skip
CATEGORIES = {1, 2, 10, 15, 17, 19, 20, 22, 23, 24, 25, 26, 27, 28, 29}
PARTS = {
    "contentDetails", "fileDetails", "id", "liveStreamingDetails", "localizations", "player",
    "processingDetails", "recordingDetails", "snippet", "statistics", "status", "suggestions",
    "topicDetails", "paidProductPlacementDetails",
}  # fmt: skip
SHAPE: dict[str, Any] = {
    "kind": str, "etag": str, "id": str,
    "snippet": {
        "title": str, "description": str, "tags": list, "categoryId": str,
        "defaultLanguage": str, "defaultAudioLanguage": str, "channelId": str,
        "channelTitle": str, "publishedAt": str, "liveBroadcastContent": str,
    },
    "status": {
        "privacyStatus": str, "publishAt": str, "selfDeclaredMadeForKids": bool,
        "containsSyntheticMedia": bool, "license": str, "embeddable": bool,
        "publicStatsViewable": bool, "uploadStatus": str, "madeForKids": bool,
    },
    "recordingDetails": {"recordingDate": str, "locationDescription": str, "location": dict},
    "localizations": dict,
}  # fmt: skip
_ENDS = re.compile(r"\[(failed|rejected):(\w+)\]")


def table() -> Table:
    """Videos by id, those that failed too."""
    return store().table("youtube.videos")


def checked(asked: dict[str, Any], parts: list[str]) -> dict[str, Any]:
    """A video as announced: ``{"snippet", "status"}`` complete, or the call ends."""
    check(asked, SHAPE)
    for name in asked:
        if name not in ("kind", "etag", "id") and name not in parts:
            refused(400, "unexpectedPart", f"'{name}'", domain="youtube.part")
    snippet, status = asked.get("snippet", {}), asked.get("status", {})
    _words(snippet)
    _tags(snippet.get("tags", []))
    category = snippet.get("categoryId", "22")
    if not category.isdigit() or int(category) not in CATEGORIES:
        refused(400, "invalidCategoryId", "The snippet.categoryId property specifies an invalid "
                "category ID.")  # fmt: skip
    _status(status)
    return {
        "snippet": {"description": "", "tags": [], **snippet, "categoryId": category},
        "status": {
            "privacyStatus": "public", "license": "youtube", "embeddable": True,
            "publicStatsViewable": True, "selfDeclaredMadeForKids": False, **status,
        },
    }  # fmt: skip


def _words(snippet: dict[str, Any]) -> None:
    title, text = snippet.get("title", "").strip(), snippet.get("description", "")
    if not 0 < len(title) <= TITLE or re.search("[<>]", title):
        refused(400, "invalidTitle", "The request metadata specifies an invalid or empty video "
                "title.")  # fmt: skip
    if len(text.encode()) > DESCRIPTION_BYTES or re.search("[<>]", text):
        refused(400, "invalidDescription", "The request metadata specifies an invalid video "
                "description.")  # fmt: skip


def _tags(tags: list[Any]) -> None:
    if not all(isinstance(tag, str) for tag in tags):
        bad("Invalid value at 'resource.snippet.tags'")
    quoted = [f'"{tag}"' if " " in tag else tag for tag in tags]
    if len(",".join(quoted)) > TAGS or any(re.search("[<>]", tag) or not tag for tag in tags):
        refused(400, "invalidTags", "The request metadata specifies invalid video keywords.")


def _status(status: dict[str, Any]) -> None:
    if status.get("privacyStatus", "public") not in PRIVACY:
        refused(400, "invalidVideoMetadata", "The request metadata is invalid.")
    if status.get("license", "youtube") not in ("youtube", "creativeCommon"):
        refused(403, "forbiddenLicenseSetting", "The request attempts to set an invalid license.")
    given = status.get("publishAt")
    if given is None:
        return
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or status.get("privacyStatus") != "private":
        refused(400, "invalidPublishAt", "The request metadata specifies an invalid scheduled "
                "publishing time.")  # fmt: skip
    if at.timestamp() <= time.time():
        refused(400, "invalidPublishAt", "The scheduled publishing time is in the past.")


def made(
    announced: dict[str, Any], blob: str, mime: str, size: int, head: bytes, end: str
) -> dict[str, Any]:
    """The video that a finished upload becomes. ``end``: how an order wants it to end."""
    owner = me()
    video_id = secrets.token_urlsafe(8)[:11]
    status = dict(announced["status"])
    if owner.extras.get("audited", True) is False:
        status["privacyStatus"] = "private"
        status.pop("publishAt", None)
    video = {
        "id": video_id, "handle": owner.handle, "at": time.time(), "snippet": announced["snippet"],
        "status": status, "blob": blob, "mime": mime, "size": size, "thumbnail": "",
        "end": end or _end(announced["snippet"]["title"], head),
    }  # fmt: skip
    table().put(video_id, video)
    if video["end"] in ("", "stuck"):
        _show(owner, video)
    return video


def _end(title: str, head: bytes) -> str:
    """``""`` for well, or ``failed:…`` and ``rejected:…`` with a reason."""
    word = _ENDS.search(title)
    if word and word[2] in (FAILURES if word[1] == "failed" else REJECTIONS):
        return f"{word[1]}:{word[2]}"
    known = (b"\x1aE\xdf\xa3", b"RIFF", b"\0\0\1\xba", b"\0\0\1\xb3", b"FLV", b"0&\xb2u")
    return "" if b"ftyp" in head or head.startswith(known) else "failed:invalidFile"


def _show(owner: Account, video: dict[str, Any]) -> None:
    """Into the feed: title, then description."""
    words = [video["snippet"]["title"], video["snippet"]["description"]]
    store().posts.add(
        Post(
            NAME, owner.handle, video["id"], "\n\n".join(filter(None, words)), video["at"],
            [{"blob": video["blob"], "mime": video["mime"], "alt": ""}],
            url=url_for("youtube.watch", v=video["id"], _external=True),
            extras={"snippet": video["snippet"], "status": video["status"]},
        )
    )  # fmt: skip


def get(video_id: str) -> dict[str, Any] | None:
    """A video that was not deleted; public from the time it was to be."""
    video: dict[str, Any] | None = table().get(video_id)
    at = video["status"].get("publishAt") if video else None
    if video and at and datetime.fromisoformat(at).timestamp() <= time.time():
        del video["status"]["publishAt"]
        video["status"]["privacyStatus"] = "public"
        table().put(video_id, video)
    return video


def upload_status(video: dict[str, Any], *, busy: bool = False) -> dict[str, Any]:
    """``uploadStatus`` and its reason at this moment."""
    if busy or video["end"] == "stuck" or time.time() < video["at"] + PROCESSING_SECONDS:
        return {"uploadStatus": "uploaded"}
    kind, _, reason = video["end"].partition(":")
    if not kind:
        return {"uploadStatus": "processed"}
    return {"uploadStatus": kind, f"{'failure' if kind == 'failed' else 'rejection'}Reason": reason}


def shown(video: dict[str, Any], parts: list[str], *, busy: bool = False) -> dict[str, Any]:
    """The resource with the parts asked for."""
    owner = store().accounts.get(NAME, video["handle"])
    mine = owner.handle == me().handle
    found: dict[str, Any] = {"kind": "youtube#video", "etag": "", "id": video["id"]}
    state = upload_status(video, busy=busy)
    if "snippet" in parts:
        snippet = {name: value for name, value in video["snippet"].items() if value != []}
        found["snippet"] = {
            **snippet, "publishedAt": _second(video["at"]), "channelId": channel_id(owner),
            "channelTitle": owner.name, "liveBroadcastContent": "none", "thumbnails": {},
        }  # fmt: skip
    if "status" in parts:
        found["status"] = {**state, **_visible(video)}
    if "statistics" in parts:
        found["statistics"] = statistics(video, owner)
    if "contentDetails" in parts:
        found["contentDetails"] = {"dimension": "2d", "definition": "hd", "caption": "false"}
        if mine:
            found["contentDetails"]["hasCustomThumbnail"] = bool(video["thumbnail"])
    if "processingDetails" in parts and mine:
        told = {"uploaded": "processing", "processed": "succeeded"}
        found["processingDetails"] = {
            "processingStatus": told.get(state["uploadStatus"], "terminated"),
            "fileDetailsAvailability": "available",
        }
    if "fileDetails" in parts and mine:
        found["fileDetails"] = {
            "fileName": "unknown", "fileSize": str(video["size"]), "fileType": "video"
        }  # fmt: skip
    return found


def _visible(video: dict[str, Any]) -> dict[str, Any]:
    """Visibility: a scheduled video is public once its time has come."""
    status = dict(video["status"])
    at = status.get("publishAt")
    if at and datetime.fromisoformat(at).timestamp() <= time.time():
        status.pop("publishAt")
        status["privacyStatus"] = "public"
    return status


def private(video: dict[str, Any]) -> bool:
    """Whether only its owner sees it."""
    return bool(_visible(video)["privacyStatus"] == "private")


def statistics(video: dict[str, Any], owner: Account) -> dict[str, str]:
    """Numbers as strings; hidden ones are left out."""
    post = store().posts.get(NAME, video["id"])
    if post is None:
        return {"viewCount": "0", "favoriteCount": "0"}
    found = counts(post, len(store().posts.replies(NAME, post.id)))
    every = {
        "viewCount": found["impressions"], "likeCount": found["likes"], "favoriteCount": 0,
        "commentCount": found["comments"],
    }  # fmt: skip
    hidden = owner.extras.get("hidden", ())
    return {name: str(count) for name, count in every.items() if name not in hidden}


def _second(at: float) -> str:
    return iso(at).partition(".")[0] + "Z"
