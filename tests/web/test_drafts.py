"""Drafts and the composer through its pages (DESIGN §6.4), with and without htmx."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, select

from app.clock import now
from app.extensions import db
from app.models.accounts import AccountStatus
from app.models.media import Media
from app.models.posts import Post, PostTarget, TargetState
from tests.conftest import Browser
from tests.factories import make_account, make_media, make_post, make_profile, make_user

HX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def desk(app: Any, signed_in: Callable[..., Browser]) -> SimpleNamespace:
    """Maya at her brand with an account on each of the three networks."""
    maya = make_user()
    brand = make_profile(maya)
    accounts = {n: make_account(brand, n) for n in ("twitter", "mastodon", "bluesky")}
    return SimpleNamespace(
        maya=maya, brand=brand, base=f"/p/{brand.slug}", browser=signed_in(maya),
        accounts=accounts, ids=[str(a.id) for a in accounts.values()], brand_id=brand.id,
    )  # fmt: skip


def opened(desk: SimpleNamespace, **columns: Any) -> Post:
    """A stored draft to all three."""
    return make_post(desk.brand, columns.pop("text", ""), list(desk.accounts.values()), **columns)


def form(desk: SimpleNamespace, rev: int, text: str | list[str], **fields: Any) -> dict[str, Any]:
    """What the composer sends."""
    return {
        "rev": str(rev), "accounts": "1", "options": "1", "tab": "", "text": text,
        "account": desk.ids,
    } | fields  # fmt: skip


def at(desk: SimpleNamespace, hours: float) -> dict[str, str]:
    local = (now() + timedelta(hours=hours)).astimezone(desk.brand.zone)
    return {"date": f"{local:%Y-%m-%d}", "time": f"{local:%H:%M}"}


def stored(post_id: Any) -> Post:
    db.session.rollback()
    db.session.expire_all()
    found = db.session.get(Post, post_id)
    assert found is not None
    return found


def count(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


# Beginning ----------------------------------------------------------------------------------------


def test_looking_at_an_empty_composer_stores_nothing(desk: SimpleNamespace) -> None:
    page = desk.browser.get(f"{desk.base}/compose")
    assert page.status_code == 200 and 'id="composer"' in page.text
    assert "Not saved yet" in page.text
    assert count(Post) == 0


def begun(desk: SimpleNamespace, query: str = "") -> tuple[str, dict[str, str]]:
    page = desk.browser.get(f"{desk.base}/compose{query}").text
    here = re.search(r'hx-patch="([^"]+)"', page)
    new = re.search(r'name="new" value="([^"]+)"', page)
    assert here and new
    return here[1], {"new": new[1]}


def test_the_first_thing_typed_makes_the_draft_under_the_address_it_has(
    desk: SimpleNamespace,
) -> None:
    here, new = begun(desk)
    answer = desk.browser.patch(here, data=form(desk, 0, "Hello", **new), headers=HX)
    assert answer.status_code == 200 and answer.headers["HX-Replace-Url"] == here
    assert "Saved " in answer.text and 'name="rev" value="2"' in answer.text
    post = db.session.scalars(select(Post)).one()
    assert here.endswith(str(post.id)) and post.parts == ["Hello"]
    assert desk.browser.get(here).status_code == 200


def test_without_scripts_the_save_button_makes_it_and_goes_there(desk: SimpleNamespace) -> None:
    here, new = begun(desk, "?at=2031-05-14T12:30")
    answer = desk.browser.post(
        here, data=form(desk, 0, "Hello", **new, date="2031-05-14", time="12:30")
    )
    assert answer.status_code == 303 and answer.location == here
    post = db.session.scalars(select(Post)).one()
    assert post.due_at == datetime(2031, 5, 14, 11, 30, tzinfo=UTC)


def test_the_new_draft_comes_with_the_time_asked_for(desk: SimpleNamespace) -> None:
    page = desk.browser.get(f"{desk.base}/compose?at=2031-05-14T12:30").text
    assert 'value="2031-05-14"' in page and 'value="12:30"' in page
    assert "London time (BST)" in page
    answer = desk.browser.get(f"{desk.base}/compose?at=tomorrow")
    assert answer.status_code == 400 and "Write the time as" in answer.text


def test_no_id_but_one_given_out_can_become_a_draft(desk: SimpleNamespace) -> None:
    here, new = begun(desk)
    other = here[:-4] + ("0000" if not here.endswith("0000") else "1111")
    answer = desk.browser.patch(other, data=form(desk, 0, "Hello", **new), headers=HX)
    assert answer.status_code == 404 and count(Post) == 0


def test_the_button_of_the_shell_makes_a_draft_by_post(desk: SimpleNamespace) -> None:
    answer = desk.browser.post(f"{desk.base}/drafts", data={"at": "2031-01-02T09:00"})
    post = db.session.scalars(select(Post)).one()
    assert answer.location == f"{desk.base}/drafts/{post.id}"
    assert {t.account_id for t in post.targets} == {a.id for a in desk.accounts.values()}
