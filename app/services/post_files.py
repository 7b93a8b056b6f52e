"""A post as a Markdown file: what heads it, its texts, and back again (promises.md 15).

The text stands as it is. A line of our own (``<!-- carillon: … -->``) begins the next part of a
thread and a network's own text; a line of the text that looks like one gets a backslash in front.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.ids import slug
from app.models.media import Media
from app.models.posts import Post
from app.services import account_refs, cards, front_matter, plan_posts
from app.services.account_refs import NAMES, SHORT, Accounts
from app.services.front_matter import Item, Unreadable

FOLDER, FILES = "posts", "media"
PART = "<!-- carillon: next part -->"
OWN = re.compile(r"<!-- carillon: text for ([a-z]+) -->")
_OURS = re.compile(r"\\*<!-- carillon:")
ENDINGS = {
    "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif",
    "video/mp4": "mp4", "video/quicktime": "mov",
}  # fmt: skip
KEYS = ("id", "rev", "time", "zone", "state", "accounts", "labels", "link", "media", "options")


@dataclass(frozen=True)
class Shot:
    """A picture or video of a post: its place in the folder, its alt text, its part from 1."""

    file: str
    alt: str = ""
    part: int = 1


@dataclass(frozen=True)
class Document:
    """What a file says. ``time`` is ``2026-05-14 09:30`` in ``zone``, empty for none; ``texts``
    are networks' own; ``state`` is the calendar's word."""

    parts: tuple[str, ...]
    accounts: tuple[str, ...] = ()
    time: str = ""
    zone: str = ""
    state: str = ""
    link: str = ""
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    media: tuple[Shot, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    id: str = ""
    rev: str = ""


def file_name(post: Post) -> str:
    """``posts/2026-05-14-0930-six-bells-0198c2d4.md``: sorted by time, and its own."""
    at = post.due_at.astimezone(post.profile.zone) if post.due_at else None
    when = f"{at:%Y-%m-%d-%H%M}" if at else "draft"
    return f"{FOLDER}/{when}-{slug(cards.title_of(post.parts) or 'post')}-{post.id.hex[-8:]}.md"


def media_name(media: Media) -> str:
    """Where a post's picture lies in the folder: the same bytes have the same name."""
    return f"{FILES}/{media.sha256[:20]}.{ENDINGS.get(media.mime, 'bin')}"


def document(post: Post, accounts: Accounts, labels: Sequence[str] = ()) -> Document:
    """A post as its file says it; ``labels`` are those it wears."""
    live = [one for one in post.targets if one.state not in cards.GONE]
    return Document(
        parts=tuple(post.parts),
        accounts=tuple(accounts.name(one.account) for one in live),
        time=plan_posts.time_of(post),
        zone=post.profile.time_zone,
        state=plan_posts.state_of(post),
        link=post.link or "",
        texts={one.network: tuple(one.parts) for one in post.variants},
        media=tuple(Shot(media_name(m.media), m.alt, m.part + 1) for m in post.media),
        options=dict(post.options),
        labels=tuple(labels),
        id=str(post.id),
        rev=str(post.rev),
    )


def write(found: Document) -> str:
    """The whole file."""
    shots: list[Item] = [
        {"file": one.file, "alt": one.alt, "part": str(one.part) if one.part > 1 else ""}
        for one in found.media
    ]
    options = json.dumps(found.options, ensure_ascii=False, sort_keys=True)
    head = front_matter.write({
        "id": found.id, "rev": found.rev, "time": found.time,
        "zone": found.zone if found.time else "", "state": found.state,
        "accounts": list(found.accounts), "labels": list(found.labels),
        "link": found.link, "media": shots,
        "options": options if found.options else "",
    })  # fmt: skip
    body = _joined(found.parts)
    for network, parts in sorted(found.texts.items()):
        name = SHORT.get(network, network)
        body += f"\n<!-- carillon: text for {name} -->\n{_joined(parts)}"
    return f"{head}\n{body}"


def read(text: str) -> Document:
    """What a file says. Raises ``Unreadable`` in words for people."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    block, body = front_matter.read(text)
    unknown = sorted(set(block) - set(KEYS))
    if unknown:
        raise Unreadable(f"We do not know “{unknown[0]}”. Names are {', '.join(KEYS)}.")
    shared, texts = _texts(body)
    return Document(
        parts=shared,
        accounts=tuple(account_refs.split(",".join(_listed(block.get("accounts", []))))),
        labels=tuple(account_refs.split(",".join(_listed(block.get("labels", []), "labels")))),
        texts=texts,
        media=tuple(_shot(one) for one in _items(block.get("media", []))),
        options=_options(_one(block, "options")),
        **{key: _one(block, key).strip() for key in ("time", "zone", "state", "link", "id", "rev")},
    )


def bare(parts: Sequence[str]) -> tuple[str, ...]:
    """Parts as they are compared: an editor's empty lines around them are no change."""
    return tuple(part.strip("\n").rstrip() for part in parts)


def _joined(parts: Sequence[str]) -> str:
    return f"\n{PART}\n".join(_guarded(part) + "\n" for part in parts)


def _guarded(text: str) -> str:
    return "\n".join(f"\\{line}" if _OURS.match(line) else line for line in text.split("\n"))


def _plain(lines: Sequence[str]) -> str:
    return "\n".join(
        line[1:] if line.startswith("\\") and _OURS.match(line) else line for line in lines
    )


def _texts(body: str) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """The shared parts, and those of networks with a text of their own."""
    found: dict[str, list[list[str]]] = {"": [[]]}
    at = ""
    for line in body.removeprefix("\n").split("\n"):
        mark = line.rstrip()
        own = OWN.fullmatch(mark)
        if own is not None:
            at = NAMES.get(own[1], "")
            if not at:
                raise Unreadable(f"“{own[1]}” is no network, so it has no text of its own.")
            if at in found:
                raise Unreadable(f"There are two texts for {own[1]}.")
            found[at] = [[]]
        elif mark == PART:
            found[at].append([])
        elif _OURS.match(mark) and not mark.startswith("\\"):
            raise Unreadable(f"We do not know the line “{mark[:60]}”.")
        else:
            found[at][-1].append(line)
    made = {name: tuple(_plain(one).strip("\n") for one in parts) for name, parts in found.items()}
    return made.pop(""), made


def _one(block: front_matter.Block, key: str) -> str:
    value = block.get(key, "")
    if not isinstance(value, str):
        if not value:
            return ""
        raise Unreadable(f"“{key}” is one value, not a list.")
    return value


def _listed(value: str | list[Item], key: str = "accounts") -> list[str]:
    items = [value] if isinstance(value, str) else value
    if any(not isinstance(one, str) for one in items):
        raise Unreadable(f"“{key}” is a list of names, each on a line of its own.")
    return [one for one in items if isinstance(one, str)]


def _items(value: str | list[Item]) -> list[Item]:
    return ([value] if value else []) if isinstance(value, str) else value


def _shot(item: Item) -> Shot:
    if isinstance(item, str):
        return Shot(item)
    part = item.get("part", "1")
    if not item.get("file") or not part.isdecimal() or not 1 <= int(part[:4]) <= 100:
        raise Unreadable("Each of “media” has a file, and may have an alt and a part from 1.")
    return Shot(item["file"], item.get("alt", ""), int(part))


def _options(text: str) -> dict[str, Any]:
    if not text:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable("“options” is not readable JSON.") from error
    if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
        raise Unreadable("“options” has a network’s settings under each network’s name.")
    return found
