"""The counter of the played Pinterest: who is asking, what is said, how often they may."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn, ParamSpec

from flask import Blueprint, Response, g, json, make_response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from app.sandbox.faults import Hit
from app.sandbox.limits import Window
from app.sandbox.records import Account
from app.sandbox.room import Room, bearer, handle_of
from app.sandbox.store import store

NAME = "pinterest"
bp = Blueprint(NAME, __name__)
P = ParamSpec("P")

SCOPES = {
    "user_accounts:read": "See your profile",
    "boards:read": "See your public boards",
    "boards:write": "Make and change your public boards",
    "pins:read": "See your public Pins",
    "pins:write": "Make, change and delete your public Pins",
    "boards:read_secret": "See your secret boards",
    "boards:write_secret": "Make and change your secret boards",
    "pins:read_secret": "See your secret Pins",
    "pins:write_secret": "Make, change and delete your secret Pins",
}
MINUTE, DAY = 60, 24 * 3600
# Calls of a category a minute. The figures are not published.
LIMITS = {"read": 1000, "write": 300, "analytics": 300}
TRIAL_DAY = 1000
# Numbers of error codes; only 2 and 29 are known to be Pinterest's own.
INVALID, SIGN_IN, RATE, SPAM, FORBIDDEN, NO_BOARD, NO_PIN, NO_MEDIA, FAULTY = (
    1, 2, 8, 9, 29, 40, 50, 2404, 12,
)  # fmt: skip


class Refused(HTTPException):
    """An answer that ends the call."""

    def __init__(self, answer: Response) -> None:
        super().__init__(response=answer)


def say(body: Any, status: int = 200) -> Response:
    """JSON, with the request's number as Pinterest gives it."""
    answer = Response(json.dumps(body, ensure_ascii=False), status, mimetype="application/json")
    answer.headers["x-pinterest-rid"] = str(secrets.randbelow(10**16))
    return answer


def no(status: int, code: int, message: str) -> Response:
    """Pinterest's error body."""
    return say({"code": code, "message": message}, status)


def stop(status: int, code: int, message: str) -> NoReturn:
    """End the call with an error."""
    raise Refused(no(status, code, message))


def invalid(message: str) -> NoReturn:
    """400: the request is not as the schema says."""
    stop(400, INVALID, f"Invalid request: {message}")


def signed_out() -> Response:
    """Expired, revoked and invented tokens look the same."""
    return no(401, SIGN_IN, "Authentication failed.")


def spam() -> Response:
    """The answer of the spam filter: a 429 that is no rate limit."""
    return no(429, SPAM, "Sorry! We blocked this Pin because it looks like spam.")


def whose() -> str:
    """The handle of the request's token, or ``""``."""
    token = bearer()
    if pasted := handle_of(token):
        return pasted
    grant = store().grants.find(NAME, "access", token) if token else None
    return grant.handle if grant is not None and grant.live else ""


def refuse(hit: Hit) -> Response | None:
    """Ordered faults in Pinterest's words; files in processing are the upload's business."""
    publishing = request.method == "POST" and request.path.endswith("/pins")
    if hit.kind == "revoked":
        if request.path.endswith("/oauth/token"):
            return no(400, INVALID, "The refresh token or code is invalid.")
        return signed_out()
    if hit.kind == "http_429":
        answer = no(429, RATE, "You have exceeded your rate limit. Try again later.")
        answer.headers["Retry-After"] = str(hit.retry_after)
        return _limited(answer, "write", Window(LIMITS["write"], 0, 0), hit.retry_after)
    if hit.kind == "http_500":
        return wrong(500, "")
    if hit.kind == "duplicate" and publishing:
        return spam()
    if hit.kind == "processing" and publishing:
        return no(400, INVALID, "Media is still processing. Try again later.")
    return None


