"""Posts of every kind, comments, threads, deleting and counting on Reddit."""

from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from app.clock import now
from app.config import Config
from app.networks.base import (
    Account,
    Category,
    Effect,
    Metrics,
    NetworkError,
    Published,
    Verdict,
)
from app.networks.reddit import Reddit
from app.sandbox.store import Store
from tests.networks.reddit_helpers import (
    accepted,
    appears,
    ask,
    gif,
    item,
    only,
    order,
    person,
    picture,
    played,
    prepared,
    publish,
    sandbox,
    store,
    video,
)

__all__ = ["played", "sandbox", "store"]


@pytest.fixture
def reddit(http: httpx.Client, config: Config) -> Reddit:
    return Reddit(http, config)


@pytest.fixture
def alice(reddit: Reddit) -> Account:
    return person(reddit)


def test_a_text_post_has_its_title_its_markdown_and_a_page(
    reddit: Reddit, alice: Account, http: httpx.Client, store: Store
) -> None:
    one = item("**Bold** & <b>\n\nhttps://example.com", title="  Hello   & you ", nsfw=True,
               sendReplies=False)  # fmt: skip
    published = publish(reddit, alice, one)
    post = only(store)
    assert (post.extras["title"], post.extras["kind"]) == ("Hello & you", "self")
    assert post.extras["text"] == "**Bold** & <b>\n\nhttps://example.com"
    assert post.extras["nsfw"] and not post.extras["sendreplies"] and not post.extras["spoiler"]
    assert published.external_id.startswith("t3_")
    assert f"/r/test/comments/{published.external_id[3:]}/hello_you/" in published.url
    assert "Hello &amp; you" in http.get(published.url).text


@pytest.mark.parametrize(
    ("text", "options", "kind", "title", "body", "url"),
    [
        ("# Launch day\n\nWe are open.", {}, "self", "Launch day", "We are open.", ""),
        ("Just one line", {}, "self", "Just one line", "", ""),
        ("Our shop\nhttps://example.com/a?b=1&c=2", {}, "link", "Our shop", "",
         "https://example.com/a?b=1&c=2"),
        ("https://example.com/x", {"title": "T"}, "link", "T", "", "https://example.com/x"),
        ("https://example.com/x", {"title": "T", "kind": "self"}, "self", "T",
         "https://example.com/x", ""),
        ("See this.\n\nhttps://example.com/y\n\nBye", {"title": "T", "kind": "link"}, "link", "T",
         "See this.\n\nBye", "https://example.com/y"),
    ],
)  # fmt: skip
def test_the_content_says_what_kind_of_post_it_is(
    reddit: Reddit, alice: Account, store: Store, text: str, options: dict[str, Any], kind: str,
    title: str, body: str, url: str,
) -> None:  # fmt: skip
    publish(reddit, alice, item(text, **options))
    found = only(store).extras
    assert (found["kind"], found["title"], found["text"], found["url"]) == (kind, title, body, url)


@pytest.mark.parametrize("name", ["u/alice", "u_alice", "/r/u_alice"])
def test_the_own_profile_is_a_place_too(
    reddit: Reddit, alice: Account, store: Store, name: str
) -> None:
    publish(reddit, alice, item("Hello", subreddit=name))
    assert only(store).extras["sr"] == "u_alice"


@pytest.mark.parametrize("make", [picture, gif])
def test_a_picture_is_taken_first_and_found_in_the_list_later(
    reddit: Reddit, alice: Account, store: Store, tmp_path: Path, make: Any
) -> None:
    one = item("Look\n\nWith words.", make(tmp_path))
    error = accepted(reddit, alice, one)
    assert error.retry_at is not None and error.retry_at > now()
    published = appears(reddit, alice, one)
    post = only(store)
    assert published == Published(post.id, post.url)
    assert (post.extras["kind"], post.extras["text"]) == ("image", "With words.")
    assert len(post.media) == 1


