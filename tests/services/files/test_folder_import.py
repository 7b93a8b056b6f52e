"""A folder that went out and comes back: what is new, changed, the same or gone."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.errors import NotFound
from app.extensions import db
from app.models.accounts import AccountStatus, SocialAccount
from app.models.files import FileJob, FileKind, FileRow, FileState
from app.models.media import Media
from app.models.people import User
from app.models.posts import Post, PostStatus, TargetState
from app.models.profiles import Profile
from app.services import (
    exporting,
    file_jobs,
    file_work,
    folder_import,
    importing,
    labels,
    media,
    posts,
    submissions,
)
from app.services.plan_posts import Choice
from tests.factories import actor_of, make_account, make_media, make_post, make_profile
from tests.services.files.conftest import NOON

YEAR = Choice(date(2026, 1, 1), date(2026, 12, 31), undated=True)
Files = dict[str, bytes]


def exported(maya: User, brand: Profile) -> Files:
    made = exporting.ask(actor_of(maya), brand.id, FileKind.EXPORT_FOLDER, YEAR)
    assert isinstance(made, FileJob)
    job_id = made.id
    file_work.run()
    path, _ = exporting.opened(actor_of(maya), brand.id, job_id)
    with zipfile.ZipFile(path) as pack:
        return {name: pack.read(name) for name in pack.namelist()}


def take(maya: User, brand: Profile, files: Files) -> UUID:
    """A folder that has been looked at; its job's id."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as pack:
        for name, text in files.items():
            pack.writestr(name, text)
    raw.seek(0)
    job_id = folder_import.take(actor_of(maya), brand.id, "plan.zip", raw).id
    file_work.run()
    assert job(job_id).state is FileState.READY, job(job_id).problem
    return job_id


def job(job_id: UUID) -> FileJob:
    db.session.rollback()
    return db.session.get_one(FileJob, job_id, populate_existing=True)


def rows(job_id: UUID) -> list[FileRow]:
    db.session.rollback()
    found = select(FileRow).where(FileRow.job_id == job_id).order_by(FileRow.number)
    return list(db.session.scalars(found.execution_options(populate_existing=True)))


def marks(job_id: UUID) -> dict[str, int]:
    return dict(importing.counts(job(job_id)).marks)


def start(maya: User, brand: Profile, job_id: UUID) -> None:
    importing.start(actor_of(maya), brand.id, job_id)
    file_work.run()
    assert job(job_id).state is FileState.DONE
    assert job(job_id).key is None
    assert [row.problems for row in rows(job_id) if row.mark == "failed"] == []


def post_of(post_id: UUID) -> Post:
    db.session.rollback()
    return db.session.get_one(Post, post_id, populate_existing=True)


def edited(files: Files, word: str, old: str, new: str) -> Files:
    """The folder with a change in the one file whose name holds the word."""
    (name,) = [one for one in files if word in one]
    text = files[name].decode()
    assert old in text
    return {**files, name: text.replace(old, new).encode()}


@pytest.fixture
def plan(maya: User, brand: Profile, bells: SocialAccount) -> dict[str, UUID]:
    """Posts of every sort, by the first word of their text."""
    x = make_account(brand, "twitter", "north")
    off = make_account(brand, "bluesky", "old", status=AccountStatus.DISCONNECTED)
    shot = make_media(brand)
    made = {
        "soon": make_post(brand, ["Soon: six, bells", "More\n\n--- and more"], [bells, x],
                          at=NOON + timedelta(days=2, seconds=15), media=[shot],
                          own={"twitter": ["Own # words"]}),
        "autumn": make_post(brand, "Autumn, twice", [bells],
                            at=NOON.replace(month=10, day=25, hour=1, minute=30)),
        "out": make_post(brand, "Out already", [bells, off], at=NOON - timedelta(days=3),
                         state=TargetState.PUBLISHED),
        "down": make_post(brand, "Down it went", [x], at=NOON - timedelta(days=2),
                          state=TargetState.FAILED),
        "idea": make_post(brand, "Idea\n<!-- carillon: next part -->"),
        "note": make_post(brand, "Note for later", [x]),
    }  # fmt: skip
    made["note"].due_at = NOON + timedelta(days=9)
    made["soon"].link = "https://bells.example/?a=1"
    made["soon"].options = {"mastodon": {"visibility": "unlisted"}}
    made["soon"].media[0].part = 1
    labels.put_on(brand.id, made["soon"].id, ["Spring"], {})
    labels.put_on(brand.id, made["out"].id, ["Spring", "Menu"], labels.known(brand.id))
    db.session.commit()
    return {name: one.id for name, one in made.items()}


