"""Pins as the played Pinterest shows them."""

from __future__ import annotations

from typing import Any

from flask import request

from app.sandbox.records import Post, counts, iso


def pin(post: Post, *, metrics: bool = False) -> dict[str, Any]:
    """A Pin. Its time has no zone: it is UTC."""
    extras = post.extras
    video = post.media[0]["mime"].startswith("video/")
    shown = {
        "id": post.id, "created_at": iso(post.at)[:19], "link": extras["link"] or None,
        "title": extras["title"] or None, "description": post.text or None,
        "alt_text": extras["alt_text"] or None, "board_id": extras["board_id"],
        "board_section_id": extras["board_section_id"] or None,
        "board_owner": {"username": post.account}, "dominant_color": "#6e7874",
        "parent_pin_id": None, "creative_type": "VIDEO" if video else "REGULAR",
        "is_owner": True, "is_standard": True, "has_been_promoted": False,
        "media": _media(post, video),
    }  # fmt: skip
    if metrics:
        found = numbers(post)
        shown["pin_metrics"] = {
            "90d": {
                "impression": found["IMPRESSION"], "pin_click": found["PIN_CLICK"],
                "clickthrough": found["OUTBOUND_CLICK"], "save": found["SAVE"],
            },
            "lifetime_metrics": {
                "reaction": found["TOTAL_REACTIONS"], "comment": found["TOTAL_COMMENTS"],
            },
        }  # fmt: skip
    return shown


def _media(post: Post, video: bool) -> dict[str, Any]:
    urls = [f"{request.host_url}_sandbox/media/{file['blob']}" for file in post.media]
    if video:
        cover = post.media[0].get("cover")
        return {
            "media_type": "video",
            "cover_image_url": f"{request.host_url}_sandbox/media/{cover}" if cover else None,
        }
    if len(urls) > 1:
        items = [{"item_type": "image", "images": {"1200x": {"url": url}}} for url in urls]
        return {"media_type": "multiple_images", "items": items}
    return {"media_type": "image", "images": {"1200x": {"url": urls[0]}}}


def numbers(post: Post) -> dict[str, int]:
    """The counts of a Pin by the names of its analytics."""
    found = counts(post)
    views = found["impressions"]
    return {
        "IMPRESSION": views, "OUTBOUND_CLICK": views // 50, "PIN_CLICK": views // 20,
        "SAVE": found["saves"], "TOTAL_COMMENTS": found["comments"],
        "TOTAL_REACTIONS": found["likes"], "VIDEO_MRC_VIEW": views // 3,
        "VIDEO_10S_VIEW": views // 5, "VIDEO_START": views // 2, "VIDEO_V50_WATCH_TIME": views,
        "QUARTILE_95_PERCENT_VIEW": views // 9, "VIDEO_AVG_WATCH_TIME": 4,
    }  # fmt: skip
