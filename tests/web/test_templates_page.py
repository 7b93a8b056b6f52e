"""The page of templates: listed, narrowed, kept, changed, starred, used and deleted."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, select

from app.extensions import db
from app.models.content_templates import ContentTemplate
from app.models.posts import Post
from app.services import content_templates
from app.services.content_templates import Changes
from tests.conftest import Browser
from tests.factories import actor_of, join, make_media, make_profile, make_user
from tests.web.desk import HX, desk

__all__ = ["desk"]  # a fixture

WEEKLY = "This week:\n✅ {{achievement}}\n📈 {{metric}}"


def kept(desk: SimpleNamespace, name: str, content: str = "Six bells", **more: Any) -> Any:
    """A template's id."""
    changes = Changes(name=name, content=content, **more)
    made = content_templates.create(actor_of(desk.maya), desk.brand.id, changes).id
    db.session.rollback()
    return made


def stored(template_id: Any) -> ContentTemplate:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(ContentTemplate, template_id)


def drafts() -> list[Post]:
    db.session.rollback()
    db.session.expire_all()
    return list(db.session.scalars(select(Post)))


def names(page: str) -> list[str]:
    return re.findall(r'<div class="tpl__head">\s*<h2>(.*?)</h2>', page)


def errors(page: str) -> list[str]:
    return re.findall(r'id="([\w.-]+)-error"', page)


@pytest.fixture
def base(desk: SimpleNamespace) -> str:
    return f"{desk.base}/templates"


def test_the_list_shows_each_and_is_narrowed_by_the_address(
    desk: SimpleNamespace, base: str
) -> None:
    empty = desk.browser.get(base).text
    assert "No templates yet" in empty and 'role="search"' not in empty
    picture = make_media(desk.brand, alt="A brass bell")
    kept(desk, "Weekly update", WEEKLY, category="internal", platforms=["twitter", "mastodon"],
         media=[(picture.id, None)])  # fmt: skip
    kept(desk, "100% roast", category="Launch", is_favorite=True)
    kept(desk, "<b>Bold</b>", "<i>{{x}}</i>" + "y" * 400, category="launch")
    page = desk.browser.get(base)
    assert names(page.text) == ["&lt;b&gt;Bold&lt;/b&gt;", "100% roast", "Weekly update"]
    assert '<mark class="gap">{{achievement}}</mark>' in page.text
    assert "2 gaps to fill" in page.text and "Not used yet" in page.text
    assert 'alt="A brass bell"' in page.text and "For X, Mastodon." in page.text
    assert "y" * 400 not in page.text and "…" in page.text and "<i>" not in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert f'href="{base}" aria-current="page" data-key="g t"' in page.text

    def found(query: str) -> list[str]:
        return names(desk.browser.get(f"{base}?{query}").text)

    assert found("q=WEEK") == ["Weekly update"] and found("q=0%25") == ["100% roast"]
    assert found("category=LAUNCH") == ["&lt;b&gt;Bold&lt;/b&gt;", "100% roast"]
    assert found("category=launch&favourites=1") == ["100% roast"]
    page = desk.browser.get(f"{base}?category=launch&favourites=1&q=nothing").text
    assert names(page) == [] and "No template is like that" in page
    assert page.count('name="category" value="launch"') == 2 and 'value="nothing"' in page
    assert page.count('popovertarget="menu-category"') == 1
    assert re.findall(r"[?;]category=(\w+)", page.lower()) == ["internal", "launch"]


def test_a_long_list_has_pages(desk: SimpleNamespace, base: str) -> None:
    rows = [
        ContentTemplate(profile_id=desk.brand_id, name=f"No {n}", content="x") for n in range(14)
    ]
    db.session.add_all(rows)
    db.session.commit()
    first, second = desk.browser.get(f"{base}?q=no").text, desk.browser.get(f"{base}?q=no&page=2")
    assert len(names(first)) == 12 and f"{base}?q=no&amp;page=2" in first
    assert len(names(second.text)) == 2 and "13 to 14 of 14" in second.text


