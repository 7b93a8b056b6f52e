"""The real PRAW against the played Reddit: what works with it works with Reddit's own answers."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import praw
import praw.exceptions
import prawcore.exceptions
import pytest
import requests
from praw.models import PostMedia

from app.sandbox.reddit import media
from tests.sandbox.witnesses import PLAYED, png, port, posted, turn

__all__ = ["port"]

BACK = "http://127.0.0.1:8000/back"
SCOPES = ["identity", "submit", "read", "flair", "edit", "history", "mysubreddits"]


def client(port: int, **more: Any) -> praw.Reddit:
    """PRAW, which puts ``https:`` before the upload's ``//host``, where the sandbox has none."""
    here = f"http://127.0.0.1:{port}/reddit"
    session = turn(requests.Session(), f"https://127.0.0.1:{port}", f"http://127.0.0.1:{port}")
    return praw.Reddit(
        client_id="sandbox-reddit", client_secret="sandbox-reddit-secret", redirect_uri=BACK,
        user_agent="test:witness:v1 (by /u/tester)", reddit_url=here, oauth_url=f"{here}/",
        requestor_kwargs={"session": session}, check_for_updates=False,
        # PRAW paces itself over this many seconds; the tests should not wait.
        window_size=1_000_000, **more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def alice(port: int) -> praw.Reddit:
    """Signed in through the consent page, with PRAW's own words."""
    reddit = client(port)
    url = reddit.auth.url(scopes=SCOPES, state="abc", duration="permanent")
    asked = dict(parse_qsl(urlsplit(url).query))
    kept = {f"keep_{name}": text for name, text in asked.items() if name != "response_type"}
    answer = requests.post(
        url.split("?")[0], data={**kept, "handle": "alice", "decision": "allow"},
        allow_redirects=False, timeout=5,
    )  # fmt: skip
    code = dict(parse_qsl(urlsplit(answer.headers["location"]).query))["code"]
    refresh = reddit.auth.authorize(code)
    assert refresh
    return client(port, refresh_token=refresh)


def newest(alice: praw.Reddit, title: str) -> Any:
    """The post of that title in the person's list; pictures take a moment to be there."""
    for _ in range(60):
        for one in alice.user.me().submissions.new(limit=5):
            if one.title == title:
                return one
        time.sleep(0.05)
    raise AssertionError("it is not in the list")


def test_who_it_is_and_where_it_may_post(alice: praw.Reddit) -> None:
    me = alice.user.me()
    assert (me.name, me.is_suspended) == ("alice", False)
    names = [one.display_name for one in alice.user.subreddits(limit=None)]
    assert "strict" in names and "flaired" in names
    strict = alice.subreddit("strict")
    assert strict.post_requirements()["is_flair_required"] is True
    assert [one["text"] for one in strict.flair.link_templates] == ["News", "Own words"]


def test_text_and_link_posts_are_made_read_answered_and_deleted(alice: praw.Reddit) -> None:
    place = alice.subreddit("flaired")
    text = place.submit("You & me", selftext="*Hello* & <you>", flair_id="f-news", spoiler=True)
    read = alice.submission(text.id)
    assert (read.title, read.selftext, read.spoiler) == ("You & me", "*Hello* & <you>", True)
    assert read.link_flair_template_id == "f-news"
    comment = text.reply("First")
    assert comment.reply("Second").parent_id == comment.fullname
    link = place.submit("A link", url="https://example.com/a?b=1&c=2")
    with pytest.raises(praw.exceptions.RedditAPIException, match="ALREADY_SUB"):
        place.submit("Again", url="https://example.com/a?b=1&c=2", resubmit=False)
    found = {one.fullname: one for one in alice.info(fullnames=[text.fullname, link.fullname])}
    assert found[text.fullname].num_comments == 2
    assert found[link.fullname].url == "https://example.com/a?b=1&c=2"
    for one in (text, link):
        one.delete()
    assert not [post for post in posted("reddit") if post.id in found]


def test_a_picture_and_a_video_with_its_poster_appear_in_the_list(alice: praw.Reddit) -> None:
    place = alice.subreddit("test")
    place.submit("A picture", image=PostMedia(png(), name="a.png"), without_websockets=True)
    shown = newest(alice, "A picture")
    assert shown.is_self is False
    film = PostMedia(b"\0\0\0\x18ftypmp42" + b"x" * 2000, name="a.mp4")
    video = {"media": film, "thumbnail": PostMedia(png(), name="still.png")}
    place.submit("A film", video=video, without_websockets=True)
    assert newest(alice, "A film").is_video
    kept = next(post for post in posted("reddit") if post.extras["title"] == "A picture")
    stored = PLAYED.blob(kept.media[0]["blob"])
    assert stored is not None and stored[1] == png()
    shown.delete()


def test_a_gallery_with_words_and_captions(alice: praw.Reddit) -> None:
    items = [
        {"media": PostMedia(png(colour), name="a.png"), "caption": colour}
        for colour in ("red", "blue")
    ]
    made = alice.subreddit("test").submit("A gallery", gallery=items, selftext="Both")
    post = next(one for one in posted("reddit") if one.id == f"t3_{made.id}")
    assert (post.extras["kind"], len(post.media)) == ("gallery", 2)


def test_refusals_are_read_by_praw_as_reddits_own(alice: praw.Reddit, port: int) -> None:
    with pytest.raises(praw.exceptions.RedditAPIException, match="SUBREDDIT_NOEXIST"):
        alice.subreddit("nosuchplace").submit("T", selftext="")
    with pytest.raises(praw.exceptions.RedditAPIException, match="SUBMIT_VALIDATION_MIN_LENGTH"):
        alice.subreddit("strict").submit("T", selftext="")
    with pytest.raises(prawcore.exceptions.Forbidden):
        list(alice.subreddit("test").flair.link_templates)
    PLAYED.limits.set_limit("reddit", "alice", "submit", 0)
    with pytest.raises(praw.exceptions.RedditAPIException, match="RATELIMIT"):
        alice.subreddit("test").submit("T", selftext="")
    PLAYED.limits.clear()
    with pytest.raises(prawcore.exceptions.ResponseException):
        client(port, refresh_token="invented").user.me()


def test_a_file_too_large_is_told_with_its_limit(
    alice: praw.Reddit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(media.SIZES, "image", 1000)
    large = PostMedia(b"x" * 1001, name="large.png")
    with pytest.raises(praw.exceptions.TooLargeMediaException) as told:
        alice.subreddit("test").submit("T", image=large, without_websockets=True)
    assert (told.value.actual, told.value.maximum_size) == (1001, 1000)
