"""What templates and recurring schedules have in common: a line, a text, networks, pictures."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from app.errors import NotFound, ValidationFailed
from app.models.media import Media
from app.permissions import Actor
from app.services import catalogue, drafts
from app.services import media as library

MAX_MEDIA = 40
Files = Sequence[tuple[UUID, str | None]]  # of the library, with alt texts (None: its own)


def line(text: str, name: str, most: int, needed: str = "") -> str:
    """One line of text, its spaces tidied. Raises ``ValidationFailed``."""
    found = " ".join(text.split())
    if needed and not found:
        raise ValidationFailed(needed, field=name)
    if len(found) > most:
        raise ValidationFailed(f"Keep this under {most:,} characters.", field=name)
    return found


def text_of(text: str) -> str:
    """A post's text as it is kept: line ends as one character."""
    if len(text) > drafts.MAX_TEXT:
        raise ValidationFailed(
            f"Keep the text under {drafts.MAX_TEXT:,} characters.", field="content"
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def networks_named(names: Sequence[str]) -> list[str]:
    """The networks, each once. Raises ``ValidationFailed`` for one that there is not."""
    known = {one.name for one in catalogue.entries()}
    for index, name in enumerate(names):
        if name not in known:
            words = f"There is no platform called {name[:40]}."
            raise ValidationFailed(words, field=f"platforms.{index}")
    return list(dict.fromkeys(names))


def usable(actor: Actor, profile_id: UUID, files: Files) -> list[tuple[Media, str]]:
    """The files named with their alt texts; ``NotFound`` if one is not there to be used."""
    if len(files) > MAX_MEDIA:
        raise ValidationFailed(f"Name at most {MAX_MEDIA} files.", field="media")
    try:
        rows = library.usable(actor, profile_id, [one for one, _ in files])
    except NotFound as error:
        raise NotFound("We could not find a file you named.", field="media") from error
    alts = [alt for _, alt in files]
    return [(row, row.alt if alt is None else alt) for row, alt in zip(rows, alts, strict=True)]
