"""Settings: read once from the environment, then plain data.

Every name is a setting of ``interfaces.md`` or a bold name of ``reliability.md``.
Nothing is read at import.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib.util import find_spec
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from flask import current_app

ROOT = Path(__file__).resolve().parent.parent

NETWORKS = (
    "twitter", "linkedin", "facebook", "instagram", "threads", "tiktok",
    "youtube", "pinterest", "reddit", "mastodon", "bluesky", "snapchat",
)  # fmt: skip

BRIDGE = "metricool"  # not a network: a service that publishes on networks for us
# Where codes become tokens, if that is another server than N_AUTH_URL: N_TOKEN_URL.
TOKEN_URLS = {
    "INSTAGRAM": "https://api.instagram.com",
    "YOUTUBE": "https://oauth2.googleapis.com",
}
# The public servers; every one can be pointed elsewhere by N_API_URL / N_AUTH_URL.
PUBLIC_URLS: dict[str, tuple[str, str]] = {
    "X": ("https://api.x.com", "https://x.com"),
    "MASTODON": ("https://mastodon.social", ""),
    "BLUESKY": ("https://bsky.social", ""),
    "LINKEDIN": ("https://api.linkedin.com", "https://www.linkedin.com"),
    "FACEBOOK": ("https://graph.facebook.com", "https://www.facebook.com"),
    "INSTAGRAM": ("https://graph.instagram.com", "https://www.instagram.com"),
    "THREADS": ("https://graph.threads.net", "https://threads.net"),
    "TIKTOK": ("https://open.tiktokapis.com", "https://www.tiktok.com"),
    "YOUTUBE": ("https://www.googleapis.com", "https://accounts.google.com"),
    "PINTEREST": ("https://api.pinterest.com/v5", "https://www.pinterest.com"),
    "REDDIT": ("https://oauth.reddit.com", "https://www.reddit.com"),
    "METRICOOL": ("https://app.metricool.com/api", ""),
}


class ConfigError(Exception):
    """A setting that cannot work; the text says which and how to mend it."""


@dataclass(frozen=True)
class NetworkSettings:
    """Where one network lives and who we are there.

    ``api_url`` and ``auth_url`` have no final slash; ``sandbox`` is true where they
    point at our own sandbox because the operator gave no credentials.
    """

    client_id: str = ""
    client_secret: str = ""
    api_url: str = ""
    auth_url: str = ""
    token_url: str = ""
    sandbox: bool = False


@dataclass(frozen=True)
class Config:
    """All settings, typed. Durations are seconds, sizes are bytes."""

    SECRET_KEY: str = ""
    ENCRYPTION_KEYS: str = ""
    DATABASE_URL: str = ""
    REDIS_URL: str = ""
    APP_URL: str = "http://127.0.0.1:8000"
    HOST: str = "127.0.0.1"
    PORT: int = 8000
    INSTANCE_DIR: Path = ROOT / "instance"
    SANDBOX: bool = True
    SANDBOX_PORT: int = 8090
    EGRESS_ALLOW: str = ""
    TRUSTED_PROXIES: str = ""
    METRICS_TOKEN: str = ""
    REQUIRE_MFA: bool = False
    MEDIA_DIR: Path | None = None
    S3_BUCKET: str = ""
    S3_ENDPOINT_URL: str = ""
    S3_DIRECT_UPLOADS: bool = True
    S3_CACHE_MB: int = 2048
    AWS_ACCESS_KEY_ID: str = ""
    AWS_SECRET_ACCESS_KEY: str = field(default="", repr=False)
    AWS_SESSION_TOKEN: str = field(default="", repr=False)
    AWS_REGION: str = "us-east-1"
    SMTP_URL: str = ""
    MAIL_FROM: str = "Carillon <carillon@localhost>"
    HEARTBEAT_URL: str = ""
    PLC_URL: str = "https://plc.directory"
    BLUESKY_VIDEO_URL: str = "https://video.bsky.app"
    BLUESKY_CLIENT_KEY: str = ""
    GOOGLE_ANALYTICS_API_URL: str = "https://www.google-analytics.com"
    PARDOT_API_URL: str = "https://pi.pardot.com"
    NETRESULTS_API_URL: str = "https://apps.net-results.com/api/v2"
    CLICKDIMENSIONS_API_URL: str = "https://analytics.clickdimensions.com"
    LINKEDIN_API_VERSION: str = "202605"
    LINKEDIN_ORGANIZATIONS: bool = False
    FACEBOOK_API_VERSION: str = "v25.0"
    INSTAGRAM_API_VERSION: str = "v25.0"
    INSTAGRAM_LOGIN: str = "instagram"
    TIKTOK_AUDITED: bool = False
    YOUTUBE_FORCE_PRIVATE_UPLOADS: bool = True
    REDDIT_USER_AGENT: str = "web:carillon:v1 (self-hosted scheduler)"

    TICK_SECONDS: float = 1.0
    CLAIM_BATCH: int = 50
    DELIVERY_THREADS: int = 32
    LEASE_SECONDS: float = 60.0
    HEARTBEAT_SECONDS: float = 15.0
    COMMIT_DEADLINE_SECONDS: float = 60.0
    PREPARE_DEADLINE_SECONDS: float = 900.0
    SWEEP_SECONDS: float = 5.0
    MAX_CLAIMS: int = 5
    MAX_ATTEMPTS: int = 3
    RETRY_BASE_SECONDS: float = 60.0
    PROBE_LAG_SECONDS: float = 600.0
    PROBE_DELAYS_SECONDS: str = "0,120,600,1800,7200"
    LATE_LIMIT_HOURS: float = 24.0
    RECURRING_HORIZON_HOURS: float = 48.0
    OVERDUE_ALARM_MINUTES: float = 5.0
    RESUME_SPACING_SECONDS: float = 5.0
    CLOCK_JUMP_SECONDS: float = 120.0
    CLOCK_JUMP_PAUSE_SECONDS: float = 300.0
    CIRCUIT_SECONDS: float = 60.0
    SESSION_IDLE_DAYS: float = 14.0
    SESSION_MAX_DAYS: float = 30.0
    FRESH_PASSWORD_SECONDS: float = 900.0
    PUBLISH_WAIT_SECONDS: float = 10.0
    UNDO_SECONDS: float = 10.0
    API_REQUESTS_PER_HOUR: int = 1000
    API_POSTS_PER_HOUR: int = 100
    API_UPLOADS_PER_HOUR: int = 50
    API_CONNECTS_PER_HOUR: int = 100
    NETWORKS_PER_PROFILE: int = 500
    STRIPE_SECRET_KEY: str = ""

    networks: Mapping[str, NetworkSettings] = field(default_factory=dict)

    @property
    def https(self) -> bool:
        return self.APP_URL.startswith("https://")

    @property
    def loopback(self) -> bool:
        """Whether ``APP_URL`` is this machine alone."""
        return (urlsplit(self.APP_URL).hostname or "") in {"127.0.0.1", "localhost", "::1"}

    @property
    def media_dir(self) -> Path:
        """The folder of files on this machine: where they lie, or copies of those in a bucket.

        Never the same one: copies may go at any time.
        """
        if self.S3_BUCKET:
            return self.INSTANCE_DIR / "media-cache"
        return self.MEDIA_DIR or self.INSTANCE_DIR / "media"

    @property
    def probe_delays(self) -> tuple[float, ...]:
        """Seconds after an outcome became unknown at which the network is asked."""
        return tuple(float(part) for part in self.PROBE_DELAYS_SECONDS.split(","))

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.SANDBOX_PORT}"

    def network(self, name: str) -> NetworkSettings:
        """The settings of a network by its JSON name (``twitter``, ``mastodon`` …)."""
        return self.networks.get(name, NetworkSettings())

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Config:
        """Read the environment; raises ``ConfigError`` with a sentence an operator can act on."""
        env = os.environ if env is None else env
        found: dict[str, object] = {}
        for item in fields(cls):
            if item.name == "networks" or not env.get(item.name, "").strip():
                continue
            found[item.name] = _typed(item.name, str(item.type), env[item.name].strip())
        port = cast(int, found.get("PORT", 8000))
        found.setdefault("APP_URL", f"http://127.0.0.1:{port}")
        found["APP_URL"] = str(found["APP_URL"]).rstrip("/")
        folder = cast(Path, found.setdefault("INSTANCE_DIR", ROOT / "instance")).resolve()
        found["INSTANCE_DIR"] = folder
        found.setdefault("DATABASE_URL", f"sqlite:///{folder / 'carillon.db'}")
        url = str(found["DATABASE_URL"])
        if url.startswith(("postgres://", "postgresql://")):
            found["DATABASE_URL"] = "postgresql+psycopg://" + url.split("://", 1)[1]
        found.setdefault("REDIS_URL", f"unix://{redis_socket(folder)}")
        _bucket(found)
        sandbox = bool(found.get("SANDBOX", True))
        _secrets(found, folder, embedded=sandbox)
        base = f"http://127.0.0.1:{found.get('SANDBOX_PORT', 8090)}"
        networks = {
            n: _network(n, env, base if sandbox else "") for n in (*NETWORKS, BRIDGE)
        }  # fmt: skip
        found["networks"] = networks
        # The sandbox's accounts are in its own directory of identities, nobody else's.
        if networks["bluesky"].sandbox:
            found.setdefault("PLC_URL", f"{base}/plc")
            found.setdefault("BLUESKY_VIDEO_URL", f"{base}/bluesky/video")
        for name, usual in (
            ("PLC_URL", cls.PLC_URL), ("BLUESKY_VIDEO_URL", cls.BLUESKY_VIDEO_URL)
        ):  # fmt: skip
            found[name] = str(found.get(name, usual)).rstrip("/")
        return cls(**found)  # type: ignore[arg-type]


def settings() -> Config:
    """The configuration of the application at work."""
    return cast(Config, current_app.config["CARILLON"])


def app_url(env: Mapping[str, str] | None = None) -> str:
    """Where the installation is served, for a program that is only its client."""
    env = os.environ if env is None else env
    found = env.get("APP_URL", "").strip()
    return (found or f"http://127.0.0.1:{env.get('PORT', '').strip() or 8000}").rstrip("/")


def redis_socket(folder: Path) -> Path:
    """Where the embedded Redis listens: below 100 characters, or a socket can't be bound."""
    here = folder / "redis.sock"
    if len(str(here)) < 100:
        return here
    import hashlib
    import tempfile

    short = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"carillon-{os.getuid()}-{short}" / "redis.sock"


