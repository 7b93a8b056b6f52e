"""Posts, comments, deletions and numbers at LinkedIn, as the sandbox's feed has them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from app.config import Config
from app.networks.base import Account, Card, Category, Metrics, NetworkError, Published
from app.networks.linkedin import LinkedIn
from app.sandbox.store import Store
from tests.networks.linkedin_helpers import (
    Counted,
    item,
    member,
    page,
    picture,
    prepared,
    publish,
    settings,
    video,
)


@pytest.fixture
def wire(sandbox: Any) -> Counted:
    return Counted(sandbox)


@pytest.fixture
def linkedin(wire: Counted, config: Config, monkeypatch: pytest.MonkeyPatch) -> Iterator[LinkedIn]:
    monkeypatch.setattr("app.sandbox.linkedin.media.VIDEO_SECONDS", 0.0)
    with httpx.Client(transport=wire) as client:
        made = LinkedIn(client, settings(config, LINKEDIN_ORGANIZATIONS=True))
        made.sleep = lambda seconds: None
        yield made


@pytest.fixture
def alice(linkedin: LinkedIn, wire: Counted) -> Account:
    account = member(linkedin)
    wire.calls.clear()
    return account


@pytest.fixture
def works(linkedin: LinkedIn, wire: Counted) -> Account:
    account = page(linkedin)
    wire.calls.clear()
    return account


def test_a_text_arrives_whole_whatever_signs_it_has(
    linkedin: LinkedIn, alice: Account, store: Store, wire: Counted
) -> None:
    text = (
        "50% (really) of #café_culture {say} *no* ~ a|b <i> @you [x] \\ C#1 https://a.com/x_(y)#z"
    )
    made = publish(linkedin, alice, item(text))
    (post,) = store.posts.newest()
    assert post.text == text and post.account == "alice"
    assert "{hashtag|\\#|café\\_culture}" in post.extras["body"]["commentary"]
    assert wire.calls == ["POST /posts"]  # nothing to prepare
    assert made.external_id == post.id and made.external_id.startswith("urn:li:share:")
    assert made.url == post.url and made.url.endswith(f"/feed/update/{post.id}/")


def test_a_mention_is_sent_as_one(linkedin: LinkedIn, alice: Account, store: Store) -> None:
    publish(linkedin, alice, item("Thanks @[Acme (UK)](urn:li:organization:123)!"))
    (post,) = store.posts.newest()
    assert post.text == "Thanks Acme (UK)!"


def test_a_page_posts_as_itself_and_always_publicly(
    linkedin: LinkedIn, works: Account, store: Store
) -> None:
    publish(linkedin, works, item("From us", visibility="CONNECTIONS"))
    (post,) = store.posts.newest()
    assert (post.account, post.extras["body"]["author"]) == ("alice-works", works.external_id)
    assert post.extras["body"]["visibility"] == "PUBLIC"


def test_options_go_with_the_post(linkedin: LinkedIn, alice: Account, store: Store) -> None:
    publish(
        linkedin, alice,
        item("For few", visibility="CONNECTIONS", isReshareDisabledByAuthor=True),
    )  # fmt: skip
    (post,) = store.posts.newest()
    assert post.extras["body"]["visibility"] == "CONNECTIONS"
    assert post.extras["body"]["isReshareDisabledByAuthor"] is True


def test_one_picture_and_several_keep_order_and_words(
    linkedin: LinkedIn, alice: Account, works: Account, store: Store, tmp_path: Path
) -> None:
    publish(linkedin, alice, item("One", picture(tmp_path)))
    publish(linkedin, works, item("", *(picture(tmp_path, f"Number {n}") for n in range(3))))
    many, one = store.posts.newest()
    assert [(m["mime"], m["alt"]) for m in one.media] == [("image/png", "A red square")]
    assert [m["alt"] for m in many.media] == ["Number 0", "Number 1", "Number 2"]
    assert set(one.extras["body"]["content"]) == {"media"}
    assert set(many.extras["body"]["content"]) == {"multiImage"}


def test_a_video_goes_in_parts_to_an_address_each(
    linkedin: LinkedIn, alice: Account, store: Store, wire: Counted, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("app.sandbox.linkedin.media.PIECE", 90_000)
    film = video(tmp_path)
    made = publish(linkedin, alice, item("Film", film, videoTitle="Our harbour"))
    (post,) = store.posts.newest()
    assert made.external_id.startswith("urn:li:ugcPost:")
    kept = store.blob(post.media[0]["blob"])
    assert kept == ("video/mp4", film.path.read_bytes())
    assert post.media[0]["title"] == "Our harbour"
    assert wire.calls[:5] == [
        "POST /videos?action=initializeUpload", *["PUT /dms-uploads"] * 3,
        "POST /videos?action=finalizeUpload",
    ]  # fmt: skip
    urn = post.media[0]["urn"].replace(":", "%3A")
    assert wire.calls[5:] == [f"GET /videos/{urn}", "POST /posts"]


def test_a_link_has_the_card_we_bring(
    linkedin: LinkedIn, alice: Account, store: Store, tmp_path: Path
) -> None:
    card = Card("https://a.com/x", "A title", "About it", picture(tmp_path, ""))
    publish(linkedin, alice, item("Read https://a.com/x", card=card))
    (post,) = store.posts.newest()
    shown = post.extras["card"]
    assert (shown["url"], shown["title"], shown["description"]) == (
        "https://a.com/x", "A title", "About it",
    )  # fmt: skip
    assert store.blob(shown["blob"])


@pytest.mark.parametrize(
    ("card", "options", "title", "description"),
    [
        (Card("https://a.com/x"), {}, "a.com", ""),
        (Card("https://a.com/x", "Theirs"), {"articleTitle": "Mine"}, "Mine", ""),
        (None, {"articleTitle": "Mine", "articleDescription": "Why"}, "Mine", "Why"),
    ],
)
def test_a_person_may_title_the_link(
    linkedin: LinkedIn, alice: Account, store: Store,
    card: Card | None, options: dict[str, Any], title: str, description: str,
) -> None:  # fmt: skip
    publish(linkedin, alice, item("Read https://a.com/x.", card=card, **options))
    (post,) = store.posts.newest()
    shown = post.extras["card"]
    assert shown["url"] == "https://a.com/x"
    assert (shown["title"], shown["description"]) == (title, description)


def test_a_link_goes_out_without_a_picture_that_is_not_taken(
    linkedin: LinkedIn, alice: Account, store: Store, tmp_path: Path
) -> None:
    broken = picture(tmp_path)
    broken.path.write_bytes(b"not a picture")
    held = store.accounts.get("linkedin", "alice").extras
    held["scopes"] = ["openid", "profile", "w_member_social", "r_member_social"]  # it may look
    card = Card("https://a.com/x", "A title", "", broken)
    publish(linkedin, alice, item("Read https://a.com/x", card=card))
    (post,) = store.posts.newest()
    assert post.extras["card"]["blob"] == "" and post.extras["card"]["title"] == "A title"


def test_a_link_in_the_text_alone_has_no_card(
    linkedin: LinkedIn, alice: Account, store: Store
) -> None:
    publish(linkedin, alice, item("Read https://a.com/x"))
    (post,) = store.posts.newest()
    assert "content" not in post.extras["body"] and "card" not in post.extras


@pytest.mark.parametrize("who", ["alice", "works"])
def test_a_first_comment_is_plain_text_under_the_post(
    linkedin: LinkedIn, store: Store, who: str, request: pytest.FixtureRequest
) -> None:
    account: Account = request.getfixturevalue(who)
    post = publish(linkedin, account, item("The post"))
    made = publish(linkedin, account, item("More (here): #tag https://a.com", parent=post))
    comment, _ = store.posts.newest()
    assert (comment.text, comment.parent) == ("More (here): #tag https://a.com", post.external_id)
    assert made.external_id == comment.id and made.url.startswith(post.url)
    linkedin.delete(account, made)
    linkedin.delete(account, made)
    assert comment.deleted
    assert store.posts.get("linkedin", post.external_id) is not None


def test_a_comment_that_is_not_allowed_is_told_as_it_is(
    linkedin: LinkedIn, alice: Account, store: Store
) -> None:
    store.accounts.get("linkedin", "alice").extras["no_comments"] = True
    post = publish(linkedin, alice, item("The post"))
    with pytest.raises(NetworkError) as told:
        publish(linkedin, alice, item("More", parent=post))
    assert (told.value.category, told.value.status, told.value.code) == (
        Category.VALIDATION, 403, "ACCESS_DENIED",
    )  # fmt: skip


def test_deleting_twice_is_harmless_and_a_strangers_post_stays(
    linkedin: LinkedIn, alice: Account, store: Store
) -> None:
    made = publish(linkedin, alice, item("Soon gone"))
    linkedin.delete(alice, made)
    linkedin.delete(alice, made)
    linkedin.delete(alice, Published("urn:li:share:1"))
    other = publish(linkedin, member(linkedin, "bob"), item("Stays"))
    with pytest.raises(NetworkError):
        linkedin.delete(alice, other)
    assert store.posts.get("linkedin", other.external_id) is not None


def test_a_pages_numbers_are_read_and_nothing_is_made_up(
    linkedin: LinkedIn, works: Account, store: Store, wire: Counted, tmp_path: Path
) -> None:
    busy, quiet, gone = (publish(linkedin, works, item(f"Post {n}")) for n in range(3))
    film = publish(linkedin, works, item("Film", video(tmp_path)))
    for made in (busy, film):
        post = store.posts.get("linkedin", made.external_id)
        assert post is not None
        post.extras["counts"] = {"likes": 7, "shares": 2, "comments": 1, "impressions": 900}
    linkedin.delete(works, gone)
    wire.calls.clear()
    ids = [made.external_id for made in (busy, quiet, gone, film)]
    found = linkedin.metrics(works, ids)
    whole = Metrics(likes=7, shares=2, comments=1, impressions=900)
    zero = Metrics(likes=0, shares=0, comments=0, impressions=0)
    assert [found[one] for one in ids] == [whole, zero, Metrics(gone=True), whole]
    assert f"&shares=List({','.join(one.replace(':', '%3A') for one in ids[:3])})" in wire.calls[0]


def test_a_members_numbers_are_shown_where_the_token_may(
    linkedin: LinkedIn, alice: Account, store: Store
) -> None:
    made = publish(linkedin, alice, item("Mine"))
    post = store.posts.get("linkedin", made.external_id)
    assert post is not None
    post.extras["counts"] = {"likes": 3, "impressions": 50}
    found = linkedin.metrics(alice, [made.external_id])
    assert found[made.external_id] == Metrics(3, 0, 0, saves=0, impressions=50)


def test_without_the_scope_numbers_are_untold_and_not_asked_for(
    linkedin: LinkedIn, alice: Account, wire: Counted
) -> None:
    own = {"kind": "member", "scopes": ["openid", "profile", "email", "w_member_social"]}
    plain = Account(alice.external_id, "Alice", alice.tokens, extras=own)
    assert linkedin.metrics(plain, ["urn:li:share:1"]) == {"urn:li:share:1": Metrics()}
    assert wire.calls == []
    assert linkedin.capabilities(own).metrics == ()


def test_nothing_asks_for_a_place(linkedin: LinkedIn, alice: Account) -> None:
    assert linkedin.destinations(alice) == []
    assert prepared(linkedin, alice, item("Plain")) == {}


def test_the_only_picture_becomes_that_of_a_card_a_person_wrote(
    linkedin: LinkedIn, alice: Account, store: Store, tmp_path: Path
) -> None:
    words = {"articleTitle": "Mine", "articleDescription": "Why"}
    publish(linkedin, alice, item("Read https://a.com/x", picture(tmp_path), **words))
    (post,) = store.posts.newest()
    article = post.extras["body"]["content"]["article"]
    assert (article["source"], article["title"]) == ("https://a.com/x", "Mine")
    assert article["description"] == "Why"
    assert article["thumbnail"].startswith("urn:li:image:")
    assert store.blob(post.extras["card"]["blob"]) and post.media == []
    # Without words of its own, or with several pictures, they are pictures.
    publish(linkedin, alice, item("See https://a.com/x", picture(tmp_path)))
    publish(linkedin, alice, item("Two https://a.com/x", *[picture(tmp_path)] * 2, **words))
    many, one, _ = store.posts.newest()
    assert set(one.extras["body"]["content"]) == {"media"}
    assert set(many.extras["body"]["content"]) == {"multiImage"}


def test_a_chosen_picture_that_is_not_taken_stops_the_post(
    linkedin: LinkedIn, alice: Account, store: Store, tmp_path: Path
) -> None:
    broken = picture(tmp_path)
    broken.path.write_bytes(b"not a picture")
    held = store.accounts.get("linkedin", "alice").extras
    held["scopes"] = ["openid", "profile", "w_member_social", "r_member_social"]  # it may look
    with pytest.raises(NetworkError) as caught:
        publish(linkedin, alice, item("Read https://a.com", broken, articleTitle="Mine"))
    assert caught.value.category is Category.MEDIA_ERROR and not list(store.posts.newest())


@pytest.mark.parametrize(
    ("said", "sent"),
    [("All of them", ["All of them"] * 2), (["One", ""], ["One", ""]), ([], ["Own 0", "Own 1"])],
)
def test_descriptions_may_come_with_the_settings(
    linkedin: LinkedIn, alice: Account, store: Store, tmp_path: Path,
    said: str | list[str], sent: list[str],
) -> None:  # fmt: skip
    two = [picture(tmp_path, f"Own {n}") for n in range(2)]
    publish(linkedin, alice, item("", *two, altText=said))
    (post,) = store.posts.newest()
    assert [one["alt"] for one in post.media] == sent
