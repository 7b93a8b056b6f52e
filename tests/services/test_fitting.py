"""Stored files, and copies made for networks: whole, found again, safe when several ask."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app import images
from app.errors import PayloadTooLarge, Unavailable, ValidationFailed
from app.images import Limits
from app.integrations import fitting
from app.integrations.fitting import Still, fitted
from app.integrations.storage import PIECE, Storage
from tests.pictures import encoded, moving, photo

LIMITS = Limits(("image/jpeg",), 150_000, 0, 800)


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path / "media")


def picture(storage: Storage, raw: bytes) -> Still:
    stored = storage.save(io.BytesIO(raw), len(raw))
    info = images.inspect(storage.path(stored.key), None)
    return Still(
        stored.key, stored.sha256, info.mime, info.size, info.width, info.height, info.frames
    )


@pytest.fixture
def large(storage: Storage) -> Still:
    return picture(storage, encoded(photo(1600, 1200), "PNG"))


# Storage


def test_a_file_is_stored_whole_under_a_name_of_its_own(storage):
    stored = storage.save(io.BytesIO(b"bells" * 500_000), 10**7)
    with storage.open(stored.key) as file:
        assert file.read() == b"bells" * 500_000
    assert stored.size == 2_500_000
    assert storage.path(stored.key).parent.name == stored.key[:2]
    assert storage.save(io.BytesIO(b"bells"), 5).key != stored.key
    storage.delete(stored.key)
    storage.delete(stored.key)
    with pytest.raises(FileNotFoundError):
        storage.open(stored.key)


def test_a_stream_is_read_in_pieces_and_no_further_than_allowed(storage):
    asked = []

    class Endless:
        def read(self, size: int = -1) -> bytes:
            asked.append(size)
            return bytes(size)

    with pytest.raises(PayloadTooLarge, match="larger than 3 MB"):
        storage.save(Endless(), 3 * PIECE)
    assert asked == [PIECE] * 4
    assert not list(storage.root.rglob("received"))


@pytest.mark.parametrize(
    "key",
    ["", "..", "../secrets.json", "/etc/passwd", "ab/../../etc/passwd", "ab", "tmp/x",
     "ab/cd" + "0" * 30, "AB/AB" + "0" * 30, "ab/ab" + "0" * 29, "ab/ab" + "0" * 31,
     "ab/ab" + "0" * 29 + "\n", "ab/ab" + "0" * 30 + "\n", "ab/ab" + "0" * 30 + "\x00",
     "ab\\ab" + "0" * 30, "ab/ab" + "０" * 30],
)  # fmt: skip
def test_only_its_own_keys_lead_to_a_file(storage, key):
    for call in (storage.path, storage.open, storage.delete):
        with pytest.raises(ValueError, match="not a key"):
            call(key)


def test_a_crash_while_storing_leaves_no_file_under_a_name(storage, monkeypatch):
    def crash(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(Unavailable):
        storage.save(io.BytesIO(b"bells"), 5)
    assert [p for p in storage.root.rglob("*") if p.is_file()] == []


# Copies for networks


def test_what_fits_is_sent_as_it_is_stored(storage, large):
    path, info = fitted(large, Limits(images.MIMES), storage)
    assert path == storage.path(large.key) and info == fitting.info(large)
    assert not (storage.root / "fitted").exists()


def test_a_copy_is_made_once_and_found_again(storage, large, monkeypatch):
    path, info = fitted(large, LIMITS, storage)
    assert images.fits(info, LIMITS) and path.stat().st_size == info.size
    assert images.inspect(path, info.mime) == info

    def again(*args: object) -> None:
        raise AssertionError("made a second time")

    monkeypatch.setattr(images, "fit", again)
    assert fitted(large, LIMITS, storage) == (path, info)


def test_other_limits_give_another_copy(storage, large):
    one, _ = fitted(large, LIMITS, storage)
    other, info = fitted(large, Limits(("image/jpeg",), 0, 0, 100), storage)
    assert one != other and info.width == 100


def test_the_same_picture_uploaded_twice_shares_its_copy(storage, large):
    raw = storage.path(large.key).read_bytes()
    twin = picture(storage, raw)
    assert twin.key != large.key
    assert fitted(twin, LIMITS, storage) == fitted(large, LIMITS, storage)


def test_a_copy_made_anew_has_the_same_bytes(storage, large, tmp_path):
    path, _ = fitted(large, LIMITS, storage)
    first = path.read_bytes()
    elsewhere = Storage(tmp_path / "other")
    twin = picture(elsewhere, storage.path(large.key).read_bytes())
    assert fitted(twin, LIMITS, elsewhere)[0].read_bytes() == first


def test_thirty_two_threads_make_one_copy(storage, large, monkeypatch):
    made, fit = [], images.fit

    def counted(*args):
        made.append(threading.get_ident())
        return fit(*args)

    monkeypatch.setattr(images, "fit", counted)
    with ThreadPoolExecutor(32) as pool:
        found = list(pool.map(lambda _: fitted(large, LIMITS, storage), range(32)))
    assert len(made) == 1 and len(set(found)) == 1


RACER = """
import sys, time
from pathlib import Path
from app.images import Limits
from app.integrations.fitting import Still, fitted
from app.integrations.storage import Storage
root, key, sha, size, at = sys.argv[1:]
still = Still(key, sha, "image/png", int(size), 1600, 1200)
time.sleep(max(0.0, float(at) - time.time()))
path, info = fitted(still, Limits(("image/jpeg",), 150_000, 0, 800), Storage(Path(root)))
print(path, info.size, path.stat().st_size)
"""


def test_two_processes_that_race_get_one_whole_copy(storage, large):
    import time

    command = [
        sys.executable, "-c", RACER, str(storage.root), large.key, large.sha256, str(large.size),
        str(time.time() + 2),
    ]  # fmt: skip
    root = Path(images.__file__).parent.parent
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) for _ in range(3)
    ]
    told = {one.communicate(timeout=60)[0].strip() for one in running}
    assert [one.returncode for one in running] == [0, 0, 0]
    assert len(told) == 1
    path, said, real = told.pop().split()
    assert said == real
    assert images.inspect(Path(path), "image/jpeg").size == int(said)
    assert list((storage.root / "tmp").iterdir()) == []


@pytest.mark.parametrize("harm", ["no info", "bad info", "no picture", "short picture"])
def test_a_copy_that_was_harmed_is_made_anew(storage, large, harm):
    path, info = fitted(large, LIMITS, storage)
    if harm == "no info":
        (path.parent / "info.json").unlink()
    elif harm == "bad info":
        (path.parent / "info.json").write_text('{"mime":')
    elif harm == "no picture":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:100])
    for _ in range(2):
        again, found = fitted(large, LIMITS, storage)
    assert (again, found) == (path, info)
    assert path.stat().st_size == info.size and images.inspect(path, None) == info


def test_a_file_that_is_gone_is_our_fault_in_words(storage, large):
    storage.delete(large.key)
    for limits in (LIMITS, Limits(images.MIMES)):
        with pytest.raises(Unavailable, match="Add the picture again"):
            fitted(large, limits, storage)


def test_a_picture_that_cannot_fit_leaves_nothing_behind(storage):
    gif = picture(storage, moving(5))
    with pytest.raises(ValidationFailed, match="takes no moving pictures"):
        fitted(gif, Limits(("image/jpeg",)), storage)
    assert list((storage.root / "tmp").iterdir()) == []
