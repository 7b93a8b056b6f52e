"""LinkedIn's OAuth 2: consent, code, refresh, inspection, revocation (networks/linkedin.md §1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import httpx2 as httpx

from app.config import NetworkSettings
from app.networks import linkedin_errors, linkedin_people, oauth
from app.networks.base import AppKeys, Category, Consent, NetworkError, Tokens
from app.networks.wire import Answer, call

AUTH = "client_secret_post"
# What LinkedIn calls a person's "no", beside ``access_denied``.
CANCELLED = frozenset({"user_cancelled_login", "user_cancelled_authorize"})


@dataclass(frozen=True)
class Door:
    """The sign-in of one installation. ``organizations``: whether its app may act for pages."""

    http: httpx.Client
    settings: NetworkSettings
    organizations: bool

    def keys(self) -> AppKeys:
        """The operator's app."""
        if not self.settings.client_id:
            raise NetworkError(
                Category.VALIDATION,
                "LinkedIn is not set up on this installation: its operator has to register an "
                "app there and set LINKEDIN_CLIENT_ID.",
                code="not_configured", retryable=False,
            )  # fmt: skip
        return AppKeys(self.settings.client_id, self.settings.client_secret)

    def consent(self, app: AppKeys, redirect_uri: str, state: str) -> Consent:
        """The consent page. LinkedIn takes no PKCE from web apps."""
        url = oauth.authorize_url(
            f"{self.settings.auth_url}/oauth/v2/authorization", app, redirect_uri=redirect_uri,
            scope=linkedin_people.asked(self.organizations), state=state,
        )  # fmt: skip
        return Consent(url)

    def exchange(self, app: AppKeys, answer: Mapping[str, str], redirect_uri: str) -> Tokens:
        """Code → tokens; the code lives half an hour."""
        if answer.get("error") == "unauthorized_scope_error":
            raise NetworkError(
                Category.VALIDATION,
                "LinkedIn has not given this installation's app all it asks for. Its operator "
                "has to add the missing products there, or turn LINKEDIN_ORGANIZATIONS off.",
                code="unauthorized_scope_error", retryable=False,
            )  # fmt: skip
        if answer.get("error") in CANCELLED:
            answer = {**answer, "error": "access_denied"}
        code = oauth.returned(answer)
        found = self._tokens(
            self._grant(app, "authorization_code", code=code, redirect_uri=redirect_uri)
        )
        if found.scopes and not any(one.startswith("w_") for one in found.scopes):
            raise NetworkError(
                Category.AUTH_ERROR, "The permission to post is missing. Please start again.",
                code="scope", retryable=False,
            )  # fmt: skip
        return found

    def refresh(self, app: AppKeys, tokens: Tokens) -> Tokens:
        """Only approved partners get refresh tokens; they end a year after the consent."""
        if not tokens.refresh or not app.client_id:
            raise NetworkError(
                Category.AUTH_ERROR,
                "LinkedIn's sign-in has ended, as it does after 60 days. Connect the account "
                "again.",
                code="no_refresh", retryable=False,
            )  # fmt: skip
        answer = self._grant(app, "refresh_token", refresh_token=tokens.refresh)
        found = self._tokens(answer, tokens.refresh)
        return replace(found, scopes=found.scopes or tokens.scopes, more=tokens.more)

    def revoke(self, app: AppKeys, tokens: Tokens) -> None:
        """End the token; what is gone already is done. Pasted tokens are not ours to end."""
        if not app.client_id:
            return
        try:
            oauth.revoke(
                self.http, f"{self.settings.auth_url}/oauth/v2/revoke", app, tokens.access,
                judge=linkedin_errors.token, auth=AUTH,
            )  # fmt: skip
        except NetworkError as error:
            if error.category is not Category.AUTH_ERROR:
                raise

    def scopes(self, tokens: Tokens) -> tuple[str, ...]:
        """What a pasted token may, where LinkedIn tells our app; empty where it does not."""
        if not self.settings.client_secret:
            return ()
        try:
            answer = call(
                self.http, "POST", f"{self.settings.auth_url}/oauth/v2/introspectToken",
                judge=linkedin_errors.token, headers=oauth.FORM,
                form={
                    "client_id": self.settings.client_id,
                    "client_secret": self.settings.client_secret,
                    "token": tokens.access,
                },
            )  # fmt: skip
        except NetworkError:
            return ()
        found = answer.mapping()
        scope = found.get("scope")
        live = found.get("active") is True and isinstance(scope, str)
        return linkedin_people.scopes(str(scope)) if live else ()

    def _tokens(self, answer: Answer, refresh: str = "") -> Tokens:
        found = oauth.tokens(answer, refresh=refresh)
        # The list of scopes comes with commas or spaces.
        return replace(found, scopes=linkedin_people.scopes(" ".join(found.scopes)))

    def _grant(self, app: AppKeys, kind: str, **fields: str) -> Answer:
        return oauth.grant(
            self.http, f"{self.settings.auth_url}/oauth/v2/accessToken", app,
            judge=linkedin_errors.token, auth=AUTH, kind=kind, headers=None, **fields,
        )  # fmt: skip
