"""Mastodon as the catalogue and the credential doctor tell of it (networks/mastodon.md §1, §5)."""

from __future__ import annotations

from app.networks.base import About, Refusal

# On servers since 4.3; older ones are asked for ``read:accounts`` instead of ``profile``.
SCOPES = ("profile", "read:statuses", "write:statuses", "write:media")

ABOUT = About(
    account_type="social_profile",
    support="full",
    scopes=SCOPES,
    needs=(("write:statuses", "write"),),
    notes=(
        "Any server that speaks Mastodon's API; limits are read from each server.",
        "Carillon registers itself at each server the first time somebody there signs in.",
        "A sign-in lasts until it is taken back.",
        "A post may hold four pictures, or one video, or one animated GIF.",
        "The server makes the card of a link by itself; a post with a picture shows none.",
    ),
    console="",
    setup=(
        "Nothing has to be set: each server is asked for an app of its own.",
        "To use one you have registered yourself, at one server: under Preferences, Development, "
        "make an application with the redirect address shown here and the permissions listed, "
        "and set MASTODON_API_URL, MASTODON_CLIENT_ID and MASTODON_CLIENT_SECRET.",
        "The name of the address people come back to is part of a registration: after a change "
        "of APP_URL Carillon registers anew.",
    ),
    review="Nobody reviews apps. A server's own rules hold for what is posted there.",
    refusals=(
        Refusal("401 invalid_client", "The server no longer knows this app.",
                "Start connecting again: Carillon registers anew."),
        Refusal("401 The access token is invalid", "The sign-in was taken back.",
                "Connect the account again."),
        Refusal("403 outside the authorized scopes", "A permission is missing.",
                "Connect the account again and allow everything asked for."),
        Refusal("403 login disabled", "The account is suspended, frozen or not confirmed yet.",
                "Sign in at the server and follow what it asks."),
        Refusal("422 Validation failed", "The server's own limit for a text or its files.",
                "Shorten the text; limits differ from server to server."),
        Refusal("422 not finished processing", "The server still prepares the file.",
                "Nothing: it is tried again in a moment."),
        Refusal("422 on media", "The server does not take this kind of file.",
                "Use a JPEG or PNG picture, or an MP4 video."),
        Refusal("413", "The file is larger than the server's front door lets through.",
                "Make it smaller, or ask the server's administrators."),
        Refusal("404 Record not found", "The post being answered, or a file, is gone.",
                "Look at the thread on the server, then send the rest again."),
        Refusal("429 Too many requests", "300 posts in three hours, or 30 files in 30 minutes.",
                "Nothing: it goes out when the server's own clock allows it."),
        Refusal("invalid_scope", "The server does not know a permission that was asked for.",
                "Ask the server's administrators for an update: it runs an old version."),
    ),
)  # fmt: skip
