"""What the address of a post tells."""

from __future__ import annotations

import pytest

from app.networks.links import post_id


@pytest.mark.parametrize(
    ("network", "url", "told"),
    [
        ("twitter", "https://x.com/maya/status/1790000000000000000", "1790000000000000000"),
        ("twitter", "https://twitter.com/i/web/status/17900?s=20", "17900"),
        ("twitter", "https://x.com/maya", ""),
        ("mastodon", "https://bells.social/@maya/112233", "112233"),
        ("mastodon", "https://bells.social/users/maya/statuses/112233", "112233"),
        ("bluesky", "https://bsky.app/profile/maya.bsky.social/post/3kabcdefgh2lm",
         "at://did:plc:maya/app.bsky.feed.post/3kabcdefgh2lm"),
        ("reddit", "https://www.reddit.com/r/test/comments/4bbe4b/a_peal/", "t3_4bbe4b"),
        ("reddit", "https://www.reddit.com/r/test/comments/4bbe4b/a_peal/d1abc/", "t1_d1abc"),
        ("linkedin", "https://www.linkedin.com/feed/update/urn%3Ali%3Ashare%3A7123/",
         "urn:li:share:7123"),
        ("youtube", "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=1", "dQw4w9WgXcQ"),
        ("youtube", "https://youtu.be/dQw4w9WgXcQ", "dQw4w9WgXcQ"),
        ("threads", "https://www.threads.net/@maya/post/C8abc", ""),
    ],
)  # fmt: skip
def test_an_address_tells_the_id_its_client_takes(network: str, url: str, told: str) -> None:
    assert post_id(network, "did:plc:maya", url) == told
