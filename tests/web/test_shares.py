"""A preview by a secret link: seen without signing in, commented on, and ended."""

from __future__ import annotations

import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine
from flask import Flask

from app.clock import now
from app.extensions import db, queues
from app.models.profiles import Membership
from app.models.shares import PostComment, PostShare
from app.permissions import Role
from app.services import shares
from tests.conftest import Browser
from tests.factories import join, make_media, make_post, make_user
from tests.web.desk import desk, opened

__all__ = ["desk"]


@pytest.fixture(autouse=True)
def uncounted(app: Flask) -> None:
    """Nobody has looked or commented this hour."""
    queues.redis.flushdb()


@pytest.fixture
def shared(desk: SimpleNamespace, client: Browser) -> SimpleNamespace:
    """A planned post with a picture and a link to its preview; ``client`` is a visitor."""
    picture = make_media(desk.brand, alt="Six bells")
    picture.thumb_key = picture.key
    at = now() + timedelta(days=2)
    desk.post = opened(desk, text="The <b>new</b> roast is in", at=at, media=[picture])
    desk.at = f"{desk.base}/posts/{desk.post.id}/shares"
    page = desk.browser.post(desk.at)
    found = re.search(r'value="http[^"]*(/review/[^"]+)"', page.text)
    assert found and page.headers["Cache-Control"] == "no-store"
    desk.link, desk.visitor = found[1], client
    return desk


def say(shared: SimpleNamespace, name: str = "Ines", text: str = "Lovely.") -> int:
    sent = shared.visitor.post(shared.link, data={"name": name, "text": text})
    return int(sent.status_code)


def test_a_visitor_sees_each_network_and_the_time_and_nothing_else(
    shared: SimpleNamespace,
) -> None:
    answer = shared.visitor.get(shared.link)
    page = answer.text
    assert all(f'aria-label="On {name}"' in page for name in ("X", "Mastodon", "Bluesky"))
    assert "The &lt;b&gt;new&lt;/b&gt; roast" in page and "London (" in page
    assert f"/p/{shared.brand.slug}" not in page
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"] and 'content="noindex' in page
    picture = re.search(r'src="(/review/[^"]+/media/[^"]+)"', page)
    assert picture and shared.visitor.get(picture[1]).mimetype == "image/webp"
    other = make_post(shared.brand, "Other", media=[make_media(shared.brand)])
    assert shared.visitor.get(f"{shared.link}/media/{other.media[0].id}").status_code == 404


def test_a_comment_reaches_those_who_write_and_is_only_text(shared: SimpleNamespace) -> None:
    assert say(shared, "Ines <i>R</i>", "Is it <script>alert(1)</script>?") == 303
    for where in (shared.link, shared.at, shared.at.removesuffix("/shares")):
        browser = shared.visitor if where == shared.link else shared.browser
        page = browser.get(where).text
        assert "Ines &lt;i&gt;R&lt;/i&gt;" in page and "<script>alert" not in page
    comment = db.session.query(PostComment).one()
    shared.browser.post(f"{shared.at}/comments/{comment.id}/delete")
    assert db.session.query(PostComment).count() == 0


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("", "Lovely.", "Say who you are."),
        ("x" * 81, "Lovely.", "Use at most 80 characters."),
        ("Ines", " \n", "Write what you think of it."),
        ("Ines", "x" * 2001, "Keep it under 2,000 characters."),
    ],
)
def test_what_cannot_be_kept_comes_back_with_the_reason(
    shared: SimpleNamespace, name: str, text: str, told: str
) -> None:
    answer = shared.visitor.post(shared.link, data={"name": name, "text": text})
    assert answer.status_code == 422 and told in answer.text
    assert db.session.query(PostComment).count() == 0


def test_comments_are_limited_by_address_and_by_link(
    shared: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "AN_HOUR", 2)
    assert [say(shared) for _ in range(3)] == [303, 303, 429]
    queues.redis.flushdb()
    monkeypatch.setattr(shares, "MOST_COMMENTS", 2)
    assert say(shared) == 409


def test_a_link_ends_by_hand_with_time_and_with_its_maker(shared: SimpleNamespace) -> None:
    assert shared.visitor.get(shared.link + "x").status_code == 404
    with time_machine.travel(now() + shares.LIFE + timedelta(minutes=1)):
        assert shared.visitor.get(shared.link).status_code == 404
    row = db.session.query(Membership).one()
    heir = make_user()
    join(shared.brand, heir, Role.OWNER)
    db.session.delete(row)
    db.session.commit()
    assert shared.visitor.get(shared.link).status_code == 404
    join(shared.brand, shared.maya, Role.OWNER)
    assert shared.visitor.get(shared.link).status_code == 200
    share = db.session.query(PostShare).one()
    assert shared.link.rpartition("/")[2] not in share.token_hash
    shared.browser.post(f"{shared.at}/{share.id}/revoke")
    assert shared.visitor.get(shared.link).status_code == 404
    assert say(shared) == 404


def test_a_post_has_a_bounded_number_of_links(
    shared: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "MOST", 1)
    answer = shared.browser.post(shared.at)
    assert answer.status_code == 409 and "at most 1 preview links" in answer.text


def test_the_composer_leads_there_and_shows_what_was_said(shared: SimpleNamespace) -> None:
    draft = opened(shared, text="Idea")
    page = shared.browser.get(f"{shared.base}/drafts/{draft.id}").text
    assert f"/posts/{draft.id}/shares" in page and "Share a preview" in page
