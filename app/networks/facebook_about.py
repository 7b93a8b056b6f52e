"""Facebook Pages for the catalogue and the credential doctor (networks/facebook.md §2, §7)."""

from __future__ import annotations

from app.networks.base import About, Refusal

NEEDED = ("pages_show_list", "pages_read_engagement", "pages_manage_posts")
SCOPES = (*NEEDED, "pages_manage_engagement", "read_insights", "business_management")

ABOUT = About(
    grant="meta",
    account_type="page",
    support="full",
    scopes=SCOPES,
    needs=(("pages_manage_posts",),),
    notes=(
        "Posts go out as a Page. Personal profiles and groups take no posts from apps.",
        "Pictures and videos are sent as bytes: Facebook does not have to reach this server.",
        "A Page's access lasts until a password changes, a role is lost or the app is removed.",
        "Disconnecting a Page forgets its access here and leaves the person's other Pages alone. "
        "To take the permission back, remove the app in Facebook under Business integrations.",
    ),
    console="https://developers.facebook.com/apps/",
    setup=(
        "Create an app of the type Business and add the product Facebook Login.",
        "Under Facebook Login, Settings, enter the redirect address shown here. It has to be "
        "https; localhost works only while the app is in development mode.",
        "Copy the App ID to FACEBOOK_CLIENT_ID and the App Secret to FACEBOOK_CLIENT_SECRET.",
        "Add the permissions " + ", ".join(SCOPES) + " under App Review.",
        "Connect a Page with a person who has a role on the app, and publish a test.",
    ),
    review=(
        "Until App Review grants Advanced Access to each permission and the business is "
        "verified, only people with a role on the app can connect, and in development mode only "
        "they see the posts."
    ),
    refusals=(
        Refusal("190", "The access has ended: it expired, or a password was changed.",
                "Connect the Page again."),
        Refusal("190/458", "The app was removed from the person's account.",
                "Connect the Page again and leave every permission ticked."),
        Refusal("190/492", "The person who connected the Page has no role on it any more.",
                "Let somebody who manages the Page connect it."),
        Refusal("200", "A permission is missing: it was unticked, or the app may not ask for it.",
                "Connect again with every permission ticked; check App Review for the app."),
        Refusal("10", "The app has no access to this feature.",
                "Ask for Advanced Access to the permission in the app's review page."),
        Refusal("PAGE_IDENTITY_CONFIRMATION_REQUIRED",
                "The Page's managers have to confirm who they are.",
                "Complete the Page authorization in the Facebook app on a phone, then retry."),
        Refusal("368", "Facebook blocked the action for breaking one of its policies.",
                "Look at the Page's support inbox in Facebook, and change the content."),
        Refusal("32", "The Page made too many calls; the wait ends by itself.",
                "Nothing: what is due goes out afterwards."),
        Refusal("506", "The text is the same as the last post's.",
                "Change the text, or delete the earlier post."),
        Refusal("1609005", "Facebook cannot read the page behind the link.",
                "Check the link in Facebook's Sharing Debugger, or leave it out."),
        Refusal("1366046", "The picture is too large or of a kind that is not taken.",
                "Use a JPEG or PNG below 4 MB."),
        Refusal("101", "The app is not known: App ID or App Secret is wrong.",
                "Compare FACEBOOK_CLIENT_ID and FACEBOOK_CLIENT_SECRET with the app's settings."),
    ),
)  # fmt: skip
