"""Instagram as it is played here: both logins and the Content Publishing API.

Way B (Instagram login) and way A (Facebook login with its dialog, Pages and tokens) share the
paths of the API; a token knows which login gave it. With way A every handle has a Page that
is linked to its account.

Ours alone: every handle exists and is professional; any redirect address is taken as
registered; pictures are really fetched, from this machine or a public address, without
redirects; a video is "encoded" for a fifth of a second. Processing that fails: a caption with
``fails-<subcode>`` (``fails-2207026``), or ``POST /_sandbox/accounts`` with extras
``{"fails": {"subcode": 2207053, "times": 1}}`` (with ``"kind": "VIDEO"`` for containers of
that media type alone). The fault ``processing`` on ``upload`` makes a
container that stays in progress (for ``delay_ms``, or for ever).

Extras of an account: ``account_type`` (``PERSONAL`` is refused), ``quota_total`` (100),
``pages`` (how many Pages way A lists, the linked one first), ``page_size``, ``tasks``,
``hidden_comments`` (the comment list is empty). Buckets of ``/_sandbox/limits``:
``publish, containers, calls``. Operations: creating and filling a container is ``upload``,
its status and lists are ``lookup``, comments are ``publish``.
"""

from __future__ import annotations

from app.sandbox.instagram import containers, facebook_login, login, media, publish
from app.sandbox.instagram.desk import ROOM, bp

__all__ = ["ROOM", "bp", "containers", "facebook_login", "login", "media", "publish"]
