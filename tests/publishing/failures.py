"""What can go wrong at a network, and what has to become of it: a cell a network and failure.

Data alone: ``test_networks_failures`` carries out every cell. One that cannot occur holds the
reason in words in place of a ``Case``. What the words are about: ``{title}`` is who we speak to
(Metricool, where it goes through the bridge), ``{name}`` the network people see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from app.models.posts import TargetState

S = TargetState


class Failure(StrEnum):
    """The failures of the issue; "after" is after the network has taken the post."""

    EXPIRED = "expired"
    REVOKED = "revoked"
    DUPLICATE = "duplicate"
    LIMITED = "limited"
    PROCESSED = "processed"
    UNPROCESSED = "unprocessed"
    ERROR = "error"
    ERROR_AFTER = "error-after"
    PAGE = "page"
    PAGE_AFTER = "page-after"
    SILENCE = "silence"
    SILENCE_AFTER = "silence-after"


F = Failure
# What the sandbox is asked to do wrong at the call that publishes, once.
FAULTS: Mapping[Failure, str] = {
    F.DUPLICATE: "duplicate", F.LIMITED: "http_429", F.ERROR: "http_500",
    F.ERROR_AFTER: "http_500_after_accept", F.PAGE: "html", F.PAGE_AFTER: "html_after_accept",
    F.SILENCE: "timeout", F.SILENCE_AFTER: "hang_after_accept",
}  # fmt: skip
RESET = 900  # seconds the network says to stay away
PLAIN = 60  # the engine's own first wait


@dataclass(frozen=True)
class Stage:
    """A target at one moment: its state, its own words, the page's, and what the page offers.

    Without ``offers`` there is nothing for a person to do: the page asks for itself.
    """

    state: TargetState
    category: str | None = None
    says: str = ""
    page: str = ""
    offers: str = ""


@dataclass(frozen=True)
class Form:
    """A post, and what the person there has to be like (``extras``) for the case."""

    text: str = "Six bells, one keyboard."
    film: bool = False
    junk: bool = False  # the film turns out to be none
    pictures: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    extras: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """``first`` is what holds after the first run, ``last`` in the end.

    ``wait``: seconds from the failure to the next call, as the target's ``due_at`` says. ``least``:
    seconds that lie between two attempts at least. ``tries``: attempts in all.
    """

    first: Stage | None
    last: Stage
    form: Form | None = None  # in place of the network's usual one
    fault: str | None = None  # in place of the failure's usual one
    wait: float = 0.0
    least: float = 0.0
    tries: int = 1


# Stages ------------------------------------------------------------------------------------------

OUT = Stage(S.PUBLISHED, page="See it on {name}", offers="See it on {name}")
HELD = Stage(
    S.SCHEDULED, "auth_error",
    "{title} signed you out. Connect the account again and this goes out.",
    "{title} signed you out", "Reconnect {title}",
)  # fmt: skip
TWICE = Stage(
    S.FAILED, "duplicate", "{title} already has this exact text from you.",
    "{name} already has this exact text from you Change a few words, then send it again.",
    "Change the text",
)  # fmt: skip
TWICE_LINKED = Stage(
    S.FAILED, "duplicate", "{title} already has that link in this subreddit.",
    "{name} already has that link in this subreddit Change it, then send it again.",
    "Change the post",
)  # fmt: skip
TWICE_SHOWN = Stage(
    S.FAILED,
    "duplicate",
    "{title} already has this video from you.",
    "{name} already has this video from you Change it, then send it again.",
    "Change the post",
)
UNTAKEN = Stage(
    S.SCHEDULED, "media_error",
    "{title} did not take the picture or video. We are trying again.",
    "{title} did not take the picture or video. We are trying again. Next try", "Send it now",
)  # fmt: skip
WAITS = Stage(  # then what the network's client knows about it
    S.SCHEDULED, "rate_limited", "{title} asks us to wait. ", "{title} asks us to wait. ",
    "Send it now",
)  # fmt: skip
AGAIN = Stage(
    S.SCHEDULED, "unknown", "{title} had a problem. We are trying again.",
    "{title} had a problem. We are trying again. Next try", "Send it now",
)  # fmt: skip
PREPARING = Stage(
    S.SCHEDULED, "media_processing", "{title} is still preparing the picture or video.",
    "{title} is still preparing the picture or video. Next try", "Send it now",
)  # fmt: skip
TAKEN = Stage(
    S.POSTING, "media_processing", "{title} has this and is still preparing it.",
    "{title} has this and is still preparing it.",
)  # fmt: skip
ASKED = Stage(
    S.POSTING, "unknown", "We do not know yet whether this went out. We are asking {title}.",
    "We do not know yet whether this went out. We are asking {title}.",
)  # fmt: skip
UNHEARD = replace(ASKED, category="network_error")
UNREACHED = Stage(
    S.SCHEDULED, "network_error", "We could not reach {title}. We are trying again.",
    "We could not reach {title}. We are trying again. Next try", "Send it now",
)  # fmt: skip
UNSURE = Stage(
    S.NEEDS_REVIEW, "media_processing", "Look there",
    "We cannot tell whether this went out on {name}", "It went out",
)  # fmt: skip


def unmade(says: str, category: str = "media_error") -> Stage:
    """The file was no good: in the network's words, and a way to change it."""
    if category == "media_error":
        words, page = "{title} did not take the picture or video: ", "{name} did not take the"
    else:
        words, page = "{title} refused this: ", "{name} refused this"
    return Stage(S.FAILED, category, words + says, page, "Change the post")


