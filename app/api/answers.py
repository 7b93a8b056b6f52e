"""The answers of the document: what each status means, its headers, and how a refusal looks."""

from __future__ import annotations

from typing import Any

from app.api.errors import BY_STATUS, OUTSIDE, WORDS
from app.api.examples import Maker

GOOD = {200: "Done.", 201: "Made.", 202: "Taken.", 204: "Done; nothing to say."}
# Refusals that come from our own code: the commonest code and its sentence by status.
OURS = {
    402: ("SUBSCRIPTION_REQUIRED", "The owner's plan does not include this."),
    409: ("INVALID_STATUS_TRANSITION", "That is not possible in its present state."),
    500: ("INTERNAL", "Something went wrong on our side."),
    502: ("BROKER_ERROR", "The network refused, or could not be reached."),
}
HEADERS: dict[str, dict[str, Any]] = {
    "X-RateLimit-Limit": {"description": "Requests a key may send within an hour."},
    "X-RateLimit-Remaining": {"description": "Requests left in this hour."},
    "X-RateLimit-Reset": {"description": "When more are left: Unix time in seconds."},
    "Retry-After": {"description": "Seconds to wait before the next try."},
}
COUNTED = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
WAITS = (429, 503)


def phrase(status: int) -> str:
    """What a status means, in a sentence."""
    if status in GOOD:
        return GOOD[status]
    return {**OUTSIDE, **OURS}.get(status, ("", "Something went wrong."))[1]


def headers() -> dict[str, Any]:
    """Those of the document's components."""
    return {
        name: {**one, "schema": {"type": "integer", "minimum": 0}} for name, one in HEADERS.items()
    }


def referred(status: int, counted: bool) -> dict[str, Any]:
    """The headers of one answer; ``counted``: it may be asked with a key."""
    names = [*(COUNTED if counted else ()), *(("Retry-After",) if status in WAITS else ())]
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def refusals() -> dict[str, Any]:
    """One example of each refusal in the words of each family, for the components."""
    found = {}
    for family in ("core", "connect", "oktopost"):
        for status in sorted({**OUTSIDE, **OURS}):
            found[_name(family, status)] = {"value": refusal(family, status)}
    return found


def example(family: str, status: int) -> dict[str, Any]:
    """The reference to it."""
    return {"refused": {"$ref": f"#/components/examples/{_name(family, status)}"}}


def refusal(family: str, status: int) -> dict[str, Any]:
    """A refusal as ``errors.body`` writes it."""
    code, words = {**OUTSIDE, **OURS}[status]
    word = WORDS.get(code) or BY_STATUS.get(status, "internal_error")
    field = "content.text" if status == 400 else None
    listed = [{"field": field, "code": code, "message": words}] if field else []
    found: dict[str, Any] = {
        "success": False, "error": word if family == "connect" else words, "message": words,
        "code": code, "field": field, "errors": listed, "request_id": "req_0196b5f03f407c50",
    }  # fmt: skip
    return {**found, "Result": False} if family == "oktopost" else found


def made(maker: Maker, schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON answer with its example."""
    return {"schema": schema, "example": maker.made(schema)}


def _name(family: str, status: int) -> str:
    return f"{family}_{status}"
