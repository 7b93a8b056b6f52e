"""Instagram's own rows over Meta's table (networks/instagram.md §5)."""

from __future__ import annotations

import re
from datetime import timedelta

from app.networks import meta
from app.networks.base import Category, Effect, NetworkError
from app.networks.meta import Row
from app.networks.wire import Answer

SOON, LATER = timedelta(seconds=30), timedelta(seconds=60)
NOT_PUBLIC = (
    "Instagram could not fetch the file. This installation has to be reachable from the internet "
    "over https for pictures and carousels on Instagram."
)
_AGAIN = Row(Category.MEDIA_ERROR, "Instagram could not use the upload; it is made again.", True)
_TROUBLE = Row(Category.NETWORK_ERROR, meta.SERVER, plain=True)


def _no(message: str) -> Row:
    return Row(Category.VALIDATION, message, False)


# By subcode alone: Instagram sends the same one under several codes.
TABLE: dict[tuple[int | None, int | None], Row] = meta.BASE | {
    (None, 2207027): Row(Category.MEDIA_PROCESSING, "The media is still being prepared.",
                         wait=SOON, plain=True),
    (None, 2207008): Row(Category.MEDIA_PROCESSING, "The upload cannot be found yet.",
                         wait=LATER, plain=True),
    (None, 2207020): _AGAIN,
    (None, 2207053): _AGAIN,
    (None, 2207082): _AGAIN,
    (None, 2207003): Row(Category.MEDIA_ERROR, "Fetching the media took Instagram too long.", True,
                         plain=True),
    (None, 2207052): Row(Category.MEDIA_ERROR, NOT_PUBLIC, True, plain=True),
    (None, 2207077): Row(Category.MEDIA_ERROR, NOT_PUBLIC, True, plain=True),
    (None, 2207001): _TROUBLE,
    (None, 2207032): _TROUBLE,
    (None, 2207026): _no("Instagram does not take this video's format: MP4 or MOV with H.264 or "
                         "HEVC and AAC sound."),
    (None, 2207005): _no("Instagram takes JPEG pictures only."),
    (None, 2207009): _no("The picture's shape is not taken: 4:5 to 1.91:1 in the feed."),
    (None, 2207004): _no("The picture is too large: 8 MB at most."),
    (None, 2207023): _no("Instagram does not take this kind of media here."),
    (None, 2207057): _no("The cover's moment lies outside of the video."),
    (None, 2207010): _no("The caption is too long: 2,200 characters, 30 hashtags, 20 mentions."),
    (None, 2207028): _no("A carousel needs 2 to 10 pictures and videos."),
    (None, 2207081): _no("This account may not post trial Reels."),
    (None, 2207006): _no("Instagram does not know this media."),
    (None, 2207042): Row(
        Category.RATE_LIMITED, "The account has published as much as Instagram allows in 24 hours.",
        plain=True,
    ),
    (None, 2207051): Row(
        Category.RATE_LIMITED,
        "Instagram blocked this for looking like spam. Open the Instagram app, look for a notice "
        "there, and post less for a while.",
        plain=True,
    ),
    (None, 2207050): Row(
        Category.AUTH_ERROR,
        "The account is restricted or inactive. Sign in to the Instagram app and follow what it "
        "asks.",
        False, plain=True,
    ),
    (9, None): Row(Category.RATE_LIMITED, meta.BUSY),
    # The comment was made although this comes back (§2).
    (20, 1772107): Row(Category.UNKNOWN, "The comment cannot be read back."),
}  # fmt: skip

other = meta.judge(TABLE)
committed = meta.judge(TABLE, commit=True)
commented = meta.commented(committed)
_SUBCODE = re.compile(r"\b22\d{5}\b")


def uploaded(answer: Answer) -> NetworkError | None:
    """The judge of the upload host, which has a form of its own."""
    info = answer.mapping().get("debug_info")
    if not isinstance(info, dict):
        return other(answer)
    again = info.get("retriable") is True
    return NetworkError(
        Category.NETWORK_ERROR if again else Category.MEDIA_ERROR,
        "The upload was interrupted." if again else "Instagram did not take the video's upload.",
        effect=Effect.UNKNOWN if again else Effect.NONE, retryable=True, status=answer.status,
        code=str(info.get("type") or "upload")[:80], raw=answer.raw,
    )  # fmt: skip


def processing(status: str) -> NetworkError:
    """What a container's ``status`` says where its processing failed."""
    found = _SUBCODE.search(status)
    row = TABLE.get((None, int(found[0]))) if found else None
    final = row is not None and row.category is Category.VALIDATION
    message = row.message if row is not None and final else "Instagram could not process the media."
    return NetworkError(
        Category.VALIDATION if final else Category.MEDIA_ERROR, message, retryable=False,
        code=found[0] if found else "processing", raw=status,
    )  # fmt: skip
