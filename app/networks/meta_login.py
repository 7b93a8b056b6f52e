"""Facebook Login (networks/facebook.md §1): how Pages and, in one of its ways, Instagram connect.

``Tokens`` made here carry ``more["app"]``: the app they came from. Only those are sent with
``appsecret_proof``, since a pasted token may be another app's and the proof would be wrong.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import httpx2 as httpx

from app.config import NetworkSettings
from app.networks import meta, oauth
from app.networks.base import AppKeys, Category, Consent, NetworkError, Tokens
from app.networks.wire import Answer, call, unreadable

MOST_PAGES = 20  # of 100 rows: nobody manages more Pages than that


def bearer(tokens: Tokens) -> dict[str, str]:
    """The token as a header, so that it stays out of addresses and logs."""
    return {"Authorization": f"Bearer {tokens.access}", "Accept": "application/json"}


def proof(tokens: Tokens, settings: NetworkSettings) -> dict[str, str]:
    """``appsecret_proof``, where the token is this app's (harmless where nobody asks for it)."""
    if not settings.client_secret or tokens.more.get("app") != settings.client_id:
        return {}
    made = hmac.new(settings.client_secret.encode(), tokens.access.encode(), hashlib.sha256)
    return {"appsecret_proof": made.hexdigest()}


class Login:
    """The dialog and token calls of one app; ``scopes`` are asked for, ``needed`` must be given.

    Pages that belong to a business are read as well where ``business_management`` was granted.
    """

    def __init__(
        self,
        http: httpx.Client,
        settings: NetworkSettings,
        version: str,
        *,
        scopes: tuple[str, ...],
        needed: tuple[str, ...],
    ) -> None:
        self.http, self.settings, self.version = http, settings, version
        self.scopes, self.needed = scopes, needed

    @property
    def graph(self) -> str:
        """The base of Graph calls."""
        return f"{self.settings.api_url}/{self.version}"

    def authorize(self, app: AppKeys, *, redirect_uri: str, state: str) -> Consent:
        """To the dialog, which asks again for what was refused before."""
        url = oauth.authorize_url(
            f"{self.settings.auth_url}/{self.version}/dialog/oauth", app,
            redirect_uri=redirect_uri, scope=",".join(self.scopes), state=state,
            auth_type="rerequest",
        )  # fmt: skip
        return Consent(url)

    def exchange(self, app: AppKeys, answer: Mapping[str, str], redirect_uri: str) -> Tokens:
        """Code → token of an hour → token of 60 days, with the scopes that were granted.

        Raises ``auth_error`` (code ``scope``) where one we cannot do without was unticked.
        """
        short = self._token(
            app, redirect_uri=redirect_uri, code=oauth.returned(answer).removesuffix("#_")
        )
        found = self.extend(app, short.access)
        granted = self.granted(found)
        missing = [scope for scope in self.needed if scope not in granted]
        if missing:
            raise NetworkError(
                Category.AUTH_ERROR,
                f"A permission is missing: {', '.join(missing)}. Please start again and leave "
                "every permission ticked.",
                code="scope", retryable=False,
            )  # fmt: skip
        return Tokens(found.access, "", found.expires_at, granted, found.more)

    def extend(self, app: AppKeys, access: str) -> Tokens:
        """A token of 60 days for one that is still alive."""
        return self._token(app, grant_type="fb_exchange_token", fb_exchange_token=access)

    def _token(self, app: AppKeys, **fields: str) -> Tokens:
        # This endpoint documents its parameters in the address alone.
        answer = call(
            self.http, "GET", f"{self.graph}/oauth/access_token", judge=meta.sign_in,
            params={"client_id": app.client_id, "client_secret": app.client_secret, **fields},
        )  # fmt: skip
        return oauth.tokens(answer, more={"app": app.client_id})

    def granted(self, tokens: Tokens) -> tuple[str, ...]:
        """The scopes the person left ticked."""
        return tuple(
            str(row.get("permission"))
            for row in rows(self.read("/me/permissions", tokens))
            if row.get("status") == "granted"
        )

    def revoke(self, tokens: Tokens) -> None:
        """Take back everything the person gave this app: every token of theirs ends."""
        try:
            call(
                self.http, "DELETE", f"{self.graph}/me/permissions", judge=meta.judge(),
                headers=bearer(tokens), params=proof(tokens, self.settings),
            )  # fmt: skip
        except NetworkError as error:
            if error.category is not Category.AUTH_ERROR:
                raise

    def pages(self, tokens: Tokens, fields: str) -> list[dict[str, Any]]:
        """The Pages the person let us see, as Graph tells them, each once."""
        found = self.listed("/me/accounts", tokens, fields=fields)
        if "business_management" in tokens.scopes or not tokens.scopes:
            found += self._of_businesses(tokens, fields)
        once: dict[str, dict[str, Any]] = {}
        for row in found:
            if row.get("id"):
                once.setdefault(str(row["id"]), row)
        return list(once.values())

    def _of_businesses(self, tokens: Tokens, fields: str) -> list[dict[str, Any]]:
        """Pages owned by or shared with the person's businesses; what is refused is left out."""
        found: list[dict[str, Any]] = []
        try:
            for business in self.listed("/me/businesses", tokens, fields="id,name"):
                for edge in ("owned_pages", "client_pages"):
                    found += self.listed(f"/{business.get('id')}/{edge}", tokens, fields=fields)
        except NetworkError as error:
            if error.category not in (Category.AUTH_ERROR, Category.VALIDATION):
                raise
        return [row for row in found if row.get("access_token")]

    def listed(self, path: str, tokens: Tokens, **params: str) -> list[dict[str, Any]]:
        """Every row of an edge, page by page. ``paging.next`` holds the token: its cursor is
        used instead."""
        found: list[dict[str, Any]] = []
        asked = {**params, "limit": "100"}
        for _ in range(MOST_PAGES):
            answer = self.read(path, tokens, **asked)
            found += rows(answer)
            after = following(answer)
            if not after:
                break
            asked["after"] = after
        return found

    def read(self, path: str, tokens: Tokens, **params: str) -> Answer:
        """A GET to Graph."""
        return call(
            self.http, "GET", self.graph + path, judge=meta.judge(), headers=bearer(tokens),
            params={**params, **proof(tokens, self.settings)},
        )  # fmt: skip


def rows(answer: Answer) -> list[dict[str, Any]]:
    """The objects of ``data``; an answer without such a list cannot be read."""
    found = answer.mapping().get("data")
    if not isinstance(found, list):
        raise unreadable(answer.status, answer.raw)
    return [row for row in found if isinstance(row, dict)]


def following(answer: Answer) -> str:
    """The cursor of the next page, or ``""``."""
    paging = answer.mapping().get("paging")
    if not isinstance(paging, dict) or not paging.get("next"):
        return ""
    cursors = paging.get("cursors")
    return str(cursors.get("after") or "") if isinstance(cursors, dict) else ""
