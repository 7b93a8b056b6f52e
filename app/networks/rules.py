"""What capabilities alone say about a content: one check for every network.

A network adds only what data cannot say (style.md, "A network"). ``title`` is the network's
name for the messages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.networks.base import Capabilities, Media, Part, Placement, Problem
from app.networks.composed import Code
from app.networks.figures import duration as _time
from app.networks.figures import file_size as _bytes
from app.networks.figures import kinds as _kinds
from app.networks.figures import shape as _shape
from app.networks.figures import some as _some
from app.networks.rules_options import (
    completed,
    named,
    options_of,
    wrong_comment,
    wrong_options,
)

BOTH = "pictures and video"  # as ``some`` makes a plural of it

__all__ = ["common", "completed", "held", "image_shape", "options_of", "settings"]


def common(
    caps: Capabilities, parts: tuple[Part, ...], options: Mapping[str, Any], title: str = ""
) -> list[Problem]:
    """Counts, kinds, sizes, shapes and lengths of media; the placement; the options; the comment.

    A first comment is ``options["firstComment"]``. Text length is the network's own to count.
    """
    here = title or "This network"
    found = _parts(caps, parts, here)
    placement = caps.placement(options, *held(parts[0].media))
    wanted = options.get("placement")
    if wanted and caps.placements and (placement is None or placement.name != wanted):
        names = ", ".join(one.name for one in caps.placements)
        found.append(Problem("placement", f"{here} has no form “{wanted}”: {names}.", fix="choose"))
    elif placement is not None:
        kind = Code.INVALID_PLACEMENT if wanted else None
        found += [replace(one, kind=kind) for one in _placement(caps, placement, parts, here)]
    for index, part in enumerate(parts):
        for media in part.media:
            found += [one.in_part(index) for one in _file(caps, placement, media, here)]
    found += wrong_options(caps, placement, options, here)
    found += wrong_comment(caps, placement, options, here)
    return found


def settings(caps: Capabilities, options: Mapping[str, Any], title: str) -> list[Problem]:
    """Options and first comment alone, for a network that looks at its media itself."""
    placement = caps.placement(options)
    return [
        *wrong_options(caps, placement, options, title),
        *wrong_comment(caps, placement, options, title),
    ]


def carded(
    caps: Capabilities, kinds: Sequence[str], linked: bool, options: Mapping[str, Any]
) -> bool:
    """Whether a post's only picture becomes that of its link's card, whose words a person wrote.

    ``kinds`` are those of its media (``Media.kind``); ``linked``: its text has a link.
    """
    written = any(options.get(name) for name in caps.card_words)
    return bool(written and linked and list(kinds) == ["image"])


def held(media: tuple[Media, ...]) -> tuple[int, int]:
    """How many pictures and videos there are."""
    videos = sum(1 for one in media if one.kind == "video")
    return len(media) - videos, videos


def image_shape(caps: Capabilities, placement: Placement | None) -> tuple[float, float]:
    """Width by height that pictures may have, least and most; 0: no limit."""
    own = placement is not None and placement.ratios != (0.0, 0.0)
    return (0.0, 0.0) if own else caps.image_ratios


def _parts(caps: Capabilities, parts: tuple[Part, ...], here: str) -> list[Problem]:
    found: list[Problem] = []
    if len(parts) > 1 and not caps.threads:
        found.append(Problem("text", f"{here} has no threads: keep it to one part.", part=1))
    for index, part in enumerate(parts):
        videos = sum(1 for one in part.media if one.kind == "video")
        images = len(part.media) - videos
        if videos and not caps.video_mimes:
            found.append(Problem("media", f"{here} takes no video from us.", part=index,
                                 fix="remove"))  # fmt: skip
        elif videos > max(caps.max_videos, 1):
            found.append(
                Problem("media", f"{here} takes {_some(max(caps.max_videos, 1), 'video')} a post.",
                        part=index, fix="remove")
            )  # fmt: skip
        if images > caps.max_images:
            says = (
                f"{here} takes {_some(caps.max_images, 'picture')} a post, there are {images}."
                if caps.max_images
                else f"{here} takes no pictures."
            )
            found.append(Problem("media", says, part=index, fix="remove"))
        if len(part.media) > caps.max_files > 0 and max(images, videos) <= caps.max_files:
            found.append(
                Problem("media", f"{here} takes {_some(caps.max_files, BOTH)} a post, there are "
                        f"{len(part.media)}.", part=index, fix="remove")
            )  # fmt: skip
        if videos and images and not caps.mixes_media:
            found.append(
                Problem("media", f"{here} takes pictures or a video in one post, not both.",
                        part=index, fix="remove", kind=Code.MIXED_MEDIA_NOT_SUPPORTED)
            )  # fmt: skip
    if caps.needs_media and not parts[0].media:
        what = (
            "a picture or a video"
            if caps.max_images and caps.video_mimes
            else "a picture" if caps.max_images else "a video"
        )  # fmt: skip
        found.append(Problem("media", f"{here} needs {what}.", fix="add"))
    return found


def _placement(
    caps: Capabilities, placement: Placement, parts: tuple[Part, ...], here: str
) -> list[Problem]:
    """Whether the first part has what the form holds."""
    media = parts[0].media
    if not media and (caps.needs_media or not (placement.min_images or placement.min_videos)):
        return []
    images, videos = held(media)
    this = f"{named(here)} {placement.title.lower()}"
    found: list[Problem] = []
    for count, least, most, any_form, word in (
        (images, placement.min_images, placement.max_images, caps.max_images, "picture"),
        (videos, placement.min_videos, placement.max_videos, max(caps.max_videos, 1), "video"),
    ):
        if count < least:
            found.append(Problem("media", f"{this} needs {_some(least, word)}.", fix="add"))
        elif count > most < any_form:  # where every form has that limit, the part was told
            says = f"at most {_some(most, word)}" if most else f"no {word}"
            found.append(Problem("media", f"{this} takes {says}.", fix="remove"))
    return found or _together(placement, len(media), this)


def _together(placement: Placement, count: int, this: str) -> list[Problem]:
    """How many pictures and videos the form holds in all."""
    word = BOTH if placement.max_files > 1 else "picture or video"
    if count < placement.min_files:
        says = f"{this} needs at least {_some(placement.min_files, word)}."
        return [Problem("media", says, fix="add")]
    if count > placement.max_files > 0:
        says = f"{this} takes at most {_some(placement.max_files, word)}, there are {count}."
        return [Problem("media", says, fix="remove")]
    return []


def _file(
    caps: Capabilities, placement: Placement | None, media: Media, here: str
) -> list[Problem]:
    if media.kind == "video":
        return _video(caps, placement, media, here)
    found: list[Problem] = []
    if not caps.image_mimes:
        return found  # said once for the part
    if media.mime not in caps.image_mimes:
        kinds = _kinds(caps.image_mimes)
        found.append(Problem("media", f"{here} takes {kinds}, not this picture's kind.",
                             fix="shrink", kind=Code.UNSUPPORTED_MEDIA_TYPE))  # fmt: skip
    most = (
        caps.max_gif_bytes if media.kind == "gif" and caps.max_gif_bytes else caps.max_image_bytes
    )
    if media.size > most:
        found.append(Problem("media", f"{here} takes pictures up to {_bytes(most)}.",
                             fix="shrink"))  # fmt: skip
    found += _ratio(image_shape(caps, placement), media, "picture", here)
    if len(media.alt) > caps.alt_limit > 0:
        found.append(Problem("alt", f"{here} takes descriptions up to {caps.alt_limit:,} "
                             "characters.", fix="alt"))  # fmt: skip
    return found


def _video(
    caps: Capabilities, placement: Placement | None, media: Media, here: str
) -> list[Problem]:
    found: list[Problem] = []
    if not caps.video_mimes:
        return found  # said once for the part
    if media.mime not in caps.video_mimes:
        found.append(Problem("media", f"{here} takes {_kinds(caps.video_mimes)} videos.",
                             fix="remove", kind=Code.UNSUPPORTED_MEDIA_TYPE))  # fmt: skip
    if caps.video_codecs and media.codec and media.codec not in caps.video_codecs:
        names = " or ".join(one.upper() for one in caps.video_codecs)
        found.append(Problem("media", f"{here} takes videos coded as {names}; this one is "
                             f"{media.codec.upper()}.", fix="remove",
                             kind=Code.UNSUPPORTED_MEDIA_TYPE))  # fmt: skip
    if caps.max_video_bytes and media.size > caps.max_video_bytes:
        found.append(Problem("media", f"{here} takes videos up to {_bytes(caps.max_video_bytes)}.",
                             fix="shrink"))  # fmt: skip
    least = placement.min_seconds if placement and placement.min_seconds else caps.min_video_seconds
    most = placement.max_seconds if placement and placement.max_seconds else caps.max_video_seconds
    if media.seconds and least and media.seconds < least:
        found.append(Problem("media", f"{here} takes videos of {_time(least)} or more; this one "
                             f"has {_time(media.seconds)}.", fix="remove"))  # fmt: skip
    if media.seconds and most and media.seconds > most + 0.5:  # a container rounds up
        found.append(Problem("media", f"{here} takes videos of up to {_time(most)}; this one has "
                             f"{_time(media.seconds)}.", fix="remove"))  # fmt: skip
    shape = caps.video_ratios
    if placement is not None and placement.ratios != (0.0, 0.0):
        shape = placement.ratios
    return found + _ratio(shape, media, "video", here)


def _ratio(wanted: tuple[float, float], media: Media, word: str, here: str) -> list[Problem]:
    low, high = wanted
    if not media.ratio or not (low or high):
        return []
    if (low and media.ratio < low * 0.995) or (high and media.ratio > high * 1.005):
        shape = "too tall" if low and media.ratio < low else "too wide"
        return [
            Problem("media", f"This {word} is {shape} for {here}, which takes "
                    f"{_shape(low)} to {_shape(high)} (width by height).", fix="crop")
        ]  # fmt: skip
    return []
