"""Media fit: pictures whose shape a network does not take, and the crop that mends it (§6.4).

Where a network wants all pictures of a post in one size, they are cut to the shape of the first
and made as small as the smallest. A post has one set of pictures, so a crop is for every network
it goes to; the picture as it was stays in the library.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from app import content
from app.clock import now
from app.errors import InvalidTransition, NotFound, ValidationFailed
from app.extensions import db, networks
from app.models.posts import Post, PostMedia
from app.networks.rules import image_shape
from app.permissions import Actor, Permission
from app.services import media as library
from app.services.composing import called, targets
from app.services.writing import load, lock

CENTRE = 50  # per cent


@dataclass(frozen=True)
class Crop:
    """A picture that has to lose something. ``wide`` and ``high`` are what is kept of it,
    ``size`` is how wide and high that is made."""

    item_id: UUID
    media_id: UUID
    place: int
    who: str
    networks: tuple[str, ...]
    width: int
    height: int
    wide: int
    high: int
    size: tuple[int, int]
    alike: bool = False  # it is the size of the others that it has to have

    @property
    def cuts(self) -> bool:
        """Whether anything of it is lost; else it is only made smaller."""
        return (self.wide, self.high) != (self.width, self.height)

    @property
    def scaled(self) -> bool:
        """Whether what is kept is made smaller."""
        return self.size != (self.wide, self.high)

    @property
    def sideways(self) -> bool:
        """Whether it loses at the left and right, else at top and bottom."""
        return self.wide < self.width

    @property
    def says(self) -> str:
        """What is wrong with its shape, or its size."""
        if self.alike:
            return "not of the same size as the others"
        return "too wide" if self.sideways else "too tall"

    def box(self, focus: int) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of what is kept around the focus, at so many per cent."""
        left = _around(self.width, self.wide, focus)
        top = _around(self.height, self.high, focus)
        return left, top, left + self.wide, top + self.high


def crops(post: Post) -> list[Crop]:
    """The pictures that some network would refuse for their shape or size, in order."""
    sizes = _alike(post)
    found = []
    for place, item in enumerate(post.media, 1):
        same = sizes.get(item.id)
        if one := _resized(item, place, same) if same else _crop(post, item, place):
            found.append(one)
    return found


def crop(actor: Actor, post_id: UUID, item_id: UUID, focus: int = CENTRE) -> PostMedia:
    """Crop a picture of a draft to the nearest shape its networks take.

    ``focus`` in per cent along the side that gets shorter. The cut is a new picture of the
    library in the old one's place, with its words. Raises ``ValidationFailed`` where nothing has
    to be cut.
    """
    post = _draft(actor, post_id)
    actor.require(Permission.MEDIA_WRITE, post.profile_id)
    wanted = next((one for one in crops(post) if one.item_id == item_id), None)
    if wanted is None:
        raise ValidationFailed("This picture needs no crop.", field="media")
    box = wanted.box(min(max(focus, 0), 100))
    made = library.crop(actor, post.profile_id, wanted.media_id, box, wanted.size).id
    post = _draft(actor, post_id)
    lock(post)
    item = next((one for one in post.media if one.id == item_id), None)
    if item is None or item.media_id != wanted.media_id:
        raise NotFound("That picture is no longer part of the post.")
    item.media = library.usable(actor, post.profile_id, [made])[0]
    post.updated_at = now()
    db.session.commit()
    return item


def _draft(actor: Actor, post_id: UUID) -> Post:
    post = load(actor, post_id)
    actor.require(Permission.POST_WRITE, post.profile_id)
    if post.armed:
        raise InvalidTransition("This post is on the clock. Open it again to change it.")
    return post


def _crop(post: Post, item: PostMedia, place: int) -> Crop | None:
    row = item.media
    if not _still(item):
        return None
    ratio = row.width / row.height
    shapes = list(_shapes(post, item))
    wrong = [one for one in shapes if _outside(ratio, one.low, one.high)]
    if not wrong:
        return None
    low, high = _bounds(shapes) or (wrong[0].low, wrong[0].high)  # what all take, or the first
    size = _inside((row.width, row.height), high if high and ratio > high else low)
    who, names = _told(wrong)
    return Crop(
        item.id, item.media_id, place, who, names, row.width, row.height, *size, size
    )  # fmt: skip


@dataclass(frozen=True)
class Same:
    """The size all pictures of a part are to have, and who wants it."""

    size: tuple[int, int]
    who: str
    networks: tuple[str, ...]


