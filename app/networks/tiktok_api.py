"""Calls to TikTok's API and what its status calls say (networks/tiktok.md §2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2 as httpx

from app import egress
from app.networks import tiktok_errors
from app.networks.wire import call

CREATOR = "/v2/post/publish/creator_info/query/"
VIDEO = "/v2/post/publish/video/init/"
INBOX_VIDEO = "/v2/post/publish/inbox/video/init/"
PHOTO = "/v2/post/publish/content/init/"
STATUS = "/v2/post/publish/status/fetch/"


@dataclass(frozen=True)
class Api:
    """TikTok for one token: what comes back is the ``data`` of an answer that is "ok"."""

    http: httpx.Client
    base: str
    access: str

    def get(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        answer = call(
            self.http, "GET", self.base + path, judge=tiktok_errors.judge, params=params,
            headers={"Authorization": f"Bearer {self.access}", "Accept": "application/json"},
        )  # fmt: skip
        return tiktok_errors.data(answer)

    def post(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        seconds: float = egress.TOTAL_SECONDS,
    ) -> dict[str, Any]:
        answer = call(
            self.http, "POST", self.base + path, judge=tiktok_errors.judge, params=params,
            json=body or {}, seconds=seconds,
            headers={
                "Authorization": f"Bearer {self.access}", "Accept": "application/json",
                "Content-Type": "application/json; charset=UTF-8",
            },
        )  # fmt: skip
        return tiktok_errors.data(answer)

    def status(self, publish_id: str) -> Status:
        """How far a post is (30 calls a minute, §4)."""
        return Status.of(self.post(STATUS, {"publish_id": publish_id}))


@dataclass(frozen=True)
class Status:
    """``ids``: of the public post, after moderation. ``uploaded``: ``None`` where not told."""

    state: str
    reason: str = ""
    ids: tuple[str, ...] = ()
    uploaded: int | None = None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Status:
        """The ids come as int64, as strings, as a list or bare, and under two spellings."""
        told = data.get("publicaly_available_post_id") or data.get("publicly_available_post_id")
        rows = told if isinstance(told, list) else [told]
        ids = tuple(
            str(one) for one in rows
            if isinstance(one, int | str) and not isinstance(one, bool) and str(one).isdigit()
        )  # fmt: skip
        uploaded = data.get("uploaded_bytes")
        return cls(
            str(data.get("status") or ""), str(data.get("fail_reason") or ""), ids,
            uploaded if isinstance(uploaded, int) and not isinstance(uploaded, bool) else None,
        )  # fmt: skip

    @property
    def out(self) -> bool:
        return self.state == "PUBLISH_COMPLETE"

    @property
    def delivered(self) -> bool:
        """A draft that waits in the person's inbox."""
        return self.state == "SEND_TO_USER_INBOX"

    @property
    def failed(self) -> bool:
        return self.state == "FAILED"

    def whole(self, size: int) -> bool:
        """Whether every byte of an upload of ``size`` has arrived: then it is under way."""
        if self.state != "PROCESSING_UPLOAD":
            return True
        return self.uploaded is not None and self.uploaded >= size
