"""The sandbox as it is served: many at once, and nothing forgotten."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2 as httpx
import pytest

ALICE = {"Authorization": "Bearer sandbox-bench"}
RUN = "import sys; from pathlib import Path; from app.sandbox.serve import run; sys.exit(run(int(sys.argv[1]), Path(sys.argv[2])))"  # noqa: E501

Start = Callable[[], tuple[subprocess.Popen[bytes], httpx.Client]]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the server (again) on one port with one file."""
    port, running = free_port(), []

    def begin() -> tuple[subprocess.Popen[bytes], httpx.Client]:
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(port), str(tmp_path / "sandbox.db")],
            start_new_session=True,
        )
        client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=30.0,
            limits=httpx.Limits(max_connections=400),
        )  # fmt: skip
        running.append((process, client))
        for _ in range(150):
            try:
                client.get("/_sandbox/networks")
                return process, client
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError("the sandbox did not start")

    yield begin
    for process, client in running:
        client.close()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def create(client: httpx.Client, text: str) -> int:
    return client.post("/x/2/tweets", json={"text": text}, headers=ALICE).status_code


def test_three_hundred_slow_answers_are_given_at_once(start: Start) -> None:
    _, client = start()
    client.post(
        "/_sandbox/faults", json={"network": "twitter", "operation": "publish", "delay_ms": 2000}
    )
    begun = time.monotonic()
    with ThreadPoolExecutor(300) as pool:
        codes = list(pool.map(lambda n: create(client, f"Post {n}"), range(300)))
    took = time.monotonic() - begun
    assert codes == [201] * 300
    assert took < 12.0  # one after another it would be ten minutes
    posts = client.get("/_sandbox/posts").json()["posts"]
    assert len({post["text"] for post in posts}) == 300


def test_a_killed_sandbox_comes_back_with_every_post_it_accepted(start: Start) -> None:
    process, client = start()
    accepted: list[str] = []

    def write() -> None:
        for number in range(10_000):
            try:
                if create(client, f"Post {number}") == 201:
                    accepted.append(f"Post {number}")
            except httpx.TransportError:
                return

    writer = threading.Thread(target=write)
    writer.start()
    while len(accepted) < 50:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
    writer.join(10)
    _, again = start()
    texts = {post["text"] for post in again.get("/_sandbox/posts").json()["posts"]}
    assert set(accepted) <= texts


def test_it_ends_cleanly_with_an_answer_still_hanging(start: Start) -> None:
    process, client = start()
    client.post(
        "/_sandbox/faults",
        json={"network": "twitter", "operation": "publish", "fault": "hang_after_accept"},
    )

    def hang() -> None:
        with pytest.raises(httpx.TransportError):
            create(client, "Hangs")

    waiting = threading.Thread(target=hang)
    waiting.start()
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    assert process.wait(15) == 0
    waiting.join(5)
    assert not waiting.is_alive()


@pytest.mark.parametrize("fault", ["reset", "reset_after_accept", "half_answer"])
def test_connections_break_as_ordered_and_the_next_one_works(start: Start, fault: str) -> None:
    _, client = start()
    client.post(
        "/_sandbox/faults", json={"network": "twitter", "operation": "publish", "fault": fault}
    )
    with pytest.raises(httpx.TransportError):
        create(client, "Broken")
    assert create(client, "Whole") == 201
    posts = client.get("/_sandbox/posts").json()["posts"]
    assert len(posts) == (1 if fault == "reset" else 2)


def test_it_listens_on_one_address_of_loopback_alone(start: Start) -> None:
    _, client = start()
    port = client.base_url.port or 0
    for address, answers in (("127.0.0.1", True), ("127.0.0.2", False)):
        with socket.socket() as other:
            other.settimeout(2)
            assert (other.connect_ex((address, port)) == 0) is answers
