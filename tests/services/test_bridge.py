"""Metricool connected, tested, refreshed and let go of; over the played Metricool."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app import credentials
from app.clock import now
from app.errors import AppError, BrokerError, Conflict, Forbidden, NotFound, ValidationFailed
from app.extensions import db, networks
from app.models.accounts import AccountStatus, SocialAccount
from app.models.events import AuditEvent
from app.models.integrations import Integration
from app.models.posts import HoldReason, Post, PostStatus, PostTarget, TargetState
from app.models.profiles import Profile
from app.models.recurring import Pattern
from app.permissions import Actor, Role
from app.sandbox.store import Store
from app.services import accounts, bridge, bridge_end, connections, faces, recurring
from app.services.recurring import Changes
from tests.factories import actor_of, join, make_account, make_post, make_profile, make_user
from tests.playing import order

TOKEN, FIRST, SECOND = "sandbox-alice", "3100001", "3100002"


def rows(profile: Profile) -> dict[str, SocialAccount]:
    """The profile's bridged accounts by network."""
    db.session.rollback()
    db.session.expire_all()
    found = select(SocialAccount).where(
        SocialAccount.profile_id == profile.id, SocialAccount.via == "metricool"
    )
    return {one.network: one for one in db.session.scalars(found.order_by(SocialAccount.number))}


def audited(action: str) -> list[AuditEvent]:
    return list(db.session.scalars(select(AuditEvent).where(AuditEvent.action == action)))


def test_a_brand_brings_its_accounts_whose_keys_are_the_bridges(
    play: Store, profile: Profile, owner: Actor
) -> None:
    profile_id = profile.id
    make_account(profile, "twitter", "carillondemo")  # the same one, connected directly
    done = bridge.connect(owner, profile_id, f" {TOKEN} ", FIRST)
    assert (len(done.accounts), done.new, done.lost) == (9, 9, 0)
    assert bridge.platforms(done.brand)[:3] == ["twitter", "linkedin", "facebook"]
    found = rows(profile)
    x = found["twitter"]
    assert (x.handle, x.server, x.way, x.tokens) == (
        "carillondemo", "metricool", "metricool", None,
    )  # fmt: skip
    assert x.is_sandbox and x.set_id is not None and x.avatar_url.startswith("http")
    row = db.session.scalars(select(Integration)).one()
    assert row.data["blog_id"] == FIRST and row.data["user_id"].isdigit()
    assert TOKEN not in f"{row.secret}{row.data}{row.name}" and row.name == "Carillon Demo"
    [event] = audited("integration.connected")
    assert event.detail["accounts"] == 9 and TOKEN not in str(event.detail)
    x_id = x.id
    db.session.rollback()
    opened = credentials.fresh(x_id)
    assert opened.tokens.access == TOKEN and opened.tokens.more["blog_id"] == FIRST
    with pytest.raises(Exception, match="signed this account out"):
        credentials.fresh(x_id, force_from_version=opened.version)
    assert networks.of(x).title == "X" and networks.of(x).capabilities({}).whole_threads
    assert not networks.for_("twitter").capabilities({}).whole_threads
    listed = {row.handle: row for row in connections.listing(owner, profile_id).rows}
    assert listed["carillondemo"].way_word


