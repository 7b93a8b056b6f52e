"""Videos on Bluesky, over the sandbox: the service, its limits and moods, and the way round it."""

from __future__ import annotations

import functools
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from app import egress
from app.clock import now
from app.config import Config
from app.networks.base import Account, Category, Media, NetworkError, Part
from app.networks.bluesky import Bluesky
from app.networks.bluesky_video_job import did_web
from app.sandbox.store import Store
from tests.films import film
from tests.networks.bluesky_parts import (
    BASE,
    by_oauth,
    by_password,
    item,
    later,
    order,
    prepared,
    publish,
    the_post,
)

MP4 = functools.cache(film)
SERVICE = ["describeServer", "getUploadLimits", "uploadVideo", "getJobStatus"]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service is done at once, and nobody waits for it, unless a test says otherwise."""
    monkeypatch.setattr("app.sandbox.bluesky.video.ENCODING_SECONDS", 0.0)
    monkeypatch.setattr("app.networks.bluesky_video.POLLS", (0.0, 0.0))


@pytest.fixture
def bluesky(http: httpx.Client, config: Config) -> Bluesky:
    return Bluesky(http, config)


@pytest.fixture
def maya(bluesky: Bluesky) -> Account:
    return by_password(bluesky)


@pytest.fixture
def calls(http: httpx.Client) -> list[str]:
    """The name of every call from now on."""
    found: list[str] = []
    http.event_hooks["request"] = [lambda sent: found.append(sent.url.path.rpartition(".")[2])]
    return found


def video(folder: Path, alt: str = "Bells swing", data: bytes = b"") -> Media:
    path = folder / "bells.mp4"
    path.write_bytes(data or MP4())
    size = path.stat().st_size
    return Media("film-1", path, "video/mp4", size, 320, 180, seconds=2.0, alt=alt)


def told(http: httpx.Client, **extras: Any) -> None:
    """What the sandbox is to do with maya's videos."""
    wanted = {"network": "bluesky", "handle": "maya", "extras": extras}
    assert http.post(f"{BASE}/_sandbox/accounts", json=wanted).status_code < 300


def failure(bluesky: Bluesky, account: Account, part: Part) -> NetworkError:
    with pytest.raises(NetworkError) as refused:
        prepared(bluesky, account, item(part))
    return refused.value


def steps_until(
    bluesky: Bluesky, account: Account, part: Part, resume: dict[str, Any] | None = None,
    marker: str = "m-1",
) -> tuple[dict[str, Any], NetworkError]:  # fmt: skip
    """The last resume before the preparation broke off, and why it did."""
    last = dict(resume or {})
    with pytest.raises(NetworkError) as stopped:
        for step in bluesky.prepare(account, later(part, marker, 0), last):
            last = step
    return last, stopped.value


@pytest.mark.parametrize("way", ["password", "oauth"])
@pytest.mark.parametrize("form", ["bare", "wrapped"])
def test_a_video_is_made_ready_before_the_post_is_out(
    bluesky: Bluesky, http: httpx.Client, store: Store, calls: list[str], tmp_path: Path,
    way: str, form: str,
) -> None:  # fmt: skip
    account = by_oauth(bluesky) if way == "oauth" else by_password(bluesky)
    told(http, video_form=form)
    clip = video(tmp_path)
    calls.clear()
    published = publish(bluesky, account, item(Part("Listen", (clip,))))
    assert [name for name in calls if name in SERVICE] == [
        "getUploadLimits", "describeServer", "uploadVideo",
    ]  # fmt: skip
    assert "uploadBlob" not in calls
    post = the_post(store)
    embed = post.extras["record"]["embed"]
    assert embed["$type"] == "app.bsky.embed.video"
    assert embed["alt"] == "Bells swing"
    assert embed["aspectRatio"] == {"width": 320, "height": 180}
    assert [(m["mime"], m["alt"]) for m in post.media] == [("video/mp4", "Bells swing")]
    assert store.blob(post.media[0]["blob"]) == ("video/mp4", clip.path.read_bytes())
    page = http.get(published.url)
    assert page.status_code == 200 and "<video" in page.text


def test_a_video_is_known_again_by_the_service(
    bluesky: Bluesky, maya: Account, store: Store, calls: list[str], tmp_path: Path
) -> None:
    clip = video(tmp_path)
    publish(bluesky, maya, item(Part("One", (clip,)), "m-1"))
    publish(bluesky, maya, item(Part("Two", (clip,)), "m-2"))
    assert calls.count("uploadVideo") == 2 and "uploadBlob" not in calls
    assert len(list(store.posts.newest())) == 2


