"""What would be sent, in the words of both contracts (promises.md 10)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal, Self, cast
from uuid import UUID

from pydantic import Field, RootModel

from app.api.contract import Camel, Model
from app.api.errors import Detail
from app.api.v1 import asking
from app.api.v1 import posts_schemas as given
from app.api.v1.fields import AMPLIFY, AMPOST, Paths, told_as
from app.networks.base import Media
from app.permissions import Actor
from app.publishing import rehearsal
from app.services import media, trials
from app.services.trials import Trial
from app.services.writing import Refused


class DryRun(Model):
    """Query of the operations that make posts."""

    dry_run: bool = Field(default=False, description="Show what would be sent; store nothing.")


class AnyPost(RootModel[given.AmpostPost | given.AmplifyPost]):
    """Body of ``POST /api/v1/posts`` or of ``POST /api/v1/post``: where ``content`` is an
    object it is Ampost's, else Amplify's."""

    @classmethod
    def model_validate(cls, obj: Any, **rest: Any) -> Self:
        """One of the two, so that errors name the fields as they were sent."""
        return cls.model_construct(_kind(obj).model_validate(obj, **rest))

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **rest: Any) -> Self:
        """The same of a body as it came."""
        kind = _kind(json.loads(json_data))
        return cls.model_construct(kind.model_validate_json(json_data, **rest))


def _kind(sent: Any) -> type[given.AmpostPost | given.AmplifyPost]:
    ours = isinstance(sent, dict) and isinstance(sent.get("content"), dict)
    return given.AmpostPost if ours else given.AmplifyPost


class Finding(Model):
    """One thing a network says of the content. ``blocks`` false is a warning."""

    field: str | None
    code: str
    message: str
    blocks: bool
    part: int


class LinkOut(Model):
    """A link and how much of the limit it takes."""

    url: str
    cost: int


class FileOut(Camel):
    """A file as this network gets it, fitted to its limits, in the order of sending."""

    type: Literal["image", "gif", "video"]
    mime_type: str
    size_bytes: int
    width: int
    height: int
    duration_seconds: float | None
    alt_text: str


class PartOut(Model):
    """A part of a thread (a plain post has one), or the first comment, as it is sent and
    counted."""

    text: str
    count: int
    limit: int
    left: int
    unit: str
    links: list[LinkOut]
    media: list[FileOut]
    comment: bool


class RequestOut(Model):
    """A request as the network gets it, secrets masked. ``step`` is ``prepare`` for what may be
    repeated, ``commit`` for what makes the post public. ``times``: asked until it was ready.
    ``status`` and ``answer`` are the played network's."""

    part: int
    step: Literal["prepare", "commit"]
    method: str
    url: str
    headers: dict[str, str]
    body: Any
    times: int
    status: int
    answer: Any


class AccountOut(Camel):
    """What would become of the post at one account. ``stopped`` says why the rehearsal ended
    before the last request, where it did; a post that is refused is not rehearsed."""

    account_id: UUID
    platform: str
    handle: str
    ready: bool
    problems: list[Finding]
    parts: list[PartOut]
    options: dict[str, Any]
    requests: list[RequestOut]
    stopped: str | None
    duplicates: list[given.Duplicate]


class Rehearsed(Model):
    """The check of a whole post. ``valid``: every account could post it as it is."""

    success: bool = True
    valid: bool
    errors: list[Detail]
    accounts: list[AccountOut]


class SentOrRehearsed(RootModel[given.Sent | Rehearsed]):
    """Answer of ``POST /api/v1/post``; with ``dry_run`` what would be sent."""


def anything(actor: Actor, body: AnyPost) -> Rehearsed:
    """Look at either contract's body."""
    if isinstance(body.root, given.AmpostPost):
        return ampost(actor, body.root)
    return amplify(actor, body.root)


def ampost(actor: Actor, body: given.AmpostPost) -> Rehearsed:
    """Look at Ampost's body."""
    with media.on_trial(), told_as(AMPOST):
        asked = asking.ampost_whole(actor, body)
        found = trials.look(actor, asked.profile_id, asked.sent, asked.accounts)
        return _told(found, AMPOST)


def amplify(actor: Actor, body: given.AmplifyPost) -> Rehearsed:
    """Look at Amplify's body."""
    with media.on_trial(), told_as(AMPLIFY):
        asked = asking.amplify_whole(actor, body)
        now = asked.sent.due_at is None
        found = trials.look(actor, asked.profile_id, asked.sent, asked.accounts, publish=now)
        return _told(found, AMPLIFY)


def _told(found: Sequence[Trial], paths: Paths) -> Rehearsed:
    accounts = [_account(one, paths) for one in found]
    errors = [
        Detail(field=one.field, code=one.code, message=one.message, platform=each.platform)
        for each in accounts
        for one in each.problems
        if one.blocks
    ]
    return Rehearsed(valid=not errors, errors=errors, accounts=accounts)


def _account(one: Trial, paths: Paths) -> AccountOut:
    played = rehearsal.Rehearsed()
    if one.ready:
        played = rehearsal.rehearse(one.network, one.via, one.account, one.written, one.files)
    return AccountOut(
        account_id=one.account_id, platform=one.network, handle=one.account.handle,
        ready=one.ready, problems=_findings(one, paths), parts=_parts(one, played),
        options={k: v for k, v in played.options.items() if not k.startswith("_")},
        requests=[_request(sent) for sent in played.sent], stopped=played.stopped or None,
        duplicates=[given.Duplicate.of(twin) for twin in one.duplicates],
    )  # fmt: skip


def _findings(one: Trial, paths: Paths) -> list[Finding]:
    found = []
    for problem in one.problems:
        error = Refused(one.network, problem, own=one.own, several=one.several)
        found.append(
            Finding(
                field=paths.of(error), code=error.code, message=error.contract,
                blocks=problem.blocks, part=problem.part,
            )
        )  # fmt: skip
    return found


def _parts(one: Trial, played: rehearsal.Rehearsed) -> list[PartOut]:
    found = []
    for place, part in enumerate(one.parts):
        files = played.media[place] if place < len(played.media) else ()
        found.append(
            PartOut(
                text=part.text, count=part.count, limit=part.limit, left=part.limit - part.count,
                unit=part.unit, comment=part.comment, media=[_file(file) for file in files],
                links=[LinkOut(url=link.url, cost=link.cost) for link in part.links],
            )
        )  # fmt: skip
    return found


def _file(file: Media) -> FileOut:
    return FileOut(
        type=cast(Any, file.kind), mime_type=file.mime, size_bytes=file.size, width=file.width,
        height=file.height, duration_seconds=file.seconds or None, alt_text=file.alt,
    )  # fmt: skip


def _request(one: rehearsal.Sent) -> RequestOut:
    made = one.exchange
    return RequestOut(
        part=one.part, step=cast(Any, one.step), method=made.method, url=made.url,
        headers=made.headers,
        body=made.body, times=made.times, status=made.status, answer=made.answer,
    )  # fmt: skip
