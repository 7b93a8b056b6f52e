"""Pictures of the played TikTok: it fetches them from addresses, and ``init`` posts them."""

from __future__ import annotations

import http.client
import io
import warnings
from typing import Any
from urllib.parse import urlsplit

from flask.typing import ResponseReturnValue
from PIL import Image, UnidentifiedImageError

from app.sandbox import crawler
from app.sandbox.store import store
from app.sandbox.tiktok import drafts
from app.sandbox.tiktok.desk import (
    ROOM,
    allowed,
    body,
    bp,
    fine,
    granted,
    invalid,
    me,
    no,
    object_of,
)

TITLE, DESCRIPTION = 90, 4000
MOST = 35
BIGGEST = 20_000_000
SECONDS = 10.0
MIMES = {"JPEG": "image/jpeg", "WEBP": "image/webp"}
LONG_SIDE, SHORT_SIDE = 1920, 1080
LOOPBACK = ("127.0.0.1", "localhost", "::1")


MODES = {"DIRECT_POST": "video.publish", "MEDIA_UPLOAD": "video.upload"}  # and their scopes


class Unfit(Exception):
    """A picture cannot be posted; the text is a ``fail_reason``."""


@bp.post("/v2/post/publish/content/init/")
@ROOM.operation("publish")
@allowed("init")
def content() -> ResponseReturnValue:
    """Post pictures, or put them into the inbox: there is no later step."""
    asked = body()
    info, source = object_of(asked, "post_info"), object_of(asked, "source_info")
    scope = MODES.get(str(asked.get("post_mode")))
    if asked.get("media_type") != "PHOTO" or scope is None:
        invalid("media_type is PHOTO and post_mode DIRECT_POST or MEDIA_UPLOAD.")
    if scope not in granted():
        no("scope_not_authorized", 401)
    direct = asked["post_mode"] == "DIRECT_POST"
    if source.get("source") != "PULL_FROM_URL":
        invalid("Photos are only taken by PULL_FROM_URL.")
    addresses = source.get("photo_images")
    if not isinstance(addresses, list) or not 0 < len(addresses) <= MOST:
        invalid(f"photo_images has 1 to {MOST} addresses.")
    cover = source.get("photo_cover_index", 0)
    if not isinstance(cover, int) or not 0 <= cover < len(addresses):
        invalid("photo_cover_index is not one of the photos.")
    if direct:
        drafts.check(info, {"title": TITLE, "description": DESCRIPTION})
    else:
        _said(info)
    for address in addresses:
        _verified(address)
    (drafts.count_day if direct else drafts.count_pending)()
    row = {
        "handle": me().handle, "kind": "photo", "info": info, "post_id": "", "stuck": False,
        "text": "\n".join(t for t in (info.get("title"), info.get("description")) if t),
        "sent_at": 0.0, "reason": "",
    }  # fmt: skip
    files: list[dict[str, Any]] = []
    try:
        for address in addresses:
            data, mime = _picture(str(address))
            files.append({"blob": store().put_blob(data, mime), "mime": mime, "alt": ""})
    except Unfit as unfit:
        row["reason"] = str(unfit)
    publish_id = f"p_pub_url~v2.{drafts.number()}"
    drafts.accept(publish_id, row, files)
    return fine({"publish_id": publish_id})


def _said(info: dict[str, Any]) -> None:
    """A draft has a title and a description; the rest is chosen in the app."""
    for name, value in info.items():
        most = {"title": TITLE, "description": DESCRIPTION}.get(name, 0)
        if not isinstance(value, str) or drafts.units(value) > most:
            invalid(f"post_info.{name} is not for MEDIA_UPLOAD, or too long.")


def _verified(address: Any) -> None:
    """Whether the address is under a domain of the app, on https (or this machine)."""
    try:
        parts = urlsplit(address if isinstance(address, str) else "")
        host, local = parts.hostname or "", parts.hostname in LOOPBACK
    except ValueError:
        host, local = "", False
    if not host or (parts.scheme != "https" and not (local and parts.scheme == "http")):
        invalid("photo_images has an address that is not https.")
    if host.startswith("unverified."):
        no("url_ownership_unverified")


def _picture(address: str) -> tuple[bytes, str]:
    """Fetch and look at one."""
    data = _fetched(address)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data))
            size, mime = image.size, MIMES.get(image.format or "")
            image.verify()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Warning):
        raise Unfit("file_format_check_failed") from None
    if mime is None:
        raise Unfit("file_format_check_failed")
    if max(size) > LONG_SIDE or min(size) > SHORT_SIDE:
        raise Unfit("picture_size_check_failed")
    return data, mime


def _fetched(address: str) -> bytes:
    """The bytes at an address; a redirect counts as not being there."""
    if store().served is not None:
        try:
            return crawler.served(address, BIGGEST)
        except crawler.NotFetched:
            raise Unfit("photo_pull_failed") from None
    parts = urlsplit(address)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    try:
        wire = kind(parts.hostname or "", parts.port, timeout=SECONDS)
        try:
            wire.request("GET", path, headers={"User-Agent": "TikTokSandbox/1"})
            answer = wire.getresponse()
            data = answer.read(BIGGEST + 1)
        finally:
            wire.close()
    except (OSError, http.client.HTTPException, ValueError):
        raise Unfit("photo_pull_failed") from None
    if answer.status != 200 or len(data) > BIGGEST:
        raise Unfit("photo_pull_failed")
    return data
