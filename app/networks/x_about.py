"""X as the catalogue and the credential doctor tell of it (networks/x.md §2, §4, §6, §8)."""

from __future__ import annotations

from app.networks.base import About, Refusal

SCOPES = ("tweet.read", "tweet.write", "users.read", "media.write", "offline.access")

ABOUT = About(
    account_type="social_profile",
    support="full",
    scopes=SCOPES,
    needs=(("tweet.write",),),
    notes=(
        "Up to four pictures, or one animated GIF, or one video a post.",
        "Every link counts 23 characters and every emoji two, whatever their length.",
        "X is paid by use: a post with a link in it costs about thirteen times as much as one "
        "without.",
        "Without “media.write” posts go out, but pictures and videos do not.",
        "The sign-in is renewed by itself every two hours. Each renewal ends the one before, so "
        "the same keys and tokens must not be used by another program.",
    ),
    console="https://console.x.com/",
    setup=(
        "Sign in to the developer console, add a project and in it an app, and buy credits.",
        "Under User authentication settings choose “Read and write” and “Web App” (a "
        "confidential client).",
        "Enter the redirect address shown here as Callback URI, letter by letter.",
        "Copy the OAuth 2.0 Client ID and Client Secret to X_CLIENT_ID and X_CLIENT_SECRET. They "
        "are not the API key and its secret.",
        "Connect an account. After a change of the permissions every account has to be connected "
        "again.",
    ),
    review="X reviews no apps. What an app may do depends on its access level and its credits.",
    refusals=(
        Refusal("401 unauthorized_client", "The client id or secret is wrong.",
                "Copy the OAuth 2.0 Client ID and Client Secret again, not the API key."),
        Refusal("400 invalid_request, “Value passed for the token was invalid”",
                "The sign-in has ended: it was renewed elsewhere, or taken back.",
                "Connect the account again, and use these keys in no other program."),
        Refusal("403 client-not-enrolled", "The app is in no project, or has no access level.",
                "In the developer console put the app into a project."),
        Refusal("403 unsupported-authentication",
                "The sign-in is of a kind that may not do this: a permission is missing.",
                "Set the app to “Read and write”, then connect the account again."),
        Refusal("403 duplicate content", "The account has posted exactly this text before.",
                "Change the text."),
        Refusal("403 not permitted to perform this action",
                "X does not let this account answer, mention or quote here.",
                "Take mentions and quoted posts out of the text; answers work under own posts."),
        Refusal("402 CreditsDepleted", "The developer account has no credits left.",
                "Buy credits in the developer console; what waits is then sent again."),
        Refusal("429", "A limit of 15 minutes or of 24 hours is used up.",
                "Nothing: it goes out when X's own clock allows it."),
        Refusal("429 usage-capped", "The app has used its allowance for the period.",
                "Wait for the next period, or raise the limit in the developer console."),
        Refusal("400 media_ids", "The uploaded picture is no longer known to X.",
                "Nothing: it is uploaded again."),
        Refusal("64, 326", "The account is suspended or locked.",
                "Sign in at x.com, follow what it asks, then connect the account again."),
    ),
)  # fmt: skip
