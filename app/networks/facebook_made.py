"""What stands on a Page: ids and addresses as they are kept (networks/facebook.md §3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin

from app.networks.base import Published


@dataclass(frozen=True)
class Made:
    """Things of one Page. ``site`` is where people read it, without a final slash."""

    site: str
    page: str

    def post(self, post_id: str, url: str) -> Published:
        """A text, a link or photos: ``{page}_{post}``."""
        owner, _, post = post_id.rpartition("_")
        usual = f"/{path(owner or self.page)}/posts/{path(post)}"
        return Published(post_id, self._address(url or usual))

    def story(self, post_id: str, url: str) -> Published:
        """A photo story."""
        return Published(post_id, self._address(url or f"/stories/{path(self.page)}"))

    def video(self, video: Mapping[str, Any], post_id: str, url: str) -> Published:
        """A film, Reel or video story, by the id of its post; without one, by its own.

        ``video`` is that of the resume; ``extras["video"]`` is what a delete needs.
        """
        video_id, edge = str(video["id"]), str(video["edge"])
        if post_id and "_" not in post_id and edge != "video_stories":
            post_id = f"{self.page}_{post_id}"
        usual = f"/reel/{path(video_id)}" if edge == "video_reels" else f"/{path(video_id)}"
        return Published(post_id or video_id, self._address(url or usual), {"video": video_id})

    def comment(self, parent: Published, comment_id: str) -> Published:
        """A first comment: its address is the post's with a mark."""
        mark = "&" if "?" in parent.url else "?"
        under = path(comment_id.rpartition("_")[2])
        return Published(comment_id, f"{parent.url}{mark}comment_id={under}" if parent.url else "")

    def _address(self, url: str) -> str:
        """Facebook tells some addresses without the host."""
        if url.startswith(("https://", "http://")):
            return url
        return urljoin(f"{self.site}/", url.lstrip("/"))


def path(text: str) -> str:
    """An id as a part of an address."""
    return quote(text, safe="")
