"""The counter of the played Metricool: whose token, which brand, and how it says no."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, NoReturn, ParamSpec

from flask import Blueprint, Response, g, json, make_response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from app.sandbox.faults import Hit
from app.sandbox.records import Account, stable_number
from app.sandbox.room import Room, handle_of
from app.sandbox.store import store

NAME = "metricool"
bp = Blueprint(NAME, __name__)
P = ParamSpec("P")
CALLS, MINUTE = 300, 60
NETWORKS = (
    "twitter", "facebook", "instagram", "linkedin", "tiktok", "youtube", "pinterest", "threads",
    "bluesky", "gmb", "twitch",
)  # fmt: skip


@dataclass(frozen=True)
class Brand:
    """A brand, which the API calls a blog."""

    id: int
    label: str
    networks: tuple[str, ...]
    timezone: str = "Europe/Madrid"


SHARED = (
    Brand(3100001, "Carillon Demo", NETWORKS[:9]),
    Brand(3100002, "Second Brand", ("twitter", "linkedin", "instagram"), "Europe/London"),
)


def brands_of(handle: str) -> list[Brand]:
    """What a person may use; without a handle what everybody may."""
    if not handle:
        return list(SHARED)
    number = 4_000_000 + stable_number(NAME, handle.lower(), "brand") % 1_000_000
    return [*SHARED, Brand(number, f"{handle}'s brand", NETWORKS[:9])]


def user_id(handle: str) -> int:
    """The number of a person; the shared brands belong to the one without a handle."""
    return stable_number(NAME, handle.lower()) % 10_000_000


class Refused(HTTPException):
    """An answer that ends the call."""

    def __init__(self, answer: Response) -> None:
        super().__init__(response=answer)


def say(body: Any, status: int = 200) -> Response:
    """JSON."""
    return Response(json.dumps(body, ensure_ascii=False), status, mimetype="application/json")


def invalid(detail: dict[str, str]) -> NoReturn:
    """400 with what is wrong with each field."""
    raise Refused(say({"title": "ValidationError", "detail": detail}, 400))


def no(status: int, message: str) -> Response:
    """The other form of its errors."""
    return say({"error": message, "message": message}, status)


def stop(status: int, message: str) -> NoReturn:
    """End the call."""
    raise Refused(no(status, message))


def whose() -> str:
    """The handle of the request's token, or ``""``."""
    return handle_of(request.headers.get("X-Mc-Auth", ""))


def refuse(hit: Hit) -> Response | None:
    """Ordered faults; what happens to a post afterwards is the post's business."""
    if hit.kind == "revoked":
        return no(401, "Unauthorized")
    if hit.kind == "http_429":
        return no(429, "Too many requests")
    if hit.kind == "http_500":
        return wrong(500, "")
    return None


def wrong(status: int, message: str) -> Response:
    """Errors outside of any view; its server's own are plain text."""
    if status >= 500:
        return Response("Internal Server Error", status, mimetype="text/plain")
    return no(status, "Not Found" if status == 404 else message or "Bad Request")


ROOM = Room(
    name=NAME, title="Metricool", prefix=f"/{NAME}", token_path="", refuse=refuse, whose=whose,
    wrong=wrong,
)  # fmt: skip


def me() -> Account:
    """The account of the request (inside ``allowed``)."""
    found: Account = g.metricool_account
    return found


def brand() -> Brand:
    """The brand of the request (inside ``allowed()``, not ``allowed(brand=False)``)."""
    found: Brand = g.metricool_brand
    return found


def allowed(
    *, brand: bool = True
) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
    """Decorates a view: a token, a plan with the API, ``userId``, and one's own ``blogId``."""

    def wrap(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
        @wraps(view)
        def run(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            try:
                _let_in(brand)
                return make_response(view(*args, **kwargs))
            except Refused as error:
                assert isinstance(error.response, Response)
                return error.response

        return run

    return wrap


def _let_in(with_brand: bool) -> None:
    handle = whose()
    if not handle:
        stop(401, "Unauthorized")
    g.metricool_account = account = store().accounts.get(NAME, handle)
    if account.extras.get("plan") == "free":
        stop(403, "The API is part of the Advanced plan.")
    if store().limits.hit(NAME, handle, "calls", CALLS, MINUTE).refused:
        stop(429, "Too many requests")
    user = request.args.get("userId", "")
    if (user or with_brand) and not user.isdigit():
        invalid({"userId": "A number is required."})
    if not with_brand:
        return
    blog = request.args.get("blogId", "")
    if not blog.isdigit():
        invalid({"blogId": "A number is required."})
    found = next((one for one in brands_of(handle) if one.id == int(blog)), None)
    if found is None:
        stop(403, "You do not have access to this brand.")
    g.metricool_brand = found


def body() -> dict[str, Any]:
    """The JSON object of the request."""
    found = request.get_json(silent=True)
    if not isinstance(found, dict):
        invalid({"body": "A JSON object is required."})
    return found