def _alike(post: Post) -> dict[UUID, Same]:
    """The pictures that have to be of one size, by their ids, and which size that is."""
    found: dict[UUID, Same] = {}
    for part in {item.part for item in post.media}:
        items = [item for item in post.media if item.part == part and _still(item)]
        wanting = list(_strict(post, part))
        if len(items) > 1 and wanting:
            size = _common(items, _bounds(list(_shapes(post, items[0]))))
            found |= {item.id: Same(size, *_told(wanting)) for item in items}
    return found


def _strict(post: Post, part: int) -> Iterator[Shape]:
    """The accounts whose network shows that part and wants its pictures in one size."""
    for target in targets(post):
        caps = networks.of(target.account).capabilities(target.account.extras)
        network = target.account.network
        if caps.one_size and part < max(len(post.texts(network)), 1):
            yield Shape(network, called(post, target), *caps.image_ratios)


def _common(items: list[PostMedia], bounds: tuple[float, float] | None) -> tuple[int, int]:
    """The shape of the first, where the others' networks take it, as small as the smallest.

    A size that one of them has already is not missed by a pixel.
    """
    sizes = [(one.media.width, one.media.height) for one in items]
    low, high = bounds or (0.0, 0.0)
    ratio = max(sizes[0][0] / sizes[0][1], low)
    ratio = min(ratio, high) if high else ratio
    kept = [size if _is_shaped(size, ratio) else _inside(size, ratio) for size in sizes]
    least = min(kept, key=lambda size: size[0] * size[1])
    near = [
        size
        for size in sizes
        if size in kept and abs(size[0] - least[0]) <= 2 and abs(size[1] - least[1]) <= 2
    ]
    return near[0] if near else least


def _resized(item: PostMedia, place: int, same: Same) -> Crop | None:
    """The largest part of a picture that has the shape wanted, made as small as wanted."""
    width, height = item.media.width, item.media.height
    if (width, height) == same.size:
        return None
    scale = min(width / same.size[0], height / same.size[1])
    wide, high = (min(round(side * scale), whole)
                  for side, whole in zip(same.size, (width, height), strict=True))  # fmt: skip
    return Crop(
        item.id, item.media_id, place, same.who, same.networks, width, height, wide, high,
        same.size, alike=True,
    )  # fmt: skip


class Shape(NamedTuple):
    """The pictures one account's network takes: width by height, least and most."""

    network: str
    who: str
    low: float
    high: float


def _shapes(post: Post, item: PostMedia) -> Iterator[Shape]:
    """Every account's network with the shapes of pictures it takes (width by height)."""
    parts = content.held(post)
    for target in targets(post):
        network = networks.of(target.account)
        caps = network.capabilities(target.account.extras)
        placement = caps.placement(post.options.get(target.account.network, {}), *parts)
        shape = image_shape(caps, placement)
        if any(shape) and item.part < max(len(post.texts(target.account.network)), 1):
            yield Shape(target.account.network, called(post, target), *shape)


def _still(item: PostMedia) -> bool:
    """Whether it is a picture that can be cut."""
    row = item.media
    moves = row.mime.startswith("video/") or row.frames > 1
    return not moves and bool(row.width and row.height)


def _bounds(shapes: list[Shape]) -> tuple[float, float] | None:
    """The shapes all of them take, least and most; ``None`` where there is no such shape."""
    low = max((one.low for one in shapes), default=0.0)
    high = min((one.high for one in shapes if one.high), default=0.0)
    return None if high and low > high else (low, high)


def _inside(size: tuple[int, int], ratio: float) -> tuple[int, int]:
    """The largest part of that shape (width by height)."""
    width, height = size
    if width > height * ratio:
        return max(1, int(height * ratio)), height
    return width, max(1, int(width / ratio))


def _is_shaped(size: tuple[int, int], ratio: float) -> bool:
    """Whether it has that shape, but for the part of a pixel that nobody can have."""
    return abs(size[0] - size[1] * ratio) < 1 or abs(size[1] - size[0] / ratio) < 1


def _told(shapes: list[Shape]) -> tuple[str, tuple[str, ...]]:
    """Whose they are, in words, and on which networks."""
    who = " and ".join(dict.fromkeys(one.who for one in shapes))
    return who, tuple(dict.fromkeys(one.network for one in shapes))


def _around(whole: int, kept: int, focus: int) -> int:
    return min(max(round(whole * focus / 100 - kept / 2), 0), whole - kept)


def _outside(ratio: float, low: float, high: float) -> bool:
    return bool((low and ratio < low * 0.995) or (high and ratio > high * 1.005))
