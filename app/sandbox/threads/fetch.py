"""Files by public address, as Meta fetches them: what is there, and whether it is taken (§3)."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from app.sandbox.crawler import NotFetched, fetch

IMAGES = {"JPEG": "image/jpeg", "PNG": "image/png"}
IMAGE_BYTES, VIDEO_BYTES = 8_000_000, 1_000_000_000
MAX_RATIO = 10.0


@dataclass(frozen=True)
class Fetched:
    """A file; ``trouble`` is Meta's word for what is wrong with it, ``""`` for nothing."""

    data: bytes = b""
    mime: str = ""
    trouble: str = ""


def get(url: str, most: int) -> bytes | None:
    """The bytes at a public address; ``None`` where there are none."""
    try:
        return fetch(url, most)
    except NotFetched:
        return None


def image(url: str) -> Fetched:
    """A picture: JPEG or PNG, 8 MB, no longer than ten times its other side."""
    data = get(url, IMAGE_BYTES)
    if data is None:
        return Fetched(trouble="The media could not be fetched from this URI.")
    if len(data) > IMAGE_BYTES:
        return Fetched(trouble="The image is larger than 8 MB.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data))
            picture.load()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Warning):
        return Fetched(trouble="The file at this URI is not an image.")
    mime = IMAGES.get(picture.format or "")
    if mime is None:
        return Fetched(trouble=f"The image format {picture.format} is not supported.")
    short, long = sorted(picture.size)
    if long > short * MAX_RATIO:
        return Fetched(trouble="The aspect ratio of the image is not supported.")
    return Fetched(data, mime)


def video(url: str) -> Fetched:
    """A video: MP4 or MOV; what is wrong is told later, by the container's status."""
    data = get(url, VIDEO_BYTES)
    if data is None:
        return Fetched(trouble="FAILED_DOWNLOADING_VIDEO")
    if data[4:8] != b"ftyp" or len(data) > VIDEO_BYTES:
        return Fetched(data[:1], "video/mp4", "FAILED_PROCESSING_VIDEO")
    return Fetched(data, "video/quicktime" if data[8:12] == b"qt  " else "video/mp4")
