"""A content warning, a language and who can see it: counted, sent, refused (§2, §4)."""

from __future__ import annotations

from typing import Any

import httpx2 as httpx
import pytest

from app.config import Config
from app.networks.base import Account, NetworkError, Part
from app.networks.mastodon import Mastodon
from tests.networks.mastodon_helpers import connected, item, posts, publish


@pytest.fixture
def client(http: httpx.Client, config: Config) -> Mastodon:
    return Mastodon(http, config)


@pytest.fixture
def ana(client: Mastodon) -> Account:
    return connected(client)


def blocked(client: Mastodon, text: str, **options: Any) -> list[tuple[str, str]]:
    return [(one.field, one.message) for one in client.validate((Part(text),), {}, options)]


def test_warning_language_and_audience_arrive(client: Mastodon, ana: Account) -> None:
    options = {
        "spoiler_text": " The  end\nof the film ", "language": "cy", "visibility": "unlisted",
        "sensitive": False,
    }  # fmt: skip
    publish(client, ana, item("He was on the island", options=options))
    (post,) = posts(client.http)
    told = {name: post["extras"][name] for name in ("spoiler_text", "language", "visibility")}
    assert told == {
        "spoiler_text": "The end of the film", "language": "cy", "visibility": "unlisted",
    }  # fmt: skip
    assert post["extras"]["sensitive"] is True  # the server's own doing
    assert "The end of the film" in client.http.get("http://127.0.0.1:8090/").text


def test_every_part_of_a_thread_stands_behind_the_warning(client: Mastodon, ana: Account) -> None:
    options = {"spoiler_text": "Spiders"}
    first = publish(client, ana, item("One", options=options))
    publish(client, ana, item("Two", options=options, parent=first, root=first))
    assert [one["extras"]["spoiler_text"] for one in posts(client.http)] == ["Spiders"] * 2


def test_the_warning_counts_with_the_text_here_and_there(client: Mastodon, ana: Account) -> None:
    warning = "w" * 20
    fits, long = "x" * 480, "x" * 481
    assert client.compose(fits, {}, {"spoiler_text": warning}).left == 0
    assert not blocked(client, fits, spoiler_text=warning)
    counted = client.compose(long, {}, {"spoiler_text": warning})
    assert counted.left == -1 and counted.spans[-1] == type(counted.spans[-1])(480, 481, "over")
    assert blocked(client, long, spoiler_text=warning) == [
        ("text", "With its content warning this is 1 character too long; this server takes 500.")
    ]
    options = {"spoiler_text": warning}
    publish(client, ana, item(fits, options=options))
    with pytest.raises(NetworkError) as caught:
        publish(client, ana, item(long, options=options))
    assert caught.value.status == 422


def test_a_warning_alone_may_be_too_long(client: Mastodon) -> None:
    """Its own characters cannot be marked in the text: all of the text is too much then."""
    counted = client.compose("Hi", {}, {"spoiler_text": "w" * 501})
    assert counted.left == -3
    assert [(s.start, s.end) for s in counted.spans if s.kind == "over"] == [(0, 2)]


def test_addresses_within_a_warning_are_counted_in_full(client: Mastodon) -> None:
    url = "https://example.com/" + "a" * 80
    assert client.compose(url, {}).count == 23
    assert client.compose("x", {}, {"spoiler_text": url}).count == 101


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"language": "english"}, "Language of the text: choose one of the list."),
        ({"visibility": "all"},
         "Who can see it: choose one of public, unlisted, private, direct."),
        ({"spoiler_text": True}, "Content warning: this is text."),
        ({"sensitive": "yes"}, "Hide the pictures behind a warning: this is yes or no."),
    ],
)  # fmt: skip
def test_what_no_server_knows_is_refused_here(
    client: Mastodon, options: dict[str, Any], told: str
) -> None:
    ((name, _),) = options.items()
    assert blocked(client, "Hi", **options) == [(f"options.{name}", told)]
