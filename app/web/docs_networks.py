"""The documentation of networks: its tables and pages are drawn from the catalogue as it is."""

from __future__ import annotations

from flask import Blueprint, abort, url_for
from flask.typing import ResponseReturnValue

from app.config import NETWORKS
from app.services import catalogue, catalogue_words
from app.services.consent import redirect_uri
from app.web import docs
from app.web.guard import public

bp = Blueprint("docs_networks", __name__, url_prefix="/docs/networks")

MATRIX, LIST = "<!-- the matrix -->", "<!-- the list -->"  # where the page's text has them


@bp.get("")
@public
def index() -> ResponseReturnValue:
    """What each network takes, side by side."""
    entries = catalogue.entries()
    columns, lines = catalogue_words.matrix(entries)
    return docs.show(
        "networks", "docs/networks.html", below=_below(entries), columns=columns, lines=lines,
        entries=entries, marks={"matrix": MATRIX, "list": LIST},
    )  # fmt: skip


@bp.get("/<network>")
@public
def network(network: str) -> ResponseReturnValue:
    """One network: what it takes, how to register an app there, what its refusals mean."""
    if network not in NETWORKS:
        abort(404)
    entries = catalogue.entries()
    one = next(entry for entry in entries if entry.name == network)
    return docs.show(
        "networks", "docs/network.html", below=_below(entries, network), one=one,
        facts=catalogue_words.facts(one), options=catalogue_words.settings_of(one),
        redirect_uri=redirect_uri(network),
    )  # fmt: skip


def _below(entries: list[catalogue.Entry], current: str = "") -> list[docs.Below]:
    """The networks as the navigation lists them under their page."""
    return [
        docs.Below(
            url_for("docs_networks.network", network=one.name), one.title, one.name == current
        )
        for one in sorted(entries, key=lambda one: one.title.lower())
    ]
