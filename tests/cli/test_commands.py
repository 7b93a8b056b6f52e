"""The ``carillon`` command as an operator meets it: real processes, exit codes and sentences."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "seven brass bells at noon"

Settings = Callable[..., dict[str, str]]
Carillon = Callable[..., "subprocess.CompletedProcess[str]"]


def clean(env: dict[str, str]) -> dict[str, str]:
    """The machine's environment without any setting of ours."""
    keep = {"PATH", "HOME", "LANG", "TMPDIR", "PYTHONDONTWRITEBYTECODE"}
    return {name: value for name, value in os.environ.items() if name in keep} | env


@pytest.fixture
def carillon(settings_for: Settings, fresh_database: str) -> Carillon:
    """``carillon("engine", "status", PORT=…)`` runs the command on a database of its own."""

    def run(*words: str, flask: bool = False, **given: object) -> subprocess.CompletedProcess[str]:
        env = settings_for(**({"DATABASE_URL": fresh_database} | given))
        start = ["-m", "flask", "--app", "wsgi"] if flask else ["-m", "app.cli"]
        return subprocess.run(
            [sys.executable, *start, *words],
            cwd=ROOT, env=clean(env), capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    return run


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    """What was said on stderr: a single line, and no traceback."""
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("Error: ")
    return line


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"PORT": "abc"}, "PORT should be a whole number, not 'abc'."),
        ({"TICK_SECONDS": "soon"}, "TICK_SECONDS should be a number, not 'soon'."),
        ({"SANDBOX": "maybe"}, "SANDBOX should be 1 or 0, not 'maybe'."),
        ({"SANDBOX": "0"}, "SECRET_KEY is missing or shorter than 32 characters."),
        ({"SANDBOX": "0", "SECRET_KEY": "short"}, "SECRET_KEY is missing or shorter"),
        ({"SANDBOX": "0", "SECRET_KEY": "k" * 32}, "ENCRYPTION_KEYS is missing."),
        ({"SECRET_KEY": "k" * 32, "ENCRYPTION_KEYS": "k1:AAAA"}, "must be 32 bytes"),
    ],
)
def test_a_wrong_setting_is_one_sentence_and_exit_code_2(
    carillon: Carillon, given: dict[str, str], said: str
) -> None:
    done = carillon("engine", "status", **given)
    assert said in one_sentence(done)
    assert done.returncode == 2


@pytest.mark.parametrize("part", ["up", "web", "worker", "clock", "sandbox"])
def test_every_part_checks_its_settings_first(carillon: Carillon, part: str) -> None:
    done = carillon(part, SANDBOX="0")
    assert "SECRET_KEY" in one_sentence(done)
    assert done.returncode == 2


def test_a_taken_port_is_one_sentence(carillon: Carillon) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        for part in ("web", "up"):
            done = carillon(part, PORT=port)
            assert f"Port {port} is already in use." in one_sentence(done)
            assert done.returncode == 2
        done = carillon("sandbox", SANDBOX_PORT=port)
        assert f"Port {port} is already in use." in one_sentence(done)


def test_a_database_that_is_away_is_one_sentence(carillon: Carillon) -> None:
    done = carillon("engine", "status", DATABASE_URL="postgresql://maya:hunter2@127.0.0.1:1/none")
    assert "The database refused" in one_sentence(done)
    assert "hunter2" not in done.stderr
    assert done.returncode == 1


def test_a_person_is_made_once(carillon: Carillon) -> None:
    words = ("user", "create", "--email", "maya@marram.example", "--password", PASSWORD)
    done = carillon(*words, "--name", "Maya Okafor", "--admin")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert made.keys() == {"user_id", "profile_id", "account_id"}
    assert made["account_id"].startswith("001") and len(made["account_id"]) == 15
    again = carillon(*words)
    assert "maya@marram.example" not in again.stdout
    assert one_sentence(again)
    assert again.returncode == 1


def test_a_weak_password_is_refused_in_words(carillon: Carillon) -> None:
    done = carillon("user", "create", "--email", "maya@marram.example", "--password", "short")
    assert "12" in one_sentence(done)
    assert done.returncode == 1


def test_flask_offers_the_same(carillon: Carillon) -> None:
    done = carillon(
        "user", "create", "--email", "m@marram.example", "--password", PASSWORD, flask=True
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["account_id"].startswith("001")


def test_the_engine_is_paused_and_resumed(carillon: Carillon) -> None:
    def status() -> bool:
        done = carillon("engine", "status")
        assert done.returncode == 0, done.stderr
        return bool(json.loads(done.stdout)["paused"])

    assert not status()
    assert carillon("engine", "pause").returncode == 0
    assert status()
    assert carillon("engine", "resume").returncode == 0
    assert not status()


def test_demo_data_stays_out_of_an_installation_in_use(carillon: Carillon) -> None:
    carillon("user", "create", "--email", "owner@larkfield.example", "--password", PASSWORD)
    done = carillon("demo", "--first")
    assert (done.returncode, json.loads(done.stdout)) == (0, {})
    without = carillon("demo", SANDBOX=0, SECRET_KEY="k" * 40, ENCRYPTION_KEYS=f"k1:{'AQ' * 21}E=")
    assert "needs the sandbox" in one_sentence(without)


def test_several_may_migrate_at_once(settings_for: Settings, tmp_path: Path) -> None:
    env = clean(settings_for(DATABASE_URL=f"sqlite:///{tmp_path / 'new.db'}"))
    command = [sys.executable, "-m", "app.cli", "migrate"]
    running = [
        subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for one in running:
        _, told = one.communicate(timeout=60)
        assert one.returncode == 0, told


def test_the_web_process_serves_and_ends_on_sigterm(
    settings_for: Settings, fresh_database: str
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = clean(settings_for(DATABASE_URL=fresh_database, PORT=port))
    web = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "web", "--workers", "1"],
        cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        end = time.monotonic() + 30
        while True:
            try:
                with urllib.request.urlopen(
                    f"http://127.0.0.1:{port}/healthz", timeout=2
                ) as answer:
                    assert answer.status == 200
                break
            except OSError:
                assert time.monotonic() < end and web.poll() is None
                time.sleep(0.1)
        web.send_signal(signal.SIGTERM)
        _, told = web.communicate(timeout=20)
    finally:
        web.kill()
    assert web.returncode == 0
    assert all(json.loads(line)["level"] for line in told.splitlines())
