"""Demo data for a first look: a coffee roaster's month on a practice account of every network.

Only where the sandbox plays the networks: the log-in is the same everywhere, and everything
goes through the doors a person uses, but for what lies in the past, which is written as rows.
"""

from __future__ import annotations

import json
import time as clocks
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.clock import now, to_utc
from app.config import ROOT, settings
from app.errors import AppError, Conflict, Forbidden, Unavailable
from app.extensions import db, networks
from app.ids import uuid7
from app.models.accounts import SocialAccount
from app.models.attempts import Attempt, AttemptState, Phase
from app.models.media import Media
from app.models.people import User
from app.models.posts import Post, PostMedia, PostTarget, TargetState
from app.models.profiles import Profile
from app.networks import NETWORKS
from app.networks.base import Capabilities, Option
from app.permissions import Actor
from app.services import (
    access,
    accounts,
    destinations,
    drafts,
    media,
    people,
    posting_times,
    posts,
    profiles,
)
from app.services.access import reach
from app.services.posting_times import Weekly

EMAIL, PASSWORD, NAME = "maya@marram.example", "nine-thirty-harbour-bell", "Maya Okafor"
BRAND, SLUG, ZONE, HANDLE = "Marram Coffee", "marram-coffee", "Europe/London", "marram"
SANDBOX_SECONDS = 20.0  # it is started beside us and may need a moment
STORY = ROOT / "static/img/demo/story.json"
S = TargetState


@dataclass(frozen=True)
class Told:
    """One post of the story: how many days from today, at what time, where, and what."""

    day: int | None
    at: time
    networks: tuple[str, ...]
    picture: str
    text: str
    kind: str  # planned, draft or failed


def seed() -> dict[str, str]:
    """Make the demo once and say how to log in: ``email``, ``password`` and ``url``.

    A second call adds posts only where nothing is planned any more. Raises ``Forbidden``
    where no network is played by the sandbox, ``Unavailable`` where it does not answer.
    """
    config = settings()
    played = [name for name in NETWORKS if config.network(name).sandbox]
    if not config.SANDBOX or not played:
        raise Forbidden("Demo data needs the sandbox: it is for practice accounts only.")
    actor, profile_id = _maya()
    found = _connect(actor, profile_id, played)
    _rhythm(actor, profile_id, found)
    if not _planned(actor, profile_id):
        _fill(actor, profile_id, found)
    return {"email": EMAIL, "password": PASSWORD, "url": f"{config.APP_URL}/login"}


def story() -> list[Told]:
    """The posts, as the file beside their pictures tells them."""
    rows: list[dict[str, Any]] = json.loads(STORY.read_text(encoding="utf-8"))
    return [
        Told(
            row.get("day"), time.fromisoformat(row.get("at", "12:30")), tuple(row["networks"]),
            row.get("picture", ""), row["text"], row.get("kind", "planned"),
        )
        for row in rows
    ]  # fmt: skip


def _maya() -> tuple[Actor, UUID]:
    """The person and her brand, made the first time."""
    try:
        people.create_user(EMAIL, PASSWORD, NAME, time_zone=ZONE)
        new = True
    except Conflict:
        db.session.rollback()
        new = False
    user = db.session.scalars(select(User).where(User.email_key == EMAIL)).one()
    actor = access.person(user)
    profile = profiles.current(actor)
    if profile is None:
        profile = profiles.create(actor, BRAND, ZONE)
        actor = access.person(user)
    if new:
        _address(profile)
        profiles.settle(
            actor, profile.id, name=BRAND, time_zone=ZONE, late_policy=profile.late_policy,
            late_limit_minutes=profile.late_limit_minutes, week_start=profile.week_start,
        )  # fmt: skip
    return actor, profile.id


def _address(profile: Profile) -> None:
    """A plain address for the brand, where nobody has it."""
    taken = db.session.scalar(select(select(Profile.id).where(Profile.slug == SLUG).exists()))
    if not taken:
        profile.slug = SLUG  # stored with the settings that follow


def _connect(actor: Actor, profile_id: UUID, names: Iterable[str]) -> dict[str, SocialAccount]:
    """Practice accounts of the same handle, connected as a person would with a token."""
    until = clocks.monotonic() + SANDBOX_SECONDS
    for name in names:
        while name not in _accounts(actor, profile_id):
            try:
                _sign_in(actor, profile_id, name)
            except AppError as error:
                if error.status < 500 or clocks.monotonic() > until:
                    raise Unavailable(
                        "The sandbox does not answer, so there are no practice accounts. "
                        "Start it with `carillon up` or `carillon sandbox`, then try again."
                    ) from error
                clocks.sleep(0.25)
    found = _accounts(actor, profile_id)
    for account_id in [one.id for one in found.values() if _caps(one).destination]:
        _place(actor, account_id)
    return _accounts(actor, profile_id)


