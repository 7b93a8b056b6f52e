"""What networks say, made fit for us: failures in words, values that can be stored."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from app.clock import now
from app.errors import AppError, BrokerError, RateLimited, ValidationFailed
from app.networks.base import Category, Network, NetworkError


def told(
    network: Network, error: NetworkError, *, refused: str | None = None, invalid: str | None = None
) -> AppError:
    """A network's failure while an account is connected or checked, in words (DESIGN §7).

    ``refused`` and ``invalid`` name the fields that a refused sign-in and bad input belong to.
    """
    if error.category is Category.AUTH_ERROR:
        return ValidationFailed(error.message, field=refused)
    if error.category is Category.VALIDATION:
        return ValidationFailed(error.message, field=invalid)
    if error.category is Category.RATE_LIMITED:
        wait = None
        if error.retry_at is not None:
            wait = max(int((error.retry_at - now()).total_seconds()), 1)
        words = f"{network.title} asks us to wait a little. Try again in a few minutes."
        return RateLimited(words, retry_after=wait)
    if error.category is Category.NETWORK_ERROR:
        if network.user_hosts and invalid:
            words = "We could not reach that server. Check its name, then try again."
            return ValidationFailed(words, field=invalid)
        return BrokerError(f"We could not reach {network.title}. Try again in a minute.")
    return BrokerError(f"{network.title} gave an answer we could not read. Try again in a minute.")


def plain(value: Any) -> Any:
    """The same JSON without what a database or a page can't hold: NUL and lone surrogates."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "ignore").decode()
    if isinstance(value, dict):
        return {plain(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def web_address(url: str) -> str:
    """An http(s) address of at most 2,000 characters, else nothing."""
    url = str(plain(url))
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        return ""
    return url if scheme in ("http", "https") and len(url) <= 2000 else ""
