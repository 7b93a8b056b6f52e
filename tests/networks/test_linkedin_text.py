"""Little text, and what LinkedIn would refuse."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.networks.base import Card, Part, Problem
from app.networks.linkedin_rules import capabilities, validate
from app.networks.linkedin_text import compose, little, plain
from app.sandbox.linkedin.text import read
from tests.networks.linkedin_helpers import picture, video

TEXTS = [
    "plain",
    "(a) [b] {c} <d> @e #f *g* _h_ ~i~ j|k \\l",
    "#one #two_three ＃four C# #1 #2x a#b /#c &#d;",
    "https://a.com/x_(y)?z=~1#frag and (https://b.com).",
    "Line one\nLine two\n\n#end",
    "back\\#slash \\{hashtag|x|y}",
    "日本語 #日本 😀",
]


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_sent_is_read_as_it_was_written(text: str) -> None:
    assert read(little(text)) == text
    assert plain(little(text)) == " ".join(text.split())


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("#tag", "{hashtag|\\#|tag}"),
        ("#a_b.", "{hashtag|\\#|a\\_b}."),
        ("#1", "\\#1"),
        ("@[Acme](urn:li:organization:7)", "@[Acme](urn:li:organization:7)"),
        ("@[A (B)](urn:li:person:x-Y_z)", "@[A \\(B\\)](urn:li:person:x-Y_z)"),
        ("@[no](urn:li:share:7)", "\\@\\[no\\]\\(urn:li:share:7\\)"),
        ("https://a.com/#x_y", "https://a.com/\\#x\\_y"),
    ],
)
def test_signs_are_marked_and_what_is_meant_is_not(text: str, sent: str) -> None:
    assert little(text) == sent


def test_a_sign_that_is_not_marked_cuts_the_text_off() -> None:
    assert read("Sale (today) only") == "Sale "
    assert read("Sale \\(today\\) #only") == "Sale (today) #only"


def test_spans_and_counts_are_of_the_text_as_it_is_read() -> None:
    found = compose(" Hi @[Acme](urn:li:organization:7) #go https://a.com/x. ")
    assert found.count == len("Hi Acme #go https://a.com/x.")
    assert [(s.kind, found.text[s.start : s.end]) for s in found.spans] == [
        ("mention", "@[Acme](urn:li:organization:7)"), ("tag", "#go"), ("link", "https://a.com/x"),
    ]  # fmt: skip
    over = compose("x" * 3002)
    assert (over.left, over.spans[-1].kind, over.spans[-1].start) == (-2, "over", 3000)


def problems(part: Part, kind: str = "member", **options: object) -> list[Problem]:
    return validate((part,), {"kind": kind}, options)


def test_a_good_post_has_nothing_against_it(tmp_path: Path) -> None:
    assert problems(Part("Hello #world")) == []
    assert problems(Part("", (picture(tmp_path),))) == []
    assert problems(Part("Film", (video(tmp_path),)), videoTitle="T") == []
    card = Card("https://a.com")
    assert problems(Part("https://a.com", (), card), articleTitle="T", visibility="PUBLIC") == []


@pytest.mark.parametrize(
    ("text", "field", "blocks", "words"),
    [
        ("", "text", True, "Write something"),
        ("x" * 3001, "text", True, "1 character over LinkedIn's limit of 3,000"),
        ("(" * 2000, "text", False, "4,000"),
    ],
)
def test_texts_that_do_not_fit(text: str, field: str, blocks: bool, words: str) -> None:
    (found,) = problems(Part(text))
    assert (found.field, found.blocks) == (field, blocks) and words in found.message


def test_files_that_do_not_fit(tmp_path: Path) -> None:
    red, film = picture(tmp_path), video(tmp_path)
    gif = replace(picture(tmp_path, kind="gif"), frames=251)
    for media, words in (
        ((red, film), "not both"),
        ((film, film), "one video"),
        ((red,) * 21, "20 pictures"),
        ((replace(film, size=70_000),), "75 kB"),
        ((replace(film, size=600_000_000),), "500 MB"),
        ((replace(film, seconds=2.0),), "3 seconds"),
        ((replace(film, seconds=1900.0),), "30 minutes"),
        ((replace(film, mime="video/quicktime"),), "MP4"),
        ((replace(red, mime="image/webp"),), "JPEG, PNG or GIF"),
        ((replace(red, width=8000, height=6000),), "48,000,000 pixels"),
        ((gif,), "251 frames"),
        ((replace(red, alt="x" * 4087),), "4,086"),
    ):
        blocking = [one.message for one in problems(Part("x", media)) if one.blocks]
        assert any(words in message for message in blocking), (words, blocking)


def test_options_that_go_nowhere_are_said(tmp_path: Path) -> None:
    for part, name in (
        (Part("https://a.com", (picture(tmp_path),) * 2), "articleDescription"),
        (Part("No film"), "videoTitle"),
    ):
        (found,) = problems(part, **{name: "T"})
        assert (found.field, found.blocks) == (f"options.{name}", False)
    for name in ("articleTitle", "articleDescription"):
        (found,) = problems(Part("No link", (picture(tmp_path),)), **{name: "T"})
        assert (found.field, found.blocks) == (f"options.{name}", True)
    (found,) = problems(Part("Ours"), "organization", visibility="CONNECTIONS")
    assert found.field == "options.visibility" and found.blocks
    assert problems(Part("x"), visibility="NOBODY")[0].field == "options.visibility"
    assert problems(Part("x"), firstComment="y" * 1251)[0].field == "comment"


def test_capabilities_tell_what_a_token_may_read() -> None:
    assert capabilities({"kind": "member", "scopes": ["w_member_social"]}).metrics == ()
    assert "saves" in capabilities({"scopes": ["r_member_postAnalytics"]}).metrics
    ours = capabilities({"kind": "organization", "scopes": ["r_organization_social"]})
    assert "impressions" in ours.metrics and "saves" not in ours.metrics


def test_descriptions_in_the_settings_are_one_for_each_picture(tmp_path: Path) -> None:
    two = Part("x", (picture(tmp_path, ""), picture(tmp_path, "")))
    assert problems(two, altText="Both") == problems(two, altText=["One", "Two"]) == []
    (found, *unsaid) = problems(two, altText=["One"])
    assert (found.field, found.blocks) == ("options.altText", True)
    assert found.message == "The settings have one description for 2 pictures: give one for each."
    assert [one.blocks for one in unsaid] == [False, False]
    assert [p.message for p in problems(two, altText=["One", 2]) if p.blocks] == [
        "Descriptions of the pictures: this is text, or a list of texts."
    ]
    (long,) = problems(two, altText=["One", "x" * 4087])
    assert long.message.endswith("at most 4,086 characters, these are 4,087.")


def test_who_writes_is_the_account(tmp_path: Path) -> None:
    assert problems(Part("x"), authorType="member") == []
    assert problems(Part("x"), "organization", authorType="organization") == []
    (found,) = problems(Part("x"), authorType="organization")
    assert found.blocks and found.contract == (
        "LinkedIn organization posting is intentionally gated for a later operator task."
    )
    (found,) = problems(Part("x"), "organization", authorType="member")
    assert found.blocks and not found.contract
