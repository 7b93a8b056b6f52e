"""The flight check on pages: the light of a card, the findings of a post, and the same as JSON."""

from __future__ import annotations

import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from app.clock import now
from app.models.posts import HoldReason, TargetState
from app.sandbox.store import Store
from app.services import flight_checks
from tests.factories import make_account, make_post, make_profile
from tests.playing import sandbox  # noqa: F401
from tests.web.desk import HX, desk, stored  # noqa: F401

SOON = timedelta(hours=3)
FOUND = {"code": "content_text", "message": "X takes 280 characters.", "fix": "edit"}
LINK = {"code": "link", "message": "The link https://a.example is gone (410).", "fix": "edit"}


@pytest.fixture(autouse=True)
def play(sandbox: Store) -> Store:  # noqa: F811
    flight_checks.forget_links()
    return sandbox


def looked(desk: SimpleNamespace, light: str, *found: dict[str, str], **more: Any) -> str:  # noqa: F811
    """A post on X that has been looked at; its address."""
    target = {"flight_light": light, "flight": list(found), "flight_at": now()} | more
    post = make_post(
        desk.brand, "Bells", [desk.accounts["twitter"]], at=now() + SOON, target=target
    )
    return f"{desk.base}/posts/{post.id}"


def test_the_post_page_says_what_would_stop_it_and_offers_the_fix(desk: SimpleNamespace) -> None:  # noqa: F811
    page = desk.browser.get(looked(desk, "red", FOUND, LINK)).text
    card = page[page.index('id="flight"') :]
    assert "Would not go out as it is" in card and FOUND["message"] in card
    assert LINK["message"] in card and "Change the post" in card


def test_all_in_order_is_said_and_nothing_where_nothing_is_to_go_out(
    desk: SimpleNamespace,  # noqa: F811
) -> None:
    assert "All in order" in desk.browser.get(looked(desk, "green")).text
    gone = looked(desk, "green", state=TargetState.PUBLISHED)
    assert "Flight check" not in desk.browser.get(gone).text


def test_what_has_not_been_looked_at_asks_again_until_it_has(desk: SimpleNamespace) -> None:  # noqa: F811
    post = make_post(desk.brand, "Bells", [desk.accounts["twitter"]], at=now() + SOON)
    where = f"{desk.base}/posts/{post.id}"
    page = desk.browser.get(where).text
    assert f'hx-get="{where}/flight"' in page and "Not looked at yet" in page
    part = desk.browser.post(f"{where}/flight", headers=HX)
    assert part.status_code == 200 and part.text.strip().startswith('<section class="card flight"')
    assert "hx-trigger" not in part.text
    assert stored(post.id).targets[0].flight_at is not None


def test_without_scripts_the_button_leads_back_to_the_post(desk: SimpleNamespace) -> None:  # noqa: F811
    where = looked(desk, "green")
    answer = desk.browser.post(f"{where}/flight")
    assert answer.status_code == 303 and answer.headers["location"].endswith(where)


def test_the_same_is_told_as_json(desk: SimpleNamespace) -> None:  # noqa: F811
    told = desk.browser.get(f"{looked(desk, 'amber', LINK)}/flight-check")
    assert told.headers["content-type"] == "application/json"
    body = told.json
    assert (body["light"], body["targets"][0]["findings"]) == ("amber", [LINK])
    assert body["checked_at"] == body["targets"][0]["checked_at"] and body["checked_at"]
    held = looked(desk, "green", hold_reason=HoldReason.PAUSED)
    assert desk.browser.get(f"{held}/flight-check").json["light"] == "red"


def test_a_post_of_another_brand_tells_nothing(desk: SimpleNamespace) -> None:  # noqa: F811
    other = make_profile()
    post = make_post(other, "Bells", [make_account(other)], at=now() + SOON)
    own = make_profile(desk.maya, "Larkfield")
    mine = make_post(own, "Bells", [make_account(own)], at=now() + SOON)
    for one in (post.id, mine.id):
        for way in ("flight-check", "flight"):
            answer = desk.browser.get(f"{desk.base}/posts/{one}/{way}", headers=HX)
            assert answer.status_code == 404
        assert desk.browser.post(f"{desk.base}/posts/{one}/flight", headers=HX).status_code == 404


@pytest.mark.parametrize(
    ("light", "words"),
    [("red", "would not go out as it is"), ("amber", "worth a look"), ("green", "")],
)
def test_cards_and_lines_of_the_calendar_carry_the_light(
    desk: SimpleNamespace,  # noqa: F811
    light: str,
    words: str,
) -> None:
    looked(desk, light, *([FOUND] if light == "red" else []))
    month = (now() + SOON).astimezone(desk.brand.zone)
    chip = re.search(
        r'<a class="chip".*?</a>',
        desk.browser.get(f"{desk.base}/calendar/month/{month:%Y-%m}").text, re.S,
    )  # fmt: skip
    assert chip and f'data-light="{light}"' in chip[0] and words in chip[0]
    for view in (f"list/{month:%Y-%m}", f"day/{month:%Y-%m-%d}"):
        page = desk.browser.get(f"{desk.base}/calendar/{view}").text
        assert f'class="light" data-light="{light}"' in page, view


def test_a_held_card_has_no_light_of_its_own(desk: SimpleNamespace) -> None:  # noqa: F811
    looked(desk, "green", hold_reason=HoldReason.RECONNECT)
    month = (now() + SOON).astimezone(desk.brand.zone)
    assert "data-light" not in desk.browser.get(f"{desk.base}/calendar/month/{month:%Y-%m}").text
