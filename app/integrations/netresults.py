"""NetResults: JSON-RPC with an API user's name and password."""

from __future__ import annotations

from collections.abc import Mapping

import httpx2 as httpx

from app.config import Config
from app.integrations.remote import Away, Refused, ask

TITLE = "NetResults"


def check(http: httpx.Client, config: Config, settings: Mapping[str, str]) -> None:
    """Read one contact. Raises ``RemoteError``."""
    asked = {"offset": 0, "limit": 1, "order_by": "contact_id", "order_dir": "ASC"}
    answer = ask(
        http, "POST", f"{config.NETRESULTS_API_URL}/rpc/server.php/Controller/Contact",
        title=TITLE, auth=(settings["username"], settings["password"]),
        json={"jsonrpc": "2.0", "id": 1, "method": "getMultiple", "params": asked},
    )  # fmt: skip
    if answer.status in (401, 403):
        raise Refused(f"{TITLE} does not accept the user name and password.")
    found = answer.mapping()
    if answer.status != 200 or "result" not in found or found.get("error"):
        raise Away(f"{TITLE} gave an unexpected answer ({answer.status}).")
