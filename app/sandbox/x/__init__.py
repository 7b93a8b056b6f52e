"""X as it is played here: OAuth 2 with PKCE and the API v2, as its documents say.

Ours alone: any redirect address is taken as registered; every handle exists; a text counts
as duplicate for 24 hours unless its post was deleted; video is "encoded" for half a second.
Limits are X's own, lifted for handles that begin with ``bench`` and by ``/_sandbox/limits``
(buckets: ``create, create-day, delete, upload, append, status, metadata, me, posts, timeline``).
``subscription_type`` of an account is set by ``POST /_sandbox/accounts``.
"""

from __future__ import annotations

from app.sandbox.x import media, oauth, posts, reads
from app.sandbox.x.desk import ROOM, bp

__all__ = ["ROOM", "bp", "media", "oauth", "posts", "reads"]
