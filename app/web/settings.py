"""A brand's settings, a new brand, and a new brand's first steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.config import settings as config
from app.errors import ValidationFailed
from app.extensions import networks
from app.models.profiles import LatePolicy
from app.networks import NETWORKS
from app.permissions import Permission
from app.services import onboarding, profiles, return_urls
from app.services.usage import QuotaExceeded
from app.web import htmx
from app.web.actor import current_actor, current_profile
from app.web.forms import zones
from app.web.forms.profile import AddressForm, BrandForm, SettingsForm
from app.web.guard import requires

bp = Blueprint("settings", __name__)


@bp.get("/p/<profile>/settings")
@requires("profile.read")
def index(profile: str) -> ResponseReturnValue:
    """The brand's settings; those who may not change them read them."""
    return _page(SettingsForm(formdata=None, obj=current_profile()))


@bp.post("/p/<profile>/settings")
@requires("profile.write")
def save(profile: str) -> ResponseReturnValue:
    """Store them, or 422 with what was typed."""
    form = SettingsForm()
    if not form.validate_on_submit():
        return _page(form), 422
    found = profiles.settle(
        current_actor(), current_profile().id, name=form.name.data,
        time_zone=form.time_zone.data, late_policy=LatePolicy(form.late_policy.data),
        late_limit_minutes=form.late_limit_minutes.data, week_start=form.week_start.data,
        guard=profiles.Guard(
            form.duplicate_days.data, form.spacing_minutes.data, bool(form.duplicates_refused.data)
        ),
    )  # fmt: skip
    return htmx.toast(htmx.redirect(f"/p/{found.slug}/settings"), "The settings are saved.")


@bp.post("/p/<profile>/settings/addresses")
@requires("profile.write")
def add_address(profile: str) -> ResponseReturnValue:
    """One more address that apps may send people on to."""
    form = AddressForm()
    settled = SettingsForm(formdata=None, obj=current_profile())
    if not form.validate_on_submit():
        return _page(settled, form), 422
    try:
        return_urls.add(current_actor(), current_profile().id, form.return_url.data)
    except ValidationFailed as error:
        if not form.take(error):
            raise
        return _page(settled, form), 422
    return htmx.toast(_addresses(profile), "The address is on the list.")


@bp.post("/p/<profile>/settings/addresses/remove")
@requires("profile.write")
def remove_address(profile: str) -> ResponseReturnValue:
    """Take one off the list."""
    return_urls.remove(current_actor(), current_profile().id, request.form.get("address", ""))
    return htmx.toast(_addresses(profile), "The address is off the list.")


@bp.get("/brands/new")
@requires("signed_in")
def new_profile() -> ResponseReturnValue:
    """Name and zone of another brand."""
    return _new(BrandForm(formdata=None))


@bp.post("/brands/new")
@requires("signed_in")
def make_profile() -> ResponseReturnValue:
    """Make it and go to its calendar."""
    form = BrandForm()
    if not form.validate_on_submit():
        return _new(form), 422
    try:
        made = profiles.create(current_actor(), form.name.data, form.time_zone.data)
    except QuotaExceeded as error:
        form.form_errors = [error.message]
        return _new(form), 402
    return htmx.toast(htmx.redirect(f"/p/{made.slug}/calendar"), f"{made.name} is ready.")


@bp.get("/p/<profile>/onboarding")
@requires("profile.read")
def setup(profile: str) -> ResponseReturnValue:
    """The list of first steps, asked for again when one is done."""
    return _setup()


@bp.post("/p/<profile>/onboarding/hide")
@requires("profile.read")
def hide_setup(profile: str) -> ResponseReturnValue:
    """Close the list for this person."""
    onboarding.hide(current_actor(), current_profile())
    if htmx.wants_part():
        return _setup()
    return htmx.redirect(f"/p/{current_profile().slug}/calendar")


def _addresses(profile: str) -> Response:
    return htmx.redirect(url_for(".index", profile=profile, _anchor="addresses"))


def _page(form: SettingsForm, address: AddressForm | None = None) -> str:
    profile = current_profile()
    return render_template(
        "settings/index.html", form=form, profile=profile, zones=zones.offered(),
        address=address or AddressForm(formdata=None),
        may=current_actor().may(Permission.PROFILE_WRITE, profile.id),
    )  # fmt: skip


def _new(form: BrandForm) -> str:
    return render_template("settings/new.html", form=form, zones=zones.offered())


def _setup() -> str:
    return render_template("onboarding/_setup.html", **setup_context())


def setup_context(known: Mapping[str, bool] | None = None) -> dict[str, Any]:
    """What ``onboarding/_setup.html`` needs, for the calendar that includes it, which knows of
    some steps whether they are done."""
    profile = current_profile()
    return {
        "profile": profile,
        "setup": onboarding.look(current_actor(), profile, known),
        "practice": all(config().network(name).sandbox for name in NETWORKS),
        "networks": [(name, networks.get(name).title) for name in NETWORKS],
    }
