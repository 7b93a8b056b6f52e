"""Threads' tokens: an hour's one for a code, then one of 60 days that is renewed (§1).

There is no refresh token: the living access token renews itself, once it is a day old. It is
renewed from half of its life on, so ``Tokens.expires_at`` is that moment; the real end is
``more["ends"]`` and the day of issue ``more["since"]`` (ISO 8601).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import httpx2 as httpx

from app.clock import now
from app.networks import meta, oauth
from app.networks.base import AppKeys, Category, NetworkError, Tokens
from app.networks.wire import Answer, call, unreadable

LIFE = timedelta(days=60)
YOUNG = timedelta(hours=24)
NEXT_TRY = timedelta(hours=1)
ENDED = "The access has ended. Connect the account again."


def exchange(
    http: httpx.Client, base: str, app: AppKeys, answer: Mapping[str, str], redirect_uri: str
) -> Tokens:
    """Code → a token of one hour → one of 60 days."""
    code = oauth.returned(answer).removesuffix("#_")
    short = oauth.tokens(
        oauth.grant(
            http, f"{base}/oauth/access_token", app, judge=meta.sign_in,
            auth="client_secret_post", kind="authorization_code", code=code,
            redirect_uri=redirect_uri,
        )
    )  # fmt: skip
    return _long(
        call(
            http, "GET", f"{base}/access_token", judge=meta.sign_in,
            params={
                "grant_type": "th_exchange_token", "client_secret": app.client_secret,
                "access_token": short.access,
            },
        )
    )  # fmt: skip


def refresh(http: httpx.Client, base: str, tokens: Tokens) -> Tokens:
    """Another 60 days. While the old token lives, trouble at Meta costs nothing but time."""
    ends, since = _moment(tokens, "ends"), _moment(tokens, "since")
    if not tokens.refresh or (ends is not None and ends <= now()):
        raise _over("no_refresh")
    if since is not None and now() - since < YOUNG:
        # It cannot be renewed on its first day: whoever refused it has ended it.
        raise _over("too_young")
    try:
        answer = call(
            http,
            "GET",
            f"{base}/refresh_access_token",
            judge=meta.sign_in,
            params={"grant_type": "th_refresh_token", "access_token": tokens.access},
        )
        return _long(answer)
    except NetworkError as error:
        if error.category is Category.AUTH_ERROR or ends is None:
            raise
        later = min(now() + NEXT_TRY, ends)
        return Tokens(tokens.access, tokens.refresh, later, tokens.scopes, tokens.more)


def _long(answer: Answer) -> Tokens:
    found = oauth.tokens(answer)
    if found.expires_at is not None and found.expires_at <= now():
        raise unreadable(answer.status)
    since = now()
    ends = found.expires_at or since + LIFE
    more = {"since": since.isoformat(), "ends": ends.isoformat()}
    return Tokens(found.access, found.access, since + (ends - since) / 2, (), more)


def _moment(tokens: Tokens, name: str) -> datetime | None:
    try:
        return datetime.fromisoformat(tokens.more[name])
    except (KeyError, ValueError):
        return None


def _over(code: str) -> NetworkError:
    return NetworkError(Category.AUTH_ERROR, ENDED, code=code, retryable=False)
