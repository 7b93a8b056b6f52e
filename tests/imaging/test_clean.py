"""Cleaning: position and hidden text go, the picture stays (reliability §11)."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageOps

from app import images
from tests import pictures
from tests.pictures import PLACE, alike, encoded, opened, photo

JPEG, PNG, WEBP, GIF = images.MIMES


def test_a_jpeg_loses_its_position_and_not_one_coefficient(write, tmp_path):
    raw = pictures.located_jpeg()
    assert raw.count(PLACE.encode()) >= 4
    told = images.clean(write(raw), tmp_path / "clean", JPEG)
    made = (tmp_path / "clean").read_bytes()
    assert PLACE.encode() not in made and b"Exif" not in made and b"xmpmeta" not in made
    assert made.endswith(b"\xff\xd9") and told.size == len(made) < len(raw)
    before, after = opened(tmp_path / "source"), opened(tmp_path / "clean")
    assert before.tobytes() == after.tobytes()
    assert after.info["icc_profile"] == pictures.srgb()
    assert not after.getexif()


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_jpeg_on_its_side_comes_out_upright_without_getting_worse(write, tmp_path, orientation):
    source = write(pictures.located_jpeg(orientation, (800, 600)))
    told = images.clean(source, tmp_path / "clean")
    after = opened(tmp_path / "clean")
    sideways = orientation >= 5
    assert (told.width, told.height) == after.size == ((600, 800) if sideways else (800, 600))
    assert not after.getexif()
    expected = upright_by_pillow(source)
    assert alike(expected, after) < 1.5
    assert after.info["icc_profile"] == pictures.srgb()
    assert 0.8 < told.size / source.stat().st_size < 1.1
    inspected = images.inspect(source, None)
    assert (inspected.width, inspected.height) == after.size


def upright_by_pillow(path: Path) -> Image.Image:
    return ImageOps.exif_transpose(opened(path))


def test_a_png_loses_text_and_position_and_not_one_pixel(write, tmp_path):
    raw = pictures.located_png()
    assert raw.count(PLACE.encode()) >= 4
    images.clean(write(raw), tmp_path / "clean", PNG)
    made = (tmp_path / "clean").read_bytes()
    assert PLACE.encode() not in made and b"eXIf" not in made
    assert opened(tmp_path / "source").tobytes() == opened(tmp_path / "clean").tobytes()
    assert opened(tmp_path / "clean").info["icc_profile"] == pictures.srgb()


def test_a_png_on_its_side_is_turned_without_loss(write, tmp_path):
    source = write(pictures.located_png(6))
    told = images.clean(source, tmp_path / "clean")
    assert (told.width, told.height) == (200, 300)
    turned = opened(source).transpose(Image.Transpose.ROTATE_270)
    assert turned.tobytes() == opened(tmp_path / "clean").tobytes()
    assert PLACE.encode() not in (tmp_path / "clean").read_bytes()


@pytest.mark.parametrize("lossless", [True, False])
def test_a_webp_loses_its_position(write, tmp_path, lossless):
    image = photo(300, 200, mode="RGBA")
    options = {"exif": pictures.exif(), "xmp": pictures.XMP, "icc_profile": pictures.srgb()}
    source = write(encoded(image, "WEBP", lossless=lossless, **options))
    assert PLACE.encode() in source.read_bytes()
    images.clean(source, tmp_path / "clean", WEBP)
    made = (tmp_path / "clean").read_bytes()
    assert PLACE.encode() not in made and b"EXIF" not in made and b"XMP " not in made
    assert opened(source).tobytes() == opened(tmp_path / "clean").tobytes()
    assert opened(tmp_path / "clean").info["icc_profile"] == pictures.srgb()


def test_a_webp_on_its_side_is_turned(write, tmp_path):
    source = write(encoded(photo(300, 200), "WEBP", exif=pictures.exif(8), quality=90))
    told = images.clean(source, tmp_path / "clean")
    assert (told.width, told.height) == (200, 300)
    assert alike(upright_by_pillow(source), opened(tmp_path / "clean")) < 3
    assert PLACE.encode() not in (tmp_path / "clean").read_bytes()


def test_a_gif_loses_comments_and_keeps_every_frame_and_its_loop(write, tmp_path):
    raw = pictures.moving(9, comment=PLACE.encode())
    assert PLACE.encode() in raw
    told = images.clean(write(raw + PLACE.encode()), tmp_path / "clean", GIF)
    made = opened(tmp_path / "clean")
    assert PLACE.encode() not in (tmp_path / "clean").read_bytes()
    assert told.frames == made.n_frames == 9 and made.info["loop"] == 0
    before = Image.open(tmp_path / "source")
    for number in range(9):
        before.seek(number)
        made.seek(number)
        assert before.convert("RGB").tobytes() == made.convert("RGB").tobytes()
        assert before.info["duration"] == made.info["duration"]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF"])
def test_a_page_hidden_in_a_picture_does_not_come_out(write, tmp_path, kind):
    page = b"<html><script>alert(document.domain)</script></html>"
    hidden = {"comment": page} if kind != "PNG" else {}
    raw = encoded(photo(40, 30), kind, **hidden) + page
    images.clean(write(raw), tmp_path / "clean")
    assert b"<script>" not in (tmp_path / "clean").read_bytes()


def test_damaged_metadata_is_no_reason_to_refuse_a_picture(write, tmp_path):
    raw = encoded(photo(40, 30), "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff")
    assert images.clean(write(raw), tmp_path / "clean").width == 40


def test_a_jpeg_in_ink_colours_becomes_one_for_screens(write, tmp_path):
    source = write(encoded(photo(200, 100, mode="CMYK"), "JPEG", quality=95))
    images.clean(source, tmp_path / "clean")
    after = opened(tmp_path / "clean")
    assert after.mode == "RGB"
    assert alike(opened(source).convert("RGB"), after) < 4


def test_a_picture_whose_segments_cannot_be_followed_is_encoded_anew(write, tmp_path):
    raw = encoded(photo(64, 64), "JPEG", exif=pictures.exif(), quality=90)
    tables = raw.index(b"\xff\xdb")
    source = write(raw[:tables] + b"\xff\x00" + raw[tables:])  # decoders step over this
    images.clean(source, tmp_path / "clean")
    assert b"Exif" not in (tmp_path / "clean").read_bytes()
    assert PLACE.encode() not in (tmp_path / "clean").read_bytes()
    assert alike(opened(source), opened(tmp_path / "clean")) < 1.5
