"""Metricool as the catalogue and the credential doctor tell of it (networks/metricool.md)."""

from __future__ import annotations

from app.networks.base import About, Refusal

ABOUT = About(
    account_type="bridge",
    support="partial",
    notes=(
        "Posts are handed to Metricool when they are due here, and it publishes them about two "
        "minutes later.",
        "A thread on X, Threads or Bluesky is handed over as a whole: it goes out, or fails, "
        "together.",
        "What is out cannot be deleted through Metricool.",
        "Links count in full on X, Bluesky and Threads.",
    ),
    console="https://app.metricool.com",
    setup=(
        "The API is part of Metricool's Advanced and Custom plans.",
        "In Metricool open Account settings, then API, and copy the token.",
        "The numbers userId and blogId are in the address of any page of Metricool's web app.",
        "Connect the networks to the brand in Metricool itself; Carillon shows those it finds.",
    ),
    review="None: Metricool's own apps are reviewed by the networks.",
    refusals=(
        Refusal("bad_token", "Metricool does not know the token.",
                "Copy the whole token again from Account settings, API."),
        Refusal("no_access", "The plan has no API, or the brand is not this user's.",
                "Check the plan (Advanced or Custom) and the brand."),
        Refusal("reconnect", "Metricool has lost its own connection to the network.",
                "Reconnect the network in Metricool, then refresh the accounts here."),
        Refusal("rate_limited", "Too many calls for the moment.", "Nothing: it goes on by itself."),
        Refusal("refused", "Metricool or the network did not take the content.",
                "Change what its words name, then try again."),
        Refusal("media", "The network did not take the picture or video.",
                "Save it again as JPG, PNG or MP4 and try once more."),
        Refusal("upload", "Metricool's store did not take the file.",
                "Nothing: it is uploaded again."),
        Refusal("duplicate", "The network has the same post already.",
                "Change the text, or delete the earlier post."),
        Refusal("text", "The text is too long for the network.",
                "Shorten it: Metricool counts links in full."),
        Refusal("not_found", "Somebody took the post off in Metricool.",
                "Look at the network, then decide here."),
    ),
)  # fmt: skip
