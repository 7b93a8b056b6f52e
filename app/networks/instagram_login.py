"""The two ways to connect (networks/instagram.md §1): Instagram's own login, or Facebook's.

Either gives the same three things to publishing: a host, an account id and a token.
``Tokens.more["login"]`` names the way; with Facebook's, ``more["page"]`` marks a Page's token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol

import httpx2 as httpx

from app.clock import now
from app.config import Config, NetworkSettings
from app.networks import meta, meta_login, oauth
from app.networks.base import AppKeys, Category, Consent, Identity, NetworkError, Tokens
from app.networks.instagram_graph import Graph, data
from app.networks.wire import Answer, call, unreadable

INSTAGRAM, FACEBOOK = "instagram", "facebook"
SCOPES = (
    "instagram_business_basic", "instagram_business_content_publish",
    "instagram_business_manage_comments", "instagram_business_manage_insights",
)  # fmt: skip
FACEBOOK_SCOPES = (
    "instagram_basic", "instagram_content_publish", "instagram_manage_comments",
    "instagram_manage_insights", "instagram_manage_contents", "pages_show_list",
    "pages_read_engagement", "business_management",
)  # fmt: skip
PROFILE = "username,name,profile_picture_url,followers_count"
LASTS = timedelta(days=60)
# Renewing is asked for from the middle of the 60 days on (§1): by then the token is surely a
# day old, and an account that posts once a month is still renewed in time.
RENEW = timedelta(days=30)


class Login(Protocol):
    """One way to connect."""

    name: str

    def keys(self) -> AppKeys: ...
    def authorize(self, app: AppKeys, *, redirect_uri: str, state: str) -> Consent: ...
    def exchange(self, app: AppKeys, answer: Mapping[str, str], redirect_uri: str) -> Tokens: ...
    def refresh(self, app: AppKeys, tokens: Tokens) -> Tokens: ...
    def revoke(self, tokens: Tokens) -> None: ...
    def identities(self, tokens: Tokens) -> list[Identity]: ...
    def graph(self, tokens: Tokens) -> Graph: ...


def _unset(word: str) -> NetworkError:
    return NetworkError(
        Category.VALIDATION,
        "Instagram is not set up on this installation: its operator has to register an app at "
        f"Meta and set {word}_CLIENT_ID and {word}_CLIENT_SECRET.",
        code="not_configured", retryable=False,
    )  # fmt: skip


class InstagramLogin:
    """Way B: only the Instagram account is needed."""

    name = INSTAGRAM

    def __init__(self, http: httpx.Client, config: Config) -> None:
        self.http, self.settings = http, config.network(INSTAGRAM)
        self.version = config.INSTAGRAM_API_VERSION

    def keys(self) -> AppKeys:
        """Our app there, which is not the Facebook app."""
        if not self.settings.client_id or not self.settings.client_secret:
            raise _unset("INSTAGRAM")
        return AppKeys(self.settings.client_id, self.settings.client_secret)

    def graph(self, tokens: Tokens) -> Graph:
        return Graph(self.http, f"{self.settings.api_url}/{self.version}", tokens.access)

    def authorize(self, app: AppKeys, *, redirect_uri: str, state: str) -> Consent:
        """To Instagram's consent page; there is no PKCE."""
        return Consent(
            oauth.authorize_url(
                f"{self.settings.auth_url}/oauth/authorize", app, redirect_uri=redirect_uri,
                scope=",".join(SCOPES), state=state,
            )
        )  # fmt: skip

    def exchange(self, app: AppKeys, answer: Mapping[str, str], redirect_uri: str) -> Tokens:
        """Code → a token for an hour → one for 60 days."""
        code = oauth.returned(answer).removesuffix("#_")
        short = _first(
            call(
                self.http, "POST", f"{self.settings.token_url}/oauth/access_token",
                judge=meta.sign_in,
                form={
                    "client_id": app.client_id, "client_secret": app.client_secret,
                    "grant_type": "authorization_code", "redirect_uri": redirect_uri, "code": code,
                },
            )
        )  # fmt: skip
        scopes = _scopes(short.get("permissions"))
        if scopes and SCOPES[1] not in scopes:
            raise NetworkError(
                Category.AUTH_ERROR,
                "The permission to publish is missing. Please start again and leave every "
                "permission ticked.",
                code="scope", retryable=False,
            )  # fmt: skip
        found = self._long(
            "/access_token", grant_type="ig_exchange_token", client_secret=app.client_secret,
            access_token=str(short["access_token"]),
        )  # fmt: skip
        return replace(found, scopes=scopes)

    def refresh(self, app: AppKeys, tokens: Tokens) -> Tokens:
        """60 more days for a living token; a dead one has to be connected again."""
        found = self._long(
            "/refresh_access_token", grant_type="ig_refresh_token", access_token=tokens.access
        )
        return replace(found, scopes=found.scopes or tokens.scopes)

    def _long(self, path: str, **params: str) -> Tokens:
        # These two calls document their token in the address alone.
        answer = call(
            self.http, "GET", self.settings.api_url + path, judge=meta.sign_in, params=params
        )
        found = oauth.tokens(answer)
        # The token renews itself: it is its own refresh token.
        return Tokens(
            found.access, found.access, _renew_at(found), _scopes(answer.mapping().get(
                "permissions")), {"login": INSTAGRAM},
        )  # fmt: skip

    def revoke(self, tokens: Tokens) -> None:
        """Instagram has no call for it: the token is forgotten here, and ends by itself."""

    def identities(self, tokens: Tokens) -> list[Identity]:
        """The one account."""
        fields = f"user_id,{PROFILE},account_type,media_count"
        answer = self.graph(tokens).get("me", fields=fields)
        found = next(iter(data(answer)), answer)
        if not found.get("user_id"):
            raise unreadable(200, str(answer)[:200])
        personal = str(found.get("account_type") or "").upper() == "PERSONAL"
        note = (
            "This is a personal account. Switch it to a professional one in the Instagram app; "
            "then it can be connected."
            if personal
            else ""
        )
        return [_identity(str(found["user_id"]), found, self.settings.auth_url, INSTAGRAM, note)]


