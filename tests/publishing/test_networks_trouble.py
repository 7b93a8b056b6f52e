"""What goes wrong at a network after our part was right: comments, processing, secrets."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import select, text

from app.extensions import db, networks
from app.models.accounts import AccountStatus, SocialAccount
from app.models.media import Media
from app.models.posts import Post, TargetState
from app.models.profiles import Profile
from app.publishing import attempts
from tests.publishing.conftest import Plant, connect, due
from tests.publishing.walking import Ahead, first_place, impatient, picture, quicken, stored_film

PUBLIC = {"privacyLevel": "PUBLIC_TO_EVERYONE"}
SHOWN = {"privacyStatus": "public"}
PLACE = {"subreddit": "test", "title": "A peal"}


@dataclass(frozen=True)
class Case:
    """A post of one network, and what its account or the file there has to be like."""

    network: str
    options: Mapping[str, Any] = field(default_factory=dict)
    extras: Mapping[str, Any] = field(default_factory=dict)
    text: str = "Six bells, one keyboard."
    film: bool = True
    pictures: int = 0  # before the film
    junk: bool = False  # the file turns out to be no video
    says: str = ""
    signed_out: bool = False  # afterwards: a permission to comment is not the whole sign-in

    def __str__(self) -> str:
        form = "-reel" if self.options.get("placement") == "reel" else ""
        return self.network + (form or ("-carousel" if self.pictures else ""))


@pytest.fixture
def plant(start: Callable[..., Plant], monkeypatch: pytest.MonkeyPatch) -> Plant:
    quicken(monkeypatch)
    made = start(COMMIT_DEADLINE_SECONDS=5, TIKTOK_AUDITED=1, YOUTUBE_FORCE_PRIVATE_UPLOADS=0)
    made.ahead = Ahead(monkeypatch).move
    impatient()
    return made


def media_of(brand: Profile, case: Case) -> list[Media]:
    if not case.film:
        return list(picture(brand))
    head = b"not a film at all" if case.junk else b"\0\0\0\x18ftypmp42"
    return [*picture(brand, case.pictures), stored_film(brand, head=head)]


def begun(plant: Plant, brand: Profile, case: Case) -> Post:
    """A post of that case, due now."""
    plant.person(case.network, "maya", **case.extras)
    account = connect(brand, case.network, "maya")
    options = dict(case.options)
    if case.network == "pinterest":
        options["boardId"] = first_place(account).external_id
    return due(
        brand, account, text=case.text, media=media_of(brand, case),
        options={case.network: options},
    )  # fmt: skip


# First comments

COMMENTED = (
    Case("facebook", {"firstComment": "meta-error:368/4854002"}, film=False, signed_out=True),
    Case("facebook", {"firstComment": "meta-error:200"}, film=False),
    Case("instagram", film=False, signed_out=True),
    Case("linkedin", extras={"no_comments": True}, film=False),
    Case("threads", film=False, signed_out=True),
    Case("youtube", SHOWN, signed_out=True),
    Case("reddit", PLACE, film=False, signed_out=True),
)


@pytest.mark.parametrize("case", COMMENTED, ids=str)
def test_a_post_is_out_though_its_first_comment_is_refused(
    plant: Plant, brand: Profile, monkeypatch: pytest.MonkeyPatch, case: Case
) -> None:
    wanted = {"firstComment": "The score is in the tower.", **case.options}
    if case.options.get("firstComment") is None and not case.extras:
        refused_under(plant, monkeypatch, case.network)
    post = begun(plant, brand, Case(**{**case.__dict__, "options": wanted}))
    plant.run()
    plant.settle()
    target = plant.target(post)
    assert (target.state, target.error_code) == (TargetState.PUBLISHED, "WARNING"), target.error
    assert "This is out, but its first comment was not made: " in (target.error or "")
    assert len((target.error or "").split(": ", 1)[1]) > 10
    [seen] = plant.seen(case.network)
    assert seen["url"] == target.permalink and target.published
    assert len(target.published["parts"]) == 1
    status = AccountStatus.NEEDS_RECONNECT if case.signed_out else AccountStatus.ACTIVE
    assert plant.read(select(SocialAccount.status)) == [status]


def refused_under(plant: Plant, monkeypatch: pytest.MonkeyPatch, network: str) -> None:
    """The sign-in is taken back between the post and its comment."""
    speaker = networks.get(network)
    real = speaker.commit

    def commit(account: Any, item: Any, resume: Any) -> Any:
        if item.comment:
            plant.fault(network, "publish", "revoked", times=-1)
        return real(account, item, resume)

    monkeypatch.setattr(speaker, "commit", commit)


# Processing

LONG = 600.0  # seconds of processing
TAKEN = (  # the network says yes, and shows it later; most are in the failure table
    Case("facebook", {"placement": "reel"}),
    Case("reddit", PLACE, {"processing": LONG}, film=False),
)


@pytest.mark.parametrize("case", TAKEN, ids=str)
def test_what_a_network_has_taken_is_said_to_be_prepared_until_it_is_out(
    plant: Plant, brand: Profile, monkeypatch: pytest.MonkeyPatch, case: Case
) -> None:
    for place in ("facebook.videos", "youtube.videos"):
        monkeypatch.setattr(f"app.sandbox.{place}.PROCESSING_SECONDS", LONG)
    workshop = Ahead(monkeypatch)
    post = begun(plant, brand, case)
    plant.run()
    target = plant.target(post)
    assert (target.state, target.error_code) == (TargetState.POSTING, "PROCESSING"), target.error
    assert (target.error or "").endswith("has this and is still preparing it.")
    workshop.by = LONG
    plant.later(12)
    plant.run()
    target = plant.target(post)
    assert target.state is TargetState.PUBLISHED and target.error is None
    [seen] = plant.seen(case.network)
    assert seen["url"] == target.permalink
    [attempt] = plant.attempts(target)
    assert attempt.external_id == target.external_id


PREPARED = (  # before anything is public; most networks are in the failure table
    Case("instagram", pictures=1),
)


@pytest.mark.parametrize("case", PREPARED, ids=str)
def test_a_file_that_is_prepared_beforehand_is_waited_for_and_sent_once(
    plant: Plant, brand: Profile, monkeypatch: pytest.MonkeyPatch, case: Case
) -> None:
    for place in ("instagram.containers.ENCODING", "linkedin.media.VIDEO_SECONDS",
                  "pinterest.media.ENCODING_SECONDS"):  # fmt: skip
        monkeypatch.setattr(f"app.sandbox.{place}", LONG)
    workshop = Ahead(monkeypatch)
    post = begun(plant, brand, case)
    plant.run()
    target = plant.target(post)
    assert (target.state, target.category) == (TargetState.SCHEDULED, "media_processing")
    assert "is still preparing the picture or video" in (target.error or "")
    assert plant.seen(case.network) == []
    workshop.by = LONG
    plant.settle()
    target = plant.target(post)
    assert (target.state, target.failures, target.error) == (TargetState.PUBLISHED, 0, None)
    [seen] = plant.seen(case.network)
    assert len(seen["media"]) == case.pictures + 1


BROKEN = (  # the usual form of each network is in the failure table
    Case("facebook", {"placement": "reel"}, junk=True, says="in a format that we don't support"),
    Case("instagram", pictures=2, junk=True, says="Item 3 of the carousel: Instagram does not"),
    Case(
        "instagram",
        pictures=1,
        extras={"fails": {"subcode": 2207053, "times": 2, "kind": "VIDEO"}},
        says="Item 2 of the carousel: Instagram could not process",
    ),
)


@pytest.mark.parametrize("case", BROKEN, ids=str)
def test_processing_that_fails_ends_the_post_in_the_networks_words(
    plant: Plant, brand: Profile, case: Case
) -> None:
    post = begun(plant, brand, case)
    plant.run()
    plant.settle()
    target = plant.target(post)
    assert target.state is TargetState.FAILED and case.says in (target.error or ""), target.error
    assert target.category in ("media_error", "validation")
    assert plant.seen(case.network) == []


# Secrets

OPEN_STORAGE = "/reddit-uploaded-media"  # the host of everybody's files, said in each address
SECRET = (
    Case("facebook"), Case("facebook", {"placement": "reel"}), Case("instagram"),
    Case("linkedin"), Case("pinterest"), Case("reddit", PLACE), Case("tiktok", PUBLIC),
    Case("youtube", SHOWN),
)  # fmt: skip


@pytest.mark.parametrize("case", SECRET, ids=str)
def test_upload_addresses_cannot_be_read_in_the_database(
    plant: Plant, brand: Profile, monkeypatch: pytest.MonkeyPatch, case: Case
) -> None:
    kept: list[tuple[Mapping[str, Any], str]] = []
    real = attempts.save

    def save(claim: Any, attempt_id: Any, resume: Mapping[str, Any]) -> None:
        real(claim, attempt_id, resume)
        with db.engine.connect() as connection:
            [stored] = connection.execute(text("SELECT resume FROM attempts")).scalars()
        kept.append((resume, stored if isinstance(stored, str) else json.dumps(stored)))

    monkeypatch.setattr(attempts, "save", save)
    post = begun(plant, brand, case)
    plant.run()
    plant.settle()
    assert plant.target(post).state is TargetState.PUBLISHED
    words = [(word, raw) for resume, raw in kept for word in leaves(resume.get("secret"))]
    assert words, "there was nothing to hide"
    read = [word for word, raw in words if json.dumps(word).strip('"') in raw]
    assert not [word for word in read if not word.endswith(OPEN_STORAGE)]


def leaves(found: Any) -> list[str]:
    """Every text of some length in a nested value."""
    if isinstance(found, Mapping):
        return [word for one in found.values() for word in leaves(one)]
    if isinstance(found, list):
        return [word for one in found for word in leaves(one)]
    return [found] if isinstance(found, str) and len(found) >= 16 else []
