"""Settings of a post by network: read from a form, stored typed, shown as fields."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.errors import ValidationFailed
from app.extensions import db
from app.models.posts import Post
from app.models.profiles import Profile
from app.permissions import Actor
from app.sandbox.store import Store
from app.services import (
    composing,
    composing_checks,
    destinations,
    drafts,
    options,
    options_shown,
    previews,
)
from app.services.drafts import Changes
from tests.factories import make_account, make_media, make_post

LONDON = ZoneInfo("Europe/London")


def made(profile: Profile, network: str, given: dict[str, Any] | None = None, **more: Any) -> Post:
    account = make_account(profile, network, "maya", **more)
    return make_post(profile, "Hello", [account], options={network: given} if given else {})


def read(post: Post, network: str, **typed: Any) -> tuple[dict[str, Any], dict[str, str]]:
    lists = {name: v if isinstance(v, list) else [v] for name, v in typed.items()}
    return options.read(post, network, lists, LONDON)


def fields(actor: Actor, post: Post, network: str, **typed: list[str]) -> dict[str, Any]:
    found = options_shown.groups(actor, post, network, {network: typed}, {}, LONDON)
    group = next(one for one in found if one.network == network)
    return {one.name.rsplit("-", 1)[1]: one for one in group.fields}


def test_every_kind_is_kept_as_what_it_is(profile: Profile) -> None:
    post = made(profile, "youtube")
    found, errors = read(
        post, "youtube", title=" Bells ", tags="brass, bells ,, brass", madeUp="x",
        privacyStatus="unlisted", publishAt="2031-07-01T09:00", notifySubscribers=["0"],
        containsSyntheticMedia=["0", "1"], description="One\r\ntwo",
    )  # fmt: skip
    assert not errors
    assert found == {
        "title": "Bells", "tags": ["brass", "bells"], "privacyStatus": "unlisted",
        "publishAt": "2031-07-01T08:00:00Z", "notifySubscribers": False,
        "containsSyntheticMedia": True, "description": "One\ntwo", "madeUp": "x",
    }  # fmt: skip


def test_what_is_as_the_network_has_it_is_not_stored(profile: Profile) -> None:
    post = made(profile, "youtube", {"notifySubscribers": False, "title": "Bells"})
    found, _ = read(post, "youtube", notifySubscribers=["0", "1"], title="")
    assert found == {}


@pytest.mark.parametrize(
    ("network", "typed", "told"),
    [
        ("youtube", {"publishAt": "soon"}, "Write the time as"),
        ("youtube", {"publishAt": "0001-01-01T00:00"}, "Write the time as"),
        ("youtube", {"privacyStatus": "secret"}, "Choose one from the list."),
        ("youtube", {"title": "x" * 30_001}, "Keep this under"),
        ("instagram", {"thumbOffset": "early"}, "Write a number."),
        ("instagram", {"thumbOffset": "nan"}, "Write a smaller number."),
    ],
)
def test_what_makes_no_sense_keeps_what_was_stored(
    profile: Profile, network: str, typed: dict[str, str], told: str
) -> None:
    name = next(iter(typed))
    post = made(profile, network, {name: 5})
    found, errors = read(post, network, **typed)
    assert errors[name].startswith(told) and found == {name: 5}


@pytest.mark.parametrize(
    ("network", "given", "field"),
    [
        ("instagram", {"placment": "reel"}, "options.instagram.placment"),
        ("instagram", {"shareToFeed": "yes"}, "options.instagram.shareToFeed"),
        ("instagram", {"thumbOffset": True}, "options.instagram.thumbOffset"),
        ("instagram", {"collaborators": "maya"}, "options.instagram.collaborators"),
        ("instagram", {"coverUrl": ["x"]}, "options.instagram.coverUrl"),
        ("instagram", {"firstComment": "\x00"}, "options.instagram.firstComment"),
        ("bluesky", {"placement": "feed"}, "options.bluesky.placement"),
        ("myspace", {"song": "x"}, "options.myspace"),
    ],
)
def test_an_unknown_name_and_another_kind_are_refused_by_name(
    owner: Actor, profile: Profile, network: str, given: dict[str, Any], field: str
) -> None:
    post = made(profile, "instagram")
    post_id, rev = post.id, post.rev
    db.session.rollback()
    with pytest.raises(ValidationFailed) as caught:
        drafts.save(owner, post_id, rev, Changes(options={network: given}))
    assert caught.value.field == field
    db.session.rollback()
    assert drafts.get(owner, post_id).options == {}


def test_saving_one_network_leaves_the_others(owner: Actor, profile: Profile) -> None:
    post = made(profile, "instagram", {"placement": "story"})
    saved = drafts.save(
        owner, post.id, post.rev, Changes(options={"mastodon": {"visibility": "unlisted"}})
    )
    assert saved.options == {
        "instagram": {"placement": "story"}, "mastodon": {"visibility": "unlisted"},
    }  # fmt: skip
    saved = drafts.save(owner, post.id, saved.rev, Changes(options={"instagram": {}}))
    assert saved.options == {"mastodon": {"visibility": "unlisted"}}


# Shown --------------------------------------------------------------------------------------------


def test_a_placement_brings_its_own_settings(owner: Actor, profile: Profile) -> None:
    story = fields(owner, made(profile, "instagram", {"placement": "story"}), "instagram")
    assert set(story) == {"placement"}
    feed = fields(
        owner,
        made(profile, "facebook", {"placement": "feed", "firstComment": "Hi"}), "facebook",
    )  # fmt: skip
    assert feed["firstComment"].value == "Hi" and feed["placement"].value == "feed"
    left_open = fields(owner, made(profile, "instagram", external_id="2"), "instagram")
    assert left_open["placement"].choices[0] == ("", "By what you add")
    assert {"collaborators", "firstComment"} <= set(left_open) and "shareToFeed" not in left_open


def test_tiktok_chooses_no_audience_and_greys_out_what_the_creator_turned_off(
    owner: Actor, profile: Profile
) -> None:
    extras = {"duet_disabled": True, "privacy_level_options": ["SELF_ONLY"]}
    post = made(profile, "tiktok", {"brandContentToggle": True}, extras=extras)
    group = options_shown.groups(owner, post, "tiktok", {}, {}, LONDON)[0]
    found = {one.name.rsplit("-", 1)[1]: one for one in group.fields}
    assert found["privacyLevel"].choices[0] == ("", "Choose") and not found["privacyLevel"].value
    assert [p.blocks for p in found["privacyLevel"].problems] == [True]
    assert found["disableDuet"].locked and not found["disableDuet"].on
    assert found["disableDuet"].label == "Allow Duets"
    assert not found["disableComment"].locked
    assert group.notice is not None and group.notice.links[0][0] == "Branded Content Policy"
    assert group.who == ("Maya (@maya)",)
    # What is greyed out does not change, whatever is sent.
    assert "disableDuet" not in read(post, "tiktok", disableDuet=["0"])[0]


def test_a_tiktok_post_allows_only_what_somebody_ticks(owner: Actor, profile: Profile) -> None:
    """Its audit asks for boxes that allow, none ticked beforehand (networks/tiktok.md §7)."""
    post = made(profile, "tiktok")
    boxes = fields(owner, post, "tiktok")
    words = {f"Allow {one}" for one in ("comments", "Duets", "Stitches")}
    assert {one.label for one in boxes.values() if one.label.startswith("Allow")} == words
    assert not any(one.on for one in boxes.values())
    assert read(post, "tiktok", disableComment=["0", "1"])[0] == {"disableComment": False}
    assert read(post, "tiktok", disableComment=["0"])[0] == {}
    allowed = made(profile, "tiktok", {"disableComment": False}, external_id="2")
    group = options_shown.groups(owner, allowed, "tiktok", {}, {}, LONDON)[0]
    assert group.said == "Allow comments"
    assert [f.on for f in group.fields if f.label == "Allow comments"] == [True]


def test_what_was_typed_stays_in_the_field(owner: Actor, profile: Profile) -> None:
    post = made(profile, "instagram", {"placement": "reel"})
    found = options_shown.groups(
        owner, post, "instagram", {"instagram": {"thumbOffset": ["early"]}},
        {"option-instagram-thumbOffset": "Write a number."}, LONDON,
    )[0]  # fmt: skip
    field = next(one for one in found.fields if one.name.endswith("thumbOffset"))
    assert (field.value, field.error) == ("early", "Write a number.")


def test_a_subreddits_flairs_can_be_chosen_from(
    owner: Actor, profile: Profile, play: Store
) -> None:
    post = made(profile, "reddit", {"subreddit": "r/flaired"})
    assert fields(owner, post, "reddit")["flairId"].kind == "text"
    account_id, post_id = post.targets[0].account_id, post.id
    db.session.rollback()
    destinations.find(owner, account_id, "flaired")
    flair = fields(owner, drafts.get(owner, post_id), "reddit")["flairId"]
    assert flair.choices == (("", "None"), ("f-news", "News"), ("f-own", "Own words"))


def test_a_content_warning_counts_in_every_number_of_the_composer(profile: Profile) -> None:
    account = make_account(profile, "mastodon", "maya")
    post = make_post(profile, "x" * 490, [account], options={
        "mastodon": {"spoiler_text": "w" * 11, "sensitive": True, "language": "en"}
    })  # fmt: skip
    assert [one.left for one in composing.tabs(post, "mastodon")] == [0, -1]
    assert composing.boxes(post, "mastodon")[0].left == -1
    (line,) = [one for one in composing_checks.checks(post, due=None, connect="").lines
               if one.kind == "no"]  # fmt: skip
    assert line.text == "is 1 character over"
    found = previews.preview(post, "mastodon")
    assert found is not None and (found.warning, found.veiled) == ("w" * 11, True)
    post.options = {"mastodon": {"sensitive": True}}
    found = previews.preview(post, "mastodon")
    assert found is not None and (found.warning, found.veiled) == ("", True)


def test_what_only_contracts_say_is_kept_and_not_drawn(owner: Actor, profile: Profile) -> None:
    given = {"altText": ["One", "Two"], "authorType": "member"}
    post = made(profile, "linkedin")
    saved = drafts.save(owner, post.id, post.rev, Changes(options={"linkedin": given}))
    assert saved.options == {"linkedin": given}
    assert not {"altText", "authorType"} & set(fields(owner, saved, "linkedin"))
    full, errors = read(saved, "linkedin", altText="gone", visibility="CONNECTIONS")
    assert full == {**given, "visibility": "CONNECTIONS"} and not errors
    with pytest.raises(ValidationFailed, match="this is text"):
        options.checked("linkedin", {"altText": ["One", 2]}, saved)


def test_the_preview_shows_the_card_as_it_was_written(profile: Profile) -> None:
    account = make_account(profile, "linkedin", "maya")
    words = {"articleTitle": "The spring programme", "articleDescription": "Six evenings"}
    post = make_post(
        profile, "Read https://bells.example/spring", [account], media=[make_media(profile)],
        options={"linkedin": words},
    )  # fmt: skip
    found = previews.preview(post, "linkedin")
    assert found is not None and found.parts[0].media == ()
    card = found.parts[0].card
    assert card is not None and card.picture is post.media[0]
    assert (card.host, card.title, card.description) == (
        "bells.example", "The spring programme", "Six evenings",
    )  # fmt: skip
    post.options = {}
    found = previews.preview(post, "linkedin")
    assert found is not None and len(found.parts[0].media) == 1 and found.parts[0].card is None
