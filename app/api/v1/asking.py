"""What the bodies of both contracts ask for, brought to one ``Submission``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask import request
from werkzeug.datastructures import FileStorage

from app import sharing
from app.api.auth import current_profile_id
from app.api.v1 import posts_schemas as given
from app.config import settings
from app.errors import AppError, ValidationFailed
from app.extensions import networks
from app.models.accounts import SocialAccount
from app.permissions import Actor
from app.services import (
    content_templates,
    fetching,
    media,
    media_arrivals,
    media_lists,
    media_uploads,
    sets,
    submissions,
)  # fmt: skip
from app.services.content_templates import Filled
from app.services.submissions import Submission

Files = Sequence[tuple[UUID, str | None]]
EXPLICIT = ("linkedin", "tiktok", "youtube")  # Ampost: videos as content.media only
FILMS = (".mp4", ".mov", ".m4v", ".webm", ".avi", ".mkv")
SHARED = "/shared/"
YOUTUBE = "youtube"  # shows a chosen cover only where it is told to


@dataclass(frozen=True)
class Asked:
    """A whole body: the profile and the accounts it is for, and what is to be posted."""

    profile_id: UUID
    accounts: list[SocialAccount]
    sent: Submission


def ampost_whole(actor: Actor, body: given.AmpostPost) -> Asked:
    """The body of ``POST /api/v1/posts``."""
    profile_id, set_id = place(actor, body.platform_set_id, body.profile_id, bool(body.accounts))
    kept = template(actor, profile_id, body)
    names = body.platforms
    if kept is not None and not names and not body.accounts:
        names = list(kept.platforms)
    found = submissions.accounts_of(actor, profile_id, names, set_id=set_id, named=body.accounts)
    named = {one.network for one in found}
    sent = ampost(actor, profile_id, body.content, body.scheduled_for, named, kept)
    return Asked(profile_id, found, replace(sent, allow_duplicate=body.allow_duplicate))


def amplify_whole(actor: Actor, body: given.AmplifyPost) -> Asked:
    """The body of ``POST /api/v1/post``."""
    profile_id = current_profile_id(body.profile_id)
    kept = template(actor, profile_id, body)
    names = body.platforms or ([body.platform] if body.platform else [])
    if kept is not None and not names and not body.accounts:
        names = list(kept.platforms)
    found = submissions.accounts_of(actor, profile_id, names, named=body.accounts)
    return Asked(profile_id, found, amplify(actor, profile_id, body, kept))


def place(
    actor: Actor, set_id: UUID | None, profile_id: str | None, named: bool
) -> tuple[UUID, UUID | None]:
    """The profile a new post is for: that of its platform set, which Ampost asks for."""
    if set_id is not None:
        found = sets.get(actor, set_id)
        return found.profile_id, found.id
    if not named:
        raise ValidationFailed("Name the platform set of this post.", field="platformSetId")
    return current_profile_id(profile_id), None


def template(
    actor: Actor, profile_id: UUID, body: given.AmplifyPost | given.AmpostPost
) -> Filled | None:
    """The template that a body names, its variables filled in."""
    if body.template_id is None:
        return None
    return content_templates.filled(actor, body.template_id, body.variables, profile_id=profile_id)


def amplify(
    actor: Actor, profile_id: UUID, body: given.AmplifyPost, kept: Filled | None = None
) -> Submission:
    """Amplify's body; files named by an address are fetched now. ``kept`` fills what it lacks."""
    texts, options = overrides(body.platform_overrides)
    sent = Submission(
        body.content, texts=texts, options=options, media=files(actor, profile_id, body.media),
        due_at=planned(body.schedule_date, "scheduleDate"), allow_duplicate=body.allow_duplicate,
    )  # fmt: skip
    return _with_template(sent, kept)


def ampost(
    actor: Actor, profile_id: UUID, content: given.AmpostContent, due_at: datetime | None,
    named: Collection[str], kept: Filled | None = None,
) -> Submission:  # fmt: skip
    """Ampost's ``content`` for the networks ``named``; the request's own files and those named
    by an address are taken."""
    texts, options = overrides(content.platform_overrides)
    taken = _ampost_files(actor, profile_id, content.media)
    if _covers(actor, profile_id, content.media, taken) and YOUTUBE in named:
        options[YOUTUBE] = {"thumbnail": True, **options.get(YOUTUBE, {})}
    sent = Submission(
        content.text, parts=content.parts, link=content.link_url or "", texts=texts,
        options=options, media=taken, due_at=planned(due_at, "scheduledFor"),
    )  # fmt: skip
    return _with_template(sent, kept)


