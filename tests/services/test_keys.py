"""API keys: shown once, recognised, noted, ended."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.clock import now
from app.errors import Forbidden, NotFound, Unauthorized
from app.extensions import db
from app.models.events import AuditEvent
from app.models.keys import ApiKey, KeyKind
from app.models.people import User
from app.models.profiles import Membership, Profile
from app.permissions import Actor, Permission, Role
from app.services import keys
from tests.factories import actor_of, join, make_profile, make_user


def test_a_key_is_told_from_a_typo_without_asking_anybody() -> None:
    for prefix in ("ak_", "amp_live_"):
        made = keys.make(prefix)
        assert re.fullmatch(prefix + r"[0-9A-Za-z]{49}", made) and keys.well_formed(made)
        assert not keys.well_formed(made[:-1]) and not keys.well_formed(f"x{made}")
        for place in (len(prefix), len(prefix) + 20, -1):
            letter = "a" if made[place] != "a" else "b"
            cut = list(made)
            cut[place] = letter
            assert not keys.well_formed("".join(cut))
    assert keys.make("ak_") != keys.make("ak_")


def test_only_a_digest_is_stored_and_uses_are_noted(profile: Profile, owner: Actor) -> None:
    row, whole = keys.create(owner, KeyKind.PROFILE, profile.id, "  Deploy   key ")
    assert row.shown == f"...{whole[-8:]}" and row.name == "Deploy key"
    stored = " ".join(str(value) for value in vars(row).values())
    assert whole not in stored and row.last_used_at is None
    row_id = row.id
    found = keys.resolve(whole, address="127.0.0.1")
    assert found.roles == {profile.id: Role.ADMIN} and whole not in found.name
    assert found.may(Permission.ACCOUNT_WRITE, profile.id) and not found.is_operator
    db.session.expire_all()
    first = db.session.get_one(ApiKey, row_id).last_used_at
    keys.resolve(whole)
    db.session.expire_all()
    assert first is not None and db.session.get_one(ApiKey, row_id).last_used_at == first
    db.session.execute(update(ApiKey).values(last_used_at=now() - timedelta(minutes=5)))
    db.session.commit()
    keys.resolve(whole)
    db.session.expire_all()
    assert (db.session.get_one(ApiKey, row_id).last_used_at or first) > first
    seen = [one.action for one in db.session.scalars(select(AuditEvent))]
    assert seen.count("key.created") == 1 and seen.count("key.first_used") == 1


def test_a_key_ends_with_its_revocation_its_users_role_or_suspension(
    profile: Profile, owner: Actor
) -> None:
    profile_id, user_id = profile.id, owner.user_id
    one, whole = keys.create(owner, KeyKind.PROFILE, profile_id)
    stranger = actor_of(make_user())
    with pytest.raises(NotFound):
        keys.revoke(stranger, one.id)
    keys.revoke(owner, one.id)
    keys.revoke(owner, one.id)
    with pytest.raises(Unauthorized):
        keys.resolve(whole)
    _, narrow = keys.create(owner, KeyKind.PROFILE, profile_id)
    _, wide = keys.create(owner, KeyKind.ACCOUNT)
    membership = select(Membership).where(Membership.user_id == user_id)
    db.session.delete(db.session.scalars(membership).one())
    db.session.commit()
    with pytest.raises(Unauthorized):
        keys.resolve(narrow)
    assert keys.resolve(wide).roles == {}
    db.session.execute(update(User).where(User.id == user_id).values(suspended_at=now()))
    db.session.commit()
    with pytest.raises(Unauthorized):
        keys.resolve(wide)


def test_nobody_makes_keys_for_what_is_not_theirs(profile: Profile, owner: Actor) -> None:
    member = make_user()
    join(profile, member, Role.MEMBER)
    with pytest.raises(Forbidden):
        keys.create(actor_of(member), KeyKind.PROFILE, profile.id)
    with pytest.raises(Forbidden):
        keys.create(owner, KeyKind.PROFILE, make_profile().id)
    with pytest.raises(Unauthorized):
        keys.create(Actor(None, "engine"), KeyKind.ACCOUNT)


def test_the_command_line_prints_the_whole_key_once(app: Flask) -> None:
    user = make_user("keys@marram.example")
    first, second = make_profile(user), make_profile(user)
    first_id, second_id = str(first.id), str(second.id)
    db.session.rollback()
    run = app.test_cli_runner().invoke

    def made(*args: str) -> dict[str, str]:
        done = run(args=["key", "create", "--email", "KEYS@marram.example", *args])
        assert done.exit_code == 0, done.output
        found: dict[str, str] = json.loads(done.output)
        return found

    narrow, wide = made("--kind", "profile"), made("--kind", "account")
    assert narrow["key"].startswith("ak_") and narrow["profile_id"] == first_id
    assert wide["key"].startswith("amp_live_") and wide["profile_id"] is None
    assert made("--kind", "profile", "--profile", second_id)["profile_id"] == second_id
    assert len(keys.resolve(wide["key"]).roles) == 2
    for wrong in (["--email", "nobody@marram.example"], ["--email", "keys@marram.example",
                  "--profile", "none"]):  # fmt: skip
        assert run(args=["key", "create", "--kind", "profile", *wrong]).exit_code == 1
