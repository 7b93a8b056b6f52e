"""Stored files: the same promises in a folder and in a bucket."""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import replace
from pathlib import Path

import pytest

from app.config import Config
from app.errors import PayloadTooLarge
from app.integrations.buckets import Bucket
from app.integrations.storage import Storage
from tests.buckets import Played


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path, config: Config) -> Storage:
    """A storage of this test alone, as an installation chooses it."""
    if request.param == "folder":
        found = Storage.of(replace(config, MEDIA_DIR=tmp_path / "media"))
        assert type(found) is Storage and found.root == tmp_path / "media"
        return found
    played: Played = request.getfixturevalue("s3")
    settings = replace(config, **played.settings(tmp_path))
    found = Storage.of(settings)
    assert isinstance(found, Bucket) and found is Storage.of(settings)
    assert found.root == tmp_path / "media-cache"
    return found


def test_a_file_is_stored_whole_under_a_name_of_its_own(storage: Storage) -> None:
    raw = b"bells" * 500_000
    stored = storage.save(io.BytesIO(raw), 10**7)
    assert (stored.size, stored.sha256) == (len(raw), hashlib.sha256(raw).hexdigest())
    assert storage.exists(stored.key) and storage.local(stored.key) == storage.path(stored.key)
    with storage.open(stored.key) as file:
        assert file.read() == raw
    promised = storage.new_key()
    assert not storage.exists(promised)
    with storage.scratch() as folder:
        (folder / "made").write_bytes(b"made")
        assert storage.adopt(folder / "made", promised).key == promised
    assert storage.local(promised).read_bytes() == b"made"
    for _ in range(2):
        storage.delete(stored.key)
    assert not storage.exists(stored.key) and not storage.path(stored.key).exists()
    for call in (storage.open, storage.local):
        with pytest.raises(FileNotFoundError):
            call(stored.key)


def test_what_is_refused_leaves_nothing(storage: Storage) -> None:
    with pytest.raises(PayloadTooLarge):
        storage.save(io.BytesIO(b"x" * 100), 99)
    assert not [one for one in storage.root.rglob("*") if one.is_file()]
    assert list(storage.keys(-60)) in ([], [[]])
    for key in ("", "../secret", "ab/../cd", "ab/" + "c" * 32, "ab/ab" + "0" * 31, "probe"):
        for call in (storage.path, storage.local, storage.exists, storage.delete):
            with pytest.raises(ValueError):
                call(key)


def test_keys_are_told_by_their_age(storage: Storage) -> None:
    kept = [storage.save(io.BytesIO(b"x"), 9).key for _ in range(3)]
    assert sorted(key for page in storage.keys(-60) for key in page) == sorted(kept)
    assert not [key for page in storage.keys(3600) for key in page]


def test_what_is_lent_is_found_by_its_place(storage: Storage) -> None:
    stored = storage.save(io.BytesIO(b"whole"), 9)
    fitted = storage.root / "fitted" / "ab" / f"{'ab' * 32}-{'1' * 16}" / "picture"
    fitted.parent.mkdir(parents=True)
    fitted.write_bytes(b"smaller")
    for path in (storage.path(stored.key), fitted):
        storage.lend(path)
        inside = path.relative_to(storage.root).as_posix()
        assert storage.lent(inside).read_bytes() == path.read_bytes()
    storage.delete(stored.key)
    for inside in (stored.key, "tmp/x", "fitted/x/picture"):
        with pytest.raises(FileNotFoundError):
            storage.lent(inside)


def test_leftovers_and_old_copies_are_swept(storage: Storage) -> None:
    stored = storage.save(io.BytesIO(b"whole"), 9)
    left = storage.root / "tmp" / "left"
    fitted = storage.root / "fitted" / "ab" / f"{'ab' * 32}-{'1' * 16}"
    for folder in (left, fitted):
        folder.mkdir(parents=True)
        (folder / "picture").write_bytes(b"x")
        os.utime(folder, (1, 1))
    assert storage.sweep(3600, 3600) == 2
    assert not left.exists() and not fitted.exists() and storage.exists(stored.key)


def test_it_says_whether_files_can_be_stored(storage: Storage) -> None:
    assert storage.check() == ""
    assert not [one for one in storage.root.rglob("*") if one.is_file()]
