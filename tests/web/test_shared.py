"""Signed addresses of media: that file, for a while, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import sharing
from app.config import Config


@pytest.fixture
def path(app: Flask, config: Config) -> Path:
    folder = config.media_dir / "ab"
    folder.mkdir(parents=True, exist_ok=True)
    found = folder / "picture"
    found.write_bytes(b"0123456789")
    return found


def inside(url: str, config: Config) -> str:
    assert url.startswith(config.APP_URL + "/shared/")
    return url.removeprefix(config.APP_URL)


def test_a_network_fetches_the_file_without_signing_in(
    client: FlaskClient, config: Config, path: Path
) -> None:
    url = inside(sharing.address(path, "image/jpeg", config), config)
    answer = client.get(url)
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "image/jpeg", b"0123456789")
    assert url.endswith(".jpg") and "sandbox" in answer.headers["Content-Security-Policy"]
    part = client.get(url, headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.data) == (206, b"234")


def turned(token: str) -> str:
    """Another signature. Not by its last character, of which base64 drops two bits."""
    signed, mark = token.rsplit(".", 1)
    return f"{signed}.{'B' if mark[0] == 'A' else 'A'}{mark[1:]}"


@pytest.mark.parametrize("spoil", [turned, lambda t: "x", lambda t: t.split(".")[0]])
def test_a_changed_address_opens_nothing(
    client: FlaskClient, config: Config, path: Path, spoil: object
) -> None:
    token = sharing.address(path, "image/jpeg", config).split("/")[-2]
    assert client.get(f"/shared/{spoil(token)}/media.jpg").status_code == 404  # type: ignore[operator]


def test_an_address_runs_out(
    client: FlaskClient, config: Config, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = inside(sharing.address(path, "image/jpeg", config), config)
    monkeypatch.setattr(sharing, "LASTS", -1)
    assert client.get(url).status_code == 404


def test_only_files_of_the_media_folder_can_be_shared(config: Config, tmp_path: Path) -> None:
    outside = tmp_path / "secret"
    outside.write_text("no")
    with pytest.raises(ValueError):
        sharing.address(outside, "image/jpeg", config)


def test_a_deleted_file_is_gone(client: FlaskClient, config: Config, path: Path) -> None:
    url = inside(sharing.address(path, "image/jpeg", config), config)
    path.unlink()
    assert client.get(url).status_code == 404
