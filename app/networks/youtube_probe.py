"""What became of a video: its state, or a look among the newest (networks/youtube.md §2, §6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.clock import now
from app.networks.base import (
    Account,
    Category,
    NetworkError,
    Probe,
    Probed,
    Published,
    Verdict,
)

SLACK = timedelta(seconds=60)
SHOWN_LATE = timedelta(minutes=10)  # a new video may be missing from lists for this long
PATIENCE = timedelta(minutes=10)  # then a video that is still being worked on counts as out
NEWEST = "50"

# (path, query) → the decoded object
Read = Callable[[str, Mapping[str, str]], Mapping[str, Any]]

FAILURES = {
    "conversion": "The video could not be converted.",
    "invalidFile": "The file is no video that can be read.",
    "emptyFile": "The file is empty.",
    "tooSmall": "The file is too small.",
    "codec": "The video is coded in a way that is not supported.",
    "uploadAborted": "The upload was broken off.",
}
REJECTIONS = {
    "copyright": "The video was refused for copyright.",
    "inappropriate": "The video was refused as inappropriate.",
    "duplicate": "The same video is on the channel already.",
    "termsOfUse": "The video was refused: it breaks the terms of use.",
    "length": "The video is longer than this channel may upload. Verifying the channel's phone "
    "number lifts the limit.",
    "claim": "The video was refused because somebody else claims it.",
    "trademark": "The video was refused for a trademark.",
    "legal": "The video was refused for legal reasons.",
    "uploaderAccountClosed": "The account was closed.",
    "uploaderAccountSuspended": "The account was suspended.",
}


@dataclass(frozen=True)
class Sought:
    """A video as it was sent."""

    title: str
    size: int
    privacy: str
    permalink: Callable[[str], str]
    since: datetime
    known: frozenset[str]
    thumbnail: bool  # whether one was to be set
    opens: bool = False  # it becomes public by itself, perhaps by now


def state(read: Read, video_id: str, sought: Sought) -> Probed:
    """Ask for a video by its id."""
    answer = read(
        "/youtube/v3/videos",
        {"part": "status,processingDetails,contentDetails", "id": video_id},
    )
    found = rows(answer)
    if not found:
        if now() - sought.since < SHOWN_LATE:
            return Probed(Verdict.PROCESSING)
        return _failed("The video was taken, and then taken down.", "deleted")
    return judged(found[0], sought)


def judged(video: Mapping[str, Any], sought: Sought) -> Probed:
    """What a video resource says about itself."""
    status, work = part(video, "status"), part(video, "processingDetails")
    told = str(status.get("uploadStatus") or "")
    if told == "failed":
        reason = str(status.get("failureReason") or "failed")
        return _failed(FAILURES.get(reason, "The video could not be processed."), reason)
    if told == "rejected":
        reason = str(status.get("rejectionReason") or "rejected")
        return _failed(REJECTIONS.get(reason, "The video was refused."), reason)
    if told == "deleted":
        return _failed("The video was taken, and then taken down.", "deleted")
    if work.get("processingStatus") in ("failed", "terminated"):
        reason = str(work.get("processingFailureReason") or "processingFailed")
        return _failed("The video could not be processed.", reason)
    late = now() - sought.since > PATIENCE
    if told != "processed" and not late:
        return Probed(Verdict.PROCESSING)
    return Probed(Verdict.PUBLISHED, _published(video, sought, done=told == "processed"))


def _published(video: Mapping[str, Any], sought: Sought, *, done: bool) -> Published:
    """The video with its warnings, each a sentence."""
    status = part(video, "status")
    privacy = str(status.get("privacyStatus") or sought.privacy)
    warnings = []
    if not done:
        warnings.append("YouTube is still processing the video.")
    if privacy != sought.privacy and not (sought.opens and privacy == "public"):
        warnings.append(
            f"YouTube made it {privacy} instead of {sought.privacy}. Uploads of an app that Google "
            "has not audited stay private."
        )
    if sought.thumbnail and part(video, "contentDetails").get("hasCustomThumbnail") is False:
        warnings.append(
            "YouTube did not take the thumbnail: the channel may need a verified phone number."
        )
    extras: dict[str, Any] = {"privacyStatus": privacy}
    if status.get("publishAt"):
        extras["publishAt"] = str(status["publishAt"])
    if warnings:
        extras["warning"] = " ".join(warnings)
    video_id = str(video.get("id"))
    return Published(video_id, sought.permalink(video_id), extras)


def _failed(message: str, code: str) -> Probed:
    category = Category.MEDIA_ERROR
    if code == "duplicate":
        category = Category.DUPLICATE
    elif code.startswith("uploaderAccount"):
        category = Category.AUTH_ERROR
    error = NetworkError(category, message, code=code, retryable=False)
    return Probed(Verdict.FAILED, message=message, error=error)


def search(read: Read, account: Account, sought: Sought) -> Probed:
    """Look among the newest uploads: for a session that is not known any more."""
    try:
        answer = read(
            "/youtube/v3/playlistItems",
            {
                "part": "snippet,contentDetails", "maxResults": NEWEST,
                "playlistId": uploads_of(account),
            },
        )  # fmt: skip
    except NetworkError as error:
        if error.code != "not_found":  # a channel without videos has no such list
            raise
        answer = {}
    alike = [one[0] for one in map(_candidate, rows(answer)) if _is_this(one, sought)]
    found = _of_size(read, alike, sought.size)
    if len(found) > 1:
        return Probed(Verdict.UNSURE, message="Two videos on the channel look like this one.")
    if found:
        return state(read, found[0], sought)
    if now() - sought.since < SHOWN_LATE:
        raise NetworkError(
            Category.UNKNOWN, "The video is not in the channel's list yet.", code="not_listed",
            retry_at=sought.since + SHOWN_LATE,
        )  # fmt: skip
    return Probed(Verdict.ABSENT, by=Probe.LISTING)


def uploads_of(account: Account) -> str:
    """The playlist of all uploads."""
    known = str(account.extras.get("uploads") or "")
    return known or "UU" + account.external_id.removeprefix("UC")


def _candidate(row: Mapping[str, Any]) -> tuple[str, str, datetime | None]:
    snippet, content = part(row, "snippet"), part(row, "contentDetails")
    return (
        str(content.get("videoId") or part(snippet, "resourceId").get("videoId") or ""),
        str(snippet.get("title") or ""),
        moment(snippet.get("publishedAt")),
    )


def _is_this(row: tuple[str, str, datetime | None], sought: Sought) -> bool:
    video_id, title, at = row
    if not video_id or video_id in sought.known or at is None:
        return False
    return at >= sought.since - SLACK and title.split() == sought.title.split()


def _of_size(read: Read, ids: list[str], size: int) -> list[str]:
    """Those whose file has the size of ours, or does not tell."""
    if not ids:
        return []
    answer = read("/youtube/v3/videos", {"part": "fileDetails", "id": ",".join(ids)})
    other = {
        str(row.get("id"))
        for row in rows(answer)
        if part(row, "fileDetails").get("fileSize") not in (None, str(size))
    }
    return [one for one in ids if one not in other]


def moment(text: Any) -> datetime | None:
    """A time of YouTube's, in UTC."""
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def rows(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The resources of a list."""
    found = answer.get("items")
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def part(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A part of a resource, empty where it is missing."""
    value = found.get(name)
    return value if isinstance(value, dict) else {}