def _typed(name: str, kind: str, text: str) -> object:
    try:
        if kind == "bool":
            if text.lower() not in {"0", "1", "true", "false", "yes", "no", "on", "off"}:
                raise ValueError
            return text.lower() in {"1", "true", "yes", "on"}
        if kind == "int":
            return int(text)
        if kind == "float":
            return float(text)
        return Path(text) if kind.startswith("Path") else text
    except ValueError as error:
        wanted = {"int": "a whole number", "float": "a number", "bool": "1 or 0"}[kind]
        raise ConfigError(f"{name} should be {wanted}, not {text!r}.") from error


def _network(name: str, env: Mapping[str, str], sandbox: str) -> NetworkSettings:
    """Own settings first; with none, the sandbox where it is on, else the public servers."""
    prefix = "X" if name == "twitter" else name.upper()
    client_id = env.get(f"{prefix}_CLIENT_ID", "").strip()
    client_secret = env.get(f"{prefix}_CLIENT_SECRET", "").strip()
    api_url = env.get(f"{prefix}_API_URL", "").strip().rstrip("/")
    auth_url = env.get(f"{prefix}_AUTH_URL", "").strip().rstrip("/")
    token_url = env.get(f"{prefix}_TOKEN_URL", "").strip().rstrip("/")
    if sandbox and not (client_id or api_url):
        played = f"{sandbox}/{'x' if name == 'twitter' else name}"
        api = f"{played}/v5" if name == "pinterest" else played  # as its public address ends
        return NetworkSettings(
            f"sandbox-{name}", f"sandbox-{name}-secret", api, played, played, sandbox=True
        )
    public = PUBLIC_URLS.get(prefix, ("", ""))
    return NetworkSettings(
        client_id, client_secret, api_url or public[0], auth_url or public[1],
        token_url or auth_url or TOKEN_URLS.get(prefix, ""),
    )  # fmt: skip


