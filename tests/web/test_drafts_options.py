"""Options by network in the composer: shown in that network's tab, saved with the form."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from app.extensions import db
from app.models.accounts import Destination
from app.models.posts import Post
from tests.factories import make_account, make_media, make_post
from tests.web.desk import HX, desk, form, stored

__all__ = ["desk"]


@pytest.fixture
def wide(desk: SimpleNamespace) -> SimpleNamespace:
    """The desk with accounts on networks that ask for more."""
    for network in ("instagram", "pinterest", "tiktok"):
        desk.accounts[network] = make_account(desk.brand, network, f"maya{network[:2]}")
    desk.ids = [str(one.id) for one in desk.accounts.values()]
    return desk


def drafted(desk: SimpleNamespace, **columns: Any) -> Post:
    media = columns.pop("media", ())
    return make_post(
        desk.brand, "Hello", list(desk.accounts.values()), media=media, **columns
    )  # fmt: skip


def sent(desk: SimpleNamespace, post: Post, tab: str = "", **fields: Any) -> Any:
    return desk.browser.patch(
        f"{desk.base}/drafts/{post.id}",
        data=form(desk, stored(post.id).rev, "Hello", tab=tab) | fields, headers=HX,
    )  # fmt: skip


def test_the_shared_text_names_networks_and_a_tab_shows_its_own(wide: SimpleNamespace) -> None:
    here = f"{wide.base}/drafts/{drafted(wide).id}"
    everyone = wide.browser.get(here).text
    assert "Options by network" in everyone and 'name="option-' not in everyone
    assert 'value="field:instagram"' in everyone
    tab = wide.browser.get(f"{here}?tab=instagram").text
    assert 'name="option-instagram-placement"' in tab and 'name="option-tiktok' not in tab
    assert "Goes out as" in tab
    assert 'name="option-bluesky-langs' in wide.browser.get(f"{here}?tab=bluesky").text


def test_settings_are_saved_with_the_form_and_others_stay(wide: SimpleNamespace) -> None:
    post = drafted(wide, options={"tiktok": {"isAigc": True}})
    fields = {
        "option-instagram-placement": "reel", "option-instagram-firstComment": "More inside",
        "option-instagram-shareToFeed": "0", "option-instagram-collaborators": "ann, ben",
    }  # fmt: skip
    answer = sent(wide, post, "instagram", **fields)
    assert answer.status_code == 200
    assert stored(post.id).options == {
        "tiktok": {"isAigc": True},
        "instagram": {"placement": "reel", "firstComment": "More inside", "shareToFeed": False,
                      "collaborators": ["ann", "ben"]},
    }  # fmt: skip
    # Another placement shows other settings, so they come along; a typed word does not swap them.
    assert 'id="options-body"' in answer.text
    again = sent(wide, post, "instagram", **fields | {"option-instagram-firstComment": "Less"})
    assert 'id="options-body"' not in again.text
    assert "note-option-instagram-firstComment" in again.text


def test_an_unknown_setting_is_refused_by_name_and_nothing_is_lost(wide: SimpleNamespace) -> None:
    post = drafted(wide)
    answer = sent(wide, post, "instagram", **{"option-instagram-sparkle": "1"})
    assert answer.status_code == 400 and "no setting “sparkle”" in answer.text
    answer = sent(wide, post, "instagram", **{
        "option-instagram-placement": "reel", "option-instagram-thumbOffset": "early",
    })  # fmt: skip
    assert answer.status_code == 422
    assert 'value="early"' in answer.text and "Write a number." in answer.text
    assert stored(post.id).options == {"instagram": {"placement": "reel"}}


def test_a_missing_choice_is_a_check_whose_button_goes_to_the_field(wide: SimpleNamespace) -> None:
    post = drafted(wide, media=[make_media(wide.brand)])
    answer = sent(wide, post)
    assert "needs your choice: Who can see this post" in answer.text
    assert 'value="field:tiktok:privacyLevel"' in answer.text
    there = sent(wide, post, go="field:tiktok:privacyLevel")
    assert 'name="tab" value="tiktok"' in there.text
    assert there.text.count("data-aim") == 1
    assert "Music Usage Confirmation" in there.text


def test_a_board_is_chosen_from_the_accounts_own(wide: SimpleNamespace) -> None:
    for number, (key, name) in enumerate((("11", "Launches"), ("12", "Recipes")), 1):
        db.session.add(Destination(
            number=number, account_id=wide.accounts["pinterest"].id, external_id=key,
            kind="board", name=name, is_default=key == "11",
        ))  # fmt: skip
    db.session.commit()
    post = drafted(wide, media=[make_media(wide.brand)])
    page = wide.browser.get(f"{wide.base}/drafts/{post.id}?tab=pinterest").text
    assert "Launches (the default)" in page and "needs your choice: Board" not in page
    sent(wide, post, "pinterest", **{"option-pinterest-boardId": "12"})
    assert stored(post.id).options == {"pinterest": {"boardId": "12"}}


def test_two_saves_of_the_same_settings_are_one(wide: SimpleNamespace) -> None:
    post = drafted(wide)
    fields = {"option-instagram-placement": "story"}
    first = form(wide, 1, "Hello", tab="instagram") | fields
    here = f"{wide.base}/drafts/{post.id}"
    assert wide.browser.patch(here, data=first, headers=HX).status_code == 200
    assert wide.browser.patch(here, data=first, headers=HX).status_code == 200
    other = first | {"option-instagram-placement": "reel"}
    assert wide.browser.patch(here, data=other, headers=HX).status_code == 409


def test_a_picture_of_the_wrong_shape_is_cut_where_it_was_asked(wide: SimpleNamespace) -> None:
    post = drafted(wide, media=[make_media(wide.brand, size=(1200, 500))])
    item = post.media[0].id
    answer = sent(wide, post)
    assert "is too wide for <b>Instagram</b>" in answer.text
    assert f'popovertarget="crop-{item}"' in answer.text
    for focus in ("101", "left"):
        wrong = sent(wide, post, go=f"crop:{item}", **{f"focus-{item}": focus})
        assert wrong.status_code == 400
    done = sent(wide, post, go=f"crop:{item}", **{f"focus-{item}": "0"})
    assert done.status_code == 200 and "is too wide" not in done.text
    assert [(m.media.width, m.media.height) for m in stored(post.id).media] == [(955, 500)]
    again = sent(wide, post, go=f"crop:{item}")
    assert again.status_code == 422 and "needs no crop" in again.text


def test_the_preview_is_what_the_placement_shows(wide: SimpleNamespace) -> None:
    wide_one = make_media(wide.brand, size=(1200, 500))
    first = {"firstComment": "More inside", "placement": "feed"}
    post = drafted(wide, media=[wide_one], options={"instagram": first})
    feed = sent(wide, post, preview="instagram").text
    assert "First comment" in feed and 'viewBox="122 0 955 500"' in feed and "Feed post" in feed
    whole = sent(wide, post, preview="mastodon").text
    assert "First comment" not in whole and 'viewBox="122' not in whole.partition('id="preview"')[2]
    story = sent(
        wide, post, "instagram", preview="instagram", **{"option-instagram-placement": "story"}
    ).text
    assert "A story shows no text." in story and "Feed post</span>" not in story
    shown = story.partition('id="preview"')[2].partition("</section>")[0]
    assert "Hello" not in shown and "More inside" not in shown


def test_the_pictures_of_a_pin_are_brought_to_one_size_by_their_buttons(
    wide: SimpleNamespace,
) -> None:
    shots = [make_media(wide.brand, size=size) for size in ((800, 800), (400, 400), (600, 400))]
    post = drafted(wide, media=shots)
    first, _, last = (one.id for one in post.media)
    page = sent(wide, post).text
    assert page.count("is not of the same size as the others for <b>Pinterest</b>") == 2
    assert "Make it 400 × 400" in page and "Crop to 400 × 400" in page
    assert f'id="focus-{last}"' in page and f'id="focus-{first}"' not in page  # nothing is lost
    for item in (first, last):
        assert sent(wide, post, go=f"crop:{item}").status_code == 200
    assert [(m.media.width, m.media.height) for m in stored(post.id).media] == [(400, 400)] * 3
    assert "same size" not in sent(wide, post).text
