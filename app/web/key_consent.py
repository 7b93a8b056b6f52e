"""The way back of a sign-in that a program's key began: whoever sits there is asked first.

Nobody has to be signed in to Carillon. The question belongs to the browser that came back from
the network: its session holds the token, so the page's address alone opens it nowhere else.
"""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, make_response, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from app.errors import ValidationFailed
from app.services import key_consent, return_urls
from app.services.key_consent import Asked, Back, Over, Question
from app.web import headers, htmx, navigation
from app.web.connections_parts import KINDS
from app.web.guard import public

bp = Blueprint("key_consent", __name__, url_prefix="/oauth/confirm")

ASKED = "asked"  # in the session: the tokens of questions by their ids, the newest last
MOST = 4
WORDS = {
    "": "The account is connected.",
    key_consent.EXPIRED: "That took too long, so nothing was connected.",
    key_consent.NOT_ALLOWED: "The app may no longer connect accounts, so nothing was connected.",
}
NOTHING = "Nothing was connected."


def came_back(network: str) -> Response:
    """Keep the network's answer and ask; the caller has seen that a key began it."""
    done = key_consent.finish(network, request.args.to_dict(), **_where())
    if isinstance(done, Asked):
        kept = {**session.get(ASKED, {}), str(done.pending_id): done.token}
        session[ASKED] = dict(list(kept.items())[-MOST:])
        return htmx.redirect(url_for("key_consent.ask", pending_id=done.pending_id))
    return _leave(done)


@bp.get("/<uuid:pending_id>")
@public
def ask(pending_id: UUID) -> ResponseReturnValue:
    """Which account would be connected to which brand; nothing is, until somebody says so."""
    found = key_consent.question(pending_id, _token(pending_id))
    return _leave(found) if isinstance(found, Back) else _page(found)


@bp.post("/<uuid:pending_id>")
@public
def answer(pending_id: UUID) -> ResponseReturnValue:
    """Connect what was chosen, or nothing, and go on to where the program waits."""
    token = _token(pending_id)
    if "cancel" in request.form:
        return _leave(_answered(pending_id, key_consent.cancel(pending_id, token)))
    chosen = request.form.getlist("accounts")
    try:
        done = key_consent.confirm(pending_id, token, chosen, **_where())
    except ValidationFailed as error:
        found = key_consent.question(pending_id, token)
        return _leave(found) if isinstance(found, Back) else (_page(found, error.message), 422)
    return _leave(_answered(pending_id, done))


def _page(found: Question, problem: str = "") -> str:
    navigation.blank()
    return render_template("connections/confirm.html", asked=found, problem=problem, kinds=KINDS)


def _leave(back: Back) -> Response:
    """On to the program's address; a form's browser by way of a page that says what happened."""
    if request.method == "GET":
        return htmx.leave(back.url)
    navigation.blank()
    return make_response(
        render_template(
            "connections/confirmed.html", url=back.url, site=return_urls.site(back.url),
            done=not back.error, words=WORDS.get(back.error, NOTHING),
        )
    )  # fmt: skip


def _token(pending_id: UUID) -> str:
    found = session.get(ASKED, {}).get(str(pending_id))
    if not found:
        raise Over()
    return str(found)


def _answered(pending_id: UUID, back: Back) -> Back:
    """An answered question is forgotten here too."""
    session[ASKED] = {k: v for k, v in session[ASKED].items() if k != str(pending_id)}
    return back


def _where() -> dict[str, str]:
    return {"address": request.remote_addr or "", "request_id": headers.number()}
