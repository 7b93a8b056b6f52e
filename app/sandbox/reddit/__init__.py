"""Reddit as it is played here: OAuth 2, posts, galleries, uploads, comments and listings.

Ours alone: any redirect address is taken as registered; every handle exists, and so does
every subreddit whose name can be one, but for those that begin with ``nosuch``. Rules of
some are in ``places.py`` (``strict``, ``flaired``, ``textonly``, ``linksonly``, ``nogallery``,
``closed``); others are written into the table ``reddit.subreddits``. Addresses of websockets
are given as Reddit gives them, and nobody listens there.

Posts with a picture or a video appear half a second after they were accepted. The account's
extras (``POST /_sandbox/accounts``) change that: ``"processing": 5`` is seconds, and
``"processing": "fail"`` lets Reddit accept what never appears, as the fault ``processing`` of
``publish`` does; so does a file that cannot be opened. A post with ``[removeme]`` in it is
removed at once by AutoModerator. ``"is_suspended": true`` suspends; ``"subscriber"``,
``"moderator"`` and ``"contributor"`` are lists of subreddits.

Limits are Reddit's, lifted for handles that begin with ``bench`` and by ``/_sandbox/limits``:
``calls`` (1,000 in ten minutes, counted for the client id: account ``*``) answers 429,
``submit`` (by account) answers ``RATELIMIT`` in a 200.
"""

from __future__ import annotations

from app.sandbox.reddit import comments, listings, media, oauth, pages, people, posts
from app.sandbox.reddit.desk import ROOM, bp

__all__ = ["ROOM", "bp", "comments", "listings", "media", "oauth", "pages", "people", "posts"]
