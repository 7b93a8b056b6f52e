"""What a page says of itself, whatever its bytes are."""

from __future__ import annotations

import time

import pytest

from app.integrations import opengraph
from app.integrations.opengraph import Page, decode, read, tidy

URL = "https://marram.example/news/roast"


def page(html: str | bytes, charset: str = "") -> Page:
    return read(html.encode() if isinstance(html, str) else html, charset, URL)


def test_open_graph_comes_before_twitter_before_plain_html():
    plain = "<TITLE>Plain</TITLE><META NAME=description CONTENT='In words'>"
    twitter = '<meta name="twitter:title" content="Twitter">'
    graph = "<meta content='Graph' property='og:title' />"
    assert page(plain) == Page("Plain", "In words", "")
    assert page(plain + twitter).title == "Twitter"
    assert page(plain + twitter + graph).title == "Graph"


def test_the_first_of_a_name_counts_and_empty_ones_do_not():
    assert page('<meta property="og:title" content=" "><title>A</title>').title == "A"
    both = '<meta property="og:title" content="A"><meta property="og:title" content="B">'
    assert page(both).title == "A"


@pytest.mark.parametrize(
    "found,expected",
    [
        ("/a.jpg", "https://marram.example/a.jpg"),
        ("a.jpg", "https://marram.example/news/a.jpg"),
        ("//cdn.example/a.jpg", "https://cdn.example/a.jpg"),
        ("http://cdn.example/a.jpg?x=1&amp;y=2", "http://cdn.example/a.jpg?x=1&y=2"),
        ("javascript:alert(1)", ""),
        ("data:image/png;base64,AAAA", ""),
        ("file:///etc/passwd", ""),
        ("http://[::1", ""),
        ("/a\x00.jpg", ""),
        ("/a\n.jpg", ""),
        ("https://a.example/" + "x" * 2000, ""),
    ],
)  # fmt: skip
def test_a_picture_has_an_absolute_web_address_or_none(found, expected):
    assert page(f'<meta property="og:image" content="{found}">').image == expected


def test_a_base_address_counts():
    html = '<base href="https://cdn.example/x/"><meta property="og:image" content="a.jpg">'
    assert page(html).image == "https://cdn.example/x/a.jpg"
    assert page('<link rel="image_src" href="/b.png">').image == "https://marram.example/b.png"


@pytest.mark.parametrize(
    "hiding",
    ["<!-- {} -->", "<script>{}</script>", "<style>{}</style>", "<svg>{}</svg>",
     "<template>{}</template>", "<textarea>{}</textarea>", "<SCRIPT type=x>{}</ScRiPt >"],
)  # fmt: skip
def test_tags_in_comments_scripts_and_drawings_are_none(hiding):
    inside = '<title>Wrong</title><meta property="og:title" content="Wrong">'
    assert page(hiding.format(inside) + "<title>Right</title>").title == "Right"


@pytest.mark.parametrize(
    "html,title",
    [
        ("<title>Fish &amp; chips &#8211; &quot;fresh&quot;</title>", "Fish & chips – \"fresh\""),
        ("<title>\n  Six\t bells \n</title>", "Six bells"),
        ("<title data-x='>'>Odd</title>", "'>Odd"),
        ("<title>Never closed", "Never closed"),
        ("<title>A <b>bold</b> one</title>", "A <b>bold</b> one"),
        ("<titles>No</titles>", ""),
        ('<meta property="og:title" content="a > b">', "a > b"),
        ('<meta property=og:title content=Bare>', "Bare"),
        ('<meta\n  property = "og:title"\n  content = "Wide">', "Wide"),
        ('<meta property="og:title" content="unclosed>', ""),
        ("", ""),
        ("plain text", ""),
    ],
)  # fmt: skip
def test_html_as_people_write_it(html, title):
    assert page(html).title == title


def test_text_is_one_line_without_anything_unseen():
    assert tidy("a\u202egpj.exe\x07 b\r\n\ufeffc&#0;", 99) == "agpj.exe b c\ufffd"
    assert tidy("&#xD800;x", 9) == "\ufffdx"
    assert tidy("x" * 301, 300) == "x" * 299 + "…"
    assert len(page("<title>" + "é" * 5000 + "</title>").title) == 300


@pytest.mark.parametrize(
    "body,charset,text",
    [
        ("Käse".encode(), "", "Käse"),
        ("Käse".encode("latin-1"), "", "Käse"),
        ("Käse".encode("latin-1"), "ISO-8859-1", "Käse"),
        ("“Käse” €".encode("cp1252"), "latin1", "“Käse” €"),
        ("Käse".encode("utf-8-sig"), "iso-8859-1", "Käse"),
        ("Käse".encode("utf-16"), "", "Käse"),
        ("鐘".encode("shift_jis"), "Shift_JIS", "鐘"),
        ("鐘".encode("euc-jp"), '"euc-jp"', "鐘"),
        ("колокол".encode("cp1251"), "windows-1251", "колокол"),
        (b"<meta charset=windows-1251>" + "колокол".encode("cp1251"), "",
         "<meta charset=windows-1251>колокол"),
        (b"ok", "zip", "ok"), (b"ok", "zlib_codec", "ok"), (b"ok", "unicode_escape", "ok"),
        (b"ok", "punycode", "ok"), (b"ok", "idna", "ok"), (b"ok", "nonsense-7", "ok"),
        (b"+ADw-script+AD4-", "utf-7", "+ADw-script+AD4-"),
        (b"<meta charset='utf-16'>ok", "", "<meta charset='utf-16'>ok"),
    ],
)  # fmt: skip
def test_the_charset_is_found_and_only_text_is_a_charset(body, charset, text):
    assert decode(body, charset) == text


def test_a_character_cut_in_half_at_the_end_does_not_change_the_charset():
    assert decode("Käse ä".encode()[:-1], "").startswith("Käse ")


NASTY = (
    "<", "<a ", "<!--", "<!", "</", "<meta ", "<meta content='", '<meta a="', "<title", "<title>",
    "<script", "<script>", "</script", "<base href=", "<meta a=a ", "&", "&#", "<meta /", "<svg ",
    "<meta \t", "<link rel=", "<meta property='og:title' content='&amp;",
)  # fmt: skip


@pytest.mark.parametrize("unit", NASTY)
def test_a_megabyte_of_anything_is_read_in_no_time(unit):
    body = (unit * (1024 * 1024 // len(unit))).encode()
    began = time.process_time()
    page(body)
    page(b"<title>A</title>" + body)
    page(b"<meta " + b" " * 10**6 + b"x")
    assert time.process_time() - began < 6  # backtracking takes minutes


def test_no_more_tags_are_read_than_a_page_needs():
    many = "<meta name=x content=y>" * opengraph.MOST_TAGS
    assert page(many + "<title>Late</title>").title == ""
