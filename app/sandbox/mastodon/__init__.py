"""Mastodon as it is played here: one instance (networks/mastodon.md).

``server`` what it is and its limits · ``words`` how it says no · ``auth`` apps, consent,
tokens · ``media`` files · ``statuses`` posts · ``html`` a text as it counts and shows it ·
``shapes`` its JSON.
"""

from app.sandbox.mastodon import accounts, auth, media, server, statuses
from app.sandbox.mastodon.desk import ROOM, bp

__all__ = ["ROOM", "accounts", "auth", "bp", "media", "server", "statuses"]
