"""Whether an account can post and plan, what is missing, and the one thing that mends each.

Plain judgement over rows already read: nothing here speaks to a network. ``facts`` reads what
the judgement needs beside the account in two statements, whatever their number. The
installation's own readiness is ``readiness.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import func, literal_column, select

from app import events
from app.clock import now
from app.config import Config, settings
from app.extensions import db, networks
from app.models.accounts import AccountStatus, Destination, Review, SocialAccount
from app.models.posts import PostTarget
from app.networks import cls
from app.networks.base import About, Capabilities
from app.services import reviews

AHEAD = timedelta(hours=24)
BATCH = 500  # accounts told about in one look
# Written out, so that the partial index serves (stack.md §3).
SCHEDULED = PostTarget.state == literal_column("'scheduled'")
NOT_HELD = PostTarget.hold_reason.is_(None)
# What a person or operator does about it: the pages draw one control for each.
RECONNECT, RENEW, CHOOSE, SETUP, WAIT = "reconnect", "renew", "choose", "setup", "wait"
DECIDE = "decide"
WAS_LEFT = "This account is disconnected."
# Permissions that older or coarser grants cover: "write" stands for "write:statuses".
COVERED: Mapping[str, tuple[str, ...]] = {
    "profile": ("read", "read:accounts"),
    "https://www.googleapis.com/auth/youtube.upload": (
        "https://www.googleapis.com/auth/youtube",
        "https://www.googleapis.com/auth/youtube.force-ssl",
    ),
    "https://www.googleapis.com/auth/youtube": (
        "https://www.googleapis.com/auth/youtube.force-ssl",
    ),
}


@dataclass(frozen=True)
class Finding:
    """One thing in one sentence, and what mends it: ``fix`` is the kind, ``action`` the words.

    ``stops`` says what it stands in the way of: ``publish``, ``schedule`` or nothing.
    """

    code: str
    message: str
    fix: str
    action: str
    stops: str = ""


@dataclass(frozen=True)
class Readiness:
    """What an account can do now. ``missing`` has to be mended, ``warnings`` are good to know."""

    can_publish: bool
    can_schedule: bool
    missing: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()

    @property
    def status(self) -> str:
        """``ready``, ``attention`` (something is missing, but it posts) or ``blocked``."""
        if not self.can_publish:
            return "blocked"
        return "attention" if self.missing else "ready"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All of them, what matters most first."""
        return self.missing + self.warnings


@dataclass(frozen=True)
class Facts:
    """What is known beside the accounts' rows: their next posts, and who has a destination."""

    next_due: Mapping[UUID, datetime] = field(default_factory=dict)
    settled: frozenset[UUID] = frozenset()


def facts(accounts: Iterable[SocialAccount]) -> Facts:
    """Read them for all these accounts at once; two statements."""
    ids = [account.id for account in accounts]
    if not ids:
        return Facts()
    due = db.session.execute(
        select(PostTarget.account_id, func.min(PostTarget.due_at))
        .where(PostTarget.account_id.in_(ids), SCHEDULED, NOT_HELD, PostTarget.due_at > now())
        .group_by(PostTarget.account_id)
    ).all()
    chosen = db.session.scalars(
        select(Destination.account_id).where(
            Destination.account_id.in_(ids), Destination.is_default, Destination.gone_at.is_(None)
        )
    )
    return Facts({row[0]: row[1] for row in due if row[1]}, frozenset(chosen))


def judge(account: SocialAccount, known: Facts, config: Config | None = None) -> Readiness:
    """What stands in the account's way, worst first."""
    config = config or settings()
    try:
        network = networks.of(account)
    except (KeyError, ModuleNotFoundError):
        gone = Finding("unsupported", "This network cannot be posted to.", SETUP, "Choose another",
                       "publish")  # fmt: skip
        return Readiness(False, False, (gone,))
    title, caps = network.title, network.capabilities(account.extras)
    found = [
        *signed_in(account, title, known.next_due.get(account.id)),
        *_scopes(account, title, config),
        *_reachable(account, title, caps, config),
    ]
    warnings = [*_destination(account, caps, known), *_review(account, title, config)]
    if account.cooling_until is not None and account.cooling_until > now():
        warnings.append(
            Finding("cooling", f"{title} asked us to wait; we go on by ourselves.", WAIT, "Wait")
        )
    stops = {one.stops for one in found}
    return Readiness(
        can_publish="publish" not in stops,
        can_schedule="publish" not in stops and "schedule" not in stops,
        missing=tuple(found),
        warnings=tuple(warnings),
    )


