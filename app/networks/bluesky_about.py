"""Bluesky as the catalogue and the credential doctor tell of it (networks/bluesky.md)."""

from __future__ import annotations

from app.networks.base import About, Refusal

SCOPES = ("atproto", "transition:generic")

ABOUT = About(
    account_type="social_profile",
    support="full",
    scopes=SCOPES,
    needs=(("atproto",),),
    notes=(
        "Accounts on any server of the network, by sign-in or by an app password.",
        "300 characters as people see them, and at most 3,000 bytes.",
        "Pictures are sent with up to 976 kB, which servers of every age take.",
        "One MP4 video a post, up to 100 MB and three minutes. Accounts at Bluesky need a "
        "confirmed e-mail address for it.",
        "A link's card is made by us: Bluesky does not read the page.",
        "There is no editing: delete the post and publish it again.",
    ),
    console="https://bsky.app/settings/app-passwords",
    setup=(
        "An app password needs nothing here: its owner makes one in Bluesky under Settings, App "
        "passwords.",
        "For sign-in, APP_URL has to be a public https address without a port: Bluesky's servers "
        "read who we are at /oauth/bluesky/client-metadata.json there.",
        "Set BLUESKY_CLIENT_KEY to a private key (ES256, as a JWK): sign-ins then last as long as "
        "they are used, instead of two weeks.",
    ),
    review="Nobody reviews apps.",
    refusals=(
        Refusal("400 ExpiredToken", "The two hours of a sign-in are over.",
                "Nothing: it is renewed by itself."),
        Refusal("401 AuthenticationRequired", "The handle or the app password is wrong.",
                "Make a new app password and connect with it. The account's own password is "
                "not one."),
        Refusal("401 AuthFactorTokenRequired", "The account's own password was typed.",
                "Use an app password: it needs no code by mail."),
        Refusal("invalid_grant", "The sign-in was taken back, or has run out.",
                "Connect the account again."),
        Refusal("invalid_client_metadata", "Bluesky's server cannot read who we are.",
                "Open APP_URL/oauth/bluesky/client-metadata.json from outside: it has to answer "
                "without a login."),
        Refusal("403 ScopeMissingError", "A permission is missing.",
                "Connect the account again."),
        Refusal("AccountTakedown, AccountDeactivated",
                "Bluesky has taken the account down, or its owner has switched it off.",
                "Sign in at bsky.app and follow what it asks."),
        Refusal("400 InvalidRequest", "The server refused the text or a file.",
                "Shorten the text, or use a smaller picture."),
        Refusal("400 BlobNotFound", "The uploaded file has run out before the post.",
                "Nothing: it is uploaded again."),
        Refusal("413 PayloadTooLarge", "The server takes smaller files only.",
                "Use a shorter or smaller video; self-hosted servers often stop at 5 MB."),
        Refusal("JOB_STATE_FAILED", "Bluesky could not make the video ready.",
                "Export it anew, as MP4 with H.264, up to three minutes and 100 MB."),
        Refusal("canUpload: false", "The account's e-mail address is not confirmed, or it has "
                "posted a day's worth of videos.",
                "Confirm the address in Bluesky's settings; a limit ends by itself within a "
                "day."),
        Refusal("429 RateLimitExceeded", "About 1,600 posts an hour, or 30 sign-ins in five "
                "minutes.",
                "Nothing: it goes out when the server's own clock allows it."),
        Refusal("502 UpstreamFailure", "The account's server cannot reach Bluesky's.",
                "Nothing: it is tried again."),
    ),
)  # fmt: skip
