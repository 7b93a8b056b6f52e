"""What goes wrong, or is meant to, between a program's key and the account (reliability §13)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

import pytest
import time_machine
from flask import Flask
from sqlalchemy import delete, func, select, update

from app.clock import now
from app.extensions import db
from app.models.accounts import AccountStatus, OAuthState, PendingConnection, Review
from app.models.keys import ApiKey
from app.models.people import User
from app.models.profiles import Membership, Profile
from app.permissions import Role
from app.sandbox.store import Store
from app.services import profile_ends
from tests.api.asking import Api
from tests.api.v1.connecting import (
    X,
    asked,
    back,
    begin,
    count,
    live,
    refused,
    register,
    went,
)
from tests.conftest import Browser
from tests.factories import actor_of, make_account, make_profile
from tests.playing import order, sandbox, walk

__all__ = ["sandbox"]
OVER = "Go back to where you began"


class Scene(NamedTuple):
    """A program, a person's browser, the profile and the network."""

    program: Api
    person: Browser
    brand: Profile
    play: Store


@pytest.fixture
def scene(amplify: Api, brand: Profile, app: Flask, sandbox: Store) -> Scene:  # noqa: F811
    register(brand)
    return Scene(amplify, app.test_client(), brand, sandbox)  # type: ignore[arg-type]


def code_live(scene: Scene, answer: dict[str, str]) -> bool:
    """Whether the network's code has not been traded for tokens."""
    found = scene.play.grants.find(X, "code", answer["code"])
    return found is not None and found.live


def waiting() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(PendingConnection)) or 0


# What may change on the way: what the program is told, or None where nobody is told anything.


def key_revoked(scene: Scene) -> None:
    db.session.execute(update(ApiKey).values(revoked_at=now()))


def right_lost(scene: Scene) -> None:
    db.session.execute(update(Membership).values(role=Role.MEMBER))


def member_removed(scene: Scene) -> None:
    db.session.execute(delete(Membership))


def suspended(scene: Scene) -> None:
    db.session.execute(update(User).values(suspended_at=now()))


def address_removed(scene: Scene) -> None:
    db.session.execute(update(Profile).values(return_urls=["https://your-app.com/other"]))


def profile_deleted(scene: Scene) -> None:
    user = db.session.scalars(select(User)).one()
    make_profile(user)  # nobody deletes their last one
    profile_ends.delete(actor_of(user), scene.brand.id)


CHANGES = [
    (key_revoked, "not_allowed"), (right_lost, "not_allowed"), (suspended, "not_allowed"),
    (member_removed, "not_allowed"), (address_removed, None), (profile_deleted, None),
]  # fmt: skip


@pytest.mark.parametrize(("change", "error"), CHANGES)
def test_what_changed_before_the_way_back_ends_it(
    scene: Scene, change: Callable[[Scene], None], error: str | None
) -> None:
    answer = walk(begin(scene.program), "maya")
    change(scene)
    db.session.commit()
    response = back(scene.person, answer)
    if error:
        assert went(response) == refused(error)
    else:
        assert response.status_code == 410 and OVER in response.text
    assert count() == 0 and waiting() == 0 and code_live(scene, answer)


@pytest.mark.parametrize(("change", "error"), CHANGES)
def test_what_changed_before_the_answer_ends_it_and_the_sign_in(
    scene: Scene, change: Callable[[Scene], None], error: str | None
) -> None:
    where = asked(scene.program, scene.person)
    [chosen] = [one["external_id"] for one in _found()]
    change(scene)
    db.session.commit()
    response = scene.person.post(where, data={"accounts": chosen})
    if error:
        assert went(response) == refused(error)
    else:
        assert response.status_code == 410 and OVER in response.text
    assert count() == 0 and waiting() == 0
    assert change is profile_deleted or live(scene.play) == 0


# The state ------------------------------------------------------------------------------------


def test_a_state_is_used_up_by_its_first_look_and_belongs_to_one_network(scene: Scene) -> None:
    answer = walk(begin(scene.program), "maya")
    assert back(scene.person, answer, "mastodon").status_code == 410
    assert back(scene.person, answer).status_code == 410
    assert code_live(scene, answer)
    where = asked(scene.program, scene.person)
    assert waiting() == 1 and scene.person.get(where).status_code == 200
    made_up = {"state": "x" * 43, "code": "y"}
    assert back(scene.person, made_up).status_code == 410
    assert scene.person.get("/oauth/friendster/callback?state=x").status_code in (404, 410)


def test_a_replayed_way_back_trades_nothing_and_asks_nobody(scene: Scene, app: Flask) -> None:
    answer = walk(begin(scene.program), "maya")
    first = back(scene.person, answer)
    assert first.status_code == 303 and answer["code"] not in first.headers["Location"]
    thief = app.test_client()
    assert back(thief, answer).status_code == 410  # type: ignore[arg-type]
    assert waiting() == 1


def test_another_keys_digest_does_not_fit(scene: Scene) -> None:
    answer = walk(begin(scene.program), "maya")
    db.session.execute(update(OAuthState).values(session_hash="0" * 64))
    db.session.commit()
    assert back(scene.person, answer).status_code == 410 and code_live(scene, answer)


