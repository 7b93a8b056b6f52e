"""Where a sign-in begun with a key may send people on to (reliability §13, RFC 9700 §2.1).

A profile's list, compared letter by letter: one that was not registered is never gone to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit
from uuid import UUID

from app import events
from app.errors import ValidationFailed
from app.extensions import db
from app.models.profiles import Profile
from app.permissions import Actor, Permission
from app.services.access import reach

MOST = 20
LENGTH = 1000
OURS = frozenset({"status", "connectionId", "error"})  # what we add to the address
_ADDRESS = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")  # RFC 3986
FIELD = "return_url"


def checked(url: str, field: str = FIELD) -> str:
    """The address without the spaces around it; raises ``ValidationFailed`` with the fix."""
    url = url.strip()
    if words := _wrong(url):
        raise ValidationFailed(words, field=field)
    return url


def checked_all(urls: Iterable[str], field: str = "returnUrls") -> list[str]:
    """A whole list, each address once. Raises ``ValidationFailed`` naming the first to mend."""
    found = [checked(url, f"{field}.{index}") for index, url in enumerate(urls)]
    found = list(dict.fromkeys(found))
    if len(found) > MOST:
        raise _full(field)
    return found


def add(actor: Actor, profile_id: UUID, url: str) -> str:
    """Put an address on the list; one that is there stays. The address as it is kept."""
    url = checked(url)
    profile = _locked(actor, profile_id)
    if url not in profile.return_urls:
        if len(profile.return_urls) >= MOST:
            raise _full(FIELD)
        _keep(actor, profile, [*profile.return_urls, url])
    db.session.commit()
    return url


def remove(actor: Actor, profile_id: UUID, url: str) -> None:
    """Take an address off the list. What is under way there ends without an account."""
    profile = _locked(actor, profile_id)
    left = [one for one in profile.return_urls if one != url]
    if left != profile.return_urls:
        _keep(actor, profile, left)
    db.session.commit()


def allowed(profile: Profile, url: str) -> bool:
    """Whether people may be sent on to that very address."""
    return bool(url) and url in profile.return_urls


def site(url: str) -> str:
    """The address's host, with its port where it is not the usual one: how a page names it."""
    return urlsplit(url).netloc


def going(url: str, **told: str | list[str]) -> str:
    """The address with what it is told; a list is one parameter several times."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode(told, doseq=True)}"


def _wrong(url: str) -> str:
    """What is wrong with an address, in words; empty where nothing is."""
    if not url:
        return "Type the whole address, such as https://your-app.com/callback."
    if len(url) > LENGTH:
        return f"Use at most {LENGTH} characters."
    if not _ADDRESS.fullmatch(url):
        return (
            "Write the address as a browser shows it once it is copied: without spaces, and other"
            " letters than English ones as %-codes (in the host: xn--…)."
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "This is no address. It should look like https://your-app.com/callback."
    if port == 0 or not host.strip("."):
        return "This is no address. It should look like https://your-app.com/callback."
    return _refused(url, parts, host)


def _refused(url: str, parts: SplitResult, host: str) -> str:
    """Why an address that is one is not taken."""
    if parts.scheme != "https" and not (parts.scheme == "http" and _loopback(host)):
        return "Begin with https://. Only an address on your own machine may begin with http://."
    if "@" in parts.netloc:
        return "Leave out the name and password before the host."
    if "#" in url:
        return "Leave out the # and what follows it: it would be lost on the way."
    if taken := OURS & {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}:
        return f"Leave out {min(taken)}: Carillon adds it when it sends people on."
    return ""


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _locked(actor: Actor, profile_id: UUID) -> Profile:
    """The profile's row, so that of two changes at once neither is lost."""
    reach(actor).get(Profile, profile_id, need=Permission.PROFILE_WRITE.value)
    mine = reach(actor).query(Profile).where(Profile.id == profile_id).with_for_update()
    return db.session.scalars(mine.execution_options(populate_existing=True)).one()


def _keep(actor: Actor, profile: Profile, urls: list[str]) -> None:
    changed = {"return_urls": [profile.return_urls, urls]}
    profile.return_urls = urls
    events.audit(
        db.session(), actor, "profile.changed", profile_id=profile.id, subject="profile",
        subject_id=profile.id, changed=changed,
    )  # fmt: skip


def _full(field: str) -> ValidationFailed:
    return ValidationFailed(f"There can be {MOST} addresses. Remove one first.", field=field)
