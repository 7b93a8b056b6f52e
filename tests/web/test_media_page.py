"""The media library's pages: listed, narrowed, described, added to, replaced and deleted."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from app.clock import now
from app.extensions import db
from app.models.media import Media
from app.models.posts import TargetState
from app.services import media_tags
from tests.factories import make_account, make_media, make_post, make_profile, make_user
from tests.statements import counted
from tests.web.desk import HX, desk

__all__ = ["desk"]  # a fixture


@pytest.fixture
def base(desk: SimpleNamespace) -> str:
    return f"{desk.base}/media"


def png() -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (32, 24), (15, 111, 100)).save(buffer, "PNG")
    return buffer.getvalue()


def cards(page: str) -> list[str]:
    return re.findall(r'asset__t"><b class="trunc">(.*?)</b>', page.partition("<template")[0])


def library() -> list[Media]:
    db.session.rollback()
    db.session.expire_all()
    return db.session.query(Media).filter(Media.deleted_at.is_(None)).all()


def cost(desk: SimpleNamespace, address: str) -> int:
    """Its statements, once that somebody is here has been noted."""
    with counted() as told:
        assert desk.browser.get(address).status_code == 200
    return sum(one.startswith("SELECT") for one in told)


def test_the_list_is_narrowed_by_the_address_and_goes_on_in_parts(
    desk: SimpleNamespace, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.web.media_parts.SIZE", 2)
    empty = desk.browser.get(base).text
    assert "No files yet" in empty and 'role="search"' not in empty
    tagged = make_media(desk.brand, name="<b>.png", alt="")
    media_tags.put(tagged, ["shop & co"])
    db.session.commit()
    for n in range(4):
        make_media(desk.brand, name=f"{n}.png")
    page = desk.browser.get(base)
    assert cost(desk, base) <= 12
    assert cards(page.text) == ["3.png", "2.png"] and page.text.count("Not used") == 3
    assert f'href="{base}" aria-current="page" data-key="g m"' in page.text
    assert "shop &amp; co" in page.text and 'alt="Six bells in a row"' in page.text
    seen = []
    while found := re.search(r'hx-get="([^"]+)" hx-target="#more"', page.text):
        page = desk.browser.get(found[1].replace("&amp;", "&"), headers=HX)
        assert "<html" not in page.text and page.text.lstrip().startswith("<li")
        seen += cards(page.text)
    assert seen == ["1.png", "0.png", "&lt;b&gt;.png"]
    page = desk.browser.get(f"{base}?tag=SHOP+%26+co&bare=1&q=b")
    assert cards(page.text) == ["&lt;b&gt;.png"] and "No alt text</span>" in page.text
    assert page.text.count('aria-pressed="true"') == 3 and 'value="b"' in page.text
    nothing = desk.browser.get(f"{base}?q=nothing&kind=video").text
    assert "No file is like that" in nothing and 'name="kind" value="video"' in nothing
    older = desk.browser.get(f"{base}?after={now():%Y%m%dT%H%M%S%f}-{desk.brand_id.hex}").text
    assert "Newest" in older


def test_a_file_has_a_page_and_a_panel_that_say_all_of_it(desk: SimpleNamespace, base: str) -> None:
    account = desk.accounts["mastodon"]
    row = make_media(desk.brand, name="Harbour & co.png", alt="")
    here = f"{base}/{row.id}"
    make_post(desk.brand, "Roast day", [account], at=now() + timedelta(hours=5), media=[row])
    draft = make_post(desk.brand, "", [account], media=[row])
    sent = {"at": now() - timedelta(days=2), "state": TargetState.PUBLISHED}
    gone = make_post(desk.brand, "Went out", [account], media=[row], **sent)
    draft_id, gone_id = draft.id, gone.id
    page = desk.browser.get(here).text
    assert cost(desk, here) <= 12
    part = desk.browser.get(here, headers=HX).text
    assert "<h1" in page and "<h1" not in part and part.lstrip().startswith("<aside")
    assert "data-close-panel" in part and "data-close-panel" not in page
    for one in (page, part):
        assert "Roast day" in one and f"/drafts/{draft_id}" in one and f"/posts/{gone_id}" in one
        assert "2 posts still to go out get the new file." in one and "London time" in one
        assert "<b>X</b> takes it as it is." in one and 'data-fit="yes"' in one

    saved = desk.browser.post(here, data={"alt": "The harbour", "tags": "Sea, sea"}, headers=HX)
    assert saved.status_code == 200 and 'role="status"' in saved.text
    assert f'hx-target="#asset-{row.id}"' in saved.text and 'value="sea"' in saved.text
    assert "No alt text" not in saved.text
    wrong = {"alt": "Kept as typed", "tags": "x" * 41}
    for headers in (HX, {}):
        refused = desk.browser.post(here, data=wrong, headers=headers)
        assert refused.status_code == 422 and 'id="tags-error"' in refused.text
        assert "Kept as typed" in refused.text
    plain = desk.browser.post(here, data={"alt": "", "tags": ""})
    assert plain.location == here and library()[0].alt == "" and media_tags.of(row.id) == []


def test_files_are_added_without_scripts(desk: SimpleNamespace, base: str) -> None:
    def sent(*files: tuple[bytes, str]) -> Any:
        data = {"file": [(BytesIO(raw), name, "image/png") for raw, name in files]}
        return desk.browser.post(f"{base}/new", data=data, content_type="multipart/form-data")

    assert sent((png(), "a.png")).location == base
    assert "1 file added." in desk.browser.get(base).text and len(library()) == 1
    refused = sent((b"nothing", "c.png"), (png(), "d.png"))
    assert refused.status_code == 422 and "c.png: " in refused.text and "d.png" in refused.text
    assert len(library()) == 2
    assert "Choose a picture" in sent().text and "At most" not in sent().text
    many = sent(*[(png(), f"{n}.png") for n in range(11)])
    assert "Add at most 10 at a time." in many.text and len(library()) == 2
    card = desk.browser.get(f"{base}/{library()[0].id}/card").text
    assert card.strip().startswith('<li class="shot asset"')


def test_a_file_is_replaced_and_says_how_many_posts_have_the_new_one(
    desk: SimpleNamespace, base: str
) -> None:
    row = make_media(desk.brand)
    row_id = row.id
    post = make_post(desk.brand, "Six", [desk.accounts["mastodon"]], media=[row])
    post_id = post.id
    send = f"{base}/{row_id}/replace"

    def sent(raw: bytes | None, **more: Any) -> Any:
        data = {"file": (BytesIO(raw), "n.png", "image/png")} if raw is not None else {}
        return desk.browser.post(send, data=data, content_type="multipart/form-data", **more)

    for raw, words in ((None, "Choose a picture"), (b"nothing", "picture")):
        refused = sent(raw, headers=HX)
        assert refused.status_code == 422 and 'id="panel-file-error"' in refused.text
        assert words in refused.text
    done = sent(png())
    [new] = {one.id for one in library()} - {row_id}
    assert done.location == f"{base}/{new}"
    assert "Replaced. 1 post has it now." in desk.browser.get(done.location).text
    planned = make_post(
        desk.brand, "Roast", [make_account(desk.brand)], at=now(), state=TargetState.POSTING,
        media=[db.session.get_one(Media, new)],
    )  # fmt: skip
    assert planned.id != post_id
    send = f"{base}/{new}/replace"
    busy = sent(png())
    assert busy.status_code == 409 and "is being sent just now" in busy.text
    assert len(library()) == 2


def test_deleting_refuses_while_it_is_needed_and_names_what_needs_it(
    desk: SimpleNamespace, base: str
) -> None:
    row = make_media(desk.brand, name="bells.png")
    ask = f"{base}/{row.id}/delete"
    post = make_post(desk.brand, "Roast day", [desk.accounts["mastodon"]], media=[row])
    for headers in (HX, {}):
        asked = desk.browser.get(ask, headers=headers).text
        assert "Roast day" in asked and "Delete the file" not in asked
        refused = desk.browser.post(ask, headers=headers)
        assert refused.status_code == 409 and "“Roast day”" in refused.text
    assert len(library()) == 1
    post.discarded_at = now()
    db.session.commit()
    assert "Delete the file" in desk.browser.get(ask, headers=HX).text
    assert desk.browser.post(ask).location == base
    assert library() == [] and "“bells.png” is deleted." in desk.browser.get(base).text
    assert desk.browser.get(f"{base}/{row.id}").status_code == 404


@pytest.mark.parametrize("path", ["", "/card", "/delete"])
def test_a_file_of_another_brand_is_not_there(desk: SimpleNamespace, base: str, path: str) -> None:
    mine = make_profile(desk.maya, "Other")  # hers too, and still another brand
    for row in (make_media(mine), make_media(make_profile(make_user()))):
        assert desk.browser.get(f"{base}/{row.id}{path}").status_code == 404
