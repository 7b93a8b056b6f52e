"""Which server is meant, what it says of itself, and what follows for a post (§1, §4)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from app.config import Config, NetworkSettings
from app.networks.base import Category, Media, NetworkError, Part
from app.networks.mastodon import Mastodon
from app.networks.mastodon_server import discover, instance, release, scopes, server, software
from app.sandbox.store import Store
from tests.networks.mastodon_helpers import Canned

SANDBOX = "http://127.0.0.1:8090/mastodon"
PUBLIC = "https://mastodon.social"


@pytest.fixture
def client(http: httpx.Client, config: Config) -> Mastodon:
    return Mastodon(http, config)


@pytest.mark.parametrize(
    ("typed", "base"),
    [
        ("mastodon.social", "https://mastodon.social"),
        (" Mastodon.Social/ ", "https://mastodon.social"),
        ("https://mastodon.social", "https://mastodon.social"),
        ("http://mastodon.social", "https://mastodon.social"),
        ("https://mastodon.social/@me", "https://mastodon.social"),
        ("mastodon.social/@me@other.org", "https://mastodon.social"),
        ("https://mastodon.social/home?x=1#y", "https://mastodon.social"),
        ("@me@mastodon.social", "https://mastodon.social"),
        ("me@mastodon.social", "https://mastodon.social"),
        ("social.example.org:8443", "https://social.example.org:8443"),
        ("social.example.org:443", "https://social.example.org"),
        ("münchen.social", "https://xn--mnchen-3ya.social"),
        ("127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("http://localhost:3000/mastodon/@me", "http://localhost:3000/mastodon"),
        ("https://localhost:3000", "https://localhost:3000"),
        ("http://[::1]:3000/m/", "http://[::1]:3000/m"),
        ("", PUBLIC),
    ],
)
def test_people_name_their_server_in_many_ways(typed: str, base: str) -> None:
    assert server(typed, PUBLIC) == base


@pytest.mark.parametrize(
    "typed",
    [
        "me", "@me", "ftp://mastodon.social", "https://me:pw@mastodon.social", "a..b",
        "https://", "mastodon social", "x" * 300 + ".org", "-a.org", "javascript://a.b/%0a",
        "mastodon.social:99999", "https://[::1",
    ],
)  # fmt: skip
def test_what_is_no_server_is_refused_in_words(typed: str) -> None:
    with pytest.raises(NetworkError) as caught:
        server(typed, PUBLIC)
    assert (caught.value.category, caught.value.code) == (Category.VALIDATION, "server")
    assert "mastodon.social" in caught.value.message


@pytest.mark.parametrize("typed", ["", "127.0.0.1:8090", SANDBOX, SANDBOX + "/@ana"])
def test_the_sandbox_keeps_its_path(client: Mastodon, typed: str) -> None:
    assert client.server(typed) == SANDBOX


def test_the_operators_own_server_may_be_http_anywhere() -> None:
    assert server("http://played:8090", "http://played:8090/mastodon") == (
        "http://played:8090/mastodon"
    )


def test_the_instance_document_is_read(http: httpx.Client) -> None:
    found = instance(http, SANDBOX)
    assert (found.software, found.domain) == ("mastodon", "mastodon.sandbox")
    assert found.configuration["statuses"]["max_characters"] == 500
    assert set(found.configuration) == {"statuses", "media_attachments", "polls"}


def test_a_server_cannot_fill_our_tables() -> None:
    limits = {"max_characters": 7, "odd": {"x": 1}, "supported_mime_types": ["a/b", 3, "x" * 101]}
    many = {f"n{n}": n for n in range(1000)}
    said = {"version": "4.5.0", "configuration": {"statuses": limits, "polls": many, "x": many}}
    found = instance(Canned(lambda line: (200, {}, said)).http(), "https://m.example")
    assert found.configuration["statuses"] == {
        "max_characters": 7, "supported_mime_types": ["a/b"],
    }  # fmt: skip
    assert (len(found.configuration["polls"]), "x" in found.configuration) == (30, False)


def test_an_older_server_is_asked_for_its_first_document(http: httpx.Client, store: Store) -> None:
    store.table("mastodon.server").put(
        "is", {"lacks": ["v2"], "version": "3.5.3", "max_characters": 777}
    )
    found = instance(http, SANDBOX)
    assert found.version == "3.5.3"
    assert found.configuration["statuses"]["max_characters"] == 777


def test_a_server_without_configuration_has_the_usual_limits(
    client: Mastodon, http: httpx.Client, store: Store
) -> None:
    store.table("mastodon.server").put("is", {"lacks": ["v2", "configuration"]})
    can = client.capabilities(instance(http, SANDBOX).extras)
    assert (can.text_limit, can.max_images, can.alt_limit) == (500, 4, 1500)


@pytest.mark.parametrize(
    "reply",
    [(404, {}, "nothing"), (200, {}, "<html>"), (200, {}, []), (200, {}, {"version": 4})],
)
def test_a_server_that_is_no_mastodon_is_told_apart(reply: Any) -> None:
    with pytest.raises(NetworkError) as caught:
        instance(Canned(lambda line: reply).http(), "https://shop.example")
    assert (caught.value.category, caught.value.code) == (Category.VALIDATION, "not_mastodon")


def test_a_moved_server_is_named() -> None:
    canned = Canned(lambda line: (301, {"Location": "https://social.example.org/api"}, ""))
    with pytest.raises(NetworkError) as caught:
        instance(canned.http(), "https://example.org")
    assert caught.value.code == "moved"
    assert "social.example.org" in caught.value.message


def test_a_server_that_is_down_is_not_called_wrong() -> None:
    with pytest.raises(NetworkError) as caught:
        instance(Canned(lambda line: (502, {}, "bad gateway")).http(), "https://m.example")
    assert (caught.value.category, caught.value.retryable) == (Category.NETWORK_ERROR, True)


@pytest.mark.parametrize(
    ("base", "claimed", "domain"),
    [
        ("https://social.example.org", "example.org", "example.org"),
        ("https://example.org", "https://example.org", "example.org"),
        ("https://evil.example", "mastodon.social", "evil.example"),
        ("https://evilexample.org", "example.org", "evilexample.org"),
        ("http://127.0.0.1:8090/mastodon", "mastodon.sandbox", "mastodon.sandbox"),
    ],
)
def test_a_server_cannot_claim_anothers_domain(base: str, claimed: str, domain: str) -> None:
    reply = (200, {}, {"version": "4.5.0", "domain": claimed})
    assert instance(Canned(lambda line: reply).http(), base).domain == domain


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("4.5.2", "mastodon"), ("4.3.0+glitch", "mastodon"), ("2.9.3", "mastodon"),
        ("4.6.0-nightly.2026-08-01", "mastodon"), ("10.0.1", "mastodon"),
        ("2.7.2 (compatible; Pleroma 2.6.0)", "pleroma"),
        ("4.2.1 (compatible; Sharkey 2026.3.1)", "sharkey"),
        ("2.8.0 (compatible; Friendica 2026.01)", "friendica"),
        ("0.17.3+git-abc1234", "other"), ("gotosocial 1.2", "gotosocial"), ("", "other"),
    ],
)  # fmt: skip
def test_only_the_genuine_one_is_called_mastodon(version: str, name: str) -> None:
    assert software(version) == name


def test_a_version_is_two_numbers() -> None:
    assert (release("4.3.1+x"), release("v2.9.0"), release("?")) == ((4, 3), (2, 9), (0, 0))


def test_metadata_tells_scopes_and_endpoints(http: httpx.Client) -> None:
    more = discover(http, SANDBOX)
    assert more["token"] == SANDBOX + "/oauth/token"
    assert more["scopes"] == "profile read:statuses write:statuses write:media"


def test_before_4_3_there_is_no_metadata(http: httpx.Client, store: Store) -> None:
    store.table("mastodon.server").put("is", {"lacks": ["metadata"]})
    more = discover(http, SANDBOX)
    assert more["authorization"] == SANDBOX + "/oauth/authorize"
    assert more["scopes"] == "read:accounts read:statuses write:statuses write:media"


def test_endpoints_on_another_host_are_not_believed() -> None:
    said = {
        "token_endpoint": "https://evil.example/token",
        "authorization_endpoint": "https://m.example.evil.example/authorize",
        "revocation_endpoint": "https://m.example/other/revoke",
    }
    more = discover(Canned(lambda line: (200, {}, said)).http(), "https://m.example")
    assert more["token"] == "https://m.example/oauth/token"
    assert more["authorization"] == "https://m.example/oauth/authorize"
    assert more["revocation"] == "https://m.example/other/revoke"


@pytest.mark.parametrize(
    ("supported", "asked"),
    [
        (["read", "write", "follow"], "read write"),
        (["read", "read:accounts", "write", "write:statuses"],
         "read:accounts read write:statuses write"),
        ([], "read:accounts read:statuses write:statuses write:media"),
    ],
)  # fmt: skip
def test_scopes_are_chosen_from_what_the_server_offers(supported: list[str], asked: str) -> None:
    assert scopes(supported) == asked


# Content


def limits(**statuses: Any) -> dict[str, Any]:
    return {
        "domain": "m.example",
        "configuration": {
            "statuses": {
                "max_characters": 20, "max_media_attachments": 2,
                "characters_reserved_per_url": 10, **statuses,
            },
            "media_attachments": {
                "supported_mime_types": ["image/png", "image/gif", "video/mp4"],
                "image_size_limit": 2_000_000, "image_matrix_limit": 10_000,
                "video_size_limit": 5_000_000, "video_matrix_limit": 40_000,
                "description_limit": 5,
            },
        },
    }  # fmt: skip


def media(mime: str = "image/png", **more: Any) -> Media:
    made = Media("m", Path("/nowhere"), mime, 1000, 50, 50)
    return replace(made, **more)


def test_limits_come_from_the_server(client: Mastodon) -> None:
    can = client.capabilities(limits())
    assert (can.text_limit, can.max_images, can.alt_limit) == (20, 2, 5)
    assert (can.max_image_bytes, can.max_image_pixels) == (2_000_000, 10_000)
    assert can.image_mimes == ("image/png", "image/gif")
    assert (can.video_mimes, can.max_video_bytes) == (("video/mp4",), 5_000_000)


def test_nonsense_in_a_configuration_is_passed_over(client: Mastodon) -> None:
    odd = {"configuration": {"statuses": {"max_characters": "many"}, "media_attachments": 7}}
    assert client.capabilities(odd).text_limit == 500


def test_links_count_what_the_server_reserves(client: Mastodon) -> None:
    assert client.compose("https://example.com/abcdef", limits()).count == 10
    plain = {"configuration": {"statuses": {"max_characters": 5000}}}
    assert client.compose("https://example.com/abcdef", plain).count == 26
    assert client.compose("https://example.com/abcdef", {}).count == 23


def test_a_good_post_has_no_problems(client: Mastodon) -> None:
    part = Part("Hello", (media(alt="x"), media()))
    assert client.validate((part,), limits()) == []
    assert client.validate((Part("", (media(),)),), limits()) == []


GIF = {"frames": 3}


@pytest.mark.parametrize(
    ("part", "field", "fix", "words"),
    [
        (Part(""), "text", "add", "Write something"),
        (Part(" \n "), "text", "add", "Write something"),
        (Part("x" * 21), "text", "shorten", "1 character too long"),
        (Part("x" * 23), "text", "shorten", "3 characters too long; this server takes 20"),
        (Part("x", (media(),) * 3), "media", "remove", "takes 2 files"),
        (Part("x", (media("video/mp4"), media())), "media", "remove", "A video has to stand"),
        (Part("x", (media("image/gif", **GIF), media())), "media", "remove", "animated GIF"),
        (Part("x", (media("image/webp"),)), "media", "remove", "does not take WEBP"),
        (Part("x", (media("video/webm"),)), "media", "remove", "does not take WEBM"),
        (Part("x", (media(size=2_000_001),)), "media", "shrink", "larger than the 2 MB"),
        (Part("x", (media("video/mp4", size=5_000_001),)), "media", "shrink", "5 MB"),
        (Part("x", (media(width=101, height=100),)), "media", "shrink", "101 × 100"),
        (Part("x", (media("video/mp4", width=201, height=200),)), "media", "shrink", "pixels"),
        (Part("x", (media(alt="123456"),)), "alt", "shorten", "1 character longer than 5"),
    ],
)
def test_what_the_server_would_refuse_is_said_before(
    client: Mastodon, part: Part, field: str, fix: str, words: str
) -> None:
    found = client.validate((Part("fine"), part), limits())
    assert [(p.field, p.fix, p.blocks, p.part) for p in found] == [(field, fix, True, 1)]
    assert words in found[0].message


def test_two_still_gifs_may_stand_together(client: Mastodon) -> None:
    assert client.validate((Part("x", (media("image/gif"),) * 2),), limits()) == []


def test_a_configured_app_is_used_only_where_it_is_registered(http: httpx.Client) -> None:
    own = NetworkSettings("our-id", "our-secret", SANDBOX, "")
    client = Mastodon(http, Config(networks={"mastodon": own}))
    assert client.register(SANDBOX, "https://c.example/cb").client_id == "our-id"
    other = "http://127.0.0.1:9999/mastodon"
    assert client.register(other, "https://c.example/cb").client_id != "our-id"
