"""Threads, Meta's API v1.0: containers, published by a second call (networks/threads.md)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import quote

import httpx2 as httpx

from app.config import Config
from app.networks import oauth, threads_errors, threads_oauth, threads_probe, threads_rules
from app.networks.base import (
    NO_OPTIONS,
    About,
    Account,
    AppKeys,
    Capabilities,
    Category,
    Composed,
    Consent,
    Identity,
    Item,
    Metrics,
    NetworkError,
    Part,
    Probe,
    Probed,
    Problem,
    Published,
    Tokens,
    Verdict,
)
from app.networks.hosted import Hosted
from app.networks.threads_about import ABOUT, SCOPES
from app.networks.threads_containers import Containers, Wanted, container
from app.networks.threads_text import compose
from app.networks.wire import Answer, Judge, call, unreadable

VERSION = "/v1.0"  # the only one there is (§7)
PROFILE = "id,username,name,threads_profile_picture_url,threads_biography,is_verified"
METRICS = "views,likes,replies,reposts,quotes"


class Threads(Hosted):
    """One profile a token; every post is a container first, so that its fate can be asked."""

    name: ClassVar[str] = "threads"
    title: ClassVar[str] = "Threads"
    ways: ClassVar[tuple[str, ...]] = ("oauth", "token")
    about: ClassVar[About] = ABOUT

    def __init__(self, http: httpx.Client, config: Config) -> None:
        self.http, self.config = http, config
        self.settings = config.network(self.name)
        self.base = self.settings.api_url + VERSION
        self.sleep = time.sleep

    # Content
    def capabilities(self, extras: Mapping[str, Any]) -> Capabilities:
        """The same for every profile (§3)."""
        return threads_rules.CAPABILITIES

    def compose(
        self, text: str, extras: Mapping[str, Any], options: Mapping[str, Any] = NO_OPTIONS
    ) -> Composed:
        """The text as sent; emojis count by their bytes (§3)."""
        return compose(text)

    def validate(
        self,
        parts: tuple[Part, ...],
        extras: Mapping[str, Any],
        options: Mapping[str, Any] = NO_OPTIONS,
    ) -> list[Problem]:
        """What Threads would refuse."""
        return threads_rules.validate(parts, options)

    # Connecting
    def authorize(
        self, app: AppKeys, *, server: str, hint: str, redirect_uri: str, state: str
    ) -> Consent:
        """To Threads' consent page; it knows no PKCE."""
        url = oauth.authorize_url(
            f"{self.settings.auth_url}/oauth/authorize", app, redirect_uri=redirect_uri,
            scope=",".join(SCOPES), state=state,
        )  # fmt: skip
        return Consent(url)

    def exchange(
        self, app: AppKeys, keep: Mapping[str, str], answer: Mapping[str, str], redirect_uri: str
    ) -> Tokens:
        """Code → a token of 60 days."""
        api = self.settings.api_url
        return threads_oauth.exchange(self.http, api, app, answer, redirect_uri)

    def refresh(self, app: AppKeys, tokens: Tokens, server: str) -> Tokens:
        """Another 60 days; possible from the second day to the last (§1)."""
        return threads_oauth.refresh(self.http, self.settings.api_url, tokens)

    def revoke(self, app: AppKeys, tokens: Tokens, server: str) -> None:
        """Threads has no call for it: people take the access back in its settings (§1)."""

    def identities(self, tokens: Tokens, server: str) -> list[Identity]:
        """The one profile of the token."""
        answer = self._read("/me", tokens, {"fields": PROFILE})
        found = answer.mapping()
        number, username = found.get("id"), str(found.get("username") or "")
        if not isinstance(number, str | int) or not number or not username:
            raise unreadable(answer.status, answer.raw)
        identity = Identity(
            external_id=str(number),
            handle=username,
            name=str(found.get("name") or username),
            avatar_url=str(found.get("threads_profile_picture_url") or ""),
            url=f"{self.settings.auth_url}/@{quote(username, safe='')}",
            extras={"is_verified": True} if found.get("is_verified") is True else {},
        )
        return [identity]

    # Publishing
    def prepare(
        self, account: Account, item: Item, resume: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Make the container and wait until Threads has it ready."""
        return self._containers(account).prepare(self._wanted(item), resume)

    def _wanted(self, item: Item) -> Wanted:
        """The container's fields; a topic and a link card are for the post itself."""
        fields: dict[str, str] = {}
        text = compose(item.part.text).text
        if text:
            fields["text"] = text
        control, topic = item.options.get("replyControl"), threads_rules.topic(item.options)
        if control and control != "everyone" and not item.comment:
            fields["reply_control"] = str(control)
        if topic and item.parent is None:
            fields["topic_tag"] = topic
        if item.part.card is not None and not item.part.media:
            fields["link_attachment"] = item.part.card.url
        if item.parent is not None:
            fields["reply_to_id"] = self._parent(item.parent)
        return Wanted(fields, item.part.media, reply=item.parent is not None)

    def _parent(self, parent: Published) -> str:
        """The id of the post answered; without it this would become a post of its own."""
        if not parent.external_id:
            raise NetworkError(
                Category.VALIDATION,
                "Threads never told the address of the part before, so nothing can follow it.",
                code="no_parent", retryable=False,
            )  # fmt: skip
        return parent.external_id

    def commit(self, account: Account, item: Item, resume: Mapping[str, Any]) -> Published:
        """Publish the container; one found published already is only looked for."""
        entry = container(resume)
        container_id = str(entry["id"])
        if entry.get("state") == "published":
            since = datetime.fromtimestamp(float(entry.get("at") or 0), UTC)
            sought = self._sought(item, since, frozenset())
            found = threads_probe.search(sought, self._page(account))
            return found[0] if len(found) == 1 else threads_probe.nameless(container_id)
        answer = call(
            self.http, "POST", f"{self.base}/me/threads_publish",
            judge=threads_errors.publishing, headers=_bearer(account.tokens),
            form={"creation_id": container_id}, seconds=self.config.COMMIT_DEADLINE_SECONDS,
        )  # fmt: skip
        made = answer.mapping().get("id")
        if not isinstance(made, str | int) or not str(made):
            raise unreadable(answer.status, answer.raw)
        url = self._permalink(account, str(made))
        return Published(str(made), url, {"container": container_id})

    def _permalink(self, account: Account, media_id: str) -> str:
        """The post's address; it is out whether Threads tells it now or not."""
        path = f"/{quote(media_id, safe='')}"
        for pause in (1.0, 0.0):
            try:
                answer = self._read(path, account.tokens, {"fields": "id,permalink"}, seconds=5.0)
                return str(answer.mapping().get("permalink") or "")
            except NetworkError:
                self.sleep(pause)
        return ""

    def probe_by(
        self, account: Account, age: float, resume: Mapping[str, Any] = NO_OPTIONS
    ) -> Probe:
        """The container's status tells (§6)."""
        return Probe.HANDLE

    def probe(
        self,
        account: Account,
        item: Item,
        resume: Mapping[str, Any],
        since: datetime,
        known: frozenset[str],
    ) -> Probed:
        """Ask for the container, and where it is out for the post it became."""
        if not resume.get("container"):
            return Probed(Verdict.ABSENT)  # nothing can have been published without one
        container_id = str(container(resume)["id"])
        status, why = self._containers(account).status(container_id)
        sought = self._sought(item, since, known)
        return threads_probe.judged(status, why, sought, self._page(account), container_id)

    def _sought(self, item: Item, since: datetime, known: frozenset[str]) -> threads_probe.Sought:
        media = item.part.media
        kind = "TEXT" if not media else "VIDEO" if media[0].kind == "video" else "IMAGE"
        return threads_probe.Sought(
            text=compose(item.part.text).text,
            kind="CAROUSEL" if len(media) > 1 else kind,
            parent=item.parent.external_id if item.parent is not None else "",
            since=since,
            known=known,
        )

    def _page(self, account: Account) -> threads_probe.Page:
        def page(path: str, query: Mapping[str, str]) -> Mapping[str, Any]:
            answer = self._read(path, account.tokens, query)
            if not isinstance(answer.data(), dict):
                raise unreadable(answer.status, answer.raw)
            return answer.mapping()

        return page

    def delete(self, account: Account, published: Published) -> None:
        """Take it down; what is gone already is done."""
        if not published.external_id:
            raise NetworkError(
                Category.VALIDATION,
                "Threads never told which post this became. Delete it there.",
                code="no_id", retryable=False,
            )  # fmt: skip
        try:
            call(
                self.http, "DELETE", f"{self.base}/{quote(published.external_id, safe='')}",
                judge=threads_errors.read, headers=_bearer(account.tokens),
            )  # fmt: skip
        except NetworkError as error:
            if error.code not in threads_errors.GONE:
                raise

    def metrics(self, account: Account, ids: list[str]) -> dict[str, Metrics]:
        """Counts, a call a post (Threads has no other way)."""
        found = {one: self._counts(account, one) for one in ids if one}
        return {one: counts for one, counts in found.items() if counts is not None}

    def _counts(self, account: Account, media_id: str) -> Metrics | None:
        path = f"/{quote(media_id, safe='')}/insights"
        try:
            answer = self._read(path, account.tokens, {"metric": METRICS})
        except NetworkError as error:
            if error.code in threads_errors.GONE:
                return Metrics(gone=True)
            if error.category is Category.VALIDATION:
                return None  # a repost has none
            raise
        rows = answer.mapping().get("data")
        if not isinstance(rows, list):
            raise unreadable(answer.status, answer.raw)
        told = dict(_number(row) for row in rows)
        return Metrics(
            likes=told.get("likes"), shares=told.get("reposts"), comments=told.get("replies"),
            quotes=told.get("quotes"), impressions=told.get("views"),
        )  # fmt: skip

    def _containers(self, account: Account) -> Containers:
        return Containers(self.http, self.base, _bearer(account.tokens), self.sleep)

    def _read(
        self, path: str, tokens: Tokens, params: Mapping[str, str], *, seconds: float = 15.0,
        judge: Judge = threads_errors.read,
    ) -> Answer:  # fmt: skip
        return call(
            self.http, "GET", self.base + path, judge=judge, headers=_bearer(tokens),
            params=dict(params), seconds=seconds,
        )  # fmt: skip


def _bearer(tokens: Tokens) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens.access}", "Accept": "application/json"}


def _number(row: object) -> tuple[str, int | None]:
    """Name and lifetime value of one metric."""
    if not isinstance(row, dict):
        return "", None
    values = row.get("values")
    first = values[0] if isinstance(values, list) and values else None
    value = first.get("value") if isinstance(first, dict) else None
    whole = isinstance(value, int) and not isinstance(value, bool)
    return str(row.get("name") or ""), value if whole else None