# When the roaster's accounts usually post: days of the week (0 Monday), and at what times.
RHYTHM: dict[str, tuple[tuple[tuple[int, ...], str], ...]] = {
    "twitter": (((1, 3), "09:00"), ((0, 2, 4), "12:30")),
    "bluesky": (((1, 3), "09:00"), ((0, 2, 4), "12:30")),
    "threads": (((0, 2, 4), "12:30"),),
    "mastodon": (((1, 3), "09:00"), ((4,), "17:30"), ((5,), "10:30")),
    "linkedin": (((1, 3), "09:00"),),
    "facebook": (((1, 3), "09:00"), ((4,), "17:30")),
    "instagram": (((0, 2, 4), "12:30"), ((5,), "10:30")),
    "pinterest": (((5,), "10:30"),),
    "tiktok": (((2, 4), "17:30"),),
    "youtube": (((4,), "17:30"),),
    "reddit": (((3,), "12:30"),),
}


def _rhythm(actor: Actor, profile_id: UUID, found: dict[str, SocialAccount]) -> None:
    """Posting times, the first time: those that a person has changed since stay."""
    profile = reach(actor).get(Profile, profile_id)
    if posting_times.any_set(actor, profile):
        return
    for name, account_id in [(name, one.id) for name, one in found.items()]:
        times = [
            Weekly(day, at.hour * 60 + at.minute)
            for days, clock in RHYTHM.get(name, ())
            for day in days
            for at in [time.fromisoformat(clock)]
        ]
        posting_times.add(actor, account_id, times)


def _place(actor: Actor, account_id: UUID) -> None:
    """The board or subreddit that posts go to: the first that takes them.

    A worker that runs already may have looked them up, and chosen none.
    """
    rows = destinations.listed(actor, [account_id])[account_id]
    rows = rows or destinations.refresh(actor, account_id)
    if not any(one.is_default for one in rows):
        destinations.choose(actor, account_id, next(one.id for one in rows if one.writable))


def _sign_in(actor: Actor, profile_id: UUID, name: str) -> None:
    server, secret = settings().network(name).api_url, f"sandbox-{HANDLE}"
    if "token" in networks.get(name).ways:
        accounts.connect_token(actor, profile_id, name, server, secret)
    else:
        accounts.connect_password(actor, profile_id, name, server, HANDLE, secret)


def _accounts(actor: Actor, profile_id: UUID) -> dict[str, SocialAccount]:
    rows = db.session.scalars(
        reach(actor).query(SocialAccount).where(SocialAccount.profile_id == profile_id)
    ).all()
    db.session.commit()
    return {row.network: row for row in rows}


def _planned(actor: Actor, profile_id: UUID) -> bool:
    """Whether something is still to come."""
    rows = reach(actor).query(Post).where(Post.profile_id == profile_id, Post.due_at > now())
    return bool(db.session.scalar(select(rows.exists())))


def _fill(actor: Actor, profile_id: UUID, found: dict[str, SocialAccount]) -> None:
    pictures, options = _pictures(actor, profile_id), _options(found)
    profile = reach(actor).get(Profile, profile_id)
    today = now().astimezone(profile.zone).date()
    for told in story():
        wanted = [found[name] for name in told.networks if name in found]
        if not wanted:
            continue
        if told.day is None:
            _write(actor, profile_id, told, wanted, pictures, options, None)
            continue
        local = datetime.combine(today + timedelta(days=told.day), told.at)
        at = to_utc(local, profile.zone)
        if told.kind == "planned" and at < now():
            _went_out(actor, profile_id, told, wanted, pictures, options, at)
        elif told.kind == "failed":
            _failed(actor, profile_id, told, wanted, pictures, options, at)
        else:
            draft = _write(actor, profile_id, told, wanted, pictures, options, at)
            if told.kind == "planned":
                posts.schedule(actor, draft.id, at)
    soon = now().replace(second=0, microsecond=0) + timedelta(minutes=4)
    wanted = [one for one in found.values() if _caps(one).max_images]
    watch = Told(0, soon.time(), (), "cup", SOON, "planned")
    draft = _write(actor, profile_id, watch, wanted, pictures, options, soon)
    posts.schedule(actor, draft.id, soon)


SOON = "The first pot of the day is on. Come and smell it."


def _caps(account: SocialAccount) -> Capabilities:
    return networks.get(account.network).capabilities(account.extras)


def _options(found: dict[str, SocialAccount]) -> dict[str, dict[str, Any]]:
    """By network, what a person has to choose for each post: the first that is offered."""
    return {
        name: chosen
        for name, account in found.items()
        if (
            chosen := {one.name: one.choices[0][0] for one in _caps(account).options if _asked(one)}
        )
    }


