"""Connecting a Threads profile: consent, the two tokens, renewal, the profile."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx2 as httpx
import pytest

from app.clock import now
from app.config import Config
from app.networks.base import AppKeys, Category, NetworkError, Tokens
from app.networks.threads import Threads
from app.networks.threads_about import ABOUT, SCOPES
from app.sandbox.store import Store
from tests.networks.threads_helpers import BACK, client, consent, item, person, publish


@pytest.fixture
def threads(http: httpx.Client, config: Config, store: Store) -> Threads:
    return client(http, config, store)


def connect(threads: Threads, http: httpx.Client, handle: str = "carol") -> tuple[AppKeys, Tokens]:
    app = threads.register("", BACK)
    asked = threads.authorize(app, server="", hint="", redirect_uri=BACK, state="state")
    answer = consent(http, asked.url, handle)
    assert answer["state"] == "state" and answer["code"].endswith("#_")
    return app, threads.exchange(app, asked.keep, answer, BACK)


def age(store: Store, tokens: Tokens, days: float) -> Tokens:
    """The same token, as if it had been given so many days ago."""
    back = timedelta(days=days)
    grant = store.grants.find("threads", "access", tokens.access)
    assert grant is not None and tokens.expires_at is not None
    grant.expires -= back.total_seconds()
    grant.extras["at"] -= back.total_seconds()
    more = {n: (datetime.fromisoformat(t) - back).isoformat() for n, t in tokens.more.items()}
    return Tokens(tokens.access, tokens.refresh, tokens.expires_at - back, (), more)


def test_a_consent_gives_a_token_of_sixty_days_that_is_renewed_from_the_thirtieth(
    threads: Threads, http: httpx.Client
) -> None:
    _, tokens = connect(threads, http)
    assert tokens.refresh and tokens.expires_at is not None
    assert abs(tokens.expires_at - now() - timedelta(days=30)) < timedelta(minutes=1)
    ends = datetime.fromisoformat(tokens.more["ends"])
    assert abs(ends - now() - timedelta(days=60)) < timedelta(minutes=1)
    (carol,) = threads.identities(tokens, "")
    assert (carol.handle, carol.name, carol.kind) == ("carol", "Carol", "account")
    assert carol.external_id.isdigit() and carol.url.endswith("/threads/@carol")
    account = person(threads, "carol")
    assert publish(threads, account, item("With all permissions")).url


def test_every_permission_is_asked_for(threads: Threads, http: httpx.Client) -> None:
    app = threads.register("", BACK)
    url = threads.authorize(app, server="", hint="", redirect_uri=BACK, state="s").url
    page = http.get(url).text
    assert all(scope in page for scope in SCOPES) and ABOUT.scopes == SCOPES


def test_saying_no_connects_nothing(threads: Threads, http: httpx.Client) -> None:
    app = threads.register("", BACK)
    asked = threads.authorize(app, server="", hint="", redirect_uri=BACK, state="s")
    answer = consent(http, asked.url, "carol", decision="refuse")
    with pytest.raises(NetworkError) as told:
        threads.exchange(app, {}, answer, BACK)
    assert told.value.message == "You did not allow access, so nothing was connected."


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"code": "invented"}, "ended or was taken back"),
        ({"redirect_uri": BACK + "x"}, "ended or was taken back"),
        ({"secret": "wrong"}, "app keys"),
    ],
)
def test_a_code_is_for_who_asked_for_it(
    threads: Threads, http: httpx.Client, change: Mapping[str, str], words: str
) -> None:
    app = threads.register("", BACK)
    asked = threads.authorize(app, server="", hint="", redirect_uri=BACK, state="s")
    answer = consent(http, asked.url, "carol") | (
        {"code": change["code"]} if "code" in change else {}
    )
    keys = AppKeys(app.client_id, change.get("secret", app.client_secret))
    with pytest.raises(NetworkError) as told:
        threads.exchange(keys, {}, answer, change.get("redirect_uri", BACK))
    assert told.value.category is Category.AUTH_ERROR and words in told.value.message
    assert app.client_secret not in f"{told.value} {told.value.raw}"


def test_the_token_renews_itself(threads: Threads, http: httpx.Client, store: Store) -> None:
    app, tokens = connect(threads, http)
    fresh = threads.refresh(app, age(store, tokens, 31), "")
    assert fresh.access != tokens.access
    assert threads.identities(fresh, "")[0].handle == "carol"


@pytest.mark.parametrize(("days", "code"), [(0.5, "too_young"), (61, "no_refresh")])
def test_on_the_first_day_and_after_the_last_it_cannot(
    threads: Threads, http: httpx.Client, store: Store, days: float, code: str
) -> None:
    app, tokens = connect(threads, http)
    with pytest.raises(NetworkError) as told:
        threads.refresh(app, age(store, tokens, days), "")
    assert (told.value.category, told.value.code) == (Category.AUTH_ERROR, code)


@pytest.mark.parametrize("fault", ["http_500", "http_429", "invalid_json", "timeout"])
def test_trouble_at_a_renewal_costs_time_and_not_the_account(
    threads: Threads, http: httpx.Client, store: Store, fault: str
) -> None:
    app, tokens = connect(threads, http)
    old = age(store, tokens, 31)
    store.faults.order({"network": "threads", "operation": "token", "fault": fault, "delay_ms": 1})
    again = threads.refresh(app, old, "")
    assert again.access == old.access and again.more == old.more
    assert again.expires_at is not None and again.expires_at > now()


def test_a_renewal_that_is_refused_ends_the_connection(
    threads: Threads, http: httpx.Client, store: Store
) -> None:
    app, tokens = connect(threads, http)
    store.faults.order({"network": "threads", "operation": "token", "fault": "revoked"})
    with pytest.raises(NetworkError) as told:
        threads.refresh(app, age(store, tokens, 31), "")
    assert told.value.category is Category.AUTH_ERROR and not told.value.retryable


def test_pasted_tokens_are_not_renewed_and_revoking_asks_nobody(threads: Threads) -> None:
    pasted = Tokens("sandbox-alice")
    with pytest.raises(NetworkError):
        threads.refresh(AppKeys(""), pasted, "")
    threads.revoke(AppKeys(""), pasted, "")
    assert threads.identities(pasted, "")[0].handle == "alice"


def test_without_an_app_its_operator_is_told(http: httpx.Client, tmp_path: Any) -> None:
    env = {"INSTANCE_DIR": str(tmp_path), "THREADS_CLIENT_ID": "12"}
    with pytest.raises(NetworkError) as told:
        Threads(http, Config.from_env(env)).register("", BACK)
    assert told.value.code == "not_configured" and "THREADS_CLIENT_ID" in told.value.message


def test_a_password_is_no_way_in(threads: Threads) -> None:
    with pytest.raises(NetworkError):
        threads.login("", "carol", "secret")
    assert threads.ways == ("oauth", "token")
