"""A post as a network gets it: one builder for checks, previews and the request itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, func, or_, select
from sqlalchemy.orm import Session, object_session

from app.config import Config
from app.extensions import networks
from app.images import Limits
from app.models.accounts import Destination
from app.models.base import table
from app.models.media import Media as MediaRow
from app.models.posts import Post, PostMedia, PostTarget, PostVariant
from app.networks.base import Capabilities, Media, Network, Part, Problem

# What we can turn a still picture into when a network does not take it as it is.
CONVERTED = "image/jpeg"
# Under this key networks find the chosen destination's extras, beside options and extras.
DESTINATION = "_destination"


def parts(post: Post, network: str, config: Config) -> tuple[Part, ...]:
    """The parts of a post for a network, its pictures as they were uploaded."""
    texts = post.texts(network) or [""]
    return tuple(
        Part(text=text, media=tuple(_media(one, config) for one in post.media if one.part == index))
        for index, text in enumerate(texts)
    )


def _media(one: PostMedia, config: Config) -> Media:
    return plain(one.media, one.alt, config)


def plain(row: MediaRow, alt: str, config: Config) -> Media:
    """A file of the library as plain data, as it was uploaded."""
    return Media(
        id=str(row.id), path=config.media_dir / row.key, mime=row.mime, size=row.size,
        width=row.width, height=row.height, seconds=row.seconds, alt=alt, frames=row.frames,
        codec=row.codec, cover=config.media_dir / row.poster_key if row.poster_key else None,
    )  # fmt: skip


def held(post: Post) -> tuple[int, int]:
    """How many pictures and videos the first part has."""
    moving = [one.media.mime.startswith("video/") for one in post.media if one.part == 0]
    return len(moving) - sum(moving), sum(moving)


def as_fitted(media: Media, caps: Capabilities) -> Media:
    """The picture as it will be after fitting: still ones can be shrunk and converted."""
    if media.kind != "image":
        return media
    mime = media.mime if media.mime in caps.image_mimes else CONVERTED
    return Media(**{**media.__dict__, "mime": mime, "size": min(media.size, caps.max_image_bytes)})


def needs_fitting(media: Media, caps: Capabilities) -> bool:
    """Whether the network gets another file than the one uploaded."""
    if media.kind != "image" or not caps.image_mimes:
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
    network = networks.of(target.account)
    options, place = options_of(post, target)
    extras = extras_of(target, place)
    caps = network.capabilities(extras)
    found = tuple(
        Part(p.text, tuple(as_fitted(m, caps) for m in p.media), p.card)
        for p in parts(post, target.account.network, config)
    )
    listed = network.validate(found, extras, options) + _unfit(caps, network.title, place)
    for index, part in enumerate(parts(post, target.account.network, config)):
        if any(needs_fitting(m, caps) for m in part.media):
            listed.append(
                Problem(
                    "media", "A picture is made smaller for this network.", blocks=False, part=index
                )
            )
    return listed


def clash(post: Post, target: PostTarget) -> list[Problem]:
    """Two clocks for one post: it would wait here, and then once more at the network."""
    network = networks.of(target.account)
    caps = network.capabilities(target.account.extras)
    name = caps.schedules
    if not name or not post.options.get(target.account.network, {}).get(name):
        return []
    label = next(one.label for one in caps.options if one.name == name)
    return [
        Problem(
            f"options.{name}",
            f"Choose one clock. Leave “{label}” empty and the post goes out at its time here, or "
            f"publish now and let {network.title} make it public then.",
            fix="choose",
            contract=f'Choose either Ampost scheduling or {network.title} setting "{name}", '
            "not both",
        )
    ]


def options_of(post: Post, target: PostTarget) -> tuple[dict[str, Any], Place | None]:
    """The options a target goes out with, and its destination.

    What the destination asks for lies beside them, for networks that look at it.
    """
    account = target.account
    session = object_session(account)
    given = post.options.get(account.network, {})
    if session is None:  # not of this database: nothing is known of its destinations
        return dict(given), None
    options, place = destined(session, networks.of(account), account.id, given)
    return ({**options, DESTINATION: place.extras} if place else options), place


def extras_of(target: PostTarget, place: Place | None) -> Mapping[str, Any]:
    """The account's extras with those of the destination beside them."""
    extras = target.account.extras
    return {**extras, DESTINATION: place.extras} if place else extras


def _unfit(caps: Capabilities, title: str, place: Place | None) -> list[Problem]:
    """Whether the destination takes posts of this account, as far as was told."""
    option = next((one.name for one in caps.options if one.kind == "destination"), "")
    if place is None or not option:
        return []
    if not place.writable:
        says = f"{place.name}: {place.note or 'this account may not post there.'}"
        return [Problem(f"options.{option}", says, fix="choose")]
    if place.gone and not caps.named:
        says = f"{title} no longer lists {place.name}. Choose another {caps.destination}."
        return [Problem(f"options.{option}", says, fix="choose")]
    return []


