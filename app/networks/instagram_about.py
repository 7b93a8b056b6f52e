"""Instagram as the catalogue and the credential doctor tell of it (networks/instagram.md)."""

from __future__ import annotations

from app.networks.base import About, Refusal
from app.networks.instagram_login import SCOPES

ABOUT = About(
    grant="meta",
    account_type="social_profile",
    support="full",
    scopes=SCOPES,
    needs=(("instagram_business_content_publish", "instagram_content_publish"),),
    notes=(
        "Professional accounts only (business or creator); personal ones are refused.",
        "Every post needs a picture or a video.",
        "Pictures, and the videos of a carousel, are fetched by Instagram: this installation has "
        "to be reachable from the internet over https. The video of a Reel or a story is "
        "uploaded and needs no public address.",
        "A single video is a Reel; a carousel holds 2 to 10 pictures and videos, in any mixture. "
        "Each is cut to the shape of the first, and only pictures have descriptions.",
        "Pictures are converted to JPEG, the only kind Instagram takes.",
        "Captions cannot be changed afterwards. Deleting works with the Facebook login only; "
        "otherwise it is done in the Instagram app.",
        "Stories have no caption and no comments and are gone after 24 hours.",
    ),
    console="https://developers.facebook.com/apps/",
    setup=(
        "Create an app of the type Business and add the product Instagram.",
        "Open “API setup with Instagram login” and copy the Instagram app id and secret: they "
        "are not the Facebook app's.",
        "Add the redirect address shown here to the Instagram business login, exactly as written.",
        "Set INSTAGRAM_CLIENT_ID and INSTAGRAM_CLIENT_SECRET, and APP_URL to the public https "
        "address of this installation.",
        "To connect through Facebook Pages instead, set INSTAGRAM_LOGIN=facebook and the "
        "FACEBOOK_CLIENT_ID and FACEBOOK_CLIENT_SECRET of the Facebook app.",
    ),
    review=(
        "Without App Review only accounts that have a role on the app can be connected. For others "
        "each permission needs Advanced Access and the business has to be verified."
    ),
    refusals=(
        Refusal(
            "9004/2207052",
            "Instagram could not fetch the picture, or the video of a carousel.",
            "Make APP_URL a public https address without a login in front of it.",
        ),
        Refusal(
            "36003/2207009",
            "The picture is too tall or too wide for the feed.",
            "Crop it to between 4:5 and 1.91:1, or publish it as a story.",
        ),
        Refusal(
            "352/2207026",
            "The video's format is not taken.",
            "Export it as MP4 with H.264 and AAC, 3 seconds to 15 minutes.",
        ),
        Refusal(
            "36004/2207010",
            "The caption is too long, or has too many hashtags or mentions.",
            "Keep to 2,200 characters, 30 hashtags and 20 mentions.",
        ),
        Refusal(
            "9/2207042",
            "The account has published as much as Instagram allows in 24 hours.",
            "Wait; we try again by ourselves.",
        ),
        Refusal(
            "4/2207051",
            "Instagram takes the posts for spam.",
            "Open the Instagram app, look for a notice, and post less for a while.",
        ),
        Refusal(
            "25/2207050",
            "The account is restricted or inactive.",
            "Sign in to the Instagram app and follow what it asks.",
        ),
        Refusal("190", "The sign-in has ended.", "Connect the account again."),
        Refusal(
            "10",
            "A permission is missing, or the app has no Advanced Access for it.",
            "Connect again with every permission ticked; check App Review.",
        ),
        Refusal(
            "101",
            "Meta does not know the app id or its secret.",
            "Copy the Instagram app id and secret again, not the Facebook app's.",
        ),
        Refusal(
            "2207081",
            "The account may not use this form of Reel.",
            "Publish it as an ordinary Reel.",
        ),
    ),
)
