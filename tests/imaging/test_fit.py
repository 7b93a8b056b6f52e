"""Thumbnails, and pictures made to fit a network's limits."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from app import images
from app.errors import ValidationFailed
from app.images import Info, Limits
from tests import pictures
from tests.pictures import PLACE, alike, encoded, opened, photo

JPEG, PNG, WEBP, GIF = EVERY = images.MIMES


@pytest.mark.parametrize(
    "image,kind",
    [
        (photo(1600, 800), "JPEG"), (photo(1600, 800, mode="RGBA"), "PNG"),
        (photo(1600, 800, mode="P"), "GIF"), (photo(1600, 800, mode="L"), "PNG"),
        (photo(1600, 800, mode="LA"), "PNG"), (photo(1600, 800, mode="1"), "PNG"),
        (photo(1600, 800, mode="CMYK"), "JPEG"),
    ],
)  # fmt: skip
def test_a_thumbnail_is_small_and_looks_alike(write, tmp_path, image, kind):
    source = write(encoded(image, kind))
    told = images.thumbnail(source, tmp_path / "thumb", 320)
    made = opened(tmp_path / "thumb")
    assert made.format == "WEBP" and made.size == (told.width, told.height) == (320, 160)
    small = opened(source).convert("RGB").resize((320, 160), Image.Resampling.LANCZOS)
    assert alike(small, made) < 12


def test_a_small_picture_is_not_blown_up(write, tmp_path):
    told = images.thumbnail(write(encoded(photo(50, 20), "PNG")), tmp_path / "thumb")
    assert (told.width, told.height) == (50, 20)


def test_a_16_bit_grey_keeps_its_shades(write, tmp_path):
    wide = Image.new("I;16", (64, 64))
    wide.putdata([n * 16 for n in range(64 * 64)])
    images.thumbnail(write(encoded(wide, "PNG")), tmp_path / "thumb", 64)
    shades = opened(tmp_path / "thumb").convert("L")
    assert shades.getpixel((2, 2)) < 20 and shades.getpixel((60, 61)) > 235
    assert 100 < shades.getpixel((32, 32)) < 156


def test_a_line_one_pixel_high_has_a_thumbnail_too(write, tmp_path):
    told = images.thumbnail(write(encoded(photo(5000, 1), "PNG")), tmp_path / "thumb")
    assert (told.width, told.height) == (640, 1)


@pytest.mark.parametrize(
    "info,limits,expected",
    [
        (Info(JPEG, 100, 50, 1, 900), Limits((JPEG,)), True),
        (Info(JPEG, 100, 50, 1, 900), Limits((PNG,)), False),
        (Info(JPEG, 100, 50, 1, 900), Limits((JPEG,), 900, 5000, 100), True),
        (Info(JPEG, 100, 50, 1, 901), Limits((JPEG,), 900), False),
        (Info(JPEG, 100, 51, 1, 900), Limits((JPEG,), 0, 5000), False),
        (Info(JPEG, 50, 101, 1, 900), Limits((JPEG,), 0, 0, 100), False),
        (Info(GIF, 10, 10, 3, 900), Limits((GIF,)), True),
        (Info(GIF, 10, 10, 3, 900), Limits((GIF,), still=True), False),
    ],
)  # fmt: skip
def test_fits_compares_every_limit(info, limits, expected):
    assert images.fits(info, limits) is expected


def test_what_fits_is_copied_untouched(write, tmp_path):
    source = write(encoded(photo(300, 200), "WEBP"))
    images.fit(source, tmp_path / "fitted", Limits(EVERY, 10**6, 10**6, 1000))
    assert (tmp_path / "fitted").read_bytes() == source.read_bytes()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_large_picture_is_made_to_fit_and_stays_good(write, tmp_path, kind):
    source = write(encoded(photo(3000, 2000), kind))
    limits = Limits((JPEG, PNG), 976 * 1024, 33_177_600, 2048)
    told = images.fit(source, tmp_path / "fitted", limits)
    assert images.fits(told, limits)
    assert told.size == (tmp_path / "fitted").stat().st_size > 300_000
    made = opened(tmp_path / "fitted")
    assert made.size == (told.width, told.height)
    assert abs(told.width / told.height - 1.5) < 0.01
    small = opened(source).convert("RGB").resize(made.size, Image.Resampling.LANCZOS)
    assert alike(small, made) < 6


def test_fitting_gives_the_same_bytes_every_time(write, tmp_path):
    source = write(encoded(photo(2000, 1500), "PNG"))
    limits = Limits((JPEG,), 400_000)
    first = images.fit(source, tmp_path / "a", limits)
    assert images.fit(source, tmp_path / "b", limits) == first
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_what_can_be_seen_through_stays_so_where_the_network_takes_it(write, tmp_path):
    image = photo(1000, 800, mode="RGBA")
    image.putalpha(Image.linear_gradient("L").resize((1000, 800)))
    source = write(encoded(image, "WEBP", lossless=True))
    told = images.fit(source, tmp_path / "png", Limits((JPEG, PNG), max_side=500))
    assert told.mime == PNG and opened(tmp_path / "png").mode == "RGBA"
    told = images.fit(source, tmp_path / "webp", Limits(EVERY, 60_000))
    assert told.mime == WEBP and told.size <= 60_000
    told = images.fit(source, tmp_path / "jpeg", Limits((JPEG,), 300_000))
    assert told.mime == JPEG
    assert opened(tmp_path / "jpeg").getpixel((990, 5))[0] > 235  # clear there: on white


def test_a_picture_with_position_never_reaches_a_network_by_fitting(write, tmp_path):
    source = write(pictures.located_jpeg(6))
    told = images.fit(source, tmp_path / "fitted", Limits((JPEG,), 200_000))
    assert (told.width < told.height) and told.size <= 200_000
    assert PLACE.encode() not in (tmp_path / "fitted").read_bytes()


def test_a_moving_gif_stays_as_it_is_or_is_refused_with_its_size(write, tmp_path):
    raw = pictures.moving(40, (200, 150))
    source = write(raw)
    told = images.fit(source, tmp_path / "same", Limits((GIF,), len(raw)))
    assert told.frames == 40 and (tmp_path / "same").read_bytes() == raw
    with pytest.raises(ValidationFailed, match=r"this network takes up to 1 kB"):
        images.fit(source, tmp_path / "b", Limits((GIF,), 1000))
    with pytest.raises(ValidationFailed, match="200 × 150 pixels; this network takes up to 100 ×"):
        images.fit(source, tmp_path / "c", Limits((GIF,), max_side=100))
    with pytest.raises(ValidationFailed, match="takes no moving pictures"):
        images.fit(source, tmp_path / "d", Limits((JPEG, PNG)))
    still = images.fit(source, tmp_path / "e", Limits((JPEG,), still=True))
    assert (still.mime, still.frames, still.width) == (JPEG, 1, 200)


def test_the_sizes_in_a_refusal_never_look_equal(write, tmp_path):
    raw = pictures.moving(3)
    path = write(raw + b"\x00" * (1_040_000 - len(raw)))
    with pytest.raises(ValidationFailed, match="is 1.1 MB; this network takes up to 1 MB"):
        images.fit(path, tmp_path / "a", Limits((GIF,), 1_000_000))


def test_a_limit_that_nothing_can_meet_is_a_refusal(write, tmp_path):
    with pytest.raises(ValidationFailed, match="cannot be made small enough"):
        images.fit(write(encoded(photo(), "JPEG")), tmp_path / "a", Limits((JPEG,), 200))
    with pytest.raises(ValidationFailed, match="takes no pictures"):
        images.fit(write(encoded(photo(), "JPEG")), tmp_path / "a", Limits(("video/mp4",)))


def test_a_palette_png_and_a_still_gif_are_fitted_too(write, tmp_path):
    source = write(encoded(photo(900, 600, mode="P"), "GIF"))
    told = images.fit(source, tmp_path / "a", Limits((JPEG, PNG), max_side=300))
    assert told.mime == PNG and told.width == 300
    buffer = io.BytesIO((tmp_path / "a").read_bytes())
    assert Image.open(buffer).size == (300, 200)
