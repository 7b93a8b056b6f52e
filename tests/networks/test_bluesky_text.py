"""Counting and marking a text for Bluesky."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.networks import bluesky_text as text
from tests.growth import grows_gently

FAMILY = "👩‍👩‍👧‍👦"
DIDS = {"bob.test": "did:plc:bob", "alice.bsky.social": "did:plc:alice"}


def found(words: str) -> list[tuple[str, str, str]]:
    return [(f.kind, words[f.start : f.end], f.value) for f in text.find(words)]


@pytest.mark.parametrize(
    ("words", "links"),
    [
        ("see https://a.example/x?y=1#z now", ["https://a.example/x?y=1#z"]),
        ("at https://a.example/x.", ["https://a.example/x"]),
        ("(https://a.example/x)", ["https://a.example/x"]),
        ("https://en.example/wiki/A_(b) ok", ["https://en.example/wiki/A_(b)"]),
        ("“https://a.example/x”, he said", ["https://a.example/x"]),
        ("https://a.example/x!!!?", ["https://a.example/x"]),
        ("marram.coffee is open", ["https://marram.coffee"]),
        ("marram.coffee/menu, today", ["https://marram.coffee/menu"]),
        ("go.marram.co.uk:8080/x", ["https://go.marram.co.uk:8080/x"]),
        ("MARRAM.COFFEE", ["https://MARRAM.COFFEE"]),
        ("пример.рф", ["https://пример.рф"]),
        ("詳細はhttps://a.example/xです。", ["https://a.example/xです"]),
        ("example.comです", ["https://example.com"]),
        ("https:// and http://.", []),
        ("done.It was fine", []),
        ("version 3.11.7 of file.tar.gz2", []),
        ("write to first.last@marram.coffee", []),
        ("e.g. this and i.e. that", []),
        ("at://did:plc:x/app.bsky.feed.post/3k", []),
    ],
)
def test_links_are_found_with_and_without_their_scheme(words: str, links: list[str]) -> None:
    assert [value for kind, _, value in found(words) if kind == "link"] == links


@pytest.mark.parametrize(
    ("words", "handles"),
    [
        ("@bob.test", ["bob.test"]),
        ("hello @Bob.Test, and @alice.bsky.social!", ["bob.test", "alice.bsky.social"]),
        ("(@bob.test) @bob.test's", ["bob.test", "bob.test"]),
        ("@bob.test-", ["bob.test"]),
        ("@bob.testさん", ["bob.test"]),
        ("@bob and me@bob.test", []),
        ("@me@mastodon.social", []),
        ("@1.2.3", []),
        ("x@bob.test /@bob.test", []),
    ],
)
def test_mentions_are_whole_handles(words: str, handles: list[str]) -> None:
    assert [value for kind, _, value in found(words) if kind == "mention"] == handles


@pytest.mark.parametrize(
    ("words", "tags"),
    [
        ("#coffee", ["coffee"]),
        ("#coffee, #tea! ＃日本", ["coffee", "tea", "日本"]),
        ("🎉#yay ❤️#love", ["yay", "love"]),
        ("#week2 #2026 #!", ["week2"]),
        ("no#tag a/#tag #️⃣", []),
        ("#" + "x" * 64, ["x" * 64]),
        ("#" + "x" * 65, []),
    ],
)
def test_tags_are_words_after_a_hash(words: str, tags: list[str]) -> None:
    assert [value for kind, _, value in found(words) if kind == "tag"] == tags


def test_facets_are_byte_ranges_of_what_was_found() -> None:
    words = f"{FAMILY} é https://a.example @bob.test @nobody.test #ça va.coffee"
    raw = words.encode()
    cut = [
        (raw[f["index"]["byteStart"] : f["index"]["byteEnd"]].decode(), f["features"][0])
        for f in text.facets(words, DIDS)
    ]
    kind = "app.bsky.richtext.facet"
    assert cut == [
        ("https://a.example", {"$type": f"{kind}#link", "uri": "https://a.example"}),
        ("@bob.test", {"$type": f"{kind}#mention", "did": "did:plc:bob"}),
        ("#ça", {"$type": f"{kind}#tag", "tag": "ça"}),
        ("va.coffee", {"$type": f"{kind}#link", "uri": "https://va.coffee"}),
    ]


@given(
    st.lists(
        st.sampled_from(
            [
                "https://a.example/b", "a.com", "@bob.test", "#tag", FAMILY, "é", " ", "\n", "(",
                ")", ".", ",", "word", "…", "🇩🇪", "#", "@", "ーです", "\u200d", "\ufe0f", "://",
            ]
        ),
        max_size=30,
    )
)  # fmt: skip
def test_every_facet_cuts_whole_characters_and_none_overlap(pieces: list[str]) -> None:
    words = text.normal("".join(pieces))
    raw, last = words.encode(), 0
    for facet in text.facets(words, DIDS):
        start, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        assert last <= start < end <= len(raw)
        covered, feature = raw[start:end].decode(), facet["features"][0]
        if "uri" in feature:
            assert feature["uri"].removeprefix("https://") == covered.removeprefix("https://")
        elif "tag" in feature:
            assert f"#{feature['tag']}" == covered
        else:
            assert DIDS[covered.removeprefix("@").lower()] == feature["did"]
        last = end


def test_length_is_in_graphemes_and_bytes() -> None:
    assert text.graphemes(FAMILY * 300) == 300
    assert text.compose("e\u0301" * 300, "").left == 0
    assert text.size(FAMILY * 120) == 3000


def test_the_preview_marks_the_same_ranges_and_what_is_too_long() -> None:
    composed = text.compose("  see @bob.test\r\n#go " + "x" * 300, "https://web.example")
    assert composed.text.startswith("see @bob.test\n#go x")
    marks = [(s.kind, composed.text[s.start : s.end], s.href) for s in composed.spans]
    assert marks[:2] == [
        ("mention", "@bob.test", "https://web.example/profile/bob.test"),
        ("tag", "#go", "https://web.example/hashtag/go"),
    ]
    assert (composed.count, composed.left) == (318, -18)
    assert marks[2][0] == "over" and len(marks[2][1]) == 18


def test_the_over_mark_begins_where_the_bytes_end() -> None:
    composed = text.compose(FAMILY * 121, "")
    (over,) = composed.spans
    assert (over.start, over.end) == (len(FAMILY) * 120, len(FAMILY) * 121)
    assert composed.left > 0


@pytest.mark.parametrize("piece", ["a.", "a.b", "@a.", "#a", "https://", "(", "a-", ")", FAMILY])
def test_a_hostile_text_costs_no_more_than_its_length(piece: str) -> None:
    words = "https://a.example/" + piece * (200_000 // len(piece))
    assert grows_gently(lambda some: text.compose(some, ""), words)
