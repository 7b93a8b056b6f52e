"""What no client should send is refused in words, by every contract alike."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.asking import Api


@pytest.mark.parametrize("method", ["TRACE", "PUT", "QUERY", "BREW"])
def test_a_method_that_is_not_taken_is_told_those_that_are(amplify: Api, method: str) -> None:
    amplify.ask(method, "/api/v1/posts", status=405)
    assert {"GET", "POST"} <= set(amplify.headers["Allow"].replace(" ", "").split(","))


@pytest.mark.parametrize("query", ["limit=" + "9" * 400, "offset=-1", "limit=1e3", "offset=%00"])
def test_numbers_that_are_none_or_too_large(amplify: Api, query: str) -> None:
    told = amplify.get(f"/api/v1/posts?{query}", status=400)
    assert told["code"] == "VALIDATION_FAILED"


def test_a_parameter_given_twice_is_named(amplify: Api) -> None:
    for path in ("posts?limit=1&limit=2", "connections?profileId=&profileId=a",
                 "templates?category=a&category=a"):  # fmt: skip
        told = amplify.get(f"/api/v1/{path}", status=400)
        assert told["field"] in ("limit", "profileId", "category")


@pytest.mark.parametrize(
    "body",
    [
        {"name": "a\0b"}, {"name": "\ud800"}, {"name": 5}, {"name": None}, {"name": ["a"]},
        {"name": "a", "isFavorite": "yes"}, {"name": "a", "platforms": "twitter"},
    ],
)  # fmt: skip
def test_members_of_another_type_or_with_characters_that_cannot_be_kept(
    amplify: Api, body: Any
) -> None:
    amplify.post("/api/v1/templates", {"content": "Hello", **body}, status=400)


def test_a_time_is_no_number(amplify: Api) -> None:
    told = amplify.post(
        "/api/v1/post", {"content": "x", "platforms": ["mastodon"], "scheduleDate": 4102444800},
        status=400,
    )  # fmt: skip
    assert told["field"] == "scheduleDate"


@pytest.mark.parametrize("path", ["/api/v1/posts", "/api/v1/media", "/api/add/social-page/"])
@pytest.mark.parametrize("what", ['name="odd\\"', "", 'name="odd\\"; filename="a.png"'])
def test_a_part_of_a_body_without_a_name(amplify: Api, path: str, what: str) -> None:
    parts = [f"Content-Disposition: form-data; {what}", 'Content-Disposition: form-data; name="b"']
    raw = "".join(f"--x\r\n{one}\r\n\r\n1\r\n" for one in parts) + "--x--\r\n"
    for headers in ({}, {"Idempotency-Key": "odd"}):
        amplify.post(
            path, data=raw.encode(), content_type="multipart/form-data; boundary=x", status=400,
            headers=headers,
        )  # fmt: skip
