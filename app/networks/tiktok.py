"""TikTok, Content Posting API v2 (networks/tiktok.md)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import quote

import httpx2 as httpx

from app import egress
from app.config import Config
from app.networks import tiktok_numbers, tiktok_post, tiktok_rules, tiktok_seen
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
from app.networks.tiktok_about import ABOUT
from app.networks.tiktok_api import PHOTO, Api
from app.networks.tiktok_oauth import SignIn
from app.networks.tiktok_upload import Upload
from app.networks.wire import unreadable

BASIC = ("open_id", "avatar_url", "display_name")
PROFILE = ("username",)
# How long a commit call waits for pictures, in looks; 30 looks a minute are allowed.
WAITS = (1.0, 2.0, 3.0, 3.0, 4.0, 5.0, 6.0)
ANSWER_SECONDS = 15.0
NOT_NOW = (
    "spam_risk_too_many_posts", "spam_risk_user_banned_from_posting", "reached_active_user_cap"
)  # fmt: skip


class TikTok(Hosted):
    """One account a token; the access token lives a day, the refresh token a year."""

    name: ClassVar[str] = "tiktok"
    title: ClassVar[str] = "TikTok"
    ways: ClassVar[tuple[str, ...]] = ("oauth", "token")
    about: ClassVar[About] = ABOUT

    def __init__(self, http: httpx.Client, config: Config) -> None:
        self.http, self.config = http, config
        self.settings = config.network(self.name)
        self.sign_in = SignIn(http, self.settings.api_url, self.settings.auth_url)
        self.audited = config.TIKTOK_AUDITED
        self.sleep: Callable[[float], None] = time.sleep

    # Content
    def capabilities(self, extras: Mapping[str, Any]) -> Capabilities:
        """Limits by the account's creator info, audiences by the app's audit (§7)."""
        return tiktok_rules.capabilities(extras, audited=self.audited)

    def compose(
        self, text: str, extras: Mapping[str, Any], options: Mapping[str, Any] = NO_OPTIONS
    ) -> Composed:
        """The caption as sent, counted in UTF-16 units (§4)."""
        return tiktok_rules.compose(text)

    def validate(
        self,
        parts: tuple[Part, ...],
        extras: Mapping[str, Any],
        options: Mapping[str, Any] = NO_OPTIONS,
    ) -> list[Problem]:
        """What TikTok would refuse."""
        found = tiktok_rules.validate(parts, extras, options, audited=self.audited)
        pictures = any(media.kind != "video" for part in parts for media in part.media)
        if pictures and not self.config.https and not self.settings.sandbox:
            found.append(Problem("media", tiktok_rules.NO_ADDRESS, fix="remove"))
        return found

    # Connecting
    def authorize(
        self, app: AppKeys, *, server: str, hint: str, redirect_uri: str, state: str
    ) -> Consent:
        """To TikTok's consent page."""
        return self.sign_in.authorize(app, redirect_uri, state)

    def exchange(
        self, app: AppKeys, keep: Mapping[str, str], answer: Mapping[str, str], redirect_uri: str
    ) -> Tokens:
        """Code → tokens; the person may have granted less than we asked for."""
        return self.sign_in.exchange(app, keep, answer, redirect_uri)

    def refresh(self, app: AppKeys, tokens: Tokens, server: str) -> Tokens:
        """Fresh tokens."""
        return self.sign_in.refresh(app, tokens)

    def revoke(self, app: AppKeys, tokens: Tokens, server: str) -> None:
        """End the access."""
        self.sign_in.revoke(app, tokens)

    def identities(self, tokens: Tokens, server: str) -> list[Identity]:
        """The one account of the token; ``extras`` is its creator info as of now (§2.1)."""
        api = self._api(tokens)
        names = tokens.scopes and "user.info.profile" not in tokens.scopes
        user = _user(api, BASIC if names else BASIC + PROFILE)
        extras, note = _creator(api)
        if tokens.scopes:
            extras["scopes"] = list(tokens.scopes)
        handle = str(user.get("username") or extras.get("creator_username") or "")
        open_id = str(user.get("open_id") or "")
        if not open_id:
            raise unreadable(200)
        handle = handle or open_id
        return [
            Identity(
                external_id=open_id,
                handle=handle,
                name=str(user.get("display_name") or handle),
                avatar_url=str(user.get("avatar_url") or ""),
                url=f"{self.settings.auth_url}/@{quote(handle, safe='')}",
                extras=extras,
                note=note,
            )
        ]

    # Publishing
    def prepare(
        self, account: Account, item: Item, resume: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Ask what the creator allows now; upload a video but for its last piece (§2)."""
        api = self._api(account.tokens)
        if tiktok_rules.inbox(item.options):
            tiktok_post.permitted(account.tokens)
        if tiktok_post.is_video(item):
            yield from self._upload(api, item).prepare(
                resume, lambda: tiktok_post.video(item, self._allowed(api, item))
            )
            return
        off = self._allowed(api, item)
        tiktok_post.photos(item, off)
        yield {**deepcopy(dict(resume)), "off": off}

    def _upload(self, api: Api, item: Item) -> Upload:
        return Upload(api, item.part.media[0], draft=tiktok_rules.inbox(item.options))

    def _allowed(self, api: Api, item: Item) -> list[str]:
        """A draft is not asked about: everything is chosen in the app, later."""
        if tiktok_rules.inbox(item.options) and item.part.media:
            return []
        return tiktok_post.allowed(tiktok_post.creator(api), item, audited=self.audited)

    def commit(self, account: Account, item: Item, resume: Mapping[str, Any]) -> Published:
        """A video's last piece, or the one call that has pictures fetched and posted (§6)."""
        api = self._api(account.tokens)
        if tiktok_post.is_video(item):
            raise self._upload(api, item).finish(resume, self.config.COMMIT_DEADLINE_SECONDS)
        body = tiktok_post.photos(item, list(resume.get("off") or ()))
        data = api.post(PHOTO, body, seconds=ANSWER_SECONDS)
        publish_id = data.get("publish_id")
        if not isinstance(publish_id, str) or not publish_id:
            raise unreadable(200)
        # What follows only reads: the limit for a first byte is behind us.
        rest = sum(WAITS) + ANSWER_SECONDS / 2
        with egress.bounded(rest, first_byte_within=rest):
            try:
                return tiktok_seen.settled(
                    api, self._places(account), item, publish_id, WAITS, self._pause
                )
            except NetworkError as error:
                if error.effect is not Effect.NONE:
                    error.resume = {**resume, "publish_id": publish_id}  # it can be asked by that
                raise

    def _pause(self, seconds: float) -> None:
        wire = egress.current()
        try:
            self.sleep(seconds if wire is None else wire.left(seconds))
        except TimeoutError:
            return  # the look that follows fails as well, and the post is called "processing"

    def probe_by(
        self, account: Account, age: float, resume: Mapping[str, Any] = NO_OPTIONS
    ) -> Probe:
        """A video's publish id is saved before anything can go out; that of pictures comes with
        the commit's answer. Where it was lost, only the public posts can tell (§6)."""
        return Probe.HANDLE if resume.get("publish_id") else Probe.LISTING

    def probe(
        self,
        account: Account,
        item: Item,
        resume: Mapping[str, Any],
        since: datetime,
        known: frozenset[str],
    ) -> Probed:
        """What became of a post (§6)."""
        api, places = self._api(account.tokens), self._places(account)
        if resume.get("publish_id"):
            return tiktok_seen.by_handle(api, places, item, resume, since)
        if tiktok_post.is_video(item):
            return Probed(Verdict.ABSENT)  # no post was begun, so none was sent
        if account.tokens.scopes and "video.list" not in account.tokens.scopes:
            return Probed(Verdict.UNSURE, message=tiktok_seen.UNSEEN)
        return tiktok_seen.by_listing(api, places, item, since, known)

    def delete(self, account: Account, published: Published) -> None:
        """TikTok lets no app do that."""
        raise NetworkError(
            Category.VALIDATION,
            "TikTok has no way for apps to delete a post. Delete it in the TikTok app.",
            code="unsupported", retryable=False,
        )  # fmt: skip

    def metrics(self, account: Account, ids: list[str]) -> dict[str, Metrics]:
        """Counts of public posts; a publish id is turned into the post's id first (§3)."""
        if account.tokens.scopes and "video.list" not in account.tokens.scopes:
            return {}
        return tiktok_numbers.read(self._api(account.tokens), ids)

    def _api(self, tokens: Tokens) -> Api:
        return Api(self.http, self.settings.api_url, tokens.access)

    def _places(self, account: Account) -> tiktok_seen.Places:
        return tiktok_seen.Places(self.settings.auth_url, quote(account.handle, safe="@"))


def _user(api: Api, fields: tuple[str, ...]) -> dict[str, Any]:
    """The person; without the scope for the name, at least who it is."""
    try:
        data = api.get("/v2/user/info/", {"fields": ",".join(fields)})
    except NetworkError as error:
        if not error.code.startswith("scope_") or fields == BASIC:
            raise
        return _user(api, BASIC)
    found = data.get("user")
    return found if isinstance(found, dict) else {}


def _creator(api: Api) -> tuple[dict[str, Any], str]:
    """Creator info, and why the account cannot be chosen, if it cannot.

    That it may not post just now (caps, a block) is no reason not to connect it.
    """
    try:
        return tiktok_post.creator(api), ""
    except NetworkError as error:
        if error.code.startswith("scope_"):
            return {}, "The permission to post is missing: connect it again and allow that."
        if error.code not in NOT_NOW:
            raise
        return {}, ""
