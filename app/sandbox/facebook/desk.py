"""The counter of the played Facebook: whose token, which Page, how much of the allowance."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec

from flask import Blueprint, Response, g, make_response, request
from flask.typing import ResponseReturnValue

from app.sandbox import meta
from app.sandbox.faults import Hit
from app.sandbox.limits import Window
from app.sandbox.records import Account, stable_number
from app.sandbox.room import Room, handle_of
from app.sandbox.store import store

NAME = "facebook"
GRAPH = "/v<int:major>.<int:minor>"
CALLS, DAY = 4800, 24 * 3600
bp = Blueprint("facebook", __name__)
P = ParamSpec("P")

SCOPES = {
    "pages_show_list": "See the Pages you manage",
    "pages_read_engagement": "Read what your Pages publish",
    "pages_manage_posts": "Publish and delete posts of your Pages",
    "pages_manage_engagement": "Comment as your Pages",
    "pages_read_user_content": "Read what others write on your Pages",
    "read_insights": "See the numbers of your Pages",
    "business_management": "See the Pages of your businesses",
    "public_profile": "See your name and picture",
    "email": "See your e-mail address",
    "instagram_basic": "See your Instagram account",
    "instagram_content_publish": "Publish on your Instagram account",
    "instagram_manage_comments": "Comment on your Instagram account",
    "instagram_manage_insights": "See the numbers of your Instagram account",
}  # fmt: skip
TASKS = ["ADVERTISE", "ANALYZE", "CREATE_CONTENT", "MESSAGING", "MODERATE", "MANAGE"]


@dataclass(frozen=True)
class Who:
    """Whose token it is. ``page`` is set for a Page's own token."""

    person: str
    scopes: tuple[str, ...]
    family: str
    token: str
    expires: float = 0.0
    page: str = ""
    pasted: bool = False


@bp.url_value_preprocessor
def _version(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Every version that lives is answered alike; views need not know it."""
    for name in ("major", "minor"):
        (values or {}).pop(name, None)


def whose() -> str:
    """The handle of the request's token: the Page's, else the person's."""
    found = identify(meta.token())
    return "" if isinstance(found, Response) else found.page or found.person


def identify(token: str) -> Who | Response:
    """Who a token speaks for, or the refusal."""
    if not token:
        return meta.no_token()
    pasted = handle_of(token)
    if pasted:
        return Who(pasted, tuple(SCOPES), f"pasted-{pasted.lower()}", token, pasted=True)
    found = store().grants.find(NAME, "user", token) or store().grants.find(NAME, "page", token)
    if found is None:
        return meta.bad_token()
    if not found.live:
        return meta.bad_token(458 if found.ended else 463)
    page = str(found.extras.get("page") or "")
    return Who(found.handle, tuple(found.scopes), found.family, token, found.expires, page)


def _worded(hit: Hit) -> Response | None:
    if hit.kind == "duplicate" and request.path.endswith("/feed"):
        return duplicate()
    if hit.kind == "http_429":
        return meta.too_many(hit.retry_after, 32)
    return meta.refuse(hit)


def duplicate() -> Response:
    """The refusal of a post that equals the last one."""
    return meta.error(
        506, "Duplicate status message", title="Duplicate Status Update",
        words="This status update is identical to the last one you posted. Try posting "
        "something different, or delete your previous update.",
    )  # fmt: skip


ROOM = Room(
    name=NAME, title="Facebook", prefix="/facebook", token_path="/v25.0/oauth/access_token",
    refuse=_worded, whose=whose, wrong=meta.wrong,
)  # fmt: skip


def who() -> Who:
    """Whose call it is (inside ``allowed``)."""
    found: Who = g.facebook_who
    return found


def page() -> Account:
    """The Page of the call's token (inside ``allowed(page=True)``)."""
    return store().accounts.get(NAME, who().page)


def allowed(
    *scopes: str, page: bool = False, code: int = 200
) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
    """Decorates a view: a live token with these scopes, ``page``: a Page's own; within limits."""

    def wrap(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
        @wraps(view)
        def run(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            window: Window | None = None
            try:
                _let_in(scopes, page, code)
                window = _window()
                answer = make_response(view(*args, **kwargs))
            except meta.Refused as error:
                assert isinstance(error.response, Response)
                answer = error.response
            return answer if window is None else meta.used(answer, window)

        return run

    return wrap


def _let_in(scopes: tuple[str, ...], page: bool, code: int) -> None:
    found = identify(meta.token())
    if isinstance(found, Response):
        raise meta.Refused(found)
    given = meta.fields().get("appsecret_proof")
    if given and not meta.proven(str(given), found.token, ROOM.client_secret):
        meta.invalid("Invalid appsecret_proof provided in the API argument")
    lacking = [scope for scope in scopes if scope not in found.scopes]
    if lacking:
        raise meta.Refused(meta.no_permission(lacking[0], code))
    if page and not found.page:
        raise meta.Refused(
            meta.error(210, "(#210) A page access token is required to request this resource.",
                       status=403)
        )  # fmt: skip
    g.facebook_who = found


def _window() -> Window:
    found = store().limits.hit(NAME, who().page or who().person, "calls", CALLS, DAY)
    if found.refused:
        left = max(found.reset - time.time(), 60)
        raise meta.Refused(meta.too_many(left, 32, who=person_id(who().person)))
    return found


def person_id(handle: str) -> str:
    """A person's id; Pages have ids of their own."""
    return str(stable_number("facebook-person", handle.lower()))
