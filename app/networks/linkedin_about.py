"""LinkedIn as the catalogue and the credential doctor tell of it (networks/linkedin.md §8)."""

from __future__ import annotations

from app.networks.base import About, Refusal
from app.networks.linkedin_people import ASKED_ORGANIZATION_SCOPES, MEMBER_SCOPES

ABOUT = About(
    account_type="social_profile",
    support="full",
    scopes=MEMBER_SCOPES + ASKED_ORGANIZATION_SCOPES,
    needs=(("w_member_social", "w_organization_social"),),
    notes=(
        "Members post with any app. Pages need LINKEDIN_ORGANIZATIONS=1 and an app that LinkedIn "
        "has approved for its Community Management API.",
        "Most apps get no refresh token: an account has to be connected again every 60 days.",
        "Numbers are shown for pages, and for members where LinkedIn lets the app read them.",
        "A link's card is made by us: LinkedIn does not read the page.",
    ),
    console="https://www.linkedin.com/developers/apps",
    setup=(
        "Create an app at linkedin.com/developers/apps and let its page be verified.",
        "Under Products, add “Sign In with LinkedIn using OpenID Connect” and “Share on LinkedIn”.",
        "Under Auth, add the redirect address this installation shows, letter by letter.",
        "Set LINKEDIN_CLIENT_ID and LINKEDIN_CLIENT_SECRET to the app's two keys.",
        "For pages: ask for the Community Management API (registered organizations only), then "
        "set LINKEDIN_ORGANIZATIONS=1.",
        "Raise LINKEDIN_API_VERSION once a year: each month's version is served for about twelve.",
    ),
    review=(
        "Posting as a member needs no review. Pages, comments and numbers need LinkedIn's "
        "approval of the Community Management API."
    ),
    refusals=(
        Refusal("NONEXISTENT_VERSION", "The API version asked for is no longer served.",
                "Set LINKEDIN_API_VERSION to a month of the last year, such as 202605."),
        Refusal("VERSION_MISSING", "No API version was sent.",
                "Set LINKEDIN_API_VERSION to a month such as 202605."),
        Refusal("unauthorized_scope_error", "The app has not the products for what we ask.",
                "Add the products to the app, or set LINKEDIN_ORGANIZATIONS=0."),
        Refusal("invalid_redirect_uri", "The address to return to is not registered.",
                "Add this installation's redirect address to the app, letter by letter."),
        Refusal("invalid_client", "The app's keys are wrong.",
                "Copy LINKEDIN_CLIENT_ID and LINKEDIN_CLIENT_SECRET from the app again."),
        Refusal("EXPIRED_ACCESS_TOKEN", "The 60 days of the sign-in are over.",
                "Connect the account again."),
        Refusal("REVOKED_ACCESS_TOKEN", "The member took the access back.",
                "Connect the account again."),
        Refusal("ACCESS_DENIED", "A permission, a product or the role on the page is missing.",
                "Check the app's products and your role on the page, then connect again."),
        Refusal("TOO_MANY_REQUESTS", "The day's calls of the app or the member are used up.",
                "Nothing: it goes on after 00:00 UTC. See the app's Analytics for the limits."),
        Refusal("DUPLICATE_POST", "The same post is out already.",
                "Change the text, or delete the earlier post first."),
        Refusal("FIELD_LENGTH_TOO_LONG", "A text is longer than LinkedIn takes.",
                "Shorten it: special characters may count twice."),
        Refusal("MEDIA_ASSET_PROCESSING_FAILED", "LinkedIn could not read the picture or video.",
                "Save it again as JPG, PNG or MP4 (H.264) and try once more."),
    ),
)  # fmt: skip
