"""The played LinkedIn's words: its answers, its errors, its room."""

from __future__ import annotations

from typing import Any, NoReturn

from flask import Blueprint, Response, json, request
from werkzeug.exceptions import HTTPException

from app.sandbox.faults import Hit
from app.sandbox.room import Room, bearer, handle_of
from app.sandbox.store import store

NAME = "linkedin"
bp = Blueprint(NAME, __name__)

MEMBER_SCOPES = {
    "openid": "Know who you are",
    "profile": "See your name and photo",
    "email": "See your e-mail address",
    "w_member_social": "Post, comment and react for you",
}
PAGE_SCOPES = {
    "w_organization_social": "Post, comment and react for your pages",
    "r_organization_social": "See your pages' posts and their numbers",
    "rw_organization_admin": "Manage your pages",
    "r_basicprofile": "See your basic profile",
    "r_member_postAnalytics": "See the numbers of your posts",
    "r_member_profileAnalytics": "See the numbers of your profile",
}
SCOPES = MEMBER_SCOPES | PAGE_SCOPES


class Refused(HTTPException):
    """An answer that ends the call."""

    def __init__(self, answer: Response) -> None:
        super().__init__(response=answer)


def say(body: Any, status: int = 200, **headers: str) -> Response:
    """JSON; ``None`` for no body at all."""
    text = "" if body is None else json.dumps(body, ensure_ascii=False)
    answer = Response(text, status, mimetype="application/json")
    answer.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return answer


def problem(
    status: int, code: str, message: str, *, service: int = 0, field: str = "", detail: str = ""
) -> Response:
    """LinkedIn's error body; with ``field`` or ``detail`` what is wrong with the input."""
    body: dict[str, Any] = {"message": message, "status": status}
    if service:
        body["serviceErrorCode"] = service
    if field or detail:
        path = {"inputPath": {"fieldPath": field}} if field else {}
        row = {"description": detail or message, "input": path, "code": code}
        body["errorDetailType"] = "com.linkedin.common.error.BadRequest"
        body["errorDetails"] = {"inputErrors": [row]}
    else:
        body["code"] = code
    return say(body, status)


def no(status: int, code: str, message: str, **more: Any) -> NoReturn:
    """End the call with an error."""
    raise Refused(problem(status, code, message, **more))


def invalid(field: str, message: str, code: str = "INVALID_VALUE_FOR_FIELD") -> NoReturn:
    """400: a field is not as documented."""
    no(400, code, message, field=field)


def denied(what: str) -> NoReturn:
    no(403, "ACCESS_DENIED", f"Not enough permissions to access: {what}", service=100)


def whose() -> str:
    """The handle of the request's token, or ``""``."""
    token = bearer()
    pasted = handle_of(token)
    if pasted:
        return pasted
    grant = store().grants.find(NAME, "access", token) if token else None
    return grant.handle if grant is not None and grant.live else ""


def refuse(hit: Hit) -> Response | None:
    """Ordered faults in LinkedIn's words."""
    at_token = "/oauth/v2/" in request.path
    publishing = request.method == "POST" and request.path.endswith("/rest/posts")
    if hit.kind == "revoked":
        if at_token:
            return token_error("invalid_grant", "The provided authorization grant or refresh "
                               "token is invalid, expired or revoked.")  # fmt: skip
        return problem(401, "REVOKED_ACCESS_TOKEN", "The token used in the request has been "
                       "revoked by the user", service=65601)  # fmt: skip
    if hit.kind == "http_429":
        return say(
            {"message": "Resource level throttle limit for calls to this resource is reached.",
             "serviceErrorCode": 101, "status": 429, "code": "TOO_MANY_REQUESTS"},
            429, Retry_After=str(hit.retry_after),
        )  # fmt: skip
    if hit.kind == "http_500":
        return wrong(500, "Internal Server Error")
    if hit.kind == "duplicate" and publishing:
        return duplicate(f"urn:li:share:{store().serial(bits=22)}")
    if hit.kind == "processing" and publishing:
        return problem(400, "MEDIA_ASSET_WAITING_UPLOAD", "Media asset is still being processed",
                       field="/content")  # fmt: skip
    return None


def duplicate(urn: str) -> Response:
    """The 422 for a post equal to one that is out."""
    said = f"Content is a duplicate of {urn}"
    return say(
        {
            "errorDetailType": "com.linkedin.common.error.BadRequest",
            "message": f"Posting Error: {said}",
            "errorDetails": {"inputErrors": [{"code": "DUPLICATE_POST", "description": said}]},
            "status": 422,
        },
        422,
    )


def token_error(error: str, what: str, status: int = 400) -> Response:
    """An error of the OAuth endpoints."""
    return say({"error": error, "error_description": what}, status)


def wrong(status: int, message: str) -> Response:
    """Errors outside of any view."""
    codes = {404: "RESOURCE_NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 413: "PAYLOAD_TOO_LARGE"}
    return problem(status, codes.get(status, "INTERNAL_SERVER_ERROR"), message)


ROOM = Room(
    name=NAME, title="LinkedIn", prefix="/linkedin", token_path="/oauth/v2/accessToken",
    refuse=refuse, whose=whose, wrong=wrong,
)  # fmt: skip
