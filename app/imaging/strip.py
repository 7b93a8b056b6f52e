"""Takes everything out of a picture file that is not the picture, without recompressing it.

Location hides in EXIF, maker notes, XMP, IPTC, comments, previews and whatever lies behind the
end of the image. So only the parts that show the picture are kept, colour profile included, and
all others go, known or not. Each function raises ``ValueError`` for a file it cannot follow;
the caller then decodes and encodes it anew.

Sources: ITU-T T.81 Annex B (JPEG), PNG third edition §5 and §11, RFC 9649 §2 (WebP),
GIF89a §18–26.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

# The end of entropy-coded data: a marker that is neither stuffing nor a restart nor a fill byte.
_SCAN_END = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_SOI, _EOI, _SOS, _COM = 0xD8, 0xD9, 0xDA, 0xFE
# Application segments a decoder needs, by the name they begin with.
_APP_KEPT = {0xE0: b"JFIF\x00", 0xE2: b"ICC_PROFILE\x00", 0xEE: b"Adobe"}

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP sBIT bKGD pHYs cICP mDCV cLLI".split()
)
_WEBP_KEPT = frozenset((b"VP8X", b"ICCP", b"ALPH", b"VP8 ", b"VP8L"))
_WEBP_ICC, _WEBP_ALPHA, _WEBP_MOVES = 0x20, 0x10, 0x02
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")


def jpeg(data: bytes) -> bytes:
    """The JPEG up to its end marker, with no EXIF, XMP, IPTC, comment or preview."""
    kept = [b"\xff\xd8"]
    place = 2
    while True:
        place, marker = _marker(data, place)
        if marker == _EOI:
            return b"".join((*kept, b"\xff\xd9"))
        if marker in (0x00, 0x01, _SOI) or 0xD0 <= marker <= 0xD7:
            raise ValueError("a marker out of place")
        (length,) = struct.unpack_from(">H", data, place)
        end = place + length
        if length < 2 or end > len(data):
            raise ValueError("a segment runs past the end")
        if marker == _SOS:
            found = _SCAN_END.search(data, end)
            if found is None:
                raise ValueError("no end marker")
            end = found.start()
        if _jpeg_keeps(marker, data[place + 2 : place + 16]):
            kept.append(b"\xff" + bytes([marker]) + data[place:end])
        place = end


def _marker(data: bytes, place: int) -> tuple[int, int]:
    """Where the marker's segment begins, and the marker; fill bytes may come before it."""
    if data[place : place + 1] != b"\xff":
        raise ValueError("no marker where one should be")
    while data[place : place + 1] == b"\xff":
        place += 1
    if place >= len(data):
        raise ValueError("the file ends early")
    return place + 1, data[place]


def _jpeg_keeps(marker: int, start: bytes) -> bool:
    if 0xE0 <= marker <= 0xEF:
        return marker in _APP_KEPT and start.startswith(_APP_KEPT[marker])
    return marker != _COM


