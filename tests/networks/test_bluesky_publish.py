"""Publishing on Bluesky, over the sandbox: what goes out, and what is checked before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from app.config import Config
from app.networks.base import (
    Account,
    Card,
    NetworkError,
    Part,
    Published,
)
from app.networks.bluesky import Bluesky
from app.networks.bluesky_records import Address
from app.sandbox.store import Store
from tests.networks.bluesky_parts import (
    BASE,
    by_oauth,
    by_password,
    item,
    picture,
    publish,
    the_post,
)


@pytest.fixture
def bluesky(http: httpx.Client, config: Config) -> Bluesky:
    return Bluesky(http, config)


@pytest.fixture(params=["password", "oauth"])
def account(request: pytest.FixtureRequest, bluesky: Bluesky) -> Account:
    return by_oauth(bluesky) if request.param == "oauth" else by_password(bluesky)


@pytest.fixture
def maya(bluesky: Bluesky) -> Account:
    return by_password(bluesky)


def test_a_post_arrives_with_its_text_facets_pictures_and_link(
    bluesky: Bluesky, account: Account, store: Store, http: httpx.Client, tmp_path: Path
) -> None:
    words = "Hej 👩‍👩‍👧‍👦 @noor.bsky.social @nobody.example.com https://marram.coffee/a?b #ø"
    photos = (picture(tmp_path, "a.jpg", "One"), picture(tmp_path, "b.jpg", ""))
    published = publish(bluesky, account, item(Part(words + "\r\n", photos)))
    post = the_post(store)
    assert (post.account, post.text, post.id) == ("maya", words, published.external_id)
    assert [m["alt"] for m in post.media] == ["One", ""]
    kept = [store.blob(m["blob"]) for m in post.media]
    assert [k[1] for k in kept if k] == [p.path.read_bytes() for p in photos]
    assert [(f["kind"], f["text"]) for f in post.extras["facets"]] == [
        ("mention", "@noor.bsky.social"),
        ("link", "https://marram.coffee/a?b"),
        ("tag", "#ø"),
    ]
    assert post.extras["record"]["createdAt"] == "2026-05-14T12:30:00.250Z"
    page = http.get(published.url)
    assert page.status_code == 200 and "@noor.bsky.social" in page.text
    assert published.url.startswith(f"{BASE}/bluesky/profile/maya.bsky.social/post/")


def test_permalinks_lead_to_the_public_application_by_default(
    http: httpx.Client, config: Config, bluesky: Bluesky, maya: Account
) -> None:
    settings = replace(config.network("bluesky"), auth_url="")
    public = Bluesky(http, replace(config, networks={**config.networks, "bluesky": settings}))
    published = publish(public, maya, item(Part("Hello")))
    key = Address.parse(published.external_id).rkey
    assert published.url == f"https://bsky.app/profile/maya.bsky.social/post/{key}"
    lost = replace(maya, handle="handle.invalid")
    assert publish(public, lost, item(Part("Hello"), "m-2")).url.startswith(
        f"https://bsky.app/profile/{maya.external_id}/post/"
    )


def test_a_card_brings_its_title_and_picture(
    bluesky: Bluesky, maya: Account, store: Store, tmp_path: Path
) -> None:
    thumb = picture(tmp_path)
    card = Card("https://marram.coffee/beans", "Beans", "New ones.", thumb)
    publish(bluesky, maya, item(Part("Look", card=card)))
    shown = the_post(store).extras["card"]
    assert (shown["url"], shown["title"], shown["description"]) == (
        card.url,
        "Beans",
        "New ones.",
    )
    assert store.blob(shown["blob"]) == ("image/jpeg", thumb.path.read_bytes())


def test_a_card_without_title_or_with_too_large_a_picture_still_goes_out(
    bluesky: Bluesky, maya: Account, store: Store, tmp_path: Path
) -> None:
    large = replace(picture(tmp_path), size=2_000_000)
    publish(bluesky, maya, item(Part("", card=Card("https://marram.coffee/x", image=large))))
    shown = the_post(store).extras["card"]
    assert shown["title"] == "marram.coffee" and "blob" not in shown


def test_pictures_leave_no_room_for_a_card(
    bluesky: Bluesky, maya: Account, store: Store, tmp_path: Path
) -> None:
    card = Card("https://marram.coffee/x", "Beans")
    publish(bluesky, maya, item(Part("Look", (picture(tmp_path),), card)))
    assert "card" not in the_post(store).extras and len(the_post(store).media) == 1


def test_a_thread_names_its_root_and_its_parent(
    bluesky: Bluesky, maya: Account, store: Store
) -> None:
    one = publish(bluesky, maya, item(Part("1"), "m-1"))
    two = publish(bluesky, maya, item(Part("2"), "m-2", parent=one, root=one))
    by_hand = Published(two.external_id)  # settled by a person: its cid was never read
    three = publish(bluesky, maya, item(Part("3"), "m-3", parent=by_hand, root=one))
    found = store.posts.get("bluesky", three.external_id)
    assert found is not None and found.parent == two.external_id
    assert found.extras["record"]["reply"] == {"root": one.extras, "parent": two.extras}


def test_a_part_whose_parent_was_deleted_is_refused_in_words(
    bluesky: Bluesky, maya: Account
) -> None:
    one = publish(bluesky, maya, item(Part("1"), "m-1"))
    bluesky.delete(maya, one)
    with pytest.raises(NetworkError, match="is gone"):
        publish(bluesky, maya, item(Part("2"), "m-2", parent=Published(one.external_id)))


# After publishing
def test_delete_is_done_when_it_is_gone(bluesky: Bluesky, account: Account, store: Store) -> None:
    published = publish(bluesky, account, item(Part("Bye")))
    bluesky.delete(account, published)
    bluesky.delete(account, published)
    assert the_post(store).deleted


def test_counts_are_read_in_pages_and_missing_posts_are_gone(
    bluesky: Bluesky, account: Account, store: Store
) -> None:
    made = [publish(bluesky, account, item(Part(f"No {n}"), f"m-{n}")) for n in range(27)]
    found = store.posts.get("bluesky", made[26].external_id)
    assert found is not None
    found.extras["counts"] = {"likes": 7, "shares": 3, "comments": 2, "quotes": 1, "saves": 4}
    bluesky.delete(account, made[3])
    counted = bluesky.metrics(account, [p.external_id for p in made])
    assert list(counted) == [p.external_id for p in made]
    last = counted[made[26].external_id]
    assert (last.likes, last.shares, last.comments, last.quotes, last.saves) == (7, 3, 2, 1, 4)
    assert last.impressions is None and not last.gone
    assert counted[made[3].external_id].gone
    assert bluesky.metrics(account, []) == {}


# Checks before anything is sent
@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (Part("x" * 300), []),
        (Part("x" * 301), [("text", "shorten", True)]),
        (Part("👩‍👩‍👧‍👦" * 121), [("text", "shorten", True)]),
        (Part(" \n "), [("text", "add", True)]),
        (Part("", card=Card("https://a.example")), []),
        (Part("x", card=Card("ftp://a.example")), [("card", "remove", True)]),
    ],
)
def test_texts_and_cards_are_checked(bluesky: Bluesky, part: Part, expected: list[Any]) -> None:
    found = bluesky.validate((part,), {})
    assert [(p.field, p.fix, p.blocks) for p in found] == expected


def test_media_are_checked_part_by_part(bluesky: Bluesky, tmp_path: Path) -> None:
    photo = picture(tmp_path)
    film = replace(photo, mime="video/mp4")
    tiff = replace(photo, mime="image/tiff")
    heavy = replace(photo, size=976 * 1024 + 1)
    moving = replace(photo, mime="image/gif", frames=9)
    chatty = replace(photo, alt="x" * 2001)
    found = bluesky.validate(
        (
            Part("ok", (photo,) * 4),
            Part("", (photo,) * 5),
            Part("", (film,)),
            Part("", (film, film)),
            Part("", (film, photo)),
        ),
        {},
    )
    assert [(p.part, p.field, p.fix) for p in found] == [
        (1, "media", "remove"),
        (3, "media", "remove"),
        (4, "media", "remove"),
    ]
    for media, fix, blocks in (
        (replace(film, mime="video/quicktime"), "remove", True),
        (replace(film, size=100_000_001), "shrink", True),
        (replace(film, seconds=181.0), "shrink", True),
        (replace(film, alt="x" * 2001), "alt", False),
        (tiff, "remove", True),
        (heavy, "shrink", True),
        (moving, "", False),
        (chatty, "alt", False),
    ):
        (problem,) = bluesky.validate((Part("x", (media,)),), {})
        assert (problem.fix, problem.blocks) == (fix, blocks)


def test_what_passes_the_checks_is_what_the_server_takes(bluesky: Bluesky, maya: Account) -> None:
    for number, part in enumerate((Part("é" * 300), Part("👩‍👩‍👧‍👦" * 120))):
        assert bluesky.validate((part,), {}) == []
        publish(bluesky, maya, item(part, f"m-{number}"))


def test_the_languages_of_a_text_go_along_in_every_part(
    bluesky: Bluesky, maya: Account, store: Store
) -> None:
    spoken = replace(item(Part("Bore da")), options={"langs": ["cy", " en-GB ", "cy"]})
    publish(bluesky, maya, spoken)
    assert the_post(store).extras["record"]["langs"] == ["cy", "en-GB"]
    assert not bluesky.validate((Part("x"),), {}, {"langs": ["zh-Hant", "nan"]})


@pytest.mark.parametrize(
    ("langs", "told"),
    [
        (["en", "Welsh language"], "“Welsh language” is no code of a language. English is en."),
        (["en", "cy", "de", "fr"], "Languages of the text: at most 3."),
        ("en", "Languages of the text: this is a list of words."),
    ],
)
def test_what_is_no_language_is_refused_here_and_there(
    bluesky: Bluesky, maya: Account, langs: Any, told: str
) -> None:
    (found,) = bluesky.validate((Part("x"),), {}, {"langs": langs})
    assert (found.field, found.message) == ("options.langs", told)
    if isinstance(langs, list):
        with pytest.raises(NetworkError) as caught:
            publish(bluesky, maya, replace(item(Part("x")), options={"langs": langs}))
        assert caught.value.status == 400
