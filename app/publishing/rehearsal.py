"""What would be sent, played through without sending it (promises.md 10).

The network's own client runs as in a delivery: the frozen parts of ``app.content``, the items
of ``items.build``, its ``prepare`` and its ``commit``. Only the wire is another one: a played
network in memory answers, of which this rehearsal is the only guest, and every request is kept.
No token of the account is read, so none can be shown; nothing leaves the process.

The account is played by somebody of the same handle. Ids and addresses of our own side are put
back into what is shown; those that a network gives out in its answers (uploads, containers) are
the played network's, as nobody can know them beforehand.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import httpx2 as httpx
from flask import Flask

from app import content, egress, ids
from app.clock import now
from app.config import BRIDGE, Config, settings
from app.content import Written
from app.models.media import Media as MediaRow
from app.networks import build as native
from app.networks.base import (
    Account,
    AppKeys,
    Category,
    Effect,
    Identity,
    Media,
    Network,
    NetworkError,
    Published,
    Tokens,
)  # fmt: skip
from app.publishing import items
from app.publishing.attempts import Opened
from app.publishing.played import Exchange, Masks, Recorder
from app.publishing.store import log
from app.sandbox import create_sandbox
from app.sandbox.store import Store

SECONDS = 20.0  # for one account, its videos encoded in it
PAUSE = 0.1  # in place of a client's own waits
PLAYED = "http://127.0.0.1:8090"  # the base of the played networks' addresses
HANDLE = "rehearsal"

_stage = threading.Lock()  # one play at a time: the played networks are built once


@dataclass(frozen=True)
class Sent:
    """One exchange of a rehearsal. ``part`` counts from 0; ``step`` is ``prepare`` or ``commit``,
    the call that makes something public."""

    part: int
    step: str
    exchange: Exchange


@dataclass
class Rehearsed:
    """What one account's delivery would be. ``media`` are the files of each part as they are
    sent; ``stopped`` says why it ended before the last call, if it did."""

    sent: list[Sent] = field(default_factory=list)
    media: list[tuple[Media, ...]] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    stopped: str = ""


def rehearse(
    name: str, via: str, account: Account, written: Written, files: Mapping[str, MediaRow]
) -> Rehearsed:
    """Play the delivery of a post to one account.

    ``account`` comes without tokens; ``files`` are the rows of the post's media by id, stored or
    not. No transaction may be open.
    """
    found = Rehearsed()
    with _played_networks() as played, egress.bounded(SECONDS):
        recorder = Recorder(httpx.WSGITransport(app=played))
        play = Play(name, via, account, recorder, played.extensions["sandbox"])
        try:
            play.cast()
            recorder.start(play.masks(written))
            play.through(written, files, found)
        except NetworkError as error:
            found.stopped = error.message
        except Exception:  # a rehearsal that fails is no failure of the post's check
            log.exception("not_rehearsed", network=name)
            found.stopped = "This could not be rehearsed."
    return found


class Play:
    """One account's delivery on the stage."""

    def __init__(
        self, name: str, via: str, account: Account, recorder: Recorder, store: Store
    ) -> None:
        self.name, self.real, self.recorder = name, account, recorder
        self.served = store.served = dict[str, Path]()
        self.bridged = via == BRIDGE
        self.config = _staged(settings(), BRIDGE if self.bridged else name)
        agent = f"{egress.USER_AGENT} (+{self.config.APP_URL})"
        self.http = httpx.Client(transport=recorder, headers={"User-Agent": agent})
        self.network: Network = native(name, self.http, self.config)
        if self.bridged:
            from app.networks.metricool_bridge import bridged

            self.network = bridged(self.network, self.http, self.config)
        elif hasattr(self.network, "sleep"):
            self.network.sleep = _short
        self.account, self.swaps = account, dict[str, str]()

    def cast(self) -> None:
        """Find who plays the account: the same handle, an account of the same kind."""
        handle = _handle(self.real.handle)
        server = self.config.network(self.name).api_url if self.real.server else ""
        if self.bridged:
            tokens = Tokens(f"sandbox-{handle}")
            self.account = replace(self.real, tokens=tokens)
            return
        if self.name == "bluesky":
            tokens = self.network.login(server, handle, f"sandbox-{handle}")
        else:
            tokens = Tokens(f"sandbox-{handle}", scopes=self.real.tokens.scopes)
        who = _like(self.network.identities(tokens, server), self.real)
        keys = self.config.network(self.name)
        self.account = Account(
            who.external_id, who.handle, who.tokens or tokens, who.server or server,
            AppKeys(keys.client_id, keys.client_secret), {**who.extras, **self.real.extras},
        )  # fmt: skip
        for played, real in (
            (who.external_id, self.real.external_id), (self.account.server, self.real.server),
        ):  # fmt: skip
            if played and real and played != real:
                self.swaps[played] = real
        mine, theirs = who.external_id.partition("@")[0], self.real.external_id.partition("@")[0]
        if len(mine) > 4 and mine != theirs:
            self.swaps[mine] = theirs

    def masks(self, written: Written) -> Masks:
        """What is put back or hidden in what is shown."""
        here, there = self.config.network(self.name), settings().network(self.name)
        if self.bridged:
            here, there = self.config.network(BRIDGE), settings().network(BRIDGE)
        swaps = dict(self.swaps)
        for played, real in ((here.api_url, there.api_url), (here.auth_url, there.auth_url)):
            if played and real and played != real:
                swaps.setdefault(played, real)
        held = self.account.tokens
        secrets = [held.access, held.refresh, here.client_secret]
        return Masks(swaps, [one for one in secrets if len(one) > 7])

    def through(self, written: Written, files: Mapping[str, MediaRow], found: Rehearsed) -> None:
        """Every part, one after the other; each goes under those that are out."""
        written = self._placed(written)
        out: list[Published] = []
        for index in range(len(written.texts)):
            frozen = content.freeze(written, index)
            root = out[0] if out else None
            opened = Opened(
                ids.uuid7(), 1, index, frozen["parts"], ids.token(), frozen, {}, now(), root,
                root if frozen.get("comment") else out[-1] if out else None,
            )  # fmt: skip
            item = items.build(self.network, self.account, opened, _from(files))
            found.media.append(item.part.media)
            found.options = found.options or dict(item.options)
            for one in (item.part, *item.after):
                for media in one.media:
                    if media.url:
                        self.served[media.url] = media.path
            try:
                out.append(self._deliver(item))
            finally:
                steps = self.recorder.taken()
                found.sent += [Sent(index, step, exchange) for step, exchange in steps]

    def _deliver(self, item: Any) -> Published:
        resume: dict[str, Any] = {}
        until = time.monotonic() + SECONDS
        while True:
            self.recorder.step = "prepare"
            try:
                for step in self.network.prepare(self.account, item, resume):
                    resume = step
                self.recorder.step = "commit"
                return self.network.commit(self.account, item, resume)
            except NetworkError as error:
                if error.category is not Category.MEDIA_PROCESSING:
                    raise
                if error.effect is Effect.DONE:  # taken: it is polled until it is out
                    return Published("", "")
                if time.monotonic() > until:
                    raise
                time.sleep(PAUSE)

    def _placed(self, written: Written) -> Written:
        """A board or the like that the played account does not have is played by one it has."""
        caps = self.network.capabilities(self.real.extras)
        option = next((one.name for one in caps.options if one.kind == "destination"), "")
        wanted = str(written.options.get(option) or "") if option else ""
        if not wanted or self.bridged:
            return written
        places = [one for one in self.network.destinations(self.account) if one.writable]
        self.recorder.taken()
        if not places or any(wanted in (one.external_id, one.name) for one in places):
            return written
        self.recorder.masks.swaps[places[0].external_id] = wanted
        return replace(written, options={**written.options, option: places[0].external_id})


