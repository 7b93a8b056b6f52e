"""Drafts and the composer through its pages (DESIGN §6.4), with and without htmx."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from sqlalchemy import select

from app.clock import now
from app.extensions import db
from app.models.accounts import AccountStatus
from app.models.posts import Post
from tests.factories import make_account, make_media
from tests.web.desk import HX, begun, count, desk, form, opened, save, stored

__all__ = ["desk"]

# Beginning ----------------------------------------------------------------------------------------


def test_looking_at_an_empty_composer_stores_nothing(desk: SimpleNamespace) -> None:
    page = desk.browser.get(f"{desk.base}/compose")
    assert page.status_code == 200 and 'id="composer"' in page.text
    assert "Not saved yet" in page.text
    assert count(Post) == 0


def test_the_first_thing_typed_makes_the_draft_under_the_address_it_has(
    desk: SimpleNamespace,
) -> None:
    here, new = begun(desk)
    answer = desk.browser.patch(here, data=form(desk, 0, "Hello", **new), headers=HX)
    assert answer.status_code == 200 and answer.headers["HX-Replace-Url"] == here
    assert "Saved " in answer.text and 'name="rev" value="2"' in answer.text
    post = db.session.scalars(select(Post)).one()
    assert here.endswith(str(post.id)) and post.parts == ["Hello"]
    assert desk.browser.get(here).status_code == 200


def test_without_scripts_the_save_button_makes_it_and_goes_there(desk: SimpleNamespace) -> None:
    here, new = begun(desk, "?at=2031-05-14T12:30")
    answer = desk.browser.post(
        here, data=form(desk, 0, "Hello", **new, date="2031-05-14", time="12:30")
    )
    assert answer.status_code == 303 and answer.location == here
    post = db.session.scalars(select(Post)).one()
    assert post.due_at == datetime(2031, 5, 14, 11, 30, tzinfo=UTC)


def test_the_new_draft_comes_with_the_time_asked_for(desk: SimpleNamespace) -> None:
    page = desk.browser.get(f"{desk.base}/compose?at=2031-05-14T12:30").text
    assert 'value="2031-05-14"' in page and 'value="12:30"' in page
    assert "London time (BST)" in page
    answer = desk.browser.get(f"{desk.base}/compose?at=tomorrow")
    assert answer.status_code == 400 and "Write the time as" in answer.text


def test_no_id_but_one_given_out_can_become_a_draft(desk: SimpleNamespace) -> None:
    here, new = begun(desk)
    other = here[:-4] + ("0000" if not here.endswith("0000") else "1111")
    answer = desk.browser.patch(other, data=form(desk, 0, "Hello", **new), headers=HX)
    assert answer.status_code == 404 and count(Post) == 0


def test_the_button_of_the_shell_makes_a_draft_by_post(desk: SimpleNamespace) -> None:
    answer = desk.browser.post(f"{desk.base}/drafts", data={"at": "2031-01-02T09:00"})
    post = db.session.scalars(select(Post)).one()
    assert answer.location == f"{desk.base}/drafts/{post.id}"
    assert {t.account_id for t in post.targets} == {a.id for a in desk.accounts.values()}


# Saving -------------------------------------------------------------------------------------------


def test_a_save_never_swaps_the_text(desk: SimpleNamespace) -> None:
    answer = save(desk, opened(desk), text="Finca La Loma")
    targets = re.findall(r'hx-target="#([\w-]+)"', answer.text)
    assert {"composer-state", "vtabs", "checks", "preview", "sendbar", "mirror-0"} <= set(targets)
    assert not {"variant", "media", "text-0", "when"} & set(targets)
    assert "<textarea" not in answer.text


def test_each_network_counts_by_its_own_rule(desk: SimpleNamespace) -> None:
    text = "https://example.com/a-long-address-of-a-page-about-coffee " + "x" * 270
    answer = save(desk, opened(desk), text=text).text
    tabs = dict(re.findall(r'data-left="(-?\d+)" data-tab="(\w+)"', answer))
    left = {net: int(n) for n, net in tabs.items()}
    assert left == {"twitter": 280 - 23 - 271, "mastodon": 500 - 23 - 271,
                    "bluesky": 300 - len(text)}  # fmt: skip
    assert "14 over" in answer and "1 of 3 ready" in answer


def test_typing_in_a_networks_tab_gives_it_its_own_text(desk: SimpleNamespace) -> None:
    post = opened(desk, text="Hello")
    save(desk, post, tab="twitter", text="Hello X")
    found = stored(post.id)
    assert found.texts("twitter") == ["Hello X"] and found.parts == ["Hello"]


def test_looking_at_a_networks_tab_gives_it_none(desk: SimpleNamespace) -> None:
    post = opened(desk, text="Hello")
    save(desk, post, tab="twitter", text="Hello")
    assert stored(post.id).variants == []


def test_a_tab_is_stored_before_another_is_shown(desk: SimpleNamespace) -> None:
    post = opened(desk, text="Hello", own={"twitter": ["Hello X"]})
    here = f"{desk.base}/drafts/{post.id}"
    answer = desk.browser.post(
        here, data=form(desk, post.rev, "Hello all", go="tab:twitter"), headers=HX
    )
    assert 'hx-target="#variant"' in answer.text and "\nHello X</textarea>" in answer.text
    assert stored(post.id).parts == ["Hello all"]
    plain = desk.browser.post(
        here, data=form(desk, stored(post.id).rev, "Hello you", go="tab:twitter")
    )
    assert plain.status_code == 303 and plain.location == f"{here}?tab=twitter&preview=twitter"
    assert "\nHello X</textarea>" in desk.browser.get(plain.location).text


def test_a_network_gets_and_loses_its_own_text_by_a_button(desk: SimpleNamespace) -> None:
    post = opened(desk, text="word " * 58 + "#one #two #three")
    here = f"{desk.base}/drafts/{post.id}"
    page = desk.browser.get(here).text
    assert "X takes 280 characters; this is 306." in page
    assert "Leave out the last hashtags there only?" not in page  # 290 without them
    post = opened(desk, text="word " * 55 + "#one #two #three")
    here = f"{desk.base}/drafts/{post.id}"
    assert "Leave out the last hashtags there only?" in desk.browser.get(here).text
    data = form(desk, post.rev, post.parts[0])
    desk.browser.post(here, data=data | {"go": "own:twitter"}, headers=HX)
    found = stored(post.id)
    assert found.texts("twitter") == ["word " * 54 + "word #one"]
    assert found.texts("mastodon") == found.parts
    data = form(desk, found.rev, found.texts("twitter")[0], tab="twitter", go="shared:twitter")
    desk.browser.post(here, data=data, headers=HX)
    assert stored(post.id).variants == []


def test_a_thread_grows_and_shrinks_and_its_pictures_follow(desk: SimpleNamespace) -> None:
    post = opened(desk, text="One", media=[make_media(desk.brand)])
    here = f"{desk.base}/drafts/{post.id}"
    answer = desk.browser.post(here, data=form(desk, 1, "One", go="part:add"), headers=HX).text
    assert 'id="text-1"' in answer and stored(post.id).parts == ["One", ""]
    item = stored(post.id).media[0].id
    two = ["One", "Two"]
    desk.browser.post(
        here, data=form(desk, stored(post.id).rev, two, go=f"to:{item}:1"), headers=HX
    )
    assert stored(post.id).parts == two and stored(post.id).media[0].part == 1
    desk.browser.post(here, data=form(desk, stored(post.id).rev, two, go="part:1"), headers=HX)
    assert stored(post.id).parts == ["One"] and stored(post.id).media[0].part == 0


def test_pictures_no_own_text_shows_are_said(desk: SimpleNamespace) -> None:
    post = opened(desk, text=["One", "Two"], own={"twitter": ["Only one"]},
                  media=[make_media(desk.brand)])  # fmt: skip
    post.media[0].part = 1
    db.session.commit()
    page = desk.browser.get(f"{desk.base}/drafts/{post.id}").text
    assert "leaves out 1 picture: its own text has only 1 part" in page


def test_the_time_is_the_brands_and_a_clock_change_is_said(desk: SimpleNamespace) -> None:
    post = opened(desk, text="Hello")
    skipped = save(desk, post, date="2031-03-30", time="01:30").text
    assert "The clocks go forward on 30 March: there is no 01:30. It will be 02:30." in skipped
    assert stored(post.id).due_at == datetime(2031, 3, 30, 1, 30, tzinfo=UTC)
    twice = save(desk, stored(post.id), date="2031-10-26", time="01:30").text
    assert "01:30 comes twice. We take the first (BST)." in twice
    assert stored(post.id).due_at == datetime(2031, 10, 26, 0, 30, tzinfo=UTC)


def test_half_a_time_is_not_taken_and_an_emptied_one_is_taken_away(desk: SimpleNamespace) -> None:
    post = opened(desk, text="Hello")
    save(desk, post, date="2031-05-14", time="12:30")
    answer = save(desk, stored(post.id), date="2031-05-15", time="")
    assert "Give a time as well." in answer.text
    assert stored(post.id).due_at == datetime(2031, 5, 14, 11, 30, tzinfo=UTC)
    save(desk, stored(post.id), date="", time="")
    assert stored(post.id).due_at is None


def test_alt_texts_late_policy_and_options_are_saved_with_the_form(desk: SimpleNamespace) -> None:
    post = opened(desk, text="Hello", media=[make_media(desk.brand, alt="")])
    item = post.media[0].id
    assert "The picture has no alt text" in desk.browser.get(f"{desk.base}/drafts/{post.id}").text
    fields = {
        f"alt-{item}": "Six bells", "late": "skip", "late_minutes": "5",
        "option-mastodon-visibility": "unlisted", "option-twitter-reply_settings": "following",
    }  # fmt: skip
    answer = save(desk, post, **fields)
    assert "no alt text" not in answer.text
    found = stored(post.id)
    assert found.media[0].alt == "Six bells"
    assert (found.late_policy, found.late_limit_minutes) == ("skip", 5)
    assert found.options == {"mastodon": {"visibility": "unlisted"},
                             "twitter": {"reply_settings": "following"}}  # fmt: skip
    page = desk.browser.get(f"{desk.base}/drafts/{post.id}").text
    assert "X: People you follow; Mastodon: Everyone, but not in public timelines" in page


def test_the_accounts_chosen_are_those_of_the_form(desk: SimpleNamespace) -> None:
    post = opened(desk, text="Hello")
    save(desk, post, account=desk.ids[:1])
    assert [str(t.account_id) for t in stored(post.id).targets] == desk.ids[:1]
    answer = save(desk, stored(post.id), account=[])
    assert stored(post.id).targets == []
    assert "Choose at least one account" in answer.text


def test_an_account_that_cannot_post_is_off_and_says_why(desk: SimpleNamespace) -> None:
    broken = make_account(desk.brand, "mastodon", "old", status=AccountStatus.NEEDS_RECONNECT)
    page = desk.browser.get(f"{desk.base}/compose").text
    box = re.search(rf'<input[^>]*value="{broken.id}"[^>]*>', page)
    assert box and "disabled" in box[0] and "checked" not in box[0]
    assert "Mastodon signed @old out" in page


# Two people ---------------------------------------------------------------------------------------


def test_a_stale_save_shows_both_versions_and_keeps_nothing_of_its_own(
    desk: SimpleNamespace,
) -> None:
    post = opened(desk, text="First")
    rev = post.rev
    save(desk, post, text="Theirs")
    post.rev = rev
    db.session.rollback()
    answer = desk.browser.patch(
        f"{desk.base}/drafts/{post.id}", data=form(desk, rev, "Mine"), headers=HX
    )
    assert answer.status_code == 409 and answer.headers["HX-Retarget"] == "#dialog"
    assert "Mine" in answer.text and "Theirs" in answer.text
    assert stored(post.id).parts == ["Theirs"]
    seen = re.search(r'name="rev_seen" value="(\d+)"', answer.text)
    assert seen
    kept = desk.browser.post(
        f"{desk.base}/drafts/{post.id}",
        data=form(desk, rev, "Mine", rev_seen=seen[1]), headers=HX,
    )  # fmt: skip
    assert kept.status_code == 200 and stored(post.id).parts == ["Mine"]


def test_the_same_save_again_after_a_lost_answer_is_no_conflict(desk: SimpleNamespace) -> None:
    post = opened(desk, text="First")
    here, data = f"{desk.base}/drafts/{post.id}", form(desk, post.rev, "Second")
    first = desk.browser.patch(here, data=data, headers=HX)
    again = desk.browser.patch(here, data=data, headers=HX)
    assert (first.status_code, again.status_code) == (200, 200)
    assert f'name="rev" value="{stored(post.id).rev}"' in again.text


def test_without_scripts_a_stale_save_keeps_what_was_typed_on_the_page(
    desk: SimpleNamespace,
) -> None:
    post = opened(desk, text="First")
    here, rev = f"{desk.base}/drafts/{post.id}", post.rev
    save(desk, post, text="Theirs")
    answer = desk.browser.post(here, data=form(desk, rev, "Mine"))
    assert answer.status_code == 409
    assert "\nMine</textarea>" in answer.text and "Theirs" in answer.text
    now_rev = re.search(r'name="rev" value="(\d+)"', answer.text)
    assert now_rev
    assert desk.browser.post(here, data=form(desk, int(now_rev[1]), "Mine")).status_code == 303
    assert stored(post.id).parts == ["Mine"]


# The list -----------------------------------------------------------------------------------------


def test_the_list_shows_drafts_alone_last_changed_first(desk: SimpleNamespace) -> None:
    assert "No drafts" in desk.browser.get(f"{desk.base}/drafts").text
    opened(desk, text="Older idea")
    planned = opened(desk, text="Planned", at=now() + timedelta(days=1))
    desk.browser.post(f"{desk.base}/drafts/{planned.id}/edit")
    opened(desk, text="Newer idea <b>")
    page = desk.browser.get(f"{desk.base}/drafts").text
    assert page.index("Newer idea &lt;b&gt;") < page.index("Older idea")
    assert "Planned" not in page and "2 not yet planned" in page


def test_the_list_has_pages(desk: SimpleNamespace) -> None:
    for number in range(31):
        opened(desk, text=f"Idea number {number:02}")
    first = desk.browser.get(f"{desk.base}/drafts").text
    second = desk.browser.get(f"{desk.base}/drafts?page=2").text
    assert first.count('class="draftrow"') == 30 and 'rel="next"' in first
    assert second.count('class="draftrow"') == 1 and "Idea number 00" in second
    assert desk.browser.get(f"{desk.base}/drafts?page=no").status_code == 200
