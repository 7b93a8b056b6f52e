"""The credential doctor (promises.md 9): what a network needs of this installation, and has.

Fields are judged by their look, keys by one harmless call: a code nobody gave is offered for
exchange, and the network says whether it knows the app before it says that the code is wrong.
No value of a secret leaves this module.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import select

from app import egress
from app.clock import now
from app.config import Config, settings
from app.errors import NotFound
from app.extensions import db, networks
from app.models.accounts import AccountStatus, SocialAccount
from app.networks import NETWORKS, cls
from app.networks.base import About, Category, NetworkError
from app.services import account_readiness
from app.services.consent import redirect_uri

CALL_SECONDS = 15.0
VERIFIER = "carillon-doctor-asks-for-nothing-0123456789-x"  # as long as PKCE wants it
VERSION_MONTHS = 10  # from then on a version of LinkedIn's API is warned about
ACCOUNTS = 200  # listed on a page
NO_KEYS = frozenset({"bluesky"})  # it reads who we are from our own address
OPTIONAL = frozenset({"bluesky", "mastodon"})  # keys of our own are not needed
NO_SECRET = frozenset({"twitter"})  # a public client works without one
REFUSED = frozenset({"invalid_client", "unauthorized_client", "invalid_client_metadata", "101"})

EMPTYISH = re.compile(r"(?i)^(undefined|null|none|nan|nil|true|false|todo|changeme|change_me)$")
PLACEHOLDER = re.compile(
    r"(?i)(your[-_ ]?(app|client|key|secret|id)|<.*>|\{.*\}|\bx{4,}\b|^x+$|placeholder|example"
    r"|client[-_]?(id|key|secret)$|insert|replace[-_ ]?me|1234567890|^\.+$|^-+$)"
)
# The look of an id or secret where a network keeps to one, and that look in words.
SHAPES: Mapping[tuple[str, str], tuple[str, str]] = {
    ("facebook", "id"): (r"\d{13,20}", "an App ID is a number of about 16 digits"),
    ("facebook", "secret"): (r"[0-9a-f]{32}", "an App Secret has 32 characters, 0–9 and a–f"),
    ("instagram", "id"): (r"\d{13,20}", "an Instagram app id is a number of about 16 digits"),
    ("instagram", "secret"): (r"[0-9a-f]{32}", "its secret has 32 characters, 0–9 and a–f"),
    ("threads", "id"): (r"\d{13,20}", "a Threads app id is a number of about 16 digits"),
    ("threads", "secret"): (r"[0-9a-f]{32}", "its secret has 32 characters, 0–9 and a–f"),
    ("youtube", "id"): (r"[\w-]+\.apps\.googleusercontent\.com",
                        "a Google client id ends in .apps.googleusercontent.com"),
    ("pinterest", "id"): (r"\d{5,12}", "a Pinterest app id is a number"),
}  # fmt: skip
LOOSE = r"[A-Za-z0-9._~+/=:-]{8,}"


@dataclass(frozen=True)
class Field:
    """One setting. ``verdict``: ``ok``, ``missing``, ``bad`` or ``optional``; never its value."""

    setting: str
    label: str
    verdict: str
    told: str

    @property
    def fine(self) -> bool:
        return self.verdict in ("ok", "optional")


@dataclass(frozen=True)
class Call:
    """What the network said of our keys: ``works``, ``refused``, ``unclear`` or ``skipped``."""

    verdict: str
    told: str


@dataclass(frozen=True)
class Granted:
    """A connected account: what it was given of what we ask for."""

    handle: str
    told: bool  # whether the network says at all
    missing: tuple[str, ...]
    stuck: bool  # nothing can be posted without them
    usable: bool


@dataclass(frozen=True)
class Diagnosis:
    """Everything about one network; ``call`` is ``None`` until the network is asked."""

    name: str
    title: str
    about: About
    redirect_uri: str
    played: bool
    api_url: str
    fields: tuple[Field, ...]
    asked: tuple[str, ...]
    modes: tuple[tuple[str, bool], ...]  # what holds for posts now, and whether that is all well
    reach: str
    accounts: int = 0
    granted: tuple[Granted, ...] = ()
    call: Call | None = None

    @property
    def warning(self) -> str:
        """What does not hold as it should, in a sentence; empty where all is well."""
        return next((words for words, fine in self.modes if not fine), "")

    @property
    def state(self) -> str:
        """``played``, ``ready``, ``off`` (no keys) or ``bad`` (keys that cannot be right)."""
        if any(one.verdict == "bad" for one in self.fields) or (
            self.call is not None and self.call.verdict == "refused"
        ):
            return "bad"
        if self.played:
            return "played"
        return "ready" if all(one.fine for one in self.fields) else "off"


def every() -> list[Diagnosis]:
    """All networks, without their accounts and without asking anybody."""
    found = [_diagnose(name, settings()) for name in NETWORKS]
    return sorted(found, key=lambda one: one.title.lower())


def network(name: str) -> Diagnosis:
    """One network with its accounts; asks nobody. Raises ``NotFound`` for one we don't speak."""
    if name not in NETWORKS:
        known = ", ".join(sorted(NETWORKS))
        raise NotFound(f"There is no network “{name}”. There are: {known}.")
    config = settings()
    rows = db.session.scalars(
        select(SocialAccount)
        .where(
            SocialAccount.network == name, SocialAccount.status != AccountStatus.DISCONNECTED,
            SocialAccount.via == "native",
        )
        .order_by(SocialAccount.handle, SocialAccount.id)
        .limit(ACCOUNTS + 1)
    ).all()  # fmt: skip
    return _diagnose(name, config, granted=tuple(_granted(row, config) for row in rows[:ACCOUNTS]),
                     accounts=len(rows))  # fmt: skip


