"""A person's way with one network: signing in, writing, scheduling; all by the services."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from typing import Any, cast
from uuid import UUID

import pytest

from app import credentials, ids
from app.clock import now
from app.config import BRIDGE, settings
from app.extensions import db, networks
from app.integrations.storage import Storage
from app.models.accounts import PendingConnection, SocialAccount
from app.models.media import Media
from app.models.people import User
from app.models.posts import Post
from app.models.profiles import Profile
from app.networks.base import Destination
from app.permissions import Actor
from app.services import accounts, bridge, consent, drafts, media, posts, sessions
from tests import factories, plain
from tests.conftest import Browser
from tests.films import film, noise
from tests.pictures import encoded, moving, photo
from tests.playing import walk
from tests.publishing.conftest import Plant
from tests.workshops import Ahead

SESSION = ids.digest("a session")
HEAD = b"\0\0\0\x18ftypmp42"
WAITING = (
    "bluesky", "facebook", "instagram", "linkedin", "mastodon", "pinterest", "threads", "tiktok",
    "twitter", "youtube",
)  # fmt: skip
PACES = (
    ("facebook.videos", "PROCESSING_SECONDS", 0.3), ("instagram.containers", "ENCODING", 0.1),
    ("linkedin.media", "VIDEO_SECONDS", 0.1), ("pinterest.media", "ENCODING_SECONDS", 0.1),
    ("tiktok.drafts", "PROCESSING_SECONDS", 0.3), ("tiktok.drafts", "MODERATION_SECONDS", 0.0),
    ("youtube.videos", "PROCESSING_SECONDS", 0.3), ("x.media", "ENCODING_SECONDS", 0.1),
    ("mastodon.media", "VIDEO_SECONDS", 0.1), ("bluesky.video", "ENCODING_SECONDS", 0.1),
)  # fmt: skip


# What is uploaded: how it is made, a name, a type. ``reel`` stands upright, ``clip`` is heavy.
FILES: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "photo": (lambda: encoded(photo(800, 1000), "JPEG", quality=80), "bells.jpg", "image/jpeg"),
    "tall": (lambda: encoded(photo(720, 1280), "JPEG", quality=80), "tower.jpg", "image/jpeg"),
    "drawing": (lambda: encoded(photo(320, 320), "PNG"), "plan.png", "image/png"),
    "moving": (lambda: moving(6, (64, 64)), "swing.gif", "image/gif"),
    "reel": (lambda: film(540, 960, 4.0), "peal.mp4", "video/mp4"),
    "clip": (lambda: film(160, 90, 4.0, grain=True), "tower.mp4", "video/mp4"),
}


@cache
def made(name: str) -> bytes:
    """The bytes of such a file, made once a process."""
    return FILES[name][0]()


@dataclass(frozen=True)
class Way:
    """One post of a network: what is written, what hangs on it, what is chosen."""

    network: str
    form: str
    files: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[str, ...] = ("Six bells, one keyboard.",)
    place: str = ""  # the option that takes a destination
    kind: str = ""  # of the account, where a sign-in acts for several
    settings: Mapping[str, object] = field(default_factory=dict)

    @property
    def comment(self) -> str:
        return str(self.options.get("firstComment", ""))

    def __str__(self) -> str:
        return f"{self.network}-{self.form}"


def quicken(
    monkeypatch: pytest.MonkeyPatch, share: float = 1.0, *, seconds: float | None = None
) -> None:
    """Let the played networks think less long, by ``share`` even less; or for ``seconds``."""
    for module, name, usual in PACES:
        pace = usual * share if seconds is None else seconds
        if seconds is None or name != "MODERATION_SECONDS":  # that comes after processing
            monkeypatch.setattr(f"app.sandbox.{module}.{name}", pace)


def let_time_pass(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the plant's time moves, that of the networks does; what waits at Metricool is due."""
    workshop = Ahead(monkeypatch)

    def move(seconds: float) -> None:
        workshop.move(seconds)
        plain.post(f"{plant.sandbox}/_sandbox/metricool/due").raise_for_status()

    plant.ahead = move


def impatient() -> None:
    """Our clients' waits inside one preparation: none here is longer than a blink."""
    for name in WAITING:
        networks.get(name).sleep = lambda seconds: time.sleep(min(seconds, 0.12))  # type: ignore[attr-defined]


