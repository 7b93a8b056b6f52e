"""The id of a post in its address, as people copy it from their browser.

Needed where a person says what a network could not: what comes next goes under that post. Meta's
addresses do not tell the ids its APIs take.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

_IDS = {
    "twitter": re.compile(r"/status(?:es)?/(?P<id>\d{1,20})(?:[/?#]|$)"),
    "mastodon": re.compile(
        r"/(?:@[^/]+|users/[^/]+/statuses|statuses)/(?P<id>\d{1,20})(?:[/?#]|$)"
    ),
    "bluesky": re.compile(r"/post/(?P<id>[a-z0-9]{13})(?:[/?#]|$)"),
    "reddit": re.compile(
        r"/comments/(?P<id>[a-z0-9]{1,13})(?:/[^/?#]*)?(?:/(?P<comment>[a-z0-9]{1,13}))?"
    ),
    "linkedin": re.compile(r"(?P<id>urn:li:(?:share|ugcPost):\d{1,30})"),
    "youtube": re.compile(r"(?:[?&]v=|/shorts/|youtu\.be/)(?P<id>[\w-]{11})(?:[/?&#]|$)"),
}


def post_id(network: str, owner: str, url: str) -> str:
    """The id under which the network's client knows the post; ``""`` where it is not told.

    ``owner`` is the account's ``external_id``.
    """
    shape = _IDS.get(network)
    found = shape.search(unquote(url)) if shape is not None else None
    if found is None:
        return ""
    if network == "bluesky":
        return f"at://{owner}/app.bsky.feed.post/{found['id']}"
    if network == "reddit":
        return f"t1_{found['comment']}" if found["comment"] else f"t3_{found['id']}"
    return str(found["id"])
