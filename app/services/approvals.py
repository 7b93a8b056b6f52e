"""Networks, pages, walls and channels that are submitted, and an owner's or admin's decision.

Anybody who writes posts may submit; owners and admins accept, reject and suspend. A network
without a token cannot publish, whatever was decided; a suspended one keeps its token and its
posts wait (reliability §5).
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import func, or_, select

from app import events, holds, inflight
from app.clock import now
from app.config import settings
from app.errors import AppError, Conflict, InvalidTransition, NotFound, ValidationFailed
from app.extensions import db, networks, queues
from app.ids import uuid7
from app.models.accounts import AccountStatus, Destination, Review, SocialAccount
from app.models.approvals import Approval, Place, PlaceKind
from app.models.posts import HoldReason
from app.models.profiles import Profile
from app.networks import NETWORKS
from app.permissions import Actor, Permission
from app.services import numbers, reviews
from app.services.access import reach
from app.services.linking import default_set

READ, WRITE = Permission.ACCOUNT_READ, Permission.ACCOUNT_WRITE
ALIASES = {"google": "youtube", "x": "twitter"}
UNSUPPORTED = "Network type not supported"
SUSPENDED = "An owner or admin suspended this account."
# From what each decision may be taken; ``None``: connected, and nobody had to decide.
MOVES: dict[Review, tuple[Review | None, ...]] = {
    Review.ACCEPTED: (Review.PENDING, Review.REJECTED, Review.SUSPENDED),
    Review.REJECTED: (Review.PENDING, Review.SUSPENDED),
    Review.SUSPENDED: (Review.ACCEPTED, None),
}


class AlreadyConnected(Conflict):
    """It is there already, or waits to be decided about under another request."""

    code = "NETWORK_ALREADY_CONNECTED"

    def __init__(self, field: str | None = None) -> None:
        super().__init__(
            "This network is already connected to this brand.", field=field,
            contract="This network is already connected to your account",
        )  # fmt: skip


class LimitReached(AppError):
    """The profile has as many as the installation allows."""

    status, code = 403, "NETWORK_LIMIT_REACHED"

    def __init__(self) -> None:
        super().__init__(
            f"This brand has {settings().NETWORKS_PER_PROFILE} networks, which is the limit.",
            contract="Maximum number of networks reached",
        )


@dataclass(frozen=True)
class Claim:
    """What somebody says of a network or a place of theirs.

    ``words`` names the fields as the request wrote them: ``network``, ``id`` and ``url``.
    """

    network: str
    external_id: str
    url: str
    name: str = ""
    followers: int | None = None
    category: str | None = None
    words: tuple[str, str, str] = ("network", "network_id", "network_url")

    @property
    def declared(self) -> dict[str, object]:
        told = {"followers": self.followers, "category": self.category}
        return {name: one for name, one in told.items() if one is not None}


def network_named(name: str, field: str = "network") -> str:
    """Our name of a network the Connect API names. Raises ``ValidationFailed``."""
    known = ALIASES.get(name.strip().lower(), name.strip().lower())
    if known not in NETWORKS:
        raise ValidationFailed(UNSUPPORTED, field=field)
    return known


def submit(actor: Actor, profile_id: UUID, claim: Claim) -> Approval:
    """Ask an owner or admin to accept a network. What is asked for twice is one request."""
    reach(actor).profile(profile_id, need=Permission.POST_WRITE)
    name, external_id = _checked(claim, "Invalid network URL format")
    room(actor, profile_id)  # locks the profile's row: no two are made at once
    account = _known(actor, profile_id, name, external_id)
    if account is not None and reviews.standing(account) in (Review.ACCEPTED, Review.SUSPENDED):
        raise AlreadyConnected()
    if account is None:
        account = SocialAccount(
            id=uuid7(), number=numbers.take(db.session(), SocialAccount), profile_id=profile_id,
            set_id=default_set(actor, profile_id), network=name, external_id=external_id,
            handle=external_id.lstrip("@"), way="submitted", status=AccountStatus.DISCONNECTED,
            declared={}, connected_by=actor.user_id,
        )  # fmt: skip
        db.session.add(account)
    account.review, account.status_at = Review.PENDING, now()
    account.url = claim.url
    account.declared = {**account.declared, **claim.declared}
    return _asked(actor, profile_id, account=account)


def add_place(actor: Actor, profile_id: UUID, kind: PlaceKind, claim: Claim) -> Place:
    """Name a page, wall or channel; an owner or admin decides about it."""
    reach(actor).profile(profile_id, need=Permission.POST_WRITE)
    name, external_id = _checked(claim, f"Invalid {kind.value} URL format")
    room(actor, profile_id)
    query = reach(actor).query(Place).where(
        Place.profile_id == profile_id, Place.network == name, Place.kind == kind,
        Place.external_id == external_id,
    )  # fmt: skip
    if db.session.scalars(query).first() is not None:
        raise AlreadyConnected(claim.words[1])
    account = _known(actor, profile_id, name, external_id)
    if account is not None and account.status is AccountStatus.ACTIVE:
        raise AlreadyConnected(claim.words[1])
    place = Place(
        id=uuid7(), number=numbers.take(db.session(), Destination), profile_id=profile_id,
        network=name, kind=kind, external_id=external_id, name=claim.name.strip(), url=claim.url,
        review=Review.PENDING, declared=claim.declared,
    )  # fmt: skip
    db.session.add(place)
    _asked(actor, profile_id, place=place)
    return place


def made(actor: Actor, row_id: UUID) -> Approval:
    """The request that a POST made, by its own id or that of what it is about."""
    found = db.session.scalars(
        reach(actor)
        .query(Approval)
        .where(
            or_(Approval.id == row_id, Approval.account_id == row_id, Approval.place_id == row_id)
        )
        .order_by(Approval.number.desc())
        .limit(1)
    ).first()
    if found is None:
        raise NotFound()
    return found


def place_made(actor: Actor, row_id: UUID) -> Place:
    """The page, wall or channel that a POST added, by its own id or that of its request."""
    found = made(actor, row_id).place_id
    if found is None:
        raise NotFound()
    return reach(actor).get(Place, found)


def decide(actor: Actor, account_id: UUID, verdict: Review) -> SocialAccount:
    """Accept, reject or suspend a network.

    When a suspension returns, no commit call of the account can start any more
    (reliability §1.9).
    """
    account = reach(actor).get(SocialAccount, account_id, need=WRITE.value)
    session, before = db.session(), reviews.standing(account)
    session.refresh(account, with_for_update=True)
    if reviews.standing(account) is None or account.review not in MOVES.get(verdict, ()):
        raise InvalidTransition(_words(account.review, verdict))
    account.review, account.status_at = verdict, now()
    account.status_reason = SUSPENDED if verdict is Review.SUSPENDED else ""
    going = _apply(actor, account, verdict)
    reviews.close(session, actor, verdict, account_id=account.id)
    _record(actor, verdict, account, before)
    session.commit()
    if verdict is Review.SUSPENDED:
        inflight.wait(account_id=account_id)
    if going:
        queues.wake("publishing.deliver")
    return reach(actor).get(SocialAccount, account_id)


def decide_place(actor: Actor, place_id: UUID, verdict: Review) -> Place:
    """Accept, reject or suspend a page, wall or channel."""
    place = reach(actor).get(Place, place_id, need=WRITE.value)
    db.session.refresh(place, with_for_update=True)
    before = place.review
    if place.review is None or place.review not in MOVES.get(verdict, ()):
        raise InvalidTransition(_words(place.review, verdict))
    place.review = verdict
    reviews.close(db.session(), actor, verdict, place_id=place.id)
    _record(actor, verdict, place, before)
    db.session.commit()
    return place


def room(actor: Actor, profile_id: UUID) -> None:
    """Raise ``LimitReached`` where the profile is full; exact, for its row is locked."""
    most = settings().NETWORKS_PER_PROFILE
    lock = reach(actor).query(Profile).where(Profile.id == profile_id).with_for_update()
    db.session.execute(lock).all()
    have = db.session.scalar(
        select(func.count(SocialAccount.id)).where(SocialAccount.profile_id == profile_id)
    )
    places = db.session.scalar(select(func.count(Place.id)).where(Place.profile_id == profile_id))
    if (have or 0) >= most or (places or 0) >= most:
        raise LimitReached


def _checked(claim: Claim, bad_url: str) -> tuple[str, str]:
    """The network's name and the id; the fields as the request wrote them."""
    network, id_, url = claim.words
    name, external_id = network_named(claim.network, network), claim.external_id.strip()
    if not external_id:
        raise ValidationFailed("This field is required.", field=id_)
    if not web(claim.url):
        raise ValidationFailed(bad_url, field=url)
    return name, external_id


