"""Every network we speak to, by its JSON name."""

from __future__ import annotations

from importlib import import_module

import httpx2 as httpx

from app.config import Config
from app.networks.base import Network

# Name in JSON → module and class; a module is imported when first asked for.
NETWORKS: dict[str, tuple[str, str]] = {
    "twitter": ("x", "X"),
    "tiktok": ("tiktok", "TikTok"),
    "youtube": ("youtube", "YouTube"),
    "mastodon": ("mastodon", "Mastodon"),
    "bluesky": ("bluesky", "Bluesky"),
    "facebook": ("facebook", "Facebook"),
    "instagram": ("instagram", "Instagram"),
    "linkedin": ("linkedin", "LinkedIn"),
    "threads": ("threads", "Threads"),
    "pinterest": ("pinterest", "Pinterest"),
    "reddit": ("reddit", "Reddit"),
}


def cls(name: str) -> type[Network]:
    """The class of a network; ``KeyError`` for one we do not speak."""
    module, found = NETWORKS[name]
    return getattr(import_module(f"app.networks.{module}"), found)  # type: ignore[no-any-return]


def build(name: str, http: httpx.Client, config: Config) -> Network:
    """A network over that client."""
    return cls(name)(http, config)  # type: ignore[call-arg]
