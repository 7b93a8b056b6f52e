"""What a person reads about a delivery that waits or failed (DESIGN §7)."""

from __future__ import annotations

from app.extensions import networks
from app.networks.base import Category, NetworkError

OURS = "FILE_UNAVAILABLE"  # code of a failure that is our own store's, not the network's
TEXT = "this exact text from you"
# What a network has already, where that is not the text: by network and code of its refusal.
SAME = {
    ("reddit", "ALREADY_SUB"): "that link in this subreddit",
    ("facebook", "1366051"): "these photos from you",
    ("youtube", "duplicate"): "this video from you",
}


def title(network: str) -> str:
    """The network's name as people say it, or that of the service we reach it through."""
    try:
        return networks.get(network).title
    except KeyError:
        return network.title()


def waiting(network: str, error: NetworkError) -> str:
    """Why it goes out later; the page adds when."""
    name, reason = title(network), error.message.strip().rstrip(".")
    if error.code == OURS:
        return f"{reason.partition('. ')[0]}. We are trying again."
    return {
        Category.RATE_LIMITED: f"{name} asks us to wait. {reason}."
        if reason
        else f"{name} asks us to wait.",
        Category.NETWORK_ERROR: f"We could not reach {name}. We are trying again.",
        Category.MEDIA_ERROR: f"{name} did not take the picture or video. We are trying again.",
        Category.MEDIA_PROCESSING: f"{name} is still preparing the picture or video.",
    }.get(error.category, f"{name} had a problem. We are trying again.")


def processing(network: str) -> str:
    """The network has it and has not shown it yet."""
    return f"{title(network)} has this and is still preparing it."


def unsettled(title: str, *, accepted: bool) -> str:
    """Asked until the table's end, and nobody knows. ``accepted``: it said yes at first."""
    if accepted:
        return f"{title} accepted this, but does not show it. Look there before sending it again."
    return (
        f"We asked {title} several times and cannot tell whether this went out. Look there before "
        "sending it again."
    )


def failed(network: str, error: NetworkError) -> str:
    """Why it did not go out, in the network's name."""
    name = title(network)
    said = error.message.rstrip(".")
    if error.code == OURS:
        return error.message
    return {
        Category.RATE_LIMITED: f"{name} asked us to wait for more than a day. {said}.",
        Category.NETWORK_ERROR: f"We could not reach {name}, after several tries.",
        Category.DUPLICATE: f"{name} already has {SAME.get((network, error.code), TEXT)}.",
        Category.MEDIA_ERROR: f"{name} did not take the picture or video: {said}.",
        Category.VALIDATION: f"{name} refused this: {said}.",
        Category.MEDIA_PROCESSING: f"{name} did not finish preparing the media.",
    }.get(error.category, f"{name} refused this and gave no reason we know.")
