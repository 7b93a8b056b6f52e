"""Two copies on one machine keep apart: instance folders, ports, the embedded Redis."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from app import claimed, valkey
from app.config import Config, ConfigError, redis_socket


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield int(other.getsockname()[1])


@pytest.fixture
def free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def around(monkeypatch: pytest.MonkeyPatch, free: int) -> int:
    """Let the sandbox's usual port be one that is free here and now."""
    monkeypatch.setattr(Config, "SANDBOX_PORT", free)
    return free


def test_an_instance_folder_has_one_copy(tmp_path: Path) -> None:
    with claimed.instance(tmp_path):
        with pytest.raises(ConfigError, match="already running"), claimed.instance(tmp_path):
            pass
        (tmp_path / "other").mkdir()
        with claimed.instance(tmp_path / "other"):
            pass
    with claimed.instance(tmp_path):
        pass


def test_parts_of_an_earlier_run_are_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(claimed, "FINISH_SECONDS", 0.3)
    with (tmp_path / "parts.lock").open("a") as part:  # as a part holds it, with no supervisor
        assert claimed._lock(part)
        with pytest.raises(ConfigError, match="earlier run"), claimed.instance(tmp_path):
            pass
    assert "Waiting" in capsys.readouterr().err


def test_a_taken_port_is_named_with_its_setting(taken: int, free: int) -> None:
    with claimed.ports() as ports:
        with pytest.raises(ConfigError, match=rf"Port {taken} is already in use.*PORT"):
            ports.need("127.0.0.1", taken, "PORT")
        ports.need("127.0.0.1", free, "PORT")
        with pytest.raises(ConfigError, match="HOST="):
            ports.need("no.such.host.invalid", free, "PORT")


def test_the_sandbox_takes_the_usual_port_and_keeps_it(tmp_path: Path, around: int) -> None:
    with claimed.ports() as ports:
        assert ports.sandbox(tmp_path, None, but=1) == around
    with claimed.ports() as ports:
        assert ports.sandbox(tmp_path, None, but=1) == around


def test_the_sandbox_goes_on_where_the_usual_port_is_taken(tmp_path: Path, around: int) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", around))
        other.listen()
        with claimed.ports() as ports:
            found = ports.sandbox(tmp_path, None, but=1)
    assert around < found <= around + claimed.NEARBY
    with claimed.ports() as ports:  # accounts connected there remember the address
        assert ports.sandbox(tmp_path, None, but=1) == found


def test_two_that_start_together_get_two_ports(tmp_path: Path, around: int) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    with claimed.ports() as first, claimed.ports() as second:
        assert first.sandbox(one, None, but=1) == around  # nobody listens there yet
        assert second.sandbox(two, None, but=1) > around


def test_the_sandbox_leaves_the_pages_their_port(tmp_path: Path, around: int) -> None:
    with claimed.ports() as ports:
        assert ports.sandbox(tmp_path, None, but=around) != around


def test_a_port_asked_for_is_taken_or_refused(tmp_path: Path, taken: int, free: int) -> None:
    with claimed.ports() as ports:
        assert ports.sandbox(tmp_path, free, but=1) == free
        with pytest.raises(ConfigError, match="SANDBOX_PORT"):
            ports.sandbox(tmp_path, taken, but=1)
    assert not (tmp_path / "sandbox.port").exists()


@pytest.mark.parametrize(
    ("host", "shown"),
    [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("", "127.0.0.1"), ("10.1.2.3", "10.1.2.3")],
)
def test_a_server_for_all_addresses_answers_on_this_machine(host: str, shown: str) -> None:
    assert claimed.reachable(host) == shown


def test_redis_is_embedded_even_below_a_long_path(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 30)
    with valkey.running(folder) as url:
        assert len(url) < 110
        with Redis.from_url(url) as client:
            assert client.ping()
            assert client.config_get("save") == {"save": ""}
        assert valkey.answers(folder)
    assert not valkey.answers(folder)


def test_a_socket_left_by_a_killed_redis_is_no_hindrance(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as old:
        old.bind(str(redis_socket(tmp_path)))
    with valkey.running(tmp_path) as url, Redis.from_url(url) as client:
        assert client.ping()


def test_a_folder_of_somebody_else_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "theirs")
    with pytest.raises(ConfigError, match="belongs to somebody else"):
        valkey._own_folder(tmp_path / "link", private=True)