def legacy(
    actor: Actor, profile_id: UUID, body: given.LegacyPost, named: Collection[str]
) -> Submission:
    """Ampost's flat body for the networks ``named``.

    An address that looks like a video says too little for those that ask for its metadata.
    """
    asks = next((one for one in EXPLICIT if one in named), "")
    for index, url in enumerate(body.media_urls):
        if asks and urlsplit(url).path.lower().endswith(FILMS):
            title = networks.get(asks).title
            raise ValidationFailed(
                f"{title} video URLs must be sent with explicit metadata: use content.media of"
                " POST /api/v1/posts.", field=f"mediaUrls.{index}",
                contract=f"{title} video URLs must be sent with explicit metadata.",
            )  # fmt: skip
    found = [
        (_fetched(actor, profile_id, url, "", None, f"mediaUrls.{index}"), None)
        for index, url in enumerate(body.media_urls)
    ]
    return Submission(
        body.text, media=found, due_at=planned(body.scheduled_for, "scheduledFor"),
        allow_duplicate=body.allow_duplicate,
    )  # fmt: skip


def files(actor: Actor, profile_id: UUID, sent: Sequence[given.AmplifyMedia]) -> Files:
    """The files of a body: of the library, or fetched now from their addresses."""
    _arrived(
        actor,
        profile_id,
        {
            f"media.{index}.{name}": one
            for index, row in enumerate(sent)
            for name, one in _named(row)
        },
    )
    return [_amplify_file(actor, profile_id, one, index) for index, one in enumerate(sent)]


def overrides(
    sent: Mapping[str, given.Override],
) -> tuple[dict[str, tuple[str, ...]], dict[str, Mapping[str, Any]]]:
    """Texts and settings by network."""
    texts: dict[str, tuple[str, ...]] = {
        name: (one.text,) for name, one in sent.items() if one.text is not None
    }
    return texts, {name: one.settings for name, one in sent.items() if one.settings}


def planned(at: datetime | None, name: str) -> datetime | None:
    """A time of a body, in UTC."""
    return None if at is None else submissions.moment(at, name)


def _with_template(sent: Submission, kept: Filled | None) -> Submission:
    if kept is None:
        return sent
    return replace(
        sent, text=sent.text or ("" if sent.parts else kept.text), media=sent.media or kept.media,
        template_id=kept.id,
    )  # fmt: skip


def _amplify_file(
    actor: Actor, profile_id: UUID, one: given.AmplifyMedia, index: int
) -> tuple[UUID, str | None]:
    name = f"media.{index}"
    if one.id is not None:
        return one.id, one.alt_text
    if one.file_path and not (one.public_url and not _named(one)):  # a path of another system's
        return by_path(one.file_path, f"{name}.file_path"), one.alt_text
    if one.public_url:
        found = _fetched(
            actor, profile_id, one.public_url, one.file_name or "", one.mime_type,
            f"{name}.public_url",
        )  # fmt: skip
        return found, one.alt_text
    raise ValidationFailed("Name the file by id, file_path or public_url.", field=name)


def _named(one: given.AmplifyMedia) -> list[tuple[str, UUID]]:
    """What a body names as a file of the library, by the member that names it."""
    if one.id is not None:
        return [("id", one.id)]
    try:
        return [("file_path", by_path(one.file_path, "file_path"))] if one.file_path else []
    except ValidationFailed:
        return []  # told where it is read


def _ids(sent: Sequence[given.AmpostMedia]) -> dict[str, UUID]:
    """The ids of a body that may be of the library; a client's own names are none."""
    found = {}
    for index, one in enumerate(sent):
        with suppress(ValueError):
            found[f"content.media.{index}.id"] = UUID(one.id or "")
    return found


def _arrived(actor: Actor, profile_id: UUID, named: Mapping[str, UUID]) -> None:
    """Raise ``ValidationFailed`` for a file that was announced and has not come.

    One that came to the bucket alone is taken in now, if it is what was announced.
    """
    waiting = media_uploads.missing(actor, profile_id, list(named.values()))
    for field, one in named.items():
        if one in waiting:
            try:
                media_arrivals.take(actor, profile_id, [one])
            except AppError as error:
                error.field = field
                raise
    if waiting:
        waiting = media_uploads.missing(actor, profile_id, list(named.values()))
    for field, one in named.items():
        if one in waiting:
            raise ValidationFailed(waiting[one], field=field)


