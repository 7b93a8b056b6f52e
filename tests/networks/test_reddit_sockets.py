"""A Reddit that hangs, drips and resets on a real socket: deadlines, and what is known."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.serving import BaseWSGIServer

from app import egress
from app.config import Config
from app.networks.base import Category, Effect, NetworkError, Verdict
from app.networks.reddit import Reddit
from app.sandbox import line
from app.sandbox.store import Store
from tests.networks.reddit_helpers import (
    appears,
    ask,
    item,
    order,
    person,
    picture,
    played,
    prepared,
    sandbox,
    store,
)

__all__ = ["played", "sandbox", "store"]


@pytest.fixture
def reddit(server: BaseWSGIServer, socket_config: Config) -> Iterator[Reddit]:
    with egress.client(socket_config, guarded=False) as client:
        yield Reddit(client, socket_config)
    line.closing.set()  # wake whatever still hangs
    time.sleep(0.05)
    line.closing.clear()


@pytest.mark.parametrize(
    ("fault", "effect", "posted"),
    [
        ("timeout", Effect.UNKNOWN, 0),
        ("hang_after_accept", Effect.UNKNOWN, 1),
        ("reset_after_accept", Effect.UNKNOWN, 1),
        ("half_answer", Effect.DONE, 1),
    ],
)
def test_no_trouble_outlives_the_deadline_and_the_list_tells_what_happened(
    reddit: Reddit, store: Store, fault: str, effect: Effect, posted: int
) -> None:
    alice, one = person(reddit), item(f"Trouble: {fault}")
    order(store, "publish", fault)
    start = time.monotonic()
    with pytest.raises(NetworkError) as told, egress.bounded(0.5):
        reddit.commit(alice, one, {})
    assert time.monotonic() - start < 1.5
    assert told.value.effect is effect
    verdict = Verdict.PUBLISHED if posted else Verdict.ABSENT
    assert ask(reddit, alice, one).verdict is verdict


def test_a_picture_goes_up_and_comes_out_over_a_socket(
    reddit: Reddit, store: Store, tmp_path: Path
) -> None:
    alice, one = person(reddit), item("Look", picture(tmp_path))
    order(store, "upload", "reset")
    with pytest.raises(NetworkError) as told:
        prepared(reddit, alice, one)
    assert told.value.category is Category.NETWORK_ERROR and told.value.retryable
    resume = prepared(reddit, alice, one)
    order(store, "publish", "hang_after_accept")
    with pytest.raises(NetworkError), egress.bounded(0.5):
        reddit.commit(alice, one, resume)
    assert appears(reddit, alice, one).url
