"""From the consent page to a post people see, its numbers, and its end: every network's forms.

Services, engine, clients and played networks over sockets; nothing is put into a row by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.extensions import networks
from app.models.accounts import AccountStatus, SocialAccount
from app.models.posts import PostTarget, TargetState
from app.networks import NETWORKS
from app.networks.base import Capabilities, Category, NetworkError, Placement, Published
from tests import factories, plain
from tests.publishing.conftest import Plant
from tests.publishing.walking import (
    Way,
    impatient,
    let_time_pass,
    opened,
    quicken,
    schedule,
    sign_in,
    write,
)

PUBLIC = {"privacyLevel": "PUBLIC_TO_EVERYONE"}
LATER = {"firstComment": "The score is in the tower."}
GRAPH = {"INSTAGRAM_LOGIN": "facebook"}
PAGES = {"LINKEDIN_ORGANIZATIONS": 1}
SAME_PLACE = ("story", "short")  # addresses of which a network has several for one thing
OPEN = {"YOUTUBE_FORCE_PRIVATE_UPLOADS": 0}
CARD = ("The tower: https://example.org/peal",)
TWO = ("One of two.", "Two of two.")
WAYS = (
    Way("twitter", "text"),
    Way("twitter", "picture", ("photo",)),
    Way("twitter", "thread", ("photo", "drawing"), parts=TWO),
    Way("twitter", "gif", ("moving",)),
    Way("twitter", "video", ("clip",)),
    Way("mastodon", "text"),
    Way("mastodon", "picture", ("photo",)),
    Way("mastodon", "thread", ("photo", "drawing"), parts=TWO),
    Way("mastodon", "gif", ("moving",)),
    Way("mastodon", "video", ("clip",)),
    Way("bluesky", "card", parts=CARD),
    Way("bluesky", "picture", ("photo",)),
    Way("bluesky", "thread", ("photo", "drawing"), parts=TWO),
    Way("bluesky", "gif", ("moving",)),
    Way("bluesky", "video", ("clip",)),
    Way("linkedin", "card", parts=CARD),
    Way("linkedin", "text", options={"visibility": "PUBLIC", **LATER}),
    Way("linkedin", "picture", ("photo",)),
    Way("linkedin", "pictures", ("photo", "drawing", "tall")),
    Way("linkedin", "gif", ("moving",)),
    Way("linkedin", "video", ("clip",), {"videoTitle": "The peal"}),
    Way("linkedin", "page-video", ("clip",), LATER, kind="organization", settings=PAGES),
    Way("facebook", "link", options=LATER, parts=("Hear it: https://example.org/peal",)),
    Way("facebook", "photo", ("drawing",)),
    Way("facebook", "gif", ("moving",)),
    Way("facebook", "album", ("photo", "drawing", "tall"), LATER),
    Way("facebook", "video", ("clip",), {"videoTitle": "The peal"}),
    Way("facebook", "reel", ("reel",), {"placement": "reel", **LATER}),
    Way("facebook", "story", ("tall",), {"placement": "story"}, ("",)),
    Way("facebook", "video-story", ("reel",), {"placement": "story"}, ("",)),
    Way("instagram", "picture", ("photo",), LATER),
    Way("instagram", "carousel", ("photo", "drawing")),
    Way("instagram", "films", ("reel", "reel")),
    Way("instagram", "mixed-carousel", ("photo", "reel", "drawing", "clip"), LATER),
    Way("instagram", "reel", ("reel",), {"shareToFeed": False}),
    Way("instagram", "story", ("tall",), {"placement": "story"}, ("",)),
    Way("instagram", "video-story", ("reel",), {"placement": "story"}, ("",)),
    Way("instagram", "page-login", ("photo",), LATER, settings=GRAPH),
    Way("threads", "text", options={"topicTag": "bells", "replyControl": "mentioned_only"}),
    Way("threads", "thread", ("photo", "tall"), parts=TWO),
    Way("threads", "picture", ("photo",), LATER),
    Way("threads", "video", ("reel",)),
    Way("threads", "carousel", ("photo", "reel", "drawing")),
    Way("threads", "videos", ("reel", "clip")),
    Way("tiktok", "video", ("reel",), PUBLIC),
    Way("tiktok", "photo", ("tall",), PUBLIC),
    Way("tiktok", "photos", ("photo", "tall"), {**PUBLIC, "title": "The tower"}),
    Way("youtube", "video", ("clip",), {"privacyStatus": "public", "tags": ["bells"], **LATER},
        settings=OPEN),
    Way("youtube", "short", ("reel",), {"placement": "short", "privacyStatus": "unlisted",
        "title": "A peal", "thumbnail": True}, settings=OPEN),
    Way("youtube", "private", ("clip",)),
    Way("pinterest", "picture", ("photo",), {"title": "A tower", "link": "https://example.org"},
        place="boardId"),
    Way("pinterest", "carousel", ("photo", "photo"), place="boardId"),
    Way("pinterest", "video", ("reel",), place="boardId"),
    Way("reddit", "text", options={"title": "Six bells", **LATER}, place="subreddit"),
    Way("reddit", "link", parts=("https://example.org/peal",), options={"title": "A peal"},
        place="subreddit"),
    Way("reddit", "picture", ("photo",), LATER, place="subreddit"),
    Way("reddit", "gallery", ("photo", "drawing"), place="subreddit"),
    Way("reddit", "gif", ("moving",), place="subreddit"),
    Way("reddit", "video", ("clip",), place="subreddit"),
    Way("reddit", "thread", parts=("Six bells", "And what they say"), place="subreddit"),
    Way("metricool", "text", kind="linkedin"),
    Way("metricool", "picture", ("photo",), kind="twitter"),
    Way("metricool", "pictures", ("photo", "drawing"), LATER, kind="facebook"),
    Way("metricool", "reel", ("reel",), kind="instagram"),
)  # fmt: skip


def taken(caps: Capabilities) -> set[str]:
    """Every kind of post that these capabilities promise, one word each, after its placement."""
    found = set() if caps.needs_media else {"text"}
    found |= {"thread"} if caps.threads else set()
    found |= {"comment"} if caps.comment_limit else set()
    found |= {"card"} if caps.link_card else set()
    found |= {"gif"} if caps.max_images and "image/gif" in caps.image_mimes else set()
    usual = Placement("", "", max_images=caps.max_images, max_videos=caps.max_videos)
    for place in caps.placements or (usual,):
        found |= {
            f"{place.name} {word}".strip()
            for word, images, videos in FORMS
            if place.holds(images, videos) and (caps.mixes_media or not (images and videos))
        }
    return found


# Not for people to see: what lies in a person's inbox there has its own tests.
ELSEWHERE = {"tiktok": {"inbox picture", "inbox pictures", "inbox video"}}
# A word, and how many pictures and videos it means.
FORMS = (("picture", 1, 0), ("pictures", 2, 0), ("video", 0, 1), ("videos", 0, 2), ("both", 1, 1))


def shown(way: Way, caps: Capabilities) -> set[str]:
    """The kinds that this way walks."""
    videos = sum(name in ("reel", "clip") for name in way.files)
    images = len(way.files) - videos
    place = caps.placement(way.options, images, videos)
    counted = min(images, 1 if videos else 2), min(videos, 1 if images else 2)
    found = {
        f"{place.name if place else ''} {word}".strip()
        for word, *many in FORMS
        if tuple(many) == counted
    }
    found |= {"text"} if not way.files else set()
    found |= {"thread"} if len(way.parts) > 1 else set()
    found |= {"comment"} if way.comment else set()
    found |= {"gif"} if "moving" in way.files else set()
    linked = "https://" in way.parts[0] and not way.files
    return found | ({"card"} if caps.link_card and linked else set())


@pytest.mark.parametrize("network", NETWORKS)
def test_every_form_a_network_promises_has_its_way(app: Flask, network: str) -> None:
    """A new placement, or a new kind of media, needs a journey before it may be promised."""
    caps = networks.get(network).capabilities({})
    walked = {kind for way in WAYS if way.network == network for kind in shown(way, caps)}
    assert taken(caps) - walked == ELSEWHERE.get(network, set())


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_from_the_consent_page_to_the_feed_and_back(
    start: Callable[..., Plant], monkeypatch: pytest.MonkeyPatch, way: Way
) -> None:
    quicken(monkeypatch)
    plant = start(COMMIT_DEADLINE_SECONDS=5, TIKTOK_AUDITED=1, **way.settings)
    let_time_pass(plant, monkeypatch)
    impatient()
    maya = factories.make_user()
    brand = factories.make_profile(maya)
    actor = factories.actor_of(maya)
    account = sign_in(actor, brand.id, way.network, kind=way.kind)
    assert account.status is AccountStatus.ACTIVE and account.is_sandbox

    post = schedule(actor, write(actor, account, way))
    plant.run()
    plant.settle()

    target = plant.target(post)
    assert target.state is TargetState.PUBLISHED, (target.error, plant.attempts(target)[-1].raw)
    assert target.error is None and target.external_id
    _seen_as_written(plant, way, target)
    _counted(account, target)
    _taken_down(plant, way, account, target)


def _seen_as_written(plant: Plant, way: Way, target: PostTarget) -> None:
    """What people see there: the words, the files, the answers below; and its address."""
    rows = sorted(plant.seen(way.network), key=lambda row: (row["created_at"], row["parent"] or ""))
    first, below = rows[0], rows[1:]
    assert target.permalink and target.permalink.startswith(plant.sandbox)
    assert plain.get(target.permalink, follow_redirects=True).status_code == 200
    assert first["url"] == target.permalink or way.form in SAME_PLACE
    assert len(first["media"]) == len(way.files) or way.network == "reddit"
    moving = [one["mime"].startswith("video/") for one in first["media"]]
    wanted = [name in ("reel", "clip") for name in way.files]
    assert sorted(moving) == sorted(wanted)
    if way.options.get("placement") != "story":
        words = [way.options.get("title") or way.parts[0]]
        assert all(one in first["text"] or one in str(first["extras"]) for one in words)
    expected = [*way.parts[1:], *([way.comment] if way.comment else [])]
    assert [row["text"] for row in below] == expected
    assert all(row["parent"] for row in below)
    assert target.published is not None and len(target.published["parts"]) == 1 + len(expected)


def _counted(account: SocialAccount, target: PostTarget) -> None:
    """Figures the network says it tells are told, and nothing else is made up."""
    speaker, ours = networks.of(account), opened(account)
    told = speaker.metrics(ours, [str(target.external_id)])
    names = speaker.capabilities(ours.extras).metrics
    found = told.get(str(target.external_id))
    if names and not _unseen(target):
        assert found is not None and not found.gone
        assert any(getattr(found, name) is not None for name in names)


def _unseen(target: PostTarget) -> bool:
    """Stories tell nothing to us."""
    return "stories" in str(target.permalink)


def _taken_down(plant: Plant, way: Way, account: SocialAccount, target: PostTarget) -> None:
    """Every part, the last first; or words that say why nobody can from outside."""
    speaker, ours = networks.of(account), opened(account)
    assert target.published is not None
    parts: list[dict[str, Any]] = target.published["parts"]
    if not speaker.capabilities(ours.extras).deletes:
        with pytest.raises(NetworkError) as told:
            speaker.delete(ours, Published(parts[0]["id"], parts[0]["url"], parts[0]["extras"]))
        assert told.value.category is Category.VALIDATION
        assert "Delete it" in told.value.message
        return
    for part in reversed(parts):
        for _ in range(2):  # what is gone is gone
            speaker.delete(ours, Published(part["id"], part["url"], part["extras"]))
    assert all(row["deleted"] for row in plant.seen(way.network))