def wrong(status: int, message: str) -> Response:
    """Errors outside of any view."""
    if status == 404:
        return no(404, 0, "The path was not found.")
    if status >= 500:
        return no(status, FAULTY, "Something went wrong on our end. Sorry about that.")
    return no(status, INVALID, message or "The request is not valid.")


ROOM = Room(
    name=NAME, title="Pinterest", prefix=f"/{NAME}", token_path="/v5/oauth/token", api_path="/v5",
    refuse=refuse, whose=whose, wrong=wrong,
)  # fmt: skip


def me() -> Account:
    """The account of the request (inside ``allowed``)."""
    found: Account = g.pinterest_account
    return found


def has(scope: str) -> bool:
    """Whether the request's token has this scope; a pasted one has them all."""
    return g.pinterest_scopes is None or scope in g.pinterest_scopes


def allowed(
    bucket: str, *scopes: str
) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
    """Decorates a view: a live token with these scopes, within the limits."""

    def wrap(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
        @wraps(view)
        def run(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            refused = _let_in(scopes)
            if refused is not None:
                return refused
            window = _window(bucket)
            left = max(window.reset - int(time.time()), 1)
            if window.refused:
                answer = no(429, RATE, "You have exceeded your rate limit. Try again later.")
                answer.headers["Retry-After"] = str(left)
                return _limited(answer, bucket, window, left)
            try:
                answer = make_response(view(*args, **kwargs))
            except Refused as error:
                assert isinstance(error.response, Response)
                answer = error.response
            return _limited(answer, bucket, window, left)

        return run

    return wrap


def _let_in(scopes: tuple[str, ...]) -> Response | None:
    token = bearer()
    grant = None
    handle = handle_of(token)
    if not handle:
        grant = store().grants.find(NAME, "access", token) if token else None
        if grant is None or not grant.live:
            return signed_out()
        handle = grant.handle
        lacking = [scope for scope in scopes if scope not in grant.scopes]
        if lacking:
            return no(
                403, FORBIDDEN,
                f"Your application does not have the required scopes: {sorted(lacking)}",
            )  # fmt: skip
    g.pinterest_account = store().accounts.get(NAME, handle)
    g.pinterest_scopes = None if grant is None else grant.scopes
    return None


def _window(bucket: str) -> Window:
    limits, handle = store().limits, me().handle
    if me().extras.get("trial"):
        day = limits.hit(NAME, handle, "trial-day", TRIAL_DAY, DAY)
        if day.refused:
            return day
    return limits.hit(NAME, handle, bucket, LIMITS[bucket], MINUTE)


def _limited(answer: Response, bucket: str, window: Window, left: int) -> Response:
    """The window as Pinterest writes it: several policies in one header, seconds until reset."""
    name = f"org_{bucket}_app_id_user_id"
    answer.headers["x-ratelimit-limit"] = (
        f'{window.limit}, 100;w=1;name="safety_net_app_id_user_id", '
        f'{window.limit};w={MINUTE};name="{name}"'
    )
    answer.headers["x-ratelimit-remaining"] = str(window.remaining)
    answer.headers["x-ratelimit-reset"] = str(left)
    return answer


def body() -> dict[str, Any]:
    """The JSON object of the request."""
    found = request.get_json(silent=True)
    if not isinstance(found, dict):
        invalid("the body is not a JSON object.")
    return found


def page(rows: list[dict[str, Any]]) -> Response:
    """One page of a listing: ``page_size`` and ``bookmark`` of the query are obeyed."""
    size = request.args.get("page_size", 25, type=int)
    if not 1 <= size <= 250:
        invalid(f"page_size {size} is not between 1 and 250.")
    mark = request.args.get("bookmark", "")
    start = 0
    if mark:
        if not mark.startswith("Y2") or not mark[2:].isdigit():
            invalid("bookmark is not valid.")
        start = int(mark[2:])
    rest = len(rows) > start + size
    return say({"items": rows[start : start + size],
                "bookmark": f"Y2{start + size}" if rest else None})  # fmt: skip
