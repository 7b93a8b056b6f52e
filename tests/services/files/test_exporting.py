"""Exports: the table, the folder, and the job that writes them."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete

from app.errors import Conflict, NotFound, ValidationFailed
from app.extensions import db
from app.models.accounts import SocialAccount
from app.models.files import FileJob, FileKind, FileState
from app.models.people import User
from app.models.posts import TargetState
from app.models.profiles import Membership, Profile
from app.services import exporting, file_jobs, file_work, media, plan_posts, post_files
from app.services.plan_posts import Choice
from tests.factories import actor_of, make_account, make_media, make_post, make_profile, make_user
from tests.services.files.conftest import NOON
from tests.statements import counted

MAY = Choice(date(2026, 5, 1), date(2026, 5, 31))
TABLE, FOLDER = FileKind.EXPORT_TABLE, FileKind.EXPORT_FOLDER


def rows(raw: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


def table(maya: User, brand: Profile, choice: Choice = MAY) -> list[dict[str, str]]:
    made = exporting.ask(actor_of(maya), brand.id, TABLE, choice)
    assert isinstance(made, bytes)
    return rows(made)


def folder(maya: User, brand: Profile, choice: Choice = MAY) -> UUID:
    made = exporting.ask(actor_of(maya), brand.id, FOLDER, choice)
    assert isinstance(made, FileJob)
    return made.id


def job(job_id: UUID) -> FileJob:
    db.session.rollback()
    return db.session.get_one(FileJob, job_id, populate_existing=True)


def test_a_table_has_a_line_a_post_in_the_brands_time(
    maya: User, brand: Profile, bells: SocialAccount
) -> None:
    x = make_account(brand, "twitter", "northdesk")
    out = {"permalink": "https://bells.example/1"}
    make_post(brand, "=SUM(A1)", [bells, x], at=NOON + timedelta(hours=1))
    make_post(brand, ["One", "Two"], [x], at=NOON - timedelta(days=1), own={"twitter": ["Own"]},
              state=TargetState.PUBLISHED, target=out, media=[make_media(brand)])  # fmt: skip
    make_post(brand, "June", [bells], at=NOON + timedelta(days=30))
    make_post(make_profile(name="Another"), "Foreign", at=NOON)
    first, second = table(maya, brand)
    assert first["time"] == "2026-05-13 13:00" and first["zone"] == "Europe/London"
    assert first["text"] == "One\n---\nTwo" and first["own texts"] == "twitter:\nOwn"
    assert first["state"] == "published" and first["published"] == "https://bells.example/1"
    assert first["media"] == "bells.png" and first["alt"] == "Six bells in a row"
    assert second["text"] == "'=SUM(A1)"
    assert second["accounts"] == "mastodon/bells, x/northdesk"


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        ({}, ["Soon", "Draft on Friday"]),
        ({"status": "draft"}, ["Draft on Friday"]),
        ({"status": "scheduled", "undated": True}, ["Soon"]),
        ({"undated": True}, ["Soon", "Draft on Friday", "Idea"]),
        ({"account_id": True}, ["Soon"]),
        ({"last": date(2026, 5, 14)}, ["Soon"]),
    ],
)
def test_what_is_chosen_is_exported(
    maya: User, brand: Profile, bells: SocialAccount, given: dict[str, Any], texts: list[str]
) -> None:
    make_post(brand, "Soon", [bells], at=NOON)
    draft = make_post(brand, "Draft on Friday")
    draft.due_at = NOON + timedelta(days=1)
    make_post(brand, "Idea")
    db.session.commit()
    if given.get("account_id"):
        given = {"account_id": bells.id}
    choice = Choice(**({"first": MAY.first, "last": MAY.last} | given))
    assert [one["text"] for one in table(maya, brand, choice)] == texts


def test_nothing_and_too_much_are_told(
    maya: User, brand: Profile, bells: SocialAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValidationFailed, match="no posts"):
        table(maya, brand)
    with pytest.raises(ValidationFailed, match="before the first"):
        table(maya, brand, Choice(MAY.last, MAY.first))
    monkeypatch.setattr(exporting, "FOLDER", 1)
    for _ in range(2):
        make_post(brand, "Bells", [bells], at=NOON)
    with pytest.raises(ValidationFailed, match="up to 1"):
        folder(maya, brand)


def test_steps_give_every_post_once_and_in_order(
    maya: User, brand: Profile, bells: SocialAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_posts, "STEP", 2)
    for n in (3, 1, 2, 2, 2):
        make_post(brand, f"{n}", [bells], at=NOON + timedelta(hours=n))
    for _ in range(3):
        make_post(brand, "idea")
    choice = Choice(MAY.first, MAY.last, undated=True)
    found = [p for some in plan_posts.batches(actor_of(maya), brand, choice) for p in some]
    assert [one.parts[0] for one in found] == ["1", "2", "2", "2", "3", "idea", "idea", "idea"]
    assert len({one.id for one in found}) == 8


def test_a_folder_has_a_file_a_post_and_each_picture_once(
    maya: User, brand: Profile, bells: SocialAccount
) -> None:
    shot = make_media(brand)
    name = post_files.media_name(shot)
    post_id = make_post(brand, "Six bells", [bells], at=NOON, media=[shot]).id
    make_post(brand, "Again", [bells], at=NOON, media=[shot])
    job_id = folder(maya, brand)
    assert file_jobs.waits() and file_work.run() == 1
    done = job(job_id)
    assert (done.state, done.done, done.total, done.problem) == (FileState.DONE, 2, 2, "")
    path, _ = exporting.opened(actor_of(maya), brand.id, job_id)
    with zipfile.ZipFile(path) as made:
        names = made.namelist()
        assert made.testzip() is None
        text = made.read(next(one for one in names if "six-bells" in one)).decode()
        assert made.read(name) == media.file(shot).read_bytes()
        assert json.loads(made.read("carillon.json"))["posts"][0] == str(post_id)
    assert len(names) == 4 and names.count(name) == 1
    found = post_files.read(text)
    assert found.id == str(post_id) and found.parts == ("Six bells",)
    assert (found.time, found.accounts) == ("2026-05-14 13:00", ("mastodon/bells",))
    assert found.media == (post_files.Shot(name, "Six bells in a row"),)


def test_a_worker_that_died_is_followed_by_another_and_changes_nothing_more(
    maya: User, brand: Profile, bells: SocialAccount, noon: Callable[[timedelta], None]
) -> None:
    make_post(brand, "Bells", [bells], at=NOON)
    job_id = folder(maya, brand)
    dead = file_jobs.claim()
    assert dead is not None and file_work.run() == 0
    noon(file_jobs.LEASE + timedelta(seconds=1))
    assert file_work.run() == 1 and job(job_id).state is FileState.DONE
    with pytest.raises(file_jobs.Lost):
        dead.beat(7)
    assert job(job_id).done == 1


def test_a_job_that_kills_its_workers_ends(
    maya: User, brand: Profile, bells: SocialAccount, noon: Callable[[timedelta], None]
) -> None:
    make_post(brand, "Bells", [bells], at=NOON)
    job_id = folder(maya, brand)
    for n in range(file_jobs.CLAIMS):
        noon(n * 2 * file_jobs.LEASE)
        assert file_jobs.claim() is not None
    noon(2 * file_jobs.CLAIMS * file_jobs.LEASE)
    assert file_jobs.claim() is None and job(job_id).state is FileState.FAILED


def test_the_file_is_its_makers_alone_and_ends_after_a_day(
    maya: User, brand: Profile, bells: SocialAccount, noon: Callable[[timedelta], None]
) -> None:
    make_post(brand, "Bells", [bells], at=NOON)
    job_id = folder(maya, brand)
    file_work.run()
    key = job(job_id).key or ""
    with pytest.raises(NotFound):
        exporting.opened(actor_of(make_user()), brand.id, job_id)
    noon(timedelta(hours=25))
    with pytest.raises(NotFound, match="has ended"):
        exporting.opened(actor_of(maya), brand.id, job_id)
    assert media.storage().exists(key)
    assert file_jobs.sweep() == 1 and not media.storage().exists(key)
    noon(timedelta(days=31))
    file_jobs.sweep()
    db.session.expire_all()
    assert db.session.get(FileJob, job_id) is None


def test_whoever_left_gets_no_file_and_nobody_floods(
    maya: User, brand: Profile, bells: SocialAccount
) -> None:
    make_post(brand, "Bells", [bells], at=NOON)
    made = [folder(maya, brand) for _ in range(file_jobs.AT_ONCE)]
    with pytest.raises(Conflict):
        folder(maya, brand)
    db.session.execute(delete(Membership).where(Membership.user_id == maya.id))
    db.session.commit()
    assert file_work.run() == file_jobs.AT_ONCE
    assert "no longer in the brand" in job(made[0]).problem


def test_the_tables_statements_do_not_grow_with_its_posts(
    maya: User, brand: Profile, bells: SocialAccount
) -> None:
    told = []
    for _ in range(2):
        for n in range(5):
            make_post(brand, f"Bell {n}", [bells], at=NOON, own={"mastodon": ["Own"]})
        actor, row = actor_of(maya), db.session.get_one(Profile, brand.id)
        with counted() as found:
            exporting.ask(actor, row.id, TABLE, MAY)
        told.append(len(found))
    assert told[0] == told[1] <= 14