def test_nothing_is_stored_before_metricool_has_agreed(
    play: Store, profile: Profile, owner: Actor
) -> None:
    profile_id = profile.id
    for token, blog, user, field in (
        ("wrong", FIRST, "", "token"), ("", FIRST, "", "token"), ("sandbox a", FIRST, "", "token"),
        (TOKEN, "1", "", "blog_id"), (TOKEN, " ", "", "blog_id"), (TOKEN, FIRST, "me", "user_id"),
    ):  # fmt: skip
        with pytest.raises(ValidationFailed) as caught:
            bridge.connect(owner, profile_id, token, blog, user)
        assert caught.value.field == field and caught.value.status == 400
        if field == "token":
            assert caught.value.code == "INVALID_ACCESS_TOKEN"
    for fault in ("http_500", "invalid_json", "reset"):
        order(play, network="metricool", operation="account", fault=fault, times=1)
        with pytest.raises(BrokerError):
            bridge.connect(owner, profile_id, TOKEN, FIRST)
    order(play, network="metricool", operation="account", fault="http_429", times=1)
    with pytest.raises(AppError) as limited:
        bridge.look(owner, profile_id, TOKEN)
    assert limited.value.status == 429 and limited.value.retry_after
    assert db.session.scalars(select(Integration)).all() == [] and not rows(profile)
    member = make_user()
    join(profile, member, Role.MEMBER)
    with pytest.raises(Forbidden):
        bridge.connect(actor_of(member), profile_id, TOKEN, FIRST)


def test_the_test_says_how_it_is_and_the_row_remembers(
    play: Store, profile: Profile, owner: Actor
) -> None:
    profile_id = profile.id
    with pytest.raises(NotFound):
        bridge.test(owner, profile_id)
    bridge.connect(owner, profile_id, TOKEN, FIRST)
    found = bridge.test(owner, profile_id)
    assert (found.status, found.left, found.problem) == ("healthy", None, "")
    assert found.milliseconds is not None and found.milliseconds >= 0
    order(play, network="metricool", operation="account", fault="http_500", times=1)
    assert bridge.test(owner, profile_id).status == "unreachable"
    row = bridge.current(owner, profile_id)
    assert row is not None and row.valid
    order(play, network="metricool", operation="account", fault="revoked", times=1)
    refused = bridge.test(owner, profile_id)
    assert refused.status == "unhealthy" and "token" in refused.problem
    row = bridge.current(owner, profile_id)
    assert row is not None and not row.valid and row.reason
    assert bridge.test(owner, profile_id).status == "healthy"
    heard, used = bridge.brands(owner, profile_id)
    assert used == FIRST and len(heard.brands) == 3


def test_another_brand_takes_its_place_and_lost_accounts_wait_for_a_person(
    play: Store, profile: Profile, owner: Actor
) -> None:
    profile_id = profile.id
    bridge.connect(owner, profile_id, TOKEN, FIRST)
    facebook = rows(profile)["facebook"]
    post = make_post(profile, "Hello", [facebook], at=now() + timedelta(hours=1))
    post_id = post.id
    done = bridge.connect(owner, profile_id, TOKEN, SECOND)
    assert (done.new, done.lost) == (3, 9)
    assert db.session.scalars(select(Integration)).one().name == "Second Brand"
    facebook = rows(profile)["facebook"]
    assert facebook.status is AccountStatus.NEEDS_RECONNECT and "no longer" in (
        facebook.status_reason
    )
    held = db.session.scalars(select(PostTarget).where(PostTarget.post_id == post_id)).one()
    assert held.hold_reason is HoldReason.RECONNECT
    back = bridge.connect(owner, profile_id, TOKEN, FIRST)
    assert (back.new, back.lost, back.going) == (0, 3, 1)
    assert rows(profile)["facebook"].status is AccountStatus.ACTIVE


def test_what_a_person_took_off_stays_off_until_asked_for(
    play: Store, profile: Profile, owner: Actor
) -> None:
    profile_id = profile.id
    bridge.connect(owner, profile_id, TOKEN, FIRST)
    x = rows(profile)["twitter"].id
    accounts.disconnect(owner, x)
    bridge.refresh(owner, profile_id)
    assert rows(profile)["twitter"].status is AccountStatus.DISCONNECTED
    with pytest.raises(Conflict):
        accounts.check(owner, x)
    bridge.refresh(owner, profile_id, x)
    assert rows(profile)["twitter"].status is AccountStatus.ACTIVE
    assert accounts.check(owner, x).status is AccountStatus.ACTIVE
    assert len(bridge.accounts(owner, profile_id)) == 9


