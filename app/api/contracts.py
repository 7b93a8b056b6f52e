"""The contracts that the document holds, by where they are mounted (contracts.md)."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Contract:
    """One published API. ``paths`` is a pattern for the addresses it is mounted at."""

    name: str
    slug: str
    paths: str
    about: str


CONTRACTS = (
    Contract(
        "Connect API", "connect-api", r"/api/(get|action|auth|network|add)/",
        "Networks of a profile, submitted, connected with a token and decided about. Everything"
        " is a POST; bodies are forms with a[b] names, or JSON.",
    ),
    Contract(
        "AMP", "amp", r"/v1/connect", "The bridge to Metricool: connect it and publish through it.",
    ),
    Contract(
        "Oktopost", "oktopost", r"/v2/",
        "Integrations with other systems. The key travels in Basic auth: the profile's 001… id"
        " and the key. Bodies are forms.",
    ),
    Contract(
        "Amplify and Ampost", "core", r"/api/",
        "Posts, accounts, media and everything else of Carillon. Amplify's and Ampost's clients"
        " share these addresses; both kinds of key open them.",
    ),
)  # fmt: skip
OURS = CONTRACTS[-1]
ABOUT = {
    "Accounts": "Connected social accounts, and what each can do now.",
    "API keys": "Keys are shown whole once, and can be revoked at any time.",
    "Discovery": "What this installation offers.",
    "Media": "Pictures and videos of a profile's library: sent, listed, deleted.",
    "Platforms": "The networks, and what each takes.",
    "Platform sets": "Named groups of accounts; a post can be addressed to one.",
    "Posts": "Drafts, scheduled posts and posts sent at once, to any number of accounts.",
    "Profiles": "A profile is a brand: its accounts, posts and people.",
    "Scheduled posts": "One account of a post each; and every try to deliver one.",
    "Templates": "Texts kept for use again, with variables.",
}


def of(path: str) -> Contract:
    """The contract an address belongs to."""
    return next((one for one in CONTRACTS if re.match(one.paths, path)), OURS)


def about(tag: str, path: str) -> str:
    """What a tag is about: our own words, or those of its contract."""
    return ABOUT.get(tag) or of(path).about
