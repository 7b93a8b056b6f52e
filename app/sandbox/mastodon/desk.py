"""The instance's front desk: its blueprint, who is asking, and how often they may."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import Blueprint, Response, g, request
from flask.typing import ResponseReturnValue

from app.sandbox.limits import Window
from app.sandbox.mastodon import words
from app.sandbox.records import Account, Grant
from app.sandbox.room import Room, bearer, handle_of
from app.sandbox.store import store

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]
NAME = "mastodon"
PREFIX = "/mastodon"
# Bucket → calls and seconds (§4).
WINDOWS = {
    "api": (300, 300.0),
    "media": (30, 1800.0),
    "deletes": (30, 1800.0),
    "statuses": (300, 10_800.0),
}
EVERYTHING = ["read", "write", "follow", "push", "profile"]


def whose() -> str:
    """The handle of the request's token, or of the code it brings."""
    token = bearer() or request.values.get("access_token", "")
    if handle := handle_of(token):
        return handle
    found = store().grants.find(NAME, "access", token)
    if found is None:
        found = store().grants.find(NAME, "code", request.form.get("code", ""))
    return found.handle if found else ""


ROOM = Room(
    name=NAME,
    title="Mastodon",
    prefix=PREFIX,
    token_path="/oauth/token",
    refuse=words.refuse,
    whose=whose,
    wrong=words.wrong,
)
bp = Blueprint(NAME, __name__)


def route(rule: str, *methods: str) -> Callable[[View[P]], View[P]]:
    """A path that is also answered with a final slash, as some clients write it."""
    return bp.route(rule, methods=list(methods or ("GET",)), strict_slashes=False)


def base() -> str:
    """Where the instance is reached, without a final slash."""
    return request.host_url.rstrip("/") + PREFIX


def token() -> Grant | None:
    """The grant of the request's token; a pasted one may do everything."""
    sent = bearer() or request.values.get("access_token", "")
    if handle := handle_of(sent):
        client = f"sandbox-{NAME}"
        return Grant(NAME, "access", sent, handle, client, EVERYTHING)
    return store().grants.find(NAME, "access", sent) if sent else None


def covers(granted: list[str], wanted: str) -> bool:
    """Whether a scope is granted, by itself or by the wider one it belongs to."""
    return wanted in granted or wanted.partition(":")[0] in granted


def me() -> Account:
    """Who is asking, in a view behind ``signed_in``."""
    found: Account = g.mastodon_me
    return found


def grant() -> Grant:
    """The token's grant, in a view behind ``signed_in``."""
    found: Grant = g.mastodon_grant
    return found


def signed_in(*scopes: str) -> Callable[[View[P]], View[P]]:
    """A view for somebody whose token has one of these scopes."""

    def wrap(view: View[P]) -> View[P]:
        @wraps(view)
        def run(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            return admit(scopes) or view(*args, **kwargs)

        return run

    return wrap


def admit(scopes: tuple[str, ...]) -> Response | None:
    """Who is asking goes to ``me()``; or the refusal."""
    found = token()
    if found is None:
        return words.no(401, "token_unknown")
    if not found.live:
        return words.no(401, "token_revoked")
    if not any(covers(found.scopes, scope) for scope in scopes):
        return words.no(403, "scope")
    if not found.handle:
        return words.no(422, "user_needed")
    account = store().accounts.get(NAME, found.handle)
    if account.extras.get("disabled"):
        return words.no(403, "disabled")
    g.mastodon_me, g.mastodon_grant = account, found
    return None


def count(bucket: str, handle: str) -> Response | None:
    """Count one call of a bucket; the 429 when there were too many."""
    limit, seconds = WINDOWS[bucket]
    window = store().limits.hit(NAME, handle, bucket, limit, seconds)
    g.setdefault("mastodon_windows", []).append(window)
    return words.no(429, "too_many") if window.refused else None


@bp.before_request
def throttle() -> Response | None:
    """Every call of a signed-in account counts."""
    found = token() if request.path.startswith(f"{PREFIX}/api/") else None
    return count("api", found.handle) if found is not None and found.handle else None


@bp.after_request
def headers(response: Response) -> Response:
    """The limit one is closest to (§4)."""
    windows: list[Window] = g.get("mastodon_windows", [])
    if windows:
        closest = min(windows, key=lambda window: window.remaining)
        response.headers.setdefault("X-RateLimit-Limit", str(closest.limit))
        response.headers.setdefault("X-RateLimit-Remaining", str(closest.remaining))
        response.headers.setdefault("X-RateLimit-Reset", words.reset(closest.reset))
    if request.path.startswith(f"{PREFIX}/api/"):
        response.headers.setdefault("Cache-Control", "private, no-store")
    return response