def test_a_video_goes_with_its_poster(
    reddit: Reddit, alice: Account, store: Store, tmp_path: Path
) -> None:
    one = item("A film", video(tmp_path))
    accepted(reddit, alice, one)
    assert appears(reddit, alice, one).external_id == only(store).id
    assert [m["mime"] for m in only(store).media] == ["video/mp4"]
    with pytest.raises(NetworkError, match="still picture") as told:
        prepared(reddit, alice, item("A film", video(tmp_path, cover=False)))
    assert (told.value.category, told.value.retryable) == (Category.MEDIA_ERROR, False)


def test_a_gallery_is_out_at_once_in_its_order(
    reddit: Reddit, alice: Account, store: Store, tmp_path: Path
) -> None:
    shots = [picture(tmp_path, size=(10 + n, 10)) for n in range(3)]
    published = publish(
        reddit, alice, item("Three", *shots, subreddit="flaired", flairId="f-own",
                            flairText="Mine", spoiler=True)
    )  # fmt: skip
    post = only(store)
    assert published.external_id == post.id and published.url == post.url
    stored = [store.blob(m["blob"]) for m in post.media]
    assert [one[1] for one in stored if one] == [shot.path.read_bytes() for shot in shots]
    assert (post.extras["flair_text"], post.extras["spoiler"]) == ("Mine", True)


def test_a_first_comment_and_a_thread_answer_their_parents(
    reddit: Reddit, alice: Account, store: Store, http: httpx.Client
) -> None:
    post = publish(reddit, alice, item("A post"))
    first = publish(reddit, alice, item("First!", parent=post, comment=True))
    second = publish(reddit, alice, item("Second", parent=first))
    by_text = {one.text: one for one in store.posts.newest()}
    assert by_text["First!"].parent == post.external_id
    assert by_text["Second"].parent == first.external_id
    assert second.external_id.startswith("t1_")
    assert http.get(second.url).status_code == 200
    for one, published in ((item("Second", parent=first), second), (item("A post"), post)):
        assert ask(reddit, alice, one).published == published
    assert ask(reddit, alice, item("Second", parent=post)).verdict is Verdict.ABSENT
    reddit.delete(alice, post)
    with pytest.raises(NetworkError, match="gone") as told:
        publish(reddit, alice, item("Late", parent=post, comment=True))
    assert (told.value.category, told.value.effect) == (Category.VALIDATION, Effect.NONE)


def test_deleting_twice_is_harmless_and_a_strangers_post_stays(
    reddit: Reddit, alice: Account, store: Store
) -> None:
    published = publish(reddit, alice, item("Soon gone"))
    for _ in range(2):
        reddit.delete(alice, published)
    reddit.delete(alice, Published("t3_zzz"))
    assert only(store).deleted
    other = publish(reddit, person(reddit, "bob"), item("Stays"))
    with pytest.raises(NetworkError):
        reddit.delete(alice, other)
    assert store.posts.get("reddit", other.external_id) is not None


def test_counts_come_by_the_hundred_and_what_is_not_told_is_none(
    reddit: Reddit, alice: Account, store: Store
) -> None:
    mine = [publish(reddit, alice, item(f"Post {n}")) for n in range(3)]
    reply = publish(reddit, alice, item("More", parent=mine[0]))
    publish(reddit, alice, item("Deeper", parent=reply))
    reddit.delete(alice, mine[2])
    post = store.posts.get("reddit", mine[1].external_id)
    assert post is not None
    post.extras["counts"] = {"likes": 7, "shares": 2, "impressions": 900}
    asked = [one.external_id for one in (*mine, reply)] + [f"t3_{n}" for n in range(150)]
    found = reddit.metrics(alice, asked)
    assert found[mine[0].external_id] == Metrics(likes=1, shares=0, comments=2)
    assert found[mine[1].external_id] == Metrics(likes=8, shares=2, comments=0, impressions=900)
    assert found[mine[2].external_id] == Metrics(gone=True)
    assert found[reply.external_id] == Metrics(likes=1)
    assert len(found) == 4
    order(store, "*", "http_500", times=-1)
    assert reddit.metrics(alice, []) == {}
