"""Reddit: self, link, picture, gallery and video posts, and comments (networks/reddit.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

import httpx2 as httpx

from app.clock import now
from app.config import Config
from app.networks import (
    oauth,
    reddit_errors,
    reddit_forms,
    reddit_places,
    reddit_probe,
    reddit_rules,
    reddit_text,
    reddit_upload,
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
    Destination,
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
from app.networks.reddit_about import ABOUT, SCOPES
from app.networks.wire import Answer, call, unreadable

AUTH = "client_secret_basic"
BATCH = 100  # things one look-up takes
FIRST_LOOK = timedelta(seconds=3)  # at a picture or video that was accepted
KEPT = ("link_karma", "comment_karma", "total_karma", "has_verified_email", "is_suspended")


class Reddit(Hosted):
    """One user a token. A refresh token stays good until it is revoked."""

    name: ClassVar[str] = "reddit"
    title: ClassVar[str] = "Reddit"
    ways: ClassVar[tuple[str, ...]] = ("oauth", "token")
    about: ClassVar[About] = ABOUT

    def __init__(self, http: httpx.Client, config: Config) -> None:
        self.http, self.config = http, config
        self.settings = config.network(self.name)
        # Reddit turns away clients that go by a library's name.
        self.agent = {"User-Agent": config.REDDIT_USER_AGENT, "Accept": "application/json"}

    # Content
    def capabilities(self, extras: Mapping[str, Any]) -> Capabilities:
        """The same for every account (§4), with the flairs of a subreddit given along."""
        return reddit_rules.capabilities(extras)

    def compose(
        self, text: str, extras: Mapping[str, Any], options: Mapping[str, Any] = NO_OPTIONS
    ) -> Composed:
        """The text, which Reddit reads as Markdown; code points count."""
        return reddit_text.compose(text)

    def validate(
        self,
        parts: tuple[Part, ...],
        extras: Mapping[str, Any],
        options: Mapping[str, Any] = NO_OPTIONS,
    ) -> list[Problem]:
        """What Reddit would refuse, and the subreddit where ``_destination`` has its extras."""
        return reddit_rules.validate(parts, options)

    # Connecting
    def authorize(
        self, app: AppKeys, *, server: str, hint: str, redirect_uri: str, state: str
    ) -> Consent:
        """To Reddit's consent page; ``permanent`` brings a refresh token. There is no PKCE."""
        return Consent(
            oauth.authorize_url(
                f"{self.settings.auth_url}/api/v1/authorize", app, redirect_uri=redirect_uri,
                scope=" ".join(SCOPES), state=state, duration="permanent",
            )
        )  # fmt: skip

    def exchange(
        self, app: AppKeys, keep: Mapping[str, str], answer: Mapping[str, str], redirect_uri: str
    ) -> Tokens:
        """Code → tokens."""
        code = oauth.returned(answer)
        found = oauth.tokens(
            self._grant(app, "authorization_code", code=code, redirect_uri=redirect_uri)
        )
        if found.scopes and not {"*", "submit"} & set(found.scopes):
            raise NetworkError(
                Category.AUTH_ERROR, "The permission to post is missing. Please start again.",
                code="scope", retryable=False,
            )  # fmt: skip
        return found

    def refresh(self, app: AppKeys, tokens: Tokens, server: str) -> Tokens:
        """A new access token; the refresh token stays, unless the answer brings another."""
        oauth.renewable(app, tokens)
        answer = self._grant(app, "refresh_token", refresh_token=tokens.refresh)
        return oauth.renewed(answer, tokens)

    def revoke(self, app: AppKeys, tokens: Tokens, server: str) -> None:
        """End the refresh token, and with it what came of it. Pasted tokens stay."""
        hint, token = ("refresh_token", tokens.refresh)
        if not token:
            hint, token = ("access_token", tokens.access)
        if app.client_id and token:
            oauth.revoke(
                self.http, f"{self.settings.auth_url}/api/v1/revoke_token", app, token,
                judge=reddit_errors.token, auth=AUTH, hint=hint, headers=self.agent,
            )  # fmt: skip

    def _grant(self, app: AppKeys, kind: str, **fields: str) -> Answer:
        """Refusals may come with a 200 (§1), so that the judge sees those answers too."""
        answer = oauth.grant(
            self.http, f"{self.settings.auth_url}/api/v1/access_token", app,
            judge=reddit_errors.token, auth=AUTH, kind=kind, headers=self.agent, **fields,
        )  # fmt: skip
        judged = reddit_errors.token(answer)
        if judged is not None:
            raise judged
        return answer

    def identities(self, tokens: Tokens, server: str) -> list[Identity]:
        """The user of the token."""
        answer = self._read("/api/v1/me", tokens, {})
        found = answer.mapping()
        name = str(found.get("name") or "")
        if not found.get("id") or not name:
            raise unreadable(answer.status, answer.raw)
        profile = found.get("subreddit")
        shown = profile.get("title") if isinstance(profile, dict) else ""
        identity = Identity(
            external_id=str(found["id"]),
            handle=name,
            name=str(shown or name),
            avatar_url=str(found.get("icon_img") or ""),
            url=f"{self.settings.auth_url}/user/{quote(name, safe='')}",
            extras={key: found[key] for key in KEPT if found.get(key) is not None},
            note="Reddit has suspended this account." if found.get("is_suspended") else "",
        )
        return [identity]

    def destinations(self, account: Account) -> list[Destination]:
        """The own profile and the account's subreddits; rules and flairs in ``extras``."""
        return reddit_places.listed(account, self._reader(account.tokens), self.settings.auth_url)

    def destination(self, account: Account, name: str) -> Destination:
        """One subreddit by the name a person typed, with its rules and flairs."""
        known = reddit_text.place(name)
        if not known:
            raise NetworkError(
                Category.VALIDATION, "That is no name of a subreddit.", code="not_found",
                retryable=False,
            )  # fmt: skip
        return reddit_places.one(known, self._reader(account.tokens), self.settings.auth_url)

    # Publishing
    def prepare(
        self, account: Account, item: Item, resume: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Upload the files; comments have none."""
        if item.parent is not None:
            return iter(())
        uploads = reddit_upload.Uploads(
            self.http, self.settings.api_url, self.agent, self._signed(account.tokens)
        )
        return uploads.prepare(item.part.media, resume)

    def commit(self, account: Account, item: Item, resume: Mapping[str, Any]) -> Published:
        """Submit it. Reddit knows no key of ours: a lost answer is looked up (§6)."""
        if item.parent is not None:
            return self._comment(account, item, item.parent)
        post = reddit_text.draft(item.part, item.options)
        if post.kind == "gallery":
            body = reddit_forms.gallery(item, post, resume)
            data = self._send(account, "/api/submit_gallery_post.json", json=body)
        else:
            form = reddit_forms.submission(item, post, resume)
            data = self._send(account, "/api/submit", form=form)
        made = str(data.get("name") or data.get("id") or "")
        if made:
            bare = made.removeprefix("t3_")
            page = f"{self.settings.auth_url}/comments/{quote(bare, safe='')}"
            return Published(f"t3_{bare}", str(data.get("url") or page))
        if post.kind in ("image", "video") and data:
            # Taken for good: the post is made afterwards, and only the listing shows it.
            raise NetworkError(
                Category.MEDIA_PROCESSING, "Reddit has taken it and is preparing the post.",
                effect=Effect.DONE, code="processing", retry_at=now() + FIRST_LOOK,
            )  # fmt: skip
        raise unreadable(200)

    def _send(self, account: Account, path: str, **body: Any) -> dict[str, Any]:
        answer = call(
            self.http, "POST", self.settings.api_url + path, judge=reddit_errors.created,
            headers=self._signed(account.tokens), params={"raw_json": "1"},
            seconds=self.config.COMMIT_DEADLINE_SECONDS, **body,
        )  # fmt: skip
        return reddit_errors.accepted(answer)

    def _comment(self, account: Account, item: Item, parent: Published) -> Published:
        form = {
            "api_type": "json", "thing_id": parent.external_id,
            "text": reddit_text.tidy(item.part.text),
        }  # fmt: skip
        things = self._send(account, "/api/comment", form=form).get("things")
        first = things[0] if isinstance(things, list) and things else None
        data = first.get("data") if isinstance(first, dict) else None
        if not isinstance(data, dict) or not (data.get("name") or data.get("id")):
            raise unreadable(200)
        return self._published({**data, "name": data.get("name") or f"t1_{data['id']}"})

    def _published(self, data: Mapping[str, Any]) -> Published:
        """A listed thing; ``removed`` says who took it down, if somebody did (§6)."""
        removed = data.get("removed_by_category")
        return Published(
            str(data["name"]),
            f"{self.settings.auth_url}{quote(str(data.get('permalink') or ''), safe='/%')}",
            {"removed": str(removed)} if removed else {},
        )

    def probe_by(
        self, account: Account, age: float, resume: Mapping[str, Any] = NO_OPTIONS
    ) -> Probe:
        """Only the account's own newest posts and comments can tell (§6)."""
        return Probe.LISTING

    def probe(
        self,
        account: Account,
        item: Item,
        resume: Mapping[str, Any],
        since: datetime,
        known: frozenset[str],
    ) -> Probed:
        """Look for it among the account's own. Pictures and videos are ``PROCESSING`` for ten
        minutes, and then a person's: once handed in they may not be submitted again."""
        sought, where = self._sought(item, since, known)
        path = f"/user/{quote(account.handle, safe='')}/{where}"

        def page(params: Mapping[str, str]) -> Mapping[str, Any]:
            return self._read(path, account.tokens, params).mapping()

        try:
            return reddit_probe.search(sought, page, self._published)
        except NetworkError as error:
            if error.category is not Category.VALIDATION:
                raise
            # A refusal to show the list says nothing about the post.
            return Probed(Verdict.UNSURE, message="Reddit does not show this account's posts now.")

    def _sought(
        self, item: Item, since: datetime, known: frozenset[str]
    ) -> tuple[reddit_probe.Sought, str]:
        if item.parent is not None:
            body = reddit_text.tidy(item.part.text)
            parent = item.parent.external_id
            return reddit_probe.Sought(since, known, parent=parent, body=body), "comments"
        post = reddit_text.draft(item.part, item.options)
        found = reddit_probe.Sought(
            since, known, reddit_text.place(str(item.options.get("subreddit") or "")), post.title,
            is_self=post.kind == "self", late=post.kind in ("image", "video"),
        )  # fmt: skip
        return found, "submitted"

    def delete(self, account: Account, published: Published) -> None:
        """Take it down; Reddit says the same of what is gone already."""
        call(
            self.http, "POST", f"{self.settings.api_url}/api/del", judge=reddit_errors.other,
            headers=self._signed(account.tokens), form={"id": published.external_id},
        )  # fmt: skip

    def metrics(self, account: Account, ids: list[str]) -> dict[str, Metrics]:
        """Counts, which Reddit blurs; a hundred things a call."""
        found: dict[str, Metrics] = {}
        for start in range(0, len(ids), BATCH):
            params = {"id": ",".join(ids[start : start + BATCH]), "limit": str(BATCH)}
            answer = self._read("/api/info", account.tokens, params)
            data = answer.mapping().get("data")
            rows = data.get("children") if isinstance(data, dict) else None
            if not isinstance(rows, list):
                raise unreadable(answer.status, answer.raw)
            for row in rows:
                thing = row.get("data") if isinstance(row, dict) else None
                if isinstance(thing, dict):
                    found[str(thing.get("name"))] = reddit_probe.counts(thing)
        return {one: found[one] for one in ids if one in found}

    def _reader(self, tokens: Tokens) -> reddit_places.Read:
        return lambda path, params: self._read(path, tokens, params)

    def _read(self, path: str, tokens: Tokens, params: Mapping[str, str]) -> Answer:
        return call(
            self.http, "GET", self.settings.api_url + path, judge=reddit_errors.other,
            headers=self._signed(tokens), params={**params, "raw_json": "1"},
        )  # fmt: skip

    def _signed(self, tokens: Tokens) -> dict[str, str]:
        return {**self.agent, "Authorization": f"bearer {tokens.access}"}