def web(url: str) -> bool:
    """Whether that is the address of a page on the web."""
    try:
        found = urlsplit(url)
        host = found.hostname or ""
        plain = found.username is None and found.port in (None, 80, 443)
    except ValueError:
        return False
    named = "." in host.strip(".") and not any(one.isspace() or ord(one) < 32 for one in url)
    return found.scheme in ("http", "https") and plain and named and len(url) <= 2000


def _known(actor: Actor, profile_id: UUID, name: str, external_id: str) -> SocialAccount | None:
    """An account by the network's id or by its handle."""
    return db.session.scalars(
        reach(actor)
        .query(SocialAccount)
        .where(
            SocialAccount.profile_id == profile_id,
            SocialAccount.network == name,
            or_(
                SocialAccount.external_id == external_id,
                func.lower(SocialAccount.handle) == external_id.lower().lstrip("@"),
            ),
        )
        .order_by(SocialAccount.connected_at.is_(None), SocialAccount.number)
        .limit(1)
    ).first()


def _asked(
    actor: Actor, profile_id: UUID, *, account: SocialAccount | None = None,
    place: Place | None = None,
) -> Approval:  # fmt: skip
    """The open request about it, made where there is none; commits."""
    session = db.session()
    session.flush()
    about = (
        Approval.account_id == account.id if account else Approval.place_id == (place and place.id)
    )
    row = session.scalars(
        reach(actor).query(Approval).where(about, Approval.decision == Review.PENDING)
    ).first()
    if row is None:
        row = Approval(
            id=uuid7(), number=numbers.take(session, Approval), profile_id=profile_id,
            account_id=account.id if account else None, place_id=place.id if place else None,
            submitted_by=actor.user_id, submitter=actor.name[:300],
        )  # fmt: skip
        session.add(row)
        subject = account or place
        assert subject is not None
        events.audit(
            session, actor, "network.submitted", profile_id=profile_id,
            subject=subject.__tablename__[:-1], subject_id=subject.id, network=subject.network,
            external_id=subject.external_id, approval=row.number,
        )  # fmt: skip
    session.commit()
    return row


