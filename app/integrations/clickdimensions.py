"""ClickDimensions: its collector takes visits and clicks by account key.

It tells nobody whether an account key exists: what can be checked is the key's form, and that
the collector is there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import httpx2 as httpx

from app.config import Config
from app.integrations.remote import Away, Refused, ask

TITLE = "ClickDimensions"
KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")


def check(http: httpx.Client, config: Config, settings: Mapping[str, str]) -> None:
    """Look at the key, and whether the collector's script is there. Raises ``RemoteError``."""
    if not KEY.fullmatch(settings["account_key"]):
        raise Refused(f"This is no account key of {TITLE}: copy it from the tracking script.")
    answer = ask(http, "GET", f"{config.CLICKDIMENSIONS_API_URL}/ts.js", title=TITLE)
    if answer.status != 200:
        raise Away(f"{TITLE} gave an unexpected answer ({answer.status}).")
