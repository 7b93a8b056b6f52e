"""Bluesky as it is played here: one server for accounts, posts and sign-in (/bluesky), the
application view that counts and shows them, the video service (/bluesky/video, video.py) and
the directory of identities (/plc).

Accounts: ``<name>`` of letters and digits is the handle ``<name>.bsky.social``; a name with
dots is a handle of its own. ``sandbox-<name>`` is its app password.
"""

from app.sandbox.bluesky import appview, directory, oauth, repo, session, video
from app.sandbox.bluesky.words import ROOM, bp

__all__ = ["ROOM", "appview", "bp", "directory", "oauth", "repo", "session", "video"]
