"""Pinterest as it is played here: OAuth with rotating refresh tokens, and the API v5.

Ours alone: any redirect address is taken as registered; every handle exists and begins with
three boards, of which "Launches" has two sections and "Plans" is secret; video is "encoded"
for half a second; ``image_url`` reaches nothing but this sandbox's own ``/_sandbox/media/``.
Limits: buckets ``read, write, analytics`` a minute, lifted for handles that begin with
``bench`` and by ``/_sandbox/limits``.

Set by ``POST /_sandbox/accounts`` with ``extras``: ``account_type`` (``PINNER`` has no
analytics), ``trial`` (true: 1000 calls a day), ``media`` (``failed``: videos end as failed, as
do files that are no MP4 or MOV at all). The fault ``processing`` at ``upload``: a file that is
registered or sent meanwhile is never ready, and a look at any file says "processing"; the
fault ``duplicate`` at ``publish`` is the 429 of the spam filter, since Pinterest takes repeats.
"""

from __future__ import annotations

from app.sandbox.pinterest import analytics, boards, media, oauth, pins, reads
from app.sandbox.pinterest.desk import ROOM, bp

__all__ = ["ROOM", "analytics", "boards", "bp", "media", "oauth", "pins", "reads"]
