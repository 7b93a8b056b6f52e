"""The composer's pickers: files of the library, templates and their gaps, and keeping one."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest

from app.extensions import db
from app.models.content_templates import ContentTemplate
from app.models.posts import Post, PostStatus
from app.services import content_templates, gaps, versions
from app.services.content_templates import Changes
from tests.factories import actor_of, make_media, make_post, make_profile, make_user
from tests.web.desk import HX, at, begun, desk, form, opened, save, stored

__all__ = ["desk"]  # a fixture

TEXT = "Roast {{number}} is in: {{taste}}"


def kept(desk: SimpleNamespace, name: str, content: str = TEXT, **more: Any) -> Any:
    changes = Changes(name=name, content=content, **more)
    made = content_templates.create(actor_of(desk.maya), desk.brand_id, changes).id
    db.session.rollback()
    return made


def used(template_id: Any) -> int:
    return stored_template(template_id).usage_count


def stored_template(template_id: Any) -> ContentTemplate:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(ContentTemplate, template_id)


def go(desk: SimpleNamespace, post: Post, order: str, **fields: Any) -> Any:
    return save(desk, post, go=order, **fields)


@pytest.mark.parametrize(
    ("texts", "own", "names"),
    [
        (["no gap { {x} }"], {}, []),
        (["{{a}} {{ b }}", "{{a}} {{c}}"], {"twitter": ["{{d}}"]}, ["a", "b", "c", "d"]),
    ],
)
def test_gaps_are_those_of_every_text(
    desk: SimpleNamespace, texts: list[str], own: dict[str, list[str]], names: list[str]
) -> None:
    post = make_post(desk.brand, texts, own=own)
    assert gaps.of(post) == names
    assert gaps.filled("{{a}} {{ b }}", {"a": "{{b}}"}) == "{{b}} {{ b }}"


@pytest.mark.parametrize("picker", ["library", "templates", "keep"])
def test_a_picker_is_opened_once_what_was_typed_is_stored(
    desk: SimpleNamespace, picker: str
) -> None:
    here, new = begun(desk)
    body = form(desk, 0, "Typed before", go=picker, **new)
    dialog = desk.browser.post(here, data=body, headers=HX)
    assert dialog.status_code == 200 and 'hx-target="#dialog"' in dialog.text
    [post] = db.session.query(Post).all()
    assert post.parts == ["Typed before"]
    rev = post.rev
    plain = desk.browser.post(here, data=form(desk, rev, "Typed before", go=picker))
    assert plain.location.endswith(f"/drafts/{post.id}/{picker}")
    page = desk.browser.get(plain.location).text
    assert "<h1>" in page and f'action="{plain.location}"' in page or "No " in page


def test_files_are_put_into_the_post_in_the_order_they_were_chosen_in(
    desk: SimpleNamespace,
) -> None:
    first, second = make_media(desk.brand, name="a.png"), make_media(desk.brand, name="b.png")
    ids = [second.id, first.id]
    foreign = make_media(make_profile(make_user())).id
    post = opened(desk)
    here = f"{desk.base}/drafts/{post.id}"
    page = desk.browser.get(f"{here}/library?q=B.png&kind=image").text
    assert "b.png" in page and "a.png" not in page and 'value="image"' in page
    body = form(desk, post.rev, "Hello", media=",".join(str(one) for one in ids), part="0")
    answer = desk.browser.post(f"{here}/media", data=body, headers=HX)
    assert answer.status_code == 200
    assert [one.media_id for one in stored(post.id).media] == ids
    plain = desk.browser.post(f"{here}/library", data={"media": [str(ids[1]), str(ids[0])]})
    assert plain.location == here
    assert [one.media_id for one in stored(post.id).media] == [*ids, *reversed(ids)]
    assert desk.browser.post(f"{here}/library", data={"media": str(foreign)}).status_code == 404
    for _ in range(3):
        refused = desk.browser.post(f"{here}/library", data={"media": [str(one) for one in ids]})
    refused = desk.browser.post(f"{here}/library", data={"media": str(ids[0])})
    assert refused.status_code == 422 and "at most 10 pictures" in refused.text
    assert len(stored(post.id).media) == 10
    wrong = desk.browser.post(f"{here}/library", data={"media": "x"})
    assert wrong.status_code == 400


def test_a_template_fills_the_draft_and_its_gaps_become_fields(desk: SimpleNamespace) -> None:
    picture = make_media(desk.brand).id
    template = kept(desk, "Roast log", category="Shop", media=[(picture, "Bells here")])
    post = opened(desk)
    opening = go(desk, post, "templates", text="").text
    assert "Use it" in opening and f'value="use:{template}"' in opening and "2 gaps" in opening
    answer = go(desk, stored(post.id), f"use:{template}", text="")
    assert answer.status_code == 200 and answer.text.count("data-fill") == 2
    assert (
        'name="gap-taste"' in answer.text and "2 gaps still to fill: number, taste" in answer.text
    )
    found = stored(post.id)
    assert found.parts == [TEXT] and [one.alt for one in found.media] == ["Bells here"]
    assert used(template) == 1
    partly = go(desk, found, "fill", text=TEXT, **{"gap-number": "44", "gap-taste": " "})
    assert stored(post.id).parts == ["Roast 44 is in: {{taste}}"]
    assert "1 gap still to fill: taste" in partly.text
    found = stored(post.id)
    go(desk, found, "fill", text=found.parts[0], **{"gap-taste": "plum {{x}}"})
    assert stored(post.id).parts == ["Roast 44 is in: plum {{x}}"]

    written = opened(desk, text="Mine")
    assert "Put below my text" in go(desk, written, "templates", text="Mine").text
    go(desk, stored(written.id), f"use:{template}:below", text="Mine")
    assert stored(written.id).parts == [f"Mine\n\n{TEXT}"]
    here = f"{desk.base}/drafts/{written.id}/templates"
    page = desk.browser.get(f"{here}?q=roast&category=shop").text
    assert 'name="below" value="1"' in page
    plain = desk.browser.post(here, data={"template": str(template), "below": ""})
    assert plain.location == here.removesuffix("/templates")
    assert stored(written.id).parts == [TEXT] and len(stored(written.id).media) == 1
    before = versions.listed(actor_of(desk.maya), stored(written.id))
    assert [one.words for one in before] == [TEXT, f"Mine {TEXT}", "Mine"]  # nothing is lost
    other = make_profile(desk.maya, "Other")
    theirs = content_templates.create(
        actor_of(desk.maya), other.id, Changes(name="x", content="y")
    ).id
    db.session.rollback()
    assert desk.browser.post(here, data={"template": str(theirs)}).status_code == 404
    assert go(desk, stored(written.id), f"use:{theirs}", text="Mine").status_code == 404


def test_a_post_with_empty_gaps_is_asked_about_before_it_is_sent(desk: SimpleNamespace) -> None:
    post = opened(desk, text=TEXT)
    send = f"{desk.base}/drafts/{post.id}/schedule"
    body = form(desk, post.rev, TEXT, **at(desk, 30))
    asked = desk.browser.post(send, data=body, headers=HX)
    assert asked.status_code == 422 and "Some gaps are still empty" in asked.text
    assert f'formaction="{send}"' in asked.text
    rev = stored(post.id).rev
    plain = desk.browser.post(send, data=body | {"rev": str(rev)})
    assert plain.status_code == 422 and 'name="gaps" value="meant"' in plain.text
    # What was typed for one is put in on the way, and the text is shown anew.
    rev = stored(post.id).rev
    partly = desk.browser.post(send, data=body | {"rev": str(rev), "gap-taste": "plum"}, headers=HX)
    assert partly.status_code == 422 and "Roast {{number}} is in: plum" in partly.text
    found = stored(post.id)
    assert found.parts == ["Roast {{number}} is in: plum"] and not found.armed
    assert re.search(rf'name="rev" value="{found.rev}"', partly.text)
    body |= {"text": found.parts[0], "rev": str(found.rev)}
    assert desk.browser.post(send, data=body | {"gaps": "meant"}).status_code == 303
    found = stored(post.id)
    assert found.status is PostStatus.SCHEDULED and found.parts == ["Roast {{number}} is in: plum"]


def test_a_draft_is_kept_as_a_template(desk: SimpleNamespace) -> None:
    picture = make_media(desk.brand)
    text = ["Six bells {{when}}", "and a second part"]
    post = opened(desk, text=text, media=[picture])
    keep = f"{desk.base}/drafts/{post.id}/keep"
    dialog = desk.browser.get(keep, headers=HX).text
    assert 'value="Six bells {{when}}"' in dialog and "<h1" not in dialog
    for headers in (HX, {}):
        refused = desk.browser.post(keep, data={"name": " ", "category": "x"}, headers=headers)
        assert refused.status_code == 422 and 'id="keep-name-error"' in refused.text
        assert 'value="x"' in refused.text
    done = desk.browser.post(keep, data={"name": "Bells", "category": "Shop"}, headers=HX)
    assert done.status_code == 200 and "“Bells” is kept" in done.text
    db.session.rollback()
    [row] = db.session.query(ContentTemplate).all()
    assert row.content == "Six bells {{when}}\n\nand a second part"
    assert (row.category, row.platforms) == ("Shop", ["twitter", "mastodon", "bluesky"])
    assert [one.media_id for one in row.media] == [picture.id]
    plain = desk.browser.post(keep, data={"name": "Again"})
    assert plain.location == keep.removesuffix("/keep")
    empty = opened(desk, text="")
    refused = desk.browser.post(f"{desk.base}/drafts/{empty.id}/keep", data={"name": "Empty"})
    assert refused.status_code == 422 and "Write the template" in refused.text
