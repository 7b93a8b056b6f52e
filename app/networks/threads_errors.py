"""Threads' answers that are not 2xx, and its containers that failed (networks/threads.md §5)."""

from __future__ import annotations

from datetime import timedelta

from app.networks import meta
from app.networks.base import Category, Effect, NetworkError
from app.networks.meta import Row
from app.networks.wire import Answer

NOT_YET = timedelta(seconds=30)
GONE = ("24", "24/4279009", "33", "100/33")  # nothing has that id, or not yet
NOT_PUBLIC = (
    "Threads could not fetch the file. Pictures and videos have to lie at an address that "
    "is open to the internet; the operator sets it with APP_URL."
)

_NOT_YET = Row(
    Category.MEDIA_PROCESSING, "Threads does not know the post yet.", wait=NOT_YET, plain=True
)
_QUOTA = Row(
    Category.RATE_LIMITED, "The profile has used up what Threads allows in 24 hours.", plain=True
)
_UNFETCHED = Row(Category.MEDIA_ERROR, NOT_PUBLIC, True)
TABLE = meta.BASE | {
    (24, None): _NOT_YET,
    (None, 4279009): _NOT_YET,
    (None, 4279013): Row(
        Category.AUTH_ERROR,
        "Threads restricted this profile. Open Threads to see why, then connect it again.",
        False, plain=True,
    ),
    (None, 2207051): Row(
        Category.RATE_LIMITED,
        "Threads took this for spam and paused the profile. Post less often, or other texts.",
        plain=True,
    ),
    (9, None): _QUOTA,
    (None, 2207042): _QUOTA,
    (9004, None): _UNFETCHED,
    (None, 2207052): _UNFETCHED,
}  # fmt: skip

# The container's ``error_message`` for a file that is not as it has to be.
INVALID = {
    "INVALID_ASPEC_RATIO": "The video is too wide or too tall for Threads.",  # Meta's spelling
    "INVALID_ASPECT_RATIO": "The video is too wide or too tall for Threads.",
    "INVALID_BIT_RATE": "The video has more than 100 Mbit a second, which Threads does not take.",
    "INVALID_DURATION": "Threads takes videos of up to 5 minutes.",
    "INVALID_FRAME_RATE": "Threads takes videos of 23 to 60 pictures a second.",
    "INVALID_AUDIO_CHANNELS": "Threads takes sound of one or two channels.",
    "INVALID_AUDIO_CHANNEL_LAYOUT": "Threads takes mono or stereo sound.",
}
FETCH = ("FAILED_DOWNLOADING", "could not be fetched")

read = meta.judge(TABLE)
sign_in = meta.sign_in
_commit = meta.judge(TABLE, commit=True)


def publishing(answer: Answer) -> NetworkError | None:
    """The judge of ``threads_publish``.

    With a 5xx no code is believed: Threads answers 500 with code 10 to posts it has made.
    """
    trouble = meta.Trouble.of(answer)
    if trouble is not None and answer.status >= 500:
        row = Row(Category.UNKNOWN, meta.SERVER, plain=True)
        return meta.failure(answer, trouble, row, Effect.UNKNOWN)
    return _commit(answer)


def failed(word: str, *, again: bool) -> NetworkError:
    """A container that ended in ERROR; ``again``: another one may be tried."""
    if word in INVALID:
        return NetworkError(Category.VALIDATION, INVALID[word], code=word, retryable=False)
    if any(sign in word for sign in FETCH):
        return NetworkError(Category.MEDIA_ERROR, NOT_PUBLIC, code=word, retryable=again)
    what = "the sound of the video" if "AUDIO" in word else "the picture or video"
    return NetworkError(
        Category.MEDIA_ERROR,
        f"Threads could not process {what}. Save it as MP4 (H.264, AAC), JPG or PNG, and try "
        "again.",
        code=word or "ERROR", retryable=again,
    )  # fmt: skip
