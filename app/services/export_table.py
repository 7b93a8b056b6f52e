"""The plan and its history as a table: a line a post, whatever the number of its accounts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.models.posts import Post
from app.models.profiles import Profile
from app.permissions import Actor
from app.services import account_refs, cards, csv_cells, labels, plan_posts
from app.services.account_refs import Accounts
from app.services.plan_posts import Choice

COLUMNS = (
    "time", "zone", "state", "accounts", "text", "own texts", "link", "media", "alt",
    "labels", "published", "problems", "id",
)  # fmt: skip
PART = "\n---\n"  # between the parts of a thread, as the import reads it


def pieces(actor: Actor, profile: Profile, choice: Choice) -> Iterator[tuple[bytes, int]]:
    """The file in pieces, each with how many posts it holds; the first is the head alone."""
    accounts = account_refs.of_brand(actor, profile.id)
    yield csv_cells.BOM + csv_cells.lines([COLUMNS]), 0
    for posts in plan_posts.batches(actor, profile, choice):
        worn = labels.of_posts([post.id for post in posts])
        lines = [_row(post, accounts, worn.get(post.id, ())) for post in posts]
        yield csv_cells.lines(lines), len(posts)


def _row(post: Post, accounts: Accounts, worn: Sequence[str]) -> list[str]:
    live = [one for one in post.targets if one.state not in cards.GONE] or list(post.targets)
    own = [f"{v.network}:\n{PART.join(v.parts)}" for v in post.variants]
    return [
        plan_posts.time_of(post),
        post.profile.time_zone,
        plan_posts.state_of(post),
        ", ".join(accounts.name(one.account) for one in live),
        PART.join(post.parts),
        "\n\n".join(own),
        post.link or "",
        "\n".join(one.media.name for one in post.media),
        "\n".join(" ".join(one.alt.split()) for one in post.media),
        ", ".join(worn),
        "\n".join(one.permalink for one in live if one.permalink),
        "\n".join(f"{accounts.name(t.account)}: {t.error}" for t in live if t.error),
        str(post.id),
    ]