def test_one_is_kept_and_changed_and_errors_keep_what_was_typed(
    desk: SimpleNamespace, base: str
) -> None:
    old, new = make_media(desk.brand, alt="Old"), make_media(desk.brand, alt="New")
    old_id, new_id = old.id, new.id
    form = desk.browser.get(f"{base}/new").text
    assert 'alt="Old"' in form and 'value="snapchat"' not in form and "Cancel" in form
    typed = {"name": " ", "content": "Hello {{who}}", "category": "x" * 61, "platforms": "bluesky"}
    refused = desk.browser.post(base, data=typed)
    assert refused.status_code == 422 and errors(refused.text) == ["name"]
    assert "A template needs a name." in refused.text and "Hello {{who}}" in refused.text
    assert re.search(r'value="bluesky" checked', refused.text)
    refused = desk.browser.post(base, data=typed | {"name": "Hello"})
    assert errors(refused.text) == ["category"] and 'value="Hello"' in refused.text
    typed |= {"name": "Hello", "category": "Greetings", "media": str(old_id), "favorite": "y"}
    made = desk.browser.post(base, data=typed)
    assert (made.status_code, made.location) == (303, base)
    assert "“Hello” is kept." in desk.browser.get(base).text
    row = db.session.scalars(select(ContentTemplate)).one()
    template_id = row.id
    assert (row.name, row.category, row.platforms) == ("Hello", "Greetings", ["bluesky"])
    assert row.is_favorite and [one.alt for one in row.media] == ["Old"]
    row.media[0].alt = "Said otherwise here"
    db.session.commit()

    here = f"{base}/{template_id}"
    form = desk.browser.get(here).text
    assert 'value="Hello"' in form and f'value="{old_id}" checked' in form
    assert '<option value="Greetings">' in form
    wrong = {"name": "Never", "content": " ", "category": "gone"}
    refused = desk.browser.post(here, data=wrong)
    assert refused.status_code == 422 and errors(refused.text) == ["content"]
    assert stored(template_id).name == "Hello"  # nothing of a refused change is kept
    changed = {"name": "Hi", "content": "Hi {{who}}", "media": [str(old_id), str(new_id)]}
    assert desk.browser.post(here, data=changed).location == base
    row = stored(template_id)
    assert (row.name, row.content, row.platforms, row.category) == ("Hi", "Hi {{who}}", [], "")
    assert [one.alt for one in row.media] == ["Said otherwise here", "New"]
    assert not row.is_favorite
    foreign = make_media(make_profile(make_user("ada@example.org"))).id
    refused = desk.browser.post(here, data=changed | {"media": str(foreign)})
    assert refused.status_code == 422 and errors(refused.text) == ["media"]
    assert len(stored(template_id).media) == 2


def test_pictures_come_with_the_form_and_stay_when_something_else_is_wrong(
    desk: SimpleNamespace, base: str
) -> None:
    def sent(name: str, raw: bytes, **more: str) -> Any:
        return {"name": name, "content": "Hi", "file": (BytesIO(raw), "bells.png")} | more

    buffer = BytesIO()
    Image.new("RGB", (32, 24), (184, 129, 26)).save(buffer, "PNG")
    refused = desk.browser.post(base, data=sent("Bells", b"no picture at all"))
    assert refused.status_code == 422 and errors(refused.text) == ["file"]
    assert "bells.png: " in refused.text and 'value="Bells"' in refused.text
    refused = desk.browser.post(base, data=sent("", buffer.getvalue()))
    assert refused.status_code == 422 and errors(refused.text) == ["name"]
    [ticked] = re.findall(r'name="media" value="([\w-]+)" checked', refused.text)
    made = desk.browser.post(base, data={"name": "Bells", "media": ticked})
    assert made.location == base
    row = db.session.scalars(select(ContentTemplate)).one()
    assert [str(one.media_id) for one in row.media] == [ticked]
    here = f"{base}/{row.id}"
    assert desk.browser.post(here, data=sent("Bells", buffer.getvalue())).location == here[:-37]
    assert len(stored(row.id).media) == 1 and str(stored(row.id).media[0].media_id) != ticked


def test_the_star_is_given_and_taken(desk: SimpleNamespace, base: str) -> None:
    template_id = kept(desk, "Weekly update")
    star = f"{base}/{template_id}/favourite"
    card = desk.browser.post(star, data={"on": "1"}, headers=HX)
    assert card.text.strip().startswith(f'<li class="card tpl" id="template-{template_id}"')
    assert 'aria-pressed="true"' in card.text and stored(template_id).is_favorite
    assert desk.browser.post(star, data={"on": ""}).location == base
    assert not stored(template_id).is_favorite


