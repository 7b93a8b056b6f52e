"""Settings of a post as the composer draws them: a group a network, a field a setting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app import content
from app.config import settings
from app.extensions import networks
from app.models.posts import Post, PostTarget
from app.networks.base import Capabilities, Notice, Option, Problem
from app.networks.rules import options_of
from app.permissions import Actor
from app.services import destinations
from app.services.composing import chosen_networks, of
from app.services.options import COMMENT, FLAG_ON, PLACEMENT, Known, known


@dataclass(frozen=True)
class Spot:
    """A board, a subreddit … to choose: what is stored for it, and its words."""

    value: str
    words: str
    group: str
    off: bool


@dataclass(frozen=True)
class Field:
    """One setting as it is drawn. ``error``: it was not stored; ``problems`` stand in the way."""

    name: str
    kind: str
    label: str
    value: str
    on: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    spots: tuple[Spot, ...] = ()
    limit: int = 0
    hint: str = ""
    locked: bool = False
    error: str = ""
    problems: tuple[Problem, ...] = ()

    @property
    def id(self) -> str:
        """The id of its control."""
        return self.name.replace("_", "-")


@dataclass(frozen=True)
class Group:
    """One network's settings. ``said`` is what is set, in words; ``fields`` only where asked."""

    network: str
    title: str
    who: tuple[str, ...]
    said: str
    blocked: bool
    fields: tuple[Field, ...] = ()
    notice: Notice | None = None
    unknown: str = ""  # the word for destinations that nobody has looked up yet
    named: bool = False


def groups(
    actor: Actor, post: Post, tab: str, typed: Mapping[str, Mapping[str, Sequence[str]]],
    errors: Mapping[str, str], zone: ZoneInfo,
) -> list[Group]:  # fmt: skip
    """The settings of the networks the post goes to; ``tab``'s with its fields."""
    found = []
    for network in chosen_networks(post):
        here = known(post, network)
        if not here.options and not here.placements and not here.comment_limit:
            continue
        rows, stored = of(post, network), post.options.get(network, {})
        problems = _problems(post, rows)
        group = Group(
            network=network, title=networks.get(network).title,
            who=tuple(_who(t) for t in rows), said=", ".join(_said(here, stored)),
            blocked=any(p.blocks for ps in problems.values() for p in ps), named=here.named,
        )  # fmt: skip
        if network == tab:
            spots = (
                _spots(actor, rows) if any(o.kind == "destination" for o in here.options) else {}
            )
            fields = _fields(network, here, stored, rows, spots, content.held(post))
            group = replace(
                group,
                fields=tuple(
                    _as_typed(one, typed.get(network, {}), errors, problems, zone) for one in fields
                ),
                notice=_notice(here, stored),
                unknown=_unknown(rows, spots),
            )
        found.append(group)
    return found


def _who(target: PostTarget) -> str:
    account = target.account
    return f"{account.name} (@{account.handle})" if account.name else f"@{account.handle}"


def _problems(post: Post, rows: Iterable[PostTarget]) -> dict[str, tuple[Problem, ...]]:
    """What stands at a setting, by its name; said once for all accounts."""
    found: dict[str, dict[str, Problem]] = {}
    for target in rows:
        for one in content.problems(post, target, settings()):
            name = {"comment": COMMENT, "placement": PLACEMENT}.get(
                one.field, one.field.removeprefix("options.")
            )
            if name != one.field or one.field == PLACEMENT:
                found.setdefault(name, {}).setdefault(one.message, one)
    return {name: tuple(ones.values()) for name, ones in found.items()}


def _said(here: Known, stored: Mapping[str, Any]) -> Iterable[str]:
    """What is set, in a few words each."""
    for name, value in stored.items():
        option = here.one(name)
        if option is None:
            continue
        if option.kind == "choice":
            yield next((words for key, words in option.choices if key == value), str(value))
        elif option.kind == "flag":
            words = option.label if value else option.opposite
            yield words or f"not “{option.label}”"
        elif option.kind in ("destination", "text"):
            yield f"{option.label}: {str(value)[:40]}"
        else:
            yield option.label.lower() if option.kind == "lines" else option.label


