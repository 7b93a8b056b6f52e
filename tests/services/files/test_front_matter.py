"""The block at the head of a file, and a post as a file: what is written is read back."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.services import csv_cells, front_matter, post_files
from app.services.front_matter import Unreadable
from app.services.post_files import Document, Shot

LINES = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40)
TEXT = st.lists(LINES, min_size=1, max_size=4).map("\n".join)


@settings(max_examples=40)
@given(LINES, LINES, st.lists(LINES.filter(bool), max_size=3))
def test_what_is_written_is_read_back(one: str, alt: str, many: list[str]) -> None:
    block = {"link": one, "accounts": many, "media": [{"file": "media/a.png", "alt": alt}]}
    found, rest = front_matter.read(front_matter.write(block) + "text")
    assert rest == "text"
    assert found.get("link", "") == one and found.get("accounts", []) == many
    assert found["media"] == [{"file": "media/a.png"} | ({"alt": alt} if alt else {})]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Hello", "does not begin"),
        ("---\ntime: x\n", "has no end"),
        ("---\ntime\n---\n", "Line 2 is not of the form"),
        ("---\ntime: 1\ntime: 2\n---\n", "there twice"),
        ("---\ntime: !!python/object x\n---\n", "between quotation marks"),
        ("---\ntime: &a x\n---\n", "between quotation marks"),
        ('---\ntime: "x\n---\n', "do not match"),
        ("---\n  far: in\n---\n", "further in"),
        ("---\nwhat: x\n---\n", "We do not know “what”"),
        ("---\nid: x\n---\n<!-- carillon: text for myspace -->\n", "is no network"),
        ("---\nid: x\n---\n<!-- carillon: other -->\n", "We do not know the line"),
        ("---\noptions: '[1]'\n---\n", "settings under each network"),
        ("---\nmedia:\n  - alt: x\n---\n", "has a file"),
        ("---\n" + "a1: x\n" * 300 + "---\n", "has no end"),
    ],
)
def test_what_cannot_be_read_is_told_in_words(text: str, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        post_files.read(text)


def test_other_peoples_yaml_is_read() -> None:
    found = post_files.read(
        "\ufeff---\r\n# a note\r\ntime: 2026-05-14 09:30\r\naccounts: x, bluesky/its\r\n"
        "link: 'it''s'\r\n"
        "media:\r\n- media/a.png\r\n- file: b.png\r\n  part: 2\r\n---\r\n\r\nHello\r\n"
    )
    assert found.accounts == ("x", "bluesky/its") and found.parts == ("Hello",)
    assert found.link == "it's"
    assert found.media == (Shot("media/a.png"), Shot("b.png", part=2))


@settings(max_examples=40)
@given(st.lists(TEXT, min_size=1, max_size=3), st.lists(TEXT, min_size=1, max_size=2))
def test_a_document_comes_back_as_it_was(shared: list[str], own: list[str]) -> None:
    made = Document(
        parts=tuple(shared), accounts=("x/bells", "bluesky/sky"), time="2026-05-14 09:30",
        zone="Europe/London", state="scheduled", link="https://bells.example/?a=1&b=2",
        texts={"twitter": tuple(own)}, media=(Shot("media/a.png", "Six, bells: “#1”"),),
        options={"twitter": {"replies": "everyone"}}, id="0198", rev="3",
    )  # fmt: skip
    found = post_files.read(post_files.write(made))
    assert post_files.bare(found.parts) == post_files.bare(made.parts)
    assert post_files.bare(found.texts["twitter"]) == post_files.bare(own)
    plain = {"parts": (), "texts": {}}
    assert vars(found) | plain == vars(made) | plain


def test_a_text_that_looks_like_our_own_lines_stays_text() -> None:
    text = f"{post_files.PART}\n\\{post_files.PART}\nend"
    found = post_files.read(post_files.write(Document(parts=(text, "two"))))
    assert found.parts == (text, "two")


@pytest.mark.parametrize(
    "cell", ["=1+1", "+44 20", "-5", "@bells", "\t=1", "'=1", "''@x", "＝1", "'tis", "plain", ""]
)
def test_no_cell_is_run_and_each_comes_back(cell: str) -> None:
    made = csv_cells.guarded(cell)
    assert not made.startswith(csv_cells.RISKY)
    assert csv_cells.unguarded(made) == cell
