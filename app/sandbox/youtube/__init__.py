"""YouTube as it is played here: Google's OAuth 2 and the Data API v3, as its documents say.

Paths are Google's own under one roof: ``/o/oauth2/v2/auth``, ``/token``, ``/revoke``,
``/youtube/v3/…``, ``/upload/youtube/v3/…`` (and ``/resumable/upload/…``).

Ours alone: any redirect address is taken as registered; every handle has a channel; a video
is "processed" for half a second; an ordered 429 says when to come back, which Google does not.

Videos that are taken and then fail:
- a file that begins like no video: ``failed``, ``invalidFile``;
- a title with ``[failed:codec]``, or any other ``failureReason``;
- a title with ``[rejected:copyright]``, or any other ``rejectionReason``;
- the fault ``duplicate`` on ``publish``: ``rejected``, ``duplicate``;
- the fault ``processing`` on ``publish``: processed never; on ``lookup``: not yet.

``POST /_sandbox/accounts`` extras: ``channel`` (false: none), ``longUploads`` (as
``longUploadsStatus``), ``verified`` (false: no thumbnails), ``audited`` (false: everything
stays private), ``hidden`` (names of statistics not shown), ``unticked`` (scopes that are not
given at the next consent). Limits, lifted for handles that begin with ``bench`` and by
``/_sandbox/limits``: buckets ``insert`` (100 a day), ``units`` (10,000 a day) and
``channel`` (uploads of a channel a day). They are the project's: all handles share them,
``channel`` excepted.
"""

from __future__ import annotations

from app.sandbox.youtube import comments, oauth, reads, thumbnails, uploads
from app.sandbox.youtube.desk import ROOM, bp

__all__ = ["ROOM", "bp", "comments", "oauth", "reads", "thumbnails", "uploads"]
