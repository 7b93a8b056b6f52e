"""The counter of the played Threads: who is asking, what is said to them, how often they may."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn, ParamSpec

from flask import Blueprint, Response, g
from flask.typing import ResponseReturnValue

from app.sandbox import meta
from app.sandbox.faults import Hit
from app.sandbox.meta import Refused
from app.sandbox.records import Account, Grant
from app.sandbox.room import Room, handle_of
from app.sandbox.store import store

NAME = "threads"
bp = Blueprint("threads", __name__)
P = ParamSpec("P")

SCOPES = {
    "threads_basic": "See your profile and your posts",
    "threads_content_publish": "Post for you",
    "threads_manage_insights": "See how your posts do",
    "threads_read_replies": "See replies to your posts",
    "threads_manage_replies": "Reply for you",
    "threads_delete": "Delete your posts",
    "threads_keyword_search": "Search posts",
    "threads_location_tagging": "Tag places",
    "threads_profile_discovery": "Look profiles up",
    "threads_manage_mentions": "See where you are mentioned",
}  # fmt: skip
CALLS, DAY = 48_000, 24 * 3600  # 4,800 × impressions, which count at least 10


def absent(media_id: str) -> Response:
    """24: a container or a post that is not there (yet)."""
    return meta.error(
        24, "The requested resource does not exist", subcode=4279009, title="Media Not Found",
        words=f"The media with id {media_id} cannot be found.",
    )  # fmt: skip


def invalid(message: str, *, subcode: int = 0) -> NoReturn:
    """100: something in the request is not as documented."""
    meta.no(
        100, "Invalid parameter", subcode=subcode, kind="THApiException",
        title="Invalid parameter", words=message,
    )  # fmt: skip


def grant() -> Grant | None:
    """The grant of the request's token, ended and expired ones too."""
    given = meta.token()
    return store().grants.find(NAME, "access", given) if given else None


def whose() -> str:
    """The handle of the request's token, or ``""``."""
    pasted = handle_of(meta.token())
    found = grant()
    return pasted or (found.handle if found is not None and found.live else "")


def refuse(hit: Hit) -> Response | None:
    """Ordered faults in Threads' words; a status that says "in progress" is the view's own."""
    if hit.kind == "processing" and "creation_id" in meta.fields():
        return absent(str(meta.fields()["creation_id"]))
    return meta.refuse(hit)


ROOM = Room(
    name=NAME, title="Threads", prefix="/threads", token_path="/oauth/access_token",
    refuse=refuse, whose=whose, wrong=meta.wrong,
)  # fmt: skip


def me() -> Account:
    """The account of the request (inside ``allowed``)."""
    found: Account = g.threads_account
    return found


def mine(user: str) -> None:
    """Nobody acts for another: the path names ``me`` or the token's own account."""
    if user not in ("me", me().id):
        meta.absent(user)


def figure(name: str, usual: float) -> float:
    """A number set for the account by ``POST /_sandbox/accounts``."""
    value = me().extras.get(name, usual)
    return float(value) if isinstance(value, int | float) else usual


def allowed(
    *scopes: str,
) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
    """Decorates a view: a live token with these scopes, within the calls of a day."""

    def wrap(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
        @wraps(view)
        def run(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            closed = _let_in(scopes)
            if closed is not None:
                return closed
            window = store().limits.hit(NAME, me().handle, "calls", CALLS, DAY)
            if window.refused:
                return meta.too_many(3600, use="threads", who=me().id)
            try:
                answer = _response(view(*args, **kwargs))
            except Refused as ended:
                answer = _response(ended.response)
            return meta.used(answer, window, use="threads", who=me().id)

        return run

    return wrap


def _response(answer: Any) -> Response:
    assert isinstance(answer, Response)
    return answer


def _let_in(scopes: tuple[str, ...]) -> Response | None:
    given = meta.token()
    if not given:
        return meta.no_token()
    pasted = handle_of(given)
    if pasted:
        g.threads_account = store().accounts.get(NAME, pasted)
        return None
    found = grant()
    closed = shut(found)
    if closed is not None:
        return closed
    assert found is not None
    lacking = [scope for scope in scopes if scope not in found.scopes]
    if lacking:
        return meta.error(
            10, "Application does not have permission for this action", status=403,
            kind="THApiException",
        )  # fmt: skip
    g.threads_account = store().accounts.get(NAME, found.handle)
    return None


def shut(found: Grant | None) -> Response | None:
    """Why a token opens nothing: invented, taken back (458), expired (463)."""
    if found is None:
        return meta.bad_token()
    if found.ended:
        return meta.bad_token(458)
    return None if found.live else meta.bad_token(463)