def png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of every chunk up to IEND, its length and CRC included."""
    if not data.startswith(_PNG_SIGNATURE):
        raise ValueError("no PNG")
    place = len(_PNG_SIGNATURE)
    while True:
        if place + 12 > len(data):
            raise ValueError("the file ends early")
        (length,) = struct.unpack_from(">I", data, place)
        end = place + 12 + length
        if end > len(data):
            raise ValueError("a chunk runs past the end")
        kind = data[place + 4 : place + 8]
        yield kind, place, end
        if kind == b"IEND":
            return
        place = end


def png(data: bytes) -> bytes:
    """The PNG up to IEND, with no text, time, EXIF or unknown chunk."""
    kept = [data[a:b] for kind, a, b in png_chunks(data) if kind in _PNG_KEPT]
    return _PNG_SIGNATURE + b"".join(kept)


def png_moves(data: bytes) -> bool:
    """Whether the PNG is an animation (``acTL`` with more than one frame)."""
    for kind, start, end in png_chunks(data):
        if kind == b"acTL" and end - start >= 16:
            return bool(struct.unpack_from(">I", data, start + 8)[0] > 1)
        if kind == b"IDAT":
            return False
    return False


def webp_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of every chunk of the RIFF container, its padding included."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise ValueError("no WebP")
    size = min(len(data), struct.unpack_from("<I", data, 4)[0] + 8)
    place = 12
    while place < size:
        if place + 8 > size:
            raise ValueError("the file ends early")
        (length,) = struct.unpack_from("<I", data, place + 4)
        if place + 8 + length > size:
            raise ValueError("a chunk runs past the end")
        end = min(size, place + 8 + length + (length & 1))
        yield data[place : place + 4], place, end
        place = end


def webp(data: bytes) -> bytes:
    """The WebP with no EXIF, XMP or unknown chunk, and its flags saying so."""
    kept = []
    for kind, start, end in webp_chunks(data):
        if kind not in _WEBP_KEPT:
            continue
        chunk = data[start:end]
        if kind == b"VP8X":
            flags = chunk[8] & (_WEBP_ICC | _WEBP_ALPHA)
            chunk = chunk[:8] + bytes([flags]) + chunk[9:]
        kept.append(chunk + b"\x00" * (len(chunk) & 1))
    if not kept:
        raise ValueError("no picture in it")
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_moves(data: bytes) -> bool:
    """Whether the WebP is an animation."""
    for kind, start, _ in webp_chunks(data):
        if kind in (b"ANIM", b"ANMF"):
            return True
        if kind == b"VP8X" and data[start + 8] & _WEBP_MOVES:
            return True
    return False


def webp_size(data: bytes) -> tuple[int, int]:
    """Width and height by the first chunk's header (RFC 9649 §2.5–2.7, RFC 6386 §9.1)."""
    kind, start, end = next(webp_chunks(data), (b"", 0, 0))
    head = data[start + 8 : min(end, start + 18)]
    if len(head) < 5:
        raise ValueError("no picture in it")
    if kind == b"VP8X" and len(head) >= 10:
        return 1 + int.from_bytes(head[4:7], "little"), 1 + int.from_bytes(head[7:10], "little")
    if kind == b"VP8L" and head[0] == 0x2F:
        bits = int.from_bytes(head[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 " and head[3:6] == b"\x9d\x01\x2a" and len(head) >= 10:
        width, height = struct.unpack_from("<HH", head, 6)
        return width & 0x3FFF, height & 0x3FFF
    raise ValueError("no picture in it")


def gif(data: bytes, most: int) -> tuple[bytes, int]:
    """The GIF up to its trailer with no comment, text or foreign extension, and its frames.

    Stops counting at ``most`` + 1 frames: what lies behind is not read.
    """
    if data[:6] not in (b"GIF87a", b"GIF89a") or len(data) < 13:
        raise ValueError("no GIF")
    place = 13 + _colours(data[10])
    kept, frames, pending = [data[:place]], 0, b""
    while frames <= most:
        mark = data[place : place + 1]
        if mark in (b";", b""):  # many programs leave the trailer out
            break
        if mark == b",":
            end = _blocks(data, place + 11 + _colours(_byte(data, place + 9)))
            kept += [pending, data[place:end]]
            frames, pending = frames + 1, b""
        elif mark == b"!":
            label = _byte(data, place + 1)
            end = _blocks(data, place + 2)
            if label == 0xF9:  # timing and transparency of the image that follows
                pending = data[place:end]
            elif label == 0x01:  # text as an image: nobody shows it
                pending = b""
            elif label == 0xFF and data[place + 3 : place + 14] in _LOOPS:
                kept.append(data[place:end])
        else:
            raise ValueError("no block where one should be")
        place = end
    if not frames:
        raise ValueError("no picture in it")
    return b"".join((*kept, b";")), frames


def _byte(data: bytes, place: int) -> int:
    if place >= len(data):
        raise ValueError("the file ends early")
    return data[place]


def _colours(flags: int) -> int:
    """Bytes of the colour table that these flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _blocks(data: bytes, place: int) -> int:
    """The end of a run of sub-blocks."""
    while True:
        size = _byte(data, place)
        place += 1 + size
        if not size:
            return place
