"""Pictures of a draft, and sending it: on the clock, at once, in part, as a change."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from io import BytesIO
from types import SimpleNamespace

from PIL import Image
from sqlalchemy import select

from app.clock import now
from app.extensions import db
from app.models.media import Media
from app.models.posts import Post, PostTarget, TargetState
from tests.factories import make_media
from tests.web.desk import HX, at, begun, count, desk, form, opened, stored

__all__ = ["desk"]

# Pictures -----------------------------------------------------------------------------------------


def picture(color: str = "teal") -> BytesIO:
    buffer = BytesIO()
    Image.new("RGB", (300, 200), color).save(buffer, "PNG")
    buffer.seek(0)
    return buffer


def test_a_picture_of_the_library_joins_the_post(desk: SimpleNamespace) -> None:
    post, row = opened(desk, text="Hello"), make_media(desk.brand)
    data = form(desk, post.rev, "Hello you", media=str(row.id))
    answer = desk.browser.post(f"{desk.base}/drafts/{post.id}/media", data=data, headers=HX)
    assert answer.status_code == 200 and 'hx-target="#media"' in answer.text
    found = stored(post.id)
    assert [one.media_id for one in found.media] == [row.id] and found.parts == ["Hello you"]


def test_without_scripts_pictures_come_with_the_form_and_the_text_is_kept(
    desk: SimpleNamespace,
) -> None:
    post = opened(desk, text="Hello")
    data = form(desk, post.rev, "Hello you", file=(picture(), "bells.png"))
    answer = desk.browser.post(f"{desk.base}/drafts/{post.id}/media", data=data)
    assert answer.status_code == 303
    found = stored(post.id)
    assert found.parts == ["Hello you"] and found.media[0].media.name == "bells.png"
    assert desk.browser.get(f"{desk.base}/drafts/{post.id}").text.count('class="shot"') == 1


def test_a_file_that_is_no_picture_says_so_and_the_text_is_kept(desk: SimpleNamespace) -> None:
    post = opened(desk, text="Hello")
    data = form(desk, post.rev, "Hello you", file=(BytesIO(b"%PDF-1.7"), "menu.png"))
    answer = desk.browser.post(f"{desk.base}/drafts/{post.id}/media", data=data)
    assert answer.status_code == 422 and "menu.png" in answer.text
    assert "\nHello you</textarea>" in answer.text
    assert stored(post.id).parts == ["Hello you"] and count(Media) == 0


def test_pictures_are_put_in_order_and_taken_off(desk: SimpleNamespace) -> None:
    rows = [make_media(desk.brand, alt=name) for name in "abc"]
    post = opened(desk, text="Hello", media=rows)
    here = f"{desk.base}/drafts/{post.id}"

    def order(go: str) -> str:
        answer = desk.browser.post(here, data=form(desk, post.rev, "Hello", go=go), headers=HX)
        assert answer.status_code == 200
        post.rev = stored(post.id).rev
        return "".join(one.alt for one in stored(post.id).media)

    items = {one.alt: one.id for one in post.media}
    assert order(f"right:{items['a']}") == "bac"
    assert order(f"left:{items['c']}") == "bca"
    assert order(f"to:{items['a']}:@0") == "abc"
    assert order(f"drop:{items['b']}") == "ac"
    assert count(Media) == 3


# Sending ------------------------------------------------------------------------------------------


def test_scheduling_leads_to_the_month_with_a_way_back(desk: SimpleNamespace) -> None:
    post = opened(desk, text="")
    here = f"{desk.base}/drafts/{post.id}"
    data = form(desk, post.rev, "Hello", date="2029-05-10", time="12:30")
    answer = desk.browser.post(f"{here}/schedule", data=data, headers=HX)
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"] == f"{desk.base}/calendar/month/2029-05"
    found = stored(post.id)
    assert {t.state for t in found.targets} == {TargetState.SCHEDULED}
    assert {t.due_at for t in found.targets} == {datetime(2029, 5, 10, 11, 30, tzinfo=UTC)}
    page = desk.browser.get(f"{desk.base}/drafts").text
    assert "3 posts set for Thu 10 May, 12:30." in page
    undo = re.search(r'action="([^"]+/unschedule)"', page)
    assert undo
    back = desk.browser.post(undo[1])
    assert back.location == here and not stored(post.id).armed


def test_publishing_now_wants_no_time(desk: SimpleNamespace) -> None:
    post = opened(desk, text="")
    answer = desk.browser.post(
        f"{desk.base}/drafts/{post.id}/publish-now", data=form(desk, post.rev, "Hello")
    )
    assert answer.status_code == 303
    assert all(t.state is TargetState.SCHEDULED and t.quick for t in stored(post.id).targets)
    page = desk.browser.get(f"{desk.base}/drafts").text
    assert "3 posts go out in 10 seconds." in page
    undo = re.search(r'action="([^"]+/take-back)"', page)
    assert undo
    back = desk.browser.post(undo[1])
    assert back.location == f"{desk.base}/drafts/{post.id}" and not stored(post.id).armed


def test_now_chosen_in_the_form_is_what_the_main_button_does(desk: SimpleNamespace) -> None:
    post = opened(desk, text="")
    desk.browser.post(
        f"{desk.base}/drafts/{post.id}/schedule", data=form(desk, post.rev, "Hi", when="now")
    )
    assert all(t.quick for t in stored(post.id).targets)


def test_a_post_that_is_new_can_be_scheduled_at_once(desk: SimpleNamespace) -> None:
    here, new = begun(desk)
    data = form(desk, 0, "Hello", **new, **at(desk, 30))
    assert desk.browser.post(f"{here}/schedule", data=data).status_code == 303
    assert db.session.scalars(select(Post)).one().armed


def test_without_a_time_the_form_comes_back_with_all_that_was_typed(desk: SimpleNamespace) -> None:
    post = opened(desk, text="")
    here = f"{desk.base}/drafts/{post.id}/schedule"
    plain = desk.browser.post(here, data=form(desk, post.rev, "Hello you"))
    assert plain.status_code == 422 and "Choose a day and a time." in plain.text
    assert "\nHello you</textarea>" in plain.text
    answer = desk.browser.post(here, data=form(desk, stored(post.id).rev, "Hi"), headers=HX)
    assert answer.status_code == 422 and "composer:problem" in answer.headers["HX-Trigger"]
    assert stored(post.id).parts == ["Hi"] and not stored(post.id).armed


def test_a_time_that_has_passed_is_a_check_and_is_refused(desk: SimpleNamespace) -> None:
    post = opened(desk, text="")
    data = form(desk, post.rev, "Hello", **at(desk, -3))
    answer = desk.browser.post(f"{desk.base}/drafts/{post.id}/schedule", data=data, headers=HX)
    assert answer.status_code == 422 and "That time has passed" in answer.text
    assert not stored(post.id).armed


def test_what_is_ready_can_go_and_the_rest_stays_a_draft(desk: SimpleNamespace) -> None:
    post = opened(desk, text="")
    here = f"{desk.base}/drafts/{post.id}/schedule"
    data = form(desk, post.rev, "x" * 290, **at(desk, 30))
    asked = desk.browser.post(here, data=data, headers=HX)
    assert asked.status_code == 422 and 'hx-target="#dialog"' in asked.text
    assert "Send the 2 that are ready, keep X as a draft" in asked.text
    assert not stored(post.id).armed
    data = form(desk, stored(post.id).rev, "x" * 290, only="ready", **at(desk, 30))
    assert desk.browser.post(here, data=data, headers=HX).status_code == 204
    assert {t.account.network for t in stored(post.id).targets} == {"mastodon", "bluesky"}
    aside = db.session.scalars(select(Post).where(Post.id != post.id)).one()
    assert not aside.armed and aside.parts == ["x" * 290]
    assert [t.account.network for t in aside.targets] == ["twitter"]


def test_pressing_schedule_twice_schedules_once(desk: SimpleNamespace) -> None:
    post = opened(desk, text="")
    here, data = f"{desk.base}/drafts/{post.id}/schedule", form(desk, 1, "Hi", **at(desk, 30))
    assert desk.browser.post(here, data=data).status_code == 303
    assert desk.browser.post(here, data=data).status_code == 303
    assert count(PostTarget) == 3 and count(Post) == 1


def test_a_planned_post_is_changed_in_a_copy_until_it_is_put_in_its_place(
    desk: SimpleNamespace,
) -> None:
    due = now() + timedelta(days=1)
    post = opened(desk, text="Planned", at=due)
    here = f"{desk.base}/drafts/{post.id}"
    shown = desk.browser.get(here)
    assert "This post is on the clock" in shown.text and count(Post) == 1
    copy = desk.browser.post(f"{here}/edit").location
    assert copy != here and desk.browser.get(here).location == copy
    page = desk.browser.get(copy).text
    assert "Update the planned post" in page and "Publish now" not in page
    local = due.astimezone(desk.brand.zone)
    data = form(desk, 1, "Changed", date=f"{local:%Y-%m-%d}", time=f"{local:%H:%M}")
    desk.browser.patch(copy, data=data, headers=HX)
    assert stored(post.id).parts == ["Planned"]
    answer = desk.browser.post(f"{copy}/apply", data=data | {"rev": "2"})
    assert answer.status_code == 303
    assert stored(post.id).parts == ["Changed"] and stored(post.id).armed and count(Post) == 1


def test_changes_can_be_thrown_away_and_drafts_deleted(desk: SimpleNamespace) -> None:
    post = opened(desk, text="Planned", at=now() + timedelta(days=1))
    copy = desk.browser.post(f"{desk.base}/drafts/{post.id}/edit").location
    desk.browser.post(f"{copy}/discard")
    assert count(Post) == 1 and stored(post.id).parts == ["Planned"]
    draft = opened(desk, text="Idea")
    assert desk.browser.post(f"{desk.base}/drafts/{draft.id}/discard").status_code == 303
    assert desk.browser.get(f"{desk.base}/drafts/{draft.id}").status_code == 404
    here, new = begun(desk)
    assert desk.browser.post(f"{here}/discard", data=new).status_code == 303
