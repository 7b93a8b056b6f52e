"""Metricool's API, as far as a bridge needs it (networks/metricool.md).

Every call carries the token in ``X-Mc-Auth`` and ``userId`` in its query, all but the brand
list ``blogId`` too. What it publishes, ``metricool_bridge.py`` says.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import httpx2 as httpx

from app.config import BRIDGE, Config
from app.networks import metricool_errors as errors
from app.networks.base import About, Destination, Tokens
from app.networks.metricool_about import ABOUT
from app.networks.wire import Answer, Judge, call, unreadable

TITLE = "Metricool"
API_VERSION = "v2"  # of the paths we call
# Networks that Metricool and we both speak, by their JSON names: they are the same.
NETWORKS = (
    "twitter", "linkedin", "facebook", "instagram", "threads", "tiktok", "youtube", "pinterest",
    "bluesky",
)  # fmt: skip
_LEFT = ("x-ratelimit-remaining", "x-rate-limit-remaining", "ratelimit-remaining")


@dataclass(frozen=True)
class Keys:
    """What opens a brand."""

    token: str = field(repr=False)
    user_id: str = ""
    blog_id: str = ""

    @classmethod
    def of(cls, tokens: Tokens) -> Keys:
        """From the tokens of a bridged account."""
        return cls(tokens.access, tokens.more.get("user_id", ""), tokens.more.get("blog_id", ""))

    @property
    def tokens(self) -> Tokens:
        """The reverse of ``of``."""
        return Tokens(self.token, more={"user_id": self.user_id, "blog_id": self.blog_id})


@dataclass(frozen=True)
class Linked:
    """An account connected to a brand. ``account_id`` is the network's, where it is told."""

    network: str
    account_id: str
    username: str
    name: str = ""
    picture: str = ""
    url: str = ""


@dataclass(frozen=True)
class Brand:
    """A brand, which the API calls a blog. ``names`` are the networks it has, ours or not."""

    id: str
    name: str
    user_id: str
    time_zone: str
    linked: tuple[Linked, ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Heard:
    """Brands, with how the call went. ``left`` is what a header says of the rate limit."""

    brands: tuple[Brand, ...]
    milliseconds: int
    left: int | None

    def brand(self, blog_id: str) -> Brand | None:
        """The one of that id."""
        return next((one for one in self.brands if one.id == blog_id), None)


class Metricool:
    """The service as one client."""

    name: ClassVar[str] = BRIDGE
    title: ClassVar[str] = TITLE
    user_hosts: ClassVar[bool] = False
    about: ClassVar[About] = ABOUT

    def __init__(self, http: httpx.Client, config: Config) -> None:
        self.http, self.base = http, config.network(BRIDGE).api_url

    def brands(self, token: str, user_id: str = "") -> Heard:
        """Every brand of the token, which also says whether the token works."""
        began = time.monotonic()
        answer = self.ask("GET", "/v2/settings/brands", Keys(token, user_id))
        took = round((time.monotonic() - began) * 1000)
        rows = _rows(answer)
        return Heard(tuple(_brand(row) for row in rows if row.get("id")), took, _left(answer))

    def boards(self, keys: Keys) -> list[Destination]:
        """Boards of the brand's Pinterest account."""
        answer = self.ask("GET", "/v2/scheduler/boards/pinterest", keys)
        return [
            Destination(str(row.get("id")), str(row.get("name") or row.get("id")), "board")
            for row in _rows(answer)
            if row.get("id")
        ]

    def make(self, keys: Keys, post: Mapping[str, Any]) -> dict[str, Any]:
        """Hand a post over; the post as Metricool has it, with its ``id``."""
        answer = self.ask("POST", "/v2/scheduler/posts", keys, json=post, judge=errors.created)
        found = answer.mapping().get("data")
        if not isinstance(found, dict) or not found.get("id"):
            raise unreadable(answer.status, answer.raw)
        return found

    def post(self, keys: Keys, post_id: str) -> dict[str, Any]:
        """A post by its id; ``NetworkError`` with the code ``not_found`` where there is none."""
        answer = self.ask("GET", f"/v2/scheduler/posts/{int(post_id)}", keys)
        found = answer.mapping().get("data")
        if not isinstance(found, dict):
            raise unreadable(answer.status, answer.raw)
        return found

    def posts(self, keys: Keys, start: str, end: str, zone: str) -> list[dict[str, Any]]:
        """Posts between two local times, and a day on each side of them."""
        query = {"start": start, "end": end, "timezone": zone, "extendedRange": "true"}
        return _rows(self.ask("GET", "/v2/scheduler/posts", keys, query=query))

    def forget(self, keys: Keys, post_id: str) -> None:
        """Take a post off Metricool's calendar: what is out already stays out."""
        self.ask("DELETE", f"/v2/scheduler/posts/{int(post_id)}", keys)

    def rows(self, keys: Keys, path: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """Any other list, such as those of the analytics."""
        return _rows(self.ask("GET", path, keys, query=query))

    def ask(
        self,
        method: str,
        path: str,
        keys: Keys,
        *,
        query: Mapping[str, str] | None = None,
        json: Any = None,
        judge: Judge = errors.always,
    ) -> Answer:
        """One call with the token and the ids it needs."""
        ids = {"userId": keys.user_id, "blogId": keys.blog_id}
        return call(
            self.http, method, self.base + path, judge=judge, json=json,
            headers={"X-Mc-Auth": keys.token, "Accept": "application/json"},
            params={**(query or {}), **{name: one for name, one in ids.items() if one}},
        )  # fmt: skip


def _rows(answer: Answer) -> list[dict[str, Any]]:
    """The list of an answer, bare or under ``data``."""
    found = answer.data()
    rows = found.get("data") if isinstance(found, dict) else found
    if not isinstance(rows, list):
        raise unreadable(answer.status, answer.raw)
    return [row for row in rows if isinstance(row, dict)]


def _brand(row: Mapping[str, Any]) -> Brand:
    told = row.get("networksData")
    data = told if isinstance(told, dict) else {}
    found = {key.removesuffix("Data"): one for key, one in data.items() if one}
    blog = str(row["id"])
    return Brand(
        id=blog, name=str(row.get("label") or blog), user_id=str(row.get("userId") or ""),
        time_zone=str(row.get("timezone") or ""),
        linked=tuple(_linked(name, found[name]) for name in NETWORKS if name in found),
        names=tuple(found),
    )  # fmt: skip


def _linked(network: str, data: Any) -> Linked:
    """The keys of these objects are written down nowhere: the usual ones are tried."""
    told: Mapping[str, Any] = data if isinstance(data, dict) else {"username": data}
    account_id = _first(told, "id", "accountId", "userId", "pageId", "channelId")
    username = _first(told, "username", "screenName", "handle", "name", "title") or account_id
    return Linked(
        network, account_id, username.lstrip("@"), _first(told, "displayName", "name", "title"),
        _first(told, "picture", "pictureUrl", "image", "avatar"), _first(told, "url", "link"),
    )  # fmt: skip


def _first(told: Mapping[str, Any], *names: str) -> str:
    for name in names:
        value = told.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip()
    return ""


def _left(answer: Answer) -> int | None:
    """Calls left by any header that says so; Metricool's limits are unpublished."""
    for name in _LEFT:
        text = answer.headers.get(name, "").strip()
        if text.isascii() and text.isdigit():
            return int(text[:9])
    found = re.search(r"\br=(\d{1,9})", answer.headers.get("ratelimit", ""))
    return int(found[1]) if found else None
