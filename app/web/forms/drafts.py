"""The composer's form: what was typed, kept whole, and what of it can be stored.

Its fields repeat (a text a part, an account a box), so it is read by hand. Nothing is
thrown away: a field that cannot be stored keeps its text and gets an error of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from app.clock import clock_change, to_utc
from app.errors import ValidationFailed
from app.models.posts import Post
from app.models.profiles import LatePolicy
from app.networks import NETWORKS
from app.services import composing, drafts, options, profiles
from app.services.drafts import Changes

YEARS = range(2000, 2101)
MOST_ACCOUNTS = 200
LATE = {"": None, "send": LatePolicy.SEND, "hold": LatePolicy.HOLD, "skip": LatePolicy.SKIP}
GAP = "gap-"  # gap-<name>
SETTING = "option-"  # option-<network>-<name>


@dataclass
class Typed:
    """One sending of the composer. ``errors`` maps a field's name to a sentence."""

    rev: int = 0
    tab: str = ""
    preview: str = ""
    texts: list[str] = field(default_factory=lambda: [""])
    accounts: list[UUID] | None = None
    alts: dict[UUID, str] = field(default_factory=dict)
    date: str = ""
    time: str = ""
    due_at: datetime | None = None
    note: str = ""  # a clock change, said
    now: bool = False
    slot: bool = False  # the next open one
    slot_seen: datetime | None = None  # … as the page showed it
    late: str = ""
    late_minutes: str = ""
    options: dict[str, dict[str, list[str]]] | None = None  # as typed
    focus: dict[str, str] = field(default_factory=dict)  # of a crop, per cent by picture
    gaps: dict[str, str] = field(default_factory=dict)  # what was typed for each
    aim: str = ""  # the setting to go to
    reshaped: bool = False  # other settings are to be shown than before
    go: str = ""
    new: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    def first_error(self) -> ValidationFailed | None:
        """The first thing that could not be stored, as an error that names its field."""
        for name, message in self.errors.items():
            return ValidationFailed(message, field=name)
        return None


def read(form: MultiDict[str, str], zone: ZoneInfo) -> Typed:
    """What was sent. Raises ``ValidationFailed`` only for what no composer of ours sends."""
    typed = Typed(
        rev=_rev(form.get("rev_seen") or form.get("rev", "")),
        tab=_network(form.get("tab", ""), "tab"),
        preview=_network(form.get("preview", ""), "preview"),
        texts=form.getlist("text") or [""],
        accounts=_ids(form.getlist("account")) if "accounts" in form else None,
        date=form.get("date", "").strip(),
        time=form.get("time", "").strip(),
        now=form.get("when") == "now",
        slot=form.get("when") == "slot",
        slot_seen=_seen(form.get("slot_seen", "")),
        late=form.get("late", ""),
        late_minutes=form.get("late_minutes", "").strip(),
        go=form.get("go", ""),
        new=form.get("new", ""),
    )
    _texts(typed)
    _alts(typed, form)
    _when(typed, zone)
    _late(typed)
    typed.options = _options(form)
    typed.focus = {n.removeprefix("focus-"): form[n] for n in form if n.startswith("focus-")}
    typed.gaps = {n.removeprefix(GAP): form[n] for n in form if n.startswith(GAP)}
    return typed


def changes(typed: Typed, post: Post, zone: ZoneInfo) -> Changes:
    """What of it is to be stored. Typing the shared text into a network's tab gives it none of
    its own; a setting that makes no sense gets an error and stays as it was."""
    own, shared = composing.own_texts(post), list(post.parts)
    texts = None if "text" in typed.errors else typed.texts
    parts, variants = texts, {}
    if typed.tab:
        parts = None
        if texts is not None and (typed.tab in own or texts != shared):
            variants = {typed.tab: texts}
    timed = typed.due_at is not None or not (typed.date or typed.time)
    policy = LATE.get(typed.late)
    return Changes(
        parts=parts,
        variants=variants,
        accounts=None if "account" in typed.errors else typed.accounts,
        alts=typed.alts,
        options=_settings(typed, post, zone),
        due_at=typed.due_at,
        clear_due=timed and typed.due_at is None,
        late_policy=policy,
        late_limit_minutes=_minutes(typed.late_minutes) if policy else None,
        clear_late=policy is None,
    )


def _settings(typed: Typed, post: Post, zone: ZoneInfo) -> dict[str, dict[str, Any]] | None:
    if typed.options is None:
        return None
    found = {}
    for network, given in typed.options.items():
        found[network], wrong = options.read(post, network, given, zone)
        typed.errors |= {f"{SETTING}{network}-{name}": says for name, says in wrong.items()}
    return found


