"""The command palette: pages, actions, posts, accounts and brands by a few words (DESIGN §8).

A page of its own without scripts; with them, the inside of the dialog.
"""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.permissions import Permission
from app.services import palette
from app.web import htmx
from app.web import palette_commands as commands
from app.web.actor import current_actor, current_profile
from app.web.guard import requires
from app.web.when import When

bp = Blueprint("palette", __name__, url_prefix="/p/<profile>/palette")

LONGEST = 100  # characters of what is looked for


@bp.get("")
@requires("signed_in")
def index(profile: str) -> ResponseReturnValue:
    """Everything that ``q`` finds; with ``list``, only the found."""
    actor, brand = current_actor(), current_profile()
    text = request.args.get("q", "").strip()[:LONGEST]
    reads = actor.may(Permission.POST_READ, brand.id)
    context = {
        "text": text,
        "pages": commands.pages(text),
        "posts": palette.posts(actor, brand, text) if reads else [],
        "accounts": palette.accounts(actor, brand, text),
        "brands": commands.brands(text),
        "slug": brand.slug,
        "when": When(brand),
    }
    part = "palette/_list.html" if "list" in request.args else "palette/_palette.html"
    return htmx.render("palette/index.html", fragment=part, **context)