def test_a_folder_that_was_not_touched_changes_nothing(
    maya: User, brand: Profile, plan: dict[str, UUID]
) -> None:
    job_id = take(maya, brand, exported(maya, brand))
    assert marks(job_id) == {"same": 6}
    assert importing.counts(job(job_id)).ready == 0


def test_what_was_changed_is_shown_and_then_done(
    maya: User, brand: Profile, plan: dict[str, UUID]
) -> None:
    files = exported(maya, brand)
    files = edited(files, "soon", "six, bells", "seven bells")
    files = edited(files, "soon", "2026-05-16 13:00", "2026-05-17 10:00")
    files = edited(files, "soon", "  - x/north\n", "")
    files = edited(files, "soon", "Six bells in a row", "Seven bells")
    files = edited(files, "soon", "- Spring", "- summer\n  - Menu")
    files = edited(files, "note", "state: draft", "state: scheduled")
    files = edited(files, "autumn", "state: scheduled", "state: draft")
    job_id = take(maya, brand, files)
    assert marks(job_id) == {"same": 3, "changed": 3}
    row = next(one for one in rows(job_id) if one.post_id == plan["soon"])
    found = {one["what"]: (one["before"], one["after"]) for one in row.data["changes"]}
    assert found["Time"] == ("2026-05-16 13:00", "2026-05-17 10:00")
    assert found["Accounts"] == ("mastodon/bells, x/north", "mastodon/bells")
    assert "seven bells" in found["Text"][1] and "Pictures and videos" in found
    assert post_of(plan["soon"]).parts[0] == "Soon: six, bells"
    start(maya, brand, job_id)
    soon = post_of(plan["soon"])
    assert soon.parts[0].startswith("Soon: seven bells") and soon.status is PostStatus.SCHEDULED
    assert soon.due_at == NOON.replace(day=17, hour=9)
    assert [(one.alt, one.part) for one in soon.media] == [("Seven bells", 1)]
    assert soon.options == {"mastodon": {"visibility": "unlisted"}}
    live = [t.account.network for t in soon.targets if t.state is TargetState.SCHEDULED]
    assert live == ["mastodon"]
    assert labels.of_posts([soon.id])[soon.id] == ["Menu", "summer"]
    assert post_of(plan["note"]).status is PostStatus.SCHEDULED
    autumn = post_of(plan["autumn"])
    assert not autumn.armed and autumn.due_at == NOON.replace(month=10, day=25, hour=1, minute=30)
    again = take(maya, brand, exported(maya, brand))
    assert set(marks(again)) == {"same"}


def test_what_has_gone_out_stays_as_it_is(
    maya: User, brand: Profile, plan: dict[str, UUID]
) -> None:
    job_id = take(maya, brand, edited(exported(maya, brand), "out-already", "Out", "In"))
    assert marks(job_id) == {"same": 5, "wrong": 1}
    assert folder_import.OUT in next(r.problems for r in rows(job_id) if r.mark == "wrong")


def test_what_is_gone_is_shown_and_deleted_only_where_somebody_says_so(
    maya: User, brand: Profile, plan: dict[str, UUID]
) -> None:
    files = exported(maya, brand)
    files = {name: one for name, one in files.items() if "note" not in name and "out-" not in name}
    job_id = take(maya, brand, files)
    assert marks(job_id) == {"same": 4, "gone": 2} and importing.counts(job(job_id)).ready == 0
    found = {row.post_id: row.number for row in rows(job_id) if row.mark == "gone"}
    actor = actor_of(maya)
    with pytest.raises(NotFound):  # it has gone out
        importing.choose(actor, brand.id, job_id, found[plan["out"]], True)
    importing.choose(actor, brand.id, job_id, found[plan["note"]], True)
    assert importing.counts(job(job_id)).deletes == 1
    start(maya, brand, job_id)
    assert post_of(plan["note"]).discarded_at and not post_of(plan["out"]).discarded_at
    assert len([row for row in rows(job_id) if row.done_at]) == 1


def test_a_post_changed_here_meanwhile_is_not_written_over(
    maya: User, brand: Profile, plan: dict[str, UUID]
) -> None:
    files = edited(exported(maya, brand), "soon", "six", "seven")
    posts.move(actor_of(maya), plan["soon"], NOON + timedelta(days=5))
    job_id = take(maya, brand, files)
    row = next(one for one in rows(job_id) if one.mark == "changed")
    assert not row.chosen and folder_import.SINCE in row.data["notes"]
    importing.choose(actor_of(maya), brand.id, job_id, row.number, True)
    posts.move(actor_of(maya), plan["soon"], NOON + timedelta(days=6))
    importing.start(actor_of(maya), brand.id, job_id)
    file_work.run()
    assert folder_import.MEANWHILE in next(r for r in rows(job_id) if r.mark == "failed").problems
    assert post_of(plan["soon"]).due_at == NOON + timedelta(days=6)


