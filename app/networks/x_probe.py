"""Finding a post whose creation nobody saw the answer of, among an account's newest
(networks/x.md §7): by text as X rewrites it, reply target and media keys."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from app.networks.base import Probed, Published, Verdict
from app.networks.x_links import find_links
from app.networks.x_text import LIMIT, tidy, weigh

SLACK = timedelta(seconds=60)
PAGES = 25  # of 20 posts: a fuller minute than that cannot be decided by machine
PAGE = 20
FIELDS = "created_at,text,entities,attachments,referenced_tweets"

Page = Callable[[Mapping[str, str]], Mapping[str, Any]]


@dataclass(frozen=True)
class Sought:
    """What is looked for. ``media_keys`` has ``""`` for a file X told no key of."""

    text: str
    parent: str
    media_keys: tuple[str, ...]
    since: datetime
    known: frozenset[str]

    @property
    def long(self) -> bool:
        """Whether X shortens the text in listings, so that the whole one is asked for."""
        return weigh(self.text) > LIMIT

    def params(self) -> dict[str, str]:
        """The query of the first page."""
        start = (self.since - SLACK).astimezone(UTC)
        return {
            "max_results": str(PAGE),
            "start_time": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "exclude": "retweets",
            "tweet.fields": FIELDS + (",note_tweet" if self.long else ""),
        }

    def is_this(self, post: Mapping[str, Any]) -> bool:
        """Whether a listed post is what we sent."""
        if str(post.get("id")) in self.known or replied_to(post) != self.parent:
            return False
        return self._same_media(post) and canonical(self.text) == restored(post)

    def _same_media(self, post: Mapping[str, Any]) -> bool:
        attached = post.get("attachments")
        listed = attached.get("media_keys") if isinstance(attached, dict) else None
        found = [str(key) for key in listed] if isinstance(listed, list) else []
        if len(found) != len(self.media_keys):
            return False
        return not all(self.media_keys) or set(found) == set(self.media_keys)


def search(sought: Sought, page: Page, permalink: Callable[[str], str]) -> Probed:
    """Read back past ``since``; one candidate is the post, two are for a person."""
    found: list[str] = []
    params = sought.params()
    for _ in range(PAGES):
        answer = page(params)
        rows = answer.get("data")
        for post in rows if isinstance(rows, list) else []:
            if isinstance(post, dict) and post.get("id") and sought.is_this(post):
                found.append(str(post["id"]))
        meta = answer.get("meta")
        following = meta.get("next_token") if isinstance(meta, dict) else None
        if rows is None and not isinstance(meta, dict):
            return Probed(Verdict.UNSURE, message="X did not show this account's posts.")
        if not following:
            return _verdict(found, permalink)
        params = {**sought.params(), "pagination_token": str(following)}
    return Probed(Verdict.UNSURE, message="This account posts too much at once to find one post.")


def _verdict(found: list[str], permalink: Callable[[str], str]) -> Probed:
    if len(set(found)) > 1:
        return Probed(Verdict.UNSURE, message="Two posts on X look like this one.")
    if not found:
        return Probed(Verdict.ABSENT)
    return Probed(Verdict.PUBLISHED, Published(found[0], permalink(found[0])))


def replied_to(post: Mapping[str, Any]) -> str:
    """The id of the post it answers, or ``""``; both generations of names (§1)."""
    rows = post.get("referenced_tweets") or post.get("referenced_posts")
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict) and row.get("type") == "replied_to":
            return str(row.get("id") or "")
    return ""


def canonical(text: str) -> str:
    """A text as both sides can be brought to: links written out, white space made one."""
    sent = tidy(text)
    pieces, place = [], 0
    for link in find_links(sent):
        pieces += [sent[place : link.start], address(link.href)]
        place = link.end
    pieces.append(sent[place:])
    return re.sub(r"\s+", " ", "".join(pieces)).strip()


def restored(post: Mapping[str, Any]) -> str:
    """A listed post's text with t.co undone and the link to its own media dropped."""
    note = post.get("note_tweet") or post.get("note_post")
    source: Mapping[str, Any] = note if isinstance(note, dict) else post
    text = str(source.get("text") or "")
    entities = source.get("entities")
    rows = entities.get("urls") if isinstance(entities, dict) else None
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, dict) or not row.get("url"):
            continue
        target = "" if _own_media(row) else address(str(row.get("expanded_url") or row["url"]))
        # A following t.co link may begin with this one's letters.
        text = re.sub(re.escape(str(row["url"])) + r"(?![0-9A-Za-z])", lambda _, t=target: t, text)  # type: ignore[misc]
    return re.sub(r"\s+", " ", tidy(html.unescape(text)))


def _own_media(row: Mapping[str, Any]) -> bool:
    shown = str(row.get("display_url") or "")
    return bool(row.get("media_key")) or shown.startswith(("pic.x.com/", "pic.twitter.com/"))


def address(url: str) -> str:
    """An address in one spelling: scheme and host in lower case, no lone final slash."""
    parts = urlsplit(url)
    path = "" if parts.path == "/" else unquote(parts.path)
    rest = f"?{unquote(parts.query)}" if parts.query else ""
    mark = f"#{unquote(parts.fragment)}" if parts.fragment else ""
    return f"{parts.scheme.lower()}://{parts.netloc.lower()}{path}{rest}{mark}"
