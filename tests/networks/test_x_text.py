"""X's weighted count, against figures of X's own library and against its rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.networks import x_text
from app.networks.x_links import find_links
from app.networks.x_text import compose, weigh
from app.sandbox.x_length import weighted
from tests.growth import grows_gently

ZWJ = "\u200d"
FAMILY = f"👨{ZWJ}👩{ZWJ}👧{ZWJ}👦"
SCOTLAND = "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
KANA = "あいうえおかきくけこ"

# What twitter-text 3.1 answers for these texts.
FIGURES = [
    ("Plain words.", 12),
    ("See http://test.co", 27),
    ("http://test.co", 23),
    ("a much longer link https://www.example.com/some/path/that/goes/on?and=on&on=1#end", 42),
    ("example.com", 23),
    ("foo.jp and bar.co.uk", 51),
    ("x" * 285, 285),
    ("https://www.example.com/aloha " * 10, 240),
    ("漢" * 160, 320),
    ("the" + "漢" * 160, 323),
    ("😷" * 160, 320),
    (FAMILY * 140, 280),
    (f"H🐱☺{FAMILY}", 7),
    (f"🙋🏽👨{ZWJ}🎤", 4),
    ("1\u20e3", 2),
    ("#\ufe0f\u20e3", 2),
    ("© ©\ufe0f", 4),
    ("🇬🇧🇩🇪", 4),
    (f"flag {SCOTLAND}", 7),
    ("😀\u0301", 3),
    ("A\u0301B", 2),
    ("A\ufb2c", 4),
    ("\u2000\u200b‐‒–—―‖‗‘’‚‛“”„‟′″‴‵‶‷", 23),
    ("…", 2),
    ("€", 2),
    ("\u10ff\u1100", 3),
    ("randomurl" * 6 + "randomurls.com", 68),
    (f"http://{KANA * 5}あい.com", 23),
    (f"http://{KANA * 5}あいう.com", 117),
    ("\u2066\u202ahttp://foobar.پاکستان/\u202c\u2069", 31),
    ("node.js README.md", 31),
    ("mail me at a.b@example.com", 26),
    ("example.com?x=1", 27),
    ("example.com:80/a", 23),
    ("http://192.168.0.1/x http://localhost:8000/x", 61 - 17),
    ("президент.рф http://президент.рф/x", 36),
]


@pytest.mark.parametrize(("text", "figure"), FIGURES)
def test_a_text_counts_what_x_counts(text: str, figure: int) -> None:
    assert weigh(text) == figure


LINKS = [
    ("foo.com foo.net/ba?x=1.", ["foo.com", "foo.net/ba?x=1"]),
    ("(http://example.com) and “https://b.org/x”", ["http://example.com", "https://b.org/x"]),
    ("http://en.example.org/wiki/Primer_(film) ok", ["http://en.example.org/wiki/Primer_(film)"]),
    ("http://example.com/path.......... then", ["http://example.com/path"]),
    ("#test.com @test.com $test.com", []),
    ("john.doe.gov@mail.com", []),
    ("http://no-tld http://tld-too-short.x", []),
    ("http://-twitter.com http://twitter-.com http://a_b.com", []),
    ("http://sub_domain-dash.example.com", ["http://sub_domain-dash.example.com"]),
    ("これ。example.com中国語t.co/abc한국example.org", ["example.com", "t.co/abc", "example.org"]),
    ("http://t.co/pbY2NfTZ's http://t.co/8t7G3ddS#a",
     ["http://t.co/pbY2NfTZ", "http://t.co/8t7G3ddS"]),
    (f"http://t.co/{'a' * 41}", []),
    ("HTTPS://Example.COM/Ä", ["HTTPS://Example.COM/Ä"]),
    ("http://example.com/Русские_слова", ["http://example.com/Русские_слова"]),
    ("www.みんな ELPAÍS.com", ["www.みんな", "ELPAÍS.com"]),
    ("long.test.tar.bz2", []),
    ("http:// example.com/path", ["example.com/path"]),
    ("a..example.com", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "links"), LINKS)
def test_links_are_found_where_x_finds_them(text: str, links: list[str]) -> None:
    assert [link.text for link in find_links(text)] == links


def test_spans_mark_links_mentions_tags_and_what_is_too_much() -> None:
    composed = compose("@ann_1 see example.com/#no #Café me@x.de #1 " + "z" * 300, 280)
    marked = [(span.kind, composed.text[span.start : span.end]) for span in composed.spans]
    assert marked[:3] == [
        ("mention", "@ann_1"), ("link", "example.com/#no"), ("tag", "#Café"),
    ]  # fmt: skip
    kind, rest = marked[-1]
    assert kind == "over" and set(rest) == {"z"}
    assert len(rest) == -composed.left
    assert composed.spans[1].href == "http://example.com/#no"


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("RT @a: hi", ["@a"]),
        ("の@nameに", ["@name"]),
        ("a@b.com f!@kn @@x @_@", []),
        ("@aliceì", []),
        ("#12345 &#39; a#b", []),
        ("#日本語 ＃全角 #_a", ["#日本語", "＃全角", "#_a"]),
    ],
)
def test_mentions_and_tags_follow_x(text: str, marked: list[str]) -> None:
    composed = compose(text, 280)
    assert [text[s.start : s.end] for s in composed.spans if s.kind != "link"] == marked


def test_the_text_is_tidied_before_it_is_sent() -> None:
    assert compose(" a\r\nb\x00\ufeff\ud800 e\u0301 \n", 280).text == "a\nb é"


def test_a_link_at_the_limit_is_too_much_as_a_whole() -> None:
    composed = compose("x" * 260 + " https://example.com/page", 280)
    over = composed.spans[-1]
    assert (over.kind, composed.count) == ("over", 284)
    assert composed.text[over.start :] == "https://example.com/page"


WORDS = st.sampled_from(
    ["word", "漢字", "é", "😀", FAMILY, "👍🏽", "🇫🇷", "https://example.com/a?b=c", "example.org",
     "#tag", "@name", "—", "…", "1\ufe0f\u20e3", "©", "\n", "…"]
)  # fmt: skip
TEXTS = st.lists(WORDS, max_size=30).map(" ".join)


@given(TEXTS)
def test_the_count_is_the_sum_of_its_words(text: str) -> None:
    words = text.split(" ")
    assert weigh(text) == sum(weigh(word) for word in words) + len(words) - 1


@given(st.text(max_size=400), st.integers(1, 300))
def test_any_text_is_counted_and_the_overflow_begins_where_the_limit_ends(
    text: str, limit: int
) -> None:
    composed = compose(text, limit)
    over = [span for span in composed.spans if span.kind == "over"]
    assert bool(over) == (composed.count > limit)
    assert all(0 <= s.start < s.end <= len(composed.text) for s in composed.spans)
    assert compose(composed.text, limit) == composed
    if over:
        assert weigh(composed.text[: over[0].start]) <= limit or "." in composed.text


@given(st.text(alphabet="ab.-_/:@#htps 日é(", max_size=300))
def test_links_never_overlap_and_are_as_written(text: str) -> None:
    links = find_links(text)
    assert all(text[link.start : link.end] == link.text for link in links)
    assert all(a.end <= b.start for a, b in zip(links, links[1:], strict=False))


@pytest.mark.parametrize(
    "text",
    ["a." * 12_000, "日." * 12_000, "日" * 25_000 + ".com", "a.com/(" * 3_000, "http://" * 3_500,
     "a_" * 12_000 + ".com", "https://a.com/" + "(a" * 12_000, f"👩{ZWJ}" * 8_000, "#a" * 12_000,
     "日a.com." * 3_500, "@a" * 12_000],
)  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    assert grows_gently(lambda some: compose(some, 280), text)


def test_long_posts_are_for_those_who_pay() -> None:
    plans = ["None", "", "Basic", "Premium", "PremiumPlus"]
    limits = [x_text.limit_of({"subscription_type": plan}) for plan in plans]
    assert limits == [280, 280, 25_000, 25_000, 25_000]


@given(TEXTS)
def test_client_and_played_x_count_alike_though_made_apart(text: str) -> None:
    assert weigh(text) == weighted(text)
