"""What only a bucket brings: several machines, copies, its absence, addresses for others."""

from __future__ import annotations

import hashlib
import io
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pytest
import time_machine
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from app.config import Config, ConfigError
from app.errors import Unavailable
from app.images import Limits
from app.integrations import buckets, fitting, hoard, presigned
from app.integrations.buckets import Bucket
from app.integrations.fitting import Still, fitted
from app.integrations.presigned import Where
from app.integrations.storage import Storage
from tests.buckets import KEYS, Played
from tests.pictures import encoded, photo

NAME = "0123456789abcdef" * 2
SLOW_DOWN = ("503 Slow Down", "<Error><Code>SlowDown</Code></Error>")


def made(config: Config, s3: Played, root: Path, bucket: str = "", **more: object) -> Bucket:
    """The bucket as a machine with that folder has it."""
    found = Storage.of(replace(config, **s3.settings(root, bucket, **more)))
    assert isinstance(found, Bucket)
    return found


@pytest.fixture
def here(config: Config, s3: Played, tmp_path: Path) -> Bucket:
    return made(config, s3, tmp_path / "here")


@pytest.fixture
def there(config: Config, s3: Played, tmp_path: Path, here: Bucket) -> Bucket:
    """Another machine of the same installation."""
    return made(config, s3, tmp_path / "there", here.where.bucket)


def test_every_machine_has_the_file_and_fetches_it_once(
    here: Bucket, there: Bucket, s3: Played
) -> None:
    raw = os.urandom(1024 * 1024) * 20  # sent in parts
    stored = here.save(io.BytesIO(raw), 10**8)
    assert stored.sha256 == hashlib.sha256(raw).hexdigest()
    assert ("POST", f"/{here.where.bucket}/{stored.key}") in s3.asked  # a multipart upload
    s3.calm()
    assert here.local(stored.key).stat().st_size == len(raw) and not s3.asked
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: there.local(stored.key), range(16)))
    assert [path.read_bytes() == raw for path in found] == [True]
    assert [how for how, _ in s3.asked] == ["GET"]
    found.pop().unlink()
    assert there.local(stored.key).read_bytes() == raw
    assert not list((there.root / "tmp").iterdir())

    here.delete(stored.key)
    with pytest.raises(FileNotFoundError):
        there.lent(stored.key)
    assert not there.exists(stored.key) and s3.names(here.where.bucket) == []


def test_a_copy_made_for_a_network_is_fetched_from_any_machine(
    here: Bucket, there: Bucket, s3: Played
) -> None:
    raw = encoded(photo(400, 300), "PNG")
    stored = here.save(io.BytesIO(raw), 10**7)
    still = Still(stored.key, stored.sha256, "image/png", len(raw), 400, 300)
    path, info = fitted(still, Limits(("image/jpeg",), max_side=100), here)
    here.lend(path)
    inside = path.relative_to(here.root).as_posix()
    assert there.lent(inside).read_bytes() == path.read_bytes()
    # The other machine makes its own, and it is the same.
    again, told = fitted(still, Limits(("image/jpeg",), max_side=100), there)
    assert (told, again.read_bytes()) == (info, path.read_bytes())
    assert here.sweep(3600, -60) >= 1 and s3.names(here.where.bucket) == [stored.key]
    here.delete(stored.key)
    there.delete(stored.key)
    with pytest.raises(Unavailable, match=fitting.MISSING):
        fitted(still, Limits(("image/png",)), there)


def test_copies_are_bounded_and_those_used_longest_ago_go(
    config: Config, s3: Played, tmp_path: Path
) -> None:
    bucket = made(config, s3, tmp_path, S3_CACHE_MB=1)
    piece, keys = os.urandom(200_000), []
    for age in range(9, 3, -1):  # all six are more than the bound
        keys.append(bucket.save(io.BytesIO(piece), 10**6).key)
        used = bucket.path(keys[-1]).stat().st_mtime - hoard.IN_USE * age
        os.utime(bucket.path(keys[-1]), (used, used))
    bucket.hoard.trim()
    assert [bucket.path(key).exists() for key in keys] == [False, False, True, True, True, True]
    bucket.local(keys[2])  # used again
    bucket.save(io.BytesIO(os.urandom(900_000)), 10**6)
    kept = [key for key in keys if bucket.path(key).exists()]
    assert kept == [keys[2]]  # somebody may be at it, so the bound gives way
    assert bucket.hoard.trim() == 0
    for key in keys:
        assert bucket.local(key).read_bytes() == piece  # nothing is lost


