"""TikTok as the catalogue and the credential doctor tell of it (networks/tiktok.md §5, §7)."""

from __future__ import annotations

from app.networks.base import About, Refusal
from app.networks.tiktok_oauth import SCOPES

ABOUT = About(
    account_type="social_profile",
    support="full",
    scopes=SCOPES,
    needs=(("video.publish",),),
    notes=(
        "One video or up to 35 photos a post; TikTok has no posts of text alone.",
        "Who can see a post is chosen for each post; there is no default.",
        "Comments, Duets and Stitches are off unless they are allowed for the post.",
        "A post can also be sent to the inbox of the TikTok app, to be finished there: TikTok "
        "keeps five such drafts in 24 hours.",
        "By posting, you agree to TikTok's Music Usage Confirmation; for branded content also "
        "to its Branded Content Policy.",
        "TikTok has no way for an app to delete or edit a post: do that in the TikTok app.",
        "About 15 posts in 24 hours by all apps together; private posts have no numbers.",
    ),
    console="https://developers.tiktok.com/apps/",
    setup=(
        "Register an app and add the products Login Kit and Content Posting API.",
        "Switch on Direct Post in the Content Posting API.",
        "Add the redirect address shown here to Login Kit, exactly as it is written.",
        "Ask for the scopes named here; each one has to be approved for the app.",
        "For photos, verify the domain of this installation under URL properties.",
        "Set TIKTOK_CLIENT_ID (TikTok calls it the client key) and TIKTOK_CLIENT_SECRET.",
        "Apply for the audit; once it is passed, set TIKTOK_AUDITED=true.",
    ),
    review=(
        "Before the audit an app posts for five accounts in 24 hours, to private accounts only, "
        "and every post can be seen by its author alone."
    ),
    refusals=(
        Refusal(
            "unaudited_client_can_only_post_to_private_accounts",
            "The app has not passed the audit, and this account is public.",
            "Make the account private in the TikTok app, or have the app audited.",
        ),
        Refusal(
            "privacy_level_option_mismatch",
            "The account does not offer the audience that was chosen, or the app may not use it.",
            "Choose again who can see the post.",
        ),
        Refusal(
            "spam_risk_too_many_posts",
            "The account has made all the posts it may make through apps in 24 hours.",
            "Wait, or post in the TikTok app. We look again every two hours.",
        ),
        Refusal(
            "spam_risk_user_banned_from_posting",
            "TikTok has blocked the account from posting.",
            "Look into the TikTok app for the reason and an appeal.",
        ),
        Refusal(
            "reached_active_user_cap",
            "The app has posted for as many accounts in 24 hours as it may.",
            "Wait, or ask TikTok for a higher number after the audit.",
        ),
        Refusal(
            "scope_not_authorized",
            "The account did not allow everything, or the app was not approved for it.",
            "Connect the account again and allow everything; check the app's scopes.",
        ),
        Refusal(
            "url_ownership_unverified",
            "TikTok fetches photos only from domains that belong to the app.",
            "Verify the domain of this installation under URL properties.",
        ),
        Refusal(
            "photo_pull_failed",
            "TikTok could not fetch the photos from this installation.",
            "Check that its address is public, on https and without redirects.",
        ),
        Refusal(
            "file_format_check_failed",
            "The video is not in a format TikTok takes.",
            "Export it as MP4 with H.264, 23 to 60 frames a second, 360 to 4096 pixels a side.",
        ),
        Refusal(
            "access_token_invalid",
            "The access has ended or was taken back.",
            "Connect the account again.",
        ),
        Refusal(
            "rate_limit_exceeded",
            "More than six posts a minute were begun for the account.",
            "Nothing to do: we wait a minute.",
        ),
        Refusal(
            "invalid_client",
            "TikTok does not know the app keys of this installation.",
            "Check TIKTOK_CLIENT_ID and TIKTOK_CLIENT_SECRET.",
        ),
    ),
)