# Cases -------------------------------------------------------------------------------------------

RENEWED = Case(OUT, OUT)
SIGNED_OUT = Case(HELD, HELD)
FOUND = Case(None, OUT)  # asked at once, and there it is
TWICE_SAID = Case(TWICE, TWICE)
LIMITED = Case(WAITS, OUT, wait=RESET, least=RESET, tries=2)
NO_RESET = replace(LIMITED, wait=PLAIN, least=PLAIN)
REPEATED = Case(OUT, OUT)  # the same bytes again are the question
LISTED = Case(ASKED, OUT, least=660, tries=2)  # absent is believed late, and seen twice
BY_ID = Case(ASKED, OUT, least=120 + PLAIN, tries=2)  # absent is believed after the deadline
KEPT = Case(ASKED, OUT)  # the second question repeats under the same key


def heard_nothing(case: Case) -> Case:
    """The same where the network did not answer, or answered that it is in trouble."""
    return replace(case, first=UNHEARD)


BY_ID_LATE = Case(AGAIN, OUT, wait=PLAIN, least=PLAIN, tries=2)  # the deadline is over already


# Rows --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """A network: its usual post, and every failure."""

    form: Form
    cells: Mapping[Failure, Case | str]


FILM = Form(film=True)
PUBLIC = {"privacyLevel": "PUBLIC_TO_EVERYONE"}
SHOWN = {"privacyStatus": "public", "title": "A peal"}
PLACE = {"subreddit": "test", "title": "A peal"}
LONG = 600.0  # seconds of processing
TAKEN_IN = Case(TAKEN, OUT)
PREPARED = Case(PREPARING, OUT, wait=-60, tries=2)  # looked at again within a minute