def _fields(
    network: str, here: Known, stored: Mapping[str, Any], rows: Sequence[PostTarget],
    spots: Mapping[PostTarget, tuple[Spot, ...]], media: tuple[int, int],
) -> list[tuple[Option, Field, Any]]:  # fmt: skip
    """Placement first, then the settings of the chosen placement, then the first comment."""
    caps = Capabilities(0, options=here.options, placements=here.placements)
    placement = caps.placement(stored, *(media if any(media) else (1, 0)))
    listed: list[Option] = [here.placement] if here.placements else []
    wanted = options_of(caps, placement)
    listed += [
        one for one in wanted if one.shown and (one.name != PLACEMENT or not here.placements)
    ]
    comment = here.one(COMMENT) if here.comment_limit else None
    if comment is not None and (placement is None or placement.comment):
        listed.append(comment)
    found = []
    for option in listed:
        field = Field(
            name=f"option-{network}-{option.name}", kind=option.kind,
            label=option.opposite or option.label, value="", choices=_choices(option),
            limit=option.limit, hint=option.help, locked=option.locked,
            spots=tuple(s for t in rows for s in spots.get(t, ()))
            if option.kind == "destination" else (),
        )  # fmt: skip
        found.append((option, field, stored.get(option.name, option.default)))
    return found


def _choices(option: Option) -> tuple[tuple[str, str], ...]:
    """With a line for no choice, where none is made beforehand."""
    if option.kind != "choice" or option.default is not None:
        return option.choices
    return (("", option.blank or ("Choose" if option.required else "Not set")), *option.choices)


def _as_typed(
    given: tuple[Option, Field, Any], typed: Mapping[str, Sequence[str]],
    errors: Mapping[str, str], problems: Mapping[str, tuple[Problem, ...]], zone: ZoneInfo,
) -> Field:  # fmt: skip
    """The field with what was typed, else with what is stored."""
    option, field, value = given
    said = problems.get(option.name, ())
    error = errors.get(field.name, "")
    if option.name in typed and not option.locked:
        values = typed[option.name]
        return replace(
            field, value=values[-1], on=FLAG_ON in values, error=error, problems=said
        )  # fmt: skip
    shown = _shown(option, value, zone)
    on = value is not True if option.opposite else value is True
    return replace(field, value=shown, on=on, error=error, problems=said)


def _shown(option: Option, value: Any, zone: ZoneInfo) -> str:
    if value is None or isinstance(value, bool):
        return ""
    if option.kind == "tags" and isinstance(value, list):
        return ", ".join(str(one) for one in value)
    if option.kind == "time":
        try:
            return f"{datetime.fromisoformat(str(value)).astimezone(zone):%Y-%m-%dT%H:%M}"
        except ValueError:
            return str(value)
    return str(value)


def _notice(here: Known, stored: Mapping[str, Any]) -> Notice | None:
    return next(
        (one for one in here.notices if not one.option or stored.get(one.option) is True), None
    )  # fmt: skip


def _spots(actor: Actor, rows: Sequence[PostTarget]) -> dict[PostTarget, tuple[Spot, ...]]:
    """Where each account can post, its default first among the words."""
    found = destinations.listed(actor, [t.account_id for t in rows])
    return {
        target: tuple(
            Spot(
                one.external_id, one.name + (" (the default)" if one.is_default else ""),
                f"@{target.account.handle}" if len(rows) > 1 else "",
                not one.writable or one.gone_at is not None,
            )
            for one in found[target.account_id]
        )
        for target in rows
    }  # fmt: skip


def _unknown(rows: Sequence[PostTarget], spots: Mapping[PostTarget, tuple[Spot, ...]]) -> str:
    """What has not been looked up for some account; empty where all is known."""
    if not any(not spots.get(t) for t in rows) or not spots:
        return ""
    return destinations.kind_of(rows[0].account)
