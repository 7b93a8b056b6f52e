"""What a composer of ours never sends gets a clear 4xx that names the field (reliability §1.12,
§1.15, §1.16)."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from app.extensions import db
from app.models.posts import Post
from tests.conftest import Browser
from tests.factories import make_account, make_media, make_post, make_profile, make_user
from tests.web.desk import HX, begun, count, desk, form, opened, stored

__all__ = ["desk"]


@pytest.mark.parametrize("bad", ["%00", "%ed%a0%80", "%ff"])
@pytest.mark.parametrize("field", ["text", "date", "go", "late_minutes"])
def test_text_that_cannot_be_stored_is_refused_by_its_field(
    desk: SimpleNamespace, field: str, bad: str
) -> None:
    post = opened(desk, text="Before")
    answer = desk.browser.patch(
        f"{desk.base}/drafts/{post.id}", data=f"rev=1&accounts=1&{field}=a{bad}b",
        content_type="application/x-www-form-urlencoded", headers=HX,
    )  # fmt: skip
    assert answer.status_code == 400 and f"“{field}”" in answer.text
    assert stored(post.id).parts == ["Before"]


def test_nul_in_a_form_with_files_is_refused_too(desk: SimpleNamespace) -> None:
    post = opened(desk, text="Before")
    data = form(desk, 1, "a\x00b", file=(BytesIO(b"x"), "x.png"))
    answer = desk.browser.post(f"{desk.base}/drafts/{post.id}", data=data)
    assert answer.status_code == 400 and "“text”" in answer.text
    assert stored(post.id).parts == ["Before"]


@pytest.mark.parametrize("method", ["PATCH", "POST"])
def test_a_body_of_more_than_a_mebibyte_is_too_large(desk: SimpleNamespace, method: str) -> None:
    post = opened(desk, text="Before")
    data = form(desk, 1, "x" * (1024 * 1024 + 1))
    answer = desk.browser.open(
        f"{desk.base}/drafts/{post.id}", method=method, data=data, headers=HX
    )
    assert answer.status_code == 413
    assert stored(post.id).parts == ["Before"]


def test_a_text_beyond_ours_keeps_its_place_and_the_rest_is_saved(desk: SimpleNamespace) -> None:
    post = opened(desk, text="Before")
    data = form(desk, 1, "y" * 30_001, date="2031-05-14", time="12:30")
    plain = desk.browser.post(f"{desk.base}/drafts/{post.id}", data=data)
    assert plain.status_code == 422 and "Keep the text under 30,000 characters." in plain.text
    assert "y" * 30_001 in plain.text
    assert stored(post.id).parts == ["Before"] and stored(post.id).due_at is not None
    data["rev"] = str(stored(post.id).rev)
    answer = desk.browser.patch(f"{desk.base}/drafts/{post.id}", data=data, headers=HX)
    assert answer.status_code == 422 and "Not all of it is saved" in answer.text


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"rev": "x"}, "This page is out of date."),
        ({"rev": "9" * 12}, "This page is out of date."),
        ({"tab": "myspace"}, "We do not speak to that network."),
        ({"preview": "../x"}, "We do not speak to that network."),
        ({"account": "7"}, "That account is not known."),
        ({"account": [str(uuid4()) for _ in range(201)]}, "Choose at most 200 accounts."),
        ({"alt-7": "x"}, "That picture is not known."),
        ({"late": "whenever"}, "Choose what happens when the post is late."),
        ({"go": "explode"}, "That button is not known here."),
        ({"go": "tab:myspace"}, "The post does not go to that network."),
        ({"go": "part:9"}, "That part is not there."),
        ({"go": "part:x"}, "That part is not there."),
        ({"go": "drop:7"}, "That is not known here."),
        ({"go": "at:yesterday"}, "Write the time as 2026-05-14T12:30."),
        ({"go": "at:0001-01-01T00:00"}, "Write the time as 2026-05-14T12:30."),
    ],
)
def test_what_no_button_sends_is_a_400_in_words(
    desk: SimpleNamespace, fields: dict[str, Any], told: str
) -> None:
    post = opened(desk, text="Hello")
    answer = desk.browser.post(
        f"{desk.base}/drafts/{post.id}", data=form(desk, 1, "Hello") | fields, headers=HX
    )
    assert answer.status_code == 400 and told in answer.text


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"date": "14 May", "time": "12:30"}, "Write the day as 2026-05-14"),
        ({"date": "2031-05-14", "time": "12:30:00+09:00"}, "Choose a day within"),
        ({"date": "9999-12-31", "time": "23:59"}, "Choose a day within"),
        ({"late": "hold", "late_minutes": "-5"}, "Choose from 0 to 1440 minutes."),
        ({"late": "hold", "late_minutes": "9" * 40}, "Choose from 0 to 1440 minutes."),
        ({"option-mastodon-visibility": "secret"}, "Choose one from the list."),
        ({"text": ["x"] * 26}, "A thread has at most 25 parts."),
    ],
)
def test_a_field_that_cannot_be_taken_is_a_422_and_the_rest_is_saved(
    desk: SimpleNamespace, fields: dict[str, Any], told: str
) -> None:
    post = opened(desk, text="Hello")
    data = form(desk, 1, "Hello you") | {"account": desk.ids[:2]} | fields
    answer = desk.browser.post(f"{desk.base}/drafts/{post.id}", data=data)
    assert answer.status_code == 422 and told in answer.text
    assert len(stored(post.id).targets) == 2


def test_foreign_accounts_media_and_drafts_are_not_there(
    desk: SimpleNamespace, signed_in: Callable[..., Browser]
) -> None:
    stranger = make_user()
    theirs = make_profile(stranger)
    account, media = make_account(theirs), make_media(theirs)
    foreign = make_post(theirs, "Secret plan", [account])
    foreign_id, account_id, media_id = foreign.id, account.id, media.id
    post = opened(desk, text="Hello")
    here = f"{desk.base}/drafts/{post.id}"

    answer = desk.browser.patch(
        here, data=form(desk, 1, "Hi", account=[str(account_id)]), headers=HX
    )
    assert answer.status_code == 404 and "An account you chose" in answer.text
    answer = desk.browser.post(
        f"{here}/media", data=form(desk, 1, "Hi", media=str(media_id)), headers=HX
    )
    assert answer.status_code == 404 and stored(post.id).media == []
    for path in ("", "/preview/bluesky"):
        assert desk.browser.get(f"{desk.base}/drafts/{foreign_id}{path}").status_code == 404
    for path in ("", "/media", "/schedule", "/publish-now", "/apply", "/edit", "/discard",
                 "/unschedule"):  # fmt: skip
        url = f"{desk.base}/drafts/{foreign_id}{path}"
        assert desk.browser.post(url, data=form(desk, 1, "Mine")).status_code == 404
    assert stored(foreign_id).parts == ["Secret plan"]


def test_a_draft_is_only_at_its_own_brand(desk: SimpleNamespace) -> None:
    other = make_profile(desk.maya, "Larkfield")
    post = opened(desk, text="Hello")
    url = f"/p/{other.slug}/drafts/{post.id}"
    assert desk.browser.get(url).status_code == 404
    assert desk.browser.post(url, data=form(desk, 1, "Moved")).status_code == 404
    assert desk.browser.post(f"{url}/discard").status_code == 404
    assert stored(post.id).parts == ["Hello"] and stored(post.id).discarded_at is None


def test_a_new_drafts_token_is_good_for_its_brand_alone(desk: SimpleNamespace) -> None:
    other = make_profile(desk.maya, "Larkfield")
    here, new = begun(desk)
    elsewhere = here.replace(desk.base, f"/p/{other.slug}")
    answer = desk.browser.patch(elsewhere, data=form(desk, 0, "Hi", **new), headers=HX)
    assert answer.status_code == 404 and count(Post) == 0


def test_nobody_writes_without_signing_in(desk: SimpleNamespace, client: Browser) -> None:
    post = opened(desk, text="Hello")
    answer = client.patch(
        f"{desk.base}/drafts/{post.id}", data=form(desk, 1, "Mine"),
        headers=HX | {"HX-Current-URL": f"http://localhost{desk.base}/drafts/{post.id}"},
    )  # fmt: skip
    assert answer.status_code == 204
    assert re.search(r"/login\?next=", answer.headers["HX-Redirect"])
    assert stored(post.id).parts == ["Hello"]


def test_a_save_needs_the_sessions_token(desk: SimpleNamespace) -> None:
    post = opened(desk, text="Hello")
    answer = desk.browser.patch(
        f"{desk.base}/drafts/{post.id}", data=form(desk, 1, "Mine"), headers=HX, csrf=False
    )
    assert answer.status_code == 400 and stored(post.id).parts == ["Hello"]
    db.session.rollback()
