"""The catalogue of networks: what each takes, from its own capabilities and nothing else.

``platform`` words an entry as ``GET /api/v1/platforms`` does (Amplify's platform objects, with
our extensions under keys of their own); ``catalogue_words`` tells it to people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.config import NETWORKS
from app.errors import NotFound
from app.extensions import networks
from app.networks.base import About, Capabilities, Option, Placement
from app.networks.snapchat_about import ABOUT as SNAPCHAT

# Networks without a client: what people call them, and why there is none.
UNSPOKEN = {"snapchat": ("Snapchat", SNAPCHAT)}
# Where the contract calls a network otherwise than we do.
DISPLAYED = {"twitter": "Twitter / X"}


@dataclass(frozen=True)
class Entry:
    """One network. ``caps`` is ``None`` where we cannot publish, ``ways`` how people connect."""

    name: str
    title: str
    about: About
    caps: Capabilities | None = None
    ways: tuple[str, ...] = ()


def entries() -> list[Entry]:
    """Every network there is a name for, in the order of the configuration."""
    return [entry(name) for name in NETWORKS]


def unspoken() -> list[Entry]:
    """Those that nobody can connect, each with its reasons."""
    return [entry(name) for name in UNSPOKEN]


def entry(name: str, extras: Mapping[str, Any] | None = None) -> Entry:
    """A network as it usually is, or for an account whose ``extras`` these are.

    ``NotFound`` for a name that is none.
    """
    if name not in NETWORKS:
        raise NotFound("There is no such network.")
    if name in UNSPOKEN:
        title, about = UNSPOKEN[name]
        return Entry(name, title, about)
    network = networks.get(name)
    return Entry(
        name, network.title, network.about, network.capabilities(extras or {}), network.ways
    )


def platforms() -> list[dict[str, Any]]:
    """The whole catalogue as the contract words it."""
    return [platform(one) for one in entries()]


def platform(one: Entry) -> dict[str, Any]:
    """An entry as JSON: the contract's keys, then ours. ``None``: no limit, or not told."""
    caps = one.caps
    return {
        "platform": one.name,
        "displayName": DISPLAYED.get(one.name, one.title),
        "accountType": one.about.account_type,
        "supportStatus": one.about.support,
        "scopes": list(one.about.scopes),
        "publish": _publish(caps),
        "analytics": {
            "supported": bool(caps and caps.metrics),
            "metrics": list(caps.metrics) if caps else [],
        },
        "notes": list(one.about.notes),
        "limits": _limits(caps) if caps else None,
        "placements": [_placement(form) for form in caps.placements] if caps else [],
        "options": [_option(option) for option in caps.options] if caps else [],
        "threads": bool(caps and caps.threads),
        "firstComment": _text(caps.comment_limit if caps else 0),
        "altText": _text(alt_limit(caps)),
        "destination": (caps.destination or None) if caps else None,
        "delete": bool(caps and caps.deletes),
        "ways": list(one.ways),
    }


def alt_limit(caps: Capabilities | None) -> int:
    """How long a picture's description may be; 0 where there are no pictures, or none is taken."""
    return caps.alt_limit if caps and caps.max_images else 0


def max_videos(caps: Capabilities) -> int:
    """Videos a post may hold (``networks.rules`` counts in the same way)."""
    return max(caps.max_videos, 1) if caps.video_mimes else 0


def _publish(caps: Capabilities | None) -> dict[str, Any]:
    if caps is None:
        return {
            "supported": False, "text": False, "images": False, "video": False,
            "requiresMedia": False, "supportedMediaTypes": [], "scheduling": False,
        }  # fmt: skip
    # Pictures of any kind we take are converted to one of the network's; videos are not.
    media = ["image/*"] if caps.max_images else []
    return {
        "supported": True,
        "text": caps.text_limit > 0,
        "images": caps.max_images > 0,
        "video": bool(caps.video_mimes),
        "requiresMedia": caps.needs_media,
        "supportedMediaTypes": [*media, *caps.video_mimes],
        "scheduling": True,  # the clock is ours, whatever the network
    }


def _limits(caps: Capabilities) -> dict[str, Any]:
    images = {
        "max": caps.max_images,
        "types": list(caps.image_mimes),
        "maxBytes": caps.max_image_bytes,
        "maxGifBytes": caps.max_gif_bytes or caps.max_image_bytes,
        "maxPixels": caps.max_image_pixels or None,
        "maxSide": caps.max_image_side or None,
        "ratio": _ratio(caps.image_ratios),
    }
    videos = {
        "max": max_videos(caps),
        "types": list(caps.video_mimes),
        "codecs": list(caps.video_codecs) or None,
        "maxBytes": caps.max_video_bytes or None,
        "minSeconds": caps.min_video_seconds or None,
        "maxSeconds": caps.max_video_seconds or None,
        "ratio": _ratio(caps.video_ratios),
    }
    return {
        "text": {"max": caps.text_limit, "unit": caps.text_unit},
        "images": images if caps.max_images else None,
        "videos": videos if caps.video_mimes else None,
        "mixesMedia": caps.mixes_media,
        "files": caps.max_files or None,
        "postsPerDay": caps.posts_a_day or None,
    }


def _placement(form: Placement) -> dict[str, Any]:
    return {
        "name": form.name,
        "title": form.title,
        "images": {"min": form.min_images, "max": form.max_images},
        "videos": {"min": form.min_videos, "max": form.max_videos},
        "files": {"min": form.min_files or None, "max": form.max_files or None},
        "seconds": {"min": form.min_seconds or None, "max": form.max_seconds or None},
        "ratio": _ratio(form.ratios),
        "text": form.text,
        "firstComment": form.comment,
    }


def _option(option: Option) -> dict[str, Any]:
    return {
        "name": option.name,
        "label": option.label,
        "kind": option.kind,
        "choices": [{"value": value, "label": label} for value, label in option.choices],
        "default": option.default,
        "required": option.required,
        "limit": option.limit or None,
        "placements": list(option.placements),
        "help": option.help,
    }


def _text(limit: int) -> dict[str, Any]:
    """A text beside the post's own, where there is one."""
    return {"supported": limit > 0, "maxLength": limit or None}


def _ratio(found: tuple[float, float]) -> dict[str, float | None] | None:
    """Width by height."""
    low, high = found
    return {"min": low or None, "max": high or None} if low or high else None
