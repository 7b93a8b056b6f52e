"""A network spoken to through Metricool: native rules, Metricool's road (networks/metricool.md).

A target is handed over when it is due here, for publication ``LEAD`` later. By then its id is
kept with the attempt, or it is looked for in Metricool's calendar.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

import httpx2 as httpx

from app import clock
from app.config import BRIDGE, Config
from app.networks import metricool_media, metricool_numbers, metricool_post, metricool_seen
from app.networks.base import (
    NO_OPTIONS,
    About,
    Account,
    AppKeys,
    Capabilities,
    Category,
    Composed,
    Consent,
    Destination,
    Effect,
    Identity,
    Item,
    Metrics,
    Network,
    NetworkError,
    Part,
    Placement,
    Probe,
    Probed,
    Problem,
    Published,
    Span,
    Tokens,
    Verdict,
)
from app.networks.metricool import TITLE, Brand, Keys, Linked, Metricool
from app.networks.rules_options import given, wrong_comment

LEAD = timedelta(seconds=120)  # between handing over and publication: time to look
LEAST = timedelta(seconds=20)  # a time nearer than this could be past when it arrives
LOOK = timedelta(seconds=20)  # after publication, the first look
# Metricool counts every character where the network itself shortens links.
IN_FULL = {"twitter": 280, "bluesky": 300, "threads": 500}
VIDEOS = ("video/mp4", "video/quicktime")


def _forms(network: str, caps: Capabilities) -> tuple[Placement, ...]:
    """Forms of a post that Metricool has a word for: all but TikTok's drafts."""
    return tuple(p for p in caps.placements if (network, p.name) != ("tiktok", "inbox"))


