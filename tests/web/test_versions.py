"""The page of a text's versions, from the composer and from a post's page."""

from __future__ import annotations

from types import SimpleNamespace

from app.extensions import db
from app.models.versions import PostVersion
from tests.factories import make_post
from tests.statements import counted
from tests.web.desk import desk, opened, save, stored

__all__ = ["desk"]


def test_a_version_is_read_and_used(desk: SimpleNamespace) -> None:
    post = opened(desk, text="The old roast <b>is</b> in")
    save(desk, post, text="The new roast is in")
    composer = desk.browser.get(f"{desk.base}/drafts/{post.id}").text
    where = f"{desk.base}/posts/{post.id}/versions"
    assert f'href="{where}"' in composer
    page = desk.browser.get(where).text
    assert '<del><span class="vh">[would go: </span>new' in page
    assert '<ins><span class="vh">[would come back: </span>old' in page
    assert "&lt;b&gt;is&lt;/b&gt;" in page
    first = db.session.query(PostVersion).order_by(PostVersion.id).first()
    assert first is not None and f'action="{where}/{first.id}"' in page
    answer = desk.browser.post(f"{where}/{first.id}")
    assert answer.location == f"{desk.base}/drafts/{post.id}"
    assert stored(post.id).parts == ["The old roast <b>is</b> in"]
    assert "That version is back." in desk.browser.get(answer.location).text


def test_without_any_it_says_so(desk: SimpleNamespace) -> None:
    post = opened(desk, text="Words")
    assert "No earlier version" in desk.browser.get(f"{desk.base}/posts/{post.id}/versions").text


def test_a_working_copy_has_no_versions_of_its_own(desk: SimpleNamespace) -> None:
    post = opened(desk, text="Words")
    copy = make_post(desk.brand, "Copy", edits_id=post.id)
    assert desk.browser.get(f"{desk.base}/posts/{copy.id}/versions").status_code == 404


def test_the_page_asks_as_much_for_many_as_for_few(desk: SimpleNamespace) -> None:
    post = opened(desk, text="Words")
    where = f"{desk.base}/posts/{post.id}/versions"

    def once() -> int:
        with counted() as seen:
            desk.browser.get(where)
        return sum(one.startswith("SELECT") for one in seen)

    def asked() -> int:
        """The fewest of three: now and then a page also looks whether all is well."""
        return min(once() for _ in range(3))

    def fill(count: int) -> None:
        for place in range(count):
            at = post.created_at
            db.session.add(PostVersion(
                post_id=post.id, profile_id=desk.brand_id, author_id=desk.maya.id, by_key=False,
                parts=[f"Words {place}"], own={}, began_at=at, saved_at=at,
            ))  # fmt: skip
        db.session.commit()

    fill(2)
    few = asked()
    fill(40)
    assert asked() <= few <= 12
