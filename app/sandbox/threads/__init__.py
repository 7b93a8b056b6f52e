"""Threads as it is played here: Meta's Threads API v1.0 (containers, then publishing).

Ours alone: any redirect address is taken as registered, and plain http is let through for
loopback; every handle exists. Pictures and videos are really fetched from ``image_url`` and
``video_url``. A text container is ready after 0.3 s, a picture after 0.5 s, a video after 1 s
(the field ``status`` says so). A container that ends badly: bytes that are no video, a
``video_url`` that does not answer, or a word of Meta's list (``INVALID_DURATION`` …) in the
description (``alt_text``) of a file.

``POST /_sandbox/accounts`` sets in ``extras``: ``container_error`` (every new container of the
account ends in ERROR with that word), ``processing_seconds`` (of every container),
``quota_total``, ``reply_quota_total``, ``delete_quota_total`` (250, 1,000 and 100 in 24 hours),
``fresh_seconds`` (how long a new post is unknown to replies), ``listing_seconds`` (how long it is
missing in ``/me/threads`` and ``/me/replies``), ``restricted`` (nothing can be published).
Quotas are lifted for handles that begin with ``bench``; calls a day by ``/_sandbox/limits``,
bucket ``calls``. Fault ``processing``: a new container takes 3 s more, a status says
``IN_PROGRESS``, publishing does not find the container.
"""

from __future__ import annotations

from app.sandbox.threads import containers, oauth, publish, reads
from app.sandbox.threads.desk import ROOM, bp

__all__ = ["ROOM", "bp", "containers", "oauth", "publish", "reads"]
