"""The composer as it is drawn: one context for the page and for the parts that change along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from flask import Response, current_app, render_template, url_for
from itsdangerous import BadSignature, URLSafeSerializer

from app.clock import now, to_utc
from app.errors import ValidationFailed
from app.extensions import db, write_mode
from app.models.accounts import SocialAccount
from app.models.posts import Post
from app.models.profiles import LatePolicy, Profile
from app.permissions import Permission
from app.services import (
    composing,
    composing_checks,
    cropping,
    drafts,
    duplicate_checks,
    gaps,
    options_shown,
    previews,
    shares,
    template_drafts,
)
from app.services.composing import many
from app.web import composer_when, htmx, navigation
from app.web.actor import current_actor, current_profile
from app.web.forms.drafts import Typed
from app.web.when import When

LATE_WORDS = {
    LatePolicy.SEND: "is sent however late it is",
    LatePolicy.HOLD: "is held for a person",
    LatePolicy.SKIP: "is left out",
}
DAY_START, DAY_HOURS, PLOT = 6, 18, (18, 346)  # the day strip: from 06 to 24, x from 18 to 346


def token(profile: Profile, draft_id: UUID) -> str:
    """Says that this id was given out for a draft of this brand: no other can be made."""
    return str(_signer().dumps([str(profile.id), str(draft_id)]))


def given(profile: Profile, draft_id: UUID, signed: str) -> bool:
    """Whether ``token`` was made for this id."""
    try:
        return bool(_signer().loads(signed) == [str(profile.id), str(draft_id)])
    except BadSignature:
        return False


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt="new-draft")


def stored(post: Post, tab: str = "", preview: str = "") -> Typed:
    """What the form would send if nothing had been typed since the last save."""
    local = post.due_at.astimezone(current_profile().zone) if post.due_at else None
    return Typed(
        rev=post.rev, tab=tab, preview=preview, texts=list(post.texts(tab)),
        date=f"{local:%Y-%m-%d}" if local else "", time=f"{local:%H:%M}" if local else "",
        due_at=post.due_at, late=post.late_policy.value if post.late_policy else "",
        late_minutes=str(post.late_limit_minutes or ""),
    )  # fmt: skip


def page(post: Post, typed: Typed, *, status: int = 200, **more: Any) -> Response:
    """The whole composer, with what was typed where that is not what is stored."""
    drawn = context(post, typed, whole=True, **more)
    if typed.rev:
        drawn["comments"] = shares.comments(current_actor(), post.edits_id or post.id)
        drawn["when"] = When(current_profile())
    response = current_app.make_response(render_template("drafts/composer.html", **drawn))
    response.status_code = status
    response.vary.update(htmx.VARY)
    return response


def answer(
    post: Post,
    typed: Typed,
    *,
    editor: bool = False,
    media: bool = False,
    when: bool = False,
    settings: bool = False,
    status: int = 200,
    dialog: str = "",
    asks: Mapping[str, Any] | None = None,
    **more: Any,
) -> Response:
    """The parts that change with a save. The text itself is swapped only where ``editor``
    says that another one was asked for. ``asks`` is what a ``dialog`` shows besides."""
    drawn = context(post, typed, whole=editor or media or when, **more)
    found = [
        htmx.part("drafts/_state.html", "#composer-state", swap="outerMorph", **drawn),
        htmx.part("drafts/_tabs.html", "#vtabs", swap="outerMorph", **drawn),
        htmx.part("drafts/_checks.html", "#checks", swap="outerMorph", **drawn),
        htmx.part("drafts/_preview.html", "#preview", swap="outerMorph", **drawn),
        htmx.part("drafts/_sendbar.html", "#sendbar", swap="outerMorph", **drawn),
        htmx.part("drafts/_hint.html", "#suggestion", swap="outerMorph", **drawn),
        htmx.part("drafts/_gaps.html", "#gaps", swap="outerMorph", **drawn),
        htmx.part("drafts/_when_note.html", "#when-note", swap="outerMorph", **drawn),
        htmx.part("drafts/_day.html", "#day", **drawn),
        htmx.part("drafts/_fits.html", "#fits", **drawn),
        htmx.part("drafts/_crops.html", "#crops", swap="outerMorph", **drawn),
        htmx.part("drafts/_options_said.html", "#options-said", **drawn),
    ]
    if editor:
        found.append(htmx.part("drafts/_variant.html", "#variant", **drawn))
        found.append(htmx.part("drafts/_thread.html", "#thread", **drawn))
        found.append(htmx.part("drafts/_options.html", "#options", **drawn))
    else:
        found += [
            htmx.part("drafts/_mirror.html", f"#mirror-{box.index}", swap="innerHTML", box=box)
            for box in drawn["boxes"]
        ]
        found += [
            htmx.part("drafts/_count.html", f"#count-{box.index}", box=box)
            for box in drawn["boxes"][1:]
        ]
    found += _settings(drawn, whole=settings or media) if not editor else []
    if media or editor:
        found.append(htmx.part("drafts/_media.html", "#media", **drawn))
    if when:
        found.append(htmx.part("drafts/_when.html", "#when", **drawn))
    elif typed.slot:
        found.append(htmx.part("drafts/_when_slot.html", "#when-slot", **drawn))
    if dialog:
        found.append(htmx.part(dialog, "#dialog", swap="innerHTML", **(drawn | dict(asks or {}))))
    return htmx.parts(*found, status=status)


def _settings(drawn: dict[str, Any], *, whole: bool) -> list[str]:
    """What is said beside each setting; the settings themselves only where others are shown."""
    group = drawn["group"]
    if whole or group is None:
        return [htmx.part("drafts/_options_body.html", "#options-body", swap="outerMorph", **drawn)]
    return [
        htmx.part("drafts/_option_note.html", f"#note-{one.id}", field=one) for one in group.fields
    ]


def context(post: Post, typed: Typed, *, whole: bool, **more: Any) -> dict[str, Any]:
    """What the templates show. Reads only, so that no write lock is held while it is drawn."""
    mode = write_mode.set(False)
    try:
        return _context(post, typed, whole=whole) | more
    finally:
        write_mode.reset(mode)


def _context(post: Post, typed: Typed, *, whole: bool) -> dict[str, Any]:
    actor, profile = current_actor(), current_profile()
    networks = composing.chosen_networks(post)
    if typed.tab not in networks and not typed.errors:
        typed.tab = ""
    slot = composer_when.look(post) if whole or typed.slot else None
    due = typed.due_at if not typed.slot else slot.at if slot and slot.at else None
    at = now() if typed.now else due
    checks = composing_checks.checks(
        post, due=None if typed.now else due,
        connect=navigation.place("connections.index", profile.slug),
    )  # fmt: skip
    beside = duplicate_checks.lines(
        post, at, short=When(profile).short,
        page=lambda one: url_for("posts.show", profile=profile.slug, post_id=one),
    )  # fmt: skip
    checks = composing_checks.along(checks, beside)
    checks = replace(checks, lines=(*template_drafts.checks(post), *checks.lines))
    groups = options_shown.groups(
        actor, post, typed.tab, typed.options or {}, typed.errors, profile.zone
    )  # fmt: skip
    return {
        "post": post,
        "profile": profile,
        "typed": typed,
        "here": url_for("drafts.show", profile=profile.slug, draft_id=post.id),
        "choices": composing.choices(actor, post) if whole else (),
        "tabs": composing.tabs(post, typed.tab),
        "own": composing.own_texts(post),
        "gaps": [(one, typed.gaps.get(one, "")) for one in gaps.of(post)],
        "boxes": composing.boxes(post, typed.tab, typed.texts),
        "suggestion": composing_checks.suggestion(post),
        "fits": composing_checks.fits(post),
        "crops": cropping.crops(post),
        "checks": checks,
        "networks": networks,
        "preview": previews.preview(post, typed.preview),
        "preview_nets": [(one, _title(post, one)) for one in networks],
        "editing": post.edits_id is not None,
        "local": due.astimezone(profile.zone) if due else None,
        "away": away(at) if at and not typed.now else "",
        "zone_words": zone_words(profile, due),
        "saved_at": now().astimezone(profile.zone),
        "day": day_strip(post, due) if due and not typed.now else None,
        "quick": composer_when.quick_times(profile) if whole else (),
        "good": composer_when.good_times() if whole else (),
        "slot": slot,
        "late_words": _late(profile),
        "groups": groups,
        "group": next((one for one in groups if one.network == typed.tab), None),
        "picture": avatar,
        "many": many,
        "new_token": "",
        "who": str(actor.user_id),
        "may_upload": actor.may(Permission.MEDIA_WRITE, profile.id),
    }


def avatar(row: Any) -> str:
    """The address of an account's picture; empty where initials stand for it."""
    if not row.has_picture:
        return ""
    found = getattr(row, "account_id", None) or row.id
    return url_for("connections.avatar", profile=current_profile().slug, account_id=found)


