"""Finding a post whose creation nobody saw the answer of among an author's newest, where the
token may read them (networks/linkedin.md §7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.networks.base import Probed, Published, Verdict
from app.networks.linkedin_rest import Rest, elements, enc
from app.networks.linkedin_text import plain
from app.networks.wire import unreadable

SLACK = timedelta(seconds=60)
PAGE, PAGES = 20, 10


@dataclass(frozen=True)
class Sought:
    """What is looked for: the request's body as it was sent."""

    author: str
    body: Mapping[str, Any]
    since: datetime
    known: frozenset[str]

    @property
    def earliest(self) -> float:
        return (self.since - SLACK).timestamp() * 1000

    def is_this(self, post: Mapping[str, Any]) -> bool:
        """Whether a listed post is what we sent: text as read, and media by their URNs."""
        if str(post.get("id")) in self.known or made(post) < self.earliest:
            return False
        if plain(str(post.get("commentary") or "")) != plain(str(self.body["commentary"])):
            return False
        carried = assets(post.get("content"))
        return not carried or carried == assets(self.body.get("content"))


def search(rest: Rest, sought: Sought, found: Callable[[str], Published]) -> Probed:
    """Read back past ``since``; one candidate is the post, two are for a person."""
    ids: list[str] = []
    for page in range(PAGES):
        answer = rest.call(
            "GET",
            f"posts?q=author&author={enc(sought.author)}&count={PAGE}&start={page * PAGE}"
            "&sortBy=LAST_MODIFIED",
            more={"X-RestLi-Method": "FINDER"},
        )  # fmt: skip
        if not isinstance(answer.mapping().get("elements"), list):
            raise unreadable(answer.status, answer.raw)
        rows = elements(answer.mapping())
        ids += [str(row["id"]) for row in rows if row.get("id") and sought.is_this(row)]
        if len(rows) < PAGE or modified(rows[-1]) < sought.earliest:
            return _verdict(ids, found)
    return Probed(
        Verdict.UNSURE, message="This account posts too much at once to find one post."
    )  # fmt: skip


def _verdict(ids: list[str], found: Callable[[str], Published]) -> Probed:
    if len(set(ids)) > 1:
        return Probed(Verdict.UNSURE, message="Two posts on LinkedIn look like this one.")
    if not ids:
        return Probed(Verdict.ABSENT)
    return Probed(Verdict.PUBLISHED, found(ids[0]))


def comments(rest: Rest, actor: str, parent: str, text: str, since: datetime) -> list[str]:
    """The ids of the actor's own comments with this text since then."""
    answer = rest.call("GET", f"socialActions/{enc(parent)}/comments?start=0&count=100")
    if not isinstance(answer.mapping().get("elements"), list):
        raise unreadable(answer.status, answer.raw)
    least = (since - SLACK).timestamp() * 1000
    ids = []
    for row in elements(answer.mapping()):
        message = row.get("message")
        said = message.get("text") if isinstance(message, dict) else None
        if row.get("actor") == actor and said == text and made(row) >= least and row.get("id"):
            ids.append(str(row["id"]))
    return ids


def made(row: Mapping[str, Any]) -> float:
    """When a post or comment was made (milliseconds), 0 where it is not told."""
    created = row.get("created")
    times = [row.get("publishedAt"), row.get("createdAt")]
    times.append(created.get("time") if isinstance(created, dict) else None)
    return max((float(one) for one in times if isinstance(one, int | float)), default=0.0)


def modified(row: Mapping[str, Any]) -> float:
    """What the list is sorted by."""
    at = row.get("lastModifiedAt")
    return max(made(row), float(at) if isinstance(at, int | float) else 0.0)


def assets(content: Any) -> tuple[str, ...]:
    """What a post carries: URNs of its media, or its link."""
    if not isinstance(content, dict):
        return ()
    one, many, article = (content.get(name) for name in ("media", "multiImage", "article"))
    if isinstance(one, dict):
        return (str(one.get("id")),)
    if isinstance(many, dict) and isinstance(many.get("images"), list):
        return tuple(str(row.get("id")) for row in many["images"] if isinstance(row, dict))
    return (str(article.get("source")),) if isinstance(article, dict) else ()
