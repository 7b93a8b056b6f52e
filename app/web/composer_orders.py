"""The orders of the composer's buttons (``go``): carried out after what was typed is stored."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from app.errors import AppError, ValidationFailed
from app.models.posts import Post
from app.networks import NETWORKS
from app.services import (
    composing,
    composing_checks,
    cropping,
    destinations,
    drafts,
    options,
    template_drafts,
)
from app.services.drafts import Changes
from app.web import composer, pickers_parts
from app.web.actor import current_actor, current_profile
from app.web.forms.drafts import SETTING, Typed


def run(post: Post, typed: Typed) -> set[str]:
    """Carry out ``go``; the places of the page that change beyond the usual ones."""
    order, _, rest = typed.go.partition(":")
    if not order:
        return set()
    orders: dict[str, Callable[[Post, Typed, str], set[str]]] = {
        "tab": _tab, "preview": _preview, "own": _own, "shared": _shared, "part": _parts,
        "left": _left, "right": _right, "drop": _drop, "to": _to, "at": _at_time,
        "field": _field, "look": _look, "find": _find, "crop": _crop, "allow": _allow,
        "use": _use, "fill": _fill, **dict.fromkeys(pickers_parts.PICKERS, _pick),
    }  # fmt: skip
    if order not in orders:
        raise ValidationFailed("That button is not known here. Reload the page.", field="go")
    return orders[order](post, typed, rest)


def _tab(post: Post, typed: Typed, rest: str) -> set[str]:
    if rest and rest not in composing.chosen_networks(post):
        raise ValidationFailed("The post does not go to that network.", field="go")
    typed.tab, typed.preview = rest, rest or typed.preview
    typed.errors.pop("text", None)
    return {"editor"}


def _field(post: Post, typed: Typed, rest: str) -> set[str]:
    """``field:<network>:<name>`` goes to one setting, without a name to the first."""
    network, _, name = rest.partition(":")
    typed.aim = name or "first"
    return _tab(post, typed, network)


def _look(post: Post, typed: Typed, rest: str) -> set[str]:
    """Ask a network where its accounts can post."""
    for account_id in [t.account_id for t in composing.of(post, rest)]:
        try:
            destinations.refresh(current_actor(), account_id)
        except AppError as error:
            typed.errors.setdefault(_spot(rest), error.message)
    return {"settings"}


def _find(post: Post, typed: Typed, rest: str) -> set[str]:
    """Ask a network about the place whose name was typed."""
    name = _spot(rest).removeprefix(f"option-{rest}-")
    given = str(post.options.get(rest, {}).get(name) or "")
    for account_id in [t.account_id for t in composing.of(post, rest)]:
        try:
            destinations.find(current_actor(), account_id, given)
        except AppError as error:
            typed.errors.setdefault(_spot(rest), error.message)
    return {"settings"}


def _spot(network: str) -> str:
    """The field of the form that names a destination there."""
    for one in options.known(None, network).options if network in NETWORKS else ():
        if one.kind == "destination":
            return f"{SETTING}{network}-{one.name}"
    raise ValidationFailed("Posts there need no further place.", field="go")


def _preview(post: Post, typed: Typed, rest: str) -> set[str]:
    typed.preview = rest if rest in composing.chosen_networks(post) else ""
    return set()


def _own(post: Post, typed: Typed, rest: str) -> set[str]:
    found = _tab(post, typed, rest)
    if rest and rest not in composing.own_texts(post):
        texts = composing_checks.shortened(post, rest)
        drafts.save(current_actor(), post.id, post.rev, Changes(variants={rest: texts}))
    return found


def _shared(post: Post, typed: Typed, rest: str) -> set[str]:
    found = _tab(post, typed, rest)
    drafts.save(current_actor(), post.id, post.rev, Changes(variants={rest: None}))
    return found


def _parts(post: Post, typed: Typed, rest: str) -> set[str]:
    texts = list(post.texts(typed.tab))
    if rest == "add":
        texts.append("")
        if len(texts) > drafts.MAX_PARTS:
            raise ValidationFailed(f"A thread has at most {drafts.MAX_PARTS} parts.", field="text")
    else:
        gone = _number(rest, len(texts))
        del texts[gone]
        for one in [m for m in post.media if m.part >= max(gone, 1) and not typed.tab]:
            drafts.arrange(current_actor(), post.id, one.id, 99, part=one.part - 1)
    wanted = Changes(variants={typed.tab: texts}) if typed.tab else Changes(parts=texts)
    drafts.save(current_actor(), post.id, typed.rev, wanted)
    return {"editor"}


def _left(post: Post, typed: Typed, rest: str) -> set[str]:
    return _shift(post, rest, -1)


def _right(post: Post, typed: Typed, rest: str) -> set[str]:
    return _shift(post, rest, 1)


def _shift(post: Post, rest: str, step: int) -> set[str]:
    item = uuid_of(rest, "go")
    part = next((one.part for one in post.media if one.id == item), 0)
    order = [one.id for one in post.media if one.part == part]
    place = order.index(item) + step if item in order else 0
    drafts.arrange(current_actor(), post.id, item, max(place, 0))
    return {"media"}


def _drop(post: Post, typed: Typed, rest: str) -> set[str]:
    drafts.detach(current_actor(), post.id, uuid_of(rest, "go"))
    return {"media"}


def _to(post: Post, typed: Typed, rest: str) -> set[str]:
    """``to:<item>:<part>`` puts a picture under another part, ``to:<item>:@<place>`` at a place."""
    item, _, where = rest.partition(":")
    if where.startswith("@"):
        drafts.arrange(current_actor(), post.id, uuid_of(item, "go"), _number(where[1:], 100))
    else:
        part = _number(where, drafts.MAX_PARTS)
        drafts.arrange(current_actor(), post.id, uuid_of(item, "go"), 99, part=part)
    return {"media"}


def _crop(post: Post, typed: Typed, rest: str) -> set[str]:
    item = uuid_of(rest, "go")
    given = typed.focus.get(str(item), "")
    focus = _number(given, 101) if given else cropping.CENTRE
    try:
        cropping.crop(current_actor(), post.id, item, focus)
    except ValidationFailed as error:
        typed.errors["file"] = error.message
    return {"media"}


def _at_time(post: Post, typed: Typed, rest: str) -> set[str]:
    due = composer.local_time(rest)
    drafts.save(current_actor(), post.id, typed.rev, Changes(due_at=due))
    local = due.astimezone(current_profile().zone)
    typed.date, typed.time, typed.due_at = f"{local:%Y-%m-%d}", f"{local:%H:%M}", due
    typed.note, typed.now, typed.slot = "", False, False
    typed.errors.pop("date", None)
    return {"when"}


def _allow(post: Post, typed: Typed, rest: str) -> set[str]:
    """Post it beside this twin all the same: it is not asked again."""
    drafts.save(current_actor(), post.id, typed.rev, Changes(accepted=uuid_of(rest, "go")))
    return set()


def _use(post: Post, typed: Typed, rest: str) -> set[str]:
    """``use:<template>`` puts its text in the place of the first part's, ``use:<template>:below``
    under it."""
    template, _, where = rest.partition(":")
    template_drafts.into(
        current_actor(), post.id, typed.rev, uuid_of(template, "go"), below=where == "below"
    )
    return _tab(post, typed, "")


def _fill(post: Post, typed: Typed, rest: str) -> set[str]:
    template_drafts.fill(current_actor(), post, typed.gaps)
    return {"editor"}


def _pick(post: Post, typed: Typed, rest: str) -> set[str]:
    """Something to choose from is opened; that it is, the caller sees in ``go``."""
    return set()


def uuid_of(given: str, name: str) -> UUID:
    try:
        return UUID(given)
    except ValueError as error:
        raise ValidationFailed("That is not known here. Reload the page.", field=name) from error


def _number(given: str, below: int) -> int:
    if given.isascii() and given.isdecimal() and len(given) < 5 and int(given) < below:
        return int(given)
    raise ValidationFailed("That part is not there. Reload the page.", field="go")
