"""Addresses at which a network may fetch one file for some hours (networks/instagram.md §2).

The address is signed and says which file and what kind it is; nothing is stored. Whoever has
it can read that file until it runs out, and nothing else.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from itsdangerous import BadData, URLSafeTimedSerializer

from app.config import Config
from app.integrations.storage import Storage

LASTS = 24 * 3600  # seconds: a container may be fetched again as long as it lives
ENDINGS = {
    "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif",
    "video/mp4": "mp4", "video/quicktime": "mov", "video/webm": "webm",
}  # fmt: skip


def address(path: Path, mime: str, config: Config) -> str:
    """The public address of a file in the media folder."""
    inside = path.resolve().relative_to(config.media_dir.resolve()).as_posix()
    token = _signer(config).dumps([inside, mime])
    return f"{config.APP_URL}/shared/{token}/media.{ENDINGS.get(mime, 'bin')}"


def opened(token: str, config: Config) -> tuple[Path, str] | None:
    """The file and its kind; ``None`` for an address that is not ours or has run out.

    Where files lie in a bucket it may be asked for them: no transaction may be open.
    """
    found = named(token, config)
    if found is None:
        return None
    try:
        return Storage.of(config).lent(found[0]), found[1]
    except FileNotFoundError:
        return None


def named(token: str, config: Config) -> tuple[str, str] | None:
    """The file's place in the media folder and its kind, whether or not it is there."""
    try:
        inside, mime = _signer(config).loads(token, max_age=LASTS)
    except (BadData, ValueError):
        return None
    if PurePosixPath(inside).is_absolute() or ".." in PurePosixPath(inside).parts:
        return None
    return str(inside), str(mime)


def _signer(config: Config) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(config.SECRET_KEY, salt="carillon.shared-media")
