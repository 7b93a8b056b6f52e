"""The counter of the played YouTube: who is asking, how much it costs, what is said to them."""

from __future__ import annotations

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

NAME = "youtube"
bp = Blueprint("youtube", __name__)
P = ParamSpec("P")

PREFIX = "https://www.googleapis.com/auth/"
UPLOAD, MANAGE = f"{PREFIX}youtube.upload", f"{PREFIX}youtube"
FORCE, READ = f"{PREFIX}youtube.force-ssl", f"{PREFIX}youtube.readonly"
ANALYTICS = f"{PREFIX}yt-analytics.readonly"
SCOPES = {
    UPLOAD: "Upload videos to your channel",
    MANAGE: "Manage your YouTube account",
    FORCE: "See, edit and delete your videos, ratings, comments and captions",
    READ: "See your YouTube account",
    ANALYTICS: "See the reports of your channel",
    "openid": "Know who you are on Google",
    f"{PREFIX}userinfo.profile": "See your name and picture",
    f"{PREFIX}userinfo.email": "See your e-mail address",
}
# Any of these opens a call ([disc], method by method).
READING = (MANAGE, FORCE, READ)
WRITING = (MANAGE, FORCE)
SENDING = (MANAGE, FORCE, UPLOAD)
EVERYWHERE = {
    "$.xgafv", "access_token", "alt", "callback", "fields", "key", "oauth_token", "prettyPrint",
    "quotaUser", "uploadType", "upload_protocol",
}  # fmt: skip
DAY = 24 * 3600
LIMITS = {"insert": 100, "units": 10_000, "channel": 100}
STATUSES = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE",
}  # fmt: skip


class Refused(HTTPException):
    """An answer that ends the call."""

    def __init__(self, answer: Response) -> None:
        super().__init__(response=answer)


def say(body: Any, status: int = 200) -> Response:
    """JSON as Google writes it."""
    text = json.dumps(body, ensure_ascii=False, indent=2)
    return Response(text, status, content_type="application/json; charset=UTF-8")


def problem(status: int, reason: str, message: str, *, domain: str = "youtube.video") -> Response:
    """Google's error body."""
    rows = [{"message": message, "domain": domain, "reason": reason}]
    error: dict[str, Any] = {"code": status, "message": message, "errors": rows}
    if domain == "global" and status in STATUSES:
        error["status"] = STATUSES[status]
    return say({"error": error}, status)


def refused(status: int, reason: str, message: str, *, domain: str = "youtube.video") -> NoReturn:
    """End the call with an error."""
    raise Refused(problem(status, reason, message, domain=domain))


def bad(message: str, reason: str = "badRequest") -> NoReturn:
    """400: the request is not as documented."""
    refused(400, reason, message, domain="global")


def unauthorized() -> Response:
    """Expired, revoked and invented tokens look the same."""
    answer = problem(
        401, "authError", "Request had invalid authentication credentials. Expected OAuth 2 access "
        "token, login cookie or other valid authentication credential.", domain="global",
    )  # fmt: skip
    answer.headers["WWW-Authenticate"] = 'Bearer realm="https://accounts.google.com/"'
    return answer


def whose() -> str:
    """The handle of the request's token, or ``""``."""
    token = bearer()
    pasted = handle_of(token)
    if pasted:
        return pasted
    grant = store().grants.find(NAME, "access", token) if token else None
    return grant.handle if grant is not None and grant.live else ""


def refuse(hit: Hit) -> Response | None:
    """Ordered faults in Google's words; what becomes of a taken video is the upload's business."""
    if hit.kind == "revoked":
        if request.path.endswith("/token"):
            return token_error("invalid_grant", "Token has been expired or revoked.")
        return unauthorized()
    if hit.kind == "http_429":
        answer = problem(
            429, "rateLimitExceeded", "Too many requests. Try again later.", domain="global"
        )
        answer.headers["Retry-After"] = str(hit.retry_after)
        return answer
    if hit.kind == "http_500":
        return wrong(500, "Internal error encountered.")
    return None


def token_error(error: str, description: str, status: int = 400) -> Response:
    """An error of the token endpoint."""
    return say({"error": error, "error_description": description}, status)


def wrong(status: int, message: str) -> Response:
    """Errors outside of any view."""
    reason = {404: "notFound", 405: "httpMethodNotAllowed", 413: "uploadTooLarge"}.get(status)
    if status >= 500:
        reason = "backendError" if status == 503 else "internalError"
    return problem(status, reason or "badRequest", message or "Error", domain="global")


