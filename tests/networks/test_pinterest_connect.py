"""Connecting a Pinterest account: consent, tokens, who it is, its boards, and ending it."""

from datetime import timedelta
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx2 as httpx
import pytest

from app.clock import now
from app.config import Config
from app.networks import build, pinterest_reads
from app.networks.base import Account, Category, NetworkError, Tokens
from app.networks.pinterest import Pinterest
from app.networks.pinterest_about import SCOPES
from app.sandbox.store import Store
from tests.networks.pinterest_helpers import BACK, person


@pytest.fixture
def network(http: httpx.Client, config: Config) -> Pinterest:
    return Pinterest(http, config)


def consent(http: httpx.Client, url: str, decision: str = "allow", **kept: str) -> dict[str, str]:
    """Walk through the consent page as a browser would; the query of the way back."""
    assert http.get(url).status_code == 200
    form = {f"keep_{name}": text for name, text in parse_qsl(urlsplit(url).query)}
    form |= {f"keep_{name}": text for name, text in kept.items()}
    sent = http.post(url.split("?")[0], data={**form, "handle": "carol", "decision": decision})
    assert sent.status_code == 302, sent.text
    assert sent.headers["location"].startswith(BACK)
    return dict(parse_qsl(urlsplit(sent.headers["location"]).query))


def connected(network: Pinterest, http: httpx.Client) -> Tokens:
    app = network.register("", BACK)
    asked = network.authorize(app, server="", hint="", redirect_uri=BACK, state="s1")
    answer = consent(http, asked.url)
    assert answer["state"] == "s1"
    return network.exchange(app, asked.keep, answer, BACK)


def test_it_is_found_by_its_name(http: httpx.Client, config: Config) -> None:
    assert isinstance(build("pinterest", http, config), Pinterest)


def test_consent_gives_tokens_that_say_when_they_end(
    network: Pinterest, http: httpx.Client
) -> None:
    tokens = connected(network, http)
    assert tokens.access.startswith("pina_") and tokens.refresh.startswith("pinr.")
    assert set(tokens.scopes) == set(SCOPES)
    assert tokens.expires_at is not None
    assert timedelta(days=29) < tokens.expires_at - now() < timedelta(days=31)
    ends = tokens.more["refresh_until"]
    assert ends[:10] == (now() + timedelta(days=60)).isoformat()[:10]
    (identity,) = network.identities(tokens, "")
    assert (identity.handle, identity.kind) == ("carol", "account")
    assert identity.extras["account_type"] == "BUSINESS"
    assert identity.url == "http://127.0.0.1:8090/pinterest/carol/"


def test_scopes_go_between_commas_and_without_pkce(network: Pinterest) -> None:
    app = network.register("", BACK)
    asked = network.authorize(app, server="", hint="", redirect_uri=BACK, state="s1")
    query = parse_qs(urlsplit(asked.url).query)
    assert query["scope"] == [",".join(SCOPES)]
    assert "code_challenge" not in query and urlsplit(asked.url).path == "/pinterest/oauth/"
    assert not asked.keep


@pytest.mark.parametrize(
    ("decision", "scope", "words"),
    [("refuse", "", "did not allow"), ("allow", "user_accounts:read,boards:read", "boards:write")],
)
def test_less_than_a_whole_yes_connects_nothing(
    network: Pinterest, http: httpx.Client, decision: str, scope: str, words: str
) -> None:
    app = network.register("", BACK)
    asked = network.authorize(app, server="", hint="", redirect_uri=BACK, state="s1")
    answer = consent(http, asked.url, decision, **({"scope": scope} if scope else {}))
    with pytest.raises(NetworkError, match=words) as told:
        network.exchange(app, asked.keep, answer, BACK)
    assert (told.value.category, told.value.retryable) == (Category.AUTH_ERROR, False)


