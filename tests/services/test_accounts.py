"""Ways in without a consent page, choosing, coming back and letting go."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, replace
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from app import credentials
from app.clock import now
from app.errors import Forbidden, NotFound, ValidationFailed
from app.extensions import db, networks
from app.models.accounts import (
    AccountStatus,
    PendingConnection,
    SocialAccount,
)
from app.models.events import AuditEvent
from app.models.posts import HoldReason, TargetState
from app.models.profiles import Profile
from app.networks.base import Identity, NetworkError, Tokens
from app.permissions import Actor, Role
from app.sandbox.store import Store
from app.services import accounts
from app.services.accounts import Connected
from tests.factories import (
    actor_of,
    join,
    make_account,
    make_profile,
    make_user,
)
from tests.playing import order, walk
from tests.services.connecting import (
    X,
    again,
    begin,
    connected,
    consented,
    end,
    on,
    target,
)

# App passwords and pasted tokens


def test_an_app_password_connects_bluesky(play: Store, profile: Profile, owner: Actor) -> None:
    account = connected(
        accounts.connect_password(owner, profile.id, "bluesky", "", "maya", "sandbox-maya")
    )
    assert account.way == "app_password" and account.renews
    assert account.external_id.startswith("did:")


def test_a_wrong_app_password_is_the_field_to_mend(
    play: Store, profile: Profile, owner: Actor
) -> None:
    with pytest.raises(ValidationFailed) as caught:
        accounts.connect_password(owner, profile.id, "bluesky", "", "maya", "wrong")
    assert caught.value.field == "password"


def test_an_address_that_is_no_server_is_the_field_to_mend(
    play: Store, profile: Profile, owner: Actor
) -> None:
    with pytest.raises(ValidationFailed) as caught:
        accounts.connect_password(owner, profile.id, "bluesky", "not a server", "maya", "x")
    assert caught.value.field == "server"


@pytest.mark.parametrize("network", [X, "mastodon"])
def test_a_pasted_token_is_asked_whose_it_is(
    play: Store, profile: Profile, owner: Actor, network: str
) -> None:
    account = connected(accounts.connect_token(owner, profile.id, network, "", " sandbox-maya \n"))
    assert account.way == "token" and not account.renews
    assert credentials.load(account).access == "sandbox-maya"


@pytest.mark.parametrize("network", [X, "mastodon"])
def test_a_token_the_network_does_not_know_is_the_field_to_mend(
    play: Store, profile: Profile, owner: Actor, network: str
) -> None:
    with pytest.raises(ValidationFailed) as caught:
        accounts.connect_token(owner, profile.id, network, "", "made-up")
    assert caught.value.field == "token" and "does not accept" in caught.value.message


def test_a_way_a_network_does_not_have_is_not_found(
    play: Store, profile: Profile, owner: Actor
) -> None:
    with pytest.raises(NotFound):
        accounts.connect_password(owner, profile.id, X, "", "maya", "secret")
    with pytest.raises(NotFound):
        accounts.connect_token(owner, profile.id, "snapchat", "", "secret")
    with pytest.raises(NotFound):
        accounts.connect_token(owner, profile.id, "friendster", "", "secret")


@pytest.mark.parametrize("role", [Role.MEMBER, None])
def test_only_owners_and_admins_connect(
    play: Store, profile: Profile, owner: Actor, role: Role | None
) -> None:
    actor = replace(owner, roles={profile.id: role} if role else {})
    with pytest.raises(Forbidden):
        accounts.connect_token(actor, profile.id, X, "", "sandbox-maya")
    with pytest.raises(Forbidden):
        begin(actor, profile)


# The row


def test_connecting_the_same_account_twice_makes_one_row(
    app: Flask, play: Store, profile: Profile, owner: Actor
) -> None:
    profile_id = profile.id
    db.session.rollback()
    begun = threading.Barrier(3)

    def connect() -> UUID:
        with app.app_context():
            begun.wait()
            return connected(accounts.connect_token(owner, profile_id, X, "", "sandbox-maya")).id

    with ThreadPoolExecutor(3) as pool:
        found = {job.result() for job in [pool.submit(connect) for _ in range(3)]}
    assert len(found) == 1
    assert again(found.pop()).tokens_version == 3


def test_the_same_account_in_another_brand_is_a_row_of_its_own(
    play: Store, profile: Profile, owner: Actor
) -> None:
    first = connected(accounts.connect_token(owner, profile.id, X, "", "sandbox-maya")).id
    other = make_profile()
    elsewhere = replace(owner, roles={other.id: Role.OWNER})
    second = connected(accounts.connect_token(elsewhere, other.id, X, "", "sandbox-maya")).id
    assert first != second


def test_what_a_hostile_server_says_is_made_storable(
    play: Store, profile: Profile, owner: Actor
) -> None:
    identity = Identity(
        "7@bells.example", "ma\0ya\ud800", "N" * 400, "javascript:alert(1)", "ftp://x",
        "https://bells.example", {"configuration": {"a\0": ["\ud800b"]}},
    )  # fmt: skip
    account = accounts.connect(
        owner, profile.id, "mastodon", identity, Tokens("t"), way="token"
    ).account
    assert (account.handle, len(account.name), account.url, account.avatar_url) == (
        "maya", 255, "", "",
    )  # fmt: skip
    assert account.extras == {"configuration": {"a": ["b"]}} and not account.is_sandbox


# Coming back


def test_reconnecting_sends_what_waited_in_order_under_the_late_policy(
    play: Store, profile: Profile, owner: Actor
) -> None:
    account_id = consented(owner, profile).id
    fresh = [on(again(account_id), -n) for n in (1, 2, 3, 4, 5)]
    late, later = on(again(account_id), -90), on(again(account_id), 60)
    credentials.signed_out(db.session(), again(account_id), "Revoked.")
    db.session.commit()
    assert {target(one).hold_reason for one in (*fresh, late, later)} == {HoldReason.RECONNECT}

    url = begin(owner, profile, reconnect=account_id)
    done = end(owner, walk(url, "maya"))
    assert isinstance(done, Connected) and not done.new
    assert done.account.id == account_id and done.account.status is AccountStatus.ACTIVE
    assert astuple(done.released) == (6, 1, 0)
    dues = [target(one).due_at for one in reversed(fresh)]
    assert dues == sorted(dues) and len(set(dues)) == 5  # type: ignore[type-var]
    assert {target(one).hold_reason for one in (*fresh, later)} == {None}
    assert target(late).hold_reason is HoldReason.LATE


def test_signing_in_as_somebody_else_does_not_take_the_accounts_place(
    play: Store, profile: Profile, owner: Actor
) -> None:
    account_id = consented(owner, profile).id
    credentials.signed_out(db.session(), again(account_id), "Revoked.")
    db.session.commit()
    url = begin(owner, profile, reconnect=account_id)
    done = end(owner, walk(url, "noor"))
    assert isinstance(done, PendingConnection)
    assert again(account_id).status is AccountStatus.NEEDS_RECONNECT
    assert db.session.scalar(select(func.count()).select_from(SocialAccount)) == 1


def test_an_account_of_another_brand_cannot_be_reconnected(
    play: Store, profile: Profile, owner: Actor
) -> None:
    theirs = make_account(make_profile(), X).id
    with pytest.raises(NotFound):
        begin(owner, profile, reconnect=theirs)


# Choosing


@pytest.fixture
def choice(play: Store, profile: Profile, owner: Actor) -> PendingConnection:
    """A sign-in that can act for two accounts."""
    found = [Identity(str(n), f"page{n}", f"Page {n}") for n in (1, 2)]
    made = accounts.settle(owner, profile.id, X, found, Tokens("sandbox-maya"), way="oauth")
    assert isinstance(made, PendingConnection)
    return made


def test_nothing_is_connected_until_it_is_chosen(choice: PendingConnection, owner: Actor) -> None:
    assert db.session.scalar(select(func.count()).select_from(SocialAccount)) == 0
    assert "sandbox-maya" not in choice.tokens
    done = accounts.choose(owner, choice.id, ["2"])
    assert [one.account.handle for one in done] == ["page2"]
    assert credentials.load(done[0].account).access == "sandbox-maya"


def test_a_choice_is_made_once_and_only_from_what_was_found(
    choice: PendingConnection, owner: Actor
) -> None:
    pending_id = choice.id
    for wrong in ([], ["3"], ["1", "3"]):
        with pytest.raises(ValidationFailed):
            accounts.choose(owner, pending_id, wrong)
    accounts.choose(owner, pending_id, ["1", "2"])
    with pytest.raises(NotFound):
        accounts.choose(owner, pending_id, ["1"])


def test_a_choice_is_its_persons_and_for_half_an_hour(
    choice: PendingConnection, profile: Profile, owner: Actor
) -> None:
    pending_id, colleague = choice.id, make_user()
    join(profile, colleague, Role.OWNER)
    with pytest.raises(NotFound):
        accounts.pending(actor_of(colleague), pending_id)
    with time_machine.travel(now() + timedelta(minutes=31)), pytest.raises(NotFound):
        accounts.pending(owner, pending_id)


def test_choosing_nothing_ends_the_sign_in(play: Store, profile: Profile, owner: Actor) -> None:
    url = begin(owner, profile, reconnect=make_account(profile, X, "maya").id)
    made = end(owner, walk(url, "noor"))
    accounts.cancel(owner, made.id)  # type: ignore[union-attr]
    assert db.session.scalar(select(func.count()).select_from(PendingConnection)) == 0
    assert not [g for g in play.grants._rows.values() if g.kind == "refresh" and g.live]


# Letting go


def test_disconnecting_holds_the_posts_and_ends_the_tokens(
    play: Store, profile: Profile, owner: Actor
) -> None:
    account_id = consented(owner, profile).id
    overdue, later = on(again(account_id), -1), on(again(account_id), 60)
    published = on(again(account_id), -60, state=TargetState.PUBLISHED)
    db.session.rollback()
    assert accounts.disconnect(owner, account_id) == 2
    account = again(account_id)
    assert account.status is AccountStatus.DISCONNECTED and account.tokens is None
    for one in (overdue, later):
        assert target(one).hold_reason is HoldReason.DISCONNECTED
        assert target(one).state is TargetState.SCHEDULED
    assert target(published).state is TargetState.PUBLISHED
    assert not [g for g in play.grants._rows.values() if g.kind == "refresh" and g.live]
    assert "account.disconnected" in db.session.scalars(select(AuditEvent.action)).all()
    assert accounts.disconnect(owner, account_id) == 0


def test_a_network_that_is_away_does_not_keep_an_account_connected(
    play: Store, profile: Profile, owner: Actor
) -> None:
    account_id = consented(owner, profile).id
    order(play, network=X, operation="*", fault="http_500")
    db.session.rollback()
    accounts.disconnect(owner, account_id)
    assert again(account_id).tokens is None
    with pytest.raises(NetworkError):
        db.session.rollback()
        credentials.fresh(account_id)


def test_connecting_again_brings_back_the_same_account_and_its_posts(
    play: Store, profile: Profile, owner: Actor
) -> None:
    account = consented(owner, profile)
    account_id, number = account.id, account.number
    later = on(account, 60)
    db.session.rollback()
    accounts.disconnect(owner, account_id)
    back = consented(owner, profile)
    assert (back.id, back.number, back.status) == (account_id, number, AccountStatus.ACTIVE)
    assert target(later).hold_reason is None


@pytest.mark.parametrize("do", [accounts.disconnect, accounts.check])
def test_strangers_find_no_account_and_members_may_not_touch_it(
    play: Store, profile: Profile, owner: Actor, do: Callable[[Actor, UUID], object]
) -> None:
    account_id = make_account(profile, X).id
    with pytest.raises(NotFound):
        do(actor_of(make_user()), account_id)
    with pytest.raises(Forbidden):
        do(replace(owner, roles={profile.id: Role.MEMBER}), account_id)


def lives(account_id: UUID) -> bool:
    """Whether the network still knows its token."""
    account = again(account_id)
    if account.tokens is None:
        return False
    tokens, server = credentials.load(account), account.server
    db.session.rollback()
    try:
        return bool(networks.get(account.network).identities(tokens, server))
    except NetworkError:
        return False


def test_google_is_told_only_when_the_last_channel_goes(
    play: Store, profile: Profile, owner: Actor
) -> None:
    """It ends whatever the same person gave this app, in other brands too."""
    elsewhere = make_profile()
    join(elsewhere, (colleague := make_user()), Role.OWNER)
    first = consented(owner, profile, "youtube").id
    second = consented(actor_of(colleague), elsewhere, "youtube").id
    accounts.disconnect(owner, first)
    assert again(first).tokens is None and lives(second)
    url = begin(owner, profile, "youtube", reconnect=make_account(profile, "youtube", "other").id)
    asked = end(owner, walk(url, "maya"), "youtube")
    accounts.cancel(owner, asked.id)  # type: ignore[union-attr]
    assert lives(second)  # a sign-in that nobody wanted in the end
    accounts.disconnect(owner, again_by(profile, "other"))
    accounts.disconnect(actor_of(colleague), second)
    assert not [g for g in play.grants._rows.values() if g.network == "youtube" and g.live]


def again_by(profile: Profile, handle: str) -> UUID:
    found = select(SocialAccount.id).where(SocialAccount.handle == handle)
    return db.session.scalars(found.where(SocialAccount.profile_id == profile.id)).one()
