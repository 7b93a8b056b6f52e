"""The Oktopost seed (002), walked in its order: ``curl -u ACCOUNT_ID:API_KEY``."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from app import ids
from app.extensions import db
from app.models.integrations import Cname
from app.models.profiles import Profile
from app.sandbox.store import Store
from tests.api.asking import Api
from tests.api.seeds.shape import alike
from tests.factories import make_account

PATH = "/v2/integration"
SHORT = {"Id": "014000000000001", "Type": "facebook", "Status": "valid", "State": "active"}
WHOLE: dict[str, Any] = SHORT | {
    "Created": "2016-12-18 12:47:58", "Modified": "2017-05-21 11:02:55",
    "AccountId": "001000000000001", "Version": 1, "CnameId": None, "SettingsData": {},
}  # fmt: skip


@pytest.fixture
def api(amplify: Api, brand: Profile) -> Any:
    """Asks with Basic auth and forms, as the seed's curl does."""
    user = ids.oktopost("001", brand.number)
    sent = base64.b64encode(f"{user}:{amplify.key}".encode()).decode()
    bare = Api(amplify.browser)

    def ask(method: str, path: str, status: int = 200, **form: str) -> Any:
        headers = {"Authorization": f"Basic {sent}"}
        return bare.ask(method, path, status=status, headers=headers, data=form or None)

    return ask


def test_an_integration_from_connecting_to_deleting(api: Any, play: Store, brand: Profile) -> None:
    make_account(brand, "facebook", "smith", name="John Smith")
    row = Cname(number=7, profile_id=brand.id, domain="go.example.org")
    db.session.add(row)
    db.session.commit()
    cname = ids.oktopost("0CN", 7)
    unknown = api("POST", PATH, 400, cnameId="0CN000000000000", type="cd")
    assert (unknown["Result"], unknown["field"]) == (False, "cnameId")
    made = api("POST", PATH, cnameId=cname, type="facebook")
    alike(made, {"Result": True, "Integration": SHORT})
    one = made["Integration"]["Id"]

    listed = api("GET", f"{PATH}?type=facebook&_page=0&_count=25")
    alike(listed, {"Result": True, "Items": [WHOLE], "Total": 1})
    [item] = listed["Items"]
    assert (item["Id"], item["CnameId"], item["Version"]) == (one, cname, 1)
    assert api("GET", f"{PATH}?type=ga")["Total"] == 0
    found = api("GET", f"{PATH}/{one}?withAssets=1")
    alike(found, {"Result": True, "Integration": WHOLE | {"Assets": {
        "Credentials": [{
            "Id": "003000000000001", "Name": "John Smith's LinkedIn", "DisplayName": "John Smith",
            "Status": "valid", "Network": "LinkedIn",
        }],
        "Boards": [],
    }}})  # fmt: skip
    assert found["Integration"]["Assets"]["Credentials"][0]["Name"] == "John Smith's Facebook"

    assert api("POST", f"{PATH}/{one}", state="disabled") == {"Result": True}
    told = api("GET", f"{PATH}/{one}")["Integration"]
    assert told["State"] == "disabled" and "Assets" not in told
    assert api("POST", f"{PATH}/{one}", 400, state="paused")["field"] == "state"
    assert api("DELETE", f"{PATH}/{one}") == {"Result": True}
    gone = api("GET", f"{PATH}/{one}", 404)
    assert gone["Result"] is False and gone["message"]
