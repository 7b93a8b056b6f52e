"""Reading pictures whole, turning them upright, cleaning them, and thumbnails.

Everything is made in memory and written in one go, so that a failure to write is told apart
from a failure to read.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

# WebP by name: left to itself, Pillow loads its forty other decoders to look for one.
from PIL import Image, JpegImagePlugin, WebPImagePlugin  # noqa: F401

from app.imaging import kinds, strip
from app.imaging.kinds import GIF, JPEG, PNG, WEBP, Refused

MAX_PIXELS = 40_000_000  # reliability §11
BIG_PROFILE = 16_384  # bytes; a colour profile larger than that does not go into a thumbnail
KEPT = ("icc_profile", "transparency")  # of what Pillow found in a file and would write again
ORIENTATION = 0x0112  # EXIF 2.3, table 4
SIDEWAYS = (5, 6, 7, 8)
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)

Info = dict[str, Any]
Made = TypeVar("Made")


@dataclass
class Read:
    """A file whose whole image decoded. ``image`` is its first frame, ``bare`` the same file
    with everything but the picture taken out (``None`` where that needs encoding it anew)."""

    mime: str
    data: bytes
    bare: bytes | None
    image: Image.Image
    frames: int
    orientation: int

    @property
    def shown(self) -> tuple[int, int]:
        """Width and height as a person sees it."""
        width, height = self.image.size
        return (height, width) if self.orientation in SIDEWAYS else (width, height)


def read(path: Path, declared: str | None = None) -> Read:
    """Decode a file whole; raises ``Refused`` with the reason in words."""
    data = path.read_bytes()
    mime = kinds.sniff(data[: kinds.HEAD])
    kinds.check_declared(mime, declared)
    _size(data, mime)  # before anything else looks at the whole file
    bare, frames = _bare(data, mime)
    image = _decode(data if bare is None else bare, mime, frames)
    return Read(mime, data, bare, image, frames, _orientation(data, mime))


def inspect(path: Path, declared: str | None) -> Info:
    """What the file is; nothing is written."""
    found = read(path, declared)
    return info(found.mime, found.shown, found.frames, len(found.data))


def take(path: Path, dest: Path, thumb: Path | None, declared: str | None, side: int) -> list[Info]:
    """Write the cleaned picture, and its thumbnail, from one decoding."""
    found = read(path, declared)
    made, image = clean(found)
    dest.write_bytes(made)
    told = [info(found.mime, image.size, found.frames, len(made))]
    if thumb is not None:
        told.append(write_thumbnail(image, thumb, side))
    return told


def thumbnail(path: Path, dest: Path, side: int) -> list[Info]:
    """Write a small WebP of the first frame, upright; never larger than the picture."""
    found = read(path)
    return [write_thumbnail(upright(found.image, found.orientation), dest, side)]


def clean(found: Read) -> tuple[bytes, Image.Image]:
    """The file without anything but the picture, upright, and its image.

    A JPEG that lies on its side is encoded with the tables it came with, turned along, so
    that it neither grows nor loses what can be seen. One in ink colours becomes RGB.
    """
    image, inks = found.image, found.image.mode == "CMYK"
    if found.bare is not None and found.orientation == 1 and not inks:
        return found.bare, image
    quality: dict[str, Any] = {"quality": 95}
    if found.mime == JPEG and not inks:
        quality = _same_tables(image, found.orientation in SIDEWAYS)
    image = upright(image, found.orientation)
    if inks:
        image = plain(image)
    if found.mime == JPEG:
        return encode(image, "JPEG", optimize=True, **quality), image
    if found.mime == PNG:
        return encode(image, "PNG"), image
    if found.mime == WEBP:
        lossless = b"VP8L" in found.data[:64]
        return encode(image, "WEBP", lossless=lossless, quality=80 if lossless else 95), image
    raise Refused(kinds.BROKEN)  # a GIF we could not follow


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """The image as a person sees it."""
    return image.transpose(TURNS[orientation]) if orientation in TURNS else image


def plain(image: Image.Image) -> Image.Image:
    """The image in 8 bits as RGB, or RGBA where something can be seen through."""
    if image.mode in ("I", "I;16", "I;16B", "I;16L", "F"):
        wide = image if image.mode == "F" else image.convert("I")
        image = wide.point(lambda value: value * (1 / 256)).convert("L")
    if image.mode == "CMYK":
        return _to_srgb(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema() != (255, 255):
            return image
    return image if image.mode == "RGB" else image.convert("RGB")


def profile(image: Image.Image) -> bytes | None:
    """The colour profile, where it speaks of the colours the image has (ICC.1 §7.2.6)."""
    found = image.info.get("icc_profile")
    if not isinstance(found, bytes) or len(found) < 128:
        return None
    space = {"L": b"GRAY", "LA": b"GRAY", "CMYK": b"CMYK"}.get(image.mode, b"RGB ")
    return found if found[16:20] == space else None


def encode(image: Image.Image, format_: str, **options: Any) -> bytes:
    """The file as bytes, its colour profile kept, without any other metadata."""
    image.info = {name: value for name, value in image.info.items() if name in KEPT}
    buffer = BytesIO()
    if format_ == "PNG":
        options.setdefault("compress_level", 6)
    _guarded(lambda: image.save(buffer, format_, icc_profile=profile(image), exif=b"", **options))
    return buffer.getvalue()


def write_thumbnail(image: Image.Image, dest: Path, side: int) -> Info:
    """Write a WebP at most ``side`` wide and high."""
    small = plain(shrunk(image, _inside(image.size, side)))
    if len(profile(small) or b"") > BIG_PROFILE:
        small = _to_srgb(small)
    made = encode(small, "WEBP", quality=80, method=2)
    dest.write_bytes(made)
    return info(WEBP, small.size, 1, len(made))


def shrunk(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The image at that size, which is never larger than its own."""
    if image.size == size:
        return image
    if image.mode not in ("RGB", "RGBA", "L", "CMYK"):
        image = plain(image)  # palettes and wide greys do not mix
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def info(mime: str, size: tuple[int, int], frames: int, length: int) -> Info:
    """What the parent is told of a file."""
    return {
        "mime": mime, "width": size[0], "height": size[1], "frames": frames, "size": length,
    }  # fmt: skip