class FacebookLogin:
    """Way A: accounts that are linked to a Page; they can also delete."""

    name = FACEBOOK

    def __init__(self, http: httpx.Client, config: Config, site: str) -> None:
        self.http, self.site = http, site
        self.settings = _settings(config)
        self.login = meta_login.Login(
            http, self.settings, config.FACEBOOK_API_VERSION, scopes=FACEBOOK_SCOPES,
            needed=("instagram_basic", "instagram_content_publish", "pages_show_list"),
        )  # fmt: skip

    def keys(self) -> AppKeys:
        """The Facebook app."""
        if not self.settings.client_id or not self.settings.client_secret:
            raise _unset("FACEBOOK")
        return AppKeys(self.settings.client_id, self.settings.client_secret)

    def graph(self, tokens: Tokens) -> Graph:
        proof = meta_login.proof(tokens, self.settings)
        return Graph(self.http, self.login.graph, tokens.access, proof)

    def authorize(self, app: AppKeys, *, redirect_uri: str, state: str) -> Consent:
        return self.login.authorize(app, redirect_uri=redirect_uri, state=state)

    def exchange(self, app: AppKeys, answer: Mapping[str, str], redirect_uri: str) -> Tokens:
        """A person's token for 60 days; the accounts get their Pages' tokens."""
        found = self.login.exchange(app, answer, redirect_uri)
        return replace(found, more={**found.more, "login": FACEBOOK})

    def refresh(self, app: AppKeys, tokens: Tokens) -> Tokens:
        """A Page's token does not end; one that did needs a person."""
        if tokens.more.get("page"):
            raise NetworkError(
                Category.AUTH_ERROR, "The access has ended. Connect the account again.",
                code="no_refresh", retryable=False,
            )  # fmt: skip
        found = self.login.extend(app, tokens.access)
        return replace(found, scopes=tokens.scopes, more={**found.more, "login": FACEBOOK})

    def revoke(self, tokens: Tokens) -> None:
        """A person's token ends with all that was given; a Page's has no end of its own, and
        other accounts of the same person go on with theirs."""
        if not tokens.more.get("page"):
            self.login.revoke(tokens)

    def identities(self, tokens: Tokens) -> list[Identity]:
        """Every account linked to a Page of the person, with that Page's token."""
        linked = f"instagram_business_account{{id,{PROFILE}}}"
        if tokens.more.get("page"):
            page = self.login.read("/me", tokens, fields=f"id,name,{linked}").mapping()
            return [self._of(page, page["instagram_business_account"], None)] if _has(page) else []
        pages = self.login.pages(tokens, f"id,name,access_token,tasks,{linked}")
        return [
            self._of(page, page["instagram_business_account"], tokens)
            for page in pages
            if _has(page)
        ]

    def _of(
        self, page: Mapping[str, Any], account: Mapping[str, Any], by: Tokens | None
    ) -> Identity:
        tasks = page.get("tasks")
        note = ""
        if isinstance(tasks, list) and "CREATE_CONTENT" not in tasks:
            note = f"Your role on the Page “{page.get('name')}” does not let you publish."
        found = _identity(str(account["id"]), account, self.site, FACEBOOK, note)
        if by is None or not page.get("access_token"):
            return found
        more = {**by.more, "login": FACEBOOK, "page": str(page["id"])}
        own = Tokens(str(page["access_token"]), "", None, by.scopes, more)
        return replace(found, tokens=own)


def _settings(config: Config) -> NetworkSettings:
    """The Facebook app's; the sandbox plays both logins in Instagram's room."""
    found, own = config.network(FACEBOOK), config.network(INSTAGRAM)
    if found.sandbox and own.sandbox:
        return replace(found, api_url=own.api_url, auth_url=own.auth_url)
    return found


def _has(page: Mapping[str, Any]) -> bool:
    account = page.get("instagram_business_account")
    return isinstance(account, dict) and bool(account.get("id"))


def _identity(
    number: str, found: Mapping[str, Any], site: str, login: str, note: str
) -> Identity:  # fmt: skip
    username = str(found.get("username") or number)
    extras: dict[str, Any] = {"login": login}
    for name in ("account_type", "followers_count"):
        if found.get(name) is not None:
            extras[name] = found[name]
    return Identity(
        external_id=number, handle=username, name=str(found.get("name") or username),
        avatar_url=str(found.get("profile_picture_url") or ""), url=f"{site}/{username}/",
        extras=extras, note=note,
    )  # fmt: skip


def _first(answer: Answer) -> Mapping[str, Any]:
    """The token answer of the code, bare or wrapped in ``data`` (§1)."""
    found = answer.mapping()
    row = next(iter(data(found)), found)
    if not isinstance(row.get("access_token"), str) or not row["access_token"]:
        raise unreadable(answer.status)
    return row


def _scopes(told: object) -> tuple[str, ...]:
    """Permissions as a list or as words between commas."""
    if isinstance(told, str):
        return tuple(word.strip() for word in told.split(",") if word.strip())
    return tuple(str(word) for word in told) if isinstance(told, list) else ()


def _renew_at(found: Tokens) -> Any:
    ends = found.expires_at or now() + LASTS
    return max(ends - RENEW, now() + (ends - now()) / 2)
