"""Google Analytics 4, by the Measurement Protocol.

Its validation server says whether an event would be taken. It does not say whether the secret is
the stream's: Google tells nobody.
"""

from __future__ import annotations

from collections.abc import Mapping

import httpx2 as httpx

from app.config import Config
from app.integrations.remote import Refused, ask

TITLE = "Google Analytics"


def check(http: httpx.Client, config: Config, settings: Mapping[str, str]) -> None:
    """Ask whether events with these keys would be taken. Raises ``RemoteError``."""
    answer = ask(
        http, "POST", f"{config.GOOGLE_ANALYTICS_API_URL}/debug/mp/collect", title=TITLE,
        params={"measurement_id": settings["measurement_id"], "api_secret": settings["api_secret"]},
        json={"client_id": "carillon.check", "events": [{"name": "carillon_check", "params": {}}]},
    )  # fmt: skip
    said = answer.mapping().get("validationMessages")
    if answer.status != 200 or not isinstance(said, list):
        raise Refused(f"{TITLE} does not accept the measurement id and API secret.")
    if said:
        first = said[0].get("description") if isinstance(said[0], dict) else ""
        raise Refused(f"{TITLE} says: {str(first)[:200]}")