def _size(data: bytes, mime: str) -> None:
    """Refuse too many pixels by the header alone: nothing is decoded yet."""

    def work() -> tuple[int, int]:
        # Pillow makes room for two whole WebP frames as soon as it opens one.
        return strip.webp_size(data) if mime == WEBP else _open(data, mime).size

    width, height = _guarded(work)
    if width * height > MAX_PIXELS:
        raise Refused(kinds.TOO_MANY_PIXELS)


def _bare(data: bytes, mime: str) -> tuple[bytes | None, int]:
    """The file with everything but the picture taken out, and its frames."""
    try:
        if mime == JPEG:
            return strip.jpeg(data), 1
        if mime == GIF:
            made, frames = strip.gif(data, kinds.MAX_FRAMES)
            if frames > kinds.MAX_FRAMES:
                raise Refused(kinds.TOO_MANY_FRAMES)
            return made, frames
        if (strip.png_moves if mime == PNG else strip.webp_moves)(data):
            raise Refused(kinds.MOVING_PNG if mime == PNG else kinds.MOVING_WEBP)
        return (strip.png if mime == PNG else strip.webp)(data), 1
    except (ValueError, struct.error, IndexError) as error:
        if mime == GIF:
            raise Refused(kinds.BROKEN) from error
        return None, 1


def _open(data: bytes, mime: str) -> Image.Image:
    return Image.open(BytesIO(data), formats=[kinds.NAMES[mime].upper()])


def _decode(data: bytes, mime: str, frames: int) -> Image.Image:
    """The first frame, after every frame has been decoded."""

    def work() -> Image.Image:
        image = _open(data, mime)
        image.load()
        if frames == 1:
            return image
        first = image.copy()
        for number in range(1, frames):
            image.seek(number)
            image.load()
        return first

    return _guarded(work)


def _guarded(work: Callable[[], Made]) -> Made:
    """Whatever a decoder throws at a strange file, as one of three sentences."""
    try:
        return work()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refused(kinds.TOO_MANY_PIXELS) from error
    except MemoryError as error:
        raise Refused(kinds.TOO_HARD) from error
    except Exception as error:
        raise Refused(kinds.BROKEN) from error


def _orientation(data: bytes, mime: str) -> int:
    """How the picture lies, by its EXIF; 1 (upright) where that cannot be read."""
    try:
        raw = _open(data, mime).info.get("exif", b"") if mime == JPEG else b""
        if mime in (PNG, WEBP):
            chunks = strip.png_chunks(data) if mime == PNG else strip.webp_chunks(data)
            places = [(a, b) for kind, a, b in chunks if kind in (b"eXIf", b"EXIF")]
            raw = data[places[0][0] + 8 : places[0][1]] if places else b""
        exif = Image.Exif()
        exif.load(raw)
        turn = exif.get(ORIENTATION, 1)
    except Exception:  # damaged metadata is no reason to refuse a picture
        return 1
    return turn if turn in TURNS else 1


def _same_tables(image: Image.Image, sideways: bool) -> dict[str, Any]:
    """Encoder settings like those the JPEG was made with, its tables turned with the image."""
    tables: dict[int, list[int]] = getattr(image, "quantization", {})
    if not tables or any(value > 255 for table in tables.values() for value in table):
        return {"quality": 95}
    sampling = JpegImagePlugin.get_sampling(image)
    if sideways:
        tables = {
            number: [table[column * 8 + row] for row in range(8) for column in range(8)]
            for number, table in tables.items()
        }
        sampling = 0 if sampling == 1 else sampling  # 4:2:2 on its side has no name here
    return {"qtables": tables, "subsampling": max(sampling, 0)}


def _inside(size: tuple[int, int], side: int) -> tuple[int, int]:
    """That size made to fit a square, never enlarged."""
    factor = min(1.0, side / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _to_srgb(image: Image.Image) -> Image.Image:
    """The image's colours as sRGB, by its own profile where that can be used."""
    from PIL import ImageCms  # rarely needed, and slow to load

    mode = "RGB" if image.mode == "CMYK" else image.mode
    try:
        own = ImageCms.ImageCmsProfile(BytesIO(profile(image) or b""))
        made = ImageCms.profileToProfile(
            image, own, ImageCms.createProfile("sRGB"), outputMode=mode
        )
        assert made is not None
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        made = image.convert(mode)
    made.info.pop("icc_profile", None)
    return made
