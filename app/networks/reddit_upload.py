"""Media at Reddit: a lease, then the file to storage, each step once (networks/reddit.md §2).

``resume["media"][<key>]`` is ``{"asset", "url", "at"}`` of a file that is there, ``at`` in
unix seconds; ``resume["secret"]["leases"][<key>]`` is ``{"action", "fields", "asset"}`` of one
that is not yet. The key is our media id, with ``:cover`` for a video's poster.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2 as httpx

from app.networks import reddit_errors
from app.networks.base import Category, Media, NetworkError
from app.networks.wire import call, unreadable

SUFFIXES = {
    "image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp",
    "video/mp4": "mp4", "video/quicktime": "mov",
}  # fmt: skip
COVER = "image/jpeg"
UPLOAD_SECONDS = 900.0
KEPT_SECONDS = 6 * 3600.0  # how long an unused upload is trusted; Reddit does not say


@dataclass(frozen=True)
class File:
    """One file to be uploaded."""

    key: str
    path: Path
    mime: str


def files(media: tuple[Media, ...]) -> list[File]:
    """The files of a post: its media, and the poster a video cannot do without."""
    found = []
    for one in media:
        found.append(File(one.id, one.path, one.mime))
        if one.kind == "video":
            if one.cover is None:
                raise NetworkError(
                    Category.MEDIA_ERROR,
                    "Reddit takes a video only with a still picture, and none could be made of it.",
                    code="no_cover", retryable=False,
                )  # fmt: skip
            found.append(File(f"{one.id}:cover", one.cover, COVER))
    return found


def of(key: str, resume: Mapping[str, Any]) -> Mapping[str, Any]:
    """``asset`` and ``url`` of an uploaded file; ``media_error`` where it is not there."""
    found = (resume.get("media") or {}).get(key)
    if not isinstance(found, dict) or not found.get("url"):
        raise NetworkError(
            Category.MEDIA_ERROR, "The media has to be uploaded again.", code="not_uploaded",
            retryable=True,
        )  # fmt: skip
    return found


@dataclass(frozen=True)
class Uploads:
    """The media calls of one account. ``agent`` are headers for every call."""

    http: httpx.Client
    base: str
    agent: Mapping[str, str]
    signed: Mapping[str, str]

    def prepare(
        self, media: tuple[Media, ...], resume: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Lease and send every file; yields the whole resume after each call."""
        kept: dict[str, Any] = deepcopy(dict(resume))
        kept.setdefault("media", {})
        kept.setdefault("secret", {}).setdefault("leases", {})
        for one in files(media):
            there = kept["media"].get(one.key)
            if there and float(there.get("at") or 0) > time.time() - KEPT_SECONDS:
                continue
            yield from self._one(one, kept)

    def _one(self, file: File, kept: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """A lease of an earlier preparation may have run out: then one more is taken."""
        leases = kept["secret"]["leases"]
        resumed = file.key in leases
        if not resumed:
            leases[file.key] = self._lease(file)
            yield deepcopy(kept)
        try:
            self._send(file, leases[file.key])
        except NetworkError as error:
            if not (resumed and error.category is Category.MEDIA_ERROR and error.retryable):
                if error.category is Category.MEDIA_ERROR:
                    leases.pop(file.key, None)
                raise
            leases[file.key] = self._lease(file)
            yield deepcopy(kept)
            self._send(file, leases[file.key])
        lease = leases.pop(file.key)
        kept["media"][file.key] = {
            "asset": lease["asset"], "at": int(time.time()),
            "url": f"{lease['action']}/{dict(lease['fields'])['key']}",
        }  # fmt: skip
        yield deepcopy(kept)

    def _lease(self, file: File) -> dict[str, Any]:
        name = f"media.{SUFFIXES.get(file.mime, 'bin')}"
        answer = call(
            self.http, "POST", f"{self.base}/api/media/asset.json", judge=reddit_errors.other,
            headers=self.signed, params={"raw_json": "1"},
            form={"api_type": "json", "filepath": name, "mimetype": file.mime},
        )  # fmt: skip
        found = answer.mapping()
        if "args" not in found:
            reddit_errors.accepted(answer)
        args, asset = found.get("args"), found.get("asset")
        rows = args.get("fields") if isinstance(args, dict) else None
        fields = [
            [str(row.get("name") or ""), str(row.get("value") or "")]
            for row in (rows if isinstance(rows, list) else [])
            if isinstance(row, dict)
        ]
        action = self._address(str(args.get("action") or "") if isinstance(args, dict) else "")
        made = str(asset.get("asset_id") or "") if isinstance(asset, dict) else ""
        if not action or not made or "key" not in dict(fields):
            raise unreadable(answer.status)
        return {"action": action, "fields": fields, "asset": made}

    def _address(self, action: str) -> str:
        """The upload's address, which comes without a scheme: that of the API's own."""
        whole = urlsplit(urljoin(self.base, action))
        ours = urlsplit(self.base).scheme
        return whole.geturl() if whole.netloc and whole.scheme in ("https", ours) else ""

    def _send(self, file: File, lease: Mapping[str, Any]) -> None:
        """The signed fields in their order, then the file; no token goes there."""
        name = f"media.{SUFFIXES.get(file.mime, 'bin')}"
        try:
            with file.path.open("rb") as opened:
                call(
                    self.http, "POST", str(lease["action"]), judge=reddit_errors.storage,
                    headers=self.agent, form=dict(lease["fields"]),
                    files={"file": (name, opened, file.mime)}, seconds=UPLOAD_SECONDS,
                )  # fmt: skip
        except FileNotFoundError as error:
            raise NetworkError(
                Category.MEDIA_ERROR, "The file is no longer in the media library.",
                code="media_missing", retryable=False,
            ) from error  # fmt: skip
