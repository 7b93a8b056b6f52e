"""One clock a post: our time or the network's own, refused together, and told when it is out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask, g

from app.api import errors
from app.clock import now
from app.errors import ValidationFailed
from app.extensions import db
from app.models.people import User
from app.models.posts import Post, TargetState
from app.models.profiles import Profile
from app.permissions import Actor, Role
from app.services import composing_checks, drafts, posts
from tests.conftest import Browser
from tests.factories import join, make_account, make_media, make_post, make_user

SEED = 'Choose either Ampost scheduling or YouTube setting "publishAt", not both'
LATER = "2031-05-01T11:00:00Z"


def film_post(profile: Profile, options: dict[str, Any], **more: Any) -> Post:
    film = make_media(profile, kind="PNG", mime="video/mp4", seconds=5.0)
    account = make_account(profile, "youtube", "maya")
    return make_post(
        profile, "Bells", [account], media=[film], options={"youtube": options}, **more
    )  # fmt: skip


def test_our_time_and_youtubes_are_refused_together(
    app: Flask, owner: Actor, profile: Profile
) -> None:
    post = film_post(profile, {"publishAt": LATER})
    post_id = post.id
    db.session.commit()
    with pytest.raises(ValidationFailed) as caught:
        posts.schedule(owner, post_id, now() + timedelta(days=1))
    assert caught.value.field == "youtube.options.publishAt"
    assert caught.value.message.startswith("Choose one clock. Leave “Goes public at” empty")
    with app.test_request_context("/v1/connect"):
        g.request_id = "req_1"
        told = errors.body(caught.value, "core")
    assert (told["error"], told["errors"][0]["message"]) == (SEED, SEED)
    db.session.rollback()
    assert drafts.get(owner, post_id).targets[0].state is TargetState.DRAFT
    posts.publish_now(owner, post_id)  # at once it is YouTube's own affair
    assert drafts.get(owner, post_id).targets[0].quick


def test_no_later_change_brings_a_second_clock(owner: Actor, profile: Profile) -> None:
    post = film_post(profile, {}, at=now() + timedelta(days=1))
    post_id = post.id
    copy = drafts.edit(owner, post_id)
    copy = drafts.save(
        owner, copy.id, copy.rev, drafts.Changes(options={"youtube": {"publishAt": LATER}})
    )
    with pytest.raises(ValidationFailed, match="Choose one clock"):
        drafts.apply(owner, copy.id, copy.rev)
    db.session.rollback()
    assert drafts.get(owner, post_id).options == {"youtube": {}}


def test_a_post_for_now_that_still_waits_is_not_moved_to_a_second_clock(
    owner: Actor, profile: Profile
) -> None:
    post = film_post(profile, {"publishAt": LATER})
    post_id = post.id
    db.session.commit()
    posts.publish_now(owner, post_id)
    with pytest.raises(ValidationFailed, match="Choose one clock"):
        posts.move(owner, post_id, now() + timedelta(days=2))


def test_the_composer_says_it_only_where_a_time_of_ours_is_chosen(profile: Profile) -> None:
    post = film_post(profile, {"publishAt": LATER})
    planned = composing_checks.checks(post, due=now() + timedelta(days=1), connect="")
    (line,) = [one for one in planned.lines if one.kind == "no"]
    assert line.text.startswith(": Choose one clock.") and line.fix is not None
    assert line.fix.go == "field:youtube:publishAt"
    assert planned.ready == ()
    at_once = composing_checks.checks(post, due=None, connect="")
    assert at_once.ready == (post.targets[0].id,)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"publishAt": LATER, "privacyStatus": "public"},
         'YouTube scheduling requires privacyStatus "private"'),
        ({"publishAt": "2020-01-01T00:00:00Z"}, "The time to go public has passed."),
    ],
)  # fmt: skip
def test_the_time_needs_a_private_video_and_the_future(
    owner: Actor, profile: Profile, options: dict[str, str], sentence: str
) -> None:
    post = film_post(profile, options)
    with pytest.raises(ValidationFailed) as caught:
        posts.publish_now(owner, post.id)
    assert caught.value.contract == sentence


def test_a_video_without_a_title_is_refused_in_the_contracts_words(
    owner: Actor, profile: Profile
) -> None:
    post = film_post(profile, {})
    post.parts = [""]
    db.session.commit()
    with pytest.raises(ValidationFailed) as caught:
        posts.publish_now(owner, post.id)
    assert caught.value.contract == "YouTube video title is required"


@pytest.fixture
def web(profile: Profile, signed_in: Callable[[User], Browser]) -> Browser:
    reader = make_user()
    join(profile, reader, Role.ADMIN)
    profile.named_at = now()
    db.session.commit()
    return signed_in(reader)


@pytest.mark.parametrize(
    ("network", "extras", "chip", "told"),
    [
        ("youtube", {"publishAt": LATER}, "Not public yet",
         "Private until Thursday 1 May 2031, 12:00 London (BST): YouTube makes it public then."),
        ("youtube", {"publishAt": "2020-05-01T11:00:00Z"}, "Published",
         "Set to become public Friday 1 May 2020"),
        ("tiktok", {"inbox": True}, "In the inbox",
         "It is in the TikTok inbox of @maya: finish it in the app."),
        ("youtube", {"publishAt": "soon"}, "Published", ""),
    ],
)  # fmt: skip
def test_the_page_says_where_it_stands(
    web: Browser, profile: Profile, network: str, extras: dict[str, Any], chip: str, told: str
) -> None:
    account = make_account(profile, network, "maya")
    post = make_post(
        profile, "Bells", [account], at=datetime(2026, 5, 1, tzinfo=UTC),
        state=TargetState.PUBLISHED,
        target={"published_at": now(),
                "published": {"parts": [{"id": "1", "url": "", "extras": extras}]},
                "error_code": "WARNING", "error": "YouTube did not take the thumbnail."},
    )  # fmt: skip
    html = web.get(f"/p/{profile.slug}/posts/{post.id}").text
    delivery = html.split('id="delivery"')[1].split("</ul>")[0]
    assert chip in delivery and told in delivery
    assert ("Put into the TikTok inbox" in html) is (chip == "In the inbox")
    assert "YouTube did not take the thumbnail." in delivery
