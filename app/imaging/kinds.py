"""What a file is, told from its first bytes alone, and the sentences for what it is not."""

from __future__ import annotations

HEAD = 512  # bytes that are enough to know a kind
MAX_FRAMES = 300  # reliability §11

JPEG, PNG, WEBP, GIF = "image/jpeg", "image/png", "image/webp", "image/gif"
MP4, MOV = "video/mp4", "video/quicktime"
NAMES = {JPEG: "JPEG", PNG: "PNG", WEBP: "WebP", GIF: "GIF", MP4: "MP4", MOV: "QuickTime"}
STILLS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1",
                    b"avif", b"avis"})  # fmt: skip
# Names that browsers and older programs give the same types.
ALIASES = {"image/jpg": JPEG, "image/pjpeg": JPEG, "image/x-png": PNG, "image/apng": PNG}
# RFC 2046 §4.5.1: says nothing about the content, so it claims nothing.
UNDECLARED = frozenset({"", "application/octet-stream", "binary/octet-stream"})

ONLY_PICTURES = "This kind of file can't be used: choose JPEG, PNG, WebP, GIF, MP4 or MOV."
EMPTY = "This file is empty. Choose another one."
BROKEN = "This picture is damaged or incomplete, so it could not be read. Save it again and retry."
TOO_MANY_PIXELS = "This picture has more than 40 megapixels. Make it smaller and try again."
TOO_MANY_FRAMES = f"This GIF has more than {MAX_FRAMES} frames. Shorten it and try again."
MOVING_PNG = "Networks do not take moving PNG pictures. Save it as a GIF and try again."
MOVING_WEBP = "Networks do not take moving WebP pictures. Save it as a GIF and try again."
TOO_HARD = "This picture takes too much memory or time to read. Make it smaller and try again."


class Refused(Exception):
    """A file we do not take; the text is a sentence for the person who chose it."""


def sniff(head: bytes) -> str:
    """The MIME type of a picture we take; raises ``Refused`` for anything else."""
    if not head:
        raise Refused(EMPTY)
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    raise Refused(_what_it_is(head))


def film(head: bytes) -> str:
    """The MIME type of a video we take, by its first box; empty for anything else.

    ISO/IEC 14496-12 §4.3: the brands after ``ftyp``; QuickTime files may begin otherwise.
    """
    box, brand = head[4:8], head[8:12]
    if box == b"ftyp":
        if brand in STILLS:
            return ""
        return MOV if brand == b"qt  " else MP4
    return MOV if box in (b"moov", b"mdat", b"wide", b"free", b"skip") else ""


def check_film(mime: str, declared: str | None) -> None:
    """Raise ``Refused`` where a video was sent as something else; MP4 and MOV are one family."""
    claimed = (declared or "").split(";")[0].strip().lower()
    if claimed in UNDECLARED or claimed in (MP4, MOV, "video/x-m4v"):
        return
    raise Refused(f"This file is a {NAMES[mime]} video, but was sent as something else.")


def check_declared(mime: str, declared: str | None) -> None:
    """Raise ``Refused`` where the type a client declared is not what the bytes are (§11)."""
    claimed = (declared or "").split(";")[0].strip().lower()
    if claimed in UNDECLARED or ALIASES.get(claimed, claimed) == mime:
        return
    raise Refused(
        f"This file is a {NAMES[mime]} picture, but was sent as something else. "
        f"Save it again as {NAMES[mime]} and retry."
    )


def _what_it_is(head: bytes) -> str:
    brand = head[8:12] if head[4:8] == b"ftyp" else b""
    if brand in STILLS and brand not in (b"avif", b"avis"):
        return "HEIC pictures cannot be used. Save it as JPEG and try again."
    if brand in (b"avif", b"avis"):
        return "AVIF pictures cannot be used. Save it as JPEG or PNG and try again."
    text = head.lstrip(b"\xef\xbb\xbf\x00 \t\r\n").lower()
    if b"<svg" in text:
        return "SVG drawings cannot be used. Save it as PNG and try again."
    if head.startswith(b"%PDF"):
        return "PDF files cannot be used. Save the page as PNG or JPEG and try again."
    if head.startswith((b"II*\x00", b"MM\x00*", b"BM")):
        return "TIFF and BMP pictures cannot be used. Save it as PNG and try again."
    return ONLY_PICTURES
