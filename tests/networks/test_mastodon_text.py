"""Counting, live parts, and a text read back from a status' HTML (networks/mastodon.md §4)."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from app.networks.mastodon_text import (
    alike,
    canonical,
    compose,
    countable,
    entities,
    length,
    plain,
)
from app.sandbox.mastodon import html
from tests.growth import grows_gently

FAMILY = "👨‍👩‍👧‍👦"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("Hello", 5),
        (FAMILY, 1),
        ("🇬🇧🇫🇷", 2),
        ("e\u0301", 1),
        ("한국어", 3),
        ("a\r\nb", 3),
        ("https://example.com/" + "x" * 300, 23),
        ("http://a.co", 23),
        ("HTTPS://EXAMPLE.COM/X", 23),
        ("two https://a.co and http://b.org/x?y=1#z", 4 + 23 + 5 + 23),
        ("@ana@mastodon.social", 4),
        ("@ana", 4),
        ("hi @ana@mastodon.social!", 3 + 4 + 1),
        ("@a.b-c@sub.example.org", 6),
        ("#tag #Täg", 9),
        ("see https://example.com/path.", 4 + 23 + 1),
        ("(https://en.wikipedia.org/wiki/A_(b))", 1 + 23 + 1),
        ("https://a.com/?q=1.", 24),
        ("https://a.com:8443/x", 23),
        ("日本https://a.com/日本 x", 2 + 23 + 2),
        ("https://пример.рф/страница", 23),
        ("https://xn--e1afmkfd.xn--p1ai/", 23),
        # No links: nothing that a server would make one of.
        ("https://localhost:3000/x", 24),
        ("https://example.notatld/x", 25),
        ("xhttps://a.com", 14),
        ("@https://a.com", 14),
        ("ftp://example.com", 17),
        ("example.com", 11),
        ("https://", 8),
        # No mentions.
        ("me@example.com", 14),
        ("https://mastodon.social/@me@example.com", 23),
        ("@me@example.com@more", 20),
    ],
)
def test_counts_as_the_server_does(text: str, count: int) -> None:
    assert length(text) == count


def test_a_warning_counts_and_its_links_are_not_shortened() -> None:
    assert length("x", spoiler="https://example.com/" + "y" * 30) == 51


def test_a_server_that_names_no_reserve_counts_links_as_written() -> None:
    text = "https://example.com/" + "x" * 300
    assert length(text, reserved=None) == 320
    assert length(text, reserved=30) == 30


def test_the_server_strips_both_ends_before_it_counts() -> None:
    made = compose("  \n hello \r\n", 500, 23, "")
    assert (made.text, made.count, made.left) == ("hello", 5, 495)


def test_live_parts_are_marked_where_they_stand() -> None:
    text = "Hi @ana@b.org, see https://example.com/x #news"
    made = compose(text, 500, 23, "m.example")
    found = [(span.kind, text[span.start : span.end], span.href) for span in made.spans]
    assert found == [
        ("mention", "@ana@b.org", "https://b.org/@ana"),
        ("link", "https://example.com/x", "https://example.com/x"),
        ("tag", "#news", "https://m.example/tags/news"),
    ]


def test_what_is_too_much_is_marked_from_the_first_character_too_many() -> None:
    made = compose("a" * 9 + FAMILY + "bc", 10, 23, "")
    over = next(span for span in made.spans if span.kind == "over")
    assert (made.count, made.left, made.text[over.start :]) == (12, -2, "bc")


def test_a_link_that_crosses_the_limit_is_too_much_as_a_whole() -> None:
    made = compose("abc https://example.com/x", 10, 23, "")
    over = next(span for span in made.spans if span.kind == "over")
    assert made.text[over.start : over.end] == "https://example.com/x"


def test_a_text_within_the_limit_has_nothing_over() -> None:
    assert not [s for s in compose("a" * 500, 500, 23, "").spans if s.kind == "over"]


@given(st.text(max_size=300))
def test_plain_text_counts_its_grapheme_clusters(text: str) -> None:
    if not entities(text):
        assert length(text) == len(regex.findall(r"\X", text))


@given(st.text(max_size=200), st.integers(1, 60))
def test_too_long_and_marked_over_are_the_same_thing(text: str, limit: int) -> None:
    made = compose(text, limit, 23, "")
    over = [span for span in made.spans if span.kind == "over"]
    assert bool(over) == (made.count > limit)
    for span in made.spans:
        assert 0 <= span.start < span.end <= len(made.text)


@given(st.text(max_size=200))
def test_every_counted_character_has_a_place_in_the_text(text: str) -> None:
    counted, places = countable(text)
    assert len(counted) == len(places)
    assert places == sorted(places)
    assert all(0 <= place < len(text) for place in places)


words = st.sampled_from(
    [
        "hello", "a", "ünder", FAMILY, "🇬🇧", "日本", "(", ")", "!", ".", ",", "…", "-", "1",
        "https://example.com", "http://a.co/x?y=z&w=1", "https://example.org/a/b_(c)",
        "https://sub.example.co.uk:8443/path/", "https://no.tld.invalidtld/x",
        "@ana", "@ana@mastodon.social", "@b_c@x.org", "#tag", "#Zwei", "#1", "me@x.org",
    ]
)  # fmt: skip


@given(st.lists(words, max_size=40), st.sampled_from([" ", "\n", "\n\n"]))
def test_the_client_and_the_played_server_count_alike(found: list[str], between: str) -> None:
    text = between.join(found)
    assert length(text) == html.length(text, "", 23)


@given(st.lists(words, max_size=40), st.sampled_from([" ", "\n", "\n\n", "\n\n\n"]))
def test_a_text_is_known_again_after_the_server_rewrote_it(found: list[str], between: str) -> None:
    text = between.join(found)
    shown = html.content(text, "https://m.example", lambda user, host: f"https://{host}/@{user}")
    assert canonical(plain(shown)) == canonical(text)


@given(st.text(max_size=300))
def test_any_text_is_known_again(text: str) -> None:
    shown = html.content(text, "https://m.example", lambda user, host: "")
    assert canonical(plain(shown)) == canonical(text)


def test_content_as_mastodon_renders_it_is_read_back() -> None:
    shown = (
        '<p>Fish &amp; chips <a href="https://example.com/a/very/long/path/that/goes/on" '
        'target="_blank" rel="nofollow noopener" translate="no"><span class="invisible">'
        'https://</span><span class="ellipsis">example.com/a/very/long/path/th</span>'
        '<span class="invisible">at/goes/on</span></a><br />'
        '<span class="h-card" translate="no"><a href="https://x.org/@ana" class="u-url mention">'
        '@<span>ana</span></a></span></p><p><a href="https://m.example/tags/uk" '
        'class="mention hashtag" rel="tag">#<span>uk</span></a></p>'
    )
    text = "Fish & chips https://example.com/a/very/long/path/that/goes/on\n@ana@x.org\n\n#uk"
    assert canonical(plain(shown)) == canonical(text)


def test_other_words_are_not_the_same_text() -> None:
    assert canonical("Sale today") != canonical("Sale tomorrow")
    assert canonical("@ana hi") != canonical("@bob hi")


def test_texts_that_share_most_words_are_alike() -> None:
    assert alike("our *big* sale in the shop begins today", "our big sale in the shop begins today")
    assert not alike("big sale in our shop", "good morning everybody")
    assert not alike("", "")


@pytest.mark.parametrize(
    "text",
    [
        "https://a.co/" + "(" * 60_000,
        "https://a.co/(" * 6_000,
        "https://" + "a." * 40_000,
        "https://" * 10_000,
        "-https://a.co?.." * 5_000,
        "@a" + ".a" * 40_000,
        "@a@" * 20_000,
        "#" + "1" * 80_000,
        "#a" * 40_000,
        "https://a.co/?" + "." * 60_000,
    ],
)
def test_no_text_makes_the_counter_slow(text: str) -> None:
    assert grows_gently(lambda some: compose(some, 500, 23, ""), text)


@pytest.mark.parametrize(
    "html", ["<!--", "<a ", "&", "<![", "<", "</", "<a b='", '<a "', "&#", "<p"]
)
def test_no_answer_makes_the_reader_slow_or_fail(html: str) -> None:
    assert grows_gently(plain, "&#" + (html * 65_536)[:65_536])


def test_what_is_no_element_stays_text() -> None:
    assert plain("<p>1 < 2 and <3, a&lt;b&gt;</p>") == "1 < 2 and <3, a<b>"
    assert plain("<a title=\"a>b\" href='x'>link</a>") == "link"
