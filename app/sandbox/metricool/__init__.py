"""Metricool as it is played here: brands, media, scheduled posts and their fate, numbers.

The header ``X-Mc-Auth: sandbox-<handle>`` is a token of somebody who has two brands that all
share and one of their own; ``userId`` has to be a number, and any number is taken. The second
shared brand has X, LinkedIn and Instagram alone. ``GET /_sandbox/metricool/blogs`` lists the
brands (``?handle=`` with that person's own), ``POST /_sandbox/metricool/due`` lets the time of
every waiting post come at once; else a post goes out when its time has come and anybody asks
this sandbox anything. It is then in the feed, once for each network.

A provider ends as ``ERROR`` where its network is not connected, the text is too long for it
or a file cannot be had; where ``POST /_sandbox/accounts`` set ``extras`` to ``{"fails":
{"<network>": "<detailed status>"}}``; and by the fault ``duplicate`` at ``publish``. The fault
``processing`` at ``publish`` leaves a post ``PENDING`` for ever. ``extras`` with ``plan`` set to
``free`` is a plan without the API (403). Providers given as strings are taken, and nothing
comes of them. Calls: bucket ``calls``, 300 a minute.
"""

from __future__ import annotations

from app.sandbox.metricool import brands, media, numbers, posts, publish
from app.sandbox.metricool.desk import ROOM, bp

__all__ = ["ROOM", "bp", "brands", "media", "numbers", "posts", "publish"]
