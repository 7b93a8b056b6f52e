"""A network that hangs, drips and resets on a real socket: deadlines, and what is known."""

import time
from collections.abc import Iterator

import httpx2 as httpx
import pytest
from werkzeug.serving import BaseWSGIServer

from app import egress
from app.config import Config
from app.networks.base import Account, Category, Effect, NetworkError, Verdict
from app.networks.x import X
from app.sandbox import line
from app.sandbox.store import Store
from tests.networks.x_helpers import item, person


@pytest.fixture
def x(server: BaseWSGIServer, socket_config: Config) -> Iterator[X]:
    with egress.client(socket_config, guarded=False) as client:
        yield X(client, socket_config)
    line.closing.set()  # wake whatever still hangs
    time.sleep(0.05)
    line.closing.clear()


@pytest.fixture
def alice(x: X) -> Account:
    return person(x)


def attempt(x: X, account: Account, text: str, seconds: float) -> tuple[NetworkError, float]:
    start = time.monotonic()
    with pytest.raises(NetworkError) as told, egress.bounded(seconds, first_byte_within=seconds):
        x.commit(account, item(text), {})
    return told.value, time.monotonic() - start


@pytest.mark.parametrize(
    ("fault", "effect", "posted"),
    [
        ("timeout", Effect.UNKNOWN, 0),
        ("hang_after_accept", Effect.UNKNOWN, 1),
        ("reset", Effect.UNKNOWN, 0),
        ("reset_after_accept", Effect.UNKNOWN, 1),
        ("half_answer", Effect.DONE, 1),
        ("drip", Effect.DONE, 1),
    ],
)
def test_no_trouble_outlives_the_deadline_and_none_is_guessed_at(
    x: X, alice: Account, store: Store, fault: str, effect: Effect, posted: int
) -> None:
    store.faults.order({"network": "twitter", "operation": "publish", "fault": fault})
    error, took = attempt(x, alice, f"Trouble: {fault}", 1.0)
    assert took < 4  # a second, and a busy machine
    assert error.effect is effect
    one = item(f"Trouble: {fault}")
    found = x.probe(alice, one, {}, one.at, frozenset())
    assert found.verdict is (Verdict.PUBLISHED if posted else Verdict.ABSENT)


def test_a_drip_slow_enough_to_finish_in_time_is_an_answer(
    x: X, alice: Account, store: Store
) -> None:
    store.faults.order(
        {"network": "twitter", "operation": "publish", "fault": "drip", "delay_ms": 2}
    )
    with egress.bounded(20.0):
        assert x.commit(alice, item("Slowly"), {}).external_id


def test_slowness_is_waited_for_and_the_post_is_of_its_beginning(
    x: X, alice: Account, store: Store
) -> None:
    store.faults.order({"network": "twitter", "operation": "publish", "delay_ms": 400})
    start = time.time()
    x.commit(alice, item("Late answer"), {})
    assert time.time() - start >= 0.4
    assert next(store.posts.newest()).at - start < 0.3


def test_a_server_that_is_not_there_was_told_nothing(
    server: BaseWSGIServer, x: X, alice: Account
) -> None:
    gone = Config(networks=x.config.networks)
    with httpx.Client(timeout=2.0) as client:
        away = X(client, gone)
        away.settings = type(x.settings)("id", "", "http://127.0.0.1:9", "")
        with pytest.raises(NetworkError) as told:
            away.commit(alice, item("Nobody hears"), {})
    assert (told.value.category, told.value.effect) == (Category.NETWORK_ERROR, Effect.NONE)


def test_too_late_to_begin_is_not_sent(x: X, alice: Account, store: Store) -> None:
    with pytest.raises(NetworkError) as told, egress.bounded(5.0, first_byte_within=0.05):
        time.sleep(0.1)
        x.commit(alice, item("Too late"), {})
    assert told.value.effect is Effect.NONE
    assert list(store.posts.newest()) == []
