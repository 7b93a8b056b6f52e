"""The counter of the played X: who is asking, what is said to them, how often they may."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn, ParamSpec

from flask import Blueprint, Response, g, json, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from app.sandbox.faults import Hit
from app.sandbox.records import Account
from app.sandbox.room import Room, bearer, handle_of
from app.sandbox.store import store

NAME = "twitter"
bp = Blueprint("x", __name__)
P = ParamSpec("P")

SCOPES = {
    "tweet.read": "See posts you can see",
    "tweet.write": "Post and repost for you",
    "users.read": "See profiles you can see",
    "media.write": "Upload pictures and videos for you",
    "offline.access": "Stay connected until you end it",
    "users.email": "See your e-mail address",
    "tweet.moderate.write": "Hide replies to your posts",
    "follows.read": "See whom you follow",
    "like.read": "See what you liked",
    "list.read": "See your lists",
    "bookmark.read": "See your bookmarks",
    "bookmark.write": "Bookmark posts for you",
}  # fmt: skip
PROBLEMS = "https://api.twitter.com/2/problems/"
QUARTER, DAY = 15 * 60, 24 * 3600
# Calls an account may make in a quarter of an hour.
LIMITS = {
    "create": 100, "delete": 50, "upload": 500, "append": 1875, "status": 1000,
    "metadata": 500, "me": 75, "posts": 5000, "timeline": 900, "user": 900,
}  # fmt: skip
CREATE_DAY = 10_000


class Refused(HTTPException):
    """An answer that ends the call."""

    def __init__(self, answer: Response) -> None:
        super().__init__(response=answer)


def say(body: Any, status: int = 200) -> Response:
    """JSON as X writes it: not escaped to ASCII."""
    return Response(json.dumps(body, ensure_ascii=False), status, mimetype="application/json")


def problem(
    status: int, title: str, detail: str, *, kind: str = "", errors: Any = None, **more: Any
) -> Response:
    """X's usual error body; ``kind`` is the last part of its type."""
    body: dict[str, Any] = {} if errors is None else {"errors": errors}
    body |= {"title": title, "detail": detail, "type": PROBLEMS + kind if kind else "about:blank"}
    body |= {"status": status, **more}
    answer = say(body, status)
    answer.mimetype = "application/problem+json"
    return answer


def invalid(message: str, **parameters: Any) -> NoReturn:
    """400: something in the request is not as documented."""
    raise Refused(
        problem(
            400,
            "Invalid Request",
            "One or more parameters to your request was invalid.",
            kind="invalid-request",
            errors=[
                {"parameters": {k: [str(v)] for k, v in parameters.items()}, "message": message}
            ],
        )  # fmt: skip
    )


def missing(kind: str, parameter: str, value: str) -> dict[str, Any]:
    """The error object for something that is not there."""
    return {
        "value": value, "detail": f"Could not find {kind} with {parameter}: [{value}].",
        "title": "Not Found Error", "resource_type": kind, "parameter": parameter,
        "resource_id": value, "type": f"{PROBLEMS}resource-not-found",
    }  # fmt: skip


def unauthorized() -> Response:
    """Expired, revoked or invented tokens look the same."""
    return problem(401, "Unauthorized", "Unauthorized")


def too_many() -> Response:
    return problem(429, "Too Many Requests", "Too Many Requests")


def whose() -> str:
    """The handle of the request's token, or ``""``."""
    token = bearer()
    pasted = handle_of(token)
    if pasted:
        return pasted
    grant = store().grants.find(NAME, "access", token) if token else None
    return grant.handle if grant is not None and grant.live else ""


def refuse(hit: Hit) -> Response | None:
    """Ordered faults in X's words; media that is processing is the upload's own business."""
    at_token = request.path.endswith("/oauth2/token")
    if hit.kind == "revoked":
        return token_error("invalid_request", "the token") if at_token else unauthorized()
    if hit.kind == "http_429":
        answer = too_many()
        _write(answer, "x-rate-limit", 100, 0, int(time.time()) + hit.retry_after)
        return answer
    if hit.kind == "http_500":
        return wrong(500, "Internal Server Error")
    if hit.kind == "duplicate" and request.method == "POST" and request.path.endswith("/2/tweets"):
        return duplicate()
    return None


def duplicate() -> Response:
    """The 403 for a text posted a short time ago."""
    return problem(
        403, "Forbidden", "You are not allowed to create a Tweet with duplicate content."
    )


def token_error(error: str, what: str, status: int = 400) -> Response:
    """An error of the token endpoint."""
    return say(
        {"error": error, "error_description": f"Value passed for {what} was invalid."}, status
    )


def wrong(status: int, message: str) -> Response:
    """Errors outside of any view."""
    if status == 404:
        return problem(404, "Not Found", "Not Found")
    if status == 413:
        return problem(413, "Payload Too Large", "The request is too large.")
    return problem(status, "Internal Server Error" if status >= 500 else "Error", message)


ROOM = Room(
    name=NAME, title="X", prefix="/x", token_path="/2/oauth2/token",
    refuse=refuse, whose=whose, wrong=wrong,
)  # fmt: skip


def me() -> Account:
    """The account of the request (inside ``allowed``)."""
    found: Account = g.x_account
    return found


def allowed(
    bucket: str, *scopes: str
) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
    """Decorates a view: a live user token with these scopes, within the rate limit."""

    def wrap(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
        @wraps(view)
        def run(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            refused = _let_in(scopes)
            if refused is not None:
                return refused
            windows = _windows(bucket)
            if any(window.refused for _, window in windows):
                answer = too_many()
            else:
                try:
                    answer = _response(view(*args, **kwargs))
                except Refused as error:
                    assert isinstance(error.response, Response)
                    answer = error.response
            for name, window in windows:
                _write(answer, name, window.limit, window.remaining, window.reset)
            return answer

        return run

    return wrap


def _response(answer: ResponseReturnValue) -> Response:
    assert isinstance(answer, Response)
    return answer


def _let_in(scopes: tuple[str, ...]) -> Response | None:
    token = bearer()
    pasted = handle_of(token)
    if pasted:
        g.x_account = store().accounts.get(NAME, pasted)
        return None
    grant = store().grants.find(NAME, "access", token) if token else None
    if grant is None or not grant.live:
        return unauthorized()
    lacking = [scope for scope in scopes if scope not in grant.scopes]
    if lacking:
        return problem(
            403, "Forbidden", f"The token lacks required scopes for this call: {lacking}."
        )
    g.x_account = store().accounts.get(NAME, grant.handle)
    return None


def _windows(bucket: str) -> list[tuple[str, Any]]:
    limits, handle = store().limits, me().handle
    found = [("x-rate-limit", limits.hit(NAME, handle, bucket, LIMITS[bucket], QUARTER))]
    if bucket == "create":
        day = limits.hit(NAME, handle, "create-day", CREATE_DAY, DAY)
        found.append(("x-app-limit-24hour", day))
    return found


def _write(answer: Response, name: str, limit: int, remaining: int, reset: int) -> None:
    answer.headers[f"{name}-limit"] = str(limit)
    answer.headers[f"{name}-remaining"] = str(remaining)
    answer.headers[f"{name}-reset"] = str(reset)


def body() -> dict[str, Any]:
    """The JSON object of the request; 400 for anything else."""
    found = request.get_json(silent=True)
    if not isinstance(found, dict):
        invalid("The request body is not a JSON object.", body="")
    return found