def _asked(option: Option) -> bool:
    return option.required and option.default is None and bool(option.choices)


def _pictures(actor: Actor, profile_id: UUID) -> dict[str, Media]:
    """Each picture of the story, and its film, in the brand's library, once."""
    kept = db.session.scalars(
        reach(actor).query(Media).where(Media.profile_id == profile_id, Media.deleted_at.is_(None))
    )
    found = {row.name.partition(".")[0]: row for row in kept}
    db.session.commit()
    for name, alt in ALT.items():
        if name in found:
            continue
        ending, mime = ("mp4", "video/mp4") if name == FILM else ("jpg", "image/jpeg")
        with (STORY.parent / f"{name}.{ending}").open("rb") as file:
            made = media.upload(actor, profile_id, file, f"{name}.{ending}", mime)
        found[name] = media.set_alt(actor, made.id, alt)
    return found


FILM = "film"
ALT = {
    "bags": "Three bags of coffee in a row",
    "beans": "Roasted coffee beans, close up",
    "cup": "A flat white with a heart poured into it",
    FILM: "Beans, the roaster, a pour-over and a flat white, one after the other",
    "dunes": "Dunes and the sea in the evening",
    "harbour": "Painted houses along the harbour",
    "iced": "A tall glass of iced filter coffee",
    "pour": "A pour-over brewer on a wooden counter",
    "roaster": "The roaster with its door open",
}


def _write(
    actor: Actor, profile_id: UUID, told: Told, wanted: list[SocialAccount],
    pictures: dict[str, Media], options: dict[str, dict[str, Any]], at: datetime | None,
) -> Post:  # fmt: skip
    """A draft, as the composer would leave it."""
    post = drafts.create(actor, profile_id, due_at=at, text=told.text)
    changes = drafts.Changes(
        accounts=[account.id for account in wanted], options=_of(wanted, options)
    )
    post = drafts.save(actor, post.id, post.rev, changes)
    if told.picture:
        drafts.attach(actor, post.id, pictures[told.picture].id)
    return post


def _of(wanted: list[SocialAccount], options: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The options of a post to these accounts."""
    return {one.network: options[one.network] for one in wanted if one.network in options}


def _past(
    actor: Actor, profile_id: UUID, told: Told, wanted: list[SocialAccount],
    pictures: dict[str, Media], options: dict[str, dict[str, Any]], at: datetime,
) -> Post:  # fmt: skip
    """A post that went out before there was a Carillon here: rows only."""
    post = Post(
        profile_id=profile_id, author_id=actor.user_id, parts=[told.text], due_at=at, armed=True,
        created_at=at - timedelta(days=2), source="demo", options=_of(wanted, options),
    )  # fmt: skip
    for place, account in enumerate(wanted):
        post.targets.append(
            PostTarget(
                profile_id=profile_id, account_id=account.id, state=S.PUBLISHED, due_at=at,
                scheduled_for=at, permalink=account.url or None,
                published_at=at + timedelta(seconds=2 + place),
            )
        )  # fmt: skip
        if told.kind != "failed":
            account.last_post_at = max(account.last_post_at or at, at)
    if told.picture:
        row = pictures[told.picture]
        post.media.append(PostMedia(media_id=row.id, alt=row.alt))
    db.session.add(post)
    return post


def _went_out(actor: Actor, *rest: Any) -> None:
    _past(actor, *rest).settle()
    db.session.commit()


def _failed(actor: Actor, *rest: Any) -> None:
    """The first account refused it, the others took it."""
    post = _past(actor, *rest)
    target = post.targets[0]
    target.state, target.failures = S.FAILED, 1
    target.permalink = target.published_at = None
    target.category, target.error_code = "duplicate", "DUPLICATE"
    target.error = "X already has this exact text from you."
    post.settle()
    db.session.flush()
    at = target.due_at or now()
    db.session.add(
        Attempt(
            target_id=target.id, account_id=target.account_id, number=1,
            state=AttemptState.REFUSED, phase=Phase.COMMIT, marker=uuid7().hex, claim_token=1,
            content_hash="0" * 64, content={"text": post.parts[0], "media": [], "parts": 1},
            started_at=at + timedelta(seconds=1), commit_at=at + timedelta(seconds=1),
            finished_at=at + timedelta(seconds=2), category="duplicate", http_status=403,
            error_code="DUPLICATE", message="You already said that.",
            raw='{"detail":"You are not allowed to create a Tweet with duplicate content.",'
            '"type":"about:blank","title":"Forbidden","status":403}',
        )
    )  # fmt: skip
    db.session.commit()
