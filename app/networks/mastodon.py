"""Mastodon, and servers that speak its API (networks/mastodon.md)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import quote

import httpx2 as httpx

from app.config import Config
from app.networks import (
    mastodon_media,
    mastodon_rules,
    mastodon_seen,
    mastodon_server,
    oauth,
    rules,
)
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
)
from app.networks.mastodon_about import ABOUT
from app.networks.mastodon_errors import (
    HEADERS,
    absent_judge,
    judge,
    registration_judge,
    status_judge,
    token_judge,
)
from app.networks.mastodon_media import Shelf
from app.networks.mastodon_seen import Sought, counts
from app.networks.wire import call, unreadable

APP_NAME = "Carillon"
# §6: sooner than this a repeat may still post twice; later the server may have forgotten.
KEY_FROM_SECONDS, KEY_UNTIL_SECONDS = 30.0, 55 * 60.0
BATCH = 20  # statuses one look-up takes
BATCH_SINCE = (4, 3)


class Mastodon:
    """One client for every server; the server travels with the account."""

    name: ClassVar[str] = "mastodon"
    title: ClassVar[str] = "Mastodon"
    user_hosts: ClassVar[bool] = True
    ways: ClassVar[tuple[str, ...]] = ("oauth", "token")
    registers: ClassVar[bool] = True
    about: ClassVar[About] = ABOUT

    def __init__(self, http: httpx.Client, config: Config) -> None:
        self.http, self.config = http, config
        self.settings = config.network(self.name)
        self.sleep = time.sleep

    # Content
    def capabilities(self, extras: Mapping[str, Any]) -> Capabilities:
        """Limits of the account's server."""
        return mastodon_rules.capabilities(extras)

    def compose(
        self, text: str, extras: Mapping[str, Any], options: Mapping[str, Any] = NO_OPTIONS
    ) -> Composed:
        """The text as sent, counted as the server counts it, its warning included (§4)."""
        return mastodon_rules.composed(text, extras, mastodon_rules.warning(options))

    def validate(
        self,
        parts: tuple[Part, ...],
        extras: Mapping[str, Any],
        options: Mapping[str, Any] = NO_OPTIONS,
    ) -> list[Problem]:
        """What the server would refuse."""
        found = mastodon_rules.validate(parts, extras, options)
        return found + rules.settings(self.capabilities(extras), options, self.title)

    # Connecting
    def server(self, typed: str) -> str:
        """The base URL for ``mastodon.social``, an address or ``@me@host``.

        Nothing typed means the configured server. Raises ``validation`` (code ``server``).
        """
        return mastodon_server.server(typed, self.settings.api_url)

    def register(self, server: str, redirect_uri: str) -> AppKeys:
        """The configured app for the configured server, a new one anywhere else.

        To be stored by server and ``redirect_uri`` and used for all people there;
        ``more["scopes"]`` is what it may be asked for. Raises ``validation`` with code
        ``not_mastodon``, ``moved`` or ``registration``.
        """
        more = mastodon_server.discover(self.http, server)
        if self.settings.client_id and server == self.settings.api_url:
            return AppKeys(self.settings.client_id, self.settings.client_secret, more)
        mastodon_server.instance(self.http, server)  # a sentence that fits, if it is none
        answer = call(
            self.http, "POST", f"{server}/api/v1/apps", judge=registration_judge, headers=HEADERS,
            form={
                "client_name": APP_NAME, "redirect_uris": redirect_uri,
                "scopes": more["scopes"], "website": self.config.APP_URL,
            },
        )  # fmt: skip
        return mastodon_server.app_keys(answer, more)

    def authorize(
        self, app: AppKeys, *, server: str, hint: str, redirect_uri: str, state: str
    ) -> Consent:
        """To the server's consent page, always with PKCE (older ones ignore it, §1)."""
        verifier = oauth.verifier()
        more = {**_endpoints(server), **app.more}
        url = oauth.authorize_url(
            more["authorization"], app, redirect_uri=redirect_uri, scope=more["scopes"],
            state=state, code_verifier=verifier,
        )  # fmt: skip
        return Consent(url, {"verifier": verifier, "server": server})

    def exchange(
        self, app: AppKeys, keep: Mapping[str, str], answer: Mapping[str, str], redirect_uri: str
    ) -> Tokens:
        """Code → token. ``auth_error``; code ``invalid_client`` means: register again."""
        code = oauth.returned(answer)
        more = {**_endpoints(keep["server"]), **app.more}
        if answer.get("iss") and answer["iss"].rstrip("/") not in (more["issuer"], keep["server"]):
            raise _auth("The answer came from another server. Please start again.", "iss")
        got = oauth.grant(
            self.http, more["token"], app, judge=token_judge, auth="client_secret_post",
            kind="authorization_code", headers=HEADERS, code=code, redirect_uri=redirect_uri,
            code_verifier=keep["verifier"],
        )  # fmt: skip
        tokens = oauth.tokens(got)
        if tokens.scopes and not {"write", "write:statuses"} & set(tokens.scopes):
            raise _auth("The permission to post is missing. Please start again.", "scope")
        return tokens

    def login(self, server: str, identifier: str, password: str) -> Tokens:
        """Not a way in here."""
        raise NetworkError(
            Category.VALIDATION, "Sign in on the server's own page instead.",
            code="unsupported", retryable=False,
        )  # fmt: skip

    def refresh(self, app: AppKeys, tokens: Tokens, server: str) -> Tokens:
        """Tokens last until revoked (§1): there is nothing to refresh."""
        raise _auth("The access has ended. Connect the account again.", "no_refresh")

    def revoke(self, app: AppKeys, tokens: Tokens, server: str) -> None:
        """End the token; a pasted one, which belongs to another app, stays as it is."""
        if not app.client_id:
            return
        more = {**_endpoints(server), **app.more}
        try:
            oauth.revoke(
                self.http, more["revocation"], app, tokens.access, judge=token_judge,
                auth="client_secret_post", headers=HEADERS,
            )  # fmt: skip
        except NetworkError as error:
            if error.category is not Category.AUTH_ERROR:
                raise

    def identities(self, tokens: Tokens, server: str) -> list[Identity]:
        """The one account of the token, with its server's limits as of now in ``extras``."""
        headers = self._headers(tokens)
        here = mastodon_server.instance(self.http, server, headers)
        answer = call(
            self.http, "GET", f"{server}/api/v1/accounts/verify_credentials",
            judge=judge, headers=headers,
        )  # fmt: skip
        found = answer.mapping()
        if not found.get("id") or not found.get("username"):
            raise unreadable(answer.status, answer.raw)
        username = str(found["username"])
        identity = Identity(
            external_id=f"{found['id']}@{mastodon_server.netloc(server)}",
            handle=f"{username}@{here.domain}",
            name=str(found.get("display_name") or username),
            avatar_url=str(found.get("avatar") or ""),
            url=str(found.get("url") or ""),
            server=server,
            extras=here.extras,
        )
        return [identity]

    # Publishing
    def prepare(
        self, account: Account, item: Item, resume: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Upload the files with their descriptions and wait until each can be attached."""
        shelf = Shelf(self.http, account.server, self._headers(account.tokens), self.sleep)
        return shelf.prepare(item.part.media, resume)

    def commit(self, account: Account, item: Item, resume: Mapping[str, Any]) -> Published:
        """Post the status, under ``item.marker`` as its ``Idempotency-Key`` (§6)."""
        media = mastodon_media.attached(item.part.media, resume)
        answer = call(
            self.http, "POST", f"{account.server}/api/v1/statuses",
            judge=status_judge(
                refers=bool(media or item.parent),
                late_media=mastodon_media.late(item.part.media, resume),
            ),
            headers={**self._headers(account.tokens), "Idempotency-Key": item.marker},
            json=self._status(account, item, media),
            seconds=self.config.COMMIT_DEADLINE_SECONDS,
        )  # fmt: skip
        found = answer.mapping()
        if not found.get("id"):
            raise unreadable(answer.status, answer.raw)
        return mastodon_seen.published(found)

    def _status(self, account: Account, item: Item, media: list[str]) -> dict[str, Any]:
        """The body; with no visibility chosen, the account's own default on its server."""
        body: dict[str, Any] = {"status": self.compose(item.part.text, account.extras).text}
        if media:
            body["media_ids"] = media
        if item.parent is not None:
            body["in_reply_to_id"] = item.parent.external_id
        if seen := mastodon_rules.visibility(item):
            body["visibility"] = seen
        if warning := mastodon_rules.warning(item.options):
            body["spoiler_text"] = warning
        for name in ("sensitive", "language"):
            if item.options.get(name):
                body[name] = item.options[name]
        return body

    def probe_by(
        self, account: Account, age: float, resume: Mapping[str, Any] = NO_OPTIONS
    ) -> Probe:
        """By key only from a server that keeps it, and only while it does (§6)."""
        keeps = account.extras.get("software") == "mastodon"
        return Probe.KEY if keeps and KEY_FROM_SECONDS <= age < KEY_UNTIL_SECONDS else Probe.LISTING

    def probe(
        self,
        account: Account,
        item: Item,
        resume: Mapping[str, Any],
        since: datetime,
        known: frozenset[str],
    ) -> Probed:
        """Look for the status among the account's own."""
        whose = quote(account.external_id.partition("@")[0], safe="")
        url = f"{account.server}/api/v1/accounts/{whose}/statuses"
        headers = self._headers(account.tokens)

        def page(before: str) -> list[dict[str, Any]]:
            params = {"limit": str(mastodon_seen.PAGE), "exclude_reblogs": "true"}
            if before:
                params["max_id"] = before
            answer = call(self.http, "GET", url, judge=judge, headers=headers, params=params)
            found = answer.data()
            if not isinstance(found, list) or not all(isinstance(s, dict) for s in found):
                raise unreadable(answer.status, answer.raw)
            return found

        return mastodon_seen.search(Sought.of(item, since, known), page)

    def delete(self, account: Account, published: Published) -> None:
        """Take it down; 404 means it is gone already."""
        try:
            call(
                self.http, "DELETE", self._one(account, published.external_id),
                judge=absent_judge, headers=self._headers(account.tokens),
            )  # fmt: skip
        except NetworkError as error:
            if error.code != "not_found":
                raise

    def metrics(self, account: Account, ids: list[str]) -> dict[str, Metrics]:
        """Counts as this server sees them: twenty a call where it can, else one by one."""
        version = mastodon_server.release(str(account.extras.get("version") or ""))
        if account.extras.get("software") != "mastodon" or version < BATCH_SINCE:
            return {one: self._metrics_of(account, one) for one in ids}
        found: dict[str, Metrics] = {}
        for start in range(0, len(ids), BATCH):
            asked = ids[start : start + BATCH]
            answer = call(
                self.http, "GET", f"{account.server}/api/v1/statuses", judge=judge,
                headers=self._headers(account.tokens), params=[("id[]", one) for one in asked],
            )  # fmt: skip
            data = answer.data()
            if not isinstance(data, list):
                raise unreadable(answer.status, answer.raw)
            told = {str(s.get("id")): counts(s) for s in data if isinstance(s, dict)}
            found |= {one: told.get(one, Metrics(gone=True)) for one in asked}
        return found

    def _metrics_of(self, account: Account, one: str) -> Metrics:
        try:
            answer = call(
                self.http, "GET", self._one(account, one),
                judge=absent_judge, headers=self._headers(account.tokens),
            )  # fmt: skip
        except NetworkError as error:
            if error.code == "not_found":
                return Metrics(gone=True)
            raise
        return counts(answer.mapping())

    def _one(self, account: Account, status_id: str) -> str:
        return f"{account.server}/api/v1/statuses/{quote(status_id, safe='')}"

    def _headers(self, tokens: Tokens) -> dict[str, str]:
        return {**HEADERS, "Authorization": f"Bearer {tokens.access}"}


def _endpoints(server: str) -> dict[str, str]:
    """For apps registered before we kept these, and for tokens that were pasted."""
    usual = {name: server + path for name, path in mastodon_server.ENDPOINTS.items()}
    return {**usual, "issuer": server, "scopes": mastodon_server.scopes([])}


def _auth(message: str, code: str) -> NetworkError:
    return NetworkError(Category.AUTH_ERROR, message, code=code, retryable=False)
