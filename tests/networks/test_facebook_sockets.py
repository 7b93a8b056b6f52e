"""Facebook on a real socket: bytes streamed from files, deadlines, and what is known."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.serving import BaseWSGIServer

from app import egress
from app.config import Config
from app.networks.base import Account, Effect, NetworkError, Verdict
from app.networks.facebook import Facebook
from app.sandbox import line
from app.sandbox.store import Store
from tests.networks.facebook_helpers import film, item, page, picture, prepared, publish


@pytest.fixture
def facebook(server: BaseWSGIServer, socket_config: Config) -> Iterator[Facebook]:
    with egress.client(socket_config, guarded=False) as client:
        yield Facebook(client, socket_config)
    line.closing.set()  # wake whatever still hangs
    time.sleep(0.05)
    line.closing.clear()


@pytest.fixture
def alice(facebook: Facebook) -> Account:
    return page(facebook)


def test_files_arrive_whole_however_they_are_sent(
    facebook: Facebook, alice: Account, store: Store, tmp_path: Path
) -> None:
    photo = picture(tmp_path)
    publish(facebook, alice, item("Photo", photo))
    clips = {form: film(tmp_path) for form in ("feed", "reel")}
    for form, clip in clips.items():
        one = item(form, clip, placement=form)
        with pytest.raises(NetworkError) as told:
            publish(facebook, alice, one)
        assert told.value.effect is Effect.DONE
    files = [store.blob(post.media[0]["blob"]) for post in store.posts.newest()]
    sent = [clips["reel"].path, clips["feed"].path, photo.path]
    assert [found[1] if found else b"" for found in files] == [one.read_bytes() for one in sent]


def test_an_upload_that_is_reset_goes_on_where_it_broke_off(
    facebook: Facebook, alice: Account, store: Store, tmp_path: Path
) -> None:
    one = item("Reel", film(tmp_path), placement="reel")
    begun = next(facebook.prepare(alice, one, {}))
    store.faults.order({"network": "facebook", "operation": "upload",
                        "fault": "reset_after_accept"})  # fmt: skip
    with pytest.raises(NetworkError) as told:
        prepared(facebook, alice, one, **begun)
    assert told.value.retryable
    done = prepared(facebook, alice, one, **begun)
    ((video_id, row),) = store.table("facebook.videos").items()
    assert (done["video"]["id"], len(row["blobs"])) == (video_id, 1)


@pytest.mark.parametrize(
    ("fault", "effect", "posted"),
    [
        ("timeout", Effect.UNKNOWN, 0),
        ("hang_after_accept", Effect.UNKNOWN, 1),
        ("reset_after_accept", Effect.UNKNOWN, 1),
        ("half_answer", Effect.DONE, 1),
        ("drip", Effect.DONE, 1),
    ],
)
def test_no_trouble_outlives_the_deadline_and_none_is_guessed_at(
    facebook: Facebook, alice: Account, store: Store, fault: str, effect: Effect, posted: int
) -> None:
    store.faults.order({"network": "facebook", "operation": "publish", "fault": fault})
    one, start = item(f"Trouble: {fault}"), time.monotonic()
    with pytest.raises(NetworkError) as told, egress.bounded(0.6, first_byte_within=0.6):
        facebook.commit(alice, one, {})
    assert time.monotonic() - start < 1.2
    assert told.value.effect is effect
    found = facebook.probe(alice, one, {}, one.at, frozenset())
    assert found.verdict is (Verdict.PUBLISHED if posted else Verdict.ABSENT)