def ask(name: str) -> Call:
    """Ask the network whether it knows our keys. No transaction may be open.

    The one call is harmless: a code that nobody gave cannot be exchanged for anything.
    """
    config, title = settings(), cls(name).title
    if name in NO_KEYS:
        return Call("skipped", f"{title} has no app keys, so there is nothing to ask.")
    fields = _fields(name, config)
    if any(one.verdict == "bad" for one in fields):
        return Call("skipped", "Not asked: mend the settings first.")
    if not config.network(name).client_id:
        return Call("skipped", "Not asked: there are no keys to ask about.")
    speaker, back = networks.get(name), redirect_uri(name)
    try:
        with egress.bounded(CALL_SECONDS):
            server = speaker.server("")
            app = speaker.register(server, back)
            speaker.exchange(
                app, {"verifier": VERIFIER, "server": server},
                {"code": "carillon-doctor", "state": "carillon-doctor"}, back,
            )  # fmt: skip
    except NetworkError as error:
        return _said(title, error)
    return Call("works", f"{title} knows this app.")


def _said(title: str, error: NetworkError) -> Call:
    """What a refusal of a code nobody gave tells about the keys."""
    if error.category is Category.NETWORK_ERROR:
        return Call("unclear", f"{title} could not be reached. {error.message}")
    if error.category is Category.RATE_LIMITED:
        return Call("unclear", f"{title} asks us to wait. Try again later.")
    if error.code in REFUSED or error.status == 401 or "client secret" in error.raw.lower():
        return Call("refused", f"{title} does not know these keys: the id or the secret is wrong.")
    if error.category is Category.AUTH_ERROR:
        return Call("works", f"{title} knows this app: it refused only the made-up code.")
    return Call("unclear", f"{title} gave an answer we cannot read: {error.message}")


def _diagnose(name: str, config: Config, **more: object) -> Diagnosis:
    network = cls(name)
    needs = bool(networks.get(name).capabilities({}).by_url)
    found = config.network(name)
    return Diagnosis(
        name=name, title=network.title, about=network.about, redirect_uri=redirect_uri(name),
        played=found.sandbox, api_url=found.api_url, fields=_fields(name, config),
        asked=account_readiness.asked(name, config), modes=tuple(_modes(name, config)),
        reach=account_readiness.reachable(config) if needs and not found.sandbox else "",
        **more,  # type: ignore[arg-type]
    )  # fmt: skip


def _granted(account: SocialAccount, config: Config) -> Granted:
    missing, stuck = account_readiness.missing_scopes(account, config)
    return Granted(account.handle, bool(account.scopes), missing, stuck, account.usable)


def _modes(name: str, config: Config) -> list[tuple[str, bool]]:
    """The state of the app as the settings tell it."""
    if name == "tiktok":
        return [
            ("Audited (TIKTOK_AUDITED is on): posts are public.", True) if config.TIKTOK_AUDITED
            else ("Not audited (TIKTOK_AUDITED is off): posts are seen by their author alone.",
                  False)
        ]  # fmt: skip
    if name == "youtube":
        return [
            ("Not audited (YOUTUBE_FORCE_PRIVATE_UPLOADS is on): videos stay private.", False)
            if config.YOUTUBE_FORCE_PRIVATE_UPLOADS
            else ("Audited (YOUTUBE_FORCE_PRIVATE_UPLOADS is off): videos can be public.", True)
        ]
    if name == "linkedin":
        return [
            ("Pages are asked for (LINKEDIN_ORGANIZATIONS is on): the app needs LinkedIn's "
             "approval for them.", True) if config.LINKEDIN_ORGANIZATIONS
            else ("People's own profiles only (LINKEDIN_ORGANIZATIONS is off).", True),
            *_linkedin_version(config.LINKEDIN_API_VERSION),
        ]  # fmt: skip
    if name == "instagram":
        way = "Instagram's own login" if config.INSTAGRAM_LOGIN == "instagram" else "Facebook"
        return [(f"People sign in through {way} (INSTAGRAM_LOGIN).", True)]
    return []


