"""Accounts and networks in the words of the AMP contract."""

from __future__ import annotations

from uuid import UUID

from app.api.amp.schemas import Account, Platform
from app.extensions import db, networks
from app.models.accounts import AccountStatus, SocialAccount
from app.networks import NETWORKS
from app.permissions import Actor
from app.services.access import reach
from app.services.account_lists import called


def account(one: SocialAccount) -> Account:
    """A bridged account with what can be done through it."""
    return Account(
        platform=one.network, account_id=str(one.extras.get("account_id") or one.external_id),
        username=called(one), display_name=one.name or one.handle,
        profile_image=one.avatar_url or None, status=one.status.value, features=features(one),
    )  # fmt: skip


def features(one: SocialAccount) -> list[str]:
    """From the same limits that the checks go by."""
    caps = networks.of(one).capabilities(one.extras)
    kinds = [
        ("post", not caps.needs_media), ("image", caps.max_images > 0),
        ("video", bool(caps.video_mimes)), ("thread", caps.threads),
        ("first_comment", caps.comment_limit > 0), ("delete", caps.deletes),
    ]  # fmt: skip
    forms = [form.name for form in caps.placements if form.name in ("reel", "story", "short")]
    found = [name for name, able in kinds if able] + forms
    return found if "post" in found else ["post", *found]


def platforms(actor: Actor, profile_id: UUID) -> dict[str, Platform]:
    """Every network we speak, with the first account that can be used, native or bridged."""
    rows = db.session.scalars(
        reach(actor)
        .query(SocialAccount)
        .where(
            SocialAccount.profile_id == profile_id, SocialAccount.status == AccountStatus.ACTIVE
        )
        .order_by(SocialAccount.number)
    )  # fmt: skip
    first: dict[str, SocialAccount] = {}
    for one in rows:
        first.setdefault(one.network, one)
    return {
        name: Platform(
            connected=name in first, account=called(first[name]) if name in first else None
        )
        for name in NETWORKS
    }
