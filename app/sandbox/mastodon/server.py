"""What the instance says about itself: two generations of its document, and its limits.

The table ``mastodon.server`` makes it another one, for tests and for the curious: the row
``"is"`` may hold ``version``, ``max_characters`` and ``lacks``, a list of ``"v2"``,
``"metadata"`` and ``"configuration"``.
"""

from __future__ import annotations

from typing import Any

from flask import jsonify
from flask.typing import ResponseReturnValue

from app.sandbox.mastodon import words
from app.sandbox.mastodon.desk import base, route
from app.sandbox.store import store

DOMAIN = "mastodon.sandbox"
VERSION = "4.5.2+sandbox"
MAX_CHARACTERS = 500
URL_LENGTH = 23
MAX_MEDIA = 4
IMAGE_BYTES, IMAGE_PIXELS = 16_777_216, 33_177_600
VIDEO_BYTES, VIDEO_PIXELS, VIDEO_FRAMES = 103_809_024, 8_294_400, 120
ALT_LENGTH = 1500
IMAGE_MIMES = [
    "image/jpeg", "image/png", "image/gif", "image/heic", "image/heif", "image/webp",
    "image/avif",
]  # fmt: skip
VIDEO_MIMES = ["video/webm", "video/mp4", "video/quicktime", "video/ogg"]
SCOPES = [
    "read", "write", "write:accounts", "write:bookmarks", "write:media", "write:statuses",
    "read:accounts", "read:bookmarks", "read:statuses", "follow", "push", "profile",
]  # fmt: skip


def played() -> dict[str, Any]:
    """What was ordered of the instance."""
    return store().table("mastodon.server").get("is") or {}


def lacks(what: str) -> bool:
    return what in played().get("lacks", [])


def version() -> str:
    return str(played().get("version") or VERSION)


def max_characters() -> int:
    return int(played().get("max_characters") or MAX_CHARACTERS)


def configuration() -> dict[str, Any]:
    """The limits (§4)."""
    return {
        "accounts": {"max_featured_tags": 10, "max_pinned_statuses": 5},
        "statuses": {
            "max_characters": max_characters(),
            "max_media_attachments": MAX_MEDIA,
            "characters_reserved_per_url": URL_LENGTH,
        },
        "media_attachments": {
            "description_limit": ALT_LENGTH,
            "image_matrix_limit": IMAGE_PIXELS,
            "image_size_limit": IMAGE_BYTES,
            "supported_mime_types": IMAGE_MIMES + VIDEO_MIMES,
            "video_frame_rate_limit": VIDEO_FRAMES,
            "video_matrix_limit": VIDEO_PIXELS,
            "video_size_limit": VIDEO_BYTES,
        },
        "polls": {
            "max_options": 4, "max_characters_per_option": 50,
            "min_expiration": 300, "max_expiration": 2_629_746,
        },
        "translation": {"enabled": False},
    }  # fmt: skip


@route("/api/v2/instance")
def instance() -> ResponseReturnValue:
    if lacks("v2"):
        return words.no(404, "not_found")
    return {
        "domain": DOMAIN,
        "title": "Mastodon sandbox",
        "version": version(),
        "source_url": "https://github.com/mastodon/mastodon",
        "description": "A played instance on this machine. Nothing leaves it.",
        "usage": {"users": {"active_month": 1}},
        "thumbnail": {"url": f"{base()}/thumbnail.png"},
        "icon": [],
        "languages": ["en"],
        "configuration": {
            "urls": {"streaming": "", "status": None, "about": base()},
            "vapid": {"public_key": ""},
            **configuration(),
        },
        "registrations": {"enabled": False, "approval_required": False, "message": None},
        "api_versions": {"mastodon": 7},
        "contact": {"email": "nobody@mastodon.sandbox", "account": None},
        "rules": [],
    }


@route("/api/v1/instance")
def instance_v1() -> ResponseReturnValue:
    accounts = len(store().accounts.known("mastodon"))
    found = {
        "uri": DOMAIN,
        "title": "Mastodon sandbox",
        "short_description": "A played instance on this machine.",
        "description": "A played instance on this machine. Nothing leaves it.",
        "email": "nobody@mastodon.sandbox",
        "version": version(),
        "urls": {"streaming_api": ""},
        "stats": {"user_count": accounts, "status_count": 0, "domain_count": 1},
        "thumbnail": f"{base()}/thumbnail.png",
        "languages": ["en"],
        "registrations": False,
        "approval_required": False,
        "invites_enabled": False,
        "contact_account": None,
        "rules": [],
    }
    if not lacks("configuration"):
        found["configuration"] = configuration()
    return found


@route("/.well-known/oauth-authorization-server")
def metadata() -> ResponseReturnValue:
    if lacks("metadata"):
        return words.no(404, "not_found")
    return jsonify(
        issuer=f"{base()}/",
        authorization_endpoint=f"{base()}/oauth/authorize",
        token_endpoint=f"{base()}/oauth/token",
        revocation_endpoint=f"{base()}/oauth/revoke",
        app_registration_endpoint=f"{base()}/api/v1/apps",
        service_documentation="https://docs.joinmastodon.org/",
        scopes_supported=SCOPES,
        response_types_supported=["code"],
        response_modes_supported=["query", "fragment", "form_post"],
        grant_types_supported=["authorization_code", "client_credentials"],
        token_endpoint_auth_methods_supported=["client_secret_basic", "client_secret_post"],
        code_challenge_methods_supported=["S256"],
    )


@route("/health")
def health() -> ResponseReturnValue:
    return {"status": "OK"}
