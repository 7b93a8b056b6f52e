"""Bluesky, on any server of the AT Protocol (networks/bluesky.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar

import httpx2 as httpx

from app.config import Config
from app.networks import bluesky_oauth, bluesky_session, bluesky_text
from app.networks.base import (
    NO_OPTIONS,
    About,
    Account,
    AppKeys,
    Capabilities,
    Category,
    Composed,
    Consent,
    Identity,
    Item,
    Metrics,
    NetworkError,
    Part,
    Probe,
    Probed,
    Problem,
    Published,
    Tokens,
)  # fmt: skip
from app.networks.bluesky_about import ABOUT
from app.networks.bluesky_check import CAPABILITIES, problems
from app.networks.bluesky_dpop import Dpop
from app.networks.bluesky_identity import DID
from app.networks.bluesky_posts import Posts, named
from app.networks.bluesky_video import Videos
from app.networks.bluesky_xrpc import AUTH, Xrpc
from app.networks.wire import unreadable

WEB = "https://bsky.app"  # where posts are read, unless BLUESKY_AUTH_URL names another place


class Bluesky:
    """Both kinds of session go through one ``Xrpc.call``: ``Tokens.more`` tells which it is."""

    name: ClassVar[str] = "bluesky"
    title: ClassVar[str] = "Bluesky"
    user_hosts: ClassVar[bool] = True
    ways: ClassVar[tuple[str, ...]] = ("oauth", "app_password")
    registers: ClassVar[bool] = False
    about: ClassVar[About] = ABOUT

    def __init__(self, http: httpx.Client, config: Config) -> None:
        settings = config.network("bluesky")
        self.config = config
        self.entry = settings.api_url
        # Consent pages are found at each account's own server, never configured: what
        # AUTH_URL names here is the web application, where permalinks lead.
        self.web = settings.auth_url or WEB
        dpop = Dpop(http)
        self.xrpc = Xrpc(http, dpop)
        self.passwords = bluesky_session.Passwords(http, self.xrpc, config.PLC_URL)
        self.oauth = bluesky_oauth.OAuth(http, dpop, config)
        videos = Videos(self.xrpc, config.BLUESKY_VIDEO_URL)
        self.posts = Posts(self.xrpc, videos, self.web, config.COMMIT_DEADLINE_SECONDS)

    def capabilities(self, extras: Mapping[str, Any]) -> Capabilities:
        return CAPABILITIES

    def compose(
        self, text: str, extras: Mapping[str, Any], options: Mapping[str, Any] = NO_OPTIONS
    ) -> Composed:
        return bluesky_text.compose(text, self.web)

    def validate(
        self,
        parts: tuple[Part, ...],
        extras: Mapping[str, Any],
        options: Mapping[str, Any] = NO_OPTIONS,
    ) -> list[Problem]:
        return problems(parts, options)

    # Connecting
    def server(self, typed: str) -> str:
        return bluesky_session.server(typed, self.entry)

    def register(self, server: str, redirect_uri: str) -> AppKeys:
        """Nobody is asked: the id is the address of our own document (§1b)."""
        return AppKeys(bluesky_oauth.client_id(self.config, redirect_uri))

    def authorize(
        self, app: AppKeys, *, server: str, hint: str, redirect_uri: str, state: str
    ) -> Consent:
        return self.oauth.begin(
            app, server=server or self.entry, hint=hint, redirect_uri=redirect_uri, state=state
        )

    def exchange(
        self, app: AppKeys, keep: Mapping[str, str], answer: Mapping[str, str], redirect_uri: str
    ) -> Tokens:
        return self.oauth.finish(app, keep, answer, redirect_uri)

    def login(self, server: str, identifier: str, password: str) -> Tokens:
        return self.passwords.login(server or self.entry, identifier, password)

    def refresh(self, app: AppKeys, tokens: Tokens, server: str) -> Tokens:
        if "dpop_key" in tokens.more:
            return self.oauth.refresh(app, tokens)
        return self.passwords.refresh(tokens)

    def revoke(self, app: AppKeys, tokens: Tokens, server: str) -> None:
        if "dpop_key" not in tokens.more:
            self.passwords.end(tokens)
            return
        try:
            self.oauth.revoke(app, tokens)
        except NetworkError as error:
            if error.category is not Category.AUTH_ERROR:
                raise

    def identities(self, tokens: Tokens, server: str) -> list[Identity]:
        """The one account of the session, with its profile where a server can show it."""
        pds = tokens.more.get("pds") or server
        session = self.xrpc.call(
            pds, "GET", "com.atproto.server.getSession", tokens=tokens
        ).mapping()  # fmt: skip
        did, handle = session.get("did"), session.get("handle")
        if not isinstance(did, str) or not isinstance(handle, str) or not DID.fullmatch(did):
            raise unreadable(200)
        if session.get("active") is False:
            gone = session.get("status") == "deactivated"
            raise NetworkError(
                Category.AUTH_ERROR, AUTH["AccountDeactivated" if gone else "AccountTakedown"]
            )
        profile = self._profile(pds, tokens, did)
        return [
            Identity(
                did, handle, str(profile.get("displayName") or ""),
                str(profile.get("avatar") or ""), f"{self.web}/profile/{named(handle, did)}", pds,
            )
        ]  # fmt: skip

    def _profile(self, pds: str, tokens: Tokens, did: str) -> dict[str, Any]:
        """Name and picture; a server without an application view has neither (§3)."""
        try:
            return self.xrpc.call(
                pds, "GET", "app.bsky.actor.getProfile", tokens=tokens, params={"actor": did}
            ).mapping()
        except NetworkError as error:
            if error.expired:
                raise
            return {}

    # Publishing
    def prepare(
        self, account: Account, item: Item, resume: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        return self.posts.prepare(account, item, resume)

    def commit(self, account: Account, item: Item, resume: Mapping[str, Any]) -> Published:
        return self.posts.commit(account, item, resume)

    def probe_by(
        self, account: Account, age: float, resume: Mapping[str, Any] = NO_OPTIONS
    ) -> Probe:
        """By key: key and record are fixed before the first call, and the server answers an
        identical repeat with the same uri and cid, at any age (§6.2).

        Reading by that key (``HANDLE``) is weaker: "absent" says nothing about a request
        still on its way. Where nothing may be sent, ``probe`` reads all the same.
        """
        return Probe.KEY

    def probe(
        self,
        account: Account,
        item: Item,
        resume: Mapping[str, Any],
        since: datetime,
        known: frozenset[str],
    ) -> Probed:
        return self.posts.probe(account, item, resume)

    def delete(self, account: Account, published: Published) -> None:
        self.posts.delete(account, published)

    def metrics(self, account: Account, ids: list[str]) -> dict[str, Metrics]:
        return self.posts.metrics(account, ids)