def _apply(actor: Actor, account: SocialAccount, verdict: Review) -> int:
    """What the decision does to the account's posts; how many go out because of it."""
    session, at = db.session(), now()
    if verdict is Review.ACCEPTED:
        usable = account.tokens is not None or account.integration_id is not None
        if not usable or account.status is not AccountStatus.DISCONNECTED:
            return 0
        account.status = AccountStatus.ACTIVE
        session.flush()
        return holds.release_account(session, account, at, actor).going
    account.status = AccountStatus.DISCONNECTED
    session.flush()
    holds.hold_account(session, account.id, HoldReason.DISCONNECTED, at)
    return 0


def _record(
    actor: Actor, verdict: Review, subject: SocialAccount | Place, before: Review | None
) -> None:
    events.audit(
        db.session(), actor, f"network.{verdict.value}", profile_id=subject.profile_id,
        subject=subject.__tablename__[:-1], subject_id=subject.id, network=subject.network,
        external_id=subject.external_id, before=before.value if before else None,
        after=verdict.value,
    )  # fmt: skip


def _words(now_: Review | None, verdict: Review) -> str:
    return f"A network that is {now_.value if now_ else 'not connected'} can't be {verdict.value}."


def title_of(name: str) -> str:
    """A network as people say it."""
    return networks.get(name).title
