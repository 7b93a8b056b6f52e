"""Pardot (Salesforce Account Engagement), API 5.

Its tokens are Salesforce's, by client credentials at the company's own login address; every call
names the business unit.
"""

from __future__ import annotations

from collections.abc import Mapping

import httpx2 as httpx

from app.config import Config
from app.integrations.remote import Away, Refused, ask

TITLE = "Pardot"
UNIT = "Pardot-Business-Unit-Id"


def check(http: httpx.Client, config: Config, settings: Mapping[str, str]) -> None:
    """Get a token and read one prospect with it. Raises ``RemoteError``."""
    answer = ask(
        http, "POST", f"{settings['login_url']}/services/oauth2/token", title="Salesforce",
        data={
            "grant_type": "client_credentials", "client_id": settings["client_id"],
            "client_secret": settings["client_secret"],
        },
    )  # fmt: skip
    token = answer.mapping().get("access_token")
    if answer.status != 200 or not isinstance(token, str) or not token:
        raise Refused("Salesforce does not accept the client id and secret at that login address.")
    headers = {"Authorization": f"Bearer {token}", UNIT: settings["business_unit_id"]}
    answer = ask(
        http, "GET", f"{config.PARDOT_API_URL}/api/v5/objects/prospects", title=TITLE,
        params={"fields": "id", "limit": "1"}, headers=headers,
    )  # fmt: skip
    if answer.status in (400, 401, 403):
        raise Refused(f"{TITLE} does not let these keys read that business unit.")
    if answer.status != 200:
        raise Away(f"{TITLE} gave an unexpected answer ({answer.status}).")