def by_path(path: str, name: str) -> UUID:
    """The file a ``file_path`` of ours leads to."""
    try:
        return UUID(path.rpartition("/")[2][:36])
    except ValueError as error:
        raise ValidationFailed("This is no file_path of ours.", field=name) from error


def _fetched(
    actor: Actor, profile_id: UUID, url: str, name: str, mime: str | None, field: str
) -> UUID:
    """The file at an address, ours or anybody's."""
    own = _own(actor, profile_id, url, field)
    if own is not None:
        return own
    return fetching.fetch(actor, profile_id, url, name=name, mime=mime, field=field).id


def _own(actor: Actor, profile_id: UUID, url: str, field: str) -> UUID | None:
    """The file of the library that one of our own signed addresses leads to."""
    base = settings().APP_URL + SHARED
    if not url.startswith(base):
        return None
    named = sharing.named(url.removeprefix(base).partition("/")[0], settings())
    if named is None:
        return None
    waiting = media_uploads.at_key(actor, profile_id, named[0])
    if waiting is not None:
        _arrived(actor, profile_id, {field: waiting})
    return media.kept_at(actor, profile_id, named[0])


def _ampost_files(actor: Actor, profile_id: UUID, sent: Sequence[given.AmpostMedia]) -> Files:
    """Each file of the body; the request's own files by name, else in their order."""
    _arrived(actor, profile_id, _ids(sent))
    loose = [one for one in request.files.getlist("files") if one.filename or one.content_length]
    own, found = _matched(sent, loose), list[tuple[UUID, str | None]]()
    for index, one in enumerate(sent):
        mine = own.get(index)
        if mine is not None:
            row = media.upload(actor, profile_id, mine.stream, mine.filename or "", mine.mimetype)
            found.append((row.id, one.alt_text))
        else:
            found.append((_ampost_file(actor, profile_id, one, index), one.alt_text))
    for rest in loose:
        row = media.upload(actor, profile_id, rest.stream, rest.filename or "", rest.mimetype)
        found.append((row.id, None))
    return found


def _covers(
    actor: Actor, profile_id: UUID, sent: Sequence[given.AmpostMedia], taken: Files
) -> bool:
    """Put the pictures that ``thumbnailUrl`` names in the place of their videos' covers; whether
    there was one. A picture has no cover: there the member is passed over."""
    chosen = False
    for index, (one, (media_id, _)) in enumerate(zip(sent, taken, strict=False)):
        looked_at = media.tried(media_id)
        if one.thumbnail_url is None or not (
            looked_at.mime.startswith("video/")
            if looked_at
            else media_lists.moves(actor, profile_id, media_id)
        ):
            continue
        field = f"content.media.{index}.thumbnailUrl"
        if not media.trying():  # a look changes no video of the library
            fetching.cover(actor, profile_id, media_id, one.thumbnail_url, field=field)
        chosen = True
    return chosen


def _matched(sent: Sequence[given.AmpostMedia], loose: list[FileStorage]) -> dict[int, FileStorage]:
    """Which of the request's files is which of the body's: by filename, else by order, those
    without an address first. Takes them out of ``loose``."""
    found: dict[int, FileStorage] = {}
    for index, one in enumerate(sent):
        named = next((f for f in loose if one.filename and f.filename == one.filename), None)
        if named is not None:
            found[index] = named
            loose.remove(named)
    kept = {int(name.split(".")[2]) for name in _ids(sent)}  # of the library
    free = [index for index in range(len(sent)) if index not in found and index not in kept]
    for index in sorted(free, key=lambda place: sent[place].url is not None):
        if loose:
            found[index] = loose.pop(0)
    return found


def _ampost_file(actor: Actor, profile_id: UUID, one: given.AmpostMedia, index: int) -> UUID:
    name = f"content.media.{index}"
    if one.url:
        return _fetched(
            actor, profile_id, one.url, one.filename or "", one.mime_type, f"{name}.url"
        )
    try:
        return UUID(one.id or "")
    except ValueError as error:
        raise ValidationFailed(
            "Give the file's url, or send the file itself.", field=name
        ) from error
