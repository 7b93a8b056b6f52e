"""Pinterest as the catalogue and the credential doctor tell of it (networks/pinterest.md)."""

from __future__ import annotations

from app.networks.base import About, Refusal

# Making a Pin needs all four of boards and pins (§1). Secret boards are not asked for.
SCOPES = ("user_accounts:read", "boards:read", "boards:write", "pins:read", "pins:write")

ABOUT = About(
    account_type="social_profile",
    support="full",
    scopes=SCOPES,
    needs=(("pins:write",), ("boards:read",)),
    notes=(
        "Every Pin needs a picture or a video, and a board of the account.",
        "With an app on Trial access, Pins and boards are visible only to their creator, and the "
        "app may make 1,000 calls a day.",
        "Pinterest has no way for an app to end its own access: after disconnecting here, remove "
        "the app on Pinterest under Settings, Security, Connected apps.",
        "Access lasts 30 days and is renewed by itself. An account that is not used for 60 days "
        "has to be connected again.",
        "Impressions and saves cover the last 90 days and need a business account.",
        "Secret boards are not shown.",
    ),
    console="https://developers.pinterest.com/apps/",
    setup=(
        "Sign in with a business account and open developers.pinterest.com/apps.",
        "Choose Connect app, describe what it is for and wait for Trial access.",
        "Add the redirect address of this installation; it has to match to the letter.",
        "Set PINTEREST_CLIENT_ID to the app id (a number) and PINTEREST_CLIENT_SECRET to its "
        "secret.",
        "To try it with Trial access away from real accounts, set PINTEREST_API_URL to "
        "https://api-sandbox.pinterest.com/v5; its tokens are separate.",
        "Ask for Standard access when it works: Pinterest wants a video of the sign-in.",
    ),
    review="Trial access publishes Pins that only their creator sees. Standard access is given "
    "after a review of the app and a video of its sign-in.",
    refusals=(
        Refusal(
            "401 code 2",
            "The access token has run out or was taken back.",
            "It is renewed once by itself. If that fails, connect the account again.",
        ),
        Refusal(
            "403 code 29",
            "A permission is missing, or the app has only Trial access.",
            "Connect again and allow everything asked for; see which access the app has.",
        ),
        Refusal(
            "404 board",
            "The board was deleted, or belongs to somebody else.",
            "Choose another board for the post.",
        ),
        Refusal(
            "429 spam",
            "The spam filter holds the link or the text back. This is no rate limit.",
            "Change the link or the text. If it comes again, ask Pinterest's help centre.",
        ),
        Refusal(
            "429",
            "Too many calls: 1,000 a day with Trial access, more with Standard.",
            "Nothing: the post goes out by itself when the limit ends.",
        ),
        Refusal(
            "400 does not match",
            "A text is too long or an id is not one: title 100, description 800, link 2,048.",
            "Shorten it, or choose the board again.",
        ),
        Refusal(
            "400 maxItems=5",
            "A Pin holds one picture, or two to five of the same size.",
            "Take pictures out.",
        ),
        Refusal(
            "400 cover_image_url or cover_image_content_type",
            "A video was sent without a cover.",
            "Try again; the cover is made from the video.",
        ),
        Refusal(
            "400 Unable to reach the URL",
            "Pinterest could not read the picture.",
            "Try again, or save the picture anew as JPG or PNG.",
        ),
        Refusal(
            "media failed",
            "The video could not be encoded: not MP4 or MOV, damaged, or of a wrong length.",
            "Export it as MP4 with H.264, 4 seconds to 15 minutes, and upload it again.",
        ),
        Refusal(
            "redirect_uri",
            "The address to come back to is not the one registered.",
            "Copy it from the connections page into the app's settings, to the letter.",
        ),
    ),
)
