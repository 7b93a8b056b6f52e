"""What is taken as a picture and what is refused (reliability §11)."""

from __future__ import annotations

import time

import pytest
from PIL import Image

from app import images
from app.images import Info, Limits
from tests import pictures
from tests.pictures import encoded, photo

JPEG, PNG, WEBP, GIF = images.MIMES


@pytest.mark.parametrize("mime,kind", [(JPEG, "JPEG"), (PNG, "PNG"), (WEBP, "WEBP"), (GIF, "GIF")])
def test_each_kind_is_told_by_its_bytes(write, mime, kind):
    raw = encoded(photo(300, 200), kind)
    assert images.inspect(write(raw), mime) == Info(mime, 300, 200, 1, len(raw))


@pytest.mark.parametrize("declared", [None, "", "image/jpg", "application/octet-stream"])
def test_a_type_that_claims_nothing_else_is_taken(write, declared):
    assert images.inspect(write(encoded(photo(30, 20), "JPEG")), declared).mime == JPEG


@pytest.mark.parametrize("declared", [PNG, "text/html", "image/svg+xml", "image/jpeg2000"])
def test_a_type_other_than_the_declared_one_is_refused(write, refused, declared):
    said = refused(write(encoded(photo(30, 20), "JPEG")), declared)
    assert said.startswith("This file is a JPEG picture, but was sent as something else.")


@pytest.mark.parametrize(
    "raw,word",
    [
        (b"", "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", "SVG"),
        (b"\xef\xbb\xbf  <?xml version='1.0'?><svg/>", "SVG"),
        (b"<!doctype html><script>alert(1)</script>", "This kind of file"),
        (b"%PDF-1.7\n", "PDF"),
        (b"PK\x03\x04" + bytes(40), "This kind of file"),
        (b"#EXTM3U\n", "This kind of file"),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(40), "This kind of file"),
        (b"\x00\x00\x00\x14ftypqt  " + bytes(40), "This kind of file"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(40), "HEIC"),
        (b"\x00\x00\x00\x18ftypavif" + bytes(40), "AVIF"),
        (b"BM" + bytes(60), "BMP"),
        (b"GIF89a" + b"<script>alert(1)</script>" * 3, "damaged"),
        (b"\xff\xd8\xff\xe0" + bytes(60), "damaged"),
        (b"\x89PNG\r\n\x1a\n" + bytes(60), "damaged"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 " + bytes(60), "damaged"),
    ],
)  # fmt: skip
def test_what_is_no_picture_is_refused_in_words(write, refused, raw, word):
    assert word in refused(write(raw))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("part", [0.2, 0.6, 0.97])
def test_a_file_cut_off_is_refused(write, refused, kind, part):
    raw = encoded(photo(400, 300), kind)
    assert "damaged" in refused(write(raw[: int(len(raw) * part)]))


def test_a_gif_whose_last_frame_is_broken_is_refused(write, refused):
    raw = pictures.moving(6)
    assert "damaged" in refused(write(raw[:-30]))


def test_a_flipped_bit_in_the_data_of_a_png_is_refused(write, refused):
    raw = bytearray(encoded(photo(200, 200), "PNG"))
    raw[len(raw) // 2] ^= 0xFF
    assert "damaged" in refused(write(bytes(raw)))


def test_a_pixel_bomb_is_refused_before_it_is_decoded(write, refused):
    raw = pictures.bomb_png(8000, 8000)
    assert len(raw) < 300_000
    began = time.monotonic()
    assert "40 megapixels" in refused(write(raw))
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("size", [(100_000, 100_000), (2**31 - 1, 2**31 - 1), (40_000_001, 1)])
def test_huge_dimensions_in_a_header_alone_are_refused(write, refused, size):
    raw = bytearray(encoded(photo(20, 20), "PNG"))
    head = b"".join(n.to_bytes(4, "big") for n in size) + raw[24:29]
    raw[8:33] = pictures.chunk(b"IHDR", bytes(head))
    assert "40 megapixels" in refused(write(bytes(raw)))


def test_huge_dimensions_of_a_webp_and_a_gif_are_refused(write, refused):
    webp = bytearray(encoded(photo(20, 20, mode="RGBA"), "WEBP", exif=pictures.exif()))
    assert webp[12:16] == b"VP8X"
    webp[24:30] = b"\xff\xff\x00\xff\xff\x00"
    assert "40 megapixels" in refused(write(bytes(webp)))
    gif = bytearray(encoded(photo(20, 20), "GIF"))
    gif[6:10] = b"\xff\xff\xff\xff"
    assert "40 megapixels" in refused(write(bytes(gif)))


def test_a_picture_of_exactly_40_megapixels_is_taken(write, tmp_path):
    raw = encoded(Image.new("RGB", (8000, 5000), (9, 99, 199)), "JPEG", progressive=True)
    source = write(raw)
    assert images.inspect(source, JPEG).width == 8000
    told, thumb = images.take(source, tmp_path / "clean", tmp_path / "thumb")
    assert (told.width, told.height, thumb.width, thumb.height) == (8000, 5000, 640, 400)


def test_the_largest_picture_can_be_turned_and_fitted_within_the_childs_memory(write, tmp_path):
    raw = encoded(
        Image.new("RGB", (8000, 5000), (9, 99, 199)), "JPEG", progressive=True,
        exif=pictures.exif(6),
    )  # fmt: skip
    source = write(raw)
    assert images.clean(source, tmp_path / "clean").height == 8000
    fitted = images.fit(source, tmp_path / "fitted", Limits((PNG,), max_side=4000))
    assert (fitted.width, fitted.height) == (2500, 4000)


def test_301_frames_are_too_many_and_300_are_not(write, refused):
    assert images.inspect(write(pictures.moving(300)), GIF).frames == 300
    assert "more than 300 frames" in refused(write(pictures.moving(301)))


def test_a_gif_whose_frames_would_take_for_ever_is_stopped(write, refused, monkeypatch):
    raw = pictures.repeated_gif(290, (5000, 4000))
    assert len(raw) < images.MAX_BYTES
    monkeypatch.setitem(images.CPU_SECONDS, "inspect", 1)
    began = time.monotonic()
    assert refused(write(raw)) == images.SLOW
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_moving_pictures_that_no_network_takes_are_not_silently_stilled(write, refused, kind):
    assert "Save it as a GIF" in refused(write(pictures.moving(3, kind=kind)))
