"""Thumbnails of the played YouTube: a picture of up to 50 MB, for verified channels."""

from __future__ import annotations

import io
import warnings
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from PIL import Image, UnidentifiedImageError

from app.sandbox.store import store
from app.sandbox.youtube import videos
from app.sandbox.youtube.desk import ROOM, SENDING, allowed, bad, bp, me, refused, say

LARGEST = 50 * 1024 * 1024
TYPES = ("image/jpeg", "image/png", "application/octet-stream")
FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png"}


@bp.post("/upload/youtube/v3/thumbnails/set")
@ROOM.operation("upload")
@allowed(*SENDING, cost=50, takes={"videoId", "onBehalfOfContentOwner"})
def thumbnail() -> ResponseReturnValue:
    """The raw bytes of a picture (``uploadType=media``)."""
    if request.args.get("uploadType") != "media":
        bad("Only uploadType=media is played here.")
    video = videos.get(request.args.get("videoId", ""))
    if video is None:
        refused(404, "videoNotFound", "The video cannot be found.", domain="youtube.thumbnail")
    if video["handle"] != me().handle or me().extras.get("verified", True) is False:
        refused(
            403, "forbidden", "The authenticated user doesn't have permissions to upload and set "
            "custom video thumbnails.", domain="youtube.thumbnail",
        )  # fmt: skip
    if (request.mimetype or "") not in TYPES:
        bad(f"Media type '{request.mimetype}' is not supported.", "badContent")
    data = request.get_data()
    if not data:
        refused(400, "mediaBodyRequired", "The request does not include the image content.",
                domain="youtube.thumbnail")  # fmt: skip
    if len(data) > LARGEST:
        bad("Media larger than 52428800 bytes.", "uploadTooLarge")
    video["thumbnail"] = store().put_blob(data, _picture(data))
    videos.table().put(video["id"], video)
    url = f"{request.host_url}_sandbox/media/{video['thumbnail']}"
    items: list[dict[str, Any]] = [{"default": {"url": url, "width": 120, "height": 90}}]
    return say({"kind": "youtube#thumbnailSetResponse", "etag": "", "items": items})


def _picture(data: bytes) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data))
            image.verify()
        return FORMATS[image.format or ""]
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, KeyError, Warning):
        refused(400, "imageFormatUnsupported", "The image format is not supported.",
                domain="youtube.thumbnail")  # fmt: skip
