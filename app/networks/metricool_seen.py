"""What Metricool tells of a post it was handed: by its id, or looked for in its calendar (§6)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.clock import now
from app.networks.base import Category, NetworkError, Probed, Published, Verdict
from app.networks.metricool import Keys, Metricool
from app.networks.metricool_errors import from_network, short
from app.networks.metricool_post import instant

SLACK = timedelta(seconds=60)  # between our clock and Metricool's
CLOSE = timedelta(seconds=5)  # before publication: too late to be sure of anything
WAITING = ("PENDING", "PUBLISHING", "")


@dataclass(frozen=True)
class Sought:
    """A post as we handed it over. ``due`` is its publication, to the second."""

    network: str
    title: str
    text: str
    due: datetime
    zone: str
    since: datetime
    known: Collection[str]
    after: tuple[str, ...] = ()  # the texts of a thread's other parts


def by_id(metricool: Metricool, keys: Keys, post_id: str, sought: Sought) -> Probed:
    """What became of a post whose id was kept."""
    try:
        post = metricool.post(keys, post_id)
    except NetworkError as error:
        if error.code != "not_found":
            raise
        return _gone(sought)
    return told(post, sought)


def looked_for(metricool: Metricool, keys: Keys, sought: Sought) -> Probed:
    """A post whose answer was lost: text, network, time of publication and of making."""
    day = sought.due.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
    rows = metricool.posts(keys, day, day, "UTC")
    found = [row for row in rows if _is_this(row, sought)]
    if len(found) > 1:
        return Probed(
            Verdict.UNSURE,
            message="Metricool has two posts like this one. Look there before sending it again.",
        )
    return told(found[0], sought) if found else Probed(Verdict.ABSENT)


def told(post: Mapping[str, Any], sought: Sought) -> Probed:
    """The fate of the post at its network; ``parts`` in its extras: how many it has."""
    provider = _provider(post, sought.network)
    status = str((provider or {}).get("status") or "").upper()
    detail = str((provider or {}).get("detailedStatus") or "")
    if provider is None:
        return Probed(Verdict.UNSURE, message="Metricool has this, but for another network.")
    if status == "PUBLISHED":
        return Probed(Verdict.PUBLISHED, _published(post, provider, 1 + len(sought.after)))
    if status == "ERROR":
        return Probed(Verdict.FAILED, error=from_network(detail, sought.title))
    if status in WAITING:
        return Probed(Verdict.PROCESSING)
    return Probed(
        Verdict.UNSURE,
        message=f"Metricool says “{short(detail or status)}” of this post. Look there, and at "
        f"{sought.title}, before sending it again.",
    )


def _published(post: Mapping[str, Any], provider: Mapping[str, Any], parts: int) -> Published:
    ours = str(post.get("id") or "")
    return Published(
        str(provider.get("id") or ours), str(provider.get("publicUrl") or ""),
        {"metricool_id": ours, **({"parts": parts} if parts > 1 else {})},
    )  # fmt: skip


def taken_back(metricool: Metricool, keys: Keys, post_id: str, due: datetime) -> bool:
    """Take a post off the calendar; whether it surely was not published (§2).

    Deleting does not bring back what is out, so it has to wait for its time before, and be gone
    while that time has still not come.
    """
    try:
        post = metricool.post(keys, post_id)
    except NetworkError as error:
        if error.code != "not_found":
            raise
        return now() < due - CLOSE
    rows = post.get("providers")
    told = [str(row.get("status")) for row in rows or [] if isinstance(row, dict)]
    if not told or any(one != "PENDING" for one in told) or now() >= due - CLOSE:
        return False
    metricool.forget(keys, post_id)
    try:
        metricool.post(keys, post_id)
    except NetworkError as error:
        return error.code == "not_found" and now() < due - CLOSE
    return False


def _gone(sought: Sought) -> Probed:
    """Taken off in Metricool: before its time nothing was published, later nobody knows."""
    if now() < sought.due:
        error = NetworkError(
            Category.VALIDATION, "Somebody took it off in Metricool before it went out.",
            retryable=False, code="not_found",
        )  # fmt: skip
        return Probed(Verdict.FAILED, error=error)
    return Probed(
        Verdict.UNSURE,
        message=f"Metricool no longer has this post. Look at {sought.title} before sending it "
        "again.",
    )


def _is_this(row: Mapping[str, Any], sought: Sought) -> bool:
    provider = _provider(row, sought.network)
    if provider is None or str(provider.get("id") or "-") in sought.known:
        return False
    due = instant(row.get("publicationDate"), sought.zone)
    made = instant(row.get("creationDate"), sought.zone)
    return (
        _texts(row) == [text.split() for text in (sought.text, *sought.after)]
        and due is not None
        and abs(due - sought.due) < timedelta(seconds=1)
        and (made is None or made >= sought.since - SLACK)
    )


def _texts(row: Mapping[str, Any]) -> list[list[str]]:
    """The words of a post and of what follows it in its thread."""
    after = row.get("descendants")
    rows = [row, *(one for one in after if isinstance(one, dict))] if after else [row]
    return [str(one.get("text") or "").split() for one in rows]


def _provider(post: Mapping[str, Any], network: str) -> Mapping[str, Any] | None:
    providers = post.get("providers")
    rows = providers if isinstance(providers, list) else []
    return next((r for r in rows if isinstance(r, dict) and r.get("network") == network), None)