@cache
def _sandbox() -> Flask:
    return create_sandbox(Store())


@contextmanager
def _played_networks() -> Iterator[Flask]:
    with _stage:
        app, store = _sandbox(), Store()
        app.extensions["sandbox"] = store
        try:
            yield app
        finally:
            store.close()


def _staged(config: Config, name: str) -> Config:
    """The settings with that network where it is played."""
    played = f"{PLAYED}/{'x' if name == 'twitter' else name}"
    here = config.network(name)
    api = f"{played}/v5" if name == "pinterest" else played
    there = replace(
        here, client_id=f"sandbox-{name}", client_secret=f"sandbox-{name}-secret", api_url=api,
        auth_url=played, token_url=played, sandbox=True,
    )  # fmt: skip
    return replace(
        config, networks={**config.networks, name: there}, PLC_URL=f"{PLAYED}/plc",
        BLUESKY_VIDEO_URL=f"{PLAYED}/bluesky/video",
    )  # fmt: skip


def _handle(handle: str) -> str:
    """A handle that exists on every played network: letters and digits."""
    found = "".join(one for one in handle.split("@")[0].split(".")[0] if one.isalnum())
    return found.encode("ascii", "ignore").decode()[:40] or HANDLE


def _like(found: Sequence[Identity], real: Account) -> Identity:
    kind = real.extras.get("kind")
    usable = [one for one in found if not one.note] or list(found)
    for fits in (
        lambda one: one.external_id == real.external_id,
        lambda one: kind is not None and kind in (one.kind, one.extras.get("kind")),
    ):
        mine = next((one for one in usable if fits(one)), None)
        if mine is not None:
            return mine
    return usable[0]


def _from(files: Mapping[str, MediaRow]) -> items.Files:
    def rows(part: Mapping[str, Any]) -> list[tuple[MediaRow, str]]:
        return [(files[one["id"]], one["alt"]) for one in part["media"] if one["id"] in files]

    return rows


def _short(seconds: float) -> None:
    time.sleep(min(seconds, PAUSE))
