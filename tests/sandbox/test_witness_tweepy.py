"""The real tweepy against the played X, for the calls we share.

Its own upload speaks an older version of the API; the picture goes up with its session by the
present one.
"""

from __future__ import annotations

import pytest
import tweepy

from tests.sandbox.witnesses import png, port, posted, turn

__all__ = ["port"]


def client(port: int, token: str = "sandbox-tina") -> tweepy.Client:
    made = tweepy.Client(bearer_token=token)
    turn(made.session, "https://api.twitter.com", f"http://127.0.0.1:{port}/x")
    return made


@pytest.fixture
def tina(port: int) -> tweepy.Client:
    return client(port)


def test_who_it_is(tina: tweepy.Client) -> None:
    me = tina.get_me(user_auth=False, user_fields=["profile_image_url", "verified"]).data
    assert (me.username, me.name) == ("tina", "Tina")
    assert me.profile_image_url.endswith(".png")


def test_a_post_with_a_picture_is_made_read_answered_and_deleted(tina: tweepy.Client) -> None:
    up = tina.session.post(
        "https://api.twitter.com/2/media/upload", data={"media_category": "tweet_image"},
        files={"media": ("a.png", png(), "image/png")},
        headers={"Authorization": "Bearer sandbox-tina"}, timeout=5,
    ).json()["data"]  # fmt: skip
    made = tina.create_tweet(text="Look & see", media_ids=[up["id"]], user_auth=False).data
    reply = tina.create_tweet(
        text="And more", in_reply_to_tweet_id=made["id"], user_auth=False
    ).data  # fmt: skip
    newest = {post.id: post for post in posted("twitter")}
    assert len(newest[made["id"]].media) == 1
    assert newest[reply["id"]].parent == made["id"]
    read = tina.get_tweet(
        made["id"], user_auth=False, tweet_fields=["public_metrics"],
        expansions=["attachments.media_keys"],
    )  # fmt: skip
    assert read.data.text.startswith("Look &amp; see https://t.co/")
    assert read.data.public_metrics["reply_count"] == 1
    assert read.includes["media"][0].type == "photo"
    assert tina.delete_tweet(made["id"], user_auth=False).data["deleted"] is True
    assert made["id"] not in {post.id for post in posted("twitter")}


def test_refusals_are_read_by_tweepy_as_xs_own(tina: tweepy.Client, port: int) -> None:
    tina.create_tweet(text="Twice", user_auth=False)
    with pytest.raises(tweepy.Forbidden, match="duplicate content"):
        tina.create_tweet(text="Twice", user_auth=False)
    with pytest.raises(tweepy.Unauthorized):
        client(port, "invented").get_me(user_auth=False)
    with pytest.raises(tweepy.NotFound):
        tina.delete_tweet("1", user_auth=False)