def test_a_code_is_good_once_and_for_its_own_address(
    network: Pinterest, http: httpx.Client
) -> None:
    app = network.register("", BACK)
    asked = network.authorize(app, server="", hint="", redirect_uri=BACK, state="s1")
    answer = consent(http, asked.url)
    with pytest.raises(NetworkError):
        network.exchange(app, asked.keep, answer, BACK + "/")
    with pytest.raises(NetworkError) as told:
        network.exchange(app, asked.keep, answer, BACK)
    assert told.value.category is Category.AUTH_ERROR


def test_refreshing_rotates_both_tokens(network: Pinterest, http: httpx.Client) -> None:
    app, first = network.register("", BACK), connected(network, http)
    second = network.refresh(app, first, "")
    assert second.access != first.access and second.refresh != first.refresh
    assert second.scopes == first.scopes and "refresh_until" in second.more
    assert network.identities(second, "")[0].handle == "carol"
    assert network.refresh(app, second, "").refresh not in (first.refresh, second.refresh)
    with pytest.raises(NetworkError) as told:
        network.refresh(app, first, "")
    assert (told.value.category, told.value.retryable) == (Category.AUTH_ERROR, False)


@pytest.mark.parametrize("tokens", [Tokens("sandbox-alice"), Tokens("pina_x", "pinr.invented")])
def test_what_cannot_be_refreshed_asks_to_connect_again(network: Pinterest, tokens: Tokens) -> None:
    with pytest.raises(NetworkError, match="Connect the account again") as told:
        network.refresh(network.register("", BACK), tokens, "")
    assert told.value.category is Category.AUTH_ERROR


def test_an_installation_with_the_wrong_secret_is_told_so(
    network: Pinterest, http: httpx.Client
) -> None:
    tokens = connected(network, http)
    app = network.register("", BACK)
    with pytest.raises(NetworkError, match="app keys") as told:
        network.refresh(type(app)(app.client_id, "wrong"), tokens, "")
    assert told.value.category is Category.AUTH_ERROR
    assert "wrong" not in str(told.value.raw) + told.value.message


def test_revoking_is_harmless_and_the_notes_say_what_to_do(
    network: Pinterest, http: httpx.Client
) -> None:
    tokens = connected(network, http)
    network.revoke(network.register("", BACK), tokens, "")
    assert network.identities(tokens, "")
    assert any("remove the app" in note for note in network.about.notes)
    assert any("visible only to their creator" in note for note in network.about.notes)


def test_without_an_app_the_operator_is_told_what_to_set(http: httpx.Client) -> None:
    bare = Pinterest(http, Config())
    with pytest.raises(NetworkError, match="PINTEREST_CLIENT_ID") as told:
        bare.register("", BACK)
    assert told.value.category is Category.VALIDATION


def test_boards_are_the_places_to_post_to_with_their_sections(
    network: Pinterest, http: httpx.Client
) -> None:
    alice = person(network)
    boards = network.destinations(alice)
    assert [(one.name, one.kind, one.writable) for one in boards][:2] == [
        ("Ideas", "board", True), ("Launches", "board", True),
    ]  # fmt: skip
    assert [one["name"] for one in boards[1].extras["sections"]] == ["Spring", "Autumn"]
    assert network.destinations(person(network, "bob"))[0].external_id != boards[0].external_id


def test_secret_boards_are_not_asked_for(network: Pinterest, http: httpx.Client) -> None:
    carol = Account("1", "carol", connected(network, http))
    assert [one.name for one in network.destinations(carol)] == ["Ideas", "Launches"]


def test_long_lists_are_read_to_the_end_and_sections_of_the_first_boards_only(
    network: Pinterest, http: httpx.Client, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pinterest_reads, "PAGE", "10")
    alice = person(network)
    for number in range(22):
        made = http.post(
            "http://127.0.0.1:8090/pinterest/v5/boards", json={"name": f"Board {number}"},
            headers={"Authorization": "Bearer sandbox-alice"},
        )  # fmt: skip
        assert made.status_code == 201
    boards = network.destinations(alice)
    assert len({one.external_id for one in boards}) == 25
    assert sum("sections" in one.extras for one in boards) == pinterest_reads.SECTIONS_OF
