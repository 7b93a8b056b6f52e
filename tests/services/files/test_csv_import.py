"""A table on its way in: what is read, what is told of each line, and that each makes one post."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.errors import AppError, Conflict, InvalidTransition, NotFound, ValidationFailed
from app.extensions import db
from app.models.accounts import SocialAccount
from app.models.files import FileJob, FileRow, FileState
from app.models.people import User
from app.models.posts import Post, PostStatus
from app.models.profiles import Profile
from app.services import (
    account_refs,
    csv_import,
    fetching,
    file_jobs,
    file_work,
    importing,
    labels,
    submissions,
)
from tests.factories import actor_of, make_account, make_media, make_post, make_profile, make_user
from tests.services.files.conftest import NOON

HEAD = "time,accounts,text,link,media,alt,state,labels\n"


def take(maya: User, brand: Profile, text: str) -> UUID:
    """A table that has been looked at; its job's id."""
    made = importing.take_table(actor_of(maya), brand.id, "plan.csv", text.encode())
    job_id = made.id
    file_work.run()
    return job_id


def rows(job_id: UUID) -> list[FileRow]:
    db.session.rollback()
    found = select(FileRow).where(FileRow.job_id == job_id).order_by(FileRow.number)
    return list(db.session.scalars(found.execution_options(populate_existing=True)))


def job(job_id: UUID) -> FileJob:
    db.session.rollback()
    return db.session.get_one(FileJob, job_id, populate_existing=True)


def posts_of(brand: Profile) -> list[Post]:
    db.session.rollback()
    db.session.expire_all()
    return list(db.session.scalars(select(Post).order_by(Post.due_at, Post.id)))


def start(maya: User, brand: Profile, job_id: UUID) -> FileJob:
    importing.start(actor_of(maya), brand.id, job_id)
    file_work.run()
    return job(job_id)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "The column \u201ctext\u201d is missing"),
        (b"time,text\n1,2\n", "The column \u201caccounts\u201d is missing"),
        (HEAD.encode(), "only its head"),
        (b"text,accounts,TEXT\na,b,c\n", "there twice"),
        (b'text,accounts\n"a"b,x\n', "Line 2 cannot be read"),
        (b"text,accounts\n\xff,x\n", "CSV UTF-8"),
        (b"PK\x03\x04\x00\x00", "no table"),
        (b"text,accounts\n" + b"a,x\n" * 1001, "at most 1,000 posts"),
        (b"x" * (csv_import.BYTES + 1), "at most 2 MB"),
    ],
)
def test_a_file_that_is_no_table_of_posts_is_refused_in_words(raw: bytes, says: str) -> None:
    with pytest.raises(AppError, match=says) as told:
        csv_import.read(raw)
    assert told.value.field == "file"


def test_a_spreadsheets_own_ways_are_read() -> None:
    found = csv_import.read(
        b'\xef\xbb\xbfAccounts;Text;Text X;Notes\r\nx/a;"\'=1\n---\n2";Own;n\r\n'
    )
    assert found.ignored == ["notes"]
    (one,) = found.rows
    assert (one["accounts"], one["parts"], one["texts"]) == (
        ["x/a"], ["=1", "2"], {"twitter": ["Own"]},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (",mastodon,Hello,,,,", "The time is missing"),
        ("tomorrow,mastodon,Hello,,,,", "is no time"),
        ("2026-05-20,mastodon,Hello,,,,", "is no time"),
        ("2026-05-13 09:00,mastodon,Hello,,,,", "That time has passed"),
        ("2027-03-28 01:30,mastodon,Hello,,,,", "01:30 does not exist on that day in London"),
        ("2026-10-25 01:30,mastodon,Hello,,,,", "01:30 comes twice on that day in London"),
        ("2026-05-20 09:00,bluesky,Hello,,,,", "There is no account \u201cbluesky\u201d"),
        ("2026-05-20 09:00,mastodon/nobody,Hello,,,,", "This brand has mastodon/bells"),
        ("2026-05-20 09:00,myspace,Hello,,,,", "is no network"),
        ("2026-05-20 09:00,,Hello,,,,", "No account is named"),
        (f"2026-05-20 09:00,mastodon,{'x' * 501},,,,", "mastodon/bells: "),
        ("2026-05-20 09:00,mastodon,,,,,", "mastodon/bells: "),
        ("2026-05-20 09:00,mastodon,Hello,,file:///etc/passwd,,", "no address we can fetch"),
        ("2026-05-20 09:00,mastodon,Hello,,https://a:b@c.example/,,", "no address we can fetch"),
        ("2026-05-20 09:00,mastodon,Hello,,,,published", "is no state to import"),
        (f"2026-05-20 09:00,mastodon,Hello,,,,,{'x' * 41}", "Keep a label under 40"),
    ],
)
def test_what_is_wrong_with_a_line_is_said_and_nothing_is_made(
    maya: User, brand: Profile, bells: SocialAccount, line: str, says: str
) -> None:
    job_id = take(maya, brand, HEAD + line)
    (row,) = rows(job_id)
    assert row.mark == "wrong" and says in " ".join(row.problems)
    assert job(job_id).state is FileState.READY and not posts_of(brand)
    with pytest.raises(Conflict, match="nothing to import"):
        importing.start(actor_of(maya), brand.id, job_id)


