"""A post as Metricool takes it: one target each, so that each has a fate of its own (§2.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.networks import instagram_rules, youtube_text
from app.networks.base import Media, Part

# Settings of each network that Metricool can carry, by our names for them.
OPTIONS: dict[str, tuple[str, ...]] = {
    "instagram": ("placement", "shareToFeed"),
    "youtube": ("title", "description", "tags", "privacyStatus", "selfDeclaredMadeForKids"),
    "pinterest": ("boardId", "title", "link"),
    "tiktok": (
        "privacyLevel", "disableComment", "disableDuet", "disableStitch", "autoAddMusic", "title",
    ),
}  # fmt: skip
COMMENTED = ("facebook", "instagram", "linkedin")  # where it makes a first comment
KINDS = {"reel": "REEL", "story": "STORY"}  # everything else is a POST

Options = Mapping[str, Any]


def local(at: datetime, zone: str) -> dict[str, str]:
    """An instant as ``publicationDate``: local time without offset, and the zone it is in.

    A local time that occurs twice would be an hour off, so it is said in UTC.
    """
    try:
        here = at.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        here, zone = at.astimezone(UTC), "UTC"
    twice = here.replace(fold=1 - here.fold).utcoffset() != here.utcoffset()
    if twice:
        here, zone = at.astimezone(UTC), "UTC"
    text = here.replace(tzinfo=None).isoformat(timespec="seconds")
    return {"dateTime": text, "timezone": zone}


def instant(told: Any, zone: str) -> datetime | None:
    """The reverse, also of a bare text; ``None`` for what is no time."""
    if isinstance(told, Mapping):
        told, zone = told.get("dateTime"), str(told.get("timezone") or zone)
    if not isinstance(told, str):
        return None
    try:
        found = datetime.fromisoformat(told)
        return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except (ValueError, OverflowError, ZoneInfoNotFoundError):
        return None


def body(
    network: str,
    parts: tuple[Part, ...],
    urls: Mapping[str, str],
    options: Options,
    when: Mapping[str, str],
) -> dict[str, Any]:
    """The JSON of a post for one network; ``urls`` are Metricool's own, by media id.

    A thread is its first part with the others as ``descendants``, objects of the same kind.
    """
    make = _DATA.get(network)
    text, media = parts[0].text, parts[0].media
    return {
        "text": written(network, text, options),
        "providers": [{"network": network}],
        "publicationDate": dict(when),
        "autoPublish": True,
        "draft": False,
        "media": [urls[one.id] for one in media],
        "mediaAltText": [one.alt.strip() for one in media],
        "firstCommentText": str(options.get("firstComment") or "") if network in COMMENTED else "",
        "descendants": [body(network, (one,), urls, options, when) for one in parts[1:]],
        "shortener": False,
        "smartLinkData": {"ids": []},
        "hasNotReadNotes": False,
        **({f"{network}Data": make(text, media, options)} if make else {}),
    }


def written(network: str, text: str, options: Options) -> str:
    """The text as it is handed over: on YouTube it is the description."""
    return youtube_text.words(text, options).description if network == "youtube" else text


def _facebook(text: str, media: tuple[Media, ...], options: Options) -> dict[str, Any]:
    return {"type": KINDS.get(str(options.get("placement")), "POST")}


def _instagram(text: str, media: tuple[Media, ...], options: Options) -> dict[str, Any]:
    form = instagram_rules.form(media, options)
    feed = options.get("shareToFeed")
    return {"type": KINDS.get(form, "POST"), "showReelOnFeed": True if feed is None else feed}


def _pinterest(text: str, media: tuple[Media, ...], options: Options) -> dict[str, Any]:
    return {
        "boardId": options.get("boardId"), "pinTitle": options.get("title") or "",
        "pinLink": options.get("link") or "",
    }  # fmt: skip


def _youtube(text: str, media: tuple[Media, ...], options: Options) -> dict[str, Any]:
    return {
        "title": youtube_text.words(text, options).title,
        "type": "short" if options.get("placement") == "short" else "video",
        "privacy": youtube_text.privacy(options, forced=False),
        "madeForKids": bool(options.get("selfDeclaredMadeForKids", False)),
        "tags": youtube_text.tags(options),
    }


def _tiktok(text: str, media: tuple[Media, ...], options: Options) -> dict[str, Any]:
    return {
        "privacyOption": options.get("privacyLevel"),
        "disableComment": bool(options.get("disableComment", True)),
        "disableDuet": bool(options.get("disableDuet", True)),
        "disableStitch": bool(options.get("disableStitch", True)),
        "title": options.get("title") or "",
        "autoAddMusic": bool(options.get("autoAddMusic", False)),
        "photoCoverIndex": 0,
    }


_DATA: dict[str, Callable[[str, tuple[Media, ...], Options], dict[str, Any]]] = {
    "twitter": lambda text, media, options: {"tags": []},
    "facebook": _facebook,
    "instagram": _instagram,
    "linkedin": lambda text, media, options: {"type": "post", "previewIncluded": True},
    "pinterest": _pinterest,
    "youtube": _youtube,
    "tiktok": _tiktok,
    "bluesky": lambda text, media, options: {"postLanguages": []},
    "threads": lambda text, media, options: {"allowedCountryCodes": []},
}
