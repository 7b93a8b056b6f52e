"""Reading and deleting on the played YouTube: channels, videos, uploads, pages for a person."""

from __future__ import annotations

from itertools import islice
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.sandbox import feed
from app.sandbox.records import Account
from app.sandbox.room import met
from app.sandbox.store import store
from app.sandbox.youtube import videos
from app.sandbox.youtube.desk import (
    NAME,
    READING,
    ROOM,
    WRITING,
    allowed,
    bad,
    bp,
    by_channel,
    channel_id,
    has_channel,
    list_of,
    me,
    refused,
    wanted_parts,
)

CHANNEL_PARTS = {
    "auditDetails", "brandingSettings", "contentDetails", "contentOwnerDetails", "id",
    "localizations", "snippet", "statistics", "status", "topicDetails",
}  # fmt: skip
CHANNEL_TAKES = {
    "part", "mine", "id", "forHandle", "forUsername", "categoryId", "hl", "managedByMe",
    "maxResults", "mySubscribers", "onBehalfOfContentOwner", "pageToken",
}  # fmt: skip
VIDEO_TAKES = {
    "part", "id", "chart", "hl", "locale", "maxHeight", "maxWidth", "maxResults", "myRating",
    "onBehalfOfContentOwner", "pageToken", "regionCode", "videoCategoryId",
}  # fmt: skip
ITEM_TAKES = {
    "part", "playlistId", "id", "maxResults", "onBehalfOfContentOwner", "pageToken", "videoId"
}  # fmt: skip


@bp.get("/youtube/v3/channels")
@ROOM.operation("account")
@allowed(*READING, takes=CHANNEL_TAKES)
def channels() -> ResponseReturnValue:
    """One's own channel, or one by id."""
    parts = wanted_parts(CHANNEL_PARTS)
    if request.args.get("mine") == "true":
        found = [me()] if has_channel(me()) else []
    elif request.args.get("id"):
        named = (by_channel(one) for one in request.args["id"].split(","))
        found = [one for one in named if one is not None]
    else:
        bad("No filter selected. Expected one of: mine, id", "missingRequiredParameter")
    return list_of("channelListResponse", [_channel(one, parts) for one in found])