def _bucket(found: dict[str, object]) -> None:
    """Settings of S3 that cannot work are told at the start, not with the first picture."""
    name = str(found.get("S3_BUCKET", ""))
    if not name:
        return
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]", name):
        raise ConfigError("S3_BUCKET is the name of a bucket, such as media.example.com.")
    url = str(found.get("S3_ENDPOINT_URL", "")).rstrip("/")
    if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc):
        raise ConfigError("S3_ENDPOINT_URL should look like https://s3.example.com.")
    found["S3_ENDPOINT_URL"] = url
    if bool(found.get("AWS_ACCESS_KEY_ID")) != bool(found.get("AWS_SECRET_ACCESS_KEY")):
        raise ConfigError("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together: give both.")
    if cast(int, found.get("S3_CACHE_MB", 2048)) < 1:
        raise ConfigError("S3_CACHE_MB should be 1 or more.")
    if find_spec("obstore") is None:
        raise ConfigError("S3_BUCKET needs the package obstore: install carillon[s3].")


def _secrets(found: dict[str, object], folder: Path, *, embedded: bool) -> None:
    """Given secrets are checked; in the embedded mode missing ones are made once and kept."""
    given = str(found.get("SECRET_KEY", ""))
    if not embedded:
        if len(given) < 32:
            raise ConfigError(
                "SECRET_KEY is missing or shorter than 32 characters. Make one with: "
                "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
            )
        if not found.get("ENCRYPTION_KEYS"):
            raise ConfigError(
                "ENCRYPTION_KEYS is missing. Make one with: python3 -c 'import base64, secrets; "
                'print("k1:" + base64.b64encode(secrets.token_bytes(32)).decode())\''
            )
        return
    if given and found.get("ENCRYPTION_KEYS"):
        return
    kept = _kept_secrets(folder)
    found.setdefault("SECRET_KEY", kept["SECRET_KEY"])
    found.setdefault("ENCRYPTION_KEYS", kept["ENCRYPTION_KEYS"])


def _kept_secrets(folder: Path) -> dict[str, str]:
    """The secrets of an embedded installation, made by whichever process comes first."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "secrets.json"
    if not path.exists():
        made = {
            "SECRET_KEY": secrets.token_urlsafe(48),
            "ENCRYPTION_KEYS": "k1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
        }
        draft = folder / f".secrets.{os.getpid()}.{secrets.token_hex(4)}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(made, file)
        try:
            os.link(draft, path)  # fails where another process was first; theirs counts
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return cast(dict[str, str], json.loads(path.read_text()))
