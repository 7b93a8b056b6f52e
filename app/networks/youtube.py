"""YouTube, Data API v3 with Google's OAuth 2 (networks/youtube.md)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

import httpx2 as httpx

from app.config import Config
from app.networks import (
    oauth,
    youtube_about,
    youtube_comments,
    youtube_errors,
    youtube_people,
    youtube_probe,
    youtube_rules,
    youtube_text,
    youtube_upload,
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
    Media,
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
from app.networks.wire import Answer, call, unreadable

THUMBNAIL_SECONDS = 20.0


class YouTube(Hosted):
    """One channel a sign-in, chosen on Google's own page; one video a post."""

    name: ClassVar[str] = "youtube"
    title: ClassVar[str] = "YouTube"
    secretive: ClassVar[bool] = False  # a public client is one too
    ways: ClassVar[tuple[str, ...]] = ("oauth", "token")
    about: ClassVar[About] = youtube_about.ABOUT

    def __init__(self, http: httpx.Client, config: Config) -> None:
        self.http, self.config = http, config
        self.settings = config.network(self.name)
        self.forced = config.YOUTUBE_FORCE_PRIVATE_UPLOADS
        self.sleep = time.sleep

    # Content
    def capabilities(self, extras: Mapping[str, Any]) -> Capabilities:
        """Limits of a channel (§4)."""
        return youtube_rules.capabilities(extras)

    def compose(
        self, text: str, extras: Mapping[str, Any], options: Mapping[str, Any] = NO_OPTIONS
    ) -> Composed:
        """The text counted in bytes, as a description is (§4)."""
        return youtube_text.compose(text)

    def validate(
        self,
        parts: tuple[Part, ...],
        extras: Mapping[str, Any],
        options: Mapping[str, Any] = NO_OPTIONS,
    ) -> list[Problem]:
        """What YouTube would refuse, and warnings."""
        return youtube_rules.validate(parts, extras, options, forced=self.forced)

    # Connecting
    def authorize(
        self, app: AppKeys, *, server: str, hint: str, redirect_uri: str, state: str
    ) -> Consent:
        """To Google's consent page; only these two words together bring a refresh token (§1)."""
        verifier = oauth.verifier()
        url = oauth.authorize_url(
            f"{self.settings.auth_url}/o/oauth2/v2/auth", app, redirect_uri=redirect_uri,
            scope=" ".join(youtube_about.SCOPES), state=state, code_verifier=verifier,
            access_type="offline", prompt="consent", include_granted_scopes="true",
        )  # fmt: skip
        return Consent(url, {"verifier": verifier})

    def exchange(
        self, app: AppKeys, keep: Mapping[str, str], answer: Mapping[str, str], redirect_uri: str
    ) -> Tokens:
        """Code → tokens; people can untick permissions, so what was given is looked at."""
        code = oauth.returned(answer)
        found = oauth.tokens(
            self._grant(
                app, "authorization_code", code=code, redirect_uri=redirect_uri,
                code_verifier=keep["verifier"],
            )
        )  # fmt: skip
        youtube_people.check_scopes(found)
        return found

    def refresh(self, app: AppKeys, tokens: Tokens, server: str) -> Tokens:
        """A new access token; the refresh token usually stays (§1)."""
        oauth.renewable(app, tokens, "channel")
        answer = self._grant(app, "refresh_token", refresh_token=tokens.refresh)
        return oauth.renewed(answer, tokens)

    def revoke(self, app: AppKeys, tokens: Tokens, server: str) -> None:
        """End the grant: either token does, and takes the other along (§1)."""
        token = tokens.refresh or tokens.access
        if not token or not app.client_id:
            return
        try:
            call(
                self.http, "POST", f"{self.settings.token_url}/revoke",
                judge=youtube_errors.token, headers={"Accept": "application/json"},
                form={"token": token},
            )  # fmt: skip
        except NetworkError as error:
            if error.category is not Category.AUTH_ERROR:
                raise

    def _grant(self, app: AppKeys, kind: str, **fields: str) -> Answer:
        return oauth.grant(
            self.http, f"{self.settings.token_url}/token", app, judge=youtube_errors.token,
            auth="client_secret_post" if app.client_secret else "none", kind=kind, headers=None,
            **fields,
        )  # fmt: skip

    def identities(self, tokens: Tokens, server: str) -> list[Identity]:
        """The channel of the sign-in, with its numbers at this moment (§1)."""
        found = self._read(tokens, "/youtube/v3/channels", youtube_people.QUERY)
        return youtube_people.channels(found, tokens, self._site)

    # Publishing
    def prepare(
        self, account: Account, item: Item, resume: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Announce the video and send all of it but the last bytes (§6)."""
        if item.comment:
            return iter(())
        body = youtube_text.resource(item.part.text, item.options, forced=self.forced)
        notify = bool(item.options.get("notifySubscribers", True))
        return self._uploads(account).prepare(_film(item), body, notify, resume)

    def commit(self, account: Account, item: Item, resume: Mapping[str, Any]) -> Published:
        """Send the last bytes, or the comment. A video is worked on first, so it is asked about
        with ``probe`` from then on."""
        if item.comment:
            return self._comment(account, item)
        video: Mapping[str, Any] = {"id": str(resume.get("video") or "")}
        if not video["id"]:
            video = self._uploads(account).finish(_film(item), resume)
        self._thumbnail(account, item, str(video["id"]))
        raise NetworkError(
            Category.MEDIA_PROCESSING, "The video is there and is being processed.",
            effect=Effect.DONE, code="processing",
        )  # fmt: skip

    def _comment(self, account: Account, item: Item) -> Published:
        video_id = youtube_comments.parent(item)
        answer = call(
            self.http, "POST", f"{self.settings.api_url}/youtube/v3/commentThreads",
            judge=youtube_errors.commented, headers=oauth.bearer(account.tokens),
            params={"part": "snippet"},
            json=youtube_comments.body(video_id, youtube_text.tidy(item.part.text)),
            seconds=self.config.COMMIT_DEADLINE_SECONDS,
        )  # fmt: skip
        made = answer.mapping().get("id")
        if not isinstance(made, str) or not made:
            raise unreadable(answer.status, answer.raw)
        assert item.parent is not None
        url = item.parent.url or self._permalink(video_id, "video")
        return youtube_comments.published(made, url)

    def _thumbnail(self, account: Account, item: Item, video_id: str) -> None:
        """Set the cover; whether it was taken is seen by ``probe``, as the video is out already."""
        cover = _film(item).cover
        if cover is None or not item.options.get("thumbnail"):
            return
        try:
            call(
                self.http, "POST", f"{self.settings.api_url}/upload/youtube/v3/thumbnails/set",
                judge=youtube_errors.other,
                headers={**oauth.bearer(account.tokens), "Content-Type": "image/jpeg"},
                params={"videoId": video_id, "uploadType": "media"}, content=cover.read_bytes(),
                seconds=THUMBNAIL_SECONDS,
            )  # fmt: skip
        except (NetworkError, OSError):
            return

    def probe_by(
        self, account: Account, age: float, resume: Mapping[str, Any] = NO_OPTIONS
    ) -> Probe:
        """The upload's session tells whether it ended in a video, and which (§6)."""
        return Probe.HANDLE

    def probe(
        self,
        account: Account,
        item: Item,
        resume: Mapping[str, Any],
        since: datetime,
        known: frozenset[str],
    ) -> Probed:
        """Session → video → its state; a lost session → the newest uploads."""

        def read(path: str, query: Mapping[str, str]) -> Mapping[str, Any]:
            return self._read(account.tokens, path, query)

        placement = str(item.options.get("placement") or "video")
        if item.comment:
            text = youtube_text.tidy(item.part.text)
            return youtube_comments.seen(
                read, account, item, text, since, known, lambda i: self._permalink(i, placement)
            )
        body = youtube_text.resource(item.part.text, item.options, forced=self.forced)
        sought = youtube_probe.Sought(
            title=body["snippet"]["title"],
            size=int((resume.get("upload") or {}).get("size") or 0),
            privacy=body["status"]["privacyStatus"],
            opens="publishAt" in body["status"],
            permalink=lambda i: self._permalink(i, placement),
            since=since,
            known=known,
            thumbnail=bool(item.options.get("thumbnail")) and _film(item).cover is not None,
        )
        video_id = str(resume.get("video") or "")
        if not video_id:
            if not youtube_upload.session_of(resume):
                return Probed(Verdict.ABSENT)  # without a session no byte was sent
            told = self._uploads(account).ask(resume)
            if told.gone:
                return youtube_probe.search(read, account, sought)
            if not told.video:
                return Probed(Verdict.ABSENT)  # bytes are missing, so there is no video
            video_id = str(told.video["id"])
        return youtube_probe.state(read, video_id, sought)

    def delete(self, account: Account, published: Published) -> None:
        """Take a video or a comment down; not found means it is gone already."""
        comment = published.extras.get("kind") == youtube_comments.KIND
        path = "/youtube/v3/comments" if comment else "/youtube/v3/videos"
        try:
            call(
                self.http, "DELETE", f"{self.settings.api_url}{path}", judge=youtube_errors.other,
                headers=oauth.bearer(account.tokens), params={"id": published.external_id},
            )  # fmt: skip
        except NetworkError as error:
            if error.code != "not_found":
                raise

    def metrics(self, account: Account, ids: list[str]) -> dict[str, Metrics]:
        """Public counts, fifty videos a call; hidden ones are ``None`` (§3)."""
        found: dict[str, Metrics] = {}
        for start in range(0, len(ids), youtube_people.BATCH):
            batch = ids[start : start + youtube_people.BATCH]
            answer = self._read(
                account.tokens, "/youtube/v3/videos",
                {"part": "statistics", "id": ",".join(batch)},
            )  # fmt: skip
            found |= youtube_people.counts(answer, batch)
        return found

    def _uploads(self, account: Account) -> youtube_upload.Uploads:
        return youtube_upload.Uploads(
            self.http, self.settings.api_url, oauth.bearer(account.tokens), self.sleep
        )

    def _read(self, tokens: Tokens, path: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        answer = call(
            self.http, "GET", self.settings.api_url + path, judge=youtube_errors.other,
            headers=oauth.bearer(tokens), params=query,
        )  # fmt: skip
        if not isinstance(answer.data(), dict):
            raise unreadable(answer.status, answer.raw)
        return answer.mapping()

    @property
    def _site(self) -> str:
        """Where people watch: beside the consent pages, unless those are Google's."""
        google = (urlsplit(self.settings.auth_url).hostname or "").endswith("google.com")
        return "https://www.youtube.com" if google else self.settings.auth_url

    def _permalink(self, video_id: str, placement: str) -> str:
        known = quote(video_id, safe="")
        return f"{self._site}/{'shorts/' if placement == 'short' else 'watch?v='}{known}"


def _film(item: Item) -> Media:
    found = next((media for media in item.part.media if media.kind == "video"), None)
    if found is None:
        raise NetworkError(
            Category.MEDIA_ERROR, "There is no video to upload.", code="mediaBodyRequired",
            retryable=False,
        )  # fmt: skip
    return found
