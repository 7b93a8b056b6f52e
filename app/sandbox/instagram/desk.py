"""The counter of the played Instagram: who asks, what they may, how often."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec

from flask import Blueprint, Response, g, request
from flask.typing import ResponseReturnValue

from app.sandbox import meta
from app.sandbox.faults import Hit
from app.sandbox.records import Account, Grant
from app.sandbox.room import Room, handle_of
from app.sandbox.store import store

NAME = "instagram"
bp = Blueprint("instagram", __name__)
P = ParamSpec("P")
DAY = 86_400
FACEBOOK_CLIENT, FACEBOOK_SECRET = "sandbox-facebook", "sandbox-facebook-secret"
CALLS = 4800  # a day and account; Meta multiplies it by impressions
# What each login calls its scopes, in words for the consent page.
SCOPES = {
    "instagram_business_basic": "See your profile and posts",
    "instagram_business_content_publish": "Publish posts for you",
    "instagram_business_manage_comments": "Read and write comments for you",
    "instagram_business_manage_insights": "See numbers about your posts",
    "instagram_business_manage_messages": "Read and write messages for you",
}
FACEBOOK_SCOPES = {
    "instagram_basic": "See your Instagram profile and posts",
    "instagram_content_publish": "Publish Instagram posts for you",
    "instagram_manage_comments": "Read and write Instagram comments for you",
    "instagram_manage_insights": "See numbers about your Instagram posts",
    "instagram_manage_contents": "Delete Instagram posts for you",
    "pages_show_list": "See the Pages you manage",
    "pages_read_engagement": "Read what is on your Pages",
    "business_management": "See Pages of your business",
}
_VERSION = re.compile(r"v\d{2}\.\d")


def grant_of(given: str) -> Grant | None:
    """What a token is; a pasted one has every scope of the Instagram login."""
    pasted = handle_of(given)
    if pasted:
        return Grant(NAME, "access", given, pasted, scopes=list(SCOPES), extras={"login": NAME})
    return store().grants.find(NAME, "access", given) if given else None


def whose() -> str:
    found = grant_of(meta.token())
    return found.handle if found is not None and found.live else ""


def refuse(hit: Hit) -> Response | None:
    """Ordered faults in Meta's words. There are no duplicates here."""
    if hit.kind == "revoked" and "access_token" in request.path:
        return meta.error(100, "This authorization code has been used.", subcode=36009)
    if hit.kind == "http_429":
        return meta.too_many(hit.retry_after, use=NAME, who="1784")
    if hit.kind == "processing" and request.path.endswith("/media_publish"):
        return not_ready()
    return meta.refuse(hit)


def not_ready() -> Response:
    return meta.error(
        9007, "The media is not ready for publishing, please wait for a moment",
        subcode=2207027, title="Media Not Ready",
        words="The media is not ready to be published. Please wait for a moment.",
    )  # fmt: skip


ROOM = Room(
    name=NAME, title="Instagram", prefix="/instagram", token_path="/oauth/access_token",
    refuse=refuse, whose=whose, wrong=meta.wrong,
)  # fmt: skip


def me() -> Account:
    """The account of the request (inside ``allowed``)."""
    found: Account = g.ig_account
    return found


def grant() -> Grant:
    """The token of the request (inside ``allowed``)."""
    found: Grant = g.ig_grant
    return found


def facebook() -> bool:
    """Whether the token came from the Facebook login."""
    return grant().extras.get("login") == "facebook"


def ig_id(account: Account) -> str:
    """The account's id as Instagram shows it."""
    return f"1784{account.id[:13]}"


def page_id(account: Account, number: int = 0) -> str:
    """The id of its Page; ``number`` counts further Pages."""
    return f"106{number}{account.id[:11]}"


def allowed(
    *scopes: str,
) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
    """Decorates a view: a live token with these scopes (named without their prefix)."""

    def wrap(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
        @wraps(view)
        def run(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            stopped = _let_in(scopes, str((request.view_args or {}).get("version", "v25.0")))
            if stopped is not None:
                return stopped
            who = ig_id(me())
            window = store().limits.hit(NAME, me().handle, "calls", CALLS, DAY)
            if window.refused:
                wait = window.reset - time.time()
                return meta.too_many(wait, 80002, use=NAME, who=who)
            try:
                made = view(*args, **kwargs)
            except meta.Refused as error:
                assert isinstance(error.response, Response)
                made = error.response
            assert isinstance(made, Response)
            return meta.used(made, window, who=who, use=NAME)

        return run

    return wrap


def _let_in(scopes: tuple[str, ...], version: str) -> Response | None:
    if not _VERSION.fullmatch(version):
        return meta.wrong(404, "")
    found = grant_of(meta.token())
    if found is None:
        return meta.bad_token() if meta.token() else meta.no_token()
    if not found.live:
        return meta.bad_token(458 if found.ended else 463)
    prefix = "instagram_" if found.extras.get("login") == "facebook" else "instagram_business_"
    given = meta.fields().get("appsecret_proof")
    if given and not meta.proven(str(given), found.token, FACEBOOK_SECRET):
        return meta.error(100, "Invalid appsecret_proof provided in the API argument")
    missing = [prefix + scope for scope in scopes if prefix + scope not in found.scopes]
    if missing:
        return meta.no_permission(missing[0], 10)
    g.ig_grant, g.ig_account = found, store().accounts.get(NAME, found.handle)
    return None


def own(ig: str) -> None:
    """The path's account has to be the token's; ``me`` works as well."""
    if ig not in ("me", ig_id(me())) or (facebook() and not grant().extras.get("page")):
        meta.absent(ig)


def only(found: Mapping[str, Any]) -> Response:
    """The named fields of an object, and its id; what it does not have now is left out."""
    asked = re.sub(r"\{[^{}]*\}", "", request.args.get("fields", "id")).split(",")
    missing = [name for name in asked if name not in found]
    if missing:
        meta.invalid(f"Tried accessing nonexisting field ({missing[0]})")
    return meta.say({name: found[name] for name in ("id", *asked) if found.get(name) is not None})
