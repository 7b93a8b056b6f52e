"""Reddit as the catalogue and the credential doctor tell of it (networks/reddit.md §1, §5, §7)."""

from __future__ import annotations

from app.networks.base import About, Refusal

SCOPES = ("identity", "submit", "read", "flair", "edit", "history", "mysubreddits")

ABOUT = About(
    account_type="social_profile",
    support="full",
    scopes=SCOPES,
    needs=(("submit",),),
    notes=(
        "Every post goes to one subreddit, or to your own profile, and has a title.",
        "Subreddits have rules of their own, and their moderators may remove a post at once.",
        "Pictures and videos appear some minutes after Reddit has taken them.",
        "Reddit has no descriptions of pictures for people who cannot see them.",
    ),
    console="https://www.reddit.com/prefs/apps",
    setup=(
        "Ask Reddit for API access for your installation; commercial use needs a contract.",
        "On reddit.com/prefs/apps choose “create another app”, of the kind “web app”.",
        "Set its redirect uri to APP_URL/oauth/reddit/callback, letter by letter.",
        "Set REDDIT_CLIENT_ID to the short word under the app's name, REDDIT_CLIENT_SECRET to "
        "its secret.",
        "Set REDDIT_USER_AGENT to platform:app:version (by /u/your-name): Reddit turns away "
        "clients without a name of their own.",
    ),
    review="Since late 2025 new apps need Reddit's approval before they may use the API.",
    refusals=(
        Refusal(
            "RATELIMIT", "The account posts more often than Reddit allows it.",
            "Nothing: the post goes out when the time Reddit named has passed. New accounts "
            "with little karma may post a few times a day only.",
        ),
        Refusal(
            "SUBREDDIT_NOEXIST", "There is no subreddit of that name.",
            "Check the spelling; private subreddits have to admit the account first.",
        ),
        Refusal(
            "SUBREDDIT_NOTALLOWED", "The subreddit does not let this account post.",
            "Ask its moderators, or post elsewhere.",
        ),
        Refusal(
            "SUBMIT_VALIDATION_*", "The title, text or flair breaks a rule of the subreddit.",
            "Read the rule in the message, change the post, and send it again.",
        ),
        Refusal(
            "ALREADY_SUB", "The same link stands in this subreddit, from you or somebody else.",
            "Switch “Post a link again” on if that is meant.",
        ),
        Refusal(
            "NO_LINKS, NO_SELFS, GALLERIES_DISABLED",
            "The subreddit does not take this kind of post.",
            "Choose another kind of post, or another subreddit.",
        ),
        Refusal(
            "invalid_grant", "The access was taken back, or the code had been used.",
            "Connect the account again.",
        ),
        Refusal(
            "insufficient_scope", "A permission was not given when the account was connected.",
            "Connect the account again and allow everything that is asked for.",
        ),
        Refusal(
            "blocked", "Reddit's edge turned the installation away with a web page.",
            "The operator sets REDDIT_USER_AGENT, and asks Reddit whether the app is approved.",
        ),
        Refusal(
            "EntityTooLarge", "The file is larger than Reddit takes.",
            "Use a smaller picture or a shorter video.",
        ),
        Refusal(
            "BAD_CAPTCHA", "Reddit wants to see a person behind this new account.",
            "Post once on reddit.com with the account, then send again.",
        ),
    ),
)  # fmt: skip