def _linkedin_version(version: str) -> list[tuple[str, bool]]:
    """Each month's version is served for a year at least (networks/linkedin.md §2)."""
    found = re.fullmatch(r"(20\d\d)(0[1-9]|1[0-2])", version)
    if found is None:
        told = f"LINKEDIN_API_VERSION is “{version}”: it is a year and a month, such as 202605."
        return [(told, False)]
    today = now()
    age = (today.year - int(found[1])) * 12 + today.month - int(found[2])
    if age < VERSION_MONTHS:
        return [(f"API version {version}.", True)]
    return [
        (f"API version {version} is {age} months old, and LinkedIn serves one for a year: raise "
         "LINKEDIN_API_VERSION to a newer month.", False)
    ]  # fmt: skip


# Fields ------------------------------------------------------------------------------------------


def _fields(name: str, config: Config) -> tuple[Field, ...]:
    prefix = "X" if name == "twitter" else name.upper()
    found = config.network(name)
    if name == "instagram" and config.INSTAGRAM_LOGIN == "facebook":
        prefix, found, name = "FACEBOOK", config.network("facebook"), "facebook"
    listed = []
    if name == "bluesky":
        listed.append(_bluesky(config))
    else:
        listed.append(_field(name, f"{prefix}_CLIENT_ID", "id", found.client_id, found.sandbox))
        secret = _field(name, f"{prefix}_CLIENT_SECRET", "secret", found.client_secret,
                        found.sandbox)  # fmt: skip
        if found.client_id and found.client_id == found.client_secret:
            secret = Field(secret.setting, secret.label, "bad", "It is the same as the id.")
        listed.append(secret)
    for label, setting, url in (
        ("API address", f"{prefix}_API_URL", found.api_url),
        ("Sign-in address", f"{prefix}_AUTH_URL", found.auth_url),
    ):
        if told := _address(url):
            listed.append(Field(setting, label, "bad", told))
    return tuple(listed)


def _field(name: str, setting: str, kind: str, value: str, sandbox: bool) -> Field:
    label = "Client id" if kind == "id" else "Client secret"
    if sandbox:
        return Field(setting, label, "ok", "Given by the sandbox: this network is played here.")
    value = value.strip()
    if not value:
        if name in OPTIONAL:
            return Field(setting, label, "optional", "Not set; not needed.")
        if kind == "secret" and name in NO_SECRET:
            return Field(setting, label, "optional", "Not set: the app is a public client.")
        return Field(setting, label, "missing", "Not set.")
    told = judged(name, kind, value)
    return Field(setting, label, "bad" if told else "ok", told or "Set, and it looks right.")


def judged(name: str, kind: str, value: str) -> str:
    """What is wrong with the look of an id or secret, in a sentence; empty when nothing is."""
    if EMPTYISH.match(value):
        return f"It is the word “{value.lower()}”, which some tool put in place of a value."
    if value[0] in "\"'`“”‘’" or value[-1] in "\"'`“”‘’":
        return "It begins or ends with a quotation mark: take the marks away."
    if re.search(r"\s", value):
        return "It has a space or a line break in it: copy it again."
    shape, words = SHAPES.get((name, kind), ("", ""))
    fits = bool(shape) and re.fullmatch(shape, value) is not None
    if PLACEHOLDER.search(value) and not fits:
        return "It is the text of an example, not a value."
    if shape and not fits:
        return f"It does not look right: {words}."
    if not re.fullmatch(LOOSE, value):
        return "It does not look right: it is too short, or has characters no key has."
    return ""


def _bluesky(config: Config) -> Field:
    """Bluesky has no keys of the operator's, but may have a private key of our own."""
    setting, label = "BLUESKY_CLIENT_KEY", "Own private key"
    value = config.BLUESKY_CLIENT_KEY.strip()
    if not value:
        told = "Not set: sign-ins last two weeks. App passwords need nothing."
        return Field(setting, label, "optional", told)
    if '"kty"' not in value or '"d"' not in value:
        return Field(setting, label, "bad", "It is not a private key written as a JWK.")
    return Field(setting, label, "ok", "Set, and it looks right.")


def _address(url: str) -> str:
    """What is wrong with a base address."""
    if not url:
        return ""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "It is not an address: it begins with https:// and a name."
    own = parts.hostname in ("127.0.0.1", "localhost", "::1")
    return "" if parts.scheme == "https" or own else "It should begin with https://."
