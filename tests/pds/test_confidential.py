"""With an https address and a key of our own, the server checks who we are by itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app import egress
from app.config import Config
from app.networks.base import Category, NetworkError
from app.networks.bluesky import Bluesky
from app.networks.bluesky_dpop import new_key
from app.networks.bluesky_oauth import CALLBACK, DOCUMENT, KEYS, client_metadata, jwks
from tests.pds.client_site import Site
from tests.pds.server import Pds


@pytest.fixture
def site(certified: Path) -> Iterator[Site]:
    made = Site(certified)
    yield made
    made.close()


@pytest.fixture
def config(site: Site, pds: Pds, tmp_path: Path) -> Config:
    """An installation at a public address; the site serves what its pages would."""
    config = Config.from_env(
        {
            "INSTANCE_DIR": str(tmp_path),
            "APP_URL": site.url,
            "BLUESKY_API_URL": pds.url,
            "BLUESKY_CLIENT_KEY": new_key(),
            "PLC_URL": pds.plc,
        }
    )
    site.pages[DOCUMENT] = json.loads(json.dumps(client_metadata(config)))
    site.pages[KEYS] = json.loads(json.dumps(jwks(config)))
    return config


def test_a_confidential_client_signs_in_refreshes_and_revokes(
    config: Config, pds: Pds, consent: Callable[..., dict[str, str]]
) -> None:
    callback = config.APP_URL + CALLBACK
    with egress.client(config, guarded=True) as http:
        bluesky = Bluesky(http, config)
        app = bluesky.register("", callback)
        assert app.client_id == config.APP_URL + DOCUMENT
        asked = bluesky.authorize(
            app, server="", hint="bob.test", redirect_uri=callback, state="s" * 43
        )
        answer = consent(asked.url, "bob.test", callback=callback)
        tokens = bluesky.exchange(app, asked.keep, answer, callback)
        fresh = bluesky.refresh(app, tokens, "")
        assert bluesky.identities(fresh, "")[0].external_id == pds.accounts["bob.test"]["did"]
        bluesky.revoke(app, fresh, "")
        with pytest.raises(NetworkError) as ended:
            bluesky.refresh(app, fresh, "")
    assert ended.value.category is Category.AUTH_ERROR


def test_another_key_is_not_us(config: Config) -> None:
    forged = replace(config, BLUESKY_CLIENT_KEY=new_key())
    callback = config.APP_URL + CALLBACK
    with egress.client(forged, guarded=True) as http:
        bluesky = Bluesky(http, forged)
        with pytest.raises(NetworkError) as refused:
            bluesky.authorize(
                bluesky.register("", callback),
                server="", hint="bob.test", redirect_uri=callback, state="s" * 43,
            )  # fmt: skip
    assert refused.value.code == "invalid_client"
