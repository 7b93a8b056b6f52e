"""The page of imports: a file is looked at, then made into posts when somebody says so."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import time_machine
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.extensions import db
from app.models.people import User
from app.models.posts import Post
from app.models.profiles import Profile
from app.permissions import Role
from app.services import csv_import, file_jobs, file_work, importing
from tests.conftest import Browser
from tests.factories import join, make_account, make_post, make_profile, make_user
from tests.statements import counted
from tests.web.desk import HX

NOON = datetime(2026, 5, 14, 12, tzinfo=UTC)
HEAD = "time,accounts,text,state\n"
GOOD = "2026-05-20 09:00,mastodon,<b>Six</b> bells,\n"
WRONG = "2026-05-20 09:00,bluesky,No such account,\n"


@pytest.fixture(autouse=True)
def noon() -> Iterator[Callable[[timedelta], None]]:
    with time_machine.travel(NOON, tick=False) as travelling:
        yield lambda later: travelling.move_to(NOON + later)


@pytest.fixture
def maya(app: object) -> User:
    return make_user()


@pytest.fixture
def brand(maya: User) -> Profile:
    return make_profile(maya)


@pytest.fixture
def base(brand: Profile) -> str:
    make_account(brand, "mastodon", "bells")
    return f"/p/{brand.slug}/import"


@pytest.fixture
def web(maya: User, signed_in: Callable[[User], Browser]) -> Browser:
    return signed_in(maya)


def send(web: Browser, base: str, text: str, name: str = "plan.csv") -> TestResponse:
    return web.post(base, data={"file": (io.BytesIO(text.encode()), name)})


def looked_at(web: Browser, base: str, text: str) -> str:
    """The address of a file that has been looked at."""
    answer = send(web, base, text)
    assert answer.status_code == 303
    file_work.run()
    return str(answer.headers["Location"])


def posts() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(Post.id))) or 0


def test_the_page_says_what_a_table_holds_and_gives_one_to_begin_with(
    web: Browser, base: str
) -> None:
    page = web.get(base).text
    assert "mastodon/bells" in page and "1,000 posts and 2 MB" in page
    sample = web.get(f"{base}/sample.csv")
    assert sample.mimetype == "text/csv" and "2026-05-21 09:30,mastodon/bells" in sample.text


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "is missing"), (HEAD, "only its head"), ("time,text\n1,2\n", "“accounts” is missing")],
)
def test_a_file_that_is_no_table_is_refused_at_its_field(
    web: Browser, base: str, text: str, says: str
) -> None:
    answer = send(web, base, text)
    assert answer.status_code == 422 and says in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert web.post(base, data={}).status_code == 422


def test_a_file_is_looked_at_polled_and_imported_once(web: Browser, base: str) -> None:
    sent = send(web, base, HEAD + GOOD * 2 + WRONG)
    link = sent.headers["Location"]
    waiting = web.get(f"{link}/state", headers=HX)
    assert waiting.status_code == 200 and 'hx-trigger="every 2s"' in waiting.text
    file_work.run()
    found = web.get(f"{link}/state", headers=HX)
    assert found.status_code == 286 and "hx-trigger" not in found.text
    assert "Import 2 posts" in found.text and "1 post cannot be imported" in found.text
    assert "There is no account “bluesky”" in found.text
    assert "&lt;b&gt;Six&lt;/b&gt; bells" in found.text and posts() == 0
    only = web.get(f"{link}?only=wrong").text
    assert "No such account" in only and "Six" not in only
    begun = web.post(f"{link}/start", headers=HX)
    assert begun.status_code == 200 and "0 of 2 posts" in begun.text
    assert web.post(f"{link}/start", headers=HX).status_code == 409
    file_work.run()
    done = web.get(f"{link}/state", headers=HX)
    assert done.status_code == 286 and posts() == 2
    assert "2 posts were imported." in done.text and "1 post could not be" in done.text
    assert re.search(r'href="/p/[^"]+/posts/[0-9a-f-]{36}">Imported', done.text)
    assert "imported" in web.get(base).text


def test_a_file_is_forgotten(web: Browser, base: str) -> None:
    link = looked_at(web, base, HEAD + GOOD)
    assert web.post(f"{link}/drop").status_code == 303
    assert web.get(link).status_code == 404


def test_a_file_is_nobody_elses(
    web: Browser, base: str, brand: Profile, signed_in: Callable[[User], Browser]
) -> None:
    link = looked_at(web, base, HEAD + GOOD)
    eve = make_user()
    join(brand, eve, Role.ADMIN)
    other = signed_in(eve)
    for path in ("", "/state"):
        assert other.get(link + path).status_code == 404
    for path in ("/start", "/drop"):
        assert other.post(link + path).status_code == 404
    assert web.get(link.replace("/import/", "/export/") + "/file").status_code == 404


def test_too_many_files_at_once_wait(web: Browser, base: str) -> None:
    for _ in range(file_jobs.AT_ONCE):
        assert send(web, base, HEAD + GOOD).status_code == 303
    answer = send(web, base, HEAD + GOOD)
    assert answer.status_code == 409 and "Wait until one is done." in answer.text


def test_a_body_beyond_all_bounds_is_told(
    web: Browser, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_import, "BYTES", 100)
    answer = send(web, base, HEAD + GOOD * 9)
    assert answer.status_code == 422 and "at most 2 MB" in answer.text


def test_the_page_of_rows_has_pages_and_needs_few_statements(
    web: Browser, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "SIZE", 5)
    link = looked_at(web, base, HEAD + GOOD * 12)
    told = []
    for at in (1, 2, 3):
        with counted() as found:
            page = web.get(f"{link}?page={at}")
        told.append(len([one for one in found if one.startswith("SELECT")]))
        assert page.text.count('id="row-') == (5 if at < 3 else 2)
    assert min(told) <= 12 and "6 to 10 of 12" in web.get(f"{link}?page=2").text


def folder(*files: tuple[str, str]) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as pack:
        for name, text in files:
            pack.writestr(name, text)
    return raw.getvalue()


def send_folder(web: Browser, base: str, raw: bytes) -> TestResponse:
    return web.post(base, data={"file": (io.BytesIO(raw), "plan.zip")})


def test_a_zip_that_is_refused_is_told_at_its_field(web: Browser, base: str) -> None:
    for raw, says in ((folder(("../a.md", "x")), "a name we do not take"), (b"PK\x03\x04", "zip")):
        answer = send_folder(web, base, raw)
        assert answer.status_code == 422 and says in answer.text


def test_a_folder_shows_what_would_change_and_each_post_can_be_left_out(
    web: Browser, base: str, brand: Profile
) -> None:
    kept = make_post(brand, "Kept")
    gone = make_post(brand, "Gone from the folder")
    listed = f'{{"posts": ["{kept.id}", "{gone.id}"]}}'
    raw = folder(
        ("posts/a.md", f"---\nid: {kept.id}\nstate: draft\n---\n<i>Changed</i>\n"),
        ("posts/b.md", "---\nstate: draft\n---\nNew\n"),
        ("posts/c.md", "---\nwhat: draft\n---\nWrong\n"),
        ("carillon.json", listed),
    )
    ids = (str(kept.id), str(gone.id))
    link = send_folder(web, base, raw).headers["Location"]
    file_work.run()
    page = web.get(link).text
    assert "1 new, 1 changed, 0 the same, 1 gone." in page and "Import 2 posts" in page
    assert "<del>Kept</del>" in page and "<ins>&lt;i&gt;Changed&lt;/i&gt;</ins>" in page
    assert "We do not know “what”" in page and "1 post cannot be imported" in page
    assert "Gone from the folder" in web.get(f"{link}?only=gone").text
    part = web.post(f"{link}/rows/1", data={"on": "no"}, headers=HX)
    assert "Import 1 post<" in part.text and part.text.lstrip().startswith('<div class="stack"')
    back = web.post(f"{link}/rows/4?page=1&only=gone", data={"on": "yes"})
    assert back.status_code == 303 and back.headers["Location"].endswith("?page=1&only=gone")
    assert "Import 1 post and delete 1" in web.get(link).text
    for number in (3, 9):
        assert web.post(f"{link}/rows/{number}", data={"on": "yes"}).status_code == 404
    web.post(f"{link}/start")
    assert web.post(f"{link}/rows/1", data={"on": "yes"}).status_code == 409
    file_work.run()
    db.session.expire_all()
    assert db.session.get_one(Post, UUID(ids[0])).parts == ["Kept"]
    assert db.session.get_one(Post, UUID(ids[1])).discarded_at
    done = web.get(link).text
    assert "1 post was imported, and 1 deleted." in done and "Deleted" in done
