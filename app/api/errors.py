"""One error for every contract: the code's own word, its status, one renderer (reliability §7).

Each contract has a ``family``: in ``core`` the member ``error`` is a sentence, in ``connect`` a
word, and ``oktopost`` says ``Result: false`` beside it.
"""

from __future__ import annotations

import errno
from typing import Any

from flask import Flask, Response, g, json, request
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from app import logs
from app.api import sentences
from app.errors import AppError, NotFound, Unavailable, ValidationFailed
from app.services.writing import PostNotFound

PROBLEM = "application/problem+json"
POSTS = "/api/v1/posts/"  # what follows is the id of no post where no address fits it
# Where a contract is mounted, and how its errors look.
FAMILIES = (
    *((f"/api/{word}/", "connect") for word in ("get", "action", "auth", "network", "add")),
    ("/v2/", "oktopost"), ("/v1/", "core"), ("/api/", "core"), ("/mcp", "core"),
)  # fmt: skip
# What is raised outside of our own code: code and sentence by status.
OUTSIDE = {
    400: ("VALIDATION_FAILED", "The request could not be read."),
    401: ("UNAUTHORIZED", "A valid API key is needed."),
    403: ("FORBIDDEN", "This key may not do that."),
    404: ("NOT_FOUND", "We could not find that."),
    405: ("METHOD_NOT_ALLOWED", "This address does not take that method."),
    413: ("PAYLOAD_TOO_LARGE", "The request is too large."),
    415: ("UNSUPPORTED_MEDIA_TYPE", "Send JSON, with Content-Type: application/json."),
    429: ("RATE_LIMITED", "Too many requests."),
    503: ("UNAVAILABLE", "The service is not available right now."),
}
WORDS = {
    "VALIDATION_FAILED": "validation_error", "UNAUTHORIZED": "authentication_required",
    "INVALID_ACCESS_TOKEN": "invalid_access_token",
    "NETWORK_VERIFICATION_FAILED": "network_verification_failed",
    "SUBSCRIPTION_REQUIRED": "subscription_required", "FORBIDDEN": "permission_denied",
    "PAGE_IDENTITY_CONFIRMATION_REQUIRED": "permission_denied",
    "NETWORK_LIMIT_REACHED": "network_limit_reached", "NOT_FOUND": "network_not_found",
    "POST_NOT_FOUND": "network_not_found",
    "NETWORK_ALREADY_CONNECTED": "network_already_connected",
    "PAYLOAD_TOO_LARGE": "payload_too_large", "RATE_LIMITED": "rate_limited",
    "QUOTA_EXCEEDED": "rate_limited", "BROKER_ERROR": "network_error",
}  # fmt: skip
BY_STATUS = {
    400: "validation_error", 405: "method_not_allowed", 409: "conflict",
    415: "unsupported_media_type", 502: "network_error",
}  # fmt: skip
# The Connect API's document has one sentence for each of these.
CONNECT_SAYS = {
    "UNAUTHORIZED": "Authentication is required for this endpoint",
    "FORBIDDEN": "You don't have permission to access this network",
    "NOT_FOUND": "Network not found",
}

log = logs.get("api")


class Detail(BaseModel):
    """One thing to mend."""

    field: str | None
    code: str
    message: str
    platform: str | None = None  # where a network is what refuses


class Problem(BaseModel):
    """What every refusal says. ``error`` is a sentence; in the Connect API it is a word."""

    model_config = ConfigDict(extra="allow")

    success: bool
    error: str
    message: str
    code: str
    field: str | None
    errors: list[Detail]
    request_id: str


def init_app(app: Flask) -> None:
    """Stand before the pages' errors, for the addresses of the contracts."""
    app.extensions.setdefault("carillon_doors", []).append(door)


def door(error: Exception) -> Response | None:
    """The answer, or ``None`` for an address that is no contract's."""
    family = family_of(request.path)
    return None if family is None else answer(error, family)


def family_of(path: str) -> str | None:
    """How the errors of an address look; ``None`` for a page."""
    path = path if path.endswith("/") else path + "/"
    return next((one for prefix, one in FAMILIES if path.startswith(prefix)), None)


def answer(error: Exception, family: str) -> Response:
    """Any failure in the words of a contract."""
    found = told(error)
    response = Response(json.dumps(body(found, family)), found.status, mimetype="application/json")
    if PROBLEM in request.headers.get("Accept", ""):
        response.content_type = PROBLEM
    if found.status == 401:
        basic = family == "oktopost"
        response.headers["WWW-Authenticate"] = 'Basic realm="Carillon"' if basic else "Bearer"
    if found.retry_after is not None:
        response.headers["Retry-After"] = str(max(found.retry_after, 1))
    if isinstance(error, HTTPException) and (allow := dict(error.get_headers()).get("Allow")):
        response.headers["Allow"] = allow
    return response


def body(error: AppError, family: str) -> dict[str, Any]:
    """The members of reliability §7, always the same."""
    listed = [
        {"field": one.field, "code": one.code, "message": one.contract, **one.facts}
        for one in error.errors or ([error] if error.field else [])
    ]
    word = WORDS.get(error.code) or BY_STATUS.get(error.status, "internal_error")
    message = error.contract
    if family == "connect":
        message = CONNECT_SAYS.get(error.code, message)
    found: dict[str, Any] = {
        "success": False, "error": word if family == "connect" else message,
        "message": message, "code": error.code, "field": error.field, "errors": listed,
        "request_id": g.get("request_id", ""), **error.facts,
    }  # fmt: skip
    if family == "oktopost":
        found["Result"] = False
    if PROBLEM in request.headers.get("Accept", ""):
        found |= {
            "type": f"urn:carillon:error:{error.code.lower()}", "title": message,
            "status": error.status, "detail": message, "instance": request.path,
        }  # fmt: skip
    return found


def told(error: Exception) -> AppError:
    """A failure in words. An unexpected one is logged whole and told without its details."""
    if isinstance(error, AppError):
        return error
    if isinstance(error, ValidationError):
        return _invalid(error)
    if isinstance(error, HTTPException):
        status = error.code or 500
        if status == 404:
            return PostNotFound() if request.path.startswith(POSTS) else NotFound()
        code, words = OUTSIDE.get(status, OUTSIDE[400] if status < 500 else OUTSIDE[503])
        found = AppError(words, code=code)
        found.status = status
        return found
    if _away(error):
        log.warning("api.unavailable", exc_info=error, request_id=g.get("request_id", ""))
        return Unavailable("Carillon cannot answer just now. Nothing was changed.", retry_after=5)
    log.error("api.failed", exc_info=error, request_id=g.get("request_id", ""))
    return AppError()


def _away(error: Exception) -> bool:
    """Whether the database cannot be reached or written, or the disk is full."""
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
    return isinstance(error, OperationalError | InterfaceError | PoolTimeout)


def _invalid(error: ValidationError) -> ValidationFailed:
    """One error a field that is missing or not as described; what was sent is not repeated."""
    found = [
        ValidationFailed(
            sentences.of(one["type"], one["msg"], one.get("ctx", {})),
            field=".".join(map(str, one["loc"])),
        )
        for one in error.errors(include_url=False, include_input=False)
    ]
    first = found[0]
    return ValidationFailed(
        f"{first.field}: {first.message}" if first.field else first.message, field=first.field,
        errors=list(found),
    )  # fmt: skip
