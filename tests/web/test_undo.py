"""Publish now waits some seconds, and until then a person can take it back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine
from flask import Flask

from app.clock import now
from app.extensions import db
from app.models.posts import PostTarget, TargetState
from app.publishing import claims
from tests.factories import make_post
from tests.web.desk import desk, form, opened, stored

__all__ = ["desk"]


def publish(desk: SimpleNamespace) -> str:
    """A draft let go from the composer; the address of its page."""
    post = opened(desk, text="")
    here = f"{desk.base}/drafts/{post.id}/publish-now"
    assert desk.browser.post(here, data=form(desk, post.rev, "Hello")).status_code == 303
    desk.post = post.id
    return f"{desk.base}/posts/{post.id}"


def claimed() -> int:
    """How many targets a worker gets now."""
    db.session.rollback()
    return len(claims.claim(10))


def test_it_is_due_in_ten_seconds_and_can_be_taken_back_on_its_page(desk: SimpleNamespace) -> None:
    with time_machine.travel(now(), tick=False):
        at = publish(desk)
        assert {t.due_at - now() for t in stored(desk.post).targets} == {timedelta(seconds=10)}
        page = desk.browser.get(at).text
        local = (now() + timedelta(seconds=10)).astimezone(desk.brand.zone)
        assert f"This goes out at {local:%H:%M:%S}." in page and f'action="{at}/take-back"' in page
        assert desk.browser.post(f"{at}/take-back").location == f"{desk.base}/drafts/{desk.post}"
        post = stored(desk.post)
        assert (post.armed, post.due_at) == (False, None)
        assert claimed() == 0


def test_nothing_is_claimed_until_the_time_is_over(
    desk: SimpleNamespace, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = replace(app.config["CARILLON"], UNDO_SECONDS=3600.0)  # by the database's own clock
    monkeypatch.setitem(app.config, "CARILLON", waits)
    publish(desk)
    assert claimed() == 0
    for target in stored(desk.post).targets:
        target.due_at = now() - timedelta(seconds=1)
    db.session.commit()
    assert claimed() == 3


def test_once_it_is_claimed_it_says_so(desk: SimpleNamespace) -> None:
    at = publish(desk)
    for target in stored(desk.post).targets[:1]:
        db.session.get_one(PostTarget, target.id).state = TargetState.QUEUED
    db.session.commit()
    assert "undo" not in desk.browser.get(at).text.split('id="undo"')[1].split("</div>")[0]
    assert desk.browser.post(f"{at}/take-back").location == at
    assert "Too late to take it back" in desk.browser.get(at).text
    assert stored(desk.post).armed


def test_a_planned_post_sent_now_can_be_taken_back_too(desk: SimpleNamespace) -> None:
    accounts = list(desk.accounts.values())
    post = make_post(desk.brand, "Hello", accounts, at=now() + timedelta(days=1))
    at = f"{desk.base}/posts/{post.id}"
    desk.browser.post(f"{at}/now")
    assert "Going out in 10 seconds." in desk.browser.get(at).text
    desk.browser.post(f"{at}/take-back")
    assert not stored(post.id).armed


def test_an_installation_can_do_without(
    desk: SimpleNamespace, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = replace(app.config["CARILLON"], UNDO_SECONDS=0.0)
    monkeypatch.setitem(app.config, "CARILLON", found)
    publish(desk)
    assert "3 posts are going out now." in desk.browser.get(f"{desk.base}/drafts").text