class Bridged:
    """One network by way of Metricool; ``bridged`` makes the class for each."""

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    user_hosts: ClassVar[bool] = False
    ways: ClassVar[tuple[str, ...]] = ()
    registers: ClassVar[bool] = False
    about: ClassVar[About] = About()

    def __init__(self, native: Network, http: httpx.Client, config: Config) -> None:
        self.native, self.metricool = native, Metricool(http, config)

    # What it takes

    def capabilities(self, extras: Mapping[str, Any]) -> Capabilities:
        """The network's own, less what Metricool has no word for."""
        caps = self.native.capabilities({})
        kept = metricool_post.OPTIONS.get(self.name, ())
        return replace(
            caps,
            whole_threads=caps.threads,
            placements=_forms(self.name, caps),
            comment_limit=caps.comment_limit if self.name in metricool_post.COMMENTED else 0,
            video_mimes=tuple(one for one in caps.video_mimes if one in VIDEOS),
            link_card=False,
            named=False,
            by_url=("image", "video"),
            deletes=False,
            metrics=metricool_numbers.FIELDS,
            options=tuple(one for one in caps.options if one.name in kept),
        )

    def compose(
        self, text: str, extras: Mapping[str, Any], options: Mapping[str, Any] = NO_OPTIONS
    ) -> Composed:
        """As the network has it; where Metricool counts links in full, by its count."""
        sent = self.native.compose(text, {})
        limit = IN_FULL.get(self.name)
        if limit is None or len(sent.text) <= sent.count:
            return sent
        spans = tuple(one for one in sent.spans if one.kind != "over")
        if len(sent.text) > limit:
            spans = (*spans, Span(limit, len(sent.text), "over"))
        return Composed(sent.text, len(sent.text), limit, spans)

    def validate(
        self,
        parts: tuple[Part, ...],
        extras: Mapping[str, Any],
        options: Mapping[str, Any] = NO_OPTIONS,
    ) -> list[Problem]:
        """What the network refuses, and what Metricool cannot do for us."""
        caps = self.capabilities(extras)
        found = self.native.validate(parts, {}, options)
        for index, part in enumerate(parts):
            found += self._part(part, index)
        if not caps.comment_limit and self.native.capabilities({}).comment_limit:
            found += wrong_comment(caps, caps.placement(options), options, TITLE)
        wanted = options.get("placement")
        if wanted and wanted in {p.name for p in self.native.capabilities({}).placements} - {
            p.name for p in caps.placements
        }:
            says = f"{TITLE} has no such form on {self.title}."
            found.append(Problem("placement", says, fix="choose"))
        return [*found, *self._left_out(options)]

    def _part(self, part: Part, index: int) -> Iterator[Problem]:
        """What Metricool sees otherwise than the network, part by part."""
        sent = self.compose(part.text, {})
        if sent.left < 0 <= self.native.compose(part.text, {}).left:
            says = f"{-sent.left:,} over: through {TITLE} links count in full."
            yield Problem("text", says, part=index, fix="shorten")
        if any(one.kind == "video" and one.mime not in VIDEOS for one in part.media):
            says = f"{TITLE} takes MP4 or MOV videos."
            yield Problem("media", says, part=index, fix="remove")

    def _left_out(self, options: Mapping[str, Any]) -> Iterator[Problem]:
        """A setting that would be lost on the way is no small thing: who can see it, for one."""
        kept = metricool_post.OPTIONS.get(self.name, ())
        for one in self.native.capabilities({}).options:
            value = options.get(one.name)
            if one.name not in kept and given(value) and value != one.default:
                says = f"{one.label}: {TITLE} cannot set this on {self.title}."
                yield Problem(f"options.{one.name}", says, fix="choose")

    # Connecting: Metricool's own business, but for looking

    def server(self, typed: str) -> str:
        return BRIDGE

    def register(self, server: str, redirect_uri: str) -> AppKeys:
        raise _elsewhere(self.title)

    def authorize(
        self, app: AppKeys, *, server: str, hint: str, redirect_uri: str, state: str
    ) -> Consent:
        raise _elsewhere(self.title)

    def exchange(
        self, app: AppKeys, keep: Mapping[str, str], answer: Mapping[str, str], redirect_uri: str
    ) -> Tokens:
        raise _elsewhere(self.title)

    def login(self, server: str, identifier: str, password: str) -> Tokens:
        raise _elsewhere(self.title)

    def refresh(self, app: AppKeys, tokens: Tokens, server: str) -> Tokens:
        """The token has no end; one that is refused is not renewed."""
        raise NetworkError(Category.AUTH_ERROR, "Connect Metricool again.", retryable=False)

    def revoke(self, app: AppKeys, tokens: Tokens, server: str) -> None:
        """Metricool has no such call: the token is taken back in its settings."""

    def identities(self, tokens: Tokens, server: str) -> list[Identity]:
        """The brand's account of this network, if it has one."""
        keys = Keys.of(tokens)
        brand = self.metricool.brands(keys.token, keys.user_id).brand(keys.blog_id)
        if brand is None:
            raise NetworkError(
                Category.AUTH_ERROR, "Metricool no longer shows this brand.", retryable=False
            )
        return [identity(brand, one) for one in brand.linked if one.network == self.name]

    def destinations(self, account: Account) -> list[Destination]:
        """Pinterest's boards."""
        if self.name != "pinterest":
            return []
        return self.metricool.boards(Keys.of(account.tokens))

    # Publishing

    def prepare(
        self, account: Account, item: Item, resume: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Files first; then the moment of publication, anew each time, to the second."""
        if item.parent is not None:
            return
        kept, files = dict(resume), tuple(m for part in _parts(item) for m in part.media)
        for urls in metricool_media.laid(self.metricool, Keys.of(account.tokens), files, resume):
            kept = {**kept, "media": urls}
            yield dict(kept)
        kept = {name: one for name, one in kept.items() if name != "id"}
        yield {**kept, "due": (clock.now() + LEAD).replace(microsecond=0).isoformat()}

    def commit(self, account: Account, item: Item, resume: Mapping[str, Any]) -> Published:
        """Hand it over, a thread as a whole. Taken is not public yet: the id is kept, and asked
        about."""
        if item.parent is not None:
            return _along(item, item.parent)
        due = datetime.fromisoformat(str(resume["due"]))
        if due - clock.now() < LEAST:
            raise NetworkError(Category.NETWORK_ERROR, "Handing it over took too long.")
        post = metricool_post.body(
            self.name, self._sent(item), resume.get("media") or {}, item.options,
            metricool_post.local(due, _zone(account)),
        )  # fmt: skip
        made = self.metricool.make(Keys.of(account.tokens), post)
        raise NetworkError(
            Category.MEDIA_PROCESSING,
            f"Metricool has it and publishes it at {due:%H:%M} UTC.",
            effect=Effect.DONE, retry_at=due + LOOK, resume={**resume, "id": str(made["id"])},
        )  # fmt: skip

    def probe_by(
        self, account: Account, age: float, resume: Mapping[str, Any] = NO_OPTIONS
    ) -> Probe:
        """By the id where the answer brought one; else the calendar, believed late."""
        return Probe.HANDLE if resume.get("id") else Probe.LISTING

    def probe(
        self,
        account: Account,
        item: Item,
        resume: Mapping[str, Any],
        since: datetime,
        known: frozenset[str],
    ) -> Probed:
        keys = Keys.of(account.tokens)
        if item.parent is not None:
            return Probed(Verdict.PUBLISHED, _along(item, item.parent))
        if "due" not in resume:
            return Probed(Verdict.UNSURE, message="We cannot tell whether this went out.")
        first, *after = (
            metricool_post.written(self.name, one.text, item.options) for one in self._sent(item)
        )
        sought = metricool_seen.Sought(
            self.name, self.title, first, datetime.fromisoformat(str(resume["due"])),
            _zone(account), since, known, tuple(after),
        )  # fmt: skip
        if resume.get("id"):
            return metricool_seen.by_id(self.metricool, keys, str(resume["id"]), sought)
        return metricool_seen.looked_for(self.metricool, keys, sought)

    def delete(self, account: Account, published: Published) -> None:
        raise NetworkError(
            Category.VALIDATION,
            f"Metricool cannot take down what is out. Delete it at {self.title}.",
            retryable=False,
        )

    def metrics(self, account: Account, ids: list[str]) -> dict[str, Metrics]:
        """Counts from Metricool's analytics of the last weeks."""
        return metricool_numbers.read(self.metricool, Keys.of(account.tokens), self.name, ids)

    def _sent(self, item: Item) -> tuple[Part, ...]:
        """The parts with their texts as the network has them."""
        return tuple(
            replace(one, text=self.native.compose(one.text, {}).text) for one in _parts(item)
        )


def bridged(native: Network, http: httpx.Client, config: Config) -> Network:
    """That network through Metricool. ``native`` is asked for its rules alone."""
    kind = type(
        f"{type(native).__name__}ByMetricool", (Bridged,),
        {"name": native.name, "title": native.title, "about": Metricool.about},
    )  # fmt: skip
    found: Network = kind(native, http, config)
    return found


def rules_config(config: Config) -> Config:
    """The settings under which native rules hold here: Metricool's apps are audited."""
    return replace(config, TIKTOK_AUDITED=True, YOUTUBE_FORCE_PRIVATE_UPLOADS=False)


def identity(brand: Brand, linked: Linked) -> Identity:
    """A connected account of a brand as an account of ours.

    The id is Metricool's, so that the same account connected directly stays another one.
    """
    own = linked.account_id or linked.username or linked.network
    return Identity(
        external_id=f"{BRIDGE}:{brand.id}:{own}"[:255],
        handle=linked.username or brand.name,
        name=linked.name or brand.name,
        avatar_url=linked.picture,
        url=linked.url,
        server=BRIDGE,
        extras={"time_zone": brand.time_zone, "account_id": linked.account_id, "brand": brand.name},
    )


def _parts(item: Item) -> tuple[Part, ...]:
    return (item.part, *item.after)


def _along(item: Item, parent: Published) -> Published:
    """A comment or a later part: it went out with the post, and has no id of its own.

    Raises ``NetworkError`` for a part that the thread did not have when it was handed over.
    """
    if item.comment:
        return Published(f"{parent.external_id}-comment", parent.url, {"comment": True})
    root = item.root or parent
    place = int(parent.extras.get("place", 1)) + 1
    if place > int(root.extras.get("parts", 1)):
        raise NetworkError(
            Category.VALIDATION, "This part was written after the post was handed to Metricool.",
            code="not_along", retryable=False,
        )  # fmt: skip
    return Published(f"{root.external_id}-{place}", root.url, {"place": place})


def _zone(account: Account) -> str:
    return str(account.extras.get("time_zone") or "UTC")


def _elsewhere(title: str) -> NetworkError:
    return NetworkError(
        Category.VALIDATION, f"Connect {title} in Metricool, then refresh the accounts here.",
        retryable=False,
    )  # fmt: skip
