"""The single checks before a post's time (promises.md 8): rows and files here, then the outside.

Nothing here writes. ``on_paper`` looks at rows; ``links_of`` and ``files_of`` say which addresses
and files a target has, and ``links`` and ``missing`` look for them, with no transaction open.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from threading import Lock
from typing import Any

from sqlalchemy import func, literal_column, or_, select

from app import content
from app.clock import now
from app.config import settings
from app.errors import Unavailable
from app.extensions import db, networks
from app.integrations import answering
from app.integrations.storage import Storage
from app.models.accounts import SocialAccount
from app.models.media import Media
from app.models.posts import HoldReason, Post, PostTarget
from app.networks.base import Capabilities, NetworkError, Problem
from app.services import account_readiness
from app.services.account_readiness import Facts

DAY = timedelta(hours=24)
LINKS = 20  # of one target
AT_ONCE = 8
KEPT = {True: 1800.0, False: 120.0}  # seconds a link's answer is believed, good and bad
MOST_KEPT = 2000
# What is worth a look and stops nothing; everything else is red.
AMBER = frozenset({
    "scopes_partial", "not_reviewed", "cooling", "quota", "link", "unreached", "warning",
})  # fmt: skip
# Findings of the account that do not concern this one post.
NOT_HERE = frozenset({"no_destination", "not_reachable", "sign_in_ends"})


@dataclass(frozen=True)
class Finding:
    """One thing in one sentence. ``fix``: reconnect, edit, move, setup, wait or leave."""

    code: str
    message: str
    fix: str

    @property
    def red(self) -> bool:
        """Whether the post would not go out as it stands."""
        return self.code not in AMBER

    def plain(self) -> dict[str, Any]:
        """As it is stored and told."""
        return {"code": self.code, "message": self.message, "fix": self.fix}


def light(found: Iterable[Finding]) -> str:
    """The traffic light of these findings."""
    listed = list(found)
    if any(one.red for one in listed):
        return "red"
    return "amber" if listed else "green"


def held(target: PostTarget) -> list[Finding]:
    """What a hold says: the target waits for a person, whatever its light was before."""
    reason = target.hold_reason
    if not target.held or reason is None:
        return []
    name = networks.get(target.account.network).title
    message, fix = {
        HoldReason.RECONNECT: (f"{name} signed {target.account.handle} out.", "reconnect"),
        HoldReason.DISCONNECTED: (f"{target.account.handle} is disconnected.", "reconnect"),
        HoldReason.LATE: ("Its time passed while nothing could be sent.", "move"),
        HoldReason.PAUSED: ("Posting is paused.", "wait"),
        HoldReason.APPROVAL: ("Nobody has approved it yet.", "wait"),
        HoldReason.QUOTA: ("The plan's limit is reached.", "wait"),
    }[reason]
    return [Finding("held", message, fix)]


def on_paper(post: Post, target: PostTarget, known: Facts) -> list[Finding]:
    """All that rows and files tell: account, permissions, files, text, options, comment, quota."""
    account, config = target.account, settings()
    network = networks.of(account)
    caps = network.capabilities(account.extras)
    due = target.due_at or now()
    ready = account_readiness.judge(account, known, config)
    found = held(target) + [
        Finding(one.code, one.message, "reconnect" if one.fix == "renew" else one.fix)
        for one in ready.findings
        if one.code not in NOT_HERE
    ]
    found += [
        Finding(one.code, "The sign-in ends before this post is due.", "reconnect")
        for one in account_readiness.signed_in(account, network.title, due)
        if one.code == "sign_in_ends"
    ]
    found += _deleted(post, target)
    found += _content(post, target, caps)
    found += _fetching(post, account, caps)
    return _once(found + _quota(account, caps, due))


def _once(found: list[Finding]) -> list[Finding]:
    return list(dict.fromkeys(found))


def _deleted(post: Post, target: PostTarget) -> list[Finding]:
    """Files that were taken out of the library."""
    return _gone(one.name for one in _media(post, target) if one.deleted_at is not None)


def files_of(post: Post, target: PostTarget) -> dict[str, str]:
    """The stored files this target is sent with: key to name."""
    return {one.key: one.name for one in _media(post, target) if one.deleted_at is None}


def missing(keys: Iterable[str], until: float) -> set[str]:
    """Which of the files are not where they were put. Those not looked at by ``until``, and
    those of a storage that is away, are left out. No transaction may be open."""
    storage, found = Storage.of(settings()), set()
    for key in set(keys):
        if time.monotonic() > until:
            break
        try:
            if not storage.exists(key):
                found.add(key)
        except Unavailable:
            break
    return found


def about_files(files: Mapping[str, str], gone: set[str]) -> list[Finding]:
    """What ``missing`` found of a target's files."""
    return _gone(name for key, name in files.items() if key in gone)


def _gone(names: Iterable[str]) -> list[Finding]:
    return [
        Finding("media_gone", f"The file {name} is no longer there.", "edit")
        for name in islice(names, 4)
    ]


def _media(post: Post, target: PostTarget) -> list[Media]:
    parts = len(post.texts(target.account.network)) or 1
    return [one.media for one in post.media if one.part < parts]


