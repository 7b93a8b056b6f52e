"""Pages that people open, and the same addresses as clients of the API read them."""

from __future__ import annotations

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from app.sandbox import feed
from app.sandbox.reddit.desk import NAME, ROOM, allowed, bp, plain_error, say
from app.sandbox.reddit.shapes import public, shown
from app.sandbox.room import bearer
from app.sandbox.store import store


@bp.get("/comments/<link_id>", strict_slashes=False)
@bp.get("/r/<sr>/comments/<link_id>", strict_slashes=False)
@bp.get("/r/<sr>/comments/<link_id>/<slug>", strict_slashes=False)
@bp.get("/r/<sr>/comments/<link_id>/<slug>/<comment_id>", strict_slashes=False)
def post(
    link_id: str, sr: str = "", slug: str = "", comment_id: str = ""
) -> ResponseReturnValue:  # fmt: skip
    """A post with its comments: JSON for a token, else the page."""
    if bearer():
        return _thread(link_id)
    return feed.permalink(NAME, f"t1_{comment_id}" if comment_id else f"t3_{link_id}")


@ROOM.operation("lookup")
@allowed("read")
def _thread(link_id: str) -> ResponseReturnValue:
    found = store().posts.get(NAME, f"t3_{link_id}", deleted=True)
    if found is None or not public(found):
        return plain_error(404, "Not Found")
    below = [shown(one) for one in store().posts.replies(NAME, found.id)]
    return say([_whole([shown(found)]), _whole(below)])


def _whole(rows: list[dict[str, object]]) -> dict[str, object]:
    data = {"after": None, "before": None, "dist": len(rows), "modhash": "", "children": rows}
    return {"kind": "Listing", "data": data}


@bp.get("/user/<handle>", strict_slashes=False)
@bp.get("/u/<handle>", strict_slashes=False)
def profile(handle: str) -> ResponseReturnValue:
    """Somebody's posts."""
    return redirect(url_for("feed.index", network=NAME, account=handle))
