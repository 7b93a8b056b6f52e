"""What the pages for many posts say: the button names what will happen, and to how many."""

from __future__ import annotations

from app.models.bulk import BulkKind
from app.services.bulk_orders import Order
from app.services.bulk_steps import many
from app.web.when import When

TITLES = {
    BulkKind.MOVE: "Move posts", BulkKind.DATE: "Put posts on one day",
    BulkKind.DUPLICATE: "Duplicate posts", BulkKind.ACCOUNTS: "Change accounts",
    BulkKind.APPROVE: "Approve posts", BulkKind.DELETE: "Delete posts",
    BulkKind.REPLACE: "Find and replace", BulkKind.LABELS: "Label posts",
}  # fmt: skip


def by(order: Order) -> str:
    """``2 days``, ``3 hours back``, ``1 day and 2 hours``."""
    both = (order.days, order.hours)
    if max(both) > 0 and min(both) < 0:  # each its own way
        ways = [_way(order.days, "day"), _way(order.hours, "hour")]
        return " and ".join(ways)
    parts = [many(abs(n), word) for n, word in zip(both, ("day", "hour"), strict=True) if n]
    return " and ".join(parts) + (" back" if min(both) < 0 else "")


def button(order: Order, count: int, when: When) -> str:
    """What the button does."""
    posts = many(count, "post")
    if order.kind is BulkKind.MOVE:
        return f"Move {posts} by {by(order)}"
    if order.kind is BulkKind.DATE:
        return f"Move {posts} to {when.day(order.on)}" if order.on else f"Move {posts}"
    if order.kind is BulkKind.DUPLICATE:
        where = "as drafts" if order.drafts else f"to {many(order.days, 'day')} later"
        return f"Copy {posts} {where}" if count != 1 or not order.drafts else "Copy 1 post as draft"
    return {
        BulkKind.ACCOUNTS: f"Change the accounts of {posts}", BulkKind.APPROVE: f"Approve {posts}",
        BulkKind.DELETE: f"Delete {posts}", BulkKind.REPLACE: f"Change {posts}",
        BulkKind.LABELS: f"Label {posts}",
    }[order.kind]  # fmt: skip


def done(order: Order, count: int, when: When) -> str:
    """What was done."""
    posts = many(count, "post")
    if order.kind is BulkKind.MOVE:
        return f"{posts} moved by {by(order)}"
    if order.kind is BulkKind.DATE:
        return f"{posts} moved to {when.day(order.on)}" if order.on else f"{posts} moved"
    if order.kind is BulkKind.DUPLICATE:
        where = "as drafts" if order.drafts else f"to {many(order.days, 'day')} later"
        return f"{posts} copied {where}"
    verb = {
        BulkKind.APPROVE: "approved",
        BulkKind.DELETE: "deleted",
        BulkKind.LABELS: "labelled",
    }.get(order.kind, "changed")
    return f"{posts} {verb}"


def _way(number: int, word: str) -> str:
    return f"{many(abs(number), word)} {'on' if number > 0 else 'back'}"
