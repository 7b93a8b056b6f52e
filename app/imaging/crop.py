"""Cutting a part out of a picture, in the type it came in, perhaps made smaller; a thumbnail
beside it."""

from __future__ import annotations

from pathlib import Path

from app.imaging import work
from app.imaging.kinds import JPEG, WEBP, Refused
from app.imaging.work import Info

QUALITY = 95
STILL = "Only still pictures can be cropped."
OUTSIDE = "That part lies outside of the picture."


def crop(
    path: Path, dest: Path, thumb: Path, box: list[int], size: list[int], side: int
) -> list[Info]:
    """Write the part within ``box`` (left, top, right, bottom in pixels as shown), made ``size``
    (width, height)."""
    found = work.read(path)
    if found.frames > 1:
        raise Refused(STILL)
    image = work.upright(found.image, found.orientation)
    left, top, right, bottom = box
    if not (0 <= left < right <= image.width and 0 <= top < bottom <= image.height):
        raise Refused(OUTSIDE)
    part = image.crop((left, top, right, bottom))
    part.info = dict(image.info)
    if part.size != tuple(size):
        part = work.shrunk(work.plain(part), (size[0], size[1]))
    if found.mime == JPEG:
        part = part if part.mode in ("RGB", "L") else work.plain(part)
        mime, made = JPEG, work.encode(part, "JPEG", quality=QUALITY, subsampling=0, optimize=True)
    elif found.mime == WEBP:
        mime, made = WEBP, work.encode(part, "WEBP", quality=QUALITY, method=4)
    else:
        mime, made = "image/png", work.encode(part, "PNG")
    dest.write_bytes(made)
    return [work.info(mime, part.size, 1, len(made)), work.write_thumbnail(part, thumb, side)]
