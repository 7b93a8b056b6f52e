"""Schemathesis over the OpenAPI document: what it says is tried, and what it forbids.

The default suite walks a small, derandomized number of cases for each operation. A long run:
``make test ARGS="tests/api/test_schemathesis.py" FUZZ=300``.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from uuid import UUID

import httpx2 as httpx
import hypothesis
import pytest
import schemathesis
from flask import Flask
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core import NotSet
from schemathesis.generation.hypothesis.builder import (
    HypothesisTestConfig,
    HypothesisTestMode,
    create_test,
)

from app import egress
from app.extensions import db, networks
from app.sandbox.store import Store
from tests.api.seeded import Seeded
from tests.databases import Databases
from tests.playing import played

# Cases for each operation; with ``FUZZ`` so many, at random, and every phase of Schemathesis.
LONG = int(os.environ.get("FUZZ", "0"))
CASES = LONG or 4
PARTS = 4
MODES = [HypothesisTestMode.EXAMPLES, HypothesisTestMode.FUZZING]
if LONG:
    MODES.append(HypothesisTestMode.COVERAGE)
METHODS = ("DELETE", "PATCH", "PUT", "POST", "GET", "TRACE", "QUERY")
# A request as the document describes it may still name what is not there, or break a rule that
# no schema can tell (a network that is not connected): any refusal that is documented is right.
REFUSED = ["2xx", "400", "401", "402", "403", "404", "409", "413", "415", "429", "502"]
CONFIG = {
    "seed": 20261122,
    "checks": {
        "positive_data_acceptance": {"expected-statuses": REFUSED},
        # A text that is too long may make the whole body too large.
        "negative_data_rejection": {"expected-statuses": [*REFUSED[1:], "405"]},
    },
    "phases": {"coverage": {"enabled": bool(LONG)}, "examples": {"enabled": True}},
}


class Door:
    """The application as a server calls it: each request in a context of its own."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        db.session.rollback()
        with self.app.app_context():
            return self.app(environ, start_response)


@pytest.fixture
def installed(
    make_app: Callable[..., Flask], databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Seeded]:
    """An installation with people, keys, accounts, posts and files; the sandbox beside it."""

    def nowhere(host: str, port: int, seconds: float) -> list[str]:
        raise OSError(f"{host} has no address")

    monkeypatch.setattr(egress, "resolve", nowhere)  # whatever address a case makes up
    app = make_app(
        PUBLISH_WAIT_SECONDS=0, API_REQUESTS_PER_HOUR=10**9, API_POSTS_PER_HOUR=10**9,
        API_UPLOADS_PER_HOUR=10**9, API_CONNECTS_PER_HOUR=10**9,
    )  # fmt: skip
    with app.app_context():
        networks.reset()
        networks.transport = httpx.WSGITransport(app=played(Store()))
        found = Seeded(app, databases)
        found.plant()
        yield found
        networks.transport = None
        networks.reset()


@pytest.fixture
def described(installed: Seeded) -> Any:
    """The document as Schemathesis reads it."""
    load_all_checks()
    return schemathesis.openapi.from_wsgi(
        "/api/v1/openapi.json", Door(installed.app), config=SchemathesisConfig.from_dict(CONFIG)
    )


def knock(case: schemathesis.Case, installed: Seeded) -> None:
    """One case: with ids that exist, and one key or the other; every check of Schemathesis."""
    chance = zlib.crc32(repr((case.path_parameters, case.query, case.body)).encode())
    case.path_parameters = real(case.path_parameters, installed.ids, chance)
    case.body = real(case.body, installed.ids, chance)
    key = installed.keys[chance % len(installed.keys)]
    # Schemathesis counts a body left out among the bad ones; where it may be, it is none.
    sent = bool(case.body) and not isinstance(case.body, NotSet)
    spared = [] if sent or not case.operation.body else [CHECKS.get_one("negative_data_rejection")]
    case.call_and_validate(headers={"X-API-Key": key}, excluded_checks=spared)


def real(given: Any, ids: list[UUID], chance: int) -> Any:
    """The same with ids of the installation, of any kind, in place of most that are made up."""
    if isinstance(given, dict):
        return {name: real(value, ids, chance // 3) for name, value in given.items()}
    if isinstance(given, list):
        return [real(value, ids, chance // 5) for value in given]
    if isinstance(given, str) and len(given) == 36 and chance % 4:
        try:
            UUID(given)
        except ValueError:
            return given
        return str(ids[chance % len(ids)])
    return given


SETTINGS = hypothesis.settings(
    max_examples=CASES, derandomize=not LONG, deadline=None, database=None,
    suppress_health_check=list(hypothesis.HealthCheck), verbosity=hypothesis.Verbosity.quiet,
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
)  # fmt: skip


@pytest.mark.parametrize("part", range(PARTS))
def test_the_document_is_kept(described: Any, installed: Seeded, part: int) -> None:
    """Every operation in one of the parts, which can run beside one another."""
    faults: list[str] = []
    for found in described.get_all_operations():
        operation = found.ok()
        if zlib.crc32(operation.label.encode()) % PARTS == part:
            faults += tried(operation, installed)
    assert not faults, "\n\n".join(faults)


def tried(operation: Any, installed: Seeded) -> list[str]:
    """What an operation did that the document does not say."""

    def test(case: schemathesis.Case) -> None:
        knock(case, installed)

    config = HypothesisTestConfig(
        project=operation.schema.config, modes=MODES, settings=SETTINGS, explicit_settings=SETTINGS
    )
    if installed.touched:
        installed.again()
    installed.touched = operation.method.upper() != "GET"
    try:
        create_test(operation=operation, test_func=test, config=config)()
    except Exception as error:  # a Failure of its own, a group of them, or what our views raised
        return [f"{operation.label}: {type(error).__name__}: {error}"]
    return []
