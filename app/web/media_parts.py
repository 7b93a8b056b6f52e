"""What the pages of the media library are drawn from (DESIGN §6.7)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, make_response, render_template, request, url_for

from app.errors import AppError
from app.models.media import Media
from app.networks.figures import file_size
from app.permissions import Permission
from app.services import media, media_fit, media_library, media_tags, media_uses
from app.services.composing import many
from app.services.media_library import Wanted
from app.services.media_uses import Uses
from app.web import htmx
from app.web.actor import current_actor, current_profile
from app.web.when import When

SIZE = 40
WAITING = 12  # posts listed under a file
MOST_NAMED = 3
KEPT = {"template": "the template", "schedule": "the recurring schedule"}
MOST_FILES = 10  # of a form without scripts
# Width by height from which on a card has that shape; the last is for whatever is taller.
SHAPES = ((1.55, "wide"), (1.2, "land"), (0.9, "square"), (0.7, "port"))


def wanted() -> Wanted:
    """What the address asks for."""
    args = request.args
    return Wanted(
        text=" ".join(args.get("q", "").split())[:120],
        kind=args.get("kind", "") if args.get("kind") in media_library.KINDS else "",
        tag=" ".join(args.get("tag", "").split())[: media_tags.MAX_TAG].lower(),
        unused=bool(args.get("unused")),
        bare=bool(args.get("bare")),
    )


def asked(found: Wanted) -> dict[str, str]:
    """The same as an address says it."""
    given = {
        "q": found.text, "kind": found.kind, "tag": found.tag,
        "unused": "1" if found.unused else "", "bare": "1" if found.bare else "",
    }  # fmt: skip
    return {name: one for name, one in given.items() if one}


def around() -> dict[str, Any]:
    """What every part is drawn from."""
    actor, profile = current_actor(), current_profile()
    return {
        "profile": profile, "shape": shape, "size_of": file_size, "many": many,
        "may_write": actor.may(Permission.MEDIA_WRITE, profile.id),
    }  # fmt: skip


def shown() -> dict[str, Any]:
    """The library as the address narrows it."""
    actor, profile, want = current_actor(), current_profile(), wanted()
    after = request.args.get("after", "")[:80]
    found = media_library.page(actor, profile.id, want, after=after, limit=SIZE)
    return {
        **around(), "found": found, "asked": asked(want), "after": after,
        "tags": () if htmx.wants_part() else media_tags.listed(actor, profile.id),
    }  # fmt: skip


def ours(media_id: UUID) -> Media:
    """The file, where it is of this brand's library; else ``NotFound``."""
    return media_library.one(current_actor(), current_profile().id, media_id)


def one(row: Media, **typed: Any) -> dict[str, Any]:
    """One file with all that is known of it. ``typed`` is what could not be kept."""
    actor, profile = current_actor(), current_profile()
    uses = media_uses.of(actor, row.id)
    return {
        **around(), "row": row, "uses": uses, "first": WAITING, "when": When(profile),
        "fits": media_fit.fits(actor, row), "changes": _changes(uses),
        "moves": row.mime.startswith("video/"),
        "alt": row.alt, "tags": ", ".join(media_tags.of(row.id)), "wrong": {}, "saved": False,
        "inside": htmx.wants_part(),  # beside the list, which it closes to
    } | typed  # fmt: skip


def _changes(uses: Uses) -> str:
    """What a new file in the place of one would change."""
    count = len(uses.changing)
    kept = [f"{KEPT[one.kind]} “{one.name}”" for one in uses.kept[:MOST_NAMED]]
    if len(uses.kept) > MOST_NAMED:
        kept.append(f"{len(uses.kept) - MOST_NAMED} more")
    who = [f"{many(count, 'post')} still to go out"] if count else []
    if not who and not kept:
        return "Nothing that is still to go out uses it."
    told = ", ".join((*who, *kept))
    return f"{told} {'gets' if count + len(kept) == 1 else 'get'} the new file."


def panel(row: Media, *, status: int = 200, **typed: Any) -> Response:
    """One file, beside the list or on a page of its own."""
    response = htmx.render("media/show.html", fragment="media/_panel.html", **one(row, **typed))
    response.status_code = status
    return response


def with_card(response: Response, row: Media) -> Response:
    """The answer, and the file's card in the list anew."""
    drawn = {**around(), "one": media_library.card(row)}
    return htmx.along(response, htmx.part("media/_card.html", f"#asset-{row.id}", **drawn))


def index(*, problems: list[str] | None = None) -> Response:
    """The whole page; 422 with what could not be taken in."""
    page = render_template("media/index.html", **shown(), problems=problems or [])
    response = make_response(page, 422 if problems else 200)
    response.vary.update(htmx.VARY)
    return response


def take_files() -> tuple[int, list[str]]:
    """Take in the files of a form; how many, and what is wrong with the others."""
    files = [one for one in request.files.getlist("file") if one.filename]
    if len(files) > MOST_FILES:
        return 0, [f"Add at most {MOST_FILES} at a time."]
    taken, problems = 0, []
    for one in files:
        try:
            media.upload(
                current_actor(), current_profile().id, one.stream, one.filename or "",
                one.mimetype or None,
            )  # fmt: skip
            taken += 1
        except AppError as error:
            problems.append(f"{media.shown(one.filename or '')}: {error.message}")
    return taken, problems


def home() -> str:
    """The address of the library."""
    return url_for("media.index", profile=current_profile().slug)


def shape(row: Media) -> str:
    """How tall the file's card is beside its width."""
    ratio = row.width / row.height if row.width and row.height else 1.0
    return next((name for least, name in SHAPES if ratio >= least), "tall")
