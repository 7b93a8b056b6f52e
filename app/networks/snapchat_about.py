"""Snapchat for the catalogue, which says why there is no client (networks/others.md)."""

from __future__ import annotations

from app.networks.base import About

ABOUT = About(
    support="unsupported",
    notes=(
        "Snapchat lets apps publish through its Marketing API alone (the Public Profile API), "
        "which it opens to chosen partners and not to developers in general.",
        "Creative Kit and Login Kit only open the Snapchat app; they cannot publish from a server.",
    ),
)
