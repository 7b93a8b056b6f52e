"""Consent pages as the networks have them: ordinary forms that work without scripts.

A room's authorize view shows ``page(...)`` on GET and reads ``answer()`` on POST::

    @bp.get("/i/oauth2/authorize")
    def authorize():
        ...check client and redirect URI; ``problem("…")`` where nobody can be sent back
        return consent.page(ROOM, client=…, scopes={"tweet.write": "Post for you"},
                            redirect_uri=uri, keep=dict(request.args))

    @bp.post("/i/oauth2/authorize")
    def decide():
        decision = consent.answer()        # .handle, .allowed, .kept (the fields of keep)
        if not decision.allowed:
            return consent.back(uri, error="access_denied", state=state)
        return consent.back(uri, code=code, state=state)
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit, urlunsplit

from flask import Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from app.sandbox.room import Room
from app.sandbox.store import store

_HANDLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True)
class Decision:
    """What the person chose; ``kept`` are the fields the page carried along."""

    allowed: bool
    handle: str
    kept: Mapping[str, str]


def page(
    room: Room, *, client: str, scopes: Mapping[str, str], redirect_uri: str,
    keep: Mapping[str, str], hint: str = "", problem: str = "",
) -> Response:  # fmt: skip
    """Who asks for what, which account, Allow and Refuse; posts to the same path.

    ``scopes`` maps each scope to words a person understands, ``hint`` is a handle to
    begin with, ``keep`` comes back with the decision.
    """
    known = [account.handle for account in store().accounts.known(room.name)]
    chosen = hint or (known[-1] if known else "demo")
    response = make_response(
        render_template(
            "sandbox/consent.html", room=room, client=client, scopes=scopes, keep=keep,
            chosen=chosen, known=known[-8:], problem=problem, action=request.path, refresh=0,
            host=urlsplit(redirect_uri).netloc,
        ),
        422 if problem else 200,
    )  # fmt: skip
    # form-action also rules where a form's answer may redirect to.
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action 'self' {_origin(redirect_uri)}"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def answer() -> Decision:
    """The person's decision; a handle that cannot be one counts as none (``""``)."""
    form = request.form
    handle = form.get("handle", "").strip().lstrip("@")
    kept = {name[5:]: text for name, text in form.items() if name.startswith("keep_")}
    usable = handle if _HANDLE.fullmatch(handle) else ""
    return Decision(form.get("decision") == "allow", usable, kept)


def back(redirect_uri: str, **fields: str) -> BaseResponse:
    """Send the person back with these query fields (empty ones left out)."""
    parts = urlsplit(redirect_uri)
    query = urlencode({name: text for name, text in fields.items() if text})
    whole = "&".join(text for text in (parts.query, query) if text)
    return redirect(urlunsplit(parts._replace(query=whole)), 302)


def problem(sentence: str, status: int = 400) -> Response:
    """A page for a request that cannot be trusted enough to send anybody back."""
    return make_response(
        render_template("sandbox/problem.html", sentence=sentence, refresh=0), status
    )


def proves(verifier: str, challenge: str, method: str) -> bool:
    """Whether the PKCE verifier is the one of the challenge (RFC 7636 §4.6)."""
    if not _VERIFIER.fullmatch(verifier):
        return False
    if method == "S256":
        hashed = hashlib.sha256(verifier.encode()).digest()
        verifier = base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()
    elif method != "plain":
        return False
    return hmac.compare_digest(verifier.encode(), challenge.encode())


def _origin(url: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    safe = re.fullmatch(r"[A-Za-z0-9.:\[\]-]+", host) and parts.scheme in ("http", "https")
    return f"{parts.scheme}://{host}" if safe else ""
