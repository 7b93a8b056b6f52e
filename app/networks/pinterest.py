"""Pinterest, API v5 (networks/pinterest.md)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

import httpx2 as httpx

from app.clock import now
from app.config import Config
from app.networks import oauth, pinterest_errors, pinterest_media, pinterest_probe, pinterest_rules
from app.networks.base import (
    NO_OPTIONS,
    About,
    Account,
    AppKeys,
    Capabilities,
    Category,
    Composed,
    Consent,
    Destination,
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
from app.networks.pinterest_about import ABOUT, SCOPES
from app.networks.pinterest_reads import Reads
from app.networks.pinterest_rules import chosen
from app.networks.wire import Answer, call, unreadable


class Pinterest(Hosted):
    """One account a token; refreshing rotates both tokens and can be done without end."""

    name: ClassVar[str] = "pinterest"
    title: ClassVar[str] = "Pinterest"
    ways: ClassVar[tuple[str, ...]] = ("oauth", "token")
    about: ClassVar[About] = ABOUT

    def __init__(self, http: httpx.Client, config: Config) -> None:
        self.http, self.config = http, config
        self.settings = config.network(self.name)
        self.sleep = time.sleep

    # Content
    def capabilities(self, extras: Mapping[str, Any]) -> Capabilities:
        """The same for every account (§4)."""
        return pinterest_rules.capabilities()

    def compose(
        self, text: str, extras: Mapping[str, Any], options: Mapping[str, Any] = NO_OPTIONS
    ) -> Composed:
        """The text as the Pin's description (§4)."""
        return pinterest_rules.compose(text)

    def validate(
        self,
        parts: tuple[Part, ...],
        extras: Mapping[str, Any],
        options: Mapping[str, Any] = NO_OPTIONS,
    ) -> list[Problem]:
        """What Pinterest would refuse."""
        return pinterest_rules.validate(parts, options)

    # Connecting
    def authorize(
        self, app: AppKeys, *, server: str, hint: str, redirect_uri: str, state: str
    ) -> Consent:
        """To Pinterest's consent page: scopes between commas, no PKCE (§1)."""
        url = oauth.authorize_url(
            f"{self.settings.auth_url}/oauth/", app, redirect_uri=redirect_uri,
            scope=",".join(SCOPES), state=state,
        )  # fmt: skip
        return Consent(url)

    def exchange(
        self, app: AppKeys, keep: Mapping[str, str], answer: Mapping[str, str], redirect_uri: str
    ) -> Tokens:
        """Code → tokens; ``more["refresh_until"]`` is when the refresh token ends (ISO 8601)."""
        code = oauth.returned(answer)
        found = _tokens(
            self._grant(
                app, "authorization_code", code=code, redirect_uri=redirect_uri,
                continuous_refresh="true",
            )
        )  # fmt: skip
        missing = sorted(set(SCOPES) - set(found.scopes)) if found.scopes else []
        if missing:
            raise NetworkError(
                Category.AUTH_ERROR,
                f"A permission that Pins need is missing ({', '.join(missing)}). Start again.",
                code="scope", retryable=False,
            )  # fmt: skip
        return found

    def refresh(self, app: AppKeys, tokens: Tokens, server: str) -> Tokens:
        """A new pair, good for 30 and 60 days; the old refresh token is not used again (§1)."""
        oauth.renewable(app, tokens)
        return _tokens(self._grant(app, "refresh_token", refresh_token=tokens.refresh), tokens)

    def revoke(self, app: AppKeys, tokens: Tokens, server: str) -> None:
        """Pinterest has no such call for people's tokens (§1): the notes say what to do there."""

    def _grant(self, app: AppKeys, kind: str, **fields: str) -> Answer:
        return oauth.grant(
            self.http, f"{self.settings.api_url}/oauth/token", app, judge=pinterest_errors.token,
            auth="client_secret_basic", kind=kind, headers=None, **fields,
        )  # fmt: skip

    def identities(self, tokens: Tokens, server: str) -> list[Identity]:
        """The one account of the token."""
        answer = self._reads(tokens).get("/user_account")
        found = answer.mapping()
        username = str(found.get("username") or "")
        if not username:
            raise unreadable(answer.status, answer.raw)
        kept = ("account_type", "business_name", "follower_count", "monthly_views")
        identity = Identity(
            external_id=str(found.get("id") or username),
            handle=username,
            name=str(found.get("business_name") or username),
            avatar_url=str(found.get("profile_image") or ""),
            url=f"{self.settings.auth_url}/{quote(username, safe='')}/",
            extras={name: found[name] for name in kept if found.get(name) is not None},
        )
        return [identity]

    def destinations(self, account: Account) -> list[Destination]:
        """The account's boards; ``extras`` has ``privacy`` and, of the first 20, ``sections``.

        ``sections`` are ``{"id", "name"}`` each; where there is no such key nobody looked.
        """
        return self._reads(account.tokens).boards()

    # Publishing
    def prepare(
        self, account: Account, item: Item, resume: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Upload a video and wait for its encoding; pictures need nothing beforehand."""
        uploads = pinterest_media.Uploads(
            self.http, self.settings.api_url, oauth.bearer(account.tokens), self.sleep
        )
        return uploads.prepare(item.part.media, resume)

    def commit(self, account: Account, item: Item, resume: Mapping[str, Any]) -> Published:
        """Make the Pin. Pinterest knows no key of ours: a lost answer is looked up (§6)."""
        answer = call(
            self.http, "POST", f"{self.settings.api_url}/pins", judge=pinterest_errors.created,
            headers=oauth.bearer(account.tokens), json=self._body(item, resume),
            seconds=self.config.COMMIT_DEADLINE_SECONDS,
        )  # fmt: skip
        made = answer.mapping().get("id")
        if not isinstance(made, str | int) or not str(made):
            raise unreadable(answer.status, answer.raw)
        return Published(str(made), self._permalink(str(made)))

    def _body(self, item: Item, resume: Mapping[str, Any]) -> dict[str, Any]:
        """The request; what is empty is left out."""
        board = chosen(item.options, "boardId")
        if not board:
            raise NetworkError(
                Category.VALIDATION, "Choose a board for this Pin.", code="no_board",
                retryable=False,
            )  # fmt: skip
        if not item.part.media:
            raise NetworkError(
                Category.VALIDATION, "A Pin needs a picture or a video.", code="no_media",
                retryable=False,
            )  # fmt: skip
        texts = {
            "board_section_id": chosen(item.options, "boardSectionId"),
            "title": chosen(item.options, "title"),
            "description": pinterest_rules.compose(item.part.text).text,
            "link": chosen(item.options, "link"),
            "alt_text": pinterest_rules.alt_text(item.part.media),
        }
        return {
            "board_id": board,
            **{name: text for name, text in texts.items() if text},
            "media_source": pinterest_media.source(item.part.media, resume),
        }

    def probe_by(
        self, account: Account, age: float, resume: Mapping[str, Any] = NO_OPTIONS
    ) -> Probe:
        """Only the Pins of the board can tell (§6)."""
        return Probe.LISTING

    def probe(
        self,
        account: Account,
        item: Item,
        resume: Mapping[str, Any],
        since: datetime,
        known: frozenset[str],
    ) -> Probed:
        """Look for the Pin on its board.

        Whether a board's list holds what lies in its sections is not documented: then all
        Pins of the account are read instead.
        """
        board, section = (chosen(item.options, name) for name in ("boardId", "boardSectionId"))
        sought = pinterest_probe.Sought(
            title=chosen(item.options, "title"),
            text=pinterest_rules.compose(item.part.text).text,
            link=chosen(item.options, "link"),
            board=board, section=section, since=since, known=known,
        )  # fmt: skip
        path = "/pins" if section else f"/boards/{quote(board, safe='')}/pins"

        reads = self._reads(account.tokens)

        def page(params: Mapping[str, str]) -> Mapping[str, Any]:
            answer = reads.get(path, params)
            if not isinstance(answer.data(), dict):
                raise unreadable(answer.status, answer.raw)
            return answer.mapping()

        try:
            return pinterest_probe.search(sought, page, self._permalink)
        except NetworkError as error:
            if error.category is not Category.VALIDATION:
                raise
            # A refusal to show the list says nothing about the Pin.
            return Probed(Verdict.UNSURE, message="Pinterest does not show this board now.")

    def delete(self, account: Account, published: Published) -> None:
        """Take it down; not found means it is gone already."""
        try:
            call(
                self.http, "DELETE",
                f"{self.settings.api_url}/pins/{quote(published.external_id, safe='')}",
                judge=pinterest_errors.other, headers=oauth.bearer(account.tokens),
            )  # fmt: skip
        except NetworkError as error:
            if error.code != "not_found":
                raise

    def metrics(self, account: Account, ids: list[str]) -> dict[str, Metrics]:
        """Reactions and comments of all time, impressions and saves of the last 90 days."""
        return self._reads(account.tokens).counts(ids)

    def _reads(self, tokens: Tokens) -> Reads:
        return Reads(self.http, self.settings.api_url, oauth.bearer(tokens))

    def _permalink(self, pin_id: str) -> str:
        return f"{self.settings.auth_url}/pin/{quote(pin_id, safe='')}/"


def _tokens(answer: Answer, before: Tokens | None = None) -> Tokens:
    """The pair of an answer, with the end of the refresh token beside it."""
    found = oauth.tokens(answer, refresh=before.refresh if before else "")
    told = answer.mapping()
    lasts = told.get("refresh_token_expires_in")
    more = dict(before.more) if before else {}
    if isinstance(lasts, int | float) and lasts > 0:
        more["refresh_until"] = (now() + timedelta(seconds=lasts)).isoformat()
    scopes = tuple(word for one in found.scopes for word in one.split(",") if word)
    kept = scopes or (before.scopes if before else ())
    return Tokens(found.access, found.refresh, found.expires_at, kept, more)
