"""Facebook Pages over the Graph API (networks/facebook.md)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar

import httpx2 as httpx

from app.config import Config
from app.networks import facebook_errors as errors
from app.networks import facebook_metrics, facebook_pages, facebook_probe, facebook_rules
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
from app.networks.facebook_about import ABOUT, NEEDED, SCOPES
from app.networks.facebook_made import Made, path
from app.networks.facebook_media import Staging, photo_ids
from app.networks.hosted import Hosted
from app.networks.meta_login import Login, bearer, proof
from app.networks.wire import Answer, Judge, call, unreadable

LINK_SECONDS = 5.0  # for a permalink, once the post is out


class Facebook(Hosted):
    """A Page a token. Pages' tokens do not expire; the person's, kept beside, does."""

    name: ClassVar[str] = "facebook"
    title: ClassVar[str] = "Facebook"
    ways: ClassVar[tuple[str, ...]] = ("oauth", "token")
    about: ClassVar[About] = ABOUT

    def __init__(self, http: httpx.Client, config: Config) -> None:
        self.http, self.config = http, config
        self.settings = config.network(self.name)
        self.dialog = Login(
            http, self.settings, config.FACEBOOK_API_VERSION, scopes=SCOPES, needed=NEEDED
        )
        self.sleep = time.sleep

    # Content
    def capabilities(self, extras: Mapping[str, Any]) -> Capabilities:
        """Limits and placements of a Page (§4)."""
        return facebook_rules.capabilities(extras)

    def compose(
        self, text: str, extras: Mapping[str, Any], options: Mapping[str, Any] = NO_OPTIONS
    ) -> Composed:
        """The text as sent, counted in characters."""
        return facebook_rules.compose(text)

    def validate(
        self,
        parts: tuple[Part, ...],
        extras: Mapping[str, Any],
        options: Mapping[str, Any] = NO_OPTIONS,
    ) -> list[Problem]:
        """What Facebook would refuse."""
        return facebook_rules.validate(parts, extras, options)

    # Connecting
    def authorize(
        self, app: AppKeys, *, server: str, hint: str, redirect_uri: str, state: str
    ) -> Consent:
        """To Facebook's login dialog (it knows no PKCE)."""
        return self.dialog.authorize(app, redirect_uri=redirect_uri, state=state)

    def exchange(
        self, app: AppKeys, keep: Mapping[str, str], answer: Mapping[str, str], redirect_uri: str
    ) -> Tokens:
        """Code → the person's token of 60 days, with the scopes they left ticked."""
        return self.dialog.exchange(app, answer, redirect_uri)

    def refresh(self, app: AppKeys, tokens: Tokens, server: str) -> Tokens:
        """The Page's token once more, by the person's, which is made to last again."""
        return facebook_pages.refreshed(self.dialog, app, tokens)

    def revoke(self, app: AppKeys, tokens: Tokens, server: str) -> None:
        """End a person's token. A Page's own is only forgotten: Facebook knows no way to end
        one without ending every other Page of the person."""
        if app.client_id and "page" not in tokens.more:
            self.dialog.revoke(tokens)

    def identities(self, tokens: Tokens, server: str) -> list[Identity]:
        """The Pages of a person, each with its own token; or the one Page of a Page's token."""
        return facebook_pages.identities(self.dialog, tokens)

    # Publishing
    def prepare(
        self, account: Account, item: Item, resume: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Lay photos ready unpublished, and send a video's bytes (§3)."""
        if item.comment:
            return iter(())
        staging = Staging(
            self.http, self.dialog.graph, path(account.external_id), account.tokens,
            self._proof(account), self.sleep,
        )  # fmt: skip
        return staging.prepare(item.part.media, self._form(account, item), resume)

    def commit(self, account: Account, item: Item, resume: Mapping[str, Any]) -> Published:
        """The one call that publishes. A video is then still processed (``media_processing``)."""
        page = path(account.external_id)
        text = self.compose(item.part.text, account.extras).text
        if item.comment and item.parent is not None:
            answer = self._post(account, f"/{path(item.parent.external_id)}/comments",
                                {"message": text}, judge=errors.commented)  # fmt: skip
            return self._made(account).comment(item.parent, _id(answer, "id"))
        form = self._form(account, item)
        if resume.get("video"):
            return self._finish(account, item, resume, text)
        photos = photo_ids(item.part.media, resume)
        if form == "story":
            answer = self._post(account, f"/{page}/photo_stories", {"photo_id": photos[0]})
            return self._made(account).story(_id(answer, "post_id"), "")
        body: dict[str, Any] = {"message": text} if text else {}
        link = "" if photos else facebook_rules.link(item.part)
        if link:
            body["link"] = link
        if photos:
            body["attached_media"] = [{"media_fbid": photo} for photo in photos]
        post_id = _id(self._post(account, f"/{page}/feed", body), "id")
        return self._made(account).post(post_id, self._permalink(account, post_id))

    def _finish(
        self, account: Account, item: Item, resume: Mapping[str, Any], text: str
    ) -> Published:
        """Accepted is not out: the engine asks ``probe`` until it is."""
        video, edge = resume["video"], str(resume["video"]["edge"])
        body: dict[str, Any] = {"upload_phase": "finish"}
        if edge == "videos":
            body["upload_session_id"] = (resume.get("secret") or {}).get("upload")
        else:
            body["video_id"] = video["id"]
        if edge == "video_reels":
            body["video_state"] = "PUBLISHED"
        if edge != "video_stories":
            body |= {"description": text} if text else {}
            title = str(item.options.get("videoTitle") or "").strip()
            body |= {"title": title} if title else {}
        answer = self._post(account, f"/{path(account.external_id)}/{edge}", body)
        if answer.mapping().get("success") is not True:
            raise unreadable(answer.status, answer.raw)
        raise errors.still("Facebook is processing the video.", 5.0, accepted=True)

    def probe_by(
        self, account: Account, age: float, resume: Mapping[str, Any] = NO_OPTIONS
    ) -> Probe:
        """A video's id tells, saved before it is finished; else the Page's newest posts (§6)."""
        return Probe.HANDLE if resume.get("video") else Probe.LISTING

    def probe(
        self,
        account: Account,
        item: Item,
        resume: Mapping[str, Any],
        since: datetime,
        known: frozenset[str],
    ) -> Probed:
        """Look for the item since then; a video by its id."""
        try:
            return self._probe(account, item, resume, since, known)
        except NetworkError as error:
            if error.category is not Category.VALIDATION:
                raise
            if errors.gone(error) and resume.get("video"):
                return Probed(Verdict.ABSENT)
            # A refusal to show the list says nothing about the post.
            return Probed(Verdict.UNSURE, message="Facebook does not show this Page's posts now.")

    def _probe(
        self,
        account: Account,
        item: Item,
        resume: Mapping[str, Any],
        since: datetime,
        known: frozenset[str],
    ) -> Probed:
        page, video = path(account.external_id), resume.get("video")
        sought = facebook_probe.Sought(
            self.compose(item.part.text, account.extras).text,
            () if item.comment or video else tuple(photo_ids(item.part.media, resume)),
            since, known,
        )  # fmt: skip

        def read(where: str, params: Mapping[str, str]) -> Answer:
            return self._read(account, where, params)

        made = self._made(account)
        if item.comment and item.parent is not None:
            parent = item.parent
            return facebook_probe.comment(
                sought, account.external_id, path(parent.external_id), read,
                lambda found, _: made.comment(parent, found),
            )  # fmt: skip
        if video:
            told = read(f"/{path(str(video['id']))}", {"fields": facebook_probe.VIDEO_FIELDS})
            if not isinstance(told.data(), dict):
                raise unreadable(told.status, told.raw)
            return facebook_probe.video(
                told.mapping(), lambda post_id, url: made.video(video, post_id, url)
            )
        if self._form(account, item) == "story":
            return facebook_probe.story(sought, page, read, made.story)
        return facebook_probe.post(sought, page, read, made.post)

    def delete(self, account: Account, published: Published) -> None:
        """Take it down, a video by its own id; not there means it is gone already."""
        wanted = str(published.extras.get("video") or published.external_id)
        try:
            call(
                self.http, "DELETE", f"{self.dialog.graph}/{path(wanted)}", judge=errors.other,
                headers=bearer(account.tokens), params=self._proof(account),
            )  # fmt: skip
        except NetworkError as error:
            if not errors.gone(error):
                raise

    def metrics(self, account: Account, ids: list[str]) -> dict[str, Metrics]:
        """Counts post by post, until the allowance is nearly used."""
        return facebook_metrics.counted(
            ids, account.tokens.scopes, lambda where, params: self._read(account, where, params)
        )

    # Calls
    def _post(
        self, account: Account, where: str, body: dict[str, Any], judge: Judge = errors.published
    ) -> Answer:
        return call(
            self.http, "POST", self.dialog.graph + where, judge=judge,
            headers=bearer(account.tokens), json={**body, **self._proof(account)},
            seconds=self.config.COMMIT_DEADLINE_SECONDS,
        )  # fmt: skip

    def _read(
        self, account: Account, where: str, params: Mapping[str, str], seconds: float = 15.0
    ) -> Answer:
        return call(
            self.http, "GET", self.dialog.graph + where, judge=errors.other,
            headers=bearer(account.tokens), params={**params, **self._proof(account)},
            seconds=seconds,
        )  # fmt: skip

    def _proof(self, account: Account) -> dict[str, str]:
        return proof(account.tokens, self.settings)

    def _form(self, account: Account, item: Item) -> str:
        found = self.capabilities(account.extras).placement(item.options)
        return found.name if found is not None else "feed"

    def _permalink(self, account: Account, post_id: str) -> str:
        """The post's address; it is out already, so that nothing may go wrong here."""
        try:
            fields = {"fields": "permalink_url"}
            answer = self._read(account, f"/{path(post_id)}", fields, LINK_SECONDS)
        except NetworkError:
            return ""
        return str(answer.mapping().get("permalink_url") or "")

    def _made(self, account: Account) -> Made:
        return Made(self.settings.auth_url, account.external_id)


def _id(answer: Answer, name: str) -> str:
    """An id of the answer; it was executed even where there is none to be read."""
    found = answer.mapping().get(name)
    if not isinstance(found, str | int) or isinstance(found, bool) or not str(found):
        raise unreadable(answer.status, answer.raw)
    return str(found)