TABLE: Mapping[str, Row] = {
    "twitter": Row(Form(), {
        F.EXPIRED: RENEWED,
        F.REVOKED: SIGNED_OUT,
        F.DUPLICATE: TWICE_SAID,
        F.LIMITED: LIMITED,
        F.PROCESSED: replace(PREPARED, form=FILM),
        F.UNPROCESSED: Case(
            None, unmade("The file could not be read."), Form(film=True, junk=True), tries=2
        ),
        F.ERROR: LISTED,
        F.ERROR_AFTER: FOUND,
        F.PAGE: LISTED,
        F.PAGE_AFTER: FOUND,
        F.SILENCE: heard_nothing(LISTED),
        F.SILENCE_AFTER: FOUND,
    }),
    "linkedin": Row(Form(), {
        F.EXPIRED: SIGNED_OUT,  # only LinkedIn's partners are given something to renew with
        F.REVOKED: SIGNED_OUT,
        F.DUPLICATE: TWICE_SAID,
        F.LIMITED: LIMITED,
        F.PROCESSED: replace(PREPARED, form=FILM),
        F.UNPROCESSED: Case(
            None, unmade("The file could not be processed (UNSUPPORTED_VIDEO_FORMAT)."),
            Form(film=True, junk=True),
        ),
        F.ERROR: REPEATED,
        F.ERROR_AFTER: REPEATED,
        F.PAGE: REPEATED,
        F.PAGE_AFTER: REPEATED,
        F.SILENCE: REPEATED,
        F.SILENCE_AFTER: REPEATED,
    }),
    "facebook": Row(Form(), {
        F.EXPIRED: "A Page's token has no end; what ends it is a revocation.",
        F.REVOKED: SIGNED_OUT,
        F.DUPLICATE: TWICE_SAID,
        F.LIMITED: LIMITED,
        F.PROCESSED: replace(TAKEN_IN, form=FILM),
        F.UNPROCESSED: Case(
            None,
            unmade(
                "Facebook could not process the video: The video file you selected is in a format "
                "that we don't support."
            ),
            Form(film=True, junk=True),
        ),
        F.ERROR: heard_nothing(LISTED),
        F.ERROR_AFTER: FOUND,
        F.PAGE: LISTED,
        F.PAGE_AFTER: FOUND,
        F.SILENCE: heard_nothing(LISTED),
        F.SILENCE_AFTER: FOUND,
    }),
    "instagram": Row(Form(pictures=1), {
        F.EXPIRED: SIGNED_OUT,  # a long-lived token is renewed before its end or not at all
        F.REVOKED: SIGNED_OUT,
        F.DUPLICATE: "Instagram has no rule about equal posts; a container is published once.",
        F.LIMITED: LIMITED,
        F.PROCESSED: replace(PREPARED, form=Form(film=True, options={"placement": "reel"})),
        F.UNPROCESSED: Case(
            None,
            unmade(
                "Instagram does not take this video's format: MP4 or MOV with H.264 or HEVC and "
                "AAC sound.", "validation",
            ),
            Form("fails-2207026", film=True, options={"placement": "reel"}),
        ),
        F.ERROR: heard_nothing(BY_ID),
        F.ERROR_AFTER: FOUND,
        F.PAGE: BY_ID,
        F.PAGE_AFTER: FOUND,
        F.SILENCE: BY_ID_LATE,
        F.SILENCE_AFTER: FOUND,
    }),
    "threads": Row(Form(), {
        F.EXPIRED: SIGNED_OUT,  # as Instagram's
        F.REVOKED: SIGNED_OUT,
        F.DUPLICATE: "Threads documents no rule about equal posts; a container is published once.",
        F.LIMITED: LIMITED,
        F.PROCESSED: replace(PREPARED, form=Form(film=True, extras={"processing_seconds": LONG})),
        F.UNPROCESSED: Case(
            None, unmade("Threads takes videos of up to 5 minutes.", "validation"),
            Form(
                film=True,
                extras={"container_error": "INVALID_DURATION", "processing_seconds": 0},
            ),
        ),
        F.ERROR: BY_ID,
        F.ERROR_AFTER: FOUND,
        F.PAGE: BY_ID,
        F.PAGE_AFTER: FOUND,
        F.SILENCE: BY_ID_LATE,
        F.SILENCE_AFTER: FOUND,
    }),
    "tiktok": Row(Form(film=True, options=PUBLIC), {
        F.EXPIRED: Case(None, OUT),  # it is prepared for a while once it is sent
        F.REVOKED: SIGNED_OUT,
        F.DUPLICATE: "TikTok has no rule about equal posts; an upload becomes one post.",
        F.LIMITED: NO_RESET,
        F.PROCESSED: replace(
            TAKEN_IN, form=Form(film=True, options=PUBLIC, extras={"processing_s": LONG})
        ),
        F.UNPROCESSED: Case(
            None, unmade("the video must have 23 to 60 frames a second."),
            Form("fail:frame_rate_check_failed", film=True, options=PUBLIC),
        ),
        F.ERROR: heard_nothing(BY_ID),
        F.ERROR_AFTER: FOUND,
        # 403 to the last piece: the upload's address has run out, says the documentation.
        F.PAGE: Case(UNTAKEN, OUT, wait=PLAIN, least=PLAIN, tries=2),
        F.PAGE_AFTER: FOUND,
        F.SILENCE: BY_ID_LATE,
        F.SILENCE_AFTER: FOUND,
    }),
    "youtube": Row(Form(film=True, options=SHOWN), {
        F.EXPIRED: RENEWED,
        F.REVOKED: SIGNED_OUT,
        F.DUPLICATE: Case(None, TWICE_SHOWN),
        F.LIMITED: LIMITED,
        F.PROCESSED: TAKEN_IN,
        F.UNPROCESSED: Case(
            None, unmade("The video is coded in a way that is not supported."),
            Form(film=True, options={**SHOWN, "title": "[failed:codec] A peal"}),
        ),
        F.ERROR: BY_ID,
        F.ERROR_AFTER: FOUND,
        F.PAGE: BY_ID,
        F.PAGE_AFTER: FOUND,
        F.SILENCE: BY_ID_LATE,
        F.SILENCE_AFTER: FOUND,
    }),
    "pinterest": Row(Form(pictures=1), {
        F.EXPIRED: RENEWED,
        F.REVOKED: SIGNED_OUT,
        F.DUPLICATE: Case(None, unmade(
            "It was held for spam: the link or the text is not trusted there. Change it, or ask "
            "Pinterest's help to look at the account.", "validation",
        )),
        F.LIMITED: LIMITED,
        F.PROCESSED: replace(PREPARED, form=FILM),
        F.UNPROCESSED: Case(
            None, unmade("The video could not be processed. Try another file."),
            Form(film=True, extras={"media": "failed"}),
        ),
        F.ERROR: LISTED,
        F.ERROR_AFTER: FOUND,
        F.PAGE: LISTED,
        F.PAGE_AFTER: FOUND,
        F.SILENCE: heard_nothing(LISTED),
        F.SILENCE_AFTER: FOUND,
    }),
    "reddit": Row(Form(options=PLACE), {
        F.EXPIRED: RENEWED,
        F.REVOKED: SIGNED_OUT,
        F.DUPLICATE: Case(
            TWICE_LINKED, TWICE_LINKED, Form("https://example.org/peal", options=PLACE)
        ),
        F.LIMITED: LIMITED,
        F.PROCESSED: replace(
            TAKEN_IN, form=Form(film=True, options=PLACE, extras={"processing": LONG})
        ),
        F.UNPROCESSED: Case(
            None, UNSURE, Form(film=True, options=PLACE, extras={"processing": "fail"})
        ),
        F.ERROR: LISTED,
        F.ERROR_AFTER: FOUND,
        F.PAGE: Case(UNREACHED, OUT, wait=PLAIN, least=PLAIN, tries=2),  # its edge's known page
        F.PAGE_AFTER: FOUND,
        F.SILENCE: heard_nothing(LISTED),
        F.SILENCE_AFTER: FOUND,
    }),
    "mastodon": Row(Form(), {
        F.EXPIRED: "Mastodon's tokens have no end.",
        F.REVOKED: SIGNED_OUT,
        F.DUPLICATE: "Mastodon has no rule about equal posts; Idempotency-Key answers a repeat.",
        F.LIMITED: LIMITED,
        F.PROCESSED: replace(PREPARED, form=FILM),
        F.UNPROCESSED: Case(
            None,
            unmade(
                "The server refused the file: Validation failed: File content type is invalid, "
                "File is invalid."
            ),
            Form(film=True, junk=True),
        ),
        F.ERROR: KEPT,
        F.ERROR_AFTER: FOUND,
        F.PAGE: KEPT,
        F.PAGE_AFTER: FOUND,
        F.SILENCE: heard_nothing(KEPT),
        F.SILENCE_AFTER: FOUND,
    }),
    "bluesky": Row(Form(), {
        F.EXPIRED: RENEWED,
        F.REVOKED: SIGNED_OUT,
        F.DUPLICATE: "A record's key is ours and new: only a repeat can meet InvalidSwap.",
        F.LIMITED: LIMITED,
        F.PROCESSED: replace(PREPARED, form=Form(film=True, extras={"video_seconds": LONG})),
        F.UNPROCESSED: Case(
            None,
            unmade("Bluesky could not read this video. Export it anew, as MP4 with H.264."),
            Form(film=True, extras={"video": "encoding_failure"}),
        ),
        F.ERROR: REPEATED,
        F.ERROR_AFTER: REPEATED,
        F.PAGE: REPEATED,
        F.PAGE_AFTER: REPEATED,
        F.SILENCE: REPEATED,
        F.SILENCE_AFTER: REPEATED,
    }),
    "metricool": Row(Form(), {
        F.EXPIRED: "Metricool's token is made by hand and has no end.",
        F.REVOKED: replace(SIGNED_OUT, fault="revoked"),
        F.DUPLICATE: Case(TAKEN, TWICE),
        F.LIMITED: NO_RESET,
        F.PROCESSED: TAKEN_IN,
        F.UNPROCESSED: Case(
            TAKEN, unmade("The video format is not supported."),
            Form(extras={"fails": {"twitter": "The video format is not supported."}}),
        ),
        F.ERROR: heard_nothing(LISTED),
        F.ERROR_AFTER: FOUND,
        F.PAGE: LISTED,
        F.PAGE_AFTER: FOUND,
        F.SILENCE: heard_nothing(LISTED),
        F.SILENCE_AFTER: FOUND,
    }),
}  # fmt: skip