def test_a_bucket_that_fails_is_told_and_copies_serve_on(
    here: Bucket, there: Bucket, s3: Played
) -> None:
    kept = here.save(io.BytesIO(b"kept"), 9).key
    s3.fault = SLOW_DOWN
    for call in (
        lambda: here.save(io.BytesIO(b"new"), 9), lambda: there.local(kept),
        lambda: there.exists(kept), lambda: here.delete(here.new_key()),
        lambda: list(here.keys(0)), lambda: list(here.arrived()), lambda: here.arrival(NAME),
    ):  # fmt: skip
        with pytest.raises(Unavailable) as told:
            call()
        assert told.value.retry_after == 60 and s3.url not in told.value.message
    assert here.local(kept).read_bytes() == b"kept" and here.lent(kept).is_file()
    assert "SlowDown" in here.check()
    for one in (here, there):
        assert not list((one.root / "tmp").iterdir())
    s3.fault = None
    assert s3.names(here.where.bucket) == [kept]
    assert there.local(kept).read_bytes() == b"kept"


def test_an_answer_cut_off_is_read_on_or_is_none(here: Bucket, there: Bucket, s3: Played) -> None:
    raw = os.urandom(5000)
    key, whole, halves = here.save(io.BytesIO(raw), 9000).key, s3.app, 1

    def halved(environ: dict[str, object], start: object) -> list[bytes]:
        nonlocal halves
        found = b"".join(whole(environ, start))
        halves, cut = halves - 1, halves > 0
        return [found[: len(found) // 2] if cut else found]

    s3.app = halved  # type: ignore[assignment]
    try:
        assert there.local(key).read_bytes() == raw
        there.path(key).unlink()
        halves = 1000
        with pytest.raises(Unavailable):
            there.local(key)
    finally:
        s3.app = whole
    assert not there.path(key).exists() and not list((there.root / "tmp").iterdir())


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"S3_BUCKET": "nowhere"}, "There is no bucket nowhere"),
        ({"S3_ENDPOINT_URL": "http://127.0.0.1:1"}, "does not answer"),
    ],
)
def test_the_check_says_what_to_mend(
    config: Config, s3: Played, tmp_path: Path, settings: dict[str, str], words: str
) -> None:
    bucket = Storage.of(replace(config, **(s3.settings(tmp_path) | settings)))
    assert words in bucket.check()
    with pytest.raises(Unavailable):  # not "gone": the file may be where it was
        bucket.local(bucket.new_key())


def test_the_check_tells_keys_that_are_wrong_from_rights_that_lack(
    config: Config, s3: Played, tmp_path: Path
) -> None:
    for code, words in (("AccessDenied", "rights to put"), ("InvalidAccessKeyId", "our keys")):
        bucket = made(config, s3, tmp_path / code)
        s3.fault = ("403 Forbidden", f"<Error><Code>{code}</Code></Error>")
        assert words in bucket.check()
        s3.calm()
        assert words in bucket.check() and not s3.asked  # so soon after