def test_good_lines_become_posts_by_the_ordinary_services(
    maya: User, brand: Profile, bells: SocialAccount
) -> None:
    x = make_account(brand, "twitter", "north")
    head = HEAD.strip() + ",text x,zone\n"
    job_id = take(maya, brand, head + (
        '2026-05-20 09:00,"mastodon/bells, x","One\n---\nTwo",https://bells.example,'
        ',,,"A, b",Own,\n'
        "2026-10-25 01:30+01:00,mastodon,Named by its offset,,,,,,,\n"
        "2026-05-20 09:00,X/North,In New York,,,,scheduled,,,America/New_York\n"
        ",mastodon,An idea,,,,draft,,\n"
        "2026-05-21 09:00,,A plan,,,,draft,,\n"
        "2026-05-13 09:00,mastodon,Too late,,,,,,\n"
    ))  # fmt: skip
    found = importing.counts(job(job_id))
    assert (found.rows, found.ready, found.wrong) == (6, 5, 1) and not posts_of(brand)
    done = start(maya, brand, job_id)
    assert (done.state, done.done, done.total) == (FileState.DONE, 5, 5)
    by_text = {post.parts[0].split("\n")[0]: post for post in posts_of(brand)}
    first = by_text["One"]
    assert first.parts == ["One\n\nhttps://bells.example", "Two"] and first.source == "import"
    assert first.due_at == datetime(2026, 5, 20, 8, tzinfo=UTC)
    assert first.status is PostStatus.SCHEDULED and first.author_id == maya.id
    assert {t.account_id for t in first.targets} == {bells.id, x.id}
    assert labels.of_posts([first.id])[first.id] == ["A", "b"]
    assert first.texts("twitter")[0].startswith("Own")
    assert by_text["Named by its offset"].due_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert by_text["In New York"].due_at == datetime(2026, 5, 20, 13, tzinfo=UTC)
    assert by_text["An idea"].status is PostStatus.DRAFT and by_text["An idea"].due_at is None
    assert by_text["A plan"].due_at == datetime(2026, 5, 21, 8, tzinfo=UTC)
    assert not by_text["A plan"].armed and len(by_text) == 5


