"""What the connections page shows: accounts with their health in words, and what can be added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import func, literal_column, select

from app.clock import now
from app.config import BRIDGE, settings
from app.extensions import db, networks
from app.holds import BY_ACCOUNT
from app.models.accounts import AccountStatus, Review, SocialAccount
from app.models.posts import PostTarget
from app.networks import NETWORKS
from app.networks.base import Network, NetworkError
from app.permissions import Actor, Permission
from app.services import account_readiness, reviews
from app.services.access import reach
from app.services.account_readiness import Facts, Finding, Readiness
from app.services.consent import redirect_uri

Health = Literal["good", "soon", "wait", "bad", "off"]

SOON = timedelta(days=14)
GONE_AFTER = timedelta(days=30)  # a disconnected account nobody waits for is no longer listed
HUES = 6  # of the circles that initials stand in
WAYS = {
    "app_password": "App password", "token": "Pasted token", BRIDGE: "via Metricool",
    "submitted": "Submitted",
}  # fmt: skip
# Written out, so that the partial indexes serve (stack.md §3).
SCHEDULED = PostTarget.state == literal_column("'scheduled'")
NOT_HELD = PostTarget.hold_reason.is_(None)


@dataclass(frozen=True)
class Row:
    """One account as the page shows it.

    ``waiting`` posts are held because of the account; ``planned`` are all its scheduled
    ones, those included.
    """

    id: UUID
    network: str
    title: str
    handle: str
    name: str
    url: str
    has_picture: bool
    status: AccountStatus
    reason: str
    health: Health
    word: str
    way: str  # oauth, app_password, token
    via: str
    way_word: str
    by_consent: bool  # whether the way back in is the network's own page
    posts: bool
    plans: bool
    results: bool
    practice: bool
    waiting: int
    planned: int
    since: datetime | None
    checked_at: datetime | None
    last_post_at: datetime | None
    server: str
    hue: int
    readiness: Readiness
    looking: bool  # a job is looking up its boards, subreddits …
    look_problem: str  # what came of the last such look
    review: Review | None = None

    @property
    def undecided(self) -> bool:
        """Whether only an owner's or admin's decision brings it (back) into use."""
        return self.review in (Review.PENDING, *reviews.CLOSED)

    @property
    def label(self) -> str:
        """What a person calls it."""
        return self.name or self.handle

    @property
    def known_as(self) -> str:
        """The handle as its network writes it; empty where the name says it already."""
        if self.handle == self.label:
            return ""
        return self.handle if " " in self.handle else f"@{self.handle}"

    @property
    def told(self) -> Finding | None:
        """What the row says beside its health: a signed-out account has said it already."""
        found = self.readiness.findings
        return found[0] if found and self.health in ("good", "soon") else None


@dataclass(frozen=True)
class Offer:
    """A network that can be added. ``missing`` says in words why a way is not ready.

    ``asks`` is what a person types before signing in there: ``server``, ``handle`` or nothing.
    """

    network: str
    title: str
    note: str
    asks: str
    all_ways: tuple[str, ...]
    practice: bool
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def ways(self) -> tuple[str, ...]:
        """Those that work on this installation."""
        return tuple(way for way in self.all_ways if way not in self.missing)

    @property
    def ready(self) -> bool:
        return bool(self.ways)

    @property
    def one_click(self) -> bool:
        """Whether nothing has to be typed before the network's own page."""
        return "oauth" in self.ways and not self.asks


@dataclass(frozen=True)
class Listing:
    """The page."""

    rows: list[Row]
    offers: list[Offer]
    asked: int = 0  # requests that wait for a decision

    @property
    def broken(self) -> list[Row]:
        return [row for row in self.rows if row.health == "bad"]

    @property
    def ready(self) -> int:
        return sum(row.posts for row in self.rows)

    @property
    def connected(self) -> int:
        return sum(row.status is not AccountStatus.DISCONNECTED for row in self.rows)

    @property
    def practice(self) -> bool:
        """Whether some networks are played on this machine."""
        return any(offer.practice for offer in self.offers)


def listing(actor: Actor, profile_id: UUID) -> Listing:
    """Every account of a profile, those that need a person first; six queries in all."""
    actor.require(Permission.ACCOUNT_READ, profile_id)
    accounts = db.session.scalars(
        reach(actor)
        .query(SocialAccount)
        .where(SocialAccount.profile_id == profile_id)
        .order_by(SocialAccount.network, SocialAccount.handle, SocialAccount.id)
    ).all()
    waiting, going = _counts([account.id for account in accounts], profile_id)
    known = account_readiness.facts(accounts)
    rows = [_row(account, waiting, going, known) for account in accounts]
    old = now() - GONE_AFTER
    shown = [
        row
        for row in rows
        if row.status is not AccountStatus.DISCONNECTED
        or row.waiting
        or row.health == "wait"
        or (row.since is not None and row.since > old)
    ]
    order = {"bad": 0, "soon": 1, "good": 1, "wait": 1, "off": 2}
    listed = sorted(shown, key=lambda row: order[row.health])
    return Listing(listed, offers(), reviews.waiting(profile_id))


def row(actor: Actor, account_id: UUID) -> Row:
    """One account of the page, or ``NotFound``."""
    account = reach(actor).get(SocialAccount, account_id)
    waiting, going = _counts([account.id], account.profile_id)
    return _row(account, waiting, going, account_readiness.facts([account]))


