"""The instance's JSON: accounts, files, statuses."""

from __future__ import annotations

import time
from typing import Any

from flask import request

from app.sandbox.mastodon import html
from app.sandbox.mastodon.desk import NAME, base
from app.sandbox.mastodon.server import DOMAIN
from app.sandbox.records import Account, Post, counts, iso
from app.sandbox.store import store

BORN = "2026-01-01T00:00:00.000Z"


def account(found: Account) -> dict[str, Any]:
    """A person."""
    posts = list(store().posts.of(NAME, found.handle))
    picture = f"{request.host_url}_sandbox/avatar/{found.handle}.png"
    return {
        "id": found.id,
        "username": found.handle,
        "acct": found.handle,
        "display_name": found.name,
        "locked": False,
        "bot": False,
        "discoverable": True,
        "indexable": False,
        "group": False,
        "created_at": BORN,
        "note": "",
        "url": f"{base()}/@{found.handle}",
        "uri": f"{base()}/users/{found.handle}",
        "avatar": picture,
        "avatar_static": picture,
        "header": picture,
        "header_static": picture,
        "followers_count": int(found.extras.get("followers", 12)),
        "following_count": int(found.extras.get("following", 7)),
        "statuses_count": len(posts),
        "last_status_at": posts[0].created_at[:10] if posts else None,
        "noindex": False,
        "emojis": [],
        "roles": [],
        "fields": [],
    }


def credentials(found: Account) -> dict[str, Any]:
    """The signed-in person, with what only they see."""
    source = {
        "privacy": found.extras.get("privacy", "public"),
        "sensitive": False,
        "language": None,
        "note": "",
        "fields": [],
        "follow_requests_count": 0,
    }
    return {**account(found), "source": source}


def attachment(row: dict[str, Any]) -> dict[str, Any]:
    """A file; ``url`` is null while it is being processed."""
    ready = time.time() >= float(row["ready_at"])
    url = f"{request.host_url}_sandbox/media/{row['blob']}" if ready else None
    width, height = int(row["width"]), int(row["height"])
    size: dict[str, Any] = {"width": width, "height": height, "size": f"{width}x{height}"}
    if height:
        size["aspect"] = width / height
    meta: dict[str, Any] = {"original": size, "small": size} if width else {}
    if focus := _focus(str(row.get("focus", ""))):
        meta["focus"] = focus
    return {
        "id": row["id"],
        "type": row["kind"],
        "url": url,
        "preview_url": url,
        "remote_url": None,
        "preview_remote_url": None,
        "text_url": None,
        "meta": meta,
        "description": row["alt"] or None,
        "blurhash": "UBL_:rOpGG-oBUNG,qRj2so|=eE1w^n4S5NH",
    }


def _focus(text: str) -> dict[str, float] | None:
    """``"x,y"`` in -1 … 1, or ``None``."""
    try:
        x, y = (min(max(float(part), -1.0), 1.0) for part in text.split(","))
    except ValueError:
        return None
    return {"x": x, "y": y}


def status(post: Post) -> dict[str, Any]:
    """A post as everybody sees it."""
    extras = post.extras
    who = store().accounts.get(NAME, post.account)
    above = store().posts.get(NAME, post.parent, deleted=True) if post.parent else None
    told = counts(post, len(store().posts.replies(NAME, post.id)))
    return {
        "id": post.id,
        "created_at": iso(post.at),
        "in_reply_to_id": post.parent or None,
        "in_reply_to_account_id": (store().accounts.get(NAME, above.account).id if above else None),
        "sensitive": extras["sensitive"],
        "spoiler_text": extras["spoiler_text"],
        "visibility": extras["visibility"],
        "language": extras["language"],
        "uri": f"{base()}/users/{post.account}/statuses/{post.id}",
        "url": post.url,
        "replies_count": told["comments"],
        "reblogs_count": told["shares"],
        "favourites_count": told["likes"],
        "quotes_count": told["quotes"],
        "edited_at": None,
        "favourited": False,
        "reblogged": False,
        "muted": False,
        "bookmarked": False,
        "pinned": False,
        "content": html.content(post.text, base(), profile),
        "filtered": [],
        "reblog": None,
        "application": extras["application"],
        "account": account(who),
        "media_attachments": [attachment(row) for row in extras["files"]],
        "mentions": [_mention(user, host) for user, host in html.mentions(post.text)],
        "tags": [
            {"name": word.lower(), "url": f"{base()}/tags/{word.lower()}"}
            for word in html.tags(post.text)
        ],
        "emojis": [],
        "card": None,
        "poll": None,
    }


def profile(user: str, host: str) -> str:
    """A mentioned person's address; a stranger's name without a host means nobody."""
    if host and host not in (DOMAIN, request.host):
        return f"https://{host}/@{user}"
    known = {account.handle.lower() for account in store().accounts.known(NAME)}
    return f"{base()}/@{user}" if user.lower() in known else ""


def _mention(user: str, host: str) -> dict[str, str]:
    local = not host or host in (DOMAIN, request.host)
    found = store().accounts.get(NAME, user) if local and profile(user, host) else None
    return {
        "id": found.id if found else "0",
        "username": user,
        "acct": user if local else f"{user}@{host}",
        "url": profile(user, host),
    }
