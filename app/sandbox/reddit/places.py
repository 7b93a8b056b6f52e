"""Subreddits of the played Reddit: every name is one, and some have rules of their own."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from app.sandbox.records import stable_number
from app.sandbox.reddit.desk import NAME, base36, me
from app.sandbox.store import store

_SUBREDDIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]{1,20}")
_PROFILE = re.compile(r"[uU]_([A-Za-z0-9_.-]{1,128})")

ABOUT: dict[str, Any] = {
    "submission_type": "any", "allow_images": True, "allow_videos": True,
    "allow_galleries": True, "link_flair_enabled": False, "over18": False, "subscribers": 4321,
    "user_is_banned": False, "subreddit_type": "public",
}  # fmt: skip
# All keys of the recorded answer.
REQUIREMENTS: dict[str, Any] = {
    "title_regexes": [], "body_blacklisted_strings": [], "title_blacklisted_strings": [],
    "body_text_max_length": None, "title_required_strings": [], "guidelines_text": None,
    "gallery_min_items": None, "domain_blacklist": [], "domain_whitelist": [],
    "title_text_max_length": None, "body_restriction_policy": "none",
    "link_restriction_policy": "none", "guidelines_display_policy": None,
    "body_required_strings": [], "title_text_min_length": None, "gallery_captions_requirement":
    "none", "is_flair_required": False, "gallery_max_items": None,
    "gallery_urls_requirement": "none", "body_regexes": [], "link_repost_age": None,
    "body_text_min_length": None,
}  # fmt: skip
FLAIRS = (
    {"id": "f-news", "text": "News", "text_editable": False},
    {"id": "f-own", "text": "Own words", "text_editable": True},
)


@dataclass(frozen=True)
class Place:
    """A subreddit. ``banned`` is whether its moderators keep everyone from posting."""

    name: str
    about: dict[str, Any] = field(default_factory=dict)
    requirements: dict[str, Any] = field(default_factory=dict)
    flairs: tuple[dict[str, Any], ...] = ()
    closed: bool = False

    def says(self, name: str) -> Any:
        """What ``about`` says, or the usual."""
        return self.about.get(name, ABOUT[name])

    def wants(self, name: str) -> Any:
        """A rule for posts, or the usual."""
        return self.requirements.get(name, REQUIREMENTS[name])


BUILT_IN = {
    place.name: place
    for place in (
        Place(
            "strict",
            {"link_flair_enabled": True},
            {
                "title_text_min_length": 10, "title_text_max_length": 80,
                "title_required_strings": ["[News]"], "title_blacklisted_strings": ["free"],
                "title_regexes": [r"^\[News\] .+"], "body_restriction_policy": "required",
                "body_text_min_length": 5, "body_blacklisted_strings": ["casino"],
                "domain_blacklist": ["spam.example"], "is_flair_required": True,
            },
            FLAIRS,
        ),
        Place("flaired", {"link_flair_enabled": True}, {}, FLAIRS),
        Place("textonly", {"submission_type": "self", "allow_images": False,
                           "allow_videos": False, "allow_galleries": False}),
        Place("linksonly", {"submission_type": "link"}),
        Place("nogallery", {"allow_galleries": False}, {"gallery_max_items": 0}),
        Place("closed", {"user_is_banned": True, "subreddit_type": "restricted"}, closed=True),
    )
}  # fmt: skip


def find(name: str) -> Place | None:
    """The subreddit of that name, of whatever case; ``None`` where there is none."""
    profile = _PROFILE.fullmatch(name)
    if profile:
        handle = store().accounts.get(NAME, profile[1]).handle
        mine = handle.lower() == me().handle.lower()
        about = {"subreddit_type": "user", "subscribers": 0}
        return Place(f"u_{handle}", about, closed=not mine)
    if not _SUBREDDIT.fullmatch(name) or name.lower().startswith("nosuch"):
        return None
    written = store().table("reddit.subreddits").get(name.lower())
    if written is not None:
        return Place(
            written.get("name", name), written.get("about", {}), written.get("requirements", {}),
            tuple(written.get("flairs", ())), bool(written.get("closed")),
        )  # fmt: skip
    return BUILT_IN.get(name.lower()) or Place(name)


def thing(place: Place) -> dict[str, Any]:
    """A subreddit in a listing."""
    number = base36(stable_number("reddit", "subreddit", place.name.lower()))
    about = {name: place.says(name) for name in ABOUT}
    return {
        "kind": "t5",
        "data": {
            "id": number, "name": f"t5_{number}", "display_name": place.name,
            "display_name_prefixed": f"r/{place.name}", "title": place.name.capitalize(),
            "url": f"/r/{place.name}/", "public_description": "", **about,
        },
    }  # fmt: skip
