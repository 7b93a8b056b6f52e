"""Picture files for tests, made here: photos with a position, bombs, polyglots, animations."""

from __future__ import annotations

import io
import struct
import zlib
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageCms, ImageStat

PLACE = "Marram Point"  # planted wherever a file can hold text; must never come out again
XMP = f"<x:xmpmeta><exif:GPSLatitude>{PLACE}</exif:GPSLatitude></x:xmpmeta>".encode()


def photo(width: int = 1200, height: int = 900, *, mode: str = "RGB") -> Image.Image:
    """Something like a photo: shapes, shades and a little noise; its left upper quarter red."""
    small = Image.effect_noise((max(1, width // 3), max(1, height // 3)), 40)
    noise = small.resize((width, height), Image.Resampling.BICUBIC)
    sky = Image.linear_gradient("L").resize((width, height))
    sun = Image.radial_gradient("L").resize((width, height))
    bands = [Image.blend(shade, noise, 0.4) for shade in (sky, sun, Image.blend(sky, sun, 0.5))]
    image = Image.merge("RGB", bands)
    image.paste((220, 20, 20), (0, 0, width // 2, height // 2))
    return image.convert(mode)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The image as a file of that kind."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def exif(orientation: int = 1) -> bytes:
    """EXIF with a position, a maker's note and a description, as phones write it."""
    found = Image.Exif()
    found[0x010E] = PLACE
    found[0x0112] = orientation
    found.get_ifd(0x8825).update(
        {1: "N", 2: (51.0, 30.0, 0.0), 3: "W", 4: (0.0, 7.0, 0.0), 29: "2026:05:14"}
    )
    found.get_ifd(0x8769)[0x927C] = PLACE.encode()
    return found.tobytes()


@cache  # it holds the time of its making
def srgb() -> bytes:
    """A colour profile."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def located_jpeg(orientation: int = 1, size: tuple[int, int] = (1200, 900)) -> bytes:
    """A JPEG with its position in EXIF, XMP, IPTC, a comment, and behind its end."""
    raw = encoded(
        photo(*size), "JPEG", quality=88, exif=exif(orientation), icc_profile=srgb(),
        comment=PLACE.encode(), xmp=XMP,
    )  # fmt: skip
    iptc = b"Photoshop 3.0\x00" + PLACE.encode()
    segment = b"\xff\xed" + struct.pack(">H", len(iptc) + 2) + iptc
    return raw[:2] + segment + raw[2:] + PLACE.encode()


def chunk(kind: bytes, data: bytes) -> bytes:
    """A PNG chunk."""
    return (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    )  # fmt: skip


def located_png(orientation: int = 1) -> bytes:
    """A PNG with its position in eXIf, text and XMP chunks, and behind its end."""
    raw = encoded(photo(300, 200, mode="RGBA"), "PNG", icc_profile=srgb())
    extra = (
        chunk(b"tEXt", b"Comment\x00" + PLACE.encode())
        + chunk(b"iTXt", b"XML:com.adobe.xmp\x00\x00\x00\x00\x00" + XMP)
        + chunk(b"eXIf", exif(orientation)[6:])
    )
    return raw[:33] + extra + raw[33:] + PLACE.encode()


def bomb_png(width: int, height: int) -> bytes:
    """A small PNG that says it is huge; its rows really are there, all of one colour."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packer = zlib.compressobj(9)
    row = b"\x00" + b"\x00" * (width * 3)
    rows = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def moving(frames: int, size: tuple[int, int] = (32, 24), kind: str = "GIF", **more: Any) -> bytes:
    """An animation in which no two frames are alike."""
    pictures = []
    for number in range(frames):
        one = Image.new("P", size)
        one.putpalette([n for i in range(256) for n in (i, 255 - i, (i * 7) % 256)])
        one.paste(number % 256, (number % size[0], 0, size[0], size[1]))
        one.paste((number * 5) % 256, (0, number % size[1], 3, size[1]))
        pictures.append(one if kind == "GIF" else one.convert("RGB"))
    return encoded(
        pictures[0], kind, save_all=True, append_images=pictures[1:], duration=40, loop=0, **more
    )


def repeated_gif(frames: int, size: tuple[int, int]) -> bytes:
    """A GIF that shows one large frame again and again: small to send, long to decode."""
    one = encoded(Image.new("P", size, 3), "GIF")
    start = 13 + (3 << ((one[10] & 7) + 1))
    return one[:start] + one[start:-1] * frames + b";"


def opened(path: Path) -> Image.Image:
    """The picture of a file, decoded."""
    image = Image.open(path)
    image.load()
    return image


def alike(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of two pictures a pixel and channel, 0–255."""
    difference = ImageChops.difference(one.convert("RGB"), other.convert("RGB"))
    return sum(ImageStat.Stat(difference).mean) / 3
