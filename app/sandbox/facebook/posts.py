"""Posts and photos of the played Facebook: made, changed, deleted."""

from __future__ import annotations

import io
import json
import time
import warnings
from typing import Any
from urllib.parse import urlsplit

from flask import request, url_for
from flask.typing import ResponseReturnValue
from PIL import Image, UnidentifiedImageError

from app.sandbox import meta
from app.sandbox.facebook import videos
from app.sandbox.facebook.desk import GRAPH, NAME, ROOM, allowed, bp, duplicate, page
from app.sandbox.records import Post
from app.sandbox.store import store

TEXT = 63_206
MOST_PHOTOS = 10
PHOTO_BYTES = 10 * 1024 * 1024
KINDS = {"JPEG", "PNG", "GIF", "BMP", "TIFF", "MPO"}


def photos() -> Any:
    """Photos by id: ``page, blob, mime, alt, used`` (the post it went into, or ``""``)."""
    return store().table("facebook.photos")


def number() -> str:
    """A new id."""
    return str(store().serial())


def own(page_id: str) -> None:
    """The path has to name the Page of the token."""
    if page_id != page().id:
        meta.absent(page_id)


def text(name: str = "message") -> str:
    """A text of the call, checked."""
    found = str(meta.fields().get(name) or "")
    meta.ordered(found)
    if len(found) > TEXT:
        meta.invalid(f"Param {name} must be at most {TEXT} characters long.")
    return found


def publish(post_id: str, words: str, media: list[dict[str, Any]], url: str, **extras: Any) -> Post:
    """Into the feed."""
    return store().posts.add(
        Post(NAME, page().handle, post_id, words, time.time(), media, "", url, extras=extras)
    )


def address(post_id: str) -> str:
    """A post's permalink."""
    owner, _, post = post_id.partition("_")
    return url_for("facebook.permalink", number=owner, post=post, _external=True)


@bp.post(f"{GRAPH}/<page_id>/feed")
@ROOM.operation("publish")
@allowed("pages_manage_posts", page=True)
def post_feed(page_id: str) -> ResponseReturnValue:
    """A text, a link or photos that lie ready."""
    own(page_id)
    asked, words = meta.fields(), text()
    if not meta.truth(asked.get("published"), True) or "scheduled_publish_time" in asked:
        meta.invalid("Posts that are not published at once are not played here.")
    link = _link(str(asked.get("link") or ""))
    with store().lock:
        staged = _attached(asked.get("attached_media"))
        if not words and not link and not staged:
            meta.invalid("Missing message or attachment")
        if not staged and _same_as_last(words, link):
            return duplicate()
        post_id = f"{page_id}_{number()}"
        media = [{"blob": one["blob"], "mime": one["mime"], "alt": one["alt"]} for _, one in staged]
        card = {"card": {"url": link, "title": urlsplit(link).hostname or ""}} if link else {}
        publish(
            post_id, words, media, address(post_id), kind="photo" if staged else "feed",
            photos=[photo_id for photo_id, _ in staged], link=link, **card,
        )  # fmt: skip
        for photo_id, one in staged:
            photos().put(photo_id, {**one, "used": post_id})
    return meta.say({"id": post_id})


def _link(link: str) -> str:
    if not link:
        return ""
    parts = urlsplit(link)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or "." not in host:
        meta.invalid("The url you supplied is invalid", subcode=2061006)
    if host == "facebook.com" or host.endswith(".facebook.com"):
        meta.invalid("Links to Facebook are not taken here.", subcode=1609008)
    if host.startswith("unreachable"):
        meta.invalid("This url couldn't be scraped", subcode=1609005)
    return link


def _attached(given: Any) -> list[tuple[str, dict[str, Any]]]:
    if isinstance(given, str) and given:
        try:
            given = json.loads(given)
        except ValueError:
            meta.invalid("param attached_media must be an array.")
    if given in (None, ""):
        return []
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        meta.invalid("param attached_media must be an array.")
    ids = [str(one.get("media_fbid") or "") for one in given]
    if len(ids) > MOST_PHOTOS or len(set(ids)) != len(ids):
        meta.invalid("Invalid parameter: too many photos, or one twice.")
    return [(one, staged(one)) for one in ids]


