"""Subreddits: where an account may post, and what each asks of a post (networks/reddit.md §1).

``Destination.extras`` are ``{"about": {…}, "requirements": {…}, "flairs": [{"id", "text",
"editable"}]}``: Reddit's own words, whatever of them could be read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import regex

from app.networks.base import Account, Category, Destination, NetworkError, Problem
from app.networks.reddit_text import Draft
from app.networks.wire import Answer

LISTS = ("moderator", "contributor", "subscriber")
PAGES = 3  # of 100, for each list
DETAILED, DETAIL_SECONDS = 20, 10.0  # subreddits whose rules are read at once, and for how long
ABOUT = (
    "title", "subscribers", "over18", "submission_type", "allow_images", "allow_videos",
    "allow_galleries", "link_flair_enabled", "user_is_banned", "subreddit_type",
)  # fmt: skip
PATTERN_SECONDS = 0.05  # a subreddit's own expression over a title

Read = Callable[[str, Mapping[str, str]], Answer]


def listed(account: Account, read: Read, site: str) -> list[Destination]:
    """The own profile and the subreddits moderated, contributed to and followed.

    The first of them come with their rules; ``one`` reads those of any other.
    """
    profile = f"u_{account.handle}"
    found = {profile.lower(): Destination(
        profile, f"u/{account.handle}", "profile", f"{site}/user/{quote(account.handle, safe='')}"
    )}  # fmt: skip
    for where in LISTS:
        for about in _all(read, where):
            made = _destination(about, site)
            if made is not None:
                found.setdefault(made.external_id.lower(), made)
    until = time.monotonic() + DETAIL_SECONDS
    places = list(found.values())
    for place, one in enumerate(places[: DETAILED + 1]):
        if place and one.writable and time.monotonic() < until:
            places[place] = detailed(one, read)
    return places


def one(name: str, read: Read, site: str) -> Destination:
    """A subreddit by its name, with its rules; ``validation`` where there is none."""
    if name.lower().startswith("u_"):
        return Destination(name, f"u/{name[2:]}", "profile", f"{site}/user/{name[2:]}")
    answer = read(f"/r/{quote(name, safe='')}/about", {})
    data = answer.mapping().get("data")
    made = _destination(data if isinstance(data, dict) else {}, site)
    if made is None:
        raise NetworkError(
            Category.VALIDATION, "There is no subreddit of that name.", code="not_found",
            retryable=False,
        )  # fmt: skip
    return detailed(made, read)


def detailed(place: Destination, read: Read) -> Destination:
    """The same with its rules and flairs, as far as Reddit shows them."""
    extras = dict(place.extras)
    name = quote(place.external_id, safe="")
    wanted = _try(read, f"/api/v1/{name}/post_requirements")
    if isinstance(wanted, dict):
        extras["requirements"] = {key: value for key, value in wanted.items() if value}
    if (extras.get("about") or {}).get("link_flair_enabled", True):
        rows = _try(read, f"/r/{name}/api/link_flair_v2")
        if isinstance(rows, list):
            extras["flairs"] = [
                {"id": str(row["id"]), "text": str(row.get("text") or ""),
                 "editable": bool(row.get("text_editable"))}
                for row in rows if isinstance(row, dict) and row.get("id")
            ]  # fmt: skip
    return Destination(
        place.external_id, place.name, place.kind, place.url, extras, place.writable, place.note
    )


def _try(read: Read, path: str) -> Any:
    """What is there; ``None`` where Reddit does not show it to this account."""
    try:
        return read(path, {}).data()
    except NetworkError as error:
        if error.category is not Category.VALIDATION:
            raise
        return None


def _all(read: Read, where: str) -> Iterator[Mapping[str, Any]]:
    params = {"limit": "100"}
    for _ in range(PAGES):
        data = read(f"/subreddits/mine/{where}", params).mapping().get("data")
        found: Mapping[str, Any] = data if isinstance(data, dict) else {}
        for row in found.get("children") or []:
            if isinstance(row, dict) and isinstance(row.get("data"), dict):
                yield row["data"]
        if not found.get("after"):
            return
        params = {**params, "after": str(found["after"])}


def _destination(about: Mapping[str, Any], site: str) -> Destination | None:
    name = str(about.get("display_name") or "")
    if not name or name.lower().startswith("u_"):
        return None
    banned = bool(about.get("user_is_banned"))
    return Destination(
        name, f"r/{name}", "subreddit", f"{site}/r/{quote(name, safe='')}",
        {"about": {key: about[key] for key in ABOUT if about.get(key) is not None}},
        writable=not banned, note="This account may not post here." if banned else "",
    )  # fmt: skip


# The rules, in sentences -----------------------------------------------------------------------


def problems(
    post: Draft, options: Mapping[str, Any], extras: Mapping[str, Any]
) -> Iterator[Problem]:
    """What the subreddit whose extras these are would refuse of a post."""
    about, wants = _map(extras, "about"), _map(extras, "requirements")
    yield from _kinds(post, about)
    yield from _title(post.title, wants)
    if post.kind == "self":
        yield from _body(post.text, wants)
    elif post.kind == "link":
        yield from _link(post.url, wants)
    yield from _flair(options, wants, extras.get("flairs"))


def _map(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = found.get(name)
    return value if isinstance(value, Mapping) else {}


def _kinds(post: Draft, about: Mapping[str, Any]) -> Iterator[Problem]:
    taken = about.get("submission_type", "any")
    if post.kind == "self" and taken == "link":
        yield Problem("options.kind", "This subreddit takes no text posts: post a link.",
                      fix="choose")  # fmt: skip
    if post.kind != "self" and taken == "self":
        yield Problem("options.kind", "This subreddit takes text posts only.", fix="choose")
    for kind, name, words in (
        ("image", "allow_images", "pictures"), ("video", "allow_videos", "videos"),
        ("gallery", "allow_galleries", "galleries: post one picture"),
    ):  # fmt: skip
        if post.kind == kind and taken != "self" and about.get(name) is False:
            yield Problem("media", f"This subreddit takes no {words}.", fix="remove")


def _title(title: str, wants: Mapping[str, Any]) -> Iterator[Problem]:
    least, most = _number(wants, "title_text_min_length"), _number(wants, "title_text_max_length")
    if title and least and len(title) < least:
        yield Problem("options.title", f"This subreddit wants titles of {least} characters or "
                      f"more; this one has {len(title)}.", fix="add")  # fmt: skip
    if most and len(title) > most:
        yield Problem("options.title", f"This subreddit takes titles of up to {most} characters; "
                      f"this one has {len(title)}.", fix="shorten")  # fmt: skip
    required = _words(wants, "title_required_strings")
    if title and required and not any(word.lower() in title.lower() for word in required):
        yield Problem("options.title", "This subreddit wants one of these in the title: "
                      f"{', '.join(required[:5])}.", fix="add")  # fmt: skip
    for word in _words(wants, "title_blacklisted_strings"):
        if word.lower() in title.lower():
            yield Problem("options.title", f"This subreddit does not take “{word}” in a title.",
                          fix="remove")  # fmt: skip
    patterns = _words(wants, "title_regexes")
    if title and patterns and not any(_fits(one, title) for one in patterns):
        # Reddit's kind of expression is not ours to the letter, so this does not stop a post.
        yield Problem("options.title", "The title may not have the form this subreddit asks for: "
                      f"{patterns[0][:80]}", blocks=False)  # fmt: skip


def _fits(pattern: str, title: str) -> bool:
    """Whether it matches; what cannot be told counts as a match."""
    try:
        return regex.search(pattern, title, timeout=PATTERN_SECONDS) is not None
    except (regex.error, TimeoutError):
        return True


def _body(text: str, wants: Mapping[str, Any]) -> Iterator[Problem]:
    policy = wants.get("body_restriction_policy")
    if policy == "required" and not text:
        yield Problem("text", "This subreddit wants a text below the title.", fix="add")
    if policy == "notAllowed" and text:
        yield Problem("text", "This subreddit takes a title only, no text.", fix="remove")
    least, most = _number(wants, "body_text_min_length"), _number(wants, "body_text_max_length")
    if text and least and len(text) < least:
        yield Problem("text", f"This subreddit wants texts of {least} characters or more.",
                      fix="add")  # fmt: skip
    if most and len(text) > most:
        yield Problem("text", f"This subreddit takes texts of up to {most:,} characters.",
                      fix="shorten")  # fmt: skip
    for word in _words(wants, "body_blacklisted_strings"):
        if word.lower() in text.lower():
            yield Problem("text", f"This subreddit does not take “{word}”.", fix="remove")


def _link(url: str, wants: Mapping[str, Any]) -> Iterator[Problem]:
    host = (urlsplit(url).hostname or "").lower()

    def among(name: str) -> bool:
        found = [one.lower().removeprefix("www.") for one in _words(wants, name)]
        return any(host == one or host.endswith(f".{one}") for one in found)

    if wants.get("link_restriction_policy") == "notAllowed":
        yield Problem("text", "This subreddit takes no links.", fix="remove")
    if host and among("domain_blacklist"):
        yield Problem("text", f"This subreddit takes no links to {host}.", fix="remove")
    if host and _words(wants, "domain_whitelist") and not among("domain_whitelist"):
        yield Problem("text", f"This subreddit takes links to some sites only, not to {host}.",
                      fix="remove")  # fmt: skip


def _flair(
    options: Mapping[str, Any], wants: Mapping[str, Any], flairs: object
) -> Iterator[Problem]:
    chosen = options.get("flairId")
    known = flairs if isinstance(flairs, list) else []
    if wants.get("is_flair_required") and not chosen:
        names = ", ".join(f"{one['text']} ({one['id']})" for one in known[:8])
        some = f": {names}." if names else "."
        yield Problem("options.flairId", f"This subreddit wants a flair{some}", fix="choose")
    found = next((one for one in known if one.get("id") == chosen), None)
    if chosen and known and found is None:
        yield Problem("options.flairId", "This subreddit has no such flair.", fix="choose")
    text = options.get("flairText")
    if text and found is not None and not found.get("editable") and text != found.get("text"):
        yield Problem("options.flairText", f"The text of the flair “{found.get('text')}” is fixed.",
                      fix="remove")  # fmt: skip


def _number(wants: Mapping[str, Any], name: str) -> int:
    value = wants.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _words(wants: Mapping[str, Any], name: str) -> list[str]:
    value = wants.get(name)
    return [one for one in value if isinstance(one, str) and one] if isinstance(value, list) else []
