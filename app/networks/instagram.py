"""Instagram, professional accounts, by either login (networks/instagram.md)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar

import httpx2 as httpx

from app.config import Config
from app.networks import instagram_errors, instagram_probe, instagram_rules
from app.networks.base import (
    NO_OPTIONS,
    About,
    Account,
    AppKeys,
    Capabilities,
    Category,
    Composed,
    Consent,
    Effect,
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
from app.networks.instagram_about import ABOUT
from app.networks.instagram_containers import POST, Containers
from app.networks.instagram_graph import Graph, made
from app.networks.instagram_login import FACEBOOK, INSTAGRAM, FacebookLogin, InstagramLogin, Login
from app.networks.instagram_numbers import Numbers

PERMALINK_SECONDS = 8.0


class Instagram(Hosted):
    """Containers are made and filled in ``prepare``; ``media_publish`` is the one commit."""

    name: ClassVar[str] = "instagram"
    title: ClassVar[str] = "Instagram"
    ways: ClassVar[tuple[str, ...]] = ("oauth", "token")
    about: ClassVar[About] = ABOUT

    def __init__(self, http: httpx.Client, config: Config) -> None:
        self.http, self.config = http, config
        self.settings = config.network(self.name)
        site = self.settings.auth_url or "https://www.instagram.com"
        self.logins: dict[str, Login] = {
            INSTAGRAM: InstagramLogin(http, config),
            FACEBOOK: FacebookLogin(http, config, site),
        }
        chosen = config.INSTAGRAM_LOGIN.strip().lower()
        self.login_way = chosen if chosen in self.logins else INSTAGRAM
        self.numbers = Numbers()
        self.sleep = time.sleep

    def _way(self, extras: Mapping[str, Any]) -> Login:
        """The login an account came by, whatever the installation uses today."""
        return self.logins.get(str(extras.get("login")), self.logins[self.login_way])

    def _graph(self, account: Account) -> Graph:
        return self._way(account.extras).graph(account.tokens)

    # Content
    def capabilities(self, extras: Mapping[str, Any]) -> Capabilities:
        """The same for all; deleting depends on the login."""
        return instagram_rules.capabilities(deletes=self._way(extras).name == FACEBOOK)

    def compose(
        self, text: str, extras: Mapping[str, Any], options: Mapping[str, Any] = NO_OPTIONS
    ) -> Composed:
        """The caption as sent, counted in code points."""
        return instagram_rules.compose(text)

    def validate(
        self,
        parts: tuple[Part, ...],
        extras: Mapping[str, Any],
        options: Mapping[str, Any] = NO_OPTIONS,
    ) -> list[Problem]:
        """What Instagram would refuse; without a placement the media decide it."""
        return instagram_rules.validate(parts, self.capabilities(extras), options)

    # Connecting
    def register(self, server: str, redirect_uri: str) -> AppKeys:
        """The operator's app of the login in use."""
        return self.logins[self.login_way].keys()

    def authorize(
        self, app: AppKeys, *, server: str, hint: str, redirect_uri: str, state: str
    ) -> Consent:
        """To the consent page of the login in use."""
        found = self.logins[self.login_way].authorize(app, redirect_uri=redirect_uri, state=state)
        return Consent(found.url, {**found.keep, "login": self.login_way})

    def exchange(
        self, app: AppKeys, keep: Mapping[str, str], answer: Mapping[str, str], redirect_uri: str
    ) -> Tokens:
        """The callback's code → tokens for 60 days."""
        return self._way(keep).exchange(app, answer, redirect_uri)

    def refresh(self, app: AppKeys, tokens: Tokens, server: str) -> Tokens:
        """60 more days (Instagram login); a Page's token needs none."""
        return self._way(tokens.more).refresh(app, tokens)

    def revoke(self, app: AppKeys, tokens: Tokens, server: str) -> None:
        """Only the Facebook login knows how; pasted tokens are not ours to end."""
        if tokens.more.get("login"):
            self._way(tokens.more).revoke(tokens)

    def identities(self, tokens: Tokens, server: str) -> list[Identity]:
        """The account of the token, or those linked to the person's Pages."""
        return self._way(tokens.more).identities(tokens)

    # Publishing
    def _containers(self, account: Account, item: Item) -> Containers:
        caption = self.compose(item.part.text, account.extras).text
        return Containers(self._graph(account), account.external_id, item, caption, self.sleep)

    def prepare(
        self, account: Account, item: Item, resume: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Make the containers, send a video's bytes, wait until Instagram is ready (§2)."""
        if item.comment:
            return
        yield from self._containers(account, item).prepare(resume)

    def commit(self, account: Account, item: Item, resume: Mapping[str, Any]) -> Published:
        """Publish the container, or write the first comment."""
        graph = self._graph(account)
        seconds = self.config.COMMIT_DEADLINE_SECONDS
        if item.comment:
            return self._comment(graph, item, seconds)
        box = (resume.get("boxes") or {}).get(POST) or {}
        if not box.get("id"):
            raise NetworkError(
                Category.MEDIA_ERROR, "The media has to be sent to Instagram again.",
                code="not_prepared", retryable=True,
            )  # fmt: skip
        if box.get("state") == "published":
            return self._already(account, item, graph)
        answer = graph.post(
            account.external_id, "media_publish", body={"creation_id": str(box["id"])},
            judge=instagram_errors.committed, seconds=seconds,
        )  # fmt: skip
        media = made(answer)
        return self._with_permalink(graph, media, self._containers(account, item).form)

    def _with_permalink(self, graph: Graph, media: str, form: str) -> Published:
        """It is out; where people find it is worth a question, but no failure."""
        product = instagram_probe.PRODUCTS.get(form, "FEED")
        try:
            found = graph.get(media, fields="permalink", seconds=PERMALINK_SECONDS)
        except NetworkError:
            return Published(media, "", {"product": product})
        return Published(media, str(found.get("permalink") or ""), {"product": product})

    def _already(self, account: Account, item: Item, graph: Graph) -> Published:
        """The container was published before: never again (§6)."""
        found = instagram_probe.published(graph, self._sought(account, item, item.at, frozenset()))
        if found.published is not None and found.published.external_id:
            return found.published
        raise NetworkError(
            Category.MEDIA_PROCESSING, "This is on Instagram; we are looking for its address.",
            effect=Effect.DONE, code="published",
        )  # fmt: skip

    def _comment(self, graph: Graph, item: Item, seconds: float) -> Published:
        """The first comment; never with ``fields``, which makes the call fail afterwards (§2)."""
        if item.parent is None or not item.parent.external_id:
            raise NetworkError(
                Category.VALIDATION, "The post to comment on is not known.", retryable=False
            )
        answer = graph.post(
            item.parent.external_id, "comments",
            body={"message": instagram_rules.compose(item.part.text).text},
            judge=instagram_errors.commented, seconds=seconds,
        )  # fmt: skip
        return Published(made(answer), item.parent.url, {"comment": True})

    def probe_by(
        self, account: Account, age: float, resume: Mapping[str, Any] = NO_OPTIONS
    ) -> Probe:
        """The container was saved before publishing and tells whether it is public (§6)."""
        return Probe.HANDLE

    def probe(
        self,
        account: Account,
        item: Item,
        resume: Mapping[str, Any],
        since: datetime,
        known: frozenset[str],
    ) -> Probed:
        """Ask the container; a comment is looked for under its post."""
        graph = self._graph(account)
        if item.comment:
            if item.parent is None:
                return Probed(Verdict.ABSENT)
            text = instagram_rules.compose(item.part.text).text
            return instagram_probe.comment(graph, item.parent.external_id, text, since, known)
        box = (resume.get("boxes") or {}).get(POST) or {}
        if not box.get("id"):
            return Probed(Verdict.ABSENT)  # nothing could be published without it
        sought = self._sought(account, item, since, known)
        return instagram_probe.post(graph, str(box["id"]), sought)

    def _sought(
        self, account: Account, item: Item, since: datetime, known: frozenset[str]
    ) -> instagram_probe.Sought:
        containers = self._containers(account, item)
        return instagram_probe.Sought(
            account.external_id, containers.form, containers.caption, since, known
        )

    def delete(self, account: Account, published: Published) -> None:
        """Facebook login only (§2); what is gone already is done."""
        if self._way(account.extras).name != FACEBOOK:
            raise NetworkError(
                Category.VALIDATION,
                "Instagram lets nobody delete a post from outside with this sign-in. Delete it in "
                "the Instagram app.",
                code="unsupported", retryable=False,
            )  # fmt: skip
        if not published.external_id:
            raise NetworkError(
                Category.VALIDATION, "We do not know which post this is. Delete it in the "
                "Instagram app.", code="unknown_id", retryable=False,
            )  # fmt: skip
        try:
            self._graph(account).delete(published.external_id)
        except NetworkError as error:
            if error.code not in ("100/33", "33"):
                raise

    def metrics(self, account: Account, ids: list[str]) -> dict[str, Metrics]:
        """Counts, post by post: Instagram has no call for many."""
        graph = self._graph(account)
        found = {one: self.numbers.of(graph, one) for one in ids if one}
        return {one: told for one, told in found.items() if told is not None}
