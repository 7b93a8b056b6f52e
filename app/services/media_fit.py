"""What each network would make of one file of the library, in words (DESIGN §6.7).

The networks' own checks and limits, as the composer asks them about a post.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app import content
from app.config import settings
from app.extensions import db, networks
from app.models.accounts import AccountStatus, SocialAccount
from app.models.media import Media
from app.networks.base import Network, Part
from app.permissions import Actor
from app.services import catalogue
from app.services.access import reach
from app.services.composing_checks import fitted

ORDER = {"yes": 0, "fit": 1, "crop": 2, "no": 3}  # from best to worst


@dataclass(frozen=True)
class Fit:
    """One network. ``kind``: ``yes`` as it is, ``fit`` in another file, ``crop`` once it is cut,
    ``no`` not at all."""

    network: str
    title: str
    kind: str
    text: str


def fits(actor: Actor, row: Media) -> list[Fit]:
    """The networks of the brand's accounts, else every network that we post to."""
    accounts = db.session.scalars(
        reach(actor)
        .query(SocialAccount)
        .where(
            SocialAccount.profile_id == row.profile_id,
            SocialAccount.status != AccountStatus.DISCONNECTED,
        )
        .order_by(SocialAccount.number)
    )
    asked: list[tuple[str, Mapping[str, Any]]] = [(one.network, one.extras) for one in accounts]
    if not asked:
        asked = [(one.name, {}) for one in catalogue.entries() if one.caps is not None]
    found: dict[str, Fit] = {}
    for name, extras in asked:
        one = fit(networks.get(name), extras, row)
        # Where its accounts differ, the one that takes the least is told.
        if name not in found or ORDER[one.kind] > ORDER[found[name].kind]:
            found[name] = one
    return list(found.values())


def fit(network: Network, extras: Mapping[str, Any], row: Media) -> Fit:
    """One network's word on the file alone, in a post of its usual form."""
    media = content.plain(row, row.alt, settings())
    caps = network.capabilities(extras)
    alone = Part("", (content.as_fitted(media, caps),))
    told = [
        one
        for one in network.validate((alone,), extras, {})
        if one.field == "media" and one.blocks and one.fix != "add"
    ]
    if told:
        kind = "crop" if all(one.fix == "crop" for one in told) else "no"
        text = told[0].message.removeprefix(f"{network.title} ")
    elif content.needs_fitting(media, caps):
        kind, text = "fit", f"gets it {fitted(media.mime, caps)}."
    else:
        kind, text = "yes", "takes it as it is."
    return Fit(network.name, network.title, kind, f": {text}" if text[:1].isupper() else text)
