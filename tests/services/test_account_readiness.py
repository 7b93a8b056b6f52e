"""What an account can do, what is missing, and who is told before a sign-in ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.clock import now
from app.config import Config, NetworkSettings, settings
from app.extensions import db
from app.ids import uuid7
from app.models.accounts import AccountStatus, Destination, SocialAccount
from app.models.people import Mail
from app.models.profiles import Profile
from app.networks import NETWORKS, cls
from app.networks.base import Tokens
from app.services import account_readiness, mails, numbers
from app.services.account_readiness import Readiness, asked, judge, reachable
from tests.factories import make_account, make_post, make_profile, make_user

HOUR = timedelta(hours=1)
PUBLIC = "https://post.marram.example"


@pytest.fixture
def brand(app: Flask) -> Profile:
    return make_profile()


def real(**changes: Any) -> Config:
    """An installation whose networks are the public ones."""
    own = {name: NetworkSettings("id", "secret", "https://api.example") for name in NETWORKS}
    return replace(settings(), networks=own, **changes)


def look(account: SocialAccount, config: Config | None = None) -> Readiness:
    return judge(account, account_readiness.facts([account]), config)


def codes(found: Readiness) -> list[str]:
    return [one.code for one in found.findings]


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_every_network_tells_of_itself_and_what_nothing_goes_out_without(name: str) -> None:
    about = cls(name).about
    assert about.setup and about.review and about.scopes and about.needs and about.notes
    assert len(about.refusals) >= 10
    assert all(r.code and r.means.endswith(".") and r.step.endswith(".") for r in about.refusals)


def test_an_account_that_misses_nothing_is_ready(brand: Profile) -> None:
    account = make_account(brand, "mastodon")
    found = look(account)
    assert (found.status, found.can_publish, found.can_schedule) == ("ready", True, True)
    assert account_readiness.as_json(found) == {
        "status": "ready", "canPublish": True, "canSchedule": True, "missingRequirements": [],
        "warnings": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "code"),
    [(AccountStatus.NEEDS_RECONNECT, "signed_out"), (AccountStatus.DISCONNECTED, "disconnected")],
)
def test_one_without_a_sign_in_is_blocked(brand: Profile, status: Any, code: str) -> None:
    found = look(make_account(brand, "mastodon", status=status))
    assert (found.status, codes(found)) == ("blocked", [code])
    assert account_readiness.as_json(found)["missingRequirements"] == [found.missing[0].message]


def test_a_sign_in_that_ends_before_the_next_post_is_missing_only_until_then(
    brand: Profile,
) -> None:
    account = make_account(brand, "twitter", tokens=Tokens("a", "", now() + 5 * HOUR))
    make_post(brand, "Early", [account], at=now() + HOUR)
    assert codes(look(account)) == []
    late = make_account(brand, "twitter", tokens=Tokens("a", "", now() + 5 * HOUR))
    make_post(brand, "Late", [late], at=now() + 6 * HOUR)
    found = look(late)
    assert (codes(found), found.can_publish, found.can_schedule) == (["sign_in_ends"], True, False)
    over = make_account(brand, "twitter", tokens=Tokens("a", "", now() - HOUR))
    assert (codes(look(over)), look(over).status) == (["sign_in_ended"], "blocked")
    renews = make_account(brand, "twitter", tokens=Tokens("a", "r", now() - HOUR))
    assert codes(look(renews)) == []


@pytest.mark.parametrize(
    ("network", "scopes", "code", "stops"),
    [
        ("twitter", [], None, ""),  # not told
        ("twitter", ["tweet.read", "users.read", "media.write", "offline.access"],
         "scopes_missing", "publish"),
        ("twitter", ["tweet.read", "tweet.write", "users.read", "offline.access"],
         "scopes_partial", ""),
        ("mastodon", ["read", "write"], None, ""),  # the coarse ones cover the fine
        ("mastodon", ["profile", "read:statuses", "write:media"], "scopes_missing", "publish"),
        ("facebook", ["pages_show_list", "pages_read_engagement"], "scopes_missing", "publish"),
        ("linkedin", ["openid", "profile", "email", "w_member_social"], None, ""),
    ],
)  # fmt: skip
def test_permissions_that_were_not_given_are_named(
    brand: Profile, network: str, scopes: list[str], code: str | None, stops: str
) -> None:
    found = look(make_account(brand, network, scopes=scopes))
    told = [one for one in found.findings if one.code.startswith("scopes")]
    assert [one.code for one in told] == ([code] if code else [])
    assert not told or (told[0].stops, told[0].fix) == (stops, "reconnect")


def test_all_that_is_asked_for_misses_nothing(brand: Profile) -> None:
    for name in NETWORKS:
        account = make_account(brand, name, scopes=list(asked(name, settings())))
        assert not [c for c in codes(look(account)) if c.startswith("scopes")], name


@pytest.mark.parametrize(
    ("address", "fine"),
    [
        (PUBLIC, True), ("http://post.marram.example", False), ("http://127.0.0.1:8000", False),
        ("https://192.168.1.5", False), ("https://8.8.8.8", True), ("https://bells.local", False),
        ("https://bells", False), ("https://[::1]", False),
    ],
)  # fmt: skip
def test_networks_that_fetch_files_need_a_public_https_address(
    brand: Profile, address: str, fine: bool
) -> None:
    config = real(APP_URL=address)
    assert (reachable(config) == "") is fine
    account = make_account(brand, "instagram", is_sandbox=False)
    assert ("not_reachable" in codes(look(account, config))) is not fine
    assert "not_reachable" not in codes(look(make_account(brand, "facebook"), config))


def test_a_played_network_fetches_from_this_machine(brand: Profile) -> None:
    assert "not_reachable" not in codes(look(make_account(brand, "instagram")))


def test_a_usual_destination_is_asked_for_until_there_is_one(brand: Profile) -> None:
    account = make_account(brand, "pinterest")
    assert "no_destination" in codes(look(account))
    db.session.add(
        Destination(
            id=uuid7(), number=numbers.take(db.session(), Destination), account_id=account.id,
            external_id="1", kind="board", name="Brews", is_default=True,
        )
    )  # fmt: skip
    db.session.commit()
    found = look(account)
    assert (codes(found), found.status) == ([], "ready")


def test_an_app_nobody_has_audited_is_a_warning(brand: Profile) -> None:
    tiktok, youtube = make_account(brand, "tiktok"), make_account(brand, "youtube")
    for account in (tiktok, youtube):
        found = look(account)
        assert (found.status, codes(found)) == ("ready", ["not_reviewed"])
    done = replace(settings(), TIKTOK_AUDITED=True, YOUTUBE_FORCE_PRIVATE_UPLOADS=False)
    assert [codes(look(one, done)) for one in (tiktok, youtube)] == [[], []]


def test_owners_are_told_once_before_a_sign_in_ends_with_a_post_after_it(brand: Profile) -> None:
    owner = make_user("owner@marram.example")
    brand = make_profile(owner)
    ends = Tokens("a", "", now() + 2 * HOUR)
    account = make_account(brand, "linkedin", tokens=ends)
    make_post(brand, "Before", [account], at=now() + HOUR)
    assert account_readiness.tell_ending() == 0
    make_post(brand, "In a week", [account], at=now() + 168 * HOUR)
    assert account_readiness.tell_ending() == 0
    make_post(brand, "After", [account], at=now() + 3 * HOUR)
    for name, more in (("twitter", {"status": AccountStatus.NEEDS_RECONNECT}), ("mastodon", {})):
        other = make_account(brand, name, tokens=None if name == "mastodon" else ends, **more)
        make_post(brand, "Else", [other], at=now() + 3 * HOUR)
    for _ in range(2):
        assert account_readiness.tell_ending() == 1
    told = db.session.scalars(select(Mail)).all()
    assert [(one.to, one.kind) for one in told] == [(owner.email, "sign_in_ends")]
    assert told[0].data["posts"] == 1 and told[0].data["title"] == "LinkedIn"


def test_the_mail_says_until_when(brand: Profile, app: Flask) -> None:
    from flask import render_template

    data = {"handle": "marram", "title": "LinkedIn", "ends": "Thu 14 May, 12:30",
            "due": "Thu 14 May, 13:30", "posts": 2}  # fmt: skip
    text = render_template("mail/sign_in_ends.txt", data=data, url=PUBLIC)
    assert "ends on Thu 14 May, 12:30. 2 posts are planned after that" in text
    assert mails.SUBJECTS["sign_in_ends"].format_map(data)
