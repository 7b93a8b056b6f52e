"""TikTok as it is played here: Login Kit and the Content Posting API v2, as its documents say.

Ours alone: any redirect address without a query is taken as registered (a loopback one needs
PKCE, with the challenge in hex); every handle exists; a post is "processed" for half a second
and its public id follows half a second later; pictures are fetched while ``init`` is answered,
from https, or from this machine, and no host is unverified unless it begins ``unverified.``.

``POST /_sandbox/accounts`` sets, in ``extras``: ``private``, ``comment_disabled``,
``duet_disabled``, ``stitch_disabled``, ``max_video_post_duration_sec``; ``unaudited`` (the app
is one before its audit, for this account); ``refuse`` (an error code such as
``spam_risk_too_many_posts`` that every attempt to post meets); ``grants`` (the scopes the person
ticks, with commas); ``processing_s`` and ``moderation_s`` (seconds).

A post fails while it is processed when its text has ``fail:`` and a reason
(``fail:frame_rate_check_failed``), when its file is not what it should be, or when a picture
cannot be fetched. The fault ``processing`` at ``publish`` accepts a post that never ends.

Operations: ``upload`` is a video's init and its pieces but the last, ``publish`` the last piece
and the init of pictures, ``lookup`` the status and the list of posts, ``account`` user and
creator info, ``metrics`` the query of posts. Buckets of ``/_sandbox/limits``: ``init, posts-day,
creator, status, read``; lifted for handles that begin with ``bench``.
"""

from __future__ import annotations

from app.sandbox.tiktok import oauth, photos, reads, videos
from app.sandbox.tiktok.desk import ROOM, bp

__all__ = ["ROOM", "bp", "oauth", "photos", "reads", "videos"]
