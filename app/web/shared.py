"""Files a network fetches by a signed address: no session, no listing, nothing else."""

from __future__ import annotations

from flask import Blueprint, Response, send_file
from flask.typing import ResponseReturnValue

from app import sharing
from app.config import settings
from app.errors import NotFound
from app.web.guard import public

bp = Blueprint("shared", __name__)

# Reliability §11: the file can do nothing in a browser that is shown this address.
SEALED = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Robots-Tag": "noindex",
    "Referrer-Policy": "no-referrer",
}


@bp.get("/shared/<token>/<name>")
@public
def file(token: str, name: str) -> ResponseReturnValue:
    """The file of a signed address, ranges included; 404 for any other."""
    found = sharing.opened(token, settings())
    if found is None:
        raise NotFound()
    path, mime = found
    response: Response = send_file(path, mimetype=mime, conditional=True, max_age=300)
    response.headers.update(SEALED)
    response.headers.pop("Content-Disposition", None)
    return response
