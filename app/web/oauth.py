"""The way back from networks' consent pages, and who we are to Bluesky's servers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.config import ConfigError, settings
from app.errors import Unavailable
from app.extensions import db, write_mode
from app.models.accounts import PendingConnection
from app.models.profiles import Profile
from app.networks import bluesky_oauth
from app.services import access, consent
from app.services.key_consent import Over
from app.web import connections, htmx, key_consent
from app.web.actor import current_actor, current_session
from app.web.guard import public

bp = Blueprint("oauth", __name__, url_prefix="/oauth")


@bp.get("/<network>/callback")
@public
def callback(network: str) -> ResponseReturnValue:
    """Trade the network's answer for an account, in this very request: X's codes live 30 s.

    A GET that writes, as OAuth has it: the state, bound to this session and used up by the
    first look, takes the place of the CSRF token (RFC 9700 §4.7). One that a key began asks for
    nobody's session, and connects nothing before a person has confirmed it. Somebody signed out
    is sent to sign in without the code, which would be of no use afterwards.
    """
    began = consent.whose(request.args.get("state", ""))
    if began == "key":
        db.session.rollback()
        write_mode.set(True)
        return key_consent.came_back(network)
    if not current_user.is_authenticated:
        if not began:
            raise Over()
        return htmx.redirect(url_for("auth.login", next="/connections"))
    session_hash, actor = current_session().token_hash, current_actor()
    db.session.rollback()
    write_mode.set(True)
    try:
        done = consent.finish(actor, network, request.args.to_dict(), session_hash=session_hash)
    except consent.ConsentFailed as error:
        if error.profile_id is None or error.profile_id not in actor.roles:
            connections.remember(network, error.message)
            return htmx.redirect("/connections")
        return connections.failed(_slug(error.profile_id), network, error.message)
    row = done if isinstance(done, PendingConnection) else done.account
    return connections.arrived(_slug(row.profile_id), done)


@bp.get("/bluesky/client-metadata.json")
@public
def client_metadata() -> ResponseReturnValue:
    """The document by which Bluesky's servers know us (networks/bluesky.md §1b)."""
    return _document(bluesky_oauth.client_metadata)


@bp.get("/bluesky/jwks.json")
@public
def jwks() -> ResponseReturnValue:
    """Our public keys there; an empty list for a client without any."""
    return _document(bluesky_oauth.jwks)


def _document(make: Any) -> Response:
    try:
        response = jsonify(make(settings()))
    except ConfigError as error:  # told to the operator by `carillon doctor`
        raise Unavailable() from error
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def _slug(profile_id: UUID) -> str:
    return access.reach(current_actor()).get(Profile, profile_id).slug
