"""What the connections page tells of accounts and networks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.clock import now
from app.errors import Forbidden
from app.extensions import db, networks
from app.models.accounts import AccountStatus
from app.models.posts import HoldReason, TargetState
from app.models.profiles import Profile
from app.networks import NETWORKS
from app.networks.base import Tokens
from app.permissions import Actor
from app.sandbox.store import Store
from app.services import connections
from tests.factories import actor_of, make_account, make_post, make_profile, make_user
from tests.statements import counted

X = "twitter"


def words(actor: Actor, profile: Profile) -> dict[str, tuple[str, str]]:
    """Handle → health and the word for it."""
    rows = connections.listing(actor, profile.id).rows
    return {row.handle: (row.health, row.word) for row in rows}


def test_health_is_told_in_words(play: Store, profile: Profile, owner: Actor) -> None:
    hours = timedelta(hours=1)
    make_account(profile, X, "renews", tokens=Tokens("a", "r", now() + hours), way="oauth")
    make_account(profile, "mastodon", "lasts", way="oauth")
    make_account(profile, "mastodon", "pasted", way="token")
    make_account(profile, X, "ends", tokens=Tokens("a", "", now() + 24 * 9 * hours + hours))
    make_account(profile, X, "today", tokens=Tokens("a", "", now() + hours))
    make_account(profile, X, "out", status=AccountStatus.NEEDS_RECONNECT)
    make_account(profile, X, "off", status=AccountStatus.DISCONNECTED)
    assert words(owner, profile) == {
        "renews": ("good", "Renews itself"),
        "lasts": ("good", "Does not end"),
        "pasted": ("good", "Works"),
        "ends": ("soon", "Ends in 9 days"),
        "today": ("soon", "Ends today"),
        "out": ("bad", "Signed out"),
        "off": ("off", "Disconnected"),
    }


def test_those_who_need_a_person_come_first_and_those_gone_last(
    play: Store, profile: Profile, owner: Actor
) -> None:
    make_account(profile, "bluesky", "gone", status=AccountStatus.DISCONNECTED)
    make_account(profile, "bluesky", "fine")
    make_account(profile, X, "out", status=AccountStatus.NEEDS_RECONNECT)
    found = connections.listing(owner, profile.id)
    assert [row.handle for row in found.rows] == ["out", "fine", "gone"]
    assert (found.ready, found.connected, len(found.broken)) == (1, 2, 1)


def test_posts_that_wait_for_the_account_are_counted_apart_from_all_planned_ones(
    play: Store, profile: Profile, owner: Actor
) -> None:
    account, other = make_account(profile, X), make_account(profile, "mastodon")
    at = now() + timedelta(hours=1)
    for reason in (HoldReason.RECONNECT, HoldReason.DISCONNECTED, HoldReason.LATE, None):
        make_post(profile, "Bells", [account], at=at, target={"hold_reason": reason})
    make_post(profile, "Bells", [account], at=at, state=TargetState.PUBLISHED)
    make_post(profile, "Bells", [other], at=at)
    rows = {row.id: row for row in connections.listing(owner, profile.id).rows}
    assert (rows[account.id].waiting, rows[account.id].planned) == (2, 4)
    assert (rows[other.id].waiting, rows[other.id].planned) == (0, 1)


def test_the_page_costs_the_same_however_many_accounts_there_are(
    play: Store, profile: Profile, owner: Actor
) -> None:
    profile_id = profile.id

    def cost() -> int:
        db.session.rollback()
        with counted() as found:
            connections.listing(owner, profile_id)
        return len([one for one in found if not one.startswith(("BEGIN", "SAVEPOINT"))])

    make_post(profile, "Bells", [make_account(profile, X)], at=now())
    one = cost()
    here = db.session.get_one(Profile, profile_id)
    for _ in range(6):
        make_post(here, "Bells", [make_account(here, "mastodon")], at=now())
    assert cost() == one == 6


def test_an_account_long_gone_that_nothing_waits_for_is_not_listed(
    play: Store, profile: Profile, owner: Actor
) -> None:
    long_ago = now() - timedelta(days=40)
    off = {"status": AccountStatus.DISCONNECTED, "status_at": long_ago}
    make_account(profile, X, "forgotten", **off)
    waited = make_account(profile, X, "waited", **off)
    make_post(profile, "Bells", [waited], at=now(), target={"hold_reason": HoldReason.DISCONNECTED})
    assert list(words(owner, profile)) == ["waited"]


def test_a_stranger_reads_nothing(play: Store, profile: Profile) -> None:
    make_account(profile, X)
    stranger = actor_of(make_user())
    with pytest.raises(Forbidden):
        connections.listing(stranger, profile.id)
    assert connections.broken(stranger, [profile.id]) == {}


def test_broken_accounts_are_counted_by_brand(play: Store, profile: Profile, owner: Actor) -> None:
    for status in (AccountStatus.NEEDS_RECONNECT, AccountStatus.ACTIVE):
        make_account(profile, X, status=status)
    make_account(make_profile(), X, status=AccountStatus.NEEDS_RECONNECT)
    assert connections.broken(owner, [profile.id]) == {profile.id: 1}


def test_every_network_we_speak_is_offered_with_what_works(play: Store) -> None:
    found = {offer.network: offer for offer in connections.offers()}
    assert set(found) == set(NETWORKS) and len(found) == 11
    assert all(one.practice and one.ways == networks.get(n).ways for n, one in found.items())
    asked = {name: one.asks for name, one in found.items() if one.asks}
    assert asked == {"mastodon": "server", "bluesky": "handle"}
    assert {name for name, one in found.items() if not one.one_click} == asked.keys()
    assert found["bluesky"].ways == ("oauth", "app_password")


def test_a_network_without_credentials_says_what_is_missing(play: Store) -> None:
    x: Any = networks.get(X)
    x.settings = replace(x.settings, client_id="")
    offer = connections.offer(X)
    assert "X_CLIENT_ID" in offer.missing["oauth"] and not offer.one_click
    assert offer.ways == ("token",) and offer.note == "Not set up here"


def test_an_address_without_https_leaves_bluesky_its_app_passwords(
    play: Store, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = replace(app.config["CARILLON"], APP_URL="http://carillon.example")
    monkeypatch.setitem(app.config, "CARILLON", elsewhere)
    bluesky: Any = networks.get("bluesky")
    bluesky.config = elsewhere
    offer = connections.offer("bluesky")
    assert "https" in offer.missing["oauth"]
    assert offer.ways == ("app_password",) and offer.note == "App password"
