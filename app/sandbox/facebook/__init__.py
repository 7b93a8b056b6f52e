"""Facebook as it is played here: Login and Pages of the Graph API, as its documents say.

Ours alone: any redirect address is taken as registered; every version is answered alike;
a person ``alice`` manages one Page ``alice``, or the handles in her account's
``extras["pages"]``. ``extras`` of a Page: ``tasks`` (what its people may do there),
``business`` (``owned`` or ``client``: listed with the business alone), ``username``. ``declined``
of a person are the scopes they untick. All are set by ``POST /_sandbox/accounts``.

Refusals on order: a text with ``meta-error:368/4854002`` gets that code and subcode; a link to
a host beginning with ``unreachable`` cannot be scraped. A video whose bytes do not begin like
an MP4, or a Reel that lasts not 3 to 90 seconds, is taken, processed and then refused; the
fault ``processing`` at ``publish`` makes one that is never done. Processing takes half a second.
Limits: ``/_sandbox/limits`` with the buckets ``calls`` and ``reels``.
"""

from __future__ import annotations

from app.sandbox.facebook import comments, login, pages, posts, reads, uploads, videos
from app.sandbox.facebook.desk import ROOM, bp

__all__ = ["ROOM", "bp", "comments", "login", "pages", "posts", "reads", "uploads", "videos"]
