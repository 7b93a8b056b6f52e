"""A post as a network gets it: one builder for checks, previews and the request itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.config import Config
from app.extensions import networks
from app.images import Limits
from app.models.media import Media as MediaRow
from app.models.posts import Post, PostMedia, PostTarget
from app.networks.base import Capabilities, Media, Part, Problem

# What we can turn a still picture into when a network does not take it as it is.
CONVERTED = "image/jpeg"


def parts(post: Post, network: str, config: Config) -> tuple[Part, ...]:
    """The parts of a post for a network, its pictures as they were uploaded."""
    texts = post.texts(network) or [""]
    return tuple(
        Part(text=text, media=tuple(_media(one, config) for one in post.media if one.part == index))
        for index, text in enumerate(texts)
    )


def _media(one: PostMedia, config: Config) -> Media:
    row = one.media
    return Media(
        id=str(row.id), path=config.media_dir / row.key, mime=row.mime, size=row.size,
        width=row.width, height=row.height, seconds=row.seconds, alt=one.alt, frames=row.frames,
    )  # fmt: skip


def as_fitted(media: Media, caps: Capabilities) -> Media:
    """The picture as it will be after fitting: still ones can be shrunk and converted."""
    if media.kind != "image":
        return media
    mime = media.mime if media.mime in caps.image_mimes else CONVERTED
    return Media(**{**media.__dict__, "mime": mime, "size": min(media.size, caps.max_image_bytes)})


def needs_fitting(media: Media, caps: Capabilities) -> bool:
    """Whether the network gets another file than the one uploaded."""
    if media.kind != "image":
        return False
    pixels, side = media.width * media.height, max(media.width, media.height)
    return (
        media.mime not in caps.image_mimes
        or media.size > caps.max_image_bytes
        or pixels > caps.max_image_pixels
        or bool(caps.max_image_side and side > caps.max_image_side)
    )


def problems(post: Post, target: PostTarget, config: Config) -> list[Problem]:
    """What the network would refuse of this post, and warnings; empty when all is well."""
    network = networks.get(target.account.network)
    extras = target.account.extras
    caps = network.capabilities(extras)
    found = tuple(
        Part(p.text, tuple(as_fitted(m, caps) for m in p.media), p.card)
        for p in parts(post, target.account.network, config)
    )
    listed = network.validate(found, extras)
    for index, part in enumerate(parts(post, target.account.network, config)):
        if any(needs_fitting(m, caps) for m in part.media):
            listed.append(
                Problem(
                    "media", "A picture is made smaller for this network.", blocks=False, part=index
                )
            )
    return listed


def freeze(post: Post, network: str, index: int) -> dict[str, Any]:
    """Part ``index`` as plain JSON: what an attempt keeps, whatever is edited later."""
    texts = post.texts(network) or [""]
    return {
        "text": texts[index],
        "media": [
            {"id": str(one.media_id), "alt": one.alt, "sha256": one.media.sha256}
            for one in post.media
            if one.part == index
        ],
        "options": post.options.get(network, {}),
        "parts": len(texts),
    }


def digest(frozen: dict[str, Any]) -> str:
    """``content_hash`` of an attempt: SHA-256 over the canonical JSON."""
    text = json.dumps(frozen, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def media_rows(session: Session, frozen: dict[str, Any]) -> list[tuple[MediaRow, str]]:
    """The stored files of a frozen part with their alt texts, in order."""
    wanted: Sequence[dict[str, str]] = frozen["media"]
    ids = [UUID(one["id"]) for one in wanted]
    rows = {row.id: row for row in session.scalars(select(MediaRow).where(MediaRow.id.in_(ids)))}
    return [(rows[UUID(one["id"])], one["alt"]) for one in wanted if UUID(one["id"]) in rows]


def limits(caps: Capabilities, *, moving: bool = False) -> Limits:
    """What a picture is fitted to; a moving one often has a limit of its own."""
    return Limits(
        mimes=caps.image_mimes,
        max_bytes=caps.max_gif_bytes or caps.max_image_bytes if moving else caps.max_image_bytes,
        max_pixels=caps.max_image_pixels,
        max_side=caps.max_image_side,
    )