def _channel(account: Account, parts: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": "youtube#channel", "etag": "", "id": channel_id(account)}
    face = f"{request.host_url}_sandbox/avatar/{account.handle}.png"
    every: dict[str, Any] = {
        "snippet": {
            "title": account.name, "description": "", "customUrl": f"@{account.handle.lower()}",
            "publishedAt": "2020-01-01T00:00:00Z",
            "thumbnails": {
                size: {"url": face, "width": side, "height": side}
                for size, side in (("default", 88), ("medium", 240), ("high", 800))
            },
        },
        "contentDetails": {"relatedPlaylists": {"likes": "", "uploads": _uploads(account)}},
        "status": {
            "privacyStatus": "public", "isLinked": True, "madeForKids": False,
            "longUploadsStatus": account.extras.get("longUploads", "allowed"),
        },
        "statistics": _numbers(account),
    }  # fmt: skip
    return found | {name: every[name] for name in every if name in parts}


def _numbers(account: Account) -> dict[str, Any]:
    count = sum(1 for post in store().posts.of(NAME, account.handle) if not post.parent)
    hidden = "subscriberCount" in account.extras.get("hidden", ())
    found: dict[str, Any] = {
        "viewCount": "4200", "subscriberCount": "0" if hidden else "120",
        "hiddenSubscriberCount": hidden, "videoCount": str(count),
    }  # fmt: skip
    return found


def _uploads(account: Account) -> str:
    return "UU" + channel_id(account).removeprefix("UC")


@bp.get("/youtube/v3/videos")
def listed() -> ResponseReturnValue:
    """Videos by id: a look at numbers alone counts as ``metrics``, any other as ``lookup``."""
    parts = {word for text in request.args.getlist("part") for word in text.split(",")}
    return (_numbered if parts <= {"statistics", "id"} and parts else _looked_up)()


@ROOM.operation("metrics")
@allowed(*READING, takes=VIDEO_TAKES)
def _numbered() -> ResponseReturnValue:
    return _videos()


@ROOM.operation("lookup")
@allowed(*READING, takes=VIDEO_TAKES)
def _looked_up() -> ResponseReturnValue:
    return _videos()


def _videos() -> ResponseReturnValue:
    parts = wanted_parts(videos.PARTS)
    ids = [one for text in request.args.getlist("id") for one in text.split(",") if one]
    if not ids:
        bad("No filter selected. Expected one of: id", "missingRequiredParameter")
    if len(ids) > 50:
        bad("The request specifies too many ids.", "invalidFilters")
    hit = met()
    busy = hit is not None and hit.kind == "processing"
    found = (videos.get(one) for one in dict.fromkeys(ids))
    mine = me().handle
    rows = [
        videos.shown(video, parts, busy=busy)
        for video in found
        if video is not None and (video["handle"] == mine or not videos.private(video))
    ]
    return list_of("videoListResponse", rows)


@bp.get("/youtube/v3/playlistItems")
@ROOM.operation("lookup")
@allowed(*READING, takes=ITEM_TAKES)
def playlist() -> ResponseReturnValue:
    """An uploads playlist, newest first."""
    parts = wanted_parts({"contentDetails", "id", "snippet", "status"})
    wanted = request.args.get("playlistId", "")
    owner = by_channel("UC" + wanted.removeprefix("UU")) if wanted.startswith("UU") else None
    if owner is None:
        refused(404, "playlistNotFound", "The playlist identified with the request's playlistId "
                "parameter cannot be found.", domain="youtube.playlistItem")  # fmt: skip
    size = request.args.get("maxResults", 5, type=int)
    if not 0 <= size <= 50:
        bad("Invalid value for maxResults", "invalidParameter")
    every = (video for _, video in reversed(videos.table().items()))
    its = (video for video in every if video["handle"] == owner.handle)
    shown = (v for v in its if owner.handle == me().handle or not videos.private(v))
    rows = [_item(video, owner, wanted, parts) for video in islice(shown, size)]
    return list_of("playlistItemListResponse", rows)


def _item(
    video: dict[str, Any], owner: Account, playlist_id: str, parts: list[str]
) -> dict[str, Any]:
    told = videos.shown(video, ["snippet"])["snippet"]
    found: dict[str, Any] = {
        "kind": "youtube#playlistItem", "etag": "", "id": f"UU{video['id']}"
    }  # fmt: skip
    if "snippet" in parts:
        found["snippet"] = {
            "publishedAt": told["publishedAt"], "channelId": told["channelId"],
            "title": told["title"], "description": told["description"],
            "channelTitle": told["channelTitle"], "playlistId": playlist_id, "position": 0,
            "resourceId": {"kind": "youtube#video", "videoId": video["id"]},
        }  # fmt: skip
    if "contentDetails" in parts:
        found["contentDetails"] = {"videoId": video["id"]}
        if not videos.private(video):
            found["contentDetails"]["videoPublishedAt"] = told["publishedAt"]
    return found


@bp.delete("/youtube/v3/videos")
@ROOM.operation("delete")
@allowed(*WRITING, cost=50, takes={"id", "onBehalfOfContentOwner"})
def delete() -> ResponseReturnValue:
    """Take a video down."""
    video = videos.get(request.args.get("id", ""))
    if video is None:
        refused(404, "videoNotFound", "The video that you are trying to delete cannot be found.")
    if video["handle"] != me().handle:
        refused(403, "forbidden", "The video that you are trying to delete cannot be deleted.")
    videos.table().pop(video["id"])
    store().posts.remove(NAME, video["id"])
    return "", 204


@bp.get("/watch")
def watch() -> ResponseReturnValue:
    """The video's page."""
    return feed.permalink(NAME, request.args.get("v", ""))


@bp.get("/shorts/<video_id>")
def short(video_id: str) -> ResponseReturnValue:
    """The same for a Short."""
    return feed.permalink(NAME, video_id)


@bp.get("/channel/<wanted>")
def channel(wanted: str) -> ResponseReturnValue:
    """Somebody's videos."""
    found = by_channel(wanted)
    return redirect(url_for("feed.index", network=NAME, account=found.handle if found else ""))
