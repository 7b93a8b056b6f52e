"""What every contract's blueprint has: its door, its limits, its idempotency keys."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint

from app.api import auth, limits, repeats


def build(
    bp: Blueprint, *, basic: bool = False, people: Callable[[str], bool] | None = None
) -> None:
    """Furnish a blueprint, in the order in which a request meets them."""
    auth.shut(bp, basic=basic, people=people)
    limits.count(bp)
    repeats.watch(bp)
    bp.after_request(limits.tell)
