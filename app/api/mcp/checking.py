"""What the networks would say of a post, for ``validate_post``: one function to each question."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from app.api.contract import Camel
from app.api.v1.posts_schemas import Duplicate
from app.permissions import Actor
from app.services import dry_checks
from app.services.dry_checks import Looked
from app.services.submissions import Submission


class Remark(Camel):
    """One thing a network would refuse (``blocks``) or change."""

    field: str
    message: str
    blocks: bool
    part: int


class AccountVerdict(Camel):
    """One account: the texts it would get and what its network says of them."""

    account_id: UUID
    platform: str
    account: str
    texts: list[str]
    problems: list[Remark]
    duplicates: list[Duplicate]


class Verdict(Camel):
    """``valid``: no network would refuse it."""

    valid: bool
    accounts: list[AccountVerdict]


def written(actor: Actor, profile_id: UUID, sent: Submission, accounts: Sequence[UUID]) -> Verdict:
    """Of a post that is not stored."""
    return _told(dry_checks.written(actor, profile_id, sent, accounts))


def stored(actor: Actor, post_id: UUID) -> Verdict:
    """Of a post that is."""
    return _told(dry_checks.stored(actor, post_id))


def _told(found: Sequence[Looked]) -> Verdict:
    accounts = [
        AccountVerdict(
            account_id=one.account_id, platform=one.network, account=one.handle,
            texts=list(one.texts),
            problems=[
                Remark(field=p.field, message=p.message, blocks=p.blocks, part=p.part)
                for p in one.problems
            ],
            duplicates=[Duplicate.of(twin) for twin in one.duplicates],
        )
        for one in found
    ]  # fmt: skip
    return Verdict(valid=all(one.valid for one in found), accounts=accounts)
