"""LinkedIn as it is played here: OAuth 2 and the versioned REST API, as its documents say.

Ours alone: any redirect address is taken as registered; every handle is a member, and each is
administrator of one page, ``<handle>-works`` (``extras["organizations"]`` of an account says
otherwise: ``[{"handle", "role", "state"}]``). Three apps are registered: ``sandbox-linkedin``
(all products, no refresh tokens, as is usual), ``sandbox-linkedin-partner`` (with refresh
tokens) and ``sandbox-linkedin-selfserve`` (members only, and no comments).

A pasted token has all scopes but ``r_member_social``, or those of ``extras["scopes"]``;
``extras["no_comments"]`` refuses comments; ``extras["ghosts"]`` makes posts that are refused
as duplicates unreadable. A video whose bytes do not begin like an MP4, and a picture that
cannot be read, end as ``PROCESSING_FAILED``. Equal posts of an author are refused for 24
hours. Days end at 00:00 UTC (buckets of ``/_sandbox/limits``: ``member, app``).
"""

from __future__ import annotations

from app.sandbox.linkedin import comments, media, numbers, oauth, people, posts
from app.sandbox.linkedin.words import ROOM, bp

__all__ = ["ROOM", "bp", "comments", "media", "numbers", "oauth", "people", "posts"]
