"""``/_sandbox/…``: what scripts and tests ask of the sandbox itself (interfaces.md)."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.sandbox.avatar import picture
from app.sandbox.faults import BadOrder
from app.sandbox.records import Post
from app.sandbox.room import rooms
from app.sandbox.store import store

bp = Blueprint("control", __name__, url_prefix="/_sandbox")

SHOWN_MIMES = re.compile(r"(image/(jpeg|png|gif|webp)|video/(mp4|quicktime|webm))")


def base() -> str:
    """Where this sandbox is reached, without a final slash."""
    return request.host_url.rstrip("/")


def as_json(post: Post) -> dict[str, Any]:
    """A post for ``/_sandbox/posts``."""
    return {
        "id": post.id, "network": post.network, "account": post.account,
        "handle": post.account, "text": post.text,
        "media": [
            {**item, "url": f"{base()}/_sandbox/media/{item['blob']}"} for item in post.media
        ],
        "created_at": post.created_at, "parent": post.parent or None, "url": post.url,
        "deleted": post.deleted, "extras": post.extras,
    }  # fmt: skip


@bp.get("/posts")
def posts() -> ResponseReturnValue:
    """All posts, newest first; ``network``, ``account``, ``limit`` narrow it down."""
    found = store().posts.newest(
        network=request.args.get("network", ""), account=request.args.get("account", "")
    )
    limit = request.args.get("limit", type=int)
    every = list(found)[: limit if limit is not None and limit >= 0 else None]
    return {"posts": [as_json(post) for post in every]}


@bp.get("/networks")
def networks() -> ResponseReturnValue:
    """Where each network is played, and the client registered there."""
    return {
        "networks": {
            room.name: {
                "api_url": base() + room.prefix + room.api_path,
                "auth_url": base() + room.prefix,
                "token_url": base() + room.prefix + room.token_path,
                "client_id": room.client_id,
                "client_secret": room.client_secret,
            }
            for room in rooms().values()
        }
    }


@bp.get("/faults")
def faults() -> ResponseReturnValue:
    return {"faults": [fault.shown() for fault in store().faults.all()]}


@bp.post("/faults")
def order() -> ResponseReturnValue:
    """An order as JSON, or from the form of the feed page."""
    if not request.is_json:
        return _from_form()
    wanted = request.get_json(silent=True)
    try:
        if not isinstance(wanted, dict):
            raise BadOrder("body", "Send a JSON object.")
        fault = store().faults.order(wanted)
    except BadOrder as error:
        return {"error": error.message, "field": error.field}, 400
    return fault.shown(), 201


def _from_form() -> ResponseReturnValue:
    fields = {name: text for name, text in request.form.items() if text}
    if fields.pop("clear", ""):
        store().faults.clear()
        return redirect(url_for("feed.index"), 303)
    try:
        store().faults.order(fields)
    except BadOrder as error:
        return redirect(url_for("feed.index", panel=1, problem=error.message), 303)
    return redirect(url_for("feed.index"), 303)


@bp.delete("/faults")
def clear() -> ResponseReturnValue:
    store().faults.clear()
    return "", 204


@bp.delete("/faults/<int:fault_id>")
def clear_one(fault_id: int) -> ResponseReturnValue:
    store().faults.clear(fault_id)
    return "", 204


@bp.get("/limits")
def limits() -> ResponseReturnValue:
    return {"limits": store().limits.orders()}


@bp.post("/limits")
def set_limit() -> ResponseReturnValue:
    """``{"network", "account", "bucket", "limit"}``: ``*`` by default; null lifts it."""
    wanted = request.get_json(silent=True)
    if not isinstance(wanted, dict) or set(wanted) - {"network", "account", "bucket", "limit"}:
        return {"error": "Send network, account, bucket and limit.", "field": "body"}, 400
    limit = wanted.get("limit")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 0):
        return {"error": "A limit is a whole number, or null to lift it.", "field": "limit"}, 400
    words = [str(wanted.get(name) or "*") for name in ("network", "account", "bucket")]
    store().limits.set_limit(words[0], words[1], words[2], limit)
    return {"limits": store().limits.orders()}, 201


@bp.delete("/limits")
def clear_limits() -> ResponseReturnValue:
    store().limits.clear()
    return "", 204


@bp.post("/accounts")
def account() -> ResponseReturnValue:
    """``{"network", "handle", "name", "extras"}``: make or change somebody (extras merge)."""
    wanted = request.get_json(silent=True)
    if not isinstance(wanted, dict) or set(wanted) - {"network", "handle", "name", "extras"}:
        return {"error": "Send network, handle, name and extras.", "field": "body"}, 400
    network, handle = str(wanted.get("network") or ""), str(wanted.get("handle") or "")
    if network not in rooms() or not handle:
        return {"error": "Name a network played here and a handle.", "field": "network"}, 400
    found = store().accounts.get(network, handle)
    found.name = str(wanted.get("name") or found.name)
    extras = wanted.get("extras") or {}
    if not isinstance(extras, dict):
        return {"error": "extras is an object.", "field": "extras"}, 400
    found.extras.update(extras)
    store().accounts.save(found)
    return dict(vars(found)), 201


@bp.post("/reset")
def reset() -> ResponseReturnValue:
    """Forget everything: posts, tokens, faults, limits."""
    store().reset()
    return "", 204


@bp.get("/media/<name>")
def media(name: str) -> ResponseReturnValue:
    """Bytes of a post, as the network would serve them."""
    found = store().blob(name)
    if found is None:
        return jsonify(error="There is no such file."), 404
    mime, data = found
    shown = mime if SHOWN_MIMES.fullmatch(mime) else "application/octet-stream"
    response = Response(data, mimetype=shown)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Cache-Control"] = "private, max-age=86400"
    response.accept_ranges = "bytes"
    return response.make_conditional(request, accept_ranges=True, complete_length=len(data))


@bp.get("/avatar/<handle>.png")
def avatar(handle: str) -> ResponseReturnValue:
    """A picture for a handle, always the same one."""
    response = Response(picture(handle), mimetype="image/png")
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response