def test_disconnecting_cancels_what_goes_through_it_and_nothing_else(
    play: Store, profile: Profile, owner: Actor
) -> None:
    profile_id = profile.id
    bridge.connect(owner, profile_id, TOKEN, FIRST)
    found, native = rows(profile), make_account(profile, "mastodon")
    soon = now() + timedelta(hours=1)
    only = make_post(profile, "Only there", [found["twitter"], found["linkedin"]], at=soon).id
    both = make_post(profile, "Both", [found["twitter"], native], at=soon).id
    held = make_post(profile, "Held", [found["facebook"]], at=soon,
                     target={"hold_reason": HoldReason.LATE}).id  # fmt: skip
    out = make_post(profile, "Out", [found["twitter"]], at=soon, state=TargetState.PUBLISHED).id
    draft = make_post(profile, "Draft", [found["twitter"]]).id
    other = make_profile(make_user())
    untouched = make_post(other, "Other", [make_account(other)], at=soon).id
    assert bridge_end.effect(owner, profile_id) == bridge_end.Effect(3, 9)
    assert bridge_end.disconnect(owner, profile_id) == bridge_end.Effect(3, 9)
    db.session.expire_all()
    state = {
        one: [t.state.value for t in db.session.get_one(Post, one).targets]
        for one in (only, both, held, out, draft, untouched)
    }
    assert state[only] == ["cancelled"] * 2 and state[held] == ["cancelled"]
    assert sorted(state[both]) == ["cancelled", "scheduled"]
    assert (state[out], state[draft], state[untouched]) == (
        ["published"], ["draft"], ["scheduled"],
    )  # fmt: skip
    assert db.session.get_one(Post, only).status is PostStatus.DISCARDED
    assert db.session.get_one(Post, both).status is PostStatus.SCHEDULED
    assert {one.status for one in rows(profile).values()} == {AccountStatus.DISCONNECTED}
    row = db.session.scalars(select(Integration)).one()
    assert row.secret is None and row.ended_at is not None and not row.enabled
    assert audited("integration.disconnected")[0].detail["cancelled_posts"] == 3
    assert bridge.current(owner, profile_id) is None and bridge.accounts(owner, profile_id) == []
    with pytest.raises(NotFound):
        bridge_end.disconnect(owner, profile_id)
    again = bridge.connect(owner, profile_id, TOKEN, FIRST)
    assert again.new == 0 and len(again.accounts) == 9


def test_disconnecting_pauses_the_schedules_that_no_account_is_left_for(
    play: Store, profile: Profile, owner: Actor
) -> None:
    bridge.connect(owner, profile.id, TOKEN, FIRST)
    make_account(profile, "mastodon")
    made = {
        name: recurring.create(
            owner, profile.id,
            Changes(name=name, content="Six bells", platforms=platforms, pattern=Pattern.DAILY,
                    time_of_day="09:00"),
        ).id
        for name, platforms in (("Bridged", ["linkedin"]), ("Both", ["linkedin", "mastodon"]))
    }  # fmt: skip
    bridge_end.disconnect(owner, profile.id)
    assert audited("integration.disconnected")[0].detail["paused_schedules"] == 1
    assert not recurring.get(owner, made["Bridged"]).is_active
    assert recurring.get(owner, made["Bridged"]).pause_reason
    assert recurring.get(owner, made["Both"]).is_active


def test_nobody_waits_for_the_pictures_of_a_brand(
    play: Store, profile: Profile, owner: Actor
) -> None:
    bridge.connect(owner, profile.id, TOKEN, FIRST)
    assert all(one.avatar_key is None for one in rows(profile).values())
    assert faces.fetch_missing() == 9
    db.session.expire_all()
    assert all(one.avatar_key for one in rows(profile).values())
    assert faces.fetch_missing() == 0
