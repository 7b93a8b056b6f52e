"""Drafts made from templates, and counted as their uses (DESIGN §6.7)."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from app.errors import AppError
from app.extensions import db
from app.models.posts import Post
from app.permissions import Actor, Permission
from app.services import content_templates, drafts, submissions
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
