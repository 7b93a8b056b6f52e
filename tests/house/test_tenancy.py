"""No route tells anything of another tenant: made from the route table (reliability §8).

For each route with an id, a stranger asks with a foreign one and with one that never was: status
and body have to be the same, and no success. A new kind of id has to be named in ``foreign``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from werkzeug.routing import Rule

from app import ids
from app.api.contract import declared
from app.clock import now
from app.extensions import db
from app.models.accounts import PendingConnection, Review
from app.models.approvals import Place, PlaceKind
from app.models.bulk import BulkBatch, BulkKind
from app.models.content_templates import ContentTemplate
from app.models.files import CalendarFeed, FileJob, FileKind
from app.models.media import MediaUpload
from app.models.people import User, UserSession
from app.models.profiles import PlatformSet, Profile
from app.models.recurring import Pattern, RecurringSchedule
from app.models.shares import PostComment, PostShare
from app.models.versions import PostVersion
from app.services import keys
from app.services.keys import KeyKind
from tests.conftest import Browser
from tests.factories import actor_of, make_account, make_media, make_post, make_profile, make_user

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# Arguments that are no id of a tenant's row.
PLAIN: dict[str, Any] = {
    "network": "mastodon", "on": "2026-11-22", "what": "retry", "token": "nothing",
    "url_hash": "0" * 64, "name": "mastodon", "verdict": "accept", "day": "2026-12-24",
    "number": 1,
}  # fmt: skip
# What a body needs to get as far as the row.
BODY = {"name": "A name", "rev": 1, "text": "", "confirm": "yes"}
CHANGING = re.compile(
    r'req_[0-9a-f]+|[0-9a-f]{8}-[0-9a-f-]{27}|"csrf_token"[^>]*|X-CSRFToken[^>]*|IjY[\w.-]+'
)


def uuids(rule: Rule) -> list[str]:
    """The names of a route's ids."""
    found = rule._converters.items()
    return [name for name, one in found if type(one).__name__ == "UUIDConverter"]