def _texts(typed: Typed) -> None:
    typed.texts = [one.replace("\r\n", "\n").replace("\r", "\n") for one in typed.texts]
    if len(typed.texts) > drafts.MAX_PARTS:
        typed.errors["text"] = f"A thread has at most {drafts.MAX_PARTS} parts."
    if any(len(one) > drafts.MAX_TEXT for one in typed.texts):
        typed.errors["text"] = f"Keep the text under {drafts.MAX_TEXT:,} characters."


def _alts(typed: Typed, form: MultiDict[str, str]) -> None:
    for name in form:
        if not name.startswith("alt-"):
            continue
        try:
            item = UUID(name.removeprefix("alt-"))
        except ValueError as error:
            raise ValidationFailed("That picture is not known.", field="alt") from error
        if len(form[name]) > drafts.MAX_ALT:
            typed.errors[name] = f"Keep the description under {drafts.MAX_ALT:,} characters."
        else:
            typed.alts[item] = form[name]


def _when(typed: Typed, zone: ZoneInfo) -> None:
    """The local date and time as an instant; a clock change is said and resolved (§6)."""
    if not typed.date and not typed.time:
        return
    if not typed.date or not typed.time:
        typed.note = "Give a time as well." if typed.date else "Give a day as well."
        return
    try:
        day, hour = date.fromisoformat(typed.date), time.fromisoformat(typed.time)
    except ValueError:
        typed.errors["date"] = "Write the day as 2026-05-14 and the time as 12:30."
        return
    if hour.tzinfo is not None or day.year not in YEARS:
        typed.errors["date"] = "Choose a day within the next five years and a plain time."
        return
    local = datetime.combine(day, hour.replace(second=0, microsecond=0))
    typed.due_at = to_utc(local, zone)
    typed.note = change_words(local, zone)


def _seen(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None and found.year in YEARS else None


def change_words(local: datetime, zone: ZoneInfo) -> str:
    """What a clock change does to this wall-clock time, in a sentence; empty where nothing."""
    kind = clock_change(local, zone)
    day = f"{local.day} {local:%B}"
    if kind == "skipped":
        used = to_utc(local, zone).astimezone(zone)
        return (
            f"The clocks go forward on {day}: there is no {local:%H:%M}. It will be {used:%H:%M}."
        )
    if kind == "twice":
        first = local.replace(tzinfo=zone, fold=0)
        return (
            f"The clocks go back on {day}: {local:%H:%M} comes twice. "
            f"We take the first ({first:%Z})."
        )
    return ""


def _late(typed: Typed) -> None:
    if typed.late not in LATE:
        raise ValidationFailed("Choose what happens when the post is late.", field="late")
    if typed.late and typed.late_minutes and _minutes(typed.late_minutes) is None:
        most = profiles.LATE_MINUTES.stop - 1
        typed.errors["late_minutes"] = (
            f"Choose from {profiles.LATE_MINUTES.start} to {most} minutes."
        )


def _minutes(given: str) -> int | None:
    if given.isascii() and given.isdecimal() and len(given) < 6:
        return int(given) if int(given) in profiles.LATE_MINUTES else None
    return None


def _options(form: MultiDict[str, str]) -> dict[str, dict[str, list[str]]] | None:
    """The settings that were shown, by network and name; a flag has a "0" before its "1"."""
    found: dict[str, dict[str, list[str]]] = {}
    for field_name in form:
        if not field_name.startswith(SETTING):
            continue
        network, _, name = field_name.removeprefix(SETTING).partition("-")
        _network(network, field_name)
        found.setdefault(network, {})[name] = form.getlist(field_name)
    return found or None


def _rev(given: str) -> int:
    if given.isascii() and given.isdecimal() and len(given) < 10:
        return int(given)
    raise ValidationFailed("This page is out of date. Reload it.", field="rev")


def _network(given: str, name: str) -> str:
    if given and given not in NETWORKS:
        raise ValidationFailed("We do not speak to that network.", field=name)
    return given


def _ids(given: list[str]) -> list[UUID]:
    if len(given) > MOST_ACCOUNTS:
        raise ValidationFailed(f"Choose at most {MOST_ACCOUNTS} accounts.", field="account")
    try:
        return [UUID(one) for one in given]
    except ValueError as error:
        raise ValidationFailed("That account is not known.", field="account") from error
