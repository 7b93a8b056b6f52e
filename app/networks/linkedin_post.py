"""A post as LinkedIn takes it, the same bytes on every repeat (networks/linkedin.md §3, §7).

``resume["content"]`` is the post's ``content`` object, kept before the post is made: a repeat
with other media URNs, or another title of the link, would be another post.
``resume["began"]`` is when the first attempt at this content was made (ISO 8601), where the
author's posts can be listed: a later attempt that is refused as a duplicate looks back to it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from app.networks import linkedin_rules, linkedin_text, linkedin_upload
from app.networks.base import Account, Card, Category, Item, NetworkError, Part
from app.networks.linkedin_upload import Uploads
from app.networks.wire import Answer, unreadable

_POST = re.compile(r"urn:li:(?:share|ugcPost):[\w-]+")
DISTRIBUTION = {
    "feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": [],
}  # fmt: skip


def prepare(
    uploads: Uploads, item: Item, resume: Mapping[str, Any], *, dated: bool
) -> Iterator[dict[str, Any]]:
    """Upload what the post carries, then keep its content; nothing of it for plain text."""
    kept = dict(resume)
    if dated and "began" not in kept:
        kept["began"] = item.at.isoformat()
        yield dict(kept)
    card = _card(item)
    if item.part.media and not linkedin_rules.carded(item.part, item.options):
        for step in uploads.prepare(item.part.media, dict(kept)):
            kept = step
            yield kept
        content = _media(item, kept)
    elif card is not None:
        picture = ""
        if card.image is not None and card.image.mime in linkedin_rules.IMAGES:
            try:
                for step in uploads.prepare((card.image,), dict(kept)):
                    kept = step
                    yield kept
                picture = linkedin_upload.urn(card.image, kept)
            except NetworkError as error:
                if error.category is not Category.MEDIA_ERROR or item.part.media:
                    raise  # a link needs no picture to go out, unless a person chose one
        content = _article(card, picture)
    else:
        return
    if kept.get("content") != content:
        yield {**kept, "content": content}


def began(resume: Mapping[str, Any], since: datetime) -> datetime:
    """When the first call for this content may have been made."""
    kept = resume.get("began")
    return min(datetime.fromisoformat(kept), since) if isinstance(kept, str) else since


def body(account: Account, item: Item, resume: Mapping[str, Any]) -> dict[str, Any]:
    """The request of ``POST /rest/posts``."""
    page = linkedin_rules.is_organization(account.extras)
    found: dict[str, Any] = {
        "author": account.external_id,
        "commentary": linkedin_text.little(item.part.text),
        "visibility": "PUBLIC" if page else str(item.options.get("visibility") or "PUBLIC"),
        "distribution": DISTRIBUTION,
    }
    content = resume.get("content")
    if item.part.media and not content:
        raise NetworkError(
            Category.MEDIA_ERROR, "The media has to be uploaded again.", code="not_uploaded",
            retryable=True,
        )  # fmt: skip
    if content:
        found["content"] = content
    shut = bool(item.options.get("isReshareDisabledByAuthor"))
    return found | {"lifecycleState": "PUBLISHED", "isReshareDisabledByAuthor": shut}


def wire(found: Mapping[str, Any]) -> bytes:
    """The bytes of a request: always the same for the same content."""
    return json.dumps(found, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def made(answer: Answer) -> str:
    """The URN of a new post: a header, and nothing in the body (§3)."""
    for name in ("x-restli-id", "x-linkedin-id"):
        urn = unquote(answer.headers.get(name, "").strip())
        if _POST.fullmatch(urn):
            return urn
    urn = str(answer.mapping().get("id") or "")
    if _POST.fullmatch(urn):
        return urn
    raise unreadable(answer.status, answer.raw)


def comment_made(answer: Answer) -> str:
    """The number of a new comment: in the body or the header, alone or at the end of a URN."""
    found = answer.mapping()
    for told in (found.get("id"), answer.headers.get("x-restli-id"), found.get("$URN")):
        number = re.search(r"(\w+)\)?\s*$", unquote(str(told or "")))
        if number:
            return number[1]
    raise unreadable(answer.status, answer.raw)


def _media(item: Item, kept: Mapping[str, Any]) -> dict[str, Any]:
    media = item.part.media
    urns = [linkedin_upload.urn(one, kept) for one in media]
    if media[0].kind == "video":
        title = str(item.options.get("videoTitle") or "")
        return {"media": {"id": urns[0]} | ({"title": title} if title else {})}
    alts = linkedin_rules.alts(media, item.options)
    rows = [
        {"id": urn} | ({"altText": alt} if alt else {}) for urn, alt in zip(urns, alts, strict=True)
    ]
    return {"media": rows[0]} if len(rows) == 1 else {"multiImage": {"images": rows}}


def _card(item: Item) -> Card | None:
    """The link's card: the page's own, or of what a person wrote for it."""
    part: Part = item.part
    own = linkedin_rules.carded(part, item.options)
    if part.card is not None or (part.media and not own):
        card = None if part.media else part.card
    elif own or item.options.get("articleTitle"):
        spans = linkedin_text.compose(part.text).spans
        url = next((span.href for span in spans if span.kind == "link"), "")
        card = Card(url, image=part.media[0] if own else None) if url else None
    else:
        card = None
    if card is None:
        return None
    # A card without a title is bare: LinkedIn does not read the page.
    title = item.options.get("articleTitle") or card.title or urlsplit(card.url).hostname or ""
    description = item.options.get("articleDescription") or card.description
    return Card(card.url, str(title), str(description), card.image)


def _article(card: Card, picture: str) -> dict[str, Any]:
    article = {
        "source": card.url,
        "title": card.title[: linkedin_rules.TITLE_LIMIT],
        "description": card.description[: linkedin_rules.DESCRIPTION_LIMIT],
        "thumbnail": picture,
    }
    return {"article": {name: text for name, text in article.items() if text}}