def test_a_process_that_was_forked_says_so_instead_of_hanging(
    here: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.save(io.BytesIO(b"x"), 9)
    monkeypatch.setattr(buckets.os, "getpid", lambda: 1)
    with pytest.raises(RuntimeError, match="forked"):
        here.exists(here.new_key())


# Addresses for others


@pytest.mark.parametrize("token", ["", "a/session+token=="])
@pytest.mark.parametrize("endpoint", ["", "https://s3.example.com", "http://127.0.0.1:9000/base"])
def test_the_signature_is_that_of_awss_own_library(endpoint: str, token: str) -> None:
    where = Where("media", endpoint, "eu-north-1", "AKID", "secret/+x", token)
    at = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    ours = presigned.put(where, f"incoming/{NAME}", "image/jpeg", 1234, 900, at)
    asked = AWSRequest(
        "PUT", f"{where.base}/incoming/{NAME}",
        headers={"Content-Type": "image/jpeg", "Content-Length": "1234"},
    )  # fmt: skip
    with time_machine.travel(at, tick=False):
        keys = Credentials("AKID", "secret/+x", token or None)
        S3SigV4QueryAuth(keys, "s3", "eu-north-1", expires=900).add_auth(asked)
    mine, theirs = urlsplit(ours), urlsplit(asked.url)
    assert (mine.scheme, mine.netloc, mine.path) == (theirs.scheme, theirs.netloc, theirs.path)
    assert parse_qs(mine.query) == parse_qs(theirs.query)
    assert parse_qs(mine.query)["X-Amz-SignedHeaders"] == ["content-length;content-type;host"]


def test_what_is_sent_to_the_address_is_found(here: Bucket, s3: Played) -> None:
    url = here.signed_put(NAME, "image/png", 4, 900)
    assert httpx.put(url, content=b"four", headers={"Content-Type": "image/png"}).status_code == 200
    (found,) = [one for page in here.arrived() for one in page]
    assert (found.name, found.size) == (NAME, 4)
    coming = here.arrival(NAME)
    assert [coming.read(3), coming.read(3), coming.read(3)] == [b"fou", b"r", b""]
    assert not [key for page in here.keys(-60) for key in page]  # no stored file yet
    for _ in range(2):
        here.drop(NAME)
    with pytest.raises(FileNotFoundError):
        here.arrival(NAME)
    here.signed_put(NAME, "image/png", 4, 900)
    assert httpx.put(url, content=b"four").status_code == 200
    assert here.sweep(-60, 3600) == 1 and s3.names(here.where.bucket) == []
    for name in ("", "../x", "a" * 31):
        with pytest.raises(ValueError):
            here.signed_put(name, "image/png", 4, 900)


def test_nobody_else_stores_where_that_is_off_or_the_keys_are_a_roles(
    config: Config, s3: Played, tmp_path: Path
) -> None:
    off = made(config, s3, tmp_path, S3_DIRECT_UPLOADS=False)
    role = made(config, s3, tmp_path, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    for bucket in (off, role, Storage(tmp_path)):
        assert bucket.signed_put(NAME, "image/png", 4, 900) == ""


# Settings


def test_settings_of_a_bucket(tmp_path: Path) -> None:
    env = {"INSTANCE_DIR": str(tmp_path), "S3_BUCKET": "media", "MEDIA_DIR": str(tmp_path / "own")}
    found = Config.from_env(env | KEYS | {"S3_ENDPOINT_URL": "https://s3.example.com/"})
    assert found.media_dir == tmp_path / "media-cache"  # what lies in MEDIA_DIR is never evicted
    assert (found.S3_ENDPOINT_URL, found.AWS_REGION) == ("https://s3.example.com", "us-east-1")
    assert KEYS["AWS_SECRET_ACCESS_KEY"] not in repr(found)
    where = buckets.of(found).where
    assert KEYS["AWS_SECRET_ACCESS_KEY"] not in repr(where)
    assert buckets.of(Config.from_env(env)).where.base.startswith("https://s3.us-east-1.amazonaws")
    for wrong, word in (
        ({"S3_BUCKET": "a/b"}, "S3_BUCKET"), ({"S3_ENDPOINT_URL": "minio:9000"}, "S3_ENDPOINT_URL"),
        ({"AWS_ACCESS_KEY_ID": "x"}, "give both"), ({"S3_CACHE_MB": "0"}, "S3_CACHE_MB"),
    ):  # fmt: skip
        with pytest.raises(ConfigError, match=word):
            Config.from_env(env | wrong)
