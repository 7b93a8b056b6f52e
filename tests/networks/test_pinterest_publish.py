"""Pins made, deleted and counted: pictures, carousels, videos, and their resuming."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from flask import Flask

from app.clock import now
from app.config import Config
from app.networks.base import Account, Category, Effect, Item, Metrics, NetworkError, Part
from app.networks.pinterest import Pinterest
from app.sandbox.store import Store
from tests.networks.pinterest_helpers import (
    Counted,
    item,
    person,
    picture,
    prepared,
    publish,
    video,
)


@pytest.fixture
def wire(sandbox: Flask) -> Counted:
    return Counted(sandbox)


@pytest.fixture
def pinterest(
    wire: Counted, config: Config, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Pinterest]:
    monkeypatch.setattr("app.sandbox.pinterest.media.ENCODING_SECONDS", 0.0)
    with httpx.Client(transport=wire) as client:
        made = Pinterest(client, config)
        made.sleep = lambda seconds: None
        yield made


@pytest.fixture
def alice(pinterest: Pinterest) -> Account:
    return person(pinterest)


@pytest.fixture
def board(pinterest: Pinterest, alice: Account, wire: Counted) -> str:
    found = pinterest.destinations(alice)[0].external_id
    wire.calls.clear()
    return found


def test_a_pin_carries_title_description_link_and_alt_text(
    pinterest: Pinterest, alice: Account, board: str, store: Store, tmp_path: Path, wire: Counted
) -> None:
    shot = picture(tmp_path, alt="Boats in the morning")
    one = item(
        " Come & see \n", shot, boardId=board, title="The <harbour>", link="https://example.com/a"
    )
    published = publish(pinterest, alice, one)
    assert wire.calls == ["POST /v5/pins"]
    assert published.url == f"http://127.0.0.1:8090/pinterest/pin/{published.external_id}/"
    (post,) = store.posts.newest()
    assert (post.id, post.text, post.extras["title"]) == (
        published.external_id, "Come & see", "The <harbour>",
    )  # fmt: skip
    assert (post.extras["link"], post.extras["board_id"]) == ("https://example.com/a", board)
    assert post.media[0]["alt"] == "Boats in the morning"
    assert store.blob(post.media[0]["blob"]) == ("image/png", shot.path.read_bytes())
    shown = pinterest.http.get(published.url).text
    assert "The &lt;harbour&gt;" in shown and "Come &amp; see" in shown


def test_a_carousel_holds_two_to_five_pictures_in_order(
    pinterest: Pinterest, alice: Account, board: str, store: Store, tmp_path: Path
) -> None:
    shots = [picture(tmp_path, alt=f"Number {n}", kind="jpg" if n else "png") for n in range(5)]
    publish(pinterest, alice, item("Five", *shots, boardId=board))
    (post,) = store.posts.newest()
    assert [file["mime"] for file in post.media] == ["image/png"] + ["image/jpeg"] * 4
    assert post.media[0]["alt"].startswith("Picture 1: Number 0 Picture 2: Number 1")
    with pytest.raises(NetworkError) as told:
        publish(pinterest, alice, item("Six", *shots, picture(tmp_path), boardId=board))
    assert (told.value.category, told.value.effect) == (Category.VALIDATION, Effect.NONE)


def test_a_section_of_a_board_can_be_named(
    pinterest: Pinterest, alice: Account, store: Store, tmp_path: Path
) -> None:
    launches = pinterest.destinations(alice)[1]
    section = launches.extras["sections"][0]["id"]
    one = item("", picture(tmp_path), boardId=launches.external_id, boardSectionId=section)
    published = publish(pinterest, alice, one)
    assert next(store.posts.newest()).extras["board_section_id"] == section
    found = pinterest.probe(alice, one, {}, one.at, frozenset())
    assert found.published == published


@pytest.mark.parametrize("cover", [True, False])
def test_a_video_is_registered_sent_waited_for_and_pinned_with_a_cover(
    pinterest: Pinterest, alice: Account, board: str, store: Store, wire: Counted, tmp_path: Path,
    cover: bool,
) -> None:  # fmt: skip
    film = video(tmp_path, cover=cover)
    publish(pinterest, alice, item("Film", film, boardId=board))
    assert [call.split("/media/")[0] for call in wire.calls] == [
        "POST /v5/media", "POST /bucket", "GET /v5", "POST /v5/pins",
    ]  # fmt: skip
    (post,) = store.posts.newest()
    assert store.blob(post.media[0]["blob"]) == ("video/mp4", film.path.read_bytes())
    assert ("cover" in post.media[0]) is cover
    assert post.media[0]["alt"] == "A harbour"


def test_upload_addresses_are_kept_as_secrets_and_dropped_once_used(
    pinterest: Pinterest, alice: Account, board: str, tmp_path: Path
) -> None:
    film = video(tmp_path)
    steps = list(pinterest.prepare(alice, item("Film", film, boardId=board), {}))
    assert steps[0]["secret"][film.id]["url"].endswith("/pinterest/bucket")
    assert steps[-1]["secret"] == {} and steps[-1]["media"][film.id]["state"] == "ready"
    for step in steps:
        open_part = json.dumps({name: value for name, value in step.items() if name != "secret"})
        assert "policy" not in open_part and "bucket" not in open_part


def test_a_preparation_stopped_after_any_step_goes_on_where_it_was(
    pinterest: Pinterest, alice: Account, board: str, store: Store, wire: Counted, tmp_path: Path
) -> None:
    one = item("Film", video(tmp_path), boardId=board)
    resume: dict[str, Any] = {}
    for _ in range(10):
        steps = pinterest.prepare(alice, one, resume)
        resume = json.loads(json.dumps(next(steps, resume)))
        steps.close()  # type: ignore[attr-defined]
    pinterest.commit(alice, one, resume)
    assert wire.calls.count("POST /v5/media") == 1
    assert wire.calls.count("POST /bucket") == 1
    assert len(list(store.posts.newest())) == 1


def test_a_form_that_ran_out_is_asked_for_anew(
    pinterest: Pinterest, alice: Account, board: str, store: Store, wire: Counted, tmp_path: Path
) -> None:
    one = item("Film", video(tmp_path), boardId=board)
    first = next(iter(pinterest.prepare(alice, one, {})))
    table = store.table("pinterest.media")
    ((media_id, row),) = table.items()
    table.put(media_id, {**row, "until": 0.0})
    again = prepared(pinterest, alice, one, first)
    assert again["media"][one.part.media[0].id]["id"] != media_id
    assert pinterest.commit(alice, one, again).external_id
    assert wire.calls.count("POST /v5/media") == 2


def test_encoding_that_takes_long_is_asked_about_later(
    pinterest: Pinterest, alice: Account, board: str, store: Store, wire: Counted, tmp_path: Path
) -> None:
    store.faults.order(
        {"network": "pinterest", "operation": "upload", "fault": "processing", "times": -1}
    )
    one = item("Film", video(tmp_path), boardId=board)
    resume: dict[str, Any] = {}
    with pytest.raises(NetworkError, match="still being processed") as told:
        for step in pinterest.prepare(alice, one, resume):
            resume = step
    assert told.value.category is Category.MEDIA_PROCESSING and told.value.retry_at is not None
    store.faults.clear()
    table = store.table("pinterest.media")
    ((media_id, row),) = table.items()
    table.put(media_id, {**row, "done_at": 0.0})
    assert pinterest.commit(alice, one, prepared(pinterest, alice, one, resume)).external_id
    assert wire.calls.count("POST /bucket") == 1


@pytest.mark.parametrize(
    ("taken", "category", "wait"),
    [
        (0, Category.MEDIA_PROCESSING, 15),
        (800, Category.MEDIA_PROCESSING, 200),
        (9000, Category.MEDIA_PROCESSING, 600),
        (11_000, Category.MEDIA_ERROR, None),
    ],
)
def test_the_longer_encoding_takes_the_less_often_it_is_asked_about(
    pinterest: Pinterest, alice: Account, board: str, store: Store, tmp_path: Path,
    taken: int, category: Category, wait: float | None,
) -> None:  # fmt: skip
    film = video(tmp_path)
    one = item("Film", film, boardId=board)
    store.faults.order(
        {"network": "pinterest", "operation": "upload", "fault": "processing", "times": -1}
    )
    *_, resume = _until_refused(pinterest, alice, one, {})
    resume["media"][film.id]["since"] -= taken
    error, *rest = _until_refused(pinterest, alice, one, resume)
    assert isinstance(error, NetworkError) and error.category is category
    if wait is None:
        assert error.retryable and rest[-1]["media"] == {}
    else:
        assert error.retry_at is not None
        assert abs((error.retry_at - now()).total_seconds() - wait) < 3


def _until_refused(pinterest: Pinterest, account: Account, one: Item, resume: Any) -> list[Any]:
    """The error a preparation ends with, and the resumes it left."""
    found: list[Any] = [resume]
    with pytest.raises(NetworkError) as told:
        for step in pinterest.prepare(account, one, resume):
            found.append(step)
    return [told.value, *found]


def test_a_video_that_cannot_be_encoded_is_final(
    pinterest: Pinterest, alice: Account, board: str, store: Store, tmp_path: Path
) -> None:
    one = item("Film", video(tmp_path, b"no film at all"), boardId=board)
    resume: dict[str, Any] = {}
    with pytest.raises(NetworkError, match="could not be processed") as told:
        for step in pinterest.prepare(alice, one, resume):
            resume = step
    assert (told.value.category, told.value.retryable) == (Category.MEDIA_ERROR, False)
    assert resume["media"] == {}
    with pytest.raises(NetworkError) as told:
        pinterest.commit(alice, one, resume)
    assert (told.value.category, told.value.effect) == (Category.MEDIA_ERROR, Effect.NONE)
    assert not list(store.posts.newest())


def test_a_video_pinterest_forgot_begins_anew_at_the_next_try(
    pinterest: Pinterest, alice: Account, board: str, store: Store, tmp_path: Path
) -> None:
    film = video(tmp_path)
    one = item("Film", film, boardId=board)
    resume: dict[str, Any] = {"media": {film.id: {"id": "1", "state": "processing"}}, "secret": {}}
    with pytest.raises(NetworkError, match="uploaded again") as told:
        for step in pinterest.prepare(alice, one, resume):
            resume = step
    assert told.value.retryable
    assert pinterest.commit(alice, one, prepared(pinterest, alice, one, resume)).external_id


@pytest.mark.parametrize(
    ("change", "words"),
    [({"boardId": ""}, "board"), ({"boardId": "123"}, "board"), ({"title": "x" * 101}, "title")],
)
def test_what_pinterest_would_not_take_is_refused_and_nothing_is_made(
    pinterest: Pinterest, alice: Account, board: str, store: Store, tmp_path: Path,
    change: dict[str, str], words: str,
) -> None:  # fmt: skip
    with pytest.raises(NetworkError, match=words) as told:
        publish(pinterest, alice, item("x", picture(tmp_path), **{"boardId": board, **change}))
    error = told.value
    assert (error.category, error.effect, error.retryable) == (
        Category.VALIDATION, Effect.NONE, False,
    )  # fmt: skip
    assert not list(store.posts.newest())


def test_somebody_elses_board_does_not_disconnect_the_account(
    pinterest: Pinterest, alice: Account, tmp_path: Path
) -> None:
    foreign = pinterest.destinations(person(pinterest, "bob"))[0].external_id
    with pytest.raises(NetworkError) as told:
        publish(pinterest, alice, item("x", picture(tmp_path), boardId=foreign))
    assert told.value.effect is Effect.NONE and not told.value.retryable


def test_deleting_twice_is_done_once(
    pinterest: Pinterest, alice: Account, board: str, store: Store, tmp_path: Path
) -> None:
    published = publish(pinterest, alice, item("x", picture(tmp_path), boardId=board))
    pinterest.delete(alice, published)
    pinterest.delete(alice, published)
    assert next(store.posts.newest()).deleted


def test_counts_come_by_id_and_what_is_gone_is_said(
    pinterest: Pinterest, alice: Account, board: str, store: Store, tmp_path: Path
) -> None:
    kept, gone = (
        publish(pinterest, alice, item(text, picture(tmp_path), boardId=board)) for text in "ab"
    )
    post = store.posts.get("pinterest", kept.external_id)
    assert post is not None
    post.extras["counts"] = {"likes": 3, "comments": 2, "saves": 5, "impressions": 70}
    pinterest.delete(alice, gone)
    found = pinterest.metrics(alice, [kept.external_id, gone.external_id])
    assert found[kept.external_id] == Metrics(likes=3, comments=2, saves=5, impressions=70)
    assert found[gone.external_id] == Metrics(gone=True)
    named = set(pinterest.capabilities({}).metrics)
    assert named == {"likes", "comments", "saves", "impressions"}


def test_an_account_without_analytics_has_no_made_up_zeros(
    pinterest: Pinterest, alice: Account, store: Store
) -> None:
    store.accounts.get("pinterest", "alice").extras["account_type"] = "PINNER"
    assert pinterest.metrics(alice, ["1", "2"]) == {"1": Metrics(), "2": Metrics()}


def test_what_is_written_is_checked_before_it_is_sent(pinterest: Pinterest, tmp_path: Path) -> None:
    def told(part: Part, **options: Any) -> list[tuple[str, bool]]:
        found = pinterest.validate((part,), {}, options)
        assert all(problem.message for problem in found)
        return [(problem.field, problem.blocks) for problem in found]

    shot, film = picture(tmp_path), video(tmp_path)
    good = {"boardId": "12"}
    assert told(Part("é" * 800, (shot,)), **good, title="T" * 100, link="https://a.b/c") == []
    assert told(Part("", (film,)), **good) == []
    assert told(Part("x", (shot, shot)), **good) == []
    assert told(Part("é" * 801, (shot,)), **good) == [("text", True)]
    assert told(Part("x", (shot,))) == [("options.boardId", True)]
    assert told(Part("x"), **good) == [("media", True)]
    assert told(Part("x", (shot,) * 6), **good) == [("media", True)]
    assert told(Part("x", (shot, film)), **good) == [("media", True)]
    assert told(Part("x", (shot, picture(tmp_path, size=(9, 9)))), **good) == [("media", True)]
    assert told(Part("x", (replace(shot, alt=""),)), **good) == [("alt", False)]
    assert told(Part("x", (replace(shot, alt="x" * 501),)), **good) == [("alt", True)]
    assert told(Part("x", (replace(film, seconds=3.0),)), **good) == [("media", True)]
    assert told(Part("x", (shot,)), **good, title="T" * 101) == [("options.title", True)]
    assert told(Part("x", (shot,)), **good, link="example.com") == [("options.link", True)]
    assert told(Part("x", (shot,)), boardId="Ideas") == [("options.boardId", True)]
    assert pinterest.compose(" a\U0001f680 ", {}).count == 2
