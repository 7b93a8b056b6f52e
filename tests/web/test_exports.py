"""The page of exports: a short table at once, a folder aside with its progress."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from app.extensions import db
from app.models.files import FileJob
from app.models.people import User
from app.models.profiles import Profile
from app.services import file_jobs, file_work
from tests.conftest import Browser
from tests.factories import join, make_account, make_post, make_profile, make_user
from tests.statements import counted
from tests.web.desk import HX

NOON = datetime(2026, 5, 14, 12, tzinfo=UTC)
MAY = {"first": "2026-05-01", "last": "2026-05-31", "status": "", "account": "all"}
TABLE, FOLDER = MAY | {"kind": "export_table"}, MAY | {"kind": "export_folder"}


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
    make_post(brand, "Six bells", [make_account(brand, "mastodon", "bells")], at=NOON)
    return f"/p/{brand.slug}/export"


@pytest.fixture
def web(maya: User, signed_in: Callable[[User], Browser]) -> Browser:
    return signed_in(maya)


def test_a_short_table_comes_at_once(web: Browser, base: str) -> None:
    page = web.get(base)
    assert 'value="2026-05-01"' in page.text and 'value="2026-08-12"' in page.text
    made = web.post(base, data=TABLE)
    assert made.status_code == 200 and made.mimetype == "text/csv"
    assert made.headers["Content-Disposition"].endswith('-2026-05-01-to-2026-05-31.csv"')
    assert made.headers["Cache-Control"] == "private, no-store"
    assert "Six bells" in made.text


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"last": "2026-04-01"}, "The last day is before the first."),
        ({"first": "x"}, "Choose the first day"),
        ({"first": ""}, "Choose the first day"),
        ({"first": "2027-01-01", "last": "2027-01-02"}, "There are no posts on these days."),
        ({"account": "0198"}, "Not a valid choice"),
        ({"kind": "import_table"}, "Not a valid choice"),
    ],
)
def test_what_cannot_be_exported_is_told_at_its_field(
    web: Browser, base: str, given: dict[str, str], says: str
) -> None:
    answer = web.post(base, data=TABLE | given)
    assert answer.status_code == 422 and says in answer.text


def test_a_folder_is_written_aside_polled_and_fetched(
    web: Browser, base: str, brand: Profile, signed_in: Callable[[User], Browser]
) -> None:
    assert web.post(base, data=FOLDER).status_code == 303
    waiting = web.get(f"{base}/list", headers=HX)
    assert waiting.status_code == 200 and 'hx-trigger="every 2s"' in waiting.text
    assert "0 of 1 posts" in waiting.text
    file_work.run()
    done = web.get(f"{base}/list", headers=HX)
    assert done.status_code == 286 and "hx-trigger" not in done.text
    assert done.text.lstrip().startswith('<section class="card" id="exports"')
    job_id = db.session.query(FileJob).one().id
    assert f"{base}/{job_id}/file" in done.text
    given = web.get(f"{base}/{job_id}/file")
    assert given.mimetype == "application/zip"
    assert len(zipfile.ZipFile(io.BytesIO(given.data)).namelist()) == 2
    eve = make_user()
    join(brand, eve)
    assert signed_in(eve).get(f"{base}/{job_id}/file").status_code == 404


def test_a_file_that_has_ended_is_said_to_have(
    web: Browser, base: str, noon: Callable[[timedelta], None]
) -> None:
    web.post(base, data=FOLDER)
    file_work.run()
    noon(timedelta(hours=25))
    job_id = db.session.query(FileJob).one().id
    assert web.get(f"{base}/{job_id}/file").status_code == 404
    assert "ended" in web.get(f"{base}/list", headers=HX).text


def test_too_many_at_once_wait(web: Browser, base: str) -> None:
    for _ in range(file_jobs.AT_ONCE):
        assert web.post(base, data=FOLDER).status_code == 303
    answer = web.post(base, data=FOLDER)
    assert answer.status_code == 409 and "Wait until one is done." in answer.text


def test_the_page_needs_few_statements(web: Browser, base: str) -> None:
    for _ in range(3):
        web.post(base, data=FOLDER)
    told = []
    for _ in range(3):  # now and then a page looks whether anything is overdue as well
        with counted() as found:
            assert web.get(base).status_code == 200
        told.append(len([one for one in found if one.startswith("SELECT")]))
    assert min(told) <= 12