def broken(actor: Actor, profile_ids: list[UUID]) -> dict[UUID, int]:
    """How many accounts of each profile a person has to sign in to again."""
    found = db.session.execute(
        reach(actor)
        .query(SocialAccount)
        .with_only_columns(SocialAccount.profile_id, func.count())
        .where(
            SocialAccount.profile_id.in_(profile_ids),
            SocialAccount.status == AccountStatus.NEEDS_RECONNECT,
        )
        .group_by(SocialAccount.profile_id)
    )
    return dict(found.all())


def offers() -> list[Offer]:
    """Every network we speak, with what works on this installation."""
    return [_offer(name) for name in sorted(NETWORKS, key=lambda n: networks_title(n).lower())]


def offer(name: str) -> Offer:
    """One of them."""
    return _offer(name)


def networks_title(name: str) -> str:
    """The network as people say it; its JSON name where we don't speak it."""
    try:
        return networks.get(name).title
    except (KeyError, ModuleNotFoundError):
        return name.title()


def _counts(ids: list[UUID], profile_id: UUID) -> tuple[dict[UUID, int], dict[UUID, int]]:
    """Targets held because of their account, and scheduled ones that are not held or otherwise."""
    if not ids:
        return {}, {}
    held = db.session.execute(
        select(PostTarget.account_id, PostTarget.hold_reason, func.count())
        .where(
            PostTarget.profile_id == profile_id,
            PostTarget.hold_reason.is_not(None),
            SCHEDULED,
            PostTarget.account_id.in_(ids),
        )
        .group_by(PostTarget.account_id, PostTarget.hold_reason)
    ).all()
    free = db.session.execute(
        select(PostTarget.account_id, func.count())
        .where(PostTarget.account_id.in_(ids), SCHEDULED, NOT_HELD)
        .group_by(PostTarget.account_id)
    )
    waiting: dict[UUID, int] = {}
    going: dict[UUID, int] = dict(free.all())
    for account_id, reason, number in held:
        part = waiting if reason in BY_ACCOUNT else going
        part[account_id] = part.get(account_id, 0) + number
    return waiting, going


def _row(
    account: SocialAccount, waiting: Mapping[UUID, int], going: Mapping[UUID, int], known: Facts
) -> Row:
    health, word = _health(account)
    found = account_readiness.judge(account, known)
    title = networks_title(account.network)
    held = waiting.get(account.id, 0)
    return Row(
        id=account.id, network=account.network, title=title, handle=account.handle,
        name=account.name, url=account.url, has_picture=account.avatar_key is not None,
        status=account.status, reason=account.status_reason, health=health, word=word,
        way=account.way, via=account.via, way_word=WAYS.get(account.way, f"{title} sign-in"),
        by_consent=account.way == "oauth", posts=account.usable and found.can_publish,
        plans=account.status is not AccountStatus.DISCONNECTED,
        results=account.usable and bool(_metrics(account)), practice=account.is_sandbox,
        waiting=held, planned=held + going.get(account.id, 0), since=account.status_at,
        checked_at=account.checked_at, last_post_at=account.last_post_at,
        server=account.server, hue=account.number % HUES, readiness=found,
        review=account.review,
        looking=account.usable and account.places_wanted_at is not None,
        look_problem=account.places_problem,
    )  # fmt: skip


def _health(account: SocialAccount) -> tuple[Health, str]:
    """How an account is, and the words for it (DESIGN 6.6)."""
    if account.review is Review.PENDING:
        return "wait", "Waiting for approval"
    if reviews.shut(account):
        return "off", "Suspended" if account.review is Review.SUSPENDED else "Rejected"
    if account.status is AccountStatus.DISCONNECTED:
        return ("wait", "Accepted") if account.review else ("off", "Disconnected")
    if account.status is AccountStatus.NEEDS_RECONNECT:
        return "bad", "Signed out"
    if account.renews:
        return "good", "Renews itself"
    ends = account.tokens_expire_at
    if ends is None:
        return "good", "Works" if account.way in ("token", BRIDGE) else "Does not end"
    if ends <= now():
        return "bad", "Ended"
    days = (ends - now()).days
    word = "Ends today" if days == 0 else "Ends tomorrow" if days == 1 else f"Ends in {days} days"
    return ("soon" if ends - now() < SOON else "good"), word


def _metrics(account: SocialAccount) -> tuple[str, ...]:
    try:
        return networks.of(account).capabilities(account.extras).metrics
    except (KeyError, ModuleNotFoundError):
        return ()


def _offer(name: str) -> Offer:
    network = networks.get(name)
    missing = {}
    if "oauth" in network.ways and (why := _not_ready(network)):
        missing["oauth"] = why
    note = f"{network.title} sign-in"
    if network.registers:
        note = "Your server"
    elif "app_password" in network.ways:
        note = "App password" if missing else f"{network.title} sign-in"
    elif missing:
        note = "Not set up here"
    return Offer(
        name, network.title, note, _asks(network), network.ways,
        settings().network(name).sandbox, missing,
    )  # fmt: skip


def _asks(network: Network) -> str:
    if not network.user_hosts:
        return ""
    return "server" if network.registers else "handle"


def _not_ready(network: Network) -> str:
    """Why nobody can sign in on that network's own page here; empty when all is set."""
    if network.registers:
        return ""  # each server is asked when somebody names it
    try:
        network.register(network.server(""), redirect_uri(network.name))
    except NetworkError as error:
        return error.message
    return ""