NEW = b"""---
time: 2026-05-20 09:00
accounts: [mastodon]
---
Hello
"""


def test_a_folder_written_by_hand_makes_posts_once(
    maya: User, brand: Profile, bells: SocialAccount
) -> None:
    shot = make_media(make_profile(name="Another"), size=(320, 200))
    files = {
        "posts/a.md": b"---\ntime: 2026-05-20 09:00\naccounts: mastodon\nmedia:\n"
        b"  - file: media/a.png\n    alt: Bells\n---\n\nHello\n",
        "posts/b.md": b"---\nstate: draft\n---\nAn idea\n",
        "posts/c.md": NEW,
        "posts/d.md": b"---\ntime: 2026-05-20 09:00\naccounts: mastodon\nmedia:\n"
        b"  - media/none.png\n---\n\nHello\n",
        "posts/e.md": b"---\ntime: 2026-05-20 09:00\naccounts: mastodon\nstate: failed\n---\nX\n",
        "media/a.png": media.file(shot).read_bytes(),
    }
    job_id = take(maya, brand, files)
    told = {row.data["path"]: row.problems for row in rows(job_id)}
    assert marks(job_id) == {"new": 2, "wrong": 3}
    assert "between quotation marks" in told["posts/c.md"][0]
    assert told["posts/d.md"] == ["media/none.png is not in the folder."]
    assert "no state to import" in told["posts/e.md"][0]
    start(maya, brand, job_id)
    made = db.session.scalars(select(Post).where(Post.profile_id == brand.id)).all()
    first = next(one for one in made if one.parts == ["Hello"])
    assert len(made) == 2 and first.status is PostStatus.SCHEDULED
    assert [one.alt for one in first.media] == ["Bells"]
    assert first.media[0].media.profile_id == brand.id
    again = take(maya, brand, {k: v for k, v in files.items() if k[6] in "ab"})
    assert marks(again) == {"same": 2}


def test_an_id_of_another_brand_is_no_post_of_this_one(
    maya: User, brand: Profile, bells: SocialAccount
) -> None:
    foreign = make_post(make_profile(name="Another"), "Theirs").id
    text = f"---\nid: {foreign}\nrev: 1\nstate: draft\n---\nMine\n".encode()
    note = f'{{"carillon": 1, "posts": ["{foreign}"]}}'.encode()
    job_id = take(maya, brand, {"posts/a.md": text, "carillon.json": note})
    assert marks(job_id) == {"new": 1}
    start(maya, brand, job_id)
    assert post_of(foreign).parts == ["Theirs"] and not post_of(foreign).discarded_at


def test_a_worker_that_dies_halfway_makes_and_changes_nothing_twice(
    maya: User, brand: Profile, plan: dict[str, UUID], noon: Callable[[timedelta], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    files = edited(exported(maya, brand), "soon", "six", "seven")
    shot = make_media(make_profile(name="Another"), size=(320, 200))
    files["posts/zz.md"] = NEW.replace(b"[mastodon]", b"mastodon\nmedia: media/zz.png")
    files["media/zz.png"] = media.file(shot).read_bytes()

    class Killed(BaseException):
        pass

    def dying(real: Any) -> Any:
        def act(*given: Any, **more: Any) -> Any:
            real(*given, **more)
            raise Killed

        return act

    job_id = take(maya, brand, files)
    importing.start(actor_of(maya), brand.id, job_id)
    for n, name in enumerate(("change", "submit"), 1):
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(submissions, name, dying(getattr(submissions, name)))
            file_work.run()
        noon(n * 2 * file_jobs.LEASE)
    rev = post_of(plan["soon"]).rev
    file_work.run()
    assert job(job_id).state is FileState.DONE and post_of(plan["soon"]).rev == rev
    made = db.session.scalars(select(Post).where(Post.source == "import")).all()
    assert [one.parts for one in made] == [["Hello"]]
    found = select(Media).where(Media.profile_id == brand.id, Media.width == 320)
    assert len(db.session.scalars(found).all()) == 1
    assert not [row for row in rows(job_id) if row.problems]


def test_the_file_ends_with_its_day_or_when_it_is_forgotten(
    maya: User, brand: Profile, plan: dict[str, UUID]
) -> None:
    job_id = take(maya, brand, exported(maya, brand))
    key = job(job_id).key or ""
    assert media.storage().exists(key)
    importing.drop(actor_of(maya), brand.id, job_id)
    assert not media.storage().exists(key)
