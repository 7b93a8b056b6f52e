"""An agent that repeats itself."""

from __future__ import annotations

from datetime import timedelta

from app.clock import now
from app.extensions import db
from app.models.profiles import Profile
from tests.api.mcp.conftest import Line
from tests.factories import make_account, make_post

TEXT = "The new roast is in: come by on Friday from eight."


def test_an_agent_is_told_and_where_the_brand_says_so_refused(line: Line, brand: Profile) -> None:
    account = make_account(brand, "mastodon")
    twin = make_post(brand, TEXT, [account], at=now() + timedelta(days=1))
    sent = {"text": TEXT, "platforms": ["mastodon"]}
    told = line.call("validate_post", **sent)["accounts"][0]["duplicates"]
    assert [one["postId"] for one in told] == [str(twin.id)]
    brand.duplicates_refused = True
    db.session.commit()
    at = (now() + timedelta(days=2)).isoformat()
    refused = line.refused("create_post", **sent, scheduledFor=at)
    assert refused["code"] == "DUPLICATE_CONTENT"
    line.call("create_post", **sent, scheduledFor=at, allowDuplicate=True)
