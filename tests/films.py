"""Small videos for tests, really encoded: two seconds of a colour that changes."""

from __future__ import annotations

import secrets
import struct
from io import BytesIO
from typing import Any

import av
from PIL import Image

QUARTER = struct.pack(">9i", 0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)


def film(
    width: int = 320, height: int = 180, seconds: float = 2.0, *, kind: str = "mp4",
    codec: str = "libx264", sound: bool = False, place: str = "", turned: bool = False,
    grain: bool = False,
) -> bytes:  # fmt: skip
    """The bytes of an MP4 or MOV; ``turned`` marks it as lying on its side.

    ``grain`` makes it heavy: no picture of it is like another.
    """
    made = BytesIO()
    with av.open(made, "w", format=kind) as movie:
        if place:
            movie.metadata["location"] = place
        track: Any = movie.add_stream(codec, rate=12)
        track.width, track.height, track.pix_fmt = width, height, "yuv420p"
        if sound:
            _silence(movie, seconds)
        for number in range(int(seconds * 12)):
            image = Image.new("RGB", (width, height), (number * 5 % 256, 60, 120))
            if grain:
                image = Image.effect_noise((width, height), 60).convert("RGB")
            for packet in track.encode(av.VideoFrame.from_image(image)):
                movie.mux(packet)
        for packet in track.encode():
            movie.mux(packet)
    data = made.getvalue()
    return _on_its_side(data) if turned else data


def _silence(movie: Any, seconds: float) -> None:
    track = movie.add_stream("aac", rate=44100, layout="mono")
    for number in range(int(seconds * 44100 / 1024)):
        frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.sample_rate, frame.pts = 44100, number * 1024
        for packet in track.encode(frame):
            movie.mux(packet)
    for packet in track.encode():
        movie.mux(packet)


def _on_its_side(data: bytes) -> bytes:
    """A quarter turn in the first track's header (ISO/IEC 14496-12 §8.3.2)."""
    start = data.index(b"tkhd") + 4 + 4 + 20 + 8 + 8
    return data[:start] + QUARTER + data[start + 36 :]


def noise(size: int) -> bytes:
    """Random bytes in which nobody finds a box of an MP4: one film in two thousand had one."""
    return secrets.token_bytes(size).replace(b"m", b"n")
