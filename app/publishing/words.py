"""What a person reads about a delivery that waits or failed (DESIGN §7)."""

from __future__ import annotations

from app.extensions import networks
from app.networks.base import Category, NetworkError


def title(network: str) -> str:
    """The network's name as people say it."""
    try:
        return networks.get(network).title
    except KeyError:
        return network.title()


def waiting(network: str, error: NetworkError) -> str:
    """Why it goes out later; the page adds when."""
    name = title(network)
    return {
        Category.RATE_LIMITED: f"{name} asks us to wait. We will try again then.",
        Category.NETWORK_ERROR: f"We could not reach {name}. We are trying again.",
        Category.MEDIA_ERROR: f"{name} did not take the picture. We are trying again.",
        Category.MEDIA_PROCESSING: f"{name} is still preparing the picture or video.",
    }.get(error.category, f"{name} had a problem. We are trying again.")


def failed(network: str, error: NetworkError) -> str:
    """Why it did not go out, in the network's name."""
    name = title(network)
    said = error.message.rstrip(".")
    return {
        Category.RATE_LIMITED: f"{name} asked us to wait for more than a day.",
        Category.NETWORK_ERROR: f"We could not reach {name}, after several tries.",
        Category.DUPLICATE: f"{name} already has this exact text from you.",
        Category.MEDIA_ERROR: f"{name} did not take the picture: {said}.",
        Category.VALIDATION: f"{name} refused this: {said}.",
        Category.MEDIA_PROCESSING: f"{name} did not finish preparing the media.",
    }.get(error.category, f"{name} refused this and gave no reason we know.")
