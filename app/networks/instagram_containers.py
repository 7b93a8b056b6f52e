"""Containers: everything before ``media_publish`` (networks/instagram.md §2, §6).

``resume["boxes"][key]`` is ``{"id", "state", "at"}``: Instagram's id of a container; ``state``
is ``made`` (a video's bytes are still to be sent), ``waits``, ``ready`` or ``published``; ``at``
is when it was made (unix seconds). ``key`` is ``post``, or the place of a carousel's item.
``resume["secret"]["uri"]`` is where the video's bytes go. ``again`` is set once a failed container
was replaced, ``unfetched`` and ``missing`` count what may pass by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from app.networks import instagram_errors, instagram_rules
from app.networks.base import Category, Item, Media, NetworkError
from app.networks.containers import PAUSES, later, pause, quota, spent
from app.networks.instagram_graph import Graph, made
from app.networks.wire import call, unreadable

BACK_SECONDS = (5.0, 10.0, 20.0, 30.0)  # when publishing asks again, by how long it has waited
PATIENCE_SECONDS = 900.0  # then the container counts as lost
UPLOAD_SECONDS = 600.0
PIECE = 1024 * 1024
POST = "post"
STILL = "Instagram is still preparing the media."


class _Lost(Exception):
    """The container is of no use any more; ``error`` says why, where that counts.

    ``place`` is that of the carousel's item whose container it was, where it was one.
    """

    def __init__(self, error: NetworkError, *, counts: bool = True) -> None:
        super().__init__(error.message)
        self.error, self.counts, self.place = error, counts, ""


@dataclass(frozen=True)
class Containers:
    """The containers of one post."""

    graph: Graph
    ig: str
    item: Item
    caption: str
    sleep: Callable[[float], None] = time.sleep

    @property
    def form(self) -> str:
        return instagram_rules.form(self.item.part.media, self.item.options)

    def prepare(self, resume: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Make, fill and wait; yields the whole resume after each step.

        A container that is lost is replaced: an expired one always, a failed one once. The
        other items of a carousel are kept where one of them failed.
        """
        kept: dict[str, Any] = deepcopy(dict(resume))
        kept.setdefault("boxes", {})
        if not kept["boxes"]:
            self._allowance()
        for last in (False, True):
            try:
                yield from self._steps(kept)
                return
            except _Lost as lost:
                if last or (lost.counts and kept.get("again")):
                    raise lost.error from lost
                kept["again"] = bool(kept.get("again")) or lost.counts
                kept["boxes"] = _without(kept["boxes"], lost.place if lost.counts else "")
                kept["secret"], kept["missing"] = {}, 0
                yield deepcopy(kept)

    def _allowance(self) -> None:
        """Ask before anything is made; what does not answer does not stop the post."""
        used = spent(
            lambda: self.graph.get(
                self.ig, "content_publishing_limit", fields="config,quota_usage"
            )
        )  # fmt: skip
        if used is not None:
            raise quota(
                f"The account has published {used[0]} posts in 24 hours, as many as Instagram "
                "allows."
            )

    def _steps(self, kept: dict[str, Any]) -> Iterator[dict[str, Any]]:
        media = self.item.part.media
        if not media:
            raise NetworkError(
                Category.VALIDATION, "Instagram needs a picture or a video.", retryable=False
            )
        if self.form == instagram_rules.CAROUSEL and POST not in kept["boxes"]:
            yield from self._items(kept, media)
        yield from self._make(kept, POST, self._body(kept))
        yield from self._send(kept, media[0])
        yield from self._wait(kept, POST)

    def _items(self, kept: dict[str, Any], media: tuple[Media, ...]) -> Iterator[dict[str, Any]]:
        """All items of a carousel first, so that Instagram works on them at once; then wait."""
        for place, one in enumerate(media):
            with _about(place):
                yield from self._make(kept, str(place), {**_file(one), "is_carousel_item": True})
        for place in range(len(media)):
            with _about(place):
                yield from self._wait(kept, str(place))

    def _body(self, kept: Mapping[str, Any]) -> dict[str, Any]:
        """Step 1 of the kind of post this is."""
        first, options, form = self.item.part.media[0], self.item.options, self.form
        body: dict[str, Any] = {}
        if form == instagram_rules.CAROUSEL:
            places = range(len(self.item.part.media))  # a database may sort the keys
            ids = ",".join(str(kept["boxes"][str(place)]["id"]) for place in places)
            body = {"media_type": "CAROUSEL", "children": ids}
        elif form == instagram_rules.FEED:
            body = _file(first)
        elif first.kind == "video":
            kind = "STORIES" if form == instagram_rules.STORY else "REELS"
            body = {"media_type": kind, "upload_type": "resumable"}
        else:
            body = {"media_type": "STORIES", "image_url": _file(first)["image_url"]}
        if form == instagram_rules.REEL:
            body |= _reel(options)
        if form != instagram_rules.STORY:
            if self.caption:
                body["caption"] = self.caption
            if options.get("collaborators"):
                body["collaborators"] = [str(n).lstrip("@") for n in options["collaborators"]]
        return body

    def _make(
        self, kept: dict[str, Any], key: str, body: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        if key in kept["boxes"]:
            return
        try:
            answer = self.graph.post(self.ig, "media", body=body)
        except NetworkError as error:
            if not error.code.endswith(("2207052", "2207077")):
                raise
            kept["unfetched"] = int(kept.get("unfetched") or 0) + 1
            yield deepcopy(kept)
            error.retryable = kept["unfetched"] < 2  # §5: once more, then it is not public
            raise
        waits_for_bytes = body.get("upload_type") == "resumable"
        kept["boxes"][key] = {
            "id": made(answer), "state": "made" if waits_for_bytes else "waits",
            "at": int(time.time()),
        }  # fmt: skip
        if waits_for_bytes:
            uri = answer.get("uri")
            if not isinstance(uri, str) or not uri.startswith(("https://", "http://")):
                raise unreadable(200)
            kept["secret"] = {**(kept.get("secret") or {}), "uri": uri}
        yield deepcopy(kept)

    def _send(self, kept: dict[str, Any], media: Media) -> Iterator[dict[str, Any]]:
        """The video's bytes, to the address Instagram named."""
        box = kept["boxes"][POST]
        if box["state"] != "made":
            return
        headers = {
            "Authorization": f"OAuth {self.graph.token}", "offset": "0",
            "file_size": str(media.size), "Content-Length": str(media.size),
            "Content-Type": "application/octet-stream",
        }  # fmt: skip
        try:
            call(
                self.graph.http, "POST", str(kept["secret"]["uri"]),
                judge=instagram_errors.uploaded, headers=headers, content=_bytes(media),
                seconds=UPLOAD_SECONDS,
            )  # fmt: skip
        except NetworkError as error:
            if error.category is not Category.MEDIA_ERROR or error.code == "media_missing":
                raise
            # An upload whose answer was lost is refused when it comes again.
            if self._status(str(box["id"]))[0] != "FINISHED":
                raise _Lost(error) from error
        box["state"] = "waits"
        yield deepcopy(kept)

    def _wait(self, kept: dict[str, Any], key: str) -> Iterator[dict[str, Any]]:
        """Until Instagram is ready with it; what was ready is asked about again."""
        box = kept["boxes"][key]
        pauses = iter(PAUSES)
        while True:
            try:
                code, words = self._status(str(box["id"]))
            except NetworkError as error:
                if not error.code.endswith(("2207008", "100/33", "2207006")):
                    raise
                yield from self._missing(kept, error)
                return
            if code in ("FINISHED", "PUBLISHED"):
                state = "ready" if code == "FINISHED" else "published"
                if box["state"] != state:
                    box["state"] = state
                    yield deepcopy(kept)
                return
            self._failed(code, words, float(box["at"]))
            seconds = next(pauses, None)
            if seconds is None:
                raise later(STILL, _back(time.time() - float(box["at"])))
            pause(self.sleep, seconds, STILL)

    def _failed(self, code: str, words: str, at: float) -> None:
        """Raise where this container will never be ready."""
        if code == "EXPIRED":
            error = NetworkError(
                Category.MEDIA_ERROR, "Instagram forgot the upload.", retryable=True, code=code
            )
            raise _Lost(error, counts=False)
        if code == "ERROR":
            error = instagram_errors.processing(words)
            if error.category is Category.VALIDATION:
                raise error
            raise _Lost(error)
        if time.time() - at > PATIENCE_SECONDS:
            raise _Lost(
                NetworkError(
                    Category.MEDIA_ERROR,
                    "Instagram did not finish preparing the media.",
                    retryable=False,
                    code="processing",
                )  # fmt: skip
            )

    def _missing(self, kept: dict[str, Any], error: NetworkError) -> Iterator[dict[str, Any]]:
        """Not there yet: twice it may come later, then another is made (§5)."""
        kept["missing"] = int(kept.get("missing") or 0) + 1
        if kept["missing"] > 2:
            raise _Lost(error, counts=False)
        yield deepcopy(kept)
        raise later("Instagram does not find the upload yet.", 30.0)

    def _status(self, container: str) -> tuple[str, str]:
        return status(self.graph, container)


def status(graph: Graph, container: str) -> tuple[str, str]:
    """A container's ``status_code`` and its words."""
    answer = graph.get(container, fields="status_code,status")
    code = answer.get("status_code")
    if not isinstance(code, str) or not code:
        raise unreadable(200, str(answer)[:200])
    return code, str(answer.get("status") or "")


def _back(waited: float) -> float:
    return next((one for one in BACK_SECONDS if one > waited / 2), BACK_SECONDS[-1])


@contextmanager
def _about(place: int) -> Iterator[None]:
    """Say of which item of a carousel a trouble with its file is."""
    try:
        yield
    except NetworkError as error:
        _numbered(error, place)
        raise
    except _Lost as lost:
        lost.place = str(place)
        _numbered(lost.error, place)
        raise


def _numbered(error: NetworkError, place: int) -> None:
    if error.category in (Category.MEDIA_ERROR, Category.VALIDATION):
        error.message = f"Item {place + 1} of the carousel: {error.message}"


def _without(boxes: Mapping[str, Any], place: str) -> dict[str, Any]:
    """What is left of the containers: all but the one of that item; none without a place."""
    return {key: box for key, box in boxes.items() if place and key != place}


def _file(media: Media) -> dict[str, Any]:
    """A picture, or the video of a carousel, by its address; only pictures are described."""
    if not media.url:
        raise NetworkError(
            Category.MEDIA_ERROR,
            "Instagram fetches pictures and the videos of a carousel by their address, and this "
            "installation has none that can be reached from the internet.",
            code="no_address", retryable=False,
        )  # fmt: skip
    if media.kind == "video":
        return {"media_type": "VIDEO", "video_url": media.url}
    body = {"image_url": media.url}
    return body | {"alt_text": media.alt} if media.alt else body


def _reel(options: Mapping[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = {"share_to_feed": options.get("shareToFeed") is not False}
    offset = options.get("thumbOffset")
    if options.get("coverUrl"):
        body["cover_url"] = str(options["coverUrl"])
    elif isinstance(offset, int | float) and not isinstance(offset, bool):
        body["thumb_offset"] = str(int(offset))
    return body


def _bytes(media: Media) -> Iterator[bytes]:
    """The file in pieces: it may be larger than memory."""
    try:
        with media.path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece
    except OSError as error:
        raise NetworkError(
            Category.MEDIA_ERROR, "The file is no longer in the media library.",
            code="media_missing", retryable=False,
        ) from error  # fmt: skip
