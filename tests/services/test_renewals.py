"""Accounts that rest keep their sign-in; signed-out ones are found before their next post."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from app import credentials
from app.clock import now
from app.extensions import db
from app.models.accounts import AccountStatus, SocialAccount
from app.sandbox.store import Store
from app.services import renewals
from tests.factories import actor_of, make_profile, make_user
from tests.playing import order, sandbox  # noqa: F401
from tests.services.connecting import again, consented


@pytest.fixture
def account(sandbox: Store) -> SocialAccount:  # noqa: F811
    maya = make_user()
    brand = make_profile(maya)
    return consented(actor_of(maya), brand)


def rest(account: SocialAccount, days: float) -> UUID:
    """As if its token had run out so many days ago."""
    tokens, _ = credentials.unpack(
        credentials.safe.vault.decrypt(account.tokens or "", credentials.place(account.id))
    )
    ended = type(tokens)(**{**tokens.__dict__, "expires_at": now() - timedelta(days=days)})
    credentials.store(db.session(), account, ended)
    db.session.commit()
    return account.id


def test_a_resting_account_is_renewed_once(account: SocialAccount) -> None:
    account_id = rest(account, 2)
    before = again(account_id).tokens_version
    db.session.rollback()
    assert renewals.renew_resting() == 1
    row = again(account_id)
    assert row.tokens_version == before + 1
    assert row.tokens_expire_at is not None and row.tokens_expire_at > now()
    db.session.rollback()
    assert renewals.renew_resting() == 0


def test_one_in_use_is_left_to_its_deliveries(account: SocialAccount) -> None:
    rest(account, 0.5)
    assert renewals.renew_resting() == 0


def test_a_signed_out_one_is_found_before_its_post(account: SocialAccount, sandbox: Store) -> None:  # noqa: F811
    account_id = rest(account, 2)
    order(sandbox, network="twitter", operation="token", fault="revoked")
    assert renewals.renew_resting() == 0
    assert again(account_id).status is AccountStatus.NEEDS_RECONNECT


def test_a_network_that_is_away_is_asked_again_later(
    account: SocialAccount,
    sandbox: Store,  # noqa: F811
) -> None:
    account_id = rest(account, 2)
    order(sandbox, network="twitter", operation="token", fault="http_500")
    assert renewals.renew_resting() == 0
    assert again(account_id).status is AccountStatus.ACTIVE
    db.session.rollback()
    assert renewals.renew_resting() == 1
