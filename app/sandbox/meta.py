"""What the rooms of all Meta networks share: error bodies, usage headers, times.

A room of Meta's raises ``Refused(error(…))`` or calls ``no(…)``, takes ``refuse`` and ``wrong``
for its ``Room``, and lets ``used`` write the usage headers of every answer.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import re
import secrets
from datetime import UTC, datetime
from typing import Any, NoReturn

from flask import Response, request
from werkzeug.exceptions import HTTPException

from app.sandbox.faults import Hit
from app.sandbox.limits import Window
from app.sandbox.room import bearer

GRAPH = "https://developers.facebook.com/docs/graph-api"


class Refused(HTTPException):
    """An answer that ends the call."""

    def __init__(self, answer: Response) -> None:
        super().__init__(response=answer)


def say(body: Any, status: int = 200) -> Response:
    """JSON as Graph writes it."""
    return Response(json.dumps(body, ensure_ascii=False), status, mimetype="application/json")


def error(
    code: int, message: str, *, subcode: int = 0, status: int = 400, kind: str = "OAuthException",
    title: str = "", words: str = "", transient: bool = False,
) -> Response:  # fmt: skip
    """Meta's error body; ``words`` and ``title`` are for people."""
    found: dict[str, Any] = {"message": message, "type": kind, "code": code}
    if subcode:
        found["error_subcode"] = subcode
    if transient:
        found["is_transient"] = True
    if words:
        found |= {"is_transient": transient, "error_user_title": title, "error_user_msg": words}
    found["fbtrace_id"] = "A" + secrets.token_urlsafe(16)
    return say({"error": found}, status)


def no(code: int, message: str, **more: Any) -> NoReturn:
    """End the call with that error (``error`` has the names)."""
    raise Refused(error(code, message, **more))


def invalid(message: str, **more: Any) -> NoReturn:
    """A parameter is wrong or missing."""
    no(100, f"(#100) {message}", **more)


def absent(what: str) -> NoReturn:
    """The object is not there, or not for this token: Graph does not tell which."""
    no(
        100,
        f"Unsupported {request.method.lower()} request. Object with ID '{what}' does not exist, "
        "cannot be loaded due to missing permissions, or does not support this operation. "
        f"Please read the Graph API documentation at {GRAPH}",
        subcode=33,
        kind="GraphMethodException",
    )


def no_token() -> Response:
    """The call brought none."""
    return error(2500, "An active access token must be used to query information about the "
                 "current user.")  # fmt: skip


def bad_token(subcode: int = 0) -> Response:
    """Invented (no subcode), expired (463), removed app (458), changed password (460)."""
    said = {
        458: "Error validating access token: The user has not authorized application.",
        460: "Error validating access token: The session has been invalidated because the user "
             "changed their password or Facebook has changed the session for security reasons.",
        463: "Error validating access token: Session has expired on a day that has passed.",
    }.get(subcode, "Invalid OAuth access token - Cannot parse access token")  # fmt: skip
    return error(190, said, subcode=subcode, status=401 if not subcode else 400)


def no_permission(scope: str, code: int = 200) -> Response:
    """A scope is missing, or the task on the Page."""
    said = f"(#{code}) Requires {scope} permission to manage the object"
    return error(code, said, status=403)


def trouble() -> Response:
    """A server's own trouble."""
    return error(2, "An unexpected error has occurred. Please retry your request later.",
                 status=500, transient=True)  # fmt: skip


def too_many(seconds: float, code: int = 4, use: str = "pages", who: str = "0") -> Response:
    """A rate limit; Meta names the wait in whole minutes, in the business header alone."""
    said = {
        4: "(#4) Application request limit reached",
        17: "(#17) User request limit reached",
        32: "(#32) Page request limit reached",
    }.get(code, f"(#{code}) There have been too many calls to this account.")
    answer = error(code, said, status=400 if code >= 1000 else 403, transient=True)
    _business(answer, who, use, 100, math.ceil(seconds / 60))
    return answer


