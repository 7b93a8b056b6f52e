"""Signing in on a network's own page, and the way back (reliability §13, RFC 9700)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select, update

from app import credentials, ids
from app.clock import now
from app.errors import ValidationFailed
from app.extensions import db, networks
from app.integrations.storage import Storage
from app.models.accounts import (
    AccountStatus,
    NetworkApp,
    OAuthState,
    SocialAccount,
)
from app.models.events import AuditEvent
from app.models.profiles import PlatformSet, Profile
from app.permissions import Actor, Role
from app.sandbox.store import Store
from app.services.accounts import Connected
from app.services.consent import ConsentFailed
from tests.factories import (
    actor_of,
    make_user,
)
from tests.playing import order, walk
from tests.services.connecting import (
    EVERY,
    SESSION,
    X,
    again,
    begin,
    consented,
    end,
)

# Through the consent page


@pytest.mark.parametrize("network", EVERY)
def test_a_person_connects_through_the_networks_own_page(
    play: Store, profile: Profile, owner: Actor, network: str
) -> None:
    account = consented(owner, profile, network)
    assert account.status is AccountStatus.ACTIVE and account.way == "oauth"
    assert account.handle.split(".")[0].split("@")[0] == "maya" and account.number > 0
    assert account.is_sandbox and account.connected_by == owner.user_id
    assert db.session.get_one(PlatformSet, account.set_id).is_default
    tokens = credentials.load(account)
    assert account.tokens is not None and tokens.access not in account.tokens
    found = networks.get(network).identities(tokens, account.server)
    assert found[0].external_id == account.external_id
    assert "account.connected" in db.session.scalars(select(AuditEvent.action)).all()


@pytest.mark.parametrize("network", EVERY)
def test_a_reconnect_goes_to_the_accounts_own_server(
    play: Store, profile: Profile, owner: Actor, network: str
) -> None:
    account_id = consented(owner, profile, network).id
    url = begin(owner, profile, network, reconnect=account_id)
    done = end(owner, walk(url, "maya"), network)
    assert isinstance(done, Connected)
    assert done.account.id == account_id and not done.new


def test_its_picture_is_fetched_made_small_and_kept_by_us(
    play: Store, profile: Profile, owner: Actor, app: Flask
) -> None:
    account = consented(owner, profile, "mastodon")
    assert account.avatar_key is not None and account.avatar_mime == "image/webp"
    with Storage.of(app.config["CARILLON"]).open(account.avatar_key) as file:
        assert file.read()[8:12] == b"WEBP"


def test_only_the_digest_of_the_state_is_stored_and_the_verifier_not_in_clear(
    play: Store, profile: Profile, owner: Actor
) -> None:
    url = begin(owner, profile)
    row = db.session.scalars(select(OAuthState)).one()
    assert row.state_hash not in url and row.session_hash == SESSION
    assert row.keep.startswith("v1:") and "verifier" not in row.keep
    assert row.redirect_uri.endswith("/oauth/twitter/callback")
    assert timedelta(minutes=9) < row.expires_at - now() <= timedelta(minutes=10)


def test_a_state_is_used_up_by_its_first_look(play: Store, profile: Profile, owner: Actor) -> None:
    answer = walk(begin(owner, profile), "maya")
    end(owner, answer)
    with pytest.raises(ConsentFailed) as caught:
        end(owner, answer)
    assert "start again" in caught.value.message


def stranger(owner: Actor, answer: dict[str, str]) -> None:
    end(actor_of(make_user()), answer)


def other_browser(owner: Actor, answer: dict[str, str]) -> None:
    end(owner, answer, session=ids.digest("another session"))


def other_network(owner: Actor, answer: dict[str, str]) -> None:
    end(owner, answer, "mastodon")


def made_up(owner: Actor, answer: dict[str, str]) -> None:
    end(owner, answer | {"state": ids.token()})


def too_late(owner: Actor, answer: dict[str, str]) -> None:
    with time_machine.travel(now() + timedelta(minutes=11)):
        end(owner, answer)


@pytest.mark.parametrize("wrong", [stranger, other_browser, other_network, made_up, too_late])
def test_an_answer_that_is_not_this_consents_connects_nothing(
    play: Store, profile: Profile, owner: Actor, wrong: Callable[[Actor, dict[str, str]], None]
) -> None:
    answer = walk(begin(owner, profile), "maya")
    with pytest.raises(ConsentFailed):
        wrong(owner, answer)
    assert db.session.scalar(select(func.count()).select_from(SocialAccount)) == 0
    assert play.grants.find(X, "code", answer["code"]).live  # type: ignore[union-attr]


def test_an_answer_in_the_wrong_browser_ends_the_consent(
    play: Store, profile: Profile, owner: Actor
) -> None:
    answer = walk(begin(owner, profile), "maya")
    with pytest.raises(ConsentFailed):
        other_browser(owner, answer)
    with pytest.raises(ConsentFailed):
        end(owner, answer)


@pytest.mark.parametrize("network", EVERY)
def test_somebody_who_refuses_is_told_that_nothing_happened(
    play: Store, profile: Profile, owner: Actor, network: str
) -> None:
    answer = walk(begin(owner, profile, network), "maya", allow=False)
    with pytest.raises(ConsentFailed) as caught:
        end(owner, answer, network)
    assert caught.value.message == "You did not allow access, so nothing was connected."
    assert caught.value.profile_id == profile.id


def test_a_right_lost_on_the_way_back_connects_nothing(
    play: Store, profile: Profile, owner: Actor
) -> None:
    answer = walk(begin(owner, profile), "maya")
    member = replace(owner, roles={profile.id: Role.MEMBER})
    with pytest.raises(ConsentFailed):
        end(member, answer)
    assert db.session.scalar(select(func.count()).select_from(SocialAccount)) == 0


def test_tokens_of_a_sign_in_that_connects_nothing_are_ended(
    play: Store, profile: Profile, owner: Actor
) -> None:
    answer = walk(begin(owner, profile), "maya")
    order(play, network=X, operation="account", fault="http_500", times=1)
    with pytest.raises(ConsentFailed):
        end(owner, answer)
    assert not [g for g in play.grants._rows.values() if g.kind == "refresh" and g.live]


# Our registration at people's servers


@pytest.fixture
def unregistered(play: Store) -> Store:
    """A Mastodon server that does not know us yet."""
    mastodon: Any = networks.get("mastodon")
    mastodon.settings = replace(mastodon.settings, client_id="", client_secret="")
    return play


def apps(store: Store) -> list[str]:
    return [key for key, _ in store.table("mastodon.apps").items()]


def test_a_server_is_asked_to_register_us_once(
    unregistered: Store, profile: Profile, owner: Actor
) -> None:
    first = consented(owner, profile, "mastodon", "maya").id
    second = consented(owner, profile, "mastodon", "noor").id
    assert len(apps(unregistered)) == 1
    row = db.session.scalars(select(NetworkApp)).one()
    assert row.keys.startswith("v1:")
    assert {again(first).app_id, again(second).app_id} == {row.id}


def test_a_server_that_has_forgotten_us_is_told_anew(
    unregistered: Store, profile: Profile, owner: Actor
) -> None:
    answer = walk(begin(owner, profile, "mastodon"), "maya")
    unregistered.table("mastodon.apps").pop(apps(unregistered)[0])
    with pytest.raises(ConsentFailed) as caught:
        end(owner, answer, "mastodon")
    assert "start again" in caught.value.message
    assert consented(owner, profile, "mastodon").usable


def test_an_old_registration_nobody_came_back_from_is_not_trusted(
    unregistered: Store, profile: Profile, owner: Actor
) -> None:
    begin(owner, profile, "mastodon")
    begin(owner, profile, "mastodon")
    assert len(apps(unregistered)) == 1
    db.session.execute(update(NetworkApp).values(updated_at=now() - timedelta(days=2)))
    db.session.commit()
    begin(owner, profile, "mastodon")
    assert len(apps(unregistered)) == 2


def test_a_server_nobody_can_reach_is_named_as_the_field_to_mend(
    app: Flask, profile: Profile, owner: Actor
) -> None:
    networks.reset()  # real sockets, to a port where nobody listens
    with pytest.raises(ValidationFailed) as caught:
        begin(owner, profile, "mastodon", server="http://127.0.0.1:9")
    assert caught.value.field == "server"


def test_a_network_the_operator_has_not_set_up_says_so(
    play: Store, profile: Profile, owner: Actor
) -> None:
    x: Any = networks.get(X)
    x.settings = replace(x.settings, client_id="")
    with pytest.raises(ValidationFailed) as caught:
        begin(owner, profile)
    assert "X_CLIENT_ID" in caught.value.message
