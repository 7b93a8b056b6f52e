"""Networks for those who run the installation: how each is set up, and what is wrong there."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, make_response, render_template
from flask.typing import ResponseReturnValue

from app.extensions import db
from app.services import doctor
from app.web import htmx
from app.web.guard import OPERATOR, requires

bp = Blueprint("networks", __name__, url_prefix="/admin/networks")


@bp.get("")
@requires(OPERATOR)
def index() -> ResponseReturnValue:
    """All of them, with their state in a word."""
    return render_template("networks/index.html", found=doctor.every())


@bp.get("/<name>")
@requires(OPERATOR)
def show(name: str) -> ResponseReturnValue:
    """One network."""
    return render_template("networks/show.html", found=doctor.network(name))


@bp.post("/<name>/ask")
@requires(OPERATOR)
def ask(name: str) -> ResponseReturnValue:
    """Ask the network whether it knows our keys; the card of the keys comes back."""
    found = doctor.network(name)
    db.session.commit()
    found = replace(found, call=doctor.ask(name))
    part = htmx.wants_part()
    page = "networks/_keys.html" if part else "networks/show.html"
    response = make_response(render_template(page, found=found))
    response.vary.update(htmx.VARY)
    return response
