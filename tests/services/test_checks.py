"""Asking networks whether accounts still work."""

from __future__ import annotations

import pytest

from app import credentials
from app.errors import BrokerError, Conflict
from app.extensions import db
from app.models.accounts import (
    AccountStatus,
)
from app.models.posts import HoldReason
from app.models.profiles import Profile
from app.permissions import Actor
from app.sandbox.store import Store
from app.services import accounts
from tests.factories import (
    make_account,
)
from tests.playing import order
from tests.services.connecting import (
    EVERY,
    X,
    again,
    consented,
    on,
    target,
)

# Checking


def test_a_check_learns_the_new_name(play: Store, profile: Profile, owner: Actor) -> None:
    account_id = consented(owner, profile, "mastodon").id
    known = play.accounts.get("mastodon", "maya")
    known.name = "Maya of the Bells"
    play.accounts.save(known)
    db.session.rollback()
    assert accounts.check(owner, account_id).name == "Maya of the Bells"


def test_a_check_renews_an_expired_token(play: Store, profile: Profile, owner: Actor) -> None:
    account_id = consented(owner, profile).id
    version = again(account_id).tokens_version
    access = credentials.load(again(account_id)).access
    play.grants.end(play.grants.find(X, "access", access))  # type: ignore[arg-type]
    db.session.rollback()
    account = accounts.check(owner, account_id)
    assert (account.status, account.tokens_version) == (AccountStatus.ACTIVE, version + 1)


def test_a_check_finds_out_that_the_network_signed_us_out(
    play: Store, profile: Profile, owner: Actor
) -> None:
    account_id = consented(owner, profile, "mastodon").id
    later = on(again(account_id), 60)
    play.grants.end(
        play.grants.find("mastodon", "access", credentials.load(again(account_id)).access)
    )  # type: ignore[arg-type]  # noqa: E501
    db.session.rollback()
    assert accounts.check(owner, account_id).status is AccountStatus.NEEDS_RECONNECT
    assert target(later).hold_reason is HoldReason.RECONNECT


def test_a_network_that_cannot_say_changes_nothing(
    play: Store, profile: Profile, owner: Actor
) -> None:
    account_id = consented(owner, profile).id
    order(play, network=X, operation="account", fault="http_500", times=1)
    db.session.rollback()
    with pytest.raises(BrokerError) as caught:
        accounts.check(owner, account_id)
    assert "X" in caught.value.message
    assert again(account_id).status is AccountStatus.ACTIVE


def test_a_disconnected_account_cannot_be_checked(
    play: Store, profile: Profile, owner: Actor
) -> None:
    account_id = make_account(profile, X, status=AccountStatus.DISCONNECTED, tokens=None).id
    with pytest.raises(Conflict):
        accounts.check(owner, account_id)


def test_all_accounts_are_checked_at_once_and_the_silent_one_is_named(
    play: Store, profile: Profile, owner: Actor
) -> None:
    here = [consented(owner, profile, name).id for name in EVERY]
    order(play, network=X, operation="account", fault="http_500", times=1)
    profile_id = profile.id
    db.session.rollback()
    errors = accounts.check_all(owner, profile_id)
    assert [type(error) for error in errors] == [BrokerError]
    assert {again(one).status for one in here} == {AccountStatus.ACTIVE}