def as_json(found: Readiness) -> dict[str, Any]:
    """The Amplify contract's ``readiness`` object."""
    return {
        "status": found.status,
        "canPublish": found.can_publish,
        "canSchedule": found.can_schedule,
        "missingRequirements": [one.message for one in found.missing],
        "warnings": [one.message for one in found.warnings],
    }


# The judgements ----------------------------------------------------------------------------------


def signed_in(account: SocialAccount, title: str, next_due: datetime | None) -> list[Finding]:
    """Whether the sign-in is alive, and will be when the account's next post is due."""
    if account.status is AccountStatus.NEEDS_RECONNECT:
        says = f"{title} signed this account out."
        return [Finding("signed_out", says, RECONNECT, "Reconnect", "publish")]
    if account.review is Review.PENDING or reviews.shut(account):
        says = {
            Review.PENDING: "An owner or admin has not accepted this network yet.",
            Review.SUSPENDED: "An owner or admin suspended this network.",
        }.get(account.review or Review.PENDING, "An owner or admin rejected this network.")
        return [Finding("undecided", says, DECIDE, "Decide", "publish")]
    if account.status is AccountStatus.DISCONNECTED:
        says = "Nobody has signed in to it yet." if account.review else WAS_LEFT
        return [Finding("disconnected", says, RECONNECT, "Connect again", "publish")]
    ends = account.tokens_expire_at
    if ends is None or account.renews:
        return []
    if ends <= now():
        says = f"The sign-in at {title} has run out."
        return [Finding("sign_in_ended", says, RECONNECT, "Sign in again", "publish")]
    if next_due is not None and ends <= next_due:
        says = f"The sign-in at {title} ends before this account's next post."
        return [Finding("sign_in_ends", says, RENEW, "Renew", "schedule")]
    return []


def asked(name: str, config: Config) -> tuple[str, ...]:
    """The permissions this installation asks for: some networks ask by configuration."""
    changed = ASKED.get(name)
    return changed(config) if changed else cls(name).about.scopes


def missing_scopes(account: SocialAccount, config: Config) -> tuple[tuple[str, ...], bool]:
    """Those asked for and not granted, and whether nothing can be posted without them.

    A network that tells no scopes (an empty list is stored) is taken at its word: none.
    """
    granted = set(account.scopes)
    if not granted or account.via != "native":
        return (), False
    about: About = cls(account.network).about
    stuck = [group for group in about.needs if not any(_has(one, granted) for one in group)]
    absent = tuple(one for one in asked(account.network, config) if not _has(one, granted))
    return absent or tuple(group[0] for group in stuck), bool(stuck)


def reachable(config: Config) -> str:
    """Why networks cannot fetch files from this installation; empty where they can."""
    host = (urlsplit(config.APP_URL).hostname or "").lower()
    if config.loopback or host.endswith((".localhost", ".local", ".internal")) or "." not in host:
        return "this installation can only be reached from its own network"
    try:
        if not ip_address(host).is_global:
            return "this installation can only be reached from its own network"
    except ValueError:
        pass
    return "" if config.https else "this installation's address is not https"


def fetched(caps: Capabilities) -> str:
    """What the network fetches by itself, in words."""
    return " and ".join({"image": "pictures", "video": "videos"}[kind] for kind in caps.by_url)


def played(account: SocialAccount, config: Config) -> bool:
    """Whether the network is played on this machine for the account."""
    return account.is_sandbox or config.network(account.network).sandbox


def _has(scope: str, granted: set[str]) -> bool:
    others = COVERED.get(scope, ())
    return scope in granted or scope.split(":")[0] in granted or any(o in granted for o in others)