def _content(post: Post, target: PostTarget, caps: Capabilities) -> list[Finding]:
    """What the network's rules of today say about text, files, options and the first comment."""
    name = networks.get(target.account.network).title
    problems = content.problems(post, target, settings())
    options = post.options.get(target.account.network, {})
    commented = any(one.field == "comment" for one in problems)
    if str(options.get("firstComment") or "").strip() and not caps.comment_limit and not commented:
        problems.append(Problem("comment", f"{name} takes no first comment from us."))
    return [
        Finding(
            f"content_{one.field.partition('.')[0]}" if one.blocks else "warning",
            one.message, "edit",
        )
        for one in problems
        if one.blocks or (one.fix and one.field != "alt")
    ]  # fmt: skip


def _fetching(post: Post, account: SocialAccount, caps: Capabilities) -> list[Finding]:
    """Files that the network fetches need an address it can reach."""
    config = settings()
    why = "" if account_readiness.played(account, config) else account_readiness.reachable(config)
    kinds = {"video" if one.media.mime.startswith("video/") else "image" for one in post.media}
    options = post.options.get(account.network, {})
    fetched = caps.fetched(options, *content.held(post))
    if not why or account.via != "native" or not kinds & fetched:
        return []
    name = networks.get(account.network).title
    return [Finding("not_reachable", f"{name} fetches files from us, and {why}.", "setup")]


def _quota(account: SocialAccount, caps: Capabilities, due: datetime) -> list[Finding]:
    """Whether the account has posts left in the 24 hours before this one, as far as we know."""
    name = networks.get(account.network).title
    if account.cooling_until is not None and account.cooling_until > due:
        return [Finding("quota", f"{name} asked us to wait until after this post is due.", "wait")]
    if not caps.posts_a_day:
        return []
    planned = PostTarget.state == literal_column("'scheduled'")
    count = db.session.scalar(
        select(func.count()).where(
            PostTarget.account_id == account.id,
            or_(
                (PostTarget.published_at > due - DAY) & (PostTarget.published_at <= due),
                planned & (PostTarget.due_at > due - DAY) & (PostTarget.due_at <= due),
            ),
        )
    )
    if (count or 0) <= caps.posts_a_day:
        return []
    says = f"{name} takes about {caps.posts_a_day} posts in 24 hours; this would be the {count}th."
    return [Finding("quota", says, "move")]


# Links -------------------------------------------------------------------------------------------

URL = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]}'’”]")
_kept: dict[str, tuple[float, str]] = {}
_lock = Lock()


def links_of(post: Post, target: PostTarget) -> list[str]:
    """The addresses in the texts as this network finds them, else as they look; each once."""
    network = networks.of(target.account)
    found: dict[str, None] = {}
    for text in [*post.texts(target.account.network), *_comment(post, target)]:
        try:
            spans = network.compose(text, target.account.extras).spans
        except NetworkError:
            continue
        seen = [s.href for s in spans if s.kind == "link"] or [m[0] for m in URL.finditer(text)]
        found |= dict.fromkeys(url for url in seen if url.startswith(("http://", "https://")))
    return list(found)[:LINKS]


def _comment(post: Post, target: PostTarget) -> list[str]:
    text = str(post.options.get(target.account.network, {}).get("firstComment") or "")
    return [text] if text.strip() else []


def links(urls: Iterable[str], until: float) -> dict[str, str]:
    """What is wrong with each link, empty where it answers; kept for some minutes.

    ``until`` is a reading of ``time.monotonic``: links not asked by then are left out. No
    transaction may be open.
    """
    wanted = list(dict.fromkeys(urls))
    found = {url: told for url in wanted if (told := _known(url)) is not None}
    missing = [url for url in wanted if url not in found]
    if not missing:
        return found

    def ask(url: str, http: Any) -> str | None:
        return answering.trouble(url, http) if time.monotonic() < until else None

    with answering.client(settings()) as http, ThreadPoolExecutor(AT_ONCE, "links") as pool:
        for url, told in zip(missing, pool.map(lambda u: ask(u, http), missing), strict=True):
            if told is not None:
                found[url] = told
                _keep(url, told)
    return found


def about_links(urls: Iterable[str], told: dict[str, str]) -> list[Finding]:
    """The findings of a target whose texts hold these links."""
    return [
        Finding(
            "link", f"The link {url if len(url) <= 80 else url[:79] + '…'} {told[url]}.", "edit"
        )
        for url in urls
        if told.get(url)
    ]


def forget_links() -> None:
    """Ask all of them anew."""
    with _lock:
        _kept.clear()


def _known(url: str) -> str | None:
    with _lock:
        kept = _kept.get(url)
    if kept is None or time.monotonic() - kept[0] > KEPT[not kept[1]]:
        return None
    return kept[1]


def _keep(url: str, told: str) -> None:
    with _lock:
        while len(_kept) >= MOST_KEPT:
            _kept.pop(next(iter(_kept)))
        _kept.pop(url, None)
        _kept[url] = (time.monotonic(), told)
