"""Refusals of Bluesky's video service, in our words (networks/bluesky.md §2, §5)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app.clock import now
from app.networks.base import Category, Effect, NetworkError
from app.networks.bluesky_xrpc import error_name
from app.networks.bluesky_xrpc import judge as usual
from app.networks.wire import Answer, retry_at

NOT_SERVED = "not_served"  # the account's server has to take the video itself
# The video is fine; what failed is bringing it to the account's server.
OF_THE_SERVER = frozenset({"pds_upload_failure", "pds_upload_unsupported_blob_size"})
FAILURES = {
    "validation_failure": "Bluesky cannot use this video. It takes MP4 of up to three minutes.",
    "encoding_failure": "Bluesky could not read this video. Export it anew, as MP4 with H.264.",
}
WAIT = timedelta(minutes=15)  # when a day's limit ends is not told


def service_auth(answer: Answer) -> NetworkError | None:
    """The judge of ``getServiceAuth``: a server or a sign-in without it is no fault."""
    name = error_name(answer)
    unknown = answer.status in (404, 501) or name in ("MethodNotImplemented", "XRPCNotSupported")
    if unknown or name == "ScopeMissingError":
        return _not_served(answer)
    return usual(answer)


def service(answer: Answer) -> NetworkError | None:
    """The judge of the service's own calls."""
    status, name = answer.status, error_name(answer)
    if status in (401, 403, 404, 501):
        return _not_served(answer)
    if status == 429:
        return NetworkError(
            Category.RATE_LIMITED, "Too many videos for now; Bluesky asks us to wait.",
            status=status, code=name, raw=answer.raw,
            retry_at=retry_at(answer, "ratelimit-reset"), narrow=True,
        )  # fmt: skip
    if status == 413:
        return NetworkError(
            Category.MEDIA_ERROR, "The video is too large for Bluesky.",
            status=status, code=name, raw=answer.raw, retryable=False,
        )  # fmt: skip
    if status >= 500:
        return NetworkError(
            Category.NETWORK_ERROR, "Bluesky's video service has trouble at the moment.",
            effect=Effect.UNKNOWN, status=status, code=name, raw=answer.raw,
        )  # fmt: skip
    if status in (400, 409, 415, 422):
        found = answer.mapping()
        refused = failed(name, _said(found.get("message") or name), answer.raw)
        refused.status, refused.retryable = status, False
        return refused
    return None


def limits(answer: Answer, size: int) -> NetworkError | None:
    """Why the account may upload no video of ``size`` bytes now, or ``None`` where it may.

    What is not told is no limit.
    """
    found = answer.mapping()
    said, name = _said(found.get("message")), _said(found.get("error"))
    left = _number(found.get("remainingDailyVideos"))
    room = _number(found.get("remainingDailyBytes"))
    if found.get("canUpload") is False and "email" in f"{name} {said}".lower():
        return NetworkError(
            Category.MEDIA_ERROR,
            "Bluesky takes videos only from accounts with a confirmed e-mail address. Confirm it "
            "in Bluesky's settings.",
            code=name or "unconfirmed_email", raw=answer.raw, retryable=False,
        )  # fmt: skip
    if left is not None and left <= 0:
        return _used_up("The account has posted as many videos as Bluesky allows in a day.", answer)
    if room is not None and room < size:
        return _used_up(
            "The account has uploaded as much video as Bluesky allows in a day.", answer
        )
    if found.get("canUpload") is False:
        reason = f": {said}" if said else "."
        return _used_up(f"Bluesky takes no video from this account now{reason}", answer)
    return None


def failed(code: str, said: str, raw: str) -> NetworkError:
    """A video that will not be ready. Only a fault nobody named may be gone next time."""
    known = FAILURES.get(code, "")
    reason = f": {_said(said)}" if said and said != code else "."
    return NetworkError(
        Category.MEDIA_ERROR, known or f"Bluesky could not use the video{reason}",
        code=code or "processing_failed", raw=raw, retryable=not known,
    )  # fmt: skip


def _number(found: Any) -> int | None:
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _said(found: Any) -> str:
    return " ".join(found.split())[:200] if isinstance(found, str) else ""


def _used_up(message: str, answer: Answer) -> NetworkError:
    return NetworkError(
        Category.RATE_LIMITED, message, code="video_limit", raw=answer.raw, retry_at=now() + WAIT,
        narrow=True,
    )  # fmt: skip


def _not_served(answer: Answer) -> NetworkError:
    return NetworkError(
        Category.MEDIA_ERROR, "Bluesky's video service does not serve this account.",
        status=answer.status, code=NOT_SERVED, raw=answer.raw, retryable=False,
    )  # fmt: skip
