"""What the tests of the bridge share: keys of a brand, accounts, items, files."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2 as httpx
from PIL import Image

from app.clock import now
from app.config import Config
from app.networks import build
from app.networks.base import Account, Item, Media, Network, NetworkError, Part, Published
from app.networks.metricool import Keys
from app.networks.metricool_bridge import bridged, rules_config
from tests.films import noise

BLOG = "3100001"
KEYS = Keys("sandbox-alice", "7", BLOG)


def bridge(http: httpx.Client, config: Config, network: str = "twitter") -> Network:
    """A network through the played Metricool."""
    return bridged(build(network, http, rules_config(config)), http, config)


def account(network: Network) -> Account:
    """The shared brand's account of that network."""
    found = network.identities(KEYS.tokens, "metricool")[0]
    return Account(
        found.external_id, found.handle, KEYS.tokens, found.server, extras=found.extras
    )  # fmt: skip


def item(text: str = "", *media: Media, options: Mapping[str, Any] | None = None) -> Item:
    """A post that has not been said before."""
    text = text or f"The bells ring {secrets.token_hex(4)}"
    return Item(Part(text, media), secrets.token_urlsafe(8), now(), options or {})


def picture(folder: Path, alt: str = "A red square") -> Media:
    path = folder / f"{secrets.token_hex(4)}.jpg"
    Image.new("RGB", (640, 640), "red").save(path)
    return Media(path.stem, path, "image/jpeg", path.stat().st_size, 640, 640, 0.0, alt)


def video(folder: Path, size: int = 2000) -> Media:
    path = folder / f"{secrets.token_hex(4)}.mp4"
    path.write_bytes(b"\0\0\0\x18ftypmp42" + noise(size))
    return Media(path.stem, path, "video/mp4", path.stat().st_size, 1080, 1920, 5.0)


def prepared(network: Network, who: Account, one: Item) -> dict[str, Any]:
    """All steps, as the engine takes them."""
    resume: dict[str, Any] = {}
    for step in network.prepare(who, one, resume):
        resume = step
    return resume


def handed(network: Network, who: Account, one: Item) -> NetworkError:
    """Prepare and commit; what commit says when Metricool has it."""
    resume = prepared(network, who, one)
    try:
        found: Published = network.commit(who, one, resume)
    except NetworkError as error:
        return error
    raise AssertionError(found)


def due(http: httpx.Client) -> None:
    """The time of every waiting post comes."""
    assert http.post("http://127.0.0.1:8090/_sandbox/metricool/due").status_code == 200
