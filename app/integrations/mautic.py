"""Mautic, anybody's own: OAuth 2 client credentials, then its REST API."""

from __future__ import annotations

from collections.abc import Mapping

import httpx2 as httpx

from app.config import Config
from app.integrations.remote import Away, Refused, ask

TITLE = "Mautic"


def check(http: httpx.Client, config: Config, settings: Mapping[str, str]) -> None:
    """Get a token and read one contact with it. Raises ``RemoteError``."""
    token = access(http, settings)
    answer = ask(
        http, "GET", f"{settings['base_url']}/api/contacts", title=TITLE,
        params={"limit": "1", "minimal": "1"}, headers={"Authorization": f"Bearer {token}"},
    )  # fmt: skip
    if answer.status in (401, 403):
        raise Refused(f"{TITLE} does not let these keys read contacts. Is its API switched on?")
    if answer.status != 200:
        raise Away(f"{TITLE} gave an unexpected answer ({answer.status}).")


def access(http: httpx.Client, settings: Mapping[str, str]) -> str:
    """A token for the API. Raises ``RemoteError``."""
    answer = ask(
        http, "POST", f"{settings['base_url']}/oauth/v2/token", title=TITLE,
        data={
            "grant_type": "client_credentials", "client_id": settings["client_id"],
            "client_secret": settings["client_secret"],
        },
    )  # fmt: skip
    found = answer.mapping().get("access_token")
    if answer.status == 200 and isinstance(found, str) and found:
        return found
    if answer.status in (400, 401, 403):
        raise Refused(f"{TITLE} does not accept the client id and secret.")
    raise Refused(f"There is no {TITLE} at that address ({answer.status}).")
