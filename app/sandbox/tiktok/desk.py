"""The counter of the played TikTok: who is asking, what is said to them, how often they may."""

from __future__ import annotations

import secrets
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

NAME = "tiktok"
bp = Blueprint(NAME, __name__)
P = ParamSpec("P")

SCOPES = {
    "user.info.basic": "Read your profile info (avatar, display name)",
    "user.info.profile": "Read your additional profile information (username, bio)",
    "user.info.stats": "Read your profile engagement statistics",
    "video.publish": "Post content to TikTok",
    "video.upload": "Share content to your account as a draft to further edit and post in TikTok",
    "video.list": "Read your public videos on TikTok",
}  # fmt: skip
# Calls a token may make in a minute (§4); reading posts has the usual 600.
LIMITS = {"init": 6, "creator": 20, "status": 30, "read": 600}
MINUTE, DAY = 60, 24 * 3600
POSTS_A_DAY = 15
MESSAGES = {
    "access_token_invalid": "The access token is invalid or not found in the request.",
    "scope_not_authorized": "The user did not authorize the scope required for completing this request.",  # noqa: E501
    "rate_limit_exceeded": "The API rate limit was exceeded. Please try again later.",
    "internal_error": "Something is wrong. Please try again later.",
}


class Refused(HTTPException):
    """An answer that ends the call."""

    def __init__(self, answer: Response) -> None:
        super().__init__(response=answer)


def say(body: Any, status: int = 200) -> Response:
    """JSON as TikTok writes it."""
    return Response(json.dumps(body, ensure_ascii=False), status, mimetype="application/json")


def fine(data: dict[str, Any]) -> Response:
    """The envelope of success."""
    return say({"data": data, "error": {"code": "ok", "message": "", "log_id": _log_id()}})


def error(code: str, status: int, message: str = "") -> Response:
    """The envelope of everything else."""
    said = message or MESSAGES.get(code, code.replace("_", " "))
    return say({"data": {}, "error": {"code": code, "message": said, "log_id": _log_id()}}, status)


def no(code: str, status: int = 403, message: str = "") -> NoReturn:
    """End the call with that error."""
    raise Refused(error(code, status, message))


def invalid(message: str) -> NoReturn:
    """400: something in the request is not as documented."""
    no("invalid_params", 400, message)


def token_error(code: str, words: str, status: int = 400) -> Response:
    """An error of the token endpoint."""
    return say({"error": code, "error_description": words, "log_id": _log_id()}, status)


def _log_id() -> str:
    return secrets.token_hex(16).upper()


def uploads() -> Any:
    """Posts by publish id (``videos.py`` says what is in one)."""
    return store().table("tiktok.posts")


def uploaded_to() -> tuple[str, dict[str, Any] | None]:
    """The post the upload address of this request belongs to."""
    publish_id = request.args.get("upload_id", "")
    found: dict[str, Any] | None = uploads().get(publish_id)
    if found is None or not secrets.compare_digest(
        request.args.get("upload_token", "").encode(), str(found.get("token") or "-").encode()
    ):
        return publish_id, None
    return publish_id, found


def whose() -> str:
    """The handle of the request's token or upload address, or ``""``."""
    token = bearer()
    if not token:
        found = uploaded_to()[1]
        return str(found["handle"]) if found else ""
    pasted = handle_of(token)
    if pasted:
        return pasted
    grant = store().grants.find(NAME, "access", token)
    return grant.handle if grant is not None and grant.live else ""


def refuse(hit: Hit) -> Response | None:
    """Ordered faults in TikTok's words; it knows no duplicates, and processing is the views'."""
    at_token = "/oauth/" in request.path
    if hit.kind == "revoked":
        if at_token:
            return token_error("invalid_grant", "The token has been revoked.")
        return error("access_token_invalid", 401) if bearer() else Response(status=403)
    if hit.kind == "http_429":
        return error("rate_limit_exceeded", 429)
    if hit.kind == "http_500":
        return wrong(500, "")
    return None


def wrong(status: int, message: str) -> Response:
    """Errors outside of any view."""
    if status >= 500:
        return error("internal_error", status)
    return error("invalid_params" if status == 400 else "unsupported_path", status, message)


ROOM = Room(
    name=NAME, title="TikTok", prefix="/tiktok", token_path="/v2/oauth/token/",
    refuse=refuse, whose=whose, wrong=wrong,
)  # fmt: skip


def me() -> Account:
    """The account of the request (inside ``allowed``)."""
    found: Account = g.tiktok_account
    return found


def granted() -> frozenset[str]:
    """The scopes of the request's token."""
    found: frozenset[str] = g.tiktok_scopes
    return found


def allowed(
    bucket: str, *scopes: str
) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
    """Decorates a view: a live user token with these scopes, within the minute's limit."""

    def wrap(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
        @wraps(view)
        def run(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            try:
                _let_in(scopes)
                if store().limits.hit(NAME, me().handle, bucket, LIMITS[bucket], MINUTE).refused:
                    no("rate_limit_exceeded", 429)
                return view(*args, **kwargs)
            except Refused as refused:
                assert isinstance(refused.response, Response)
                return refused.response

        return run

    return wrap


def _let_in(scopes: tuple[str, ...]) -> None:
    token = bearer()
    pasted = handle_of(token)
    if pasted:
        g.tiktok_account = store().accounts.get(NAME, pasted)
        g.tiktok_scopes = frozenset(SCOPES)
        return
    grant = store().grants.find(NAME, "access", token) if token else None
    if grant is None or not grant.live:
        no("access_token_invalid", 401)
    if not set(scopes) <= set(grant.scopes):
        no("scope_not_authorized", 401)
    g.tiktok_account = store().accounts.get(NAME, grant.handle)
    g.tiktok_scopes = frozenset(grant.scopes)


def body() -> dict[str, Any]:
    """The JSON object of the request; 400 for anything else."""
    found = request.get_json(silent=True)
    if not isinstance(found, dict):
        invalid("The request body is not a JSON object.")
    return found


def object_of(found: dict[str, Any], name: str) -> dict[str, Any]:
    """A nested object of the request."""
    value = found.get(name)
    if not isinstance(value, dict):
        invalid(f"{name} is missing or not an object.")
    return value
