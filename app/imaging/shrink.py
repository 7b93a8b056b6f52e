"""Fitting a picture to a network's limits: smaller, lighter or of another type (§11).

The same file and limits always give the same bytes: Bluesky names a blob by its content, so a
repeated upload is the same blob (networks/bluesky.md §3).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from app.imaging import work
from app.imaging.kinds import JPEG, PNG, WEBP, Refused
from app.imaging.work import Info, Read

GOOD, FINE, PLAIN = 92, 86, 80  # qualities tried, best first; below the last it gets smaller
SMALLEST = 64  # pixels; a picture is not made smaller than that to save bytes

Encode = Callable[[Image.Image, int], bytes]
CANNOT = "This picture cannot be made small enough for this network."


def fit(path: Path, dest: Path, limits: dict[str, Any]) -> list[Info]:
    """Write the picture so that it fits; raises ``Refused`` where it can't be made to.

    ``limits``: ``mimes``, ``max_bytes``, ``max_pixels``, ``max_side`` (0: no limit), and
    ``still``: a moving picture may become its first frame.
    """
    found = work.read(path)
    mimes: list[str] = limits["mimes"]
    moving = found.frames > 1 and not limits["still"]
    if found.orientation == 1 and (found.frames == 1 or moving) and _fits(found, limits):
        dest.write_bytes(found.data)
        return [work.info(found.mime, found.shown, found.frames, len(found.data))]
    if moving:
        raise Refused(_moving(found, limits))
    image = work.plain(work.upright(found.image, found.orientation))
    image = work.shrunk(image, _allowed(image.size, limits))
    for mime, made, size in _ways(image, found.mime, mimes, limits["max_bytes"]):
        if not limits["max_bytes"] or len(made) <= limits["max_bytes"]:
            dest.write_bytes(made)
            return [work.info(mime, size, 1, len(made))]
    raise Refused(CANNOT)


def _fits(found: Read, limits: dict[str, Any]) -> bool:
    return (
        found.mime in limits["mimes"]
        and (not limits["max_bytes"] or len(found.data) <= limits["max_bytes"])
        and _allowed(found.shown, limits) == found.shown
    )


def _allowed(size: tuple[int, int], limits: dict[str, Any]) -> tuple[int, int]:
    """The largest size of the same shape within the limits."""
    width, height = size
    factor = 1.0
    if limits["max_side"]:
        factor = min(factor, limits["max_side"] / max(size))
    if limits["max_pixels"]:
        factor = min(factor, math.sqrt(limits["max_pixels"] / (width * height)))
    return _scaled(size, factor)


def _scaled(size: tuple[int, int], factor: float) -> tuple[int, int]:
    if factor >= 1:
        return size
    return max(1, math.floor(size[0] * factor)), max(1, math.floor(size[1] * factor))


Way = Iterator[tuple[str, bytes, tuple[int, int]]]


def _ways(image: Image.Image, source: str, mimes: list[str], most: int) -> Way:
    """Files to choose from, the best first: type, bytes, size."""
    clear = image.mode == "RGBA"
    if PNG in mimes and (clear or source != JPEG):
        yield PNG, _png(image, 0), image.size
    if clear and WEBP in mimes:
        yield from _smaller(image, WEBP, _webp, most)
    if clear and PNG in mimes and JPEG in mimes:
        # A drawing may lose half its side before its clear ground is given up.
        half = work.shrunk(image, _scaled(image.size, 0.5))
        for factor in (0.75, 0.5):
            less = work.shrunk(image, _scaled(image.size, factor)) if factor > 0.5 else half
            yield PNG, _png(less, 0), less.size
    if JPEG in mimes:
        sampling = -1 if source == JPEG else 0
        flat = _on_white(image) if clear else image
        yield from _smaller(flat, JPEG, lambda im, q: _jpeg(im, q, sampling), most)
    elif WEBP in mimes:
        yield from _smaller(image, WEBP, _webp, most)
    elif PNG in mimes:
        yield from _smaller(image, PNG, _png, most)


def _smaller(image: Image.Image, mime: str, encode: Encode, most: int) -> Way:
    """The best quality that fits, at the largest size at which the plainest one does."""
    size = image.size
    while max(size) >= SMALLEST or size == image.size:
        less = work.shrunk(image, size)
        made = encode(less, PLAIN)
        if not most or len(made) <= most:
            for quality in (GOOD, FINE):
                better = encode(less, quality)
                if not most or len(better) <= most:
                    made = better
                    break
            yield mime, made, size
            return
        factor = math.sqrt(most / len(made)) * 0.97
        size = _scaled(size, min(0.92, max(0.4, factor)))


def _png(image: Image.Image, quality: int) -> bytes:
    return work.encode(image, "PNG")


def _webp(image: Image.Image, quality: int) -> bytes:
    return work.encode(image, "WEBP", quality=quality, method=4)


def _jpeg(image: Image.Image, quality: int, sampling: int) -> bytes:
    return work.encode(image, "JPEG", quality=quality, subsampling=sampling, optimize=True)


def _on_white(image: Image.Image) -> Image.Image:
    ground = Image.new("RGB", image.size, (255, 255, 255))
    ground.paste(image, mask=image.getchannel("A"))
    ground.info = dict(image.info)
    return ground


def _moving(found: Read, limits: dict[str, Any]) -> str:
    if found.mime not in limits["mimes"]:
        return "This network takes no moving pictures. Choose a still one."
    most = limits["max_bytes"]
    if most and len(found.data) > most:
        return (
            f"This moving picture is {_megabytes(len(found.data), up=True)}; "
            f"this network takes up to {_megabytes(most)}. Make it shorter or smaller."
        )
    wide, high = _allowed(found.shown, limits)
    return (
        f"This moving picture is {found.shown[0]} × {found.shown[1]} pixels; "
        f"this network takes up to {wide} × {high}. Make it smaller."
    )


def _megabytes(count: int, *, up: bool = False) -> str:
    """Megabytes to one place, rounded so that the comparison shown stays true."""
    tenths = (math.ceil if up else math.floor)(count / 100_000)
    return f"{tenths / 10:g} MB" if tenths else f"{count // 1000} kB"
