"""Making, changing and deleting Pins on the played Pinterest."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from flask import Response, url_for
from flask.typing import ResponseReturnValue

from app.sandbox.pinterest import media
from app.sandbox.pinterest.boards import reached
from app.sandbox.pinterest.desk import (
    FORBIDDEN,
    NAME,
    NO_PIN,
    ROOM,
    allowed,
    body,
    bp,
    invalid,
    me,
    say,
    stop,
)
from app.sandbox.pinterest.shapes import pin
from app.sandbox.records import Post
from app.sandbox.store import store

LENGTHS = {"title": 100, "description": 800, "alt_text": 500, "link": 2048}
ITEMS = (2, 5)
ALL_FOUR = ("boards:read", "boards:write", "pins:read", "pins:write")
Files = list[dict[str, Any]]


def _texts(asked: dict[str, Any]) -> dict[str, str]:
    """The texts given, each within its length (code points)."""
    found = {}
    for name, most in LENGTHS.items():
        value = asked.get(name)
        if value is None:
            continue
        if not isinstance(value, str):
            invalid(f"{value!r} is not of type 'string' ({name}).")
        if len(value) > most:
            invalid(f"{name} is too long: maxLength={most}.")
        found[name] = value.strip()
    if found.get("link") and not re.fullmatch(r"https?://[^\s/]+\S*", found["link"]):
        invalid("link does not match the format 'uri'.")
    return found


def _number(asked: dict[str, Any], name: str, *, required: bool = False) -> str:
    value = asked.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or not re.fullmatch(r"\d+", value):
        invalid(f"{name}: {value!r} does not match '^\\d+$'.")
    return value


def _place(asked: dict[str, Any], *, required: bool) -> dict[str, str]:
    """Board and section, which have to be the caller's."""
    board_id = _number(asked, "board_id", required=required)
    section = _number(asked, "board_section_id")
    if board_id:
        board = reached(board_id, "write")
        if section and section not in board["sections"]:
            stop(404, 2030, "Board section not found.")
    return {"board_id": board_id, "board_section_id": section}


def _source(source: Any) -> Files:
    """The files of a ``media_source``."""
    if not isinstance(source, dict):
        invalid("'media_source' is a required property.")
    kinds: dict[str, Callable[[dict[str, Any]], Files]] = {
        "image_base64": lambda one: [_kept(*media.picture(one.get("data"),
                                                          one.get("content_type"))[:2])],
        "image_url": lambda one: [_kept(*media.fetched(one.get("url"))[:2])],
        "multiple_image_base64": _several,
        "multiple_image_urls": _several,
        "video_id": _video,
    }  # fmt: skip
    kind = source.get("source_type")
    if kind not in kinds:
        invalid(f"source_type {kind!r} does not match {'|'.join(kinds)}.")
    return kinds[kind](source)


def _kept(raw: bytes, mime: str) -> dict[str, Any]:
    return {"blob": store().put_blob(raw, mime), "mime": mime, "alt": ""}


def _several(source: dict[str, Any]) -> Files:
    items = source.get("items")
    if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
        invalid("'items' is a required property.")
    if not ITEMS[0] <= len(items) <= ITEMS[1]:
        invalid(f"items has {len(items)} elements: minItems={ITEMS[0]}, maxItems={ITEMS[1]}.")
    by_url = source["source_type"] == "multiple_image_urls"
    found = [
        media.fetched(one.get("url"))
        if by_url
        else media.picture(one.get("data"), one.get("content_type"))
        for one in items
    ]
    if len({size for _, _, size in found}) > 1:
        invalid("all images of a carousel must have the same size.")
    return [_kept(raw, mime) for raw, mime, _ in found]


def _video(source: dict[str, Any]) -> Files:
    found = media.ready(source.get("media_id"))
    by_url, moment = source.get("cover_image_url"), source.get("cover_image_key_frame_time")
    cover: dict[str, Any] = {}
    if source.get("cover_image_content_type") is not None:
        raw, mime, _ = media.picture(
            source.get("cover_image_data"), source["cover_image_content_type"]
        )
        cover = {"cover": store().put_blob(raw, mime)}
    elif by_url is not None:
        raw, mime, _ = media.fetched(by_url)
        cover = {"cover": store().put_blob(raw, mime)}
    elif isinstance(moment, bool) or not isinstance(moment, int | float) or moment < 0:
        invalid("one of cover_image_url or cover_image_content_type is required.")
    return [{"blob": found["blob"], "mime": found["mime"], "alt": "", **cover}]


@bp.post("/v5/pins")
@ROOM.operation("publish")
@allowed("write", *ALL_FOUR)
def create() -> ResponseReturnValue:
    """A new Pin. The same again makes another one."""
    asked = body()
    texts = _texts(asked)
    colour = asked.get("dominant_color")
    if colour is not None and not re.fullmatch(r"#[0-9A-Fa-f]{6}", str(colour)):
        invalid(f"dominant_color {colour!r} does not match '^#[0-9A-Fa-f]{{6}}$'.")
    place = _place(asked, required=True)
    files = _source(asked.get("media_source"))
    post = _add(texts, place, files)
    return say(pin(post), 201)


def _add(texts: dict[str, str], place: dict[str, str], files: Files) -> Post:
    pin_id = str(store().serial())
    for file in files:
        file["alt"] = texts.get("alt_text", "")
    post = Post(
        NAME, me().handle, pin_id, texts.get("description", ""), time.time(), files,
        url=url_for("pinterest.permalink", pin_id=pin_id, _external=True),
    )  # fmt: skip
    _write(post, texts, place)
    return store().posts.add(post)


def _write(post: Post, texts: dict[str, str], place: dict[str, str]) -> None:
    """The texts and the place, and what the feed shows of them."""
    post.text = texts.get("description", "")
    kept = {name: texts.get(name, "") for name in ("title", "link", "alt_text")}
    post.extras = {**post.extras, **kept, **place}
    lines = [line for line in (kept["title"], post.text) if line]
    post.extras["pieces"] = [["\n\n".join(lines), ""]] if lines else []
    post.extras["card"] = {"url": kept["link"], "title": kept["title"]} if kept["link"] else {}


def own(pin_id: str) -> Post:
    """A Pin of the caller; ends the call otherwise."""
    found = store().posts.get(NAME, pin_id)
    if found is None:
        stop(404, NO_PIN, "Pin not found.")
    if found.account.lower() != me().handle.lower():
        stop(403, FORBIDDEN, "You are not permitted to access that resource.")
    return found


@bp.patch("/v5/pins/<pin_id>")
@allowed("write", *ALL_FOUR)
def change(pin_id: str) -> ResponseReturnValue:
    """Texts and place; never the picture."""
    post, asked = own(pin_id), body()
    if "media_source" in asked:
        invalid("media_source cannot be changed.")
    before = {"description": post.text} | {
        name: post.extras[name] for name in ("title", "link", "alt_text")
    }
    place = {name: value for name, value in _place(asked, required=False).items() if value}
    if place.get("board_id"):
        place.setdefault("board_section_id", "")
    kept = {name: post.extras[name] for name in ("board_id", "board_section_id")}
    with store().lock:
        _write(post, before | _texts(asked), kept | place)
        store().posts.save(post)
    return say(pin(post))


@bp.delete("/v5/pins/<pin_id>")
@ROOM.operation("delete")
@allowed("write", *ALL_FOUR)
def delete(pin_id: str) -> ResponseReturnValue:
    """Take a Pin down."""
    own(pin_id)
    store().posts.remove(NAME, pin_id)
    return Response(status=204)
