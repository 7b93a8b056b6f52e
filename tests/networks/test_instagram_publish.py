"""Pictures, carousels, Reels, stories, comments, deleting and counting on Instagram."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from app.config import Config
from app.networks.base import Account, Category, Effect, Metrics, NetworkError, Published
from app.networks.instagram import Instagram
from app.sandbox.store import Store
from tests.networks.instagram_helpers import (
    BASE,
    Files,
    files,
    item,
    person,
    prepared,
    public,
    publish,
    quick,
)

__all__ = ["files"]


@pytest.fixture
def instagram(http: httpx.Client, config: Config) -> Instagram:
    return quick(Instagram(http, config))


@pytest.fixture
def alice(instagram: Instagram) -> Account:
    return person(instagram)


@pytest.fixture
def linked(http: httpx.Client, tmp_path: Path) -> tuple[Instagram, Account]:
    """An account that came by the Facebook login."""
    config = Config.from_env(
        {
            "INSTANCE_DIR": str(tmp_path), "INSTAGRAM_LOGIN": "facebook",
            "FACEBOOK_CLIENT_ID": "sandbox-facebook", "FACEBOOK_API_URL": BASE,
            "FACEBOOK_CLIENT_SECRET": "sandbox-facebook-secret", "FACEBOOK_AUTH_URL": BASE,
        }
    )  # fmt: skip
    made = quick(Instagram(http, config))
    return made, person(made, "paula")


def test_a_picture_is_fetched_and_public_with_its_description(
    instagram: Instagram, alice: Account, files: Files, store: Store, http: httpx.Client
) -> None:
    picture = files.image(alt="A harbour at dawn")
    published = publish(instagram, alice, item("Good morning #harbour", picture))
    assert files.asked == [f"/{picture.path.name}"]
    (post,) = public(store)
    assert (post.id, post.text, post.media[0]["alt"]) == (
        published.external_id, "Good morning #harbour", "A harbour at dawn",
    )  # fmt: skip
    assert "Good morning" in http.get(published.url).text
    assert store.blob(post.media[0]["blob"])[1] == picture.path.read_bytes()  # type: ignore[index]
    assert published.extras == {"product": "FEED"}


def test_a_carousel_keeps_its_order_and_descriptions(
    instagram: Instagram, alice: Account, files: Files, store: Store
) -> None:
    pictures = [files.image((80 + n, 80), alt=f"Number {n}") for n in range(3)]
    publish(instagram, alice, item("Three", *pictures, placement="feed"))
    (post,) = public(store)
    assert [one["alt"] for one in post.media] == ["Number 0", "Number 1", "Number 2"]
    assert post.extras["type"] == "CAROUSEL_ALBUM"


@pytest.mark.parametrize("options", [{}, {"placement": "carousel"}, {"placement": "reel"}])
def test_a_carousel_mixes_pictures_and_videos_each_fetched_in_its_place(
    instagram: Instagram, alice: Account, files: Files, store: Store, options: dict[str, Any]
) -> None:
    media = [files.video(), files.image(alt="A harbour"), files.video()]
    published = publish(instagram, alice, item("Mixed", *media, **options))
    (post,) = public(store)
    assert [store.blob(one["blob"])[1] for one in post.media] == [  # type: ignore[index]
        one.path.read_bytes() for one in media
    ]
    assert [one["alt"] for one in post.media] == ["", "A harbour", ""]
    assert (post.extras["type"], published.extras) == ("CAROUSEL_ALBUM", {"product": "FEED"})
    assert sorted(files.asked) == sorted(f"/{one.path.name}" for one in media)


def test_a_carousel_is_made_only_when_every_item_is_ready(
    instagram: Instagram, alice: Account, files: Files, store: Store
) -> None:
    steps = instagram.prepare(alice, item("Mixed", files.image(), files.video()), {})
    seen = [(step["boxes"], len(store.table("instagram.containers").items())) for step in steps]
    assert all(len(boxes) == made for boxes, made in seen)  # each id is kept before the next
    before = [boxes for boxes, made in seen if made == 2]
    assert {key: box["state"] for key, box in before[-1].items()} == {"0": "ready", "1": "ready"}
    assert len(seen[-1][0]) == 3 and seen[-1][0]["post"]["state"] == "ready"


@pytest.mark.parametrize("options", [{}, {"placement": "feed"}, {"placement": "reel"}])
def test_one_video_is_a_reel_sent_as_bytes(
    instagram: Instagram, alice: Account, files: Files, store: Store, options: dict[str, Any]
) -> None:
    video = files.video()
    one = item("Waves", video, thumbOffset=1500, shareToFeed=False, **options)
    published = publish(instagram, alice, one)
    (post,) = public(store)
    assert published.url.startswith(f"{BASE}/reel/") and published.extras == {"product": "REELS"}
    assert post.extras["more"] == {"share_to_feed": False, "thumb_offset": "1500"}
    assert store.blob(post.media[0]["blob"])[1] == video.path.read_bytes()  # type: ignore[index]
    assert files.asked == []


def test_a_cover_by_address_wins_over_the_moment(
    instagram: Instagram, alice: Account, files: Files, store: Store
) -> None:
    cover = files.image((90, 160))
    publish(instagram, alice, item("Waves", files.video(), coverUrl=cover.url, thumbOffset=10))
    assert set(public(store)[0].extras["more"]) == {"share_to_feed", "cover"}


def test_stories_of_a_picture_and_of_a_video_have_no_caption(
    instagram: Instagram, alice: Account, files: Files, store: Store
) -> None:
    for media in (files.image((90, 160)), files.video()):
        found = publish(instagram, alice, item("Not shown", media, placement="story"))
        assert found.url.startswith(f"{BASE}/stories/alice/")
    assert [(p.text, p.extras["product"]) for p in public(store)] == [("", "STORY")] * 2


def test_the_first_comment_stands_under_the_post_and_is_made_once(
    instagram: Instagram, alice: Account, files: Files, store: Store
) -> None:
    first = publish(instagram, alice, item("Look", files.image()))
    one = item("#a #b", parent=first, comment=True)
    assert list(instagram.prepare(alice, one, {})) == []
    made = instagram.commit(alice, one, {})
    assert [(p.text, p.parent) for p in public(store)][1:] == [("#a #b", first.external_id)]
    found = instagram.probe(alice, one, {}, one.at, frozenset())
    assert found.published is not None and found.published.external_id == made.external_id


def test_a_post_without_an_address_for_its_picture_says_what_is_missing(
    instagram: Instagram, alice: Account, files: Files
) -> None:
    from dataclasses import replace

    hidden = replace(files.video(), url="")
    for media in ((replace(files.image(), url=""),), (files.image(), hidden)):
        with pytest.raises(NetworkError, match="reached from the internet") as told:
            publish(instagram, alice, item("Look", *media))
        assert (told.value.category, told.value.retryable) == (Category.MEDIA_ERROR, False)
    assert publish(instagram, alice, item("A Reel is sent", hidden)).external_id


def test_the_day_s_allowance_is_asked_before_anything_is_made(
    instagram: Instagram, alice: Account, files: Files, store: Store
) -> None:
    store.accounts.get("instagram", "alice").extras["quota_total"] = 1
    publish(instagram, alice, item("One", files.image()))
    before = len(store.table("instagram.containers").items())
    with pytest.raises(NetworkError, match="1 posts in 24 hours") as told:
        prepared(instagram, alice, item("Two", files.image()))
    assert told.value.category is Category.RATE_LIMITED and told.value.retry_at is not None
    assert len(store.table("instagram.containers").items()) == before


def test_without_the_facebook_login_deleting_is_left_to_the_app(
    instagram: Instagram, alice: Account, files: Files, store: Store
) -> None:
    published = publish(instagram, alice, item("Stay", files.image()))
    with pytest.raises(NetworkError, match="Delete it in the Instagram app") as told:
        instagram.delete(alice, published)
    assert (told.value.category, told.value.effect) == (Category.VALIDATION, Effect.NONE)
    assert len(public(store)) == 1
    assert not instagram.capabilities(alice.extras).deletes


def test_with_the_facebook_login_a_page_s_account_publishes_and_deletes(
    linked: tuple[Instagram, Account], files: Files, store: Store
) -> None:
    instagram, paula = linked
    assert instagram.capabilities(paula.extras).deletes
    first = publish(instagram, paula, item("By way of a Page", files.image()))
    reel = publish(instagram, paula, item("Moving", files.video()))
    assert len(public(store)) == 2
    for published in (first, reel, first):  # what is gone already is done
        instagram.delete(paula, published)
    assert public(store) == []


def test_counts_are_told_by_what_a_post_is(
    instagram: Instagram, alice: Account, files: Files, store: Store
) -> None:
    feed = publish(instagram, alice, item("Count", files.image()))
    reel = publish(instagram, alice, item("Count", files.video()))
    story = publish(instagram, alice, item("", files.image(), placement="story"))
    for post in public(store):
        post.extras["counts"] = {"likes": 5, "impressions": 70, "saves": 2, "shares": 1}
    instagram.commit(alice, item("First!", parent=feed, comment=True), {})
    store.posts.remove("instagram", reel.external_id)
    ids = [feed.external_id, reel.external_id, story.external_id]
    found = instagram.metrics(alice, ids)
    assert found[ids[0]] == Metrics(likes=5, shares=1, comments=1, saves=2, impressions=70)
    assert found[ids[1]] == Metrics(gone=True)
    assert found[ids[2]] == Metrics(likes=5, shares=1, comments=0, impressions=70)


def test_a_withdrawn_number_is_left_out_and_not_asked_for_again(
    instagram: Instagram, alice: Account, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.sandbox.instagram import media

    published = publish(instagram, alice, item("Count", files.image()))
    known = tuple(name for name in media.FEED if name != "shares")
    monkeypatch.setitem(media.METRICS, "FEED", known)
    found = instagram.metrics(alice, [published.external_id])[published.external_id]
    assert found.shares is None and found.saves == 0 and found.impressions == 0
    assert instagram.numbers.withdrawn == {("FEED", "shares")}


def test_a_post_nobody_knows_is_not_deleted(linked: tuple[Instagram, Account]) -> None:
    instagram, paula = linked
    with pytest.raises(NetworkError, match="which post"):
        instagram.delete(paula, Published(""))