POSTS, VARIANTS, PICTURES, FILES = map(table, (Post, PostVariant, PostMedia, MediaRow))
PLACES = table(Destination)
TEXTS = (
    select(POSTS.c.parts, POSTS.c.options, VARIANTS.c.parts.label("own"))
    .select_from(
        POSTS.outerjoin(
            VARIANTS,
            and_(VARIANTS.c.post_id == POSTS.c.id, VARIANTS.c.network == bindparam("network")),
        )
    )
    .where(POSTS.c.id == bindparam("post_id"))
)
MEDIA = (
    select(PICTURES.c.part, PICTURES.c.media_id, PICTURES.c.alt, FILES.c.sha256)
    .join_from(PICTURES, FILES, FILES.c.id == PICTURES.c.media_id)
    .where(PICTURES.c.post_id == bindparam("post_id"))
    .order_by(PICTURES.c.position)
)


@dataclass(frozen=True)
class Place:
    """A board, a subreddit … a post goes to, as the network last told of it."""

    external_id: str
    name: str
    extras: Mapping[str, Any]
    writable: bool
    note: str
    gone: bool


def destined(
    session: Session, network: Network, account_id: UUID, options: Mapping[str, Any]
) -> tuple[dict[str, Any], Place | None]:
    """The options with the account's default destination where none is chosen, and its place.

    A chosen id that belongs to another account of the network does not hold for this one. The
    one rule for checks, previews and what is sent; a network without destinations costs nothing.
    """
    caps = network.capabilities({})
    option = next((one.name for one in caps.options if one.kind == "destination"), "")
    given = dict(options)
    if not option:
        return given, None
    mine = select(PLACES).where(PLACES.c.account_id == account_id)
    wanted = str(given.get(option) or "").strip().strip("/").lower()
    if wanted:
        same = or_(
            func.lower(PLACES.c.external_id) == wanted, func.lower(PLACES.c.name) == wanted
        )  # fmt: skip
        row = session.execute(mine.where(same).limit(1)).first()
        if row is not None or caps.named or not _elsewhere(session, wanted, account_id):
            return given, _place(row)
        del given[option]
    row = session.execute(mine.where(PLACES.c.is_default, PLACES.c.gone_at.is_(None))).first()
    if row is not None:
        given[option] = row.external_id
    return given, _place(row)


def _elsewhere(session: Session, wanted: str, account_id: UUID) -> bool:
    other = select(PLACES.c.id).where(
        func.lower(PLACES.c.external_id) == wanted, PLACES.c.account_id != account_id
    )
    return session.execute(other.limit(1)).first() is not None


def _place(row: Any) -> Place | None:
    if row is None:
        return None
    return Place(
        row.external_id, row.name, row.extras, row.writable, row.note, row.gone_at is not None
    )


@dataclass(frozen=True)
class Written:
    """A post as it stands for one network: a text a part, its pictures by part, its options."""

    texts: list[str]
    media: list[tuple[int, dict[str, str]]]
    options: dict[str, Any]
    commented: bool = False  # the last text is the first comment
    whole: bool = False  # the first part takes the others along


def written(session: Session, post_id: UUID, network: Network, account_id: UUID) -> Written:
    """Read what is to be frozen; the same choice of texts as ``Post.texts``."""
    connection = session.connection()
    row = connection.execute(TEXTS, {"post_id": post_id, "network": network.name}).one()
    media = [
        (one.part, {"id": str(one.media_id), "alt": one.alt, "sha256": one.sha256})
        for one in connection.execute(MEDIA, {"post_id": post_id})
    ]
    texts = list((row.parts if row.own is None else row.own) or [""])
    options, _ = destined(session, network, account_id, row.options.get(network.name, {}))
    comment = str(options.get("firstComment") or "").strip()
    if comment:
        texts.append(comment)
    whole = network.capabilities({}).whole_threads
    return Written(texts, media, options, bool(comment), whole)


def freeze(post: Written, index: int) -> dict[str, Any]:
    """Part ``index`` as plain JSON: what an attempt keeps, whatever is edited later.

    ``after`` holds the texts and files of those that go out in the same call; when their own
    turn comes there is nothing to send.
    """
    comment = post.commented and index == len(post.texts) - 1
    own = len(post.texts) - post.commented
    along = range(1, own) if post.whole and index == 0 else ()
    sent = comment or (post.whole and index > 0)
    return {
        **({"comment": True} if comment else {}),
        **({"after": [_part(post, one) for one in along]} if along else {}),
        "text": post.texts[index],
        "media": [] if sent else _part(post, index)["media"],
        "options": post.options,
        "parts": len(post.texts),
    }


def _part(post: Written, index: int) -> dict[str, Any]:
    return {
        "text": post.texts[index],
        "media": [one for part, one in post.media if part == index],
    }


def digest(frozen: dict[str, Any]) -> str:
    """``content_hash`` of an attempt: SHA-256 over the canonical JSON."""
    text = json.dumps(frozen, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def media_rows(session: Session, frozen: Mapping[str, Any]) -> list[tuple[MediaRow, str]]:
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
