"""The bodies of submissions: what every kind has, then its own (networks/reddit.md §2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.networks import reddit_upload
from app.networks.base import Item
from app.networks.reddit_text import Draft, place


def submission(item: Item, post: Draft, resume: Mapping[str, Any]) -> dict[str, str]:
    """The form of ``/api/submit``: text, link, picture or video."""
    options = item.options
    form = {
        "api_type": "json", "sr": _place(options), "title": post.title, "kind": post.kind,
        "validate_on_submit": "true", "resubmit": _yes(options.get("resubmit", False)),
        **{name: _yes(value) for name, value in _flags(options).items()}, **_flair(options),
    }  # fmt: skip
    if post.kind == "self" or post.text:
        form["text"] = post.text
    if post.kind == "link":
        form["url"] = post.url
    elif post.kind in ("image", "video"):
        key = item.part.media[0].id
        form["url"] = str(reddit_upload.of(key, resume)["url"])
        if post.kind == "video":
            form["video_poster_url"] = str(reddit_upload.of(f"{key}:cover", resume)["url"])
    return form


def gallery(item: Item, post: Draft, resume: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON of ``/api/submit_gallery_post.json``. Captions are seen by everybody, so
    descriptions for people who cannot see the picture are not put there."""
    options = item.options
    items = [
        {"media_id": reddit_upload.of(one.id, resume)["asset"], "caption": "", "outbound_url": ""}
        for one in item.part.media
    ]
    body: dict[str, Any] = {
        "api_type": "json", "sr": _place(options), "title": post.title, "items": items,
        "show_error_list": True, "validate_on_submit": True, **_flags(options), **_flair(options),
    }  # fmt: skip
    return body | ({"text": post.text} if post.text else {})


def _place(options: Mapping[str, Any]) -> str:
    return place(str(options.get("subreddit") or ""))


def _yes(value: object) -> str:
    return "true" if value is True else "false"


def _flags(options: Mapping[str, Any]) -> dict[str, bool]:
    return {
        "nsfw": options.get("nsfw") is True,
        "spoiler": options.get("spoiler") is True,
        "sendreplies": options.get("sendReplies", True) is not False,
    }


def _flair(options: Mapping[str, Any]) -> dict[str, str]:
    chosen, text = options.get("flairId"), options.get("flairText")
    flair = {"flair_id": str(chosen)} if chosen else {}
    return flair | ({"flair_text": str(text)} if chosen and text else {})
