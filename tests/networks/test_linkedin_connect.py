"""Connecting LinkedIn: consent, code, refresh where there is one, members and pages."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2 as httpx
import pytest
import time_machine

from app.clock import now
from app.config import Config, NetworkSettings
from app.networks.base import AppKeys, Category, NetworkError, Tokens
from app.networks.linkedin import LinkedIn
from app.networks.linkedin_people import ASKED_ORGANIZATION_SCOPES, MEMBER_SCOPES
from app.sandbox.store import Store
from tests.networks.linkedin_helpers import BACK, settings
from tests.networks.x_helpers import consent as walk


def consent(http: httpx.Client, url: str, handle: str, decision: str = "allow") -> dict[str, str]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tests.networks.x_helpers.BACK", BACK)
        return walk(http, url, handle, decision)


def app(config: Config, word: str, **changes: Any) -> Config:
    """The configuration of another app registered in the sandbox."""
    at = config.network("linkedin")
    name = f"sandbox-linkedin-{word}"
    own = NetworkSettings(name, f"{name}-secret", at.api_url, at.auth_url, at.token_url)
    return replace(config, networks={"linkedin": own}, **changes)


def connect(
    linkedin: LinkedIn, http: httpx.Client, handle: str = "alice"
) -> tuple[AppKeys, Tokens]:
    keys = linkedin.register("", BACK)
    begun = linkedin.authorize(keys, server="", hint="", redirect_uri=BACK, state="s" * 43)
    answer = consent(http, begun.url, handle)
    assert answer["state"] == "s" * 43
    return keys, linkedin.exchange(keys, begun.keep, answer, BACK)


def test_a_member_connects_for_sixty_days_without_a_refresh_token(
    http: httpx.Client, config: Config
) -> None:
    linkedin = LinkedIn(http, config)
    keys, tokens = connect(linkedin, http)
    assert tokens.refresh == "" and set(tokens.scopes) == set(MEMBER_SCOPES)
    assert tokens.expires_at is not None
    assert timedelta(days=59) < tokens.expires_at - now() <= timedelta(days=60)
    (me,) = linkedin.identities(tokens, "")
    assert me.external_id.startswith("urn:li:person:") and me.kind == "member"
    assert (me.handle, me.name) == ("Alice", "Alice") and me.avatar_url.endswith("/alice.png")
    with pytest.raises(NetworkError, match="after 60 days") as told:
        linkedin.refresh(keys, tokens, "")
    assert (told.value.category, told.value.retryable) == (Category.AUTH_ERROR, False)
    with time_machine.travel(now() + timedelta(days=60, seconds=1)):
        with pytest.raises(NetworkError) as told:
            linkedin.identities(tokens, "")
        assert told.value.expired and told.value.code == "EXPIRED_ACCESS_TOKEN"


def test_pages_come_behind_the_member_where_the_operator_says_so(
    http: httpx.Client, config: Config, store: Store
) -> None:
    store.accounts.get("linkedin", "alice").extras["organizations"] = [
        {"handle": "acme", "role": "ADMINISTRATOR"},
        {"handle": "writers", "role": "CONTENT_ADMINISTRATOR"},
        {"handle": "numbers", "role": "ANALYST"},
        {"handle": "asked", "role": "ADMINISTRATOR", "state": "REQUESTED"},
    ]
    linkedin = LinkedIn(http, settings(config, LINKEDIN_ORGANIZATIONS=True))
    _, tokens = connect(linkedin, http)
    assert set(tokens.scopes) == {*MEMBER_SCOPES, *ASKED_ORGANIZATION_SCOPES}
    me, *pages = linkedin.identities(tokens, "")
    assert [(p.handle, p.name, bool(p.note)) for p in pages] == [
        ("acme", "Acme", False), ("writers", "Writers", False), ("numbers", "Numbers", True),
    ]  # fmt: skip
    assert all(p.external_id.startswith("urn:li:organization:") for p in pages)
    assert all(p.kind == "organization" and p.tokens is None for p in pages)
    assert pages[0].url.endswith("/company/acme/") and "analyst" in pages[2].note
    assert linkedin.capabilities(pages[0].extras).metrics
    assert not any(o.name == "visibility" for o in linkedin.capabilities(pages[0].extras).options)
    assert any(o.name == "visibility" for o in linkedin.capabilities(me.extras).options)


def test_many_pages_are_read_page_by_page(http: httpx.Client, config: Config, store: Store) -> None:
    store.accounts.get("linkedin", "alice").extras["organizations"] = [
        {"handle": f"shop{n}", "role": "ADMINISTRATOR"} for n in range(130)
    ]
    linkedin = LinkedIn(http, settings(config, LINKEDIN_ORGANIZATIONS=True))
    found = linkedin.identities(Tokens("sandbox-alice"), "")
    assert len(found) == 131 and found[130].name == "Shop129"


def test_an_app_without_the_product_is_the_operators_matter(
    http: httpx.Client, config: Config
) -> None:
    linkedin = LinkedIn(http, app(config, "selfserve", LINKEDIN_ORGANIZATIONS=True))
    keys = linkedin.register("", BACK)
    url = linkedin.authorize(keys, server="", hint="", redirect_uri=BACK, state="s").url
    sent = http.get(url)
    assert sent.status_code == 302
    answer = dict(httpx.URL(sent.headers["location"]).params)
    with pytest.raises(NetworkError, match="LINKEDIN_ORGANIZATIONS") as told:
        linkedin.exchange(keys, {}, answer, BACK)
    assert (told.value.category, told.value.code) == (
        Category.VALIDATION, "unauthorized_scope_error",
    )  # fmt: skip
    connect(LinkedIn(http, app(config, "selfserve")), http)


def test_refusing_is_said_plainly(http: httpx.Client, config: Config) -> None:
    linkedin = LinkedIn(http, config)
    keys = linkedin.register("", BACK)
    url = linkedin.authorize(keys, server="", hint="", redirect_uri=BACK, state="s").url
    answer = consent(http, url, "alice", decision="refuse")
    assert answer["error"] == "user_cancelled_authorize"
    with pytest.raises(NetworkError, match="did not allow"):
        linkedin.exchange(keys, {}, answer, BACK)


def test_a_code_is_good_once_for_its_own_address(http: httpx.Client, config: Config) -> None:
    linkedin = LinkedIn(http, config)
    keys = linkedin.register("", BACK)
    for spoiled in (BACK + "x", BACK):
        url = linkedin.authorize(keys, server="", hint="", redirect_uri=BACK, state="s").url
        answer = consent(http, url, "alice")
        if spoiled == BACK:
            linkedin.exchange(keys, {}, answer, BACK)
        with pytest.raises(NetworkError) as told:
            linkedin.exchange(keys, {}, answer, spoiled)
        assert told.value.category is Category.AUTH_ERROR


def test_a_partners_token_is_refreshed_within_the_year(http: httpx.Client, config: Config) -> None:
    linkedin = LinkedIn(http, app(config, "partner"))
    keys, first = connect(linkedin, http)
    assert first.refresh
    with time_machine.travel(now() + timedelta(days=300)):
        second = linkedin.refresh(keys, first, "")
        assert second.access != first.access and second.refresh == first.refresh
        assert second.scopes == first.scopes
        assert linkedin.identities(second, "")[0].name == "Alice"
    with time_machine.travel(now() + timedelta(days=366)):
        with pytest.raises(NetworkError) as told:
            linkedin.refresh(keys, second, "")
        assert (told.value.code, told.value.retryable) == ("invalid_grant", False)


def test_revoking_ends_the_token_and_may_be_repeated(http: httpx.Client, config: Config) -> None:
    linkedin = LinkedIn(http, config)
    keys, tokens = connect(linkedin, http)
    linkedin.revoke(keys, tokens, "")
    linkedin.revoke(keys, tokens, "")
    linkedin.revoke(AppKeys(""), tokens, "")
    with pytest.raises(NetworkError) as told:
        linkedin.identities(tokens, "")
    assert told.value.code == "REVOKED_ACCESS_TOKEN"


def test_wrong_keys_and_missing_keys_are_the_operators(http: httpx.Client, config: Config) -> None:
    partner = LinkedIn(http, app(config, "partner"))
    keys, tokens = connect(partner, http)
    with pytest.raises(NetworkError, match="operator"):
        partner.refresh(AppKeys(keys.client_id, "wrong"), tokens, "")
    with pytest.raises(NetworkError, match="LINKEDIN_CLIENT_ID") as told:
        LinkedIn(http, Config(networks={})).register("", BACK)
    assert told.value.code == "not_configured"
    with pytest.raises(NetworkError):
        partner.login("", "alice", "secret")


def test_a_pasted_tokens_scopes_are_asked_for(
    http: httpx.Client, config: Config, store: Store
) -> None:
    linkedin = LinkedIn(http, settings(config, LINKEDIN_ORGANIZATIONS=True))
    assert len(linkedin.identities(Tokens("sandbox-bob"), "")) == 2
    store.accounts.get("linkedin", "bob").extras["scopes"] = list(MEMBER_SCOPES)
    (me,) = linkedin.identities(Tokens("sandbox-bob"), "")
    assert me.extras["scopes"] == list(MEMBER_SCOPES)
    with pytest.raises(NetworkError) as told:
        linkedin.identities(Tokens("invented"), "")
    assert (told.value.category, told.value.expired) == (Category.AUTH_ERROR, True)
