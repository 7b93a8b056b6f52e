"""What the played Reddit refuses of a submission: its own limits, then the subreddit's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.sandbox.reddit import places
from app.sandbox.reddit.desk import invalid, stop
from app.sandbox.reddit.places import Place

TITLE, TEXT = 300, 40_000


@dataclass(frozen=True)
class Asked:
    """A submission as it was asked for; white space of the title is made one."""

    kind: str
    place: Place
    title: str
    text: str
    url: str
    nsfw: bool
    spoiler: bool
    resubmit: bool
    sendreplies: bool
    flair_id: str
    flair_text: str
    strict: bool


def asked(form: Mapping[str, str], kind: str) -> Asked:
    """Read a form; the subreddit has to be there and open to the caller."""

    def flag(name: str) -> bool:
        return form.get(name, "").lower() in ("true", "1", "on")

    name = form.get("sr", "")
    if not name:
        raise stop("SUBREDDIT_REQUIRED", "you must specify a subreddit", "sr")
    place = places.find(name)
    if place is None:
        raise stop("SUBREDDIT_NOEXIST", "that subreddit doesn't exist", "sr")
    if place.closed:
        raise stop("SUBREDDIT_NOTALLOWED", "you aren't allowed to post there.", "sr")
    return Asked(
        kind, place, " ".join(form.get("title", "").split()), form.get("text", "").strip(),
        form.get("url", "").strip(), flag("nsfw"), flag("spoiler"), flag("resubmit"),
        flag("sendreplies"), form.get("flair_id", ""), form.get("flair_text", ""),
        flag("validate_on_submit"),
    )  # fmt: skip


def check(post: Asked) -> None:
    """Raises the refusal."""
    if not post.title:
        raise stop("NO_TEXT", "we need something here", "title")
    if len(post.title) > TITLE:
        raise stop("TOO_LONG", f"this is too long (max: {TITLE})", "title")
    if len(post.text) > TEXT:
        raise stop("TOO_LONG", f"this is too long (max: {TEXT})", "text")
    _kinds(post)
    if post.kind == "link":
        _address(post.url)
    _flair(post)
    if post.strict:
        _rules(post)


def _kinds(post: Asked) -> None:
    says = post.place.says
    if post.kind == "self" and says("submission_type") == "link":
        raise stop("NO_SELFS", "that subreddit doesn't allow text posts", "sr")
    if post.kind == "link" and says("submission_type") == "self":
        raise stop("NO_LINKS", "that subreddit only allows text posts", "sr")
    if post.kind in ("image", "video") and not says(f"allow_{post.kind}s"):
        raise stop("INVALID_OPTION", f"that community does not allow {post.kind}s", "kind")


def _address(url: str) -> None:
    parts = urlsplit(url)
    if not url:
        raise stop("NO_URL", "a url is required", "url")
    if parts.scheme not in ("http", "https") or "." not in (parts.hostname or ""):
        raise stop("BAD_URL", "you should check that url", "url")


def _flair(post: Asked) -> None:
    if not post.flair_id:
        if post.flair_text:
            raise stop("INVALID_OPTION", "choose a flair for that text", "flair_text")
        return
    chosen = next((one for one in post.place.flairs if one["id"] == post.flair_id), None)
    if chosen is None:
        raise stop("INVALID_OPTION", "that flair is not one of this community", "flair_id")
    if post.flair_text not in ("", chosen["text"]) and not chosen["text_editable"]:
        raise stop("INVALID_OPTION", "the text of that flair is fixed", "flair_text")


def _rules(post: Asked) -> None:
    """The requirements of the subreddit, in the second shape of errors."""
    wants, title, text = post.place.wants, post.title, post.text
    least, most = wants("title_text_min_length"), wants("title_text_max_length")
    if least and len(title) < least:
        raise _broken("MIN_LENGTH", "title", f"The title must be at least {least} characters.")
    if most and len(title) > most:
        raise _broken("MAX_LENGTH", "title", f"The title must be at most {most} characters.")
    required = wants("title_required_strings")
    if required and not any(word.lower() in title.lower() for word in required):
        raise _broken("TITLE_REQUIRED_STRING", "title", f"The title must contain {required[0]}.")
    for word in wants("title_blacklisted_strings"):
        if word.lower() in title.lower():
            raise _broken("TITLE_BLACKLISTED_STRING", "title", f"The title may not contain {word}.")
    patterns = wants("title_regexes")
    if patterns and not any(re.search(one, title) for one in patterns):
        raise _broken("TITLE_REGEX_REQUIREMENT", "title", "The title does not have the form asked.")
    if wants("is_flair_required") and not post.flair_id:
        raise _broken("FLAIR_REQUIRED", "flair", "Your post must contain post flair.")
    if post.kind == "self":
        _body(post, text)
    host = urlsplit(post.url).hostname or ""
    if post.kind == "link" and any(host.endswith(one) for one in wants("domain_blacklist")):
        raise _broken("LINK_BLACKLISTED_DOMAIN", "url", f"Links to {host} are not allowed here.")


def _body(post: Asked, text: str) -> None:
    wants = post.place.wants
    policy, least = wants("body_restriction_policy"), wants("body_text_min_length")
    if policy == "required" and not text:
        raise _broken("BODY_REQUIRED", "body", "This community requires body text.")
    if policy == "notAllowed" and text:
        raise _broken("BODY_NOT_ALLOWED", "body", "This community does not allow body text.")
    if text and least and len(text) < least:
        raise _broken("BODY_MIN_LENGTH", "body", f"The text must be at least {least} characters.")
    for word in wants("body_blacklisted_strings"):
        if word.lower() in text.lower():
            raise _broken("BODY_BLACKLISTED_STRING", "body", f"The text may not contain {word}.")


def _broken(reason: str, field: str, explanation: str) -> Exception:
    return invalid(f"SUBMIT_VALIDATION_{reason}", field, explanation)
