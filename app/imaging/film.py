"""Videos: what a file is, a clean copy without its place and owner, and a poster frame.

The container is read through an open file with its format forced, so nothing in it can make
the reader open another file or a host (reliability §11). The copy is not encoded anew: the same
pictures and sound in a container whose index comes first, as Instagram asks.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import av
from PIL import Image, JpegImagePlugin, WebPImagePlugin  # noqa: F401

from app.imaging import kinds
from app.imaging.kinds import HEAD, MOV, MP4, Refused

MAX_SIDE = 8_192
MAX_SECONDS = 12 * 3600.0
POSTER_SIDE = 1_920  # pixels of the longer side; JPEG, as every network takes covers
POSTER_AT = 1.0  # seconds: the first frame is black in many films
TRIED_FRAMES = 120  # frames decoded at most for the poster

NO_VIDEO = "This file holds no picture track. Export it again as MP4 and retry."
BROKEN = "This video is damaged or incomplete, so it could not be read. Export it again and retry."
TOO_LARGE = "This video has more pixels than networks take. Export it in 4K or smaller."
# Codecs that go into MP4 as they are; others keep the QuickTime container.
IN_MP4 = frozenset({"h264", "hevc", "av1", "mpeg4", "aac", "mp3", "ac3", "eac3", "opus", "vp9"})

Info = dict[str, Any]


def take(
    source: Path, dest: Path, poster: Path, thumb: Path, declared: str | None, side: int
) -> list[Info]:
    """Write the clean copy, its poster and a small WebP; what the copy is."""
    head = source.open("rb").read(HEAD)
    kinds.check_film(kinds.film(head), declared)
    with source.open("rb") as file, _opened(file) as movie:
        frame = _frame(movie, _track(movie))
    with source.open("rb") as file, _opened(file) as movie:
        mime = _copy(movie, dest)
    found = inspect(dest, mime)
    with _seen(frame, found) as image:
        _write(image, poster, POSTER_SIDE, "JPEG", quality=88, optimize=True)
        _write(image, thumb, side, "WEBP", quality=80)
    return [found]


def inspect(path: Path, mime: str) -> Info:
    """Type, size as shown, seconds, codec and bytes of a video; its first packets are there."""
    with path.open("rb") as file, _opened(file) as movie:
        track = _track(movie)
        width, height = track.codec_context.width, track.codec_context.height
        seconds = _seconds(movie, track)
        turned = _turned(movie, track)
        codec = str(track.codec_context.name)
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise Refused(TOO_LARGE)
    if not 0 < seconds <= MAX_SECONDS:
        raise Refused(BROKEN)
    if turned % 180:
        width, height = height, width
    return {
        "mime": mime, "width": width, "height": height, "frames": 1,
        "size": path.stat().st_size, "seconds": round(seconds, 3), "codec": codec,
        "turned": turned,
    }  # fmt: skip


def _opened(file: Any) -> Any:
    try:
        return av.open(file, mode="r", format="mov", options={"enable_drefs": "0"})
    except (av.FFmpegError, OSError, ValueError) as error:
        raise Refused(BROKEN) from error


def _track(movie: Any) -> Any:
    tracks = [one for one in movie.streams.video if not _attached(one)]
    if not tracks:
        raise Refused(NO_VIDEO)
    track = tracks[0]
    track.codec_context.thread_count = 1  # this process may start no thread
    return track


def _attached(track: Any) -> bool:
    """Whether the track is a cover picture and no film."""
    return av.stream.Disposition.attached_pic in track.disposition


def _seconds(movie: Any, track: Any) -> float:
    if track.duration and track.time_base:
        return float(track.duration * track.time_base)
    return float(movie.duration or 0) / 1_000_000


def _frame(movie: Any, track: Any) -> Any:
    """The frame a second in, or the last one that could be read before that."""
    found = None
    try:
        for number, frame in enumerate(movie.decode(track)):
            found = frame
            if (frame.time or 0.0) >= POSTER_AT or number >= TRIED_FRAMES:
                break
    except (av.FFmpegError, ValueError) as error:
        if found is None:
            raise Refused(BROKEN) from error
    if found is None:
        raise Refused(BROKEN)
    return found


def _turned(movie: Any, track: Any) -> int:
    """Degrees the picture is turned by when shown, 0, 90, 180 or 270."""
    try:
        for frame in movie.decode(track):
            return int(frame.rotation) % 360
    except (av.FFmpegError, ValueError) as error:
        raise Refused(BROKEN) from error
    raise Refused(BROKEN)


def _copy(movie: Any, dest: Path) -> str:
    """The same tracks in a new container; returns its type."""
    kept = [one for one in (*movie.streams.video, *movie.streams.audio) if not _attached(one)]
    plain = all(one.codec_context.name in IN_MP4 for one in kept)
    kind, mime = ("mp4", MP4) if plain else ("mov", MOV)
    try:
        with av.open(str(dest), mode="w", format=kind, options={"movflags": "+faststart"}) as copy:
            tracks = {one: copy.add_stream_from_template(one) for one in kept}
            copy.metadata.clear()
            for out in tracks.values():
                out.metadata.clear()
            for packet in movie.demux(kept):
                if packet.dts is None:
                    continue
                packet.stream = tracks[packet.stream]
                copy.mux(packet)
    except (av.FFmpegError, ValueError, KeyError) as error:
        raise Refused(BROKEN) from error
    return mime


def _seen(frame: Any, found: Info) -> Image.Image:
    """The frame as a person sees it."""
    image: Image.Image = frame.to_image()
    turned = int(found["turned"])
    return image.rotate(turned, expand=True) if turned else image


def _write(image: Image.Image, path: Path, side: int, kind: str, **options: Any) -> None:
    small = image.convert("RGB")
    small.thumbnail((side, side))
    made = BytesIO()
    small.save(made, kind, **options)
    path.write_bytes(made.getvalue())
