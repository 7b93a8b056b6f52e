"""A real Bluesky server for whoever wants to be judged by one nobody here wrote.

Opt-in: ``make test-pds`` (``pytest tests/pds``). Skipped, with the reason printed, where
Node.js, npm's registry or a Chromium is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2 as httpx
import pytest
from playwright.sync_api import Browser

from app import egress
from app.config import Config
from app.networks.base import Account, AppKeys, Tokens
from app.networks.bluesky import Bluesky
from tests.pds.client_site import HOST, certificate
from tests.pds.consent import decide
from tests.pds.server import Pds, Unavailable, start

APP_URL = "http://127.0.0.1:8123"
CALLBACK = f"{APP_URL}/oauth/bluesky/callback"


@pytest.fixture(scope="session")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of an https site of ours, which the server trusts."""
    return certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="session")
def pds(certified: Path) -> Iterator[Pds]:
    """The server, with the accounts ``alice.test`` and ``bob.test``: their passwords are
    ``alice-password`` and ``bob-password``."""
    try:
        accounts = {f"{name}.test": f"{name}-password" for name in ("alice", "bob")}
        running = start(accounts, client_host=HOST, authority=str(certified))
    except Unavailable as error:
        pytest.skip(f"No real Bluesky server here: {error}")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def config(pds: Pds, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """An installation whose operator named that server; its other networks are played."""
    return Config.from_env(
        {
            "INSTANCE_DIR": str(tmp_path_factory.mktemp("instance")),
            "APP_URL": APP_URL,
            "BLUESKY_API_URL": pds.url,
            "PLC_URL": pds.plc,
        }
    )


@pytest.fixture(scope="session")
def http(config: Config) -> Iterator[httpx.Client]:
    """The guarded client, as in the product."""
    with egress.client(config, guarded=True) as client:
        yield client


@pytest.fixture(scope="session")
def bluesky(http: httpx.Client, config: Config) -> Bluesky:
    return Bluesky(http, config)


@pytest.fixture(scope="session")
def consent(browser: Browser, pds: Pds) -> Callable[..., dict[str, str]]:
    """Walks a person through the server's own consent page; the query they come back with."""

    def walk(
        url: str, handle: str, *, allow: bool = True, callback: str = CALLBACK
    ) -> dict[str, str]:
        page = browser.new_context().new_page()
        page.goto(url)
        # Nobody listens at the callback: that the browser is sent there is what counts.
        with page.expect_request(lambda asked: asked.url.startswith(callback)) as back:
            decide(page, pds.accounts[handle]["password"], allow=allow)
        answer = dict(httpx.URL(back.value.url).params)
        page.context.close()
        return answer

    return walk


def account_of(bluesky: Bluesky, tokens: Tokens, app: AppKeys) -> Account:
    """The connected account, as the product would keep it."""
    who = bluesky.identities(tokens, bluesky.entry)[0]
    return Account(who.external_id, who.handle, tokens, who.server, app, who.extras)


@pytest.fixture(scope="session")
def by_password(bluesky: Bluesky) -> Account:
    """alice, connected with a password."""
    return account_of(bluesky, bluesky.login("", "alice.test", "alice-password"), AppKeys(""))


@pytest.fixture(scope="session")
def by_oauth(bluesky: Bluesky, consent: Callable[..., dict[str, str]]) -> Account:
    """bob, connected through the server's consent page."""
    app = bluesky.register("", CALLBACK)
    asked = bluesky.authorize(
        app, server="", hint="bob.test", redirect_uri=CALLBACK, state="a-state-of-ours"
    )
    answer = consent(asked.url, "bob.test")
    assert answer["state"] == "a-state-of-ours"
    return account_of(bluesky, bluesky.exchange(app, asked.keep, answer, CALLBACK), app)
