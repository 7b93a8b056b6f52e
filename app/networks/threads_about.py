"""Threads as the catalogue and the credential doctor tell of it (networks/threads.md)."""

from __future__ import annotations

from app.networks.base import About, Refusal

SCOPES = (
    "threads_basic", "threads_content_publish", "threads_manage_insights",
    "threads_read_replies", "threads_manage_replies", "threads_delete",
)  # fmt: skip

ABOUT = About(
    account_type="social_profile",
    support="full",
    scopes=SCOPES,
    needs=(("threads_content_publish",),),
    notes=(
        "Posts, carousels of 2 to 20 pictures and videos, threads and first comments.",
        "Threads fetches pictures and videos from a public https address: APP_URL has to be one.",
        "250 posts and 1,000 replies in 24 hours; thread parts and first comments are replies.",
        "The sign-in lasts 60 days and is renewed by itself from the 30th.",
        "Threads has no editing, and no way to take our access back but in its own settings.",
    ),
    console="https://developers.facebook.com/apps",
    setup=(
        "Create an app at developers.facebook.com/apps with the use case “Access the Threads API”.",
        "In the use case, add the six permissions listed here.",
        "In its settings, add the redirect address this installation shows: it has to be https.",
        "Set THREADS_CLIENT_ID and THREADS_CLIENT_SECRET to the Threads app's own id and secret, "
        "which are not those of the Meta app.",
        "Under App roles, invite each profile as a Threads tester, and accept it in Threads under "
        "Settings, Account, Website permissions.",
        "For everybody else: App Review for each permission, and Business Verification.",
    ),
    review=(
        "Before App Review only profiles that accepted an invitation as Threads tester can "
        "connect; they can use everything."
    ),
    refusals=(
        Refusal("190", "The sign-in is over: 60 days without a renewal, or it was taken back.",
                "Connect the account again."),
        Refusal("10", "A permission was not granted, or the app has no review for it.",
                "Connect again and allow everything; check the app's permissions."),
        Refusal("101", "The app's id or secret is wrong.",
                "Use the id and secret of the Threads app, not those of the Meta app."),
        Refusal("1349168", "The redirect address is not registered.",
                "Add this installation's redirect address to the Threads settings of the app."),
        Refusal("24/4279009", "The prepared post, or the post it answers, is not known yet.",
                "Nothing: it is tried again after half a minute."),
        Refusal("9004/2207052", "Threads could not fetch the picture.",
                "APP_URL has to be a public https address without a login in front of it."),
        Refusal("FAILED_DOWNLOADING_VIDEO", "Threads could not fetch the video.",
                "APP_URL has to be a public https address without a login in front of it."),
        Refusal("FAILED_PROCESSING_VIDEO", "Threads could not read the video.",
                "Save it as MP4 with H.264 and AAC, the index (moov) at its beginning."),
        Refusal("4279013", "The profile is restricted.",
                "Open Threads, see what it says, then connect the account again."),
        Refusal("2207051", "Threads took the posts for spam.",
                "Wait an hour or more, post less often and not the same text again."),
        Refusal("2207042", "The 250 posts or 1,000 replies of 24 hours are used up.",
                "Nothing: it goes on as the 24 hours move along."),
        Refusal("THREADS_API__LINK_LIMIT_EXCEEDED", "There are more than 5 different links.",
                "Take links out."),
    ),
)  # fmt: skip
