"""X (``twitter`` in our JSON), API v2 with OAuth 2 (networks/x.md)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import quote

import httpx2 as httpx

from app.config import Config
from app.networks import oauth, rules, x_errors, x_probe, x_rules, x_text, x_upload
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
    Verdict,
)
from app.networks.hosted import Hosted
from app.networks.wire import Answer, call, unreadable
from app.networks.x_about import ABOUT, SCOPES

USER_FIELDS = (
    "id,name,username,profile_image_url,public_metrics,verified,verified_type,"
    "subscription_type,protected"
)
REPLY_SETTINGS = ("following", "mentionedUsers", "subscribers", "verified")
BATCH = 100  # posts one look-up takes


class X(Hosted):
    """One account a token; the access token lives two hours and refreshing rotates both."""

    name: ClassVar[str] = "twitter"
    title: ClassVar[str] = "X"
    secretive: ClassVar[bool] = False  # a public client is one too
    ways: ClassVar[tuple[str, ...]] = ("oauth", "token")
    about: ClassVar[About] = ABOUT

    def __init__(self, http: httpx.Client, config: Config) -> None:
        self.http, self.config = http, config
        self.settings = config.network(self.name)
        self.sleep = time.sleep

    # Content
    def capabilities(self, extras: Mapping[str, Any]) -> Capabilities:
        """Limits by the account's subscription (§4)."""
        return x_rules.capabilities(extras)

    def compose(
        self, text: str, extras: Mapping[str, Any], options: Mapping[str, Any] = NO_OPTIONS
    ) -> Composed:
        """The text as sent with its weighted count (§4)."""
        return x_text.compose(text, x_text.limit_of(extras))

    def validate(
        self,
        parts: tuple[Part, ...],
        extras: Mapping[str, Any],
        options: Mapping[str, Any] = NO_OPTIONS,
    ) -> list[Problem]:
        """What X would refuse."""
        found = x_rules.validate(parts, extras)
        return found + rules.settings(self.capabilities(extras), options, self.title)

    # Connecting
    def authorize(
        self, app: AppKeys, *, server: str, hint: str, redirect_uri: str, state: str
    ) -> Consent:
        """To X's consent page, with PKCE (required there)."""
        verifier = oauth.verifier()
        url = oauth.authorize_url(
            f"{self.settings.auth_url}/i/oauth2/authorize", app, redirect_uri=redirect_uri,
            scope=" ".join(SCOPES), state=state, code_verifier=verifier,
        )  # fmt: skip
        return Consent(url, {"verifier": verifier})

    def exchange(
        self, app: AppKeys, keep: Mapping[str, str], answer: Mapping[str, str], redirect_uri: str
    ) -> Tokens:
        """Code → tokens; the code lives 30 seconds, so this is done in the callback itself."""
        code = oauth.returned(answer)
        found = oauth.tokens(
            self._grant(
                app,
                "authorization_code",
                code=code,
                redirect_uri=redirect_uri,
                code_verifier=keep["verifier"],
            )  # fmt: skip
        )
        if found.scopes and "tweet.write" not in found.scopes:
            raise NetworkError(
                Category.AUTH_ERROR, "The permission to post is missing. Please start again.",
                code="scope", retryable=False,
            )  # fmt: skip
        return found

    def refresh(self, app: AppKeys, tokens: Tokens, server: str) -> Tokens:
        """A new pair; the old refresh token is dead from then on (§2)."""
        oauth.renewable(app, tokens)
        answer = self._grant(app, "refresh_token", refresh_token=tokens.refresh)
        return oauth.renewed(answer, tokens)

    def revoke(self, app: AppKeys, tokens: Tokens, server: str) -> None:
        """End both tokens; what is gone already is done. Pasted tokens are not ours to end."""
        if not app.client_id:
            return
        pair = (("refresh_token", tokens.refresh), ("access_token", tokens.access))
        for hint, token in pair:
            if not token:
                continue
            try:
                oauth.revoke(
                    self.http, f"{self.settings.api_url}/2/oauth2/revoke", app, token,
                    judge=x_errors.token, auth=_auth(app), hint=hint,
                )  # fmt: skip
            except NetworkError as error:
                if error.category is not Category.AUTH_ERROR:
                    raise

    def _grant(self, app: AppKeys, kind: str, **fields: str) -> Answer:
        return oauth.grant(
            self.http, f"{self.settings.api_url}/2/oauth2/token", app, judge=x_errors.token,
            auth=_auth(app), kind=kind, headers=None, **fields,
        )  # fmt: skip

    def identities(self, tokens: Tokens, server: str) -> list[Identity]:
        """The one account of the token; ``extras`` has what its limits depend on."""
        answer = self._read("/2/users/me", tokens, {"user.fields": USER_FIELDS})
        data = answer.mapping().get("data")
        found: Mapping[str, Any] = data if isinstance(data, dict) else {}
        username = str(found.get("username") or "")
        if not found.get("id") or not username:
            raise unreadable(answer.status, answer.raw)
        picture = str(found.get("profile_image_url") or "")
        kept = ("subscription_type", "verified", "verified_type", "protected", "public_metrics")
        identity = Identity(
            external_id=str(found["id"]),
            handle=username,
            name=str(found.get("name") or username),
            avatar_url=picture.replace("_normal.", "_400x400."),
            url=f"{self.settings.auth_url}/{quote(username, safe='')}",
            extras={name: found[name] for name in kept if found.get(name) is not None},
        )
        return [identity]

    # Publishing
    def prepare(
        self, account: Account, item: Item, resume: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Upload the files, leave their descriptions, wait for encoding."""
        headers = oauth.bearer(account.tokens)
        uploads = x_upload.Uploads(self.http, self.settings.api_url, headers, self.sleep)
        return uploads.prepare(item.part.media, resume)

    def commit(self, account: Account, item: Item, resume: Mapping[str, Any]) -> Published:
        """Create the post. X knows no key of ours: a lost answer is looked up (§7)."""
        answer = call(
            self.http, "POST", f"{self.settings.api_url}/2/tweets",
            judge=x_errors.created(has_parent=item.parent is not None),
            headers=oauth.bearer(account.tokens), json=self._body(account, item, resume),
            seconds=self.config.COMMIT_DEADLINE_SECONDS,
        )  # fmt: skip
        data = answer.mapping().get("data")
        made = data.get("id") if isinstance(data, dict) else None
        if not isinstance(made, str | int) or not str(made):
            raise unreadable(answer.status, answer.raw)
        missing = x_upload.undescribed(item.part.media, resume)
        extras = {"no_alt": missing} if missing else {}
        return Published(str(made), self._permalink(account.handle, str(made)), extras)

    def _body(self, account: Account, item: Item, resume: Mapping[str, Any]) -> dict[str, Any]:
        """The request; X refuses properties it does not know, so nothing is sent in vain."""
        body: dict[str, Any] = {}
        text = self.compose(item.part.text, account.extras).text
        if text:
            body["text"] = text
        if item.part.media:
            body["media"] = {"media_ids": x_upload.ids(item.part.media, resume)}
        if item.parent is not None:
            body["reply"] = {"in_reply_to_tweet_id": item.parent.external_id}
        if item.options.get("reply_settings") in REPLY_SETTINGS:
            body["reply_settings"] = item.options["reply_settings"]
        return body

    def probe_by(
        self, account: Account, age: float, resume: Mapping[str, Any] = NO_OPTIONS
    ) -> Probe:
        """Only the account's newest posts can tell (§7)."""
        return Probe.LISTING

    def probe(
        self,
        account: Account,
        item: Item,
        resume: Mapping[str, Any],
        since: datetime,
        known: frozenset[str],
    ) -> Probed:
        """Look for the post among the account's own since then."""
        sought = x_probe.Sought(
            text=self.compose(item.part.text, account.extras).text,
            parent=item.parent.external_id if item.parent is not None else "",
            media_keys=tuple(x_upload.keys(item.part.media, resume)),
            since=since,
            known=known,
        )
        path = f"/2/users/{quote(account.external_id, safe='')}/tweets"

        def page(params: Mapping[str, str]) -> Mapping[str, Any]:
            answer = self._read(path, account.tokens, params)
            if not isinstance(answer.data(), dict):
                raise unreadable(answer.status, answer.raw)
            return answer.mapping()

        try:
            return x_probe.search(sought, page, lambda i: self._permalink(account.handle, i))
        except NetworkError as error:
            if error.category is not Category.VALIDATION:
                raise
            # A refusal to show the list says nothing about the post.
            return Probed(Verdict.UNSURE, message="X does not show this account's posts now.")

    def delete(self, account: Account, published: Published) -> None:
        """Take it down; not found means it is gone already."""
        try:
            answer = call(
                self.http, "DELETE",
                f"{self.settings.api_url}/2/tweets/{quote(published.external_id, safe='')}",
                judge=x_errors.other, headers=oauth.bearer(account.tokens),
            )  # fmt: skip
        except NetworkError as error:
            if error.code != "not_found":
                raise
            return
        data = answer.mapping().get("data")
        if not isinstance(data, dict) or not data.get("deleted"):
            raise unreadable(answer.status, answer.raw)

    def metrics(self, account: Account, ids: list[str]) -> dict[str, Metrics]:
        """Public counts, a hundred posts a call (reading is billed)."""
        found: dict[str, Metrics] = {}
        for start in range(0, len(ids), BATCH):
            params = {
                "ids": ",".join(ids[start : start + BATCH]),
                "tweet.fields": "public_metrics,created_at",
            }
            answer = self._read("/2/tweets", account.tokens, params)
            if not isinstance(answer.data(), dict):
                raise unreadable(answer.status, answer.raw)
            found |= _counts(answer.mapping())
        return {one: found[one] for one in ids if one in found}

    def _read(self, path: str, tokens: Tokens, params: Mapping[str, str]) -> Answer:
        return call(
            self.http, "GET", self.settings.api_url + path, judge=x_errors.other,
            headers=oauth.bearer(tokens), params=params,
        )  # fmt: skip

    def _permalink(self, handle: str, post_id: str) -> str:
        whose = quote(handle.lstrip("@") or "i", safe="")
        return f"{self.settings.auth_url}/{whose}/status/{quote(post_id, safe='')}"


def _auth(app: AppKeys) -> str:
    return "client_secret_basic" if app.client_secret else "none"


def _counts(found: Mapping[str, Any]) -> dict[str, Metrics]:
    """Posts that are there, and those X says are gone; old and new names (§1)."""
    counts: dict[str, Metrics] = {}
    rows, errors = found.get("data"), found.get("errors")
    for row in rows if isinstance(rows, list) else []:
        told = row.get("public_metrics") if isinstance(row, dict) else None
        if isinstance(told, dict):
            counts[str(row.get("id"))] = Metrics(
                likes=_number(told, "like_count"),
                shares=_number(told, "retweet_count", "repost_count"),
                comments=_number(told, "reply_count"),
                quotes=_number(told, "quote_count"),
                saves=_number(told, "bookmark_count"),
                impressions=_number(told, "impression_count"),
            )
    for row in errors if isinstance(errors, list) else []:
        kind = str(row.get("type") or "") if isinstance(row, dict) else ""
        if kind.rstrip("/").rpartition("/")[2] == "resource-not-found":
            counts[str(row.get("resource_id") or row.get("value"))] = Metrics(gone=True)
    return counts


def _number(found: Mapping[str, Any], *names: str) -> int | None:
    for name in names:
        value = found.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None
