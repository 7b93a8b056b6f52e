"""What is sent with a post, and the look at the creator right before it (tiktok.md §2, §7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.networks import tiktok_rules
from app.networks.base import Category, Item, Media, NetworkError, Tokens
from app.networks.tiktok_api import CREATOR, Api

KEPT = (
    "creator_nickname", "creator_username", "privacy_level_options", "comment_disabled",
    "duet_disabled", "stitch_disabled", "max_video_post_duration_sec",
)  # fmt: skip


def creator(api: Api) -> dict[str, Any]:
    """Creator info as it is kept with an account; a refusal to post now comes from here."""
    found = api.post(CREATOR)
    return {name: found[name] for name in KEPT if found.get(name) is not None}


def allowed(info: Mapping[str, Any], item: Item, *, audited: bool) -> list[str]:
    """Compare the choices stored with a post with what the account allows now.

    Returns the switches that are off for the whole account; raises ``validation`` where what
    was chosen is not to be had any more, so that nothing goes out otherwise than agreed.
    """
    level = str(item.options.get("privacyLevel") or "")
    label = tiktok_rules.LEVELS.get(level, level)
    if level not in tiktok_rules.levels(info, audited=audited) or not _offered(info, level):
        raise _no(
            f"the account does not offer “{label}” any more; choose again who can see the post"
            if level
            else "nobody chose who can see the post",
            "privacy_level_option_mismatch",
        )
    if item.options.get("brandContentToggle") is True and level == tiktok_rules.ONLY_ME:
        raise _no("branded content cannot be for you alone; choose another audience", "branded")
    most = tiktok_rules.longest(info)
    media = item.part.media[0] if item.part.media else None
    if media is None:
        raise _no("there is no picture or video", "no_media")
    if media.kind == "video" and media.seconds > most + 0.5:
        raise _no(
            f"the video lasts {media.seconds:.0f} seconds, and the account may post {most:.0f}",
            "duration_check_failed",
        )
    return [name for name, own, _ in tiktok_rules.SWITCHES if info.get(own)]


def _offered(info: Mapping[str, Any], level: str) -> bool:
    told = info.get("privacy_level_options")
    return not isinstance(told, list) or not told or level in told


def _no(message: str, code: str) -> NetworkError:
    return NetworkError(Category.VALIDATION, message, code=code, retryable=False)


def video(item: Item, off: list[str]) -> dict[str, Any]:
    """``post_info`` of a video."""
    found = {
        "title": tiktok_rules.tidy(item.part.text),
        **_common(item, off),
        "disable_duet": _off(item, "disableDuet", off),
        "disable_stitch": _off(item, "disableStitch", off),
        "is_aigc": item.options.get("isAigc") is True,
    }
    cover = item.options.get("videoCoverTimestampMs")
    if isinstance(cover, int | float) and not isinstance(cover, bool):
        found["video_cover_timestamp_ms"] = int(cover)
    return found


def permitted(tokens: Tokens) -> None:
    """Raise ``auth_error`` where the account did not allow drafts in its inbox."""
    if tokens.scopes and tiktok_rules.UPLOAD_SCOPE not in tokens.scopes:
        raise NetworkError(
            Category.AUTH_ERROR,
            "the account did not allow drafts in its inbox; connect it again and allow that",
            code="scope_not_authorized", retryable=False,
        )  # fmt: skip


def photos(item: Item, off: list[str]) -> dict[str, Any]:
    """The whole request for pictures, which TikTok fetches from us.

    A draft takes title and description along; everything else is chosen in the app.
    """
    draft = tiktok_rules.inbox(item.options)
    found: dict[str, Any] = {
        "title": title(item),
        "description": description(item),
    }
    if not draft:
        found |= _common(item, off)
        found["auto_add_music"] = item.options.get("autoAddMusic") is True
    return {
        "post_info": {name: value for name, value in found.items() if value != ""},
        "source_info": {
            "source": "PULL_FROM_URL", "photo_cover_index": 0,
            "photo_images": [_address(media) for media in item.part.media],
        },
        "post_mode": "MEDIA_UPLOAD" if draft else "DIRECT_POST",
        "media_type": "PHOTO",
    }  # fmt: skip


def title(item: Item) -> str:
    """Of pictures."""
    return tiktok_rules.tidy(str(item.options.get("title") or ""))


def description(item: Item) -> str:
    """Of pictures: the text, unless a longer one was written for it."""
    return tiktok_rules.tidy(str(item.options.get("description") or item.part.text))


def public(item: Item) -> bool:
    """Whether the post gets a public id some time."""
    return item.options.get("privacyLevel") == "PUBLIC_TO_EVERYONE"


def is_video(item: Item) -> bool:
    """A post is one video or some pictures."""
    return bool(item.part.media) and item.part.media[0].kind == "video"


def _common(item: Item, off: list[str]) -> dict[str, Any]:
    return {
        "privacy_level": item.options.get("privacyLevel"),
        "disable_comment": _off(item, "disableComment", off),
        "brand_content_toggle": item.options.get("brandContentToggle") is True,
        "brand_organic_toggle": item.options.get("brandOrganicToggle") is True,
    }


def _off(item: Item, name: str, off: list[str]) -> bool:
    """Only an explicit "no" turns an interaction on, and never against the account (§7)."""
    return name in off or item.options.get(name) is not False


def _address(media: Media) -> str:
    if not media.url:
        raise NetworkError(
            Category.MEDIA_ERROR,
            "pictures are fetched from this installation, which has no public address",
            code="no_address", retryable=False,
        )  # fmt: skip
    return media.url
