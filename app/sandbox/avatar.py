"""A profile picture for every handle: a pattern of squares made from its letters."""

from __future__ import annotations

import colorsys
import hashlib
import io
from functools import lru_cache

from PIL import Image, ImageDraw

CELL, CELLS, MARGIN = 32, 5, 20


@lru_cache(maxsize=256)
def picture(handle: str) -> bytes:
    """A PNG of 200 × 200 pixels: five by five cells, mirrored, on a pale ground."""
    seed = hashlib.sha256(handle.lower().encode()).digest()
    hue = seed[0] / 255
    ink = _rgb(hue, 0.42, 0.55)
    image = Image.new("RGB", (CELL * CELLS + 2 * MARGIN,) * 2, _rgb(hue, 0.93, 0.45))
    draw = ImageDraw.Draw(image)
    for column in range(CELLS):
        mirrored = min(column, CELLS - 1 - column)
        for row in range(CELLS):
            if seed[1 + mirrored * CELLS + row] % 2:
                left, top = MARGIN + column * CELL, MARGIN + row * CELL
                draw.rectangle((left, top, left + CELL - 1, top + CELL - 1), fill=ink)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _rgb(hue: float, lightness: float, saturation: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hls_to_rgb(hue, lightness, saturation)
    return round(red * 255), round(green * 255), round(blue * 255)
