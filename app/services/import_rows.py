"""A post on its way in from a file: looked at first, made later by the ordinary services.

``FileRow.data`` of a table's line, as JSON: ``line`` (its number in the file), ``time``, ``zone``,
``accounts`` (names), ``parts``, ``texts`` (by network), ``link``, ``media`` (each ``url``,
``alt``), ``draft``. A look adds ``at`` (UTC, ISO), ``account_ids`` and ``notes``.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from app import egress, ids
from app.clock import clock_change, to_utc
from app.clock import zone as zone_named
from app.config import settings
from app.errors import AppError, ValidationFailed
from app.models.accounts import SocialAccount
from app.models.media import Media
from app.models.posts import Post
from app.models.profiles import Profile
from app.permissions import Actor
from app.services import cards, dry_checks, labels, media, starting
from app.services.account_refs import Accounts
from app.services.dry_checks import Looked
from app.services.submissions import Submission

SOURCE = "import"
MAX_MEDIA = 10
EXAMPLE = "2026-05-14 09:30"
FILMS = ("video/mp4", "video/quicktime")
PICTURES = ("image/jpeg", "image/png", "image/webp", "image/gif")


@dataclass
class Look:
    """What was found of one post. With ``problems`` it is not made; ``notes`` stop nothing."""

    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    at: datetime | None = None
    accounts: list[SocialAccount] = field(default_factory=list)


def look(
    actor: Actor, profile: Profile, accounts: Accounts, data: Mapping[str, Any],
    post: Post | None = None,
) -> Look:  # fmt: skip
    """Everything against a post that can be said before it is made; nothing is stored.

    ``post``: the one that would be changed. Ends the session's transaction.
    """
    found, post_id = Look(), post.id if post else None
    _when(found, profile, data, post.due_at if post else None)
    _where(found, accounts, data)
    stand_ins = _files(found, profile, data)
    try:
        labels_of(data)
    except ValidationFailed as error:
        found.problems.append(error.message)
    if found.problems:
        return found
    shots = [(one.id, one.alt) for one in stand_ins]
    sent = submission(data, found.at, shots)
    ids_ = [one.id for one in found.accounts]
    names = {one.id: accounts.name(one) for one in found.accounts}
    try:
        with media.standing_in(stand_ins):
            looked = dry_checks.written(actor, profile.id, sent, ids_)
    except AppError as error:
        found.problems += told(error)
        return found
    for one in looked:
        _network(found, names[one.account_id], one, post_id)
    return found


def submission(
    data: Mapping[str, Any], at: datetime | None, shots: Sequence[tuple[UUID, str | None]],
    post_id: UUID | None = None,
) -> Submission:  # fmt: skip
    """The post as the ordinary services take it; a draft's time is not among it."""
    return Submission(
        text="", parts=tuple(data["parts"]), link=data["link"],
        texts={name: tuple(parts) for name, parts in data["texts"].items()},
        options=data.get("options", {}), media=list(shots),
        media_parts=[one.get("part", 1) - 1 for one in data["media"]],
        due_at=None if data["draft"] else at, source=SOURCE, post_id=post_id,
    )  # fmt: skip


def labels_of(data: Mapping[str, Any]) -> tuple[str, ...]:
    """The labels it is to wear. Raises ``ValidationFailed`` for what is no label."""
    return labels.read(",".join(data.get("labels", [])))


def told(error: AppError) -> list[str]:
    """An error of the services as sentences, each once."""
    return list(dict.fromkeys(one.message for one in error.errors or [error]))


def title(data: Mapping[str, Any]) -> str:
    """The first line that says something, for a list."""
    return cards.title_of(data["parts"]) or "(no text)"


