"""A desk to write at: a person, a brand, three accounts, and what the composer sends.

``from tests.web.desk import desk`` in a test module gives the fixture.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import func, select

from app.clock import now
from app.extensions import db
from app.models.posts import Post
from tests.conftest import Browser
from tests.factories import make_account, make_post, make_profile, make_user

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


def begun(desk: SimpleNamespace, query: str = "") -> tuple[str, dict[str, str]]:
    page = desk.browser.get(f"{desk.base}/compose{query}").text
    here = re.search(r'hx-patch="([^"]+)"', page)
    new = re.search(r'name="new" value="([^"]+)"', page)
    assert here and new
    return here[1], {"new": new[1]}


def save(desk: SimpleNamespace, post: Post, **fields: Any) -> Any:
    text = fields.pop("text", "Hello")
    return desk.browser.patch(
        f"{desk.base}/drafts/{post.id}", data=form(desk, post.rev, text, **fields), headers=HX
    )
