"""The credential doctor: what it thinks of settings, and what the networks say of the keys."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import time_machine
from flask import Flask

from app import prescriptions
from app.config import Config, NetworkSettings
from app.errors import NotFound
from app.extensions import networks
from app.models.accounts import AccountStatus
from app.networks import NETWORKS
from app.sandbox.store import Store
from app.services import doctor
from tests.factories import make_account, make_profile
from tests.playing import order, sandbox  # noqa: F401

HEX = "0123456789abcdef" * 2
SECRET = "a-very-secret-value"
WITH_KEYS = sorted(set(NETWORKS) - {"bluesky"})


def given(app: Flask, monkeypatch: pytest.MonkeyPatch, name: str, **changes: Any) -> Config:
    """The installation with these settings of one network."""
    config: Config = app.config["CARILLON"]
    own = replace(config.network(name), sandbox=False, **changes)
    changed = replace(config, networks={**config.networks, name: own})
    monkeypatch.setitem(app.config, "CARILLON", changed)
    monkeypatch.setattr(networks, "config", changed)
    networks.reset()
    return changed


@pytest.mark.parametrize(
    ("name", "kind", "value", "word"),
    [
        ("twitter", "id", "undefined", "“undefined”"),
        ("twitter", "secret", "null", "“null”"),
        ("twitter", "id", '"M2k4TnpQ"', "quotation mark"),
        ("twitter", "id", "’M2k4TnpQ", "quotation mark"),
        ("twitter", "secret", "abc defghi", "space"),
        ("tiktok", "id", "your_client_id", "example"),
        ("tiktok", "id", "YOUR-APP-KEY", "example"),
        ("reddit", "secret", "<secret>", "example"),
        ("linkedin", "id", "xxxxxxxxxxxx", "example"),
        ("linkedin", "secret", "LINKEDIN_CLIENT_SECRET", "example"),
        ("facebook", "id", "my-app", "number"),
        ("facebook", "secret", "short", "32 characters"),
        ("youtube", "id", "1234-abcd", "apps.googleusercontent.com"),
        ("pinterest", "id", "abc", "number"),
        ("reddit", "id", "abc", "too short"),
        ("twitter", "id", "dGhpcyBpcyBhIGNsaWVudCBpZA", ""),
        ("facebook", "id", "1234567890123456", ""),
        ("facebook", "secret", HEX, ""),
        ("youtube", "id", "1234567890-abc.apps.googleusercontent.com", ""),
        ("linkedin", "id", "78abcd1234efgh", ""),
        ("linkedin", "secret", "WPL_AP1.abcDEF123==", ""),
        ("tiktok", "id", "awq2x8k1m4n5b6v7", ""),
    ],
)
def test_what_cannot_be_a_key_is_told_from_what_can(
    name: str, kind: str, value: str, word: str
) -> None:
    told = doctor.judged(name, kind, value)
    assert word in told and bool(told) == bool(word)
    assert value not in told or value in ("undefined", "null")  # a value is never repeated


def test_fields_are_judged_as_they_are_set(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    given(app, monkeypatch, "linkedin", client_id="", client_secret="")
    found = doctor.network("linkedin")
    assert [one.verdict for one in found.fields] == ["missing", "missing"]
    assert found.state == "off"
    same = "78abcd1234efgh"
    given(app, monkeypatch, "linkedin", client_id=same, client_secret=same)
    assert [one.verdict for one in doctor.network("linkedin").fields] == ["ok", "bad"]
    given(app, monkeypatch, "mastodon", client_id="", client_secret="")
    assert doctor.network("mastodon").state == "ready"
    given(app, monkeypatch, "twitter", client_id="dGhpcyBpcyBhIGNsaWVudA", client_secret="",
          api_url="http://api.example")  # fmt: skip
    found = doctor.network("twitter")
    assert [one.verdict for one in found.fields] == ["ok", "optional", "bad"]
    assert found.state == "bad"


@pytest.mark.parametrize("name", WITH_KEYS)
def test_every_network_tells_whether_it_knows_the_keys(
    app: Flask,
    sandbox: Store,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    assert doctor.ask(name).verdict == "works"
    transport = networks.transport
    for changed in ({"client_id": "nobody-0123456789"}, {"client_secret": "no-0123456789"}):
        config: Config = app.config["CARILLON"]
        own = replace(config.network(name), **changed)
        with monkeypatch.context() as patch:
            wrong = replace(config, networks={**config.networks, name: own})
            patch.setitem(app.config, "CARILLON", wrong)
            patch.setattr(networks, "config", wrong)
            networks.reset()
            networks.transport = transport
            told = doctor.ask(name)
            assert told.verdict == "refused", (changed, told)
        networks.reset()


def test_a_network_that_is_away_is_no_verdict_on_the_keys(
    app: Flask,
    sandbox: Store,  # noqa: F811
) -> None:
    order(sandbox, network="linkedin", operation="token", fault="http_500", times=3)
    assert doctor.ask("linkedin").verdict == "unclear"


def test_what_cannot_be_right_is_not_sent_anywhere(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert doctor.ask("bluesky").verdict == "skipped"
    given(app, monkeypatch, "reddit", client_id="undefined", client_secret=SECRET)
    assert doctor.ask("reddit") == doctor.Call("skipped", "Not asked: mend the settings first.")
    given(app, monkeypatch, "reddit", client_id="", client_secret="")
    assert doctor.ask("reddit").verdict == "skipped"


def test_accounts_show_what_they_were_given(app: Flask) -> None:
    brand = make_profile()
    make_account(brand, "twitter", "all", scopes=list(doctor.network("twitter").asked))
    make_account(brand, "twitter", "half", scopes=["tweet.read"])
    make_account(make_profile(), "twitter", "quiet", status=AccountStatus.NEEDS_RECONNECT)
    make_account(brand, "twitter", "gone", status=AccountStatus.DISCONNECTED)
    found = {one.handle: one for one in doctor.network("twitter").granted}
    assert set(found) == {"all", "half", "quiet"}
    assert (found["all"].missing, found["half"].stuck) == ((), True)
    assert not found["quiet"].told and not found["quiet"].usable


def test_modes_follow_the_settings(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [fine for _, fine in doctor.network("tiktok").modes] == [False]
    audited = replace(app.config["CARILLON"], TIKTOK_AUDITED=True)
    monkeypatch.setitem(app.config, "CARILLON", audited)
    assert [fine for _, fine in doctor.network("tiktok").modes] == [True]


def test_an_unreachable_installation_is_said_where_files_are_fetched(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(app, monkeypatch, "threads", client_id="1234567890123456", client_secret=HEX)
    assert "own network" in doctor.network("threads").reach
    given(app, monkeypatch, "facebook", client_id="1234567890123456", client_secret=HEX)
    assert doctor.network("facebook").reach == ""


def test_a_network_we_do_not_speak_is_not_found(app: Flask) -> None:
    with pytest.raises(NotFound, match="There are: bluesky"):
        doctor.network("myspace")


def test_settings_are_told_without_their_values(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(app, monkeypatch, "reddit", client_id=SECRET + "-id", client_secret=SECRET)
    assert SECRET not in repr(doctor.network("reddit"))
    assert NetworkSettings().client_secret == ""


@pytest.mark.parametrize(
    ("version", "fine", "word"),
    [
        ("202605", True, "202605"), ("202602", True, "202602"), ("202601", False, "10 months old"),
        ("202508", False, "15 months old"), ("202613", False, "a year and a month"),
        ("latest", False, "a year and a month"),
    ],
)  # fmt: skip
def test_an_old_version_of_linkedins_api_is_warned_about(
    app: Flask, monkeypatch: pytest.MonkeyPatch, version: str, fine: bool, word: str
) -> None:
    found = replace(app.config["CARILLON"], LINKEDIN_API_VERSION=version)
    monkeypatch.setitem(app.config, "CARILLON", found)
    with time_machine.travel("2026-11-22T12:00:00Z"):
        linkedin = doctor.network("linkedin")
        said: list[str] = []
        prescriptions.installation(said.append)
    assert linkedin.modes[-1][1] is fine and word in linkedin.modes[-1][0]
    assert bool(linkedin.warning) is not fine
    [line] = [one for one in said if one.startswith("linkedin")]
    assert (word in line) is not fine
