"""What is said about a post before Reddit sees it, and each row of its error table."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from app.clock import now
from app.config import Config
from app.networks import reddit_errors, reddit_text
from app.networks.base import Category, Effect, Media, NetworkError, Part
from app.networks.reddit import Reddit
from app.networks.wire import Answer
from tests.networks.reddit_helpers import person, picture, played, sandbox, store, video

__all__ = ["played", "sandbox", "store"]


@pytest.fixture
def reddit(http: httpx.Client, config: Config) -> Reddit:
    return Reddit(http, config)


def problems(reddit: Reddit, *parts: Part, **options: Any) -> dict[str, str]:
    """The blocking ones, by field."""
    found = reddit.validate(parts, {}, {"subreddit": "test", **options})
    return {one.field: one.message for one in found if one.blocks}


def test_a_plain_post_has_no_problems(reddit: Reddit) -> None:
    assert reddit.validate((Part("Hello\n\nOne line."),), {}, {"subreddit": "r/test"}) == []


@pytest.mark.parametrize(
    ("text", "options", "field", "words"),
    [
        ("Hello", {"subreddit": ""}, "options.subreddit", "Choose for Reddit: Subreddit"),
        ("Hello", {"subreddit": "not a name"}, "options.subreddit", "r/name"),
        ("Hello", {"title": "x" * 301}, "options.title", "300"),
        ("x" * 301, {}, "options.title", "301 characters long and would be the title"),
        ("", {}, "options.title", "needs a title"),
        ("https://example.com", {}, "options.title", "needs a title"),
        ("T\n" + "x" * 40_001, {}, "text", "1 character over the limit of 40,000"),
        ("No address here", {"kind": "link"}, "text", "https://"),
        ("Hello", {"flairText": "Mine"}, "options.flairText", "Choose a flair"),
        ("Hello", {"kind": "poll"}, "options.kind", "choose one of"),
        ("Hello", {"nsfw": "maybe"}, "options.nsfw", "yes or no"),
        ("Hello", {"firstComment": "x" * 10_001}, "comment", "10,000"),
    ],
)
def test_what_reddit_would_refuse_is_said_before(
    reddit: Reddit, text: str, options: dict[str, Any], field: str, words: str
) -> None:
    assert words in problems(reddit, Part(text), **options)[field]


def test_media_have_reddits_limits(reddit: Reddit, tmp_path: Path) -> None:
    shot, film = picture(tmp_path), video(tmp_path)
    assert not problems(reddit, Part("T", (shot,) * 20))
    assert "20 pictures" in problems(reddit, Part("T", (shot,) * 21))["media"]
    assert "not both" in problems(reddit, Part("T", (shot, film)))["media"]
    long = Media("v", film.path, "video/mp4", 10, seconds=901.0)
    assert "15 minutes" in problems(reddit, Part("T", (long,)))["media"]
    large = Media("p", shot.path, "image/png", 20_000_001)
    assert "20 MB" in problems(reddit, Part("T", (large,)))["media"]


def test_later_parts_are_comments(reddit: Reddit, tmp_path: Path) -> None:
    found = reddit.validate(
        (Part("T"), Part("", (picture(tmp_path),)), Part("x" * 10_001)), {}, {"subreddit": "a1"}
    )
    assert [(one.part, one.field) for one in found] == [(1, "media"), (1, "text"), (2, "text")]


def test_lines_that_reddit_would_join_are_warned_of(reddit: Reddit) -> None:
    def warned(text: str) -> bool:
        found = reddit.validate((Part(text),), {}, {"subreddit": "test", "title": "T"})
        assert not any(one.blocks for one in found)
        return bool(found)

    assert warned("One line\nand the next")
    assert not any(map(warned, ("A\n\nB", "- a\n- b", "> a\n> b", "1. a\n2. b", "a  \nb")))


@pytest.mark.parametrize(
    ("place", "text", "options", "field", "words"),
    [
        ("strict", "[News] x", {}, "options.title", "10 characters or more"),
        ("strict", "[News] " + "x" * 80, {}, "options.title", "up to 80"),
        ("strict", "A plain old title", {}, "options.title", "one of these in the title: [News]"),
        ("strict", "[News] it is Free", {}, "options.title", "“free”"),
        ("strict", "[News] a title", {}, "text", "wants a text"),
        ("strict", "[News] a title\n\nabc", {}, "text", "5 characters or more"),
        ("strict", "[News] a title\n\nThe Casino", {}, "text", "“casino”"),
        ("strict", "[News] a title\n\nhttps://www.spam.example/a", {}, "text", "www.spam.example"),
        ("strict", "[News] a title\n\nWords", {}, "options.flairId", "News (f-news)"),
        ("flaired", "T", {"flairId": "f-gone"}, "options.flairId", "no such flair"),
        ("flaired", "T", {"flairId": "f-news", "flairText": "Mine"}, "options.flairText", "fixed"),
        ("textonly", "T\nhttps://example.com", {}, "options.kind", "text posts only"),
        ("linksonly", "T", {}, "options.kind", "no text posts"),
    ],
)
def test_the_chosen_subreddits_rules_are_checked_where_they_are_known(
    reddit: Reddit, place: str, text: str, options: dict[str, Any], field: str, words: str
) -> None:
    extras = reddit.destination(person(reddit), place).extras
    found = problems(reddit, Part(text), subreddit=place, _destination=extras, **options)
    assert words in found[field]
    assert words not in problems(reddit, Part(text), subreddit=place, **options).get(field, "")


def test_pictures_where_none_are_taken(reddit: Reddit, tmp_path: Path) -> None:
    shot = picture(tmp_path)
    for extras, media in (
        ({"about": {"allow_images": False}}, (shot,)),
        ({"about": {"allow_galleries": False}}, (shot, shot)),
        ({"about": {"allow_videos": False}}, (video(tmp_path),)),
    ):
        assert "takes no" in problems(reddit, Part("T", media), _destination=extras)["media"]


def test_a_subreddits_own_expression_never_holds_us_up_and_only_warns(reddit: Reddit) -> None:
    wants = {"requirements": {"title_regexes": ["^(a+)+$"]}}
    found = reddit.validate(
        (Part("a" * 40 + "!"),), {}, {"subreddit": "test", "_destination": wants}
    )
    assert not any(one.blocks for one in found)
    broken = {"requirements": {"title_regexes": ["("]}}
    assert not reddit.validate((Part("T"),), {}, {"subreddit": "test", "_destination": broken})
    asked = {"requirements": {"title_regexes": [r"^\[News\]"]}}
    (one,) = reddit.validate((Part("T"),), {}, {"subreddit": "test", "_destination": asked})
    assert one.field == "options.title" and not one.blocks


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("python", "python"), ("r/Python", "Python"), (" /r/python/ ", "python"),
        ("u/ann", "u_ann"), ("u_ann-b", "u_ann-b"), ("a", ""), ("a b", ""), ("x" * 22, ""),
        ("r/../me", ""), ("", ""),
    ],
)  # fmt: skip
def test_places_are_read_as_people_write_them(typed: str, name: str) -> None:
    assert reddit_text.place(typed) == name


def test_the_text_is_counted_in_code_points_and_its_links_are_marked() -> None:
    text = "Nice 🎉 see r/python, u/ann and https://example.com/r/a."
    composed = reddit_text.compose(text)
    assert (composed.count, composed.limit) == (len(text), 40_000)
    marked = {text[s.start : s.end]: (s.kind, s.href) for s in composed.spans}
    assert marked["https://example.com/r/a"] == ("link", "https://example.com/r/a")
    assert marked["u/ann"][0] == "mention" and marked["r/python"][1].endswith("/r/python")
    assert len(marked) == 3


# Errors ----------------------------------------------------------------------------------------


def answer(status: int, body: Any = None, **headers: str) -> Answer:
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Answer(status, {k.replace("_", "-"): v for k, v in headers.items()}, data)


def plain(status: int, **more: Any) -> Answer:
    return answer(status, {"message": "Forbidden", "error": status, **more})


@pytest.mark.parametrize(
    ("found", "category"),
    [
        (plain(401), Category.AUTH_ERROR),
        (answer(403, {}, www_authenticate='Bearer realm="reddit", error="insufficient_scope"'),
         Category.AUTH_ERROR),
        (plain(403, reason="USER_SUSPENDED"), Category.AUTH_ERROR),
        (plain(403), Category.VALIDATION),
        (plain(404), Category.VALIDATION),
        (plain(429), Category.RATE_LIMITED),
        (answer(403, "<html>blocked"), Category.NETWORK_ERROR),
        (answer(400, {"reason": "SUBMIT_VALIDATION_X", "explanation": "no"}), Category.VALIDATION),
    ],
)  # fmt: skip
def test_a_listed_refusal_means_that_nothing_was_posted(found: Answer, category: Category) -> None:
    error = reddit_errors.created(found)
    assert error is not None
    assert (error.category, error.effect) == (category, Effect.NONE)
    assert error.expired is (found.status == 401)


@pytest.mark.parametrize(
    "found",
    [
        answer(500, "oops"), answer(502, "<html>"), answer(520, ""), answer(522, ""),
        answer(408, {}), answer(400, "<html>"), answer(404, "<html>"), answer(302, ""),
        answer(409, {"message": "Conflict"}),
    ],
)  # fmt: skip
def test_anything_else_stays_unknown(found: Answer) -> None:
    assert reddit_errors.created(found) is None


@pytest.mark.parametrize(
    ("body", "category", "code"),
    [
        ([["GALLERIES_DISABLED", "…", "sr"]], Category.VALIDATION, "GALLERIES_DISABLED"),
        ({"json": {"errors": [["USER_REQUIRED", "Please log in", None]]}}, Category.AUTH_ERROR,
         "USER_REQUIRED"),
        ({"json": {"errors": [["BAD_CAPTCHA", "care to try?", "captcha"]]}}, Category.VALIDATION,
         "BAD_CAPTCHA"),
        ({"json": {"errors": [["NEW_ONE", "that is new", "x"]]}}, Category.VALIDATION, "NEW_ONE"),
    ],
)  # fmt: skip
def test_errors_in_a_200_are_refusals(body: Any, category: Category, code: str) -> None:
    with pytest.raises(NetworkError) as told:
        reddit_errors.accepted(answer(200, body))
    assert (told.value.category, told.value.effect, told.value.code) == (
        category, Effect.NONE, code,
    )  # fmt: skip


@pytest.mark.parametrize("body", ["<html>", "", {"json": {"errors": []}}, {"success": False}, []])
def test_a_200_that_says_nothing_counts_as_done(body: Any) -> None:
    with pytest.raises(NetworkError) as told:
        reddit_errors.accepted(answer(200, body))
    assert told.value.effect is Effect.DONE


@pytest.mark.parametrize(
    ("words", "beside", "seconds"),
    [
        ("you are doing that too much. try again in 9 minutes.", None, 540),
        ("Take a break for 1 minute and 5 seconds before", None, 65),
        ("try again in 42 seconds.", None, 42),
        ("try again in 300 milliseconds.", None, 0.3),
        ("Take a break for 2 hours", None, 7200),
        ("try again in 9 minutes.", 33.5, 33.5),
        ("later, please", None, 599),
    ],
)
def test_the_wait_is_read_from_seconds_or_words(
    words: str, beside: float | None, seconds: float
) -> None:
    body: dict[str, Any] = {"errors": [["RATELIMIT", words, "ratelimit"]]}
    if beside is not None:
        body["ratelimit"] = beside
    with pytest.raises(NetworkError) as told:
        reddit_errors.accepted(answer(200, {"json": body}))
    error = told.value
    assert error.category is Category.RATE_LIMITED and error.retry_at is not None
    wait = timedelta(seconds=seconds + 1)
    assert wait - timedelta(seconds=1) < error.retry_at - now() <= wait


def test_the_uploads_server_speaks_xml() -> None:
    large = (
        "<Error><Code>EntityTooLarge</Code><Message>m</Message><ProposedSize>30</ProposedSize>"
        "<MaxSizeAllowed>20971520</MaxSizeAllowed></Error>"
    )
    error = reddit_errors.storage(answer(400, large))
    assert error is not None and not error.retryable and "20 MB" in error.message
    for status, category in ((403, Category.MEDIA_ERROR), (503, Category.NETWORK_ERROR)):
        error = reddit_errors.storage(answer(status, "<Error><Code>SlowDown</Code></Error>"))
        assert error is not None and (error.category, error.retryable) == (category, True)
