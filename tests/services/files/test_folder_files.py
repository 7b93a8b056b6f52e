"""A zip from somebody: what is refused, whatever its names and sizes claim."""

from __future__ import annotations

import io
import json
import stat
import zipfile
from uuid import UUID

import pytest

from app.errors import AppError
from app.services import folder_files

POST = "---\ntime: 2026-05-20 09:00\n---\n\nHello\n"


def packed(*files: tuple[str | zipfile.ZipInfo, str | bytes], packing: int = 8) -> io.BytesIO:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", packing) as pack:
        for name, text in files:
            pack.writestr(name, text)
    made.seek(0)
    return made


def link(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def locked() -> io.BytesIO:
    raw = bytearray(packed(("posts/a.md", POST)).getvalue())
    for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(sign) + place] |= 1
    return io.BytesIO(bytes(raw))


def lying() -> io.BytesIO:
    """A file that is larger than its head says."""
    made = packed(("posts/a.md", POST + "x" * 5000), packing=zipfile.ZIP_STORED)
    raw = bytearray(made.getvalue())
    at = raw.index(b"PK\x01\x02")
    raw[at + 24 : at + 28] = (10).to_bytes(4, "little")
    return io.BytesIO(bytes(raw))


@pytest.mark.parametrize(
    ("pack", "says"),
    [
        (packed(("../posts/a.md", POST)), "a name we do not take"),
        (packed(("posts/../../a.md", POST)), "a name we do not take"),
        (packed(("/posts/a.md", POST)), "a name we do not take"),
        (packed(("posts\\..\\a.md", POST)), "a name we do not take"),
        (packed(("C:/posts/a.md", POST)), "a name we do not take"),
        (packed(("posts/a\x1b.md", POST)), "a name we do not take"),
        (packed(("posts/" + "a" * 250 + ".md", POST)), "a name we do not take"),
        (packed((link("posts/a.md"), "/etc/passwd")), "is a link"),
        (packed((link("media/a.png"), "../.."), ("posts/a.md", POST)), "is a link"),
        (packed(("posts/a.md", POST), packing=zipfile.ZIP_BZIP2), "packed in a way"),
        (packed(("posts/a.md", "x" * (folder_files.TEXT + 1))), "larger than 512 kB"),
        (packed(("readme.md", POST)), "no Markdown file in a folder"),
        (packed(), "no Markdown file in a folder"),
        (io.BytesIO(b"PK\x03\x04 nothing"), "cannot be read"),
        (locked(), "has a password"),
    ],
)
def test_what_is_refused(pack: io.BytesIO, says: str) -> None:
    with pytest.raises(AppError, match=says) as told, folder_files.opened(pack):
        pass
    assert told.value.field == "file"


def test_a_file_that_is_larger_than_it_says_is_not_read() -> None:
    with pytest.raises(AppError), folder_files.opened(lying()) as folder:
        assert len(folder.text("posts/a.md")) <= 10
        raise AppError("read no further than its head says")


def test_too_many_files_and_too_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_files, "ENTRIES", 1)
    with pytest.raises(AppError, match="at most 1"):
        folder_files.opened(packed(("posts/a.md", POST), ("posts/b.md", POST))).__enter__()
    monkeypatch.setattr(folder_files, "BYTES", 10)
    with pytest.raises(AppError, match="larger than 1 GB"):
        folder_files.opened(packed(("posts/a.md", POST))).__enter__()


def test_the_same_name_twice() -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        pack = packed(("posts/a.md", POST), ("posts/a.md", POST))
    with pytest.raises(AppError, match="twice"):
        folder_files.opened(pack).__enter__()


def test_the_folder_itself_may_be_packed_and_systems_own_files_are_passed_over() -> None:
    ids = ["01a2051a-cc29-7000-80db-4d3efa24b2e6"]
    pack = packed(
        ("plan/posts/a.md", POST), ("plan/media/a.png", b"png"), ("plan/.DS_Store", b"x"),
        ("plan/carillon.json", json.dumps({"posts": ids})), ("__MACOSX/plan/a.md", b"x"),
    )  # fmt: skip
    with folder_files.opened(pack) as folder:
        assert folder.texts == ["posts/a.md"] and folder.text("posts/a.md") == POST
        assert folder.has("media/a.png") and not folder.has("media/b.png")
        assert folder.listed() == [UUID(one) for one in ids]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"posts": 1}', '{"posts": ["x"]}', "[" * 9000])
def test_a_list_that_is_none_lists_nothing(text: str) -> None:
    with folder_files.opened(packed(("posts/a.md", POST), ("carillon.json", text))) as folder:
        assert folder.listed() == []