ROOM = Room(
    name=NAME, title="YouTube", prefix="/youtube", token_path="/token",
    refuse=refuse, whose=whose, wrong=wrong,
)  # fmt: skip


def me() -> Account:
    """The account of the request (inside ``allowed``)."""
    found: Account = g.youtube_account
    return found


def allowed(
    *scopes: str, cost: int = 1, takes: set[str]
) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
    """Decorates a view: a live token with one of these scopes, quota left, known parameters."""

    def wrap(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
        @wraps(view)
        def run(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            try:
                let_in(*scopes)
                spend("units", cost)  # refused requests cost too
                for name in request.args:
                    if name not in EVERYWHERE and name not in takes:
                        bad(
                            f'Invalid JSON payload received. Unknown name "{name}": Cannot bind '
                            f"query parameter. Field '{name}' could not be found in request "
                            "message."
                        )
                return view(*args, **kwargs)
            except Refused as error:
                assert isinstance(error.response, Response)
                return error.response

        return run

    return wrap


def let_in(*scopes: str) -> None:
    """Who is asking; ends the call for a dead token or a missing permission."""
    token = bearer()
    pasted = handle_of(token)
    if pasted:
        g.youtube_account = store().accounts.get(NAME, pasted)
        return
    grant = store().grants.find(NAME, "access", token) if token else None
    if grant is None or not grant.live:
        raise Refused(unauthorized())
    if not set(scopes) & set(grant.scopes):
        refused(
            403, "insufficientPermissions", "Request had insufficient authentication scopes.",
            domain="global",
        )  # fmt: skip
    g.youtube_account = store().accounts.get(NAME, grant.handle)


def spend(bucket: str, cost: int = 1) -> None:
    """Count against the project's day; ends the call where nothing is left."""
    handle = me().handle
    project = handle if handle.lower().startswith("bench") else "project"
    for _ in range(cost):
        window = store().limits.hit(NAME, project, bucket, LIMITS[bucket], DAY)
        if window.refused:
            refused(
                403, "quotaExceeded",
                "The request cannot be completed because you have exceeded your quota.",
                domain="youtube.quota",
            )  # fmt: skip


def wanted_parts(known: set[str]) -> list[str]:
    """The ``part`` parameter, given once or several times; required."""
    found = [word for text in request.args.getlist("part") for word in text.split(",") if word]
    if not found:
        bad("Required parameter: part", "required")
    for word in found:
        if word not in known:
            refused(
                400, "unknownPart", f"'{word}'", domain="youtube.part"
            )  # fmt: skip
    return list(dict.fromkeys(found))


def body() -> dict[str, Any]:
    """The JSON object of the request."""
    found = request.get_json(silent=True)
    if not isinstance(found, dict):
        bad("Parse Error", "parseError")
    return found


def check(found: dict[str, Any], shape: dict[str, Any], path: str = "") -> None:
    """Refuse properties that are not known or of another type."""
    for name, value in found.items():
        wanted = shape.get(name)
        where = f"{path}{name}"
        if wanted is None:
            bad(
                f'Invalid JSON payload received. Unknown name "{name}" at \'resource'
                f"{'.' + path[:-1] if path else ''}': Cannot find field."
            )
        if isinstance(wanted, dict):
            if not isinstance(value, dict):
                bad(f"Invalid value at 'resource.{where}'")
            check(value, wanted, f"{where}.")
        elif not isinstance(value, wanted):
            bad(f"Invalid value at 'resource.{where}'")


def channel_id(account: Account) -> str:
    """The id of a handle's channel."""
    return "UC" + account.id.rjust(22, "0")[-22:]


def by_channel(wanted: str) -> Account | None:
    """The account of a channel's id."""
    return next((a for a in store().accounts.known(NAME) if channel_id(a) == wanted), None)


def has_channel(account: Account) -> bool:
    """Whether the Google account has a channel at all."""
    return account.extras.get("channel", True) is not False


def needs_channel() -> None:
    """End the call where there is none."""
    if not has_channel(me()):
        refused(401, "youtubeSignupRequired", "Unauthorized", domain="youtube.header")


def list_of(kind: str, rows: list[dict[str, Any]]) -> Response:
    """A list as Google answers it."""
    page = {"totalResults": len(rows), "resultsPerPage": len(rows)}
    return say({"kind": f"youtube#{kind}", "etag": "", "pageInfo": page, "items": rows})
