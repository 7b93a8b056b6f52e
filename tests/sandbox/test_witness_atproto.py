"""The real atproto client against the played Bluesky, for the calls we share."""

from __future__ import annotations

import time

import pytest
from atproto import Client, models
from atproto.exceptions import UnauthorizedError

from tests import plain
from tests.sandbox.witnesses import png, port, posted

__all__ = ["port"]


@pytest.fixture(scope="module")
def bea(port: int) -> Client:
    """Signed in with an app password."""
    client = Client(f"http://127.0.0.1:{port}/bluesky")
    client.login("bea", "sandbox-bea")
    return client


def test_who_it_is(bea: Client) -> None:
    assert bea.me is not None and bea.me.handle.startswith("bea")
    session = bea.com.atproto.server.get_session()
    assert session.did == bea.me.did


@pytest.mark.filterwarnings("ignore:Use 'content")
def test_a_post_with_a_picture_is_made_read_answered_and_deleted(bea: Client) -> None:
    made = bea.send_image("Look & see", png(), "A green one")
    parent = models.create_strong_ref(made)
    reply = bea.send_post(
        "And more", reply_to=models.AppBskyFeedPost.ReplyRef(parent=parent, root=parent)
    )
    kept = {post.text: post for post in posted("bluesky")}
    assert [m["alt"] for m in kept["Look & see"].media] == ["A green one"]
    assert kept["And more"].parent
    found = bea.app.bsky.feed.get_posts({"uris": [made.uri]}).posts
    assert [one.cid for one in found] == [made.cid]
    for one in (reply, made):
        assert bea.delete_post(one.uri)
    assert not posted("bluesky")


def test_a_video_is_made_ready_and_posted(bea: Client, port: int) -> None:
    assert bea.me is not None
    lxm = "com.atproto.repo.uploadBlob"
    pds = bea.com.atproto.server.describe_server().did
    token = bea.com.atproto.server.get_service_auth({"aud": pds, "lxm": lxm}).token
    service = f"http://127.0.0.1:{port}/bluesky/video"
    sent = plain.post(
        f"{service}/xrpc/app.bsky.video.uploadVideo", content=b"\0\0\0\x18ftypmp42" + b"x" * 99,
        params={"did": bea.me.did, "name": "bells.mp4"},
        headers={"Authorization": f"Bearer {token}", "Content-Type": "video/mp4"},
    )  # fmt: skip
    job, until = str(sent.json()["jobId"]), time.monotonic() + 5
    status = Client(service).app.bsky.video.get_job_status({"job_id": job}).job_status
    while status.blob is None and time.monotonic() < until:
        time.sleep(0.1)
        status = Client(service).app.bsky.video.get_job_status({"job_id": job}).job_status
    assert status.state == "JOB_STATE_COMPLETED" and status.blob is not None
    made = bea.send_post(
        "Ring", embed=models.AppBskyEmbedVideo.Main(video=status.blob, alt="Bells")
    )
    assert [m["mime"] for p in posted("bluesky") for m in p.media] == ["video/mp4"]
    assert bea.delete_post(made.uri)


def test_a_wrong_password_is_refused(port: int) -> None:
    with pytest.raises(UnauthorizedError):
        Client(f"http://127.0.0.1:{port}/bluesky").login("bea", "wrong")
