"""Videos: read in a child of limited means, copied without notes, a poster made."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from app import images
from app.errors import ValidationFailed
from tests.films import film

PLACE = "+51.5007-000.1246/"


def take(tmp_path: Path, data: bytes, declared: str | None = None) -> images.Info:
    (tmp_path / "raw").write_bytes(data)
    return images.take_film(
        tmp_path / "raw", tmp_path / "film", tmp_path / "poster", tmp_path / "thumb", declared
    )


def test_a_video_is_known_by_its_own_figures(tmp_path: Path) -> None:
    found = take(tmp_path, film(320, 180, 2.0, sound=True), "video/mp4")
    assert (found.mime, found.width, found.height) == ("video/mp4", 320, 180)
    assert found.codec == "h264" and found.seconds == pytest.approx(2.0, abs=0.2)
    assert found.size == (tmp_path / "film").stat().st_size
    with Image.open(tmp_path / "poster") as poster, Image.open(tmp_path / "thumb") as thumb:
        assert (poster.format, poster.size) == ("JPEG", (320, 180))
        assert (thumb.format, thumb.size) == ("WEBP", (320, 180))


def test_the_copy_says_nothing_of_where_it_was_made_and_begins_with_its_index(
    tmp_path: Path,
) -> None:
    raw = film(kind="mov", place=PLACE)
    assert PLACE.encode() in raw
    assert take(tmp_path, raw, "video/quicktime").mime == "video/mp4"
    made = (tmp_path / "film").read_bytes()
    assert PLACE.encode() not in made
    assert made.index(b"moov") < made.index(b"mdat")


def test_a_telephone_s_video_stands_upright(tmp_path: Path) -> None:
    found = take(tmp_path, film(320, 180, turned=True))
    assert (found.width, found.height) == (180, 320)
    with Image.open(tmp_path / "poster") as poster:
        assert poster.size == (180, 320)


@pytest.mark.parametrize(
    ("data", "declared", "words"),
    [
        (film()[:900], "video/mp4", "damaged or incomplete"),
        (b"\x00\x00\x00\x18ftypisom" + b"\x00" * 400, "video/mp4", "damaged or incomplete"),
        (film(), "image/png", "sent as something else"),
    ],
)
def test_what_is_no_whole_video_is_refused(
    tmp_path: Path, data: bytes, declared: str, words: str
) -> None:
    with pytest.raises(ValidationFailed, match=words) as caught:
        take(tmp_path, data, declared)
    assert caught.value.field == "file"


def test_a_file_inside_cannot_make_us_open_another(tmp_path: Path) -> None:
    """A playlist, or a track that lies elsewhere, is no video of ours."""
    (tmp_path / "raw").write_bytes(b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n")
    with pytest.raises(ValidationFailed):
        images.take_film(
            tmp_path / "raw", tmp_path / "film", tmp_path / "poster", tmp_path / "thumb"
        )