def test_using_one_asks_for_its_gaps_and_makes_a_counted_draft(
    desk: SimpleNamespace, base: str
) -> None:
    picture = make_media(desk.brand, alt="Six bells").id
    template_id = kept(
        desk, "Weekly update", WEEKLY, platforms=["mastodon"], media=[(picture, "Bells here")]
    )
    use = f"{base}/{template_id}/use"
    dialog, page = desk.browser.get(use, headers=HX).text, desk.browser.get(use).text
    assert "<html" not in dialog and "<h1>Use “Weekly update”</h1>" in page
    for one in (dialog, page):
        assert re.findall(r'name="(variables\.\w+)"', one) == [
            "variables.achievement", "variables.metric",
        ]  # fmt: skip
    typed = {"variables.achievement": "Six bells cast & tuned", "variables.metric": " "}
    for headers in (HX, {}):
        refused = desk.browser.post(use, data=typed, headers=headers)
        assert refused.status_code == 422 and errors(refused.text) == ["variables.metric"]
        assert 'value="Six bells cast &amp; tuned"' in refused.text
        assert "Give a value for {{metric}}." in refused.text
    assert drafts() == [] and stored(template_id).usage_count == 0

    full = typed | {"variables.metric": "+9 % {{x}}", "variables.other": "unused"}
    answer = desk.browser.post(use, data=full, headers=HX)
    [made] = drafts()
    assert answer.status_code == 204 and answer.data == b""
    assert json.loads(answer.headers["HX-Location"])["path"] == f"{desk.base}/drafts/{made.id}"
    assert made.parts == ["This week:\n✅ Six bells cast & tuned\n📈 +9 % {{x}}"]
    assert [one.account_id for one in made.targets] == [desk.accounts["mastodon"].id]
    assert [(one.media_id, one.alt) for one in made.media] == [(picture, "Bells here")]
    assert (made.author_id, made.armed, made.rev) == (desk.maya.id, False, 1)
    assert stored(template_id).usage_count == 1
    plain = desk.browser.post(use, data=full)
    assert plain.status_code == 303 and re.search(r"/drafts/[0-9a-f-]{36}$", plain.location)
    assert "Six bells cast" in desk.browser.get(plain.location).text
    assert "Used 2 times" in desk.browser.get(base).text


def test_one_without_gaps_or_networks_is_used_at_once(desk: SimpleNamespace, base: str) -> None:
    template_id = kept(desk, "Plain")
    page = desk.browser.get(base).text
    assert f'<form method="post" action="{base}/{template_id}/use"' in page
    assert desk.browser.post(f"{base}/{template_id}/use").status_code == 303
    [made] = drafts()
    assert len(made.targets) == 3  # as an empty composer
    long = kept(desk, "Long", "{{all}}")
    much = {"variables.all": "y" * 30_001}
    refused = desk.browser.post(f"{base}/{long}/use", data=much, headers=HX)
    assert refused.status_code == 422 and "under 30,000 characters" in refused.text
    assert len(drafts()) == 1 and stored(long).usage_count == 0


def test_deleting_says_what_is_lost_and_what_stays(desk: SimpleNamespace, base: str) -> None:
    picture = make_media(desk.brand).id
    template_id = kept(desk, "Weekly update", "Hi", media=[(picture, None)])
    desk.browser.post(f"{base}/{template_id}/use")
    asked = f"{base}/{template_id}/delete"
    dialog, page = desk.browser.get(asked, headers=HX).text, desk.browser.get(asked).text
    for one in (dialog, page):
        assert "cannot be brought back" in one and "used once" in one and "stay" in one
    assert "<html" not in dialog and "<h1>Delete “Weekly update”?</h1>" in page
    assert desk.browser.post(asked).location == base
    assert db.session.scalar(select(func.count()).select_from(ContentTemplate)) == 0
    assert len(drafts()[0].media) == 1
    assert desk.browser.post(asked).status_code == 404


def test_members_work_with_them_and_other_brands_do_not_see_them(
    desk: SimpleNamespace, base: str, signed_in: Callable[..., Browser]
) -> None:
    template_id = kept(desk, "Weekly update")
    other = make_profile(desk.maya, "Second brand")
    elsewhere = f"/p/{other.slug}/templates"
    stranger, ben = make_user("eve@example.org"), make_user("ben@example.org")
    make_profile(stranger)
    join(desk.brand, ben)
    for path in ("", "/use", "/delete"):
        assert desk.browser.get(f"{elsewhere}/{template_id}{path}").status_code == 404
    for path in ("", "/use", "/delete", "/favourite"):
        assert desk.browser.post(f"{elsewhere}/{template_id}{path}").status_code == 404
    assert names(desk.browser.get(elsewhere).text) == []
    eve = signed_in(stranger)
    assert eve.get(base).status_code == eve.post(f"{base}/{template_id}/use").status_code == 404
    member = signed_in(ben)
    assert names(member.get(base).text) == ["Weekly update"]
    assert member.post(f"{base}/{template_id}/use").status_code == 303
    assert drafts()[0].author_id == ben.id
    assert stored(template_id).usage_count == 1
