"""What a person or a key can be told.

Services raise these; each door (pages, each API contract) words them. An error
never knows its wire format.
"""

from __future__ import annotations

from typing import Any


class AppError(Exception):
    """Base of everything that reaches a person in words.

    ``message`` is a plain sentence. ``field`` is the path of the input to mend,
    or ``None``. ``errors`` holds further errors of the same request, ``facts`` what else an
    API's answer tells beside the error. ``contract`` is what a contract's document says in the
    message's place; the API doors say that, pages the message.
    """

    status = 500
    code = "INTERNAL"

    def __init__(
        self,
        message: str = "Something went wrong on our side.",
        *,
        field: str | None = None,
        code: str | None = None,
        errors: list[AppError] | None = None,
        retry_after: int | None = None,
        facts: dict[str, Any] | None = None,
        contract: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.contract = contract or message
        self.field = field
        self.errors = errors or []
        self.retry_after = retry_after
        self.facts = facts or {}
        if code is not None:
            self.code = code


class ValidationFailed(AppError):
    """The input names something we cannot take; ``field`` says which."""

    status, code = 400, "VALIDATION_FAILED"


class Unauthorized(AppError):
    """Nobody is signed in, or the key is unknown."""

    status, code = 401, "UNAUTHORIZED"


class SubscriptionRequired(AppError):
    status, code = 402, "SUBSCRIPTION_REQUIRED"


class Forbidden(AppError):
    """The actor is known but may not do this."""

    status, code = 403, "FORBIDDEN"


class NotFound(AppError):
    """Foreign, deleted and never-existing rows answer alike (reliability §8)."""

    status, code = 404, "NOT_FOUND"

    def __init__(self, message: str = "We could not find that.", **kwargs: object) -> None:
        super().__init__(message, **kwargs)  # type: ignore[arg-type]


class Conflict(AppError):
    """Somebody else was first, or the row has moved on."""

    status, code = 409, "CONFLICT"


class InvalidTransition(Conflict):
    """The move is not in the table of reliability §2."""

    code = "INVALID_STATUS_TRANSITION"


class Stale(Conflict):
    """The row was saved by somebody else since it was read."""

    code = "STALE"


class PayloadTooLarge(AppError):
    status, code = 413, "PAYLOAD_TOO_LARGE"


class RateLimited(AppError):
    """Too many tries; ``retry_after`` is in seconds."""

    status, code = 429, "RATE_LIMITED"


class BrokerError(AppError):
    """A network's fault, not ours."""

    status, code = 502, "BROKER_ERROR"


class Unavailable(AppError):
    """Database or storage is away; nothing was written."""

    status, code = 503, "UNAVAILABLE"