def test_every_line_makes_one_post_whenever_a_worker_dies(
    maya: User, brand: Profile, bells: SocialAccount, noon: Callable[[timedelta], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    lines = "".join(f"2026-05-2{n} 09:00,mastodon,Bell {n},,,,\n" for n in range(4))
    job_id = take(maya, brand, HEAD + lines)
    importing.start(actor_of(maya), brand.id, job_id)
    real, left = submissions.submit, [1, 0]

    class Killed(BaseException):
        pass

    def dying(*given: Any, **more: Any) -> Any:
        """Dies after the post is made, before its row is noted."""
        made = real(*given, **more)
        if left and left[0] == 0:
            left.pop(0)
            raise Killed
        if left:
            left[0] -= 1
        return made

    monkeypatch.setattr(submissions, "submit", dying)
    for n in (1, 2):
        with pytest.raises(Killed):
            file_work.run()
        noon(n * 2 * file_jobs.LEASE)
    monkeypatch.setattr(submissions, "submit", real)
    file_work.run()
    assert job(job_id).state is FileState.DONE
    assert [post.parts[0] for post in posts_of(brand)] == [f"Bell {n}" for n in range(4)]
    assert all(row.done_at and not row.problems for row in rows(job_id))


def test_what_goes_wrong_while_a_line_is_made_stays_with_its_line(
    maya: User, brand: Profile, bells: SocialAccount, noon: Callable[[timedelta], None]
) -> None:
    soon = "2026-05-14 13:30,mastodon,Soon,,,,\n2026-05-20 09:00,mastodon,Later,,,,\n"
    job_id = take(maya, brand, HEAD + soon)
    noon(timedelta(hours=2))
    start(maya, brand, job_id)
    first, second = rows(job_id)
    assert first.mark == "failed" and first.problems == [
        "That time has passed. Choose a later one."
    ]
    assert second.mark == "new" and second.done_at
    found = importing.counts(job(job_id))
    assert (found.made, found.wrong) == (1, 1)


def test_files_are_fetched_once_and_described(
    maya: User, brand: Profile, bells: SocialAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def fetch(actor: Any, profile_id: UUID, url: str) -> Any:
        asked.append(url)
        if "gone" in url:
            raise ValidationFailed(fetching.REFUSED)
        return make_media(brand, alt="")

    monkeypatch.setattr(fetching, "fetch", fetch)
    job_id = take(maya, brand, HEAD + (
        "2026-05-20 09:00,mastodon,Two,,https://a.example/1.png https://a.example/2.png,"
        '"One bell\nTwo bells",\n'
        "2026-05-21 09:00,mastodon,None,,https://a.example/gone.png,,\n"
    ))  # fmt: skip
    assert not asked and importing.counts(job(job_id)).ready == 2
    start(maya, brand, job_id)
    (post,) = posts_of(brand)
    assert [one.alt for one in post.media] == ["One bell", "Two bells"]
    assert len(asked) == 3 and rows(job_id)[1].problems == [fetching.REFUSED]


def test_an_import_begins_once_and_is_its_makers_alone(
    maya: User, brand: Profile, bells: SocialAccount
) -> None:
    job_id = take(maya, brand, HEAD + "2026-05-20 09:00,mastodon,Hello,,,,\n")
    with pytest.raises(NotFound):
        importing.drop(actor_of(make_user()), brand.id, job_id)
    importing.start(actor_of(maya), brand.id, job_id)
    with pytest.raises(InvalidTransition):
        importing.start(actor_of(maya), brand.id, job_id)
    with pytest.raises(InvalidTransition):
        importing.drop(actor_of(maya), brand.id, job_id)
    file_work.run()
    assert len(posts_of(brand)) == 1


def test_a_post_that_is_here_already_is_not_made_again(
    maya: User, brand: Profile, bells: SocialAccount
) -> None:
    here = make_post(brand, "Hello", [bells], at=NOON + timedelta(days=1)).id
    foreign = make_post(make_profile(name="Another"), "Foreign").id
    head = "id,time,accounts,text\n"
    line = "{},2026-05-20 09:00,mastodon,Hello again\n"
    job_id = take(maya, brand, head + line.format(here) + line.format(foreign))
    assert [row.mark for row in rows(job_id)] == ["wrong", "new"]


def test_one_that_nobody_begins_has_its_day(
    maya: User, brand: Profile, bells: SocialAccount, noon: Callable[[timedelta], None]
) -> None:
    job_id = take(maya, brand, HEAD + "2026-05-20 09:00,mastodon,Hello,,,,\n")
    noon(timedelta(hours=25))
    file_jobs.sweep()
    assert "within a day" in job(job_id).problem and not rows(job_id)


def test_the_sample_is_itself_a_table_without_faults(
    maya: User, brand: Profile, bells: SocialAccount
) -> None:
    make_account(brand, "bluesky", "sky")
    made = csv_import.sample(brand, account_refs.of_brand(actor_of(maya), brand.id))
    job_id = take(maya, brand, made.decode())
    assert [row.problems for row in rows(job_id)] == [[], [], []]
    db.session.execute(update(SocialAccount).values(handle="same"))
    db.session.commit()
    again = make_account(brand, "bluesky", "same")
    refs = account_refs.of_brand(actor_of(maya), brand.id)
    assert refs.find(refs.name(again)).id == again.id
    with pytest.raises(ValidationFailed, match="Write which one"):
        refs.find("bluesky/same")