def moment(text: str, zone: ZoneInfo, zone_name: str) -> datetime:
    """A time of a file, in UTC. Raises ``ValidationFailed`` saying what to write.

    With an offset it is that moment; else it is of the zone, where a time that a clock change
    skips or repeats is refused: nobody could tell which was meant.
    """
    try:
        local = datetime.fromisoformat(text.strip())
        if len(text.strip()) <= 10:
            raise ValueError("a day alone")
        if local.tzinfo is not None:
            return local.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        words = f"“{text.strip()[:40]}” is no time. Write it as {EXAMPLE}."
        raise ValidationFailed(words) from error
    place = zone_name.rpartition("/")[2].replace("_", " ")
    change = clock_change(local, zone)
    if change == "skipped":
        after = to_utc(local, zone).astimezone(zone)
        raise ValidationFailed(
            f"{local:%H:%M} does not exist on that day in {place}: clocks go forward. "
            f"Write {after:%H:%M}, or another time."
        )
    if change == "twice":
        first = to_utc(local, zone).astimezone(zone)
        raise ValidationFailed(
            f"{local:%H:%M} comes twice on that day in {place}: clocks go back. "
            f"Write {first.isoformat(sep=' ', timespec='minutes')} for the first."
        )
    return to_utc(local, zone)


def _when(found: Look, profile: Profile, data: Mapping[str, Any], kept: datetime | None) -> None:
    text = data["time"]
    if not text:
        if not data["draft"]:
            found.problems.append(f"The time is missing. Write it as {EXAMPLE}.")
        return
    try:
        name = data["zone"] or profile.time_zone
        at = moment(text, zone_named(name), name)
        same = kept is not None and kept.replace(second=0, microsecond=0) == at
        found.at = kept if same else at if data["draft"] else starting.due_of(at)
    except ValidationFailed as error:
        found.problems.append(error.message)


def _where(found: Look, accounts: Accounts, data: Mapping[str, Any]) -> None:
    for name in data["accounts"]:
        try:
            one = accounts.find(name)
        except ValidationFailed as error:
            found.problems.append(error.message)
            continue
        if one not in found.accounts:
            found.accounts.append(one)
    if not data["accounts"] and not data["draft"]:
        found.problems.append("No account is named, so it would go nowhere.")


def _files(found: Look, profile: Profile, data: Mapping[str, Any]) -> list[Media]:
    """Stand-ins for the files at the addresses given, which are fetched only at the import."""
    if len(data["media"]) > MAX_MEDIA:
        found.problems.append(f"A post has at most {MAX_MEDIA} pictures or videos.")
        return []
    guard = egress.Guard.of(settings())
    made = []
    for one in data["media"]:
        if one.get("file"):  # of a folder: its bytes are looked at when it is taken in
            made.append(_stand_in(profile.id, one["file"], one.get("alt", "")))
            continue
        url = one.get("url", "")
        if not _fetchable(guard, url):
            found.problems.append(
                f"“{url[:80]}” is no address we can fetch. It has to begin with https://."
            )
            continue
        made.append(_stand_in(profile.id, url, one.get("alt", "")))
    return made


def _fetchable(guard: egress.Guard, url: str) -> bool:
    """Whether an address is of a form that we ask at all; where it leads is seen at the import."""
    try:
        named_only = guard.named_only(url)
    except egress.Refused:
        return False
    return len(url) <= 2000 and (not named_only or bool(guard.allow))


def _stand_in(profile_id: UUID, url: str, alt: str) -> Media:
    """A plain picture or film, of a size that every network takes, as its ending says."""
    kind = mimetypes.guess_type(urlsplit(url).path)[0] or ""
    film = kind.startswith("video/")
    mime = kind if kind in FILMS or kind in PICTURES else FILMS[0] if film else PICTURES[0]
    return Media(
        id=ids.uuid7(), profile_id=profile_id, key=media.storage().new_key(), mime=mime,
        size=100_000, sha256="", width=1080, height=1080, frames=1, alt=alt[:2000],
        seconds=10.0 if film else 0.0, codec="h264" if film else "", name="",
    )  # fmt: skip


def _network(found: Look, name: str, one: Looked, but: UUID | None) -> None:
    for problem in one.problems:
        words = f"{name}: {problem.message}"
        (found.problems if problem.blocks else found.notes).append(words)
    for twin in [twin for twin in one.duplicates if twin.post_id != but][:1]:
        how = "the same text" if twin.same else "nearly the same text"
        found.notes.append(f"{name} {'had' if twin.out else 'has'} {how} in another post.")
