"""Bluesky's video service as the sandbox plays it: plain HTTP, no client of ours."""

from __future__ import annotations

import time
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.sandbox.store import Store
from tests.playing import played
from tests.sandbox.bluesky_records import PLAIN
from tests.sandbox.test_bluesky_repo import Person, told

MP4 = b"\0\0\0\x18ftypmp42" + b"x" * 500
PDS, SERVICE = "did:web:sandbox.localhost", "did:web:127.0.0.1%3A8090"
UPLOAD, LIMITS = "com.atproto.repo.uploadBlob", "app.bsky.video.getUploadLimits"
BASE = {"base_url": "http://127.0.0.1:8090"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.sandbox.bluesky.video.ENCODING_SECONDS", 0.0)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def client(store: Store) -> FlaskClient:
    return played(store).test_client()


@pytest.fixture
def maya(client: FlaskClient) -> Person:
    return Person(client)


def token(person: Person, aud: str = PDS, lxm: str = UPLOAD, **more: Any) -> str:
    found = person.get("com.atproto.server.getServiceAuth", aud=aud, lxm=lxm, **more)
    assert found.status_code == 200 and found.json is not None
    return str(found.json["token"])


def send(
    person: Person, bearer: str, data: bytes = MP4, *, name: str = "a.mp4", did: str = "",
    mime: str = "video/mp4",
) -> TestResponse:  # fmt: skip
    return person.client.post(
        "/bluesky/video/xrpc/app.bsky.video.uploadVideo", data=data, content_type=mime,
        query_string={"did": did or person.did, "name": name},
        headers={"Authorization": f"Bearer {bearer}"}, **BASE,
    )  # fmt: skip


def asked(person: Person, job: str) -> dict[str, Any]:
    found = person.client.get(
        "/bluesky/video/xrpc/app.bsky.video.getJobStatus", query_string={"jobId": job}
    )
    assert found.status_code == 200 and found.json is not None
    return dict(found.json["jobStatus"])


def limits(person: Person, bearer: str) -> TestResponse:
    return person.client.get(
        f"/bluesky/video/xrpc/{LIMITS}", headers={"Authorization": f"Bearer {bearer}"}, **BASE
    )


def extras(client: FlaskClient, **found: Any) -> None:
    wanted = {"network": "bluesky", "handle": "maya", "extras": found}
    assert client.post("/_sandbox/accounts", json=wanted).status_code < 300


def test_a_service_token_ends_within_the_hour_and_names_its_use(maya: Person) -> None:
    at = int(time.time())
    nsid = "com.atproto.server.getServiceAuth"
    for wrong in (at - 1, at + 4000):
        assert told(maya.get(nsid, aud=PDS, lxm=UPLOAD, exp=wrong)) == (400, "BadExpiration")
    assert told(maya.get(nsid, aud=PDS, exp=at + 600)) == (400, "BadExpiration")
    assert told(maya.get(nsid, aud="nobody", lxm=UPLOAD)) == (400, "InvalidRequest")
    maya.headers = {}
    assert told(maya.get(nsid, aud=PDS, lxm=UPLOAD)) == (401, "AuthMissing")


def test_a_token_opens_only_what_it_was_made_for(maya: Person, client: FlaskClient) -> None:
    assert told(send(maya, "nothing"))[0] == 401
    assert told(send(maya, token(maya, SERVICE, LIMITS))) == (401, "BadJwtAudience")
    assert told(send(maya, token(maya, "did:web:else.where")))[0] == 401
    assert told(limits(maya, token(maya))) == (401, "BadJwtAudience")
    assert told(send(maya, token(maya), did=Person(client, "noor").did))[0] == 401
    session = maya.headers["Authorization"].removeprefix("Bearer ")
    assert told(send(maya, session))[0] == 401


def test_an_upload_must_be_a_whole_mp4(maya: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(send(maya, token(maya), mime="video/webm")) == (400, "InvalidRequest")
    assert told(send(maya, token(maya), b""))[0] == 411
    monkeypatch.setattr("app.sandbox.bluesky.video.VIDEO_BYTES", 100)
    assert told(send(maya, token(maya))) == (413, "PayloadTooLarge")


def test_a_job_goes_through_its_states_to_a_blob_that_a_post_may_name(
    maya: Person, client: FlaskClient, store: Store
) -> None:
    extras(client, video_seconds=100)
    made = send(maya, token(maya)).json
    assert made is not None and made["state"] == "JOB_STATE_CREATED" and "blob" not in made
    jobs, seen = store.table("bluesky.jobs"), []
    for seconds in (20, 40, 60, 80, 99, 101):
        jobs.put(made["jobId"], {**jobs.get(made["jobId"]), "made": time.time() - seconds})
        done = asked(maya, made["jobId"])
        seen.append(done["state"].removeprefix("JOB_STATE_"))
    assert seen[:-1] == ["ENCODING", "ENCODED", "SCANNING", "SCANNED", "UPLOADING"]
    assert (done["state"], done["did"]) == ("JOB_STATE_COMPLETED", maya.did)
    embed = {"$type": "app.bsky.embed.video", "video": done["blob"], "alt": "Bells"}
    shape = {"aspectRatio": {"width": 16, "height": 0}}
    assert told(maya.put({**PLAIN, "embed": {**embed, **shape}})) == (400, "InvalidRequest")
    assert maya.put({**PLAIN, "embed": embed}).status_code == 200
    (post,) = store.posts.newest()
    assert post.media[0]["mime"] == "video/mp4" and post.media[0]["alt"] == "Bells"


def test_a_blob_is_not_there_before_its_job_is_done(maya: Person, client: FlaskClient) -> None:
    done = send(maya, token(maya)).json
    extras(client, video_seconds=100)
    early = send(maya, token(maya), MP4 + b"more").json
    assert done is not None and early is not None and "blob" not in early
    blob = {**done["blob"], "ref": {"$link": done["blob"]["ref"]["$link"][:-6] + "aaaaaa"}}
    embed = {"$type": "app.bsky.embed.video", "video": blob}
    assert told(maya.put({**PLAIN, "embed": embed})) == (400, "BlobNotFound")


def test_a_video_it_knows_is_an_error_with_a_blob(maya: Person) -> None:
    first = send(maya, token(maya))
    again = send(maya, token(maya), name="b.mp4")
    assert first.json is not None and again.json is not None
    assert told(again) == (409, "already_exists")
    assert again.json["blob"] == first.json["blob"]
    assert again.json["jobId"] == first.json["jobId"]


@pytest.mark.parametrize("how", ["name", "account", "bytes", "size"])
def test_processing_may_end_in_a_failure(maya: Person, client: FlaskClient, how: str) -> None:
    if how == "account":
        extras(client, video="encoding_failure")
    if how == "size":
        extras(client, blob_limit=100)
    data = b"no film at all" if how == "bytes" else MP4
    made = send(maya, token(maya), data, name="generic_failure.mp4" if how == "name" else "a").json
    assert made is not None
    found = asked(maya, made["jobId"])
    assert (found["state"], found["failureCode"]) == (
        "JOB_STATE_FAILED",
        {
            "name": "generic_failure", "account": "encoding_failure",
            "bytes": "validation_failure", "size": "pds_upload_unsupported_blob_size",
        }[how],
    )  # fmt: skip
    assert "blob" not in found


def test_a_day_s_videos_are_counted(maya: Person, client: FlaskClient) -> None:
    told_before = limits(maya, token(maya, SERVICE, LIMITS)).json
    assert told_before is not None and told_before["remainingDailyVideos"] == 25
    extras(client, daily_videos=1)
    assert send(maya, token(maya)).status_code == 200
    told_after = limits(maya, token(maya, SERVICE, LIMITS)).json
    assert told_after is not None and told_after["canUpload"] is False
    assert told_after["remainingDailyVideos"] == 0 and told_after["message"]
    assert told(send(maya, token(maya), MP4 + b"2")) == (400, "daily_limit")
    extras(client, daily_videos=25, email_confirmed=False)
    unconfirmed = limits(maya, token(maya, SERVICE, LIMITS)).json
    assert unconfirmed is not None and unconfirmed["error"] == "unconfirmed_email"
    session = maya.get("com.atproto.server.getSession").json
    assert session is not None and session["emailConfirmed"] is False


def test_jobs_nobody_made_are_not_found(maya: Person) -> None:
    found = maya.client.get("/bluesky/video/xrpc/app.bsky.video.getJobStatus?jobId=x")
    assert told(found) == (400, "job_not_found")


def test_a_server_may_take_smaller_files_only(maya: Person, client: FlaskClient) -> None:
    extras(client, blob_limit=100)
    found = client.post(
        "/bluesky/xrpc/com.atproto.repo.uploadBlob", data=MP4, headers=maya.headers,
        content_type="video/mp4",
    )  # fmt: skip
    assert told(found) == (413, "PayloadTooLarge")