def used(answer: Response, window: Window, *, who: str = "0", use: str = "pages") -> Response:
    """Write the share of the allowance that is used, in percent."""
    whole = max(window.limit, 1)
    percent = min(100, 100 * (whole - window.remaining) // whole)
    shares = {"call_count": percent, "total_time": percent, "total_cputime": percent // 2}
    answer.headers["X-App-Usage"] = json.dumps(shares)
    if "X-Business-Use-Case-Usage" not in answer.headers:
        _business(answer, who, use, percent, 0)
    return answer


def _business(answer: Response, who: str, use: str, percent: int, minutes: int) -> None:
    row = {
        "type": use, "call_count": percent, "total_cputime": percent // 2, "total_time": percent,
        "estimated_time_to_regain_access": minutes,
    }  # fmt: skip
    answer.headers["X-Business-Use-Case-Usage"] = json.dumps({who: [row]})


def token() -> str:
    """The token of the request: header ``Bearer`` or ``OAuth``, or a parameter."""
    return (
        bearer() or bearer("OAuth")
        or request.args.get("access_token", "") or request.form.get("access_token", "")
        or str(fields().get("access_token") or "")
    )  # fmt: skip


def fields() -> dict[str, Any]:
    """Parameters of the call: query, form and JSON body, as Graph takes them alike.

    Nested values of forms are JSON strings; ``attached_media[0]`` and the like are gathered
    into lists.
    """
    found: dict[str, Any] = dict(request.args.items())
    body = request.get_json(silent=True) if request.is_json else None
    found |= body if isinstance(body, dict) else {}
    for name, text in request.form.items():
        word, bracket, _ = name.partition("[")
        if bracket:
            found.setdefault(word, []).append(_unpacked(text))
        else:
            found[name] = text
    return found


def _unpacked(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def truth(value: Any, usual: bool = False) -> bool:
    """A flag as Graph reads it."""
    if value is None or value == "":
        return usual
    return str(value).lower() in ("1", "true", "yes")


def proven(given: str, access: str, secret: str) -> bool:
    """Whether ``appsecret_proof`` belongs to token and app."""
    made = hmac.new(secret.encode(), access.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(made.encode(), given.encode())


def stamp(at: float) -> str:
    """Unix seconds as ``2026-08-01T12:00:00+0000``."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def refuse(hit: Hit) -> Response | None:
    """Ordered faults in Meta's words; media that is processing is the room's own business."""
    if hit.kind == "revoked":
        return bad_token(458)
    if hit.kind == "http_429":
        return too_many(hit.retry_after)
    if hit.kind == "http_500":
        return trouble()
    return None


def wrong(status: int, message: str) -> Response:
    """Errors outside of any view."""
    if status in (404, 405):
        return error(2500, f"Unknown path components: {request.path}", status=400)
    if status == 413:
        return error(1, "The request is too large.", status=413)
    if status >= 500:
        return error(1, "An unknown error has occurred.", status=500)
    return error(100, message, status=status)


_ORDERED = re.compile(r"\bmeta-error:(-?\d{1,9})(?:/(\d{1,9}))?\b")


def ordered(text: str) -> None:
    """Refuse a text that asks for it: ``meta-error:368/4854002`` in a caption is that error."""
    found = _ORDERED.search(text)
    if found:
        code, subcode = int(found[1]), int(found[2] or 0)
        no(code, f"(#{code}) This was ordered by the text.", subcode=subcode)


def film_seconds(data: bytes) -> float:
    """How long an MP4 lasts by its ``mvhd`` box; 0 where it has none."""
    place = data.find(b"mvhd")
    if place < 0 or len(data) < place + 32:
        return 0.0
    wide = data[place + 4] == 1
    at = place + (24 if wide else 16)
    scale = int.from_bytes(data[at : at + 4], "big")
    lasts = int.from_bytes(data[at + 4 : at + (12 if wide else 8)], "big")
    return lasts / scale if scale else 0.0
