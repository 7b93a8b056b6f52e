"""Posts and people as X shows them: links as t.co, long texts cut, fields by request."""

from __future__ import annotations

import hashlib
import html
from typing import Any

from app.sandbox.records import Account, Post, counts, iso
from app.sandbox.store import store
from app.sandbox.x_length import links, weighted

LONG = 280
POST_FIELDS = (
    "article,attachments,author_id,card_uri,community_id,context_annotations,conversation_id,"
    "created_at,display_text_range,edit_controls,edit_history_tweet_ids,entities,geo,id,"
    "in_reply_to_user_id,lang,media_metadata,non_public_metrics,note_tweet,organic_metrics,"
    "possibly_sensitive,promoted_metrics,public_metrics,referenced_tweets,reply_settings,scopes,"
    "source,suggested_source_links,text,withheld"
).split(",")
USER_FIELDS = (
    "affiliation,confirmed_email,connection_status,created_at,description,entities,id,is_identity_verified,"  # noqa: E501
    "location,most_recent_tweet_id,name,parody,pinned_tweet_id,profile_banner_url,"
    "profile_image_url,protected,public_metrics,receives_your_dm,subscription,subscription_type,"
    "url,username,verified,verified_followers_count,verified_type,withheld"
).split(",")


def _slug(post_id: str, place: object) -> str:
    digest = hashlib.sha256(f"{post_id} {place}".encode()).hexdigest()
    return "".join(
        c.upper() if int(digest[-i - 1], 16) % 2 else c for i, c in enumerate(digest[:10])
    )


def rewritten(post: Post, text: str) -> tuple[str, list[dict[str, Any]]]:
    """The text with t.co in place of links, escaped as X does, and its ``entities.urls``."""
    pieces: list[str] = []
    urls: list[dict[str, Any]] = []
    place = 0
    for number, (start, end, link) in enumerate(links(text)):
        pieces.append(html.escape(text[place:start], quote=False))
        whole = link if "://" in link else f"http://{link}"
        shown = whole.split("://", 1)[1]
        if len(shown) > 27:
            shown = shown[:26] + "…"
        _place(urls, pieces, f"https://t.co/{_slug(post.id, number)}", whole, shown)
        place = end
    pieces.append(html.escape(text[place:], quote=False))
    if post.media:
        if any(pieces):
            pieces.append(" ")
        short = f"https://t.co/{_slug(post.id, 'media')}"
        kind = "video" if post.media[0]["mime"].startswith("video/") else "photo"
        before = sum(map(len, pieces))
        pieces.append(short)
        for item in post.media:
            urls.append(
                {
                    "start": before, "end": before + len(short), "url": short,
                    "expanded_url": f"{post.url}/{kind}/1",
                    "display_url": f"pic.x.com/{short[-10:]}", "media_key": item["key"],
                }
            )  # fmt: skip
    return "".join(pieces), urls


def _place(
    urls: list[dict[str, Any]], pieces: list[str], short: str, whole: str, shown: str
) -> None:
    start = sum(map(len, pieces))
    pieces.append(short)
    urls.append(
        {
            "start": start, "end": start + len(short), "url": short, "expanded_url": whole,
            "display_url": shown,
        }
    )  # fmt: skip


def shown_text(post: Post) -> str:
    """The text of an answer: 280 of it, the rest behind a link."""
    return _text(post)[0]


def _text(post: Post) -> tuple[str, list[dict[str, Any]]]:
    if weighted(post.text) <= LONG:
        return rewritten(post, post.text)
    cut = f"{post.text[:LONG].rstrip()}…"
    text, urls = rewritten(post, cut)
    return f"{text} https://t.co/{_slug(post.id, 'more')}", urls


def tweet(post: Post, fields: set[str]) -> dict[str, Any]:
    """A post with the fields asked for; id, text and edit history are always there."""
    text, urls = _text(post)
    found: dict[str, Any] = {"id": post.id, "text": text, "edit_history_tweet_ids": [post.id]}
    account = store().accounts.get(post.network, post.account)
    if "created_at" in fields:
        found["created_at"] = iso(post.at)
    if "author_id" in fields:
        found["author_id"] = account.id
    if "conversation_id" in fields:
        found["conversation_id"] = root(post).id
    if "entities" in fields and urls:
        found["entities"] = {"urls": urls}
    if "attachments" in fields and post.media:
        found["attachments"] = {"media_keys": [item["key"] for item in post.media]}
    if "referenced_tweets" in fields and post.parent:
        found["referenced_tweets"] = [{"type": "replied_to", "id": post.parent}]
    if "note_tweet" in fields and weighted(post.text) > LONG:
        whole, whole_urls = rewritten(post, post.text)
        found["note_tweet"] = {"text": whole, "entities": {"urls": whole_urls}}
    if "public_metrics" in fields:
        found["public_metrics"] = public_metrics(post)
    if "non_public_metrics" in fields:
        views = found_counts(post)["impressions"]
        found["non_public_metrics"] = {
            "impression_count": views, "url_link_clicks": views // 40,
            "user_profile_clicks": views // 60, "engagements": views // 15,
        }  # fmt: skip
    if "lang" in fields:
        found["lang"] = "en"
    return found


def attached(item: dict[str, Any], base: str) -> dict[str, Any]:
    """A file of a post."""
    kind = "video" if item["mime"].startswith("video/") else "photo"
    url = f"{base}/_sandbox/media/{item['blob']}"
    return {"media_key": item["key"], "type": kind, "url": url, "alt_text": item["alt"]}


def root(post: Post) -> Post:
    """The first post of a thread."""
    for _ in range(1000):
        parent = store().posts.get(post.network, post.parent, deleted=True)
        if parent is None:
            return post
        post = parent
    return post


def found_counts(post: Post) -> dict[str, int]:
    """The numbers of a post."""
    return counts(post, len(store().posts.replies(post.network, post.id)))


def public_metrics(post: Post) -> dict[str, int]:
    """X's six public counts."""
    found = found_counts(post)
    return {
        "retweet_count": found["shares"], "reply_count": found["comments"],
        "like_count": found["likes"], "quote_count": found["quotes"],
        "bookmark_count": found["saves"], "impression_count": found["impressions"],
    }  # fmt: skip


def user(account: Account, fields: set[str], base: str) -> dict[str, Any]:
    """A person with the fields asked for."""
    found: dict[str, Any] = {
        "id": account.id, "name": account.name, "username": account.handle
    }  # fmt: skip
    posts = sum(1 for _ in store().posts.of(account.network, account.handle))
    known: dict[str, Any] = {
        "created_at": "2020-01-01T00:00:00.000Z",
        "description": "",
        "profile_image_url": f"{base}/_sandbox/avatar/{account.handle}.png",
        "protected": False,
        "verified": bool(account.extras.get("verified", False)),
        "verified_type": account.extras.get("verified_type", "none"),
        "subscription_type": account.extras.get("subscription_type", "None"),
        "public_metrics": {
            "followers_count": 120, "following_count": 80, "tweet_count": posts,
            "listed_count": 1, "like_count": 40, "media_count": 0,
        },
        "url": "",
    }  # fmt: skip
    return found | {name: known[name] for name in known if name in fields}
