"""What every network implements: plain frozen data in, plain data and errors out.

No database, no Flask. A module says what its network does; whether and when to try again
is publishing's to say (reliability §4, §5).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Protocol

from app.networks.capabilities import About, Capabilities, Notice, Option, Placement, Refusal
from app.networks.composed import Composed, Problem, Span

__all__ = [
    "About", "Account", "AppKeys", "Capabilities", "Card", "Category", "Composed", "Consent",
    "Destination", "Effect", "Identity", "Item", "Media", "Metrics", "NO_OPTIONS", "Network",
    "Named", "NetworkError", "Notice", "Option", "Part", "Placement", "Probe", "Probed", "Problem",
    "Published", "RETRIED", "Refusal", "Span", "Tokens", "Verdict",
]  # fmt: skip

NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})


class Category(StrEnum):
    """Why a call failed (reliability §5; ``validation`` is contracts' eighth)."""

    RATE_LIMITED = "rate_limited"
    AUTH_ERROR = "auth_error"
    NETWORK_ERROR = "network_error"
    DUPLICATE = "duplicate"
    MEDIA_ERROR = "media_error"
    MEDIA_PROCESSING = "media_processing"
    VALIDATION = "validation"
    UNKNOWN = "unknown"


class Effect(StrEnum):
    """What a failed call may have done on the network (reliability §1.3)."""

    NONE = "none"  # known not executed: nothing was sent, or a listed refusal came back
    UNKNOWN = "unknown"  # sent, and no answer that settles it
    DONE = "done"  # accepted (2xx), but the answer could not be read: ask for the id


class NetworkError(Exception):
    """A call that did not go as asked.

    ``message`` is a plain sentence without the network's name or any secret. ``retryable``
    says whether trying again can help at all. ``expired`` marks the codes a module lists
    as "expired token": refresh once and call once more. ``retry_at`` is when the network
    said it will listen again. ``raw`` is at most 512 characters of its answer. ``resume``,
    with ``Effect.DONE`` or ``UNKNOWN`` in commit, is kept in place of the steps: an id that
    only the commit's answer told. ``narrow``: a rate limit of this kind of upload alone, which
    the account's other posts do not meet.
    """

    def __init__(
        self,
        category: Category,
        message: str,
        *,
        effect: Effect = Effect.NONE,
        retryable: bool | None = None,
        expired: bool = False,
        status: int | None = None,
        code: str = "",
        raw: str = "",
        retry_at: datetime | None = None,
        resume: Mapping[str, Any] | None = None,
        narrow: bool = False,
    ) -> None:
        super().__init__(message)
        self.category, self.message, self.effect = category, message, effect
        self.retryable = category in RETRIED if retryable is None else retryable
        self.expired, self.status, self.code = expired, status, code
        self.raw, self.retry_at, self.resume = raw[:512], retry_at, resume
        self.narrow = narrow


RETRIED = frozenset({Category.RATE_LIMITED, Category.NETWORK_ERROR, Category.UNKNOWN})


class Probe(StrEnum):
    """How a network can be asked about an outcome nobody read (reliability §4)."""

    KEY = "key"  # commit again with the same marker: the network dedupes
    HANDLE = "handle"  # status by an id saved beforehand
    LISTING = "listing"  # read own recent posts
    NONE = "none"


class Verdict(StrEnum):
    PUBLISHED = "published"
    ABSENT = "absent"
    PROCESSING = "processing"
    FAILED = "failed"  # it was taken, and then refused: ``Probed.error`` says why
    UNSURE = "unsure"  # two candidates, or the network cannot say


@dataclass(frozen=True)
class Tokens:
    """What opens an account. Stored encrypted as one value; never printed."""

    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()
    more: Mapping[str, str] = field(default_factory=dict, repr=False)  # e.g. a DPoP key


@dataclass(frozen=True)
class AppKeys:
    """Our registration at a network, or at one server of it."""

    client_id: str
    client_secret: str = field(default="", repr=False)
    more: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Consent:
    """Where the person goes to agree, and what is kept (encrypted) until they are back."""

    url: str
    keep: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Identity:
    """One thing a token can act for. ``extras`` is plain JSON kept with the account.

    ``external_id`` is unique on the network (``id@host`` where ids are per server). ``kind``
    is ``account``, ``member``, ``organization``, ``page`` or ``channel``. ``tokens`` are its
    own where the sign-in gives it some (a Facebook Page): they are stored in place of the
    sign-in's and never shown. ``note`` says in words why it cannot be chosen, if so.
    """

    external_id: str
    handle: str
    name: str = ""
    avatar_url: str = ""
    url: str = ""
    server: str = ""
    extras: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "account"
    tokens: Tokens | None = field(default=None, repr=False)
    note: str = ""


@dataclass(frozen=True)
class Destination:
    """A place under an account that a post goes to: a board, a subreddit.

    ``extras`` is plain JSON kept with it (flairs, rules). ``writable`` false: shown, with
    ``note`` as the reason why nothing can be posted there.
    """

    external_id: str
    name: str
    kind: str
    url: str = ""
    extras: Mapping[str, Any] = field(default_factory=dict)
    writable: bool = True
    note: str = ""


@dataclass(frozen=True)
class Account:
    """A connected account as a network module needs it."""

    external_id: str
    handle: str
    tokens: Tokens
    server: str = ""
    app: AppKeys = AppKeys("")
    extras: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Media:
    """A file ready for this network: ``path`` is already fitted to its limits.

    ``url`` is where the network can fetch it for the next hours, set for the kinds named in
    ``Capabilities.by_url``. ``cover`` is a video's poster frame, a JPEG.
    """

    id: str
    path: Path
    mime: str
    size: int
    width: int = 0
    height: int = 0
    seconds: float = 0.0
    alt: str = ""
    frames: int = 1
    url: str = ""
    cover: Path | None = None
    codec: str = ""  # of a video: "h264", "hevc", "vp9" …

    @property
    def ratio(self) -> float:
        """Width by height; 0 where unknown."""
        return self.width / self.height if self.width and self.height else 0.0

    @property
    def kind(self) -> str:
        """``image``, ``gif`` (animated) or ``video``."""
        if self.mime.startswith("video/"):
            return "video"
        return "gif" if self.mime == "image/gif" and self.frames > 1 else "image"


@dataclass(frozen=True)
class Card:
    """A link's title and picture, where the network wants them from us."""

    url: str
    title: str = ""
    description: str = ""
    image: Media | None = None


@dataclass(frozen=True)
class Part:
    """One part of a thread as written for this network (a plain post has one part)."""

    text: str
    media: tuple[Media, ...] = ()
    card: Card | None = None


@dataclass(frozen=True)
class Published:
    """Something public. ``extras`` is plain JSON a later part or a delete needs.

    Three of its keys are told to people: ``warning``, a sentence; ``publishAt`` (ISO 8601), when
    the network itself makes it public; ``inbox``, true where a person has to finish it there.
    """

    external_id: str
    url: str = ""
    extras: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Item:
    """One published item with all that its commit call needs.

    ``marker`` is ours, unique, and the same for every repeat of this attempt. ``at`` is
    when the attempt opened. ``parent`` and ``root`` are earlier parts of the thread.
    ``comment``: this is the first comment under ``parent``, not a post of its own.
    ``options`` are checked and complete: every ``Option`` of the placement has a value.
    ``after`` are the parts that go along with the first (``Capabilities.whole_threads``).
    ``known`` is set where commit repeats a call whose answer nobody read (``Probe.KEY``): ids
    recorded for other targets, so that a refusal which names one of them is not taken for ours.
    """

    part: Part
    marker: str
    at: datetime
    options: Mapping[str, Any] = field(default_factory=dict)
    parent: Published | None = None
    root: Published | None = None
    comment: bool = False
    after: tuple[Part, ...] = ()
    known: frozenset[str] | None = None


@dataclass(frozen=True)
class Probed:
    """What the network said when asked.

    ``by`` is how it was seen where that differs from ``probe_by``: a lost handle leaves only a
    listing, and "absent" weighs less then.
    """

    verdict: Verdict
    published: Published | None = None
    message: str = ""
    error: NetworkError | None = None
    by: Probe | None = None


@dataclass(frozen=True)
class Metrics:
    """Counts of one post; ``None`` where the network does not tell. Never a made-up zero."""

    likes: int | None = None
    shares: int | None = None
    comments: int | None = None
    quotes: int | None = None
    saves: int | None = None
    impressions: int | None = None
    gone: bool = False


class Network(Protocol):
    """One network. Built once a process with an HTTP client: safe to use from threads.

    Every method may raise ``NetworkError``.
    """

    name: ClassVar[str]  # interfaces.md, "Network names in JSON"
    title: ClassVar[str]  # as people say it: "X", "Mastodon"
    user_hosts: ClassVar[bool]  # people name the server: the guarded client is needed
    ways: ClassVar[tuple[str, ...]]  # of "oauth", "app_password", "token"
    registers: ClassVar[bool]  # whether register() asks the server, so that its answer is kept
    about: ClassVar[About]

    def capabilities(self, extras: Mapping[str, Any]) -> Capabilities:
        """Limits for an account whose ``Identity.extras`` these are (``{}``: the usual)."""

    def compose(
        self, text: str, extras: Mapping[str, Any], options: Mapping[str, Any] = NO_OPTIONS
    ) -> Composed:
        """The text as sent, counted by the network's rule, options included: the only count."""

    def validate(
        self,
        parts: tuple[Part, ...],
        extras: Mapping[str, Any],
        options: Mapping[str, Any] = NO_OPTIONS,
    ) -> list[Problem]:
        """Everything about the content that the network would refuse, and warnings.

        Beside what ``rules.common`` finds from the capabilities alone.
        """

    # Connecting
    def server(self, typed: str) -> str:
        """The base URL of what a person typed (``""`` for networks with one server)."""

    def register(self, server: str, redirect_uri: str) -> AppKeys:
        """Our registration: configured, or made there. ``validation`` when there is none."""

    def authorize(
        self, app: AppKeys, *, server: str, hint: str, redirect_uri: str, state: str
    ) -> Consent:
        """Begin the consent; ``hint`` is a handle the person typed, or ``""``."""

    def exchange(
        self, app: AppKeys, keep: Mapping[str, str], answer: Mapping[str, str], redirect_uri: str
    ) -> Tokens:
        """Turn the callback's query into tokens. ``auth_error`` when the person refused."""

    def login(self, server: str, identifier: str, password: str) -> Tokens:
        """Tokens for an app password (``ways`` has ``app_password``)."""

    def refresh(self, app: AppKeys, tokens: Tokens, server: str) -> Tokens:
        """Fresh tokens; ``auth_error`` when the account has to be connected again."""

    def revoke(self, app: AppKeys, tokens: Tokens, server: str) -> None:
        """End the tokens at the network; harmless when they are gone."""

    def identities(self, tokens: Tokens, server: str) -> list[Identity]:
        """What the tokens can act for; also the health check of an account."""

    def destinations(self, account: Account) -> list[Destination]:
        """Boards, subreddits … of an account; empty where ``Capabilities.destination`` is."""

    # Publishing
    def prepare(
        self, account: Account, item: Item, resume: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Steps that may be repeated: uploads, alt texts. Each yields the whole ``resume``.

        The caller stores it before asking for the next step, and after a crash hands back
        the last one stored: done steps are not done again. Plain JSON only; what lies under
        the key ``secret`` (a mapping: upload addresses and the like) is stored encrypted.
        What has to be waited for is no reason to hold a thread: wait some seconds, then raise
        ``MEDIA_PROCESSING`` with ``retry_at``; the steps so far are handed back then.
        """

    def commit(self, account: Account, item: Item, resume: Mapping[str, Any]) -> Published:
        """The one call that makes it public.

        Where the network has taken it and is still at work (``MEDIA_PROCESSING`` with
        ``Effect.DONE``) it is polled with ``probe`` until it is out, or ``Verdict.FAILED``.
        """

    def probe_by(
        self, account: Account, age: float, resume: Mapping[str, Any] = NO_OPTIONS
    ) -> Probe:
        """How to ask about a commit call begun ``age`` seconds ago, its steps at hand."""

    def probe(
        self,
        account: Account,
        item: Item,
        resume: Mapping[str, Any],
        since: datetime,
        known: frozenset[str],
    ) -> Probed:
        """Look for the item, reading only (``HANDLE`` and ``LISTING``).

        ``since`` is when the commit began; ``known`` are ids recorded for other targets.
        """

    def delete(self, account: Account, published: Published) -> None:
        """Take it down; what is gone already is done."""

    def metrics(self, account: Account, ids: list[str]) -> dict[str, Metrics]:
        """Counts by external id."""


class Named(Protocol):
    """A network where a person may type a destination's name (``Capabilities.named``)."""

    def destination(self, account: Account, name: str) -> Destination:
        """The one of that name; ``validation`` where there is none."""
