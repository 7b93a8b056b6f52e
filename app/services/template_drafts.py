"""Drafts made from templates, counted as their uses, and templates made of drafts (DESIGN §6.7)."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from app.errors import AppError, NotFound
from app.extensions import db
from app.models.content_templates import ContentTemplate
from app.models.posts import Post
from app.permissions import Actor, Permission
from app.services import composing, content_templates, drafts, gaps, submissions
from app.services.composing_checks import Check, Fix
from app.services.content_templates import Changes
from app.services.submissions import Submission


def make(actor: Actor, profile_id: UUID, template_id: UUID, values: Mapping[str, str]) -> Post:
    """A new draft of the template's text with ``values`` in its gaps, and of its pictures.

    It goes to the accounts of the template's networks in the default set, and where the template
    names none to those of an empty composer. What a network would refuse is the composer's to
    tell. Raises as ``content_templates.filled``; nothing is made or counted then.
    """
    actor.require(Permission.POST_WRITE, profile_id)
    kept = content_templates.filled(actor, template_id, values, profile_id=profile_id)
    try:
        with db.session.no_autoflush:
            post = drafts.blank(actor, profile_id)
            wanted = None
            if kept.platforms:
                wanted = [one.id for one in submissions.in_set(actor, profile_id, kept.platforms)]
            sent = Submission(text=kept.text, media=kept.media)
            submissions.write(actor, post, sent, wanted)
            post.rev = 1
            db.session.add(post)
            content_templates.count_use(kept.id)
            db.session.commit()
    except AppError:
        db.session.rollback()
        raise
    return post


def into(actor: Actor, post_id: UUID, rev: int, template_id: UUID, *, below: bool) -> Post:
    """Put a template's text into a draft, its gaps as they are, and its pictures after the others.

    The text takes the place of the first part's, which stays a version of the post, or goes
    ``below`` it. Accounts stay as chosen.
    Raises ``NotFound`` for a template of another brand, ``Stale`` as ``drafts.save``, and
    ``ValidationFailed`` where it would be too long.
    """
    post = drafts.get(actor, post_id)
    row = content_templates.get(actor, template_id)
    if row.profile_id != post.profile_id:
        raise NotFound("We could not find that template.")
    first, *rest = post.parts or [""]
    text = (
        "\n\n".join(one for one in (first.rstrip(), row.content) if one) if below else row.content
    )
    have = {one.media_id for one in post.media}
    files = [(one.media_id, one.alt) for one in row.media if one.media_id not in have]
    room = drafts.MAX_MEDIA - sum(one.part == 0 for one in post.media)
    drafts.save(actor, post_id, rev, drafts.Changes(parts=[text, *rest], anew=True))
    for media_id, alt in files[: max(room, 0)]:
        made = drafts.attach(actor, post_id, media_id)
        drafts.describe(actor, post_id, made.id, alt)
    content_templates.count_use(template_id)
    db.session.commit()
    return drafts.get(actor, post_id)


def fill(actor: Actor, post: Post, values: Mapping[str, str]) -> Post:
    """Fill the gaps of a draft that there are values for, in every text of it."""
    given = {name: one.strip() for name, one in values.items() if one.strip()}
    if not given.keys() & set(gaps.of(post)):
        return post
    changes = drafts.Changes(
        parts=[gaps.filled(one, given) for one in post.parts],
        variants={v.network: [gaps.filled(one, given) for one in v.parts] for v in post.variants},
    )
    drafts.save(actor, post.id, post.rev, changes)
    return drafts.get(actor, post.id)


def checks(post: Post) -> list[Check]:
    """What is still to be filled in, as a line of the composer's checks."""
    left = gaps.of(post)
    if not left:
        return []
    text = f"{composing.many(len(left), 'gap')} still to fill: {', '.join(left)}"
    return [Check("no", text, fix=Fix("Fill in", focus="gap-0"))]


def keep(actor: Actor, post_id: UUID, name: str, category: str) -> ContentTemplate:
    """A template of a draft's shared text, its networks and its first part's pictures.

    The parts of a thread become one text with a blank line between them. Raises as
    ``content_templates.create``.
    """
    post = drafts.get(actor, post_id)
    text = "\n\n".join(one.strip() for one in post.parts if one.strip())
    files = [one for one in post.media if one.part == 0 and one.media.deleted_at is None]
    return content_templates.create(actor, post.profile_id, Changes(
        name=name, category=category, content=text, platforms=composing.chosen_networks(post),
        media=[(one.media_id, one.alt) for one in files],
    ))  # fmt: skip
