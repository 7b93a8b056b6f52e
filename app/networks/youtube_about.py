"""YouTube for the catalogue and the credential doctor (networks/youtube.md §1, §5, §7)."""

from __future__ import annotations

from app.networks.base import About, Refusal

PREFIX = "https://www.googleapis.com/auth/"
UPLOAD, MANAGE, COMMENT = (
    f"{PREFIX}youtube.upload",
    f"{PREFIX}youtube",
    f"{PREFIX}youtube.force-ssl",
)
# Uploading; the channel, numbers and deleting; the first comment (no other scope covers it).
SCOPES = (UPLOAD, MANAGE, COMMENT)

ABOUT = About(
    account_type="channel",
    grant="google",
    support="full",
    scopes=SCOPES,
    needs=((UPLOAD, MANAGE),),
    notes=(
        "One video a post; no pictures and no text alone.",
        "The title is the first line of the text unless one is written.",
        "A first comment needs a video that is not private, and the permission "
        "“youtube.force-ssl”; without it everything else works.",
        "A video that is taken may still be refused minutes later; it is watched for ten minutes.",
        "Google ends the access of a person, not of a channel: it is told only when the last "
        "channel of this installation is disconnected. Before that our sign-in is forgotten here; "
        "a person can end the rest at myaccount.google.com, under third-party access.",
    ),
    console="https://console.cloud.google.com/apis/credentials",
    setup=(
        "Make a project in the Google Cloud console and enable the YouTube Data API v3 in it.",
        "Fill in the OAuth consent screen, add the three YouTube scopes, and set its publishing "
        "status to “In production”: while it is “Testing”, every sign-in ends after 7 days.",
        "Under Credentials make an OAuth client ID of the type “Web application” with this "
        "installation's callback address.",
        "Set YOUTUBE_CLIENT_ID and YOUTUBE_CLIENT_SECRET.",
        "Ask Google for the audit of the YouTube API services; once it is passed, set "
        "YOUTUBE_FORCE_PRIVATE_UPLOADS=0.",
    ),
    review="Until Google has audited the project, every upload stays private, whatever is asked "
    "for. Until the scopes are verified, at most 100 people can connect, after a warning.",
    refusals=(
        Refusal(
            "quotaExceeded",
            "The project's quota for the day is used up: 100 uploads, or 10,000 units of other "
            "calls.",
            "Wait for midnight in California, or ask Google for more with the audit form.",
        ),
        Refusal(
            "uploadLimitExceeded",
            "The channel itself has uploaded as much as it may in a day.",
            "Wait 24 hours; a verified channel with some history may upload more.",
        ),
        Refusal(
            "youtubeSignupRequired",
            "The Google account has no channel.",
            "Make a channel on YouTube, then connect again and choose it.",
        ),
        Refusal(
            "insufficientPermissions",
            "A permission was left out on Google's page.",
            "Connect the channel again and leave every box ticked.",
        ),
        Refusal(
            "invalid_grant",
            "The access has ended: taken back, unused for six months, or 7 days old while the "
            "consent screen is “Testing”.",
            "Connect the channel again; set the consent screen to “In production”.",
        ),
        Refusal(
            "invalid_client",
            "Google does not know the client ID, or the secret is wrong.",
            "Copy both again from the Credentials page.",
        ),
        Refusal(
            "redirect_uri_mismatch",
            "The callback address is not among those of the OAuth client.",
            "Add this installation's callback address to the client, to the letter.",
        ),
        Refusal(
            "accessNotConfigured",
            "The YouTube Data API v3 is not enabled in the project.",
            "Enable it in the Google Cloud console, under APIs & Services.",
        ),
        Refusal(
            "duplicate",
            "The same video is on the channel already.",
            "Look at the channel; change the video, or leave it at that.",
        ),
        Refusal(
            "forbidden",
            "The channel may not do this: a custom thumbnail without a verified phone number, for "
            "example, or a brand account the person no longer manages.",
            "Verify the channel, or connect it again with an account that manages it.",
        ),
        Refusal(
            "invalidPublishAt",
            "The time to go public has passed, or the video is not private.",
            "Choose a time to come and the visibility private.",
        ),
        Refusal(
            "commentsDisabled",
            "The video takes no comments: it is private, made for kids, or they are switched off.",
            "Leave the first comment out, or allow comments on the channel.",
        ),
    ),
)