def test_a_persons_state_is_no_keys(scene: Scene, signed_in: Callable[[User], Browser]) -> None:
    """Begun in the dashboard it still needs that browser; a key's asks whoever comes back."""
    maya = signed_in(db.session.scalars(select(User)).one())
    answer = walk(begin(scene.program), "maya")
    where = back(maya, answer).headers["Location"]
    assert where.startswith("/oauth/confirm/") and count() == 0
    pending = where.rpartition("/")[2]
    chooser = f"/p/{scene.brand.slug}/connections/choose/{pending}"
    assert maya.get(chooser).status_code == 404  # the question is the page's alone
    assert maya.post(chooser, data={"accounts": "x"}).status_code == 404 and waiting() == 1


# The question ----------------------------------------------------------------------------------


def test_the_pages_address_opens_in_no_other_browser(scene: Scene, app: Flask) -> None:
    """Its token is in the session of the browser that came back, and not in the address."""
    where = asked(scene.program, scene.person)
    [chosen] = [one["external_id"] for one in _found()]
    for other in (app.test_client(), app.test_client()):
        assert other.get(where).status_code == 410
        assert other.post(where, data={"accounts": chosen}).status_code == 410
        assert other.post(where, data={"cancel": "1"}).status_code == 410
    assert waiting() == 1 and count() == 0 and live(scene.play) == 1
    assert scene.person.post(where, data={"accounts": chosen}, csrf=False).status_code == 400
    cross = {"Sec-Fetch-Site": "cross-site"}
    assert scene.person.post(where, data={"accounts": chosen}, headers=cross).status_code == 403
    assert scene.person.get(f"{where}?accounts={chosen}").status_code == 200 and count() == 0
    row = db.session.scalars(select(PendingConnection)).one()
    assert row.token_hash and "sandbox" not in row.tokens and row.tokens.startswith("v1:")


def test_a_brands_name_and_the_networks_words_are_only_text(scene: Scene) -> None:
    db.session.execute(update(Profile).values(name="<b>X</b> Security"))
    db.session.commit()
    scene.play.accounts.get(X, "maya").name = "<script>alert(1)</script>"
    page = scene.person.get(asked(scene.program, scene.person)).text
    assert "“&lt;b&gt;X&lt;/b&gt; Security”?" in page and "<script>alert" not in page


def test_several_questions_at_once_do_not_take_each_others_place(scene: Scene) -> None:
    first, second = (
        asked(scene.program, scene.person),
        asked(scene.program, scene.person, handle="noor"),
    )
    assert went(scene.person.post(first, data={"cancel": "1"})) == refused("access_denied")
    assert "@noor" in scene.person.get(second).text and waiting() == 1


# Refusals and time -----------------------------------------------------------------------------


@pytest.mark.parametrize("network", [X, "facebook", "linkedin"])
def test_a_no_at_the_network_is_told(scene: Scene, network: str) -> None:
    answer = walk(begin(scene.program, network), "maya", allow=False)
    assert went(back(scene.person, answer, network)) == refused("access_denied")
    assert waiting() == 0 and db.session.scalars(select(OAuthState)).all() == []


def test_a_no_on_our_page_ends_the_sign_in(scene: Scene) -> None:
    where = asked(scene.program, scene.person)
    answer = scene.person.post(where, data={"cancel": "1"})
    assert "Nothing was connected." in answer.text and went(answer) == refused("access_denied")
    assert (count(), waiting(), live(scene.play)) == (0, 0, 0)
    assert scene.person.post(where, data={"cancel": "1"}).status_code == 410


def test_the_networks_trouble_is_told_as_such(scene: Scene) -> None:
    answer = walk(begin(scene.program), "maya")
    order(scene.play, network=X, operation="account", fault="http_500", times=1)
    assert went(back(scene.person, answer)) == refused("network_error")
    assert (count(), waiting(), live(scene.play)) == (0, 0, 0)
    upset = {"state": _state(begin(scene.program)), "error": "server_error"}
    assert went(back(scene.person, upset)) == refused("network_error")


def test_ten_minutes_at_the_network_and_ten_for_the_answer(scene: Scene) -> None:
    answer = walk(begin(scene.program), "maya")
    with time_machine.travel(now() + timedelta(minutes=11), tick=False):
        begin(scene.program)  # which forgets what has run out
        assert went(back(scene.person, answer)) == refused("expired")
    assert code_live(scene, answer)
    where = asked(scene.program, scene.person)
    with time_machine.travel(now() + timedelta(minutes=11), tick=False):
        assert went(scene.person.get(where)) == refused("expired") and waiting() == 1
        late = scene.person.post(where, data={"accounts": "any"})
        assert "took too long" in late.text and went(late) == refused("expired")
    assert (count(), waiting(), live(scene.play)) == (0, 0, 0)


def test_an_account_that_was_rejected_stays_out(scene: Scene) -> None:
    where = asked(scene.program, scene.person)
    [chosen] = [one["external_id"] for one in _found()]
    make_account(
        scene.brand, X, "maya", external_id=chosen, review=Review.REJECTED,
        status=AccountStatus.DISCONNECTED,
    )  # fmt: skip
    told = went(scene.person.post(where, data={"accounts": chosen}))
    assert told == refused("connection_failed") and live(scene.play) == 0


def _found() -> list[dict[str, str]]:
    db.session.rollback()
    found = db.session.scalars(select(PendingConnection)).one().identities["found"]
    return list(found)


def _state(url: str) -> str:
    return url.partition("state=")[2].partition("&")[0]