def staged(photo_id: str) -> dict[str, Any]:
    """A photo of this Page that is in no post yet."""
    found: dict[str, Any] | None = photos().get(photo_id)
    if found is None or found["page"] != page().id:
        meta.invalid("Invalid parameter: there is no such photo.")
    if found["used"]:
        meta.invalid("These photos were already posted.", subcode=1366051)
    return found


def _same_as_last(words: str, link: str) -> bool:
    last = next((p for p in store().posts.of(NAME, page().handle) if not p.parent), None)
    return last is not None and last.extras.get("kind") == "feed" and (
        (last.text, last.extras.get("link")) == (words, link)
    )  # fmt: skip


@bp.post(f"{GRAPH}/<page_id>/photos")
@ROOM.operation("upload")
@allowed("pages_manage_posts", page=True)
def post_photo(page_id: str) -> ResponseReturnValue:
    """A photo as bytes: published at once, or laid ready (``published=false``)."""
    own(page_id)
    asked, file = meta.fields(), request.files.get("source")
    if file is None:
        meta.invalid("The sandbox fetches nothing: send the photo as the file part source.")
    data = file.read()
    row = {
        "page": page_id, "blob": "", "mime": _picture(data), "used": "",
        "alt": str(asked.get("alt_text_custom") or ""),
    }  # fmt: skip
    row["blob"] = store().put_blob(data, row["mime"])
    photo_id = number()
    if not meta.truth(asked.get("published"), True):
        photos().put(photo_id, row)
        return meta.say({"id": photo_id})
    post_id = f"{page_id}_{number()}"
    media = [{"blob": row["blob"], "mime": row["mime"], "alt": row["alt"]}]
    publish(post_id, text(), media, address(post_id), kind="photo", photos=[photo_id], link="")
    photos().put(photo_id, {**row, "used": post_id})
    return meta.say({"id": photo_id, "post_id": post_id})


def _picture(data: bytes) -> str:
    """What the bytes really are."""
    if len(data) > PHOTO_BYTES:
        meta.invalid("Photos should be smaller than 10 MB.", subcode=1366046)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data))
            image.verify()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Warning):
        meta.invalid("Invalid image file", subcode=2069019)
    if image.format not in KINDS:
        meta.invalid("Photos should be saved as JPG, PNG, GIF or TIFF files.", subcode=1366046)
    return Image.MIME.get(image.format or "", "image/jpeg")


@bp.post(f"{GRAPH}/<page_id>/photo_stories")
@ROOM.operation("publish")
@allowed("pages_manage_posts", page=True)
def post_photo_story(page_id: str) -> ResponseReturnValue:
    """A photo that lies ready becomes a story of a day."""
    own(page_id)
    with store().lock:
        photo_id = str(meta.fields().get("photo_id") or "")
        one = staged(photo_id)
        post_id = number()
        media = [{"blob": one["blob"], "mime": one["mime"], "alt": one["alt"]}]
        url = url_for("facebook.clip", kind="stories", post=post_id, _external=True)
        publish(post_id, "", media, url, kind="story", photos=[photo_id])
        photos().put(photo_id, {**one, "used": post_id})
    return meta.say({"success": True, "post_id": post_id})


def mine(object_id: str) -> Post:
    """A post, a comment or a video's post of this Page."""
    found = store().posts.get(NAME, object_id)
    if found is None:
        video = videos.table().get(object_id) or {}
        found = store().posts.get(NAME, str(video.get("post") or ""))
    if found is None:
        meta.absent(object_id)
    if found.account.lower() != page().handle.lower():
        raise meta.Refused(meta.no_permission("pages_manage_posts"))
    return found


@bp.post(f"{GRAPH}/<object_id>")
@ROOM.operation("publish")
@allowed("pages_manage_posts", page=True)
def edit(object_id: str) -> ResponseReturnValue:
    """New words for a post."""
    found = mine(object_id)
    if "message" not in meta.fields():
        meta.invalid("Missing message")
    found.text = text()
    store().posts.save(found)
    return meta.say({"success": True})


@bp.delete(f"{GRAPH}/<object_id>")
@ROOM.operation("delete")
@allowed("pages_manage_posts", page=True)
def delete(object_id: str) -> ResponseReturnValue:
    """Take it down."""
    store().posts.remove(NAME, mine(object_id).id)
    return meta.say({"success": True})
