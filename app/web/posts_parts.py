"""What the pages of a post share: finding it in this brand, its context, the way back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, make_response, render_template

from app.clock import now
from app.errors import AppError, NotFound
from app.models.posts import Post, PostTarget
from app.permissions import Permission
from app.services import cards, flight, posts, results, seat_belt, shares, strike
from app.services.results import Result
from app.web import htmx
from app.web.actor import current_actor, current_profile
from app.web.forms.posts import LinkForm
from app.web.when import When

POLL = 3  # seconds, while something of the post moves (DESIGN §6.5)


def look(post_id: UUID) -> Result:
    """The post of this brand; those of the person's other brands are not found here."""
    found = results.look(current_actor(), post_id)
    if found.post.profile_id != current_profile().id:
        raise NotFound("We could not find that post.")
    return found


def back(post_id: UUID, said: str | AppError, *, undo: str | None = None) -> Response:
    """To the post's page, with a word about what was done or why not."""
    slug = current_profile().slug
    text = said.message if isinstance(said, AppError) else said
    return htmx.toast(htmx.redirect(f"/p/{slug}/posts/{post_id}"), text, undo)


def ours(post_id: UUID) -> Post:
    """The post, if it is this brand's."""
    post = posts.get(current_actor(), post_id)
    if post.profile_id != current_profile().id:
        raise NotFound("We could not find that post.")
    return post


def target_name(post_id: UUID, target_id: UUID) -> str:
    """The network's name of a target of this post, else ``NotFound``."""
    found: PostTarget | None = next(
        (one for one in ours(post_id).targets if one.id == target_id), None
    )
    if found is None:
        raise NotFound("We could not find that post.")
    return cards.network_title(found.account.network)


def context(found: Result, **extra: Any) -> dict[str, Any]:
    """What every part of the page needs."""
    actor, profile = current_actor(), current_profile()
    when, due = When(profile), found.post.due_at
    return {
        "result": found,
        "strike": strike.draw(found, when.seconds(due)) if due else None,
        "post": found.post,
        "profile": profile,
        "slug": profile.slug,
        "when": when,
        "poll": POLL,
        "asked": _asked(found.post),
        "undo_until": posts.undo_until(found.post),
        "flight": flight.report(found.post),
        "title_of": cards.network_title,
        "may_write": actor.may(Permission.POST_WRITE, profile.id),
        "may_connect": actor.may(Permission.ACCOUNT_WRITE, profile.id),
        "link_form": LinkForm(formdata=None),
        "link_target": None,
        **extra,
    }


def _asked(post: Post) -> dict[str, Any] | None:
    """What a key asks a person: the request, the key's name, and the post's digest as shown."""
    row = seat_belt.pending(post.id) if seat_belt.waits(post) else None
    if row is None:
        return None
    return {
        "id": row.id, "name": row.key.name or row.key.shown, "seen": seat_belt.digest(post),
        "late": any(t.held and t.due_at is not None and t.due_at <= now() for t in post.targets),
    }  # fmt: skip


def page(found: Result, *, status: int = 200, **extra: Any) -> Response:
    """The whole page."""
    shown = context(found, **extra)
    shown["comments"] = shares.comments(current_actor(), found.post.id)
    response = make_response(render_template("posts/show.html", **shown), status)
    response.vary.update(htmx.VARY)
    return response