def sign_in(actor: Actor, profile_id: UUID, network: str, *, kind: str = "") -> SocialAccount:
    """Through the network's own page; of several accounts the one of that kind is chosen."""
    db.session.rollback()
    if network == BRIDGE:
        return bridged(actor, profile_id, kind)
    url = consent.start(actor, profile_id, network, session_hash=SESSION)
    done = consent.finish(actor, network, walk(url, "maya"), session_hash=SESSION)
    if isinstance(done, PendingConnection):
        offered = accounts.identities(accounts.pending(actor, done.id))
        wanted = next(one for one in offered if kind in ("", one.kind) and not one.note)
        [done] = accounts.choose(actor, done.id, [wanted.external_id])
    account = done.account
    db.session.refresh(account)
    db.session.expunge(account)  # to be read without a transaction
    db.session.rollback()
    return account


def bridged(actor: Actor, profile_id: UUID, network: str) -> SocialAccount:
    """Metricool connected, and its account of that network."""
    bridge.connect(actor, profile_id, "sandbox-maya", "3100001")
    rows = db.session.query(SocialAccount).filter_by(profile_id=profile_id, network=network)
    found = rows.one()
    db.session.expunge(found)  # to be read without a transaction
    db.session.rollback()
    return found


def browser(plant: Plant, person: User) -> Browser:
    """A browser in which that person is signed in to the plant's pages."""
    token = sessions.begin(person.id, address="127.0.0.1", agent="pytest")
    db.session.commit()
    found = plant.app.test_client()
    with found.session_transaction() as session:
        session["_user_id"] = token
    return cast(Browser, found)


def opened(account: SocialAccount) -> credentials.Opened:
    """The account as the clients take it."""
    account_id = account.id
    db.session.rollback()
    return credentials.fresh(account_id)


def first_place(account: SocialAccount) -> Destination:
    """The first board or subreddit the account may post to."""
    speaker = networks.get(account.network)
    found = speaker.destinations(opened(account))
    return next(one for one in found if one.writable)


def upload(actor: Actor, profile_id: UUID, name: str) -> Media:
    """Take a file into the library, as the composer does."""
    _, shown, mime = FILES[name]
    return media.upload(actor, profile_id, BytesIO(made(name)), shown, mime)


def write(actor: Actor, account: SocialAccount, way: Way) -> Post:
    """The draft as the composer leaves it."""
    options = dict(way.options)
    if way.place:
        options[way.place] = first_place(account).external_id
    profile_id, account_id = account.profile_id, account.id
    db.session.rollback()
    post = drafts.create(actor, profile_id)
    changes = drafts.Changes(
        parts=way.parts, accounts=[account_id], options={account.network: options}
    )
    drafts.save(actor, post.id, post.rev, changes)
    for name in way.files:
        item = drafts.attach(actor, post.id, upload(actor, profile_id, name).id)
        drafts.describe(actor, post.id, item.id, f"What the {name} shows")
    return post


def schedule(actor: Actor, post: Post) -> Post:
    """On the clock for this moment."""
    found = posts.schedule(actor, post.id, now())
    db.session.rollback()
    return found


def stored_film(brand: Profile, size: int = 700_000, head: bytes = HEAD) -> Media:
    """A video of the library that nobody had to encode: bytes that begin like an MP4."""
    raw, cover = head + noise(size - len(head)), made("photo")
    files_of = Storage.of(settings())
    kept = files_of.save(BytesIO(raw), len(raw))
    poster = files_of.save(BytesIO(cover), len(cover))
    row = Media(
        profile_id=brand.id, key=kept.key, poster_key=poster.key, name="peal.mp4",
        mime="video/mp4", size=kept.size, sha256=kept.sha256, width=1080, height=1920,
        seconds=10.0, codec="h264", alt="The peal",
    )  # fmt: skip
    db.session.add(row)
    db.session.commit()
    return row


def picture(brand: Profile, number: int = 1) -> Sequence[Media]:
    """Pictures of the library, upright enough for every network."""
    return [factories.make_media(brand, size=(400, 500), kind="JPEG") for _ in range(number)]
