"""The counter of the played Reddit: who is asking, how often they may, how it says no."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from flask import Blueprint, Response, g, json, make_response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from app.sandbox.faults import Hit
from app.sandbox.records import Account
from app.sandbox.room import Room, bearer, handle_of
from app.sandbox.store import store

NAME = "reddit"
bp = Blueprint(NAME, __name__)
P = ParamSpec("P")

SCOPES = {
    "identity": "Access your username and signup date",
    "submit": "Submit links and comments from your account",
    "read": "Access posts and comments through your account",
    "flair": "Select your subreddit flair and change link flair",
    "edit": "Edit and delete your comments and submissions",
    "history": "Access your voting history and the posts you made",
    "mysubreddits": "Access the list of subreddits you moderate, contribute to and follow",
}
CALLS, WINDOW = 1000, 600
# Names that libraries give themselves: the edge turns them away (networks/reddit.md, top).
_LIBRARY = re.compile(
    r"(python-|httpx|curl/|wget/|okhttp|go-http-client|node-fetch|axios|java/|libwww)", re.I
)
BLOCKED = (
    "<!doctype html><html><head><title>Blocked</title></head><body><h1>whoa there!</h1>"
    "<p>Your request has been blocked by network security. Give your client a User-Agent of "
    "its own.</p></body></html>"
)


class Refused(HTTPException):
    """An answer that ends the call."""

    def __init__(self, answer: Response) -> None:
        super().__init__(response=answer)


def say(body: Any, status: int = 200) -> Response:
    """JSON; ``&``, ``<`` and ``>`` are escaped unless ``raw_json=1`` was asked for."""
    text = json.dumps(body, ensure_ascii=False)
    if request.values.get("raw_json") != "1":
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return Response(text, status, mimetype="application/json")


def plain_error(status: int, message: str, **more: Any) -> Response:
    """The third shape of errors (§5 c)."""
    return say({"message": message, "error": status, **more}, status)


def refused(*errors: tuple[str, str, str], ratelimit: float = 0.0) -> Response:
    """The first shape: 200 with a list of errors (§5 a)."""
    body: dict[str, Any] = {"errors": [list(one) for one in errors]}
    if ratelimit:
        body["ratelimit"] = ratelimit
    return say({"json": body})


def stop(code: str, message: str, field: str = "") -> Refused:
    """The first shape, to be raised."""
    return Refused(refused((code, message, field)))


def invalid(reason: str, field: str, explanation: str) -> Refused:
    """The second shape: a rule of the subreddit was broken (§5 b)."""
    body = {
        "fields": [field], "explanation": explanation, "message": "Bad Request",
        "reason": reason, "error_type": "SUBMIT_VALIDATION_ERROR",
    }  # fmt: skip
    return Refused(say(body, 400))


def unauthorized() -> Response:
    """Expired, revoked and invented tokens look the same."""
    answer = plain_error(401, "Unauthorized")
    answer.headers["WWW-Authenticate"] = 'Bearer realm="reddit", error="invalid_token"'
    return answer


def too_many(reset: int) -> Response:
    answer = plain_error(429, "Too Many Requests")
    _write(answer, CALLS, 0, reset)
    return answer


def already() -> Response:
    """The link stands in that subreddit."""
    return refused(("ALREADY_SUB", "that link has already been submitted", "url"))


def blocked() -> Response | None:
    """The edge's page for clients without a name of their own."""
    agent = request.headers.get("User-Agent", "")
    if not agent.strip() or _LIBRARY.match(agent):
        return Response(BLOCKED, 403, mimetype="text/html")
    return None


def whose() -> str:
    """The handle of the request's token, or ``""``."""
    token = bearer()
    pasted = handle_of(token)
    if pasted:
        return pasted
    grant = store().grants.find(NAME, "access", token) if token else None
    return grant.handle if grant is not None and grant.live else ""


def refuse(hit: Hit) -> Response | None:
    """Ordered faults in Reddit's words; ``processing`` is the submission's own business."""
    if hit.kind == "revoked":
        return bad_grant() if request.path.endswith("/access_token") else unauthorized()
    if hit.kind == "http_429":
        return too_many(hit.retry_after)
    if hit.kind == "http_500":
        return wrong(500, "Internal Server Error")
    if hit.kind == "duplicate" and request.path.rstrip("/").endswith("/api/submit"):
        return already()
    return None


def bad_grant() -> Response:
    """A code or token that opens nothing: said with a 200 (§1)."""
    return say({"error": "invalid_grant"})


def wrong(status: int, message: str) -> Response:
    """Errors outside of any view."""
    named = {404: "Not Found", 405: "Method Not Allowed", 413: "Payload Too Large"}
    return plain_error(status, named.get(status, message or "Bad Request"))


ROOM = Room(
    name=NAME, title="Reddit", prefix="/reddit", token_path="/api/v1/access_token",
    refuse=refuse, whose=whose, wrong=wrong,
)  # fmt: skip


def me() -> Account:
    """The account of the request (inside ``allowed``)."""
    found: Account = g.reddit_account
    return found


def allowed(
    *scopes: str, suspended: bool = False
) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
    """Decorates a view: a name of its own, a live token with these scopes, within the limit.

    ``suspended``: suspended accounts are let in too.
    """

    def wrap(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
        @wraps(view)
        def run(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            answer = blocked() or _let_in(scopes, suspended)
            if answer is not None:
                return answer
            client = NAME if me().handle.startswith("bench") else ROOM.client_id
            who = me().handle if client == NAME else client
            window = store().limits.hit(NAME, who, "calls", CALLS, WINDOW)
            reset = max(window.reset - int(time.time()), 1)
            if window.refused:
                return too_many(reset)
            try:
                answer = make_response(view(*args, **kwargs))
            except Refused as error:
                assert isinstance(error.response, Response)
                answer = error.response
            _write(answer, window.limit, window.remaining, reset)
            return answer

        return run

    return wrap


def _let_in(scopes: tuple[str, ...], suspended: bool) -> Response | None:
    token = bearer()
    handle = handle_of(token)
    if not handle:
        grant = store().grants.find(NAME, "access", token) if token else None
        if grant is None or not grant.live:
            return unauthorized()
        if [scope for scope in scopes if scope not in grant.scopes]:
            answer = plain_error(403, "Forbidden")
            answer.headers["WWW-Authenticate"] = 'Bearer realm="reddit", error="insufficient_scope"'
            return answer
        handle = grant.handle
    g.reddit_account = store().accounts.get(NAME, handle)
    if me().extras.get("is_suspended") and not suspended:
        return plain_error(403, "Forbidden", reason="USER_SUSPENDED")
    return None


def _write(answer: Response, limit: int, remaining: int, reset: int) -> None:
    """Decimal like ``599.0``, and seconds to the end of the window (§4)."""
    answer.headers["x-ratelimit-used"] = str(limit - remaining)
    answer.headers["x-ratelimit-remaining"] = f"{remaining:.1f}"
    answer.headers["x-ratelimit-reset"] = str(reset)


def flag(name: str, usual: bool = False) -> bool:
    """A yes or no of a form, however it is written."""
    text = request.form.get(name)
    return usual if text is None else text.lower() in ("true", "1", "on")


def base() -> str:
    """Where this room is reached, without a final slash."""
    return request.host_url.rstrip("/") + ROOM.prefix


BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


def base36(number: int) -> str:
    """A number as Reddit writes its ids."""
    found = ""
    while number:
        number, rest = divmod(number, 36)
        found = BASE36[rest] + found
    return found or "0"
