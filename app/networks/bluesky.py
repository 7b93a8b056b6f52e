"""Bluesky, on any server of the AT Protocol (networks/bluesky.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any, ClassVar

import httpx2 as httpx

from app.config import Config
from app.networks import bluesky_oauth, bluesky_records, bluesky_session, bluesky_text
from app.networks.base import (
    Account,
    AppKeys,
    Capabilities,
    Category,
    Composed,
    Consent,
    Identity,
    Item,
    Media,
    Metrics,
    NetworkError,
    Part,
    Probe,
    Probed,
    Problem,
    Published,
    Tokens,
    Verdict,
)  # fmt: skip
from app.networks.bluesky_check import CAPABILITIES, problems
from app.networks.bluesky_dpop import Dpop
from app.networks.bluesky_identity import DID
from app.networks.bluesky_records import CARD, POST, Address
from app.networks.bluesky_xrpc import AUTH, Xrpc, read_judge
from app.networks.wire import Answer, unreadable

WEB = "https://bsky.app"  # where posts are read, unless BLUESKY_AUTH_URL names another place
UPLOAD_SECONDS = 120.0
POSTS_A_CALL = 25


class Bluesky:
    """Both kinds of session go through one ``Xrpc.call``: ``Tokens.more`` tells which it is."""

    name: ClassVar[str] = "bluesky"
    title: ClassVar[str] = "Bluesky"
    user_hosts: ClassVar[bool] = True
    ways: ClassVar[tuple[str, ...]] = ("oauth", "app_password")
    registers: ClassVar[bool] = False

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

    def capabilities(self, extras: Mapping[str, Any]) -> Capabilities:
        return CAPABILITIES

    def compose(self, text: str, extras: Mapping[str, Any]) -> Composed:
        return bluesky_text.compose(text, self.web)

    def validate(self, parts: tuple[Part, ...], extras: Mapping[str, Any]) -> list[Problem]:
        return problems(parts)

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
                str(profile.get("avatar") or ""), f"{self.web}/profile/{_named(handle, did)}", pds,
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
        """``rkey`` first, then ``blobs`` by media id, then ``record``: the whole request (§6).

        What an earlier attempt left is begun anew: its blobs may be gone by now.
        """
        kept = deepcopy(dict(resume))
        if kept.get("marker") != item.marker:
            kept = {"marker": item.marker, "rkey": bluesky_records.rkey(item), "blobs": {}}
            yield deepcopy(kept)
        if "record" in kept:
            return
        for key, media in _files(item.part):
            if key not in kept["blobs"]:
                kept["blobs"][key] = self._upload(account, media)
                yield deepcopy(kept)
        kept["record"] = bluesky_records.build(
            item, blobs=kept["blobs"], dids=self._mentioned(account, item.part.text),
            reply=self._reply(account, item),
        )  # fmt: skip
        yield deepcopy(kept)

    def _upload(self, account: Account, media: Media) -> dict[str, Any]:
        """The server's blob object: content-addressed, so a second upload changes nothing."""
        try:
            content = media.path.read_bytes()
        except OSError as error:
            raise NetworkError(
                Category.MEDIA_ERROR, "The picture is no longer in the media library.",
                code="media_missing", retryable=False,
            ) from error  # fmt: skip
        answer = self.xrpc.call(
            _pds(account), "POST", "com.atproto.repo.uploadBlob", tokens=account.tokens,
            content=content, headers={"Content-Type": media.mime}, seconds=UPLOAD_SECONDS,
        )  # fmt: skip
        blob = answer.mapping().get("blob")
        if not isinstance(blob, dict) or "ref" not in blob:
            raise unreadable(answer.status, answer.raw)
        return blob

    def _mentioned(self, account: Account, text: str) -> dict[str, str]:
        """Handle → DID. One that nobody knows stays plain text; a server that is away does
        not: then the step is repeated, since a lost mention can't be put back."""
        found: dict[str, str] = {}
        for mention in bluesky_text.find(bluesky_text.normal(text)):
            if mention.kind != "mention" or mention.value in found:
                continue
            try:
                answer = self.xrpc.call(
                    _pds(account), "GET", "com.atproto.identity.resolveHandle",
                    params={"handle": mention.value},
                )  # fmt: skip
            except NetworkError as error:
                if error.status is None or error.category is Category.RATE_LIMITED:
                    raise
                continue
            did = answer.mapping().get("did")
            if isinstance(did, str) and DID.fullmatch(did):
                found[mention.value] = did
        return found

    def _reply(self, account: Account, item: Item) -> dict[str, Any] | None:
        if item.parent is None:
            return None
        parent = self._reference(account, item.parent)
        root = self._reference(account, item.root) if item.root else parent
        return {"root": root, "parent": parent}

    def _reference(self, account: Account, published: Published) -> dict[str, str]:
        """``uri`` and ``cid`` of an earlier part; the cid is asked for where it was not kept."""
        uri = str(published.extras.get("uri") or published.external_id)
        cid = published.extras.get("cid")
        if not isinstance(cid, str) or not cid:
            found = self._read(account, Address.parse(uri))
            if found is None:
                raise NetworkError(
                    Category.VALIDATION, "The post this one answers is gone.", retryable=False
                )
            cid = str(found.extras["cid"])
        return {"uri": uri, "cid": cid}

    def commit(self, account: Account, item: Item, resume: Mapping[str, Any]) -> Published:
        """``putRecord`` that must make, not change: ``swapRecord`` is null (§6).

        Without it a record of the same key would silently be replaced.
        """
        address = Address(account.external_id, POST, str(resume["rkey"]))
        answer = self.xrpc.call(
            _pds(account), "POST", "com.atproto.repo.putRecord", tokens=account.tokens,
            json={**address.fields, "record": resume["record"], "swapRecord": None},
            seconds=self.config.COMMIT_DEADLINE_SECONDS,
        )  # fmt: skip
        return self._published(account, answer)

    def _published(self, account: Account, answer: Answer) -> Published:
        found = answer.mapping()
        uri, cid = found.get("uri"), found.get("cid")
        if not isinstance(uri, str) or not isinstance(cid, str):
            raise unreadable(answer.status)  # done, but under which name is not known
        place = f"{_named(account.handle, account.external_id)}/post/{Address.parse(uri).rkey}"
        return Published(uri, f"{self.web}/profile/{place}", {"uri": uri, "cid": cid})

    def probe_by(self, account: Account, age: float) -> Probe:
        """By key: the record and its key are fixed before the first call, and the server
        answers an identical repeat with the same uri and cid (§6.2).

        Safer than reading by that key (``HANDLE``): "absent" says nothing about a request
        still on its way, and the next attempt would have another key. It holds at any age.
        Where nothing may be sent (an account on hold), ``probe`` reads.
        """
        return Probe.KEY

    def probe(
        self, account: Account, item: Item, resume: Mapping[str, Any], since: datetime,
        known: frozenset[str],
    ) -> Probed:  # fmt: skip
        """Read the record by its key (§6.4)."""
        rkey = str(resume.get("rkey") or bluesky_records.rkey(item))
        found = self._read(account, Address(account.external_id, POST, rkey))
        if found is None:
            return Probed(Verdict.ABSENT)
        return Probed(Verdict.PUBLISHED, found)

    def _read(self, account: Account, address: Address) -> Published | None:
        """``getRecord``; ``None`` where there is none. Public, so no token is in the way."""
        try:
            answer = self.xrpc.call(
                _pds(account),
                "GET",
                "com.atproto.repo.getRecord",
                params=address.fields,
                judge=read_judge,
            )
        except NetworkError as error:
            if error.code == "RecordNotFound":
                return None
            raise
        return self._published(account, answer)

    def delete(self, account: Account, published: Published) -> None:
        """Gone already is answered like gone now (§2)."""
        self.xrpc.call(
            _pds(account), "POST", "com.atproto.repo.deleteRecord", tokens=account.tokens,
            json=Address.parse(published.external_id).fields,
        )  # fmt: skip

    def metrics(self, account: Account, ids: list[str]) -> dict[str, Metrics]:
        """Counts by at-URI. One that is not shown is gone only if its record is (§3)."""
        counted: dict[str, Metrics] = {}
        for start in range(0, len(ids), POSTS_A_CALL):
            answer = self.xrpc.call(
                _pds(account), "GET", "app.bsky.feed.getPosts", tokens=account.tokens,
                params=[("uris", uri) for uri in ids[start : start + POSTS_A_CALL]],
            )  # fmt: skip
            posts = answer.mapping().get("posts")
            for post in posts if isinstance(posts, list) else ():
                if isinstance(post, dict):
                    counted[str(post.get("uri"))] = _counts(post)
        for uri in ids:
            if uri not in counted:
                counted[uri] = Metrics(gone=self._read(account, Address.parse(uri)) is None)
        return {uri: counted[uri] for uri in ids}


def _files(part: Part) -> list[tuple[str, Media]]:
    """What to upload, by its key in ``resume``; pictures leave no room for a card (§2)."""
    if part.media:
        return [(media.id, media) for media in part.media]
    picture = part.card.image if part.card else None
    if picture is None or picture.size > CAPABILITIES.max_image_bytes:
        return []  # a card looks better without a picture than not at all
    return [(CARD, picture)]


def _pds(account: Account) -> str:
    """Where the account lives now: a refresh may have moved it."""
    return account.tokens.more.get("pds") or account.server


def _named(handle: str, did: str) -> str:
    """A name for web addresses: a handle that lost its domain is no name."""
    return did if handle in ("", "handle.invalid") else handle


def _counts(post: Mapping[str, Any]) -> Metrics:
    def count(name: str) -> int | None:
        found = post.get(name)
        return found if isinstance(found, int) else None

    return Metrics(
        likes=count("likeCount"), shares=count("repostCount"), comments=count("replyCount"),
        quotes=count("quoteCount"), saves=count("bookmarkCount"),
    )  # fmt: skip
