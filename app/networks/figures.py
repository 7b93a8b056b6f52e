"""Figures as people read them: counts, kinds of files, sizes, lengths and shapes."""

from __future__ import annotations

from collections.abc import Iterable

# Where the second half of a MIME type is not what people call the file.
KINDS = {
    "quicktime": "MOV", "x-msvideo": "AVI", "x-ms-wmv": "WMV", "x-flv": "FLV",
    "x-matroska": "MKV", "3gpp": "3GP",
}  # fmt: skip
SHAPES = {0.8: "4:5", 0.5625: "9:16", 1.0: "1:1", 1.7778: "16:9", 0.6667: "2:3", 1.91: "1.91:1"}


def some(count: int, word: str) -> str:
    """``one picture``, ``4 pictures``."""
    return f"one {word}" if count == 1 else f"{count} {word}s"


def kinds(mimes: Iterable[str], last: str = "or") -> str:
    """``JPEG, PNG or GIF`` from MIME types; HEIC and HEIF, say, are named as they are."""
    halves = [one.split("/")[1] for one in mimes]
    names = list(dict.fromkeys(KINDS.get(half, half.upper()) for half in halves))
    return f"{', '.join(names[:-1])} {last} {names[-1]}" if len(names) > 1 else "".join(names)


def file_size(size: int) -> str:
    """Bytes as ``5 MB``, in powers of a thousand."""
    for unit, name in ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")):
        if size >= unit:
            return f"{size / unit:.1f}".rstrip("0").rstrip(".") + f" {name}"
    return f"{size} bytes"


def duration(seconds: float) -> str:
    """``90 seconds``, ``15 minutes``, ``4 hours``."""
    if seconds < 120:
        return f"{seconds:.1f}".rstrip("0").rstrip(".") + " seconds"
    minutes = seconds / 60
    if minutes < 120:
        return f"{minutes:.1f}".rstrip("0").rstrip(".") + " minutes"
    return f"{minutes / 60:.1f}".rstrip("0").rstrip(".") + " hours"


def shape(ratio: float) -> str:
    """Width by height, as ``9:16``."""
    for figure, name in SHAPES.items():
        if abs(ratio - figure) < 0.002:
            return name
    return f"{ratio:g}:1"
