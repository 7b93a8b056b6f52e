"""What the played Pinterest shows: the account, Pins, lists of them, pages for people."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.sandbox import feed
from app.sandbox.pinterest.boards import own as own_boards
from app.sandbox.pinterest.boards import reached
from app.sandbox.pinterest.desk import NAME, ROOM, allowed, bp, has, me, page, say, stop
from app.sandbox.pinterest.pins import own
from app.sandbox.pinterest.shapes import pin
from app.sandbox.records import Post
from app.sandbox.store import store


@bp.get("/v5/user_account")
@ROOM.operation("account")
@allowed("read", "user_accounts:read")
def user_account() -> ResponseReturnValue:
    """Who the token is for."""
    account = me()
    kind = account.extras.get("account_type", "BUSINESS")
    return say(
        {
            "id": account.id, "username": account.handle, "account_type": kind,
            "business_name": account.name if kind == "BUSINESS" else None,
            "profile_image": f"{request.host_url}_sandbox/avatar/{account.handle}.png",
            "website_url": "", "about": "", "follower_count": 120, "following_count": 80,
            "monthly_views": 4000, "board_count": len(own_boards()),
            "pin_count": sum(1 for _ in store().posts.of(NAME, account.handle)),
        }
    )  # fmt: skip


def _metrics() -> bool:
    return request.args.get("pin_metrics", "false").lower() == "true"


def _list(**wanted: str) -> ResponseReturnValue:
    """The caller's Pins of a board and a section, newest first."""
    metrics, secret = _metrics(), _secret()
    rows: list[dict[str, Any]] = [
        pin(post, metrics=metrics)
        for post in store().posts.of(NAME, me().handle)
        if all(post.extras[name] == value for name, value in wanted.items())
        and (post.extras["board_id"] not in secret or has("pins:read_secret"))
    ]
    return page(rows)


def _secret() -> set[str]:
    return {key for key, row in own_boards().items() if row["privacy"] == "SECRET"}


@bp.get("/v5/pins")
@ROOM.operation("lookup")
@allowed("read", "boards:read", "pins:read")
def pins() -> ResponseReturnValue:
    return _list()


@bp.get("/v5/boards/<board_id>/pins")
@ROOM.operation("lookup")
@allowed("read", "boards:read", "pins:read")
def of_board(board_id: str) -> ResponseReturnValue:
    """Pins of the board itself; those in its sections are listed there."""
    reached(board_id, "read")
    return _list(board_id=board_id, board_section_id="")


@bp.get("/v5/boards/<board_id>/sections/<section_id>/pins")
@ROOM.operation("lookup")
@allowed("read", "boards:read", "pins:read")
def of_section(board_id: str, section_id: str) -> ResponseReturnValue:
    if section_id not in reached(board_id, "read")["sections"]:
        stop(404, 2030, "Board section not found.")
    return _list(board_id=board_id, board_section_id=section_id)


@bp.get("/v5/pins/<pin_id>")
@ROOM.operation("lookup")
@allowed("read", "boards:read", "pins:read")
def one(pin_id: str) -> ResponseReturnValue:
    found: Post = own(pin_id)
    return say(pin(found, metrics=_metrics()))


@bp.get("/pin/<pin_id>/")
def permalink(pin_id: str) -> ResponseReturnValue:
    """The Pin's page."""
    return feed.permalink(NAME, pin_id)


@bp.get("/<handle>/")
def profile(handle: str) -> ResponseReturnValue:
    """Somebody's Pins."""
    return redirect(url_for("feed.index", network=NAME, account=handle))