def routes(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Every route that names a tenant or one of its rows, with each of its methods."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda one: one.rule):
        if "profile" in rule.arguments or uuids(rule):
            yield from ((rule, one) for one in METHODS if one in (rule.methods or ()))


@pytest.fixture
def foreign(app: Flask) -> dict[str, UUID | str]:
    """Ada's brand with one row of every kind, by the name a route gives its id."""
    ada = make_user("ada@example.org")
    brand = make_profile(ada)
    account = make_account(brand, "mastodon")
    post, draft = make_post(brand, "Six bells", [account], at=now()), make_post(brand, "A draft")
    waits = PendingConnection(
        user_id=ada.id, profile_id=brand.id, network="mastodon", way="oauth", tokens="x",
        identities=[], expires_at=now(),
    )  # fmt: skip
    session = UserSession(token_hash="0" * 64, user_id=ada.id, created_at=now(), seen_at=now())
    template = ContentTemplate(profile_id=brand.id, name="Weekly", content="{{highlight}}")
    place = Place(
        number=1, profile_id=brand.id, network="facebook", kind=PlaceKind.PAGE, external_id="p",
        name="Blog", review=Review.PENDING,
    )  # fmt: skip
    upload = MediaUpload(
        profile_id=brand.id, uploaded_by=ada.id, token_hash="0" * 64, key="00/" + "0" * 32,
        name="a.jpg", mime="image/jpeg", size=9, created_at=now(), expires_at=now(),
    )  # fmt: skip
    schedule = RecurringSchedule(
        profile_id=brand.id, name="Daily", content="Six bells", pattern=Pattern.DAILY,
        time_of_day="09:00:00", time_zone="UTC", starts_on=now().date(), made_until=now(),
        look_at=now() + timedelta(days=1),
    )  # fmt: skip
    feed = CalendarFeed(profile_id=brand.id, user_id=ada.id, token_hash="0" * 64, created_at=now())
    job = FileJob(
        profile_id=brand.id, user_id=ada.id, kind=FileKind.EXPORT_TABLE, created_at=now(),
        expires_at=now() + timedelta(days=1),
    )  # fmt: skip
    version = PostVersion(
        post_id=post.id, profile_id=brand.id, by_key=False, parts=["Six"], own={}, began_at=now(),
        saved_at=now(),
    )  # fmt: skip
    batch = BulkBatch(profile_id=brand.id, user_id=ada.id, kind=BulkKind.DELETE, asked={})
    share = PostShare(
        post_id=post.id, profile_id=brand.id, user_id=ada.id, token_hash="0" * 64,
        created_at=now(), expires_at=now() + timedelta(days=30),
    )  # fmt: skip
    db.session.add(share)
    db.session.flush()
    comment = PostComment(
        share_id=share.id, post_id=post.id, profile_id=brand.id, name="Ben", text="Six?",
        created_at=now(),
    )  # fmt: skip
    db.session.add(comment)
    rows = [waits, session, template, place, upload, schedule, feed, job, batch, version]
    db.session.add_all(rows)
    db.session.commit()
    key, _ = keys.create(actor_of(ada), KeyKind.PROFILE, brand.id)
    default = db.session.query(PlatformSet).filter_by(profile_id=brand.id).one()
    return {
        "profile": brand.slug, "profile_id": brand.id, "account_id": account.id,
        "connection_id": account.id, "post_id": post.id, "draft_id": draft.id,
        "target_id": post.targets[0].id, "media_id": make_media(brand).id, "key_id": key.id,
        "set_id": default.id, "session_id": session.id, "pending_id": waits.id,
        "template_id": template.id, "place_id": place.id, "upload_id": upload.id,
        "schedule_id": schedule.id, "feed_id": feed.id, "job_id": job.id, "batch_id": batch.id,
        "version_id": version.id, "share_id": share.id, "comment_id": comment.id,
        "item": post.id,
    }  # fmt: skip


@pytest.fixture
def mine(app: Flask) -> tuple[User, Profile]:
    user = make_user("eve@example.org")
    return user, make_profile(user)


def test_every_kind_of_id_is_known(app: Flask, foreign: dict[str, Any]) -> None:
    named = {name for rule, _ in routes(app) for name in rule.arguments}
    assert named <= foreign.keys() | PLAIN.keys()


def test_a_foreign_row_and_one_that_never_was_answer_alike(
    app: Flask, foreign: dict[str, Any], mine: tuple[User, Profile],
    signed_in: Callable[[User], Browser],
) -> None:  # fmt: skip
    user, own = mine
    slug, profile_id = own.slug, own.id
    actor = actor_of(user)
    doors = [
        {"X-API-Key": keys.create(actor, KeyKind.PROFILE, profile_id)[1]},
        {"Authorization": f"Bearer {keys.create(actor, KeyKind.ACCOUNT)[1]}"},
    ]
    browser, program = signed_in(user), app.test_client()
    told: list[str] = []
    asked = 0
    for rule, method in routes(app):
        names = uuids(rule)
        if not names:
            continue
        never = {name: ids.uuid7() for name in names}
        theirs = {name: foreign[name] for name in names}
        api = declared(app.view_functions[rule.endpoint]) is not None
        for headers in doors if api and "/v1" in rule.rule else [{}]:
            client = program if headers else browser
            both = [
                _ask(app, client, rule, method, {**PLAIN, "profile": slug, **given}, headers)
                for given in (theirs, never)
            ]
            asked += 1
            if both[0] != both[1] or both[0][0] < 300:
                told.append(f"{method} {rule.rule}: {both[0][0]} {both[1][0]}")
    assert not told, "\n".join(told)
    assert asked > 60


def test_a_foreign_brand_and_one_that_never_was_answer_alike(
    app: Flask, foreign: dict[str, Any], mine: tuple[User, Profile],
    signed_in: Callable[[User], Browser],
) -> None:  # fmt: skip
    browser, told = signed_in(mine[0]), []
    for rule, method in routes(app):
        if "profile" not in rule.arguments:
            continue
        both = [
            _ask(app, browser, rule, method, {**PLAIN, **foreign, "profile": slug}, {})
            for slug in (foreign["profile"], "nowhere-0000")
        ]
        if both[0] != both[1] or both[0][0] != 404:
            told.append(f"{method} {rule.rule}: {both[0][0]} {both[1][0]}")
    assert not told, "\n".join(told)


def test_nobody_at_all_gets_in_anywhere(app: Flask, foreign: dict[str, Any]) -> None:
    told = []
    for rule, method in routes(app):
        view: Any = app.view_functions[rule.endpoint]
        if view.guard == "public":
            continue
        status, _ = _ask(app, app.test_client(), rule, method, {**PLAIN, **foreign}, {})  # type: ignore[arg-type]
        if status not in (303, 401):
            told.append(f"{method} {rule.rule}: {status}")
    assert not told, "\n".join(told)


def _ask(
    app: Flask, client: Any, rule: Rule, method: str, values: dict[str, Any],
    headers: dict[str, str],
) -> tuple[int, str]:  # fmt: skip
    """Status and body, without what differs from one request to the next."""
    wanted = {name: values[name] for name in rule.arguments}
    path = rule.build({name: str(one) for name, one in wanted.items()} | _raw(rule, wanted))[1]  # type: ignore[index]
    body: dict[str, Any] = {}
    if method != "GET":
        told = declared(app.view_functions[rule.endpoint])
        body = {"json": BODY} if told is not None else {"data": BODY}
    answer = client.open(path, method=method, headers=headers, **body)
    text = answer.get_data(as_text=True)
    for one in wanted.values():
        text = text.replace(str(one), "")
    return answer.status_code, CHANGING.sub("", text)


def _raw(rule: Rule, wanted: dict[str, Any]) -> dict[str, Any]:
    return {name: wanted[name] for name in uuids(rule)}
