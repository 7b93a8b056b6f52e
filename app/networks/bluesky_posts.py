"""Posts on an account's server: written under a key of ours, read back by it (§2, §6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from app.networks import bluesky_records as records
from app.networks import bluesky_text
from app.networks.base import (
    Account,
    Category,
    Item,
    Media,
    Metrics,
    NetworkError,
    Part,
    Probed,
    Published,
    Verdict,
)
from app.networks.bluesky_check import CAPABILITIES
from app.networks.bluesky_identity import DID
from app.networks.bluesky_records import CARD, POST, Address
from app.networks.bluesky_video import Videos
from app.networks.bluesky_xrpc import Xrpc, read_judge
from app.networks.wire import Answer, unreadable

UPLOAD_SECONDS = 120.0
POSTS_A_CALL = 25


class Posts:
    """``web`` is where posts are read, ``deadline`` the seconds of a commit call."""

    def __init__(self, xrpc: Xrpc, videos: Videos, web: str, deadline: float) -> None:
        self.xrpc, self.videos, self.web, self.deadline = xrpc, videos, web, deadline

    def prepare(
        self, account: Account, item: Item, resume: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """The key first, then ``blobs`` by media id, then ``record``: the whole request (§6).

        Raises ``media_processing`` while Bluesky makes a video ready.
        """
        kept = deepcopy(dict(resume))
        if kept.get("marker") != item.marker:
            kept = records.begun(item, kept)
            yield deepcopy(kept)
        if "record" in kept:
            return
        for key, media in _files(item.part):
            if key in kept["blobs"]:
                continue
            if media.kind == "video":
                yield from self.videos.prepare(account, home(account), media, kept)
            else:
                kept["blobs"][key] = self._upload(account, media)
                yield deepcopy(kept)
        kept["record"] = records.build(
            item,
            blobs=kept["blobs"],
            dids=self._mentioned(account, item.part.text),
            reply=self._reply(account, item),
        )
        yield deepcopy(kept)

    def _upload(self, account: Account, media: Media) -> dict[str, Any]:
        """The server's blob object: content-addressed, so a second upload changes nothing."""
        try:
            content = media.path.read_bytes()
        except OSError as error:
            raise NetworkError(
                Category.MEDIA_ERROR, "The picture is no longer in the media library.",
                code="media_missing", retryable=False,
            ) from error  # fmt: skip
        answer = self.xrpc.call(
            home(account), "POST", "com.atproto.repo.uploadBlob", tokens=account.tokens,
            content=content, headers={"Content-Type": media.mime}, seconds=UPLOAD_SECONDS,
        )  # fmt: skip
        blob = answer.mapping().get("blob")
        if not isinstance(blob, dict) or "ref" not in blob:
            raise unreadable(answer.status, answer.raw)
        return blob

    def _mentioned(self, account: Account, text: str) -> dict[str, str]:
        """Handle → DID. One that nobody knows stays plain text; a server that is away does
        not: then the step is repeated, since a lost mention can't be put back."""
        found: dict[str, str] = {}
        for mention in bluesky_text.find(bluesky_text.normal(text)):
            if mention.kind != "mention" or mention.value in found:
                continue
            try:
                answer = self.xrpc.call(
                    home(account), "GET", "com.atproto.identity.resolveHandle",
                    params={"handle": mention.value},
                )  # fmt: skip
            except NetworkError as error:
                if error.status is None or error.category is Category.RATE_LIMITED:
                    raise
                continue
            did = answer.mapping().get("did")
            if isinstance(did, str) and DID.fullmatch(did):
                found[mention.value] = did
        return found

    def _reply(self, account: Account, item: Item) -> dict[str, Any] | None:
        if item.parent is None:
            return None
        parent = self._reference(account, item.parent)
        root = self._reference(account, item.root) if item.root else parent
        return {"root": root, "parent": parent}

    def _reference(self, account: Account, published: Published) -> dict[str, str]:
        """``uri`` and ``cid`` of an earlier part; the cid is asked for where it was not kept."""
        uri = str(published.extras.get("uri") or published.external_id)
        cid = published.extras.get("cid")
        if not isinstance(cid, str) or not cid:
            read = self._read(account, Address.parse(uri))
            if read is None:
                raise NetworkError(
                    Category.VALIDATION, "The post this one answers is gone.", retryable=False
                )
            cid = str(self._published(account, read).extras["cid"])
        return {"uri": uri, "cid": cid}

    def commit(self, account: Account, item: Item, resume: Mapping[str, Any]) -> Published:
        """``putRecord`` that must make, not change: ``swapRecord`` is null (§6).

        Without it a record of the same key would silently be replaced. A key that is taken
        was taken by an earlier attempt at this very item: the same post then is this one.
        """
        address, record = _address(account, item, resume), resume["record"]
        try:
            answer = self.xrpc.call(
                home(account),
                "POST",
                "com.atproto.repo.putRecord",
                tokens=account.tokens,
                json={**address.fields, "record": record, "swapRecord": None},
                seconds=self.deadline,
            )
        except NetworkError as error:
            if error.category is not Category.DUPLICATE:
                raise
            return self._taken(account, address, record, error)
        return self._published(account, answer)

    def _taken(
        self, account: Account, address: Address, record: Mapping[str, Any], error: NetworkError
    ) -> Published:
        """What lies under our key: the same post with an earlier time, or an earlier version."""
        try:
            found = self._read(account, address)
        except NetworkError:
            raise error from None  # the refusal stands; this question can be asked again
        if found is None or not records.alike(found.mapping().get("value"), record):
            raise error
        return self._published(account, found)

    def _published(self, account: Account, answer: Answer) -> Published:
        found = answer.mapping()
        uri, cid = found.get("uri"), found.get("cid")
        if not isinstance(uri, str) or not isinstance(cid, str):
            raise unreadable(answer.status)  # done, but under which name is not known
        place = f"{named(account.handle, account.external_id)}/post/{Address.parse(uri).rkey}"
        return Published(uri, f"{self.web}/profile/{place}", {"uri": uri, "cid": cid})

    def probe(self, account: Account, item: Item, resume: Mapping[str, Any]) -> Probed:
        """Read the record by its key (§6.4)."""
        found = self._read(account, _address(account, item, resume))
        if found is None:
            return Probed(Verdict.ABSENT)
        return Probed(Verdict.PUBLISHED, self._published(account, found))

    def _read(self, account: Account, address: Address) -> Answer | None:
        """``getRecord``; ``None`` where there is none. Public, so no token is in the way."""
        try:
            return self.xrpc.call(
                home(account),
                "GET",
                "com.atproto.repo.getRecord",
                params=address.fields,
                judge=read_judge,
            )
        except NetworkError as error:
            if error.code == "RecordNotFound":
                return None
            raise

    def delete(self, account: Account, published: Published) -> None:
        """Gone already is answered like gone now (§2)."""
        self.xrpc.call(
            home(account), "POST", "com.atproto.repo.deleteRecord", tokens=account.tokens,
            json=Address.parse(published.external_id).fields,
        )  # fmt: skip

    def metrics(self, account: Account, ids: list[str]) -> dict[str, Metrics]:
        """Counts by at-URI. One that is not shown is gone only if its record is (§3)."""
        counted: dict[str, Metrics] = {}
        for start in range(0, len(ids), POSTS_A_CALL):
            answer = self.xrpc.call(
                home(account), "GET", "app.bsky.feed.getPosts", tokens=account.tokens,
                params=[("uris", uri) for uri in ids[start : start + POSTS_A_CALL]],
            )  # fmt: skip
            posts = answer.mapping().get("posts")
            for post in posts if isinstance(posts, list) else ():
                if isinstance(post, dict):
                    counted[str(post.get("uri"))] = _counts(post)
        for uri in ids:
            if uri not in counted:
                counted[uri] = Metrics(gone=self._read(account, Address.parse(uri)) is None)
        return {uri: counted[uri] for uri in ids}


