"""LinkedIn: members and organization pages by the Posts API (networks/linkedin.md)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar

import httpx2 as httpx

from app.config import Config
from app.networks import (
    linkedin_errors,
    linkedin_numbers,
    linkedin_people,
    linkedin_post,
    linkedin_rules,
    linkedin_seen,
    linkedin_signin,
    linkedin_text,
)
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
from app.networks.linkedin_about import ABOUT
from app.networks.linkedin_rest import Rest, enc
from app.networks.linkedin_upload import Uploads

# Repeats are said to be refused for 24 to 48 hours (§7): half of the least is believed.
KEY_SECONDS = 12 * 3600.0


class LinkedIn(Hosted):
    """One token serves the member and all its pages; it lives 60 days, mostly without refresh.

    An account's ``external_id`` is its URN, which is the author of its posts.
    """

    name: ClassVar[str] = "linkedin"
    title: ClassVar[str] = "LinkedIn"
    ways: ClassVar[tuple[str, ...]] = ("oauth", "token")
    about: ClassVar[About] = ABOUT

    def __init__(self, http: httpx.Client, config: Config) -> None:
        self.http, self.config = http, config
        self.settings = config.network(self.name)
        self.door = linkedin_signin.Door(http, self.settings, config.LINKEDIN_ORGANIZATIONS)
        self.sleep = time.sleep

    # Content
    def capabilities(self, extras: Mapping[str, Any]) -> Capabilities:
        """Limits of a member or a page (§4)."""
        return linkedin_rules.capabilities(extras)

    def compose(
        self, text: str, extras: Mapping[str, Any], options: Mapping[str, Any] = NO_OPTIONS
    ) -> Composed:
        """The text as people will read it; it is escaped only when it is sent (§3)."""
        return linkedin_text.compose(text)

    def validate(
        self,
        parts: tuple[Part, ...],
        extras: Mapping[str, Any],
        options: Mapping[str, Any] = NO_OPTIONS,
    ) -> list[Problem]:
        """What LinkedIn would refuse."""
        return linkedin_rules.validate(parts, extras, options)

    # Connecting
    def register(self, server: str, redirect_uri: str) -> AppKeys:
        """The operator's app (§8)."""
        return self.door.keys()

    def authorize(
        self, app: AppKeys, *, server: str, hint: str, redirect_uri: str, state: str
    ) -> Consent:
        """To LinkedIn's consent page, asking for what the operator's app has."""
        return self.door.consent(app, redirect_uri, state)

    def exchange(
        self, app: AppKeys, keep: Mapping[str, str], answer: Mapping[str, str], redirect_uri: str
    ) -> Tokens:
        """Code → tokens."""
        return self.door.exchange(app, answer, redirect_uri)

    def refresh(self, app: AppKeys, tokens: Tokens, server: str) -> Tokens:
        """Fresh tokens, for the few apps LinkedIn gives refresh tokens to."""
        return self.door.refresh(app, tokens)

    def revoke(self, app: AppKeys, tokens: Tokens, server: str) -> None:
        """End the token: for the member and every page connected with it."""
        self.door.revoke(app, tokens)

    def identities(self, tokens: Tokens, server: str) -> list[Identity]:
        """The member, then the pages where the operator's app may act for them."""
        told = tokens.scopes or self.door.scopes(tokens)
        known = Tokens(tokens.access, scopes=told)
        found = [linkedin_people.member(self.http, self.settings.api_url, known)]
        wanted = not told or set(told) & set(linkedin_people.ORGANIZATION_SCOPES)
        if self.config.LINKEDIN_ORGANIZATIONS and wanted:
            found += linkedin_people.organizations(
                self._rest(tokens), known, self.settings.auth_url
            )
        return found

    # Publishing
    def prepare(
        self, account: Account, item: Item, resume: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Upload files or the link's picture; then the post's content is kept as it will be."""
        if item.comment:
            return iter(())
        uploads = Uploads(self._rest(account.tokens), account.external_id, self.sleep)
        return linkedin_post.prepare(uploads, item, resume, dated=_reads(account))

    def commit(self, account: Account, item: Item, resume: Mapping[str, Any]) -> Published:
        """Create the post, or the first comment under one.

        A repeat (``item.known`` is set) sends the same bytes: LinkedIn makes the post, or
        refuses it as a duplicate and names the one that is out, which is ours then (§7).
        """
        if item.comment:
            return self._comment(account, item)
        rest = self._rest(account.tokens)
        body = linkedin_post.body(account, item, resume)
        try:
            answer = rest.call(
                "POST", "posts", judge=linkedin_errors.created, content=linkedin_post.wire(body),
                seconds=self.config.COMMIT_DEADLINE_SECONDS,
            )  # fmt: skip
        except NetworkError as error:
            if item.known is None:
                raise
            return self._repeated(rest, account, item.known, error)
        return self._published(linkedin_post.made(answer))

    def _repeated(
        self, rest: Rest, account: Account, known: frozenset[str], error: NetworkError
    ) -> Published:
        """What the refusal of a repeat says about the first call."""
        if isinstance(error, linkedin_errors.Duplicate):
            urn = error.named
            if urn and urn not in known and self._stands(rest, account, urn):
                return self._published(urn)
        if error.category is Category.MEDIA_ERROR or (
            error.category is Category.VALIDATION
            and (error.status not in (400, 422) or error.code == linkedin_errors.OPERATOR)
        ):
            # That was not so, or need not have been so, when the first call was made.
            error.effect = Effect.UNKNOWN
        raise error

    def _stands(self, rest: Rest, account: Account, urn: str) -> bool:
        """Whether a named post is there, as far as it may be read: some are ghosts (§7)."""
        scopes = _scopes(account)
        if scopes and not _reads(account):
            return True
        try:
            rest.call("GET", f"posts/{enc(urn)}")
        except NetworkError as error:
            if error.status == 403:
                return True
            if error.code == "not_found":
                return False
            error.effect = Effect.UNKNOWN
            raise
        return True

    def _comment(self, account: Account, item: Item) -> Published:
        """The first comment: plain text. LinkedIn knows no duplicates of comments, so a
        repeat only looks for the first."""
        parent = _parent(item)
        rest = self._rest(account.tokens)
        if item.known is not None:
            found = self.probe(account, item, {}, item.at, item.known)
            if found.published is not None:
                return found.published
            raise NetworkError(
                Category.UNKNOWN, "We cannot tell whether the comment was made.",
                effect=Effect.UNKNOWN, code="comment_unknown",
            )  # fmt: skip
        text = linkedin_text.tidy(item.part.text)
        answer = rest.call(
            "POST", f"socialActions/{enc(parent)}/comments", judge=linkedin_errors.commented,
            body={"actor": account.external_id, "object": parent, "message": {"text": text}},
            seconds=self.config.COMMIT_DEADLINE_SECONDS,
        )  # fmt: skip
        return self._commented(parent, linkedin_post.comment_made(answer), account)

    def _commented(self, parent: str, number: str, account: Account) -> Published:
        urn = f"urn:li:comment:({parent},{number})"
        url = f"{self._published(parent).url}?commentUrn={enc(urn)}"
        return Published(urn, url, {"under": parent, "comment": number})

    def _published(self, urn: str) -> Published:
        return Published(urn, f"{self.settings.auth_url}/feed/update/{urn}/")

    def probe_by(
        self, account: Account, age: float, resume: Mapping[str, Any] = NO_OPTIONS
    ) -> Probe:
        """Reading where the token may; else a repeat while LinkedIn refuses those (§7)."""
        if _reads(account):
            return Probe.LISTING
        return Probe.KEY if age < KEY_SECONDS else Probe.NONE

    def probe(
        self,
        account: Account,
        item: Item,
        resume: Mapping[str, Any],
        since: datetime,
        known: frozenset[str],
    ) -> Probed:
        """Look for the post among its author's own, or for the comment under its post."""
        rest = self._rest(account.tokens)
        try:
            if item.comment:
                return self._probe_comment(rest, account, item, since, known)
            body = linkedin_post.body(account, item, resume)
            first = linkedin_post.began(resume, since)
            sought = linkedin_seen.Sought(account.external_id, body, first, known)
            return linkedin_seen.search(rest, sought, self._published)
        except NetworkError as error:
            if error.status not in (400, 403, 404):
                raise
            # A refusal to show the list says nothing about the post.
            return Probed(
                Verdict.UNSURE, message="LinkedIn does not show this account's posts now."
            )

    def _probe_comment(
        self, rest: Rest, account: Account, item: Item, since: datetime, known: frozenset[str]
    ) -> Probed:
        parent, text = _parent(item), linkedin_text.tidy(item.part.text)
        ids = linkedin_seen.comments(rest, account.external_id, parent, text, since)
        found = [self._commented(parent, one, account) for one in ids]
        found = [one for one in found if one.external_id not in known]
        if len(found) > 1:
            return Probed(Verdict.UNSURE, message="Two comments on LinkedIn look like this one.")
        return Probed(Verdict.PUBLISHED, found[0]) if found else Probed(Verdict.ABSENT)

    def delete(self, account: Account, published: Published) -> None:
        """Take a post or a comment down; not found means it is gone already."""
        under, number = published.extras.get("under"), published.extras.get("comment")
        path = f"posts/{enc(published.external_id)}"
        if under and number:
            path = (
                f"socialActions/{enc(str(under))}/comments/{enc(str(number))}"
                f"?actor={enc(account.external_id)}"
            )
        try:
            self._rest(account.tokens).call("DELETE", path)
        except NetworkError as error:
            if error.code != "not_found":
                raise

    def metrics(self, account: Account, ids: list[str]) -> dict[str, Metrics]:
        """Counts for pages, and for members where the token has the right; else untold (§5)."""
        found = {one: Metrics() for one in ids}
        posts = [one for one in ids if linkedin_errors.URN.fullmatch(one)]
        scopes, rest = _scopes(account), self._rest(account.tokens)
        try:
            if account.external_id.startswith(linkedin_people.ORGANIZATION):
                if not scopes or "r_organization_social" in scopes:
                    found |= linkedin_numbers.organization(rest, account.external_id, posts)
            elif "r_member_postAnalytics" in scopes:
                found |= linkedin_numbers.member(rest, posts)
        except NetworkError as error:
            if error.status != 403:
                raise
        return found

    def _rest(self, tokens: Tokens) -> Rest:
        return Rest(
            self.http, self.settings.api_url, self.config.LINKEDIN_API_VERSION, tokens.access
        )


def _scopes(account: Account) -> tuple[str, ...]:
    """What the token may, as far as it is known."""
    return account.tokens.scopes or tuple(account.extras.get("scopes") or ())


def _reads(account: Account) -> bool:
    """Whether the account's own posts may be read (members mostly: no, §7)."""
    page = account.external_id.startswith(linkedin_people.ORGANIZATION)
    return ("r_organization_social" if page else "r_member_social") in _scopes(account)


def _parent(item: Item) -> str:
    if item.parent is None:
        raise NetworkError(
            Category.VALIDATION, "The post this comment belongs to is not known.",
            retryable=False,
        )  # fmt: skip
    return item.parent.external_id
