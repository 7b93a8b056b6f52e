"""Headers of every answer, the request's number, and the cross-site refusal (reliability §13)."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request
from flask.globals import request_ctx

from app.config import Config
from app.errors import Forbidden
from app.ids import uuid7
from app.web import assets

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
YEAR = 31_536_000  # seconds
UNREFERRED = ("/invite/", "/reset", "/feeds/", "/review/")  # addresses that hold a token

FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def init_app(app: Flask, media_origin: str = "") -> None:
    """Number every request, refuse cross-site changes, and set the headers of every answer.

    ``media_origin`` is where browsers fetch media when it lies in S3 (``https://host``).
    """
    policy = content_policy(media_origin)
    app.before_request(refuse_cross_site)

    @app.after_request
    def finish(response: Response) -> Response:
        for name, value in FIXED.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Referrer-Policy", _referrer(request.path))
        response.headers["X-Request-Id"] = number()
        if _https():
            response.headers.setdefault("Strict-Transport-Security", f"max-age={YEAR}")
        _cache(response)
        return response


def content_policy(media_origin: str = "") -> str:
    """The Content-Security-Policy. Raises ``ValueError`` for something that is no origin."""
    extra = ""
    if media_origin:
        found = urlsplit(media_origin)
        if found.scheme not in {"http", "https"} or not found.netloc or found.path.strip("/"):
            raise ValueError("media_origin should look like https://media.example.org")
        extra = f" {found.scheme}://{found.netloc}"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        f"img-src 'self' data: blob:{extra}; media-src 'self' blob:{extra}; font-src 'self'; "
        f"connect-src 'self'{extra}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def number() -> str:
    """This request's number, ``req_…``: in the answer, the log and every error a person sees.

    Ours alone: one that the client sends is not taken over.
    """
    if "request_id" not in g:
        g.request_id = f"req_{uuid7().hex}"
    return cast(str, g.request_id)


def refuse_cross_site() -> None:
    """A browser on somebody else's page may not change anything here. Numbers the request first.

    A request with a key carries its own right and ignores cookies, so it may.
    """
    number()
    if request.method in SAFE or has_key():
        return
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise Forbidden("That came from another site. Open Carillon and do it there.")


def has_key() -> bool:
    """Whether the request speaks for itself with a key instead of a session."""
    return "Authorization" in request.headers or "X-API-Key" in request.headers


def _cache(response: Response) -> None:
    """Static files for ever under their hashed address; what belongs to somebody, never."""
    if request.endpoint == "static" and response.status_code in {200, 206, 304}:
        name = str((request.view_args or {}).get("filename", ""))
        if assets.immutable(name, request.args.get("v")):
            response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
        else:
            response.headers["Cache-Control"] = "no-cache"
        return
    if "Cache-Control" in response.headers:
        return  # the view knows better: a thumbnail, a feed
    # The session's cookie is written after this. Whether a view (a form's CSRF token, say) has
    # used the session is asked of the context, since asking `session` itself counts as use.
    used = request_ctx._session is not None and request_ctx._session.accessed
    begun = used or "Set-Cookie" in response.headers
    personal = has_key() or bool(request.cookies) or begun
    response.headers["Cache-Control"] = "no-store" if personal else "no-cache"


def _referrer(path: str) -> str:
    return "no-referrer" if path.startswith(UNREFERRED) else "strict-origin-when-cross-origin"


def _https() -> bool:
    config = current_app.config.get("CARILLON")
    return config.https if isinstance(config, Config) else request.is_secure
