"""The Developer page: keys made, shown once, held back, ended; and what they have used."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.clock import now
from app.extensions import db
from app.models.events import AuditEvent
from app.models.keys import ApiKey, KeyKind, KeyMode
from app.models.people import User, UserSession
from app.models.profiles import Profile
from app.permissions import Role
from app.services import keys, seat_belt
from app.services.seat_belt import Belt
from tests.api.asking import Api
from tests.conftest import Browser
from tests.factories import PASSWORD, actor_of, join, make_account, make_profile, make_user
from tests.web.desk import HX

KEY = re.compile(r"(?:ak_|amp_live_)[0-9A-Za-z]{49}")
GIVEN = {"name": "Website sync", "kind": "profile", "mode": "may_publish", "which": "every"}


@pytest.fixture
def maya(app: object) -> User:
    return make_user()


@pytest.fixture
def brand(maya: User) -> Profile:
    return make_profile(maya)


@pytest.fixture
def base(brand: Profile) -> str:
    return f"/p/{brand.slug}/developer"


@pytest.fixture
def web(maya: User, signed_in: Callable[[User], Browser]) -> Browser:
    return signed_in(maya)


def stored() -> ApiKey:
    db.session.rollback()
    db.session.expire_all()
    return db.session.query(ApiKey).one()


def errors(page: str) -> list[str]:
    return re.findall(r'id="([\w-]+)-error"', page)


def test_a_key_is_made_shown_whole_once_used_and_revoked(
    web: Browser, client: Browser, base: str
) -> None:
    page = web.get(base)
    assert "No keys yet" in page.text and 'href="/docs/api"' in page.text and "/mcp" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    form = web.get(f"{base}/keys/new", headers=HX).text
    assert "<html" not in form and 'name="password"' not in form
    made = web.post(f"{base}/keys", data=GIVEN, headers=HX)
    [whole] = set(KEY.findall(made.text))
    assert whole.startswith("ak_") and made.status_code == 200
    assert 'hx-target="#keys"' in made.text and made.headers["Cache-Control"] == "no-store"
    assert f"...{whole[-8:]}" in made.text and "Not yet" in made.text
    assert Api(client, whole).get("/api/v1/posts")["total"] == 0
    page = web.get(base).text
    assert not KEY.search(page) and f"ak_...{whole[-8:]}" in page and "Just now" in page
    assert "Calls this month" in page and re.search(r'<td class="r">1</td>', page)
    assert web.get(f"{base}/keys").location == base  # reloading the address of the form
    key_id = stored().id
    gone = web.delete(f"{base}/keys/{key_id}", headers=HX)
    assert (
        gone.text.strip().startswith(f'<tr id="key-{key_id}" data-off>')
        and "Revoke" not in gone.text
    )
    assert "is revoked" in gone.headers["HX-Trigger"]
    Api(client, whole).get("/api/v1/posts", status=401)
    assert "data-off" in web.get(base).text
    db.session.execute(update(ApiKey).values(revoked_at=now() - timedelta(days=91)))
    db.session.commit()
    assert "Website sync" not in web.get(base).text
    db.session.rollback()
    told = [one.action for one in db.session.query(AuditEvent)]
    assert told.count("key.created") == told.count("key.revoked") == 1


def test_without_scripts_every_step_has_a_page(web: Browser, base: str) -> None:
    assert '<form class="card keyform" method="post"' in web.get(f"{base}/keys/new").text
    made = web.post(f"{base}/keys", data={**GIVEN, "kind": "account"}).text
    assert "<html" in made and len(set(KEY.findall(made))) == 1 and "every brand" in made
    key_id = stored().id
    assert "Revoke Website sync?" in web.get(f"{base}/keys/{key_id}/revoke").text
    assert web.post(f"{base}/keys/{key_id}/revoke").location == base
    assert stored().revoked_at is not None
    for path in ("", "/revoke"):  # one that is gone has no pages any more
        assert web.get(f"{base}/keys/{key_id}{path}").status_code == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "  "}, "name"), ({"name": "x" * 81}, "name"), ({"notice": "soon"}, "notice"),
        ({"notice": "43201"}, "notice"), ({"a_day": "0"}, "a_day"), ({"a_day": "1.5"}, "a_day"),
        ({"which": "some"}, "accounts"), ({"mode": "all"}, "mode"), ({"kind": "root"}, "kind"),
    ],
)  # fmt: skip
def test_an_impossible_key_is_refused_at_its_field_and_kept_as_typed(
    web: Browser, base: str, changes: dict[str, str], field: str
) -> None:
    sent = {**GIVEN, "notice": "30", **changes}
    told = web.post(f"{base}/keys", data=sent, headers=HX)
    assert told.status_code == 422 and errors(told.text) == [field]
    if field in ("notice", "a_day"):
        assert f'value="{changes[field]}"' in told.text
    if field != "name":
        assert 'value="Website sync"' in told.text
    if field != "notice":
        assert 'value="30"' in told.text
    assert db.session.query(ApiKey).count() == 0


def test_a_stale_password_is_asked_for_again(web: Browser, base: str) -> None:
    db.session.execute(update(UserSession).values(password_at=now() - timedelta(minutes=16)))
    db.session.commit()
    assert 'name="password"' in web.get(f"{base}/keys/new").text
    told = web.post(f"{base}/keys", data={**GIVEN, "password": "not it at all"}, headers=HX)
    assert told.status_code == 422 and errors(told.text) == ["password"]
    assert "4 tries left" in told.text and 'value="Website sync"' in told.text
    assert "not it at all" not in told.text
    before = db.session.query(UserSession.token_hash).scalar()
    db.session.rollback()
    made = web.post(f"{base}/keys", data={**GIVEN, "password": PASSWORD}, headers=HX)
    assert made.status_code == 200 and KEY.search(made.text)
    db.session.rollback()
    assert db.session.query(UserSession.token_hash).scalar() != before  # a raise of rights
    assert web.post(f"{base}/keys", data=GIVEN, headers=HX).status_code == 200
    db.session.rollback()
    told_actions = [one.action for one in db.session.query(AuditEvent)]
    assert {"password.refused", "password.given"} <= set(told_actions)


def test_the_belt_is_put_on_and_changed(web: Browser, maya: User, brand: Profile) -> None:
    base = f"/p/{brand.slug}/developer"
    here, other = make_account(brand, "mastodon"), make_account(brand, "bluesky")
    elsewhere = make_account(make_profile(maya, "Second"), "mastodon")
    ids = [str(one.id) for one in (here, other, elsewhere)]
    sent: dict[str, Any] = {
        **GIVEN, "kind": "account", "mode": "needs_confirmation", "notice": "30", "a_day": "5",
        "which": "some", "accounts": [ids[0]],
    }  # fmt: skip
    page = web.post(f"{base}/keys", data=sent).text
    assert "Asks a person first · 30 min notice · 5 posts a day · 1 account" in page
    row = stored()
    wanted = Belt(KeyMode.CONFIRM, 30, 5, (here.id,))
    assert seat_belt.worn(row) == wanted and row.kind is KeyKind.ACCOUNT
    row.account_ids = [ids[0], ids[2]]
    key_id = row.id
    db.session.commit()
    form = web.get(f"{base}/keys/{key_id}").text
    assert re.findall(r'value="([\w-]+)" checked', form) == [ids[0], ids[2]]
    assert "another brand" in form and f'value="{ids[1]}">' in form and 'value="30"' in form
    changed = {"mode": "draft_only", "notice": "", "a_day": "", "which": "some",
               "accounts": [ids[1], ids[2]]}  # fmt: skip
    told = web.post(f"{base}/keys/{key_id}", data={**changed, "a_day": "x"}, headers=HX)
    assert told.status_code == 422 and errors(told.text) == ["a_day"]
    assert web.post(f"{base}/keys/{key_id}", data=changed).location == base
    assert seat_belt.worn(stored()) == Belt(KeyMode.DRAFT, 0, None, (other.id, elsewhere.id))
    web.post(f"{base}/keys/{key_id}", data={**changed, "which": "every"})
    assert seat_belt.worn(stored()) == Belt(KeyMode.DRAFT)


def test_a_member_has_keys_of_their_own_and_an_admin_everybodys(
    web: Browser, maya: User, brand: Profile, signed_in: Callable[[User], Browser]
) -> None:
    base, guest = f"/p/{brand.slug}/developer", make_user("sam@example.org", "Sam")
    join(brand, guest, Role.MEMBER)
    second = make_profile(maya, "Second")
    row, _ = keys.create(actor_of(maya), KeyKind.PROFILE, brand.id, "The brand's")
    keys.create(actor_of(maya), KeyKind.PROFILE, second.id, "The second's")
    keys.create(actor_of(maya), KeyKind.ACCOUNT, name="Maya's own")
    row_id = row.id
    sam = signed_in(guest)
    form = sam.get(f"{base}/keys/new").text
    assert 'value="profile"' not in form and "owners and admins" in form
    assert sam.post(f"{base}/keys", data=GIVEN).status_code == 422
    assert "amp_live_" in sam.post(f"{base}/keys", data={**GIVEN, "kind": "account"}).text
    page = sam.get(base).text
    assert page.count('<tr id="key-') == 1 and "This month" not in page  # Maya's other brands
    for path, method in (("", "GET"), ("", "DELETE"), ("/revoke", "POST")):
        told = sam.open(f"{base}/keys/{row_id}{path}", method=method)
        assert told.status_code == 404
    page = web.get(base).text
    assert page.count('<tr id="key-') == 2 and "This month" in page
    assert "Maya&#39;s own" in page and "The second" not in page
    join(brand, make_user("ada@example.org"), Role.ADMIN)
    row = db.session.query(ApiKey).filter_by(name="The brand's").one()
    ada = signed_in(db.session.query(User).filter_by(email="ada@example.org").one())
    assert "The brand&#39;s" in ada.get(base).text and "s own" not in ada.get(base).text
    assert ada.post(f"{base}/keys/{row_id}/revoke").location == base


def test_keys_that_are_gone_come_last_and_long_lists_have_pages(
    web: Browser, maya: User, brand: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.web.developer_parts.SIZE", 2)
    made = [keys.create(actor_of(maya), KeyKind.ACCOUNT, name=f"k{n}")[0].id for n in range(3)]
    keys.revoke(actor_of(maya), made[2])
    base = f"/p/{brand.slug}/developer"
    first, second = web.get(base).text, web.get(f"{base}?page=2").text
    assert re.findall(r"<b>(k\d)</b>", first) == ["k1", "k0"] and "1 to 2 of 3" in first
    assert re.findall(r"<b>(k\d)</b>", second) == ["k2"]
