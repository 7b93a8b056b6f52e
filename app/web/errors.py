"""Every failure of a page leaves here: a page with a way on, or a callout for htmx.

The API words the same errors in its own way; its blueprints' handlers come first, and for
addresses of no blueprint (an unknown one under ``/api``) it puts a door before this one.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from flask import Flask, Response, current_app, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from app import logs
from app.errors import AppError, Unavailable
from app.web import headers, htmx, navigation

log = logs.get(__name__)

# Answers the errors that are its own, None for the others.
Door = Callable[[Exception], ResponseReturnValue | None]


class Said(NamedTuple):
    """What a person reads: a title and what to do about it."""

    title: str
    text: str


WORDS = {
    400: Said("Something needs mending", "Go back, check what you entered and try again."),
    401: Said("You are signed out", "Sign in to go on."),
    402: Said("Your plan does not include this", "Billing shows the plans that do."),
    403: Said("This is not yours to do", "Ask an owner of the brand if you need it."),
    404: Said("There is nothing here", "It may have been moved or deleted."),
    405: Said("That does not work here", "The page you came from may be out of date. Reload it."),
    409: Said("That did not go through", "It has changed since you opened it. Reload the page."),
    410: Said("That is over", "The link has been used or has run out."),
    413: Said("That is too large", "Pictures may have 20 MB, other files 200 MB."),
    415: Said("We do not take files of that kind", "Try a JPEG, PNG, WebP, GIF or MP4."),
    422: Said("Something needs mending", "Go back, check what you entered and try again."),
    429: Said("That was too often", "Wait a moment, then try again."),
    500: Said(
        "Something broke on our side",
        "It has been noted. Scheduled posts are not affected; try again in a minute.",
    ),
    502: Said("The network did not answer properly", "Try again in a minute."),
    503: Said(
        "Carillon cannot answer just now",
        "Nothing you did was half saved. Scheduled posts wait safely. Try again in a few seconds.",
    ),
}

USED_UP = "Your plan has no more of this"
EXPIRED = "This page was open for too long. Reload it and try again."


@dataclass(frozen=True)
class Failure:
    """One failure as both templates show it. ``retry_after`` is in seconds."""

    status: int
    title: str
    text: str
    reference: str
    retry_after: int | None = None


def init_app(app: Flask) -> None:
    """Answer the failures of pages, and of whatever no other door takes."""
    doors: list[Door] = app.extensions.setdefault("carillon_doors", [])

    def handle(error: Exception) -> ResponseReturnValue:
        for door in doors:
            if (taken := door(error)) is not None:
                return taken
        return answer(error)

    for kind in (AppError, HTTPException, Exception):
        app.register_error_handler(kind, handle)


def ask_first(app: Flask, door: Door) -> None:
    """Put another door before the pages': the API's, for its own addresses."""
    app.extensions.setdefault("carillon_doors", []).append(door)


def answer(error: Exception) -> Response:
    """The page, or for htmx a callout that lands in ``#notice`` and leaves the rest alone."""
    failure = told(error)
    if failure.status == 401 and (way_in := _sign_in()):
        return htmx.redirect(way_in, whole=True)
    if htmx.wants_part():
        response = make_response(render_template("errors/_callout.html", failure=failure))
        response.headers["HX-Retarget"] = "#notice"
        response.headers["HX-Reswap"] = "innerHTML"
    else:
        layout = "layouts/app.html" if _signed_in(failure) else "layouts/public.html"
        if layout == "layouts/public.html":
            navigation.blank()
        response = make_response(
            render_template("errors/page.html", failure=failure, layout=layout)
        )
    response.status_code = failure.status
    response.vary.update(htmx.VARY)
    if failure.retry_after is not None:
        response.headers["Retry-After"] = str(failure.retry_after)
    if isinstance(error, HTTPException) and (allow := dict(error.get_headers()).get("Allow")):
        response.headers["Allow"] = allow
    return response


def told(error: Exception) -> Failure:
    """A failure in words. An unexpected one is logged whole and told without its details."""
    if away(error):
        log.warning("page.unavailable", exc_info=error, request_id=headers.number())
        error = Unavailable(retry_after=5)
    if isinstance(error, AppError):
        if error.code == "QUOTA_EXCEEDED":  # a program waits and tries again, a person cannot
            return _failure(402, USED_UP, error.message)
        said = WORDS.get(error.status, WORDS[500])
        text = error.message if error.status < 500 else said.text
        return _failure(error.status, said.title, text, error.retry_after)
    if isinstance(error, HTTPException):
        status = error.code or 500
        said = WORDS.get(status, WORDS[400 if status < 500 else 500])
        expired = type(error).__name__ == "CSRFError"
        wait = getattr(error, "retry_after", None)
        seconds = wait if isinstance(wait, int) else None
        return _failure(status, said.title, EXPIRED if expired else said.text, seconds)
    log.error("page.failed", exc_info=error, request_id=headers.number())
    return _failure(500, *WORDS[500])


def away(error: Exception) -> bool:
    """Whether the database cannot be reached or written, or the disk is full (reliability §12)."""
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
    return isinstance(error, OperationalError | InterfaceError | PoolTimeout)


def _failure(status: int, title: str, text: str, retry_after: int | None = None) -> Failure:
    if status == 429 and retry_after:
        text = f"{text} It works again in {_wait(retry_after)}."
    return Failure(status, title, text, headers.number(), retry_after)


def _wait(seconds: int) -> str:
    if seconds < 90:
        return f"{seconds} seconds"
    return f"{-(-seconds // 60)} minutes"


def _sign_in() -> str:
    """Where to sign in and come back from; empty while there is no such page."""
    if "auth.login" not in current_app.view_functions:
        return ""
    back = request.full_path.rstrip("?") if request.method == "GET" else ""
    if htmx.wants_part():  # come back to the page that asked, not to the fragment
        back = htmx.local(_path(request.headers.get("HX-Current-URL", "")), "")
    return url_for("auth.login", next=back or None)


def _path(url: str) -> str:
    """Path and query of a full address of ours."""
    return url.removeprefix(request.host_url.rstrip("/"))


def _signed_in(failure: Failure) -> bool:
    """Whether the shell can be drawn; never tried when the database may be the trouble."""
    if failure.status >= 500:
        return False
    try:
        return navigation.current().user is not None
    except Exception:  # the error page must come, whatever the shell's trouble
        log.warning("page.no_shell", exc_info=True, request_id=headers.number())
        return False
