"""Media fit: which pictures have to lose something, and the crop that mends it."""

from __future__ import annotations

from uuid import UUID

import pytest
from PIL import Image
from sqlalchemy import select

from app import content
from app.config import settings
from app.errors import InvalidTransition, NotFound, ValidationFailed
from app.extensions import db
from app.models.media import Media
from app.models.posts import Post
from app.models.profiles import Profile
from app.permissions import Actor
from app.services import cropping, media, writing
from tests.factories import actor_of, make_account, make_media, make_post, make_user


def made(profile: Profile, size: tuple[int, int], *networks: str, kind: str = "PNG") -> Post:
    accounts = [make_account(profile, one) for one in networks]
    return make_post(profile, "Bells", accounts, media=[make_media(profile, size=size, kind=kind)])


def cut(actor: Actor, post: Post, focus: int = 50) -> Post:
    post_id, item_id = post.id, post.media[0].id
    db.session.rollback()
    cropping.crop(actor, post_id, item_id, focus)
    db.session.rollback()
    db.session.expire_all()
    return writing.load(actor, post_id)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize(("size", "kept"), [((1200, 500), (955, 500)), ((400, 900), (400, 500))])
def test_a_picture_is_cut_to_the_nearest_shape_that_is_taken(
    owner: Actor, profile: Profile, kind: str, size: tuple[int, int], kept: tuple[int, int]
) -> None:
    post = made(profile, size, "instagram", "mastodon", kind=kind)
    wanted = cropping.crops(post)[0]
    assert (wanted.wide, wanted.high, wanted.who) == (*kept, "Instagram")
    before = post.media[0].media_id
    post = cut(owner, post)
    row = post.media[0].media
    assert (row.width, row.height) == kept and row.mime == f"image/{kind.lower()}"
    with Image.open(media.file(row)) as image:
        assert image.size == kept
    assert media.thumb(row).is_file() and row.alt == post.media[0].alt == "Six bells in a row"
    assert db.session.get_one(Media, before).deleted_at is None
    instagram = next(t for t in post.targets if t.account.network == "instagram")
    assert not [p for p in content.problems(post, instagram, settings()) if p.fix == "crop"]
    assert not cropping.crops(post)


def test_the_focus_says_what_stays(owner: Actor, profile: Profile) -> None:
    post = made(profile, (1000, 200), "instagram")
    path = media.file(post.media[0].media)
    with Image.open(path) as image:
        image.paste((255, 0, 0), (900, 0, 1000, 200))
        image.save(path, "PNG")
    wanted = cropping.crops(post)[0]
    assert wanted.box(0)[0] == 0 and wanted.box(100)[2] == 1000 and wanted.box(50)[0] == 309
    with Image.open(media.file(cut(owner, post, 100).media[0].media)) as image:
        assert image.getpixel((image.width - 1, 5)) == (255, 0, 0)


def test_what_needs_no_crop_gets_none(owner: Actor, profile: Profile) -> None:
    fitting = made(profile, (1000, 1000), "instagram", "threads")
    assert not cropping.crops(fitting)
    with pytest.raises(ValidationFailed):
        cut(owner, fitting)
    story = made(profile, (1000, 200), "instagram")
    story.options = {"instagram": {"placement": "story"}}
    db.session.commit()
    assert not cropping.crops(story)
    assert not cropping.crops(made(profile, (1000, 200), "mastodon"))


def test_nobody_else_and_nothing_on_the_clock(owner: Actor, profile: Profile) -> None:
    post = made(profile, (1000, 200), "instagram")
    with pytest.raises(NotFound):
        cut(actor_of(make_user()), post)
    post.armed = True
    db.session.commit()
    with pytest.raises(InvalidTransition):
        cut(owner, post)
    with pytest.raises(ValidationFailed):
        cropping.crop(owner, made(profile, (1000, 200), "instagram").id, UUID(int=5))
    assert len(db.session.scalars(select(Media)).all()) == 2  # nothing was made


def several(profile: Profile, sizes: list[tuple[int, int]], *networks: str) -> Post:
    media_ = [make_media(profile, size=size) for size in sizes]
    accounts = [make_account(profile, one) for one in networks]
    return make_post(profile, "Bells", accounts, media=media_)


@pytest.mark.parametrize(
    ("sizes", "networks", "size"),
    [
        ([(1000, 1500), (801, 1100), (900, 900)], ["pinterest"], (600, 900)),
        ([(400, 300), (200, 150)], ["pinterest"], (200, 150)),
        ([(301, 453), (257, 389), (640, 331)], ["pinterest", "mastodon"], (219, 331)),
        ([(500, 1000), (600, 600)], ["pinterest", "instagram"], (480, 600)),
    ],
)
@pytest.mark.parametrize("backwards", [False, True])
def test_the_pictures_of_a_pin_are_brought_to_one_size_one_by_one(
    owner: Actor, profile: Profile, sizes: list[tuple[int, int]], networks: list[str],
    size: tuple[int, int], backwards: bool,
) -> None:  # fmt: skip
    post = several(profile, sizes, *networks)
    target = next(t for t in post.targets if t.account.network == "pinterest")
    assert any(p.fix == "crop" and p.blocks for p in content.problems(post, target, settings()))
    wanted = cropping.crops(post)
    assert {one.size for one in wanted} == {size} and wanted[0].who == "Pinterest"
    assert wanted[0].says == "not of the same size as the others"
    order = [(post.id, one.item_id) for one in wanted]
    db.session.rollback()
    for left, (post_id, item_id) in enumerate(reversed(order) if backwards else order, 1):
        cropping.crop(owner, post_id, item_id)
        db.session.rollback()
        db.session.expire_all()
        post = writing.load(owner, post_id)
        assert len(cropping.crops(post)) == len(order) - left
    for item in post.media:
        with Image.open(media.file(item.media)) as image:
            assert image.size == size == (item.media.width, item.media.height)
    for target in post.targets:
        assert not [p for p in content.problems(post, target, settings()) if p.fix == "crop"]


def test_only_what_differs_is_made_smaller_and_nothing_is_lost_of_the_same_shape(
    profile: Profile,
) -> None:
    [one] = cropping.crops(several(profile, [(800, 600), (400, 300)], "pinterest"))
    assert (one.place, one.cuts, one.scaled) == (1, False, True)
    assert (one.box(50), one.size) == ((0, 0, 800, 600), (400, 300))


def test_one_size_is_asked_of_nobody_else_and_not_of_one_picture(profile: Profile) -> None:
    for networks in (["mastodon"], ["instagram", "threads"]):
        assert not cropping.crops(several(profile, [(800, 800), (400, 320)], *networks))
    assert not cropping.crops(several(profile, [(800, 800)], "pinterest"))
    assert not cropping.crops(several(profile, [(80, 60), (80, 60)], "pinterest"))