def _scopes(account: SocialAccount, title: str, config: Config) -> list[Finding]:
    absent, stuck = missing_scopes(account, config)
    if not absent:
        return []
    names = ", ".join(one.rsplit("/", 1)[-1] for one in absent)
    word = "permission" if len(absent) == 1 else "permissions"
    if stuck:
        says = f"{title} did not give the {word} to post ({names})."
        return [Finding("scopes_missing", says, RECONNECT, "Sign in again, allow all", "publish")]
    says = f"{title} did not give every permission asked for ({names})."
    return [Finding("scopes_partial", says, RECONNECT, "Sign in again, allow all")]


def _reachable(
    account: SocialAccount, title: str, caps: Capabilities, config: Config
) -> list[Finding]:
    # A bridge gets the bytes from us; the address is only its way around where it takes none.
    asked_for = caps.by_url and account.via == "native"
    why = reachable(config) if asked_for and not played(account, config) else ""
    if not why:
        return []
    says = f"{title} fetches {fetched(caps)} from us, and {why}."
    return [Finding("not_reachable", says, SETUP, "Set APP_URL to a public https address")]


def _destination(account: SocialAccount, caps: Capabilities, known: Facts) -> list[Finding]:
    if not caps.destination or account.id in known.settled:
        return []
    says = f"No usual {caps.destination} is chosen: each post has to name one."
    return [Finding("no_destination", says, CHOOSE, f"Choose a {caps.destination}")]


def _review(account: SocialAccount, title: str, config: Config) -> list[Finding]:
    """What the network lets an app do that it has not looked at, where we know that."""
    if account.via != "native":
        return []
    says = {
        "tiktok": "" if config.TIKTOK_AUDITED else (
            "TikTok has not audited this app: posts can be seen by their author alone."
        ),
        "youtube": "" if not config.YOUTUBE_FORCE_PRIVATE_UPLOADS else (
            "YouTube has not audited this app: videos stay private."
        ),
    }.get(account.network, "")  # fmt: skip
    return [Finding("not_reviewed", says, SETUP, f"Apply for {title}'s audit")] if says else []


def _linkedin(config: Config) -> tuple[str, ...]:
    from app.networks.linkedin_people import MEMBER_SCOPES

    return cls("linkedin").about.scopes if config.LINKEDIN_ORGANIZATIONS else MEMBER_SCOPES


def _instagram(config: Config) -> tuple[str, ...]:
    from app.networks.instagram_login import FACEBOOK_SCOPES

    facebook = config.INSTAGRAM_LOGIN == "facebook"
    return FACEBOOK_SCOPES if facebook else cls("instagram").about.scopes


ASKED: Mapping[str, Callable[[Config], tuple[str, ...]]] = {
    "linkedin": _linkedin, "instagram": _instagram,
}  # fmt: skip


# Told in time ------------------------------------------------------------------------------------


def tell_ending() -> int:
    """Tell owners whose sign-ins end before a post of the next 24 hours; how many accounts.

    Once for each sign-in: the clock asks every minute, so that whoever plans a post within
    the last hour is told too.
    """
    at = now()
    rows = db.session.execute(
        select(
            SocialAccount, func.min(PostTarget.due_at).label("due"), func.count().label("posts")
        )
        .join(PostTarget, PostTarget.account_id == SocialAccount.id)
        .where(
            SCHEDULED, NOT_HELD, PostTarget.due_at > at, PostTarget.due_at <= at + AHEAD,
            SocialAccount.status == AccountStatus.ACTIVE, SocialAccount.renews.is_(False),
            SocialAccount.tokens_expire_at.is_not(None),
            SocialAccount.tokens_expire_at <= PostTarget.due_at,
        )
        .group_by(SocialAccount.id)
        .limit(BATCH)
    ).all()  # fmt: skip
    for account, due, posts in rows:
        data = {
            "account_id": str(account.id), "network": account.network, "handle": account.handle,
            "title": cls(account.network).title, "ends": _when(account, account.tokens_expire_at),
            "due": _when(account, due), "posts": posts,
        }  # fmt: skip
        events.tell_owners(
            db.session(), account.profile_id, "sign_in_ends", data,
            once=f"sign_in_ends:{account.id}:{account.tokens_version}",
        )  # fmt: skip
    db.session.commit()
    return len(rows)


def _when(account: SocialAccount, at: datetime | None) -> str:
    """A time for a mail, in the brand's zone."""
    local = (at or now()).astimezone(account.profile.zone)
    return f"{local:%a} {local.day} {local:%b, %H:%M}"
