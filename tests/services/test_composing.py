"""What the composer shows comes from the networks' own rules, and says what mends it."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from app import content, link_cards
from app.clock import now
from app.config import settings
from app.extensions import db, networks
from app.integrations.cards import Found
from app.models.accounts import AccountStatus
from app.models.media import LinkCard
from app.models.posts import Post
from app.services import composing, composing_checks, drafts, previews
from app.services.composing import Piece
from tests.factories import actor_of, make_account, make_media, make_post, make_profile, make_user
from tests.statements import counted

LINK = "https://marram.coffee/a-long-address-of-a-page-about-coffee"


@pytest.fixture
def desk(app: Flask) -> SimpleNamespace:
    maya = make_user()
    brand = make_profile(maya)
    accounts = {n: make_account(brand, n) for n in ("twitter", "mastodon", "bluesky")}
    return SimpleNamespace(
        maya=maya, brand=brand, accounts=accounts, all=list(accounts.values()),
        actor=actor_of(maya),
    )  # fmt: skip


def told(post: Post, **given: Any) -> list[tuple[str, str, str]]:
    due = given.pop("due", None)
    found = composing_checks.checks(post, due=due, connect="/connections")
    return [(one.kind, one.who, one.text) for one in found.lines]


# Tabs and texts -----------------------------------------------------------------------------------


def test_a_tab_says_what_is_left_by_the_networks_own_count(desk: SimpleNamespace) -> None:
    post = make_post(desk.brand, f"👨‍👩‍👧 {LINK}", desk.all, own={"mastodon": ["Short"]})
    tabs = {one.network: one for one in composing.tabs(post, "twitter")}
    assert {n: t.left for n, t in tabs.items() if n} == {
        "twitter": 280 - 2 - 1 - 23, "mastodon": 495, "bluesky": 300 - 2 - len(LINK),
    }  # fmt: skip
    assert tabs["mastodon"].own and tabs["twitter"].current and not tabs["bluesky"].own
    assert tabs[""].length == 2 + len(LINK)


def test_every_tab_says_the_same_as_the_check_that_sending_makes(desk: SimpleNamespace) -> None:
    for text in ("x" * 281, "é" * 301, "漢" * 141, LINK * 8, "🇬🇧" * 200):
        post = make_post(desk.brand, text, desk.all)
        for tab in composing.tabs(post, "")[1:]:
            account = desk.accounts[tab.network]
            parts = content.parts(post, tab.network, settings())
            problems = networks.get(tab.network).validate(parts, account.extras)
            assert (tab.left < 0) == any(p.blocks for p in problems), (tab.network, text[:2])


def test_the_strictest_of_two_accounts_and_the_longest_part_count(desk: SimpleNamespace) -> None:
    small = make_account(
        desk.brand, "mastodon",
        extras={"configuration": {"statuses": {"max_characters": 100}}},
    )  # fmt: skip
    post = make_post(desk.brand, ["x" * 10, "x" * 90], [desk.accounts["mastodon"], small])
    assert composing.tabs(post, "mastodon")[1].left == 10


def test_a_text_is_cut_at_what_networks_make_of_it(desk: SimpleNamespace) -> None:
    post = make_post(desk.brand, f"  Hello #brew at {LINK}", desk.all)
    (box,) = composing.boxes(post, "")
    assert box.pieces == (
        Piece("  Hello "), Piece("#brew", "tag"), Piece(" at "), Piece(LINK, "link"),
    )  # fmt: skip
    assert "".join(one.text for one in box.pieces) == post.parts[0]


def test_what_is_too_much_for_the_strictest_is_marked_in_the_shared_text(
    desk: SimpleNamespace,
) -> None:
    post = make_post(desk.brand, "x" * 290, desk.all)
    (box,) = composing.boxes(post, "")
    assert [(len(one.text), one.kind) for one in box.pieces] == [(280, ""), (10, "over")]
    assert (box.left, box.who) == (-10, "X")
    (own,) = composing.boxes(post, "mastodon")
    assert own.pieces == (Piece("x" * 290),) and own.left == 210


@pytest.mark.parametrize(
    ("spans", "found"),
    [
        ([], [("abcdef", "")]),
        ([(2, 4, "link")], [("ab", ""), ("cd", "link"), ("ef", "")]),
        ([(0, 6, "link"), (3, 6, "over")], [("abc", "link"), ("def", "over")]),
        ([(4, 6, "tag"), (0, 1, "mention")], [("a", "mention"), ("bcd", ""), ("ef", "tag")]),
    ],
)
def test_pieces_make_up_the_whole_text(
    spans: list[tuple[int, int, str]], found: list[tuple[str, str]]
) -> None:
    assert [(one.text, one.kind) for one in composing.pieces("abcdef", spans)] == found


def test_an_account_that_cannot_post_says_why(desk: SimpleNamespace) -> None:
    desk.accounts["mastodon"].status = AccountStatus.NEEDS_RECONNECT
    away = make_account(desk.brand, "bluesky", "gone", status=AccountStatus.DISCONNECTED)
    post = make_post(desk.brand, "Hello", [desk.accounts["twitter"]])
    found = {one.network: one for one in composing.choices(desk.actor, post)}
    assert found["twitter"].chosen and not found["mastodon"].chosen
    assert not found["mastodon"].usable and "signed @" in found["mastodon"].why
    assert away.id not in {one.id for one in composing.choices(desk.actor, post)}


# Checks -------------------------------------------------------------------------------------------


def test_an_empty_post_is_something_to_do_and_not_three_alarms(desk: SimpleNamespace) -> None:
    assert told(make_post(desk.brand, "", desk.all)) == [
        ("todo", "", "Write something, or add a picture")
    ]
    assert ("todo", "", "Choose at least one account") in told(make_post(desk.brand, "Hi", []))


def test_a_check_names_the_network_the_trouble_and_the_fix(desk: SimpleNamespace) -> None:
    post = make_post(desk.brand, ["Fine", "x" * 290], desk.all, own={"bluesky": ["y" * 301]})
    found = composing_checks.checks(post, due=None, connect="")
    lines = {one.who: one for one in found.lines if one.kind == "no"}
    assert lines["X"].text == "is 10 characters over, in part 2"
    assert lines["Bluesky"].text == "is 1 character over"
    assert lines["X"].fix and lines["X"].fix.go == "own:twitter"
    assert lines["Bluesky"].fix and lines["Bluesky"].fix.go == "tab:bluesky"
    assert found.blocked == ("X", "Bluesky") and len(found.ready) == 1
    assert [(c.text, c.networks) for c in found.lines if c.kind == "yes"] == [
        ("Ready", ("mastodon",))
    ]


def test_accounts_of_one_network_share_a_line_where_they_share_the_trouble(
    desk: SimpleNamespace,
) -> None:
    long = make_account(desk.brand, "twitter", "paid", extras={"subscription_type": "premium"})
    twin = make_account(desk.brand, "bluesky", "twin")
    post = make_post(desk.brand, "x" * 310, [*desk.all, long, twin])
    found = composing_checks.checks(post, due=None, connect="")
    assert [one.who for one in found.lines if one.kind == "no"] == [
        f"X @{desk.accounts['twitter'].handle}", "Bluesky",
    ]  # fmt: skip
    assert found.blocked == (f"X @{desk.accounts['twitter'].handle}", "Bluesky")


def test_a_time_that_has_passed_blocks_and_one_to_come_does_not(desk: SimpleNamespace) -> None:
    post = make_post(desk.brand, "Hello", desk.all)
    past, ahead = now() - timedelta(hours=1), now() + timedelta(hours=1)
    assert ("no", "", "That time has passed") in told(post, due=past)
    assert told(post, due=ahead) == [("yes", "", "Ready")]


def test_a_missing_alt_text_is_said_once_with_its_picture(desk: SimpleNamespace) -> None:
    rows = [make_media(desk.brand), make_media(desk.brand, alt="")]
    post = make_post(desk.brand, "Hello", desk.all, media=rows)
    found = composing_checks.checks(post, due=None, connect="")
    (one,) = [c for c in found.lines if "alt text" in c.text]
    assert one.text == "Picture 2 has no alt text" and one.fix
    assert one.fix.opens == f"shot-{post.media[1].id}" and len(found.ready) == 3


def test_an_account_that_waits_is_a_warning_with_the_way_back(desk: SimpleNamespace) -> None:
    desk.accounts["bluesky"].status = AccountStatus.NEEDS_RECONNECT
    post = make_post(desk.brand, "Hello", desk.all)
    found = composing_checks.checks(post, due=None, connect="/p/x/connections")
    (one,) = [c for c in found.lines if c.kind == "warn"]
    assert one.who == "Bluesky" and "until you reconnect" in one.text
    assert one.fix and one.fix.href == "/p/x/connections"


def test_too_many_pictures_block_the_networks_that_refuse_them(desk: SimpleNamespace) -> None:
    rows = [make_media(desk.brand) for _ in range(5)]
    post = make_post(desk.brand, "Hello", desk.all, media=rows)
    found = composing_checks.checks(post, due=None, connect="")
    assert len(found.blocked) == 3
    assert any("takes 4 pictures" in c.text and c.who == "X" for c in found.lines)


def test_dropping_last_hashtags_is_offered_only_where_it_helps(desk: SimpleNamespace) -> None:
    helped = make_post(desk.brand, "word " * 55 + "#one #two #three", desk.all)
    offer = composing_checks.suggestion(helped)
    assert offer and (offer.network, offer.told) == (
        "twitter", "X takes 280 characters; this is 291.",
    )  # fmt: skip
    assert "hashtags" in offer.offer
    assert composing_checks.shortened(helped, "twitter") == ["word " * 55 + "#one"]
    stays = make_post(desk.brand, "x" * 290, desk.all)
    offer = composing_checks.suggestion(stays)
    assert offer and "shorter text" in offer.offer
    assert composing_checks.shortened(stays, "twitter") == ["x" * 290]
    own = make_post(desk.brand, "x" * 290, desk.all, own={"twitter": ["y"]})
    assert composing_checks.suggestion(own) is None


def test_fitting_is_never_silent(desk: SimpleNamespace) -> None:
    heavy = make_media(desk.brand)
    heavy.size = 6_000_000
    db.session.commit()
    post = make_post(desk.brand, "Hello", desk.all, media=[heavy])
    said = {one.network: one.text for one in composing_checks.fits(post)}
    assert said["twitter"] == "gets the picture made smaller: it takes up to 5 MB."
    assert "made smaller" in said["bluesky"] and "mastodon" not in said
    assert told(post) == [("yes", "", "Ready")]


# Previews -----------------------------------------------------------------------------------------


def test_a_preview_is_the_text_as_sent_part_by_part(desk: SimpleNamespace) -> None:
    rows = [make_media(desk.brand), make_media(desk.brand)]
    post = make_post(desk.brand, ["  One #a  ", "Two"], desk.all, media=rows)
    post.media[1].part = 1
    found = previews.preview(post, "bluesky")
    assert found and (found.network, found.title, len(found.parts)) == ("bluesky", "Bluesky", 2)
    assert found.parts[0].pieces == (Piece("One "), Piece("#a", "tag"))
    assert [len(one.media) for one in found.parts] == [1, 1]
    assert (found.parts[1].count, found.parts[1].limit) == (3, 300)
    other = previews.preview(post, "nowhere")
    assert other and other.network == "twitter"
    assert previews.preview(make_post(desk.brand, "Hi", []), "") is None


def test_a_link_card_is_read_shown_or_told_missing(desk: SimpleNamespace) -> None:
    post = make_post(desk.brand, f"See {LINK}", desk.all)

    def card() -> Any:
        found = previews.preview(post, "bluesky")
        assert found
        return found.parts[0].card

    assert card().state == "reading" and db.session.get(LinkCard, link_cards.key(LINK)) is None
    previews.ask_cards(post)
    assert db.session.get(LinkCard, link_cards.key(LINK)) is not None
    link_cards.record(db.session(), LINK, None)
    db.session.commit()
    assert card().state == "none"
    link_cards.record(db.session(), LINK, Found("Finca La Loma"))
    db.session.commit()
    assert (card().state, card().title, card().host) == (
        "found", "Finca La Loma", "marram.coffee",
    )  # fmt: skip
    other = previews.preview(post, "mastodon")
    assert other and other.parts[0].card is None
    pictured = make_post(desk.brand, LINK, desk.all, media=[make_media(desk.brand)])
    found = previews.preview(pictured, "bluesky")
    assert found and found.parts[0].card is None


def test_the_day_knows_other_posts_but_not_this_one_or_anybody_elses(
    desk: SimpleNamespace,
) -> None:
    at = now() + timedelta(days=1)
    post = make_post(desk.brand, "Mine", desk.all, at=at)
    other = make_post(desk.brand, "Other", desk.all[:1], at=at + timedelta(hours=1))
    make_post(make_profile(), "Theirs", [], at=at)
    found = previews.same_day(desk.actor, post, at - timedelta(hours=2), at + timedelta(hours=2))
    assert [one.post_id for one in found] == [other.id]


def test_looking_costs_a_few_queries_however_many_accounts(desk: SimpleNamespace) -> None:
    more = [make_account(desk.brand, "mastodon") for _ in range(6)]
    rows = [make_media(desk.brand) for _ in range(4)]
    post_id = make_post(desk.brand, "Hello", [*desk.all, *more], media=rows).id
    db.session.expire_all()
    with counted() as seen:
        post = drafts.get(desk.actor, post_id)
        composing.choices(desk.actor, post)
        composing.tabs(post, "")
        composing_checks.checks(post, due=None, connect="")
        composing_checks.fits(post)
        previews.preview(post, "bluesky")
    assert len([one for one in seen if one.startswith("SELECT")]) <= 7
