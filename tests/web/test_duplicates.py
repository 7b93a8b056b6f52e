"""The composer's brass checks: the same words, and two posts too close."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine

from app.clock import now
from app.models.posts import Post, TargetState
from app.models.recurring import Pattern
from app.services import recurring
from tests.factories import actor_of, make_account, make_post, make_profile
from tests.web.desk import at, desk, form, opened, save, stored

__all__ = ["desk"]

TEXT = "The new roast is in: come by on Friday from eight."


@pytest.fixture(autouse=True)
def wednesday() -> Iterator[None]:
    """It is Wednesday noon in London, far from any change of its clocks."""
    with time_machine.travel("2027-05-12T11:00:00Z", tick=False):
        yield


def checks(answer: Any) -> str:
    return str(answer.text.split('id="checks"')[1].split("</section>")[0])


def planned(desk: SimpleNamespace, text: str, hours: float, **more: Any) -> Post:
    # On the whole minute, as the form's fields say a time.
    moment = (now() + timedelta(hours=hours)).replace(second=0, microsecond=0)
    return make_post(desk.brand, text, [desk.accounts["mastodon"]], at=moment, **more)


def test_a_twin_is_shown_with_its_page_and_once_let_pass_not_again(desk: SimpleNamespace) -> None:
    gone = planned(desk, TEXT, -50, state=TargetState.PUBLISHED)
    post = opened(desk)
    said = checks(save(desk, post, text=TEXT))
    assert "<b>Mastodon</b> got the same text on" in said
    assert f"{desk.base}/posts/{gone.id}" in said and "Change the text" in said
    post = stored(post.id)
    said = checks(save(desk, post, text=TEXT, go=f"allow:{gone.id}"))
    assert "the same text" not in said
    assert stored(post.id).accepted == [str(gone.id)]
    assert "the same text" not in checks(desk.browser.get(f"{desk.base}/drafts/{post.id}"))


def test_a_close_post_offers_a_time_that_is_free(desk: SimpleNamespace) -> None:
    planned(desk, "Something else", 30.2)
    post = opened(desk)
    said = checks(save(desk, post, text=TEXT, **at(desk, 30)))
    assert "has another post 12 minutes later" in said
    go = said.split('value="at:')[1].split('"')[0]
    said = checks(save(desk, stored(post.id), text=TEXT, go=f"at:{go}"))
    assert "another post" not in said


def test_without_a_time_nothing_is_close_and_nothing_of_another_brand_is_told(
    desk: SimpleNamespace,
) -> None:
    planned(desk, "Something else", 0.2)
    other = make_profile(desk.maya, "Larkfield")
    make_post(other, TEXT, [make_account(other, "mastodon")], at=now() + timedelta(hours=2))
    said = checks(save(desk, opened(desk), text=TEXT))
    assert "another post" not in said and "same text" not in said


def test_a_twin_stops_nobody(desk: SimpleNamespace) -> None:
    planned(desk, TEXT, -50, state=TargetState.PUBLISHED)
    post = opened(desk)
    save(desk, post, text=TEXT, **at(desk, 5))
    sent = form(desk, stored(post.id).rev, TEXT, **at(desk, 5))
    desk.browser.post(f"{desk.base}/drafts/{post.id}/schedule", data=sent)
    assert stored(post.id).armed


def test_a_series_page_tells_of_its_words_elsewhere(desk: SimpleNamespace) -> None:
    twin = planned(desk, TEXT, 30)
    row = recurring.create(
        actor_of(desk.maya), desk.brand_id,
        recurring.Changes(name="Roast", content=TEXT, platforms=["mastodon"],
                          pattern=Pattern.DAILY, time_of_day="09:00:00"),
    )  # fmt: skip
    said = desk.browser.get(f"{desk.base}/recurring/{row.id}").text
    assert "Mastodon gets the same text on" in said and f"/posts/{twin.id}" in said