def test_every_step_can_be_resumed_and_none_is_done_twice(
    bluesky: Bluesky, maya: Account, http: httpx.Client, store: Store, calls: list[str],
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    told(http, video_seconds=0.15)
    monkeypatch.setattr("app.networks.bluesky_video.POLLS", (0.2, 0.2))
    wanted = item(Part("Listen", (video(tmp_path),)))
    steps = list(bluesky.prepare(maya, wanted, {}))
    assert [sorted(step.get("videos", {})) for step in steps] == [[], ["film-1"], [], []]
    assert json.loads(json.dumps(steps)) == steps and "record" in steps[-1]
    for done, step in enumerate(steps):
        calls.clear()
        rest = list(bluesky.prepare(maya, wanted, json.loads(json.dumps(step))))
        assert ("uploadVideo" in calls) is (done == 0)
        assert ("getJobStatus" in calls) is (done == 1)
        assert (rest or steps)[-1]["record"] == steps[-1]["record"]
    bluesky.commit(maya, wanted, steps[-1])
    assert len(list(store.posts.newest())) == 1


def test_a_slow_service_is_asked_again_later_also_by_the_next_attempt(
    bluesky: Bluesky, maya: Account, http: httpx.Client, store: Store, calls: list[str],
    tmp_path: Path,
) -> None:  # fmt: skip
    told(http, video_seconds=60)
    part = Part("Listen", (video(tmp_path),))
    resume, error = steps_until(bluesky, maya, part)
    assert (error.category, error.code) == (Category.MEDIA_PROCESSING, "processing")
    assert error.retry_at is not None and 5 < (error.retry_at - now()).total_seconds() < 60
    assert resume["videos"]["film-1"]["job"] and not resume["blobs"]
    jobs = store.table("bluesky.jobs")
    for key, row in jobs.items():
        jobs.put(key, {**row, "seconds": 0.0})
    order(http, "lookup", "http_500", times=1)  # its work goes on all the same
    calls.clear()
    again = item(part, "m-2")
    for step in bluesky.prepare(maya, again, resume):
        resume = step
    assert calls.count("getJobStatus") == 2 and "uploadVideo" not in calls
    bluesky.commit(maya, again, resume)
    assert the_post(store).media


def test_a_job_that_never_ends_is_given_up_and_one_that_is_gone_begun_anew(
    bluesky: Bluesky, maya: Account, http: httpx.Client, store: Store, tmp_path: Path
) -> None:
    told(http, video_seconds=60)
    part = Part("Listen", (video(tmp_path),))
    resume, _ = steps_until(bluesky, maya, part)
    resume["videos"]["film-1"]["since"] -= 3601
    _, error = steps_until(bluesky, maya, part, resume)
    assert (error.category, error.retryable) == (Category.MEDIA_ERROR, True)
    assert error.code == "processing_stuck"
    resume["videos"]["film-1"]["job"] = "nobody-knows-it"
    _, error = steps_until(bluesky, maya, part, resume)
    assert (error.category, error.retryable) == (Category.MEDIA_ERROR, True)
    assert "uploaded again" in error.message


@pytest.mark.parametrize(
    ("code", "words", "retryable"),
    [
        ("validation_failure", "cannot use this video", False),
        ("encoding_failure", "could not read this video", False),
        ("generic_failure", "Failed to process video", True),
    ],
)
def test_processing_that_ends_badly_is_told_in_words(
    bluesky: Bluesky, maya: Account, http: httpx.Client, store: Store, tmp_path: Path,
    code: str, words: str, retryable: bool,
) -> None:  # fmt: skip
    told(http, video=code)
    error = failure(bluesky, maya, Part("Listen", (video(tmp_path),)))
    assert (error.category, error.code) == (Category.MEDIA_ERROR, code)
    assert words in error.message and error.retryable is retryable
    assert not list(store.posts.newest())


def test_what_is_no_mp4_fails_in_processing(
    bluesky: Bluesky, maya: Account, tmp_path: Path
) -> None:
    error = failure(bluesky, maya, Part("", (video(tmp_path, data=b"no film" * 99),)))
    assert error.code == "validation_failure"


@pytest.mark.parametrize(
    ("extras", "category", "words"),
    [
        ({"email_confirmed": False}, Category.MEDIA_ERROR, "confirmed e-mail"),
        ({"daily_videos": 0}, Category.RATE_LIMITED, "as many videos as Bluesky allows"),
        ({"daily_bytes": 1000}, Category.RATE_LIMITED, "as much video as Bluesky allows"),
    ],
)
def test_limits_are_told_in_words_before_anything_is_uploaded(
    bluesky: Bluesky, maya: Account, http: httpx.Client, calls: list[str], tmp_path: Path,
    extras: dict[str, Any], category: Category, words: str,
) -> None:  # fmt: skip
    told(http, **extras)
    error = failure(bluesky, maya, Part("Listen", (video(tmp_path),)))
    assert error.category is category and words in error.message
    assert (error.retry_at is not None) is (category is Category.RATE_LIMITED)
    assert not {"uploadVideo", "uploadBlob"} & set(calls)


def test_too_many_calls_to_the_service_are_waited_for(
    bluesky: Bluesky, maya: Account, http: httpx.Client, calls: list[str], tmp_path: Path
) -> None:
    order(http, "account", "http_429", retry_after_s=90)
    error = failure(bluesky, maya, Part("Listen", (video(tmp_path),)))
    assert error.category is Category.RATE_LIMITED and error.retry_at is not None
    assert "uploadBlob" not in calls


# The way round the service
@pytest.mark.parametrize(
    "trouble",
    [("service_auth", ""), ("account", "http_500"), ("account", "invalid_json"),
     ("account", "timeout"), ("token", "http_500")],
)  # fmt: skip
def test_a_service_that_cannot_be_used_stops_no_post(
    bluesky: Bluesky, maya: Account, http: httpx.Client, store: Store, calls: list[str],
    tmp_path: Path, trouble: tuple[str, str],
) -> None:  # fmt: skip
    operation, fault = trouble
    if fault:
        order(http, operation, fault, delay_ms=1)
    else:
        told(http, service_auth=False)
    clip = video(tmp_path)
    wanted = item(Part("Listen", (clip,)))
    steps = list(bluesky.prepare(maya, wanted, {}))
    if fault == "invalid_json":  # limits nobody can read are none
        assert "uploadVideo" in calls
    else:
        assert [s.get("videos", {}).get("film-1", {}).get("job") for s in steps] == [
            None, "", None, None,
        ]  # fmt: skip
        assert calls.count("uploadBlob") == 1
        calls.clear()
        list(bluesky.prepare(maya, wanted, steps[1]))
        assert "getUploadLimits" not in calls and calls.count("uploadBlob") == 1
    bluesky.commit(maya, wanted, steps[-1])
    assert store.blob(the_post(store).media[0]["blob"]) == ("video/mp4", clip.path.read_bytes())


def test_a_service_nobody_reaches_stops_only_what_the_server_cannot_take(
    store: Store, socket_config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = replace(socket_config, BLUESKY_VIDEO_URL="http://127.0.0.1:9")
    with egress.client(nowhere, guarded=True) as http:
        bluesky = Bluesky(http, nowhere)
        maya = by_password(bluesky)
        publish(bluesky, maya, item(Part("Listen", (video(tmp_path),))))
        assert the_post(store).media
        monkeypatch.setattr("app.networks.bluesky_video.SERVER_BYTES", 1000)
        error = failure(bluesky, maya, Part("Listen", (video(tmp_path),)))
    assert (error.category, error.retryable) == (Category.NETWORK_ERROR, True)


def test_over_real_sockets_a_signed_upload_is_sent_whole(
    store: Store, socket_config: Config, tmp_path: Path
) -> None:
    with egress.client(socket_config, guarded=True) as http:
        bluesky = Bluesky(http, socket_config)
        maya = by_oauth(bluesky)
        clip = video(tmp_path)
        publish(bluesky, maya, item(Part("By the service", (clip,)), "m-1"))
        straight = Bluesky(http, replace(socket_config, BLUESKY_VIDEO_URL="http://127.0.0.1:9"))
        other = replace(clip, id="film-2", path=tmp_path / "other.mp4")
        other.path.write_bytes(MP4(160, 90) + b"\0\0\0\x08free")
        publish(straight, maya, item(Part("Straight", (other,)), "m-2"))
    found = {p.text: store.blob(p.media[0]["blob"]) for p in store.posts.newest()}
    assert found == {
        "By the service": ("video/mp4", clip.path.read_bytes()),
        "Straight": ("video/mp4", other.path.read_bytes()),
    }


@pytest.mark.parametrize("code", ["pds_upload_failure", "pds_upload_unsupported_blob_size"])
def test_what_the_service_could_not_bring_to_the_server_we_bring(
    bluesky: Bluesky, maya: Account, http: httpx.Client, store: Store, calls: list[str],
    tmp_path: Path, code: str,
) -> None:  # fmt: skip
    told(http, video=code)
    publish(bluesky, maya, item(Part("Listen", (video(tmp_path),))))
    assert calls.count("uploadVideo") == calls.count("uploadBlob") == 1
    assert the_post(store).media


def test_a_server_that_takes_smaller_files_only_is_told_in_words(
    bluesky: Bluesky, maya: Account, http: httpx.Client, tmp_path: Path
) -> None:
    told(http, blob_limit=1000)
    error = failure(bluesky, maya, Part("Listen", (video(tmp_path),)))
    assert (error.category, error.status) == (Category.MEDIA_ERROR, 413)
    assert not error.retryable and "often stop at 5 MB" in error.message


def test_a_server_that_hangs_up_during_the_upload_may_find_it_too_large(
    socket_config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.networks.bluesky_video.SELF_HOSTED_BYTES", 1000)
    nowhere = replace(socket_config, BLUESKY_VIDEO_URL="http://127.0.0.1:9")
    with egress.client(nowhere, guarded=True) as http:
        bluesky = Bluesky(http, nowhere)
        maya = by_password(bluesky)
        wish = {"network": "bluesky", "operation": "upload", "fault": "reset", "delay_ms": 1}
        http.post(f"{nowhere.sandbox_url}/_sandbox/faults", json=wish)
        error = failure(bluesky, maya, Part("Listen", (video(tmp_path),)))
    assert (error.category, error.retryable) == (Category.NETWORK_ERROR, True)
    assert "may be more than it takes" in error.message


def test_a_blob_the_server_has_dropped_is_brought_anew_past_the_service(
    bluesky: Bluesky, maya: Account, store: Store, calls: list[str], tmp_path: Path
) -> None:
    """The service would answer with the blob that is no longer there."""
    part = Part("Listen", (video(tmp_path),))
    resume = prepared(bluesky, maya, item(part))
    blobs = store.table("bluesky.blobs")
    for key, _ in blobs.items():
        blobs.pop(key)
    with pytest.raises(NetworkError) as gone:
        bluesky.commit(maya, item(part), resume)
    assert (gone.value.category, gone.value.retryable) == (Category.MEDIA_ERROR, True)
    calls.clear()
    again = later(part, "m-2", 60)
    resume = list(bluesky.prepare(maya, again, {"keep": resume["keep"]}))[-1]
    assert "uploadVideo" not in calls and calls.count("uploadBlob") == 1
    bluesky.commit(maya, again, resume)
    assert the_post(store).media


def test_a_session_that_has_run_out_is_renewed_before_the_upload(
    bluesky: Bluesky, maya: Account, store: Store, tmp_path: Path
) -> None:
    grant = store.grants.find("bluesky", "access", maya.tokens.access)
    assert grant is not None
    grant.expires = time.time() - 1
    error = failure(bluesky, maya, Part("Listen", (video(tmp_path),)))
    assert (error.category, error.expired) == (Category.AUTH_ERROR, True)


def test_a_file_that_is_gone_is_told(bluesky: Bluesky, maya: Account, tmp_path: Path) -> None:
    clip = video(tmp_path)
    clip.path.unlink()
    error = failure(bluesky, maya, Part("", (clip,)))
    assert (error.category, error.retryable) == (Category.MEDIA_ERROR, False)
    assert error.code == "media_missing"


def test_the_service_is_a_setting(tmp_path: Path) -> None:
    base = {"INSTANCE_DIR": str(tmp_path)}
    played = Config.from_env({**base, "SANDBOX_PORT": "8190"})
    assert played.BLUESKY_VIDEO_URL == "http://127.0.0.1:8190/bluesky/video"
    own = Config.from_env({**base, "BLUESKY_API_URL": "https://pds.example.org"})
    assert own.BLUESKY_VIDEO_URL == "https://video.bsky.app"
    named = Config.from_env({**base, "BLUESKY_VIDEO_URL": "https://video.example.org/"})
    assert named.BLUESKY_VIDEO_URL == "https://video.example.org"
    assert "https://video.example.org:443" in egress.Guard.of(named).origins
    assert did_web(own.BLUESKY_VIDEO_URL) == "did:web:video.bsky.app"
    assert did_web("http://127.0.0.1:8090/bluesky/video") == "did:web:127.0.0.1%3A8090"
