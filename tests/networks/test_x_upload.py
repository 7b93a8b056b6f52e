"""Files on their way to X: in one call or in pieces, and resumed after any step."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from app.config import Config
from app.networks import x_upload
from app.networks.base import Account, Category, Media, NetworkError
from app.networks.x import X
from app.sandbox.store import Store
from tests.networks.x_helpers import gif, item, person, picture, prepared, publish, video


class Counted(httpx.WSGITransport):
    """The sandbox, remembering what was asked of it."""

    def __init__(self, app: Any) -> None:
        super().__init__(app=app)
        self.calls: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(f"{request.method} {request.url.path.rsplit('/', 1)[-1]}")
        return super().handle_request(request)


@pytest.fixture
def wire(sandbox: Any) -> Counted:
    return Counted(sandbox)


@pytest.fixture
def x(wire: Counted, config: Config, monkeypatch: pytest.MonkeyPatch) -> Iterator[X]:
    monkeypatch.setattr("app.sandbox.x.media.ENCODING_SECONDS", 0.05)
    with httpx.Client(transport=wire) as client:
        made = X(client, config)
        made.sleep = lambda seconds: time.sleep(min(seconds, 0.06))
        yield made


@pytest.fixture
def alice(x: X, wire: Counted) -> Account:
    account = person(x)
    wire.calls.clear()
    return account


def test_a_picture_goes_in_one_call_with_its_description(
    x: X, alice: Account, wire: Counted, store: Store, tmp_path: Path
) -> None:
    publish(x, alice, item("Look", picture(tmp_path, alt="A red square")))
    assert wire.calls == ["POST upload", "POST metadata", "POST tweets"]
    (post,) = store.posts.newest()
    assert [(m["mime"], m["alt"]) for m in post.media] == [("image/png", "A red square")]


def test_four_pictures_keep_their_order(x: X, alice: Account, store: Store, tmp_path: Path) -> None:
    media = [picture(tmp_path, alt=f"Number {n}") for n in range(4)]
    publish(x, alice, item("", *media))
    (post,) = store.posts.newest()
    assert [m["alt"] for m in post.media] == ["Number 0", "Number 1", "Number 2", "Number 3"]


def test_a_video_goes_in_pieces_of_a_megabyte_and_is_waited_for(
    x: X, alice: Account, wire: Counted, store: Store, tmp_path: Path
) -> None:
    film = video(tmp_path)
    publish(x, alice, item("Film", film))
    assert wire.calls[:5] == ["POST initialize"] + ["POST append"] * 3 + ["POST finalize"]
    assert wire.calls[5] == "POST metadata" and wire.calls[6] == "GET upload"
    (post,) = store.posts.newest()
    kept = store.blob(post.media[0]["blob"])
    assert kept == ("video/mp4", film.path.read_bytes())


def test_an_animated_gif_is_uploaded_as_one(
    x: X, alice: Account, wire: Counted, store: Store, tmp_path: Path
) -> None:
    publish(x, alice, item("Moves", gif(tmp_path)))
    assert wire.calls[0] == "POST initialize"
    assert next(store.posts.newest()).media[0]["key"].startswith("16_")


@pytest.mark.parametrize("stop", range(1, 8))
def test_a_preparation_goes_on_where_it_was_cut_off(
    x: X, alice: Account, wire: Counted, tmp_path: Path, stop: int
) -> None:
    one = item("Film", video(tmp_path))
    whole = len(list(x.prepare(alice, one, {})))
    wire.calls.clear()
    steps = x.prepare(alice, one, {})
    kept = [json.loads(json.dumps(next(steps))) for _ in range(min(stop, whole))][-1]
    del steps
    before = len(wire.calls)
    for step in x.prepare(alice, one, kept):
        kept = step
    # No call is made twice: not more than an unbroken preparation needs.
    assert before + len(wire.calls[before:]) <= whole + 1
    assert wire.calls.count("POST initialize") == 1
    assert wire.calls.count("POST append") == 3
    assert x.commit(alice, one, kept).external_id


def test_a_piece_may_be_sent_again_under_its_number(
    x: X, alice: Account, store: Store, tmp_path: Path
) -> None:
    film = video(tmp_path)
    one = item("Film", film)
    steps = x.prepare(alice, one, {})
    next(steps)
    kept = next(steps)  # one piece is there, but say we were killed before noting it
    kept["media"][film.id]["sent"] = 0
    for step in x.prepare(alice, one, kept):
        kept = step
    x.commit(alice, one, kept)
    stored = store.blob(next(store.posts.newest()).media[0]["blob"])
    assert stored is not None and stored[1] == film.path.read_bytes()


def test_an_upload_x_forgot_is_made_again(
    x: X, alice: Account, wire: Counted, store: Store, tmp_path: Path
) -> None:
    film = video(tmp_path)
    one = item("Film", film)
    steps = x.prepare(alice, one, {})
    kept = next(steps)
    store.table("x.media").pop(kept["media"][film.id]["id"])
    for step in x.prepare(alice, one, kept):
        kept = step
    assert wire.calls.count("POST initialize") == 2
    assert x.commit(alice, one, kept).external_id


def test_an_upload_near_its_end_is_made_again(
    x: X, alice: Account, wire: Counted, tmp_path: Path
) -> None:
    one = item("Look", picture(tmp_path))
    kept = prepared(x, alice, one)
    kept["media"][one.part.media[0].id]["until"] = 0
    wire.calls.clear()
    list(x.prepare(alice, one, kept))
    assert wire.calls == ["POST upload", "POST metadata"]


def test_a_description_that_fails_does_not_stop_the_post(
    x: X, alice: Account, store: Store, tmp_path: Path
) -> None:
    shot = picture(tmp_path)
    one = item("Look", shot)
    steps = x.prepare(alice, one, {})
    kept = next(steps)
    store.faults.order({"network": "twitter", "operation": "upload", "fault": "http_500"})
    kept = next(steps)
    assert kept["media"][shot.id]["alt"] not in ("", "done")
    published = x.commit(alice, one, kept)
    assert published.extras == {"no_alt": [shot.id]}
    assert next(store.posts.newest()).media[0]["alt"] == ""


def test_a_sign_in_that_ended_is_told_even_while_describing(
    x: X, alice: Account, store: Store, tmp_path: Path
) -> None:
    steps = x.prepare(alice, item("Look", picture(tmp_path)), {})
    next(steps)
    store.faults.order({"network": "twitter", "operation": "upload", "fault": "revoked"})
    with pytest.raises(NetworkError) as told:
        next(steps)
    assert told.value.expired


def test_long_encoding_is_left_to_a_later_look_and_no_upload_is_repeated(
    x: X, alice: Account, wire: Counted, store: Store, tmp_path: Path
) -> None:
    one = item("Film", video(tmp_path))
    waits: list[float] = []
    x.sleep = waits.append
    steps = x.prepare(alice, one, {})
    kept = [next(steps) for _ in range(4)][-1]  # all pieces are there
    store.faults.order(
        {"network": "twitter", "operation": "upload", "fault": "processing", "times": -1}
    )
    with pytest.raises(NetworkError) as told:
        for step in steps:
            kept = step
    assert told.value.category is Category.MEDIA_PROCESSING
    assert told.value.retry_at is not None
    assert sum(waits) <= x_upload.PATIENCE_SECONDS
    store.faults.clear()
    x.sleep = lambda seconds: time.sleep(min(seconds, 0.06))
    wire.calls.clear()
    for step in x.prepare(alice, one, kept):
        kept = step
    assert set(wire.calls) == {"GET upload"}
    assert x.commit(alice, one, kept).external_id


def test_a_file_that_cannot_be_encoded_begins_anew_next_time(
    x: X, alice: Account, tmp_path: Path
) -> None:
    broken = video(tmp_path, head=b"not a film")
    with pytest.raises(NetworkError, match="could not be read") as told:
        prepared(x, alice, item("Film", broken))
    assert (told.value.category, told.value.code) == (Category.MEDIA_ERROR, "processing_failed")


def test_bytes_that_are_no_picture_are_refused_for_good(
    x: X, alice: Account, tmp_path: Path
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"GIF89a but not really")
    with pytest.raises(NetworkError) as told:
        prepared(x, alice, item("Look", Media("m", path, "image/png", 21, 1, 1)))
    assert (told.value.category, told.value.retryable) == (Category.MEDIA_ERROR, False)


def test_a_file_that_is_gone_is_a_media_error(x: X, alice: Account, tmp_path: Path) -> None:
    with pytest.raises(NetworkError) as told:
        prepared(x, alice, item("Look", Media("m", tmp_path / "no.png", "image/png", 9, 1, 1)))
    assert (told.value.code, told.value.retryable) == ("media_missing", False)


@pytest.mark.parametrize(
    ("fault", "category"),
    [
        ("http_500", Category.NETWORK_ERROR),
        ("http_429", Category.RATE_LIMITED),
        ("revoked", Category.AUTH_ERROR),
        ("invalid_json", Category.UNKNOWN),
    ],
)
def test_trouble_while_uploading_keeps_its_name(
    x: X, alice: Account, store: Store, tmp_path: Path, fault: str, category: Category
) -> None:
    store.faults.order({"network": "twitter", "operation": "upload", "fault": fault})
    with pytest.raises(NetworkError) as told:
        prepared(x, alice, item("Look", picture(tmp_path)))
    assert told.value.category is category
    assert told.value.retryable is (category is not Category.AUTH_ERROR)


def test_a_post_is_not_committed_without_its_files(x: X, alice: Account, tmp_path: Path) -> None:
    with pytest.raises(NetworkError) as told:
        x.commit(alice, item("Look", picture(tmp_path)), {})
    assert told.value.code == "not_uploaded"


def test_resume_is_plain_json(x: X, alice: Account, tmp_path: Path) -> None:
    kept = prepared(x, alice, item("Look", picture(tmp_path), video(tmp_path)))
    assert json.loads(json.dumps(kept)) == kept
    assert x_upload.PIECE == 1024 * 1024
