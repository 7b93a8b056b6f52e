"""Answers that suit a browser and htmx alike (DESIGN §5; names of htmx 4.0.1).

htmx 4 sends ``HX-Request: true`` and ``HX-Request-Type: partial|full``; ``HX-Boosted``
from a boosted link or form; ``HX-History-Restore-Request`` (without ``HX-Request``) on
the way back. It obeys ``HX-Redirect``, ``HX-Location``, ``HX-Retarget``, ``HX-Reswap``
and ``HX-Trigger`` on any status, swaps every status but those in the page's ``noSwap``,
and puts ``<hx-partial hx-target=…>`` wherever it says.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from flask import Response, flash, make_response, render_template, request
from markupsafe import escape
from werkzeug.utils import redirect as see_other

VARY = ("HX-Request", "HX-Request-Type", "HX-Boosted", "HX-History-Restore-Request")


def asked() -> bool:
    """Whether htmx asks, boosted or not: it cannot follow a redirect off-site."""
    return "HX-Request" in request.headers


def wants_part() -> bool:
    """Whether the answer will be put into a page that stays, so that a fragment is due."""
    headers = request.headers
    return (
        asked()
        and "HX-Boosted" not in headers
        and "HX-History-Restore-Request" not in headers
        and headers.get("HX-Request-Type") != "full"
    )


def render(page: str, *, fragment: str, **context: Any) -> Response:
    """The page, or only the part of it that htmx asked for."""
    response = make_response(render_template(fragment if wants_part() else page, **context))
    response.vary.update(VARY)
    return response


def redirect(url: str, *, whole: bool = False) -> Response:
    """To another page of ours: 303 for a browser or a boosted form, else ``HX-Redirect``.

    ``whole`` loads the page afresh even after a boosted form: when who is signed in changed.
    """
    if wants_part() or (whole and asked()):
        return _redirected(url)
    return make_response(see_other(url, 303))


def go(url: str) -> Response:
    """To another page of ours without loading styles and scripts anew: 204 with ``HX-Location``.

    A browser and a boosted form get the 303 of ``redirect``.
    """
    if not wants_part():
        return redirect(url)
    response = make_response("", 204)
    where = {"path": url, "target": "body", "swap": "outerSync"}
    response.headers["HX-Location"] = json.dumps(where)  # ASCII: safe in a header
    return response


def leave(url: str) -> Response:
    """To another site: a network's consent page, Stripe. Raises ``ValueError`` unless http(s).

    A redirect after a form is stopped by ``form-action 'self'`` and one after a fetch by the
    same-origin rule (DESIGN §5), so htmx is told with a header and a form's browser gets a page
    that goes on by itself. A plain link is redirected.
    """
    if urlsplit(url).scheme not in {"http", "https"}:
        raise ValueError("Only an http or https address can be left for.")
    if asked():
        return _redirected(url)
    if request.method == "GET":
        return make_response(see_other(url, 303))
    return make_response(render_template("layouts/leave.html", url=url, site=urlsplit(url).netloc))


def local(url: str | None, default: str = "/") -> str:
    """A `next=` that can be trusted: a path with one slash at its start, else ``default``."""
    given = url or ""
    safe = given.startswith("/") and given[1:2] not in {"/", "\\"} and given.isprintable()
    return given if safe else default


def toast(response: Response, text: str, undo: str | None = None) -> Response:
    """Say in a line what was done; ``undo`` is an address that takes a POST.

    htmx gets it with this answer. A browser, and a page that is left by ``HX-Redirect``,
    shows it on the next page (``flash``).
    """
    told = {"text": text, "undo": undo} if undo else {"text": text}
    if wants_part() and "HX-Redirect" not in response.headers:
        return trigger(response, "toast", told)
    flash(told)  # type: ignore[arg-type]  # any JSON value is kept
    return response


def trigger(response: Response, event: str, detail: object = None) -> Response:
    """Let an event happen on the element that asked (it bubbles); adds to those already told."""
    events: dict[str, object] = json.loads(response.headers.get("HX-Trigger", "{}"))
    events[event] = {} if detail is None else detail
    response.headers["HX-Trigger"] = json.dumps(events)  # ASCII: safe in a header
    return response


def part(template: str, target: str, *, swap: str = "outerHTML", **context: Any) -> str:
    """Another place of the page that changes along: ``target`` is a selector like ``#counts``."""
    inside = render_template(template, **context)
    return (
        f'<hx-partial hx-target="{escape(target)}" hx-swap="{escape(swap)}">{inside}</hx-partial>'
    )


def parts(*found: str, status: int = 200) -> Response:
    """An answer made of parts alone; the element that asked is left as it is."""
    response = make_response("".join(found), status)
    response.vary.update(VARY)
    return response


def along(response: Response, *found: str) -> Response:
    """The answer with parts added behind its own fragment. Nothing for a whole page."""
    if wants_part():
        response.set_data(response.get_data(as_text=True) + "".join(found))
    return response


def _redirected(url: str) -> Response:
    response = make_response("", 204)
    response.headers["HX-Redirect"] = url
    return response
