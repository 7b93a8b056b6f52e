"""Files on their way to LinkedIn: resumed after any step, waited for, or failed."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
import time_machine

from app.clock import now
from app.config import Config
from app.networks.base import Account, Card, Category, Item, Media, NetworkError
from app.networks.linkedin import LinkedIn
from app.sandbox.store import Store
from tests.networks.linkedin_helpers import (
    Counted,
    item,
    member,
    page,
    picture,
    prepared,
    settings,
    video,
)
from tests.workshops import Ahead


@pytest.fixture
def wire(sandbox: Any) -> Counted:
    return Counted(sandbox)


@pytest.fixture
def linkedin(wire: Counted, config: Config, monkeypatch: pytest.MonkeyPatch) -> Iterator[LinkedIn]:
    monkeypatch.setattr("app.sandbox.linkedin.media.VIDEO_SECONDS", 0.05)
    monkeypatch.setattr("app.sandbox.linkedin.media.PIECE", 90_000)
    with httpx.Client(transport=wire) as client:
        made = LinkedIn(client, settings(config, LINKEDIN_ORGANIZATIONS=True))
        made.sleep = lambda seconds: time.sleep(0.06)
        yield made


@pytest.fixture
def alice(linkedin: LinkedIn, wire: Counted) -> Account:
    account = member(linkedin)
    wire.calls.clear()
    return account


@pytest.fixture
def works(linkedin: LinkedIn, wire: Counted) -> Account:
    account = page(linkedin)
    wire.calls.clear()
    return account


def thing(kind: str, folder: Path) -> Item:
    """A post with a video, with pictures, or with a link that has one."""
    if kind == "video":
        return item("Film", video(folder))
    if kind == "pictures":
        return item("Look", picture(folder), picture(folder))
    return item("Read https://a.com", card=Card("https://a.com", "T", "", picture(folder)))


@pytest.mark.parametrize("kind", ["video", "pictures", "link"])
@pytest.mark.parametrize("who", ["alice", "works"])
def test_a_preparation_goes_on_where_it_was_cut_off_after_every_step(
    linkedin: LinkedIn, wire: Counted, store: Store, tmp_path: Path, kind: str, who: str,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    account: Account = request.getfixturevalue(who)
    one = thing(kind, tmp_path)
    wire.calls.clear()
    prepared(linkedin, account, one)
    sends = [c for c in wire.calls if not c.startswith("GET")]
    wire.calls.clear()
    kept: dict[str, Any] = {}
    while True:
        # Killed after each step: a new preparation gets what was stored last.
        step = next(linkedin.prepare(account, one, kept), None)
        if step is None or step == kept:
            break
        kept = json.loads(json.dumps(step))
    assert [c for c in wire.calls if not c.startswith("GET")] == sends
    assert "secret" not in kept
    made = linkedin.commit(account, one, kept)
    assert next(store.posts.newest()).id == made.external_id


def test_addresses_are_kept_secret(linkedin: LinkedIn, alice: Account, tmp_path: Path) -> None:
    first = next(linkedin.prepare(alice, item("Film", video(tmp_path)), {}))
    shown = {name: value for name, value in first.items() if name != "secret"}
    assert "dms-uploads" in json.dumps(first["secret"])
    assert "dms-uploads" not in json.dumps(shown)


def test_addresses_that_end_are_asked_for_anew(
    linkedin: LinkedIn, alice: Account, wire: Counted, tmp_path: Path
) -> None:
    one = item("Film", video(tmp_path))
    kept = next(linkedin.prepare(alice, one, {}))
    with time_machine.travel(now() + timedelta(hours=2)):
        for step in linkedin.prepare(alice, one, kept):
            kept = step
        assert wire.calls.count("POST /videos?action=initializeUpload") == 2
        assert linkedin.commit(alice, one, kept).external_id


def test_an_upload_linkedin_forgot_is_made_again_once(
    linkedin: LinkedIn, alice: Account, wire: Counted, store: Store, tmp_path: Path
) -> None:
    film = video(tmp_path)
    one = item("Film", film)
    kept = next(linkedin.prepare(alice, one, {}))
    store.table("linkedin.media").pop(kept["media"][film.id]["urn"])
    for step in linkedin.prepare(alice, one, kept):
        kept = step
    assert wire.calls.count("POST /videos?action=initializeUpload") == 2
    assert linkedin.commit(alice, one, kept).external_id


def test_a_video_that_takes_long_gives_the_thread_back(
    linkedin: LinkedIn, alice: Account, store: Store, tmp_path: Path
) -> None:
    one = item("Film", video(tmp_path))
    kept: dict[str, Any] = {}
    with pytest.raises(NetworkError) as told:
        for step in linkedin.prepare(alice, one, {}):
            kept = step
            if step["media"][one.part.media[0].id]["state"] == "sent":
                store.faults.order(
                    {"network": "linkedin", "operation": "upload", "fault": "processing",
                     "times": -1}
                )  # fmt: skip
    assert told.value.category is Category.MEDIA_PROCESSING
    assert told.value.retry_at is not None and told.value.retry_at > now()
    store.faults.clear()
    for step in linkedin.prepare(alice, one, kept):
        kept = step
    assert linkedin.commit(alice, one, kept).external_id


def broken_video(folder: Path) -> Media:
    return video(folder, head=b"this is no film")


def broken_picture(folder: Path) -> Media:
    media = picture(folder)
    media.path.write_bytes(b"x" * media.size)
    return media


@pytest.mark.parametrize("make", [broken_video, broken_picture])
def test_what_cannot_be_processed_fails_in_words(
    linkedin: LinkedIn, works: Account, tmp_path: Path, make: Any
) -> None:
    with pytest.raises(NetworkError, match="could not be processed") as told:
        prepared(linkedin, works, item("Broken", make(tmp_path)))
    assert (told.value.category, told.value.code) == (Category.MEDIA_ERROR, "PROCESSING_FAILED")


def test_a_token_that_only_writes_posts_at_once_and_hears_then(
    linkedin: LinkedIn, alice: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.sandbox.linkedin.media.IMAGE_SECONDS", 30)
    workshop = Ahead(monkeypatch)
    one = item("Look", picture(tmp_path))
    kept = prepared(linkedin, alice, one)
    assert next(iter(kept["media"].values()))["state"] == "blind"
    with pytest.raises(NetworkError) as told:
        linkedin.commit(alice, one, kept)
    assert told.value.category is Category.MEDIA_PROCESSING
    workshop.move(30)
    assert linkedin.commit(alice, one, kept).external_id


@pytest.mark.parametrize(
    ("fault", "category"),
    [
        ("http_500", Category.NETWORK_ERROR),
        ("http_429", Category.RATE_LIMITED),
        ("revoked", Category.AUTH_ERROR),
        ("invalid_json", Category.UNKNOWN),
    ],
)
def test_trouble_in_an_upload_is_told_by_its_kind(
    linkedin: LinkedIn, alice: Account, store: Store, tmp_path: Path, fault: str, category: Category
) -> None:
    store.faults.order({"network": "linkedin", "operation": "upload", "fault": fault})
    with pytest.raises(NetworkError) as told:
        prepared(linkedin, alice, item("Film", video(tmp_path)))
    assert told.value.category is category


def test_media_that_was_never_uploaded_is_not_posted_without(
    linkedin: LinkedIn, alice: Account, store: Store, tmp_path: Path
) -> None:
    with pytest.raises(NetworkError) as told:
        linkedin.commit(alice, item("Look", picture(tmp_path)), {})
    assert told.value.category is Category.MEDIA_ERROR and not list(store.posts.newest())


def test_a_file_that_is_gone_is_said_so(linkedin: LinkedIn, alice: Account, tmp_path: Path) -> None:
    gone = picture(tmp_path)
    gone.path.unlink()
    with pytest.raises(NetworkError, match="no longer in the media library") as told:
        prepared(linkedin, alice, item("Look", gone))
    assert not told.value.retryable