def _files(part: Part) -> list[tuple[str, Media]]:
    """What to upload, by its key in ``resume``; pictures leave no room for a card (§2)."""
    if part.media:
        return [(media.id, media) for media in part.media]
    picture = part.card.image if part.card else None
    if picture is None or picture.size > CAPABILITIES.max_image_bytes:
        return []  # a card looks better without a picture than not at all
    return [(CARD, picture)]


def _address(account: Account, item: Item, resume: Mapping[str, Any]) -> Address:
    """Where the item lies, or will: also before the first step was kept."""
    kept = resume.get("keep") or {}
    return Address(account.external_id, POST, str(kept.get("rkey") or records.rkey(item)))


def home(account: Account) -> str:
    """Where the account lives now: a refresh may have moved it."""
    return account.tokens.more.get("pds") or account.server


def named(handle: str, did: str) -> str:
    """A name for web addresses: a handle that lost its domain is no name."""
    return did if handle in ("", "handle.invalid") else handle


def _counts(post: Mapping[str, Any]) -> Metrics:
    def count(name: str) -> int | None:
        found = post.get(name)
        return found if isinstance(found, int) else None

    return Metrics(
        likes=count("likeCount"), shares=count("repostCount"), comments=count("replyCount"),
        quotes=count("quoteCount"), saves=count("bookmarkCount"),
    )  # fmt: skip