def _title(post: Post, network: str) -> str:
    tab = next(one for one in composing.tabs(post, "") if one.network == network)
    return tab.title


def _late(profile: Profile) -> str:
    return (
        f"As the brand does: {profile.late_limit_minutes} minutes late, "
        f"then it {LATE_WORDS[profile.late_policy]}"
    )


def away(at: datetime) -> str:
    """How far off a moment is: "in 1 day 2 h", "in 40 min"; empty for one that has passed."""
    seconds = int((at - now()).total_seconds())
    if seconds <= 0:
        return ""
    minutes = -(-seconds // 60)
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        words = many(days, "day") + (f" {hours} h" if hours and days < 14 else "")
    elif hours:
        words = f"{hours} h" + (f" {rest} min" if rest else "")
    else:
        words = f"{rest} min"
    return f"in {words}"


def zone_words(profile: Profile, at: datetime | None) -> str:
    """The brand's clock: "London time (BST)" at that moment."""
    place = profile.time_zone.rsplit("/", 1)[-1].replace("_", " ")
    name = (at or now()).astimezone(profile.zone).tzname() or ""
    if place == name:
        return f"{place} time"
    return f"{place} time ({name})"


def day_strip(post: Post, due: datetime) -> dict[str, Any]:
    """The day of the post, an account a line, an hour a step: places of a server-made SVG."""
    profile = current_profile()
    local = due.astimezone(profile.zone)
    start = to_utc(datetime.combine(local.date(), time()), profile.zone)
    end = to_utc(datetime.combine(local.date() + timedelta(days=1), time()), profile.zone)
    others = previews.same_day(current_actor(), post, start, end)
    accounts: dict[UUID, SocialAccount] = {t.account_id: t.account for t in composing.targets(post)}
    for target in others:
        accounts.setdefault(target.account_id, target.account)
    lanes = {one: 14 + 11 * place for place, one in enumerate(list(accounts)[:8])}
    return {
        "lanes": [(accounts[one].network, y) for one, y in lanes.items()],
        "mine": [lanes[t.account_id] for t in post.targets if t.account_id in lanes],
        "x": _across(local),
        "pins": [
            (t.account.network, _across(at.astimezone(profile.zone)), lanes[t.account_id])
            for t in others if t.account_id in lanes and (at := t.scheduled_for)
        ],
        "hours": [(f"{hour:02}", _x(hour)) for hour in range(DAY_START, 24, 3)],
        "height": 14 + 11 * len(lanes),
        "others": len({t.post_id for t in others}),
        "name": f"{local:%A}",
        "date": f"{local:%A} {local.day} {local:%B}",
    }  # fmt: skip


def _x(hour: float) -> float:
    left, right = PLOT
    return round(left + (right - left) / DAY_HOURS * max(0.0, hour - DAY_START), 1)


def _across(local: datetime) -> float:
    return _x(local.hour + local.minute / 60)


def local_time(text: str) -> datetime:
    """A wall-clock time of the brand (``2026-05-14T12:30``) as UTC.

    Raises ``ValidationFailed`` with ``field="at"``; a time with an offset is taken as given.
    """
    try:
        found = datetime.fromisoformat(text.strip())
        if found.year not in range(2000, 2101):
            raise ValueError(found.year)
        return to_utc(found, current_profile().zone).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValidationFailed("Write the time as 2026-05-14T12:30.", field="at") from error


def fresh(post_id: UUID) -> Post:
    """The draft as it is in the database now, read without a write lock."""
    db.session.rollback()
    mode = write_mode.set(False)
    try:
        return drafts.get(current_actor(), post_id)
    finally:
        write_mode.reset(mode)
