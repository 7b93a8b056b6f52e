"""Connecting Pages: dialog, code, tokens, who may publish where."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2 as httpx
import pytest
import time_machine

from app.clock import now
from app.config import Config
from app.networks.base import Account, AppKeys, Category, NetworkError, Tokens
from app.networks.facebook import Facebook
from app.sandbox.store import Store
from tests.networks.facebook_helpers import (
    APP,
    BACK,
    connect,
    consent,
    facebook,
    http,
    item,
    page,
    played,
    publish,
    store,
)  # fmt: skip

__all__ = ["facebook", "http", "played", "store"]  # fixtures


def person(store: Store, handle: str, **extras: Any) -> None:
    store.accounts.get("facebook", handle).extras.update(extras)


def test_a_person_connects_and_chooses_among_the_pages(
    facebook: Facebook, http: httpx.Client, store: Store
) -> None:
    person(store, "alice", pages=["bakery", "cafe", "club"])
    person(store, "cafe", tasks=["ANALYZE"], username="")
    person(store, "club", business="owned")
    tokens = connect(facebook, http)
    assert tokens.expires_at is not None and not tokens.refresh
    assert timedelta(days=59) < tokens.expires_at - now() <= timedelta(days=60)
    found = {one.name: one for one in facebook.identities(tokens, "")}
    assert list(found) == ["Bakery", "Cafe", "Club"]
    bakery, cafe = found["Bakery"], found["Cafe"]
    assert (bakery.kind, bakery.handle, bakery.note) == ("page", "bakery", "")
    assert bakery.url.endswith("/facebook/bakery") and "bakery.png" in bakery.avatar_url
    assert cafe.handle == cafe.external_id and "may not create content" in cafe.note
    own = [one.tokens for one in found.values()]
    assert all(own) and len({one.access for one in own if one}) == 3
    assert bakery.tokens is not None and bakery.tokens.expires_at is None
    assert bakery.tokens.refresh == tokens.access
    account = Account(bakery.external_id, "bakery", bakery.tokens)
    assert publish(facebook, account, item("Bread")).external_id.startswith(bakery.external_id)
    assert facebook.identities(bakery.tokens, "")[0].external_id == bakery.external_id


def test_every_page_of_a_long_list_is_found(facebook: Facebook, store: Store) -> None:
    person(store, "alice", pages=[f"shop{n}" for n in range(230)])
    found = facebook.identities(Tokens("sandbox-alice"), "")
    assert len({one.external_id for one in found}) == 230


def test_who_has_no_page_is_told(facebook: Facebook, store: Store) -> None:
    person(store, "alice", pages=[])
    with pytest.raises(NetworkError, match="no Page") as told:
        facebook.identities(Tokens("sandbox-alice"), "")
    assert told.value.code == "no_pages"


def test_a_pages_own_token_may_be_pasted(facebook: Facebook) -> None:
    access = page(facebook).tokens.access
    (found,) = facebook.identities(Tokens(access), "")
    assert (found.handle, found.kind, found.tokens) == ("alice", "page", None)


@pytest.mark.parametrize(
    ("declined", "raises"),
    [("pages_manage_posts", True), ("pages_show_list", True), ("read_insights", False)],
)
def test_unticked_permissions_are_noticed(
    facebook: Facebook, http: httpx.Client, store: Store, declined: str, raises: bool
) -> None:
    person(store, "alice", declined=[declined])
    if raises:
        with pytest.raises(NetworkError, match=declined) as told:
            connect(facebook, http)
        assert (told.value.category, told.value.code) == (Category.AUTH_ERROR, "scope")
        return
    tokens = connect(facebook, http)
    assert declined not in tokens.scopes and "pages_manage_posts" in tokens.scopes


def test_without_the_permission_to_comment_there_is_no_first_comment(
    facebook: Facebook, http: httpx.Client, store: Store
) -> None:
    person(store, "alice", declined=["pages_manage_engagement"])
    (found,) = facebook.identities(connect(facebook, http), "")
    assert facebook.capabilities(found.extras).comment_limit == 0
    assert facebook.capabilities({}).comment_limit == 8000


def test_refusing_is_said_plainly(facebook: Facebook, http: httpx.Client) -> None:
    begun = facebook.authorize(APP, server="", hint="", redirect_uri=BACK, state="s")
    assert "auth_type=rerequest" in begun.url and "code_challenge" not in begun.url
    answer = consent(http, begun.url, "alice", decision="refuse")
    with pytest.raises(NetworkError, match="did not allow"):
        facebook.exchange(APP, begun.keep, answer, BACK)


@pytest.mark.parametrize("spoiled", ["used", "late", "redirect", "secret", "invented"])
def test_a_code_goes_only_to_who_asked_and_only_once(
    facebook: Facebook, http: httpx.Client, spoiled: str
) -> None:
    begun = facebook.authorize(APP, server="", hint="", redirect_uri=BACK, state="s")
    answer = consent(http, begun.url, "alice")
    if spoiled == "used":
        facebook.exchange(APP, begun.keep, answer, BACK)
    later = now() + timedelta(minutes=11 if spoiled == "late" else 0)
    keys = replace(APP, client_secret="wrong") if spoiled == "secret" else APP
    if spoiled == "invented":
        answer["code"] = "invented"
    with time_machine.travel(later), pytest.raises(NetworkError) as told:
        facebook.exchange(keys, begun.keep, answer, BACK + "x" * (spoiled == "redirect"))
    assert (told.value.category, told.value.retryable) == (Category.AUTH_ERROR, False)
    assert ("operator" in told.value.message) is (spoiled == "secret")


def test_a_page_gets_a_fresh_token_while_the_persons_lives(
    facebook: Facebook, http: httpx.Client
) -> None:
    own = facebook.identities(connect(facebook, http), "")[0].tokens
    assert own is not None
    fresh = facebook.refresh(APP, own, "")
    assert fresh.access != own.access and fresh.refresh != own.refresh
    assert (fresh.more, fresh.scopes, fresh.expires_at) == (own.more, own.scopes, None)
    assert facebook.identities(fresh, "")[0].handle == "alice"
    with time_machine.travel(now() + timedelta(days=61)), pytest.raises(NetworkError) as told:
        facebook.refresh(APP, fresh, "")
    assert (told.value.category, told.value.retryable) == (Category.AUTH_ERROR, False)


def test_a_pasted_token_cannot_be_renewed(facebook: Facebook) -> None:
    for keys in (AppKeys(""), APP):
        with pytest.raises(NetworkError) as told:
            facebook.refresh(keys, Tokens("sandbox-alice", more={"page": "1"}), "")
        assert told.value.category is Category.AUTH_ERROR


def test_revoking_ends_a_persons_tokens_but_no_other_pages(
    facebook: Facebook, http: httpx.Client, store: Store
) -> None:
    person(store, "alice", pages=["bakery", "cafe"])
    tokens = connect(facebook, http)
    bakery, cafe = facebook.identities(tokens, "")
    assert bakery.tokens is not None and cafe.tokens is not None
    facebook.revoke(APP, bakery.tokens, "")
    assert facebook.identities(cafe.tokens, "")[0].handle == "cafe"
    facebook.revoke(APP, tokens, "")
    facebook.revoke(APP, tokens, "")
    with pytest.raises(NetworkError, match="removed") as told:
        facebook.identities(cafe.tokens, "")
    assert (told.value.code, told.value.expired) == ("190/458", False)


def test_the_proof_of_the_secret_goes_with_our_own_tokens_alone(
    facebook: Facebook, http: httpx.Client, config: Config
) -> None:
    tokens = connect(facebook, http)
    other = config.network("facebook")
    wrong = replace(config, networks={"facebook": replace(other, client_secret="wrong")})
    with pytest.raises(NetworkError, match="appsecret_proof"):
        Facebook(http, wrong).dialog.read("/me", tokens, fields="id")
    assert Facebook(http, wrong).identities(Tokens("sandbox-alice"), "")


@pytest.mark.parametrize(
    ("fault", "category"),
    [("http_500", Category.NETWORK_ERROR), ("http_429", Category.RATE_LIMITED)],
)
def test_trouble_at_the_token_endpoint_is_not_the_persons(
    facebook: Facebook, http: httpx.Client, store: Store, fault: str, category: Category
) -> None:
    own = facebook.identities(connect(facebook, http), "")[0].tokens
    assert own is not None
    store.faults.order({"network": "facebook", "operation": "token", "fault": fault})
    with pytest.raises(NetworkError) as told:
        facebook.refresh(APP, own, "")
    assert told.value.retryable and told.value.category is category
    assert facebook.refresh(APP, own, "").access


def test_an_invented_token_is_refused(facebook: Facebook) -> None:
    with pytest.raises(NetworkError) as told:
        facebook.identities(Tokens("invented"), "")
    assert (told.value.category, told.value.expired) == (Category.AUTH_ERROR, True)


def test_without_an_app_the_operator_is_told_what_to_set(http: httpx.Client) -> None:
    with pytest.raises(NetworkError, match="FACEBOOK_CLIENT_ID") as told:
        Facebook(http, Config()).register("", BACK)
    assert told.value.category is Category.VALIDATION


def test_passwords_are_no_way_in_and_a_page_needs_no_destination(facebook: Facebook) -> None:
    with pytest.raises(NetworkError):
        facebook.login("", "alice", "secret")
    assert facebook.destinations(page(facebook)) == []
