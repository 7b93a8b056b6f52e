"""What Instagram says about the files themselves (networks/instagram.md §3, §5)."""

from __future__ import annotations

import io
import warnings
from typing import Any

from PIL import Image, UnidentifiedImageError

from app.sandbox.crawler import NotFetched, fetch
from app.sandbox.meta import no
from app.sandbox.store import store

IMAGE_BYTES = 8 * 1024 * 1024
MOST = 300_000_000  # of a video, and so of any file
RATIOS = (0.8, 1.91)
SLACK = 0.01  # Instagram rounds: 1200 × 628 is taken for 1.91:1


def bytes_of(url: str) -> bytes:
    """The file at an address, or 9004/2207052."""
    try:
        data = fetch(url, MOST)
        if len(data) > MOST:
            raise NotFetched("too large")
        return data
    except NotFetched as error:
        no(
            9004, "Only photo or video can be accepted as media type.", subcode=2207052,
            title="Media download has failed.",
            words="The media could not be fetched from this URI: "
                  f"{url[:80]} ({error}). Please make sure it is public.",
        )  # fmt: skip


def picture(url: str, *, shaped: bool) -> dict[str, Any]:
    """Fetch a JPEG and keep it; ``shaped``: within the ratios of the feed."""
    data = bytes_of(url)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data))
            image.load()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Warning):
        no(9004, "Only photo or video can be accepted as media type.", subcode=2207052,
           words="What is at this URI is neither a photo nor a video.")  # fmt: skip
    if image.format != "JPEG":
        no(36001, "The image format is not supported.", subcode=2207005,
           words=f"The image format {image.format} is not supported. Use JPEG.")  # fmt: skip
    if len(data) > IMAGE_BYTES:
        no(36000, "The image is too large.", subcode=2207004,
           words="The image is too large to download: 8 MB at most.")  # fmt: skip
    ratio = image.width / image.height
    if shaped and not RATIOS[0] - SLACK <= ratio <= RATIOS[1] + SLACK:
        no(36003, "The aspect ratio is not supported.", subcode=2207009,
           words=f"The submitted image with aspect ratio ({image.width}/{image.height},) cannot "
                 "be published. It has to be between 4:5 and 1.91:1.")  # fmt: skip
    return {"blob": store().put_blob(data, "image/jpeg"), "mime": "image/jpeg", "alt": ""}


def video(data: bytes) -> tuple[dict[str, Any], int]:
    """Keep a video; with the subcode its processing will end with, 0 for well."""
    broken = 0 if data[4:8] == b"ftyp" else 2207026
    mime = "video/quicktime" if data[8:12] == b"qt  " else "video/mp4"
    return {"blob": store().put_blob(data, mime), "mime": mime, "alt": ""}, broken
